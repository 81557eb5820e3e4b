//! The interval of a probability: what is not known about the true chance of a rep on a lead. It says nothing about
//! whether this one lead is won.
//!
//! The log-odds of the truth are taken as normal, with a variance that is a sum of parts:
//!
//! * the rep: the posterior variance of the rep's advantage on this lead (see `features::rep_effects`), which for a rep
//!   without deals is the whole spread of reps;
//! * the lead: the posterior variance of the lead's own log-odds;
//! * the calibration curve: how far it moves when the held-out deals are drawn again (bootstrap);
//! * a floor, for what tells leads apart and is in no column, and for what a forest smooths away.
//!
//! The probability shown is the mean of that distribution, which lies nearer to one half than its centre does; so the
//! interval is laid around the centre (MacKay's approximation of the logistic-normal mean, turned round) and is longer
//! on the side of one half.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::calibrate::{Calibration, Prior};
use super::evaluate::Z;
use crate::domain::ranking::Interval;

/// Times the held-out deals are drawn again.
const DRAWS: usize = 50;
/// At most so many deals are drawn; of more, a part is drawn and the variance scaled.
const MAX_DRAWN: usize = 20_000;
/// Where on the curve its variance is noted: quantiles of the held-out margins.
const KNOTS: [f64; 9] = [0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0];

/// Variance of the true log-odds around the calibrated ones: `rep * v_rep + lead * v_lead + curve(margin) + floor`.
///
/// The weights were set on generated companies whose true probabilities are known, and judged on others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalModel {
    /// Weight of the rep's variance.
    pub rep: f64,
    /// Weight of the lead's variance.
    pub lead: f64,
    /// What even much data leaves open, squared log-odds.
    pub floor: f64,
    /// Error of the calibration curve; none is known for models made before it was measured.
    #[serde(default)]
    pub curve: CurveError,
}

/// How sure a calibration curve is, by margin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurveError {
    /// Margins, ascending.
    margins: Vec<f64>,
    /// Variance of the calibrated log-odds there.
    variances: Vec<f64>,
}

impl IntervalModel {
    /// The model with the weights that were set.
    pub const fn new(curve: CurveError) -> Self {
        Self { rep: 1.25, lead: 1.0, floor: 0.06, curve }
    }

    /// The part that all reps of a lead share.
    pub fn of_lead(&self, lead_variance: f64) -> f64 {
        self.lead * lead_variance + self.floor
    }

    /// The 95 % interval around a calibrated probability, inside (0, 1), with `p` inside it.
    ///
    /// `margin` is the one that gave `p`, `of_lead` what [`Self::of_lead`] says.
    pub fn around(&self, p: f64, margin: f64, rep_variance: f64, of_lead: f64) -> Interval {
        around(p, self.rep * rep_variance + of_lead + self.curve.variance(margin))
    }

    pub(super) fn is_sound(&self) -> bool {
        [self.rep, self.lead, self.floor].iter().all(|v| v.is_finite() && *v >= 0.0) && self.curve.is_sound()
    }
}

/// The 95 % interval of a probability `p` that is the mean of a logistic-normal distribution with this variance.
pub(super) fn around(p: f64, variance: f64) -> Interval {
    let centre = (p / (1.0 - p)).ln() * (1.0 + std::f64::consts::PI * variance / 8.0).sqrt();
    let half = Z * variance.sqrt();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    Interval { low: sigmoid(centre - half).min(p), high: sigmoid(centre + half).max(p) }
}

