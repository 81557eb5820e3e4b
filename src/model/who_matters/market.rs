//! The later deals as a market of leads and of slots that reps have for them.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::assignment::assign;
use super::parts::Parts;
use super::regression::sigmoid;
use super::{History, Later};
use crate::model::evaluate::Estimate;

/// Made-up companies that the ceiling is the mean of.
const WORLDS: u64 = 3;
/// Later deals that the ceiling is worked out on, at most.
const CEILING_DEALS: usize = 800;
const SEED: u64 = 0x6d61_726b;
/// Step of the slopes by which the value of routing depends on how much comes true.
const STEP: f64 = 0.5;

pub(super) struct Market<'a> {
    pub(super) later: &'a Later<'a>,
    pub(super) parts: &'a Parts,
    /// Log-odds of each lead with an average rep of its pool.
    pub(super) base: &'a [f64],
}

impl Market<'_> {
    /// Wins per lead that routing by the model adds, if of its promises for rep and fit so much comes true as `realised`
    /// says; with the resampled `realised` for the interval.
    pub(super) fn by_model(&self, realised: [f64; 2], resampled: &[[f64; 2]]) -> Estimate {
        let later = self.later;
        let given = assign(later.pools, later.had, later.period, |lead, at| self.p(lead, at, [1.0, 1.0]));
        let value = |times: [f64; 2]| {
            let sum: f64 = (0..given.len()).map(|i| self.p(i, given[i], times) - self.p(i, later.had[i], times)).sum();
            sum / given.len() as f64
        };
        // The value is close to linear in what comes true.
        let [rep, fit] = realised;
        let slope = [
            (value([rep + STEP, fit]) - value([rep - STEP, fit])) / (2.0 * STEP),
            (value([rep, fit + STEP]) - value([rep, fit - STEP])) / (2.0 * STEP),
        ];
        let best = value(realised);
        let around = resampled.iter().map(|r| best + slope[0] * (r[0] - rep) + slope[1] * (r[1] - fit));
        super::interval(best, around.collect())
    }

    fn p(&self, lead: usize, at: usize, times: [f64; 2]) -> f64 {
        let [rep, fit] = self.parts.of(self.later, lead, at);
        sigmoid(self.base[lead] + times[0] * rep + times[1] * fit)
    }

    /// Wins per lead that a router adds who knows all true effects, if these have the given variances (rep, then each of
    /// `fields`): the mean over made-up companies with such effects on the real leads and slots. `history` ends with the
    /// later deals.
    pub(super) fn ceiling(&self, history: &History<'_>, fields: &[usize], variances: &[f64]) -> f64 {
        let later = self.later;
        let n = later.won.len().min(CEILING_DEALS);
        let first = history.won.len() - later.won.len();
        let sd: Vec<f64> = variances.iter().map(|v| v.max(0.0).sqrt()).collect();
        if sd.iter().all(|sd| *sd <= 0.0) {
            return 0.0;
        }
        let mut gain = 0.0;
        for world in 0..WORLDS {
            // Every effect has its own stream, so that different variances are tried on the same chance.
            let mut rng = ChaCha8Rng::seed_from_u64(SEED + world);
            let general: Vec<f64> = (0..later.reps).map(|_| sd[0] * normal(&mut rng)).collect();
            let fits: Vec<Vec<Vec<f64>>> = fields
                .iter()
                .zip(&sd[1..])
                .map(|(&field, sd)| {
                    let mut row = |_| (0..history.slots[field]).map(|_| sd * normal(&mut rng)).collect();
                    (0..later.reps).map(&mut row).collect()
                })
                .collect();
            let p: Vec<Vec<f64>> = (0..n)
                .map(|lead| {
                    let slots = &history.segments[first + lead];
                    let fit = |rep: usize| -> f64 {
                        fields.iter().zip(&fits).map(|(&field, of)| of[rep][slots[field] as usize]).sum()
                    };
                    let own = |rep: &u32| general[*rep as usize] + fit(*rep as usize);
                    later.pools[lead].iter().map(|rep| sigmoid(self.base[lead] + own(rep))).collect()
                })
                .collect();
            let given = assign(&later.pools[..n], &later.had[..n], &later.period[..n], |lead, at| p[lead][at]);
            gain += (0..n).map(|i| p[i][given[i]] - p[i][later.had[i]]).sum::<f64>() / n as f64;
        }
        gain / WORLDS as f64
    }
}

/// Standard normal (Box and Muller's transform).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
