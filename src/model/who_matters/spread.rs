//! How far reps really differ: the variances of their true effects, seen through the chance of every outcome.
//!
//! Every deal has cells: its rep (group 0), and its rep in the deal's slot of each segment field (groups 1, 2, …). With
//! `e = won - p` and `h = p (1 - p)` from a model that knows the lead only, let `g_c` be the sum of `e` over cell `c` and
//! `J_cc'` the sum of `h` over the deals in both `c` and `c'`. If the effects of group `k` have variance `v_k`, then to
//! first order `E[g_c^2] = J_cc + sum over c' of v_k(c') J_cc'^2`. Summed over the cells of a group that is one linear
//! equation per group, `M v = x`, with `M_kl = sum of J_cc'^2` over cells `c` of `k` and `c'` of `l` of the same rep, and
//! `x_k = sum of (g_c^2 - J_cc)`: the method of moments for variance components (Searle, Casella & McCulloch 1992). Where
//! nobody differs the covariance of `x` is about `2 M`, so that of `v` is `2 M^-1`.
//!
//! `p` is a mean over reps, and `mean of p_r (1 - p_r) = p (1 - p) - variance of p_r`, so where reps differ all `h` are too
//! large by a factor; to second order it is `1 / k` with `k = 1 - h sum of v`. With it the equations are
//! `k^2 M v = sum of (g_c^2 - k J_cc)`, solved by iteration.

use std::collections::BTreeMap;

use super::regression::sigmoid;
use super::{History, linear};

/// A field that hardly varies within a rep tells the same as the rep itself.
const NESTED: f64 = 0.9;
/// Relative ridge of the moment equations: fields that say the same share what they say.
const RIDGE: f64 = 1e-3;
/// Rounds of the iteration for `k`, which contracts fast.
const ITERATIONS: usize = 6;

/// A group, and a slot in it.
type Cell = (usize, u32);

/// The moment equations, by rep.
pub(super) struct Spread {
    /// Fields that count, as places in the declaration.
    pub(super) fields: Vec<usize>,
    reps: Vec<Moments>,
    /// Mean of `h`, weighted by itself.
    h: f64,
}

/// How far estimates scatter where nobody differs, as standard deviations.
pub(super) struct Chance {
    /// Of the rep's variance.
    pub(super) rep: f64,
    /// Of the sum of the fields'.
    pub(super) fit: f64,
    /// Of the sum of all.
    pub(super) all: f64,
    /// Of each field's.
    pub(super) fields: Vec<f64>,
}

/// What one rep contributes to the equations.
struct Moments {
    /// `M`, row-major.
    m: Vec<f64>,
    /// Sums of `g_c^2`, by group.
    squares: Vec<f64>,
    /// Sums of `J_cc`, by group.
    chance: Vec<f64>,
}

impl Spread {
    /// Sets the equations up. `lead` are the calibrated log-odds of each deal with an average rep.
    pub(super) fn new(history: &History<'_>, reps: usize, lead: &[f64]) -> Self {
        let fields: Vec<usize> = (0..history.slots.len()).filter(|&f| varies_within_reps(history, reps, f)).collect();
        let p: Vec<f64> = lead.iter().map(|l| sigmoid(*l)).collect();
        let h: Vec<f64> = p.iter().map(|p| p * (1.0 - p)).collect();
        let mut e: Vec<f64> = history.won.iter().zip(&p).map(|(won, p)| f64::from(u8::from(*won)) - p).collect();
        // What a slot as such does belongs to the lead, whoever works it.
        for &field in &fields {
            let mut sums = vec![(0.0, 0.0); history.slots[field] as usize];
            for (i, slots) in history.segments.iter().enumerate() {
                let (error, weight) = &mut sums[slots[field] as usize];
                *error += e[i];
                *weight += h[i];
            }
            for (i, slots) in history.segments.iter().enumerate() {
                let (error, weight) = sums[slots[field] as usize];
                e[i] -= h[i] * error / weight;
            }
        }

        let groups = fields.len() + 1;
        let mut by_rep: Vec<Vec<usize>> = vec![Vec::new(); reps];
        for (i, &rep) in history.rep.iter().enumerate() {
            by_rep[rep].push(i);
        }
        let reps = by_rep.iter().map(|deals| moments(history, &fields, deals, &e, &h, groups)).collect();
        let h = h.iter().map(|h| h * h).sum::<f64>() / h.iter().sum::<f64>();
        Self { fields, reps, h }
    }

