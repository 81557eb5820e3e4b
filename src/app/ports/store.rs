//! What is stored of leads, of decisions on them and of what was learned, and what is asked of all that.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Cursor, Entry, EventPlace, RawLead, StoredDesk};
use crate::app::filter::Condition;
use crate::app::views::{DecisionRow, LaneCounts, LeadDetail, LeadFilter, QueuePage, QueueRow, Seek, ShadowRow};
use crate::domain::audit::AuditEvent;
use crate::domain::deal::{Deal, LeadOutcome};
use crate::domain::decision::Decision;
use crate::domain::effect::{DecisionWrite, EffectCounts, EffectRow, EffectState, LeasedEffect};
use crate::domain::ids::{LeadId, ModelId, OrgId, TraceId};
use crate::domain::lane::Lane;
use crate::domain::lead::{Conservation, LeadRecord, LegacyAssignment, Owner};
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::Recommendation;
use crate::domain::rep::Roster;
use crate::policy::route::Path;

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the database failed: {0}")]
    Database(String),
    /// The database was out of reach, or other transactions were in the way. Nothing of this one was stored.
    #[error("the database did not get to it: {0}")]
    Passing(String),
    /// A stored value is not what this version writes.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// The database belongs to another org.
    #[error("this data directory belongs to org {stored}, but the CRM is org {found}; use another --data-dir")]
    OtherOrg {
        /// The one in the store.
        stored: OrgId,
        /// The one that answered.
        found: OrgId,
    },
    /// The database was made by a newer leadboard.
    #[error("this data directory was written by a newer version of leadboard (schema {found}, this one knows {known})")]
    NewerSchema {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
}

/// One change that intake wants made, decided by the use case and guarded by the store.
#[derive(Clone, Debug)]
pub enum IntakeChange {
    /// A lead we never saw: becomes `Pending`, its owner is the legacy assignment for ever.
    Receive {
        /// The lead.
        lead: Box<RawLead>,
        /// The owner the CRM's rules chose.
        legacy: LegacyAssignment,
    },
    /// A known lead changed. The reading is replaced; with `rerank` it goes back to `Pending` if it was in a lane. If it says
    /// that whoever got it by a decision gives it back (`app::returned`), it is open again.
    Refresh {
        /// The lead.
        lead: Box<RawLead>,
        /// Whether facts changed that the ranking rests on.
        rerank: bool,
    },
    /// A lead whose decision was written has an owner whom nobody decided on: automation of the CRM, or a person, moved
    /// it again. It is reported and not fought. The reading is replaced.
    Overridden {
        /// The lead.
        lead: Box<RawLead>,
        /// The owner that was decided on.
        decided: Owner,
    },
    /// Somebody was faster: the lead, if pending or in a lane, becomes `Superseded`.
    Supersede {
        /// The lead.
        lead: Box<RawLead>,
        /// In words.
        why: String,
    },
}

/// What a batch of intake changes did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntakeReport {
    /// New leads.
    pub received: u64,
    /// Known leads read anew.
    pub refreshed: u64,
    /// Leads superseded.
    pub superseded: u64,
}

/// A ranking with what policy made of it, ready to be stored.
#[derive(Clone, Debug)]
pub struct RankedLead {
    /// The lead.
    pub lead_id: LeadId,
    /// The reading it was ranked on; if the lead changed meanwhile, the result is dropped and it is ranked again.
    pub modstamp: DateTime<Utc>,
    /// The ranking; `None` if ranking failed.
    pub ranking: Option<Ranking>,
    /// What to do.
    pub recommendation: Recommendation,
    /// Which pile.
    pub lane: Lane,
    /// Order inside the pile, higher first.
    pub priority: f64,
    /// When.
    pub at: DateTime<Utc>,
    /// The version of the rules that it was made under.
    pub rules: String,
    /// The way to the recommendation; `None` if ranking failed before policy was asked.
    pub path: Option<Path>,
    /// What it was made from, for replay.
    pub made_from: Option<MadeFrom>,
}

