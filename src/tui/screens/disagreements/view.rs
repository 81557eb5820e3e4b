//! What the disagreements screen looks like.

mod group;
mod owners;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::model::Found;
use super::{Board, Part};
use crate::app::disagreements::{CauseSum, LOOKED, Tally, hundredths};
use crate::tui::action::Action;
use crate::tui::backend::Which;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, list_row, put, put_all};

/// Most lines of the causes where they stand below the owners.
const FEW_CAUSES: u16 = 8;
/// The same where the owners need the room.
const FEWEST_CAUSES: u16 = 4;
/// Columns of the causes where they stand beside the owners.
const CAUSES: u16 = 44;
/// Fewest columns of the owners beside them.
const OWNERS: u16 = 70;
/// Columns of a cause's title and of its numbers.
const TITLE: usize = 26;
const NUMBERS: usize = 16;
const VERDICTS: usize = 24;

/// The whole screen.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let board = &model.board;
    let Some(found) = &board.found.data else { return waiting(frame, model, ctx, area) };
    if board.group.is_some() {
        return group::draw(frame, model, ctx, area);
    }
    let width = usize::from(area.width);
    let summary = ctx.theme.wrap(&summary(found, board.which), width.saturating_sub(2), 2);
    let lines = summary.len() as u16;
    put_all(frame, area, 0, summary.into_iter().map(|line| ctx.span(Meaning::Title, format!(" {line}")).into()));
    let body = Rect { y: area.y + (lines + 1).min(area.height), height: area.height.saturating_sub(lines + 1), ..area };
    if found.all.rows.is_empty() {
        return nothing(frame, model, ctx, body);
    }
    let last = Rect { y: body.bottom().saturating_sub(1), height: body.height.min(1), ..body };
    put(frame, last, 0, under_cursor(model, found, ctx, width));
    let body = Rect { height: body.height.saturating_sub(2), ..body };
    let side = CAUSES + if board.which == Which::Open { 0 } else { VERDICTS as u16 };
    if area.width >= layout::WIDE && area.width >= side + OWNERS {
        let left = Rect { width: body.width - side - 2, ..body };
        owners::draw(frame, board, found, ctx, left);
        return causes(frame, board, found, ctx, Rect { x: left.right() + 2, width: side, ..body });
    }
    // Where it is tight, the part with the cursor gets the room, and the other keeps what tells that it is there.
    let tight = body.height < found.matrix.legacy.len() as u16 + found.causes.len() as u16 + 3;
    let most = if tight && board.part == Part::Owners { FEWEST_CAUSES } else { FEW_CAUSES };
    let below = (found.causes.len() as u16 + 1).min(most).min(body.height / 2);
    let above = Rect { height: body.height.saturating_sub(below + 1), ..body };
    owners::draw(frame, board, found, ctx, above);
    causes(frame, board, found, ctx, Rect { y: above.bottom() + 1, height: below, ..body });
}

/// How many, what is at stake, and what that rests on.
fn summary(found: &Found, which: Which) -> String {
    let Tally { leads, approved, kept, other, .. } = found.total;
    let (n, looked) = (format::grouped(leads), format::grouped(found.all.looked_at));
    let stake = if leads == 0 { String::new() } else { format!("; {}", stake_words(&found.total)) };
    match which {
        Which::Open => {
            let of = if found.all.complete {
                format!("of {looked} in the lanes")
            } else {
                format!("of the {looked} with most at stake (no more than {LOOKED} are looked at)")
            };
            let hidden = match found.hidden {
                0 => String::new(),
                n => format!(" {n} more are judged blind."),
            };
            format!("Open: model and legacy rules differ on {n} {of}{stake}.{hidden}")
        }
        Which::Decided { days } => {
            let of = if found.all.complete { "decisions" } else { "newest decisions" };
            format!(
                "Decided in {days} days: {n} where they differed, of {looked} {of}: {approved} approved, {kept} kept, \
                 {other} otherwise{stake}."
            )
        }
    }
}

/// Expected wins, and of how many leads they can be told.
fn stake_words(tally: &Tally) -> String {
    match tally.told {
        0 => "what is at stake cannot be told of any".to_owned(),
        told if told == tally.leads => format!("{} expected wins at stake, by the model's estimate", wins(tally)),
        told => format!(
            "{} expected wins at stake, by the model's estimate for {} of them",
            wins(tally),
            format::grouped(told)
        ),
    }
}

/// Expected wins, or that they cannot be told.
fn wins(tally: &Tally) -> String {
    if tally.told == 0 { "-".to_owned() } else { format!("{:+.2}", hundredths(tally.stake)) }
}

