//! Lanes: the piles a manager works through, each asking for a different kind of attention.

use serde::{Deserialize, Serialize};

/// One pile of the queue. The order is the order on screen; a lead is in exactly one.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Lane {
    /// The model and the legacy rules chose the same rep, or the model's is better beyond doubt: one key and done.
    Fast,
    /// They chose differently: the lead is worth reading.
    Disagree,
    /// No rep reaches the confidence gate: a person should look.
    LowConfidence,
    /// Key accounts, conflicts, high value, partners.
    Exceptions,
    /// High lead score on a short clock.
    Hot,
    /// A rep gave it back.
    Returned,
    /// We failed technically (could not rank, could not write).
    Sync,
}

impl Lane {
    /// The name a manager reads.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fast => "Fast",
            Self::Disagree => "Disagree",
            Self::LowConfidence => "Low confidence",
            Self::Exceptions => "Exceptions",
            Self::Hot => "Hot",
            Self::Returned => "Returned",
            Self::Sync => "Sync problems",
        }
    }
}
