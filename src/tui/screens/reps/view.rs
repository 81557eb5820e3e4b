//! What the reps screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::views::has_passed;
use crate::tui::action::Action;
use crate::tui::backend::boards::{AtWork, NextSlot, Order, RepRoom, RepRow, Reps};
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, list_row, put, put_all, remark, two_ends, unread};
use crate::tui::widgets::strip::gauge;

/// Lines about the rep under the cursor, and what the numbers rest on.
pub(super) const DETAIL: u16 = 6;

const BAR: usize = 4;
/// Columns of [`room`].
pub const ROOM: usize = BAR + 5;
const NOW: usize = 11;
const SLOT: usize = 12;

/// Columns of names and territories; no territories where there is no room for them.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    territory: Option<usize>,
}

impl Columns {
    const fn of(width: u16) -> Self {
        match width {
            0..layout::WIDE => Self { name: 13, territory: None },
            layout::WIDE..140 => Self { name: 13, territory: Some(8) },
            _ => Self { name: 24, territory: Some(18) },
        }
    }

    const fn wide(self) -> bool {
        self.territory.is_some()
    }
}

/// Draws the team and what is known of the rep under the cursor.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.reps;
    let width = usize::from(area.width);
    let title = heading(model, ctx);
    let Some(team) = &screen.team.data else {
        put(frame, area, 0, title.0);
        return unread(frame, area, ctx, "The team", screen.team.error.as_deref());
    };
    two_ends(frame, area, title.0, title.1);
    if team.reps.is_empty() {
        let text = "No reps are known yet: the worker reads them from the CRM when it first runs.";
        return remark(frame, area, ctx, 2, (Meaning::Muted, text));
    }
    let columns = Columns::of(area.width);
    put(frame, area, 1, ctx.span(Meaning::Muted, ctx.theme.text(heads(columns).trim_end(), width)).into());
    let below = area.bottom().saturating_sub(DETAIL);
    let rows = Rect { y: area.y + 2, height: below.saturating_sub(area.y + 2), ..area };
    for ((index, rep), y) in screen.cursor.shown(&team.reps).zip(0..rows.height) {
        put(frame, rows, y, row(rep, index == screen.cursor.selected, columns, ctx, width));
        ctx.hits.row(rows, y, index, screen.cursor.selected);
    }
    let detail = Rect { y: below, height: area.bottom().saturating_sub(below), ..area };
    let Some(rep) = screen.selected() else { return };
    put_all(frame, detail, 0, about(rep, team, ctx, width));
}

fn heading(model: &Model, ctx: &Ctx) -> (Line<'static>, Line<'static>) {
    let screen = &model.boards.reps;
    let order = match screen.order {
        Order::Name => "by name",
        Order::Room => "least room first",
        Order::Open => "most open leads first",
        Order::Given => "most leads given first",
        Order::Share => "furthest behind their share first",
        Order::Won => "surest to win first",
        Order::Missed => "most missed contacts first",
    };
    let key = model.keymap.key_for(Place::Reps, Action::Sort).unwrap_or_default();
    let left = Line::from(vec![
        ctx.span(Meaning::Title, format!(" Reps {}", screen.rows().len())),
        ctx.span(Meaning::Muted, format!("  {order}")),
    ]);
    let right = Line::from(vec![ctx.span(Meaning::Key, key), ctx.span(Meaning::Muted, " another order ")]);
    (left, right)
}

fn heads(columns: Columns) -> String {
    let Columns { name, territory } = columns;
    let more = territory.map_or_else(String::new, |territory| format!("{:<territory$} ", "territory"));
    let slot = if columns.wide() { format!("{:<SLOT$} ", "free slot") } else { String::new() };
    let deals = if columns.wide() { format!("{:>5} {:>4} {:>6} ", "deals", "owed", "missed") } else { String::new() };
    format!(
        "  {:<name$} {more}{:>4} {:<9} {:<NOW$} {slot}{:>3} {:>4} {:>4} {:>6} {:>10} {:>5} {deals}",
        "rep", "open", "room", "now", "day", "week", "30d", "share", "won", "calls"
    )
}

