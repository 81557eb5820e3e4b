//! Models that are trained elsewhere: the rows they learn from, and the judging of what comes back.
//!
//! A model file does not tell which deals it has seen. Only deals created at or after the time that the person who
//! imports it names can be new to it; on those it is calibrated and judged, as one of our own is on its held-out deals.
//! Without such deals there is no honest figure, and the model is not cleared to route, whatever the figures say.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::study::{LEAD_ONLY_FITS, Study, Watch};
use super::{
    Hessboost, LaterDeals, MIN_DEALS, MIN_OF_EACH, Parameters, Progress, Step, TrainError, TrainOptions, Trained,
    check, importance, in_order, newest_fifth, summary,
};
use crate::domain::deal::{Deal, Outcome};
use crate::model::Model;
use crate::model::artifact::{self, ARTIFACT_VERSION, Parts};
use crate::model::calibrate::{Calibration, Prior};
use crate::model::card::{CalibrationSummary, Card, ImportedFile, ImportedFrom, Versions};
use crate::model::drift::Baseline;
use crate::model::ensemble::Ensemble;
use crate::model::evaluate::Evaluation;
use crate::model::exchange::{LabelledRows, TrainingRows};
use crate::model::features::{FEATURES_VERSION, FeatureMatrix, FeatureSet, FeatureSpec};
use crate::model::gates::{self, Clearance, Verdict};
use crate::model::interval::{CurveError, IntervalModel};

/// The stored history as the matrix that a model is trained on. With `holdout`, the newest fifth is apart, and nothing
/// that became known after its beginning is in the rest, as in the judging of our own models.
///
/// # Errors
/// A history that is too small, as for training.
pub fn training_rows(deals: &[Deal], holdout: bool) -> Result<TrainingRows, TrainError> {
    check(deals)?;
    let deals = in_order(deals);
    let (known, test, until) = if holdout {
        let LaterDeals { known, later, cut } = newest_fifth(&deals)?;
        (known, later, Some(cut))
    } else {
        ((0..deals.len()).collect(), Vec::new(), None)
    };
    let options = TrainOptions::default();
    let study = Study::prepare(&deals, &known, &options);
    let rows = |index: &[usize], row: &dyn Fn(usize) -> Vec<f32>| LabelledRows {
        matrix: FeatureMatrix {
            columns: study.matrix.columns,
            values: Arc::new(index.iter().flat_map(|&i| row(i)).collect()),
        },
        won: index.iter().map(|&i| deals[i].outcome == Outcome::Won).collect(),
    };
    let train = rows(&known, &|i| study.matrix.row(i).to_vec());
    let held_out = until.map(|_| rows(&test, &|i| study.scored(deals[i])));
    Ok(TrainingRows { train, holdout: held_out, until, features: FeatureSet { spec: study.spec, state: study.state } })
}

/// A model from elsewhere.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its forests; they read the columns of `spec`.
    pub ensemble: Ensemble,
    /// What its columns are.
    pub spec: FeatureSpec,
    /// The files it came in.
    pub files: Vec<ImportedFile>,
    /// Deals of leads created before this it may have learned from; `None` if nobody knows.
    pub trained_until: Option<DateTime<Utc>>,
}

