//! What was handed over last, and what would be handed over now.

use crate::app::handoff::sheet;
use crate::tui::backend::boards::{Handoff, HandoffBoard};
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Remote};
use crate::tui::view::Ctx;
use crate::tui::widgets::sheet::{Reader, Row, rows};

/// Lines besides the sheet: both parts, what can be done, an empty one, and how much lies below.
const FIXED: u16 = 4;
/// Lines above and below the screen.
const AROUND: u16 = 4;

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What was handed over last.
    Last,
    /// What would be handed over now.
    #[default]
    Now,
}

/// The state of the handoff screen.
#[derive(Debug, Default)]
pub struct HandoffScreen {
    /// Both parts.
    pub board: Remote<Box<HandoffBoard>>,
    /// Which is shown.
    pub part: Part,
    /// What is added to what is handed over now.
    pub note: String,
    /// It is being stored or accepted, so that a second key does not do it twice.
    pub under_way: bool,
    /// Where in the sheet.
    pub reader: Reader,
}

impl HandoffScreen {
    /// What was handed over last.
    pub fn last(&self) -> Option<&Handoff> {
        self.board.data.as_ref()?.last.as_ref()
    }

    /// The sheet of the part that is shown, in so many columns.
    pub fn rows(&self, ctx: &Ctx, width: usize) -> Vec<Row> {
        let lines = match (self.part, &self.board.data) {
            (_, None) => Vec::new(),
            (Part::Last, Some(board)) => board.last.as_ref().map_or_else(Vec::new, |last| last.sheet(ctx.zone)),
            (Part::Now, Some(board)) => {
                let note = Some(self.note.as_str()).filter(|note| !note.is_empty());
                sheet(note, &board.facts, ctx.zone)
            }
        };
        rows(&lines, ctx, width)
    }

    /// Shows a part from its beginning.
    pub fn turn(&mut self, part: Part) {
        self.part = part;
        self.reader = Reader { viewport: self.reader.viewport, ..Reader::default() };
    }

    /// Reads both parts anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.board.load.refresh().map(|generation| Effect::Board(Ask::Handoffs(generation)))
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.reader.viewport = usize::from(size.1.saturating_sub(AROUND + FIXED));
    }
}
