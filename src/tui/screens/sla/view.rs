//! What the SLA screen looks like.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;
use unicode_width::UnicodeWidthStr;

use super::SlaScreen;
use super::model::reps_below;
use crate::domain::contact::ContactOutcome;
use crate::domain::decision::WriteState;
use crate::tui::backend::boards::{Board, ContactList, ContactRow, ContactTally};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, list_row, put, put_all, unread};

/// Columns of what is left or came of it, so that all of it can be read.
const CAME: usize = 24;
/// Columns of the record of each rep.
const PANEL: u16 = 48;

/// Draws the sum, the list and the record of each rep.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.sla;
    let width = usize::from(area.width);
    let Some(board) = &screen.board.data else {
        put(frame, area, 0, ctx.span(Meaning::Title, " First contacts").into());
        return unread(frame, area, ctx, "First contacts", screen.board.error.as_deref());
    };
    put(frame, area, 0, reasons(screen, board, ctx, width).unwrap_or_else(|| sum(board, ctx)));
    put(frame, area, 1, lists(screen.list, &board.all, ctx));
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let (list, reps) = if area.width >= layout::WIDE {
        let [list, _, reps] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Length(PANEL)]).areas(body);
        (list, reps)
    } else {
        let below = reps_below(area.width, area.height);
        let [list, reps] = Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(body);
        (list, reps)
    };
    draw_list(frame, model, board, ctx, list);
    draw_reps(frame, board, ctx, reps);
}

fn sum(board: &Board, ctx: &Ctx) -> Line<'static> {
    let all = &board.all;
    let mut spans = vec![ctx.span(Meaning::Title, " First contacts  ")];
    let given = format::grouped(board.given);
    if board.given == 0 {
        let none = format!("no decision of the last {} days asked for one", board.days);
        spans.push(ctx.span(Meaning::Muted, none));
    } else if all.settled() == 0 {
        let none = format!("{given} in {} days, none still asked for when it was due", board.days);
        let open = format!("{given} in {} days, none due yet", board.days);
        spans.push(ctx.span(Meaning::Muted, if all.lapsed > 0 { none } else { open }));
    } else {
        let share = format::percent_short(all.in_time as f64 / all.settled() as f64);
        let (made, up) = (format::grouped(all.in_time), format::grouped(all.settled()));
        spans.push(Span::raw(format!("{given} in {} days; {made} of {up} made in time ({share})", board.days)));
        let meaning = if all.reassigned > 0 { Meaning::Warn } else { Meaning::Muted };
        spans.push(ctx.span(meaning, format!("  {} routed anew", format::grouped(all.reassigned))));
    }
    Line::from(spans)
}

fn lists(shown: ContactList, all: &ContactTally, ctx: &Ctx) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for list in ContactList::iter() {
        let (name, bad) = match list {
            ContactList::Due => ("Due", all.overdue > 0),
            ContactList::Breached => ("Missed or late", all.of(list) > 0),
            ContactList::Made => ("Made", false),
            ContactList::Lapsed => ("No longer asked", false),
        };
        let text = format!(" {name} {} ", format::grouped(all.of(list)));
        let meaning = if list == shown {
            Meaning::Selected
        } else if bad {
            Meaning::Bad
        } else {
            Meaning::Text
        };
        spans.extend([ctx.span(meaning, text), Span::raw("  ")]);
    }
    if all.overdue > 0 {
        spans.push(ctx.span(Meaning::Bad, format!("{} past due", format::grouped(all.overdue))));
    }
    Line::from(spans)
}

fn draw_list(frame: &mut Frame<'_>, model: &Model, board: &Board, ctx: &Ctx, area: Rect) {
    let screen = &model.boards.sla;
    let width = usize::from(area.width);
    let rows = screen.rows();
    if rows.is_empty() {
        let text = match screen.list {
            list if list != board.list => "reading ...".to_owned(),
            ContactList::Due if board.all.lapsed > 0 => {
                "Nobody owes a first contact now. The last list says why those that were given are no longer asked for."
                    .to_owned()
            }
            ContactList::Due => {
                "Nobody owes a first contact. Each decision that gives a lead to a rep makes one due.".to_owned()
            }
            ContactList::Breached => format!("No first contact was missed in {} days.", board.days),
            ContactList::Lapsed => format!("Each that was given in {} days is still asked for, or was.", board.days),
            ContactList::Made => {
                format!("None was made in {} days. When one is due, the CRM is asked who called.", board.days)
            }
        };
        let lines = ctx.theme.wrap(&text, width.saturating_sub(4), 3);
        let lines = lines.into_iter().map(|line| ctx.span(Meaning::Muted, format!("  {line}")).into());
        return put_all(frame, area, 1, lines);
    }
    let last = match screen.list {
        ContactList::Due => "left",
        ContactList::Lapsed => "why not any more",
        ContactList::Breached | ContactList::Made => "what came of it",
    };
    let columns = Columns::fit(screen.cursor.shown(rows).map(|(_, row)| row), ctx, width);
    let Columns { company, rep, due } = columns;
    let head = format!("  {:<company$} {:<rep$} {:<due$} {last}", "lead", "rep", "due");
    put(frame, area, 0, ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    let place = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    for ((index, row), y) in screen.cursor.shown(rows).zip(0..place.height) {
        put(frame, place, y, line(row, index == screen.cursor.selected, &columns, ctx, width));
        ctx.hits.row(place, y, index, screen.cursor.selected);
    }
}

/// Of those that are no longer asked for: how many for which reason, most first; nothing of the other lists.
fn reasons(screen: &SlaScreen, board: &Board, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let rows = screen.rows();
    if screen.list != ContactList::Lapsed || rows.is_empty() {
        return None;
    }
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for why in rows.iter().filter_map(|row| row.lapsed) {
        *sums.entry(why.words()).or_default() += 1;
    }
    let mut sums: Vec<(&str, usize)> = sums.into_iter().collect();
    sums.sort_by_key(|(words, n)| (Reverse(*n), *words));
    let all = rows.len() as u64 == board.all.of(screen.list);
    let of = if all { "No longer asked".to_owned() } else { format!("Of the newest {}", rows.len()) };
    let sums: Vec<String> = sums.into_iter().map(|(words, n)| format!("{n} {words}")).collect();
    let text = ctx.theme.text(&sums.join(", "), width.saturating_sub(of.width() + 4));
    Some(Line::from(vec![ctx.span(Meaning::Title, format!(" {of}  ")), Span::raw(text)]))
}

/// Widths of the columns before the last.
struct Columns {
    company: usize,
    rep: usize,
    due: usize,
}

impl Columns {
    /// As wide as these rows need for when they are due; the names share the rest.
    fn fit<'a>(shown: impl Iterator<Item = &'a ContactRow>, ctx: &Ctx, width: usize) -> Self {
        let due = shown.map(|row| format::moment(row.due_at, ctx.now, ctx.zone).width()).max().unwrap_or(0).max(5);
        let rest = width.saturating_sub(2 + 3 + due + CAME);
        let rep = (rest * 2 / 5).clamp(8, 24);
        Self { company: rest.saturating_sub(rep).clamp(8, 40), rep, due }
    }
}

