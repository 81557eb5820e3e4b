//! What trees are shown: the deals as they are, weighted by rep, or with synthetic deals of the rarer outcome. Deals that
//! a model is stopped, calibrated or judged on are never touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::TrainOptions;
use crate::domain::deal::Deal;
use crate::domain::ids::RepKey;
use crate::model::features::{FeatureMatrix, FeatureSpec, Source};
use crate::model::smote::{self, MixedTable};

/// Most deals of the rarer outcome whose neighbours are searched; evenly spread over time where there are more.
const MAX_NEIGHBOURHOOD: usize = 4_000;
/// Bounds of a rep's weight before all weights are scaled to a mean of 1.
const WEIGHT_BOUNDS: (f64, f64) = (0.5, 3.0);

/// Rows to learn from.
pub(super) struct Sample {
    pub(super) matrix: FeatureMatrix,
    pub(super) labels: Vec<f32>,
    pub(super) weights: Option<Vec<f32>>,
    pub(super) index: Vec<usize>,
}

impl Sample {
    /// The deals of `index`, as the options want them shown. Rows of the matrix keep their places.
    pub(super) fn new(
        spec: &FeatureSpec,
        deals: &[&Deal],
        (matrix, labels): (&FeatureMatrix, &[f32]),
        index: &[usize],
        options: &TrainOptions,
    ) -> Self {
        let mut weights = options.rep_weights.then(|| rep_weights(deals, index));
        let mut sample = Self {
            matrix: FeatureMatrix { columns: matrix.columns, values: Arc::clone(&matrix.values) },
            labels: labels.to_vec(),
            weights: None,
            index: index.to_vec(),
        };
        if options.smote
            && let Some((rows, won)) = synthetic(spec, matrix, labels, index, options.seed)
        {
            let made = rows.len() / matrix.columns;
            let mut values = Vec::with_capacity(matrix.values.len() + rows.len());
            values.extend_from_slice(&matrix.values);
            values.extend(rows);
            sample.matrix.values = Arc::new(values);
            sample.index.extend(labels.len()..labels.len() + made);
            sample.labels.resize(labels.len() + made, won);
            if let Some(weights) = &mut weights {
                weights.resize(labels.len() + made, 1.0);
            }
        }
        sample.weights = weights;
        sample
    }

    /// The win rate of `index`, less that of what is shown, in log-odds: what takes back a change of the win rate.
    pub(super) fn shift(&self, labels: &[f32], index: &[usize]) -> f64 {
        let log_odds = |rows: &mut dyn Iterator<Item = (f32, f32)>| {
            let (won, all) = rows.fold((0.0, 0.0), |(won, all), (label, weight)| {
                (won + f64::from(label * weight), all + f64::from(weight))
            });
            (won / (all - won)).ln()
        };
        let shown = |&i: &usize| (self.labels[i], self.weights.as_ref().map_or(1.0, |weights| weights[i]));
        let shift =
            log_odds(&mut index.iter().map(|&i| (labels[i], 1.0))) - log_odds(&mut self.index.iter().map(shown));
        if shift.is_finite() { shift } else { 0.0 }
    }
}

/// `sqrt(m / n)` for a deal of a rep with `n` deals, where the middle rep has `m`; at least a half and at most three
/// times; scaled to a mean of 1 over `index`. A rep with a quarter of the usual deals counts twice per deal, so half as
/// much in all: heard, but not as loud as one who is known well.
fn rep_weights(deals: &[&Deal], index: &[usize]) -> Vec<f32> {
    let mut reps: Vec<&RepKey> = index.iter().map(|&i| &deals[i].rep).collect();
    reps.sort();
    let counts: Vec<(&RepKey, usize)> = reps.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let mut sizes: Vec<usize> = counts.iter().map(|(_, n)| *n).collect();
    sizes.sort_unstable();
    let middle = sizes.get(sizes.len() / 2).copied().unwrap_or(1) as f64;
    let weight = |rep: &RepKey| {
        let n = counts.binary_search_by(|(known, _)| (*known).cmp(rep)).map_or(1, |at| counts[at].1);
        (middle / n as f64).sqrt().clamp(WEIGHT_BOUNDS.0, WEIGHT_BOUNDS.1)
    };
    let mean = index.iter().map(|&i| weight(&deals[i].rep)).sum::<f64>() / index.len().max(1) as f64;
    let mut weights = vec![1.0; deals.len()];
    for &i in index {
        weights[i] = (weight(&deals[i].rep) / mean) as f32;
    }
    weights
}

