//! Discrimination: the area under the ROC curve with DeLong's variance, for one model and for the difference of two.
//!
//! With `m` wins and `n` losses, `X_i` the score of win `i`, `Y_j` that of loss `j`, and `psi(x, y)` 1 for `x > y`, 1/2
//! for `x = y`, else 0, the placements are `V10_i = mean over j of psi(X_i, Y_j)` and `V01_j = mean over i of
//! psi(X_i, Y_j)`. Then `AUC = mean V10 = mean V01`, and for models `a` and `b`
//! `cov(AUC_a, AUC_b) = S10_ab / m + S01_ab / n` with the sample covariances `S` of the placements (DeLong, DeLong &
//! Clarke-Pearson, Biometrics 44, 1988). Placements come from midranks in `O(N log N)` (Sun & Xu, IEEE Signal
//! Processing Letters 21, 2014): `V10_i = (T_i - T'_i) / n` with `T` the midrank among all and `T'` among the wins.

use super::{Estimate, Z, normal};

/// AUC of one model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeLong {
    /// Probability that a won deal is scored above a lost one, ties counting half.
    pub auc: f64,
    /// Its variance; `None` with fewer than two wins or two losses, where the data cannot tell.
    pub variance: Option<f64>,
}

/// Two models on the same deals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDeLong {
    /// `AUC(a) - AUC(b)`.
    pub difference: f64,
    /// Its variance; `None` with fewer than two wins or two losses.
    pub variance: Option<f64>,
}

/// Midranks (1-based; ties share the mean of their ranks).
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        // By value, not by bits: 0 and -0 tie.
        while end < order.len() && values[order[end]] <= values[order[start]] {
            end += 1;
        }
        let rank = (start + 1 + end) as f64 / 2.0;
        for &i in &order[start..end] {
            ranks[i] = rank;
        }
        start = end;
    }
    ranks
}

/// Placements of all wins and of all losses.
struct Placements {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Placements {
    /// `None` without both outcomes.
    fn of(scores: &[f64], won: &[bool]) -> Option<Self> {
        let pick = |of: &[f64], outcome: bool| -> Vec<f64> {
            of.iter().zip(won).filter(|(_, w)| **w == outcome).map(|(s, _)| *s).collect()
        };
        let pooled = midranks(scores);
        let (positives, negatives) = (pick(scores, true), pick(scores, false));
        if positives.is_empty() || negatives.is_empty() {
            return None;
        }
        let (m, n) = (positives.len() as f64, negatives.len() as f64);
        let lead = |outcome: bool, own: &[f64]| pick(&pooled, outcome).into_iter().zip(midranks(own));
        let positive = lead(true, &positives).map(|(all, own)| (all - own) / n).collect();
        let negative = lead(false, &negatives).map(|(all, own)| 1.0 - (all - own) / m).collect();
        Some(Self { positive, negative })
    }

    fn auc(&self) -> f64 {
        mean(&self.positive)
    }

    /// Covariance of two AUCs; `None` with fewer than two of an outcome.
    fn covariance(&self, other: &Self) -> Option<f64> {
        let positive = covariance(&self.positive, &other.positive)? / self.positive.len() as f64;
        let negative = covariance(&self.negative, &other.negative)? / self.negative.len() as f64;
        Some(positive + negative)
    }

    /// Wins or losses, whichever are rarer.
    fn rarer(&self) -> usize {
        self.positive.len().min(self.negative.len())
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn covariance(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum();
    (a.len() > 1).then(|| sum / (a.len() - 1) as f64)
}

/// AUC and its variance. `None` without both outcomes. Scores must not be NaN.
pub fn delong(scores: &[f64], won: &[bool]) -> Option<DeLong> {
    let placements = Placements::of(scores, won)?;
    Some(DeLong { auc: placements.auc(), variance: placements.covariance(&placements) })
}

/// AUC with a 95 % interval, symmetric on the logit scale, `logit(A) +- z se / (A (1 - A))`, so that it stays inside
/// 0..=1 (Pepe 2003, section 5.2). `None` without both outcomes.
///
/// Perfect separation has no variance by the formula, yet a few deals prove little: there the rule of three on the
/// rarer outcome bounds what the AUC can be. With a single win or loss the interval is all of 0..=1.
pub fn auc(scores: &[f64], won: &[bool]) -> Option<Estimate> {
    let placements = Placements::of(scores, won)?;
    let value = placements.auc();
    let Some(variance) = placements.covariance(&placements) else {
        return Some(Estimate { value, low: 0.0, high: 1.0 });
    };
    if value <= 0.0 || value >= 1.0 {
        let slack = (3.0 / placements.rarer() as f64).min(1.0);
        return Some(Estimate { value, low: (value - slack).max(0.0), high: (value + slack).min(1.0) });
    }
    let logit = (value / (1.0 - value)).ln();
    let half = Z * variance.sqrt() / (value * (1.0 - value));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    Some(Estimate { value, low: back(logit - half), high: back(logit + half) })
}

/// Compares two models on the same deals. `None` without both outcomes.
pub fn paired_delong(a: &[f64], b: &[f64], won: &[bool]) -> Option<PairedDeLong> {
    let (pa, pb) = (Placements::of(a, won)?, Placements::of(b, won)?);
    let variance = pa.covariance(&pa).zip(pb.covariance(&pb)).zip(pa.covariance(&pb));
    Some(PairedDeLong {
        difference: pa.auc() - pb.auc(),
        // Rounding must not make the variance of two equal models negative.
        variance: variance.map(|((aa, bb), ab)| (aa + bb - 2.0 * ab).max(0.0)),
    })
}

impl PairedDeLong {
    /// `difference / se`. `None` where there is no variance, for example for a model against itself.
    pub fn z(&self) -> Option<f64> {
        let se = self.variance?.sqrt();
        (se > 1e-12).then(|| self.difference / se)
    }

    /// Two-sided p-value of "no difference".
    pub fn p_value(&self) -> Option<f64> {
        self.z().map(normal::two_sided)
    }

    /// The difference with its normal 95 % interval; all of -1..=1 with a single win or loss.
    pub fn estimate(&self) -> Estimate {
        let value = self.difference;
        let (low, high) = self.variance.map_or((-1.0, 1.0), |variance| {
            let half = Z * variance.sqrt();
            ((value - half).max(-1.0), (value + half).min(1.0))
        });
        Estimate { value, low, high }
    }
}

/// Difference `AUC(a) - AUC(b)` on the same deals with its 95 % interval (paired DeLong, normal).
pub fn auc_difference(a: &[f64], b: &[f64], won: &[bool]) -> Option<Estimate> {
    Some(paired_delong(a, b, won)?.estimate())
}
