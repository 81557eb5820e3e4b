//! What the dashboard asks and tells of the other managers who share the store.

use async_trait::async_trait;

use super::BackendError;
pub use crate::app::hand_over::HandedOver;
pub use crate::app::ports::{Claim, HandOver, HandedLead, Presence};
pub use crate::app::presence::{CLAIM, HERE, called};
use crate::domain::ids::LeadId;

/// Questions and deeds between managers.
#[async_trait]
pub trait Team: Send + Sync {
    /// Notes that the manager is at work, and the lead that they have open.
    async fn present(&self, open: Option<LeadId>) -> Result<(), BackendError>;

    /// The managers whom leads can be handed to.
    async fn managers(&self) -> Result<Vec<String>, BackendError>;

    /// Hands leads over.
    async fn hand_over(&self, request: HandingOver) -> Result<HandedOver, BackendError>;
}

/// Leads that are to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandingOver {
    /// Which.
    pub leads: Vec<LeadId>,
    /// To which manager, raw.
    pub to: String,
    /// What they should know, raw.
    pub note: Option<String>,
}
