//! The model: learns win probabilities from closed deals, and ranks reps with them. Pure: deals in, artifact and card
//! out; artifact and facts in, probabilities out. No database, no network, no clock.

mod artifact;
pub mod bit_forest;
pub mod calibrate;
pub mod card;
pub mod drift;
pub mod ensemble;
pub mod evaluate;
pub mod exchange;
pub mod explain;
pub mod features;
pub mod forest;
pub mod gates;
pub mod interval;
pub mod lead_score;
pub mod logistic;
mod pool;
mod scorer;
pub mod shrink;
pub mod smote;
pub mod train;
pub mod who_matters;
pub mod xgboost;

use serde::{Deserialize, Serialize};

pub use artifact::{ARTIFACT_VERSION, ModelError};
pub use card::Card;
pub use gates::Clearance;
pub use interval::IntervalModel;
pub use scorer::Model;
pub use shrink::Shrinkage;
pub use train::{Progress, TrainError, TrainOptions, Trained, train};

use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;
use crate::domain::ranking::{Contrast, Factor, Interval, Support};

/// A rep's calibrated chance of closing one lead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepScore {
    /// Calibrated probability, 0 to 1.
    pub p_win: f64,
    /// 95 % interval of it.
    pub interval: Interval,
    /// The closed deals it rests on.
    pub support: Support,
}

/// Additive reasons for one score, in log-odds: `base` plus all weights is the margin before calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The margin of the average deal.
    pub base: f64,
    /// What each feature added, strongest first (by absolute weight).
    pub factors: Vec<Factor>,
}

/// Why one rep stands before another on the same lead, in log-odds: all weights together are the gap between their
/// margins before calibration. What the lead alone says is the same for both, and is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The first rep's margin less the second's.
    pub gap: f64,
    /// The reasons, strongest first.
    pub contrasts: Vec<Contrast>,
}

/// How good a lead is, whoever works it; see [`lead_score`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadChance {
    /// 0 to 100: how many of 100 training deals had a lead no better than this one.
    pub score: u8,
    /// Calibrated probability that the lead is won, whoever works it.
    pub probability: f64,
    /// 95 % interval of it.
    pub interval: Interval,
    /// Training deals that the score compares with.
    pub deals: u32,
    /// What about the lead speaks for and against it, in log-odds against the average deal, strongest first.
    pub factors: Vec<Factor>,
}

/// Anything that can score reps for a lead: the embedded model, or an endpoint that hosts the same model.
pub trait Scorer: Send + Sync {
    /// One score for each rep, in the order given, in one pass. A rep the history never saw is scored as a new rep.
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore>;
    /// The same for many leads, each with its pool, in the order given. A batch may be spread over the cores.
    fn score_many(&self, leads: &[(&LeadFacts, &[RepKey])]) -> Vec<Vec<RepScore>> {
        leads.iter().map(|(facts, reps)| self.score(facts, reps)).collect()
    }
    /// Why this rep has this score.
    fn explain(&self, facts: &LeadFacts, rep: &RepKey) -> Explanation;
    /// Why `ours` stands before (or behind) `theirs` on this lead. `None` from a scorer that cannot tell.
    fn difference(&self, _facts: &LeadFacts, _ours: &RepKey, _theirs: &RepKey) -> Option<Difference> {
        None
    }
    /// How good the lead is, whoever works it. `None` from a scorer that cannot tell.
    fn lead_chance(&self, _facts: &LeadFacts) -> Option<LeadChance> {
        None
    }
    /// How much of the differences between reps is real. `None` from a scorer that never measured it.
    fn shrinkage(&self) -> Option<Shrinkage> {
        None
    }
    /// What "similar deals" means for this lead, in words, for example `industry Technology`.
    fn segment(&self, facts: &LeadFacts) -> String;
}
