//! The state as a picture. Reads the model, changes nothing, and formats only what is on screen.

pub mod header;
pub mod hits;
pub mod layout;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Zone;
use super::action::Action;
use super::format;
use super::keymap::Place;
use super::model::{Model, Tone};
use super::overlay::{self, Overlay};
use super::screens::handoff::model::Part;
use super::screens::{
    Screen, digest, disagreements, feedback, handoff, lead, model_health, queue, reps, rollout, sla, sync, trace,
};
use super::team;
use super::theme::{Meaning, Theme};
use super::verdict::{agreed, closed, status_text};
use hits::{Hits, Target};

/// What every part of the picture needs to know.
#[derive(Debug)]
pub struct Ctx {
    /// Looks.
    pub theme: Theme,
    /// Now.
    pub now: DateTime<Utc>,
    /// The manager's clock.
    pub zone: Zone,
    /// Time from creation in which a lead should be with its rep.
    pub sla: TimeDelta,
    /// What clicks mean.
    pub hits: Hits,
}

impl Ctx {
    /// The context of a model.
    pub fn of(model: &Model) -> Self {
        let (zone, sla) = (model.options.zone, model.options.sla);
        Self { theme: model.theme, now: model.now, zone, sla, hits: Hits::default() }
    }

    /// Text of ours in a style.
    pub fn span(&self, meaning: Meaning, text: impl Into<String>) -> Span<'static> {
        Span::styled(text.into(), self.theme.style(meaning))
    }

    /// What is left of the SLA of a lead created then; negative when it is missed.
    pub fn sla_left(&self, created_at: DateTime<Utc>) -> TimeDelta {
        created_at + self.sla - self.now
    }

    /// How urgent a remaining SLA is.
    pub fn urgency(&self, left: TimeDelta) -> Meaning {
        if left <= TimeDelta::zero() {
            Meaning::Bad
        } else if left < self.sla / 8 {
            Meaning::Warn
        } else {
            Meaning::Text
        }
    }
}

/// Draws everything; what a click on it means.
pub fn draw(frame: &mut Frame<'_>, model: &Model) -> Hits {
    let ctx = Ctx::of(model);
    draw_all(frame, model, &ctx);
    model.theme.paint(frame.buffer_mut());
    ctx.hits
}

fn draw_all(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    if model.too_small() {
        return too_small(frame, area);
    }
    let parts = layout::parts(area);
    header::draw(frame, model, ctx, parts.header);
    match model.screen {
        Screen::Queue => queue::view::draw(frame, model, ctx, parts.body),
        Screen::Lead => lead::view::draw(frame, model, ctx, parts.body),
        Screen::Disagreements => disagreements::view::draw(frame, model, ctx, parts.body),
        Screen::Sync => sync::view::draw(frame, model, ctx, parts.body),
        Screen::Model => model_health::view::draw(frame, model, ctx, parts.body),
        Screen::Reps => reps::view::draw(frame, model, ctx, parts.body),
        Screen::Sla => sla::view::draw(frame, model, ctx, parts.body),
        Screen::Trace => trace::view::draw(frame, model, ctx, parts.body),
        Screen::Rollout => rollout::view::draw(frame, model, ctx, parts.body),
        Screen::Feedback => feedback::view::draw(frame, model, ctx, parts.body),
        Screen::Handoff => handoff::view::draw(frame, model, ctx, parts.body),
        Screen::Digest => digest::view::draw(frame, model, ctx, parts.body),
    }
    status(frame, model, ctx, parts.status);
    if model.overlays.iter().any(|shown| !matches!(shown, Overlay::Filter(_))) {
        // Dimmed, not cleared: what the overlay is about stays in sight.
        frame.buffer_mut().set_style(area, Modifier::DIM);
        for shown in &model.overlays {
            // Beside it, a click closes it.
            ctx.hits.note(area, Target::Do(Action::Back));
            overlay::view::draw(frame, model, ctx, area, shown);
        }
    }
    frame.render_widget(Clear, parts.footer);
    footer(frame, model, ctx, parts.footer);
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let wanted = format!("needs {}x{}", layout::MIN_WIDTH, layout::MIN_HEIGHT);
    let lines = ["leadboard".to_owned(), wanted, format!("this is {}x{}", area.width, area.height), "q quits".into()];
    let lines: Vec<Line<'_>> = lines.into_iter().map(|l| Line::from(l).centered()).collect();
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    let place = Rect { y: area.y + top, height: area.height - top, ..area };
    frame.render_widget(Paragraph::new(lines), place);
}

/// One line of text at a row of an area, if the row is inside.
pub fn put(frame: &mut Frame<'_>, area: Rect, row: u16, line: Line<'_>) {
    if row < area.height {
        frame.render_widget(line, Rect { y: area.y + row, height: 1, ..area });
    }
}

