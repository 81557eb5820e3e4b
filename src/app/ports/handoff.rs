//! What managers hand over at the end of a shift, and what that is gathered from.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::ids::{LeadId, TraceId};
use crate::domain::lane::Lane;
use crate::domain::verdict::Reason;

/// A handoff to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHandoff {
    /// When it is written.
    pub at: DateTime<Utc>,
    /// Who writes it, raw.
    pub by: String,
    /// What they add in their words, raw.
    pub note: Option<String>,
    /// How things stand (`app::handoff::Facts`), JSON.
    pub facts: String,
}

/// That a handoff was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom, raw.
    pub by: String,
}

/// A handoff as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHandoff {
    /// Names it for ever.
    pub id: i64,
    /// What was written.
    pub written: NewHandoff,
    /// Who took it over; `None` while nobody has.
    pub accepted: Option<Acceptance>,
}

/// A lead that nobody has decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLead {
    /// The lead.
    pub id: LeadId,
    /// Its company, raw.
    pub company: String,
    /// The pile it waits in; `None` while it is not ranked.
    pub lane: Option<Lane>,
    /// When the CRM got it.
    pub created_at: DateTime<Utc>,
    /// Hidden until then.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Name of the recommended owner, raw.
    pub recommended: Option<String>,
}

/// Open leads whose time runs out, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskTally {
    /// Those whose time is over.
    pub over: u64,
    /// Those whose time is about to end.
    pub ending: u64,
}

/// A recommendation that a manager turned down, by a decision that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overruled {
    /// The decision.
    pub trace_id: TraceId,
    /// The lead.
    pub lead_id: LeadId,
    /// Its company, raw.
    pub company: String,
    /// The verdict, by its stable name.
    pub verdict: String,
    /// Why.
    pub reason: Reason,
    /// What they added, raw.
    pub note: Option<String>,
    /// Who decided, raw.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Name of the recommended owner, raw; `None` where the lead had no ranking.
    pub recommended: Option<String>,
    /// `p_win` of the recommended owner, when a rep.
    pub recommended_p_win: Option<f64>,
    /// Name of the chosen owner, raw.
    pub chosen: String,
    /// `p_win` of the chosen owner, when a rep that the model can score.
    pub chosen_p_win: Option<f64>,
}

/// Handoffs, and what they are made of. Nothing of a handoff ever changes.
#[async_trait]
pub trait HandoffStore: Send + Sync {
    /// Stores a handoff, and tells the trail of it; its number.
    async fn write_handoff(&self, new: &NewHandoff) -> Result<i64, StoreError>;
    /// Notes who took a handoff over, and tells the trail. False if somebody did already, and of their own: then nothing
    /// changes.
    async fn accept_handoff(&self, id: i64, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;
    /// The handoff that was written last.
    async fn newest_handoff(&self) -> Result<Option<StoredHandoff>, StoreError>;
    /// Leads that nobody has decided on and that the CRM got by `ending`, the oldest first, of which those that it got by
    /// `over` count as over.
    async fn leads_at_risk(
        &self,
        over: DateTime<Utc>,
        ending: DateTime<Utc>,
        limit: u32,
    ) -> Result<(RiskTally, Vec<OpenLead>), StoreError>;
    /// Leads that are hidden at a moment, those that come back first.
    async fn snoozed_leads(&self, at: DateTime<Utc>, limit: u32) -> Result<Vec<OpenLead>, StoreError>;
    /// How many recommendations managers have turned down since then, and those that gave up most `p_win`. A queue counts as
    /// nothing, because nobody knows what becomes of the lead there.
    async fn overruled(&self, since: DateTime<Utc>, limit: u32) -> Result<(u64, Vec<Overruled>), StoreError>;
}
