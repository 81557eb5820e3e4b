//! The file to read, before anything is known about it.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use super::error::{HistoryError, Problem};

/// First bytes of files that people take for a CSV, and what to do with them.
const NOT_CSV: [(&[u8], &str, &str); 5] = [
    (b"PK\x03\x04", "it is an Excel workbook or another zip archive", "save it as \"CSV UTF-8\" from the spreadsheet"),
    (b"\xD0\xCF\x11\xE0", "it is an old Excel workbook", "save it as \"CSV UTF-8\" from the spreadsheet"),
    (b"\x1F\x8B", "it is compressed with gzip", "unpack it first (gunzip)"),
    (b"\xFF\xFE", "it is encoded as UTF-16", "save it as UTF-8 (in Excel: \"CSV UTF-8\")"),
    (b"\xFE\xFF", "it is encoded as UTF-16", "save it as UTF-8 (in Excel: \"CSV UTF-8\")"),
];
/// Enough bytes to recognise any of them.
const SIGNATURE: u64 = 4;

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes in all, if known (not for a pipe).
    pub total: Option<u64>,
    /// Rows read.
    pub rows: u64,
}

/// A CSV file to read, with the name that messages use for it.
pub struct CsvInput {
    pub(super) name: String,
    pub(super) total: Option<u64>,
    reader: Box<dyn Read>,
}

impl fmt::Debug for CsvInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvInput").field("name", &self.name).field("total", &self.total).finish_non_exhaustive()
    }
}

impl CsvInput {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let failed = |source| HistoryError::Io { doing: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if found.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let total = found.is_file().then_some(found.len());
        Ok(Self { name: path.display().to_string(), total, reader: Box::new(file) })
    }

    /// Reads from anything else; `total` is its length in bytes, if known.
    pub fn new(name: impl Into<String>, reader: impl Read + 'static, total: Option<u64>) -> Self {
        Self { name: name.into(), total, reader: Box::new(reader) }
    }

    /// The reader, once it is sure that it does not hold something that only looks like a CSV by its name.
    pub(super) fn into_text(mut self) -> Result<Box<dyn Read>, HistoryError> {
        let mut start = Vec::new();
        (&mut self.reader).take(SIGNATURE).read_to_end(&mut start).map_err(|source| HistoryError::Io {
            doing: "read",
            path: self.name.clone().into(),
            source,
        })?;
        if let Some((_, what, cure)) = NOT_CSV.iter().find(|(signature, ..)| start.starts_with(signature)) {
            return Err(HistoryError::File(Problem::of(&self.name, format!("this is not a CSV file: {what}"), *cure)));
        }
        Ok(Box::new(Cursor::new(start).chain(self.reader)))
    }
}