/// A remark where a list would stand, two columns in: as much of it as fits.
pub fn remark(frame: &mut Frame<'_>, area: Rect, ctx: &Ctx, row: u16, (meaning, text): (Meaning, &str)) {
    let text = ctx.theme.text(text, usize::from(area.width).saturating_sub(3));
    put(frame, area, row, ctx.span(meaning, format!("  {text}")).into());
}

/// What a screen says, below its title, of data that it does not have: that it is read, or why it could not be.
pub fn unread(frame: &mut Frame<'_>, area: Rect, ctx: &Ctx, what: &str, error: Option<&str>) {
    match error {
        Some(error) => remark(frame, area, ctx, 2, (Meaning::Bad, &format!("{what} could not be read: {error}"))),
        None => remark(frame, area, ctx, 2, (Meaning::Muted, "reading ...")),
    }
}

/// The line, cut to a width.
fn fitted<'a>(ctx: &Ctx, line: Line<'a>, width: usize) -> Line<'a> {
    let text: String = line.iter().map(|span| span.content.as_ref()).collect();
    if text.trim_end().width() <= width {
        return line;
    }
    let ellipsis = ctx.theme.glyphs().ellipsis;
    let mut room = width.saturating_sub(ellipsis.width());
    let mut spans = Vec::new();
    for span in line.spans {
        let used = span.width();
        if used <= room {
            room -= used;
            spans.push(span);
            continue;
        }
        let mut cut = String::new();
        for grapheme in span.content.graphemes(true) {
            if cut.width() + grapheme.width() > room {
                break;
            }
            cut.push_str(grapheme);
        }
        cut.push_str(ellipsis);
        spans.push(Span::styled(cut, span.style));
        break;
    }
    Line::from(spans)
}

/// A row of a list; under the cursor it is reversed as a whole, so that no colour of its own can make it unreadable.
/// What does not fit ends in an ellipsis, because half a number is a wrong one.
pub fn list_row<'a>(ctx: &Ctx, line: Line<'a>, selected: bool, width: usize) -> Line<'a> {
    let line = fitted(ctx, line, width);
    if !selected {
        return line;
    }
    let style = ctx.theme.style(Meaning::Selected);
    let used = line.width();
    // A bar says how full something is by what of it is inked: reversed, it would say the opposite.
    let is_bar = |c: char| matches!(c, '█' | '▓' | '▒' | '░');
    let mut spans: Vec<Span<'a>> = Vec::new();
    for span in line.spans {
        if !span.content.contains(is_bar) {
            spans.push(span.style(style));
            continue;
        }
        for part in span.content.chars().collect::<Vec<_>>().chunk_by(|a, b| is_bar(*a) == is_bar(*b)) {
            let own = part.first().is_some_and(|c| is_bar(*c));
            spans.push(Span::styled(String::from_iter(part), if own { span.style } else { style }));
        }
    }
    spans.push(Span::styled(" ".repeat(width.saturating_sub(used)), style));
    Line::from(spans)
}

/// Lines from a row of an area on; what does not fit is left out.
pub fn put_all<'a>(frame: &mut Frame<'_>, area: Rect, row: u16, lines: impl IntoIterator<Item = Line<'a>>) {
    for (line, row) in lines.into_iter().zip(row..area.height) {
        put(frame, area, row, line);
    }
}

/// A line with one part at each end. The right part gives way when there is no room for both.
pub fn two_ends(frame: &mut Frame<'_>, area: Rect, left: Line<'_>, right: Line<'_>) {
    if area.is_empty() {
        return;
    }
    let (used, wanted) = (left.width() as u16, right.width() as u16);
    frame.render_widget(left, Rect { height: 1, ..area });
    if wanted > 0 && used + 2 + wanted <= area.width {
        let place = Rect { x: area.right() - wanted, width: wanted, height: 1, ..area };
        frame.render_widget(right, place);
    }
}

