//! Calibration: from the margin of a forest to a probability that can be compared with a threshold.
//!
//! Always fitted on deals that the forest did not learn from. With at least [`ISOTONIC_ROWS`] of them by isotonic
//! regression, else by Platt's two parameters. Both are strictly increasing, so calibration never ties two reps whose
//! margins differ.

use serde::{Deserialize, Serialize};

/// From so many calibration rows on, isotonic regression is used.
pub const ISOTONIC_ROWS: usize = 3_000;
/// Calibration rows are first averaged in groups of equal size, at most so many …
const MAX_GROUPS: usize = 50;
/// … and at least so large, so that no end of the curve rests on a handful of deals.
const MIN_GROUP: usize = 100;
/// Least distance of a probability from 0 and 1.
const EDGE: f64 = 1e-6;

/// A fitted calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Calibration {
    /// `sigmoid(slope * margin + intercept)` (Platt 1999).
    Platt {
        /// Positive.
        slope: f64,
        /// In log-odds.
        intercept: f64,
    },
    /// Isotonic regression of grouped rows, read as the line through the centres of its blocks in log-odds (centred
    /// isotonic regression, Oron & Flournoy 2017); beyond the ends in parallel to the margin itself.
    Isotonic {
        /// Mean margin of each block, ascending.
        margins: Vec<f64>,
        /// Win rate of each block in log-odds, ascending.
        log_odds: Vec<f64>,
    },
}

impl Calibration {
    /// Fits margins of held-out deals to their outcomes. Returns `None` without both outcomes.
    pub fn fit(margins: &[f64], won: &[bool]) -> Option<Self> {
        let wins = won.iter().filter(|w| **w).count();
        if wins == 0 || wins == won.len() {
            return None;
        }
        if margins.len() >= ISOTONIC_ROWS
            && let Some(isotonic) = fit_isotonic(margins, won)
        {
            return Some(isotonic);
        }
        Some(fit_platt(margins, won))
    }

    /// Calibrated probability, inside (0, 1).
    pub fn probability(&self, margin: f64) -> f64 {
        let log_odds = match self {
            Self::Platt { slope, intercept } => slope * margin + intercept,
            Self::Isotonic { margins, log_odds } => interpolate(margins, log_odds, margin),
        };
        (1.0 / (1.0 + (-log_odds).exp())).clamp(EDGE, 1.0 - EDGE)
    }

    /// For the model card.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Platt { .. } => "Platt",
            Self::Isotonic { .. } => "isotonic",
        }
    }

    /// Whether a stored calibration is one that [`Self::fit`] can have made.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Platt { slope, intercept } => slope.is_finite() && *slope > 0.0 && intercept.is_finite(),
            Self::Isotonic { margins, log_odds } => {
                margins.len() == log_odds.len()
                    && margins.len() >= 2
                    && margins.iter().chain(log_odds).all(|v| v.is_finite())
                    && margins.windows(2).all(|w| w[0] < w[1])
                    && log_odds.windows(2).all(|w| w[0] < w[1])
            }
        }
    }
}

fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let last = x.len() - 1;
    if at <= x[0] {
        return y[0] + (at - x[0]);
    }
    if at >= x[last] {
        return y[last] + (at - x[last]);
    }
    let right = x.partition_point(|v| *v <= at);
    let share = (at - x[right - 1]) / (x[right] - x[right - 1]);
    y[right - 1] + share * (y[right] - y[right - 1])
}

/// Isotonic regression by pooling adjacent violators: the non-decreasing `fit` that minimises
/// `sum weight (y - fit)^2`, for `y` in ascending order of `x`. Returns blocks as (first, end, value).
pub fn pool_adjacent_violators(y: &[f64], weight: &[f64]) -> Vec<(usize, usize, f64)> {
    let mut blocks: Vec<(usize, usize, f64, f64)> = Vec::new();
    for (i, (&value, &weight)) in y.iter().zip(weight).enumerate() {
        let mut block = (i, i + 1, value, weight);
        while let Some(&(first, _, before, heavy)) = blocks.last() {
            if before < block.2 {
                break;
            }
            blocks.pop();
            let total = heavy + block.3;
            block = (first, block.1, (before * heavy + block.2 * block.3) / total, total);
        }
        blocks.push(block);
    }
    blocks.into_iter().map(|(first, end, value, _)| (first, end, value)).collect()
}

fn fit_isotonic(margins: &[f64], won: &[bool]) -> Option<Calibration> {
    let mut rows: Vec<(f64, bool)> = margins.iter().copied().zip(won.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let size = MIN_GROUP.max(rows.len().div_ceil(MAX_GROUPS));
    // (mean margin, wins, rows); equal margins are never parted.
    let mut groups: Vec<(f64, f64, f64)> = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let mut end = if rows.len() - start < 2 * size { rows.len() } else { start + size };
        while end < rows.len() && rows[end].0 <= rows[end - 1].0 {
            end += 1;
        }
        let group = &rows[start..end];
        let n = group.len() as f64;
        groups.push((group.iter().map(|r| r.0).sum::<f64>() / n, group.iter().filter(|r| r.1).count() as f64, n));
        start = end;
    }
    let rates: Vec<f64> = groups.iter().map(|(_, wins, n)| wins / n).collect();
    let weights: Vec<f64> = groups.iter().map(|(_, _, n)| *n).collect();
    let mut xs = Vec::new();
    let mut ys: Vec<f64> = Vec::new();
    for (first, end, _) in pool_adjacent_violators(&rates, &weights) {
        let block = &groups[first..end];
        let n: f64 = block.iter().map(|g| g.2).sum();
        let wins: f64 = block.iter().map(|g| g.1).sum();
        let margin = block.iter().map(|g| g.0 * g.2).sum::<f64>() / n;
        // Half a win and half a loss more keep the log-odds finite.
        let rate = (wins + 0.5) / (n + 1.0);
        let log_odds = (rate / (1.0 - rate)).ln();
        if ys.last().is_none_or(|last| *last < log_odds) {
            xs.push(margin);
            ys.push(log_odds);
        }
    }
    (xs.len() >= 2).then_some(Calibration::Isotonic { margins: xs, log_odds: ys })
}