/// Calibrates a model from elsewhere on the closed deals, and judges it by the gates of our own.
///
/// Of the deals it cannot have seen, the older half calibrates it while the newer half judges it; then a random half
/// does, and the other judges. The model that is kept is calibrated on all of them. The lead-only model that shows what
/// knowing the rep adds is our own, and learns from whatever was known when the judged deals began: no less than the
/// model itself.
///
/// # Errors
/// See [`TrainError`]. A model that fails its gates is no error: its card says so.
pub fn adopt(
    candidate: Candidate,
    deals: &[Deal],
    options: &TrainOptions,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<Trained, TrainError> {
    check(deals)?;
    let deals = in_order(deals);
    let Candidate { ensemble, spec, files, trained_until } = candidate;
    let parameters = Parameters::for_deals(deals.len(), options.seed);
    let mut watch = Watch::new(progress, cancel, 2 * LEAD_ONLY_FITS);

    let seen = trained_until.map_or(deals.len(), |until| deals.partition_point(|deal| deal.facts.created_at < until));
    let later = (deals.len() - seen) as u32;
    let unseen = enough_to_judge(&deals[seen..]);
    let window: Vec<usize> = if unseen { (seen..deals.len()).collect() } else { (0..deals.len()).collect() };
    let mut judge = Judge {
        ensemble: &ensemble,
        spec: &spec,
        deals: &deals,
        seen: if unseen { seen } else { deals.len() } as u32,
        options,
        parameters: &parameters,
    };
    watch.step(Step::OutOfTime);
    let out_of_time = judge.out_of_time(&window, &mut watch)?;
    watch.step(Step::Stratified);
    let stratified = judge.stratified(&window, &mut watch)?;

    watch.step(Step::Features);
    let everything: Vec<usize> = (0..deals.len()).collect();
    let study = Study::with_spec(spec.clone(), &deals, &everything, options);
    let (calibration, curve) = judge.calibrate(&study, &window)?;

    watch.step(Step::Writing);
    let verdict = cleared(gates::judge(&stratified, &out_of_time), unseen, trained_until, later);
    let features = FeatureSet { spec: study.spec, state: study.state };
    let trainer = files.iter().map(|file| format!("XGBoost {}", file.origin.version)).next().unwrap_or_default();
    let card = Card {
        verdict: verdict.text,
        clearance: verdict.clearance,
        gates: verdict.gates,
        data: summary(&deals)?,
        stratified,
        out_of_time,
        calibration: CalibrationSummary { method: calibration.method().to_owned(), deals: window.len() as u32 },
        features: features.spec.columns.iter().map(|column| column.name.clone()).collect(),
        importance: importance(ensemble.forests(), &features),
        who_matters: None,
        parameters: None,
        trees: ensemble.trees() as u32,
        rep_effect_sd: features.state.effect_sds(&features.spec),
        imported: Some(ImportedFrom {
            files,
            trained_until,
            later_deals: later,
            unseen_deals: if unseen { later } else { 0 },
        }),
        versions: Versions {
            leadboard: env!("CARGO_PKG_VERSION").to_owned(),
            artifact: ARTIFACT_VERSION,
            features: FEATURES_VERSION,
            trainer,
        },
    };
    let interval = IntervalModel::new(curve);
    let mut parts = Parts { ensemble, calibration, interval, features, drift: None, findings: None };
    parts.drift = Some(Baseline::of(deals.iter().copied(), &Model::new(parts.clone())));
    let artifact = artifact::write(parts).map_err(|e| TrainError::Write(e.to_string()))?;
    watch.finish();
    Ok(Trained { artifact, card })
}

/// Whether both halves of some deals, in order of creation, have what calibration and an AUC need.
fn enough_to_judge(deals: &[&Deal]) -> bool {
    let (older, newer) = deals.split_at(deals.len() / 2);
    let both = |half: &[&Deal]| {
        let won = half.iter().filter(|deal| deal.outcome == Outcome::Won).count();
        won >= MIN_OF_EACH && half.len() - won >= MIN_OF_EACH
    };
    deals.len() >= MIN_DEALS && both(older) && both(newer)
}

/// What the gates allow, knowing whose deals they looked at.
fn cleared(verdict: Verdict, unseen: bool, trained_until: Option<DateTime<Utc>>, later: u32) -> Verdict {
    let Verdict { mut gates, mut clearance, mut text } = verdict;
    for gate in &mut gates {
        gate.why = gate.why.replace("random fifth", "a random half");
    }
    if !unseen {
        let why = match trained_until {
            None => "This model was trained elsewhere, and nobody said until when (--trained-until).".to_owned(),
            Some(until) => format!(
                "This model was trained elsewhere with data until {}, and only {later} stored deals are later, too few to judge it by.",
                until.format("%Y-%m-%d %H:%M UTC")
            ),
        };
        let worth = "Every figure here may rest on deals that it had already seen, so none of them proves anything.";
        text = if clearance == Clearance::Refused {
            format!("{why} {worth} Even so: {text}")
        } else {
            clearance = Clearance::ScoresLeads;
            format!("{why} {worth} It scores leads; it does not route them.")
        };
    }
    Verdict { gates, clearance, text }
}

/// Judges one ensemble on several splits.
struct Judge<'a> {
    ensemble: &'a Ensemble,
    spec: &'a FeatureSpec,
    deals: &'a [&'a Deal],
    /// Deals, from the oldest, that the ensemble may have learned from.
    seen: u32,
    options: &'a TrainOptions,
    parameters: &'a Parameters,
}

