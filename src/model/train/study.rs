//! One study: features as some deals teach them, the number of trees chosen on later deals, calibration on deals that
//! the trees had not seen, and the forest of all of them.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::{Fit, Parameters, Progress, Rounds, Rows, Step, TrainError, Trainer};
use crate::domain::deal::{Deal, Outcome};
use crate::model::calibrate::Calibration;
use crate::model::features::{FeatureMatrix, FeatureSpec, FeatureState, sweep};
use crate::model::forest::Forest;

/// Fits of one study with reps, and of its lead-only twin.
const FITS: u32 = 3;
pub(super) const LEAD_ONLY_FITS: u32 = 2;
/// Fits of a whole training: the model, and two evaluations with their twins.
pub(super) const FITS_IN_ALL: u32 = 3 * FITS + 2 * LEAD_ONLY_FITS;
/// The deals are judged in two blocks of this share at the newest end, each by a forest of all deals before it.
const BLOCK: f64 = 0.2;

/// Features and labels of all deals, as those of a study teach them.
pub(super) struct Study {
    pub(super) spec: FeatureSpec,
    pub(super) matrix: FeatureMatrix,
    pub(super) state: FeatureState,
    labels: Vec<f32>,
    increasing: Vec<bool>,
}

/// A study's result.
pub(super) struct Fitted {
    pub(super) forest: Forest,
    pub(super) calibration: Calibration,
    pub(super) calibration_rows: u32,
}

impl Study {
    /// Computes features of all deals; only the outcomes of `train` are used. Deals must be in order of creation.
    pub(super) fn prepare(deals: &[&Deal], train: &[usize]) -> Self {
        let spec = FeatureSpec::declare(&train.iter().map(|&i| &deals[i].facts).collect::<Vec<_>>());
        Self::with_spec(spec, deals, train)
    }

    /// [`Self::prepare`] with features that were declared before.
    pub(super) fn with_spec(spec: FeatureSpec, deals: &[&Deal], train: &[usize]) -> Self {
        let mut known = vec![false; deals.len()];
        for &i in train {
            known[i] = true;
        }
        let (matrix, state) = sweep(&spec, deals, &known);
        let labels = deals.iter().map(|deal| f32::from(u8::from(deal.outcome == Outcome::Won))).collect();
        let increasing = spec.columns.iter().map(|column| column.increasing).collect();
        Self { spec, matrix, state, labels, increasing }
    }

    /// A deal's row as the scorer would make it, with the statistics at the end of the study.
    pub(super) fn scored(&self, deal: &Deal) -> Vec<f32> {
        let codes = self.spec.encode(&deal.facts);
        let mut row = vec![f32::NAN; self.spec.columns.len()];
        self.state.write_lead(&self.spec, &codes, &mut row);
        self.state.write_rep(&self.spec, &codes, self.state.rep(&deal.rep), &mut row);
        row
    }

    fn rows<'a>(&'a self, index: &'a [usize], columns: usize) -> Rows<'a> {
        Rows { matrix: &self.matrix, labels: &self.labels, index, columns, increasing: &self.increasing }
    }

    /// The forest of `train` (in order of creation) with its calibration.
    pub(super) fn fit(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let columns = self.spec.columns.len();
        let second = train.len() - (train.len() as f64 * BLOCK) as usize;
        let first = train.len() - (train.len() as f64 * 2.0 * BLOCK) as usize;
        let newest = self.stopped_early(trainer, train, second, columns, parameters, watch)?;
        let older =
            watch.fit(trainer, &self.rows(&train[..first], columns), Rounds::Fixed(newest.rounds), parameters)?;

        let judged = train[first..].iter().enumerate().map(|(i, &deal)| {
            let forest = if first + i < second { &older.forest } else { &newest.forest };
            (f64::from(forest.margin(self.matrix.row(deal))), self.labels[deal] > 0.5)
        });
        let (margins, won): (Vec<f64>, Vec<bool>) = judged.unzip();
        let wins = won.iter().filter(|w| **w).count();
        let calibration =
            Calibration::fit(&margins, &won).ok_or(TrainError::OneOutcome { won: wins, lost: won.len() - wins })?;
        let fit = watch.fit(trainer, &self.rows(train, columns), Rounds::Fixed(newest.rounds), parameters)?;
        Ok(Fitted { forest: fit.forest, calibration, calibration_rows: margins.len() as u32 })
    }

    /// The forest of `train` that sees only the lead.
    pub(super) fn fit_lead_only(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Forest, TrainError> {
        let columns = self.spec.lead_columns();
        let newest = train.len() - (train.len() as f64 * BLOCK) as usize;
        let rounds = self.stopped_early(trainer, train, newest, columns, parameters, watch)?.rounds;
        Ok(watch.fit(trainer, &self.rows(train, columns), Rounds::Fixed(rounds), parameters)?.forest)
    }

    fn stopped_early(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        newest: usize,
        columns: usize,
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Fit, TrainError> {
        let rounds = Rounds::EarlyStopping {
            max: parameters.max_rounds,
            patience: NonZeroUsize::try_from(parameters.patience).unwrap_or(NonZeroUsize::MIN),
            held_out: &train[newest..],
        };
        watch.fit(trainer, &self.rows(&train[..newest], columns), rounds, parameters)
    }
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

    fn report(&mut self, of_this_fit: f64) {
        let done = (f64::from(self.fits_done) + of_this_fit) / f64::from(self.fits);
        (self.progress)(Progress { step: self.step, done: done.min(1.0) });
    }

    /// Fits on a thread of its own, so that progress can be told by the caller's, which need not be [`Send`].
    fn fit(
        &mut self,
        trainer: &dyn Trainer,
        rows: &Rows<'_>,
        rounds: Rounds<'_>,
        parameters: &Parameters,
    ) -> Result<Fit, TrainError> {
        let cancel = self.cancel;
        if cancel.load(Ordering::Relaxed) {
            return Err(TrainError::Cancelled);
        }
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
        if cancel.load(Ordering::Relaxed) {
            return Err(TrainError::Cancelled);
        }
        self.fits_done += 1;
        Ok(fit)
    }
}
