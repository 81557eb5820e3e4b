//! The switch that stops all writing to the CRM.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// That nothing is written to the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who stopped it, raw.
    pub by: String,
    /// Why, in their words, raw.
    pub why: String,
}

/// Where the switch is kept: in the store, so that every worker and every terminal of a team sees it.
#[async_trait]
pub trait StopStore: Send + Sync {
    /// That all writing is stopped; `None` while it is not.
    async fn stopped(&self) -> Result<Option<Stopped>, StoreError>;
    /// Stops all writing. No effect is handed out from then on ([`super::DecisionStore::claim_effects`]). False if it was
    /// stopped already; then nothing changes.
    async fn stop_writes(&self, stop: &Stopped) -> Result<bool, StoreError>;
    /// Lets writing go on, for a reason. False if it was not stopped.
    async fn resume_writes(&self, by: &str, why: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;
}
