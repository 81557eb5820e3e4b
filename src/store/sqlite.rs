//! The store in one SQLite file: what a single machine needs, with nothing to install.
//!
//! One connection writes, a few read. A transaction that writes takes the write lock when it begins, because one that
//! reads first and asks for the lock later fails at once when somebody else wrote in between, however long it is
//! willing to wait. `synchronous=FULL`, because with less a power cut loses leads that were already acknowledged.

use std::path::Path;

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::SqliteConnection;
use sqlx::sqlite::{Sqlite, SqliteRow};
use tokio::sync::Mutex;

use super::engine::{Driver, SqlStore};
use super::session::session;
use super::sql::Dialect;
use crate::app::ports::StoreError;
use errors::database;

mod errors;
mod open;
mod place;
mod schema;
mod watcher;

#[cfg(test)]
mod tests;

/// The whole store in one SQLite file. The writer pool has exactly one connection; those of the readers are read-only.
pub type SqliteStore = SqlStore<Sqlite>;

session!(SqliteConnection, SqliteRow, Dialect::Sqlite, one_writer: true, errors: database);

impl Driver for Sqlite {
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const BEGIN_READING: &'static str = "BEGIN";
    const BEFORE_COPY: &'static [&'static str] = &["PRAGMA defer_foreign_keys = ON"];

    /// Tells whether anybody changed the file.
    type Own = Mutex<watcher::Watcher>;

    fn error(error: sqlx::Error) -> StoreError {
        database(error)
    }

    fn go_on_numbering(_: &str, _: &str) -> Option<String> {
        None
    }

    fn version(store: &SqliteStore) -> BoxFuture<'_, Result<i64, StoreError>> {
        async { store.own.lock().await.version().await }.boxed()
    }

    fn close(watcher: &Self::Own) -> BoxFuture<'_, ()> {
        async { watcher.lock().await.close().await }.boxed()
    }
}

impl SqliteStore {
    /// Opens the database file at `path`, creating it, and the directory above it, for its owner only, and bringing its
    /// schema up to date. Closing it brings the write-ahead log into the file.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] if a newer leadboard wrote it; [`StoreError::Corrupt`] if it is no database of ours;
    /// [`StoreError::Database`], with what to do, if the place is not writable, is on a network file system, is locked
    /// by a process that hangs, or if the SQLite library is one with a known way to lose commits.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        open::open(path).await
    }
}
