//! A trained model that ranks reps.

use serde::{Deserialize, Serialize};

use super::artifact::{self, ModelError, Parts};
use super::calibrate::Calibration;
use super::ensemble::Ensemble;
use super::evaluate::Z;
use super::explain::FactorMap;
use super::features::{Codes, FeatureSet, Uncertainty};
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

/// A model ready to score: immutable, cheap to share.
#[derive(Debug)]
pub struct Model {
    ensemble: Ensemble,
    calibration: Calibration,
    interval: IntervalModel,
    features: FeatureSet,
    uncertainty: Uncertainty,
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
        let Parts { ensemble, calibration, interval, features } = parts;
        let uncertainty = features.state.uncertainty();
        let factors = features.factors();
        let base = ensemble.expected_margin();
        Self { ensemble, calibration, interval, features, uncertainty, factors, base }
    }

    /// Reps with closed deals in the training history.
    pub fn known_reps(&self) -> usize {
        self.features.state.known_reps()
    }

    /// Log-odds of each rep before calibration, in the order given.
    pub fn margins(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<f32> {
        let codes = self.features.spec.encode(facts);
        let mut row = self.lead_row(&codes);
        reps.iter().map(|rep| self.margin(&codes, self.features.state.rep(rep), &mut row)).collect()
    }

    /// A row with the lead's columns filled; those of the rep follow for each rep in turn.
    fn lead_row(&self, codes: &Codes) -> Vec<f32> {
        let mut row = vec![f32::NAN; self.features.spec.columns.len()];
        self.features.state.write_lead(&self.features.spec, codes, &mut row);
        row
    }

    fn margin(&self, codes: &Codes, rep: Option<usize>, row: &mut [f32]) -> f32 {
        self.features.state.write_rep(&self.features.spec, codes, rep, row);
        self.ensemble.margin(row)
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
        let mut row = self.lead_row(&codes);
        let segment = self.segment_field(&codes);
        let lead_variance = self.interval.lead * state.lead_variance(&codes) + self.interval.floor;
        reps.iter()
            .map(|key| {
                let rep = state.rep(key);
                let margin = f64::from(self.margin(&codes, rep, &mut row));
                let rep_variance = self.interval.rep * state.rep_variance(&self.uncertainty, &codes, rep);
                let half = Z * (rep_variance + lead_variance).sqrt();
                RepScore {
                    p_win: self.calibration.probability(margin),
                    interval: Interval {
                        low: self.calibration.probability(margin - half),
                        high: self.calibration.probability(margin + half),
                    },
                    support: state.support(&codes, rep, segment),
                }
            })
            .collect()
    }

    fn explain(&self, facts: &LeadFacts, rep: &RepKey) -> Explanation {
        let state = &self.features.state;
        let codes = self.features.spec.encode(facts);
        let mut row = self.lead_row(&codes);
        state.write_rep(&self.features.spec, &codes, state.rep(rep), &mut row);
        let contributions = self.ensemble.contributions(&row);
        Explanation { base: self.base, factors: self.factors.group(&contributions, facts) }
    }

    fn segment(&self, facts: &LeadFacts) -> String {
        let codes = self.features.spec.encode(facts);
        let Some(index) = self.segment_field(&codes) else { return "all deals".into() };
        let field = &self.features.spec.fields[index];
        format!("{} {}", field.fact.label(), field.level_name(codes.fields[index]).unwrap_or_default())
    }
}
