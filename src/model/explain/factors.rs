//! From columns to reasons in words.
//!
//! All columns of one fact are one reason. When two reps are compared, columns that are sums by construction are taken
//! apart again: a rep's advantage on a lead is the rep's effect on all leads plus one effect per crossed field, so what
//! the column adds is shared out in proportion to how the two reps differ in each of the summands. The reasons then read
//! "industry Healthcare", with the deals behind them, and still sum to the same total.

use crate::domain::facts::LeadFacts;
use crate::domain::ranking::{Contrast, Factor, Record};
use crate::model::features::{CategoricalFact, Codes, FeatureSet, FeatureSpec, NumericFact, Source, short};

/// Most log-odds that a column shares out for each log-odd its summands differ by. Trees are steps: where two reps
/// differ by almost nothing in sum, a step between them must not be blown up into large opposite shares.
const STEEPEST: f64 = 2.0;

/// One reason as a manager reads it; several columns can stand behind it.
#[derive(Clone, Debug, PartialEq)]
enum FactorKind {
    Numeric(NumericFact),
    Field(CategoricalFact),
    KindOfLead,
    Rep,
    LeadsLikeThis,
    Segment(usize, CategoricalFact),
}

/// Which columns make up which factor.
#[derive(Clone, Debug)]
pub struct FactorMap {
    kinds: Vec<FactorKind>,
    /// For each column, its factor.
    of_column: Vec<usize>,
}

impl FactorMap {
    /// All indicator columns and statistics of one fact are one factor, and so are all of a rep's own numbers.
    pub fn new(spec: &FeatureSpec) -> Self {
        let field = |i: u32| match &spec.fields[i as usize].fact {
            CategoricalFact::Tier { of, .. } => FactorKind::Numeric(of.clone()),
            fact => FactorKind::Field(fact.clone()),
        };
        let mut map = Self { kinds: Vec::new(), of_column: Vec::with_capacity(spec.columns.len()) };
        for column in &spec.columns {
            let kind = match column.source {
                Source::Numeric(i) => FactorKind::Numeric(spec.numerics[i as usize].fact.clone()),
                Source::Baseline => FactorKind::KindOfLead,
                Source::Level(i) | Source::LevelRate(i) | Source::Indicator(i, _) => field(i),
                Source::RepNumber
                | Source::RepRate
                | Source::RepEffect
                | Source::RepTenure
                | Source::RepResponse
                | Source::RepLoad => FactorKind::Rep,
                Source::Advantage => FactorKind::LeadsLikeThis,
                Source::SegmentEffect(i) | Source::RepLevelRate(i) => {
                    FactorKind::Segment(i as usize, spec.fields[i as usize].fact.clone())
                }
            };
            let factor = map.place(kind);
            map.of_column.push(factor);
        }
        map
    }

    /// The factor of this kind, made if it is new.
    fn place(&mut self, kind: FactorKind) -> usize {
        self.kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        })
    }

    /// Sums contributions by factor, strongest first; factors that add nothing are left out.
    pub fn group(&self, contributions: &[f64], facts: &LeadFacts) -> Vec<Factor> {
        let mut weights = vec![0.0; self.kinds.len()];
        for (factor, phi) in self.of_column.iter().zip(contributions) {
            weights[*factor] += phi;
        }
        let mut factors: Vec<Factor> = self
            .kinds
            .iter()
            .zip(weights)
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(kind, weight)| Factor { feature: kind.key(), label: kind.label(facts), weight })
            .collect();
        factors.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.feature.cmp(&b.feature)));
        factors
    }

    /// Sums what each column adds when `ours` takes the place of `theirs` by reason, strongest first, each with the
    /// closed deals of both that speak to it.
    pub fn contrast(
        &self,
        columns: &[f64],
        features: &FeatureSet,
        codes: &Codes,
        (ours, theirs): (Option<usize>, Option<usize>),
    ) -> Vec<Contrast> {
        let state = &features.state;
        let apart =
            |field: Option<usize>| state.rep_effect(codes, ours, field) - state.rep_effect(codes, theirs, field);
        let mut map = self.clone();
        let mut weights = vec![0.0; map.kinds.len() + features.spec.fields.len() + 2];
        let of_rep = map.place(FactorKind::Rep);
        let of_rest = map.place(FactorKind::LeadsLikeThis);
        let of_field: Vec<(usize, usize)> = features
            .spec
            .crossed()
            .map(|(field, declared)| (field, map.place(FactorKind::Segment(field, declared.fact.clone()))))
            .collect();
        for ((column, factor), phi) in features.spec.columns.iter().zip(&self.of_column).zip(columns) {
            let fields: Vec<(usize, usize)> = match column.source {
                Source::Advantage => of_field.clone(),
                Source::SegmentEffect(i) => {
                    of_field.iter().copied().filter(|(field, _)| *field == i as usize).collect()
                }
                _ => {
                    weights[*factor] += phi;
                    continue;
                }
            };
            let mut parts = vec![(of_rep, apart(None))];
            parts.extend(fields.into_iter().map(|(field, factor)| (factor, apart(Some(field)))));
            let total: f64 = parts.iter().map(|(_, part)| part).sum();
            let slope = slope(*phi, total);
            for (factor, part) in &parts {
                weights[*factor] += slope * part;
            }
            weights[of_rest] += phi - slope * total;
        }
        let mut contrasts: Vec<Contrast> = map
            .kinds
            .iter()
            .zip(weights)
            .filter(|(_, weight)| weight.abs() > f64::EPSILON)
            .map(|(kind, weight)| {
                let field = if let FactorKind::Segment(field, _) = kind { Some(*field) } else { None };
                let record = |rep| {
                    let (deals, wins) = state.rep_record(codes, rep, field);
                    Record { deals, wins }
                };
                Contrast {
                    feature: kind.key(),
                    label: kind.contrast_label(features, codes),
                    weight,
                    ours: record(ours),
                    theirs: record(theirs),
                }
            })
            .collect();
        contrasts.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.feature.cmp(&b.feature)));
        contrasts
    }
}

