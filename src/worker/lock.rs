//! One worker per data directory.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Holds the right to be the worker of a data directory. The operating system takes it back when the process ends,
/// however it ends, so a restart never waits.
#[derive(Debug)]
pub struct WorkerLock {
    _file: File,
}

impl WorkerLock {
    /// Takes the lock, or `None` if another process has it.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
