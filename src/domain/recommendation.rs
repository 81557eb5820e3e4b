//! What policy makes of a ranking.

use serde::{Deserialize, Serialize};

use super::ids::{QueueId, RepId};
use super::lead::Owner;

/// Where policy would send a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Route {
    /// Give it to this rep.
    AssignRep(RepId),
    /// A person must look: nobody reaches the confidence gate, or a rule says so.
    ManagerQueue(QueueId),
    /// A rule sends it to this queue.
    Queue(QueueId),
    /// We failed technically; the CRM's fallback queue keeps it visible.
    DefaultQueue(QueueId),
}

impl Route {
    /// Who would own the lead.
    pub fn owner(&self) -> Owner {
        match self {
            Self::AssignRep(id) => Owner::Rep(id.clone()),
            Self::ManagerQueue(id) | Self::Queue(id) | Self::DefaultQueue(id) => Owner::Queue(id.clone()),
        }
    }

    /// The rep who would own it, unless a queue would.
    pub const fn rep(&self) -> Option<&RepId> {
        match self {
            Self::AssignRep(id) => Some(id),
            Self::ManagerQueue(_) | Self::Queue(_) | Self::DefaultQueue(_) => None,
        }
    }
}

/// Why policy chose a route. The text form is stable: it is stored, exported and written to the CRM.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RouteReason {
    /// A strategic rule says who gets it (a key account, people who know each other).
    StrategicRule,
    /// The rep who already works with the company.
    AccountOwner,
    /// A partner rule says who gets it.
    PartnerRoute,
    /// A rule asks for a manager.
    ExceptionRule,
    /// The deal is so large that a manager must look.
    HighValue,
    /// Several reps already work with the company.
    AccountConflict,
    /// The model's first rep, and the legacy rules chose the same.
    ModelAgrees,
    /// The model's first rep; the legacy rules chose another owner.
    ModelPick,
    /// The first rep of a model that is not cleared to route: it cannot yet tell which rep is better.
    ModelUncleared,
    /// Whoever a rule names, or owns the account, is unavailable: the rep of the territory whose turn it is.
    RoundRobinUnavailable,
    /// The model knows too little of everybody who may get it: the rep of the territory whose turn it is.
    RoundRobinUnsupported,
    /// Every rep is below the confidence gate.
    LowConfidence,
    /// The first two reps are too close, and the settings want a person to choose.
    LowMargin,
    /// No rep is eligible.
    EmptyPool,
    /// Ranking failed (no model, error); the details are in the audit trail.
    TechnicalFailure,
}

impl RouteReason {
    /// Whether the model chose, against the legacy rules. Else there is a rule, an account or a turn to follow, and no model.
    pub const fn is_models_own(self) -> bool {
        matches!(self, Self::ModelPick | Self::ModelUncleared)
    }

    /// Whether the rep was chosen among those who have room. Who has a claim by a rule or an account was not.
    pub const fn respects_room(self) -> bool {
        matches!(
            self,
            Self::ModelAgrees
                | Self::ModelPick
                | Self::ModelUncleared
                | Self::RoundRobinUnavailable
                | Self::RoundRobinUnsupported
        )
    }
}

/// A recommendation: a route and its reason, for people and for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Where to.
    pub route: Route,
    /// Why, as a code.
    pub reason: RouteReason,
    /// Why, in one sentence.
    pub explanation: String,
    /// Best `p_win` minus the legacy owner's, when both are known and the model may compare reps.
    pub gap: Option<f64>,
}
