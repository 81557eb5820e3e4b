//! What else the held-out deals of a study tell: how sure the calibration curve is, how much of the differences between
//! reps is real, and how good leads are whoever works them.

use serde::{Deserialize, Serialize};

use super::study::{Fitted, Study};
use crate::domain::deal::Deal;
use crate::model::interval::{CurveError, IntervalModel};
use crate::model::lead_score::LeadScale;
use crate::model::shrink::Shrinkage;

/// At most so many training deals make the scale of the lead score, evenly spread over time.
const MAX_SCALE_DEALS: usize = 20_000;

/// See the [module](self). Stored with the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::model) struct Findings {
    /// Shrinkage of picks.
    pub(in crate::model) shrinkage: Shrinkage,
    /// Scale of the lead score.
    pub(in crate::model) lead: LeadScale,
}

impl Findings {
    pub(in crate::model) fn is_sound(&self) -> bool {
        self.shrinkage.is_sound() && self.lead.is_sound()
    }
}

/// `deals` are those of the study, in its order. The findings are `None` where the held-out deals allow none.
pub(super) fn find(
    study: &Study<'_>,
    fitted: &Fitted,
    deals: &[&Deal],
    seed: u64,
) -> (IntervalModel, Option<Findings>) {
    let held_out = &fitted.held_out;
    let curve = CurveError::bootstrap(&held_out.margins, &held_out.won, &fitted.prior, seed);
    let step = deals.len().div_ceil(MAX_SCALE_DEALS).max(1);
    let of_training = deals.iter().step_by(step).map(|deal| f64::from(fitted.forest.margin(&study.scored_lead(deal))));
    let p = |margins: &[f64]| -> Vec<f64> { margins.iter().map(|m| fitted.calibration.probability(*m)).collect() };
    let shrinkage = Shrinkage::measure(&p(&held_out.margins), &p(&held_out.without_rep), &held_out.won);
    let lead = LeadScale::new(&held_out.without_rep, &held_out.won, of_training.collect(), seed);
    (IntervalModel::new(curve), lead.map(|lead| Findings { shrinkage, lead }))
}
