//! Who got in touch with leads, and what is kept of that.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::domain::contact::ContactOutcome;
use crate::domain::decision::WriteState;
use crate::domain::ids::{LeadId, RepId, TraceId};

/// Somebody got in touch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// When, by the CRM's clock.
    pub at: DateTime<Utc>,
    /// Who; `None` if it was nobody who can own leads.
    pub by: Option<RepId>,
}

/// Who got in touch with one lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contacts {
    /// The lead.
    pub lead_id: LeadId,
    /// Its change stamp at that moment. If it is another one than we know, the lead may be somebody else's by now.
    pub modstamp: DateTime<Utc>,
    /// In order of time.
    pub contacts: Vec<Contact>,
}

/// A first contact that is due, with what became of the decision since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueContact {
    /// The decision.
    pub decision: TraceId,
    /// The lead.
    pub lead_id: LeadId,
    /// The rep who owes it.
    pub rep: RepId,
    /// Until when.
    pub due_at: DateTime<Utc>,
    /// When the decision was taken.
    pub decided_at: DateTime<Utc>,
    /// When its write should have gone.
    pub grace_until: DateTime<Utc>,
    /// When that was known to have happened.
    pub written_at: Option<DateTime<Utc>>,
    /// How far the write is.
    pub write: WriteState,
    /// Whether the decision stands.
    pub stands: bool,
    /// Whether the legacy rules had given the lead to the same rep.
    pub was_theirs: bool,
}

/// What came of a first contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The decision since which it was owed.
    pub decision: TraceId,
    /// What came of it.
    pub outcome: ContactOutcome,
    /// When somebody made contact.
    pub contacted_at: Option<DateTime<Utc>>,
    /// Whether the lead is to be taken from the rep and routed anew.
    pub reassign: bool,
}

/// First contacts that are owed. They are kept with the decisions since which they are.
#[async_trait]
pub trait ContactStore: Send + Sync {
    /// Those that were due by then and that nobody looked at, the longest due first. A decision whose write is still to
    /// happen is not among them: its rep does not know of it yet.
    async fn due_contacts(&self, by: DateTime<Utc>, limit: u32) -> Result<Vec<DueContact>, StoreError>;
    /// Keeps what came of them, each once, and opens those leads again that are to be routed anew, if they are still with
    /// that rep; one transaction. What is owed no more by then is moot. How many leads were opened.
    async fn settle_contacts(&self, settled: &[Settlement], at: DateTime<Utc>) -> Result<u64, StoreError>;
}
