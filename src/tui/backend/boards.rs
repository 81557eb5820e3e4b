//! What the screens about the team, first contacts, stories of leads and the rollout ask, and the kill switch.

use async_trait::async_trait;
use chrono::NaiveDate;

use super::BackendError;
pub use crate::app::digest::Digest;
pub use crate::app::feedback::Feedback;
pub use crate::app::handoff::{Board as HandoffBoard, Facts, Handoff, Waiting};
pub use crate::app::ports::{ContactList, ContactRow, ContactTally, FoundLead, ScopeTally, Stopped, VerdictTally};
pub use crate::app::replay::Replay;
pub use crate::app::reps::{self, AtWork, Availability, Available, NextSlot, Order, RepRoom, RepRow, Reps};
pub use crate::app::rollout::{Need, Rollout};
pub use crate::app::sla::board::{Board, RepRecord};
pub use crate::app::stop::Switch;
pub use crate::app::story::{self, Compared, Found, Story};
use crate::domain::ids::TraceId;

/// Questions of these screens; as bounded as the others.
#[async_trait]
pub trait Boards: Send + Sync {
    /// The team.
    async fn reps(&self) -> Result<Reps, BackendError>;

    /// Who can take leads now, and when.
    async fn availability(&self) -> Result<Availability, BackendError>;

    /// First contacts of a list, and the record of each rep.
    async fn contacts(&self, list: ContactList) -> Result<Board, BackendError>;

    /// Leads by the trace id of a decision, their id, or a part of their company.
    async fn find(&self, text: &str) -> Result<Found, BackendError>;

    /// Makes the ranking behind a decision again.
    async fn replay(&self, trace: TraceId) -> Result<Replay, BackendError>;

    /// Where the rollout stands.
    async fn rollout(&self) -> Result<Rollout, BackendError>;

    /// What managers said.
    async fn feedback(&self) -> Result<Feedback, BackendError>;

    /// What was handed over last, and what would be handed over now.
    async fn handoffs(&self) -> Result<HandoffBoard, BackendError>;

    /// Hands over, with a note that may be empty: how things stand now.
    async fn give_handoff(&self, note: &str) -> Result<Handoff, BackendError>;

    /// Takes over what was handed over last, if it is still this one.
    async fn accept_handoff(&self, id: i64) -> Result<Handoff, BackendError>;

    /// A day by the manager's clock; `None` for today so far.
    async fn digest(&self, day: Option<NaiveDate>) -> Result<Digest, BackendError>;

    /// Stops all writing to the CRM (`true`), or lets it go on, and says how the switch stands then.
    async fn turn(&self, stop: bool, why: &str) -> Result<Switch, BackendError>;
}
