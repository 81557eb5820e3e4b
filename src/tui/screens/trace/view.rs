//! What the trace screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Trace;
use super::model::Row;
use crate::domain::audit::AuditEvent;
use crate::domain::decision::Decision;
use crate::domain::ids::LeadId;
use crate::tui::action::Action;
use crate::tui::backend::boards::{Compared, Found, Story, story};
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, list_row, put, put_all};

/// Lines about the row under the cursor.
pub(super) const DETAIL: u16 = 6;

const WHEN: usize = 12;
const WHO: usize = 14;

/// Draws what was found: nothing, leads, or one lead's story.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let trace = &model.boards.trace;
    let width = usize::from(area.width);
    let key = |action| model.keymap.key_for(Place::Trace, action).unwrap_or_default();
    let say = |frame: &mut Frame<'_>, meaning, text: &str| {
        let lines = ctx.theme.wrap(text, width.saturating_sub(4), 6);
        put_all(frame, area, 2, lines.into_iter().map(|line| ctx.span(meaning, format!("  {line}")).into()));
    };
    let Some(found) = trace.found.data.as_deref() else {
        put(frame, area, 0, ctx.span(Meaning::Title, " Trace").into());
        return match &trace.found.error {
            Some(error) => say(frame, Meaning::Bad, &format!("Nothing could be looked for: {error}")),
            None if trace.asked.is_empty() => say(
                frame,
                Meaning::Muted,
                &format!(
                    "{} looks for a lead: by the trace id of a decision, by its id, or by a part of its company. Then \
                     everything that happened to it is told, its rankings can be made again, and its decisions compared.",
                    key(Action::Find)
                ),
            ),
            None => say(frame, Meaning::Muted, "looking ..."),
        };
    };
    let heading = match found {
        Found::Nothing | Found::Several { .. } => {
            let n = trace.rows().len();
            let asked = ctx.theme.text(&trace.asked, width.saturating_sub(30));
            Line::from(vec![
                ctx.span(Meaning::Title, " Trace  "),
                Span::raw(asked),
                ctx.span(Meaning::Muted, format!("  {n} found")),
            ])
        }
        Found::Story(told) => who(told, ctx, width),
    };
    put(frame, area, 0, heading);
    if matches!(found, Found::Nothing) {
        return say(
            frame,
            Meaning::Warn,
            "Nothing was found. A trace id or a lead's id must be whole; a company may be a part of its name, and is looked \
             for among the newest 200,000 leads.",
        );
    }
    if let (Some(compared), Found::Story(told)) = (&trace.compared, found) {
        return differences(frame, compared, told, ctx, area);
    }
    draw_rows(frame, trace, found, ctx, area);
}

/// The lead, and who had it by the CRM's own rules.
fn who(told: &Story, ctx: &Ctx, width: usize) -> Line<'static> {
    let record = &told.lead.record;
    let legacy = story::name(&record.legacy.owner, &told.lead.names).to_owned();
    let rest =
        format!("  {}  now {}, legacy owner {legacy}", record.lead.id, record.state.to_string().replace('_', " "));
    let company = ctx.theme.text(&record.lead.company, 30);
    let room = width.saturating_sub(company.len() + 2);
    Line::from(vec![
        ctx.span(Meaning::Title, format!(" {company}")),
        ctx.span(Meaning::Muted, ctx.theme.text(&rest, room)),
    ])
}

