//! The declaration of a feature set: which facts are read, which levels a categorical fact has, which columns come out.
//!
//! A declaration is made once, from the facts of the training deals and never from their outcomes, and is stored with
//! the model. Everything that depends on outcomes lives in [`super::state`] and is time-ordered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::facts::LeadFacts;

/// A level needs this many deals to have statistics of its own; rarer ones are pooled.
const MIN_LEVEL_DEALS: usize = 5;
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
/// A numeric fact gets tiers only if it is known for at least this share of the deals.
const MIN_TIER_SHARE: f64 = 0.3;
/// Most segmentations that are crossed with reps.
const MAX_CROSSED: usize = 9;

/// A numeric fact of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericFact {
    /// Expected amount at creation.
    Amount,
    /// Annual revenue of the company.
    AnnualRevenue,
    /// Employees of the company.
    Employees,
    /// A further fact by name.
    Named(String),
}

impl NumericFact {
    /// Its value; `None` when missing or not a finite number.
    pub fn read(&self, facts: &LeadFacts) -> Option<f64> {
        let value = match self {
            Self::Amount => facts.amount,
            Self::AnnualRevenue => facts.annual_revenue,
            Self::Employees => facts.employees,
            Self::Named(name) => facts.numeric.get(name).copied(),
        };
        value.filter(|v| v.is_finite())
    }

    /// For people.
    pub fn label(&self) -> &str {
        match self {
            Self::Amount => "deal amount",
            Self::AnnualRevenue => "annual revenue",
            Self::Employees => "employees",
            Self::Named(name) => name,
        }
    }

    /// In names of columns and factors.
    pub fn key(&self) -> &str {
        match self {
            Self::Amount => "amount",
            Self::AnnualRevenue => "annual_revenue",
            Self::Employees => "employees",
            Self::Named(name) => name,
        }
    }
}

/// A numeric column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numeric {
    /// The fact.
    pub fact: NumericFact,
    /// Whether `ln(1 + x)` is used instead of `x` (facts that are never negative and span more than two decades).
    pub log1p: bool,
}

/// A categorical fact of a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoricalFact {
    /// Industry of the company.
    Industry,
    /// Where the lead came from.
    Source,
    /// Product asked about.
    Product,
    /// Sales territory.
    Territory,
    /// Country.
    Country,
    /// A further fact by name.
    Named(String),
    /// Size tier of a numeric fact: tier `i` holds values below `cuts[i]` and not below `cuts[i - 1]`.
    Tier {
        /// The fact.
        of: NumericFact,
        /// Ascending.
        cuts: Vec<f64>,
    },
}

impl CategoricalFact {
    /// Its value as text; `None` when missing or blank, and always for tiers.
    pub fn text<'a>(&self, facts: &'a LeadFacts) -> Option<&'a str> {
        let value = match self {
            Self::Industry => facts.industry.as_deref(),
            Self::Source => facts.source.as_deref(),
            Self::Product => facts.product.as_deref(),
            Self::Territory => facts.territory.as_deref(),
            Self::Country => facts.country.as_deref(),
            Self::Named(name) => facts.categorical.get(name).map(String::as_str),
            Self::Tier { .. } => None,
        };
        value.map(str::trim).filter(|v| !v.is_empty())
    }

    /// For people.
    pub fn label(&self) -> String {
        match self {
            Self::Industry => "industry".into(),
            Self::Source => "source".into(),
            Self::Product => "product".into(),
            Self::Territory => "territory".into(),
            Self::Country => "country".into(),
            Self::Named(name) => name.clone(),
            Self::Tier { of, .. } => format!("{} tier", of.label()),
        }
    }

    /// In names of columns and factors.
    pub fn key(&self) -> String {
        match self {
            Self::Tier { of, .. } => format!("{}_tier", of.key()),
            other => other.label(),
        }
    }
}

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

    /// The level a code stands for, in words; `None` for pooled and missing values.
    pub fn level_name(&self, code: Code) -> Option<&str> {
        self.levels.get(code.level as usize).map(String::as_str)
    }
}

