//! [`LearningStore`]: history, models, outcomes.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::SqliteConnection;

use super::errors::database;
use super::{SqliteStore, audit, execute, intake};
use crate::app::ports::{Cursor, LearningStore, ModelRow, StoreError};
use crate::domain::deal::{Deal, LeadOutcome};
use crate::domain::ids::{ModelId, RepId};
use crate::store::values::{self, WORKER, count, micros, storable};
use crate::store::{rows, sql};

#[async_trait]
impl LearningStore for SqliteStore {
    async fn save_deals(&self, deals: &[Deal], origin: &str, at: DateTime<Utc>) -> Result<(u64, u64), StoreError> {
        if deals.is_empty() {
            return Ok((0, 0));
        }
        let mut tx = self.begin().await?;
        let before = deal_count(&mut tx).await?;
        for deal in deals {
            let save = sqlx::query(sql::learning::DEAL_SAVE)
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
            execute(&mut tx, save).await?;
        }
        let new = deal_count(&mut tx).await?.saturating_sub(before);
        let replaced = (deals.len() as u64).saturating_sub(new);
        let details = json!({ "origin": origin, "new": new, "replaced": replaced });
        audit::append(&mut tx, &audit::event(at, WORKER, "deals.saved", details)).await?;
        self.commit(tx).await?;
        Ok((new, replaced))
    }

    async fn deals(&self) -> Result<Vec<Deal>, StoreError> {
        let found = sqlx::query(sql::learning::DEALS).fetch_all(&mut *self.reader().await?).await.map_err(database)?;
        found.iter().map(rows::deal).collect()
    }

    async fn pull_place(&self) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(sql::learning::PULL_PLACE).fetch_optional(&mut *self.reader().await?).await.map_err(database)
    }

    async fn set_pull_place(&self, place: Option<&str>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let keep = sqlx::query(sql::learning::PULL_PLACE_SET).bind(storable(place.unwrap_or_default()));
        execute(&mut tx, keep).await?;
        self.commit(tx).await
    }

    async fn deal_count(&self) -> Result<u64, StoreError> {
        deal_count(&mut *self.reader().await?).await
    }

    async fn save_model(&self, row: &ModelRow, artifact: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let insert = sqlx::query(sql::learning::MODEL_INSERT)
            .bind(row.id.as_str())
            .bind(micros(row.created_at))
            .bind(row.promoted_at.map(micros))
            .bind(values::json(&row.card)?)
            .bind(artifact);
        execute(&mut tx, insert).await?;
        if row.champion {
            crown(&mut tx, &row.id, row.promoted_at.unwrap_or(row.created_at)).await?;
        }
        let details = json!({ "model": row.id, "champion": row.champion });
        audit::append(&mut tx, &audit::event(row.created_at, WORKER, "model.saved", details)).await?;
        self.commit(tx).await
    }

    async fn models(&self) -> Result<Vec<ModelRow>, StoreError> {
        let found = sqlx::query(sql::learning::MODELS).fetch_all(&mut *self.reader().await?).await.map_err(database)?;
        found.iter().map(rows::model).collect()
    }

    async fn model_artifact(&self, id: &ModelId) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(sql::learning::MODEL_ARTIFACT)
            .bind(id.as_str())
            .fetch_optional(&mut *self.reader().await?)
            .await
            .map_err(database)
    }

    async fn promote(&self, id: &ModelId, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let known: Option<i64> = sqlx::query_scalar(sql::learning::MODEL_EXISTS)
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(database)?;
        if known.is_none() {
            return Ok(false);
        }
        crown(&mut tx, id, at).await?;
        audit::append(&mut tx, &audit::event(at, by, "model.promoted", json!({ "model": id }))).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn champion(&self) -> Result<Option<ModelRow>, StoreError> {
        let row =
            sqlx::query(sql::learning::CHAMPION).fetch_optional(&mut *self.reader().await?).await.map_err(database)?;
        row.as_ref().map(rows::model).transpose()
    }

    async fn save_outcomes(
        &self,
        outcomes: &[LeadOutcome],
        cursor_name: &str,
        cursor: &Cursor,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for outcome in outcomes {
            let save = sqlx::query(sql::learning::OUTCOME_SAVE)
                .bind(outcome.lead_id.as_str())
                .bind(outcome.rep_id.as_ref().map(RepId::as_str))
                .bind(outcome.outcome.map(|o| o.to_string()))
                .bind(outcome.closed_at.map(micros))
                .bind(outcome.amount)
                .bind(micros(at));
            execute(&mut tx, save).await?;
        }
        let moved = intake::move_cursor(&mut tx, cursor_name, cursor).await?;
        if outcomes.is_empty() && !moved {
            return tx.rollback().await.map_err(database);
        }
        if !outcomes.is_empty() {
            let details = json!({ "outcomes": outcomes.len() });
            audit::append(&mut tx, &audit::event(at, WORKER, "outcomes.saved", details)).await?;
        }
        self.commit(tx).await
    }
}

/// Makes a model the only champion.
async fn crown(conn: &mut SqliteConnection, id: &ModelId, at: DateTime<Utc>) -> Result<(), StoreError> {
    execute(conn, sqlx::query(sql::learning::CHAMPION_RETIRE).bind(id.as_str())).await?;
    execute(conn, sqlx::query(sql::learning::CHAMPION_SET).bind(id.as_str()).bind(micros(at))).await.map(drop)
}

async fn deal_count(conn: &mut SqliteConnection) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar(sql::learning::DEAL_COUNT).fetch_one(conn).await.map_err(database)?;
    count(n)
}
