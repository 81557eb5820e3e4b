//! The journal: a file with one line of JSON for each committed transaction, written before its answer is sent.
//!
//! The generated company is not in it: the first line says how to make that again. A process that is killed leaves at
//! most one line without its end, which nobody was told about, and which is dropped at the next start. (Against the
//! loss of the machine itself the file would have to be synced for each line; a demo org does not promise that.)

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::transaction::Line;

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("cannot use the journal {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another demo org is running on it.
    #[error("the journal {0} is in use by another demo org")]
    InUse(PathBuf),
    /// A line in the middle is not what this version writes.
    #[error("the journal {path} is damaged at line {line}: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// Why.
        why: String,
    },
}

/// An open journal, at its end.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens or creates the file and reads what it holds: the header that `fresh` made when it was created, and every
    /// transaction since.
    pub(crate) fn open<H: Serialize + DeserializeOwned>(
        path: &Path,
        fresh: impl FnOnce() -> H,
    ) -> Result<(Self, H, Vec<Line>), JournalError> {
        let failed = |source| JournalError::Io { path: path.to_owned(), source };
        let mut file = private_file(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let (texts, whole) = complete_lines(&file).map_err(failed)?;
        // A torn line would be continued by the next one.
        file.set_len(whole).map_err(failed)?;
        file.seek(io::SeekFrom::End(0)).map_err(failed)?;
        let damaged = |line: usize, why: serde_json::Error| JournalError::Damaged {
            path: path.to_owned(),
            line: line as u64 + 1,
            why: why.to_string(),
        };
        let mut journal = Self { file };
        let mut texts = texts.iter().enumerate();
        let header = if let Some((n, text)) = texts.next() {
            serde_json::from_slice(text).map_err(|e| damaged(n, e))?
        } else {
            let header = fresh();
            journal.append(&header).map_err(failed)?;
            header
        };
        let lines = texts.map(|(n, text)| serde_json::from_slice(text).map_err(|e| damaged(n, e)));
        Ok((journal, header, lines.collect::<Result<_, _>>()?))
    }

    /// Writes one line, in one piece.
    pub(super) fn append<T: Serialize>(&mut self, line: &T) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let end = self.file.stream_position()?;
        let written = self.file.write_all(&text);
        if written.is_err() {
            // Half a line must not stay in front of the next one.
            self.file.set_len(end)?;
            self.file.seek(io::SeekFrom::Start(end))?;
        }
        written
    }
}

/// Opens the file so that only its owner can read it: it holds the org's credentials.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The lines that have their end, and how many bytes they take.
fn complete_lines(file: &File) -> io::Result<(Vec<Vec<u8>>, u64)> {
    let mut reader = BufReader::new(file);
    let (mut lines, mut whole) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        let read = reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok((lines, whole));
        }
        whole += read as u64;
        lines.push(line);
    }
}
