//! Curves in the unit square, in braille dots or, in ASCII mode, in letters; with axes and labels.

use ratatui::text::{Line, Span};

use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// One curve or cloud of points.
#[derive(Clone, Debug)]
pub struct Series {
    /// Points, both coordinates from 0 to the axis end.
    pub points: Vec<(f64, f64)>,
    /// Whether neighbouring points are joined.
    pub joined: bool,
    /// Its look.
    pub meaning: Meaning,
    /// Its letter in ASCII mode.
    pub letter: char,
}

/// A drawing of several series over one another, later ones on top.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// The series.
    pub series: &'a [Series],
    /// End of both axes (they begin at 0).
    pub end: f64,
    /// What the horizontal axis shows.
    pub x_label: &'a str,
    /// What the vertical axis shows; drawn above it.
    pub y_label: &'a str,
}

/// Columns taken by the labels of the vertical axis.
const GUTTER: usize = 6;

impl Plot<'_> {
    /// Draws into so many columns and lines, axes and labels included. Nothing below 20x8.
    pub fn lines(&self, ctx: &Ctx, width: usize, height: usize) -> Vec<Line<'static>> {
        if width < 20 || height < 8 || self.end <= 0.0 {
            return Vec::new();
        }
        let (columns, rows) = (width - GUTTER - 1, height - 4);
        let grid = self.rasterise(columns, rows);
        let label = |p: f64| format!("{:>4.0}% ", p * 100.0);
        let mut lines = vec![Line::from(ctx.span(Meaning::Muted, format!("{:w$}{}", "", self.y_label, w = GUTTER)))];
        for (row, cells) in grid.chunks(columns).enumerate() {
            let text = match row {
                0 => label(self.end),
                r if r == rows / 2 => label(self.end / 2.0),
                _ => " ".repeat(GUTTER),
            };
            let mut spans = vec![ctx.span(Meaning::Muted, format!("{text}{}", ctx.theme.glyphs().rule))];
            for run in cells.chunk_by(|a, b| a.series == b.series) {
                let drawn: String = run.iter().map(|cell| self.character(ctx, *cell)).collect();
                let meaning = run[0].series.map_or(Meaning::Text, |s| self.series[s].meaning);
                spans.push(ctx.span(meaning, drawn));
            }
            lines.push(Line::from(spans));
        }
        let axis: String = std::iter::repeat_n(ctx.theme.glyphs().dash, columns).collect();
        lines.push(ctx.span(Meaning::Muted, format!("{:>4}% {}{axis}", 0, corner(ctx))).into());
        let end = format!("{:.0}%", self.end * 100.0);
        let ticks = format!("{:GUTTER$} 0%{end:>w$}", "", w = columns.saturating_sub(2));
        lines.push(ctx.span(Meaning::Muted, ticks).into());
        lines.push(Line::from(vec![
            Span::raw(" ".repeat(GUTTER + 1)),
            ctx.span(Meaning::Muted, format!("{:^columns$}", self.x_label)),
        ]));
        lines
    }

    fn character(&self, ctx: &Ctx, cell: Cell) -> char {
        match cell.series {
            None => ' ',
            Some(s) if ctx.theme.ascii() => self.series[s].letter,
            Some(_) => char::from_u32(0x2800 + u32::from(cell.dots)).unwrap_or(' '),
        }
    }

    fn rasterise(&self, columns: usize, rows: usize) -> Vec<Cell> {
        let mut grid = vec![Cell::default(); columns * rows];
        let (wide, high) = (columns * 2, rows * 4);
        for (index, series) in self.series.iter().enumerate() {
            let mut dot = |x: f64, y: f64| {
                if !(x.is_finite() && y.is_finite()) {
                    return;
                }
                let place = |v: f64, n: usize| ((v / self.end).clamp(0.0, 1.0) * (n - 1) as f64).round() as usize;
                let (column, line) = (place(x, wide), high - 1 - place(y, high));
                let cell = &mut grid[line / 4 * columns + column / 2];
                // A cell has one colour, so the series on top takes it over, dots of those below included.
                cell.series = Some(index);
                cell.dots |= BRAILLE[line % 4][column % 2];
            };
            if series.joined {
                for pair in series.points.windows(2) {
                    let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
                    let steps = (wide + high) as f64 * ((x1 - x0).abs().max((y1 - y0).abs()) / self.end).min(1.0);
                    let steps = steps.ceil().max(1.0) as usize;
                    for step in 0..=steps {
                        let t = step as f64 / steps as f64;
                        dot(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t);
                    }
                }
            } else {
                for (x, y) in &series.points {
                    dot(*x, *y);
                }
            }
        }
        grid
    }
}

const fn corner(ctx: &Ctx) -> &'static str {
    if ctx.theme.ascii() { "+" } else { "└" }
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    dots: u8,
    series: Option<usize>,
}

/// Bit of each of the eight dots of a braille cell, by row and column (Unicode block U+2800).
const BRAILLE: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
