//! The two lines on top of every screen: where am I and is all well, and the conservation counter.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{Ctx, button, two_ends};
use crate::tui::action::Action;
use crate::tui::backend::{LoopState, Overview};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::screens::Screen;
use crate::tui::team;
use crate::tui::theme::Meaning;

/// Draws both lines.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let all = state(model, ctx, width);
    let named = navigation(model, ctx, true);
    // What is wrong matters more than what the program is called.
    let (nav, mut buttons) =
        if named.0.width() + all.width() + 2 <= width { named } else { navigation(model, ctx, false) };
    // That nothing is written must be seen, whatever else there is no room for.
    let shouted = stopped(model, ctx, 0).map_or(0, |span| span.width() + 5);
    let nav = if nav.width() + shouted > width {
        buttons.clear();
        Line::from(ctx.span(Meaning::Selected, here(model.screen)))
    } else {
        nav
    };
    for (start, width, action) in buttons {
        button(ctx, area, start, width, action);
    }
    let room = width.saturating_sub(nav.width() + 2);
    two_ends(frame, area, nav, state(model, ctx, room));
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let numbers = conservation(model.overview.data.as_ref(), ctx, area.width);
    let others = if tells_of_others(model, ctx, area.width) { team::also_here(model, ctx) } else { None };
    let others = others.map_or_else(Line::default, |others| ctx.span(Meaning::Muted, format!("{others} ")).into());
    two_ends(frame, below, numbers, others);
}

/// Whether there is room beside the counter for who else is at work; elsewhere the status line says it while it is free.
pub fn tells_of_others(model: &Model, ctx: &Ctx, width: u16) -> bool {
    let numbers = conservation(model.overview.data.as_ref(), ctx, width);
    team::also_here(model, ctx).is_some_and(|others| numbers.width() + others.width() + 3 <= usize::from(width))
}

/// What the screen is called.
const fn here(screen: Screen) -> &'static str {
    match screen {
        Screen::Queue | Screen::Lead => " Queue ",
        Screen::Sync => " Sync ",
        Screen::Model => " Model ",
        Screen::Reps => " Reps ",
        Screen::Sla => " First contacts ",
        Screen::Trace => " Trace ",
        Screen::Rollout => " Rollout ",
        Screen::Feedback => " Feedback ",
        Screen::Handoff => " Handoff ",
        Screen::Digest => " Digest ",
        Screen::Disagreements => " Disagreements ",
    }
}

/// The screens, and where on the line each can be clicked.
fn navigation(model: &Model, ctx: &Ctx, named: bool) -> (Line<'static>, Vec<(usize, usize, Action)>) {
    let mut buttons = Vec::new();
    let mut spans = vec![if named { ctx.span(Meaning::Title, " leadboard ") } else { Span::raw("") }];
    let screens =
        [(Screen::Queue, Action::ShowQueue), (Screen::Sync, Action::ShowSync), (Screen::Model, Action::ShowModel)];
    for (screen, action) in screens {
        let name = here(screen);
        let here = model.screen == screen || (screen == Screen::Queue && model.screen == Screen::Lead);
        if here {
            spans.push(Span::raw(" "));
            spans.push(ctx.span(Meaning::Selected, name));
        } else {
            let key = model.keymap.key_for(Model::place_of(model.screen), action).unwrap_or_default();
            let start = spans.iter().map(Span::width).sum::<usize>() + 2;
            spans.push(ctx.span(Meaning::Key, format!("  {key}")));
            spans.push(ctx.span(Meaning::Text, name));
            buttons.push((start, key.width() + name.width(), action));
        }
    }
    if !screens.iter().any(|(screen, _)| *screen == model.screen) && model.screen != Screen::Lead {
        spans.extend([Span::raw(" "), ctx.span(Meaning::Selected, here(model.screen))]);
    }
    (Line::from(spans), buttons)
}

/// That nothing is written, in as many words as there is room for.
fn stopped(model: &Model, ctx: &Ctx, room: usize) -> Option<Span<'static>> {
    let stop = model.overview.data.as_ref()?.stopped.as_ref()?;
    let since = format::moment(stop.at, ctx.now, ctx.zone);
    let by = ctx.theme.text(&stop.by, 20);
    let texts =
        [format!(" NOTHING IS WRITTEN: stopped by {by} {since} "), " NOTHING IS WRITTEN ".into(), " STOPPED ".into()];
    let text = texts.iter().find(|text| text.width() + 3 <= room).or(texts.last())?;
    Some(ctx.span(Meaning::Alarm, text.clone()))
}

