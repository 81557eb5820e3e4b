//! A trained model that ranks reps.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::artifact::{self, ModelError, Parts};
use super::bit_forest::{BitForest, Scratch};
use super::calibrate::Calibration;
use super::evaluate::Z;
use super::explain::{self, FactorMap};
use super::features::{Codes, Covariances, FeatureSet, Scope};
use super::forest::Forest;
use super::pool::{Pool, Pools};
use super::{Explanation, RepScore, Scorer};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;
use crate::domain::ranking::Interval;

/// How wide the interval of a probability is, in log-odds: the variance of the margin around the truth is
/// `rep * v_rep + lead * v_lead + floor`, with `v_rep` the posterior variance of the rep's advantage on this lead and
/// `v_lead` that of the lead's own log-odds.
///
/// It covers what is not known about the true probability, not whether this one lead is won. The coefficients were
/// chosen on generated companies whose true probabilities are known; on four others, the nominal 95 % covered 91 to
/// 94 % of the true probabilities with 12,000 deals, and only 72 to 95 % with 3,000: the error of the calibration curve
/// itself is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalModel {
    /// Weight of the rep's variance.
    pub rep: f64,
    /// Weight of the lead's variance.
    pub lead: f64,
    /// What even much data leaves open, squared log-odds.
    pub floor: f64,
}

impl IntervalModel {
    pub(super) fn is_sound(&self) -> bool {
        [self.rep, self.lead, self.floor].iter().all(|v| v.is_finite() && *v >= 0.0)
    }
}

/// Memory that scoring a lead needs; each thread keeps its own from one lead to the next.
#[derive(Default)]
struct Desk {
    scratch: Scratch,
    lead: Vec<f32>,
    pairs: Vec<f32>,
    margins: Vec<f32>,
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
    /// The forest as explanations walk it, and the same as scores come out of it.
    forest: Forest,
    bit_forest: BitForest,
    calibration: Calibration,
    interval: IntervalModel,
    features: FeatureSet,
    covariances: Covariances,
    pools: Pools,
    factors: FactorMap,
    /// Margin of the average training deal.
    base: f64,
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
        let Parts { forest, calibration, interval, features } = parts;
        let scopes: Vec<Scope> = features.spec.columns.iter().map(|column| column.scope).collect();
        let bit_forest = BitForest::new(&forest, &scopes);
        let covariances = Covariances::new(&features.state.uncertainty());
        let factors = features.factors();
        let base = explain::expected_margin(&forest);
        let pools = Pools::default();
        Self { forest, bit_forest, calibration, interval, features, covariances, pools, factors, base }
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
        self.pools.of(reps, &self.features, &self.bit_forest)
    }

    /// The margins of a lead with every rep of a pool.
    fn fill_margins(&self, codes: &Codes, pool: &Pool, desk: &mut Desk) {
        let FeatureSet { spec, state } = &self.features;
        let Desk { scratch, lead, pairs, margins, .. } = desk;
        lead.resize(spec.lead_columns(), f32::NAN);
        state.write_lead(spec, codes, lead);
        let pair_columns = spec.columns.iter().filter(|column| column.scope == Scope::Pair).count();
        pairs.resize(pair_columns * pool.table.len(), f32::NAN);
        state.write_pairs(spec, codes, &pool.features, pairs);
        margins.resize(pool.table.len(), 0.0);
        self.bit_forest.margins(lead, &pool.table, pairs, scratch, margins);
    }

    /// A row of the forest, for explanations.
    fn row(&self, codes: &Codes, rep: &RepKey) -> Vec<f32> {
        let FeatureSet { spec, state } = &self.features;
        let mut row = vec![f32::NAN; spec.columns.len()];
        state.write_lead(spec, codes, &mut row);
        state.write_rep(spec, codes, state.rep(rep), &mut row);
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
        let lead_variance = self.interval.lead * state.lead_variance(&codes) + self.interval.floor;
        let supports = state.supports(&codes, &pool.features, self.segment_field(&codes));
        DESK.with_borrow_mut(|desk| {
            self.fill_margins(&codes, &pool, desk);
            state.write_variances(&self.covariances, &codes, &pool.features, &mut desk.variances);
            let scores = desk.margins.iter().zip(&desk.variances).zip(supports);
            scores
                .map(|((margin, variance), support)| {
                    let margin = f64::from(*margin);
                    let half = Z * (self.interval.rep * f64::from(*variance) + lead_variance).max(0.0).sqrt();
                    RepScore {
                        p_win: self.calibration.probability(margin),
                        interval: Interval {
                            low: self.calibration.probability(margin - half),
                            high: self.calibration.probability(margin + half),
                        },
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
        let row = self.row(&codes, rep);
        let contributions = explain::contributions(&self.forest, &row);
        Explanation { base: self.base, factors: self.factors.group(&contributions, facts) }
    }

    fn segment(&self, facts: &LeadFacts) -> String {
        let codes = self.features.spec.encode(facts);
        let Some(index) = self.segment_field(&codes) else { return "all deals".into() };
        let field = &self.features.spec.fields[index];
        format!("{} {}", field.fact.label(), field.level_name(codes.fields[index]).unwrap_or_default())
    }
}
