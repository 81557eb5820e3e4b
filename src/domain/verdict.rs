//! A manager's word on a lead.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{QueueId, RepId};

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

/// Why a recommendation was turned down. Stable: stored as the letter.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantArray,
)]
pub enum ReasonCode {
    /// Territory.
    T,
    /// Conflict of interest.
    C,
    /// Key account.
    K,
    /// Relationship.
    R,
    /// Language.
    L,
    /// Skill or product.
    S,
    /// Capacity.
    P,
    /// Leave, vacation.
    V,
    /// Duplicate or bad data.
    D,
    /// Quality of the lead.
    Q,
    /// Fairness, ramp.
    F,
    /// Experiment.
    X,
    /// Other; a note is required.
    O,
}

impl ReasonCode {
    /// What it says on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::T => "Territory",
            Self::C => "Conflict of interest",
            Self::K => "Key account",
            Self::R => "Relationship",
            Self::L => "Language",
            Self::S => "Skill or product",
            Self::P => "Capacity",
            Self::V => "On leave",
            Self::D => "Duplicate or bad data",
            Self::Q => "Quality of the lead",
            Self::F => "Fairness or ramp",
            Self::X => "Experiment",
            Self::O => "Other (note needed)",
        }
    }

    /// The letter that picks it.
    pub fn letter(self) -> char {
        self.to_string().chars().next().unwrap_or('O').to_ascii_lowercase()
    }

    /// The code picked by a letter, either case.
    pub fn from_letter(letter: char) -> Option<Self> {
        letter.to_ascii_uppercase().to_string().parse().ok()
    }
}

/// The reason a manager gave, with the optional note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The code.
    pub code: ReasonCode,
    /// Free text, raw.
    pub note: Option<String>,
}
