//! The simpler models that a forest with reps must beat, judged on the same deals.

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::study::Watch;
use crate::domain::deal::Deal;
use crate::domain::ids::RepKey;
use crate::model::evaluate::{Estimate, auc, auc_difference, log_loss};
use crate::model::features::FeatureSpec;
use crate::model::logistic::{Design, Logistic};

/// Penalties tried, judged on the newest deals of the training time.
const PENALTIES: [f64; 3] = [1.0, 10.0, 100.0];
/// Share of the deals that the penalties are judged on.
const NEWEST: f64 = 0.2;
/// A standardised number is kept within so many standard deviations.
const MAX_DEVIATIONS: f32 = 5.0;

/// One simpler model on the deals that the model itself is judged on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Discrimination, as for the model.
    pub auc: Estimate,
    /// Mean negative log-likelihood of its own probabilities, not calibrated any further.
    pub log_loss: f64,
    /// The model's AUC less this one's: paired DeLong.
    pub gain: Estimate,
}

/// See [`Baseline`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// The same trees without any knowledge of reps.
    pub lead_only: Baseline,
    /// Regularised logistic regression on one-hot categories, reps included, and standardised numbers.
    pub logistic: Baseline,
}

impl Baseline {
    /// Compares calibrated probabilities with a simpler model's margins; `None` without both outcomes.
    fn of(p: &[f64], margins: &[f64], won: &[bool]) -> Option<Self> {
        let simple: Vec<f64> = margins.iter().map(|margin| 1.0 / (1.0 + (-margin).exp())).collect();
        Some(Self { auc: auc(margins, won)?, log_loss: log_loss(&simple, won), gain: auc_difference(p, margins, won)? })
    }
}

impl Baselines {
    /// Compares calibrated probabilities with the margins of both on the same deals; `None` without both outcomes.
    pub fn of(p: &[f64], lead_only: &[f64], logistic: &[f64], won: &[bool]) -> Option<Self> {
        Some(Self { lead_only: Baseline::of(p, lead_only, won)?, logistic: Baseline::of(p, logistic, won)? })
    }
}

/// Margins on `test` of the logistic regression that `train` (in order of creation) teaches.
pub(super) fn logistic(
    spec: &FeatureSpec,
    deals: &[&Deal],
    labels: &[f32],
    train: &[usize],
    test: &[usize],
    watch: &Watch<'_>,
) -> Result<Vec<f64>, TrainError> {
    let design = design(spec, deals, train);
    let (older, newest) = train.split_at(train.len() - (train.len() as f64 * NEWEST) as usize);
    let won: Vec<bool> = newest.iter().map(|&i| labels[i] > 0.5).collect();
    let mut best: Option<(f64, f64)> = None;
    for penalty in PENALTIES {
        watch.check()?;
        let Some(model) = Logistic::fit(&design, labels, older, penalty, &mut || watch.cancelled()) else { continue };
        let p: Vec<f64> = newest.iter().map(|&i| 1.0 / (1.0 + (-model.margin(&design, i)).exp())).collect();
        let loss = log_loss(&p, &won);
        if best.is_none_or(|(least, _)| loss < least) {
            best = Some((loss, penalty));
        }
    }
    watch.check()?;
    let penalty = best.map_or(PENALTIES[PENALTIES.len() - 1], |(_, penalty)| penalty);
    let wins = train.iter().filter(|&&i| labels[i] > 0.5).count();
    let model = Logistic::fit(&design, labels, train, penalty, &mut || watch.cancelled());
    watch.check()?;
    let model = model.ok_or(TrainError::OneOutcome { won: wins, lost: train.len() - wins })?;
    Ok(test.iter().map(|&i| model.margin(&design, i)).collect())
}

/// All deals; the numbers are standardised by those of `train`, and a missing one is the mean and a column of its own.
fn design(spec: &FeatureSpec, deals: &[&Deal], train: &[usize]) -> Design {
    let numbers_per_row = spec.numerics.len();
    let mut moments = vec![(0.0f64, 0.0f64, 0.0f64); numbers_per_row];
    for &i in train {
        for (moment, value) in moments.iter_mut().zip(spec.encode(&deals[i].facts).numerics) {
            if !value.is_nan() {
                let value = f64::from(value);
                *moment = (moment.0 + 1.0, moment.1 + value, moment.2 + value * value);
            }
        }
    }
    let scales: Vec<(f32, f32)> = moments
        .iter()
        .map(|(n, sum, squares)| {
            let mean = sum / n.max(1.0);
            let deviation = (squares / n.max(1.0) - mean * mean).max(0.0).sqrt();
            (mean as f32, if deviation > 0.0 { deviation as f32 } else { 1.0 })
        })
        .collect();
    let mut firsts = Vec::with_capacity(spec.fields.len());
    let mut one_hot = numbers_per_row as u32;
    for field in &spec.fields {
        firsts.push(one_hot);
        one_hot += field.level_count() as u32;
    }
    let mut reps: Vec<&RepKey> = train.iter().map(|&i| &deals[i].rep).collect();
    reps.sort();
    reps.dedup();
    let first_rep = one_hot;
    one_hot += reps.len() as u32;

    let active_per_row = numbers_per_row + spec.fields.len() + 1;
    let mut design = Design {
        numbers_per_row,
        numbers: Vec::with_capacity(deals.len() * numbers_per_row),
        active_per_row,
        active: Vec::with_capacity(deals.len() * active_per_row),
        one_hot: one_hot as usize,
    };
    for deal in deals {
        let codes = spec.encode(&deal.facts);
        for (value, (mean, deviation)) in codes.numerics.iter().zip(&scales) {
            let standard = ((value - mean) / deviation).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS);
            design.numbers.push(if value.is_nan() { 0.0 } else { standard });
        }
        let missing = codes.numerics.iter().enumerate();
        design.active.extend(missing.map(|(i, value)| if value.is_nan() { i as u32 } else { u32::MAX }));
        design.active.extend(codes.fields.iter().zip(&firsts).map(|(code, first)| first + code.level));
        design.active.push(reps.binary_search(&&deal.rep).map_or(u32::MAX, |rep| first_rep + rep as u32));
    }
    design
}
