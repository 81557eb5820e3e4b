//! Where the rollout stands, with the scopes as a list with a cursor.

use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Rollout, ScopeTally};
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::widgets::list::Cursor;

/// Lines besides the scopes: the switch, the phase, the heads of the columns, and what the next phase would need.
const FIXED: u16 = 6 + super::view::NEEDS;
/// Lines above and below the screen.
const AROUND: u16 = 4;

/// The state of the rollout screen.
#[derive(Debug, Default)]
pub struct RolloutScreen {
    /// Where it stands.
    pub state: Remote<Box<Rollout>>,
    /// Whether territories are listed, and not sources.
    pub territories: bool,
    /// The cursor.
    pub cursor: Cursor,
}

impl RolloutScreen {
    /// The scopes.
    pub fn rows(&self) -> &[ScopeTally] {
        self.state.data.as_ref().map_or(&[], |state| if self.territories { &state.territories } else { &state.sources })
    }

    /// Reads it anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.state.load.refresh().map(|generation| Effect::Board(Ask::Rollout(generation)))
    }

    /// Takes an answer.
    pub fn receive(&mut self, generation: Generation, result: Result<Box<Rollout>, BackendError>) -> Option<Effect> {
        self.state.receive(generation, result);
        self.cursor.settle(self.rows().len());
        self.state.load.repeat().map(|generation| Effect::Board(Ask::Rollout(generation)))
    }

    /// The other kind of scopes.
    pub fn turn(&mut self) {
        self.territories = !self.territories;
        self.cursor = Cursor { viewport: self.cursor.viewport, ..Cursor::default() };
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        let len = self.rows().len();
        let rows = size.1.saturating_sub(AROUND + FIXED).max(super::view::LEAST_ROWS);
        self.cursor.resize(usize::from(rows), len);
    }
}
