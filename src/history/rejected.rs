//! Rows that cannot be read: why, and where they go.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::atomic_file::AtomicFile;
use super::error::HistoryError;
use super::words::{counted, quoted};

/// Rejected rows that an error message shows.
const SHOWN: usize = 10;

/// Why a row was not taken. Shown after `file:line: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Quotes around the whole line have made one field of it.
    WholeLineQuoted {
        /// Fields inside the quotes.
        fields: usize,
    },
    /// Too few or too many fields.
    FieldCount {
        /// Fields of this row.
        found: usize,
        /// Fields of the header.
        expected: usize,
        /// Lines the row spans.
        lines: u64,
    },
    /// A quoted field never ends.
    UnclosedQuote {
        /// Its place, from 1.
        field: usize,
    },
    /// A quoted field goes on after its closing quote.
    TextAfterQuote {
        /// Its place, from 1.
        field: usize,
    },
    /// Not UTF-8.
    NotUtf8 {
        /// The first offending byte.
        byte: u8,
        /// The line it is on.
        line: u64,
        /// Its place in that line, in bytes from 1.
        position: usize,
    },
    /// Nothing but delimiters.
    AllEmpty,
    /// A value without which a row is no closed deal (or no lead).
    Missing {
        /// The column that should hold it.
        column: String,
        /// What it means.
        meaning: &'static str,
    },
    /// A date that no format of the map fits.
    BadDate {
        /// The column.
        column: String,
        /// What it holds.
        value: String,
        /// What to do.
        cure: String,
    },
    /// A number that is none.
    BadNumber {
        /// The column.
        column: String,
        /// What it holds.
        value: String,
        /// What to do.
        cure: String,
    },
    /// A lead id that an earlier row has.
    DuplicateLead {
        /// The id.
        lead_id: String,
        /// The earlier row.
        first_line: u64,
    },
    /// Closed before it was created.
    ClosedBeforeCreated {
        /// As the file writes it.
        closed: String,
        /// As the file writes it.
        created: String,
    },
}

impl Reason {
    /// What kind of fault it is, for counting.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::WholeLineQuoted { .. } => "the whole line is one quoted field",
            Self::FieldCount { .. } => "wrong number of fields",
            Self::UnclosedQuote { .. } => "a quote is never closed",
            Self::TextAfterQuote { .. } => "text after a closing quote",
            Self::NotUtf8 { .. } => "not UTF-8",
            Self::AllEmpty => "every field is empty",
            Self::Missing { .. } => "a required value is missing",
            Self::BadDate { .. } => "unreadable date",
            Self::BadNumber { .. } => "unreadable number",
            Self::DuplicateLead { .. } => "lead id used twice",
            Self::ClosedBeforeCreated { .. } => "closed before it was created",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeLineQuoted { fields } => {
                write!(
                    f,
                    "the whole line is one quoted field (it holds {fields} fields); remove the quotes around the line"
                )
            }
            Self::FieldCount { found, expected, lines } => {
                write!(f, "{} where the header has {expected}", counted(*found as u64, "field"))?;
                match lines {
                    1 if found > expected => f.write_str("; a value that contains the delimiter needs quotes"),
                    1 => Ok(()),
                    _ => write!(f, "; the row runs over {lines} lines, so a quote may be missing or one too many"),
                }
            }
            Self::UnclosedQuote { field } => {
                write!(
                    f,
                    "the quote that opens field {field} is never closed; add it, or double it if it is part of the value"
                )
            }
            Self::TextAfterQuote { field } => {
                write!(
                    f,
                    "text follows the closing quote of field {field}; double the quotes that are part of the value"
                )
            }
            Self::NotUtf8 { byte, line, position } => write!(
                f,
                "byte 0x{byte:02X} at position {position} of line {line} is not UTF-8; save the file as UTF-8 (in Excel: \
                 \"CSV UTF-8\")"
            ),
            Self::AllEmpty => f.write_str("every field is empty"),
            Self::Missing { column, meaning } => write!(f, "no {meaning}: column {} is empty", quoted(column)),
            Self::BadDate { column, value, cure } => {
                write!(
                    f,
                    "column {} holds {}, which is not a date as the map describes dates; {cure}",
                    quoted(column),
                    quoted(value)
                )
            }
            Self::BadNumber { column, value, cure } => {
                write!(f, "column {} holds {}, which is not a number; {cure}", quoted(column), quoted(value))
            }
            Self::DuplicateLead { lead_id, first_line } => {
                write!(
                    f,
                    "lead id {} was already used on line {first_line}; each deal may appear once",
                    quoted(lead_id)
                )
            }
            Self::ClosedBeforeCreated { closed, created } => {
                write!(f, "closed {} but created {}: the dates contradict each other", quoted(closed), quoted(created))
            }
        }
    }
}

