//! [`BlindStore`]: what managers chose before they saw what was recommended.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit};
use crate::app::ports::{BlindStore, BlindTally, FirstChoice, StoreError};
use crate::domain::ids::LeadId;
use crate::store::query::query;
use crate::store::rows::Columns;
use crate::store::session::Session;
use crate::store::sql::blind as sql;
use crate::store::values::{count, micros, owner_kind, storable};

fn id(lead: &LeadId, decisions_made: u32) -> String {
    format!("{lead} {decisions_made}")
}

#[async_trait]
impl<D: Driver> BlindStore for SqlStore<D> {
    async fn choose_first(&self, choice: &FirstChoice) -> Result<bool, StoreError> {
        self.again(|| choose(self, choice)).await
    }

    async fn blind_tally(&self, since: DateTime<Utc>) -> Result<BlindTally, StoreError> {
        let mut tx = self.read().await?;
        let chosen = query(sql::CHOSEN).bind(micros(since)).one(&mut *tx).await?;
        let seen = query(sql::SEEN).bind(micros(since)).one(&mut *tx).await?;
        Ok(BlindTally {
            chosen: count(chosen.int("chosen")?)?,
            agreed: count(chosen.int("agreed")?)?,
            differed: count(chosen.int("differed")?)?,
            went_over: count(chosen.int("went_over")?)?,
            seen: count(seen.int("seen")?)?,
            seen_agreed: count(seen.int("seen_agreed")?)?,
        })
    }
}

/// The choice that was made for a lead as it stands.
pub(super) async fn of_lead(
    conn: &mut impl Session,
    lead: &LeadId,
    decisions_made: u32,
) -> Result<Option<FirstChoice>, StoreError> {
    let Some(row) = query(sql::OF_LEAD).bind(id(lead, decisions_made)).optional(conn).await? else { return Ok(None) };
    Ok(Some(FirstChoice {
        lead_id: LeadId::new(row.text("lead_id")?),
        decisions_made: row.small_count("decisions_made")?,
        manager: row.text("manager")?,
        owner: row.owner("owner_kind", "owner_id")?,
        recommended: row.owner("recommended_kind", "recommended_id")?,
        at: row.time("chosen_at")?,
    }))
}

async fn choose<D: Driver>(store: &SqlStore<D>, choice: &FirstChoice) -> Result<bool, StoreError> {
    let FirstChoice { lead_id, decisions_made, manager, owner, recommended, at } = choice;
    let mut tx = store.begin().await?;
    let insert = query(sql::CHOOSE)
        .bind(id(lead_id, *decisions_made))
        .bind(lead_id.as_str())
        .bind(i64::from(*decisions_made))
        .bind(storable(manager))
        .bind(owner_kind(owner))
        .bind(owner.id())
        .bind(owner_kind(recommended))
        .bind(recommended.id())
        .bind(micros(*at));
    if insert.execute(&mut *tx).await? == 0 {
        store.rollback(tx).await?;
        return Ok(false);
    }
    let details = json!({ "owner": owner, "recommended": recommended });
    audit::append(&mut *tx, &audit::of_lead(*at, manager, "lead.chosen_blind", lead_id, details)).await?;
    store.commit(tx).await?;
    Ok(true)
}
