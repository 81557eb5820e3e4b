//! The team as a list with a cursor.

use strum::VariantArray;

use crate::domain::ids::RepId;
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Order, RepRow, Reps, reps};
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::widgets::list::Cursor;

/// Lines besides the rows: a heading, the heads of the columns, and what is known of the rep under the cursor.
const FIXED: u16 = 2 + super::view::DETAIL;
/// Lines above and below the screen.
const AROUND: u16 = 4;

/// The state of the reps screen.
#[derive(Debug, Default)]
pub struct RepsScreen {
    /// The team, in the order that is chosen.
    pub team: Remote<Box<Reps>>,
    /// In which order.
    pub order: Order,
    /// The cursor.
    pub cursor: Cursor,
}

impl RepsScreen {
    /// The reps.
    pub fn rows(&self) -> &[RepRow] {
        self.team.data.as_ref().map_or(&[], |team| &team.reps)
    }

    /// The rep under the cursor.
    pub fn selected(&self) -> Option<&RepRow> {
        self.rows().get(self.cursor.selected)
    }

    /// Reads the team anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.team.load.refresh().map(|generation| Effect::Board(Ask::Reps(generation)))
    }

    /// Takes the team; the cursor stays on its rep.
    pub fn receive(&mut self, generation: Generation, result: Result<Box<Reps>, BackendError>) -> Option<Effect> {
        let id = self.selected().map(|rep| rep.id.clone());
        if self.team.receive(generation, result) {
            self.sort(id.as_ref());
        }
        self.team.load.repeat().map(|generation| Effect::Board(Ask::Reps(generation)))
    }

    /// The next order; the cursor goes to the first line.
    pub fn next_order(&mut self) {
        let at = Order::VARIANTS.iter().position(|order| *order == self.order).unwrap_or(0);
        self.order = Order::VARIANTS[(at + 1) % Order::VARIANTS.len()];
        self.sort(None);
    }

    fn sort(&mut self, stay: Option<&RepId>) {
        let order = self.order;
        if let Some(team) = &mut self.team.data {
            reps::sort(&mut team.reps, order);
        }
        let found = self.rows().iter().position(|rep| Some(&rep.id) == stay);
        self.cursor.selected = match (found, stay) {
            (Some(found), _) => found,
            (None, None) => 0,
            (None, Some(_)) => self.cursor.selected,
        };
        self.cursor.settle(self.rows().len());
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        let len = self.rows().len();
        self.cursor.resize(usize::from(size.1.saturating_sub(AROUND + FIXED)), len);
    }
}
