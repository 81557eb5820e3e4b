//! What a back-fill reads and keeps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::decision::WriteState;
use crate::domain::ids::{LeadId, ModelId};
use crate::domain::lane::Lane;
use crate::domain::lead::{LeadRecord, Owner};

/// Which leads are scored again. Never one that is converted, deleted, snoozed, or that a person took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Besides the leads that wait in a lane: those whose decision is written, and that still have the owner it gave
    /// them.
    pub decided: bool,
    /// Only leads of this lane.
    pub lane: Option<Lane>,
    /// Only leads that this rep or queue owns now.
    pub owner: Option<Owner>,
    /// Only leads that the CRM created at or after this.
    pub since: Option<DateTime<Utc>>,
}

/// Where a run stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RunState {
    /// Not at its end; perhaps nobody works on it at this moment.
    Running,
    /// Every lead was looked at.
    Done,
    /// Given up. What it had decided stands.
    Cancelled,
}

/// What came of the leads that a run looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTally {
    /// Leads scored.
    pub scored: u64,
    /// Of these, leads that have the owner the model would choose.
    pub stay: u64,
    /// Leads that nobody is chosen for, by the reason code of the recommendation.
    pub left: BTreeMap<String, u64>,
    /// Leads that were to move, but that somebody decided on, took or changed meanwhile.
    pub faster: u64,
}

/// A run that assigns leads again. Kept, so that it goes on where it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillRun {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Who began it.
    pub started_by: String,
    /// The champion of then; no other model goes on with it.
    pub model_id: ModelId,
    /// Which leads.
    pub selection: Selection,
    /// Where it stands.
    pub state: RunState,
    /// Every lead up to this one was looked at, in the order of the ids.
    pub done_until: Option<LeadId>,
    /// What came of them.
    pub tally: RunTally,
}

/// Leads to be scored again, and the runs that assign them.
#[async_trait]
pub trait BackfillStore: Send + Sync {
    /// The leads of a selection, in the order of their ids, after one of them.
    async fn candidates(
        &self,
        selection: &Selection,
        after: Option<&LeadId>,
        limit: u32,
        at: DateTime<Utc>,
    ) -> Result<Vec<LeadRecord>, StoreError>;
    /// The run that is not at its end, if there is one.
    async fn running_backfill(&self) -> Result<Option<BackfillRun>, StoreError>;
    /// Begins a run. `None` if another one is not at its end.
    async fn begin_backfill(
        &self,
        selection: &Selection,
        model: &ModelId,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<BackfillRun>, StoreError>;
    /// Notes how far a run has come. False if it was ended meanwhile.
    async fn note_backfill(&self, id: i64, done_until: &LeadId, tally: &RunTally) -> Result<bool, StoreError>;
    /// Ends a run. False if it was ended before.
    async fn end_backfill(&self, id: i64, state: RunState, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;
    /// The decisions of a run, by how far their writes are.
    async fn backfill_writes(&self, id: i64) -> Result<BTreeMap<WriteState, u64>, StoreError>;
}
