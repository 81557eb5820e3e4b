//! [`StopStore`]: the switch that stops all writing to the CRM.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Driver, SqlStore, audit};
use crate::app::ports::{StopStore, Stopped, StoreError};
use crate::store::query::{Query, query};
use crate::store::rows::Columns;
use crate::store::session::Session;
use crate::store::sql::stop as sql;
use crate::store::values::{micros, storable};

#[async_trait]
impl<D: Driver> StopStore for SqlStore<D> {
    async fn stopped(&self) -> Result<Option<Stopped>, StoreError> {
        self.ask_optional(query(sql::STOPPED)).await?.map(|row| stop(&row)).transpose()
    }

    async fn stop_writes(&self, stop: &Stopped) -> Result<bool, StoreError> {
        let turn = query(sql::STOP).bind(micros(stop.at)).bind(storable(&stop.by)).bind(storable(&stop.why));
        let told = ("writes.stopped", json!({ "why": stop.why }));
        self.again(|| change(self, turn.clone(), &stop.by, told.clone(), stop.at)).await
    }

    async fn resume_writes(&self, by: &str, why: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let told = ("writes.resumed", json!({ "why": why }));
        self.again(|| change(self, query(sql::RESUME), by, told.clone(), at)).await
    }
}

fn stop(row: &impl Columns) -> Result<Stopped, StoreError> {
    Ok(Stopped { at: row.time("stopped_at")?, by: row.text("stopped_by")?, why: row.text("why")? })
}

/// Whether writing is stopped, as this transaction sees it.
pub(super) async fn is_on(conn: &mut impl Session) -> Result<bool, StoreError> {
    Ok(query(sql::STOPPED).optional(conn).await?.is_some())
}

/// Turns the switch and tells the trail, in one transaction; false if it stood so already.
async fn change<D: Driver>(
    store: &SqlStore<D>,
    turn: Query,
    by: &str,
    (what, details): (&str, Value),
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    if turn.execute(&mut *tx).await? == 0 {
        store.rollback(tx).await?;
        return Ok(false);
    }
    audit::append(&mut *tx, &audit::event(at, by, what, details)).await?;
    store.commit(tx).await?;
    Ok(true)
}
