//! [`DriftStore`]: days of leads and outcomes for drift, and what was found.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::errors::database;
use super::{SqliteStore, execute};
use crate::app::ports::{ClosedLead, DriftDay, DriftMark, DriftStore, ReceivedLead, StoreError};
use crate::domain::ids::{LeadId, ModelId};
use crate::store::values::{self, micros, storable};
use crate::store::{rows, sql};

/// The first microsecond of a day.
fn day(day: NaiveDate) -> i64 {
    micros(day.and_time(NaiveTime::MIN).and_utc())
}

/// An id before every lead's.
fn after(lead: Option<&LeadId>) -> &str {
    lead.map_or("", LeadId::as_str)
}

#[async_trait]
impl DriftStore for SqliteStore {
    async fn first_received(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let first: Option<i64> = sqlx::query_scalar(sql::drift::FIRST_RECEIVED)
            .fetch_one(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        first.map(values::time).transpose()
    }

    async fn received_leads(
        &self,
        between: (DateTime<Utc>, DateTime<Utc>),
        lead: Option<&LeadId>,
        limit: u32,
    ) -> Result<Vec<ReceivedLead>, StoreError> {
        let found = sqlx::query(sql::drift::RECEIVED_LEADS)
            .bind(micros(between.0))
            .bind(micros(between.1))
            .bind(after(lead))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        found.iter().map(rows::received_lead).collect()
    }

    async fn closed_leads(
        &self,
        between: (DateTime<Utc>, DateTime<Utc>),
        lead: Option<&LeadId>,
        limit: u32,
    ) -> Result<Vec<ClosedLead>, StoreError> {
        let found = sqlx::query(sql::drift::CLOSED_LEADS)
            .bind(micros(between.0))
            .bind(micros(between.1))
            .bind(after(lead))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        found.iter().map(rows::closed_lead).collect()
    }

    async fn drift_marks(&self, from: NaiveDate) -> Result<Vec<DriftMark>, StoreError> {
        let found = sqlx::query(sql::drift::MARKS)
            .bind(day(from))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)?;
        found.iter().map(rows::drift_mark).collect()
    }

    async fn save_drift_day(&self, of: &DriftDay) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let save = sqlx::query(sql::drift::DAY_SAVE)
            .bind(day(of.mark.day))
            .bind(micros(of.mark.gathered_at))
            .bind(of.mark.model.as_ref().map(ModelId::as_str))
            .bind(storable(&of.leads))
            .bind(storable(&of.outcomes));
        execute(&mut tx, save).await?;
        self.commit(tx).await
    }

    async fn drift_leads(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(sql::drift::LEADS_OF_DAYS)
            .bind(day(from))
            .bind(day(until))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)
    }

    async fn drift_outcomes(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(sql::drift::OUTCOMES_OF_DAYS)
            .bind(day(from))
            .bind(day(until))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(database)
    }

    async fn save_drift_report(
        &self,
        on: NaiveDate,
        model: &ModelId,
        verdict: &str,
        report: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let save = sqlx::query(sql::drift::REPORT_SAVE)
            .bind(day(on))
            .bind(model.as_str())
            .bind(verdict)
            .bind(storable(report));
        execute(&mut tx, save).await?;
        self.commit(tx).await
    }

    async fn newest_drift_report(&self) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(sql::drift::NEWEST_REPORT).fetch_optional(&mut *self.reader().await?).await.map_err(database)
    }
}
