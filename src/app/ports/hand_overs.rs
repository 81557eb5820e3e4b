//! Leads that one manager asked another to decide.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::ids::LeadId;

/// That a lead was handed over. It holds until a verdict on the lead, or until the lead is handed over again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// Who handed it over, raw.
    pub from: String,
    /// To whom, raw.
    pub to: String,
    /// What they said with it, raw.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A lead that was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedLead {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// By whom, to whom.
    pub hand_over: HandOver,
}

/// Where hand-overs are kept.
#[async_trait]
pub trait HandOverStore: Send + Sync {
    /// Hands over those of these leads that wait for a verdict, in one transaction, and tells the trail (without the note).
    /// Which ones that were.
    async fn hand_over(&self, leads: &[LeadId], hand_over: &HandOver) -> Result<Vec<LeadId>, StoreError>;
    /// Leads that are handed to a manager and wait for a verdict, the newest first, bounded.
    async fn handed_to(&self, manager: &str) -> Result<Vec<HandedLead>, StoreError>;
    /// Managers who ever opened a dashboard on this store, or are among those who decided lately, in order.
    async fn managers(&self) -> Result<Vec<String>, StoreError>;
}
