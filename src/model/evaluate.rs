//! How good predicted probabilities are: discrimination (AUC with DeLong's variance), calibration (Brier score, log
//! loss, calibration errors, calibration in the large), and the curves behind the numbers. Each function names its
//! formula and source; `.ci/model/metrics.py` compares all of them with scikit-learn, scipy and others.

mod auc;
mod calibration;
mod curves;
mod metrics;
mod normal;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use auc::{DeLong, PairedDeLong, auc, auc_difference, delong, paired_delong};
pub use calibration::{
    BINS, InTheLarge, ReliabilityBin, ZTest, brier, expected_calibration_error, log_loss, reliability,
    reliability_equal_mass, spiegelhalter, win_limits,
};
pub use curves::roc;
pub use metrics::{Comparison, Metrics};
pub use normal::two_sided;

use super::train::Baselines;
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::RepKey;

/// 97.5 % quantile of the standard normal distribution.
pub const Z: f64 = 1.959_963_984_540_054;

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Calibration in the large of one rep's deals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepCalibration {
    /// The rep.
    pub rep: RepKey,
    /// Wins promised and come.
    #[serde(flatten)]
    pub wins: InTheLarge,
}

/// When the leads of a set of deals were created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first.
    pub from: DateTime<Utc>,
    /// The last.
    pub to: DateTime<Utc>,
}

impl Period {
    fn of(deals: &[&Deal]) -> Option<Self> {
        let created = || deals.iter().map(|deal| deal.facts.created_at);
        Some(Self { from: created().min()?, to: created().max()? })
    }
}

/// What one held-out set says about a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Deals the model learned from.
    pub train_deals: u32,
    /// Deals left out of both sides, because their outcome was not known yet when the held-out time began.
    pub embargoed_deals: u32,
    /// Deals it learned from although their assumed closing lies in the held-out time.
    pub assumed_known_deals: u32,
    /// Deals it was judged on.
    pub test_deals: u32,
    /// Of those, won.
    pub test_wins: u32,
    /// When the leads it learned from were created. Absent on older cards.
    #[serde(default)]
    pub train_period: Option<Period>,
    /// When the leads it was judged on were created.
    #[serde(default)]
    pub test_period: Option<Period>,
    /// Discrimination, DeLong interval on the logit scale.
    pub auc: Estimate,
    /// The same without any knowledge of reps.
    pub lead_only_auc: Estimate,
    /// What knowing the rep adds: paired DeLong, normal interval.
    pub rep_gain: Estimate,
    /// Mean squared error.
    pub brier: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Expected calibration error, 10 bins of equal width.
    pub ece: f64,
    /// The same with 10 bins of about equally many deals.
    #[serde(default)]
    pub ece_equal_mass: Option<f64>,
    /// Spiegelhalter's test of calibration.
    #[serde(default)]
    pub spiegelhalter: Option<ZTest>,
    /// Wins promised and come.
    #[serde(default)]
    pub in_the_large: Option<InTheLarge>,
    /// The same by rep, most deals first.
    #[serde(default)]
    pub by_rep: Vec<RepCalibration>,
    /// The bins.
    pub reliability: Vec<ReliabilityBin>,
    /// The ROC curve, thinned.
    pub roc: Vec<(f64, f64)>,
    /// Simpler models on the same deals; not in cards of older versions.
    #[serde(default)]
    pub baselines: Option<Baselines>,
}

impl Evaluation {
    /// Judges calibrated probabilities; `None` without both outcomes. The counts of training deals are filled in by the
    /// caller.
    pub fn of(p: &[f64], lead_only: &[f64], won: &[bool]) -> Option<Self> {
        let bins = reliability(p, won);
        Some(Self {
            train_deals: 0,
            embargoed_deals: 0,
            assumed_known_deals: 0,
            test_deals: p.len() as u32,
            test_wins: won.iter().filter(|w| **w).count() as u32,
            train_period: None,
            test_period: None,
            auc: auc(p, won)?,
            lead_only_auc: auc(lead_only, won)?,
            rep_gain: auc_difference(p, lead_only, won)?,
            brier: brier(p, won),
            log_loss: log_loss(p, won),
            ece: expected_calibration_error(&bins),
            ece_equal_mass: Some(expected_calibration_error(&reliability_equal_mass(p, won))),
            spiegelhalter: spiegelhalter(p, won),
            in_the_large: InTheLarge::of(p, won),
            by_rep: Vec::new(),
            reliability: bins,
            roc: roc(p, won),
            baselines: None,
        })
    }

    /// Fills in what needs the deals themselves: periods, and calibration by rep of the probabilities `p` of `test`.
    #[must_use]
    pub fn about(self, train: &[&Deal], test: &[&Deal], p: &[f64]) -> Self {
        let mut by_rep: std::collections::BTreeMap<&RepKey, (Vec<f64>, Vec<bool>)> = std::collections::BTreeMap::new();
        for (deal, p) in test.iter().zip(p) {
            let (ps, won) = by_rep.entry(&deal.rep).or_default();
            ps.push(*p);
            won.push(deal.outcome == Outcome::Won);
        }
        let mut by_rep: Vec<RepCalibration> = by_rep
            .into_iter()
            .filter_map(|(rep, (p, won))| Some(RepCalibration { rep: rep.clone(), wins: InTheLarge::of(&p, &won)? }))
            .collect();
        by_rep.sort_by(|a, b| b.wins.deals.cmp(&a.wins.deals).then_with(|| a.rep.cmp(&b.rep)));
        Self { train_period: Period::of(train), test_period: Period::of(test), by_rep, ..self }
    }

    /// Lost deals among those it was judged on.
    pub fn test_losses(&self) -> u32 {
        self.test_deals.saturating_sub(self.test_wins)
    }
}