/// Who is under the cursor, in full.
fn under_cursor(model: &Model, found: &Found, ctx: &Ctx, width: usize) -> Line<'static> {
    let board = &model.board;
    let open = model.keymap.key_for(model.place(), Action::Open).unwrap_or_default();
    let (what, tally) = match board.part {
        Part::Owners => {
            let pair = found.matrix.legacy.get(board.row).zip(found.matrix.model.get(board.column));
            let Some((legacy, model)) = pair else { return Line::default() };
            let what = format!("{} {} {}", legacy.name, ctx.theme.glyphs().arrow, model.name);
            (what, found.matrix.at(board.row, board.column).map(|cell| cell.tally))
        }
        Part::Causes => {
            let Some(sum) = found.causes.get(board.cause) else { return Line::default() };
            (sum.title.to_owned(), Some(sum.tally))
        }
    };
    let text = match tally {
        None => format!("{what}: none"),
        Some(tally) => {
            let leads = if tally.leads == 1 { "lead" } else { "leads" };
            format!("{what}: {} {leads}, {} wins; {open} lists them", format::grouped(tally.leads), wins(&tally))
        }
    };
    ctx.span(Meaning::Text, format!(" {}", ctx.theme.text(&text, width.saturating_sub(2)))).into()
}

/// The causes with their numbers, from the one that keeps the cursor in sight on.
fn causes(frame: &mut Frame<'_>, board: &Board, found: &Found, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let verdicts = board.which != Which::Open && width >= TITLE + NUMBERS + VERDICTS;
    let title = width.saturating_sub(NUMBERS + if verdicts { VERDICTS } else { 0 } + 2).min(TITLE);
    let mut head = format!(" {} {:>6} {:>7}", ctx.theme.left("cause", title), "leads", "wins");
    if verdicts {
        head = format!("{head} {:>8} {:>6} {:>6}", "approved", "kept", "other");
    }
    put(frame, area, 0, ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    let visible = usize::from(area.height.saturating_sub(1));
    let top = (board.cause + 1).saturating_sub(visible);
    for (index, sum) in found.causes.iter().enumerate().skip(top).take(visible) {
        let CauseSum { title: words, tally, .. } = sum;
        let mut line = Line::from(vec![
            Span::raw(format!(" {} ", ctx.theme.left(words, title))),
            ctx.span(Meaning::Title, format!("{:>6}", format::compact(tally.leads))),
            ctx.span(Meaning::Text, format!(" {:>7}", wins(tally))),
        ]);
        if verdicts {
            let Tally { approved, kept, other, .. } = tally;
            line.push_span(Span::raw(format!(" {approved:>8} {kept:>6} {other:>6}")));
        }
        let selected = board.part == Part::Causes && index == board.cause;
        put(frame, area, (index - top + 1) as u16, list_row(ctx, line, selected, width));
        if board.part == Part::Causes {
            ctx.hits.row(area, (index - top + 1) as u16, index, board.cause);
        }
    }
    let below = found.causes.len().saturating_sub(top + visible);
    if below > 0 && area.width > 0 {
        let mark = Rect { x: area.right() - 1, width: 1, ..area };
        put(frame, mark, area.height.saturating_sub(1), ctx.span(Meaning::Key, ctx.theme.glyphs().more.1).into());
    }
}

fn nothing(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let other = model.keymap.key_for(model.place(), Action::Decided).unwrap_or_default();
    let lines = match model.board.which {
        Which::Open => [
            "In no open lead do model and legacy rules differ.".to_owned(),
            "Leads come here as soon as they are ranked for somebody whom the CRM's rules did not choose.".to_owned(),
            format!("{other} shows those that were decided."),
        ],
        Which::Decided { .. } => [
            "No manager decided a lead on which model and legacy rules differ.".to_owned(),
            "Verdicts on such leads come here.".to_owned(),
            format!("{other} shows those that are open."),
        ],
    };
    let width = usize::from(area.width).saturating_sub(2);
    let lines = lines.into_iter().flat_map(|text| ctx.theme.wrap(&text, width, 3));
    put_all(frame, area, 0, lines.map(|line| ctx.span(Meaning::Muted, format!(" {line}")).into()));
}

fn waiting(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let Some(error) = &model.board.found.error else {
        return put(frame, area, 1, ctx.span(Meaning::Muted, " looking through the leads ...").into());
    };
    let again = model.keymap.key_for(model.place(), Action::Refresh).unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(2);
    let lines = [
        (Meaning::Bad, "The disagreements could not be read.".to_owned()),
        (Meaning::Text, error.clone()),
        (Meaning::Muted, format!("Nothing is lost. {again} tries again.")),
    ];
    let lines = lines.into_iter().map(|(meaning, text)| ctx.span(meaning, format!(" {}", ctx.theme.text(&text, room))));
    put_all(frame, area, 1, lines.map(Line::from));
}
