//! How good predicted probabilities are: discrimination (AUC with DeLong's variance), calibration (Brier, log loss,
//! expected calibration error), and the curves behind the numbers.

use serde::{Deserialize, Serialize};

use super::train::Baselines;

/// 97.5 % quantile of the standard normal distribution.
pub const Z: f64 = 1.959_963_984_540_054;
/// Bins of the reliability diagram and of the expected calibration error.
pub const BINS: usize = 10;
/// Most points of a stored ROC curve.
const ROC_POINTS: usize = 100;

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One bin of the reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Deals whose probability lies in the bin.
    pub deals: u32,
    /// Their mean probability.
    pub predicted: f64,
    /// Their win rate.
    pub observed: f64,
}

/// Placements of all positives and negatives: the building blocks of DeLong's estimator.
struct Placements {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

/// Midranks (1-based; ties share the mean of their ranks).
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
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

fn placements(scores: &[f64], won: &[bool]) -> Placements {
    let pick = |outcome: bool| -> Vec<f64> {
        scores.iter().zip(won).filter(|(_, w)| **w == outcome).map(|(s, _)| *s).collect()
    };
    let pooled = midranks(scores);
    let pooled_of = |outcome: bool| pooled.iter().zip(won).filter(move |(_, w)| **w == outcome).map(|(r, _)| *r);
    let (positives, negatives) = (pick(true), pick(false));
    let (m, n) = (positives.len() as f64, negatives.len() as f64);
    let positive = pooled_of(true).zip(midranks(&positives)).map(|(tz, tx)| (tz - tx) / n).collect();
    let negative = pooled_of(false).zip(midranks(&negatives)).map(|(tz, ty)| 1.0 - (tz - ty) / m).collect();
    Placements { positive, negative }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sample covariance; 0 for fewer than two values.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    if a.len() < 2 {
        return 0.0;
    }
    let (mean_a, mean_b) = (mean(a), mean(b));
    a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum::<f64>() / (a.len() - 1) as f64
}

/// Area under the ROC curve with its variance by DeLong, DeLong & Clarke-Pearson (1988). `None` without both outcomes.
pub fn auc_with_variance(scores: &[f64], won: &[bool]) -> Option<(f64, f64)> {
    let p = placements(scores, won);
    if p.positive.is_empty() || p.negative.is_empty() {
        return None;
    }
    let variance = covariance(&p.positive, &p.positive) / p.positive.len() as f64
        + covariance(&p.negative, &p.negative) / p.negative.len() as f64;
    Some((mean(&p.positive), variance))
}

/// AUC with a 95 % interval that is symmetric on the logit scale, so it stays inside 0..=1.
pub fn auc(scores: &[f64], won: &[bool]) -> Option<Estimate> {
    let (value, variance) = auc_with_variance(scores, won)?;
    if value <= 0.0 || value >= 1.0 {
        // Perfect separation has no variance to speak of; the interval must not look sure all the same. The rule of
        // three on the rarer outcome bounds what it can be.
        let rarer = won.iter().filter(|w| **w).count().min(won.iter().filter(|w| !**w).count());
        let slack = (3.0 / rarer as f64).min(1.0);
        return Some(Estimate { value, low: (value - slack).max(0.0), high: (value + slack).min(1.0) });
    }
    let logit = (value / (1.0 - value)).ln();
    let half = Z * variance.sqrt() / (value * (1.0 - value));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    Some(Estimate { value, low: back(logit - half), high: back(logit + half) })
}

/// Difference `AUC(a) - AUC(b)` on the same deals with its 95 % interval (paired DeLong, normal).
pub fn auc_difference(a: &[f64], b: &[f64], won: &[bool]) -> Option<Estimate> {
    let (pa, pb) = (placements(a, won), placements(b, won));
    if pa.positive.is_empty() || pa.negative.is_empty() {
        return None;
    }
    let (m, n) = (pa.positive.len() as f64, pa.negative.len() as f64);
    let part = |x: &Placements, y: &Placements| {
        covariance(&x.positive, &y.positive) / m + covariance(&x.negative, &y.negative) / n
    };
    let value = mean(&pa.positive) - mean(&pb.positive);
    let variance = (part(&pa, &pa) + part(&pb, &pb) - 2.0 * part(&pa, &pb)).max(0.0);
    let half = Z * variance.sqrt();
    Some(Estimate { value, low: value - half, high: value + half })
}

/// Mean squared error of probabilities.
pub fn brier(p: &[f64], won: &[bool]) -> f64 {
    let sum: f64 = p.iter().zip(won).map(|(p, won)| (p - f64::from(u8::from(*won))).powi(2)).sum();
    sum / p.len() as f64
}

/// Mean negative log-likelihood, natural logarithm.
pub fn log_loss(p: &[f64], won: &[bool]) -> f64 {
    let sum: f64 =
        p.iter().zip(won).map(|(p, won)| -(if *won { *p } else { 1.0 - p }).max(f64::MIN_POSITIVE).ln()).sum();
    sum / p.len() as f64
}

/// Reliability diagram with [`BINS`] bins of equal width, `(low, high]`; 0 belongs to the first.
pub fn reliability(p: &[f64], won: &[bool]) -> Vec<ReliabilityBin> {
    let mut bins = vec![(0u32, 0.0, 0u32); BINS];
    for (p, won) in p.iter().zip(won) {
        let bin = ((p * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        bins[bin].0 += 1;
        bins[bin].1 += p;
        bins[bin].2 += u32::from(*won);
    }
    bins.into_iter()
        .map(|(deals, sum, wins)| ReliabilityBin {
            deals,
            predicted: if deals == 0 { 0.0 } else { sum / f64::from(deals) },
            observed: if deals == 0 { 0.0 } else { f64::from(wins) / f64::from(deals) },
        })
        .collect()
}

/// Expected calibration error: the mean gap of the diagram, weighted by deals.
pub fn expected_calibration_error(bins: &[ReliabilityBin]) -> f64 {
    let deals: f64 = bins.iter().map(|bin| f64::from(bin.deals)).sum();
    bins.iter().map(|bin| f64::from(bin.deals) * (bin.predicted - bin.observed).abs()).sum::<f64>() / deals
}

/// ROC curve as (false positive rate, true positive rate), from (0, 0) to (1, 1), thinned to at most 100 points.
pub fn roc(scores: &[f64], won: &[bool]) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let positives = won.iter().filter(|w| **w).count() as f64;
    let negatives = won.len() as f64 - positives;
    let mut points = vec![(0.0, 0.0)];
    let (mut tp, mut fp) = (0.0, 0.0);
    for (i, &deal) in order.iter().enumerate() {
        if won[deal] {
            tp += 1.0;
        } else {
            fp += 1.0;
        }
        // Equal scores are one threshold.
        if order.get(i + 1).is_none_or(|&next| scores[next] < scores[deal]) {
            points.push((fp / negatives, tp / positives));
        }
    }
    if points.len() <= ROC_POINTS {
        return points;
    }
    let last = points.len() - 1;
    (0..ROC_POINTS).map(|i| points[i * last / (ROC_POINTS - 1)]).collect()
}

/// What one held-out set says about a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Deals the model learned from.
    pub train_deals: u32,
    /// Deals left out of both sides, because their outcome was not known yet when the held-out time began.
    pub embargoed_deals: u32,
    /// Deals it learned from although their assumed closing lies in the held-out time.
    pub assumed_known_deals: u32,
    /// Deals it was judged on.
    pub test_deals: u32,
    /// Of those, won.
    pub test_wins: u32,
    /// Discrimination, DeLong interval on the logit scale.
    pub auc: Estimate,
    /// The same without any knowledge of reps.
    pub lead_only_auc: Estimate,
    /// What knowing the rep adds: paired DeLong, normal interval.
    pub rep_gain: Estimate,
    /// Mean squared error.
    pub brier: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Expected calibration error, 10 bins of equal width.
    pub ece: f64,
    /// The bins.
    pub reliability: Vec<ReliabilityBin>,
    /// The ROC curve, thinned.
    pub roc: Vec<(f64, f64)>,
    /// Simpler models on the same deals; not in cards of older versions.
    #[serde(default)]
    pub baselines: Option<Baselines>,
}

impl Evaluation {
    /// Judges calibrated probabilities; `None` without both outcomes. The counts of training deals are filled in by the caller.
    pub fn of(p: &[f64], lead_only: &[f64], won: &[bool]) -> Option<Self> {
        let reliability = reliability(p, won);
        Some(Self {
            train_deals: 0,
            embargoed_deals: 0,
            assumed_known_deals: 0,
            test_deals: p.len() as u32,
            test_wins: won.iter().filter(|w| **w).count() as u32,
            auc: auc(p, won)?,
            lead_only_auc: auc(lead_only, won)?,
            rep_gain: auc_difference(p, lead_only, won)?,
            brier: brier(p, won),
            log_loss: log_loss(p, won),
            ece: expected_calibration_error(&reliability),
            reliability,
            roc: roc(p, won),
            baselines: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair compared, as the definition says; and the variance from the pairwise kernel.
    fn by_brute_force(scores: &[f64], won: &[bool]) -> (f64, f64) {
        let side = |outcome| {
            scores.iter().zip(won).filter(move |(_, w)| **w == outcome).map(|(s, _)| *s).collect::<Vec<f64>>()
        };
        let (pos, neg) = (side(true), side(false));
        let kernel = |x: f64, y: f64| {
            if x > y {
                1.0
            } else if x < y {
                0.0
            } else {
                0.5
            }
        };
        let v10: Vec<f64> = pos.iter().map(|x| mean(&neg.iter().map(|y| kernel(*x, *y)).collect::<Vec<_>>())).collect();
        let v01: Vec<f64> = neg.iter().map(|y| mean(&pos.iter().map(|x| kernel(*x, *y)).collect::<Vec<_>>())).collect();
        let variance = covariance(&v10, &v10) / pos.len() as f64 + covariance(&v01, &v01) / neg.len() as f64;
        (mean(&v10), variance)
    }

    fn sample() -> (Vec<f64>, Vec<f64>, Vec<bool>) {
        let a = (0..60).map(|i| f64::from((i * 37) % 23) / 23.0).collect();
        let b = (0..60).map(|i| f64::from((i * 11) % 17) / 17.0).collect();
        let won = (0..60).map(|i| (i * 37) % 23 + (i * 7) % 13 > 17).collect();
        (a, b, won)
    }

    #[test]
    fn auc_and_its_variance_agree_with_comparing_every_pair() {
        let (a, b, won) = sample();
        for scores in [&a, &b] {
            let (value, variance) = auc_with_variance(scores, &won).unwrap();
            let (brute, brute_variance) = by_brute_force(scores, &won);
            assert!((value - brute).abs() < 1e-12, "{value} {brute}");
            assert!((variance - brute_variance).abs() < 1e-12);
        }
    }

    #[test]
    fn a_small_auc_is_what_it_is_by_hand() {
        // Wins 0.8, 0.4; losses 0.6, 0.4, 0.1. Pairs won: 3 + (0 + 0.5 + 1) of 6.
        let (value, variance) =
            auc_with_variance(&[0.8, 0.4, 0.6, 0.4, 0.1], &[true, true, false, false, false]).unwrap();
        assert!((value - 0.75).abs() < 1e-12);
        // V10 = 1, 0.5 (variance 0.125); V01 = 0.5, 0.75, 1 (variance 0.0625).
        assert!((variance - (0.125 / 2.0 + 0.0625 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn a_model_does_not_differ_from_itself() {
        let (a, b, won) = sample();
        let same = auc_difference(&a, &a, &won).unwrap();
        assert!(same.value.abs() < 1e-12 && same.low.abs() < 1e-6 && same.high.abs() < 1e-6);
        let other = auc_difference(&a, &b, &won).unwrap();
        assert!(other.low < other.value && other.value < other.high);
    }

    #[test]
    fn calibration_error_is_the_weighted_gap_of_the_bins() {
        // Bin (0.1, 0.2]: mean 0.15 against 0.5; bin (0.8, 0.9]: mean 0.9 against 1.
        let p = [0.1 + 1e-9, 0.2, 0.9, 0.9];
        let won = [true, false, true, true];
        let ece = expected_calibration_error(&reliability(&p, &won));
        assert!((ece - (0.5 * 0.35 + 0.5 * 0.1)).abs() < 1e-6, "{ece}");
        assert!((brier(&p, &won) - (0.81 + 0.04 + 0.01 + 0.01) / 4.0).abs() < 1e-6);
    }

    #[test]
    fn a_perfect_score_is_not_certain() {
        let estimate = auc(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true]).unwrap();
        assert!(estimate.value >= 1.0 && estimate.low < 0.5);
    }

    #[test]
    fn the_curve_runs_from_corner_to_corner_with_the_same_area() {
        let (a, _, won) = sample();
        let points = roc(&a, &won);
        assert_eq!((points.first(), points.last()), (Some(&(0.0, 0.0)), Some(&(1.0, 1.0))));
        let area: f64 = points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
        assert!((area - auc_with_variance(&a, &won).unwrap().0).abs() < 1e-12);
    }
}