/// Newton's method on the log loss with Platt's smoothed targets.
fn fit_platt(margins: &[f64], won: &[bool]) -> Calibration {
    let wins = won.iter().filter(|w| **w).count() as f64;
    let losses = won.len() as f64 - wins;
    let (high, low) = ((wins + 1.0) / (wins + 2.0), 1.0 / (losses + 2.0));
    // A weak prior on a slope of 1 keeps the fit finite and the curve increasing where margins say nothing.
    let prior = 1.0;
    let (mut slope, mut intercept) = (1.0, 0.0);
    for _ in 0..100 {
        let (mut g0, mut g1) = (prior * (slope - 1.0), 0.0);
        let (mut h00, mut h01, mut h11) = (prior, 0.0, 1e-9);
        for (&margin, &won) in margins.iter().zip(won) {
            let p = 1.0 / (1.0 + (-(slope * margin + intercept)).exp());
            let error = p - if won { high } else { low };
            let h = p * (1.0 - p);
            g0 += error * margin;
            g1 += error;
            h00 += h * margin * margin;
            h01 += h * margin;
            h11 += h;
        }
        let determinant = h00 * h11 - h01 * h01;
        if determinant <= 0.0 {
            break;
        }
        let step = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        slope -= step.0;
        intercept -= step.1;
        if step.0.abs() + step.1.abs() < 1e-10 {
            break;
        }
    }
    Calibration::Platt { slope: if slope.is_finite() { slope.max(0.05) } else { 0.05 }, intercept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_violators_are_pooled() {
        let y = [1.0, 2.0, 3.0, 3.0, 1.0, 6.0, 7.0, 8.0, 11.0, 9.0, 10.0, 14.0];
        let blocks = pool_adjacent_violators(&y, &[1.0; 12]);
        let fit: Vec<f64> = blocks.iter().flat_map(|(first, end, v)| std::iter::repeat_n(*v, end - first)).collect();
        let by_hand = [1.0, 2.0, 7.0 / 3.0, 7.0 / 3.0, 7.0 / 3.0, 6.0, 7.0, 8.0, 10.0, 10.0, 10.0, 14.0];
        assert!(fit.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-12), "{fit:?}");
        let weighted = pool_adjacent_violators(&[1.0, 0.0], &[1.0, 3.0]);
        assert_eq!(weighted.len(), 1);
        assert!((weighted[0].2 - 0.25).abs() < 1e-12);
    }

    /// Margins that are twice too bold: the true log-odds are half of them.
    fn overconfident(n: usize) -> (Vec<f64>, Vec<bool>) {
        let mut rows = Vec::new();
        for i in 0..n {
            let margin = 6.0 * (i as f64 / n as f64) - 3.0;
            let p = 1.0 / (1.0 + (-margin / 2.0).exp());
            // A low-discrepancy sequence instead of a random draw.
            rows.push((margin, (i as f64 * 0.618_033_988_749_895).fract() < p));
        }
        rows.into_iter().unzip()
    }

    #[test]
    fn boldness_is_corrected_with_few_rows_and_with_many() {
        for (n, method) in [(500, "Platt"), (8_000, "isotonic")] {
            let (margins, won) = overconfident(n);
            let calibration = Calibration::fit(&margins, &won).unwrap();
            assert_eq!(calibration.method(), method);
            assert!(calibration.is_sound());
            for margin in [-2.5, -1.0, 0.0, 1.0, 2.5] {
                let truth = 1.0 / (1.0 + (-margin / 2.0f64).exp());
                let p = calibration.probability(margin);
                assert!((p - truth).abs() < 0.04, "{method} at {margin}: {p} instead of {truth}");
            }
        }
    }

    #[test]
    fn different_margins_never_tie_and_no_probability_is_certain() {
        let (margins, mut won) = overconfident(8_000);
        // A long stretch without any win, as a flat block of the isotonic fit.
        won[..1_500].fill(false);
        let calibration = Calibration::fit(&margins, &won).unwrap();
        let p: Vec<f64> = (0..200).map(|i| calibration.probability(f64::from(i) * 0.04 - 4.0)).collect();
        assert!(p.windows(2).all(|w| w[0] < w[1]));
        assert!(calibration.probability(-1e9) > 0.0 && calibration.probability(1e9) < 1.0);
    }

    #[test]
    fn one_outcome_alone_cannot_be_calibrated() {
        assert_eq!(Calibration::fit(&[0.1, 0.2], &[true, true]), None);
    }
}
