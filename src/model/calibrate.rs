//! Calibration: from the margin of a forest to a probability that can be compared with a threshold.
//!
//! Always fitted on deals that the forest did not learn from. With at least [`ISOTONIC_ROWS`] of them by isotonic
//! regression, else by beta calibration's three parameters. Both are strictly increasing, so calibration never ties two
//! reps whose margins differ.

use serde::{Deserialize, Serialize};

/// From so many calibration rows on, isotonic regression is used. On simulated margins (wins 23 %) that are too bold, bent
/// or S-shaped, the root mean square error of beta and isotonic probabilities with 3,000 rows is 0.012 against 0.019,
/// 0.016 against 0.020, and 0.030 against 0.020: the free form begins to pay where the truth needs it, and costs little
/// where it does not.
pub const ISOTONIC_ROWS: usize = 3_000;
/// Calibration rows are first averaged in groups of equal size, at most so many …
const MAX_GROUPS: usize = 50;
/// … and at least so large, so that no end of the curve rests on a handful of deals.
const MIN_GROUP: usize = 100;
/// Least slope, so that the curve rises everywhere.
const MIN_SLOPE: f64 = 0.02;
/// Least distance of a probability from 0 and 1.
const EDGE: f64 = 1e-6;

/// What is held of margins before any outcome is looked at: that they are right as they are, but for a shift.
///
/// It matters where rows are few enough for beta calibration. Weights are in units of information, of which a row adds
/// `p (1 - p)` to the intercept, and as much times its squared softplus to a slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// That both slopes are 1.
    slopes: f64,
    /// That the intercept is `shift`.
    intercept: f64,
    /// In log-odds.
    shift: f64,
}

impl Prior {
    /// Of margins of which nothing is known: just enough to keep the fit finite where they say nothing.
    pub const VAGUE: Self = Self { slopes: 1.0, intercept: 0.0, shift: 0.0 };

    /// Of a forest that stopped growing when its log loss on later deals stopped falling, so whose margins are about as
    /// bold as they may be. `shift` takes back what was done to the win rate of the deals that it was shown.
    ///
    /// Weights as large as these, because what the newest known deals teach about boldness does not carry over to the
    /// next: on the deals of one company at five moments in time, curves that were free to follow two held-out blocks
    /// had a mean log loss of 0.497 on the deals that came after, margins as they were 0.480, and these weights the
    /// latter, too, while a model that is off in the large is still put right.
    pub const fn stopped_in_time(shift: f64) -> Self {
        Self { slopes: 300.0, intercept: 100.0, shift }
    }
}

/// A fitted calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Calibration {
    /// `sigmoid(slope * margin + intercept)` (Platt 1999). Models of earlier versions have it; none is fitted any more.
    Platt {
        /// Positive.
        slope: f64,
        /// In log-odds.
        intercept: f64,
    },
    /// `logit p = a ln s - b ln(1 - s) + c` with `s = sigmoid(margin)` (Kull, Silva Filho & Flach, AISTATS 2017): Platt's
    /// line, free to bend at zero.
    Beta {
        /// Slope far below zero; positive.
        a: f64,
        /// Slope far above zero; positive.
        b: f64,
        /// In log-odds.
        c: f64,
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
    pub fn fit(margins: &[f64], won: &[bool], prior: &Prior) -> Option<Self> {
        let wins = won.iter().filter(|w| **w).count();
        if wins == 0 || wins == won.len() {
            return None;
        }
        if margins.len() >= ISOTONIC_ROWS
            && let Some(isotonic) = fit_isotonic(margins, won)
        {
            return Some(isotonic);
        }
        let Beta { a, b, c } = fit_beta(margins, won, prior);
        Some(Self::Beta { a: a.max(MIN_SLOPE), b: b.max(MIN_SLOPE), c })
    }

    /// Calibrated probability, inside (0, 1).
    pub fn probability(&self, margin: f64) -> f64 {
        let log_odds = match self {
            Self::Platt { slope, intercept } => slope * margin + intercept,
            Self::Beta { a, b, c } => b * softplus(margin) - a * softplus(-margin) + c,
            Self::Isotonic { margins, log_odds } => interpolate(margins, log_odds, margin),
        };
        (1.0 / (1.0 + (-log_odds).exp())).clamp(EDGE, 1.0 - EDGE)
    }

    /// For the model card.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Platt { .. } => "Platt",
            Self::Beta { .. } => "beta",
            Self::Isotonic { .. } => "isotonic",
        }
    }

    /// Whether a stored calibration is one that [`Self::fit`] can have made.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Platt { slope, intercept } => slope.is_finite() && *slope > 0.0 && intercept.is_finite(),
            Self::Beta { a, b, c } => a.is_finite() && b.is_finite() && c.is_finite() && *a > 0.0 && *b > 0.0,
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

