//! A manager's word on a lead.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{QueueId, RepId};
pub use super::reason::{Reason, ReasonCode};

/// What the manager said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Verdict {
    /// Do what is recommended.
    Approve,
    /// Leave it with the owner the legacy rules chose.
    KeepLegacy,
    /// Give it to this rep instead.
    Override {
        /// The rep.
        rep: RepId,
    },
    /// Send it to a queue.
    Reroute {
        /// The queue.
        queue: QueueId,
    },
    /// Ask me again later. Decides nothing.
    Snooze {
        /// When to ask again.
        until: DateTime<Utc>,
    },
    /// Put the lead back to the owner it had before a decision that was sent already. The decision names which one
    /// ([`Decision::replaces`](super::decision::Decision::replaces)).
    Undo,
    /// One of many that a manager had scored and assigned again together.
    Backfill {
        /// The run they belong to.
        run: i64,
    },
}

impl Verdict {
    /// Whether the manager turned the recommendation down, so that a reason is owed.
    pub const fn needs_reason(&self) -> bool {
        matches!(self, Self::KeepLegacy | Self::Override { .. } | Self::Reroute { .. })
    }

    /// Stable short name, for storage and for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::KeepLegacy => "keep_legacy",
            Self::Override { .. } => "override",
            Self::Reroute { .. } => "reroute",
            Self::Snooze { .. } => "snooze",
            Self::Undo => "undo",
            Self::Backfill { .. } => "backfill",
        }
    }
}

/// The reason a manager gave, with the optional note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Why, as exactly as they said it.
    pub code: Reason,
    /// Free text, raw.
    pub note: Option<String>,
}
