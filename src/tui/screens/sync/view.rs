//! What the sync screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::domain::effect::{EffectRow, EffectState};
use crate::tui::action::Action;
use crate::tui::backend::{LoopHealth, LoopState, Overview};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, list_row, put, put_all};
use crate::tui::widgets::strip::gauge;

/// Draws the counts, the loops, the API usage and the outbox.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let Some(overview) = &model.overview.data else {
        let text = model
            .overview
            .error
            .as_deref()
            .map_or("reading ...".into(), |e| ctx.theme.text(e, width.saturating_sub(2)));
        return put(frame, area, 1, ctx.span(Meaning::Muted, format!(" {text}")).into());
    };
    let mut lines = vec![counts(overview, ctx), api(overview, ctx), Line::default(), loops_head(model, ctx, width)];
    let loops = loops(model, ctx);
    let beside = loops.len().max(1) as u16;
    lines.extend(loops);
    lines.push(Line::default());
    lines.push(ctx.span(Meaning::Title, " Outbox").into());
    let dead = overview.effects.failed;
    if dead > 0 {
        let key = model.keymap.key_for(model.place(), Action::Retry).unwrap_or_default();
        if let Some(title) = lines.last_mut() {
            let words =
                format!("  {} failed for good: a person must look; {key} tries one again", format::grouped(dead));
            title.push_span(ctx.span(Meaning::Bad, words));
        }
    }
    lines.push(outbox_head(ctx, width));
    let used = lines.len() as u16;
    put_all(frame, area, 0, lines);
    debug_assert_eq!(used, layout::SYNC_FIXED - 1 + beside, "layout and view agree");
    let detail = layout::outbox_detail(model.size);
    let list = Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used + detail), ..area };
    outbox(frame, model, ctx, list);
    if let (Some(row), true) = (model.sync.selected(), detail > 0) {
        // Below the last write where there is room.
        let listed = model.sync.rows().len().saturating_sub(model.sync.top).min(model.sync.viewport) as u16;
        let y = area.bottom().saturating_sub(detail - 1).min(list.y + listed + 1);
        let place = Rect { y, height: detail - 1, ..area };
        put_all(frame, place, 0, in_full(row, ctx, width));
    }
}

fn counts(overview: &Overview, ctx: &Ctx) -> Line<'static> {
    let e = overview.effects;
    let mut spans = vec![ctx.span(Meaning::Title, " Writes  ")];
    let mut say = |n: u64, words: &str, meaning: Meaning| {
        let meaning = if n == 0 { Meaning::Muted } else { meaning };
        spans.push(ctx.span(meaning, format!("{} {words}   ", format::grouped(n))));
    };
    say(e.sent, "written", Meaning::Good);
    say(e.pending, "waiting", Meaning::Text);
    say(e.failed, "failed", Meaning::Bad);
    say(e.superseded, "superseded", Meaning::Text);
    say(e.cancelled, "taken back", Meaning::Text);
    Line::from(spans)
}

fn api(overview: &Overview, ctx: &Ctx) -> Line<'static> {
    let api = overview.api;
    let mut spans = vec![ctx.span(Meaning::Title, " CRM API ")];
    if api.limit == 0 {
        spans.push(ctx.span(Meaning::Muted, "the CRM has not said yet how much may be used"));
    } else {
        let share = api.used as f64 / api.limit as f64;
        let meaning = match share {
            s if s >= 0.9 => Meaning::Bad,
            s if s >= 0.7 => Meaning::Warn,
            _ => Meaning::Good,
        };
        spans.push(ctx.span(meaning, gauge(ctx.theme.glyphs(), share, 10)));
        let (used, limit) = (format::grouped(api.used), format::grouped(api.limit));
        spans.push(ctx.span(meaning, format!(" {}", format::percent(share))));
        spans.push(Span::raw(format!("  {used} of {limit} calls in 24 h")));
    }
    spans.push(ctx.span(Meaning::Muted, format!(", {} by us", format::grouped(api.calls_made))));
    Line::from(spans)
}

/// Columns of a loop's name, and of when it last did its work.
const NAME: usize = 20;
const LAST: usize = 15;
/// Columns before what went wrong in a loop.
const BEFORE_ERROR: usize = 1 + NAME + 1 + 11 + LAST + 1 + 7 + 2;
/// Most lines of what goes wrong in a loop that fails, below it.
const ERROR_LINES: usize = 2;

