//! A filter being typed, with what is wrong with it while it is.

use crossterm::event::KeyEvent;

use crate::app::filter::{FilterError, Suggestion};
use crate::domain::text;
use crate::tui::backend::Filter;
use crate::tui::widgets::field::Field;

/// Longest filter, in characters.
pub const LIMIT: usize = 300;
/// Most lines that a fault is told on.
const MOST_LINES: usize = 4;
/// Columns before what is said below the prompt.
pub const INDENT: usize = 3;

/// The state of the prompt.
#[derive(Debug)]
pub struct Prompt {
    /// What is typed.
    pub field: Field,
    /// What it means, or why it means nothing.
    pub read: Result<Filter, FilterError>,
}

impl Prompt {
    /// Begins with the filter in force, to be changed.
    pub fn new(filter: &Filter) -> Self {
        let space = if filter.is_empty() { "" } else { " " };
        Self { field: Field::new(&format!("{filter}{space}"), LIMIT), read: Ok(filter.clone()) }
    }

    /// Takes a key of the text.
    pub fn input(&mut self, event: KeyEvent) {
        if self.field.input(event) {
            self.typed();
        }
    }

    /// The text changed.
    pub fn typed(&mut self) {
        self.read = self.field.text().parse();
    }

    /// The characters that are wrong: from where the fault says to the end of that word.
    pub fn fault(&self) -> Option<(usize, usize)> {
        let from = self.read.as_ref().err()?.at - 1;
        let text = self.field.text();
        let word = text.chars().skip(from).take_while(|c| !c.is_whitespace()).count();
        Some((from, from + word.max(1)))
    }

    /// What is wrong and what would be right, with the place.
    pub fn complaint(&self) -> Option<String> {
        let fault = self.read.as_ref().err()?;
        Some(format!("at {}: {}; {}", fault.at, fault.what, fault.cure))
    }

    /// Lines below the prompt, on a screen of this width: what can be written, or as many as what is wrong needs.
    pub fn lines_below(&self, width: u16) -> u16 {
        let room = usize::from(width).saturating_sub(INDENT + 1);
        self.complaint().map_or(1, |words| text::wrap(&words, room).len().min(MOST_LINES) as u16)
    }

    /// The word that the cursor is behind: where it begins, and what of it stands before the cursor.
    fn word(&self) -> (usize, String) {
        let before: Vec<char> = self.field.text().chars().take(self.field.cursor()).collect();
        let start = before.iter().rposition(|c| c.is_whitespace()).map_or(0, |space| space + 1);
        let start = start + usize::from(before.get(start) == Some(&'-'));
        (start, before[start..].iter().collect::<String>().to_lowercase())
    }

    /// What can be written where the cursor is; everything at the beginning of a word.
    pub fn suggestions(&self) -> Vec<Suggestion> {
        let (_, word) = self.word();
        let key = word.split([':', '<', '>']).next().unwrap_or_default();
        let signed = key.len() < word.len();
        let fits = |one: &Suggestion| {
            if signed { one.key == key && !key.is_empty() } else { one.key.starts_with(key) && !one.key.is_empty() }
        };
        Suggestion::ALL.into_iter().filter(|one| word.is_empty() || fits(one)).collect()
    }

    /// Finishes the name of the first field that is suggested.
    pub fn complete(&mut self) {
        let (start, word) = self.word();
        let Some(first) = self.suggestions().into_iter().find(|one| !one.key.is_empty() && !word.is_empty()) else {
            return;
        };
        let sign = first.example.chars().find(|c| ":<>".contains(*c));
        if word.len() <= first.key.len() {
            self.field.complete(start, &format!("{}{}", first.key, sign.map_or_else(String::new, String::from)));
            self.typed();
        }
    }
}
