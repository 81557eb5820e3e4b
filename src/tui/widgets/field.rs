//! One line of text that is typed into. Its length is bounded, pasted text is cut to one line, and what is drawn is made
//! safe grapheme by grapheme, so that a place in the text is a place on the screen.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_textarea::{CursorMove, Input, TextArea};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// The text and the cursor in it.
#[derive(Debug)]
pub struct Field {
    area: TextArea<'static>,
    /// Longest text, in characters.
    limit: usize,
}

impl Field {
    /// A text of at most so many characters, with the cursor at its end.
    pub fn new(text: &str, limit: usize) -> Self {
        let mut field = Self { area: TextArea::default(), limit };
        field.insert(text);
        field
    }

    /// What is typed.
    pub fn text(&self) -> String {
        self.area.lines().concat()
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Characters before the cursor.
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Takes a key; true if the text changed. What would begin another line is swallowed.
    pub fn input(&mut self, event: KeyEvent) -> bool {
        let full = self.text().chars().count() >= self.limit;
        let refused = match event.code {
            KeyCode::Enter | KeyCode::Tab => true,
            KeyCode::Char(_) => full && event.modifiers.difference(crossterm::event::KeyModifiers::SHIFT).is_empty(),
            _ => false,
        };
        !refused && self.area.input(Input::from(event)) && self.one_line()
    }

    /// What an editing key left as one line: some of them know of line ends.
    fn one_line(&mut self) -> bool {
        if self.area.lines().len() > 1 {
            let text = self.text();
            self.replace(&text);
        }
        true
    }

    /// Takes the first line of a text at the cursor, without what cannot be seen; true if the text changed.
    pub fn insert(&mut self, text: &str) -> bool {
        let room = self.limit.saturating_sub(self.text().chars().count());
        let line = text.lines().next().unwrap_or_default();
        self.area.insert_str(line.chars().filter(|c| !c.is_control()).take(room).collect::<String>())
    }

    /// Another text, with the cursor at its end.
    pub fn replace(&mut self, text: &str) {
        *self = Self::new(text, self.limit);
    }

    /// Other characters before the cursor, from this one on.
    pub fn complete(&mut self, from: usize, text: &str) {
        let after = self.text().chars().skip(self.cursor()).count();
        let before: String = self.text().chars().take(from).collect();
        let rest: String = self.text().chars().skip(self.cursor()).collect();
        self.replace(&format!("{before}{text}{rest}"));
        for _ in 0..after {
            self.area.move_cursor(CursorMove::Back);
        }
    }

    /// Draws it in one row behind a prompt, with the terminal's cursor in it. `fault` are the characters that are wrong.
    /// Returns the column at which the fault begins, or the cursor if there is none.
    pub fn draw(
        &self,
        frame: &mut Frame<'_>,
        ctx: &Ctx,
        area: Rect,
        (prompt, hint): (&str, &str),
        fault: Option<(usize, usize)>,
    ) -> u16 {
        let start = prompt.width() as u16;
        let room = usize::from(area.width.saturating_sub(start));
        if area.height == 0 || room < 2 {
            return area.x;
        }
        let mut line = vec![ctx.span(Meaning::Key, prompt.to_owned())];
        if self.is_empty() {
            line.push(ctx.span(Meaning::Muted, ctx.theme.text(hint, room)));
        }
        let cells = self.cells(ctx, fault);
        let end: usize = cells.iter().map(Cell::width).sum();
        let at = |place: usize| -> usize { cells.iter().take_while(|cell| cell.at < place).map(Cell::width).sum() };
        let cursor = at(self.cursor());
        // The cursor is always in sight, with the end of the text where that fits.
        let skipped = if end < room { 0 } else { (cursor + 1).saturating_sub(room) };
        let (mut from, mut used) = (0, 0);
        for cell in cells {
            from += cell.width();
            if from <= skipped || used + cell.width() > room {
                continue;
            }
            used += cell.width();
            line.push(if cell.wrong { ctx.span(Meaning::Bad, cell.text) } else { Span::raw(cell.text) });
        }
        frame.render_widget(Line::from(line), Rect { height: 1, ..area });
        let column = |place: usize| area.x + start + place.saturating_sub(skipped).min(room - 1) as u16;
        frame.set_cursor_position(Position { x: column(cursor), y: area.y });
        column(fault.map_or(cursor, |(from, _)| {
            self.cells(ctx, None).iter().take_while(|c| c.at < from).map(Cell::width).sum()
        }))
    }

    fn cells(&self, ctx: &Ctx, fault: Option<(usize, usize)>) -> Vec<Cell> {
        let mut at = 0;
        let text = self.text();
        let cell = |grapheme: &str| {
            let begins = at;
            at += grapheme.chars().count();
            let wrong = fault.is_some_and(|(from, until)| (from..until).contains(&begins));
            Cell { at: begins, text: ctx.theme.text(grapheme, 2), wrong }
        };
        text.graphemes(true).map(cell).collect()
    }
}

/// A grapheme on its way to the screen.
struct Cell {
    /// Which character it begins with.
    at: usize,
    text: String,
    wrong: bool,
}

impl Cell {
    fn width(&self) -> usize {
        self.text.width()
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;

    #[test]
    fn it_stays_one_line_of_bounded_length() {
        let mut field = Field::new("", 5);
        assert!(field.insert("ab\u{1b}c\nsecond"));
        assert_eq!(field.text(), "abc");
        for code in [KeyCode::Enter, KeyCode::Tab] {
            assert!(!field.input(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        for c in "xyz".chars() {
            field.input(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
        assert_eq!(field.text(), "abcxy");
        field.input(KeyEvent::new(KeyCode::Char('m'), KeyModifiers::CONTROL));
        assert_eq!(field.text(), "abcxy");
        assert!(field.input(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE)));
        assert_eq!((field.text().as_str(), field.cursor()), ("abcx", 4));
    }

    #[test]
    fn a_word_before_the_cursor_is_completed() {
        let mut field = Field::new("acme sc tail", 40);
        for _ in 0..5 {
            field.input(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE));
        }
        field.complete(5, "score>");
        assert_eq!((field.text().as_str(), field.cursor()), ("acme score> tail", 11));
    }
}
