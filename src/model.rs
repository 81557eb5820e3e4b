//! The model: learns win probabilities from closed deals, and ranks reps with them. Pure: deals in, artifact and card
//! out; artifact and facts in, probabilities out. No database, no network, no clock.

mod artifact;
pub mod bit_forest;
pub mod calibrate;
pub mod card;
pub mod evaluate;
pub mod explain;
pub mod features;
pub mod forest;
pub mod gates;
mod pool;
mod scorer;
pub mod train;
mod xgboost_json;

use serde::{Deserialize, Serialize};

pub use artifact::{ARTIFACT_VERSION, ModelError};
pub use card::Card;
pub use gates::Clearance;
pub use scorer::{IntervalModel, Model};
pub use train::{Progress, TrainError, TrainOptions, Trained, train};

use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;
use crate::domain::ranking::{Factor, Interval, Support};

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
    /// What "similar deals" means for this lead, in words, for example `industry Technology`.
    fn segment(&self, facts: &LeadFacts) -> String;
}
