//! One day of leads and outcomes, in so little space that years can be kept, and several days put together as if they had
//! been read at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::baseline::commonest;
use super::{facts, lead_score};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, ModelId};
use crate::model::Scorer;

/// Leads of a day whose numbers are kept.
pub const SAMPLE: usize = 400;
/// Values of one categorical fact that a day counts by name.
const LEVELS: usize = 100;
/// Facts of either kind that a day keeps.
const FACTS: usize = 60;

/// The leads that were received on one day (UTC). Counts are of all of them; numbers are of the [`SAMPLE`] leads with the
/// smallest lots, in the order of their lots, so that any first part of a list is itself a fair sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Leads {
    /// Leads received.
    pub leads: u32,
    /// Numeric facts by key.
    pub numeric: BTreeMap<String, NumericDay>,
    /// Categorical facts by key.
    pub categorical: BTreeMap<String, CategoricalDay>,
    /// How good the sampled leads are by the model that ranked then.
    pub lead_scores: Option<LeadScores>,
    /// The `p_win` that was shown for the first rep of each ranked lead: how many, and their sum.
    pub best: (u32, f64),
}

/// A numeric fact on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NumericDay {
    /// Leads that have it, of all.
    pub known: u32,
    /// Its values in the sampled leads.
    pub values: Vec<f32>,
}

/// A categorical fact on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CategoricalDay {
    /// Leads that have it, of all.
    pub known: u32,
    /// The commonest values with their leads.
    pub levels: BTreeMap<String, u32>,
}

/// Probabilities of a rep without history on the sampled leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadScores {
    /// The model that gave them.
    pub model: ModelId,
    /// One for each sampled lead.
    pub values: Vec<f32>,
}

/// A lead whose deal closed, with the probability that was shown for whoever worked it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matured {
    /// When the lead was created.
    pub created_at: DateTime<Utc>,
    /// `p_win` at ranking.
    pub p: f64,
    /// Whether it was won.
    pub won: bool,
    /// Puts leads that were created at the same moment in an order that has nothing to do with how they ended.
    lot: u64,
}

impl Matured {
    /// A lead of this id that was created then, was given this chance, and so ended.
    pub fn new(id: &LeadId, created_at: DateTime<Utc>, p: f64, won: bool) -> Self {
        Self { created_at, p, won, lot: facts::lot(id.as_str()) }
    }

    /// The order of time.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        (self.created_at, self.lot).cmp(&(other.created_at, other.lot))
    }
}

/// Gathers the leads of one day, in any order, each once.
#[derive(Debug, Default)]
pub struct Gather {
    leads: u32,
    known: BTreeMap<String, u32>,
    categorical: BTreeMap<String, BTreeMap<String, u32>>,
    sample: BTreeMap<(u64, LeadId), LeadFacts>,
    best: (u32, f64),
}

impl Gather {
    /// Takes one lead; `best` is the `p_win` of the first rep of its ranking.
    pub fn push(&mut self, id: LeadId, facts: LeadFacts, best: Option<f64>) {
        self.leads += 1;
        for (key, _) in facts::numeric(&facts) {
            *self.known.entry(key).or_default() += 1;
        }
        for (key, value) in facts::categorical(&facts) {
            *self.categorical.entry(key).or_default().entry(value).or_default() += 1;
        }
        if let Some(p) = best {
            self.best = (self.best.0 + 1, self.best.1 + p);
        }
        self.sample.insert((facts::lot(id.as_str()), id), facts);
        if self.sample.len() > SAMPLE {
            self.sample.pop_last();
        }
    }

    /// The day. `model` is the one that ranks, if there is one.
    pub fn finish(self, model: Option<(&ModelId, &dyn Scorer)>) -> Leads {
        let mut numeric: BTreeMap<String, NumericDay> = self
            .known
            .into_iter()
            .take(FACTS)
            .map(|(key, known)| (key, NumericDay { known, values: Vec::new() }))
            .collect();
        for (key, value) in self.sample.values().flat_map(facts::numeric) {
            if let Some(fact) = numeric.get_mut(&key) {
                fact.values.push(value);
            }
        }
        let categorical = self.categorical.into_iter().take(FACTS).map(|(key, levels)| {
            let known = levels.values().sum();
            (key, CategoricalDay { known, levels: commonest(levels, LEVELS) })
        });
        let lead_scores = model.map(|(model, scorer)| LeadScores {
            model: model.clone(),
            values: self.sample.values().map(|facts| lead_score(scorer, facts) as f32).collect(),
        });
        Leads { leads: self.leads, numeric, categorical: categorical.collect(), lead_scores, best: self.best }
    }
}

/// Several days put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Leads received.
    pub leads: u32,
    /// Numeric facts by key: leads that have it, and the sampled values, ascending.
    pub numeric: BTreeMap<String, (u32, Vec<f64>)>,
    /// Categorical facts by key.
    pub categorical: BTreeMap<String, CategoricalDay>,
    /// Lead scores by the asked model, ascending; of the days that were scored by it.
    pub lead_scores: Vec<f64>,
    /// See [`Leads::best`].
    pub best: (u32, f64),
}

impl Window {
    /// Puts days together, in any order. Where a day had more leads than it kept, every day gives the same share of its
    /// leads, so that busy days count for what they were.
    pub fn of<'a>(days: impl IntoIterator<Item = &'a Leads>, model: &ModelId) -> Self {
        let days: Vec<&Leads> = days.into_iter().filter(|day| day.leads > 0).collect();
        let kept = |day: &Leads| (f64::from(day.leads).min(SAMPLE as f64)) / f64::from(day.leads);
        let rate = days.iter().map(|day| kept(day)).fold(1.0, f64::min);
        let mut window = Self::default();
        for day in days {
            let share = rate / kept(day);
            let part = |values: &[f32]| {
                let n = (values.len() as f64 * share).round() as usize;
                values.iter().take(n).map(|v| f64::from(*v)).collect::<Vec<_>>()
            };
            window.leads += day.leads;
            window.best = (window.best.0 + day.best.0, window.best.1 + day.best.1);
            for (key, fact) in &day.numeric {
                let entry = window.numeric.entry(key.clone()).or_default();
                entry.0 += fact.known;
                entry.1.extend(part(&fact.values));
            }
            for (key, fact) in &day.categorical {
                let entry = window.categorical.entry(key.clone()).or_default();
                entry.known += fact.known;
                for (level, n) in &fact.levels {
                    *entry.levels.entry(level.clone()).or_default() += n;
                }
            }
            if let Some(scores) = day.lead_scores.as_ref().filter(|scores| &scores.model == model) {
                window.lead_scores.extend(part(&scores.values));
            }
        }
        window.numeric.values_mut().for_each(|(_, values)| values.sort_by(f64::total_cmp));
        window.lead_scores.sort_by(f64::total_cmp);
        window
    }
}
