//! Legacy owners by recommended owners: how many leads go from one to the other. Those who do not fit are one line and one
//! column together.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::model::Found;
use super::super::{Board, Part};
use super::wins;
use crate::app::disagreements::{Axis, Tally};
use crate::tui::format;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put};

/// Columns of a legacy owner's name, of a number, of a number with its wins, and of the sums at the end.
const NAME: usize = 14;
/// Of a name where there is room for most.
const WIDE_NAME: usize = 18;
const CELL: usize = 8;
/// Of a number where there is room for most names above it.
const NAMED_CELL: usize = 9;
const WIDE_CELL: usize = 13;
const SUMS: usize = 14;
/// From this width on each number has its wins beside it.
const WIDE: usize = 76;
/// From this width on there is room for most names.
const NAMED: usize = 100;

pub(super) fn draw(frame: &mut Frame<'_>, board: &Board, found: &Found, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let cell = match width {
        _ if width >= WIDE && found.matrix.model.len() <= 4 || width >= 2 * WIDE => WIDE_CELL,
        NAMED.. => NAMED_CELL,
        _ => CELL,
    };
    let name = if width >= NAMED { WIDE_NAME } else { NAME };
    let across = Shown::of(board.column, found.matrix.model.len(), width.saturating_sub(1 + name + SUMS) / cell);
    let down = Shown::of(board.row, found.matrix.legacy.len(), usize::from(area.height.saturating_sub(1)));
    let mut head = vec![ctx.span(Meaning::Muted, ctx.theme.left(" legacy \\ model", name + 1))];
    for (index, axis) in found.matrix.model.iter().enumerate().skip(across.first).take(across.count) {
        let here = board.part == Part::Owners && index == board.column;
        let meaning = if here { Meaning::Title } else { Meaning::Model };
        let name = ctx.theme.text(&short(axis, cell - 1), cell - 1);
        head.push(ctx.span(meaning, ctx.theme.right(&name, cell)));
    }
    if across.others() > 0 {
        head.push(ctx.span(Meaning::Muted, ctx.theme.right("others", cell)));
    }
    head.push(ctx.span(Meaning::Muted, format!("{:>6} {:>7}", "all", "wins")));
    put(frame, area, 0, Line::from(head));
    let cells = |rows: &dyn Fn(usize) -> bool, columns: &dyn Fn(usize) -> bool| {
        let in_them = found.matrix.cells.iter().filter(|cell| rows(cell.row) && columns(cell.column));
        in_them.fold(Tally::default(), |sum, cell| sum.and(cell.tally))
    };
    let line = |name: Span<'static>, rows: &dyn Fn(usize) -> bool, row: Option<usize>| {
        let mut line = vec![name];
        for column in across.range() {
            let sum = cells(rows, &|at| at == column);
            let here = board.part == Part::Owners && row == Some(board.row) && column == board.column;
            line.push(number(&sum, ctx, cell, here));
        }
        if across.others() > 0 {
            line.push(number(&cells(rows, &|at| !across.holds(at)), ctx, cell, false));
        }
        let all = cells(rows, &|_| true);
        line.push(ctx.span(Meaning::Title, format!("{:>6}", format::compact(all.leads))));
        line.push(ctx.span(Meaning::Text, format!(" {:>7}", wins(&all))));
        Line::from(line)
    };
    for (place, row) in down.range().enumerate() {
        let Some(axis) = found.matrix.legacy.get(row) else { continue };
        let here = board.part == Part::Owners && row == board.row;
        let meaning = if here { Meaning::Title } else { Meaning::Legacy };
        let owner = ctx.theme.text(&short(axis, name - 1), name - 1);
        let owner = ctx.span(meaning, format!(" {}", ctx.theme.left(&owner, name)));
        put(frame, area, place as u16 + 1, line(owner, &|at| at == row, Some(row)));
    }
    if down.others() > 0 {
        let others = format!("{} others", down.others());
        let others = ctx.span(Meaning::Muted, format!(" {}", ctx.theme.left(&others, name)));
        put(frame, area, down.count as u16 + 1, line(others, &|at| !down.holds(at), None));
    }
}

/// Which of so many are shown, such that the cursor is among them.
struct Shown {
    first: usize,
    count: usize,
    of: usize,
}

impl Shown {
    /// Where not all fit, one place is for the others.
    fn of(cursor: usize, of: usize, places: usize) -> Self {
        let count = if of <= places { of } else { places.saturating_sub(1).max(1) };
        Self { first: (cursor + 1).saturating_sub(count).min(of.saturating_sub(count)), count, of }
    }

    const fn others(&self) -> usize {
        self.of - self.count
    }

    const fn holds(&self, index: usize) -> bool {
        index >= self.first && index < self.first + self.count
    }

    fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.count
    }
}

/// How many, with the wins where there is room; a dot where there are none.
fn number(sum: &Tally, ctx: &Ctx, cell: usize, here: bool) -> Span<'static> {
    let text = match sum.leads {
        0 => ctx.theme.glyphs().dot.to_owned(),
        leads if cell >= WIDE_CELL => format!("{} {}", format::compact(leads), wins(sum)),
        leads => format::compact(leads),
    };
    let meaning = match (here, sum.leads) {
        (true, _) => Meaning::Selected,
        (false, 0) => Meaning::Muted,
        (false, _) => Meaning::Text,
    };
    ctx.span(meaning, ctx.theme.right(&text, cell))
}

/// A name that fits: in full, or of a rep the initial and the last name.
fn short(axis: &Axis, width: usize) -> String {
    if axis.owner.rep().is_some() { initialled(&axis.name, width) } else { axis.name.clone() }
}

fn initialled(name: &str, width: usize) -> String {
    let mut words = name.split_whitespace();
    match (words.next(), words.next_back()) {
        (Some(first), Some(last)) if name.width() > width => {
            format!("{}.{last}", first.chars().next().unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_always_among_those_that_are_shown_and_nobody_is_counted_twice() {
        for of in 0..12 {
            for places in 0..8 {
                for cursor in 0..of.max(1) {
                    let shown = Shown::of(cursor, of, places);
                    assert!(of == 0 || shown.holds(cursor), "{cursor} of {of} in {places}");
                    assert_eq!((0..of).filter(|at| shown.holds(*at)).count() + shown.others(), of.max(shown.count));
                }
            }
        }
    }

    #[test]
    fn names_are_shortened_to_an_initial_and_the_last_name() {
        assert_eq!(initialled("Ana Ruiz", 8), "Ana Ruiz");
        assert_eq!(initialled("Ana Maria Lindqvist", 8), "A.Lindqvist");
        assert_eq!(initialled("Managers", 4), "Managers");
        assert_eq!(initialled("", 4), "");
    }
}
