//! [`PresenceStore`]: who of the managers is at work.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Driver, RowOf, SqlStore};
use crate::app::ports::{Claim, Presence, PresenceStore, StoreError};
use crate::domain::ids::LeadId;
use crate::store::query::{Query, query};
use crate::store::rows::Columns;
use crate::store::sql::presence as sql;
use crate::store::values::{micros, storable};

#[async_trait]
impl<D: Driver> PresenceStore for SqlStore<D> {
    async fn note_presence(&self, presence: &Presence) -> Result<(), StoreError> {
        let claim = presence.claim.as_ref();
        let note = query(sql::NOTE)
            .bind(storable(&presence.manager))
            .bind(micros(presence.seen_at))
            .bind(claim.map(|claim| storable(claim.lead.as_str())))
            .bind(claim.map(|claim| micros(claim.since)))
            .bind(claim.map(|claim| micros(claim.until)));
        change(self, note).await
    }

    async fn leave(&self, manager: &str, lead: Option<&LeadId>) -> Result<(), StoreError> {
        let lead = lead.map(|lead| storable(lead.as_str()));
        change(self, query(sql::LEAVE).bind(storable(manager)).bind(lead)).await
    }

    async fn present(&self, after: DateTime<Utc>) -> Result<Vec<Presence>, StoreError> {
        let one = |row: &RowOf<D>| {
            let claim = match (row.text_opt("lead_id")?, row.time_opt("since")?, row.time_opt("until")?) {
                (Some(lead), Some(since), Some(until)) => Some(Claim { lead: LeadId::new(lead), since, until }),
                _ => None,
            };
            Ok(Presence { manager: row.text("manager")?, seen_at: row.time("seen_at")?, claim })
        };
        self.ask(query(sql::PRESENT).bind(micros(after))).await?.iter().map(one).collect()
    }
}

/// A statement that is all of its transaction. Where it changed nothing, nobody is woken.
async fn change<D: Driver>(store: &SqlStore<D>, change: Query) -> Result<(), StoreError> {
    let once = || async {
        let mut tx = store.begin().await?;
        if change.clone().execute(&mut *tx).await? == 0 {
            return store.rollback(tx).await;
        }
        store.commit(tx).await
    };
    store.again(once).await
}
