//! What the feedback screen looks like.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::VariantArray;

use super::model::List;
use crate::domain::share::Share;
use crate::tui::backend::boards::{Feedback, ScopeTally, VerdictTally};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, list_row, put, put_all, remark, unread};
use crate::tui::widgets::strip::gauge;

/// Lines about choices that were made blind, and about the next training.
pub(super) const TRAINING: u16 = 9;
/// Lines of the list, however small the screen is.
pub(super) const LEAST_ROWS: u16 = 3;
/// Of each of them, at most.
const WORDS: usize = 3;

const NAME: usize = 24;
const BAR: usize = 10;
/// From this width on there is room for a bar.
const BARRED: usize = 76;
/// Columns of a verdict beside its reason and its bar: the cursor, the verdict, how often, and what became of it.
const BESIDE: usize = 2 + 13 + 1 + 7 + 1 + 11 + 6 + 5;

/// Draws a list and what goes into the next training.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.feedback;
    let width = usize::from(area.width);
    let Some(said) = &screen.said.data else {
        put(frame, area, 0, ctx.span(Meaning::Title, " Feedback").into());
        return unread(frame, area, ctx, "Verdicts", screen.said.error.as_deref());
    };
    put(frame, area, 0, heading(said, ctx));
    put(frame, area, 1, lists(screen.list, ctx));
    // A list under whose cursor nothing stands is none: on a small screen what is below it is cut first.
    let below = area.bottom().saturating_sub(TRAINING).max(area.y + 3 + LEAST_ROWS);
    let list = Rect { y: area.y + 3, height: below.saturating_sub(area.y + 3), ..area };
    if screen.is_empty() {
        let text = match screen.list {
            List::Reasons => {
                format!("No verdict was given in {} days; each one is kept here with its reason.", said.days)
            }
            _ => format!("No lead came in {} days.", said.days),
        };
        remark(frame, list, ctx, 0, (Meaning::Muted, &text));
    } else {
        put(frame, area, 2, ctx.span(Meaning::Muted, ctx.theme.text(&heads(screen.list, widths(width)), width)).into());
    }
    let most = screen.verdicts().iter().map(|one| one.verdicts).max().unwrap_or(1);
    let lines: Vec<Line<'static>> = if screen.list == List::Reasons {
        screen.cursor.shown(screen.verdicts()).map(|(_, one)| verdict(one, most, widths(width), ctx)).collect()
    } else {
        screen.cursor.shown(screen.scopes()).map(|(_, one)| scope(one, ctx)).collect()
    };
    let listed = lines.len() as u16;
    for ((line, index), y) in lines.into_iter().zip(screen.cursor.top..).zip(0..list.height) {
        let selected = index == screen.cursor.selected;
        let mut spans = vec![Span::raw(if selected { format!("{} ", ctx.theme.glyphs().cursor) } else { "  ".into() })];
        spans.extend(line.spans);
        put(frame, list, y, list_row(ctx, Line::from(spans), selected, width));
        ctx.hits.row(list, y, index, screen.cursor.selected);
    }
    // Below the last line where there is room, so that nothing has to be looked for at the other end of the screen.
    let below = below.min(list.y + listed.max(1) + 1);
    let training = Rect { y: below, height: area.bottom().saturating_sub(below), ..area };
    let room = width.saturating_sub(2);
    let blind = ctx.theme.wrap(&said.blind.words(), room, WORDS + 1);
    let words = blind.into_iter().chain([String::new()]).chain(ctx.theme.wrap(&said.training(), room, WORDS));
    put_all(frame, training, 1, words.map(|line| ctx.span(Meaning::Muted, format!(" {line}")).into()));
}

fn heading(said: &Feedback, ctx: &Ctx) -> Line<'static> {
    let approved: u64 =
        said.verdicts.iter().filter(|one| one.verdict == "approve").map(|one| one.verdicts - one.taken_back).sum();
    let mut spans = vec![ctx.span(Meaning::Title, " Feedback  ")];
    match Share::of(approved, said.standing()) {
        Some(share) => {
            let interval = format::interval(share.low, share.high);
            let text = format!(
                "{} of {} approved: {}",
                format::grouped(share.of),
                format::grouped(share.all),
                format::percent_short(share.share)
            );
            spans.push(Span::raw(text));
            spans.push(ctx.span(Meaning::Muted, format!(" (95% {interval}) in {} days", said.days)));
        }
        None => spans.push(ctx.span(Meaning::Muted, format!("no verdict stands in {} days", said.days))),
    }
    Line::from(spans)
}

fn lists(shown: List, ctx: &Ctx) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for list in List::VARIANTS {
        let name = match list {
            List::Reasons => " Reasons ",
            List::Sources => " By source ",
            List::LegacyOwners => " By legacy owner ",
            List::Recommended => " By recommended rep ",
        };
        spans.push(ctx.span(if *list == shown { Meaning::Selected } else { Meaning::Text }, name));
    }
    Line::from(spans)
}

/// Columns of a reason and of a bar on a screen of this width, so that the numbers behind them are never cut: half a
/// number is a wrong one.
fn widths(width: usize) -> (usize, usize) {
    let bar = if width < BARRED { 0 } else { BAR };
    ((width / 3).min(width.saturating_sub(BESIDE + bar)).min(60), bar)
}

fn heads(list: List, (reason, bar): (usize, usize)) -> String {
    if list == List::Reasons {
        format!(
            "  {:<12} {:<reason$} {:>6} {:bar$} {:>10} {:>5} {:>5}",
            "verdict", "reason", "given", "", "taken back", "won", "lost"
        )
    } else {
        format!("  {:<NAME$} {:>7} {:>14} {:>8} {:>15}", "", "leads", "same rep", "decided", "as recommended")
    }
}

fn verdict(one: &VerdictTally, most: u64, (column, bar): (usize, usize), ctx: &Ctx) -> Line<'static> {
    let reason = one.code.map_or_else(|| "-".to_owned(), |code| format!("{code:<2} {}", code.title()));
    let bar = gauge(ctx.theme.glyphs(), one.verdicts as f64 / most.max(1) as f64, bar);
    Line::from(vec![
        Span::raw(format!("{} ", ctx.theme.left(&one.verdict.replace('_', " "), 12))),
        Span::raw(format!("{} ", ctx.theme.left(&reason, column))),
        Span::raw(format!("{:>6} ", format::compact(one.verdicts))),
        ctx.span(Meaning::Muted, format!("{bar} ")),
        ctx.span(Meaning::Muted, format!("{:>10} ", format::compact(one.taken_back))),
        ctx.span(Meaning::Good, format!("{:>5} ", format::compact(one.won))),
        Span::raw(format!("{:>5}", format::compact(one.lost))),
    ])
}

fn scope(one: &ScopeTally, ctx: &Ctx) -> Line<'static> {
    let name = if one.name.is_empty() { "(none)" } else { &one.name };
    let share = |part: u64, all: u64| {
        if all == 0 {
            "-".to_owned()
        } else {
            format!("{} of {}", format::percent_short(part as f64 / all as f64), format::compact(all))
        }
    };
    Line::from(vec![
        Span::raw(format!("{} ", ctx.theme.left(name, NAME))),
        Span::raw(format!("{:>7} ", format::compact(one.leads))),
        Span::raw(format!("{:>14} ", share(one.agree, one.compared))),
        Span::raw(format!("{:>8} {:>15}", format::compact(one.decided), share(one.approved, one.decided))),
    ])
}