    /// Variance by group, with each rep counted so often. Can be negative where there is nothing.
    pub(super) fn variances(&self, times: &[f64]) -> Vec<f64> {
        let groups = self.fields.len() + 1;
        let m = self.sum(times, groups * groups, |rep| &rep.m);
        let squares = self.sum(times, groups, |rep| &rep.squares);
        let chance = self.sum(times, groups, |rep| &rep.chance);
        let mut variances = vec![0.0; groups];
        for _ in 0..ITERATIONS {
            let k = (1.0 - self.h * variances.iter().sum::<f64>()).clamp(0.5, 1.0);
            let x = squares.iter().zip(&chance).map(|(g, j)| (g - k * j) / (k * k)).collect();
            variances = solve(m.clone(), x);
        }
        variances
    }

    /// Standard deviations of the estimates where nobody differs: chance alone.
    pub(super) fn chance(&self) -> Chance {
        let groups = self.fields.len() + 1;
        let m = self.sum(&vec![1.0; self.reps.len()], groups * groups, |rep| &rep.m);
        let of = |member: &dyn Fn(usize) -> bool| {
            let marks: Vec<f64> = (0..groups).map(|group| f64::from(u8::from(member(group)))).collect();
            let row = solve(m.clone(), marks.clone());
            (2.0 * row.iter().zip(&marks).map(|(r, m)| r * m).sum::<f64>()).max(0.0).sqrt()
        };
        Chance {
            rep: of(&|group| group == 0),
            fit: of(&|group| group > 0),
            all: of(&|_| true),
            fields: (1..groups).map(|field| of(&|group| group == field)).collect(),
        }
    }

    fn sum(&self, times: &[f64], length: usize, of: impl Fn(&Moments) -> &Vec<f64>) -> Vec<f64> {
        let mut sums = vec![0.0; length];
        for (rep, times) in self.reps.iter().zip(times) {
            sums.iter_mut().zip(of(rep)).for_each(|(sum, value)| *sum += times * value);
        }
        sums
    }
}

/// Whether deals of a rep spread over the slots of a field.
fn varies_within_reps(history: &History<'_>, reps: usize, field: usize) -> bool {
    let mut counts: BTreeMap<(usize, u32), usize> = BTreeMap::new();
    for (rep, slots) in history.rep.iter().zip(history.segments) {
        *counts.entry((*rep, slots[field])).or_default() += 1;
    }
    let mut most = vec![0; reps];
    for ((rep, _), n) in counts {
        most[rep] = n.max(most[rep]);
    }
    (most.iter().sum::<usize>() as f64) < NESTED * history.rep.len() as f64
}

fn moments(history: &History<'_>, fields: &[usize], deals: &[usize], e: &[f64], h: &[f64], groups: usize) -> Moments {
    let mut scores: BTreeMap<Cell, (f64, f64)> = BTreeMap::new();
    let mut shared: BTreeMap<(Cell, Cell), f64> = BTreeMap::new();
    for &i in deals {
        let own = (0, 0);
        let cells: Vec<Cell> = std::iter::once(own)
            .chain(fields.iter().enumerate().map(|(k, &field)| (k + 1, history.segments[i][field])))
            .collect();
        for cell in &cells {
            let (g, j) = scores.entry(*cell).or_default();
            *g += e[i];
            *j += h[i];
            for other in &cells {
                *shared.entry((*cell, *other)).or_default() += h[i];
            }
        }
    }
    let mut moments = Moments { m: vec![0.0; groups * groups], squares: vec![0.0; groups], chance: vec![0.0; groups] };
    for ((one, other), j) in shared {
        moments.m[one.0 * groups + other.0] += j * j;
    }
    for ((group, _), (g, j)) in scores {
        moments.squares[group] += g * g;
        moments.chance[group] += j;
    }
    moments
}

/// `m^-1 x` with a small ridge; `m` is symmetric and non-negative definite.
fn solve(mut m: Vec<f64>, x: Vec<f64>) -> Vec<f64> {
    let n = x.len();
    for i in 0..n {
        m[i * n + i] = m[i * n + i] * (1.0 + RIDGE) + f64::MIN_POSITIVE;
    }
    linear::solve(m, x)
}