/// One category of a row: the columns that say which it is.
#[derive(Debug, Default)]
struct Category {
    /// The column that holds it as a number, if there is one.
    whole: Option<usize>,
    /// Its indicators, each with the value it stands for.
    indicators: Vec<(usize, u32)>,
}

/// Stands for a missing value, and for one that no column tells.
const OTHER: u32 = u32::MAX;

impl Category {
    /// Those of a declaration: a field each, and who the rep is.
    fn all(spec: &FeatureSpec) -> Vec<Self> {
        let mut fields: BTreeMap<Option<u32>, Self> = BTreeMap::new();
        for (i, column) in spec.columns.iter().enumerate() {
            match column.source {
                Source::RepNumber => fields.entry(None).or_default().whole = Some(i),
                Source::Level(field) => fields.entry(Some(field)).or_default().whole = Some(i),
                Source::Indicator(field, level) => fields.entry(Some(field)).or_default().indicators.push((i, level)),
                _ => {}
            }
        }
        fields.into_values().collect()
    }

    fn read(&self, row: &[f32]) -> u32 {
        match self.whole {
            Some(column) if row[column].is_nan() => OTHER,
            Some(column) => row[column] as u32,
            None => self.indicators.iter().find(|(column, _)| row[*column] > 0.5).map_or(OTHER, |(_, value)| *value),
        }
    }

    /// Into a row of zeros.
    fn write(&self, value: u32, row: &mut [f32]) {
        if let Some(column) = self.whole {
            row[column] = if value == OTHER { f32::NAN } else { value as f32 };
        }
        for (column, of) in &self.indicators {
            row[*column] = f32::from(u8::from(*of == value));
        }
    }
}

/// As many rows of the rarer outcome as it lacks, and their label. A field is one category; all other columns are
/// numbers, measured in their standard deviations.
fn synthetic(
    spec: &FeatureSpec,
    matrix: &FeatureMatrix,
    labels: &[f32],
    index: &[usize],
    seed: u64,
) -> Option<(Vec<f32>, f32)> {
    let (won, lost): (Vec<usize>, Vec<usize>) = index.iter().partition(|&&i| labels[i] > 0.5);
    let (label, rarer, lacking) =
        if won.len() < lost.len() { (1.0, &won, lost.len() - won.len()) } else { (0.0, &lost, won.len() - lost.len()) };
    let every = rarer.len().div_ceil(MAX_NEIGHBOURHOOD).max(1);
    let base: Vec<usize> = rarer.iter().copied().step_by(every).collect();
    let categories = Category::all(spec);
    let source = |column: usize| spec.columns[column].source;
    let is_number =
        |&column: &usize| !source(column).is_categorical() && !matches!(source(column), Source::Indicator(..));
    let numeric: Vec<usize> = (0..matrix.columns).filter(is_number).collect();
    let scales: Vec<f64> = numeric.iter().map(|&column| deviation(matrix, &base, column)).collect();

    let mut table =
        MixedTable { numeric_columns: numeric.len(), categorical_columns: categories.len(), ..MixedTable::default() };
    for &row in &base {
        let row = matrix.row(row);
        table.numbers.extend(numeric.iter().zip(&scales).map(|(&column, scale)| f64::from(row[column]) / scale));
        table.categories.extend(categories.iter().map(|category| category.read(row)));
    }
    let nearest = smote::neighbours(&table, smote::NEIGHBOURS)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let made = smote::synthesise(&table, &nearest, smote::NEIGHBOURS, lacking, &mut rng);
    let mut rows = vec![0.0f32; lacking * matrix.columns];
    for (i, row) in rows.chunks_exact_mut(matrix.columns).enumerate() {
        for ((&column, value), scale) in numeric.iter().zip(made.numbers_of(i)).zip(&scales) {
            row[column] = (value * scale) as f32;
        }
        for (category, &value) in categories.iter().zip(made.categories_of(i)) {
            category.write(value, row);
        }
    }
    Some((rows, label))
}

/// Standard deviation of the known values of a column; 1 where they do not differ.
fn deviation(matrix: &FeatureMatrix, rows: &[usize], column: usize) -> f64 {
    let known = || rows.iter().map(|&row| f64::from(matrix.row(row)[column])).filter(|v| !v.is_nan());
    let n = known().count().max(1) as f64;
    let mean = known().sum::<f64>() / n;
    let deviation = (known().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    if deviation > 0.0 { deviation } else { 1.0 }
}