/// `ln(1 + exp(x))` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The parameters of [`Calibration::Beta`].
#[derive(Clone, Copy, Debug)]
struct Beta {
    a: f64,
    b: f64,
    c: f64,
}

/// Least log loss with `a` and `b` not negative, given a prior.
fn fit_beta(margins: &[f64], won: &[bool], prior: &Prior) -> Beta {
    let all = newton(margins, won, prior, [true, true]);
    // One slope that wants to be negative is 0, and the other is fitted alone, as the paper's algorithm does.
    if all.a < 0.0 {
        return newton(margins, won, prior, [false, true]);
    }
    if all.b < 0.0 {
        return newton(margins, won, prior, [true, false]);
    }
    all
}

/// Newton's method on the penalised log loss; a slope that is not `free` is 0.
fn newton(margins: &[f64], won: &[bool], prior: &Prior, free: [bool; 2]) -> Beta {
    let on = free.map(|free| f64::from(u8::from(free)));
    let (centre, weight) = ([1.0, 1.0, prior.shift], [prior.slopes, prior.slopes, prior.intercept]);
    let features = |margin: f64| [-softplus(-margin) * on[0], softplus(margin) * on[1], 1.0];
    let objective = |w: &[f64; 3]| {
        let rows = margins.iter().zip(won).map(|(&margin, &won)| {
            let z: f64 = features(margin).iter().zip(w).map(|(x, w)| x * w).sum();
            softplus(z) - if won { z } else { 0.0 }
        });
        let far: f64 = (0..3).map(|i| weight[i] * (w[i] - centre[i]).powi(2)).sum();
        rows.sum::<f64>() + 0.5 * far
    };
    let mut weights = [on[0], on[1], prior.shift];
    let mut loss = objective(&weights);
    for _ in 0..100 {
        let mut gradient: [f64; 3] = std::array::from_fn(|i| weight[i] * (weights[i] - centre[i]));
        let mut hessian: [[f64; 3]; 3] =
            std::array::from_fn(|i| std::array::from_fn(|j| if i == j { weight[i] + 1e-9 } else { 0.0 }));
        for (&margin, &won) in margins.iter().zip(won) {
            let row = features(margin);
            let z: f64 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let p = 1.0 / (1.0 + (-z).exp());
            let (error, h) = (p - f64::from(u8::from(won)), p * (1.0 - p));
            for i in 0..3 {
                gradient[i] += error * row[i];
                for (cell, other) in hessian[i].iter_mut().zip(&row) {
                    *cell += h * row[i] * other;
                }
            }
        }
        for slope in 0..2 {
            if !free[slope] {
                gradient[slope] = 0.0;
                hessian[slope][slope] = 1.0;
            }
        }
        let step = solve(hessian, gradient);
        // Halved until it does not make things worse: far from the minimum a whole step can overshoot.
        let mut length = 1.0;
        let tried = loop {
            let next: [f64; 3] = std::array::from_fn(|i| weights[i] - length * step[i]);
            let tried = objective(&next);
            if tried <= loss || length < 1e-6 {
                weights = next;
                break tried;
            }
            length /= 2.0;
        };
        let moved: f64 = step.iter().map(|s| s.abs()).sum();
        loss = tried;
        if moved * length < 1e-10 {
            break;
        }
    }
    Beta { a: weights[0], b: weights[1], c: weights[2] }
}

