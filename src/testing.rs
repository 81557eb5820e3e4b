//! Hostile input for property tests.

use proptest::prelude::*;
use proptest::string::{RegexGeneratorStrategy, string_regex};
use serde_json::Value;

/// Any text of up to so many characters, with controls and what is invisible in it.
pub(crate) fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..=most).prop_map(|chars| chars.into_iter().collect())
}

/// Text of this pattern. A pattern that is itself used as a strategy is compiled again for every case.
pub(crate) fn matching(pattern: &str) -> RegexGeneratorStrategy<String> {
    string_regex(pattern).unwrap()
}

/// Bytes of which a few were changed, left out or put in.
pub(crate) fn altered(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    prop::collection::vec(change, 0..6).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (place, byte, kind) in changes {
            let place = place.index(bytes.len().max(1));
            match kind {
                0 if place < bytes.len() => bytes[place] = byte,
                1 if place < bytes.len() => drop(bytes.remove(place)),
                _ => bytes.insert(place, byte),
            }
        }
        bytes
    })
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    /// Leaves out so many characters.
    Cut(prop::sample::Index, usize),
    /// Puts something in.
    Insert(prop::sample::Index, String),
    /// Repeats a line somewhere else.
    Repeat(prop::sample::Index, prop::sample::Index),
}

/// What breaks readers of text: quotes, brackets, line ends, signs, huge numbers, other scripts, controls.
const SPLINTERS: [&str; 24] = [
    "\"",
    "'",
    "\\",
    "\n",
    "\r\n",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "\0",
    "\u{202e}",
    "\u{1b}[2J",
    "é",
    "株",
    "-",
    "9e999",
    "NaN",
    "99999999999999999999",
    "true",
    "\u{feff}",
];

/// A document with a few things wrong with it.
pub(crate) fn mangled(document: &'static str) -> impl Strategy<Value = String> {
    let splinter = prop_oneof![prop::sample::select(&SPLINTERS[..]).prop_map(str::to_owned), text(8)];
    let edit = prop_oneof![
        (any::<prop::sample::Index>(), 1usize..40).prop_map(|(at, n)| Edit::Cut(at, n)),
        (any::<prop::sample::Index>(), splinter).prop_map(|(at, text)| Edit::Insert(at, text)),
        (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(line, to)| Edit::Repeat(line, to)),
    ];
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut text: Vec<char> = document.chars().collect();
        for edit in edits {
            match edit {
                Edit::Cut(at, n) if !text.is_empty() => {
                    let at = at.index(text.len());
                    drop(text.drain(at..(at + n).min(text.len())));
                }
                Edit::Insert(at, piece) => {
                    let at = at.index(text.len() + 1);
                    drop(text.splice(at..at, piece.chars()));
                }
                Edit::Repeat(line, to) => {
                    let whole: String = text.iter().collect();
                    let lines: Vec<&str> = whole.lines().collect();
                    if !lines.is_empty() {
                        let copy = format!("\n{}\n", lines[line.index(lines.len())]);
                        let to = to.index(text.len() + 1);
                        drop(text.splice(to..to, copy.chars()));
                    }
                }
                Edit::Cut(..) => {}
            }
        }
        text.into_iter().collect()
    })
}

/// Any JSON value, a few levels deep.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text(24).prop_map(Value::from),
        prop::sample::select(&SPLINTERS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text(8), inner), 0..6).prop_map(|pairs| pairs.into_iter().collect::<Value>()),
        ]
    })
}
