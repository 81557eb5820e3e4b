//! Decisions: the final word on a lead, with all that is needed to answer "why?" later.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{DecisionKey, LeadId, ModelId, TraceId};
use super::lead::Owner;
use super::recommendation::Recommendation;
use super::verdict::{Rejection, Verdict};

/// Who took a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum DecidedBy {
    /// A manager, by name.
    Manager(String),
    /// Policy itself, where the phase allows it.
    Automatic,
    /// The fallback ladder.
    Fallback,
}

/// How far the CRM write of a decision is.
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
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WriteState {
    /// Waits in the outbox (grace period included).
    Waiting,
    /// Known to be in the CRM.
    Written,
    /// Nothing is to be written (`write_verdicts = false`).
    NotWanted,
    /// A person was faster; not written.
    Superseded,
    /// Gave up after many tries; a person must look.
    Failed,
    /// Taken back within the grace period; never sent.
    Undone,
}

/// One decision. Append-only; `write`, `undone_at` and `closed_at` are the only things that ever change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Names it for ever.
    pub trace_id: TraceId,
    /// Names it to the CRM.
    pub key: DecisionKey,
    /// The lead.
    pub lead_id: LeadId,
    /// Who.
    pub by: DecidedBy,
    /// What the manager said.
    pub verdict: Verdict,
    /// Why the recommendation was turned down, if it was.
    pub rejection: Option<Rejection>,
    /// Who shall own the lead.
    pub owner: Owner,
    /// Who owned it by the legacy rules.
    pub legacy_owner: Owner,
    /// What policy had recommended.
    pub recommendation: Recommendation,
    /// `p_win` of the chosen owner, when a rep.
    pub p_win: Option<f64>,
    /// The model of the ranking that was shown.
    pub model_id: Option<ModelId>,
    /// When it was taken.
    pub decided_at: DateTime<Utc>,
    /// Until then it can be taken back for nothing.
    pub grace_until: DateTime<Utc>,
    /// When it was taken back before anything of it was sent.
    pub undone_at: Option<DateTime<Utc>>,
    /// The decision on the same lead whose place it takes: the one it puts back ([`Verdict::Undo`]), or the one that a
    /// back-fill decided anew.
    #[serde(default)]
    pub replaces: Option<TraceId>,
    /// When it ceased to stand although it may have been written: another one took its place, or (of a decision that puts
    /// back) the lead was open again.
    #[serde(default)]
    pub closed_at: Option<DateTime<Utc>>,
    /// How far the write is.
    pub write: WriteState,
}

impl Decision {
    /// Whether it is the lead's decision now. At most one of a lead's decisions is.
    pub const fn stands(&self) -> bool {
        self.undone_at.is_none() && self.closed_at.is_none()
    }
}
