//! What the leads that a model learned from looked like. Stored with the model, bounded whatever the history.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::calibration::ClosingTimes;
use super::{facts, lead_score};
use crate::domain::deal::{Deal, Outcome};
use crate::model::Scorer;

/// Deals whose numbers are kept: those with the smallest lots.
const SAMPLE: usize = 2_000;
/// Values of one categorical fact that are counted by name; the rest are `other`.
const LEVELS: usize = 60;
/// Most facts of either kind that are kept, in the order of their keys.
const FACTS: usize = 60;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Deals learned from.
    pub deals: u32,
    /// Numeric facts.
    pub numeric: Vec<NumericBaseline>,
    /// Categorical facts.
    pub categorical: Vec<CategoricalBaseline>,
    /// What the model gives a rep without history on the sampled leads: one number for how good a lead is, whoever works
    /// it. Ascending.
    pub lead_scores: Vec<f32>,
    /// How long deals took to close; empty where the data has no closing dates.
    pub closing: ClosingTimes,
}

/// A numeric fact in the training deals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumericBaseline {
    /// Key, see [`facts`].
    pub fact: String,
    /// Deals that have it, of all.
    pub known: u32,
    /// Its values in the sampled deals, ascending.
    pub values: Vec<f32>,
}

/// A categorical fact in the training deals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoricalBaseline {
    /// Key, see [`facts`].
    pub fact: String,
    /// Deals that have it, of all.
    pub known: u32,
    /// The commonest values with their deals, by name.
    pub levels: BTreeMap<String, u32>,
}

impl Baseline {
    /// The baseline of these deals, in any order, for the model that learned from them.
    pub fn of<'a>(deals: impl IntoIterator<Item = &'a Deal>, model: &dyn Scorer) -> Self {
        let deals: Vec<&Deal> = deals.into_iter().collect();
        let mut lots: Vec<(u64, &str, &Deal)> =
            deals.iter().map(|deal| (facts::lot(deal.lead_id.as_str()), deal.lead_id.as_str(), *deal)).collect();
        lots.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let sample: Vec<&Deal> = lots.into_iter().take(SAMPLE).map(|(_, _, deal)| deal).collect();
        Self {
            deals: deals.len() as u32,
            numeric: numeric(&deals, &sample),
            categorical: categorical(&deals),
            lead_scores: sorted(sample.iter().map(|deal| lead_score(model, &deal.facts) as f32)),
            closing: closing(&sample),
        }
    }

    /// Whether a stored baseline is one that [`Self::of`] can have made.
    pub fn is_sound(&self) -> bool {
        let sample = |values: &[f32]| values.is_sorted() && values.iter().all(|v| v.is_finite());
        self.numeric.iter().all(|fact| sample(&fact.values) && fact.known <= self.deals)
            && self.categorical.iter().all(|fact| {
                fact.known <= self.deals
                    && fact.levels.values().map(|n| u64::from(*n)).sum::<u64>() <= fact.known.into()
            })
            && sample(&self.lead_scores)
            && self.closing.is_sound()
    }
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    values.sort_unstable_by(f32::total_cmp);
    values
}

fn numeric(deals: &[&Deal], sample: &[&Deal]) -> Vec<NumericBaseline> {
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    for (key, _) in deals.iter().flat_map(|deal| facts::numeric(&deal.facts)) {
        *known.entry(key).or_default() += 1;
    }
    let mut values: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    for (key, value) in sample.iter().flat_map(|deal| facts::numeric(&deal.facts)) {
        values.entry(key).or_default().push(value);
    }
    let of = |(fact, known): (String, u32)| {
        let values = sorted(values.remove(&fact).unwrap_or_default().into_iter());
        NumericBaseline { fact, known, values }
    };
    known.into_iter().take(FACTS).map(of).collect()
}

fn categorical(deals: &[&Deal]) -> Vec<CategoricalBaseline> {
    let mut counts: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for (key, value) in deals.iter().flat_map(|deal| facts::categorical(&deal.facts)) {
        *counts.entry(key).or_default().entry(value).or_default() += 1;
    }
    let of = |(fact, levels): (String, BTreeMap<String, u32>)| {
        let known = levels.values().sum();
        CategoricalBaseline { fact, known, levels: commonest(levels, LEVELS) }
    };
    counts.into_iter().take(FACTS).map(of).collect()
}

/// The so many commonest; of equally common ones, the first by name.
pub(super) fn commonest(levels: BTreeMap<String, u32>, limit: usize) -> BTreeMap<String, u32> {
    if levels.len() <= limit {
        return levels;
    }
    let ordered: BTreeSet<(std::cmp::Reverse<u32>, String)> =
        levels.into_iter().map(|(name, n)| (std::cmp::Reverse(n), name)).collect();
    ordered.into_iter().take(limit).map(|(n, name)| (name, n.0)).collect()
}

fn closing(sample: &[&Deal]) -> ClosingTimes {
    let times = |outcome: Outcome| {
        let dated = sample.iter().filter(|deal| deal.outcome == outcome && !deal.closed_assumed);
        sorted(dated.map(|deal| ((deal.closed_at - deal.facts.created_at).num_seconds().max(0) as f64 / DAY) as f32))
    };
    ClosingTimes { won: times(Outcome::Won), lost: times(Outcome::Lost) }
}
