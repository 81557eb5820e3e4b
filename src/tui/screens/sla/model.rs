//! First contacts as lists with a cursor, and the record of each rep.

use strum::IntoEnumIterator;

use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Board, ContactList, ContactRow};
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::view::layout;
use crate::tui::widgets::list::Cursor;

/// Lines besides the rows: the sum, the lists, the heads of the columns.
const FIXED: u16 = 3;
/// Lines above and below the screen.
const AROUND: u16 = 4;

/// The state of the SLA screen.
#[derive(Debug, Default)]
pub struct SlaScreen {
    /// The list, with the record of each rep.
    pub board: Remote<Box<Board>>,
    /// Which list is wanted.
    pub list: ContactList,
    /// The cursor.
    pub cursor: Cursor,
}

impl SlaScreen {
    /// The rows of the list that is wanted; none while another one is still shown.
    pub fn rows(&self) -> &[ContactRow] {
        self.board.data.as_ref().filter(|board| board.list == self.list).map_or(&[], |board| &board.rows)
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&ContactRow> {
        self.rows().get(self.cursor.selected)
    }

    /// Reads the list anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        let list = self.list;
        self.board.load.refresh().map(|generation| Effect::Board(Ask::Contacts(generation, list)))
    }

    /// Takes a list; the cursor stays on its row.
    pub fn receive(&mut self, generation: Generation, result: Result<Box<Board>, BackendError>) -> Option<Effect> {
        let trace = self.selected().map(|row| row.trace_id);
        if self.board.receive(generation, result) {
            if let Some(found) = self.rows().iter().position(|row| Some(row.trace_id) == trace) {
                self.cursor.selected = found;
            }
            self.cursor.settle(self.rows().len());
        }
        let list = self.list;
        self.board.load.repeat().map(|generation| Effect::Board(Ask::Contacts(generation, list)))
    }

    /// Another list, so many further on.
    pub fn turn(&mut self, by: usize) -> Effect {
        let lists: Vec<ContactList> = ContactList::iter().collect();
        let at = lists.iter().position(|list| *list == self.list).unwrap_or(0);
        self.list = lists[(at + by) % lists.len()];
        self.cursor = Cursor { viewport: self.cursor.viewport, ..Cursor::default() };
        Effect::Board(Ask::Contacts(self.board.load.start(), self.list))
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        let rows = size.1.saturating_sub(AROUND + FIXED + reps_below(size.0, size.1.saturating_sub(AROUND)));
        let len = self.rows().len();
        self.cursor.resize(usize::from(rows), len);
    }
}

/// Lines below the list for the record of each rep, where they do not stand beside it.
pub(super) const fn reps_below(width: u16, height: u16) -> u16 {
    if width >= layout::WIDE { 0 } else { height / 3 }
}
