//! A trained model that ranks reps.

use super::artifact::{self, ModelError, Parts};
use super::calibrate::Calibration;
use super::drift::Baseline;
use super::ensemble::{Ensemble, Explainers};
use super::explain::{FactorMap, Scratch};
use super::features::{Codes, FeatureSet, Uncertainty};
use super::interval::{self, IntervalModel};
use super::shrink::Shrinkage;
use super::train::Findings;
use super::{Difference, Explanation, LeadChance, RepScore, Scorer};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;

/// A model ready to score: immutable, cheap to share.
#[derive(Debug)]
pub struct Model {
    ensemble: Ensemble,
    calibration: Calibration,
    interval: IntervalModel,
    features: FeatureSet,
    drift: Option<Baseline>,
    uncertainty: Uncertainty,
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
        let uncertainty = features.state.uncertainty();
        let factors = features.factors();
        let explainers = ensemble.explainers();
        Self { ensemble, calibration, interval, features, drift, uncertainty, factors, explainers, findings }
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
        let mut row = self.lead_row(&codes);
        reps.iter().map(|rep| self.margin(&codes, self.features.state.rep(rep), &mut row)).collect()
    }

    /// A row with the lead's columns filled; those of the rep follow for each rep in turn.
    fn lead_row(&self, codes: &Codes) -> Vec<f32> {
        let mut row = vec![f32::NAN; self.features.spec.columns.len()];
        self.features.state.write_lead(&self.features.spec, codes, &mut row);
        row
    }

    /// A whole row of one rep.
    fn row(&self, codes: &Codes, rep: Option<usize>) -> Vec<f32> {
        let mut row = self.lead_row(codes);
        self.features.state.write_rep(&self.features.spec, codes, rep, &mut row);
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
        let of_lead = self.interval.of_lead(state.lead_variance(&codes));
        reps.iter()
            .map(|key| {
                let rep = state.rep(key);
                let margin = f64::from(self.margin(&codes, rep, &mut row));
                let rep_variance = state.rep_variance(&self.uncertainty, &codes, rep);
                let p_win = self.calibration.probability(margin);
                RepScore {
                    p_win,
                    interval: self.interval.around(p_win, margin, rep_variance, of_lead),
                    support: state.support(&codes, rep, segment),
                }
            })
            .collect()
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
