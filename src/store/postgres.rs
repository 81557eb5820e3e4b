//! The store in a PostgreSQL database: what a team shares, many terminals and many workers.
//!
//! Transactions run side by side at the isolation level that PostgreSQL has by default (read committed), and lock the
//! leads they are about first (see `engine.rs`). What one process does, the others learn by `LISTEN`, sent in a
//! transaction of its own, since `NOTIFY` takes a lock that every committer waits for; nothing that must be right rests on
//! it, because a look at the newest audit events tells the same. Leases end by the server's clock ([`clock`]).

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::PgConnection;
use sqlx::postgres::{PgRow, Postgres};

use super::engine::{Driver, SqlStore};
use super::query::query;
use super::rows::Columns;
use super::session::session;
use super::sql::{Dialect, duties};
use crate::app::ports::{Clock, StoreError};
use errors::{at_commit, database};

mod clock;
mod errors;
mod news;
mod open;
mod schema;
mod url;

pub use open::Patience;

#[cfg(test)]
mod tests;

/// The whole store in one PostgreSQL database. Readers and writers share one pool of connections.
pub type PostgresStore = SqlStore<Postgres>;

session!(PgConnection, PgRow, Dialect::Postgres, one_writer: false, errors: database);

/// What is kept open beside the connections.
#[derive(Debug)]
pub struct Own {
    news: news::News,
    clock: Arc<clock::ServerClock>,
    patience: Patience,
}

impl Driver for Postgres {
    const BEGIN: &'static str = "BEGIN";
    const BEGIN_READING: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    const BEFORE_COPY: &'static [&'static str] = &[
        "SET CONSTRAINTS ALL DEFERRED",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
    ];

    type Own = Own;

    fn error(error: sqlx::Error) -> StoreError {
        database(error)
    }

    fn commit_error(error: sqlx::Error) -> StoreError {
        at_commit(error)
    }

    fn patience(own: &Own) -> Option<Duration> {
        Some(own.patience.call)
    }

    fn go_on_numbering(table: &str, key: &str) -> Option<String> {
        Some(format!("SELECT setval(pg_get_serial_sequence('{table}', '{key}'), (SELECT MAX({key}) FROM {table}))"))
    }

    fn committed(own: &Own) {
        own.news.tell();
    }

    fn version(store: &PostgresStore) -> BoxFuture<'_, Result<i64, StoreError>> {
        async { store.ask_one(query(duties::NEWEST_EVENTS)).await?.int("version") }.boxed()
    }

    fn close(own: &Own) -> BoxFuture<'_, ()> {
        own.news.close().boxed()
    }
}

impl PostgresStore {
    /// Connects to the database of a `postgres://` URL and brings its schema up to date. Must be called inside a tokio
    /// runtime. Without `sslmode` in the URL, a host other than this one must prove who it is (`verify-full`).
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] if a newer leadboard wrote it; [`StoreError::Corrupt`] if it is no database of ours;
    /// [`StoreError::Database`] or [`StoreError::Passing`], with what to do, if it cannot be reached or used. None tells
    /// the URL, which may hold a password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Patience::default()).await
    }

    /// [`PostgresStore::open`], waiting longer or shorter for the server.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_with(url: &str, patience: Patience) -> Result<Self, StoreError> {
        open::open(url, patience).await
    }

    /// The server's clock, so that all who share the database agree on the time, whatever their own clocks say.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.own.clock.clone()
    }
}
