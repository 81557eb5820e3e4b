//! A sheet on the screen: lines to be read from top to bottom, with a cursor on those that name a lead.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::sheet::{self, Tone};
use crate::domain::ids::LeadId;
use crate::tui::action::Action;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, list_row, put};

/// Columns of a company's name.
const COMPANY: usize = 24;
/// Columns before a text that belongs to a heading.
const INDENT: usize = 3;
/// Most rows of one line.
const ROWS: usize = 24;
/// Most rows of one line about a lead.
const ABOUT_ROWS: usize = 2;

/// A row: a line of the sheet, or a part of one that is too long.
#[derive(Clone, Debug)]
pub struct Row {
    /// The lead that can be opened there.
    pub lead: Option<LeadId>,
    tone: Tone,
    /// The row goes on with the line above it.
    goes_on: bool,
    indent: usize,
    /// Safe, and cut to its column.
    company: String,
    text: String,
}

/// The rows of a sheet in so many columns.
pub fn rows(lines: &[sheet::Line], ctx: &Ctx, width: usize) -> Vec<Row> {
    lines.iter().flat_map(|line| rows_of(line, ctx, width)).collect()
}

fn rows_of(line: &sheet::Line, ctx: &Ctx, width: usize) -> Vec<Row> {
    let row = |indent, text| Row { lead: None, tone: line.tone, goes_on: false, indent, company: String::new(), text };
    if let Some(about) = &line.about {
        let room = width.saturating_sub(INDENT + COMPANY + 2);
        let mut texts = ctx.theme.wrap(&line.text, room, ABOUT_ROWS).into_iter();
        let (lead, company) = (Some(about.lead.clone()), ctx.theme.left(&about.company, COMPANY));
        let first = Row { lead, company, ..row(INDENT, texts.next().unwrap_or_default()) };
        let beneath = texts.map(|text| Row { goes_on: true, ..row(INDENT + COMPANY + 2, text) });
        return [first].into_iter().chain(beneath).collect();
    }
    let own = line.text.len() - line.text.trim_start_matches(' ').len();
    let indent = match line.tone {
        Tone::Heading => 1,
        // What is indented by itself belongs to the line before.
        _ if own > 0 => 1 + own,
        Tone::Bad | Tone::Quote => 1,
        Tone::Text | Tone::Muted | Tone::Warn => INDENT,
    };
    let rule = if line.tone == Tone::Quote { 2 } else { 0 };
    let parts = ctx.theme.wrap(&line.text, width.saturating_sub(indent.max(INDENT) + rule + 1), ROWS);
    if parts.is_empty() {
        return vec![row(indent, String::new())];
    }
    let part = |(n, text)| {
        // What goes on hangs below whatever stands like a heading.
        let hangs = n > 0 && own == 0 && matches!(line.tone, Tone::Heading | Tone::Bad);
        Row { goes_on: n > 0, ..row(if hangs { INDENT } else { indent }, text) }
    };
    parts.into_iter().enumerate().map(part).collect()
}

impl Row {
    fn line(&self, ctx: &Ctx, selected: bool, width: usize) -> Line<'static> {
        let margin = Span::raw(" ".repeat(self.indent));
        let meaning = match self.tone {
            Tone::Heading | Tone::Text | Tone::Quote => Meaning::Text,
            Tone::Muted => Meaning::Muted,
            Tone::Warn => Meaning::Warn,
            Tone::Bad => Meaning::Bad,
        };
        let text = ctx.span(meaning, self.text.clone());
        if self.lead.is_some() {
            let cursor = if selected { ctx.theme.glyphs().cursor } else { " " };
            let line = Line::from(vec![Span::raw(format!(" {cursor} {}  ", self.company)), text]);
            return list_row(ctx, line, selected, width);
        }
        match self.tone {
            Tone::Heading if !self.goes_on => {
                let end = self.text.find(": ").map_or(self.text.len(), |at| at + 1);
                let (title, sum) = self.text.split_at(end);
                Line::from(vec![margin, ctx.span(Meaning::Title, title.to_owned()), Span::raw(sum.to_owned())])
            }
            Tone::Quote => {
                let rule = ctx.span(Meaning::Key, format!("{} ", ctx.theme.glyphs().rule));
                Line::from(vec![margin, rule, ctx.span(Meaning::Title, self.text.clone())])
            }
            // Never selected by itself: it goes on below the lead that is.
            _ if selected => list_row(ctx, Line::from(vec![margin, text]), selected, width),
            _ => Line::from(vec![margin, text]),
        }
    }
}

