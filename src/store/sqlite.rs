//! The store in one SQLite file: what a single machine needs, with nothing to install.
//!
//! One connection writes, a few read. A transaction that writes takes the write lock when it begins, because one that
//! reads first and asks for the lock later fails at once when somebody else wrote in between, however long it is
//! willing to wait. `synchronous=FULL`, because with less a power cut loses leads that were already acknowledged.

use std::path::Path;

use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{SqliteConnection, Transaction};
use tokio::sync::{Mutex, watch};

use crate::app::ports::StoreError;
use errors::database;

mod audit;
mod chain;
mod decisions;
mod drift;
mod errors;
mod intake;
mod leads;
mod learning;
mod migrations;
mod open;
mod outbox;
mod place;
mod queries;
mod rankings;
mod row;
mod watcher;

#[cfg(test)]
mod tests;

/// A transaction that holds the write lock. Dropped without a commit, it changed nothing.
type Tx = Transaction<'static, Sqlite>;

/// The whole store in one SQLite file. Cheap to share behind an `Arc`; several of them, in one process or in many, may
/// have the same file open.
#[derive(Debug)]
pub struct SqliteStore {
    /// Exactly one connection.
    writer: SqlitePool,
    /// Read-only connections.
    readers: SqlitePool,
    /// Tells whether anybody changed the file.
    watcher: Mutex<watcher::Watcher>,
    /// Commits of this process, counted.
    commits: watch::Sender<u64>,
}

impl SqliteStore {
    /// Opens the database file at `path`, creating it, and the directory above it, for its owner only, and bringing its
    /// schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] if a newer leadboard wrote it; [`StoreError::Corrupt`] if it is no database of ours;
    /// [`StoreError::Database`], with what to do, if the place is not writable, is on a network file system, is locked
    /// by a process that hangs, or if the SQLite library is one with a known way to lose commits.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        open::open(path).await
    }

    /// Closes every connection and brings the write-ahead log into the file. Later calls fail.
    pub async fn close(&self) {
        // The writer goes last: the last connection to close empties the log into the file, and only it may.
        self.watcher.lock().await.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begins a transaction that will write.
    async fn begin(&self) -> Result<Tx, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(database)
    }

    /// Makes a transaction last, with its audit records sealed, and tells those who wait for news.
    async fn commit(&self, mut tx: Tx) -> Result<(), StoreError> {
        // There is one writer, so the chain has one end, and nobody waits for it.
        while chain::seal(&mut tx, chain::BATCH).await? == chain::BATCH {}
        tx.commit().await.map_err(database)?;
        self.commits.send_modify(|n| *n += 1);
        Ok(())
    }

    /// Begins a transaction that only reads: all its statements see the same moment. Keep it short, because the log
    /// cannot be emptied past it.
    async fn read(&self) -> Result<Tx, StoreError> {
        self.readers.begin_with("BEGIN").await.map_err(database)
    }

    /// A connection for a single read.
    async fn reader(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(database)
    }
}

/// Runs one statement that gives no rows; how many rows it touched.
async fn execute(
    conn: &mut SqliteConnection,
    query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
) -> Result<u64, StoreError> {
    Ok(query.execute(conn).await.map_err(database)?.rows_affected())
}
