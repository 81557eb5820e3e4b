//! The ports: everything the use cases need from the outside, as traits. Adapters implement them; `bootstrap` alone
//! connects the two.

mod accounts;
mod audit;
mod backfill;
mod blind;
mod boards;
mod contacts;
mod disagreements;
mod drift;
mod events;
mod hand_overs;
mod handoff;
mod presence;
mod routing;
mod saved_views;
mod stop;
mod workload;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::filter::Condition;
use super::views::{DecisionRow, LaneCounts, LeadDetail, LeadFilter, QueuePage, QueueRow, Seek, ShadowRow};
pub use accounts::{Asked, CompanyAccount, CompanySought, CompanyStore, EarlierLead, LeadCompany, Unlooked};
pub use audit::{AuditStore, AuditTotals, Seal, StoredDesk, StoredEvent, StoredRanking};
pub use backfill::{BackfillRun, BackfillStore, RunState, RunTally, Selection};
pub use blind::{BlindStore, BlindTally, FirstChoice};
pub use boards::{
    BoardStore, ContactList, ContactRow, ContactTally, FoundLead, RepDeals, SEARCHED, Scope, ScopeTally, VerdictTally,
};
pub use contacts::{Contact, ContactStore, Contacts, DueContact, Settlement};
pub use disagreements::{Differs, DisagreementStore, Looked};
pub use drift::{ClosedLead, DriftDay, DriftMark, DriftStore, ReceivedLead};
pub use events::{EventPlace, EventsError, Heard, LeadEvents, LeadStream};
pub use hand_overs::{HandOver, HandOverStore, HandedLead};
pub use handoff::{Acceptance, HandoffStore, NewHandoff, OpenLead, Overruled, RiskTally, StoredHandoff};
pub use presence::{Claim, Presence, PresenceStore};
pub use routing::{Arrived, Given, OpenHold, RoutingStore, RulesSource, RulesText, StoredRulebook};
pub use saved_views::{SavedView, SavedViewStore, VIEW_KEYS};
pub use stop::{StopStore, Stopped};
pub use workload::{Appointment, AppointmentTime, OutOfOffice, RepWorkload, Shows, Span, WorkloadPart, Workloads};

use crate::domain::audit::AuditEvent;
use crate::domain::deal::{Deal, LeadOutcome};
use crate::domain::decision::Decision;
use crate::domain::effect::{DecisionWrite, EffectCounts, EffectRow, EffectState, LeasedEffect};
use crate::domain::ids::{DecisionKey, LeadId, ModelId, OrgId, RepId, TraceId};
use crate::domain::lane::Lane;
use crate::domain::lead::{Conservation, Lead, LeadRecord, LegacyAssignment, Owner};
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::Recommendation;
use crate::domain::rep::Roster;
use crate::domain::vocabulary::Vocabulary;
pub use crate::policy::absence::Feed;
pub use crate::policy::fairness::{Account, Entry, Ledger};
pub use crate::policy::hold::Hold;
use crate::policy::route::Path;

// ---------------------------------------------------------------------------------------------------------------- time

/// Where the time comes from. The only clock in the program; tests bring their own.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

// ----------------------------------------------------------------------------------------------------------------- CRM

/// What went wrong with a CRM call, sorted by what the caller must do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CrmError {
    /// Credentials are wrong or not approved; repeating cannot help.
    #[error("the CRM refused our credentials: {0}")]
    Auth(String),
    /// The API allocation is used up; wait at least so long.
    #[error("the CRM's API quota is used up (wait {wait_seconds} s): {message}")]
    Quota {
        /// Seconds to wait.
        wait_seconds: u64,
        /// The CRM's words.
        message: String,
    },
    /// A passing fault, and the call is known not to have had an effect; repeat with backoff.
    #[error("the CRM had a passing fault: {0}")]
    Transient(String),
    /// The record is in somebody else's hands for now, or changes all the time, and the call is known not to have had an
    /// effect; repeat it with backoff. Other records are not concerned.
    #[error("the CRM could not get hold of the record: {0}")]
    Locked(String),
    /// A passing fault on a write, and nobody knows whether it had an effect; look before repeating.
    #[error("the CRM did not answer, so the outcome of the write is unknown: {0}")]
    OutcomeUnknown(String),
    /// Our fields or permissions are missing in the org; a person must act.
    #[error("the CRM is not set up for leadboard: {0}")]
    Configuration(String),
    /// This request can never work.
    #[error("the CRM refused the request: {0}")]
    Permanent(String),
    /// The answer was not understood.
    #[error("the CRM's answer was not understood: {0}")]
    Protocol(String),
}