fn line(row: &ContactRow, selected: bool, columns: &Columns, ctx: &Ctx, width: usize) -> Line<'static> {
    let cursor = if selected { ctx.theme.glyphs().cursor } else { " " };
    let (meaning, came) = came_of(row, ctx);
    let room = width.saturating_sub(2 + columns.company + 1 + columns.rep + 1 + columns.due + 1);
    let due = format::moment(row.due_at, ctx.now, ctx.zone);
    let line = Line::from(vec![
        Span::raw(format!("{cursor} {} ", ctx.theme.left(&row.company, columns.company))),
        Span::raw(format!("{} ", ctx.theme.left(&row.rep_name, columns.rep))),
        ctx.span(Meaning::Muted, format!("{} ", ctx.theme.left(&due, columns.due))),
        ctx.span(meaning, ctx.theme.text(&came, room)),
    ]);
    list_row(ctx, line, selected, width)
}

/// What is left, or what came of it.
fn came_of(row: &ContactRow, ctx: &Ctx) -> (Meaning, String) {
    let (good, bad, _) = ctx.theme.glyphs().marks;
    if let Some(why) = row.lapsed {
        return (Meaning::Muted, why.words().to_owned());
    }
    let at = row.contacted_at.map(|at| format!(" {}", format::moment(at, ctx.now, ctx.zone))).unwrap_or_default();
    match row.outcome {
        None => {
            let left = row.due_at - ctx.now;
            let unwritten = if row.write == WriteState::Waiting { ", not written" } else { "" };
            if left <= chrono::TimeDelta::zero() {
                (Meaning::Bad, format!("{bad} {} over{unwritten}", minutes(-left)))
            } else {
                (ctx.urgency(left), format!("{} left{unwritten}", minutes(left)))
            }
        }
        Some(ContactOutcome::InTime) => (Meaning::Good, format!("{good} made{at}")),
        Some(ContactOutcome::Late) => (Meaning::Warn, format!("{bad} late:{at}")),
        Some(ContactOutcome::Missed) if row.reassigned => (Meaning::Bad, format!("{bad} none, routed anew")),
        Some(ContactOutcome::Missed) => (Meaning::Bad, format!("{bad} no contact")),
        Some(ContactOutcome::Moot) => (Meaning::Muted, "not owed any more".into()),
    }
}

/// How long, of which the last minute is told as such.
fn minutes(time: chrono::TimeDelta) -> String {
    if time < chrono::TimeDelta::minutes(1) { "<1m".to_owned() } else { format::duration(time) }
}

fn draw_reps(frame: &mut Frame<'_>, board: &Board, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let head =
        format!(" {:<16}{:>5} {:>5} {:>5} {:>5} {:>5} ", "rep, worst first", "none", "late", "made", "owed", "ended");
    put(frame, area, 0, ctx.span(Meaning::Muted, ctx.theme.text(&head, width)).into());
    if board.reps.is_empty() {
        let text = "No rep was given a lead that asks for one.";
        return put(
            frame,
            area,
            1,
            ctx.span(Meaning::Muted, format!(" {}", ctx.theme.text(text, width.saturating_sub(2)))).into(),
        );
    }
    for (rep, y) in board.reps.iter().zip(1..area.height) {
        let tally = &rep.tally;
        let meaning = if tally.missed > 0 { Meaning::Bad } else { Meaning::Muted };
        let more = board.reps.len().saturating_sub(usize::from(area.height) - 1);
        let name = if y + 1 == area.height && more > 0 { format!("and {} more", more + 1) } else { rep.name.clone() };
        if y + 1 == area.height && more > 0 {
            return put(frame, area, y, ctx.span(Meaning::Muted, format!(" {name}")).into());
        }
        let line = Line::from(vec![
            Span::raw(format!(" {} ", ctx.theme.left(&name, 15))),
            ctx.span(meaning, format!("{:>5} ", tally.missed)),
            Span::raw(format!("{:>5} {:>5} {:>5} {:>5}", tally.late, tally.in_time, tally.owed, tally.lapsed)),
        ]);
        put(frame, area, y, line);
    }
}
