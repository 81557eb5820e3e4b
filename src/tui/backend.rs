//! What the dashboard asks of the rest of the program. Composition implements [`Backend`] over the use cases; tests
//! implement it in memory. Everything here is an answer to a question: the dashboard decides nothing on its own.

pub mod boards;
pub mod team;

use std::path::PathBuf;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

pub use crate::app::batch::{self, Doing, LeftOut, Load, Marked, Plan, Share};
pub use crate::app::disagreements::{Disagreement, Disagreements, Which};
pub use crate::app::drift::Report as DriftReport;
pub use crate::app::export::Format;
pub use crate::app::filter::Filter;
pub use crate::app::health::{LoopHealth, LoopState, WorkerHealth};
pub use crate::app::overview::Overview;
pub use crate::app::ports::{ApiUsage, FirstChoice, ModelRow, SavedView, VIEW_KEYS};
pub use crate::app::views::{LaneCounts, LeadDetail, QueueKey, QueuePage, QueueRow, ReturnedBy, Seek};
pub use crate::app::what_if::{Suppose, WhatIf};
use crate::domain::effect::EffectRow;
use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use crate::domain::lead::Owner;
use crate::domain::rep::Roster;
use crate::domain::verdict::{Rejection, Verdict};

/// A question could not be answered; the words are for the manager (and go to the log as well).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(pub String);

/// Everything the dashboard reads and does. Every answer is bounded; nothing here may block the caller's thread.
#[async_trait]
pub trait Backend: boards::Boards + team::Team + Send + Sync + 'static {
    /// The numbers of the header and the sync screen, as one consistent picture.
    async fn overview(&self) -> Result<Overview, BackendError>;

    /// One window of a lane. See [`Seek`] for which rows it holds.
    async fn queue(&self, query: QueueQuery) -> Result<QueuePage, BackendError>;

    /// How many leads of each lane match a filter; `None` where there are so many leads that counting would take long.
    async fn matches(&self, filter: &Filter) -> Result<Option<LaneCounts>, BackendError>;

    /// Writes every lead of a list to a new file; where it is, and how many there are.
    async fn export(&self, lane: Lane, filter: Filter, format: Format) -> Result<Exported, BackendError>;

    /// One lead with everything known of it; `None` when there is no such lead.
    async fn lead(&self, id: &LeadId) -> Result<Option<LeadDetail>, BackendError>;

    /// What doing this to these leads would come to.
    async fn plan(&self, marked: Vec<Marked>, doing: Doing) -> Result<Plan, BackendError>;

    /// Where the recommended owner is not the legacy owner.
    async fn disagreements(&self, which: Which) -> Result<Disagreements, BackendError>;

    /// What would become of a lead if something were otherwise. Writes nothing.
    async fn what_if(&self, lead: &LeadId, suppose: &Suppose) -> Result<WhatIf, BackendError>;

    /// Stores a manager's verdict, durably, before it answers. Never waits for the CRM.
    async fn decide(&self, request: VerdictRequest) -> Result<VerdictAnswer, BackendError>;

    /// Keeps whom this manager would give a lead of the blind sample to, durably, before it answers. Whoever was faster
    /// chose.
    async fn choose_first(
        &self,
        lead: &LeadId,
        owner: &Owner,
        expected_decisions: u32,
    ) -> Result<FirstChoice, BackendError>;

    /// Takes back the standing decision of a lead, if it was not sent yet, or wakes one that is snoozed.
    async fn undo(&self, lead: &LeadId) -> Result<UndoAnswer, BackendError>;

    /// Outbox lines for a person: dead ones first, then those waiting or being sent, then the newest settled ones.
    async fn outbox(&self, limit: u32) -> Result<Vec<EffectRow>, BackendError>;

    /// Puts a dead effect back to ready. False if it is not dead any more.
    async fn retry_effect(&self, id: i64) -> Result<bool, BackendError>;

    /// The model registry, newest first.
    async fn models(&self) -> Result<Vec<ModelRow>, BackendError>;

    /// What watching for drift found last; `None` before the first time.
    async fn drift(&self) -> Result<Option<DriftReport>, BackendError>;

    /// Everybody and everything that can own a lead.
    async fn roster(&self) -> Result<Roster, BackendError>;

    /// The views that this manager keeps, by key.
    async fn views(&self) -> Result<Vec<SavedView>, BackendError>;

    /// Keeps a view under a key of this manager, in the place of what was there, or nothing.
    async fn keep_view(&self, key: u8, view: Option<View>) -> Result<(), BackendError>;

    /// Moves whenever anything changed that the other questions would show: the store (by any process), or the
    /// worker's health.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// A list of leads in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Where.
    pub path: PathBuf,
    /// How many leads.
    pub rows: u64,
}

/// A view as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What it is called; raw.
    pub name: String,
    /// Which leads it shows.
    pub filter: Filter,
    /// The lane it goes to; `None` where it stays in the lane that is shown.
    pub lane: Option<Lane>,
}

/// Asks for one window of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueQuery {
    /// The lane.
    pub lane: Lane,
    /// Only leads that match.
    pub filter: Filter,
    /// Which rows.
    pub seek: Seek,
    /// How many at most.
    pub limit: u32,
}

/// A manager's verdict on the lead as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictRequest {
    /// The lead.
    pub lead: LeadId,
    /// The verdict; a snooze as well.
    pub verdict: Verdict,
    /// Why the recommendation was turned down, where a reason is owed.
    pub rejection: Option<Rejection>,
    /// Decisions the lead had when it was shown; if it has more by now, somebody else was faster.
    pub expected_decisions: u32,
    /// Who was shown as recommended: an approval gives the lead to nobody else.
    pub shown: Option<Owner>,
}

/// What came of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerdictAnswer {
    /// It is stored.
    Taken {
        /// Until then `undo` costs nothing; `None` when there is nothing to take back (snooze) or nothing will be
        /// written.
        undo_until: Option<DateTime<Utc>>,
        /// Whether the CRM will be told.
        writes: bool,
    },
    /// It is not: the lead is no longer open for a verdict; why, in words.
    NotOpen(String),
}

/// What came of an undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoAnswer {
    /// The lead is in its lane again; nothing was or will be sent.
    Undone,
    /// It was sent already, so what it did is put back by a decision of its own; then the lead is open again.
    PutBack {
        /// Name of the owner who gets the lead back, raw.
        owner: String,
    },
    /// Too late, or nothing to take back; why, in words.
    TooLate(String),
}
