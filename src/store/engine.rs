//! The store over any database: one body for each method of the ports, whichever driver runs it.
//!
//! The bodies were written for one writer at a time, which SQLite's write lock gives. Where several transactions write at
//! once ([`Session::ONE_WRITER`] is false), one rule gives the same: **a transaction locks the leads it is about before
//! it looks at them** ([`leads::lock`]), all at once and in one order. What hangs on a lead (its rankings, decisions,
//! effects, feedback) is then as it was seen until the end. What is no lead's is written by statements that are right by
//! themselves, or by work that only one worker does at a time.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool, Transaction};
use tokio::sync::watch;

use super::query::Query;
use super::session::Session;
use crate::app::ports::StoreError;

mod audit;
mod backfill;
mod blind;
mod boards;
pub(super) mod chain;
mod companies;
mod contacts;
mod decisions;
mod disagreements;
mod drift;
mod duties;
mod hand_overs;
mod handoff;
mod intake;
mod leads;
mod learning;
mod outbox;
mod presence;
mod queries;
mod rankings;
mod returned;
mod routing;
mod saved_views;
mod stop;

/// How often a transaction that another one got in the way of is done again, and the longest first wait.
const TRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(25);

/// What each database does in its own way.
pub trait Driver: Database<Connection: Session> {
    /// Begins a transaction that will write.
    const BEGIN: &'static str;
    /// Begins a transaction that only reads, all of it at one moment.
    const BEGIN_READING: &'static str;
    /// What a transaction that is to hold a whole store begins with; among it, that references are checked at its end.
    const BEFORE_COPY: &'static [&'static str];

    /// What else it keeps open.
    type Own: fmt::Debug + Send + Sync;

    /// The driver's words, and the cure where there is one.
    fn error(error: sqlx::Error) -> StoreError;

    /// The same for an end of a transaction, of which it may not be known whether it took place.
    fn commit_error(error: sqlx::Error) -> StoreError {
        Self::error(error)
    }

    /// How long a call is waited for, where it may never be answered.
    fn patience(_: &Self::Own) -> Option<Duration> {
        None
    }

    /// Makes a database number new rows of a table after the greatest key in it, where it does not by itself.
    fn go_on_numbering(table: &str, key: &str) -> Option<String>;

    /// Told after each commit.
    fn committed(_: &Self::Own) {}

    /// A number that differs from the last one if anybody committed since.
    fn version(store: &SqlStore<Self>) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// Closes what it keeps open.
    fn close(own: &Self::Own) -> BoxFuture<'_, ()>;
}

/// A row of a database.
pub(super) type RowOf<D> = <<D as Database>::Connection as Session>::Row;

/// A transaction. Dropped without a commit, it changed nothing.
pub(super) type Tx<D> = Transaction<'static, D>;

/// The whole store in one database. Cheap to share behind an `Arc`; several of them, in one process or in many, may use
/// the same database.
pub struct SqlStore<D: Driver> {
    /// For transactions that write.
    pub(super) writer: Pool<D>,
    /// For what only reads.
    pub(super) readers: Pool<D>,
    /// What the driver keeps beside them.
    pub(super) own: D::Own,
    /// Commits that this process knows of, counted.
    pub(super) commits: watch::Sender<u64>,
}

impl<D: Driver> fmt::Debug for SqlStore<D> {
    /// Without the options of the connections, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("database", &D::NAME).field("own", &self.own).finish_non_exhaustive()
    }
}

impl<D: Driver> SqlStore<D> {
    /// Closes every connection, when calls under way are done. Later calls fail.
    pub async fn close(&self) {
        D::close(&self.own).await;
        // The writer goes last: SQLite's last connection to close empties the log into the file, and only it may.
        let all = async {
            self.readers.close().await;
            self.writer.close().await;
        };
        match D::patience(&self.own) {
            // No call lasts longer; whatever still has its connection is not heard of any more.
            Some(patience) => drop(tokio::time::timeout(patience, all).await),
            None => all.await,
        }
    }

    /// Begins a transaction that will write.
    pub(super) async fn begin(&self) -> Result<Tx<D>, StoreError> {
        self.writer.begin_with(D::BEGIN).await.map_err(D::error)
    }

    /// Makes a transaction last, and tells those who wait for news. Where one transaction writes at a time, its audit
    /// records are sealed in it: the chain has one end, and nobody waits for it. Elsewhere a worker does that soon after
    /// ([`chain`]), because every transaction would wait for the one before.
    pub(super) async fn commit(&self, mut tx: Tx<D>) -> Result<(), StoreError> {
        if D::Connection::ONE_WRITER {
            while chain::seal(&mut *tx, chain::BATCH).await? == chain::BATCH {}
        }
        tx.commit().await.map_err(D::commit_error)?;
        self.commits.send_modify(|n| *n += 1);
        D::committed(&self.own);
        Ok(())
    }

    /// Gives a transaction up.
    pub(super) async fn rollback(&self, tx: Tx<D>) -> Result<(), StoreError> {
        tx.rollback().await.map_err(D::error)
    }

    /// Begins a transaction that only reads: all its statements see the same moment. Keep it short, because no database
    /// can clean up past it.
    pub(super) async fn read(&self) -> Result<Tx<D>, StoreError> {
        self.readers.begin_with(D::BEGIN_READING).await.map_err(D::error)
    }

    /// A connection for single reads.
    pub(super) async fn reader(&self) -> Result<PoolConnection<D>, StoreError> {
        self.readers.acquire().await.map_err(D::error)
    }

    /// The rows of one query, on a connection of its own.
    pub(super) async fn ask(&self, query: Query) -> Result<Vec<RowOf<D>>, StoreError> {
        self.again(|| async { query.clone().all(&mut *self.reader().await?).await }).await
    }

    /// The row of one query that gives one at most.
    pub(super) async fn ask_optional(&self, query: Query) -> Result<Option<RowOf<D>>, StoreError> {
        Ok(self.ask(query).await?.pop())
    }

    /// The row of one query that always gives one.
    pub(super) async fn ask_one(&self, query: Query) -> Result<RowOf<D>, StoreError> {
        self.again(|| async { query.clone().one(&mut *self.reader().await?).await }).await
    }

    /// Does work that is one transaction, and does it again when it failed in a way that will pass and that is known to
    /// have left nothing behind. The waits double, and their length is random, so that two that met do not meet again.
    /// What is not answered in time is not done again: it may have been stored.
    pub(super) async fn again<T, F>(&self, work: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let work = || async {
            let Some(patience) = D::patience(&self.own) else { return work().await };
            tokio::time::timeout(patience, work()).await.unwrap_or_else(|_| Err(silent(patience)))
        };
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match work().await {
                Err(StoreError::Passing(why)) => {
                    tracing::debug!(%why, "a transaction is done again");
                    tokio::time::sleep(wait.mul_f64(rand::random_range(0.5..1.0))).await;
                    wait *= 2;
                }
                done => return done,
            }
        }
        work().await
    }
}

fn silent(patience: Duration) -> StoreError {
    StoreError::Database(format!(
        "the database did not answer within {} seconds, so it is not known whether what was to be stored is; look before \
         doing it again, and see whether its server is well and can be reached",
        patience.as_secs_f64()
    ))
}