fn draw_rows(frame: &mut Frame<'_>, trace: &Trace, found: &Found, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let head = match found {
        Found::Story(_) => format!("  {:<WHEN$} {:<WHO$} what happened", "when", "who"),
        _ => format!("  {:<20} {:<34} {:<10} received", "lead", "company", "state"),
    };
    put(frame, area, 1, ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    let below = area.bottom().saturating_sub(DETAIL);
    let list = Rect { y: area.y + 2, height: below.saturating_sub(area.y + 2), ..area };
    let rows = trace.rows();
    for ((index, row), y) in trace.cursor.shown(&rows).zip(0..list.height) {
        let line = match row {
            Row::Lead(id) => lead_line(id, found, ctx, width),
            Row::Decision(decision) => decision_line(decision, trace, ctx, width),
            Row::Event(event) => event_line(event, trace, ctx, width),
        };
        let selected = index == trace.cursor.selected;
        let mut spans = vec![Span::raw(if selected { format!("{} ", ctx.theme.glyphs().cursor) } else { "  ".into() })];
        spans.extend(line);
        put(frame, list, y, list_row(ctx, Line::from(spans), selected, width));
        ctx.hits.row(list, y, index, trace.cursor.selected);
    }
    let detail = Rect { y: below, height: area.bottom().saturating_sub(below), ..area };
    put_all(frame, detail, 0, about(trace, ctx, width));
}

fn lead_line(id: &LeadId, found: &Found, ctx: &Ctx, width: usize) -> Vec<Span<'static>> {
    let Found::Several { leads } = found else { return Vec::new() };
    let Some(lead) = leads.iter().find(|lead| lead.id == *id) else { return Vec::new() };
    let received = format::moment(lead.received_at, ctx.now, ctx.zone);
    let text = format!(
        "{} {} {:<10} {received}",
        ctx.theme.left(lead.id.as_str(), 20),
        ctx.theme.left(&lead.company, 34),
        lead.state.to_string().replace('_', " ")
    );
    vec![Span::raw(ctx.theme.text(&text, width.saturating_sub(2)))]
}

fn decision_line(decision: &Decision, trace: &Trace, ctx: &Ctx, width: usize) -> Vec<Span<'static>> {
    let names = trace.story().map(|told| &told.lead.names);
    let owner = names.map_or(decision.owner.id(), |names| story::name(&decision.owner, names)).to_owned();
    let stands = if decision.stands() { "" } else { ", does not stand any more" };
    let verdict = decision.verdict.name().replace('_', " ");
    let rest = format!("= {verdict}: {owner}, {}{stands}", decision.write);
    let room = width.saturating_sub(2 + WHEN + 1 + WHO + 1);
    let when = format::moment(decision.decided_at, ctx.now, ctx.zone);
    vec![
        ctx.span(Meaning::Muted, format!("{} ", ctx.theme.left(&when, WHEN))),
        Span::raw(format!("{} ", ctx.theme.left(story::by(decision), WHO))),
        ctx.span(Meaning::Title, ctx.theme.text(&rest, room)),
    ]
}

fn event_line(event: &AuditEvent, trace: &Trace, ctx: &Ctx, width: usize) -> Vec<Span<'static>> {
    let happened = trace.story().map(|told| story::sentence(event, &told.lead.names)).unwrap_or_default();
    let room = width.saturating_sub(2 + WHEN + 1 + WHO + 1);
    let when = format::moment(event.at, ctx.now, ctx.zone);
    vec![
        ctx.span(Meaning::Muted, format!("{} ", ctx.theme.left(&when, WHEN))),
        ctx.span(Meaning::Muted, format!("{} ", ctx.theme.left(&event.actor, WHO))),
        Span::raw(ctx.theme.text(&happened, room)),
    ]
}

