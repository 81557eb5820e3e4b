//! What the queue looks like.

use chrono::TimeDelta;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::VariantArray;
use unicode_width::UnicodeWidthStr;

use super::bar;
use crate::domain::lane::Lane;
use crate::domain::recommendation::RouteReason;
use crate::domain::text;
use crate::tui::action::Action;
use crate::tui::backend::QueueRow;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::screens::lead;
use crate::tui::team;
use crate::tui::theme::Meaning;
use crate::tui::verdict::batch::Run;
use crate::tui::view::{Ctx, button, layout, list_row, put, put_all};

/// Draws lanes, rows and, when wide, the why-panel of the selected lead.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let tabs = lanes(model, ctx, area.width);
    let mut start = 0;
    for (lane, tab) in Lane::VARIANTS.iter().zip(&tabs.spans) {
        button(ctx, area, start, tab.width(), Action::Lane(*lane));
        start += tab.width();
    }
    put(frame, area, 0, tabs);
    let head = 1 + model.filter_bar().min(area.height.saturating_sub(1));
    bar::draw(frame, model, ctx, Rect { y: area.y + 1, height: head - 1, ..area });
    let below = Rect { y: area.y + head, height: area.height.saturating_sub(head), ..area };
    let (list, panel) = layout::queue_columns(below);
    rows(frame, model, ctx, list);
    if let Some(panel) = panel {
        let rule = Rect { x: panel.x.saturating_sub(1), width: 1, ..panel };
        put_all(frame, rule, 0, (0..rule.height).map(|_| ctx.span(Meaning::Frame, ctx.theme.glyphs().rule).into()));
        let inner = Rect { x: panel.x + 1, width: panel.width.saturating_sub(1), ..panel };
        lead::view::panel(frame, model, ctx, inner);
    }
}

fn lanes(model: &Model, ctx: &Ctx, width: u16) -> Line<'static> {
    let all = model.overview.data.as_ref().map(|o| &o.lanes);
    // What matches, where that was counted; while it is being counted, nothing.
    let counts = match &model.queue.matches.data {
        _ if model.queue.filter().is_empty() => all,
        None => None,
        Some(None) => all,
        Some(Some(matching)) => Some(matching),
    };
    let build = |titles: fn(Lane) -> &'static str| {
        let mut spans = Vec::new();
        for lane in Lane::VARIANTS {
            let title = titles(*lane);
            // The shown lane's number is that of the list below it, which knows of verdicts just given.
            let known = counts.map(|c| c.of(*lane));
            let here = *lane == model.queue.lane;
            let n = if here && model.queue.window.data.is_some() { Some(model.queue.total()) } else { known };
            let text = n.map_or_else(|| format!(" {title} "), |n| format!(" {title} {} ", format::compact(n)));
            let meaning = match n {
                _ if here => Meaning::Selected,
                Some(0) => Meaning::Muted,
                _ => Meaning::Text,
            };
            spans.push(ctx.span(meaning, text));
        }
        Line::from(spans)
    };
    let fits = |line: &Line<'_>| line.width() <= usize::from(width);
    let full = build(Lane::title);
    if fits(&full) {
        return full;
    }
    let short = build(|lane| match lane {
        Lane::LowConfidence => "Low conf",
        Lane::Sync => "Sync",
        lane => lane.title(),
    });
    if fits(&short) {
        return short;
    }
    build(|lane| match lane {
        Lane::Fast => "Fast",
        Lane::Disagree => "Diff",
        Lane::LowConfidence => "Low",
        Lane::Exceptions => "Exc",
        Lane::Hot => "Hot",
        Lane::Returned => "Ret",
        Lane::Sync => "Sync",
    })
}

/// Which columns are shown, and how wide those are that stretch.
struct Columns {
    source: usize,
    age: bool,
    company: usize,
    pick: usize,
    legacy: usize,
    /// The gap, and where there is room beside it, who chose instead of the model.
    gap: usize,
    /// In lanes where no gap tells why a lead is there: why, in its place.
    why: usize,
    /// What is at stake, in the place of the age, in the lanes that are in its order.
    stake: bool,
}

/// What a lane shows beside company, clock and pick.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The legacy owner, and the gap.
    Gap,
    /// The legacy owner, and why a person is asked.
    Cause,
    /// Who gave it back, and why.
    Returned,
}

impl Kind {
    const fn of(lane: Lane) -> Self {
        match lane {
            Lane::Returned => Self::Returned,
            Lane::Exceptions | Lane::LowConfidence | Lane::Sync => Self::Cause,
            Lane::Fast | Lane::Disagree | Lane::Hot => Self::Gap,
        }
    }
}

