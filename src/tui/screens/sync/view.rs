//! What the sync screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

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
    let mut lines = vec![counts(overview, ctx), api(overview, ctx), Line::default()];
    let (single, shared) = model.loops();
    lines.extend(loops(&single, &shared, ctx, width));
    lines.push(Line::default());
    lines.push(ctx.span(Meaning::Title, " Outbox").into());
    let dead = overview.effects.failed;
    if dead > 0 {
        let key = model.keymap.key_for(model.place(), Action::Retry).unwrap_or_default();
        if let Some(title) = lines.last_mut() {
            let words = format!("  {dead} failed for good: a person must look; {key} tries one again");
            title.push_span(ctx.span(Meaning::Bad, words));
        }
    }
    lines.push(outbox_head(ctx, width));
    let used = lines.len() as u16;
    put_all(frame, area, 0, lines);
    let loops = single.len() + usize::from(!shared.is_empty());
    debug_assert_eq!(used, layout::SYNC_FIXED - 1 + loops.max(1) as u16, "layout and view agree");
    let list = Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area };
    outbox(frame, model, ctx, list);
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

fn loops(single: &[&LoopHealth], shared: &[&LoopHealth], ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let head = format!("{:<13} {:<9} {:<14} {:>7}  last error", "", "state", "last success", "waiting");
    let head = ctx.span(Meaning::Muted, ctx.theme.text(&head, width.saturating_sub(8)));
    let mut lines = vec![Line::from(vec![ctx.span(Meaning::Title, " Worker  "), head])];
    if single.is_empty() && shared.is_empty() {
        lines.push(ctx.span(Meaning::Muted, " No worker runs in this program; it may run elsewhere.").into());
    }
    lines.extend(single.iter().map(|one| loop_line(one, ctx, width)));
    if !shared.is_empty() {
        let names: Vec<&str> = shared.iter().map(|one| one.name.as_str()).collect();
        let text = format!("{} ok: {}", shared.len(), names.join(", "));
        let text = ctx.theme.text(&text, width.saturating_sub(4));
        lines.push(ctx.span(Meaning::Good, format!(" {} {text}", ctx.theme.glyphs().marks.0)).into());
    }
    lines
}

fn loop_line(health: &LoopHealth, ctx: &Ctx, width: usize) -> Line<'static> {
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
    let quiet = if health.state >= LoopState::Failing { Meaning::Bad } else { Meaning::Muted };
    Line::from(vec![
        Span::raw(format!(" {} ", ctx.theme.left(&health.name, 20))),
        ctx.span(meaning, format!("{mark} {word:<8}")),
        Span::raw(format!("{} {:>7}  ", ctx.theme.left(&last, 14), format::compact(health.backlog))),
        ctx.span(quiet, ctx.theme.text(&error, width.saturating_sub(58))),
    ])
}

const COMPANY: usize = 22;
const STATE: usize = 12;
const TRIES: usize = 5;
const WHEN: usize = 12;

fn outbox_head(ctx: &Ctx, width: usize) -> Line<'static> {
    let head =
        format!("  {:<STATE$} {:<COMPANY$} {:>TRIES$} {:<WHEN$} last error", "state", "lead", "tries", " next try");
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
    let room = width.saturating_sub(2 + STATE + 1 + COMPANY + 1 + TRIES + 2 + WHEN);
    let cursor = if selected { ctx.theme.glyphs().cursor } else { " " };
    let line = Line::from(vec![
        Span::raw(format!("{cursor} ")),
        ctx.span(meaning, format!("{state:<STATE$} ")),
        Span::raw(format!("{} {:>TRIES$} ", ctx.theme.left(&row.company, COMPANY), row.attempts)),
        ctx.span(Meaning::Muted, format!(" {}", ctx.theme.left(&when, WHEN))),
        ctx.span(Meaning::Text, ctx.theme.left(error, room)),
    ]);
    list_row(ctx, line, selected, width)
}
