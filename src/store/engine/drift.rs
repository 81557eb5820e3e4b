//! [`DriftStore`]: days of leads and outcomes for drift, and what was found.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{Driver, SqlStore};
use crate::app::ports::{ClosedLead, DriftDay, DriftMark, DriftStore, ReceivedLead, StoreError};
use crate::domain::ids::{LeadId, ModelId};
use crate::store::query::{Query, query, texts};
use crate::store::rows::{self, Columns};
use crate::store::sql;
use crate::store::values::{micros, storable};

/// The first microsecond of a day.
fn day(day: NaiveDate) -> i64 {
    micros(day.and_time(NaiveTime::MIN).and_utc())
}

/// An id before every lead's.
fn after(lead: Option<&LeadId>) -> &str {
    lead.map_or("", LeadId::as_str)
}

/// A statement that is all of its transaction.
async fn save<D: Driver>(store: &SqlStore<D>, save: Query) -> Result<(), StoreError> {
    let once = || async {
        let mut tx = store.begin().await?;
        save.clone().execute(&mut *tx).await?;
        store.commit(tx).await
    };
    store.again(once).await
}

#[async_trait]
impl<D: Driver> DriftStore for SqlStore<D> {
    async fn first_received(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.ask_one(query(sql::drift::FIRST_RECEIVED)).await?.time_opt("at")
    }

    async fn received_leads(
        &self,
        between: (DateTime<Utc>, DateTime<Utc>),
        lead: Option<&LeadId>,
        limit: u32,
    ) -> Result<Vec<ReceivedLead>, StoreError> {
        let found = query(sql::drift::RECEIVED_LEADS)
            .bind(micros(between.0))
            .bind(micros(between.1))
            .bind(after(lead))
            .bind(i64::from(limit));
        self.ask(found).await?.iter().map(rows::received_lead).collect()
    }

    async fn closed_leads(
        &self,
        between: (DateTime<Utc>, DateTime<Utc>),
        lead: Option<&LeadId>,
        limit: u32,
    ) -> Result<Vec<ClosedLead>, StoreError> {
        let found = query(sql::drift::CLOSED_LEADS)
            .bind(micros(between.0))
            .bind(micros(between.1))
            .bind(after(lead))
            .bind(i64::from(limit));
        self.ask(found).await?.iter().map(rows::closed_lead).collect()
    }

    async fn drift_marks(&self, from: NaiveDate) -> Result<Vec<DriftMark>, StoreError> {
        self.ask(query(sql::drift::MARKS).bind(day(from))).await?.iter().map(rows::drift_mark).collect()
    }

    async fn save_drift_day(&self, of: &DriftDay) -> Result<(), StoreError> {
        let day = query(sql::drift::DAY_SAVE)
            .bind(day(of.mark.day))
            .bind(micros(of.mark.gathered_at))
            .bind(of.mark.model.as_ref().map(ModelId::as_str))
            .bind(storable(&of.leads))
            .bind(storable(&of.outcomes));
        save(self, day).await
    }

    async fn drift_leads(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<String>, StoreError> {
        let days = query(sql::drift::LEADS_OF_DAYS).bind(day(from)).bind(day(until));
        texts(&self.ask(days).await?, "leads")
    }

    async fn drift_outcomes(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<String>, StoreError> {
        let days = query(sql::drift::OUTCOMES_OF_DAYS).bind(day(from)).bind(day(until));
        texts(&self.ask(days).await?, "outcomes")
    }

    async fn save_drift_report(
        &self,
        on: NaiveDate,
        model: &ModelId,
        verdict: &str,
        report: &str,
    ) -> Result<(), StoreError> {
        let report =
            query(sql::drift::REPORT_SAVE).bind(day(on)).bind(model.as_str()).bind(verdict).bind(storable(report));
        save(self, report).await
    }

    async fn newest_drift_report(&self) -> Result<Option<String>, StoreError> {
        self.ask_optional(query(sql::drift::NEWEST_REPORT)).await?.map(|row| row.text("report")).transpose()
    }
}
