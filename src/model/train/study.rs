//! One study: features as some deals teach them, parameters and the number of trees chosen on later deals, calibration on
//! deals that the trees had not seen, and the forest of all of them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::sample::Sample;
use super::search::{self, early_stopping};
use super::views::{self, View};
use super::{Fit, Parameters, Progress, Rounds, Rows, Step, TrainError, TrainOptions, Trainer};
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::RepKey;
use crate::model::calibrate::{Calibration, Prior};
use crate::model::features::{FeatureMatrix, FeatureSpec, FeatureState, sweep};
use crate::model::forest::Forest;

/// Fits of one study with reps, and of its lead-only twin.
const FITS: u32 = search::FITS + 3 * views::MOST - 1;
pub(super) const LEAD_ONLY_FITS: u32 = 2 * views::MOST;
/// Fits of a study whose parameters are given.
pub(super) const FITS_AS_TOLD: u32 = 3 * views::MOST;
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
    categorical: Vec<bool>,
    /// No constraint on any column.
    free: Vec<bool>,
}

/// The forest that several views make.
struct Grown {
    forest: Forest,
    views: Vec<View>,
    /// How many trees each view had when it was stopped.
    rounds: Vec<u32>,
    /// See [`Sample::shift`].
    shift: f64,
}

/// A study's result.
pub(super) struct Fitted {
    pub(super) forest: Forest,
    pub(super) parameters: Parameters,
    pub(super) calibration: Calibration,
    /// What was held of the margins that it was fitted to.
    pub(super) prior: Prior,
    pub(super) calibration_rows: u32,
    pub(super) held_out: HeldOut,
}

/// What forests said of deals that they had not seen.
#[derive(Default)]
pub(super) struct HeldOut {
    /// With the rep who worked it.
    pub(super) margins: Vec<f64>,
    /// For a rep without any history.
    pub(super) without_rep: Vec<f64>,
    /// How each ended.
    pub(super) won: Vec<bool>,
}

