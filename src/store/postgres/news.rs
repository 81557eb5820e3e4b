//! Telling other processes of commits, and hearing of theirs.
//!
//! Three tasks beside the pool: one tells (all commits of a moment in one notification), one listens, one reads the
//! server's clock. Each goes on until the store is closed or dropped, whatever goes wrong meanwhile.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::clock::ServerClock;
use super::errors::database;
use super::open::{Patience, within};
use crate::app::ports::StoreError;
use crate::store::query::query;
use crate::store::sql::duties;

/// The channel. Two schemas of one database share it, and only wake each other for nothing.
const CHANNEL: &str = "leadboard_news";
/// Commits within this time are told together.
const GATHER: Duration = Duration::from_millis(50);
/// After this long without news the listener connects anew: a connection that broke without a word would be silent for ever.
const SILENCE: Duration = Duration::from_mins(1);
/// After a fault.
const BREATH: Duration = Duration::from_secs(1);
/// How often the server's clock is read.
const CLOCK: Duration = Duration::from_secs(5);

/// The tasks.
#[derive(Debug)]
pub(super) struct News {
    tell: Arc<Notify>,
    tasks: TaskTracker,
    cancel: CancellationToken,
    listening: PgPool,
    patience: Patience,
    _stop: DropGuard,
}

impl News {
    /// Starts the tasks. `commits` is moved by the news of others; `listening` is a pool for the listener alone.
    pub(super) fn start(
        pool: PgPool,
        listening: PgPool,
        commits: watch::Sender<u64>,
        clock: Arc<ServerClock>,
        patience: Patience,
    ) -> Self {
        let (tell, cancel, tasks) = (Arc::new(Notify::new()), CancellationToken::new(), TaskTracker::new());
        // Names this store, so that it does not wake itself.
        let me = format!("{:016x}", rand::random::<u64>());
        tasks.spawn(until(cancel.clone(), telling(pool.clone(), tell.clone(), me.clone(), patience)));
        tasks.spawn(until(cancel.clone(), listening_to(listening.clone(), commits, me, patience)));
        tasks.spawn(until(cancel.clone(), keep_time(pool, clock, patience)));
        tasks.close();
        Self { tell, tasks, cancel: cancel.clone(), listening, patience, _stop: cancel.drop_guard() }
    }

    /// Something was committed.
    pub(super) fn tell(&self) {
        self.tell.notify_one();
    }

    /// Ends the tasks.
    pub(super) async fn close(&self) {
        self.cancel.cancel();
        self.tasks.wait().await;
        // A listener that fell silent is not waited for: what it has to say goodbye to may be gone.
        drop(within(self.patience.sign_of_life, self.listening.close()).await);
    }
}

async fn until(cancel: CancellationToken, task: impl Future<Output = ()>) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = task => {}
    }
}

async fn telling(pool: PgPool, tell: Arc<Notify>, me: String, patience: Patience) {
    loop {
        tell.notified().await;
        tokio::time::sleep(GATHER).await;
        if let Err(error) = heard(patience, send(&pool, &me)).await {
            tracing::warn!(%error, "other terminals could not be told of news; they will see it at their next look");
        }
    }
}

async fn send(pool: &PgPool, me: &str) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await.map_err(database)?;
    query(duties::NOTIFY).bind(CHANNEL).bind(me).all(&mut *connection).await.map(drop)
}

/// A small exchange with the server, which is over within the patience for a connection or not at all.
async fn heard<T>(patience: Patience, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    within(patience.connection, work).await.unwrap_or_else(|e| Err(database(e.into())))
}

async fn listening_to(pool: PgPool, commits: watch::Sender<u64>, me: String, patience: Patience) {
    loop {
        if let Err(error) = hear(&pool, &commits, &me, patience).await {
            tracing::warn!(%error, "not hearing of news from other terminals; looking for it instead");
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// Listens on one connection until it falls silent or breaks.
async fn hear(pool: &PgPool, commits: &watch::Sender<u64>, me: &str, patience: Patience) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    within(patience.connection, listener.listen(CHANNEL)).await??;
    // What was told before we listened, nobody told us.
    commits.send_modify(|n| *n += 1);
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(news))) if news.payload() == me => {}
            Ok(Ok(Some(_))) => commits.send_modify(|n| *n += 1),
            Ok(Ok(None)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        }
    }
}

async fn keep_time(pool: PgPool, clock: Arc<ServerClock>, patience: Patience) {
    loop {
        tokio::time::sleep(CLOCK).await;
        if let Err(error) = heard(patience, clock.read_again(&pool)).await {
            tracing::debug!(%error, "the server's clock could not be read");
        }
    }
}