/// Widths of the columns that never stretch.
const AGE: usize = 4;
const STAKE: usize = 5;
/// Columns that are enough for why a person is asked.
const CAUSE: usize = 24;
const SLA: usize = 5;
const P: usize = 4;
const GAP: usize = 5;
/// With a word beside it.
const WIDE_GAP: usize = 10;

impl Columns {
    /// `words` says whether beside a gap there is ever who chose instead of the model.
    fn fit(width: usize, kind: Kind, stake: bool, words: bool) -> Self {
        let age = width >= if kind == Kind::Cause { 96 } else { 68 };
        let stake = stake && age;
        let source = match width {
            _ if kind == Kind::Returned => 0,
            0..96 if kind == Kind::Cause => 0,
            0..76 => 0,
            76..84 => 8,
            84..96 => 10,
            _ => 12,
        };
        let gap = if width >= 84 && kind == Kind::Gap && words { WIDE_GAP } else { GAP };
        // Cursor, SLA, two probabilities, gap, and a blank before each column.
        let mut fixed = 2 + (1 + SLA) + 2 * (1 + P) + (1 + gap) + 3;
        fixed += if age { 1 + if stake { STAKE } else { AGE } } else { 0 };
        fixed += if source > 0 { 1 + source } else { 0 };
        let rest = width.saturating_sub(fixed);
        if kind == Kind::Cause {
            let why = GAP + (rest / 4).min(CAUSE - GAP);
            let rest = rest + GAP - why;
            let pick = (rest * 3 / 10).min(24);
            let company = (rest - 2 * pick).min(40);
            return Self { source, age, pick, legacy: pick, company, gap, why, stake };
        }
        if kind == Kind::Returned {
            let pick = (rest / 4).min(24);
            let why = GAP + rest / 4;
            let company = (rest - 2 * pick - rest / 4).min(40);
            let why = why + rest - 2 * pick - rest / 4 - company;
            return Self { source, age, pick, legacy: pick, company, gap, why, stake };
        }
        let pick = (rest * 3 / 10).min(24);
        Self { source, age, pick, legacy: pick, company: (rest - 2 * pick).min(40), gap, why: 0, stake }
    }

    fn line(&self, ctx: &Ctx, cells: [&str; 9]) -> [String; 9] {
        let [company, source, age, sla, pick, p, legacy, legacy_p, gap] = cells;
        let theme = ctx.theme;
        let optional = |shown: bool, cell: String| if shown { format!(" {cell}") } else { String::new() };
        [
            theme.left(company, self.company),
            optional(self.source > 0, theme.left(source, self.source)),
            optional(self.age, theme.right(age, if self.stake { STAKE } else { AGE })),
            format!(" {}", theme.right(sla, SLA)),
            format!("  {}", theme.left(pick, self.pick)),
            format!(" {}", theme.right(p, P)),
            format!(" {}", theme.left(legacy, self.legacy)),
            format!(" {}", theme.right(legacy_p, P)),
            if self.why > 0 {
                format!(" {}", theme.left(gap, self.why))
            } else {
                format!(" {}", theme.right(gap, self.gap))
            },
        ]
    }
}

fn rows(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let queue = &model.queue;
    let kind = Kind::of(queue.lane);
    // Of all rows that are read, so that columns do not move while one scrolls.
    let words = queue.rows().iter().any(|row| row.reason.and_then(format::chosen_by).is_some());
    let columns = Columns::fit(usize::from(area.width), kind, by_stake(queue.lane), words);
    let [before, when, last] = match kind {
        Kind::Gap => ["legacy", "p", "gap"],
        Kind::Cause => ["legacy", "p", "why"],
        Kind::Returned => ["returned by", "ago", "why"],
    };
    let age = if columns.stake { "stake" } else { "age" };
    let head = ["company", "source", age, "SLA", "pick", "p", before, when, last];
    let head = columns.line(ctx, head).concat();
    put(frame, area, 0, ctx.span(Meaning::Muted, format!("  {head}")).into());
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if queue.rows().is_empty() {
        return put_all(frame, list, 1, nothing(model, ctx, usize::from(list.width)));
    }
    let (_, visible) = queue.visible();
    let cursor = visible.iter().position(|row| queue.is_selected(row));
    for (row, y) in visible.iter().zip(0..list.height) {
        if let Some(cursor) = cursor {
            ctx.hits.row(list, y, usize::from(y), cursor);
        }
        let signs = (queue.is_selected(row), queue.is_marked(&row.id), team::sign(model, row));
        put(frame, list, y, row_line(row, signs, model.hides_row(row), &columns, ctx, usize::from(list.width)));
    }
}