/// What a column depends on. A scorer computes lead columns once per lead, rep columns once per rep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The lead alone.
    Lead,
    /// The rep alone.
    Rep,
    /// Both.
    Pair,
}

/// What fills a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A numeric fact.
    Numeric(u32),
    /// Log-odds of a win for the lead, whoever works it.
    Baseline,
    /// Smoothed win rate of the lead's level of a field.
    LevelRate(u32),
    /// 1 if the lead has this level of a field, else 0.
    Indicator(u32, u32),
    /// Smoothed win rate of the rep.
    RepRate,
    /// The rep's log-odds advantage over the baseline, on all leads.
    RepEffect,
    /// The rep's log-odds advantage over the baseline, on leads like this one in every crossed field.
    Advantage,
    /// The same, in the lead's slot of one field.
    SegmentEffect(u32),
}

/// One column of the matrix that trees are grown on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Unique.
    pub name: String,
    /// What it depends on. Columns are ordered lead, rep, pair.
    pub scope: Scope,
    /// What fills it.
    pub source: Source,
    /// Whether more of it can only mean a better chance: the trees are constrained so.
    pub increasing: bool,
}

/// The declared feature set, see the top of this file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSpec {
    /// Version of the meaning of [`Source`]; a reader refuses those it does not know.
    pub version: u32,
    /// Numeric facts.
    pub numerics: Vec<Numeric>,
    /// Categorical facts.
    pub fields: Vec<Field>,
    /// The columns, in order.
    pub columns: Vec<Column>,
}

/// Version of the feature definitions that this code computes.
pub const FEATURES_VERSION: u32 = 1;

/// A lead as the declaration reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Transformed numeric facts; NaN when missing.
    pub numerics: Vec<f32>,
    /// One code per field.
    pub fields: Vec<Code>,
}

impl FeatureSpec {
    /// Declares the features that these leads allow. Outcomes are not looked at.
    pub fn declare(leads: &[&LeadFacts]) -> Self {
        let deals = leads.len();
        let mut numerics = Vec::new();
        let mut fields = Vec::new();
        let named: std::collections::BTreeSet<&String> = leads.iter().flat_map(|facts| facts.numeric.keys()).collect();
        let facts = [NumericFact::Amount, NumericFact::AnnualRevenue, NumericFact::Employees]
            .into_iter()
            .chain(named.into_iter().map(|name| NumericFact::Named(name.clone())));
        let mut tiers = Vec::new();
        for fact in facts {
            let mut values: Vec<f64> = leads.iter().filter_map(|lead| fact.read(lead)).collect();
            values.sort_by(f64::total_cmp);
            let (Some(min), Some(max)) = (values.first().copied(), values.last().copied()) else { continue };
            if min >= max {
                continue;
            }
            if !matches!(fact, NumericFact::Named(_))
                && values.len() as f64 >= MIN_TIER_SHARE * deals as f64
                && let Some(tier) = tier_field(&fact, &values)
            {
                tiers.push(tier);
            }
            numerics.push(Numeric { fact, log1p: min >= 0.0 && max > 100.0 });
        }
        let named: std::collections::BTreeSet<&String> =
            leads.iter().flat_map(|facts| facts.categorical.keys()).collect();
        let facts = [
            CategoricalFact::Industry,
            CategoricalFact::Source,
            CategoricalFact::Product,
            CategoricalFact::Territory,
            CategoricalFact::Country,
        ]
        .into_iter()
        .chain(named.into_iter().map(|name| CategoricalFact::Named(name.clone())));
        for fact in facts {
            fields.extend(category_field(fact, leads));
        }
        fields.extend(tiers);
        let mut crossed = 0;
        for field in &mut fields {
            field.crossed = field.crossed && crossed < MAX_CROSSED;
            crossed += usize::from(field.crossed);
        }
        let columns = columns(&numerics, &fields);
        Self { version: FEATURES_VERSION, numerics, fields, columns }
    }

