//! How much the levels of one field differ in truth, and so how far a level's own results can be trusted.
//!
//! A level's true win rate is taken to scatter around the overall rate `p` as a beta distribution with variance `v`. The
//! posterior mean of the rate of a level with `n` deals and `w` wins is then `(w + p s) / (n + s)`: the overall rate
//! counts for `s = p (1 - p) / v - 1` deals. `v` is estimated by the method of moments (empirical Bayes): with `W` wins
//! and `n` deals of a level `E[(W - n p)^2] = n p (1 - p) + v (n^2 - n)`, summed over the levels. A field whose levels are
//! all alike is smoothed away; one like the account, whose levels are worlds apart, is believed after a few deals.

use serde::{Deserialize, Serialize};

use super::rep_effects::Tally;

/// What `s` is taken to be before anything is known, in deals …
const PRIOR_WEIGHT: f64 = 20.0;
/// … and how much that counts, in ordered pairs of deals of one level, as `n^2 - n` counts them.
const PRIOR_PAIRS: f64 = 1_000.0;
/// Bounds of `s`.
const BOUNDS: (f64, f64) = (0.5, 500.0);

/// Sums over the levels of one field. Whole numbers, so that they do not drift however many deals are learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LevelSpread {
    /// Of the squares of wins.
    wins_squared: u64,
    /// Of wins times deals.
    wins_by_deals: u64,
    /// Of the squares of deals.
    deals_squared: u64,
}

impl LevelSpread {
    /// One more deal in a level; `before` is what the level held.
    pub(super) fn learn(&mut self, before: Tally, won: bool) {
        let (deals, wins) = (u64::from(before.0), u64::from(before.1));
        let won = u64::from(won);
        self.wins_squared += won * (2 * wins + 1);
        self.wins_by_deals += wins + won * (deals + 1);
        self.deals_squared += 2 * deals + 1;
    }

    /// Deals that the overall rate counts for in a level's rate, see the [module](self). `total` holds all deals of the
    /// field, `rate` is the overall win rate, strictly between 0 and 1.
    pub(super) fn weight(&self, total: Tally, rate: f64) -> f64 {
        let noise = rate * (1.0 - rate);
        let deals = f64::from(total.0);
        let scatter = self.wins_squared as f64 - 2.0 * rate * self.wins_by_deals as f64
            + rate * rate * self.deals_squared as f64
            - deals * noise;
        let pairs = self.deals_squared as f64 - deals;
        let prior = noise / (PRIOR_WEIGHT + 1.0);
        let variance = (scatter + PRIOR_PAIRS * prior) / (pairs + PRIOR_PAIRS);
        if variance > 0.0 { (noise / variance - 1.0).clamp(BOUNDS.0, BOUNDS.1) } else { BOUNDS.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty deals of each level, in turn; level `i` wins `wins[i]` of them.
    fn learned(wins: &[u32]) -> (LevelSpread, Tally) {
        let mut spread = LevelSpread::default();
        let mut levels = vec![Tally::default(); wins.len()];
        let mut total = Tally::default();
        for deal in 0..40 {
            for (level, wins) in levels.iter_mut().zip(wins) {
                let won = deal < *wins;
                spread.learn(*level, won);
                for tally in [level, &mut total] {
                    *tally = Tally(tally.0 + 1, tally.1 + u32::from(won));
                }
            }
        }
        assert_eq!(spread.wins_squared, levels.iter().map(|level| u64::from(level.1).pow(2)).sum::<u64>());
        assert_eq!(spread.wins_by_deals, levels.iter().map(|l| u64::from(l.0) * u64::from(l.1)).sum::<u64>());
        assert_eq!(spread.deals_squared, levels.iter().map(|level| u64::from(level.0).pow(2)).sum::<u64>());
        (spread, total)
    }

    fn weight(wins: &[u32]) -> f64 {
        let (spread, total) = learned(wins);
        spread.weight(total, f64::from(total.1) / f64::from(total.0))
    }

    #[test]
    fn levels_that_differ_are_believed_soon_and_levels_that_are_alike_hardly() {
        // Half of the levels win 0.9, half 0.1: v = 0.16, s = 0.25 / 0.16 - 1 = 0.56, and the prior adds a little.
        let apart: Vec<u32> = (0..40).map(|i| if i % 2 == 0 { 36 } else { 4 }).collect();
        assert!((0.5..0.7).contains(&weight(&apart)), "{}", weight(&apart));
        // Less scatter than chance gives.
        assert!((weight(&[20; 40]) - BOUNDS.1).abs() < 1e-9);
        // What 40 deals of one win rate scatter by chance: standard deviation sqrt(40 / 4) = 3.2 wins.
        let chance: Vec<u32> = (0..40).map(|i| [17, 23, 19, 21, 15, 25, 20, 20][i % 8]).collect();
        assert!(weight(&chance) > 100.0, "{}", weight(&chance));
    }

    #[test]
    fn before_anything_is_known_the_overall_rate_counts_for_twenty_deals() {
        let spread = LevelSpread::default();
        assert!((spread.weight(Tally::default(), 0.25) - PRIOR_WEIGHT).abs() < 1e-9);
    }
}
