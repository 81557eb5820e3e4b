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
mod rep_effects;
mod spec;
mod state;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use batch::{Covariances, PoolFeatures};
pub(super) use spec::short;
pub use spec::{
    CategoricalFact, Code, Codes, Column, FEATURES_VERSION, FeatureSpec, Field, Numeric, NumericFact, Scope, Source,
};
pub use state::{FeatureState, Uncertainty};

use super::explain::FactorMap;
use crate::domain::deal::{Deal, Outcome};

/// A declaration with its frozen statistics: what is stored with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSet {
    /// The declaration.
    pub spec: FeatureSpec,
    /// The statistics as of the end of training.
    pub state: FeatureState,
}

impl FeatureSet {
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
    /// `rows * columns` values; NaN is missing.
    pub values: Vec<f32>,
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
    let mut values = vec![f32::NAN; deals.len() * columns];
    let codes: Vec<Codes> = deals.iter().map(|deal| spec.encode(&deal.facts)).collect();

    let known_at = |i: usize| deals[i].closed_at.max(deals[i].facts.created_at);
    let mut closings: Vec<usize> = (0..deals.len()).filter(|&i| known[i]).collect();
    closings.sort_by(|&a, &b| known_at(a).cmp(&known_at(b)).then_with(|| deals[a].lead_id.cmp(&deals[b].lead_id)));
    let mut creations: Vec<usize> = (0..deals.len()).collect();
    creations.sort_by_key(|&i| deals[i].facts.created_at);

    let mut closings = closings.into_iter().peekable();
    let learn = |state: &mut FeatureState, i: usize| {
        if let Some(rep) = state.rep(&deals[i].rep) {
            state.learn(&codes[i], rep, deals[i].outcome == Outcome::Won);
        }
    };
    for i in creations {
        while let Some(closed) = closings.next_if(|&c| known_at(c) < deals[i].facts.created_at) {
            learn(&mut state, closed);
        }
        let row = &mut values[i * columns..(i + 1) * columns];
        state.write_lead(spec, &codes[i], row);
        state.write_rep(spec, &codes[i], state.rep(&deals[i].rep), row);
    }
    for closed in closings {
        learn(&mut state, closed);
    }
    state.settle();
    (FeatureMatrix { columns, values }, state)
}