/// What is to be known at every moment; what does not fit is left out, the clock first and the phase last.
fn state(model: &Model, ctx: &Ctx, room: usize) -> Line<'static> {
    let mut parts = vec![ctx.span(Meaning::Muted, format::clock(ctx.now, ctx.zone))];
    if let Some(overview) = &model.overview.data {
        let (meaning, text) = worker(overview);
        parts.push(ctx.span(meaning, ctx.theme.text(&text, 28)));
        match overview.effects.failed {
            0 => {}
            1 => parts.push(ctx.span(Meaning::Bad, "1 write failed")),
            n => parts.push(ctx.span(Meaning::Bad, format!("{} writes failed", format::compact(n)))),
        }
    }
    if model.overview.data.as_ref().is_some_and(|overview| overview.cleared == Some(false)) {
        parts.push(ctx.span(
            Meaning::Warn,
            if room < 60 { "not cleared to route" } else { "model scores leads, does not yet route" },
        ));
    }
    if model.options.read_only {
        parts.push(ctx.span(Meaning::Warn, "READ-ONLY"));
    }
    parts.push(ctx.span(Meaning::Title, ctx.theme.text(&model.options.phase.to_uppercase(), 12)));
    // Nobody may miss it, whatever else there is no room for.
    parts.extend(stopped(model, ctx, room));
    let mut line: Vec<Span<'static>> = Vec::new();
    let mut used = 1;
    for part in parts.into_iter().rev() {
        used += part.width() + 2;
        if used > room {
            break;
        }
        line.extend([part, Span::raw("  ")]);
    }
    if line.pop().is_some() {
        line.push(Span::raw(" "));
    }
    Line::from(line)
}

/// The worker in a few words, and how to take them.
fn worker(overview: &Overview) -> (Meaning, String) {
    let Some(worst) = overview.health.worst() else { return (Meaning::Muted, "no worker here".into()) };
    match worst.state {
        LoopState::Running => (Meaning::Good, "worker ok".into()),
        LoopState::Starting => (Meaning::Muted, "worker starts".into()),
        LoopState::Paused => (Meaning::Warn, format!("{} paused", worst.name)),
        LoopState::Failing => (Meaning::Bad, format!("{} failing", worst.name)),
        LoopState::Stopped => (Meaning::Alarm, format!("{} STOPPED", worst.name)),
    }
}

/// The conservation rule as a sum that anybody can check. Anything lost is shouted.
pub fn conservation(overview: Option<&Overview>, ctx: &Ctx, width: u16) -> Line<'static> {
    let Some(overview) = overview else { return ctx.span(Meaning::Muted, " counting leads ...").into() };
    let c = overview.conservation;
    let long = ["received", "decided", "in queue", "pending", "superseded"];
    let short = ["recv", "done", "queue", "pend", "superseded"];
    let numbers = [c.received, c.decided, c.in_lane, c.pending, c.superseded];
    let lost = c.lost();
    let build = |words: [&'static str; 5], show: fn(u64) -> String| {
        let mut spans = vec![Span::raw(" ")];
        for (i, (word, n)) in words.into_iter().zip(numbers).enumerate() {
            let sign = ["", " = ", " + ", " + ", " + "][i];
            spans.push(ctx.span(Meaning::Muted, format!("{sign}{word} ")));
            spans.push(ctx.span(Meaning::Text, show(n)));
        }
        if lost == 0 {
            spans.push(ctx.span(Meaning::Good, "  lost 0"));
        } else {
            spans.push(Span::raw("  "));
            spans.push(ctx.span(Meaning::Alarm, format!(" LOST {lost} ")));
        }
        Line::from(spans)
    };
    let fits = |line: &Line<'_>| line.width() <= usize::from(width);
    let full = build(long, format::grouped);
    if fits(&full) {
        return full;
    }
    let medium = build(short, format::grouped);
    if fits(&medium) { medium } else { build(["recv", "done", "queue", "pend", "sup"], format::compact) }
}
