//! SQLite's error codes, as words that say what to do.

use crate::app::ports::StoreError;

/// Primary result codes: <https://www.sqlite.org/rescode.html>.
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// What the driver said, and the cure where there is one.
#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err(database)`")]
pub(super) fn database(error: sqlx::Error) -> StoreError {
    let cure = match &error {
        sqlx::Error::PoolTimedOut => {
            Some("the database is busy with something that takes too long; try again, and see whether the disk is well")
        }
        sqlx::Error::PoolClosed => Some("the store was closed; leadboard is shutting down"),
        sqlx::Error::Database(e) => match primary_code(&error) {
            Some(code::FULL) => {
                Some("the disk is full; free some space: nothing stored is lost, and writing goes on by itself")
            }
            Some(code::BUSY | code::LOCKED) => {
                Some("another process has kept the database locked for over 5 seconds; end it, or try again")
            }
            Some(code::READONLY | code::PERM) => {
                Some("the database cannot be written; check the owner and the rights of the data directory")
            }
            Some(code::CANTOPEN) => {
                Some("the database file cannot be opened; check that the data directory exists and is yours")
            }
            Some(code::IOERR) => Some("the disk failed; check it, and keep a copy of the data directory"),
            Some(code::CORRUPT | code::NOTADB) => {
                return StoreError::Corrupt(format!(
                    "the file is damaged or is no leadboard database; keep a copy, then restore a backup ({e})"
                ));
            }
            _ => None,
        },
        _ => None,
    };
    StoreError::Database(match cure {
        Some(cure) => format!("{cure} ({error})"),
        None => error.to_string(),
    })
}

/// Whether somebody else holds the lock.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(code::BUSY)
}

/// The code without what extends it.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    Some(code.parse::<i32>().ok()? & 0xff)
}
