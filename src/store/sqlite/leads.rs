//! [`LeadStore`]: leads, lanes, intake, roster.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::SqliteConnection;

use super::errors::database;
use super::{SqliteStore, audit, execute, intake, rankings};
use crate::app::ports::{Cursor, IntakeChange, IntakeReport, LeadStore, RankedLead, StoreError};
use crate::domain::ids::{LeadId, OrgId};
use crate::domain::lead::LeadRecord;
use crate::domain::rep::Roster;
use crate::store::values::{self, WORKER, count, micros, storable};
use crate::store::{rows, sql};

#[async_trait]
impl LeadStore for SqliteStore {
    async fn bind_org(&self, org: &OrgId) -> Result<(), StoreError> {
        intake::bind_org(self, org).await
    }

    async fn org(&self) -> Result<Option<OrgId>, StoreError> {
        intake::org(self).await
    }

    async fn leads(&self, ids: &[LeadId]) -> Result<Vec<LeadRecord>, StoreError> {
        let found = sqlx::query(sql::leads::BY_IDS)
            .bind(values::json(&ids)?)
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        found.iter().map(rows::lead_record).collect()
    }

    async fn take_in(
        &self,
        changes: Vec<IntakeChange>,
        cursor_name: &str,
        cursor: &Cursor,
        at: DateTime<Utc>,
    ) -> Result<IntakeReport, StoreError> {
        intake::take_in(self, changes, cursor_name, cursor, at).await
    }

    async fn cursor(&self, name: &str) -> Result<Cursor, StoreError> {
        intake::cursor(self, name).await
    }

    async fn pending(&self, limit: u32) -> Result<Vec<LeadRecord>, StoreError> {
        let found = sqlx::query(sql::leads::PENDING)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        found.iter().map(rows::lead_record).collect()
    }

    async fn save_rankings(&self, ranked: Vec<RankedLead>) -> Result<u64, StoreError> {
        rankings::save(self, ranked).await
    }

    async fn created_between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(sql::leads::CREATED_BETWEEN)
            .bind(micros(from))
            .bind(micros(until))
            .fetch_one(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        count(n)
    }

    async fn snooze(&self, id: &LeadId, until: DateTime<Utc>, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        if execute(&mut tx, sqlx::query(sql::leads::SNOOZE).bind(id.as_str()).bind(micros(until))).await? == 0 {
            return Ok(false);
        }
        audit::append(&mut tx, &audit::of_lead(at, by, "lead.snoozed", id, json!({ "until": until }))).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn save_roster(&self, roster: &Roster, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut new = roster.clone();
        new.reps.sort_by(|a, b| a.id.cmp(&b.id));
        new.queues.sort_by(|a, b| a.id.cmp(&b.id));
        let mut tx = self.begin().await?;
        if stored_roster(&mut tx).await? == new {
            return tx.rollback().await.map_err(database);
        }
        execute(&mut tx, sqlx::query(sql::roster::REPS_UNLIST)).await?;
        execute(&mut tx, sqlx::query(sql::roster::QUEUES_UNLIST)).await?;
        for rep in &new.reps {
            let list = sqlx::query(sql::roster::REP_LIST)
                .bind(rep.id.as_str())
                .bind(rep.key.as_str())
                .bind(storable(&rep.name))
                .bind(i64::from(rep.active))
                .bind(rep.territory.as_deref().map(storable));
            execute(&mut tx, list).await?;
        }
        for queue in &new.queues {
            let list = sqlx::query(sql::roster::QUEUE_LIST)
                .bind(queue.id.as_str())
                .bind(storable(&queue.name))
                .bind(storable(&queue.key));
            execute(&mut tx, list).await?;
        }
        let details = json!({ "reps": new.reps.len(), "queues": new.queues.len() });
        audit::append(&mut tx, &audit::event(at, WORKER, "roster.changed", details)).await?;
        self.commit(tx).await
    }

    async fn roster(&self) -> Result<Roster, StoreError> {
        stored_roster(&mut *self.read().await?).await
    }
}

/// The listed reps and queues, each by id.
async fn stored_roster(conn: &mut SqliteConnection) -> Result<Roster, StoreError> {
    let reps = sqlx::query(sql::roster::REPS).fetch_all(&mut *conn).await.map_err(database)?;
    let queues = sqlx::query(sql::roster::QUEUES).fetch_all(conn).await.map_err(database)?;
    Ok(Roster {
        reps: reps.iter().map(rows::rep).collect::<Result<_, _>>()?,
        queues: queues.iter().map(rows::queue).collect::<Result<_, _>>()?,
    })
}
