//! The routing policy: a lead, its pool and its scores in; a recommendation and its explanation out.
//!
//! Pure and deterministic: no clock, no I/O, no randomness. The same facts always give the same recommendation.

pub mod absence;
pub mod arrivals;
pub mod assignment;
pub mod capacity;
pub mod company;
pub mod eligibility;
pub mod fairness;
pub mod hold;
pub mod hours;
pub mod lane;
pub mod language;
pub mod price;
pub mod profile;
mod quick;
pub mod recommend;
pub mod route;
pub mod rules;
pub mod skill;
pub mod sla;
pub mod slot;
pub mod span;
pub mod subject;
pub mod value;

use chrono::{DateTime, Duration, Utc};

use crate::domain::facts::LeadFacts;
use crate::domain::ids::QueueId;
use crate::domain::ranking::Tier;

/// What a manager can set about routing.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// When every `p_win` is below this, a person must look.
    pub confidence_gate: f64,
    /// How long a verdict can be taken back for nothing.
    pub grace: Duration,
    /// In which time a lead must be contacted; by a rep, after it was given to them.
    pub sla: Duration,
    /// Whether a manager's verdict is written to the CRM.
    pub write_verdicts: bool,
    /// Leads whose score is above this are hot.
    pub hot_score: u8,
    /// Of the others, those above this are warm.
    pub warm_score: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            confidence_gate: 0.2,
            grace: Duration::seconds(10),
            sla: Duration::hours(4),
            write_verdicts: true,
            hot_score: 80,
            warm_score: 40,
        }
    }
}

impl Settings {
    /// The tier of a lead score.
    pub const fn tier(&self, score: u8) -> Tier {
        if score > self.hot_score {
            Tier::Hot
        } else if score > self.warm_score {
            Tier::Warm
        } else {
            Tier::Cold
        }
    }

    /// When the lead must have been contacted.
    pub fn sla_deadline(&self, facts: &LeadFacts) -> DateTime<Utc> {
        facts.created_at + self.sla
    }
}

/// The queues that policy sends leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queues {
    /// For leads that need a person.
    pub manager: QueueId,
    /// For technical failures.
    pub default: QueueId,
}

#[cfg(test)]
mod tests;
