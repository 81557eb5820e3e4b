//! The views under F1 to F8: to go to, save, rename and remove.

use crate::domain::lane::Lane;
use crate::tui::backend::{Filter, SavedView, VIEW_KEYS, View};
use crate::tui::widgets::field::Field;

/// Longest name, in characters.
pub const NAME: usize = 40;

/// The state of the list.
#[derive(Debug, Default)]
pub struct Views {
    /// The line under the cursor, from 0.
    pub selected: usize,
    /// The name being typed, and the view it is for.
    pub naming: Option<(Field, View)>,
}

impl Views {
    /// The number of the function key under the cursor.
    pub fn key(&self) -> u8 {
        VIEW_KEYS.start() + self.selected as u8
    }

    /// Moves the cursor.
    pub fn step(&mut self, lines: isize) {
        self.selected = self.selected.saturating_add_signed(lines).min(VIEW_KEYS.count() - 1);
    }

    /// Puts the cursor on a key.
    pub fn go(&mut self, key: u8) {
        self.selected = usize::from(key.saturating_sub(*VIEW_KEYS.start())).min(VIEW_KEYS.count() - 1);
    }

    /// Asks for the name of what is on screen.
    pub fn save(&mut self, filter: Filter, lane: Lane) {
        let name = if filter.is_empty() { lane.title().to_owned() } else { filter.to_string() };
        self.naming = Some((Field::new(&name, NAME), View { name: String::new(), filter, lane: Some(lane) }));
    }

    /// Asks for another name of the view under the cursor.
    pub fn rename(&mut self, view: &SavedView) {
        let SavedView { name, filter, lane, .. } = view.clone();
        self.naming = Some((Field::new(&name, NAME), View { name, filter, lane }));
    }

    /// The view with the name that was typed; `None` if there is no name.
    pub fn named(&mut self) -> Option<View> {
        let name =
            self.naming.as_ref().map(|(field, _)| field.text().trim().to_owned()).filter(|name| !name.is_empty())?;
        let (_, view) = self.naming.take()?;
        Some(View { name, ..view })
    }
}
