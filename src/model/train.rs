//! Training: closed deals in, a model file and its card out.
//!
//! Three studies are made, each from its own features so that nothing it is judged on has taught it anything: all deals
//! (the model itself), all but a stratified 20 %, and what was known before the newest 20 % began. The same deals with
//! the same options give the same bytes.

mod baselines;
mod findings;
mod hess;
mod outside;
mod sample;
mod search;
mod study;
mod views;
mod who;

use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use ring::digest;
use serde::{Deserialize, Serialize};

pub use baselines::{Baseline, Baselines};
pub(super) use findings::Findings;
pub use hess::Hessboost;
pub use outside::{Candidate, adopt, training_rows};

use super::artifact::{self, ARTIFACT_VERSION, Parts};
use super::card::{CalibrationSummary, Card, DataSummary, Versions};
use super::drift;
use super::ensemble::Ensemble;
use super::evaluate::Evaluation;
use super::features::{FEATURES_VERSION, FeatureMatrix, FeatureSet};
use super::forest::Forest;
use super::gates;
use super::scorer::Model;
use crate::domain::deal::{Deal, Outcome};
use study::{FITS_IN_ALL, Study, Watch};

/// Fewer closed deals than this teach nothing that could be judged.
pub const MIN_DEALS: usize = 200;
/// Each outcome must occur at least so often.
pub const MIN_OF_EACH: usize = 20;
/// Share of the deals that an evaluation holds out.
const HELD_OUT: f64 = 0.2;
/// With fewer deals than this, trees are one level shallower.
const SHALLOW_BELOW: usize = 5_000;
/// Columns named in the card's list of importance.
const MAX_IMPORTANCE: usize = 30;

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainOptions {
    /// Seed of every random choice.
    pub seed: u64,
    /// Threads per fit. Does not change the model.
    pub threads: NonZeroUsize,
    /// Show trees synthetic deals of the rarer outcome until both are equally many (SMOTE-NC, see
    /// [`smote`](super::smote)). Calibration sees deals as they are, so probabilities stay what they are.
    pub smote: bool,
    /// Let a deal of a rep with few deals weigh more: `sqrt(m / n)` for a rep with `n` deals where the middle rep has
    /// `m`, from 0.5 to 3, scaled to a mean of 1.
    pub rep_weights: bool,
    /// Learn from how many deals a rep had open. Only for a scorer that is told the reps' load at every moment
    /// ([`FeatureState::set_load`](super::features::FeatureState::set_load)), and a history that holds the deals that
    /// were open.
    pub live_load: bool,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { seed: 20_261_122, threads: NonZeroUsize::MIN, smote: false, rep_weights: false, live_load: false }
    }
}

/// How trees are grown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Levels of splits in a tree.
    pub max_depth: u32,
    /// Learning rate.
    pub eta: f64,
    /// Least sum of second derivatives in a leaf.
    pub min_child_weight: f64,
    /// L2 penalty of leaf values.
    pub lambda: f64,
    /// Share of the deals per tree.
    pub subsample: f64,
    /// Share of the columns per tree.
    pub colsample_bytree: f64,
    /// Histogram bins per column.
    pub max_bin: u32,
    /// Most trees.
    pub max_rounds: u32,
    /// Trees without improvement on later deals before growing stops.
    pub patience: NonZeroU32,
    /// Seed of the sampling.
    pub seed: u64,
}

impl Parameters {
    /// Sensible, strongly regularised parameters for so many deals.
    pub fn for_deals(deals: usize, seed: u64) -> Self {
        Self {
            max_depth: if deals < SHALLOW_BELOW { 3 } else { 4 },
            eta: 0.05,
            min_child_weight: 5.0,
            lambda: 5.0,
            subsample: 0.8,
            colsample_bytree: 0.5,
            max_bin: 128,
            max_rounds: 600,
            patience: NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN),
            seed,
        }
    }
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// Not enough history.
    #[error(
        "{found} closed deals are too few to learn from: import at least {MIN_DEALS} (2,000 or more for a model that may route)"
    )]
    TooFewDeals {
        /// Closed deals given.
        found: usize,
    },
    /// One outcome is missing or almost so.
    #[error(
        "{won} deals are won and {lost} are lost, but {MIN_OF_EACH} of each are needed: check which values the mapping reads as won and as lost, and that lost deals are in the history"
    )]
    OneOutcome {
        /// Won deals.
        won: usize,
        /// Lost deals.
        lost: usize,
    },
    /// An honest test on later deals is impossible.
    #[error(
        "only {known} deals were closed before the newest fifth began on {cut}, too few to test the model on later deals: import older history, or check the closing dates"
    )]
    NothingKnownBefore {
        /// Deals closed by then.
        known: usize,
        /// When the newest fifth begins.
        cut: DateTime<Utc>,
    },
    /// Stopped on request.
    #[error("training was cancelled; nothing was stored")]
    Cancelled,
    /// The trainer refused or failed.
    #[error("growing trees failed: {0}")]
    Trainer(String),
    /// The model could not be written.
    #[error("the model could not be written as JSON: {0}")]
    Write(String),
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
pub enum Step {
    /// Computing features of the deals in time order.
    #[strum(serialize = "reading the history")]
    Features,
    /// Growing the model.
    #[strum(serialize = "learning")]
    Model,
    /// Judging on a stratified 20 %.
    #[strum(serialize = "testing on deals held back at random")]
    Stratified,
    /// Judging on later deals.
    #[strum(serialize = "testing on later deals")]
    OutOfTime,
    /// Finding out how much depends on the rep.
    #[strum(serialize = "asking whether who works a lead matters")]
    WhoMatters,
    /// Writing the model.
    #[strum(serialize = "writing the model")]
    Writing,
}

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// Share of the whole, 0 to 1, never falling.
    pub done: f64,
}

