//! The outbox as a list with a cursor.

use crate::domain::effect::EffectRow;
use crate::tui::backend::BackendError;
use crate::tui::msg::{Effect, Generation, Remote};

/// Lines that are read; the counts say how many there are in all.
pub const LIMIT: u32 = 200;

/// The state of the sync screen.
#[derive(Debug, Default)]
pub struct Sync {
    /// Outbox lines, those that need a person first.
    pub outbox: Remote<Vec<EffectRow>>,
    /// Lines that fit on the screen.
    pub viewport: usize,
    /// Line under the cursor.
    pub selected: usize,
    /// First line on screen.
    pub top: usize,
}

impl Sync {
    /// The lines.
    pub fn rows(&self) -> &[EffectRow] {
        self.outbox.data.as_deref().unwrap_or(&[])
    }

    /// The line under the cursor.
    pub fn selected(&self) -> Option<&EffectRow> {
        self.rows().get(self.selected)
    }

    /// Reads the outbox anew.
    pub fn refresh(&mut self) -> Option<Effect> {
        self.outbox.load.refresh().map(Effect::LoadOutbox)
    }

    /// Takes the outbox; the cursor stays on its line.
    pub fn receive(&mut self, generation: Generation, result: Result<Vec<EffectRow>, BackendError>) -> Option<Effect> {
        let id = self.selected().map(|row| row.id);
        if self.outbox.receive(generation, result) {
            if let Some(found) = self.rows().iter().position(|row| Some(row.id) == id) {
                self.selected = found;
            }
            self.settle();
        }
        self.outbox.load.repeat().map(Effect::LoadOutbox)
    }

    /// The screen shows so many lines now.
    pub fn resize(&mut self, viewport: usize) {
        self.viewport = viewport;
        self.settle();
    }

    /// Moves the cursor.
    pub fn step(&mut self, lines: isize) {
        self.selected = self.selected.saturating_add_signed(lines);
        self.settle();
    }

    fn settle(&mut self) {
        self.selected = self.selected.min(self.rows().len().saturating_sub(1));
        let viewport = self.viewport.max(1);
        self.top = self.top.min(self.selected).max((self.selected + 1).saturating_sub(viewport));
    }
}