fn loops_head(model: &Model, ctx: &Ctx, width: usize) -> Line<'static> {
    // Heads of columns say nothing above a line that has none.
    if model.loops().0.is_empty() {
        return ctx.span(Meaning::Title, " Worker").into();
    }
    let head = format!("{:<12} {:<10} {:<LAST$} {:>7}  last error", "", "state", "last success", "waiting");
    let head = ctx.span(Meaning::Muted, ctx.theme.text(&head, width.saturating_sub(9)));
    Line::from(vec![ctx.span(Meaning::Title, " Worker  "), head])
}

/// The lines about the loops on a terminal of the model's size.
pub fn loops(model: &Model, ctx: &Ctx) -> Vec<Line<'static>> {
    let width = usize::from(model.size.0);
    let (single, shared) = model.loops();
    let mut lines: Vec<Line<'static>> = Vec::new();
    if single.is_empty() && shared.is_empty() {
        lines.push(ctx.span(Meaning::Muted, " No worker runs in this program; it may run elsewhere.").into());
    }
    lines.extend(single.iter().flat_map(|one| loop_lines(one, ctx, width)));
    if !shared.is_empty() {
        let text = ctx.theme.text(&working(&shared, width.saturating_sub(4)), width.saturating_sub(4));
        lines.push(ctx.span(Meaning::Good, format!(" {} {text}", ctx.theme.glyphs().marks.0)).into());
    }
    lines
}

/// The loops that work, by as many whole names as there is room for.
fn working(loops: &[&LoopHealth], room: usize) -> String {
    let names: Vec<&str> = loops.iter().map(|one| one.name.as_str()).collect();
    let told = |n: usize| match names.len() - n {
        0 => format!("{} ok: {}", names.len(), names.join(", ")),
        more => format!("{} ok: {} and {more} more", names.len(), names[..n].join(", ")),
    };
    (1..=names.len()).rev().map(told).find(|text| text.width() <= room).unwrap_or_else(|| format!("{} ok", names.len()))
}

/// A loop: one line, and below it what goes wrong now, where that does not fit beside it.
fn loop_lines(health: &LoopHealth, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (yes, no, unknown) = ctx.theme.glyphs().marks;
    let (meaning, mark, word) = match health.state {
        LoopState::Running => (Meaning::Good, yes, "ok"),
        LoopState::Starting => (Meaning::Muted, unknown, "starting"),
        LoopState::Paused => (Meaning::Warn, unknown, "paused"),
        LoopState::Failing => (Meaning::Bad, no, "failing"),
        LoopState::Stopped => (Meaning::Alarm, no, "STOPPED"),
    };
    let last = health.last_ok.map_or_else(|| "never".into(), |at| format::ago(at, ctx.now));
    let error = health
        .last_error
        .as_ref()
        .map_or_else(String::new, |(at, error)| format!("{}: {error}", format::moment(*at, ctx.now, ctx.zone)));
    let fails = health.state >= LoopState::Failing;
    let quiet = if fails { Meaning::Bad } else { Meaning::Muted };
    let room = width.saturating_sub(BEFORE_ERROR + 1);
    let below = fails && error.width() > room;
    let beside = if below { String::new() } else { ctx.theme.text(&error, room) };
    let mut lines = vec![Line::from(vec![
        Span::raw(format!(" {} ", ctx.theme.left(&health.name, NAME))),
        ctx.span(meaning, format!("{mark} {word:<8} ")),
        Span::raw(format!("{} {:>7}  ", ctx.theme.left(&last, LAST), format::compact(health.backlog))),
        ctx.span(quiet, beside),
    ])];
    if below {
        let told = ctx.theme.wrap(&error, width.saturating_sub(4), ERROR_LINES);
        lines.extend(told.into_iter().map(|text| Line::from(vec![Span::raw("   "), ctx.span(quiet, text)])));
    }
    lines
}