fn status(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let right = match model.screen {
        Screen::Queue => queue::view::position(model, ctx),
        Screen::Lead if model.lead.as_ref().is_some_and(|lead| lead.from == Screen::Queue) => {
            queue::view::position(model, ctx)
        }
        _ => Line::default(),
    };
    let room = usize::from(area.width).saturating_sub(if right.width() > 0 { right.width() + 3 } else { 1 });
    let left = match (&model.status, failure(model)) {
        (Some(status), _) => {
            let undo = model.keymap.key_for(model.place(), Action::Undo);
            let writing = model.overview.data.as_ref().is_some_and(|overview| overview.effects.pending > 0);
            let stopped = model.overview.data.as_ref().is_some_and(|overview| overview.stopped.is_some());
            let text = ctx.theme.text(&status_text(status, model.now, undo.as_deref(), writing, stopped), room);
            let (mark, meaning) = match status.tone {
                Tone::Info => ("", Meaning::Text),
                Tone::Good => ("", Meaning::Good),
                Tone::Warn => ("", Meaning::Warn),
                Tone::Error => ("Error: ", Meaning::Bad),
            };
            Line::from(vec![ctx.span(meaning, format!(" {mark}")), ctx.span(meaning, text)])
        }
        (None, Some(error)) => ctx.span(Meaning::Bad, format!(" {}", ctx.theme.text(&error, room))).into(),
        (None, None) if model.overview.data.as_ref().is_some_and(|o| o.handoff.is_some()) => {
            handed_over(model, ctx, room)
        }
        (None, None) => match team::also_here(model, ctx) {
            Some(others) if !header::tells_of_others(model, ctx, area.width) => {
                ctx.span(Meaning::Muted, format!(" {}", ctx.theme.text(&others, room))).into()
            }
            _ if model.screen == Screen::Queue => queue::view::order(model, ctx, room),
            _ => Line::default(),
        },
    };
    two_ends(frame, area, left, right);
}

/// That something was handed over, until it is accepted.
fn handed_over(model: &Model, ctx: &Ctx, room: usize) -> Line<'static> {
    let waiting = model.overview.data.as_ref().and_then(|overview| overview.handoff.as_ref());
    let Some(waiting) = waiting.filter(|_| model.screen != Screen::Handoff) else { return Line::default() };
    let key = model.keymap.key_for(Model::place_of(model.screen), Action::ShowHandoff).unwrap_or_default();
    let at = format::moment(waiting.at, ctx.now, ctx.zone);
    let by = ctx.theme.text(&waiting.by, 24);
    let text = format!("{by} handed over {at}: {key} reads it");
    ctx.span(Meaning::Warn, format!(" {}", ctx.theme.text(&text, room))).into()
}

/// What could not be read, when old data is shown in its place.
fn failure(model: &Model) -> Option<String> {
    let newest = match model.screen {
        Screen::Queue => model.queue.window.error.as_ref().filter(|_| model.queue.window.data.is_some()),
        Screen::Lead => None,
        Screen::Disagreements => model.board.found.error.as_ref().filter(|_| model.board.found.data.is_some()),
        Screen::Sync => model.sync.outbox.error.as_ref(),
        Screen::Model => model.health.models.error.as_ref().filter(|_| model.health.models.data.is_some()),
        screen => model.boards.error(screen),
    };
    let error = newest.or(model.overview.error.as_ref())?;
    let what = if model.overview.data.is_some() { "What is shown is old" } else { "The numbers could not be read" };
    Some(format!("{what}: {error}"))
}

/// Whether an action would not be refused at once, of the lead in focus as it is shown.
fn makes_sense(model: &Model, action: Action) -> bool {
    if action == Action::Open && model.screen == Screen::Queue {
        return model.lead_in_focus().is_some();
    }
    if model.screen == Screen::Handoff {
        match action {
            Action::GiveHandoff => return handoff::update::does_something(model),
            Action::Note => return model.boards.handoff.part == Part::Now && !model.options.read_only,
            _ => {}
        }
    }
    let of_lead = action.judges() && !matches!(action, Action::Undo | Action::Redo | Action::Retry);
    if !of_lead || !model.overlays.is_empty() {
        return true;
    }
    let marked = matches!(action, Action::ApproveMarked | Action::KeepMarked);
    if model.options.read_only {
        return false;
    }
    match model.focus.detail() {
        _ if marked => true,
        Some(detail) if model.focus.id() == model.lead_in_focus() => {
            closed(detail).is_none() && !(agreed(detail) && action == Action::KeepLegacy)
        }
        // It is being read.
        _ => model.lead_in_focus().is_some(),
    }
}

/// Notes that a click on so many columns of a line does something.
pub fn button(ctx: &Ctx, line: Rect, start: usize, width: usize, action: Action) {
    let place = Rect { x: line.x.saturating_add(start as u16), width: width as u16, height: 1, ..line };
    ctx.hits.note(place.intersection(line), Target::Do(action));
}