impl CurveError {
    /// Fits the curve again and again to deals drawn with replacement from those it was fitted to.
    pub fn bootstrap(margins: &[f64], won: &[bool], prior: &Prior, seed: u64) -> Self {
        if margins.is_empty() {
            return Self::default();
        }
        let mut sorted = margins.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut knots: Vec<f64> =
            KNOTS.iter().map(|share| sorted[((sorted.len() - 1) as f64 * share).round() as usize]).collect();
        knots.dedup();
        let drawn = margins.len().min(MAX_DRAWN);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut sums, mut squares, mut fits) = (vec![0.0; knots.len()], vec![0.0; knots.len()], 0.0);
        for _ in 0..DRAWS {
            let draw = (0..drawn).map(|_| {
                let i = rng.random_range(0..margins.len());
                (margins[i], won[i])
            });
            let (margins, won): (Vec<f64>, Vec<bool>) = draw.unzip();
            let Some(curve) = Calibration::fit(&margins, &won, prior) else { continue };
            fits += 1.0;
            for ((knot, sum), square) in knots.iter().zip(&mut sums).zip(&mut squares) {
                let p = curve.probability(*knot);
                let log_odds = (p / (1.0 - p)).ln();
                *sum += log_odds;
                *square += log_odds * log_odds;
            }
        }
        if fits < 2.0 {
            return Self::default();
        }
        let scale = drawn as f64 / margins.len() as f64;
        let variance = |(sum, square): (f64, f64)| ((square - sum * sum / fits) / (fits - 1.0)).max(0.0) * scale;
        Self { margins: knots, variances: sums.into_iter().zip(squares).map(variance).collect() }
    }

    /// Variance of the calibrated log-odds at a margin; beyond the ends, that of the end.
    pub fn variance(&self, margin: f64) -> f64 {
        let (x, y) = (&self.margins, &self.variances);
        let right = x.partition_point(|knot| *knot <= margin);
        match (right.checked_sub(1).map(|left| (x[left], y[left])), x.get(right).zip(y.get(right))) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (margin - x0) / (x1 - x0) * (y1 - y0),
            (Some((_, y0)), None) => y0,
            (None, Some((_, y1))) => *y1,
            (None, None) => 0.0,
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.margins.len() == self.variances.len()
            && self.margins.windows(2).all(|w| w[0] < w[1])
            && self.margins.iter().all(|m| m.is_finite())
            && self.variances.iter().all(|v| v.is_finite() && *v >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Margins that are what they say, `n` of them.
    fn honest(n: usize) -> (Vec<f64>, Vec<bool>) {
        (0..n)
            .map(|i| {
                let margin = 4.0 * (i as f64 / n as f64) - 3.0;
                let p = 1.0 / (1.0 + (-margin).exp());
                (margin, (i as f64 * 0.618_033_988_749_895).fract() < p)
            })
            .unzip()
    }

    #[test]
    fn a_curve_from_fewer_deals_is_less_sure_and_least_at_its_ends() {
        let at = |n: usize, margin: f64| {
            let (margins, won) = honest(n);
            CurveError::bootstrap(&margins, &won, &Prior::VAGUE, 1).variance(margin)
        };
        // The variance of a mean of 400 deals with p around a quarter is 1 / (400 * 0.19) = 0.013.
        assert!(at(400, -1.0) > 0.004 && at(400, -1.0) < 0.03, "{}", at(400, -1.0));
        assert!(at(2_000, -1.0) < 0.5 * at(400, -1.0), "{} {}", at(2_000, -1.0), at(400, -1.0));
        assert!(at(400, -3.0) > 1.5 * at(400, -1.0), "{} {}", at(400, -3.0), at(400, -1.0));
        assert!((at(400, -9.0) - at(400, -3.0)).abs() < 1e-12, "beyond the end");
    }

    #[test]
    fn the_interval_covers_the_distribution_whose_mean_is_shown() {
        // Draws of a logistic-normal by its quantiles; the mean is what is shown, 95 % of the draws must be inside.
        for (centre, variance) in [(-1.5f64, 0.3f64), (-2.5, 1.0), (0.4, 0.6)] {
            let n = 20_000;
            let draws: Vec<f64> = (0..n)
                .map(|i| {
                    let (u, v) = ((f64::from(i) + 0.5) / f64::from(n), (f64::from(i) * 0.618_033_988_749_895).fract());
                    let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
                    1.0 / (1.0 + (-(centre + variance.sqrt() * normal)).exp())
                })
                .collect();
            let interval = around(draws.iter().sum::<f64>() / f64::from(n), variance);
            let inside = draws.iter().filter(|p| interval.low <= **p && **p <= interval.high).count();
            let (below, above) =
                (draws.iter().filter(|p| **p < interval.low), draws.iter().filter(|p| **p > interval.high));
            let (below, above) = (below.count() as f64 / f64::from(n), above.count() as f64 / f64::from(n));
            assert!((inside as f64 / f64::from(n) - 0.95).abs() < 0.005, "{centre} {variance}: {inside}");
            assert!((below - above).abs() < 0.01, "{centre} {variance}: {below} below, {above} above");
        }
    }

    #[test]
    fn without_variance_there_is_no_width_and_no_end_passes_the_value() {
        let none = around(0.3, 0.0);
        assert!((none.low - 0.3).abs() < 1e-12 && (none.high - 0.3).abs() < 1e-12);
        for p in [1e-6, 0.01, 0.5, 0.99, 1.0 - 1e-6] {
            for variance in [1e-6, 0.5, 4.0] {
                let interval = around(p, variance);
                assert!(0.0 < interval.low && interval.low <= p && p <= interval.high && interval.high < 1.0);
            }
        }
    }
}