impl Judge<'_> {
    /// The calibration that some deals teach, and how sure it is.
    fn calibrate(&self, study: &Study<'_>, index: &[usize]) -> Result<(Calibration, CurveError), TrainError> {
        let margins: Vec<f64> = index.iter().map(|&i| self.ensemble.margin(study.matrix.row(i)).into()).collect();
        let won: Vec<bool> = index.iter().map(|&i| self.deals[i].outcome == Outcome::Won).collect();
        let wins = won.iter().filter(|won| **won).count();
        let lost = won.len() - wins;
        let prior = &Prior::VAGUE;
        let calibration = Calibration::fit(&margins, &won, prior).ok_or(TrainError::OneOutcome { won: wins, lost })?;
        Ok((calibration, CurveError::bootstrap(&margins, &won, prior, self.parameters.seed)))
    }

    /// Calibrated on the older half, judged on the newer one with what was known before it began.
    fn out_of_time(&mut self, window: &[usize], watch: &mut Watch<'_>) -> Result<Evaluation, TrainError> {
        let (older, newer) = window.split_at(window.len() / 2);
        let begin = newer[0];
        let cut = self.deals[begin].facts.created_at;
        let is_known = |i: &usize| self.deals[*i].closed_at < cut || self.deals[*i].closed_assumed;
        let known: Vec<usize> = (0..begin).filter(is_known).collect();
        let won = known.iter().filter(|&&i| self.deals[i].outcome == Outcome::Won).count();
        if known.len() < MIN_DEALS / 2 || won == 0 || won == known.len() {
            return Err(TrainError::NothingKnownBefore { known: known.len(), cut });
        }
        let older: Vec<usize> = older.iter().copied().filter(is_known).collect();
        let mut evaluation = self.judge(&known, &older, newer, true, watch)?;
        evaluation.embargoed_deals = (begin - known.len()) as u32;
        evaluation.assumed_known_deals = known.iter().filter(|&&i| self.deals[i].closed_at >= cut).count() as u32;
        Ok(evaluation)
    }

    /// Calibrated on a random half of the wins and of the losses, judged on the others.
    fn stratified(&mut self, window: &[usize], watch: &mut Watch<'_>) -> Result<Evaluation, TrainError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.parameters.seed);
        let mut test = Vec::new();
        for outcome in [Outcome::Won, Outcome::Lost] {
            let mut of_outcome: Vec<usize> =
                window.iter().copied().filter(|&i| self.deals[i].outcome == outcome).collect();
            of_outcome.shuffle(&mut rng);
            of_outcome.truncate(of_outcome.len() / 2);
            test.extend(of_outcome);
        }
        test.sort_unstable();
        let others = |i: &usize| test.binary_search(i).is_err();
        let known: Vec<usize> = (0..self.deals.len()).filter(others).collect();
        let calibrate: Vec<usize> = window.iter().copied().filter(others).collect();
        self.judge(&known, &calibrate, &test, false, watch)
    }

    /// `frozen` judges rows as the scorer makes them; else as the sweep did, with what was known at each creation.
    fn judge(
        &mut self,
        known: &[usize],
        calibrate: &[usize],
        test: &[usize],
        frozen: bool,
        watch: &mut Watch<'_>,
    ) -> Result<Evaluation, TrainError> {
        let study = Study::with_spec(self.spec.clone(), self.deals, known, self.options);
        let (calibration, _) = self.calibrate(&study, calibrate)?;
        let trainer = Hessboost { threads: self.options.threads };
        let lead_only = study.fit_lead_only(&trainer, known, self.parameters, watch)?;
        let (mut p, mut without_rep, mut won) = (Vec::new(), Vec::new(), Vec::new());
        for &i in test {
            let row = if frozen { study.scored(self.deals[i]) } else { study.matrix.row(i).to_vec() };
            p.push(calibration.probability(self.ensemble.margin(&row).into()));
            without_rep.push(f64::from(lead_only.margin(&row[..lead_only.features])));
            won.push(self.deals[i].outcome == Outcome::Won);
        }
        let wins = won.iter().filter(|won| **won).count();
        let mut evaluation = Evaluation::of(&p, &without_rep, &won)
            .ok_or(TrainError::OneOutcome { won: wins, lost: won.len() - wins })?;
        evaluation.train_deals = self.seen;
        Ok(evaluation)
    }
}