fn row_line(
    row: &QueueRow,
    (selected, marked, sign): (bool, bool, Option<String>),
    hidden: bool,
    columns: &Columns,
    ctx: &Ctx,
    width: usize,
) -> Line<'static> {
    let left = ctx.sla_left(row.created_at);
    let sla = if left <= TimeDelta::zero() { "late".into() } else { format::duration(left) };
    let same = row.reason == Some(RouteReason::ModelAgrees);
    let p = |p: Option<f64>| p.map_or_else(|| "-".into(), format::percent_short);
    let chosen_by = row.reason.and_then(format::chosen_by);
    let costs = chosen_by.is_some() && row.p_win.zip(row.legacy_p_win).is_some_and(|(a, b)| a < b);
    let gap = match (chosen_by, row.p_win, row.legacy_p_win) {
        // Their chances did not decide, so a gap would only make one wonder; unless the lead goes to who is less likely to
        // win it, which nobody should approve unseen.
        (Some(word), Some(a), Some(b)) if costs && columns.gap > GAP => format!("{} {word}", format::points(a - b)),
        (Some(_), Some(a), Some(b)) if costs => format::points(a - b),
        (Some(word), ..) => word.to_owned(),
        (None, Some(a), Some(b)) if !same && row.reason != Some(RouteReason::ModelUncleared) => format::points(a - b),
        _ => String::new(),
    };
    let legacy = if same { "same" } else { row.legacy.as_deref().unwrap_or("-") };
    let legacy_p = if same { String::new() } else { p(row.legacy_p_win) };
    let gap = match row.reason.and_then(format::cause).filter(|_| columns.why > 0) {
        Some(words) if costs => format!("{gap} {words}"),
        Some(words) => words.to_owned(),
        None => gap,
    };
    let (same, legacy, legacy_p, gap) = match &row.returned {
        Some(by) if columns.why > 0 => {
            let ago = format::duration(ctx.now - by.at);
            (false, by.name.as_str(), ago, by.why.clone().unwrap_or_else(|| by.how.words().to_owned()))
        }
        _ => (same, legacy, legacy_p, gap),
    };
    // Of a lead that is chosen for first nothing is shown that the model says.
    let (pick, pick_p, legacy_p, gap) = if hidden {
        ("(choose)", String::new(), String::new(), "blind".to_owned())
    } else {
        (row.recommended.as_deref().unwrap_or("-"), p(row.p_win), legacy_p, gap)
    };
    let company = if text::fit(&row.company, 8).trim().is_empty() { row.id.as_str() } else { &row.company };
    let cells = columns.line(
        ctx,
        [
            company,
            row.source.as_deref().unwrap_or("-"),
            &if columns.stake && hidden {
                String::new()
            } else if columns.stake {
                stake(row)
            } else {
                format::duration(ctx.now - row.created_at)
            },
            &sla,
            pick,
            &pick_p,
            legacy,
            &legacy_p,
            &gap,
        ],
    );
    let meanings = [
        Meaning::Text,
        Meaning::Muted,
        Meaning::Muted,
        ctx.urgency(left),
        // The model's colour is for what the model chose.
        if chosen_by.is_some() || hidden { Meaning::Text } else { Meaning::Model },
        if chosen_by.is_some() || hidden { Meaning::Text } else { Meaning::Model },
        if same { Meaning::Muted } else { Meaning::Legacy },
        if same { Meaning::Muted } else { Meaning::Legacy },
        if costs && !hidden { Meaning::Warn } else { Meaning::Text },
    ];
    let cursor = if selected { ctx.theme.glyphs().cursor } else { " " };
    let mark = if marked { ctx.theme.glyphs().marked } else { " " };
    let mut line = Line::from(vec![Span::raw(cursor), ctx.span(Meaning::Key, mark)]);
    let mut cells = cells.into_iter().zip(meanings);
    if let Some(sign) = sign {
        cells.next();
        let room = columns.company.saturating_sub(sign.width() + 1);
        line.extend([ctx.span(Meaning::Text, ctx.theme.left(company, room)), Span::raw(" ")]);
        line.push_span(ctx.span(Meaning::Warn, sign));
    }
    line.extend(cells.map(|(cell, meaning)| ctx.span(meaning, cell)));
    list_row(ctx, line, selected, width)
}

