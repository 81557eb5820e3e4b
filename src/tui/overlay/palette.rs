//! Everything that can be done, found by a few letters of its name or of what it does.

use crossterm::event::KeyEvent;

use super::fuzzy;
use crate::tui::action::Action;
use crate::tui::keymap::{Keymap, Place, Scope};
use crate::tui::widgets::field::Field;

/// Scopes of what is done on a screen. Moving in lists is left to the keys.
const SCOPES: [Scope; 14] = [
    Scope::Judge,
    Scope::Queue,
    Scope::Lead,
    Scope::Group,
    Scope::Disagreements,
    Scope::Sync,
    Scope::Model,
    Scope::Reps,
    Scope::Sla,
    Scope::Trace,
    Scope::Rollout,
    Scope::Feedback,
    Scope::Screen,
    Scope::Global,
];

/// Longest text to look for, in characters.
const LIMIT: usize = 80;

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub action: Action,
    /// Its name, in words.
    pub name: String,
    /// What it does.
    pub does: String,
    /// Its first key.
    pub key: String,
    /// Where it can be done, if not here.
    pub elsewhere: Option<Scope>,
}

/// The state of the palette.
#[derive(Debug)]
pub struct Palette {
    /// What is typed.
    pub field: Field,
    entries: Vec<Entry>,
    /// Places of those that match, best first.
    matches: Vec<usize>,
    /// Line under the cursor; none until something is typed or the cursor is moved, so that Enter alone does nothing.
    pub selected: Option<usize>,
}

impl Palette {
    /// What the keymap knows; what can be done here first.
    pub fn new(keymap: &Keymap, place: Place) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut all = keymap.actions(&SCOPES);
        all.sort_by_key(|(scope, ..)| SCOPES.iter().position(|one| one == scope));
        for (scope, action, keys) in all {
            let here = place.scopes().contains(&scope);
            if action == Action::Palette
                || entries.iter().any(|entry| entry.action == action && (entry.elsewhere.is_none() || !here))
            {
                continue;
            }
            entries.retain(|entry| entry.action != action);
            let (name, does) = (action.name().replace('-', " "), action.describe());
            let elsewhere = (!here).then_some(scope);
            entries.push(Entry { action, name, does, key: keys.into_iter().next().unwrap_or_default(), elsewhere });
        }
        // What ends the program, and ranks below the first, of which nine lines say the same, stand after all else.
        let leaves = |action| matches!(action, Action::Quit | Action::QuitNow | Action::Suspend);
        let again = |action| matches!(action, Action::Override(2..));
        entries.sort_by_key(|entry| (entry.elsewhere.is_some(), leaves(entry.action), again(entry.action)));
        let matches = (0..entries.len()).collect();
        Self { field: Field::new("", LIMIT), entries, matches, selected: None }
    }

    /// Those that match, best first.
    pub fn matches(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.matches.iter().map(|i| &self.entries[*i])
    }

    /// The one under the cursor.
    pub fn chosen(&self) -> Option<&Entry> {
        self.matches.get(self.selected?).map(|i| &self.entries[*i])
    }

    /// Moves the cursor.
    pub fn step(&mut self, lines: isize) {
        let last = self.matches.len().saturating_sub(1);
        self.selected = Some(self.selected.map_or(0, |line| line.saturating_add_signed(lines).min(last)));
    }

    /// Takes a key of the text.
    pub fn input(&mut self, event: KeyEvent) {
        if self.field.input(event) {
            self.search();
        }
    }

    /// Takes pasted text.
    pub fn insert(&mut self, text: &str) {
        if self.field.insert(text) {
            self.search();
        }
    }

    fn search(&mut self) {
        let typed = self.field.text();
        self.selected = (!typed.is_empty()).then_some(0);
        self.matches = fuzzy::best(&typed, self.entries.iter().map(|entry| (entry.name.as_str(), entry.does.as_str())));
    }
}