impl<'a> Study<'a> {
    /// Computes features of all deals; only the outcomes of `train` are used. Deals must be in order of creation.
    pub(super) fn prepare(deals: &'a [&'a Deal], train: &[usize], options: &'a TrainOptions) -> Self {
        let facts: Vec<_> = train.iter().map(|&i| &deals[i].facts).collect();
        let reps = train.iter().map(|&i| deals[i].rep.clone());
        Self::with_spec(FeatureSpec::declare(&facts, options.live_load).with_categories(reps), deals, train, options)
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
        let categorical = spec.columns.iter().map(|column| column.source.is_categorical()).collect();
        let free = vec![false; spec.columns.len()];
        Self { deals, options, spec, matrix, state, labels, increasing, categorical, free }
    }

    /// A deal's row as the scorer would make it, with the statistics at the end of the study.
    pub(super) fn scored(&self, deal: &Deal) -> Vec<f32> {
        row(&self.spec, &self.state, deal, Some(&deal.rep))
    }

    /// [`Self::scored`] for a rep without any history.
    pub(super) fn scored_lead(&self, deal: &Deal) -> Vec<f32> {
        row(&self.spec, &self.state, deal, None)
    }

    /// What trees are shown of the deals of `index`.
    fn sample(&self, index: &[usize]) -> Sample {
        Sample::new(&self.spec, self.deals, (&self.matrix, &self.labels), index, self.options)
    }

    fn rows<'b>(&'b self, sample: &'b Sample, view: &'b View) -> Rows<'b> {
        Rows {
            matrix: &sample.matrix,
            labels: &sample.labels,
            weights: sample.weights.as_deref(),
            index: &sample.index,
            columns: view.columns(),
            increasing: if matches!(view, View::Statistics(_)) { &self.increasing } else { &self.free },
            categorical: &self.categorical,
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
        let views = views::views(&self.spec, false);
        let (older, newest) = newest_block(train);
        let sample = self.sample(older);
        let (parameters, first) = search::choose(trainer, &self.rows(&sample, &views[0]), newest, general, watch)?;
        let grown = self.stopped(trainer, &sample, (older, newest), (views, Some(first)), &parameters, watch)?;
        drop(sample);
        self.calibrate(trainer, train, parameters, &grown, watch)
    }

    /// [`Self::fit`] with these parameters, without searching for better ones.
    pub(super) fn fit_as_told(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let views = views::views(&self.spec, false);
        let (older, newest) = newest_block(train);
        let sample = self.sample(older);
        let grown = self.stopped(trainer, &sample, (older, newest), (views, None), parameters, watch)?;
        drop(sample);
        self.calibrate(trainer, train, parameters.clone(), &grown, watch)
    }

    /// Grows each view until `newest` is predicted no better, and keeps those that make it clearly better predicted.
    /// `first` is the fit of the first view, if there is one.
    fn stopped(
        &self,
        trainer: &dyn Trainer,
        sample: &Sample,
        (older, newest): (&[usize], &[usize]),
        (views, mut first): (Vec<View>, Option<Fit>),
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Grown, TrainError> {
        watch.skip(views::MOST - views.len() as u32);
        let (mut kept, mut rounds, mut forests) = (Vec::new(), Vec::new(), Vec::new());
        // Sums of the kept views' margins on the newest deals, and the losses of their mean.
        let (mut sums, mut least) = (vec![0.0; newest.len()], Vec::new());
        for view in views {
            let fit = if let Some(fit) = first.take() {
                fit
            } else {
                let parameters = view.parameters(parameters);
                let rounds = early_stopping(&parameters, newest);
                watch.fit(trainer, &self.rows(sample, &view), rounds, &parameters)?
            };
            let margin = |&i: &usize| f64::from(fit.forest.margin(self.matrix.row(i)));
            let with: Vec<f64> = newest.iter().zip(&sums).map(|(i, sum)| sum + margin(i)).collect();
            let count = (kept.len() + 1) as f64;
            let loss = |(sum, &i): (&f64, &usize)| search::loss(sum / count, self.labels[i]);
            let losses: Vec<f64> = with.iter().zip(newest).map(loss).collect();
            if kept.is_empty() || search::clearly_less(&losses, &least) {
                (sums, least) = (with, losses);
                kept.push(view);
                rounds.push(fit.rounds);
                forests.push(fit.forest);
            }
        }
        Ok(Grown { forest: mean(forests)?, views: kept, rounds, shift: sample.shift(&self.labels, older) })
    }

    /// Two blocks at the newest end are judged, each by a forest of all deals before it; those margins teach the
    /// calibration, on deals as they are. `newest` is the fit of all but the newest block.
    fn calibrate(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: Parameters,
        newest: &Grown,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let second = newest_block(train).0.len();
        let first = train.len() - (train.len() as f64 * 2.0 * BLOCK) as usize;
        let older = self.grow(trainer, &train[..first], (newest, second), &parameters, watch)?;

        let mut held_out = HeldOut::default();
        self.judge(&older, &train[first..second], &mut held_out);
        self.judge(&newest.forest, &train[second..], &mut held_out);
        let HeldOut { margins, won, .. } = &held_out;
        let wins = won.iter().filter(|w| **w).count();
        let prior = Prior::stopped_in_time(newest.shift);
        let calibration = Calibration::fit(margins, won, &prior)
            .ok_or(TrainError::OneOutcome { won: wins, lost: won.len() - wins })?;
        let forest = self.grow(trainer, train, (newest, second), &parameters, watch)?;
        let calibration_rows = held_out.won.len() as u32;
        Ok(Fitted { forest, parameters, calibration, prior, calibration_rows, held_out })
    }

    /// Lets a forest judge deals that it has not seen.
    fn judge(&self, forest: &Forest, unseen: &[usize], to: &mut HeldOut) {
        for &i in unseen {
            let mut row = self.matrix.row(i).to_vec();
            to.margins.push(f64::from(forest.margin(&row)));
            self.state.write_rep(&self.spec, &self.spec.encode(&self.deals[i].facts), None, &mut row);
            to.without_rep.push(f64::from(forest.margin(&row)));
            to.won.push(self.labels[i] > 0.5);
        }
    }

    /// The forest of `train` that sees only the lead, with parameters that were chosen before.
    pub(super) fn fit_lead_only(
        &self,
        trainer: &dyn Trainer,
        train: &[usize],
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Forest, TrainError> {
        let views = views::views(&self.spec, true);
        let (older, newest) = newest_block(train);
        let sample = self.sample(older);
        let grown = self.stopped(trainer, &sample, (older, newest), (views, None), parameters, watch)?;
        drop(sample);
        self.grow(trainer, train, (&grown, older.len()), parameters, watch)
    }

    /// The forest of `index`, with the views that `stopped` kept and as many trees as it had for `of` deals.
    fn grow(
        &self,
        trainer: &dyn Trainer,
        index: &[usize],
        (stopped, of): (&Grown, usize),
        parameters: &Parameters,
        watch: &mut Watch<'_>,
    ) -> Result<Forest, TrainError> {
        let sample = self.sample(index);
        let mut forests = Vec::new();
        for (view, best) in stopped.views.iter().zip(&stopped.rounds) {
            let rounds = Rounds::Fixed(rounds_for(index.len(), *best, of));
            forests.push(watch.fit(trainer, &self.rows(&sample, view), rounds, &view.parameters(parameters))?.forest);
        }
        watch.skip(views::MOST - stopped.views.len() as u32);
        mean(forests)
    }
}

fn mean(forests: Vec<Forest>) -> Result<Forest, TrainError> {
    views::mean(forests).ok_or_else(|| TrainError::Trainer("there is nothing to learn from".into()))
}

/// Trees for so many deals, where `of` deals had their best number of trees: as many more as there are more deals.
fn rounds_for(deals: usize, best: u32, of: usize) -> u32 {
    let scaled = f64::from(best) * deals as f64 / of.max(1) as f64;
    (scaled.round() as u32).max(1)
}

/// A deal's row as a scorer with these statistics makes it.
fn row(spec: &FeatureSpec, state: &FeatureState, deal: &Deal, rep: Option<&RepKey>) -> Vec<f32> {
    let codes = spec.encode(&deal.facts);
    let mut row = vec![f32::NAN; spec.columns.len()];
    state.write_lead(spec, &codes, &mut row);
    state.write_rep(spec, &codes, rep.and_then(|rep| state.rep(rep)), &mut row);
    row
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

    /// Some fits that were planned for are not needed.
    pub(super) fn skip(&mut self, fits: u32) {
        self.fits_done += fits;
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
