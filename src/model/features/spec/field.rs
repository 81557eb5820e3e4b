//! Categorical fields: a vocabulary, the levels that get columns, and the slots that are crossed with reps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facts::{CategoricalFact, NumericFact};
use crate::domain::facts::LeadFacts;

/// A level needs this many deals to have statistics of its own; rarer ones are pooled. As few as can be, for how far
/// few deals are believed is for the smoothing to say.
const MIN_LEVEL_DEALS: usize = 2;
/// A level needs this many deals for a column or for a cell per rep.
const MIN_OWN_COLUMN: usize = 5;
/// Most levels of one field with statistics of their own.
const MAX_LEVELS: usize = 2_000;
/// Most levels of one field with an indicator column, and the least share of the deals that such a level holds.
const INDICATORS: (usize, f64) = (40, 0.004);
/// The same for levels with a cell per rep.
const COMMON: (usize, f64) = (12, 0.015);
/// A field is crossed with reps only if the pooled rest is at most this share of the deals.
const MAX_POOLED_SHARE: f64 = 0.6;
/// Size tiers per numeric fact.
const TIERS: usize = 4;

/// A categorical field with its vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The fact.
    pub fact: CategoricalFact,
    /// Levels with statistics of their own, sorted, so that reading is a binary search.
    pub levels: Vec<String>,
    /// Levels with an indicator column (indices into `levels`, ascending).
    pub indicators: Vec<u32>,
    /// The common levels (indices into `levels`, ascending); each is a slot of its own, all others share one.
    pub common: Vec<u32>,
    /// Whether the slots are crossed with reps.
    pub crossed: bool,
}

/// One lead's value of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Index into the levels; `levels.len()` for a value outside the vocabulary, `levels.len() + 1` when missing.
    pub level: u32,
    /// Index into the common levels; `common.len()` for any other value, `common.len() + 1` when missing.
    pub slot: u32,
}

impl Field {
    /// Whether it is a number in tiers.
    pub const fn is_tier(&self) -> bool {
        matches!(self.fact, CategoricalFact::Tier { .. })
    }

    /// Levels, the pooled one and missing.
    pub fn level_count(&self) -> usize {
        self.levels.len() + 2
    }

    /// Common levels, the pooled one and missing.
    pub fn slot_count(&self) -> usize {
        self.common.len() + 2
    }

    /// Reads one lead.
    pub fn code(&self, facts: &LeadFacts) -> Code {
        let found = match &self.fact {
            CategoricalFact::Tier { of, cuts } => of.read(facts).map(|v| Ok(cuts.partition_point(|cut| *cut <= v))),
            fact => fact.text(facts).map(|text| self.levels.binary_search_by(|level| level.as_str().cmp(text))),
        };
        match found {
            None => Code { level: self.levels.len() as u32 + 1, slot: self.common.len() as u32 + 1 },
            Some(Err(_)) => Code { level: self.levels.len() as u32, slot: self.common.len() as u32 },
            Some(Ok(level)) => {
                let level = level as u32;
                let slot = self.common.binary_search(&level).unwrap_or(self.common.len());
                Code { level, slot: slot as u32 }
            }
        }
    }

    /// The level as a category; missing is NaN.
    pub fn category(&self, code: Code) -> f32 {
        if code.level as usize > self.levels.len() { f32::NAN } else { code.level as f32 }
    }

    /// The level a code stands for, in words; `None` for pooled and missing values.
    pub fn level_name(&self, code: Code) -> Option<&str> {
        self.levels.get(code.level as usize).map(String::as_str)
    }
}

pub(super) fn tier_field(fact: &NumericFact, sorted: &[f64]) -> Option<Field> {
    let mut cuts: Vec<f64> = (1..TIERS).map(|i| sorted[i * sorted.len() / TIERS]).collect();
    cuts.dedup();
    cuts.retain(|cut| *cut > sorted[0]);
    if cuts.is_empty() {
        return None;
    }
    let levels = (0..=cuts.len())
        .map(|i| match i {
            0 => format!("below {}", short(cuts[0])),
            i if i == cuts.len() => format!("from {}", short(cuts[i - 1])),
            i => format!("{} to {}", short(cuts[i - 1]), short(cuts[i])),
        })
        .collect::<Vec<_>>();
    let common = (0..levels.len() as u32).collect();
    let fact = CategoricalFact::Tier { of: fact.clone(), cuts };
    // The number itself is a column, so its tiers need no indicators.
    Some(Field { fact, levels, indicators: Vec::new(), common, crossed: true })
}

/// A number in at most a few characters: `950`, `12.5k`, `3.2M`.
pub(in crate::model) fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        v if v >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{scaled:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

pub(super) fn category_field(fact: CategoricalFact, leads: &[&LeadFacts]) -> Option<Field> {
    let deals = leads.len();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for lead in leads {
        if let Some(text) = fact.text(lead) {
            *counts.entry(text).or_default() += 1;
        }
    }
    let known: usize = counts.values().sum();
    let mut by_count: Vec<(&str, usize)> = counts.into_iter().filter(|(_, n)| *n >= MIN_LEVEL_DEALS).collect();
    by_count.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    by_count.truncate(MAX_LEVELS);
    // A field with one level everywhere says nothing; one level and gaps still does.
    if by_count.is_empty() || (by_count.len() == 1 && by_count[0].1 == deals) {
        return None;
    }
    let most_common = |(limit, share): (usize, f64)| {
        let least = MIN_OWN_COLUMN.max((share * deals as f64).ceil() as usize);
        by_count.iter().take(limit).take_while(move |(_, n)| *n >= least)
    };
    let in_common: usize = most_common(COMMON).map(|(_, n)| n).sum();
    let crossed = most_common(COMMON).count() >= 2 && (known - in_common) as f64 <= MAX_POOLED_SHARE * deals as f64;
    let mut levels: Vec<String> = by_count.iter().map(|(name, _)| (*name).to_owned()).collect();
    levels.sort();
    let indices = |most: (usize, f64)| {
        let found = most_common(most).map(|(name, _)| levels.partition_point(|level| level.as_str() < *name) as u32);
        let mut indices: Vec<u32> = found.collect();
        indices.sort_unstable();
        indices
    };
    let (indicators, common) = (indices(INDICATORS), indices(COMMON));
    Some(Field { fact, levels, indicators, common, crossed })
}
