//! What the rollout screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::action::Action;
use crate::tui::backend::boards::{Rollout, ScopeTally};
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, list_row, put, put_all, remark, unread};
use crate::tui::widgets::strip::gauge;

/// Lines about what the next phase would need.
pub(super) const NEEDS: u16 = 7;
/// Lines of the list, however small the screen is.
pub(super) const LEAST_ROWS: u16 = 3;

const NAME: usize = 20;
const BAR: usize = 10;

/// Draws the switch, the phase, the scopes, and what the next phase would need.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.rollout;
    let width = usize::from(area.width);
    let Some(state) = &screen.state.data else {
        put(frame, area, 0, ctx.span(Meaning::Title, " Rollout").into());
        return unread(frame, area, ctx, "The rollout", screen.state.error.as_deref());
    };
    put_all(frame, area, 0, switch(model, state, ctx, width));
    let phase = ctx.theme.wrap(&state.phase_in_words(), width.saturating_sub(10), 2);
    for ((line, title), y) in phase.into_iter().zip([" Phase   ", "         "]).zip(2..) {
        put(frame, area, y, Line::from(vec![ctx.span(Meaning::Title, title), Span::raw(line)]));
    }
    put(frame, area, 4, heads(screen.territories, state, ctx, width));
    // A list under whose cursor nothing stands is none: on a small screen what is below it is cut first.
    let below = area.bottom().saturating_sub(NEEDS).max(area.y + 5 + LEAST_ROWS);
    let list = Rect { y: area.y + 5, height: below.saturating_sub(area.y + 5), ..area };
    if screen.rows().is_empty() {
        let text = format!("No lead came in the last {} days, so there is nothing to say of any scope.", state.days);
        remark(frame, list, ctx, 0, (Meaning::Muted, &text));
    }
    for ((index, tally), y) in screen.cursor.shown(screen.rows()).zip(0..list.height) {
        put(frame, list, y, row(tally, index == screen.cursor.selected, state, ctx, width));
        ctx.hits.row(list, y, index, screen.cursor.selected);
    }
    // Below the last scope where there is room, so that nothing has to be looked for at the other end of the screen.
    let listed = screen.cursor.shown(screen.rows()).count().max(1) as u16;
    let below = below.min(list.y + listed + 1);
    let needs = Rect { y: below, height: area.bottom().saturating_sub(below), ..area };
    put_all(frame, needs, 0, wanted(state, ctx, width));
}

/// How the kill switch stands: two lines.
fn switch(model: &Model, state: &Rollout, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let key = model.keymap.key_for(Place::Rollout, Action::KillSwitch).unwrap_or_default();
    let dot = ctx.theme.glyphs().dot;
    let turned = &state.switch;
    let counts = format!(
        "{} waiting in the outbox {dot} {} on their way",
        format::grouped(turned.waiting),
        format::grouped(turned.on_their_way)
    );
    let title = ctx.span(Meaning::Title, " Writing ");
    match &turned.stopped {
        Some(stop) => {
            let since = format::moment(stop.at, ctx.now, ctx.zone);
            let text = format!("stopped by {} {since}: {}", stop.by, stop.why);
            vec![
                Line::from(vec![
                    title,
                    ctx.span(Meaning::Alarm, " STOPPED "),
                    ctx.span(Meaning::Bad, format!(" {}", ctx.theme.text(&text, width.saturating_sub(20)))),
                ]),
                Line::from(vec![
                    Span::raw("         "),
                    ctx.span(Meaning::Key, key),
                    Span::raw(" lets it go on  "),
                    ctx.span(Meaning::Muted, ctx.theme.text(&counts, width.saturating_sub(30))),
                ]),
            ]
        }
        None => vec![
            Line::from(vec![title, ctx.span(Meaning::Good, "on"), ctx.span(Meaning::Muted, format!("  {counts}"))]),
            Line::from(vec![
                Span::raw("         "),
                ctx.span(Meaning::Key, key),
                ctx.span(Meaning::Muted, " stops all of it, for everybody, until somebody lets it go on"),
            ]),
        ],
    }
}

fn heads(territories: bool, state: &Rollout, ctx: &Ctx, width: usize) -> Line<'static> {
    let what = if territories { "territory" } else { "source" };
    let more = if width >= usize::from(layout::WIDE) { "  same rep as the legacy rules" } else { "" };
    let head = format!(
        "  {what:<NAME$} {:<8} {:>7} {:>14} {:>8} {:>15}{more}",
        "phase",
        format!("{} days", state.days),
        "same rep",
        "decided",
        "as recommended"
    );
    ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into()
}

fn row(tally: &ScopeTally, selected: bool, state: &Rollout, ctx: &Ctx, width: usize) -> Line<'static> {
    let cursor = if selected { ctx.theme.glyphs().cursor } else { " " };
    let name = if tally.name.is_empty() { "(none)" } else { &tally.name };
    let share = |part: u64, all: u64| {
        if all == 0 {
            "-".to_owned()
        } else {
            format!("{} of {}", format::percent_short(part as f64 / all as f64), format::compact(all))
        }
    };
    let mut spans = vec![
        Span::raw(format!("{cursor} {} ", ctx.theme.left(name, NAME))),
        ctx.span(Meaning::Model, format!("{} ", ctx.theme.left(&state.phase, 8))),
        Span::raw(format!("{:>7} ", format::compact(tally.leads))),
        Span::raw(format!("{:>14} {:>8} ", share(tally.agree, tally.compared), format::compact(tally.decided))),
        Span::raw(format!("{:>15}", share(tally.approved, tally.decided))),
    ];
    if width >= usize::from(layout::WIDE) && tally.compared > 0 {
        let bar = gauge(ctx.theme.glyphs(), tally.agree as f64 / tally.compared as f64, BAR);
        spans.push(ctx.span(Meaning::Muted, format!("  {bar}")));
    }
    list_row(ctx, Line::from(spans), selected, width)
}

fn wanted(state: &Rollout, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (yes, no, unknown) = ctx.theme.glyphs().marks;
    let mut lines = vec![Line::default(), ctx.span(Meaning::Title, " The next phase, hybrid, would need").into()];
    for need in &state.needs {
        let (meaning, mark) = match need.met {
            Some(true) => (Meaning::Good, yes),
            Some(false) => (Meaning::Warn, no),
            None => (Meaning::Muted, unknown),
        };
        let what = ctx.theme.text(&need.what, 46);
        let room = width.saturating_sub(what.chars().count() + 6);
        lines.push(Line::from(vec![
            ctx.span(meaning, format!(" {mark} ")),
            Span::raw(what),
            ctx.span(Meaning::Muted, format!("  {}", ctx.theme.text(&need.why, room))),
        ]));
    }
    lines
}
