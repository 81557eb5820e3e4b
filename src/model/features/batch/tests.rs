use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::deal::{Deal, Outcome};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, RepKey};
use crate::model::features::{FeatureSet, sweep};

fn facts(industry: usize, source: usize, amount: usize) -> LeadFacts {
    let mut facts = LeadFacts::empty(DateTime::<Utc>::UNIX_EPOCH);
    facts.industry = ["Tech", "Health", "Retail"].get(industry).map(|s| (*s).to_owned());
    facts.source = ["Web", "Partner"].get(source).map(|s| (*s).to_owned());
    facts.amount = (amount > 0).then_some(500.0 * amount as f64);
    facts
}

fn learned(outcomes: &[(u8, usize, usize, usize, bool)]) -> FeatureSet {
    let deal = |(i, &(rep, industry, source, amount, won)): (usize, &(u8, usize, usize, usize, bool))| {
        let mut facts = facts(industry, source, amount);
        facts.created_at += TimeDelta::days(i as i64);
        Deal {
            lead_id: LeadId::new(format!("{i:04}")),
            rep: RepKey::new(format!("rep {rep}")),
            closed_at: facts.created_at + TimeDelta::days(2),
            facts,
            closed_assumed: false,
            outcome: if won { Outcome::Won } else { Outcome::Lost },
            closed_amount: None,
        }
    };
    let deals: Vec<Deal> = outcomes.iter().enumerate().map(deal).collect();
    let facts: Vec<&LeadFacts> = deals.iter().map(|deal| &deal.facts).collect();
    let spec = FeatureSpec::declare(&facts, true).with_categories(deals.iter().map(|deal| deal.rep.clone()));
    let (_, state) = sweep(&spec, &deals.iter().collect::<Vec<_>>(), &vec![true; deals.len()]);
    FeatureSet { spec, state }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whole columns hold what rows hold, and the variances are those of the matrices.
    #[test]
    fn columns_hold_what_rows_hold(
        outcomes in prop::collection::vec((0u8..5, 0usize..4, 0usize..3, 0usize..6, any::<bool>()), 40..160),
        lead in (0usize..4, 0usize..3, 0usize..6),
        reps in prop::collection::vec(0u8..7, 0..9),
    ) {
        let FeatureSet { spec, state } = learned(&outcomes);
        let uncertainty = state.uncertainty();
        let covariances = Covariances::new(&uncertainty);
        let codes = spec.encode(&facts(lead.0, lead.1, lead.2));
        let reps: Vec<Option<usize>> = reps.iter().map(|rep| state.rep(&RepKey::new(format!("rep {rep}")))).collect();
        let pool = state.pool(reps.clone());
        let scope = |scope| (0..spec.columns.len()).filter(|i| spec.columns[*i].scope == scope).collect::<Vec<_>>();
        let (rep_columns, pair_columns) = (scope(Scope::Rep), scope(Scope::Pair));
        let mut pairs = vec![f32::NAN; pair_columns.len() * reps.len()];
        state.write_pairs(&spec, &codes, &pool, &mut pairs);
        let mut variances = Vec::new();
        state.write_variances(&covariances, &codes, &pool, &mut variances);
        prop_assert_eq!(variances.len(), reps.len());
        for (i, rep) in reps.iter().enumerate() {
            let mut row = vec![f32::NAN; spec.columns.len()];
            state.write_rep(&spec, &codes, *rep, &mut row);
            for (at, column) in pair_columns.iter().enumerate() {
                prop_assert_eq!(pairs[at * reps.len() + i].to_bits(), row[*column].to_bits());
            }
            let own = state.rep_columns(&spec, *rep);
            let expected: Vec<u32> = rep_columns.iter().map(|column| row[*column].to_bits()).collect();
            prop_assert_eq!(own.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), expected);
            let variance = state.rep_variance(&uncertainty, &codes, *rep);
            prop_assert!((f64::from(variances[i]) - variance).abs() <= 1e-5 * variance.max(0.01));
        }
    }
}