/// Whether a lane shows what is at stake: hot leads are in the order of their age, and in the other lanes no gap is shown.
const fn by_stake(lane: Lane) -> bool {
    matches!(lane, Lane::Fast | Lane::Disagree)
}

/// What is at stake: the points of the gap, more for a large deal and less for a small one.
fn stake(row: &QueueRow) -> String {
    // The order is tenths of a point, and below them the age.
    let points = row.priority.max(0.0).floor() / 10.0;
    if points < 0.05 {
        "-".into()
    } else if points < 100.0 {
        format!("{points:.1}")
    } else {
        format::compact(points.round() as u64)
    }
}

/// Why the lead on top is on top.
pub fn order(model: &Model, ctx: &Ctx, width: usize) -> Line<'static> {
    let queue = &model.queue;
    if queue.rows().is_empty() {
        return Line::default();
    }
    // Of a lead that is asked about blind, nothing is told.
    let nothing = |row: &QueueRow| !model.hides_row(row) && stake(row) == "-";
    let (_, visible) = queue.visible();
    let text = match queue.lane {
        Lane::Hot => "The oldest first.",
        _ if by_stake(queue.lane) && visible.iter().all(nothing) => "Nothing at stake here: the oldest first.",
        _ => "Most at stake first (gap x deal size), then the oldest.",
    };
    ctx.span(Meaning::Muted, format!(" {}", ctx.theme.text(text, width.saturating_sub(1)))).into()
}

/// The designed nothing: still reading, unreadable, or nobody waits, and what will fill the lane.
fn nothing(model: &Model, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let queue = &model.queue;
    let room = width.saturating_sub(4);
    let say = |meaning: Meaning, text: &str| Line::from(ctx.span(meaning, format!("  {}", ctx.theme.text(text, room))));
    if let Some(error) = &queue.window.error {
        let again = model.keymap.key_for(model.place(), Action::Refresh).unwrap_or_default();
        return vec![
            say(Meaning::Bad, "This lane could not be read."),
            say(Meaning::Text, error),
            say(Meaning::Muted, &format!("Nothing is lost: the leads are in the store. {again} tries again.")),
        ];
    }
    if queue.window.data.is_none() {
        return vec![say(Meaning::Muted, "reading ...")];
    }
    if !queue.filter().is_empty() {
        return bar::no_match(model).iter().map(|text| say(Meaning::Muted, text)).collect();
    }
    let (headline, text) = match queue.lane {
        Lane::Fast => ("Nothing waits here.", "Leads where both chose the same rep, or the gap is one that holds."),
        Lane::Disagree => ("Nothing waits here.", "Leads where the model chose another rep than the legacy rules."),
        Lane::LowConfidence => ("Nothing waits here.", "Leads that no rep is likely enough to win: a person decides."),
        Lane::Exceptions => {
            ("Nothing waits here.", "Key accounts, conflicts, high value, partners: once rules name them.")
        }
        Lane::Hot => ("Nothing waits here.", "Leads with a high score on a short clock: once leads are scored."),
        Lane::Returned => ("Nothing waits here.", "Leads that a rep gave back, with the reason they gave for it."),
        Lane::Sync => ("No problems.", "Leads that could not be ranked or written for a technical reason."),
    };
    vec![say(Meaning::Good, headline), say(Meaning::Muted, text)]
}

/// Where the cursor is, and what is hidden.
pub fn position(model: &Model, ctx: &Ctx) -> Line<'static> {
    let queue = &model.queue;
    let mut parts = Vec::new();
    parts.extend(model.session.run().map(Run::words));
    if queue.marks() > 0 {
        parts.push(format!("{} marked", format::grouped(queue.marks() as u64)));
    }
    if let Some(snoozed) = model.overview.data.as_ref().map(|o| o.lanes.snoozed).filter(|n| *n > 0) {
        parts.push(format!("{} snoozed", format::compact(snoozed)));
    }
    if queue.total() > 0 {
        let (first, visible) = queue.visible();
        let (up, down) = ctx.theme.glyphs().more;
        let above = if first > 0 { up } else { " " };
        let below = if first + (visible.len() as u64) < queue.total() { down } else { " " };
        let all = format::grouped(queue.total());
        let all = if queue.filter().is_empty() { all } else { format!("{all} match") };
        parts.push(format!("{} of {all} {above}{below}", queue.position() + 1));
    }
    ctx.span(Meaning::Muted, parts.join("  ")).into()
}
