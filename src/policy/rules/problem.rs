//! What is wrong with a rulebook, where, and what to do about it.

use std::sync::Arc;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::domain::text;

/// A place in a file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file, as the user named it.
    #[serde(serialize_with = "as_text")]
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

fn as_text<S: serde::Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", text::safe(&self.file), self.line, self.column)
    }
}

/// One mistake that keeps a rulebook from being used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub cure: String,
    /// The line, and how many of its characters from the column on are meant.
    pub excerpt: Excerpt,
}

/// The line of the file that a problem is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The whole line, raw: sanitise before display ([`Problem`]'s `Display` does).
    pub line: String,
    /// How many characters are meant, at least 1.
    pub width: u32,
}

impl std::fmt::Display for Problem {
    /// Place and message, the line with a caret under what is meant, and the cure.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, message, cure, excerpt } = self;
        writeln!(f, "{place}: {message}")?;
        let number = place.line.to_string();
        let before: String = excerpt.line.chars().take(place.column as usize - 1).collect();
        let meant: String = excerpt.line.chars().skip(before.chars().count()).take(excerpt.width as usize).collect();
        let indent = text::safe(&before).width();
        let carets = text::safe(&meant).width().max(1);
        writeln!(f, "  {number} | {}", text::safe(&excerpt.line))?;
        writeln!(f, "  {} | {}{}", " ".repeat(number.len()), " ".repeat(indent), "^".repeat(carets))?;
        write!(f, "  {cure}")
    }
}

/// The text of a file, for turning byte offsets into places.
pub(super) struct Source<'a> {
    pub(super) file: Arc<str>,
    pub(super) text: &'a str,
    /// Byte offset of the start of each line.
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &str, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file: file.into(), text, starts }
    }

    /// The place of a byte offset.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        Place { file: Arc::clone(&self.file), line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The byte offset of a place that this file has.
    pub(super) fn offset(&self, place: &Place) -> usize {
        let start = self.starts.get(place.line as usize - 1).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or("");
        start + rest.char_indices().nth(place.column as usize - 1).map_or(rest.len(), |(at, _)| at)
    }

    /// A problem with a stretch of the file.
    pub(super) fn problem(
        &self,
        span: std::ops::Range<usize>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Problem {
        let place = self.place(span.start);
        let line = self.text.lines().nth(place.line as usize - 1).unwrap_or("").to_owned();
        let rest = line.chars().count().saturating_sub(place.column as usize - 1);
        let meant = self.text.get(span).map_or(1, |meant| meant.chars().take_while(|c| *c != '\n').count());
        let width = meant.clamp(1, rest.max(1)) as u32;
        Problem { place, message: message.into(), cure: cure.into(), excerpt: Excerpt { line, width } }
    }
}
