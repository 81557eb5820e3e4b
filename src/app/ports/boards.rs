//! What the screens about reps, first contacts, scopes and verdicts count. Every question is bounded by a moment since when,
//! and by a number of rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::contact::{ContactOutcome, Lapsed};
use crate::domain::decision::WriteState;
use crate::domain::ids::{LeadId, RepId, RepKey, TraceId};
use crate::domain::lead::LeadState;
use crate::domain::verdict::Reason;

/// Deals of a rep that closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepDeals {
    /// The rep, as the history calls them.
    pub rep: RepKey,
    /// Won.
    pub won: u64,
    /// Lost.
    pub lost: u64,
}

/// The first contacts of a rep, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactTally {
    /// Owed now.
    pub owed: u64,
    /// Of those, past due and not looked at yet.
    pub overdue: u64,
    /// Made in time.
    pub in_time: u64,
    /// Made too late.
    pub late: u64,
    /// Not made at all when it was looked at.
    pub missed: u64,
    /// Of those, leads that were taken from the rep and routed anew.
    pub reassigned: u64,
    /// No longer asked for: the lead was converted, moved or taken back before anybody could tell.
    pub lapsed: u64,
}

/// Which first contacts a list has.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ContactList {
    /// Owed, the soonest due first.
    #[default]
    Due,
    /// Made too late or not at all, the latest first.
    Breached,
    /// Made in time, the latest first.
    Made,
    /// No longer asked for, those given last first.
    Lapsed,
}

/// One first contact of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// The decision since which it is owed.
    pub trace_id: TraceId,
    /// The lead.
    pub lead_id: LeadId,
    /// Its company, raw.
    pub company: String,
    /// The rep.
    pub rep: RepId,
    /// Their name, raw.
    pub rep_name: String,
    /// When they were given the lead.
    pub decided_at: DateTime<Utc>,
    /// Until when contact is owed.
    pub due_at: DateTime<Utc>,
    /// What came of it; `None` while nobody has looked.
    pub outcome: Option<ContactOutcome>,
    /// When contact was made, as far as it was known then.
    pub contacted_at: Option<DateTime<Utc>>,
    /// Whether the lead was taken from the rep for it and routed anew.
    pub reassigned: bool,
    /// Why it is no longer asked for; `None` where it is, or where it is known what came of it.
    pub lapsed: Option<Lapsed>,
    /// How far the write of the decision is: until it is written, the rep does not know of the lead.
    pub write: WriteState,
}

/// What leads are told apart by.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// Where they came from.
    Source,
    /// Where they are.
    Territory,
    /// Whom the legacy rules had chosen.
    LegacyOwner,
    /// Who is recommended.
    Recommended,
}

/// Leads of one scope, counted. Of each lead the newest ranking and the standing decision count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeTally {
    /// The value that they share, raw: a source, a territory, or the name of an owner. Empty where none is known.
    pub name: String,
    /// Leads received.
    pub leads: u64,
    /// Of those, leads for which both the legacy rules and the recommendation name a rep.
    pub compared: u64,
    /// Of those, leads for which they name the same.
    pub agree: u64,
    /// Leads that a manager decided.
    pub decided: u64,
    /// Of those, as recommended.
    pub approved: u64,
}

/// Verdicts with the same name and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictTally {
    /// The verdict, by its stable name.
    pub verdict: String,
    /// The reason; `None` where none is owed.
    pub code: Option<Reason>,
    /// How many.
    pub verdicts: u64,
    /// Of those, taken back: they teach nothing.
    pub taken_back: u64,
    /// Of those that stand, deals won since.
    pub won: u64,
    /// And lost.
    pub lost: u64,
}

/// A lead that was found by a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundLead {
    /// The lead.
    pub id: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Where it stands.
    pub state: LeadState,
    /// When we got it.
    pub received_at: DateTime<Utc>,
    /// Decisions made on it.
    pub decisions: u32,
}

/// Newest leads that are searched for a word; older ones are found by their id.
pub const SEARCHED: u32 = 200_000;

/// What these screens ask of the store.
#[async_trait]
pub trait BoardStore: Send + Sync {
    /// What ranking knew of reps, calendars and absences when it last ranked, as JSON (`policy::route::Situation`), and when
    /// that was. `None` before the first ranking.
    async fn newest_situation(&self) -> Result<Option<(DateTime<Utc>, String)>, StoreError>;
    /// Leads received since then that each rep has now and that are still leads: not converted, not disqualified, no outcome.
    async fn open_leads(&self, since: DateTime<Utc>) -> Result<Vec<(RepId, u64)>, StoreError>;
    /// Deals that closed since then, by rep.
    async fn deals_closed(&self, since: DateTime<Utc>) -> Result<Vec<RepDeals>, StoreError>;
    /// First contacts by rep: those owed at this moment, and what came of those looked at since then.
    async fn contact_tallies(
        &self,
        since: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<Vec<(RepId, ContactTally)>, StoreError>;
    /// First contacts of a list, of one rep or all; those not owed any more since then.
    async fn contact_list(
        &self,
        list: ContactList,
        rep: Option<&RepId>,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<ContactRow>, StoreError>;
    /// Leads received since then by scope, the most first.
    async fn scope_tallies(&self, by: Scope, since: DateTime<Utc>, limit: u32) -> Result<Vec<ScopeTally>, StoreError>;
    /// Verdicts of managers given since then, with what became of their leads, the most first.
    async fn verdict_tallies(&self, since: DateTime<Utc>) -> Result<Vec<VerdictTally>, StoreError>;
    /// Leads with this word in their company or id, the newest first, among the newest [`SEARCHED`].
    async fn find_leads(&self, word: &str, limit: u32) -> Result<Vec<FoundLead>, StoreError>;
}