fn row(rep: &RepRow, selected: bool, columns: Columns, ctx: &Ctx, width: usize) -> Line<'static> {
    let (dash, theme) = (|| "-".to_owned(), ctx.theme);
    let cursor = if selected { theme.glyphs().cursor } else { " " };
    let mut spans = vec![Span::raw(format!("{cursor} {} ", theme.left(&rep.name, columns.name)))];
    if let Some(territory) = columns.territory {
        let works = rep.territory.as_deref().unwrap_or("-");
        spans.push(ctx.span(Meaning::Muted, format!("{} ", theme.left(works, territory))));
    }
    spans.push(Span::raw(format!("{:>4} ", format::compact(rep.open_leads))));
    spans.push(room(rep.room.as_ref(), ctx));
    spans.push(Span::raw(" "));
    let (meaning, now) = presence(rep, ctx);
    spans.push(ctx.span(meaning, format!("{} ", theme.left(&now, NOW))));
    if columns.wide() {
        let (meaning, slot) = match rep.next_slot {
            NextSlot::At { at } if has_passed(at, ctx.now) => {
                (Meaning::Muted, format!("was {}", format::moment(at, ctx.now, ctx.zone)))
            }
            NextSlot::At { at } => (Meaning::Text, format::moment(at, ctx.now, ctx.zone)),
            NextSlot::None => (Meaning::Text, "none in time".to_owned()),
            NextSlot::Unknown => (Meaning::Text, dash()),
        };
        spans.push(ctx.span(meaning, format!("{} ", theme.left(&slot, SLOT))));
    }
    let share = rep.account.map_or_else(dash, |account| format!("{:+.1}", account.ahead()));
    let won = rep
        .won
        .map_or_else(dash, |won| format!("{} of {}", format::percent_short(won.share), format::compact(won.all)));
    let contacts = &rep.contacts;
    let calls = if contacts.settled() == 0 {
        dash()
    } else {
        format!("{}/{}", format::compact(contacts.in_time), format::compact(contacts.settled()))
    };
    spans.push(Span::raw(format!("{:>3} {:>4} {:>4} ", rep.given_today, rep.given_week, rep.given_days)));
    spans.push(Span::raw(format!("{share:>6} {won:>10} ")));
    let meaning = if contacts.missed > 0 { Meaning::Warn } else { Meaning::Text };
    spans.push(ctx.span(meaning, format!("{calls:>5} ")));
    if columns.wide() {
        let deals = rep.open_deals.map_or_else(dash, format::compact);
        spans.push(Span::raw(format!("{deals:>5} {:>4} ", contacts.owed)));
        let meaning = if contacts.missed > 0 { Meaning::Bad } else { Meaning::Text };
        spans.push(ctx.span(meaning, format!("{:>6}", contacts.missed)));
    }
    list_row(ctx, Line::from(spans), selected, width)
}

/// The capacity bar, with the leads that still fit, in [`ROOM`] columns.
pub fn room(room: Option<&RepRoom>, ctx: &Ctx) -> Span<'static> {
    let Some(room) = room else { return ctx.span(Meaning::Muted, format!("{:<ROOM$}", "-")) };
    let Some(left) = room.left else { return ctx.span(Meaning::Muted, format!("{:<ROOM$}", "no cap")) };
    let share = if room.of > 0.0 { room.used / room.of } else { 1.0 };
    let meaning = match left {
        0 => Meaning::Bad,
        _ if share >= 0.8 => Meaning::Warn,
        _ => Meaning::Good,
    };
    let left = if left == 0 { "full".to_owned() } else { format::compact(left.into()) };
    let bar = gauge(ctx.theme.glyphs(), share, BAR);
    ctx.span(meaning, format!("{:<ROOM$}", format!("{bar} {left}")))
}

/// Whether a rep is there now.
fn presence(rep: &RepRow, ctx: &Ctx) -> (Meaning, String) {
    let day = |at| format::moment(at, ctx.now, ctx.zone).chars().take(6).collect::<String>();
    match (&rep.away, rep.at_work) {
        _ if !rep.active => (Meaning::Bad, "inactive".into()),
        (Some(away), _) => (Meaning::Warn, format!("away {}", day(away.until).trim_end())),
        (None, Some(AtWork::Open)) => (Meaning::Good, "at work".into()),
        (None, Some(AtWork::Closed { opens: Some(at) })) => (Meaning::Muted, format!("from {}", day(at).trim_end())),
        (None, Some(AtWork::Closed { opens: None })) => (Meaning::Muted, "not at work".into()),
        (None, None) => (Meaning::Muted, "-".into()),
    }
}

