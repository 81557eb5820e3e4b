//! One study: features as some deals teach them, parameters and the number of trees chosen on later deals, calibration on
//! deals that the trees had not seen, and the forest of all of them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::sample::Sample;
use super::search::{self, early_stopping};
use super::{Fit, Parameters, Progress, Rounds, Rows, Step, TrainError, TrainOptions, Trainer};
use crate::domain::deal::{Deal, Outcome};
use crate::model::calibrate::Calibration;
use crate::model::features::{FeatureMatrix, FeatureSpec, FeatureState, sweep};
use crate::model::forest::Forest;

/// Fits of one study with reps, and of its lead-only twin.
const FITS: u32 = search::FITS + 2;
pub(super) const LEAD_ONLY_FITS: u32 = 2;
/// Fits of a whole training: the model, and two evaluations with their twins.
pub(super) const FITS_IN_ALL: u32 = 3 * FITS + 2 * LEAD_ONLY_FITS;
/// The deals are judged in two blocks of this share at the newest end, each by a forest of all deals before it.
const BLOCK: f64 = 0.2;

/// Features and labels of all deals, as those of a study teach them.
pub(super) struct Study<'a> {
    deals: &'a [&'a Deal],
    options: &'a TrainOptions,
    pub(super) spec: FeatureSpec,
    pub(super) matrix: FeatureMatrix,
    pub(super) state: FeatureState,
    pub(super) labels: Vec<f32>,
    increasing: Vec<bool>,
}

/// A study's result.
pub(super) struct Fitted {
    pub(super) forest: Forest,
    pub(super) parameters: Parameters,
    pub(super) calibration: Calibration,
    pub(super) calibration_rows: u32,
    pub(super) held_out: HeldOut,
}

/// The deals that calibration was fitted on, with the forests that had not seen them.
pub(super) struct HeldOut {
    /// Indices of the deals, in order of creation.
    pub(super) deals: Vec<usize>,
    /// What the forest said of each, with the rep who worked it.
    pub(super) margins: Vec<f64>,
    /// How each ended.
    pub(super) won: Vec<bool>,
    older: Forest,
    newest: Forest,
    /// From this one on, it was `newest`.
    turn: usize,
}

impl HeldOut {
    /// The forest that judged the `i`-th of the deals.
    pub(super) const fn forest(&self, i: usize) -> &Forest {
        if i < self.turn { &self.older } else { &self.newest }
    }
}

