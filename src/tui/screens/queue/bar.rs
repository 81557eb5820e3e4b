//! What the queue says of its filter: the prompt while one is typed, and the one in force.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::VariantArray;
use unicode_width::UnicodeWidthStr;

use crate::domain::lane::Lane;
use crate::tui::action::Action;
use crate::tui::format;
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::overlay::filter::{INDENT, Prompt};
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put, put_all, two_ends};

/// Draws the prompt, or the filter in force, or nothing.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    if area.is_empty() {
        return;
    }
    match model.prompt() {
        Some(prompt) => draw_prompt(frame, ctx, area, prompt),
        None => in_force(frame, model, ctx, area),
    }
}

fn draw_prompt(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, prompt: &Prompt) {
    let row = Rect { width: area.width.saturating_sub(1), ..area };
    let at = prompt.field.draw(frame, ctx, row, (" / ", "which leads? Nothing typed shows all"), prompt.fault());
    let (Err(fault), Some(complaint)) = (&prompt.read, prompt.complaint()) else {
        return put(frame, area, 1, suggestions(ctx, prompt, area.width));
    };
    let below = prompt.lines_below(area.width);
    if below > 1 {
        let lines = ctx.theme.wrap(&complaint, usize::from(area.width) - 1 - INDENT, usize::from(below));
        let lines =
            lines.into_iter().map(|line| ctx.span(Meaning::Bad, format!("{}{line}", " ".repeat(INDENT))).into());
        return put_all(frame, area, 1, lines);
    }
    // The place is marked by a sign as well as by a colour; where there is no room behind it, the words stand before it.
    let words = format!("{}; {}", fault.what, fault.cure);
    let (column, width) = (usize::from(at - area.x), usize::from(area.width) - 1);
    let line = if column + 2 + words.width() <= width {
        format!("{}^ {words}", " ".repeat(column))
    } else if words.width() < column {
        format!("{}{words} ^", " ".repeat(column - words.width() - 1))
    } else {
        format!("{}{complaint}", " ".repeat(INDENT))
    };
    put(frame, area, 1, ctx.span(Meaning::Bad, ctx.theme.text(&line, width)).into());
}

/// What can be written at the cursor: one thing with its meaning, or several by example.
fn suggestions(ctx: &Ctx, prompt: &Prompt, width: u16) -> Line<'static> {
    let all = prompt.suggestions();
    let mut line = vec![Span::raw("   ")];
    let mut left = usize::from(width).saturating_sub(4);
    for one in &all {
        let words = if all.len() <= 2 { format!(" {}", one.meaning) } else { String::new() };
        let used = one.example.width() + words.width() + 2;
        if used > left {
            break;
        }
        left -= used;
        line.push(ctx.span(Meaning::Key, one.example));
        line.push(ctx.span(Meaning::Muted, format!("{words}  ")));
    }
    line.into()
}

fn in_force(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let queue = &model.queue;
    let mut right = Vec::new();
    match (&queue.window.data, &queue.window.error) {
        (Some(_), _) => {
            let (n, all) = (queue.total(), of_lane(model));
            right.push(
                ctx.span(Meaning::Text, format!("{} of {} match", format::grouped(n), format::grouped(all.max(n)))),
            );
        }
        (None, Some(_)) => right.push(ctx.span(Meaning::Bad, "not read")),
        (None, None) => right.push(ctx.span(Meaning::Muted, "reading ...")),
    }
    if let Some(key) = model.keymap.key_for(Place::Queue, Action::Back) {
        right.extend([ctx.span(Meaning::Key, format!("  {key}")), ctx.span(Meaning::Text, " shows all ")]);
    }
    let right = Line::from(right);
    let key = model.keymap.key_for(Place::Queue, Action::Filter).unwrap_or_else(|| "/".to_owned());
    let room = usize::from(area.width).saturating_sub(right.width() + key.width() + 4);
    let mut left = vec![ctx.span(Meaning::Key, format!(" {key} "))];
    let view =
        model.view_shown().map_or_else(String::new, |view| ctx.theme.text(&format!("{}: ", view.name), room / 2));
    let text = ctx.theme.text(&queue.filter().to_string(), room.saturating_sub(view.width()));
    left.extend([Span::raw(view), ctx.span(Meaning::Title, text)]);
    two_ends(frame, area, left.into(), right);
}

/// Leads of the shown lane, whether or not they match.
fn of_lane(model: &Model) -> u64 {
    model.overview.data.as_ref().map_or(0, |overview| overview.lanes.of(model.queue.lane))
}

/// Nothing matches here: where else something does, and the way back.
pub(super) fn no_match(model: &Model) -> Vec<String> {
    let queue = &model.queue;
    let mut lines = vec!["No lead of this lane matches the filter.".to_owned()];
    if let Some(Some(counts)) = &queue.matches.data {
        let others: Vec<String> = Lane::VARIANTS
            .iter()
            .filter(|lane| counts.of(**lane) > 0)
            .map(|lane| format!("{} {}", lane.title(), format::compact(counts.of(*lane))))
            .collect();
        lines.push(match others.len() {
            0 => "None of another lane does either.".to_owned(),
            _ => format!("Others match: {}.", others.join(", ")),
        });
    }
    if let Some(key) = model.keymap.key_for(Place::Queue, Action::Back) {
        lines.push(format!("{key} shows all {} of this lane.", format::grouped(of_lane(model))));
    }
    lines
}
