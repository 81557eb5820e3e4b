//! What is asked of a CRM.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CompanyAccount, CompanySought, Contacts, LeadEvents, Span, Workloads};
use crate::domain::deal::{Deal, LeadOutcome};
use crate::domain::effect::DecisionWrite;
use crate::domain::ids::{DecisionKey, LeadId, OrgId, RepId};
use crate::domain::lead::{Lead, Owner};
use crate::domain::rep::Roster;
use crate::domain::vocabulary::Vocabulary;

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
