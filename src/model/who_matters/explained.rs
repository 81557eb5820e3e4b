//! What knowing an effect explains: the deviance of outcomes less that of outcomes whose effect is known.

use super::regression::sigmoid;

/// Points of the integral over the effect, evenly from -4 to 4 standard deviations.
const POINTS: usize = 33;
/// Leads that stand for all.
const LEADS: usize = 16;
/// Variances are tabulated in this step, up to this many steps.
const STEP: f64 = 0.1;
const STEPS: usize = 60;

/// Deviance per deal explained by effects of a variance, tabulated.
pub(super) struct Explained(Vec<f64>);

impl Explained {
    /// `p` are the win probabilities of the leads, whoever works them.
    pub(super) fn new(p: &[f64]) -> Self {
        let mut sorted = p.to_vec();
        sorted.sort_by(f64::total_cmp);
        let leads: Vec<f64> = (0..LEADS).map(|i| sorted[(2 * i + 1) * sorted.len() / (2 * LEADS)]).collect();
        let mean = |variance: f64| leads.iter().map(|p| of_one(*p, variance)).sum::<f64>() / LEADS as f64;
        Self((0..=STEPS).map(|step| mean(step as f64 * STEP)).collect())
    }

    /// By interpolation; nothing for a variance of 0 or less.
    pub(super) fn by(&self, variance: f64) -> f64 {
        let at = (variance / STEP).clamp(0.0, STEPS as f64);
        let low = (at as usize).min(STEPS - 1);
        self.0[low] + (self.0[low + 1] - self.0[low]) * (at - low as f64)
    }
}

/// `2 (H(p) - mean of H(sigmoid(m + b)))` over `b ~ N(0, variance)`, with `H` the entropy and `m` such that the mean of
/// `sigmoid(m + b)` is `p`.
fn of_one(p: f64, variance: f64) -> f64 {
    let sd = variance.sqrt();
    let nodes: Vec<(f64, f64)> = (0..POINTS)
        .map(|i| 8.0 * i as f64 / (POINTS - 1) as f64 - 4.0)
        .map(|z| (sd * z, (-z * z / 2.0).exp()))
        .collect();
    let weight: f64 = nodes.iter().map(|(_, w)| w).sum();
    let mean = |of: &dyn Fn(f64) -> f64| nodes.iter().map(|(b, w)| w * of(*b)).sum::<f64>() / weight;
    let (mut low, mut high) = (-15.0, 15.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if mean(&|b| sigmoid(middle + b)) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    2.0 * (entropy(p) - mean(&|b| entropy(sigmoid(low + b))))
}

fn entropy(p: f64) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    term(p) + term(1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_effects_explain_in_proportion_and_large_ones_never_more_than_all() {
        let explained = Explained::new(&[0.22; 50]);
        assert!(explained.by(0.0).abs() < 1e-9 && explained.by(-1.0).abs() < 1e-9);
        // To second order p (1 - p) v, a little less.
        let second_order = 0.22 * 0.78 * 0.1;
        assert!((explained.by(0.1) / second_order - 0.97).abs() < 0.03, "{}", explained.by(0.1));
        assert!(explained.by(6.0) > explained.by(3.0) && explained.by(1e9) < 2.0 * entropy(0.22));
    }
}
