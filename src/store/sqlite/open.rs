//! Opening: settings, checks, pools.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, watch};

use super::errors::{database, is_busy};
use super::place::{self, Place};
use super::watcher::Watcher;
use super::{SqliteStore, schema};
use crate::app::ports::{AuditStore, StoreError};
use crate::store::engine::chain;

/// The oldest SQLite that does not have the WAL-reset bug, by which two connections could lose commits or damage the
/// file (<https://www.sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// How long a connection waits for the lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection of a pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections that read. Each is a thread; more would only wait for the same two cores and the same disk.
const READERS: u32 = 4;
/// Of processes that create the file at the same moment, one switches it to WAL, and another is now and then told
/// "locked" at once, whatever its busy timeout. So it asks again, this often and this far apart.
const CONNECT_TRIES: u32 = 50;
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    let path = place::prepare(path)?;
    let writing = settings(&path).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let reading = settings(&path).read_only(true);

    let mut first = connect(&writing).await?;
    check_library(&mut first).await?;
    check_settings(&mut first).await?;
    schema::migrate(&mut first).await?;

    let place = Place::of(&path);
    let writer = pool(1, &place).connect_with(writing).await.map_err(database)?;
    let readers = pool(READERS, &place).connect_with(reading.clone()).await.map_err(database)?;
    // Closed only now: the last connection to a file takes its log away, which the readers would have to make again.
    first.close().await.map_err(database)?;

    let own = Mutex::new(Watcher::new(reading, place));
    let store = SqliteStore { writer, readers, own, commits: watch::Sender::new(0) };
    // Records of a version that did not seal yet; later ones are sealed as they are written.
    while store.seal(chain::BATCH).await? > 0 {}
    Ok(store)
}

/// The settings of every connection.
fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        // Without these, macOS answers before the disk has the data; elsewhere they mean nothing.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
}

/// A pool of lasting connections.
///
/// When SQLite rolls a transaction back by itself (disk full, I/O error), the driver goes on believing in it and every
/// later transaction on that connection fails, also when there is space again. Such a connection is replaced instead
/// of being handed out. So is one to a file that is not in its place any more: a new one finds what is there now, or says
/// that there is nothing.
fn pool(connections: u32, place: &Place) -> SqlitePoolOptions {
    let place = place.clone();
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .before_acquire(move |conn, _| {
            let usable = !conn.is_in_transaction() && place.is_kept();
            Box::pin(async move { Ok(usable) })
        })
}

/// The first connection, which may have to wait for another process that is creating the file.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let mut tries = 1;
    loop {
        match options.connect().await {
            Ok(conn) => return Ok(conn),
            Err(e) if is_busy(&e) && tries < CONNECT_TRIES => tokio::time::sleep(CONNECT_PAUSE).await,
            Err(e) => return Err(database(e)),
        }
        tries += 1;
    }
}

/// Refuses a library that can lose what it acknowledged.
async fn check_library(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(conn).await.map_err(database)?;
    if version(&found) >= Some(OLDEST_SQLITE) {
        return Ok(());
    }
    let (major, minor, patch) = OLDEST_SQLITE;
    Err(StoreError::Database(format!(
        "this build contains SQLite {found}, which can lose commits in WAL mode; build with {major}.{minor}.{patch} or \
         newer (a dependency must have pulled in an older libsqlite3-sys)"
    )))
}

fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// The promises rest on these, so they are read back rather than believed.
async fn check_settings(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *conn).await.map_err(database)?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *conn).await.map_err(database)?;
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *conn).await.map_err(database)?;
    if journal == "wal" && synchronous == 2 && foreign_keys == 1 {
        return Ok(());
    }
    Err(StoreError::Database(format!(
        "the database did not take its settings (journal_mode {journal}, synchronous {synchronous}, foreign_keys \
         {foreign_keys}; wanted wal, 2, 1); choose a --data-dir on a local disk"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("3.51.3") >= Some(OLDEST_SQLITE));
        assert!(version("3.52") >= Some(OLDEST_SQLITE));
        assert!(version("3.51.2") < Some(OLDEST_SQLITE));
        assert!(version("3.9.10") < Some(OLDEST_SQLITE));
        assert!(version("strange") < Some(OLDEST_SQLITE));
    }
}