/// Where somebody is in a sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    /// First row on screen.
    pub top: usize,
    /// The row under the cursor, if one can be: one with a lead.
    pub selected: Option<usize>,
    /// Rows that fit.
    pub viewport: usize,
}

impl Reader {
    /// Moves one row, page or all the way; false when the action is no movement. Whatever there is to read is never skipped:
    /// the cursor goes to the next lead in sight, and where there is none, the sheet goes on by a row.
    pub fn act(&mut self, action: Action, rows: &[Row]) -> bool {
        let page = self.viewport.saturating_sub(1).max(1);
        match action {
            Action::Down => self.down(rows),
            Action::Up => self.up(rows),
            Action::PageDown => self.to(self.top + page, rows),
            Action::PageUp => self.to(self.top.saturating_sub(page), rows),
            Action::Top => {
                self.to(0, rows);
                self.selected = leads(rows).next();
            }
            Action::Bottom => {
                self.to(rows.len(), rows);
                self.selected = leads(rows).last();
            }
            _ => return false,
        }
        true
    }

    /// Keeps it inside a sheet that changed.
    pub fn settle(&mut self, rows: &[Row]) {
        self.top = self.top.min(rows.len().saturating_sub(self.viewport.max(1)));
        let holds = |row: usize| rows.get(row).is_some_and(|row| row.lead.is_some());
        if !self.selected.is_some_and(holds) {
            self.selected = leads(rows).next();
        }
    }

    /// The lead under the cursor.
    pub fn lead<'a>(&self, rows: &'a [Row]) -> Option<&'a LeadId> {
        rows.get(self.selected?)?.lead.as_ref()
    }

    fn sees(&self, row: usize) -> bool {
        (self.top..self.top + self.viewport.max(1)).contains(&row)
    }

    fn down(&mut self, rows: &[Row]) {
        let next = match self.selected {
            Some(at) if self.sees(at) => leads(rows).find(|row| *row > at),
            _ => leads(rows).find(|row| *row >= self.top),
        };
        if !next.is_some_and(|row| self.sees(row)) {
            self.top += 1;
            self.settle(rows);
        }
        self.selected = next.filter(|row| self.sees(*row)).or(self.selected);
    }

    fn up(&mut self, rows: &[Row]) {
        let before = match self.selected {
            Some(at) if self.sees(at) => leads(rows).rfind(|row| *row < at),
            _ => leads(rows).rfind(|row| *row < self.top + self.viewport.max(1)),
        };
        if !before.is_some_and(|row| self.sees(row)) {
            self.top = self.top.saturating_sub(1);
        }
        self.selected = before.filter(|row| self.sees(*row)).or(self.selected);
    }

    fn to(&mut self, top: usize, rows: &[Row]) {
        self.top = top;
        self.settle(rows);
        if !self.selected.is_some_and(|row| self.sees(row)) {
            self.selected = leads(rows).find(|row| self.sees(*row)).or(self.selected);
        }
    }
}

fn leads(rows: &[Row]) -> impl DoubleEndedIterator<Item = usize> {
    rows.iter().enumerate().filter(|(_, row)| row.lead.is_some()).map(|(at, _)| at)
}

/// Draws what is in sight; how many rows lie below it.
pub fn draw(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, rows: &[Row], reader: &Reader) -> usize {
    let shown = usize::from(area.height);
    let top = reader.top.min(rows.len().saturating_sub(shown));
    for ((at, row), y) in rows.iter().enumerate().skip(top).zip(0..area.height) {
        // What goes on below the lead under the cursor is under it as well.
        let selected = reader.selected.is_some_and(|row| row == at || (row + 1 == at && rows[at].goes_on));
        put(frame, area, y, row.line(ctx, selected, usize::from(area.width)));
        if row.lead.is_some() {
            ctx.hits.row(area, y, at, reader.selected);
        }
    }
    rows.len().saturating_sub(top + shown)
}

/// Says how much lies below, and which key shows it.
pub fn more(frame: &mut Frame<'_>, ctx: &Ctx, area: Rect, below: usize, key: Option<String>) {
    if below > 0 {
        let key = key.map_or_else(String::new, |key| format!(", {key}"));
        let lines = if below == 1 { "1 more line".to_owned() } else { format!("{below} more lines") };
        let text = format!(" {} {lines}{key}", ctx.theme.glyphs().more.1);
        put(frame, area, 0, ctx.span(Meaning::Muted, text).into());
    }
}
