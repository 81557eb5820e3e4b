//! Whether probabilities can be taken at their word. `p` are probabilities, `y` is 1 for a won deal, else 0.

use serde::{Deserialize, Serialize};

use super::normal;

/// Bins of the reliability diagram and of the expected calibration errors.
pub const BINS: usize = 10;
/// Up to so many deals the distribution of the number of wins is computed exactly, in quadratic time.
const EXACT_UP_TO: usize = 2_000;

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

/// A test of "the probabilities are right".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZTest {
    /// Standard normal if they are.
    pub z: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// Calibration in the large: the wins that probabilities promise, and those that came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct InTheLarge {
    /// Deals.
    pub deals: u32,
    /// Wins that came.
    pub wins: u32,
    /// Wins promised: the sum of the probabilities.
    pub expected: f64,
    /// Least and most wins that chance leaves likely (95 %) if the probabilities are right.
    pub limits: (u32, u32),
}

impl InTheLarge {
    /// Adds up; `None` without deals.
    pub fn of(p: &[f64], won: &[bool]) -> Option<Self> {
        if p.is_empty() {
            return None;
        }
        Some(Self {
            deals: p.len() as u32,
            wins: won.iter().filter(|w| **w).count() as u32,
            expected: p.iter().sum(),
            limits: win_limits(p),
        })
    }

    /// `|sum p - wins| / wins`; `None` without a win.
    pub fn gap(&self) -> Option<f64> {
        let wins = f64::from(self.wins);
        (self.wins > 0).then(|| (self.expected - wins).abs() / wins)
    }

    /// Whether chance alone explains the gap.
    pub fn within_limits(&self) -> bool {
        (self.limits.0..=self.limits.1).contains(&self.wins)
    }
}

/// Brier score, `mean (p - y)^2` (Brier 1950).
pub fn brier(p: &[f64], won: &[bool]) -> f64 {
    let sum: f64 = p.iter().zip(won).map(|(p, won)| (p - y(*won)).powi(2)).sum();
    sum / p.len() as f64
}

/// Log loss, `-mean(y ln p + (1 - y) ln(1 - p))`, with `p` kept a machine epsilon away from 0 and 1 (as scikit-learn's
/// `log_loss` does), so that one wrong certainty costs 36 and not infinity.
pub fn log_loss(p: &[f64], won: &[bool]) -> f64 {
    let sum: f64 = p
        .iter()
        .zip(won)
        .map(|(p, won)| {
            let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            -(if *won { p } else { 1.0 - p }).ln()
        })
        .sum();
    sum / p.len() as f64
}

/// Reliability diagram with [`BINS`] bins of equal width, `(low, high]`; 0 belongs to the first.
pub fn reliability(p: &[f64], won: &[bool]) -> Vec<ReliabilityBin> {
    let edges: Vec<f64> = (1..BINS).map(|i| i as f64 * 0.1).collect();
    binned(p, won, &edges)
}

/// Reliability diagram with [`BINS`] bins that hold about equally many deals: the edges are the deciles of `p` (linear
/// interpolation), a value equal to an edge belongs below it, so equal probabilities are never parted (scikit-learn's
/// `calibration_curve` with `strategy="quantile"`).
pub fn reliability_equal_mass(p: &[f64], won: &[bool]) -> Vec<ReliabilityBin> {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let edges: Vec<f64> = (1..BINS).filter_map(|i| quantile(&sorted, i as f64 / BINS as f64)).collect();
    binned(p, won, &edges)
}

fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (at - at.floor()))
}

fn binned(p: &[f64], won: &[bool], edges: &[f64]) -> Vec<ReliabilityBin> {
    let mut bins = vec![(0u32, 0.0, 0u32); BINS];
    for (p, won) in p.iter().zip(won) {
        let bin = &mut bins[edges.partition_point(|edge| edge < p)];
        bin.0 += 1;
        bin.1 += p;
        bin.2 += u32::from(*won);
    }
    let mean = |sum: f64, deals: u32| if deals == 0 { 0.0 } else { sum / f64::from(deals) };
    bins.into_iter()
        .map(|(deals, sum, wins)| ReliabilityBin {
            deals,
            predicted: mean(sum, deals),
            observed: mean(f64::from(wins), deals),
        })
        .collect()
}

/// Expected calibration error: `sum over bins of n_b / n * |mean p - mean y|` (Naeini, Cooper & Hauskrecht 2015).
pub fn expected_calibration_error(bins: &[ReliabilityBin]) -> f64 {
    let deals: f64 = bins.iter().map(|bin| f64::from(bin.deals)).sum();
    bins.iter().map(|bin| f64::from(bin.deals) * (bin.predicted - bin.observed).abs()).sum::<f64>() / deals
}

/// Spiegelhalter's test (Statistics in Medicine 5, 1986):
/// `Z = sum (y - p)(1 - 2p) / sqrt(sum (1 - 2p)^2 p (1 - p))`. `None` where all probabilities are 0, 1/2 or 1.
pub fn spiegelhalter(p: &[f64], won: &[bool]) -> Option<ZTest> {
    let (mut sum, mut variance) = (0.0, 0.0);
    for (p, won) in p.iter().zip(won) {
        sum += (y(*won) - p) * (1.0 - 2.0 * p);
        variance += (1.0 - 2.0 * p).powi(2) * p * (1.0 - p);
    }
    (variance > 0.0).then(|| {
        let z = sum / variance.sqrt();
        ZTest { z, p_value: normal::two_sided(z) }
    })
}

/// The 2.5 % and 97.5 % quantiles of the number of wins if each deal is won with its own probability (the
/// Poisson-binomial distribution): the least number with at least that much probability up to it. Exact for up to
/// 2,000 deals, beyond that the normal approximation, rounded outwards.
pub fn win_limits(p: &[f64]) -> (u32, u32) {
    if p.len() > EXACT_UP_TO {
        let mean: f64 = p.iter().sum();
        let half = super::Z * p.iter().map(|p| p * (1.0 - p)).sum::<f64>().sqrt();
        return ((mean - half).max(0.0).floor() as u32, (mean + half).min(p.len() as f64).ceil() as u32);
    }
    let mut mass = vec![0.0; p.len() + 1];
    mass[0] = 1.0;
    for (i, p) in p.iter().enumerate() {
        for wins in (1..=i + 1).rev() {
            mass[wins] = mass[wins] * (1.0 - p) + mass[wins - 1] * p;
        }
        mass[0] *= 1.0 - p;
    }
    let reaches = |share: f64| {
        let mut sum = 0.0;
        let place = mass.iter().position(|m| {
            sum += m;
            sum >= share
        });
        place.unwrap_or(p.len()) as u32
    };
    (reaches(0.025), reaches(0.975))
}

fn y(won: bool) -> f64 {
    f64::from(u8::from(won))
}
