//! One `[[rule]]`, its keys asked for one by one.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use super::LONGEST_TEXT;
use super::quotes::Offsets;
use crate::policy::rules::problem::{Problem, Source};
use crate::policy::rules::words::{nearest, quoted, quoted_list};

/// A text of the file.
pub(super) struct Written {
    pub(super) value: String,
    /// Where it is, quotes included.
    pub(super) span: Range<usize>,
    offsets: Offsets,
}

impl Written {
    /// What stands for a text that is missing, for which a problem was reported.
    pub(super) fn nothing(at: usize) -> Self {
        Self { value: String::new(), span: at..at, offsets: Offsets::default() }
    }

    /// The bytes of the file that some bytes of the text are.
    pub(super) fn in_file(&self, bytes: Range<usize>) -> Range<usize> {
        let start = self.offsets.raw(bytes.start).map_or(self.span.start, |raw| self.span.start + raw);
        let end = self.offsets.raw(bytes.end).map_or(self.span.end, |raw| self.span.start + raw);
        start..end.max(start)
    }
}

/// A table of the file.
pub(super) struct Entry<'a, 'i> {
    table: &'a DeTable<'i>,
    pub(super) span: Range<usize>,
    pub(super) source: &'a Source<'a>,
}

impl<'a, 'i> Entry<'a, 'i> {
    pub(super) fn new(table: &'a DeTable<'i>, span: Range<usize>, source: &'a Source<'a>) -> Self {
        Self { table, span, source }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key, if it is there and of the wanted type.
    fn typed<T>(
        &self,
        key: &str,
        wanted: &str,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&Spanned<DeValue<'i>>) -> Option<T>,
    ) -> Option<T> {
        let value = self.table.get(key)?;
        let found = read(value);
        if found.is_none() {
            let message = format!("{key} is not understood");
            problems.push(self.source.problem(value.span(), message, format!("it must be {wanted}")));
        }
        found
    }

    /// A text with something in it.
    pub(super) fn text(&self, key: &'static str, problems: &mut Vec<Problem>) -> Option<Written> {
        let found = self.typed(key, "a text in quotes", problems, |value| {
            let text = value.get_ref().as_str()?;
            let span = value.span();
            let raw = self.source.text.get(span.clone()).unwrap_or_default();
            Some(Written { value: text.to_owned(), offsets: Offsets::of(raw, text), span })
        })?;
        let is_condition = matches!(key, "when" | "rep_when");
        if found.value.trim().is_empty() && !is_condition {
            problems.push(self.source.problem(found.span.clone(), format!("{key} is empty"), "write something"));
            return None;
        }
        if found.value.chars().count() > LONGEST_TEXT && !is_condition {
            let message = format!("{key} is longer than {LONGEST_TEXT} characters");
            problems.push(self.source.problem(found.span.clone(), message, "shorten it"));
            return None;
        }
        Some(found)
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &'static str, example: &str, problems: &mut Vec<Problem>) -> Option<Written> {
        if !self.has(key) {
            let message = format!("this rule has no {key}");
            problems.push(self.source.problem(self.span.clone(), message, format!("add {key} = {example}")));
        }
        self.text(key, problems)
    }

    pub(super) fn flag(&self, key: &'static str, problems: &mut Vec<Problem>) -> Option<bool> {
        self.typed(key, "true or false", problems, |value| value.get_ref().as_bool())
    }

    /// A date, with its place.
    pub(super) fn date(&self, key: &'static str, problems: &mut Vec<Problem>) -> Option<(Datetime, Range<usize>)> {
        self.typed(key, "a day without quotes, for example 2027-01-31", problems, |value| match value.get_ref() {
            DeValue::Datetime(date) => Some((*date, value.span())),
            _ => None,
        })
    }

    /// Reports every key that is not known; `elsewhere` says more about those that other kinds of rules have.
    pub(super) fn finish(
        &self,
        known: &[&'static str],
        elsewhere: impl Fn(&str) -> Option<String>,
        problems: &mut Vec<Problem>,
    ) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let (message, cure) = if let Some(message) = elsewhere(name) {
                (message, "take it away, or change the kind".to_owned())
            } else {
                let cure = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("a rule of this kind has {}", quoted_list(known.iter().copied(), 20)),
                };
                (format!("a rule has no {}", quoted(name)), cure)
            };
            problems.push(self.source.problem(key.span(), message, cure));
        }
    }
}