impl<'a> Study<'a> {
    /// Computes features of all deals; only the outcomes of `train` are used. Deals must be in order of creation.
    pub(super) fn prepare(deals: &'a [&'a Deal], train: &[usize], options: &'a TrainOptions) -> Self {
        let facts: Vec<_> = train.iter().map(|&i| &deals[i].facts).collect();
        Self::with_spec(FeatureSpec::declare(&facts, options.live_load), deals, train, options)
    }

    /// [`Self::prepare`] with features that were declared before.
    pub(super) fn with_spec(
        spec: FeatureSpec,
        deals: &'a [&'a Deal],
        train: &[usize],
        options: &'a TrainOptions,
    ) -> Self {
        let mut known = vec![false; deals.len()];
        for &i in train {
            known[i] = true;
        }
        let (matrix, state) = sweep(&spec, deals, &known);
        let labels = deals.iter().map(|deal| f32::from(u8::from(deal.outcome == Outcome::Won))).collect();
        let increasing = spec.columns.iter().map(|column| column.increasing).collect();
        Self { deals, options, spec, matrix, state, labels, increasing }
    }

    /// A deal's row as the scorer would make it, with the statistics at the end of the study.
    pub(super) fn scored(&self, deal: &Deal) -> Vec<f32> {
        let codes = self.spec.encode(&deal.facts);
        let mut row = vec![f32::NAN; self.spec.columns.len()];
        self.state.write_lead(&self.spec, &codes, &mut row);
        self.state.write_rep(&self.spec, &codes, self.state.rep(&deal.rep), &mut row);
        row
    }

    /// [`Self::scored`] for a rep without any history.
    pub(super) fn scored_lead(&self, deal: &Deal) -> Vec<f32> {
        let codes = self.spec.encode(&deal.facts);
        let mut row = vec![f32::NAN; self.spec.columns.len()];
        self.state.write_lead(&self.spec, &codes, &mut row);
        self.state.write_rep(&self.spec, &codes, None, &mut row);
        row
    }

    /// The row of a deal as of its creation, but for a rep without any history.
    pub(super) fn without_rep(&self, index: usize, deal: &Deal) -> Vec<f32> {
        let mut row = self.matrix.row(index).to_vec();
        self.state.write_rep(&self.spec, &self.spec.encode(&deal.facts), None, &mut row);
        row
    }

    /// What trees are shown of the deals of `index`.
    fn sample(&self, index: &[usize]) -> Sample {
        Sample::new(&self.spec, self.deals, (&self.matrix, &self.labels), index, self.options)
    }

    fn rows<'b>(&'b self, sample: &'b Sample, columns: usize) -> Rows<'b> {
        Rows {
            matrix: &sample.matrix,
            labels: &sample.labels,
            weights: sample.weights.as_deref(),
            index: &sample.index,
            columns,
            increasing: &self.increasing,
        }
    }

    /// The forest of `train` (in order of creation) with its calibration, grown with the best parameters near `general`.
    pub(super) fn fit(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        general: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let (older, newest) = newest_block(train);
        let sample = self.sample(older);
        let rows = self.rows(&sample, self.spec.columns.len());
        let (parameters, fit) = search::choose(trainer, &rows, newest, general, watch)?;
        drop(sample);
        self.calibrate(trainer, train, parameters, fit, watch)
    }

    /// [`Self::fit`] with these parameters, without searching for better ones.
    pub(super) fn fit_as_told(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let (older, newest) = newest_block(train);
        let sample = self.sample(older);
        let rows = self.rows(&sample, self.spec.columns.len());
        let fit = watch.fit(trainer, &rows, early_stopping(parameters, newest), parameters)?;
        drop(sample);
        self.calibrate(trainer, train, parameters.clone(), fit, watch)
    }

    /// Two blocks at the newest end are judged, each by a forest of all deals before it; those margins teach the
    /// calibration, on deals as they are. `newest` is the fit of all but the newest block.
    fn calibrate(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: Parameters,
        newest: Fit,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let columns = self.spec.columns.len();
        let second = newest_block(train).0.len();
        let first = train.len() - (train.len() as f64 * 2.0 * BLOCK) as usize;
        let rounds = |deals: usize| rounds_for(deals, newest.rounds, second);
        let older = self.grow(trainer, &train[..first], columns, rounds(first), &parameters, watch)?;

        let judged = train[first..].iter().enumerate().map(|(i, &deal)| {
            let forest = if first + i < second { &older } else { &newest.forest };
            (f64::from(forest.margin(self.matrix.row(deal))), self.labels[deal] > 0.5)
        });
        let (margins, won): (Vec<f64>, Vec<bool>) = judged.unzip();
        let wins = won.iter().filter(|w| **w).count();
        let calibration =
            Calibration::fit(&margins, &won).ok_or(TrainError::OneOutcome { won: wins, lost: won.len() - wins })?;
        let forest = self.grow(trainer, train, columns, rounds(train.len()), &parameters, watch)?;
        let calibration_rows = margins.len() as u32;
        let held_out = HeldOut {
            deals: train[first..].to_vec(),
            margins,
            won,
            older,
            newest: newest.forest,
            turn: second - first,
        };
        Ok(Fitted { forest, parameters, calibration, calibration_rows, held_out })
    }

    /// The forest of `train` that sees only the lead, with parameters that were chosen before.
    pub(super) fn fit_lead_only(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Forest, TrainError> {
        let columns = self.spec.lead_columns();
        let (older, newest) = newest_block(train);
        let sample = self.sample(older);
        let Fit { rounds, .. } =
            watch.fit(trainer, &self.rows(&sample, columns), early_stopping(parameters, newest), parameters)?;
        drop(sample);
        self.grow(trainer, train, columns, rounds_for(train.len(), rounds, older.len()), parameters, watch)
    }

    fn grow(
        &self,
        trainer: &dyn Trainer,
        index: &[usize],
        columns: usize,
        rounds: u32,
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Forest, TrainError> {
        let sample = self.sample(index);
        Ok(watch.fit(trainer, &self.rows(&sample, columns), Rounds::Fixed(rounds), parameters)?.forest)
    }
}

/// Trees for so many deals, where `of` deals had their best number of trees: as many more as there are more deals.
fn rounds_for(deals: usize, best: u32, of: usize) -> u32 {
    let scaled = f64::from(best) * deals as f64 / of.max(1) as f64;
    (scaled.round() as u32).max(1)
}

/// All deals but the newest block, and that block.
fn newest_block(train: &[usize]) -> (&[usize], &[usize]) {
    train.split_at(train.len() - (train.len() as f64 * BLOCK) as usize)
}

/// Progress and cancellation of a training.
pub(super) struct Watch<'a> {
    progress: &'a mut dyn FnMut(Progress),
    cancel: &'a AtomicBool,
    step: Step,
    fits_done: u32,
    fits: u32,
}

impl<'a> Watch<'a> {
    pub(super) fn new(progress: &'a mut dyn FnMut(Progress), cancel: &'a AtomicBool, fits: u32) -> Self {
        Self { progress, cancel, step: Step::Features, fits_done: 0, fits }
    }

    pub(super) fn step(&mut self, step: Step) {
        self.step = step;
        self.report(0.0);
    }

    pub(super) fn finish(&mut self) {
        self.fits_done = self.fits;
        self.report(0.0);
    }

    /// Whether the training is to end.
    pub(super) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        if self.cancelled() { Err(TrainError::Cancelled) } else { Ok(()) }
    }

    /// A fit that was planned for is not needed.
    pub(super) fn skip(&mut self) {
        self.fits_done += 1;
    }

    fn report(&mut self, of_this_fit: f64) {
        let done = (f64::from(self.fits_done) + of_this_fit) / f64::from(self.fits);
        (self.progress)(Progress { step: self.step, done: done.min(1.0) });
    }

    /// Fits on a thread of its own, so that progress can be told by the caller's, which need not be [`Send`].
    pub(super) fn fit(
        &mut self,
        trainer: &dyn Trainer,
        rows: &Rows<'_>,
        rounds: Rounds<'_>,
        parameters: &Parameters,
    ) -> Result<Fit, TrainError> {
        let cancel = self.cancel;
        self.check()?;
        let expected = match rounds {
            Rounds::Fixed(n) => n,
            Rounds::EarlyStopping { max, .. } => max,
        };
        let (tell, told) = mpsc::channel();
        let fit = std::thread::scope(|scope| {
            let fitting = scope.spawn(move || {
                let mut each_round = |round: u32| {
                    if cancel.load(Ordering::Relaxed) || tell.send(round).is_err() {
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                };
                trainer.fit(rows, rounds, parameters, &mut each_round)
            });
            for round in told {
                self.report(f64::from(round) / f64::from(expected.max(1)));
            }
            fitting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        self.check()?;
        self.fits_done += 1;
        Ok(fit)
    }
}
