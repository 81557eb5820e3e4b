//! The registry as a list with a cursor; the card under the cursor is shown.

use super::card::Card;
use crate::tui::backend::{BackendError, ModelRow};
use crate::tui::msg::{Effect, Generation, Remote};

/// The state of the model screen.
#[derive(Debug, Default)]
pub struct ModelHealth {
    /// Models, newest first, with their cards as read.
    pub models: Remote<Vec<(ModelRow, Card)>>,
    /// Model under the cursor.
    pub selected: usize,
    /// Lines of its card above the screen; the view stops at the last line.
    pub scroll: usize,
    /// Whether the cursor was moved; until then it stands on the champion.
    moved: bool,
}

impl ModelHealth {
    /// The models.
    pub fn rows(&self) -> &[(ModelRow, Card)] {
        self.models.data.as_deref().unwrap_or(&[])
    }

    /// The model under the cursor.
    pub fn selected(&self) -> Option<&(ModelRow, Card)> {
        self.rows().get(self.selected)
    }

    /// Reads the registry anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.models.load.refresh().map(Effect::LoadModels)
    }

    /// Takes the registry; the cursor stays on its model.
    pub fn receive(&mut self, generation: Generation, result: Result<Vec<ModelRow>, BackendError>) -> Option<Effect> {
        let id = self.selected().map(|(row, _)| row.id.clone());
        let result = result.map(|rows| {
            rows.into_iter()
                .map(|row| {
                    let card = Card::read(&row.card);
                    (row, card)
                })
                .collect()
        });
        if self.models.receive(generation, result) {
            let wanted = |row: &ModelRow| if self.moved { Some(&row.id) == id.as_ref() } else { row.champion };
            let found = self.rows().iter().position(|(row, _)| wanted(row));
            self.selected = found.unwrap_or(self.selected).min(self.rows().len().saturating_sub(1));
        }
        self.models.load.repeat().map(Effect::LoadModels)
    }

    /// Moves the cursor.
    pub fn step(&mut self, rows: isize) {
        self.moved = true;
        self.scroll = 0;
        self.selected = self.selected.saturating_add_signed(rows).min(self.rows().len().saturating_sub(1));
    }
}
