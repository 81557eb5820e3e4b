//! What a rep adds to a lead's odds: a hierarchical logistic model with a random effect for each rep and for each rep
//! in each segment (industry, source, size tier …).
//!
//! With the lead's own log-odds as offset, a rep's deals follow `logit P(win) = offset + x'b`, where `x` marks the rep
//! (always 1) and the lead's slot in each crossed field, and `b ~ N(0, diag(variance of the field))`. One Newton step
//! from `b = 0` gives the posterior in closed form: covariance `(V^-1 + J)^-1` and mean `covariance * g`, with
//! `J = sum h x x'`, `g = sum (won - p) x`, `h = p (1 - p)`. So a rep's rate in a segment shrinks towards what the rep
//! does elsewhere plus what the segment does with others, and the fields share the credit instead of counting it twice.
//!
//! The variances themselves are learned (empirical Bayes, method of moments): to first order
//! `E[g_c^2] = J_cc + sum over c' of v(c') J_cc'^2`, which summed over all cells of a field is one linear equation per
//! field. Where reps do not matter, the variances fall towards 0 and with them every rep effect.

use serde::{Deserialize, Serialize};

use super::spec::{Code, FeatureSpec};

/// Prior variance of a rep's effect and of a rep's effect in one segment, in squared log-odds.
const PRIOR_VARIANCE: [f64; 2] = [0.12, 0.06];
/// Weight of that prior in the moment equations, in squared information: about eight reps of 60 deals.
const PRIOR_WEIGHT: f64 = 800.0;
/// Closed deals between two estimates of the variances.
const VARIANCE_EVERY: u32 = 100;
/// Bounds of an estimated variance.
const VARIANCE_BOUNDS: (f64, f64) = (1e-4, 1.5);
/// A rep with many deals is solved again once its deals grew by this share.
const RESOLVE_SHARE: u32 = 40;

/// Where the cells of the crossed fields lie in a rep's vectors: cell 0 is the rep itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// For each crossed field: index of the field, first cell.
    fields: Vec<(usize, usize)>,
    /// For each cell: 0 for the rep itself, `1 + i` for crossed field `i`.
    group: Vec<usize>,
}

impl Layout {
    pub(super) fn new(spec: &FeatureSpec) -> Self {
        let mut fields = Vec::new();
        let mut group = vec![0];
        for (index, field) in spec.crossed() {
            fields.push((index, group.len()));
            group.extend(std::iter::repeat_n(fields.len(), field.slot_count()));
        }
        Self { fields, group }
    }

    pub(super) fn cells(&self) -> usize {
        self.group.len()
    }

    fn groups(&self) -> usize {
        self.fields.len() + 1
    }

    /// The cells a lead falls into, ascending, the rep itself first.
    pub(super) fn active(&self, codes: &[Code]) -> Vec<usize> {
        let cells = self.fields.iter().map(|(field, first)| first + codes[*field].slot as usize);
        std::iter::once(0).chain(cells).collect()
    }

    /// The cell of one field's slot; `None` if the field is not crossed.
    pub(super) fn cell(&self, field: usize, slot: u32) -> Option<usize> {
        self.fields.iter().find(|(index, _)| *index == field).map(|(_, first)| first + slot as usize)
    }
}

/// Deals and wins of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally(pub(super) u32, pub(super) u32);

/// What is known of one rep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RepState {
    /// Deals and wins, by cell.
    pub(super) tallies: Vec<Tally>,
    /// `J`, lower triangle by rows.
    information: Vec<f64>,
    /// `g`, by cell.
    score: Vec<f64>,
    /// Posterior mean of `b`, by cell.
    pub(super) effects: Vec<f64>,
    /// Deals that `effects` does not yet know.
    unsolved: u32,
}

impl RepState {
    fn new(cells: usize) -> Self {
        Self {
            tallies: vec![Tally::default(); cells],
            information: vec![0.0; cells * (cells + 1) / 2],
            score: vec![0.0; cells],
            effects: vec![0.0; cells],
            unsolved: 0,
        }
    }

    pub(super) fn deals(&self) -> Tally {
        self.tallies[0]
    }

    fn fits(&self, cells: usize) -> bool {
        self.tallies.len() == cells
            && self.score.len() == cells
            && self.effects.len() == cells
            && self.information.len() == cells * (cells + 1) / 2
    }
}

