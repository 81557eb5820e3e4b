//! What a terminal shows, as SVG.

use std::fmt::Write;

use vt100::{Cell, Color};

/// Size of a cell and of the edge around all of them, in user units.
const CELL: (f64, f64) = (8.4, 18.0);
const EDGE: f64 = 12.0;
/// Of the letters.
const SIZE: f64 = 14.0;

const GROUND: &str = "#11151c";
const TEXT: &str = "#d4d9e0";
/// The sixteen colours of a terminal that left them as they are, on a dark ground.
const SIXTEEN: [&str; 16] = [
    "#11151c", "#e06c75", "#98c379", "#d7af5f", "#61afef", "#c678dd", "#56b6c2", "#d4d9e0", "#5c6370", "#ff7b86",
    "#b5e890", "#ffd787", "#8cc8ff", "#e29bf5", "#7fdbe6", "#ffffff",
];

/// How a cell looks.
#[derive(Clone, PartialEq)]
struct Look {
    text: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut text, mut ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
        if cell.inverse() {
            let ink = ground.take().unwrap_or_else(|| GROUND.to_owned());
            ground = Some(text.take().unwrap_or_else(|| TEXT.to_owned()));
            text = Some(ink);
        }
        let text = text.unwrap_or_else(|| TEXT.to_owned());
        Self { text, ground, bold: cell.bold(), dim: cell.dim(), underlined: cell.underline() }
    }
}

/// A colour; `None` is the terminal's own.
fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Idx(n @ 0..16) => Some(SIXTEEN[usize::from(n)].to_owned()),
        // xterm's cube of 6x6x6, and its 24 greys.
        Color::Idx(n @ 16..232) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = n - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6)))
        }
        Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}

/// The picture; the title is read aloud to who does not see it.
pub(super) fn of(screen: &vt100::Screen, title: &str) -> String {
    let (rows, cols) = (screen.size().0.get(), screen.size().1.get());
    let (width, height) = (f64::from(cols) * CELL.0 + 2.0 * EDGE, f64::from(rows) * CELL.1 + 2.0 * EDGE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" font-size=\"{SIZE}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n",
        escaped(title)
    );
    for row in 0..rows {
        let cells: Vec<(u16, String, Look)> = (0..cols)
            .filter_map(|col| Some((col, screen.cell(row, col)?)))
            .filter(|(_, cell)| !cell.is_wide_continuation())
            .map(|(col, cell)| {
                let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
                (col, text, Look::of(cell))
            })
            .collect();
        for run in cells.chunk_by(|a, b| a.2 == b.2) {
            let end = cells.iter().map(|cell| cell.0).find(|col| *col > run[run.len() - 1].0).unwrap_or(cols);
            draw(&mut out, row, (run[0].0, end), run);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells of one look beside one another. Each run has its width written down, whatever font draws it.
fn draw(out: &mut String, row: u16, (start, end): (u16, u16), run: &[(u16, String, Look)]) {
    let look = &run[0].2;
    let (x, y) = (EDGE + f64::from(start) * CELL.0, EDGE + f64::from(row) * CELL.1);
    let width = f64::from(end - start) * CELL.0;
    if let Some(ground) = &look.ground {
        writeln!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{ground}\"/>", CELL.1)
            .unwrap();
    }
    let text: String = run.iter().map(|cell| cell.1.as_str()).collect();
    let (ahead, shown) = (text.len() - text.trim_start_matches(' ').len(), text.trim_matches(' '));
    if shown.is_empty() {
        return;
    }
    let (x, behind) = (x + ahead as f64 * CELL.0, text.len() - text.trim_end_matches(' ').len());
    let width = width - (ahead + behind) as f64 * CELL.0;
    let mut style = format!("fill=\"{}\"", look.text);
    if look.bold {
        style.push_str(" font-weight=\"bold\"");
    }
    if look.dim {
        style.push_str(" opacity=\"0.6\"");
    }
    if look.underlined {
        style.push_str(" text-decoration=\"underline\"");
    }
    writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" \
         {style}>{}</text>",
        y + CELL.1 * 0.75,
        escaped(shown)
    )
    .unwrap();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
