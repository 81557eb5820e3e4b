//! The columns of the matrix that trees are grown on.

use serde::{Deserialize, Serialize};

use super::Numeric;
use super::field::Field;

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
    /// Smoothed win rate of the lead's level of a field: the less the field's levels differ, the more it is smoothed.
    LevelRate(u32),
    /// 1 if the lead has this level of a field, else 0.
    Indicator(u32, u32),
    /// The lead's level of a field as a category, see [`Code::level`](super::Code); missing where the fact is missing.
    Level(u32),
    /// Who the rep is, as a category: an index into [`FeatureSpec::reps`](super::FeatureSpec::reps). Missing for a rep
    /// without a known deal.
    RepNumber,
    /// Smoothed win rate of the rep.
    RepRate,
    /// Win rate of the rep on the lead's level of a field, smoothed by one deal of the overall rate: what the rep did
    /// there, hardly weakened by what others do.
    RepLevelRate(u32),
    /// The rep's log-odds advantage over the baseline, on all leads.
    RepEffect,
    /// `ln(1 + days)` of the rep in the job, at most a year: from the creation of the rep's first known lead to that of
    /// this one. Missing for reps who were there when the history began, and for reps without a known deal.
    RepTenure,
    /// Mean `ln(1 + hours)` of the rep's known responses, see [`RESPONSE_FACT`](super::RESPONSE_FACT).
    RepResponse,
    /// Open deals of the rep.
    ///
    /// A history of closed deals shows the load of its own time, but not who is how loaded now: a scorer must be told
    /// (`FeatureState::set_load`). It is declared only on request, so that no model learns from a number that its scorer
    /// will not know.
    RepLoad,
    /// The rep's log-odds advantage over the baseline, on leads like this one in every crossed field.
    Advantage,
    /// The same, in the lead's slot of one field.
    SegmentEffect(u32),
}

impl Source {
    /// Whether its values are categories, which have no order.
    pub const fn is_categorical(self) -> bool {
        matches!(self, Self::Level(_) | Self::RepNumber)
    }
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

/// `detail` declares how each rep did on each level.
pub(super) fn columns(
    numerics: &[Numeric],
    fields: &[Field],
    responses: bool,
    load: bool,
    detail: bool,
) -> Vec<Column> {
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
    if responses {
        push("rep.response".into(), Scope::Rep, Source::RepResponse, false);
    }
    if load {
        push("rep.load".into(), Scope::Rep, Source::RepLoad, false);
    }
    // How long a rep has been there depends on when the lead came.
    push("pair.tenure".into(), Scope::Pair, Source::RepTenure, false);
    push("pair.advantage".into(), Scope::Pair, Source::Advantage, true);
    for (i, field) in fields.iter().enumerate().filter(|(_, field)| field.crossed) {
        let key = field.fact.key();
        push(format!("pair.{key}.effect"), Scope::Pair, Source::SegmentEffect(i as u32), true);
    }
    for (i, field) in fields.iter().enumerate().filter(|(_, field)| detail && !field.is_tier()) {
        push(format!("pair.{}.rate", field.fact.key()), Scope::Pair, Source::RepLevelRate(i as u32), false);
    }
    columns
}

/// The same columns, each field's level before its rate, and who the rep is before all else of the rep. A tier is no
/// category: its number is a column.
pub(super) fn with_categories(columns: Vec<Column>, fields: &[Field]) -> Vec<Column> {
    let category = |name: String, scope: Scope, source: Source| Column { name, scope, source, increasing: false };
    let mut all: Vec<Column> = Vec::with_capacity(columns.len() + fields.len() + 1);
    let mut rep = Some(category("rep.number".into(), Scope::Rep, Source::RepNumber));
    for column in columns {
        if let Source::LevelRate(i) = column.source
            && let field = &fields[i as usize]
            && !field.is_tier()
        {
            all.push(category(format!("lead.{}.level", field.fact.key()), Scope::Lead, Source::Level(i)));
        }
        if column.scope != Scope::Lead {
            all.extend(rep.take());
        }
        all.push(column);
    }
    all
}