    /// Reads one lead.
    pub fn encode(&self, facts: &LeadFacts) -> Codes {
        let numerics = self
            .numerics
            .iter()
            .map(|n| match n.fact.read(facts) {
                // A negative value of a fact that never was negative cannot be read.
                Some(value) if n.log1p && value < 0.0 => f32::NAN,
                Some(value) if n.log1p => value.ln_1p() as f32,
                // Beyond the range of f32 is as good as missing.
                Some(value) => Some(value as f32).filter(|v| v.is_finite()).unwrap_or(f32::NAN),
                None => f32::NAN,
            })
            .collect();
        Codes { numerics, fields: self.fields.iter().map(|field| field.code(facts)).collect() }
    }

    /// How many columns, from the left, depend on the lead alone.
    pub fn lead_columns(&self) -> usize {
        self.columns.iter().take_while(|c| c.scope == Scope::Lead).count()
    }

    /// Whether a stored declaration is consistent in itself.
    pub fn is_sound(&self) -> bool {
        let field_is_sound = |field: &Field| {
            let levels = match &field.fact {
                CategoricalFact::Tier { cuts, .. } => {
                    cuts.is_sorted() && cuts.iter().all(|c| c.is_finite()) && field.levels.len() == cuts.len() + 1
                }
                _ => field.levels.is_sorted(),
            };
            levels && field.common.is_sorted() && field.common.iter().all(|c| (*c as usize) < field.levels.len())
        };
        let column_is_sound = |column: &Column| match column.source {
            Source::Numeric(i) => (i as usize) < self.numerics.len(),
            Source::LevelRate(i) | Source::Indicator(i, _) | Source::SegmentEffect(i) => {
                (i as usize) < self.fields.len()
            }
            Source::Baseline | Source::RepRate | Source::RepEffect | Source::Advantage => true,
        };
        self.fields.iter().all(field_is_sound)
            && self.columns.iter().all(column_is_sound)
            && self.columns.is_sorted_by_key(|column| column.scope as u8)
    }

    /// Fields crossed with reps, with their index.
    pub fn crossed(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().filter(|(_, field)| field.crossed)
    }
}

fn tier_field(fact: &NumericFact, sorted: &[f64]) -> Option<Field> {
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

fn category_field(fact: CategoricalFact, leads: &[&LeadFacts]) -> Option<Field> {
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
        let least = (share * deals as f64).ceil() as usize;
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

fn columns(numerics: &[Numeric], fields: &[Field]) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut push = |name: String, scope, source, increasing| {
        columns.push(Column { name, scope, source, increasing });
    };
    for (i, numeric) in numerics.iter().enumerate() {
        push(format!("lead.{}", numeric.fact.key()), Scope::Lead, Source::Numeric(i as u32), false);
    }
    push("lead.baseline".into(), Scope::Lead, Source::Baseline, true);
    for (i, field) in fields.iter().enumerate() {
        let key = field.fact.key();
        push(format!("lead.{key}.rate"), Scope::Lead, Source::LevelRate(i as u32), false);
        for &level in &field.indicators {
            let name = format!("lead.{key}={}", field.levels[level as usize]);
            push(name, Scope::Lead, Source::Indicator(i as u32, level), false);
        }
    }
    push("rep.rate".into(), Scope::Rep, Source::RepRate, false);
    push("rep.effect".into(), Scope::Rep, Source::RepEffect, true);
    push("pair.advantage".into(), Scope::Pair, Source::Advantage, true);
    for (i, field) in fields.iter().enumerate().filter(|(_, field)| field.crossed) {
        let key = field.fact.key();
        push(format!("pair.{key}.effect"), Scope::Pair, Source::SegmentEffect(i as u32), true);
    }
    columns
}
