//! Who of the managers is at work, and which lead each has open.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::ids::LeadId;

/// A manager who is at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who, raw.
    pub manager: String,
    /// When they last did something.
    pub seen_at: DateTime<Utc>,
    /// The lead that they have open.
    pub claim: Option<Claim>,
}

/// That somebody has a lead open. It keeps nobody from deciding the lead; it only tells others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The lead.
    pub lead: LeadId,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it ends, unless it is renewed.
    pub until: DateTime<Utc>,
}

/// Where that is noted: in the store, so that every terminal of a team sees it. It is no record: nothing of it is in the
/// audit trail or in a copy of the store.
#[async_trait]
pub trait PresenceStore: Send + Sync {
    /// Notes that a manager is at work, and the lead that they have open, if any, which takes the place of the one before.
    /// A claim that still held keeps its beginning. What is older than what is noted already changes nothing.
    async fn note_presence(&self, presence: &Presence) -> Result<(), StoreError>;
    /// Notes that a manager left. Nothing changes if they have another lead open by now than this one.
    async fn leave(&self, manager: &str, lead: Option<&LeadId>) -> Result<(), StoreError>;
    /// Managers who did something after this time, the latest first, bounded.
    async fn present(&self, after: DateTime<Utc>) -> Result<Vec<Presence>, StoreError>;
}