/// The keys that matter here, as many as fit, from the live keymap.
fn footer(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    if matches!(model.overlays.last(), Some(Overlay::Welcome)) {
        return;
    }
    let place = model.place();
    let hints: &[Action] = match place {
        Place::Queue if model.queue.marks() > 0 => &[
            Action::ApproveMarked,
            Action::Mark,
            Action::MarkAll,
            Action::Back,
            Action::HandOver,
            Action::Approve,
            Action::Filter,
            Action::Undo,
        ],
        Place::Queue => &[
            Action::Approve,
            Action::KeepLegacy,
            Action::Override(1),
            Action::Reroute,
            Action::Open,
            Action::NextLane,
            Action::OverrideAny,
            Action::Filter,
            Action::Snooze,
            Action::Undo,
        ],
        Place::Lead => &[
            Action::Approve,
            Action::KeepLegacy,
            Action::Override(1),
            Action::OverrideAny,
            Action::WhyNot,
            Action::Explain,
            Action::TalkTrack,
            Action::WhatIf,
            Action::Group,
            Action::Reroute,
            Action::Snooze,
            Action::Note,
            Action::HandOver,
            Action::Undo,
            Action::Back,
        ],
        Place::Disagreements => &[Action::Open, Action::OtherPart, Action::Decided, Action::ShowQueue, Action::Back],
        Place::Group => &[
            Action::Open,
            Action::ApproveMarked,
            Action::KeepMarked,
            Action::Explain,
            Action::Narrow,
            Action::Undo,
            Action::Back,
        ],
        Place::Sync => &[Action::Retry, Action::Open, Action::Back],
        Place::Model => {
            &[Action::NextSection, Action::PageDown, Action::PageUp, Action::ShowQueue, Action::ShowSync, Action::Back]
        }
        Place::Reps => &[Action::Open, Action::Sort, Action::ShowSla, Action::ShowQueue, Action::Back],
        Place::Sla => &[Action::Open, Action::NextTab, Action::ShowReps, Action::ShowQueue, Action::Back],
        Place::Trace => &[Action::Find, Action::Open, Action::Replay, Action::Compare, Action::Back],
        Place::Feedback => &[Action::NextTab, Action::ShowModel, Action::ShowReps, Action::ShowQueue, Action::Back],
        Place::Handoff => &[
            Action::GiveHandoff,
            Action::Note,
            Action::Open,
            Action::NextTab,
            Action::ShowDigest,
            Action::ShowQueue,
            Action::Back,
        ],
        Place::Digest => &[
            Action::PreviousDay,
            Action::NextDay,
            Action::PageDown,
            Action::ShowHandoff,
            Action::ShowQueue,
            Action::Back,
        ],
        Place::Rollout => &[Action::KillSwitch, Action::NextTab, Action::ShowSync, Action::ShowQueue, Action::Back],
        Place::Filter | Place::WhatIf => &[Action::Accept, Action::Complete, Action::Back],
        Place::Views => &[Action::Accept, Action::SaveView, Action::RenameView, Action::RemoveView, Action::Back],
        Place::Batch => &[Action::Accept, Action::Down, Action::Back],
        Place::Search => &[Action::Accept, Action::Back],
        Place::Menu | Place::Finder | Place::Palette | Place::Name | Place::Note | Place::Question | Place::Confirm => {
            &[Action::Accept, Action::Back]
        }
        Place::Help => &[Action::Search, Action::PageDown, Action::PageUp, Action::Back],
    };
    let hint = |action: Action| -> Option<(String, &'static str)> {
        if !makes_sense(model, action) {
            return None;
        }
        let key = model.keymap.key_for(place, action)?;
        let key = match (action, model.keymap.key_for(place, Action::Override(9))) {
            (Action::Override(_), Some(last)) => format!("{key}-{last}"),
            _ => key,
        };
        let words = match (place, action) {
            (Place::Group, Action::ApproveMarked) => "approve all",
            (Place::Handoff, Action::GiveHandoff) if handoff::update::waits(model) => "accept",
            (Place::Handoff, Action::NextTab) => "other part",
            (Place::Batch, Action::Down) => "scroll",
            (Place::Confirm, Action::Accept) => "yes",
            (Place::Confirm, Action::Back) => "no",
            _ => action.hint(),
        };
        Some((key, words))
    };
    let help = hint(Action::Help).map_or_else(Line::default, |(key, words)| {
        Line::from(vec![ctx.span(Meaning::Key, key), ctx.span(Meaning::Text, format!(" {words} "))])
    });
    let room = usize::from(area.width).saturating_sub(help.width() + 3);
    let mut left = Line::from(" ");
    for (action, (key, words)) in hints.iter().filter_map(|action| Some((*action, hint(*action)?))) {
        let part = [ctx.span(Meaning::Key, key), ctx.span(Meaning::Text, format!(" {words}  "))];
        let (start, width) = (left.width(), part.iter().map(Span::width).sum::<usize>());
        if start + width > room + 2 {
            break;
        }
        button(ctx, area, start, width.saturating_sub(2), action);
        left.extend(part);
    }
    if help.width() > 0 {
        button(ctx, area, usize::from(area.width).saturating_sub(help.width()), help.width(), Action::Help);
    }
    two_ends(frame, area, left, help);
}

#[cfg(test)]
mod tests;
