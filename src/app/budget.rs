//! The API budget: how much of the CRM's allocation leadboard leaves to everybody else.
//!
//! The allocation is shared by all programs of an org and counted over a rolling day, so it frees by itself. The CRM says
//! with every answer how much of it is used; nothing is asked for that, except now and then while nothing is read at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ports::ApiUsage;

/// The span over which the CRM counts calls.
const WINDOW: Duration = Duration::from_hours(24);
/// Reading is slowed down at least so many times, so that the manager's number means something in a large org too.
const LEAST: f64 = 2.0;
/// However slow, something is read so often.
const SLOWEST: Duration = Duration::from_mins(15);

/// The shares at which leadboard holds itself back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Share of the allocation, 0 to 1, from which on reading slows down.
    pub slow_at: f64,
    /// Share from which on nothing but writes is sent.
    pub writes_only_at: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { slow_at: 0.7, writes_only_at: 0.9 }
    }
}

/// What the allocation allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ApiStage {
    /// Everything at its usual pace; also while the CRM has not said yet how much is used.
    #[default]
    Normal,
    /// Reading is slower.
    Slow,
    /// Decisions are written, everything else waits.
    WritesOnly,
}

impl Budget {
    /// The stage for this usage.
    pub fn stage(&self, usage: ApiUsage) -> ApiStage {
        match usage.share() {
            Some(share) if share >= self.writes_only_at => ApiStage::WritesOnly,
            Some(share) if share >= self.slow_at => ApiStage::Slow,
            _ => ApiStage::Normal,
        }
    }

    /// How long to wait where one usually waits for `usual`.
    ///
    /// In the slow stage all reading (`reads_per_day` calls at its usual pace) is stretched so that what is left until
    /// [`Budget::writes_only_at`] lasts for a whole window even if nothing of it becomes free: by
    /// `reads_per_day / left`, and twice at least. No wait becomes longer than 15 minutes by it.
    ///
    /// Once only writes are sent, reading is held back by whoever reads, and looks at its usual pace whether it may go on:
    /// a long wait would neither show that it is held nor end when the allocation is free again.
    pub fn pace(&self, usual: Duration, usage: ApiUsage, reads_per_day: f64) -> Duration {
        if self.stage(usage) != ApiStage::Slow {
            return usual;
        }
        let left = (self.writes_only_at * usage.limit as f64 - usage.used as f64).max(1.0);
        let factor = (reads_per_day / left).max(LEAST);
        let longest = SLOWEST.max(usual);
        Duration::try_from_secs_f64(usual.as_secs_f64() * factor).map_or(longest, |wait| wait.min(longest))
    }

    /// Why nothing is read, in a manager's words.
    pub fn explain(&self, usage: ApiUsage) -> String {
        format!(
            "{} of {} API calls of the last 24 hours are used up; only decisions are written until it is less than {:.0} % \
             (salesforce.writes_only_at)",
            usage.used,
            usage.limit,
            self.writes_only_at * 100.0
        )
    }
}

/// Calls in a window when one is made after every wait of this length.
pub fn calls_per_day(wait: Duration) -> f64 {
    WINDOW.as_secs_f64() / wait.as_secs_f64().max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(used: u64, limit: u64) -> ApiUsage {
        ApiUsage { used, limit, calls_made: 0 }
    }

    #[test]
    fn the_stage_follows_the_share_that_is_used() {
        let budget = Budget::default();
        for (usage, stage) in [
            (used(0, 0), ApiStage::Normal),
            (used(9_000, 0), ApiStage::Normal),
            (used(6_999, 10_000), ApiStage::Normal),
            (used(7_000, 10_000), ApiStage::Slow),
            (used(8_999, 10_000), ApiStage::Slow),
            (used(9_000, 10_000), ApiStage::WritesOnly),
            (used(12_000, 10_000), ApiStage::WritesOnly),
        ] {
            assert_eq!(budget.stage(usage), stage, "{usage:?}");
        }
    }

    #[test]
    fn in_the_slow_stage_what_is_left_lasts_for_a_day() {
        let (budget, usual) = (Budget::default(), Duration::from_secs(15));
        let reads = calls_per_day(usual);
        assert_eq!(budget.pace(usual, used(6_999, 10_000), reads), usual);
        // A large org has enough left: slower by the least there is.
        assert_eq!(budget.pace(usual, used(70_000, 100_000), reads), usual * 2);
        for taken in [10_500, 12_000, 13_300] {
            let usage = used(taken, 15_000);
            let wait = budget.pace(usual, usage, reads);
            let left = 13_500.0 - taken as f64;
            assert!(calls_per_day(wait) <= left + 1.0, "{taken}: {wait:?}");
            assert!(wait <= SLOWEST);
        }
        assert_eq!(budget.pace(usual, used(13_499, 15_000), reads), SLOWEST);
        assert_eq!(budget.pace(usual, used(13_500, 15_000), reads), usual, "held back, and by no wait");
        let rare = Duration::from_hours(1);
        assert_eq!(budget.pace(rare, used(13_499, 15_000), reads), rare, "what is rare anyway is not hurried");
    }
}
