//! A small search of the parameters: a handful of candidates, each grown on the older deals of a study and judged by log
//! loss on its newest. A study's evaluation deals are no part of it.
//!
//! The first candidate is what suits such a history in general. Another takes its place only where it is better by more
//! than the standard error of the paired difference: with few deals the best of several is best by luck.

use super::study::Watch;
use super::{Fit, Parameters, Rounds, Rows, TrainError, Trainer};
use crate::model::forest::Forest;

/// With more rows than this, candidates grow on every second, third … of them.
const MAX_ROWS: usize = 60_000;

/// The candidates, the general one first.
pub(super) fn candidates(general: &Parameters) -> Vec<Parameters> {
    let other_depth = if general.max_depth == 3 { 4 } else { 3 };
    vec![
        general.clone(),
        Parameters { max_depth: other_depth, ..general.clone() },
        Parameters { min_child_weight: 20.0, lambda: 20.0, ..general.clone() },
        Parameters { max_depth: 6, min_child_weight: 10.0, colsample_bytree: 0.3, ..general.clone() },
    ]
}

/// The parameters that do best on `newest`, and the forest that `older` grows with them.
pub(super) fn choose(
    trainer: &dyn Trainer,
    rows: &Rows<'_>,
    newest: &[usize],
    general: &Parameters,
    watch: &mut Watch<'_>,
) -> Result<(Parameters, Fit), TrainError> {
    let every = rows.index.len().div_ceil(MAX_ROWS).max(1);
    let thinned = |index: &[usize]| -> Vec<usize> { index.iter().copied().step_by(every).collect() };
    let (few, few_newest) = (thinned(rows.index), thinned(newest));
    let small = Rows { index: &few, ..*rows };
    let mut best: Option<(Parameters, Fit, Vec<f64>)> = None;
    for candidate in candidates(general) {
        let fit = watch.fit(trainer, &small, early_stopping(&candidate, &few_newest), &candidate)?;
        let losses = losses(&fit.forest, rows, &few_newest);
        if best.as_ref().is_none_or(|(_, _, least)| clearly_less(&losses, least)) {
            best = Some((candidate, fit, losses));
        }
    }
    let Some((parameters, fit, _)) = best else { return Err(TrainError::Trainer("no candidates".into())) };
    if every == 1 {
        watch.skip(1);
        return Ok((parameters, fit));
    }
    let fit = watch.fit(trainer, rows, early_stopping(&parameters, newest), &parameters)?;
    Ok((parameters, fit))
}

/// Fits of one [`choose`], the last of which is skipped when nothing was thinned.
pub(super) const FITS: u32 = 5;

/// Growing that ends when the log loss on `held_out` stops falling.
pub(super) fn early_stopping<'a>(parameters: &Parameters, held_out: &'a [usize]) -> Rounds<'a> {
    let patience = parameters.patience.try_into().unwrap_or(std::num::NonZeroUsize::MIN);
    Rounds::EarlyStopping { max: parameters.max_rounds, patience, held_out }
}

fn losses(forest: &Forest, rows: &Rows<'_>, held_out: &[usize]) -> Vec<f64> {
    let of = |&i: &usize| loss(f64::from(forest.margin(rows.matrix.row(i))), rows.labels[i]);
    held_out.iter().map(of).collect()
}

/// Log loss of one margin.
pub(super) fn loss(margin: f64, label: f32) -> f64 {
    margin.max(0.0) + (-margin.abs()).exp().ln_1p() - f64::from(label) * margin
}

/// Whether the mean of `a` is below that of `b` by more than the standard error of their paired difference.
pub(super) fn clearly_less(a: &[f64], b: &[f64]) -> bool {
    let n = a.len() as f64;
    let mean = a.iter().zip(b).map(|(a, b)| b - a).sum::<f64>() / n;
    let variance = a.iter().zip(b).map(|(a, b)| (b - a - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    mean > (variance / n).sqrt()
}