const fn at(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RepEffects {
    /// One state per rep, by the index the owner of this gives out.
    pub(super) reps: Vec<RepState>,
    /// Variance by group: the rep itself, then the crossed fields.
    pub(super) variances: Vec<f64>,
    /// Left and right sides of the moment equations, summed over reps.
    moments: Vec<f64>,
    excess: Vec<f64>,
    since_variances: u32,
}

impl RepEffects {
    pub(super) fn new(layout: &Layout, reps: usize) -> Self {
        let groups = layout.groups();
        Self {
            reps: vec![RepState::new(layout.cells()); reps],
            variances: (0..groups).map(|group| PRIOR_VARIANCE[group.min(1)]).collect(),
            moments: vec![0.0; groups * groups],
            excess: vec![0.0; groups],
            since_variances: 0,
        }
    }

    pub(super) fn fits(&self, layout: &Layout) -> bool {
        let groups = layout.groups();
        self.reps.iter().all(|rep| rep.fits(layout.cells()))
            && self.variances.len() == groups
            && self.variances.iter().all(|v| *v > 0.0)
            && self.moments.len() == groups * groups
            && self.excess.len() == groups
    }

    /// Learns from one closed deal of `rep`, whose lead alone had win probability `p`.
    pub(super) fn learn(&mut self, layout: &Layout, rep: usize, codes: &[Code], p: f64, won: bool) {
        let active = layout.active(codes);
        let groups = layout.groups();
        let state = &mut self.reps[rep];
        let information = p * (1.0 - p);
        let error = f64::from(u8::from(won)) - p;
        for (i, &row) in active.iter().enumerate() {
            for &column in &active[..=i] {
                let cell = &mut state.information[at(row, column)];
                let rise = (*cell + information).powi(2) - cell.powi(2);
                *cell += information;
                let (one, other) = (layout.group[row], layout.group[column]);
                self.moments[one * groups + other] += rise;
                if row != column {
                    self.moments[other * groups + one] += rise;
                }
            }
            let score = &mut state.score[row];
            self.excess[layout.group[row]] += (*score + error).powi(2) - score.powi(2) - information;
            *score += error;
            state.tallies[row].0 += 1;
            state.tallies[row].1 += u32::from(won);
        }
        state.unsolved += 1;
        self.since_variances += 1;
        if self.since_variances >= VARIANCE_EVERY {
            self.since_variances = 0;
            self.estimate_variances();
        }
        let state = &mut self.reps[rep];
        if state.unsolved * RESOLVE_SHARE >= state.tallies[0].0 {
            solve(state, layout, &self.variances);
        }
    }

    /// Brings every rep up to date; called when learning ends.
    pub(super) fn settle(&mut self, layout: &Layout) {
        self.estimate_variances();
        for state in &mut self.reps {
            solve(state, layout, &self.variances);
        }
    }

    /// Non-negative least squares of the moment equations with a ridge towards the prior, by Gauss-Seidel.
    fn estimate_variances(&mut self) {
        let groups = self.variances.len();
        for _ in 0..50 {
            for group in 0..groups {
                let row = &self.moments[group * groups..(group + 1) * groups];
                let others: f64 = row
                    .iter()
                    .zip(&self.variances)
                    .enumerate()
                    .filter(|(i, _)| *i != group)
                    .map(|(_, (m, v))| m * v)
                    .sum();
                let prior = PRIOR_VARIANCE[group.min(1)];
                let value = (self.excess[group] - others + PRIOR_WEIGHT * prior) / (row[group] + PRIOR_WEIGHT);
                self.variances[group] = value.clamp(VARIANCE_BOUNDS.0, VARIANCE_BOUNDS.1);
            }
        }
    }

    /// Posterior covariance of one rep's effects, dense and symmetric, `cells * cells`.
    pub(super) fn covariance(&self, layout: &Layout, rep: usize) -> Vec<f64> {
        let cells = layout.cells();
        let state = &self.reps[rep];
        let seen = seen(state);
        let factor = factorise(state, layout, &self.variances, &seen);
        let mut covariance = vec![0.0; cells * cells];
        for (cell, group) in layout.group.iter().enumerate() {
            covariance[cell * cells + cell] = self.variances[*group];
        }
        for (i, &column) in seen.iter().enumerate() {
            let mut unit = vec![0.0; seen.len()];
            unit[i] = 1.0;
            substitute(&factor, &mut unit);
            for (value, &row) in unit.iter().zip(&seen) {
                covariance[row * cells + column] = *value;
            }
        }
        covariance
    }
}

/// Cells in which the rep closed a deal; the others keep their prior and do not touch the rest.
fn seen(state: &RepState) -> Vec<usize> {
    state.tallies.iter().enumerate().filter(|(_, tally)| tally.0 > 0).map(|(cell, _)| cell).collect()
}

fn solve(state: &mut RepState, layout: &Layout, variances: &[f64]) {
    state.unsolved = 0;
    let seen = seen(state);
    let factor = factorise(state, layout, variances, &seen);
    let mut solution: Vec<f64> = seen.iter().map(|&cell| state.score[cell]).collect();
    substitute(&factor, &mut solution);
    for (value, &cell) in solution.iter().zip(&seen) {
        state.effects[cell] = *value;
    }
}

/// Cholesky factor (lower triangle by rows) of `V^-1 + J` restricted to `seen`. Positive definite, for `V` is.
fn factorise(state: &RepState, layout: &Layout, variances: &[f64], seen: &[usize]) -> Vec<f64> {
    let mut factor = Vec::with_capacity(seen.len() * (seen.len() + 1) / 2);
    for (i, &row) in seen.iter().enumerate() {
        for (k, &column) in seen[..=i].iter().enumerate() {
            let ridge = if row == column { 1.0 / variances[layout.group[row]] } else { 0.0 };
            let dot: f64 =
                factor[at(i, 0)..].iter().zip(&factor[at(k, 0)..at(k, 0) + k]).map(|(a, b): (&f64, &f64)| a * b).sum();
            let value = state.information[at(row, column)] + ridge - dot;
            if i == k {
                factor.push(value.max(f64::MIN_POSITIVE).sqrt());
            } else {
                let pivot: f64 = factor[at(k, k)];
                factor.push(value / pivot);
            }
        }
    }
    factor
}

/// Solves `L L' x = b` in place.
fn substitute(factor: &[f64], b: &mut [f64]) {
    for i in 0..b.len() {
        let dot: f64 = factor[at(i, 0)..at(i, 0) + i].iter().zip(&b[..i]).map(|(l, x)| l * x).sum();
        b[i] = (b[i] - dot) / factor[at(i, i)];
    }
    for i in (0..b.len()).rev() {
        let dot: f64 = (i + 1..b.len()).map(|k| factor[at(k, i)] * b[k]).sum();
        b[i] = (b[i] - dot) / factor[at(i, i)];
    }
}
