//! A trained model that ranks reps.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::artifact::{self, ModelError, Parts};
use super::bit_forest::{self, BitForest};
use super::calibrate::Calibration;
use super::drift::Baseline;
use super::ensemble::{self, Ensemble, Explainers};
use super::explain::{FactorMap, Scratch};
use super::features::{Codes, Covariances, FeatureSet, Scope};
use super::interval::{self, IntervalModel};
use super::pool::{Pool, Pools};
use super::shrink::Shrinkage;
use super::train::Findings;
use super::{Difference, Explanation, LeadChance, RepScore, Scorer};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;

/// Memory that scoring a lead needs; each thread keeps its own from one lead to the next.
#[derive(Default)]
struct Desk {
    scratch: bit_forest::Scratch,
    lead: Vec<f32>,
    pairs: Vec<f32>,
    margins: Vec<f32>,
    /// Where several forests are averaged, the margins of one, and those of all: a run for each rep.
    of_one: Vec<f32>,
    of_all: Vec<f64>,
    variances: Vec<f32>,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// A batch smaller than this is not worth a thread.
const LEADS_PER_THREAD: usize = 64;

/// A model ready to score: its answers never change, and it is cheap to share.
#[derive(Debug)]
pub struct Model {
    /// The forests as explanations walk them, and the same as scores come out of them.
    ensemble: Ensemble,
    bit_forests: Vec<BitForest>,
    calibration: Calibration,
    interval: IntervalModel,
    features: FeatureSet,
    drift: Option<Baseline>,
    covariances: Covariances,
    pools: Pools,
    factors: FactorMap,
    explainers: Explainers,
    findings: Option<Findings>,
}

impl Model {
    /// Reads a model file that [`train`](super::train::train) made.
    ///
    /// # Errors
    /// A file that is something else, newer than this program or damaged is refused by name.
    pub fn from_artifact(text: &str) -> Result<Self, ModelError> {
        Ok(Self::new(artifact::read(text)?))
    }

    pub(super) fn new(parts: Parts) -> Self {
        let Parts { ensemble, calibration, interval, features, drift, findings } = parts;
        let scopes: Vec<Scope> = features.spec.columns.iter().map(|column| column.scope).collect();
        let bit_forests = ensemble.forests().iter().map(|forest| BitForest::new(forest, &scopes)).collect();
        let covariances = Covariances::new(&features.state.uncertainty());
        let factors = features.factors();
        let explainers = ensemble.explainers();
        Self {
            ensemble,
            bit_forests,
            calibration,
            interval,
            features,
            drift,
            covariances,
            pools: Pools::default(),
            factors,
            explainers,
            findings,
        }
    }

    /// What the deals looked like that it learned from; `None` for models of versions that did not keep it.
    pub fn drift_baseline(&self) -> Option<&Baseline> {
        self.drift.as_ref()
    }

    /// Reps with closed deals in the training history.
    pub fn known_reps(&self) -> usize {
        self.features.state.known_reps()
    }

    /// Log-odds of each rep before calibration, in the order given.
    pub fn margins(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<f32> {
        let codes = self.features.spec.encode(facts);
        let pool = self.pool(reps);
        DESK.with_borrow_mut(|desk| {
            self.fill_margins(&codes, &pool, desk);
            desk.margins.clone()
        })
    }

    fn pool(&self, reps: &[RepKey]) -> Arc<Pool> {
        self.pools.of(reps, &self.features, &self.bit_forests)
    }

    /// The margins of a lead with every rep of a pool.
    fn fill_margins(&self, codes: &Codes, pool: &Pool, desk: &mut Desk) {
        let FeatureSet { spec, state } = &self.features;
        let Desk { scratch, lead, pairs, margins, of_one, of_all, .. } = desk;
        let reps = pool.len();
        lead.resize(spec.lead_columns(), f32::NAN);
        state.write_lead(spec, codes, lead);
        let pair_columns = spec.columns.iter().filter(|column| column.scope == Scope::Pair).count();
        pairs.resize(pair_columns * reps, f32::NAN);
        state.write_pairs(spec, codes, &pool.features, pairs);
        margins.resize(reps, 0.0);
        if let ([forest], [table]) = (self.bit_forests.as_slice(), pool.tables.as_slice()) {
            return forest.margins(lead, table, pairs, scratch, margins);
        }
        let forests = self.bit_forests.len();
        of_one.resize(reps, 0.0);
        of_all.resize(reps * forests, 0.0);
        for (number, (forest, table)) in self.bit_forests.iter().zip(&pool.tables).enumerate() {
            forest.margins(lead, table, pairs, scratch, of_one);
            of_all.iter_mut().skip(number).step_by(forests).zip(&*of_one).for_each(|(to, of)| *to = f64::from(*of));
        }
        let all = of_all.chunks_exact(forests);
        margins.iter_mut().zip(all).for_each(|(to, of_rep)| *to = ensemble::pooled(of_rep) as f32);
    }

    /// A row of the forests, for explanations.
    fn row(&self, codes: &Codes, rep: Option<usize>) -> Vec<f32> {
        let FeatureSet { spec, state } = &self.features;
        let mut row = vec![f32::NAN; spec.columns.len()];
        state.write_lead(spec, codes, &mut row);
        state.write_rep(spec, codes, rep, &mut row);
        row
    }

    /// The field whose level makes deals "similar" for this lead: the first, in the order of the declaration, in which
    /// the lead has a level common enough to count.
    fn segment_field(&self, codes: &Codes) -> Option<usize> {
        let spec = &self.features.spec;
        spec.crossed().find(|(i, field)| (codes.fields[*i].slot as usize) < field.common.len()).map(|(i, _)| i)
    }
}

impl Scorer for Model {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let state = &self.features.state;
        let codes = self.features.spec.encode(facts);
        let pool = self.pool(reps);
        let of_lead = self.interval.of_lead(state.lead_variance(&codes));
        let supports = state.supports(&codes, &pool.features, self.segment_field(&codes));
        DESK.with_borrow_mut(|desk| {
            self.fill_margins(&codes, &pool, desk);
            state.write_variances(&self.covariances, &codes, &pool.features, &mut desk.variances);
            let scores = desk.margins.iter().zip(&desk.variances).zip(supports);
            scores
                .map(|((margin, variance), support)| {
                    let margin = f64::from(*margin);
                    let p_win = self.calibration.probability(margin);
                    RepScore {
                        p_win,
                        interval: self.interval.around(p_win, margin, f64::from(*variance).max(0.0), of_lead),
                        support,
                    }
                })
                .collect()
        })
    }

