//! A ranking: every rep of the pool by win probability, with what each number rests on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{ModelId, RepId};
use super::pool::Pool;

/// An interval around a probability, both ends in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The closed deals a rep's probability rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// Closed deals of this rep in the training history.
    pub deals: u32,
    /// Of those, won.
    pub wins: u32,
    /// Closed deals of this rep in the lead's own segment.
    pub similar_deals: u32,
    /// Of those, won.
    pub similar_wins: u32,
}

/// One additive reason: how much a feature moved the log-odds, in words a manager understands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Name of the feature in the model.
    pub feature: String,
    /// Plain words, for example `Technology x this rep`.
    pub label: String,
    /// Log-odds added (positive speaks for the rep, negative against).
    pub weight: f64,
}

/// One rep in a ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedRep {
    /// The rep.
    pub rep_id: RepId,
    /// 1 is best. A legacy owner outside the pool has the rank it would have had.
    pub rank: u32,
    /// Calibrated probability that this rep closes this lead.
    pub p_win: f64,
    /// 95 % interval of `p_win`.
    pub interval: Interval,
    /// What the number rests on.
    pub support: Support,
    /// Whether the rep is in the pool. Only the legacy owner is ever shown from outside it.
    pub in_pool: bool,
    /// Additive reasons, strongest first; filled for the first three and for the legacy owner.
    #[serde(default)]
    pub factors: Vec<Factor>,
}

/// All reps of a lead's pool, best first; the legacy owner stands at its true rank, whether in the pool or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The model that made it.
    pub model_id: ModelId,
    /// When.
    pub ranked_at: DateTime<Utc>,
    /// Best first.
    pub reps: Vec<RankedRep>,
    /// Who was eligible and who was not.
    pub pool: Pool,
    /// Which reps count as "similar" evidence, in words, for example `industry Technology`.
    pub segment: String,
}

impl Ranking {
    /// The best rep of the pool.
    pub fn best(&self) -> Option<&RankedRep> {
        self.reps.iter().find(|r| r.in_pool)
    }

    /// The entry of one rep.
    pub fn of(&self, rep: &RepId) -> Option<&RankedRep> {
        self.reps.iter().find(|r| &r.rep_id == rep)
    }
}