/// A trained model.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model file, for [`Model::from_artifact`](super::Model::from_artifact).
    pub artifact: String,
    /// Its card.
    pub card: Card,
}

/// The rows that a trainer sees.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Features of all deals.
    pub matrix: &'a FeatureMatrix,
    /// 1 for won, 0 for lost, by row.
    pub labels: &'a [f32],
    /// How much each row counts, by row; all the same if absent.
    pub weights: Option<&'a [f32]>,
    /// The rows to learn from.
    pub index: &'a [usize],
    /// The columns to use, ascending.
    pub columns: &'a [u32],
    /// For each column of the matrix, whether more of it can only mean a better chance.
    pub increasing: &'a [bool],
    /// For each column of the matrix, whether its values are categories: whole numbers without an order.
    pub categorical: &'a [bool],
}

/// When growing ends.
#[derive(Clone, Copy, Debug)]
pub enum Rounds<'a> {
    /// After so many trees.
    Fixed(u32),
    /// When the log loss on held-out rows stops falling.
    EarlyStopping {
        /// Most trees.
        max: u32,
        /// Trees without improvement.
        patience: NonZeroUsize,
        /// The rows judged on.
        held_out: &'a [usize],
    },
}

/// What a trainer returns.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The trees, up to the best round. They read whole rows of the matrix.
    pub forest: Forest,
    /// How many rounds that is.
    pub rounds: u32,
}

/// A library that grows trees on the logistic loss.
pub trait Trainer: Send + Sync {
    /// Name and version, for the card.
    fn name(&self) -> &'static str;

    /// Grows one forest. `watch` is told the number of each finished round and can end the growing.
    ///
    /// The same rows and parameters must give the same forest, whatever the threads.
    fn fit(
        &self,
        rows: &Rows<'_>,
        rounds: Rounds<'_>,
        parameters: &Parameters,
        watch: &mut (dyn FnMut(u32) -> ControlFlow<()> + Send),
    ) -> Result<Fit, TrainError>;
}