/// What a ranking was made from, besides the model.
#[derive(Clone, Debug)]
pub struct MadeFrom {
    /// What was known of the lead, JSON.
    pub facts: String,
    /// Reps, queues and settings.
    pub desk: Arc<StoredDesk>,
    /// How things stood at the moment.
    pub situation: Arc<StoredDesk>,
}

/// A decision with everything that must be stored with it in one transaction.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// The decision. Where it replaces another one, that one must stand and its write must have been handed out: a
    /// decision that puts back is written as soon as that write has come to its end; any other only if it has.
    pub decision: Decision,
    /// The lead must still have made exactly so many decisions, else somebody else was faster.
    pub expected_decisions: u32,
    /// The effect owed; `None` when nothing is to be written.
    pub effect: Option<DecisionWrite>,
    /// What the model is told: facts and probabilities as they were shown, JSON. `None` where nobody judged.
    pub feedback: Option<serde_json::Value>,
    /// What it does to the accounts of the reps; `None` where it gives the lead to no rep.
    pub share: Option<Entry>,
    /// Until when the rep must have made contact; `None` where none is owed.
    pub contact_due: Option<DateTime<Utc>>,
    /// The ranking it rests on, if that is a new one; else it rests on the lead's newest, or on that of the decision it
    /// puts back.
    pub ranking: Option<Box<RankedLead>>,
}

/// What came of storing a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecideOutcome {
    /// Stored; its effect (if any) is in the outbox.
    Taken,
    /// The lead is not in a lane any more; in words.
    NotOpen(String),
}

/// What came of taking a decision back.
#[derive(Clone, Debug, PartialEq)]
pub enum UndoOutcome {
    /// Taken back; the lead stands where it stood before. Nothing was or will be sent.
    Undone(Box<Decision>),
    /// Nothing was changed, because the write was handed out already: what it did can only be put back, by a decision of
    /// its own. The decision, and what is written or on its way.
    Sent(Box<(Decision, DecisionWrite)>),
    /// Too late or nothing to take back; in words.
    TooLate(String),
}

/// How the sending of an effect ended, to be stored under its fencing token.
#[derive(Clone, Debug)]
pub enum EffectResult {
    /// It is in the CRM.
    Done {
        /// Owner as read back; `None` when an earlier attempt was found.
        owner_after: Option<Owner>,
        /// New stamps of the lead, when known.
        stamps: Option<(DateTime<Utc>, DateTime<Utc>)>,
        /// The lead source as read back, where one was to be set.
        source: Option<String>,
    },
    /// A person was faster: decision and lead become `Superseded`.
    Superseded(String),
    /// Try again then.
    Retry {
        /// Not before.
        not_before: DateTime<Utc>,
        /// Why.
        error: String,
        /// Whether this try counts against the limit (waiting for quota does not).
        counts: bool,
    },
    /// Try the next rung of the ladder at once; this try does not count.
    Degrade {
        /// What to write from now on.
        write: Box<DecisionWrite>,
        /// Why.
        why: String,
    },
    /// Give up; a person must look.
    Dead(String),
}

/// One model of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRow {
    /// Its id.
    pub id: ModelId,
    /// When it was trained.
    pub created_at: DateTime<Utc>,
    /// Whether it is the one that ranks.
    pub champion: bool,
    /// When it was promoted last.
    pub promoted_at: Option<DateTime<Utc>>,
    /// Its model card, JSON (see `model::card`).
    pub card: serde_json::Value,
}