/// Cramer's rule for a symmetric positive definite system of three.
fn solve(m: [[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let determinant = |m: &[[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = determinant(&m);
    if whole.abs() < f64::MIN_POSITIVE {
        return [0.0; 3];
    }
    std::array::from_fn(|column| {
        let mut replaced = m;
        for (row, value) in replaced.iter_mut().zip(b) {
            row[column] = value;
        }
        determinant(&replaced) / whole
    })
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

    #[derive(serde::Deserialize)]
    struct Isotonic {
        y: Vec<f64>,
        weight: Vec<f64>,
        fit: Vec<f64>,
    }

    #[test]
    fn pooling_agrees_with_scikit_learn() {
        let v: Isotonic = serde_json::from_str(include_str!("../../tests/data/calibration/isotonic.json")).unwrap();
        let blocks = pool_adjacent_violators(&v.y, &v.weight);
        let fit = blocks.iter().flat_map(|(first, end, value)| std::iter::repeat_n(*value, end - first));
        assert!(fit.zip(&v.fit).all(|(ours, theirs)| (ours - theirs).abs() < 1e-9));
    }

    #[derive(serde::Deserialize)]
    struct BetaCase {
        name: String,
        margins: Vec<f64>,
        won: Vec<bool>,
        a: f64,
        b: f64,
        c: f64,
    }

    #[test]
    fn beta_calibration_agrees_with_betacal() {
        let cases: Vec<BetaCase> =
            serde_json::from_str(include_str!("../../tests/data/calibration/beta.json")).unwrap();
        for case in cases {
            let ours = fit_beta(&case.margins, &case.won, &Prior { slopes: 0.0, ..Prior::VAGUE });
            let far = (ours.a - case.a).abs().max((ours.b - case.b).abs()).max((ours.c - case.c).abs());
            // The other side stops L-BFGS at a gradient of 1e-4.
            assert!(far < 2e-3, "{}: {ours:?} instead of {} {} {}", case.name, case.a, case.b, case.c);
        }
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
        for (n, method) in [(500, "beta"), (8_000, "isotonic")] {
            let (margins, won) = overconfident(n);
            let calibration = Calibration::fit(&margins, &won, &Prior::VAGUE).unwrap();
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
    fn few_rows_hardly_change_how_bold_a_forest_is_but_put_its_level_right() {
        let rows = (0..2_400).map(|i| {
            let margin = 6.0 * f64::from(i) / 2_400.0 - 3.0;
            // As bold as the truth, and 0.5 too low.
            (margin, (f64::from(i) * 0.618_033_988_749_895).fract() < 1.0 / (1.0 + (-margin - 0.5).exp()))
        });
        let (margins, won): (Vec<f64>, Vec<bool>) = rows.unzip();
        let (bold, bolder) = (overconfident(800), Prior::stopped_in_time(0.0));
        let slope = |prior: &Prior| fit_beta(&bold.0, &bold.1, prior).a;
        assert!(slope(&Prior::VAGUE) < 0.6 && slope(&bolder) > 0.8, "{} {}", slope(&Prior::VAGUE), slope(&bolder));
        let level = fit_beta(&margins, &won, &bolder).c;
        assert!((level - 0.5).abs() < 0.25, "{level}");
        // What is known of the shift is where the fit begins.
        let told = fit_beta(&margins, &won, &Prior::stopped_in_time(0.5));
        assert!((told.c - 0.5).abs() < 0.1, "{told:?}");
    }

    #[test]
    fn different_margins_never_tie_and_no_probability_is_certain() {
        let (margins, mut won) = overconfident(8_000);
        // A long stretch without any win, as a flat block of the isotonic fit.
        won[..1_500].fill(false);
        let calibration = Calibration::fit(&margins, &won, &Prior::VAGUE).unwrap();
        let p: Vec<f64> = (0..200).map(|i| calibration.probability(f64::from(i) * 0.04 - 4.0)).collect();
        assert!(p.windows(2).all(|w| w[0] < w[1]));
        assert!(calibration.probability(-1e9) > 0.0 && calibration.probability(1e9) < 1.0);
    }

    #[test]
    fn one_outcome_alone_cannot_be_calibrated() {
        assert_eq!(Calibration::fit(&[0.1, 0.2], &[true, true], &Prior::VAGUE), None);
    }
}