impl CrmError {
    /// Whether it is about one record alone, so that calls about others are none the worse for it.
    pub const fn is_of_one_record(&self) -> bool {
        matches!(self, Self::Locked(_) | Self::Permanent(_))
    }
}

/// The org we are connected to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgInfo {
    /// Its id, to which all stored state is bound.
    pub id: OrgId,
    /// Base address of data calls.
    pub instance_url: String,
    /// API version in use, for example `v66.0`.
    pub api_version: String,
}

/// How much of the API allocation is used, from the CRM's own headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiUsage {
    /// Calls used in the last 24 hours, all programs together.
    pub used: u64,
    /// Allocation; 0 while unknown.
    pub limit: u64,
    /// Calls this process made since it started.
    pub calls_made: u64,
}

impl ApiUsage {
    /// The share of the allocation that is used; `None` while the CRM has not said it.
    pub fn share(&self) -> Option<f64> {
        (self.limit > 0).then(|| self.used as f64 / self.limit as f64)
    }
}

/// A lead read from the CRM together with the record it was read from.
#[derive(Clone, Debug)]
pub struct RawLead {
    /// Our reading.
    pub lead: Lead,
    /// The CRM's record, JSON text, as received.
    pub raw: String,
}

/// How far polling has come; stored with the leads it brought, in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything changed before this was seen. `None` before the first poll.
    pub low: Option<DateTime<Utc>>,
    /// When we first looked: leads created before are not ours to route, after any restart.
    pub since: Option<DateTime<Utc>>,
}

/// What one poll brought.
#[derive(Clone, Debug)]
pub struct LeadChanges {
    /// Changed leads, in order of change; those of the overlap come again.
    pub leads: Vec<RawLead>,
    /// Where to go on. Equal to the old one when nothing came.
    pub next: Cursor,
    /// Whether more is waiting, so that the next poll should follow at once.
    pub more: bool,
}

/// Leads of a span of time, by id.
#[derive(Clone, Debug)]
pub struct CreatedLeads {
    /// The leads, deleted ones included.
    pub leads: Vec<RawLead>,
    /// Whether there may be more after the last.
    pub more: bool,
}

/// What became of a decision write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Applied now; the owner read back inside the same transaction, and the lead's new change stamps.
    Applied {
        /// Owner after all automation of the org ran.
        owner_after: Owner,
        /// New modification time.
        modified_at: DateTime<Utc>,
        /// New change stamp.
        modstamp: DateTime<Utc>,
        /// The lead source as read back, where one was to be set: another than that where somebody had chosen theirs.
        source: Option<String>,
    },
    /// An earlier attempt had already applied it; nothing was repeated.
    AlreadyApplied,
    /// A person was faster (owner changed, converted, deleted); nothing was written.
    Superseded {
        /// In words.
        why: String,
    },
    /// The chosen owner cannot own leads (inactive, no access).
    BadAssignee {
        /// In words.
        why: String,
    },
    /// The owner may be fine, but something that is written with it can never be written as things are: a field, the
    /// decision record, the task. Nothing was written.
    NotAsAWhole {
        /// In words.
        why: String,
    },
}

/// One page of closed deals pulled from the CRM. It may be empty and still not be the last.
#[derive(Clone, Debug, Default)]
pub struct DealPage {
    /// The deals.
    pub deals: Vec<Deal>,
    /// Records that could not be read as a deal, with the reason.
    pub rejected: Vec<(LeadId, String)>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
    /// How many there are in all, if the CRM says so.
    pub total: Option<u64>,
    /// What the manager should know about the pull, for example that something had to be started again.
    pub notes: Vec<String>,
}