/// Leads, lanes, intake.
#[async_trait]
pub trait LeadStore: Send + Sync {
    /// Binds the store to an org on first use; refuses another one.
    async fn bind_org(&self, org: &OrgId) -> Result<(), StoreError>;
    /// The org the store is bound to.
    async fn org(&self) -> Result<Option<OrgId>, StoreError>;
    /// The records of these leads, in any order; unknown ids are left out.
    async fn leads(&self, ids: &[LeadId]) -> Result<Vec<LeadRecord>, StoreError>;
    /// Applies intake changes and moves the cursor, in one transaction.
    async fn take_in(
        &self,
        changes: Vec<IntakeChange>,
        cursor_name: &str,
        cursor: &Cursor,
        at: DateTime<Utc>,
    ) -> Result<IntakeReport, StoreError>;
    /// A stored cursor; the default before the first poll.
    async fn cursor(&self, name: &str) -> Result<Cursor, StoreError>;
    /// How far the CRM's stream of events was heard; `None` if that is not known.
    async fn event_place(&self) -> Result<Option<EventPlace>, StoreError>;
    /// Keeps that place, or forgets it.
    async fn set_event_place(&self, place: Option<&EventPlace>) -> Result<(), StoreError>;
    /// How many leads we have that the CRM created from the one time to before the other.
    async fn created_between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, StoreError>;
    /// Pending leads: those first that were hot when they were ranked last, then the oldest.
    async fn pending(&self, limit: u32) -> Result<Vec<LeadRecord>, StoreError>;
    /// Stores rankings and moves their leads into lanes, in one transaction. Leads that changed meanwhile stay
    /// pending. Returns how many were stored.
    async fn save_rankings(&self, ranked: Vec<RankedLead>) -> Result<u64, StoreError>;
    /// Hides a lead of a lane until then. False if it is in no lane.
    async fn snooze(&self, id: &LeadId, until: DateTime<Utc>, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;
    /// Replaces the roster.
    async fn save_roster(&self, roster: &Roster, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// The stored roster.
    async fn roster(&self) -> Result<Roster, StoreError>;
}

/// Decisions, feedback and the outbox.
#[async_trait]
pub trait DecisionStore: Send + Sync {
    /// Stores a decision, its feedback row, its effect and the lead's new state in one transaction.
    async fn decide(&self, new: NewDecision) -> Result<DecideOutcome, StoreError>;
    /// Takes back the standing decision of a lead, if its effect was not handed out yet; one transaction. The decision that
    /// it had replaced, if any, stands again.
    async fn undo(&self, lead: &LeadId, by: &str, at: DateTime<Utc>) -> Result<UndoOutcome, StoreError>;
    /// Hands out due effects under a lease, at most one per lead, oldest first.
    async fn claim_effects(
        &self,
        owner: &str,
        limit: u32,
        lease_until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<Vec<LeasedEffect>, StoreError>;
    /// Stores how sending ended. False when the lease was lost meanwhile (then nothing is stored).
    async fn finish_effect(
        &self,
        effect: &LeasedEffect,
        result: EffectResult,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Makes a lease last until then. False when it was lost meanwhile.
    async fn renew_lease(&self, effect: &LeasedEffect, until: DateTime<Utc>) -> Result<bool, StoreError>;
    /// Frees all leases at once. Only for the one worker of this data directory, at its start.
    async fn release_leases(&self) -> Result<u64, StoreError>;
    /// When the next effect becomes due; `None` when none waits.
    async fn next_effect_at(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// Puts a dead effect back to ready. False if it is not dead.
    async fn revive_effect(&self, id: i64, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;
    /// The outbox in numbers.
    async fn effect_counts(&self) -> Result<EffectCounts, StoreError>;
    /// Outbox lines in one of these states, newest first.
    async fn effects(&self, states: &[EffectState], limit: u32) -> Result<Vec<EffectRow>, StoreError>;
    /// One decision.
    async fn decision(&self, trace: TraceId) -> Result<Option<Decision>, StoreError>;
    /// The standing (not undone) decision of a lead.
    async fn decision_of(&self, lead: &LeadId) -> Result<Option<Decision>, StoreError>;
    /// Decisions after a trace id, oldest first; for reports and checks that walk them all.
    async fn decisions_after(&self, after: Option<TraceId>, limit: u32) -> Result<Vec<DecisionRow>, StoreError>;
}

/// History, models, outcomes.
#[async_trait]
pub trait LearningStore: Send + Sync {
    /// Adds closed deals; one with a known lead id replaces the old. Returns (new, replaced).
    async fn save_deals(&self, deals: &[Deal], origin: &str, at: DateTime<Utc>) -> Result<(u64, u64), StoreError>;
    /// Every closed deal, by time of creation then lead id.
    async fn deals(&self) -> Result<Vec<Deal>, StoreError>;
    /// Where a pull of the history goes on that did not come to its end.
    async fn pull_place(&self) -> Result<Option<String>, StoreError>;
    /// Keeps that place; `None` when a pull has come to its end.
    async fn set_pull_place(&self, place: Option<&str>) -> Result<(), StoreError>;
    /// How many closed deals.
    async fn deal_count(&self) -> Result<u64, StoreError>;
    /// Adds a model with its artifact (opaque text of `model::artifact`).
    async fn save_model(&self, row: &ModelRow, artifact: &str) -> Result<(), StoreError>;
    /// All models, newest first.
    async fn models(&self) -> Result<Vec<ModelRow>, StoreError>;
    /// A model's artifact.
    async fn model_artifact(&self, id: &ModelId) -> Result<Option<String>, StoreError>;
    /// Makes a model the champion. False if there is no such model.
    async fn promote(&self, id: &ModelId, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;
    /// The champion.
    async fn champion(&self) -> Result<Option<ModelRow>, StoreError>;
    /// Stores outcomes read back and the cursor, in one transaction.
    async fn save_outcomes(
        &self,
        outcomes: &[LeadOutcome],
        cursor_name: &str,
        cursor: &Cursor,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}

/// Questions the screens, the CLI and the reports ask. All bounded.
#[async_trait]
pub trait QueryStore: Send + Sync {
    /// The conservation rule as numbers.
    async fn conservation(&self) -> Result<Conservation, StoreError>;
    /// Leads per lane, snoozed ones apart.
    async fn lane_counts(&self, at: DateTime<Utc>) -> Result<LaneCounts, StoreError>;
    /// Awake leads per lane that meet all conditions. Looks at every lead in a lane.
    async fn lanes_matching(&self, conditions: &[Condition], at: DateTime<Utc>) -> Result<LaneCounts, StoreError>;
    /// One window of the queue, ordered by (priority descending, lead id).
    async fn queue_page(
        &self,
        filter: &LeadFilter,
        seek: &Seek,
        limit: u32,
        at: DateTime<Utc>,
    ) -> Result<QueuePage, StoreError>;
    /// The rows of these leads, in any order; unknown ids are left out.
    async fn queue_rows(&self, ids: &[LeadId]) -> Result<Vec<QueueRow>, StoreError>;
    /// One lead with everything known of it.
    async fn lead_detail(&self, id: &LeadId) -> Result<Option<LeadDetail>, StoreError>;
    /// Every ranked lead for the shadow report, after a lead id, bounded.
    async fn shadow_rows(&self, after: Option<&LeadId>, limit: u32) -> Result<Vec<ShadowRow>, StoreError>;
    /// Newest audit events, optionally of one lead.
    async fn audit(&self, lead: Option<&LeadId>, limit: u32) -> Result<Vec<AuditEvent>, StoreError>;
    /// Changes whenever anybody, in any process, changed the database.
    async fn data_version(&self) -> Result<i64, StoreError>;
    /// Counts the changes made through this very object; for waking up at once.
    fn changes(&self) -> tokio::sync::watch::Receiver<u64>;
    /// Ends it in good order; calls after that fail.
    async fn close(&self);
    /// Milliseconds from received to ranked of all first rankings, ascending.
    async fn ranking_latencies_ms(&self) -> Result<Vec<f64>, StoreError>;
}

/// Work that one worker does for all who share the store.
#[async_trait]
pub trait DutyStore: Send + Sync {
    /// Takes the lease of a duty, or keeps it, for so long from now by the clock of the database. False if another worker
    /// has it.
    async fn hold(&self, duty: &str, owner: &str, lease: std::time::Duration) -> Result<bool, StoreError>;
    /// Gives it up, so that the next one need not wait for the lease to end.
    async fn let_go(&self, duty: &str, owner: &str) -> Result<(), StoreError>;
}
