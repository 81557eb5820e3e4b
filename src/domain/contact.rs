//! The first contact that a rep owes a lead which a decision gave them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{RepId, TraceId};

/// What came of it. Found out once, when it was due.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ContactOutcome {
    /// Somebody made contact in time.
    InTime,
    /// Somebody made contact, but after it was due.
    Late,
    /// Nobody made contact.
    Missed,
    /// Nobody owed it any more: the lead was converted, found to be none, taken by somebody, or decided anew.
    Moot,
}

impl ContactOutcome {
    /// Whether the rep let the lead's clock run out.
    pub const fn is_breach(self) -> bool {
        matches!(self, Self::Late | Self::Missed)
    }
}

/// A first contact as it is owed since a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstContact {
    /// The decision that gave the lead to the rep.
    pub decision: TraceId,
    /// The rep.
    pub rep: RepId,
    /// Until when.
    pub due_at: DateTime<Utc>,
    /// What came of it; `None` while nobody has looked.
    pub outcome: Option<ContactOutcome>,
    /// When somebody first made contact, as far as it was known when it was looked at.
    pub contacted_at: Option<DateTime<Utc>>,
}