/// What a column that adds `phi` shares out for each log-odd of its summands' difference `total`.
fn slope(phi: f64, total: f64) -> f64 {
    if total == 0.0 { 0.0 } else { (phi / total).clamp(0.0, STEEPEST) }
}

impl FactorKind {
    fn key(&self) -> String {
        match self {
            Self::Numeric(fact) => format!("lead.{}", fact.key()),
            Self::Field(fact) => format!("lead.{}", fact.key()),
            Self::KindOfLead => "lead.baseline".into(),
            Self::Rep => "rep".into(),
            Self::LeadsLikeThis => "pair.advantage".into(),
            Self::Segment(_, fact) => format!("pair.{}", fact.key()),
        }
    }

    fn label(&self, facts: &LeadFacts) -> String {
        let number = |fact: &NumericFact| fact.read(facts).map(short);
        match self {
            Self::Numeric(fact) => {
                format!("{} {}", fact.label(), number(fact).unwrap_or_else(|| "not known".into()))
            }
            Self::Field(fact) => format!("{} {}", fact.label(), fact.text(facts).unwrap_or("not known")),
            Self::KindOfLead => "leads of this kind".into(),
            Self::Rep => "this rep's win rate".into(),
            Self::LeadsLikeThis => "leads like this x this rep".into(),
            Self::Segment(_, CategoricalFact::Tier { of, .. }) => match number(of) {
                Some(value) => format!("{} around {value} x this rep", of.label()),
                None => format!("{} not known x this rep", of.label()),
            },
            Self::Segment(_, fact) => match fact.text(facts) {
                Some(text) => format!("{text} x this rep"),
                None => format!("{} not known x this rep", fact.label()),
            },
        }
    }

    /// Which deals of two reps are compared.
    fn contrast_label(&self, features: &FeatureSet, codes: &Codes) -> String {
        match self {
            Self::Rep => "all leads".into(),
            Self::LeadsLikeThis => "all of this together".into(),
            Self::Segment(field, fact) => {
                let declared = &features.spec.fields[*field];
                let code = codes.fields[*field];
                let label = match fact {
                    CategoricalFact::Tier { of, .. } => of.label().to_owned(),
                    fact => fact.label(),
                };
                let slot = code.slot as usize;
                match declared.common.len() {
                    _ if !declared.crossed => match declared.level_name(code) {
                        Some(level) => format!("{label} {level}"),
                        None if code.level as usize == declared.levels.len() => format!("{label} seldom seen"),
                        None => format!("{label} not known"),
                    },
                    common if slot < common => format!("{label} {}", declared.level_name(code).unwrap_or_default()),
                    common if slot == common => format!("{label} other than the common ones"),
                    _ => format!("{label} not known"),
                }
            }
            // The lead is the same for both.
            Self::Numeric(_) | Self::Field(_) | Self::KindOfLead => self.key(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_between_near_equals_is_not_blown_up() {
        assert!((slope(0.3, 0.4) - 0.75).abs() < 1e-12);
        // Summands of +0.5 and -0.4999 around a step of 0.2 must not become +1000 and -1000.
        assert!(slope(0.2, 0.0001) <= STEEPEST);
        assert!(slope(-0.2, 0.3).abs() < 1e-12 && slope(0.2, 0.0).abs() < 1e-12, "never against their own sign");
    }
}