    fn score_many(&self, leads: &[(&LeadFacts, &[RepKey])]) -> Vec<Vec<RepScore>> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = cores.min(leads.len() / LEADS_PER_THREAD).max(1);
        let mut scores = vec![Vec::new(); leads.len()];
        let share = leads.len().div_ceil(threads).max(1);
        let work = |leads: &[(&LeadFacts, &[RepKey])], scores: &mut [Vec<RepScore>]| {
            for (scores, (facts, reps)) in scores.iter_mut().zip(leads) {
                *scores = self.score(facts, reps);
            }
        };
        let mut shares = leads.chunks(share).zip(scores.chunks_mut(share));
        let mine = shares.next();
        std::thread::scope(|scope| {
            for (leads, scores) in shares {
                scope.spawn(move || work(leads, scores));
            }
            if let Some((leads, scores)) = mine {
                work(leads, scores);
            }
        });
        scores
    }

    fn explain(&self, facts: &LeadFacts, rep: &RepKey) -> Explanation {
        let codes = self.features.spec.encode(facts);
        let row = self.row(&codes, self.features.state.rep(rep));
        let contributions = self.ensemble.contributions(&self.explainers, &row, &mut Scratch::default());
        Explanation { base: self.explainers.base(), factors: self.factors.group(&contributions, facts) }
    }

    fn difference(&self, facts: &LeadFacts, ours: &RepKey, theirs: &RepKey) -> Option<Difference> {
        let codes = self.features.spec.encode(facts);
        let reps = (self.features.state.rep(ours), self.features.state.rep(theirs));
        let columns = self.ensemble.difference(&self.row(&codes, reps.0), &self.row(&codes, reps.1));
        let contrasts = self.factors.contrast(&columns, &self.features, &codes, reps);
        Some(Difference { gap: columns.iter().sum(), contrasts })
    }

    fn lead_chance(&self, facts: &LeadFacts) -> Option<LeadChance> {
        let scale = &self.findings.as_ref()?.lead;
        let codes = self.features.spec.encode(facts);
        let row = self.row(&codes, None);
        let margin = f64::from(self.ensemble.margin(&row));
        let probability = scale.probability(margin);
        let of_lead = self.interval.of_lead(self.features.state.lead_variance(&codes));
        let contributions = self.ensemble.contributions(&self.explainers, &row, &mut Scratch::default());
        let mut factors = self.factors.group(&contributions, facts);
        // What a rep without history adds is the same for every lead, and says nothing about this one.
        factors.retain(|factor| factor.feature.starts_with("lead."));
        Some(LeadChance {
            score: scale.score(margin),
            probability,
            interval: interval::around(probability, of_lead + scale.curve_variance(margin)),
            deals: scale.deals(),
            factors,
        })
    }

    fn shrinkage(&self) -> Option<Shrinkage> {
        self.findings.as_ref().map(|findings| findings.shrinkage)
    }

    fn segment(&self, facts: &LeadFacts) -> String {
        let codes = self.features.spec.encode(facts);
        let Some(index) = self.segment_field(&codes) else { return "all deals".into() };
        let field = &self.features.spec.fields[index];
        format!("{} {}", field.fact.label(), field.level_name(codes.fields[index]).unwrap_or_default())
    }
}
