//! [`LearningStore`]: history, models, outcomes.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit, intake};
use crate::app::ports::{Cursor, LearningStore, ModelRow, StoreError};
use crate::domain::deal::{Deal, LeadOutcome};
use crate::domain::ids::{ModelId, RepId};
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, WORKER, count, micros, storable};

#[async_trait]
impl<D: Driver> LearningStore for SqlStore<D> {
    async fn save_deals(&self, deals: &[Deal], origin: &str, at: DateTime<Utc>) -> Result<(u64, u64), StoreError> {
        if deals.is_empty() {
            return Ok((0, 0));
        }
        self.again(|| save_deals(self, deals, origin, at)).await
    }

    async fn deals(&self) -> Result<Vec<Deal>, StoreError> {
        self.ask(query(sql::learning::DEALS)).await?.iter().map(rows::deal).collect()
    }

    async fn pull_place(&self) -> Result<Option<String>, StoreError> {
        let place = self.ask_optional(query(sql::learning::PULL_PLACE)).await?;
        place.map(|row| row.text("value")).transpose()
    }

    async fn set_pull_place(&self, place: Option<&str>) -> Result<(), StoreError> {
        self.again(|| set_pull_place(self, place)).await
    }

    async fn deal_count(&self) -> Result<u64, StoreError> {
        count(self.ask_one(query(sql::learning::DEAL_COUNT)).await?.int("n")?)
    }

    async fn save_model(&self, row: &ModelRow, artifact: &str) -> Result<(), StoreError> {
        self.again(|| save_model(self, row, artifact)).await
    }

    async fn models(&self) -> Result<Vec<ModelRow>, StoreError> {
        self.ask(query(sql::learning::MODELS)).await?.iter().map(rows::model).collect()
    }

    async fn model_artifact(&self, id: &ModelId) -> Result<Option<String>, StoreError> {
        let row = self.ask_optional(query(sql::learning::MODEL_ARTIFACT).bind(id.as_str())).await?;
        row.map(|row| row.text("artifact")).transpose()
    }

    async fn promote(&self, id: &ModelId, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.again(|| promote(self, id, by, at)).await
    }

    async fn champion(&self) -> Result<Option<ModelRow>, StoreError> {
        self.ask_optional(query(sql::learning::CHAMPION)).await?.as_ref().map(rows::model).transpose()
    }

    async fn save_outcomes(
        &self,
        outcomes: &[LeadOutcome],
        cursor_name: &str,
        cursor: &Cursor,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.again(|| save_outcomes(self, outcomes, cursor_name, cursor, at)).await
    }
}

async fn save_deals<D: Driver>(
    store: &SqlStore<D>,
    deals: &[Deal],
    origin: &str,
    at: DateTime<Utc>,
) -> Result<(u64, u64), StoreError> {
    let mut tx = store.begin().await?;
    let before = deal_count(&mut *tx).await?;
    for deal in deals {
        let save = query(sql::learning::DEAL_SAVE)
            .bind(deal.lead_id.as_str())
            .bind(deal.rep.as_str())
            .bind(micros(deal.facts.created_at))
            .bind(micros(deal.closed_at))
            .bind(i64::from(deal.closed_assumed))
            .bind(deal.outcome.to_string())
            .bind(deal.closed_amount)
            .bind(storable(origin))
            .bind(micros(at))
            .bind(values::json(&deal.facts)?);
        save.execute(&mut *tx).await?;
    }
    let new = deal_count(&mut *tx).await?.saturating_sub(before);
    let replaced = (deals.len() as u64).saturating_sub(new);
    let details = json!({ "origin": origin, "new": new, "replaced": replaced });
    audit::append(&mut *tx, &audit::event(at, WORKER, "deals.saved", details)).await?;
    store.commit(tx).await?;
    Ok((new, replaced))
}

async fn save_model<D: Driver>(store: &SqlStore<D>, row: &ModelRow, artifact: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let insert = query(sql::learning::MODEL_INSERT)
        .bind(row.id.as_str())
        .bind(micros(row.created_at))
        .bind(row.promoted_at.map(micros))
        .bind(values::json(&row.card)?)
        .bind(artifact);
    insert.execute(&mut *tx).await?;
    if row.champion {
        crown(&mut *tx, &row.id, row.promoted_at.unwrap_or(row.created_at)).await?;
    }
    let details = json!({ "model": row.id, "champion": row.champion });
    audit::append(&mut *tx, &audit::event(row.created_at, WORKER, "model.saved", details)).await?;
    store.commit(tx).await
}

async fn promote<D: Driver>(
    store: &SqlStore<D>,
    id: &ModelId,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    if query(sql::learning::MODEL_EXISTS).bind(id.as_str()).optional(&mut *tx).await?.is_none() {
        return Ok(false);
    }
    crown(&mut *tx, id, at).await?;
    audit::append(&mut *tx, &audit::event(at, by, "model.promoted", json!({ "model": id }))).await?;
    store.commit(tx).await?;
    Ok(true)
}

async fn save_outcomes<D: Driver>(
    store: &SqlStore<D>,
    outcomes: &[LeadOutcome],
    cursor_name: &str,
    cursor: &Cursor,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for outcome in outcomes {
        let save = query(sql::learning::OUTCOME_SAVE)
            .bind(outcome.lead_id.as_str())
            .bind(outcome.rep_id.as_ref().map(RepId::as_str))
            .bind(outcome.outcome.map(|o| o.to_string()))
            .bind(outcome.closed_at.map(micros))
            .bind(outcome.amount)
            .bind(micros(at));
        save.execute(&mut *tx).await?;
    }
    let moved = intake::move_cursor(&mut *tx, cursor_name, cursor).await?;
    if outcomes.is_empty() && !moved {
        return store.rollback(tx).await;
    }
    if !outcomes.is_empty() {
        let details = json!({ "outcomes": outcomes.len() });
        audit::append(&mut *tx, &audit::event(at, WORKER, "outcomes.saved", details)).await?;
    }
    store.commit(tx).await
}

/// Makes a model the only champion.
async fn crown(conn: &mut impl Session, id: &ModelId, at: DateTime<Utc>) -> Result<(), StoreError> {
    query(sql::learning::CHAMPION_RETIRE).bind(id.as_str()).execute(conn).await?;
    query(sql::learning::CHAMPION_SET).bind(id.as_str()).bind(micros(at)).execute(conn).await.map(drop)
}

async fn deal_count(conn: &mut impl Session) -> Result<u64, StoreError> {
    count(query(sql::learning::DEAL_COUNT).one(conn).await?.int("n")?)
}

async fn set_pull_place<D: Driver>(store: &SqlStore<D>, place: Option<&str>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    query(sql::learning::PULL_PLACE_SET).bind(storable(place.unwrap_or_default())).execute(&mut *tx).await?;
    store.commit(tx).await
}
