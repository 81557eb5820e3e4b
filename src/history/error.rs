//! What this layer refuses, always with the place and the cure (rule 8).

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::rejected::{Rejected, Rejections};
use super::words::{count, counted};

/// Why a map or a file was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The map is wrong, or does not fit the file.
    #[error("{0}")]
    Mapping(Problems),
    /// The file is not a CSV that can be read at all.
    #[error("{0}")]
    File(Problem),
    /// The file has rows that cannot be read, and the caller did not ask to skip them.
    #[error("{0}")]
    Refused(Refusal),
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// One thing that is wrong: where, what, and what to do about it. Shown as `file:line: message; cure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// The line in it, from 1; `None` where the whole file is meant.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to do; empty where the message says it already.
    pub cure: String,
}

impl Problem {
    /// A problem of one line.
    pub(super) fn at(file: &str, line: u64, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: Some(line), message: message.into(), cure: cure.into() }
    }

    /// A problem of a whole file.
    pub(super) fn of(file: &str, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into(), cure: cure.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)?;
        if !self.cure.is_empty() {
            write!(f, "; {}", self.cure)?;
        }
        Ok(())
    }
}

/// All problems found in one go, in the order of their lines; shown one a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorted by line, so that a user can work through the file from top to bottom.
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line);
        Self(problems)
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// A file refused because of its rows: the first of them, how many in all, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file, as the user named it.
    pub file: String,
    /// Rows in the file, good and bad.
    pub rows: u64,
    /// The bad ones.
    pub rejections: Rejections,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bad = self.rejections.count;
        writeln!(
            f,
            "{}: {} of {} cannot be read, so nothing was taken from it:",
            self.file,
            count(bad),
            counted(self.rows, "row")
        )?;
        for Rejected { line, reason, .. } in &self.rejections.first {
            writeln!(f, "  {}:{line}: {reason}", self.file)?;
        }
        let unshown = bad.saturating_sub(self.rejections.first.len() as u64);
        if unshown > 0 {
            writeln!(f, "  and {} more. By kind:", count(unshown))?;
            for (kind, n) in &self.rejections.by_kind {
                writeln!(f, "    {:>9}  {kind}", count(*n))?;
            }
        }
        let good = self.rows.saturating_sub(bad);
        if good == 0 {
            f.write_str("No row can be read; see whether the map fits this file.")
        } else {
            write!(
                f,
                "Correct the file, or take only its {} with --skip-bad, which writes the rejected lines to a file.",
                counted(good, "readable row")
            )
        }
    }
}