/// What the CRM has of one lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The lead.
    pub lead_id: LeadId,
    /// Its owner.
    pub owner: Owner,
    /// When it was last changed by a person or a program.
    pub modified_at: DateTime<Utc>,
    /// Its change stamp.
    pub modstamp: DateTime<Utc>,
    /// Its decision records: the key of each, and the owner it names.
    pub decisions: Vec<(DecisionKey, String)>,
}

/// A CRM. Salesforce today; the trait speaks no vendor's language.
#[async_trait]
pub trait Crm: Send + Sync {
    /// Logs in if needed, and tells which org answers.
    async fn org(&self) -> Result<OrgInfo, CrmError>;

    /// Reps and queues.
    async fn roster(&self) -> Result<Roster, CrmError>;

    /// What facts a lead is read with, and which values they can have.
    async fn vocabulary(&self) -> Result<Vocabulary, CrmError>;

    /// Leads that changed since the cursor, at most a few thousand at a time.
    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError>;

    /// The CRM's own clock. Stamps are compared with it and never with ours.
    async fn clock(&self) -> Result<DateTime<Utc>, CrmError>;

    /// How many leads were created from the one time to before the other, deleted ones included.
    async fn count_created(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, CrmError>;

    /// These leads in order of their ids, after one of them; a few thousand at a time.
    async fn created_leads(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&LeadId>,
    ) -> Result<CreatedLeads, CrmError>;

    /// Sends one decision, once: safe to call again with the same write after any error.
    ///
    /// Implementations must settle an unknown outcome by looking, never by repeating blindly.
    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError>;

    /// Closed deals, page by page; `page` is `None` first and then what the last page named.
    async fn closed_deals(&self, page: Option<&str>) -> Result<DealPage, CrmError>;

    /// What the CRM has of these leads now, to compare with what we believe. Leads it does not have are left out.
    async fn read_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, CrmError>;

    /// What became of leads whose deals changed since the cursor.
    async fn outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), CrmError>;

    /// How busy these reps are, with what touches the window of their calendars. A few calls, whatever their number: for
    /// every few minutes, not for every lead.
    async fn workloads(&self, reps: &[RepId], window: Span) -> Result<Workloads, CrmError>;

    /// Accounts that may belong to one of these companies, each once. What is found is generous: `policy::company` decides
    /// what matches. `None` where it is switched off.
    async fn accounts(&self, sought: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, CrmError>;

    /// Who got in touch with these leads in a span of time, by the CRM's own clock: calls and tasks that were completed, and
    /// meetings that began. What this program did itself is no contact. A call for some hundred leads; those that the CRM
    /// does not have are left out.
    async fn contacts(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, CrmError>;

    /// The API allocation, from the last answer.
    fn usage(&self) -> ApiUsage;

    /// Asks for nothing but an answer, so that [`Crm::usage`] is news, by the cheapest call there is.
    async fn probe(&self) -> Result<(), CrmError>;

    /// What tells of changed leads sooner than polling does, where the CRM has it and the configuration wants it.
    fn lead_events(&self) -> Option<&dyn LeadEvents> {
        None
    }
}

// --------------------------------------------------------------------------------------------------------------- store

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

/// The whole store. One implementation for all databases (`store::engine`).
pub trait Store:
    LeadStore
    + DecisionStore
    + LearningStore
    + DriftStore
    + QueryStore
    + DutyStore
    + AuditStore
    + BackfillStore
    + RoutingStore
    + CompanyStore
    + ContactStore
    + DisagreementStore
    + SavedViewStore
    + StopStore
    + BlindStore
    + PresenceStore
    + HandOverStore
    + BoardStore
    + HandoffStore
{
}
impl<T> Store for T where
    T: LeadStore
        + DecisionStore
        + LearningStore
        + DriftStore
        + QueryStore
        + DutyStore
        + AuditStore
        + BackfillStore
        + RoutingStore
        + CompanyStore
        + ContactStore
        + DisagreementStore
        + SavedViewStore
        + StopStore
        + BlindStore
        + PresenceStore
        + HandOverStore
        + BoardStore
        + HandoffStore
{
}
