//! Notices that anybody, in any process, changed the file.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::errors::database;
use super::place::Place;
use crate::app::ports::StoreError;

/// A connection of its own that never writes: `PRAGMA data_version` moves when any *other* connection commits, so on
/// this one it moves for the writer of this process and for every other process alike
/// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
#[derive(Debug)]
pub struct Watcher {
    options: SqliteConnectOptions,
    place: Place,
    connection: Option<SqliteConnection>,
    /// Counts connections: the numbers of one say nothing about those of another.
    epoch: i64,
}

impl Watcher {
    pub(super) fn new(options: SqliteConnectOptions, place: Place) -> Self {
        Self { options, place, connection: None, epoch: 0 }
    }

    /// A number that differs from the last one if anything was committed since.
    pub(super) async fn version(&mut self) -> Result<i64, StoreError> {
        if !self.place.is_kept() {
            self.close().await;
        }
        let connection = if let Some(connection) = &mut self.connection {
            connection
        } else {
            self.epoch += 1;
            self.connection.insert(self.options.connect().await.map_err(database)?)
        };
        match sqlx::query_scalar::<_, i64>("PRAGMA data_version").fetch_one(connection).await {
            Ok(version) => Ok((self.epoch << 32) | (version & 0xffff_ffff)),
            Err(e) => {
                self.connection = None;
                Err(database(e))
            }
        }
    }

    /// Lets go of the file.
    pub(super) async fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "closing the watching connection failed");
        }
    }
}
