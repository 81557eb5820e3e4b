//! What the picks will really bring. The best of many noisy numbers is, on average, less good than it looks (the
//! winner's curse), so what is promised for a pick is drawn towards the mean of its pool:
//! `m + B (p - m)`, the empirical-Bayes estimate with `B = sd_true^2 / (sd_true^2 + sd_noise^2)`.
//!
//! `B` is measured rather than assumed: on deals that the forest had not seen, how much of a rep's predicted distance
//! from an ordinary rep on the same lead showed in the outcomes. That is the slope of `won - p_0` on `p - p_0` (weighted
//! least squares with an intercept), where `p_0` is the probability for a rep without history. Because history gave
//! those leads to reps by rules that did not know the prediction, no selection is in it. With few deals the slope is
//! uncertain and is itself shrunk towards [`PRIOR`].

use serde::{Deserialize, Serialize};

/// What the slope is taken to be before any deal is seen: mean and standard deviation. On generated companies it lies
/// near 1 where reps differ strongly, near a half where they differ little, and at 0 where they do not differ.
pub const PRIOR: (f64, f64) = (0.7, 0.4);

/// How much of the differences between reps that a model shows is real.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shrinkage {
    /// `B`, 0 to 1.
    pub factor: f64,
    /// Standard error of what was measured, before the prior; infinite reads as none.
    pub standard_error: Option<f64>,
    /// Held-out deals it was measured on.
    pub deals: u32,
}

impl Shrinkage {
    /// Measures the slope on held-out deals: calibrated probabilities of the rep who worked each (`p`) and of a rep
    /// without history on the same lead (`ordinary`), and the outcomes.
    pub fn measure(p: &[f64], ordinary: &[f64], won: &[bool]) -> Self {
        let rows = || {
            p.iter().zip(ordinary).zip(won).map(|((p, ordinary), won)| {
                let weight = 1.0 / (ordinary * (1.0 - ordinary)).max(1e-6);
                (weight, p - ordinary, f64::from(u8::from(*won)) - ordinary)
            })
        };
        let (weight, x, y) =
            rows().fold((0.0, 0.0, 0.0), |(w, x, y), row| (w + row.0, x + row.0 * row.1, y + row.0 * row.2));
        let (mean_x, mean_y) = if weight > 0.0 { (x / weight, y / weight) } else { (0.0, 0.0) };
        let (mut xx, mut xy) = (0.0, 0.0);
        for (weight, x, y) in rows() {
            xx += weight * (x - mean_x).powi(2);
            xy += weight * (x - mean_x) * (y - mean_y);
        }
        // With weights 1 / variance, the slope's precision is `xx`, and `xy` is precision times slope.
        let (prior, sd) = PRIOR;
        let precision = 1.0 / (sd * sd);
        Self {
            factor: ((prior * precision + xy) / (precision + xx)).clamp(0.0, 1.0),
            standard_error: (xx > 0.0).then(|| xx.sqrt().recip()),
            deals: p.len() as u32,
        }
    }

    /// What to expect of a rep with probability `p` in a pool with this mean.
    pub fn expected(&self, p: f64, mean: f64) -> f64 {
        mean + self.factor * (p - mean)
    }

    pub(super) fn is_sound(&self) -> bool {
        (0.0..=1.0).contains(&self.factor) && self.standard_error.is_none_or(f64::is_finite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` deals whose true distance from an ordinary rep is `real` times the predicted one.
    fn measured(n: usize, real: f64) -> Shrinkage {
        let (mut p, mut ordinary, mut won) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..n {
            let base = 0.15 + 0.2 * (i as f64 * 0.754_877_666_246_693).fract();
            let distance = 0.24 * ((i as f64 * 0.569_840_290_998_053).fract() - 0.5);
            p.push(base + distance);
            ordinary.push(base);
            won.push((i as f64 * 0.618_033_988_749_895).fract() < base + real * distance);
        }
        Shrinkage::measure(&p, &ordinary, &won)
    }

    #[test]
    fn with_many_deals_the_measured_slope_counts_and_with_few_the_prior() {
        for real in [0.0, 0.5, 0.9] {
            let found = measured(60_000, real);
            assert!((found.factor - real).abs() < 0.1, "{real}: {found:?}");
        }
        assert!((measured(12, 0.0).factor - PRIOR.0).abs() < 0.25, "{:?}", measured(12, 0.0));
        let none = Shrinkage::measure(&[], &[], &[]);
        assert!((none.factor - PRIOR.0).abs() < 1e-12 && none.standard_error.is_none() && none.is_sound());
    }

    #[test]
    fn a_pick_is_drawn_towards_its_pool_and_never_promised_more() {
        let shrinkage = Shrinkage { factor: 0.25, standard_error: Some(0.1), deals: 800 };
        // evidence: a real spread of 3 points under noise of 5 gives B = 9 / 34.
        assert!((shrinkage.expected(0.30, 0.20) - 0.225).abs() < 1e-12);
        assert!(measured(60_000, 1.8).factor <= 1.0);
    }
}
