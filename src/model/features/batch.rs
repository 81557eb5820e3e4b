//! The features of one lead with all reps of a pool at once, column by column: what [`FeatureState::write_rep`] and
//! [`FeatureState::rep_variance`] give for each rep, laid out so that one lead reads a few long runs of memory.

#[cfg(test)]
mod tests;

use super::rep_effects::Tally;
use super::spec::{Code, Codes, FeatureSpec, Scope, Source};
use super::state::{FeatureState, Uncertainty};
use crate::domain::ranking::Support;

/// The reps of a pool, as far as it does not depend on the lead.
#[derive(Clone, Debug)]
pub struct PoolFeatures {
    /// Index of each rep in the state; `None` if the history never saw them.
    reps: Vec<Option<usize>>,
    /// Known reps with their place in the pool, ascending.
    places: Vec<(u32, usize)>,
    /// `[cell][rep]`: the rep's effect in a cell of the layout.
    effects: Vec<f64>,
}

/// Posterior covariances of every rep's effects, side by side for all reps.
#[derive(Clone, Debug)]
pub struct Covariances {
    reps: usize,
    /// `[row and column, lower triangle][rep]`. Single precision is far finer than what a variance is known to.
    values: Vec<f32>,
    /// Of a rep whom the history never saw.
    unknown: f64,
}

impl Covariances {
    /// Turns the covariances round: from one matrix for each rep to one run of reps for each cell of the matrix.
    pub fn new(uncertainty: &Uncertainty) -> Self {
        let reps = uncertainty.known.len();
        let mut values = Vec::with_capacity(triangle(uncertainty.cells, 0) * reps);
        for row in 0..uncertainty.cells {
            for column in 0..=row {
                let at = row * uncertainty.cells + column;
                values.extend(uncertainty.known.iter().map(|covariance| covariance[at] as f32));
            }
        }
        Self { reps, values, unknown: uncertainty.unknown }
    }
}

/// Place of a cell in a lower triangle.
const fn triangle(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

impl FeatureState {
    /// Gathers what is known of the reps of a pool.
    pub fn pool(&self, reps: Vec<Option<usize>>) -> PoolFeatures {
        let effect = |rep: &Option<usize>, cell: usize| rep.map_or(0.0, |rep| self.effects.reps[rep].effects[cell]);
        let effects = (0..self.layout.cells()).flat_map(|cell| reps.iter().map(move |rep| effect(rep, cell))).collect();
        let known = reps.iter().enumerate().filter_map(|(place, rep)| rep.map(|rep| (rep as u32, place)));
        let mut places: Vec<(u32, usize)> = known.collect();
        places.sort_unstable();
        PoolFeatures { reps, places, effects }
    }

    /// The columns that depend on a rep alone, in their order.
    pub fn rep_columns(&self, spec: &FeatureSpec, rep: Option<usize>) -> Vec<f32> {
        // What these columns hold is the same for every lead, so also for one of which nothing is known.
        let missing = |levels: usize, slots: usize| Code { level: levels as u32 - 1, slot: slots as u32 - 1 };
        let fields = spec.fields.iter().map(|field| missing(field.level_count(), field.slot_count())).collect();
        let codes = Codes { numerics: vec![f32::NAN; spec.numerics.len()], fields, day: f64::NAN };
        let mut row = vec![f32::NAN; spec.columns.len()];
        self.write_rep(spec, &codes, rep, &mut row);
        let columns = spec.columns.iter().zip(row);
        columns.filter(|(column, _)| column.scope == Scope::Rep).map(|(_, value)| value).collect()
    }

    /// Fills the columns that depend on lead and rep, one after the other, each with a value for every rep.
    pub fn write_pairs(&self, spec: &FeatureSpec, codes: &Codes, pool: &PoolFeatures, to: &mut [f32]) {
        let count = pool.reps.len();
        if count == 0 {
            return;
        }
        let effects = |cell: usize| &pool.effects[cell * count..][..count];
        let own = effects(0);
        let mut sums = Vec::new();
        let columns = spec.columns.iter().filter(|column| column.scope == Scope::Pair);
        for (column, to) in columns.zip(to.chunks_exact_mut(count)) {
            match column.source {
                Source::RepTenure => {
                    for (to, rep) in to.iter_mut().zip(&pool.reps) {
                        *to = self.tenure(*rep, codes.day);
                    }
                }
                Source::Advantage => {
                    sums.clear();
                    sums.extend_from_slice(own);
                    for cell in self.layout.active(&codes.fields).into_iter().skip(1) {
                        sums.iter_mut().zip(effects(cell)).for_each(|(sum, effect)| *sum += effect);
                    }
                    to.iter_mut().zip(&sums).for_each(|(to, sum)| *to = *sum as f32);
                }
                Source::SegmentEffect(field) => {
                    match self.layout.cell(field as usize, codes.fields[field as usize].slot) {
                        Some(cell) => {
                            let both = own.iter().zip(effects(cell));
                            to.iter_mut().zip(both).for_each(|(to, (own, segment))| *to = (own + segment) as f32);
                        }
                        None => to.fill(f32::NAN),
                    }
                }
                Source::RepLevelRate(field) => self.write_records(field as usize, codes, pool, to),
                _ => to.fill(f32::NAN),
            }
        }
    }

    /// [`Source::RepLevelRate`] of every rep. Both the pool's reps and those who know the level are ascending, so they are
    /// walked once, side by side.
    fn write_records(&self, field: usize, codes: &Codes, pool: &PoolFeatures, to: &mut [f32]) {
        to.fill(self.record_rate(Tally::default()));
        let mut records = self.records.on(field, &codes.fields).iter().peekable();
        for &(rep, place) in &pool.places {
            while records.next_if(|record| record.rep < rep).is_some() {}
            if let Some(record) = records.peek().filter(|record| record.rep == rep) {
                to[place] = self.record_rate(record.tally);
            }
        }
    }

    /// Variance of every rep's advantage on this lead, in squared log-odds.
    pub fn write_variances(&self, covariances: &Covariances, codes: &Codes, pool: &PoolFeatures, to: &mut Vec<f32>) {
        to.clear();
        to.resize(pool.reps.len(), 0.0);
        let active = self.layout.active(&codes.fields);
        for (i, &row) in active.iter().enumerate() {
            for &column in &active[..=i] {
                // What is off the diagonal counts for both of its sides.
                let weight = if row == column { 1.0 } else { 2.0 };
                let run = &covariances.values[triangle(row, column) * covariances.reps..][..covariances.reps];
                for (to, rep) in to.iter_mut().zip(&pool.reps) {
                    *to += weight * rep.map_or(0.0, |rep| run[rep]);
                }
            }
        }
        for (to, _) in to.iter_mut().zip(&pool.reps).filter(|(_, rep)| rep.is_none()) {
            *to = covariances.unknown as f32;
        }
    }

    /// The closed deals behind every rep of a pool, see [`Self::support`].
    pub fn supports<'a>(
        &'a self,
        codes: &'a Codes,
        pool: &'a PoolFeatures,
        segment: Option<usize>,
    ) -> impl Iterator<Item = Support> + 'a {
        pool.reps.iter().map(move |rep| self.support(codes, *rep, segment))
    }
}
