//! The declaration of a feature set: which facts are read, which levels a categorical fact has, which columns come out.
//!
//! A declaration is made once, from the facts of the training deals and never from their outcomes, and is stored with
//! the model. Everything that depends on outcomes lives in [`super::state`] and is time-ordered.

mod column;
mod facts;
mod field;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use column::{Column, Scope, Source};
pub use facts::{CategoricalFact, NumericFact, RESPONSE_FACT};
pub(in crate::model) use field::short;
pub use field::{Code, Field};

use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;

/// A numeric fact gets tiers only if it is known for at least this share of the deals.
const MIN_TIER_SHARE: f64 = 0.3;
/// Most segmentations that are crossed with reps.
const MAX_CROSSED: usize = 9;
/// With more deals than this, neither what levels and reps are nor how each rep did on each level is a column: then so
/// much is known of each that it adds little, and a matrix that is grown on whole need not be copied.
const MOST_DEALS_IN_DETAIL: usize = 200_000;

/// A numeric column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numeric {
    /// The fact.
    pub fact: NumericFact,
    /// Whether `ln(1 + x)` is used instead of `x` (facts that are never negative and span more than two decades).
    pub log1p: bool,
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
    /// The reps that are known by name, sorted; see [`Source::RepNumber`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reps: Vec<RepKey>,
}

/// Version of the feature definitions that this code computes.
///
/// Version 2 added what a rep brings besides results (time in the job, response time, load). It changed
/// nothing that version 1 computes, so models of version 1 are read and score as before.
///
/// Version 3 learns how much each field's levels differ, and smooths their win rates by that instead of by 20 deals for
/// every field. A declaration of an earlier version still means 20 deals. It also
/// knows levels and reps as categories, and how each rep did on each level.
pub const FEATURES_VERSION: u32 = 3;
/// The version from which on the smoothing of a field's win rates is learned.
pub(super) const LEARNED_SMOOTHING_FROM: u32 = 3;

/// A lead as the declaration reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Transformed numeric facts; NaN when missing.
    pub numerics: Vec<f32>,
    /// One code per field.
    pub fields: Vec<Code>,
    /// When the lead was created, in days since 1970.
    pub day: f64,
}

/// A moment in days since 1970.
pub(super) fn day_of(moment: DateTime<Utc>) -> f64 {
    moment.timestamp() as f64 / 86_400.0
}

impl FeatureSpec {
    /// Declares the features that these leads allow. Outcomes are not looked at.
    ///
    /// `live_load` declares the rep's open deals as a feature; see [`Source::RepLoad`] for what it takes.
    pub fn declare(leads: &[&LeadFacts], live_load: bool) -> Self {
        let deals = leads.len();
        let mut numerics = Vec::new();
        let mut fields = Vec::new();
        let named: std::collections::BTreeSet<&String> = leads.iter().flat_map(|facts| facts.numeric.keys()).collect();
        let facts = [NumericFact::Amount, NumericFact::AnnualRevenue, NumericFact::Employees]
            .into_iter()
            // The response to this very lead is not known when it is routed; it speaks for the rep's later leads alone.
            .chain(
                named.into_iter().filter(|name| *name != RESPONSE_FACT).map(|name| NumericFact::Named(name.clone())),
            );
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
                && let Some(tier) = field::tier_field(&fact, &values)
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
            fields.extend(field::category_field(fact, leads));
        }
        fields.extend(tiers);
        let mut crossed = 0;
        for field in &mut fields {
            field.crossed = field.crossed && crossed < MAX_CROSSED;
            crossed += usize::from(field.crossed);
        }
        let responses = leads.iter().any(|lead| lead.numeric.contains_key(RESPONSE_FACT));
        let columns = column::columns(&numerics, &fields, responses, live_load, deals <= MOST_DEALS_IN_DETAIL);
        Self { version: FEATURES_VERSION, numerics, fields, columns, reps: Vec::new() }
    }

    /// Declares what the facts are, and who the rep is, as categories as well, beside what is known of them. `reps` names
    /// the rep of each deal.
    #[must_use]
    pub fn with_categories(mut self, reps: impl ExactSizeIterator<Item = RepKey>) -> Self {
        if reps.len() <= MOST_DEALS_IN_DETAIL {
            self.reps = reps.collect();
            self.reps.sort();
            self.reps.dedup();
            self.columns = column::with_categories(self.columns, &self.fields);
        }
        self
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
        let fields = self.fields.iter().map(|field| field.code(facts)).collect();
        Codes { numerics, fields, day: day_of(facts.created_at) }
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
            Source::Level(i)
            | Source::LevelRate(i)
            | Source::Indicator(i, _)
            | Source::RepLevelRate(i)
            | Source::SegmentEffect(i) => (i as usize) < self.fields.len(),
            Source::Baseline
            | Source::RepNumber
            | Source::RepRate
            | Source::RepEffect
            | Source::RepTenure
            | Source::RepResponse
            | Source::RepLoad
            | Source::Advantage => true,
        };
        self.fields.iter().all(field_is_sound)
            && self.columns.iter().all(column_is_sound)
            && self.reps.is_sorted()
            && self.columns.is_sorted_by_key(|column| column.scope as u8)
    }

    /// Fields crossed with reps, with their index.
    pub fn crossed(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().filter(|(_, field)| field.crossed)
    }
}
