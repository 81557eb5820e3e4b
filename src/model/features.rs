//! Features: a declared, versioned set, computed by one code path for training and for scoring.
//!
//! A deal's features know an outcome only if it became known strictly before the deal's lead was created. The sweep
//! walks all deals in time and asks the [`FeatureState`] for a row at each creation; a model is stored with the state
//! at the end of the sweep, and scoring asks that for its rows.
//!
//! How many deals a statistic rests on is not a column: counts only grow, so trees would learn the calendar from them
//! and lose on later deals. Support acts through the shrinkage of every statistic instead.

mod baseline;
mod batch;
mod experience;
mod level_spread;
mod records;
mod rep_effects;
mod spec;
mod state;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use batch::{Covariances, PoolFeatures};
pub(super) use spec::short;
pub use spec::{
    CategoricalFact, Code, Codes, Column, FEATURES_VERSION, FeatureSpec, Field, Numeric, NumericFact, RESPONSE_FACT,
    Scope, Source,
};
pub use state::{Closing, FeatureState, MIN_SUPPORT, Uncertainty};
pub use words::column_words;

use super::explain::FactorMap;
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::RepKey;

/// A declaration with its frozen statistics: what is stored with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSet {
    /// The declaration.
    pub spec: FeatureSpec,
    /// The statistics as of the end of training.
    pub state: FeatureState,
}

impl FeatureSet {
    /// Whether the history says enough of this rep to rank them on it; policy may refuse or widen where it does not.
    pub fn supported(&self, rep: &RepKey) -> bool {
        self.state.supported(self.state.rep(rep))
    }

    /// How raw features group into factors that a manager reads.
    pub fn factors(&self) -> FactorMap {
        FactorMap::new(&self.spec)
    }
}

/// Rows of features, row-major, one per deal.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMatrix {
    /// Columns per row.
    pub columns: usize,
    /// `rows * columns` values; NaN is missing. Shared, so that a trainer reads them where they are.
    pub values: Arc<Vec<f32>>,
}

impl FeatureMatrix {
    /// One row.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.columns..(index + 1) * self.columns]
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }
}

/// Walks all deals in time: a row for each deal as of its creation, and the statistics at the end.
///
/// Only deals with `known[i]` are ever learned from; all others get a row but teach nothing. An outcome that is dated
/// before its own lead is taken to have become known at the lead's creation, so no deal ever sees its own outcome.
/// Ties are broken by lead id, so the order of `deals` does not matter.
pub fn sweep(spec: &FeatureSpec, deals: &[&Deal], known: &[bool]) -> (FeatureMatrix, FeatureState) {
    let mut state = FeatureState::new(spec, deals.iter().map(|deal| deal.rep.clone()));
    let columns = spec.columns.len();
    let loaded = spec.columns.iter().any(|column| column.source == Source::RepLoad);
    let mut values = vec![f32::NAN; deals.len() * columns];
    let reps: Vec<Option<u32>> = deals.iter().map(|deal| state.rep(&deal.rep).map(|rep| rep as u32)).collect();
    let rep_of = |i: usize| reps[i].map(|rep| rep as usize);

    let known_at = |i: usize| deals[i].closed_at.max(deals[i].facts.created_at);
    let mut closings: Vec<usize> = (0..deals.len()).filter(|&i| known[i]).collect();
    closings.sort_by(|&a, &b| known_at(a).cmp(&known_at(b)).then_with(|| deals[a].lead_id.cmp(&deals[b].lead_id)));
    let mut creations: Vec<usize> = (0..deals.len()).collect();
    creations.sort_by_key(|&i| deals[i].facts.created_at);

    // The codes of deals that are not yet closed; all others have been used up.
    let mut open: Vec<Option<Codes>> = vec![None; deals.len()];
    let mut open_deals = vec![0u32; if loaded { state.reps() } else { 0 }];
    let mut closings = closings.into_iter().peekable();
    let learn = |state: &mut FeatureState, open: &mut [Option<Codes>], open_deals: &mut [u32], i: usize| {
        let (Some(rep), Some(codes)) = (rep_of(i), open[i].take()) else { return };
        let closing = Closing {
            won: deals[i].outcome == Outcome::Won,
            response_hours: deals[i].facts.numeric.get(RESPONSE_FACT).copied(),
        };
        state.learn(&codes, rep, closing);
        if loaded {
            open_deals[rep] -= 1;
            state.set_load(rep, Some(open_deals[rep]));
        }
    };
    for i in creations {
        while let Some(closed) = closings.next_if(|&c| known_at(c) < deals[i].facts.created_at) {
            learn(&mut state, &mut open, &mut open_deals, closed);
        }
        let codes = spec.encode(&deals[i].facts);
        let row = &mut values[i * columns..(i + 1) * columns];
        state.write_lead(spec, &codes, row);
        state.write_rep(spec, &codes, rep_of(i), row);
        if known[i] {
            open[i] = Some(codes);
            if let Some(rep) = rep_of(i).filter(|_| loaded) {
                open_deals[rep] += 1;
                state.set_load(rep, Some(open_deals[rep]));
            }
        }
    }
    for closed in closings {
        learn(&mut state, &mut open, &mut open_deals, closed);
    }
    // Who is how loaded after the history is for the scorer to say.
    (0..open_deals.len()).for_each(|rep| state.set_load(rep, None));
    state.settle();
    (FeatureMatrix { columns, values: Arc::new(values) }, state)
}
