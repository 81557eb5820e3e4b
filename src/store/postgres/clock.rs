//! The server's clock, read now and then and carried on in between by this machine's steady one.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::errors::database;
use crate::app::ports::{Clock, StoreError};
use crate::store::query::query;
use crate::store::rows::Columns;
use crate::store::sql::duties;

/// An answer that took longer than this says too little about when it was given.
const TOO_LONG: Duration = Duration::from_secs(1);

/// The time at the server. Steps of this machine's clock do not move it.
#[derive(Debug)]
pub(super) struct ServerClock {
    /// What time it was at the server, and when that was here.
    read: RwLock<(Instant, DateTime<Utc>)>,
}

impl ServerClock {
    /// Reads the server's clock for the first time.
    pub(super) async fn new(pool: &PgPool) -> Result<Self, StoreError> {
        let (read, _) = ask(pool).await?;
        Ok(Self { read: RwLock::new(read) })
    }

    /// Reads it again.
    pub(super) async fn read_again(&self, pool: &PgPool) -> Result<(), StoreError> {
        let (read, took) = ask(pool).await?;
        if took < TOO_LONG {
            *self.read.write().unwrap_or_else(PoisonError::into_inner) = read;
        }
        Ok(())
    }
}

impl Clock for ServerClock {
    fn now(&self) -> DateTime<Utc> {
        let (since, at) = *self.read.read().unwrap_or_else(PoisonError::into_inner);
        at + TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::zero())
    }
}

/// The server's time with the moment it was of, halfway between question and answer; and how long that took.
async fn ask(pool: &PgPool) -> Result<((Instant, DateTime<Utc>), Duration), StoreError> {
    let mut connection = pool.acquire().await.map_err(database)?;
    let asked = Instant::now();
    let at = query(duties::SERVER_TIME).one(&mut *connection).await?.time("now")?;
    let took = asked.elapsed();
    Ok(((asked + took / 2, at), took))
}