/// Trains a model on closed deals, in any order, and judges it.
///
/// # Errors
/// See [`TrainError`]; each says what to do. A model that fails its gates is no error: its card says so.
pub fn train(
    deals: &[Deal],
    options: &TrainOptions,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<Trained, TrainError> {
    let trainer = Hessboost { threads: options.threads };
    train_with(&trainer, deals, options, progress, cancel)
}

/// [`train`] with another trainer.
///
/// # Errors
/// As [`train`].
pub fn train_with(
    trainer: &dyn Trainer,
    deals: &[Deal],
    options: &TrainOptions,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<Trained, TrainError> {
    check(deals)?;
    let deals = in_order(deals);
    let parameters = Parameters::for_deals(deals.len(), options.seed);
    let mut watch = Watch::new(progress, cancel, FITS_IN_ALL + who::FITS);

    watch.step(Step::OutOfTime);
    let out_of_time = judge_out_of_time(trainer, &deals, &parameters, options, &mut watch)?;
    watch.step(Step::Stratified);
    let stratified = judge_stratified(trainer, &deals, &parameters, options, &mut watch)?;

    watch.step(Step::WhoMatters);
    let who_matters = who::who_matters(trainer, &deals, &parameters, options, &mut watch)?;

    watch.step(Step::Features);
    let everything: Vec<usize> = (0..deals.len()).collect();
    let study = Study::prepare(&deals, &everything, options);
    watch.step(Step::Model);
    let fitted = study.fit(trainer, &everything, &parameters, &mut watch)?;

    watch.step(Step::Writing);
    let (interval, findings) = findings::find(&study, &fitted, &deals, options.seed);
    let verdict = gates::judge(&stratified, &out_of_time);
    let features = FeatureSet { spec: study.spec, state: study.state };
    let card = Card {
        verdict: verdict.text,
        clearance: verdict.clearance,
        gates: verdict.gates,
        data: summary(&deals)?,
        stratified,
        out_of_time,
        who_matters: Some(who_matters),
        calibration: CalibrationSummary {
            method: fitted.calibration.method().to_owned(),
            deals: fitted.calibration_rows,
        },
        features: features.spec.columns.iter().map(|column| column.name.clone()).collect(),
        importance: importance(std::slice::from_ref(&fitted.forest), &features),
        parameters: Some(fitted.parameters),
        trees: fitted.forest.trees.len() as u32,
        rep_effect_sd: features.state.effect_sds(&features.spec),
        imported: None,
        versions: Versions {
            leadboard: env!("CARGO_PKG_VERSION").to_owned(),
            artifact: ARTIFACT_VERSION,
            features: FEATURES_VERSION,
            trainer: trainer.name().to_owned(),
        },
    };
    let ensemble = Ensemble::new(vec![fitted.forest]).ok_or_else(|| TrainError::Write("there is no forest".into()))?;
    let mut parts = Parts { ensemble, calibration: fitted.calibration, interval, features, drift: None, findings };
    parts.drift = Some(drift::Baseline::of(deals.iter().copied(), &Model::new(parts.clone())));
    let artifact = artifact::write(parts).map_err(|e| TrainError::Write(e.to_string()))?;
    watch.finish();
    Ok(Trained { artifact, card })
}

/// In order of creation.
fn in_order(deals: &[Deal]) -> Vec<&Deal> {
    let mut deals: Vec<&Deal> = deals.iter().collect();
    deals.sort_by(|a, b| (a.facts.created_at, &a.lead_id).cmp(&(b.facts.created_at, &b.lead_id)));
    deals
}

fn check(deals: &[Deal]) -> Result<(), TrainError> {
    if deals.len() < MIN_DEALS {
        return Err(TrainError::TooFewDeals { found: deals.len() });
    }
    let won = deals.iter().filter(|deal| deal.outcome == Outcome::Won).count();
    let lost = deals.len() - won;
    if won < MIN_OF_EACH || lost < MIN_OF_EACH {
        return Err(TrainError::OneOutcome { won, lost });
    }
    Ok(())
}

/// Refits with what was known before the newest fifth began, and judges on that fifth as live scoring would: with the
/// statistics frozen at that moment.
///
/// Where closing dates are only assumed, nobody can tell what was known; then every older deal counts as known, and
/// the evaluation says how many of them were assumed to close later.
fn judge_out_of_time(
    trainer: &dyn Trainer,
    deals: &[&Deal],
    parameters: &Parameters,
    options: &TrainOptions,
    watch: &mut Watch<'_>,
) -> Result<Evaluation, TrainError> {
    let LaterDeals { known: train, later: test, cut } = newest_fifth(deals)?;
    let mut evaluation = judge(trainer, deals, (&train, &test), true, parameters, options, watch)?;
    evaluation.embargoed_deals = (test[0] - train.len()) as u32;
    evaluation.assumed_known_deals = train.iter().filter(|&&i| deals[i].closed_at >= cut).count() as u32;
    Ok(evaluation)
}

/// The newest fifth of the deals, and what was known before it.
struct LaterDeals {
    /// The deals whose outcome was known when it began.
    known: Vec<usize>,
    /// The newest fifth.
    later: Vec<usize>,
    /// When its first deal was created.
    cut: DateTime<Utc>,
}

fn newest_fifth(deals: &[&Deal]) -> Result<LaterDeals, TrainError> {
    let begin = deals.len() - (deals.len() as f64 * HELD_OUT).round() as usize;
    let cut = deals[begin].facts.created_at;
    let known: Vec<usize> = (0..begin).filter(|&i| deals[i].closed_at < cut || deals[i].closed_assumed).collect();
    let won = known.iter().filter(|&&i| deals[i].outcome == Outcome::Won).count();
    if known.len() < MIN_DEALS / 2 || won == 0 || won == known.len() {
        return Err(TrainError::NothingKnownBefore { known: known.len(), cut });
    }
    Ok(LaterDeals { known, later: (begin..deals.len()).collect(), cut })
}

/// Refits without a random fifth of the wins and a random fifth of the losses, and judges on those.
fn judge_stratified(
    trainer: &dyn Trainer,
    deals: &[&Deal],
    parameters: &Parameters,
    options: &TrainOptions,
    watch: &mut Watch<'_>,
) -> Result<Evaluation, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(parameters.seed);
    let mut test = Vec::new();
    for outcome in [Outcome::Won, Outcome::Lost] {
        let mut of_outcome: Vec<usize> = (0..deals.len()).filter(|&i| deals[i].outcome == outcome).collect();
        of_outcome.shuffle(&mut rng);
        of_outcome.truncate((of_outcome.len() as f64 * HELD_OUT).round() as usize);
        test.extend(of_outcome);
    }
    test.sort_unstable();
    let train: Vec<usize> = (0..deals.len()).filter(|i| test.binary_search(i).is_err()).collect();
    judge(trainer, deals, (&train, &test), false, parameters, options, watch)
}

/// `frozen` judges rows as the scorer makes them; else as the sweep did, with what was known at each creation.
fn judge(
    trainer: &dyn Trainer,
    deals: &[&Deal],
    (train, test): (&[usize], &[usize]),
    frozen: bool,
    parameters: &Parameters,
    options: &TrainOptions,
    watch: &mut Watch<'_>,
) -> Result<Evaluation, TrainError> {
    let study = Study::prepare(deals, train, options);
    let full = study.fit(trainer, train, parameters, watch)?;
    let lead_only = study.fit_lead_only(trainer, train, &full.parameters, watch)?;
    let logistic = baselines::logistic(&study.spec, deals, &study.labels, train, test, watch)?;
    let margins = |forest: &Forest| -> Vec<f64> {
        let of = |row: &[f32]| f64::from(forest.margin(&row[..forest.features]));
        test.iter().map(|&i| if frozen { of(&study.scored(deals[i])) } else { of(study.matrix.row(i)) }).collect()
    };
    let p: Vec<f64> = margins(&full.forest).into_iter().map(|margin| full.calibration.probability(margin)).collect();
    let won: Vec<bool> = test.iter().map(|&i| deals[i].outcome == Outcome::Won).collect();
    let (wins, losses) = (won.iter().filter(|w| **w).count(), won.iter().filter(|w| !**w).count());
    let lead_only = margins(&lead_only);
    let mut evaluation =
        Evaluation::of(&p, &lead_only, &won).ok_or(TrainError::OneOutcome { won: wins, lost: losses })?;
    evaluation.baselines = Baselines::of(&p, &lead_only, &logistic, &won);
    evaluation.train_deals = train.len() as u32;
    let of = |indices: &[usize]| -> Vec<&Deal> { indices.iter().map(|&i| deals[i]).collect() };
    Ok(evaluation.about(&of(train), &of(test), &p))
}

fn summary(deals: &[&Deal]) -> Result<DataSummary, TrainError> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for deal in deals {
        let line = serde_json::to_vec(deal).map_err(|e| TrainError::Write(e.to_string()))?;
        hash.update(&line);
        hash.update(b"\n");
    }
    let won = deals.iter().filter(|deal| deal.outcome == Outcome::Won).count() as u32;
    let mut reps: Vec<_> = deals.iter().map(|deal| &deal.rep).collect();
    reps.sort();
    reps.dedup();
    let (first, last) = (deals[0], deals[deals.len() - 1]);
    Ok(DataSummary {
        deals: deals.len() as u32,
        won,
        lost: deals.len() as u32 - won,
        reps: reps.len() as u32,
        first_created_at: first.facts.created_at,
        last_created_at: last.facts.created_at,
        last_closed_at: deals.iter().map(|deal| deal.closed_at).fold(first.closed_at, std::cmp::max),
        closed_assumed: deals.iter().filter(|deal| deal.closed_assumed).count() as u32,
        sha256: artifact::hex(&hash.finish()),
    })
}

fn importance(forests: &[Forest], features: &FeatureSet) -> Vec<(String, f64)> {
    let mut gains = vec![0.0; features.spec.columns.len()];
    let trees = forests.iter().flat_map(|forest| &forest.trees);
    for node in trees.flat_map(|tree| &tree.nodes).filter(|node| !node.is_leaf()) {
        gains[node.feature as usize] += f64::from(node.gain);
    }
    let total: f64 = gains.iter().sum();
    let mut named: Vec<(String, f64)> = features
        .spec
        .columns
        .iter()
        .zip(gains)
        .filter(|(_, gain)| *gain > 0.0)
        .map(|(column, gain)| (column.name.clone(), gain / total))
        .collect();
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    named.truncate(MAX_IMPORTANCE);
    named
}
