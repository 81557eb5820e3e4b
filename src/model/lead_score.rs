//! How good a lead is, whoever works it.
//!
//! The probability is that of the model's own forest for a rep without any history, calibrated for this use on held-out
//! deals, whoever had worked those: "won, if it goes to somebody". It knows no pool and no names, so it does not move
//! when a rep goes on leave, and it is never compared with a `p_win`.
//!
//! The score is where that probability stands among the leads of the training deals: 80 means better than 80 of 100 of
//! them. So it uses the whole range in every company, and "above 80" is the best fifth.

use serde::{Deserialize, Serialize};

use super::calibrate::{Calibration, Prior};
use super::interval::CurveError;

/// Steps of the score.
const STEPS: usize = 100;

/// What turns the margin of a rep without history into a lead score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadScale {
    /// From that margin to the probability that the lead is won, whoever works it.
    calibration: Calibration,
    /// How sure that curve is.
    curve: CurveError,
    /// Margins of the training deals' leads at each hundredth, ascending: 101 of them.
    hundredths: Vec<f64>,
    /// Training deals that the scale was made of.
    deals: u32,
}

impl LeadScale {
    /// From held-out deals (`margins`, `won`), and the margins of the training deals as live scoring makes them.
    /// `None` if either cannot tell anything.
    pub fn new(margins: &[f64], won: &[bool], mut of_training: Vec<f64>, seed: u64) -> Option<Self> {
        let calibration = Calibration::fit(margins, won, &Prior::VAGUE)?;
        let last = of_training.len().checked_sub(1)?;
        of_training.sort_by(f64::total_cmp);
        let hundredths = (0..=STEPS).map(|i| of_training[(i * last).div_ceil(STEPS)]).collect();
        let deals = of_training.len() as u32;
        Some(Self { calibration, curve: CurveError::bootstrap(margins, won, &Prior::VAGUE, seed), hundredths, deals })
    }

    /// 0 to 100: how many of 100 training deals had a lead no better than this one.
    pub fn score(&self, margin: f64) -> u8 {
        let at = &self.hundredths;
        // The first and the last of equal marks, so that a lead among many equals stands in their middle.
        let (first, end) = (at.partition_point(|m| *m < margin), at.partition_point(|m| *m <= margin));
        let place = if end > first { (first + end - 1) / 2 } else { first.saturating_sub(1) };
        place.min(STEPS) as u8
    }

    /// Probability that a lead with this margin is won, whoever works it.
    pub fn probability(&self, margin: f64) -> f64 {
        self.calibration.probability(margin)
    }

    /// Variance of the curve at this margin, in squared log-odds.
    pub(super) fn curve_variance(&self, margin: f64) -> f64 {
        self.curve.variance(margin)
    }

    /// Training deals that the scale was made of.
    pub const fn deals(&self) -> u32 {
        self.deals
    }

    pub(super) fn is_sound(&self) -> bool {
        self.calibration.is_sound()
            && self.curve.is_sound()
            && self.hundredths.len() == STEPS + 1
            && self.hundredths.iter().all(|m| m.is_finite())
            && self.hundredths.is_sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(of_training: Vec<f64>) -> LeadScale {
        let margins: Vec<f64> = (0..600).map(|i| f64::from(i) / 200.0 - 2.5).collect();
        let won: Vec<bool> = (0..600).map(|i| (i * 7) % 10 < 1 + i / 120).collect();
        LeadScale::new(&margins, &won, of_training, 1).unwrap()
    }

    #[test]
    fn the_score_is_the_share_of_training_leads_that_are_no_better() {
        let scale = scale((0..1_000).map(|i| f64::from(i) / 1_000.0).collect());
        assert_eq!((scale.score(-1.0), scale.score(2.0)), (0, 100));
        for (margin, score) in [(0.255, 25), (0.504, 50), (0.805, 80)] {
            assert_eq!(scale.score(margin), score, "{margin}");
        }
        let scores: Vec<u8> = (0..200).map(|i| scale.score(f64::from(i) / 200.0)).collect();
        assert!(scores.is_sorted() && scale.is_sound() && scale.deals() == 1_000);
    }

    #[test]
    fn one_lead_among_equals_is_an_ordinary_one() {
        let scale = scale(vec![0.3; 500]);
        assert_eq!((scale.score(0.2), scale.score(0.3), scale.score(0.4)), (0, 50, 100));
    }

    #[test]
    fn the_probability_rises_with_the_margin_and_stays_one() {
        let scale = scale((0..100).map(f64::from).collect());
        assert!(scale.probability(-2.0) < scale.probability(0.0) && scale.probability(9.0) < 1.0);
    }
}
