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

/// Closed deals of one kind, and how many of them were won.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Closed deals.
    pub deals: u32,
    /// Of those, won.
    pub wins: u32,
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.deals {
            0 => f.write_str("none"),
            deals => write!(f, "{} of {deals}", self.wins),
        }
    }
}

/// One additive reason why one rep is ahead of another on the same lead, with the closed deals that speak to it.
///
/// The weight allows for how good the leads of each rep were and shrinks where deals are few, so it need not follow the
/// bare win rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Name of the reason in the model.
    pub feature: String,
    /// Which deals are compared, in plain words, for example `industry Healthcare`.
    pub label: String,
    /// Log-odds that it adds to the lead of the first rep over the second.
    pub weight: f64,
    /// Closed deals of the first rep of this kind.
    pub ours: Record,
    /// The same of the second.
    pub theirs: Record,
}

impl Contrast {
    /// The evidence as a sentence: `industry Healthcare: Ana won 14 of 41, Bob 6 of 38`.
    pub fn words(&self, ours: &str, theirs: &str) -> String {
        let verb = |record: &Record| if record.deals == 0 { "has" } else { "won" };
        // "Ana won 14 of 41, Bob 6 of 38", but "Ana won 14 of 41, Bob has none".
        let both_won = self.ours.deals > 0 && self.theirs.deals > 0;
        let again = if both_won { String::new() } else { format!("{} ", verb(&self.theirs)) };
        format!("{}: {ours} {} {}, {theirs} {again}{}", self.label, verb(&self.ours), self.ours, self.theirs)
    }
}

/// Why one rep stands before another on a lead: all reasons together sum to the gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The rep in front.
    pub ours: RepId,
    /// The rep compared with.
    pub theirs: RepId,
    /// How far apart they are in log-odds, before calibration.
    pub gap: f64,
    /// The reasons, strongest first.
    pub contrasts: Vec<Contrast>,
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

impl RankedRep {
    /// Whether each of the two lies in the other's interval: then the deals do not tell which of them is better.
    pub fn too_close_to(&self, other: &Self) -> bool {
        let holds = |one: &Self, p: f64| (one.interval.low..=one.interval.high).contains(&p);
        holds(self, other.p_win) && holds(other, self.p_win)
    }
}

/// What to expect of the best rep of the pool. The best of many noisy numbers is on average less good than it looks (the
/// winner's curse), so it is drawn towards the mean of the pool. The order of the reps and their `p_win` stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Expected probability that the best rep closes the lead.
    pub p_win: f64,
    /// What that is above the legacy owner, who is drawn towards the mean likewise; `None` without one to compare with.
    pub gap: Option<f64>,
    /// Share of the shown differences between reps that is taken to be real, 0 to 1.
    pub kept: f64,
    /// Held-out deals that the share was measured on.
    pub deals: u32,
}

/// Rough kind of a lead by its score.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Tier {
    /// Above the upper cut point.
    Hot,
    /// Above the lower one.
    Warm,
    /// The rest.
    Cold,
}

/// How good a lead is, whoever works it. Never mixed with a rep's `p_win`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadScore {
    /// 0 to 100: how many of 100 training deals had a lead no better than this one.
    pub score: u8,
    /// By the cut points that were set when it was ranked.
    pub tier: Tier,
    /// Calibrated probability that the lead is won, whoever works it.
    pub probability: f64,
    /// 95 % interval of it.
    pub interval: Interval,
    /// Training deals that the score compares with.
    pub deals: u32,
    /// What about the lead speaks for and against it, in log-odds against the average deal, strongest first.
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
    /// What to expect of the best rep. Rankings made before it was measured have none.
    #[serde(default)]
    pub expected: Option<Expected>,
    /// Why the best rep of the pool stands before the legacy owner; when they are the same, or the legacy owner is no
    /// rep we know, before the next rep of the pool.
    #[serde(default)]
    pub comparison: Option<Comparison>,
    /// How good the lead is, whoever works it.
    #[serde(default)]
    pub lead_score: Option<LeadScore>,
}

impl Ranking {
    /// The best rep of the pool.
    pub fn best(&self) -> Option<&RankedRep> {
        self.reps.iter().find(|r| r.in_pool)
    }

    /// Mean probability of the reps of the pool, which the winner's curse draws the best of them towards; `None` where
    /// nobody of the pool is ranked.
    pub fn pool_mean(&self) -> Option<f64> {
        let pool: Vec<f64> = self.reps.iter().filter(|rep| rep.in_pool).map(|rep| rep.p_win).collect();
        (!pool.is_empty()).then(|| pool.iter().sum::<f64>() / pool.len() as f64)
    }

    /// The entry of one rep.
    pub fn of(&self, rep: &RepId) -> Option<&RankedRep> {
        self.reps.iter().find(|r| &r.rep_id == rep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        let mut contrast = Contrast {
            feature: "pair.industry".into(),
            label: "industry Healthcare".into(),
            weight: 0.31,
            ours: Record { deals: 41, wins: 14 },
            theirs: Record { deals: 38, wins: 6 },
        };
        assert_eq!(contrast.words("Ana", "Bob"), "industry Healthcare: Ana won 14 of 41, Bob 6 of 38");
        contrast.theirs = Record::default();
        assert_eq!(contrast.words("Ana", "Bob"), "industry Healthcare: Ana won 14 of 41, Bob has none");
        contrast.ours = Record::default();
        assert_eq!(contrast.words("Ana", "Bob"), "industry Healthcare: Ana has none, Bob has none");
        contrast.theirs = Record { deals: 2, wins: 0 };
        assert_eq!(contrast.words("Ana", "Bob"), "industry Healthcare: Ana has none, Bob won 0 of 2");
    }

    #[test]
    fn two_are_too_close_only_where_each_lies_in_the_others_range() {
        let rep = |p_win: f64, low: f64, high: f64| RankedRep {
            rep_id: RepId::new("r"),
            rank: 1,
            p_win,
            interval: Interval { low, high },
            support: Support::default(),
            in_pool: true,
            factors: Vec::new(),
        };
        let (best, wide, narrow) = (rep(0.4, 0.2, 0.6), rep(0.3, 0.2, 0.5), rep(0.3, 0.25, 0.35));
        assert!(best.too_close_to(&wide) && wide.too_close_to(&best));
        assert!(!best.too_close_to(&narrow) && !narrow.too_close_to(&best), "one alone tells nothing");
    }

    #[test]
    fn a_ranking_stored_before_it_was_explained_still_reads() {
        let stored = r#"{"model_id":"m-1","ranked_at":"2026-11-01T00:00:00Z","reps":[{"rep_id":"r","rank":1,"p_win":0.5,
            "interval":{"low":0.4,"high":0.6},"support":{"deals":4,"wins":1,"similar_deals":2,"similar_wins":1},
            "in_pool":true}],"pool":{"eligible":["r"],"excluded":[]},"segment":"all deals"}"#;
        let ranking: Ranking = serde_json::from_str(stored).unwrap();
        assert_eq!(ranking.best().map(|r| r.rank), Some(1));
        assert_eq!((ranking.expected, ranking.comparison, ranking.lead_score), (None, None, None));
    }
}
