//! Every key, and finding one among them.

use crate::tui::keymap::{Keymap, Place, Scope};
use crate::tui::widgets::field::Field;

/// Longest text to look for, in characters.
const LIMIT: usize = 40;

/// The state of the help.
#[derive(Debug)]
pub struct Help {
    /// Whose keys.
    pub place: Place,
    /// Lines scrolled past.
    pub scroll: usize,
    /// What is looked for.
    pub search: Field,
    /// Whether letters belong to that.
    pub typing: bool,
}

impl Help {
    /// All keys of a place.
    pub fn new(place: Place) -> Self {
        Self { place, scroll: 0, search: Field::new("", LIMIT), typing: false }
    }

    /// The keys whose names or words have every word that is looked for.
    pub fn found(&self, keymap: &Keymap) -> Vec<(Scope, Vec<(String, String)>)> {
        let sought = self.search.text().to_lowercase();
        let has = |(keys, does): &(String, String)| {
            let text = format!("{keys} {does}").to_lowercase();
            sought.split_whitespace().all(|word| text.contains(word))
        };
        let mut all = keymap.help(self.place);
        for (_, lines) in &mut all {
            lines.retain(has);
        }
        all.retain(|(_, lines)| !lines.is_empty());
        all
    }
}
