//! Verdicts by reason, and approvals by scope, as lists with a cursor.

use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Feedback, ScopeTally, VerdictTally};
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::widgets::list::Cursor;

/// Lines besides the rows: the lists, the heads of the columns, and what goes into the next training.
const FIXED: u16 = 3 + super::view::TRAINING;
/// Lines above and below the screen.
const AROUND: u16 = 4;

/// A list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::VariantArray)]
pub enum List {
    /// Verdicts by reason.
    #[default]
    Reasons,
    /// Approvals by source.
    Sources,
    /// By legacy owner.
    LegacyOwners,
    /// By recommended rep.
    Recommended,
}

/// The state of the feedback screen.
#[derive(Debug, Default)]
pub struct FeedbackScreen {
    /// What managers said.
    pub said: Remote<Box<Feedback>>,
    /// Which list is shown.
    pub list: List,
    /// The cursor.
    pub cursor: Cursor,
}

impl FeedbackScreen {
    /// Verdicts by reason.
    pub fn verdicts(&self) -> &[VerdictTally] {
        self.said.data.as_ref().map_or(&[], |said| &said.verdicts)
    }

    /// The scopes of the list; none where it has none.
    pub fn scopes(&self) -> &[ScopeTally] {
        let Some(said) = &self.said.data else { return &[] };
        match self.list {
            List::Reasons => &[],
            List::Sources => &said.sources,
            List::LegacyOwners => &said.legacy_owners,
            List::Recommended => &said.recommended,
        }
    }

    /// Rows of the list.
    pub fn len(&self) -> usize {
        if self.list == List::Reasons { self.verdicts().len() } else { self.scopes().len() }
    }

    /// Whether the list has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads it anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.said.load.refresh().map(|generation| Effect::Board(Ask::Feedback(generation)))
    }

    /// Takes an answer.
    pub fn receive(&mut self, generation: Generation, result: Result<Box<Feedback>, BackendError>) -> Option<Effect> {
        self.said.receive(generation, result);
        self.cursor.settle(self.len());
        self.said.load.repeat().map(|generation| Effect::Board(Ask::Feedback(generation)))
    }

    /// Another list.
    pub fn turn(&mut self, list: List) {
        self.list = list;
        self.cursor = Cursor { viewport: self.cursor.viewport, ..Cursor::default() };
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        let len = self.len();
        let rows = size.1.saturating_sub(AROUND + FIXED).max(super::view::LEAST_ROWS);
        self.cursor.resize(usize::from(rows), len);
    }
}