/// What is known of one rep, and what it rests on.
fn about(rep: &RepRow, team: &Reps, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (theme, room) = (ctx.theme, width.saturating_sub(2));
    let dot = theme.glyphs().dot;
    let moment = |at| format::moment(at, ctx.now, ctx.zone);
    let mut name = vec![ctx.span(Meaning::Title, format!(" {}", theme.text(&rep.name, 40)))];
    name.push(
        ctx.span(
            Meaning::Muted,
            format!("  {}", theme.text(rep.territory.as_deref().unwrap_or("every territory"), 24)),
        ),
    );
    let capacity = rep.room.as_ref().map_or_else(|| "nobody counts their room".into(), |room| room.words.clone());
    let deals = rep.open_deals.map_or_else(|| "open deals not known".into(), |n| format!("{n} open deals"));
    let mut there = Vec::new();
    match (&rep.away, rep.at_work) {
        (Some(away), _) => {
            let kind = away.kind.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
            let back = away.back.map(|at| format!(", back {}", moment(at))).unwrap_or_default();
            there.push(format!("away{kind} until {}{back}", moment(away.until)));
        }
        (None, Some(AtWork::Open)) => there.push("at work now".into()),
        (None, Some(AtWork::Closed { opens: Some(at) })) => there.push(format!("at work again {}", moment(at))),
        (None, Some(AtWork::Closed { opens: None })) => there.push("not at work".into()),
        (None, None) => there.push("working hours not known".into()),
    }
    if let NextSlot::At { at } = rep.next_slot {
        let passed = has_passed(at, ctx.now);
        there.push(if passed { format!("was free {}", moment(at)) } else { format!("free {}", moment(at)) });
    }
    if let Some(next) = rep.next_away {
        there.push(format!("away from {} until {}", moment(next.from), moment(next.until)));
    }
    let share = rep.account.map_or_else(
        || "no account of shares is kept".to_owned(),
        |account| format!("share {:.1} of {:.1} leads", account.got, account.entitled),
    );
    let won = rep.won.map_or_else(
        || format!("no deal closed in {} days", team.deal_days),
        |won| {
            let interval = format::interval(won.low, won.high);
            format!(
                "won {} of {} deals in {} days: {} (95% {interval})",
                won.of,
                won.all,
                team.deal_days,
                format::percent(won.share)
            )
        },
    );
    let calls = &rep.contacts;
    let contacts = format!(
        "owes {} first contacts {dot} {} days: {} in time, {} late, {} missed ({} routed anew)",
        calls.owed, team.days, calls.in_time, calls.late, calls.missed, calls.reassigned
    );
    let line = |text: String| Line::from(format!(" {}", theme.text(&text, room)));
    let mut rests = ctx.span(Meaning::Muted, format!(" {}", theme.text(&rests_on(team, ctx), room)));
    if let Some(warning) = team.warnings.first() {
        rests = ctx.span(Meaning::Warn, format!(" {}", theme.text(warning, room)));
    }
    vec![
        Line::from(name),
        line(format!("{capacity} {dot} {deals}")),
        line(there.join(&format!(" {dot} "))),
        line(format!("{share} {dot} {won}")),
        line(contacts),
        rests.into(),
    ]
}

/// What calendars, caps and accounts rest on.
fn rests_on(team: &Reps, ctx: &Ctx) -> String {
    match (team.rules, team.crm_read_at) {
        (false, _) => "No routing rules are in force, so nobody has a cap, hours or an account of shares.".into(),
        (true, Some(at)) => {
            format!(
                "Open deals, calendars and absences as the CRM gave them at {}.",
                format::moment(at, ctx.now, ctx.zone)
            )
        }
        (true, None) => "How busy reps are is not known yet: the worker asks the CRM before it ranks.".into(),
    }
}