/// One row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its first line, from 1 (the header is line 1).
    pub line: u64,
    /// Lines it spans.
    pub lines: u64,
    /// Why.
    pub reason: Reason,
    /// Its bytes as they are in the file, line ends included.
    pub raw: Vec<u8>,
}

/// All rows that were not taken: how many, of which kinds, and the first few of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    /// Rows.
    pub count: u64,
    /// Physical lines of these rows.
    pub lines: u64,
    /// Rows by kind of fault.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// The first ten.
    pub first: Vec<Rejected>,
}

impl Rejections {
    pub(super) fn add(&mut self, rejected: Rejected) {
        self.count += 1;
        self.lines += rejected.lines;
        *self.by_kind.entry(rejected.reason.kind()).or_default() += 1;
        if self.first.len() < SHOWN {
            self.first.push(rejected);
        }
    }
}

/// What to do with rows that cannot be read.
pub enum BadRows<'a> {
    /// Refuse the whole file.
    Refuse,
    /// Hand them over and take the others.
    Skip(&'a mut dyn RejectSink),
}

/// Where skipped rows go.
pub trait RejectSink {
    /// The header of the file, byte for byte; comes once, before any row.
    fn header(&mut self, raw: &[u8]) -> Result<(), HistoryError>;
    /// One rejected row.
    fn row(&mut self, rejected: &Rejected) -> Result<(), HistoryError>;
}

/// Rejected rows in memory.
impl RejectSink for Vec<Rejected> {
    fn header(&mut self, _raw: &[u8]) -> Result<(), HistoryError> {
        Ok(())
    }

    fn row(&mut self, rejected: &Rejected) -> Result<(), HistoryError> {
        self.push(rejected.clone());
        Ok(())
    }
}

/// Rejected rows in a file of their own: the header and the rows, byte for byte, so that it can be corrected and imported
/// by itself. The reasons are beside it, in `<file>.reasons.txt`, a line for each row.
///
/// Nothing is created before the first rejected row, and nothing is left if [`RejectFile::finish`] is never reached.
#[derive(Debug)]
pub struct RejectFile {
    path: PathBuf,
    header: Vec<u8>,
    open: Option<(AtomicFile, AtomicFile)>,
}

impl RejectFile {
    /// Rejected rows will go to `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), header: Vec::new(), open: None }
    }

    /// Where the reasons go.
    pub fn reasons_path(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".reasons.txt");
        path.into()
    }

    /// Puts both files in place; `None` when no row was rejected and so no file exists.
    pub fn finish(self) -> Result<Option<PathBuf>, HistoryError> {
        let Some((rows, reasons)) = self.open else { return Ok(None) };
        reasons.commit()?;
        rows.commit()?;
        Ok(Some(self.path))
    }
}

impl RejectSink for RejectFile {
    fn header(&mut self, raw: &[u8]) -> Result<(), HistoryError> {
        raw.clone_into(&mut self.header);
        Ok(())
    }

    fn row(&mut self, rejected: &Rejected) -> Result<(), HistoryError> {
        if self.open.is_none() {
            let (mut rows, reasons) = (AtomicFile::create(&self.path)?, AtomicFile::create(&self.reasons_path())?);
            let written = rows.write_all(&self.header);
            rows.checked(written)?;
            self.open = Some((rows, reasons));
        }
        let Some((rows, reasons)) = &mut self.open else { return Ok(()) };
        let written = rows.write_all(&rejected.raw);
        rows.checked(written)?;
        let written = writeln!(reasons, "line {}: {}", rejected.line, rejected.reason);
        reasons.checked(written)
    }
}
