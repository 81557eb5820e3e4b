//! What watching for drift reads and keeps.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

use super::StoreError;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, ModelId};

/// A received lead, as drift looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedLead {
    /// The lead.
    pub id: LeadId,
    /// Its facts as last read.
    pub facts: LeadFacts,
    /// `p_win` of the rep that its newest ranking recommends; `None` if it recommends none.
    pub p_win: Option<f64>,
}

/// A ranked lead whose deal closed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedLead {
    /// The lead.
    pub id: LeadId,
    /// The model of its newest ranking.
    pub model: ModelId,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// `p_win` in that ranking of the rep who owned the deal at the end; `None` if the rep is not in it.
    pub p_win: Option<f64>,
    /// Whether the deal was won.
    pub won: bool,
}

/// That a day was gathered for drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftMark {
    /// The day (UTC).
    pub day: NaiveDate,
    /// When it was gathered last.
    pub gathered_at: DateTime<Utc>,
    /// The model whose scores are in it.
    pub model: Option<ModelId>,
}

/// A day as gathered for drift; the store does not look into the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftDay {
    /// Which, and when.
    pub mark: DriftMark,
    /// The leads received on it, JSON (see `model::drift::Leads`).
    pub leads: String,
    /// The outcomes of deals that closed on it, JSON.
    pub outcomes: String,
}

/// What watching for drift reads and keeps. Days are UTC.
#[async_trait]
pub trait DriftStore: Send + Sync {
    /// When the first lead came.
    async fn first_received(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// Leads received at or after the one time and before the other, by id after `lead`, bounded.
    async fn received_leads(
        &self,
        between: (DateTime<Utc>, DateTime<Utc>),
        lead: Option<&LeadId>,
        limit: u32,
    ) -> Result<Vec<ReceivedLead>, StoreError>;
    /// Ranked leads whose deals closed between these times, by id after `lead`, bounded.
    async fn closed_leads(
        &self,
        between: (DateTime<Utc>, DateTime<Utc>),
        lead: Option<&LeadId>,
        limit: u32,
    ) -> Result<Vec<ClosedLead>, StoreError>;
    /// The days gathered so far, from this one on.
    async fn drift_marks(&self, from: NaiveDate) -> Result<Vec<DriftMark>, StoreError>;
    /// Keeps a day in place of what was kept of it.
    async fn save_drift_day(&self, day: &DriftDay) -> Result<(), StoreError>;
    /// The leads of the gathered days from one to the other, both included.
    async fn drift_leads(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<String>, StoreError>;
    /// The outcomes of these days.
    async fn drift_outcomes(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<String>, StoreError>;
    /// Keeps the report of a day (JSON) in place of an earlier one.
    async fn save_drift_report(
        &self,
        on: NaiveDate,
        model: &ModelId,
        verdict: &str,
        report: &str,
    ) -> Result<(), StoreError>;
    /// The newest report.
    async fn newest_drift_report(&self) -> Result<Option<String>, StoreError>;
}
