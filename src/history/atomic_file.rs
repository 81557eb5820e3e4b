//! Files that are either whole or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::HistoryError;

/// A file written under a temporary name beside its place and renamed when complete, so that a crash leaves the old
/// file or none, never half of one. Dropped without [`AtomicFile::commit`], it leaves nothing.
///
/// A path that exists and is no regular file (`/dev/stdout`, a pipe) is written directly.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    /// `None` when writing directly, or once it is in place.
    temporary: Option<PathBuf>,
    writer: BufWriter<File>,
}

impl AtomicFile {
    /// Starts the file at `path`; an existing file stays as it is until [`AtomicFile::commit`].
    ///
    /// # Errors
    /// What the system says, with the path.
    pub fn create(path: &Path) -> Result<Self, HistoryError> {
        let failed = |source| HistoryError::Io { doing: "create", path: path.to_owned(), source };
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(path).map_err(failed)?;
            return Ok(Self { path: path.to_owned(), temporary: None, writer: BufWriter::new(file) });
        }
        let name = path.file_name().ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidInput)))?;
        let temporary = path.with_file_name(format!(".{}.{}.partial", name.display(), std::process::id()));
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // `create_new` does not follow a link that somebody planted under the temporary name.
        let file = File::create_new(&temporary).map_err(failed)?;
        Ok(Self { path: path.to_owned(), temporary: Some(temporary), writer: BufWriter::new(file) })
    }

    /// Puts the file in its place, on disk.
    ///
    /// # Errors
    /// What the system says, with the path.
    pub fn commit(mut self) -> Result<(), HistoryError> {
        let flushed = self.writer.flush();
        self.checked(flushed)?;
        if let Some(temporary) = &self.temporary {
            let placed = self.writer.get_ref().sync_all().and_then(|()| fs::rename(temporary, &self.path));
            self.checked(placed)?;
            self.temporary = None;
        }
        Ok(())
    }

    /// Names the file in an error of writing it.
    ///
    /// # Errors
    /// The same, with the path.
    pub fn checked<T>(&self, result: io::Result<T>) -> Result<T, HistoryError> {
        result.map_err(|source| HistoryError::Io { doing: "write", path: self.path.clone(), source })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // Nobody is left to tell; the name says that it is partial.
            drop(fs::remove_file(temporary));
        }
    }
}
