//! Every metric of any scores: what `leadboard model evaluate` prints.

use serde::Serialize;

use super::{
    Estimate, InTheLarge, ReliabilityBin, ZTest, auc, brier, delong, expected_calibration_error, log_loss,
    paired_delong, reliability, reliability_equal_mass, roc, spiegelhalter,
};

/// How good one model's probabilities are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Deals.
    pub deals: u32,
    /// Of those, won.
    pub wins: u32,
    /// Discrimination, 95 % interval on the logit scale; absent without both outcomes.
    pub auc: Option<Estimate>,
    /// DeLong's variance of it; absent with fewer than two of an outcome.
    pub auc_variance: Option<f64>,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error, 10 bins of equal width.
    pub ece: f64,
    /// The same with 10 bins of about equally many deals.
    pub ece_equal_mass: f64,
    /// Spiegelhalter's test of calibration.
    pub spiegelhalter: Option<ZTest>,
    /// Wins promised and come.
    pub in_the_large: Option<InTheLarge>,
    /// The bins of `ece`.
    pub reliability: Vec<ReliabilityBin>,
    /// The ROC curve, thinned.
    pub roc: Vec<(f64, f64)>,
}

impl Metrics {
    /// Computes them all for probabilities in `0..=1`; there must be at least one.
    pub fn of(p: &[f64], won: &[bool]) -> Self {
        let bins = reliability(p, won);
        Self {
            deals: p.len() as u32,
            wins: won.iter().filter(|w| **w).count() as u32,
            auc: auc(p, won),
            auc_variance: delong(p, won).and_then(|d| d.variance),
            log_loss: log_loss(p, won),
            brier: brier(p, won),
            ece: expected_calibration_error(&bins),
            ece_equal_mass: expected_calibration_error(&reliability_equal_mass(p, won)),
            spiegelhalter: spiegelhalter(p, won),
            in_the_large: InTheLarge::of(p, won),
            reliability: bins,
            roc: roc(p, won),
        }
    }
}

/// Two models on the same deals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// `AUC(p) - AUC(p2)`, paired DeLong, normal 95 % interval.
    pub auc_difference: Estimate,
    /// Its z.
    pub z: Option<f64>,
    /// Two-sided p-value of "no difference".
    pub p_value: Option<f64>,
}

impl Comparison {
    /// `None` without both outcomes.
    pub fn of(p: &[f64], p2: &[f64], won: &[bool]) -> Option<Self> {
        let paired = paired_delong(p, p2, won)?;
        Some(Self { auc_difference: paired.estimate(), z: paired.z(), p_value: paired.p_value() })
    }
}
