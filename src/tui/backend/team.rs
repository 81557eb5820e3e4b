//! What the dashboard asks and tells of the other managers who share the store.

use async_trait::async_trait;

use super::BackendError;
pub use crate::app::ports::{Claim, Presence};
pub use crate::app::presence::{CLAIM, HERE};
use crate::domain::ids::LeadId;

/// Questions and deeds between managers.
#[async_trait]
pub trait Team: Send + Sync {
    /// Notes that the manager is at work, and the lead that they have open.
    async fn present(&self, open: Option<LeadId>) -> Result<(), BackendError>;
}
