//! Walking a TOML map with the line of every key at hand. A key that nobody asked for is reported with the nearest one
//! that exists, and all mistakes of a map are reported together.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::history::error::Problem;
use crate::history::words::{nearest, quoted, quoted_list};

/// A value and the line of the map it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: u64,
}

/// The text of a map, and what is wrong with it so far.
pub(super) struct Document<'a> {
    pub(super) file: &'a str,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: RefCell::new(Vec::new()) }
    }

    /// The line of a byte offset, from 1.
    pub(super) fn line(&self, offset: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() as u64 + 1
    }

    /// Notes a problem of one line.
    pub(super) fn wrong(&self, line: u64, message: impl Into<String>, cure: impl Into<String>) {
        self.problems.borrow_mut().push(Problem::at(self.file, line, message, cure));
    }

    /// Notes a problem of the whole map.
    pub(super) fn wrong_overall(&self, message: impl Into<String>, cure: impl Into<String>) {
        self.problems.borrow_mut().push(Problem::of(self.file, message, cure));
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// One table of the map.
pub(super) struct Section<'d, 'i> {
    document: &'d Document<'d>,
    /// As the user writes it, for example `[columns]`; empty for the top level.
    title: String,
    pub(super) line: u64,
    table: &'d DeTable<'i>,
    known: Vec<&'static str>,
}

impl<'d, 'i> Section<'d, 'i> {
    /// The top level.
    pub(super) fn top(document: &'d Document<'d>, table: &'d DeTable<'i>) -> Self {
        Self { document, title: String::new(), line: 1, table, known: Vec::new() }
    }

    /// A table inside, if it is there.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Self> {
        let title = format!("[{key}]");
        let wanted = format!("a section: write {title} on a line of its own");
        let document = self.document;
        let found = self.typed(key, &wanted, |value| value.get_ref().as_table())?;
        Some(Self { document, title, line: found.line, table: found.value, known: Vec::new() })
    }

    /// The tables of an array of tables.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let title = format!("[[{key}]]");
        let wanted = format!("a list of sections: write {title} on a line of its own");
        let document = self.document;
        let inside = |value: &'d Spanned<DeValue<'i>>| {
            let (table, line) = (value.get_ref().as_table()?, document.line(value.span().start));
            Some(Self { document, title: title.clone(), line, table, known: Vec::new() })
        };
        let found = self.typed(key, &wanted, |value| value.get_ref().as_array()?.iter().map(inside).collect());
        found.map(|tables| tables.value).unwrap_or_default()
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Located<String>> {
        self.typed(key, "a text in quotes", |value| plain(value.get_ref()))
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, key: &'static str) -> Option<Located<String>> {
        if !self.table.contains_key(key) {
            self.document.wrong(self.line, format!("{} lacks \"{key}\"", self.title), format!("add: {key} = \"…\""));
        }
        self.text(key)
    }

    /// A list of texts. Whole numbers, dates, true and false count as the text they are written as.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Located<Vec<Located<String>>>> {
        let document = self.document;
        self.typed(key, "a list of texts, for example [\"one\", \"two\"]", |value| {
            value.get_ref().as_array()?.iter().map(|value| located(document, value)).collect()
        })
    }

    /// Names for columns: a list of columns that keep their names, or a table of name = "column".
    pub(super) fn names(&mut self, key: &'static str) -> Vec<(String, Located<String>)> {
        let document = self.document;
        let found = self.typed(key, "a list of columns, or { name = \"column\" }", |value| match value.get_ref() {
            DeValue::Array(array) => {
                let itself = |column: Located<String>| (column.value.clone(), column);
                array.iter().map(|value| located(document, value).map(itself)).collect()
            }
            DeValue::Table(table) => table
                .iter()
                .map(|(name, value)| Some((name.get_ref().to_string(), located(document, value)?)))
                .collect(),
            _ => None,
        });
        found.map(|names| names.value).unwrap_or_default()
    }

    /// All tables inside, whatever their names; anything else there is reported.
    pub(super) fn tables(self, wanted: &str) -> Vec<(String, Self)> {
        let mut tables = Vec::new();
        for (key, value) in self.table {
            let line = self.document.line(key.span().start);
            if let Some(table) = value.get_ref().as_table() {
                let title = format!("{}.{}]", self.title.trim_end_matches(']'), quoted(key.get_ref()));
                let inside = Self { document: self.document, title, line, table, known: Vec::new() };
                tables.push((key.get_ref().to_string(), inside));
            } else {
                let message = format!("{} in {} is not understood", quoted(key.get_ref()), self.title);
                self.document.wrong(line, message, format!("it must be {wanted}"));
            }
        }
        tables
    }

    /// All single values inside, whatever their names; anything else there is reported.
    pub(super) fn entries(self, wanted: &str) -> Vec<(String, Located<String>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table {
            if let Some(found) = located(self.document, value) {
                entries.push((key.get_ref().to_string(), found));
            } else {
                let message = format!("{} in {} is not understood", quoted(key.get_ref()), self.title);
                let line = self.document.line(key.span().start);
                self.document.wrong(line, message, format!("it must be {wanted}"));
            }
        }
        entries
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", |value| value.get_ref().as_bool()).map(|flag| flag.value)
    }

    /// A whole number from 0.
    pub(super) fn whole(&mut self, key: &'static str) -> Option<Located<u32>> {
        self.typed(key, "a whole number", |value| {
            let number = value.get_ref().as_integer()?;
            u32::from_str_radix(number.as_str(), number.radix()).ok()
        })
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys().filter(|key| !self.known.contains(&key.get_ref().as_ref())) {
            let place = if self.title.is_empty() { "the map".to_owned() } else { self.title.clone() };
            let message = format!("{place} knows no {}", quoted(key.get_ref()));
            let cure = match nearest(key.get_ref(), self.known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("it knows {}", quoted_list(self.known.iter().copied(), 20)),
            };
            self.document.wrong(self.document.line(key.span().start), message, cure);
        }
    }

    /// The value of a key, if it is there and of the wanted type.
    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl FnOnce(&'d Spanned<DeValue<'i>>) -> Option<T>,
    ) -> Option<Located<T>> {
        self.known.push(key);
        let value = self.table.get(key)?;
        let line = self.document.line(value.span().start);
        let found = read(value).map(|value| Located { value, line });
        if found.is_none() {
            let place = if self.title.is_empty() { String::new() } else { format!(" in {}", self.title) };
            self.document.wrong(line, format!("{key}{place} is not understood"), format!("it must be {wanted}"));
        }
        found
    }
}

fn located(document: &Document<'_>, value: &Spanned<DeValue<'_>>) -> Option<Located<String>> {
    Some(Located { value: plain(value.get_ref())?, line: document.line(value.span().start) })
}

/// A single value as the text that a CSV would have for it.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(date) => Some(date.to_string()),
        DeValue::Float(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
