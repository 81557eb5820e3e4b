//! How good a lead is whoever works it: an additive logistic model over the levels of all categorical fields, learned
//! online, one closed deal at a time.
//!
//! Every level has a Gaussian belief about its log-odds effect; a deal updates the beliefs of its levels by one step
//! of the extended Kalman filter with a diagonal covariance (the assumed-density filtering of Graepel, Candela,
//! Borchert & Herbrich 2010 with a logistic likelihood). Cheap, causal by construction, and a rare level stays near 0.

use serde::{Deserialize, Serialize};

use super::spec::{Code, FeatureSpec};

/// Prior variance of the log-odds effect of a level.
const LEVEL_VARIANCE: f64 = 0.3;
/// Prior mean and variance of the intercept: about one deal in four is won.
const INTERCEPT: Belief = Belief { mean: -1.1, variance: 1.0 };

/// A Gaussian belief about one weight, in log-odds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Belief {
    mean: f64,
    variance: f64,
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Baseline {
    intercept: Belief,
    /// By field, then level (the pooled level and missing included).
    levels: Vec<Vec<Belief>>,
}

impl Baseline {
    pub(super) fn new(spec: &FeatureSpec) -> Self {
        let prior = Belief { mean: 0.0, variance: LEVEL_VARIANCE };
        let levels = spec.fields.iter().map(|field| vec![prior; field.level_count()]).collect();
        Self { intercept: INTERCEPT, levels }
    }

    fn active<'a>(&'a self, codes: &'a [Code]) -> impl Iterator<Item = &'a Belief> {
        let levels = self.levels.iter().zip(codes).map(|(levels, code)| &levels[code.level as usize]);
        std::iter::once(&self.intercept).chain(levels)
    }

    /// Mean and variance of the lead's log-odds.
    pub(super) fn predict(&self, codes: &[Code]) -> (f64, f64) {
        self.active(codes).fold((0.0, 0.0), |(mean, variance), b| (mean + b.mean, variance + b.variance))
    }

    /// Win probability of a lead with the uncertainty integrated out (MacKay's approximation of the logistic-normal).
    pub(super) fn probability(&self, codes: &[Code]) -> f64 {
        let (mean, variance) = self.predict(codes);
        sigmoid(mean / (1.0 + std::f64::consts::PI * variance / 8.0).sqrt())
    }

    /// Learns from one closed deal.
    pub(super) fn learn(&mut self, codes: &[Code], won: bool) {
        let (_, variance) = self.predict(codes);
        let p = self.probability(codes);
        let information = p * (1.0 - p);
        let gain = 1.0 / (1.0 + information * variance);
        let error = f64::from(u8::from(won)) - p;
        let step = |belief: &mut Belief| {
            belief.mean += belief.variance * error * gain;
            belief.variance -= belief.variance * belief.variance * information * gain;
        };
        step(&mut self.intercept);
        for (levels, code) in self.levels.iter_mut().zip(codes) {
            step(&mut levels[code.level as usize]);
        }
    }

    /// Whether the stored state fits the declaration.
    pub(super) fn fits(&self, spec: &FeatureSpec) -> bool {
        self.levels.len() == spec.fields.len()
            && self.levels.iter().zip(&spec.fields).all(|(levels, field)| levels.len() == field.level_count())
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
