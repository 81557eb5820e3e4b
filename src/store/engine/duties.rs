//! [`DutyStore`]: work that one worker does for all.

use std::time::Duration;

use async_trait::async_trait;

use super::{Driver, SqlStore};
use crate::app::ports::{DutyStore, StoreError};
use crate::store::query::{query, texts};
use crate::store::session::Session;
use crate::store::sql::duties;

#[async_trait]
impl<D: Driver> DutyStore for SqlStore<D> {
    async fn hold(&self, duty: &str, owner: &str, lease: Duration) -> Result<bool, StoreError> {
        if D::Connection::ONE_WRITER {
            // The lock of the data directory lets one worker in.
            return Ok(true);
        }
        if self.ask_optional(query(duties::TAKEN).bind(duty).bind(owner)).await?.is_some() {
            return Ok(false);
        }
        let micros = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let hold = query(duties::HOLD).bind(duty).bind(owner).bind(micros);
        Ok(self.ask_optional(hold).await?.is_some())
    }

    async fn let_go(&self, duty: &str, owner: &str) -> Result<(), StoreError> {
        if !D::Connection::ONE_WRITER {
            self.ask(query(duties::LET_GO).bind(duty).bind(owner)).await?;
        }
        Ok(())
    }
}

impl<D: Driver> SqlStore<D> {
    /// Duties that some worker holds at this moment.
    pub(in crate::store) async fn held(&self) -> Result<Vec<String>, StoreError> {
        if D::Connection::ONE_WRITER {
            return Ok(Vec::new());
        }
        texts(&self.ask(query(duties::HELD)).await?, "name")
    }
}
