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

/// Why a first contact is no longer asked for, as far as the lead and its decision tell today; the most telling.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Lapsed {
    /// The decision that asked for it was taken back.
    TakenBack,
    /// The lead came back or was decided anew, which asks whoever has it then.
    DecidedAnew,
    /// The lead was deleted in the CRM.
    Deleted,
    /// The lead was converted before it was due: the rep is done with it.
    Converted,
    /// The lead was found to be none.
    Disqualified,
    /// Somebody was faster in the CRM, and the decision was not written.
    Superseded,
    /// Somebody else has the lead by now.
    Moved,
    /// The decision is not written, so the rep was never told.
    NotWritten,
    /// The lead was not open to the rep when it was looked at; nothing that is known today tells why.
    Unknown,
}

impl Lapsed {
    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TakenBack => "decision taken back",
            Self::DecidedAnew => "decided anew",
            Self::Deleted => "deleted in the CRM",
            Self::Converted => "converted before due",
            Self::Disqualified => "found to be no lead",
            Self::Superseded => "somebody was faster",
            Self::Moved => "somebody else has it",
            Self::NotWritten => "not written to the CRM",
            Self::Unknown => "not open when looked at",
        }
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