/// What is known of the row under the cursor.
fn about(trace: &Trace, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(2);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let (Some(row), Some(told)) = (trace.selected(), trace.story()) else {
        return vec![ctx.span(Meaning::Muted, " Enter tells the story of a lead.").into()];
    };
    let mut say = |meaning, text: &str, most| {
        let wrapped = ctx.theme.wrap(text, room, most);
        lines.extend(wrapped.into_iter().map(|line| Line::from(ctx.span(meaning, format!(" {line}")))));
    };
    match row {
        Row::Decision(decision) => {
            let advice = &decision.recommendation;
            let owner = advice.route.owner();
            let recommended = story::name(&owner, &told.lead.names);
            say(Meaning::Muted, &format!("decision {}", decision.trace_id), 1);
            say(
                Meaning::Text,
                &format!("recommended was {recommended} ({}): {}", advice.reason, advice.explanation),
                2,
            );
            if let Some(rejection) = &decision.rejection {
                let note = rejection.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
                say(Meaning::Text, &format!("turned down because of {}{note}", rejection.code.title()), 1);
            }
            if let Some((what, new)) = story::replaced_by(decision, &told.lead.decisions) {
                say(Meaning::Muted, &format!("{what} by decision {}", new.trace_id), 1);
            }
            if trace.replayed == Some(decision.trace_id) {
                let (meaning, text) = replayed(trace, ctx);
                say(meaning, &text, 2);
            }
        }
        Row::Event(event) => {
            let at = event.at.format("%Y-%m-%d %H:%M:%S UTC");
            say(Meaning::Muted, &format!("{} by {} at {at}", event.what, event.actor), 1);
            say(Meaning::Text, &story::details(event, &told.lead.names), 4);
            if let Some(trace) = event.trace_id {
                say(Meaning::Muted, &format!("decision {trace}"), 1);
            }
        }
        Row::Lead(_) => {}
    }
    lines
}

/// How the ranking came out when it was made again.
fn replayed(trace: &Trace, ctx: &Ctx) -> (Meaning, String) {
    let (good, bad, _) = ctx.theme.glyphs().marks;
    match (&trace.replay.data, &trace.replay.error) {
        (Some(replay), _) if replay.equal => {
            let model = replay.model_id.as_ref().map(|id| format!(" by {id}")).unwrap_or_default();
            (
                Meaning::Good,
                format!("{good} equal: {} reps ranked{model} came out the same, to the last bit", replay.reps),
            )
        }
        (Some(replay), _) => {
            let first = replay.differences.first();
            let at = first.map(|one| format!(", first at {}: {} became {}", one.path, one.stored, one.replayed));
            (Meaning::Bad, format!("{bad} NOT equal{}", at.unwrap_or_default()))
        }
        (None, Some(error)) => (Meaning::Warn, format!("{bad} not made again: {error}")),
        (None, None) => (Meaning::Muted, "making it again ...".into()),
    }
}

fn differences(frame: &mut Frame<'_>, compared: &Compared, told: &Story, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let column = width.saturating_sub(2 + WHO + 2) / 2;
    let decided = |trace| {
        let decision = told.lead.decisions.iter().find(|decision| decision.trace_id == trace);
        decision.map(|one| format::moment(one.decided_at, ctx.now, ctx.zone)).unwrap_or_default()
    };
    let head = format!(
        "  {:<WHO$} {} {}",
        "",
        ctx.theme.left(&format!("decided {}", decided(compared.before)), column),
        ctx.theme.left(&format!("decided {}", decided(compared.after)), column)
    );
    put(frame, area, 1, ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    if compared.differences.is_empty() {
        return put(frame, area, 2, ctx.span(Meaning::Muted, "  The two decisions say the same.").into());
    }
    let mut y = 2;
    for one in &compared.differences {
        let (before, after) = (
            ctx.theme.wrap(&one.before, column.saturating_sub(1), 4),
            ctx.theme.wrap(&one.after, column.saturating_sub(1), 4),
        );
        for n in 0..before.len().max(after.len()).max(1) {
            let cell = |lines: &[String]| ctx.theme.left(lines.get(n).map_or("", String::as_str), column);
            let what = if n == 0 { one.what.as_str() } else { "" };
            let line = Line::from(vec![
                ctx.span(Meaning::Muted, format!("  {} ", ctx.theme.left(what, WHO))),
                Span::raw(format!("{} ", cell(&before))),
                Span::raw(cell(&after)),
            ]);
            put(frame, area, y, line);
            y += 1;
        }
    }
}
