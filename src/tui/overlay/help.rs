//! Every key, and finding one among them.

use super::fuzzy;
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

    /// The keys whose names or words have every word that is looked for; in each scope, and of all scopes, what matches best
    /// first.
    pub fn found(&self, keymap: &Keymap) -> Vec<(Scope, Vec<(String, String)>)> {
        let sought = self.search.text();
        let mut all: Vec<_> = keymap.help(self.place).into_iter().filter_map(|found| best_of(&sought, found)).collect();
        all.sort_by_key(|(rank, ..)| *rank);
        all.into_iter().map(|(_, scope, lines)| (scope, lines)).collect()
    }
}

/// A key with what it does, in words.
type Line = (String, String);

/// The lines of a scope that match, best first, with how well the best does; `None` if none does.
fn best_of(sought: &str, (scope, lines): (Scope, Vec<Line>)) -> Option<(fuzzy::Rank, Scope, Vec<Line>)> {
    let mut ranked: Vec<_> =
        lines.into_iter().filter_map(|(keys, does)| Some((fuzzy::rank(sought, &does, &keys)?, (keys, does)))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let best = ranked.first()?.0;
    Some((best, scope, ranked.into_iter().map(|(_, line)| line).collect()))
}