/// What is with a write, in words, and its error in full.
fn in_full(row: &EffectRow, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (meaning, words) = match row.state {
        EffectState::Ready if row.not_before > ctx.now => {
            (Meaning::Muted, format!("is written from {} on", format::moment(row.not_before, ctx.now, ctx.zone)))
        }
        EffectState::Ready => (Meaning::Muted, "is written next".to_owned()),
        EffectState::Leased => (Meaning::Muted, "is on its way to the CRM".to_owned()),
        EffectState::Done => (Meaning::Muted, "is in the CRM".to_owned()),
        EffectState::Superseded => (Meaning::Warn, "was not written: somebody was faster".to_owned()),
        EffectState::Cancelled => (Meaning::Muted, "was taken back before it was written".to_owned()),
        EffectState::Dead => (Meaning::Bad, "is NOT written, and not tried again by itself".to_owned()),
    };
    let error = row.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let text = format!("{} {words}{error}", row.company);
    let told = ctx.theme.wrap(&text, width.saturating_sub(2), ERROR_LINES);
    told.into_iter().map(|text| Line::from(vec![Span::raw(" "), ctx.span(meaning, text)])).collect()
}

/// Columns of a company, at least and at most.
const COMPANY: (usize, usize) = (22, 40);
const STATE: usize = 12;
const TRIES: usize = 5;
const WHEN: usize = 12;

/// Columns of a company on a screen of this width.
fn company(width: usize) -> usize {
    (width / 4).clamp(COMPANY.0, COMPANY.1)
}

fn outbox_head(ctx: &Ctx, width: usize) -> Line<'static> {
    let company = company(width);
    let head =
        format!("  {:<STATE$} {:<company$} {:>TRIES$} {:<WHEN$} last error", "state", "lead", "tries", " next try");
    ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into()
}

fn outbox(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let sync = &model.sync;
    let width = usize::from(area.width);
    if sync.rows().is_empty() {
        let (meaning, text) = match (&sync.outbox.error, &sync.outbox.data) {
            (Some(error), _) => (Meaning::Bad, format!("The outbox could not be read: {error}")),
            (None, None) => (Meaning::Muted, "reading ...".into()),
            (None, Some(_)) => {
                (Meaning::Muted, "Nothing was to be written yet. Each verdict puts one write here.".into())
            }
        };
        return put(
            frame,
            area,
            0,
            ctx.span(meaning, format!("  {}", ctx.theme.text(&text, width.saturating_sub(2)))).into(),
        );
    }
    let shown = sync.rows().iter().enumerate().skip(sync.top).take(sync.viewport);
    for ((index, row), y) in shown.zip(0..area.height) {
        put(frame, area, y, outbox_line(row, index == sync.selected, ctx, width));
        ctx.hits.row(area, y, index, sync.selected);
    }
}

fn outbox_line(row: &EffectRow, selected: bool, ctx: &Ctx, width: usize) -> Line<'static> {
    let (meaning, state) = match row.state {
        EffectState::Ready if row.not_before > ctx.now => (Meaning::Muted, "waits"),
        EffectState::Ready => (Meaning::Text, "ready"),
        EffectState::Leased => (Meaning::Text, "being sent"),
        EffectState::Done => (Meaning::Good, "written"),
        EffectState::Superseded => (Meaning::Warn, "superseded"),
        EffectState::Cancelled => (Meaning::Muted, "taken back"),
        EffectState::Dead => (Meaning::Bad, "FAILED"),
    };
    let when = match row.state {
        EffectState::Ready => format::moment(row.not_before, ctx.now, ctx.zone),
        _ => String::new(),
    };
    let error = row.last_error.as_deref().unwrap_or_default();
    let company = company(width);
    let room = width.saturating_sub(2 + STATE + 1 + company + 1 + TRIES + 2 + WHEN);
    let cursor = if selected { ctx.theme.glyphs().cursor } else { " " };
    let line = Line::from(vec![
        Span::raw(format!("{cursor} ")),
        ctx.span(meaning, format!("{state:<STATE$} ")),
        Span::raw(format!("{} {:>TRIES$} ", ctx.theme.left(&row.company, company), row.attempts)),
        ctx.span(Meaning::Muted, format!(" {}", ctx.theme.left(&when, WHEN))),
        ctx.span(Meaning::Text, ctx.theme.left(error, room)),
    ]);
    list_row(ctx, line, selected, width)
}
