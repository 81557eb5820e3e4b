//! What it is worth that a rep gets a lead: the probability that it is won, allowing for the winner's curse, times the
//! weight of the deal's size. The unit is a deal of weight 1; [`super::assignment`] and [`super::price`] count in
//! billionths of it.

use serde::{Deserialize, Serialize};

use super::assignment::nano;

/// What a manager can set about value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValueSettings {
    /// Weights by expected amount. An amount has the weight of the highest step that it reaches, and 1 below all steps or
    /// when it is unknown.
    pub amounts: Vec<Step>,
}

/// From an amount on, deals count so many times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Expected amount, in the currency of the org.
    pub from: f64,
    /// Times.
    pub weight: f64,
}

impl Default for ValueSettings {
    fn default() -> Self {
        Self { amounts: vec![Step { from: 10_000.0, weight: 2.0 }, Step { from: 100_000.0, weight: 3.0 }] }
    }
}

impl ValueSettings {
    /// How many times a deal of this amount counts.
    pub fn weight(&self, amount: Option<f64>) -> f64 {
        let reached = self.amounts.iter().filter(|step| amount.is_some_and(|amount| amount >= step.from));
        reached.max_by(|a, b| a.from.total_cmp(&b.from)).map_or(1.0, |step| step.weight)
    }

    /// What is wrong with the settings, for the person who wrote them.
    pub fn problem(&self) -> Option<String> {
        let bad = |step: &&Step| !(step.from.is_finite() && (0.0..=1_000.0).contains(&step.weight));
        let step = self.amounts.iter().find(bad)?;
        Some(format!("from {} with weight {}: weights are between 0 and 1000", step.from, step.weight))
    }
}

/// What a rep is worth to a lead, and what that is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// What to expect of the probability that this rep wins: it is drawn towards the mean of the pool.
    pub expected: f64,
    /// How many times the deal counts.
    pub weight: f64,
    /// The product, in billionths of a deal.
    pub value: i64,
}

/// The worth of each rep of a pool. `p_win` are their calibrated probabilities, `kept` the share of the differences
/// between reps that is real (the model measures it; 1 where it does not know), `weight` that of the amount.
///
/// Where several are compared, the best of many noisy numbers is less good than it looks: `mean + kept (p - mean)` is what
/// to expect of it. The order of the reps is that of `p_win`, unless nothing is kept.
pub fn worth(p_win: &[f64], kept: f64, weight: f64) -> Vec<Worth> {
    let mean = p_win.iter().sum::<f64>() / p_win.len().max(1) as f64;
    let kept = if kept.is_finite() { kept.clamp(0.0, 1.0) } else { 1.0 };
    p_win
        .iter()
        .map(|p| {
            let expected = mean + kept * (p - mean);
            Worth { expected, weight, value: nano(expected * weight) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_has_the_weight_of_the_highest_step_it_reaches() {
        let settings = ValueSettings::default();
        let weights = [None, Some(9_999.0), Some(10_000.0), Some(1e6)].map(|amount| settings.weight(amount));
        assert!(weights.iter().zip([1.0, 1.0, 2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{weights:?}");
        let none = ValueSettings { amounts: vec![] };
        assert!((none.weight(Some(1e9)) - 1.0).abs() < 1e-12);
        let read: ValueSettings =
            toml::from_str("amounts = [{ from = 5e4, weight = 1.5 }, { from = 0, weight = 0.5 }]").unwrap();
        assert!((read.weight(Some(7e4)) - 1.5).abs() < 1e-12 && (read.weight(Some(7.0)) - 0.5).abs() < 1e-12);
        assert_eq!((read.problem(), settings.problem()), (None, None));
        let bad: ValueSettings = toml::from_str("amounts = [{ from = 1, weight = -2 }]").unwrap();
        assert_eq!(bad.problem().unwrap(), "from 1 with weight -2: weights are between 0 and 1000");
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_probabilities(
            p in proptest::collection::vec(0.0f64..=1.0, 1..40), kept in 0.0f64..=1.0, weight in 0.0f64..5.0,
        ) {
            let worth = worth(&p, kept, weight);
            for (a, pa) in worth.iter().zip(&p) {
                prop_assert!((-1e-12..=1.0 + 1e-12).contains(&a.expected));
                for (b, pb) in worth.iter().zip(&p) {
                    prop_assert!(pa > pb || a.value <= b.value);
                }
            }
        }
    }
}
