//! What a model knows of a pool before a lead comes, and a small store of pools: leads come in from few territories, so
//! the same pools come again and again.

use std::sync::{Arc, Mutex, PoisonError};

use super::bit_forest::{BitForest, RepTable};
use super::features::{FeatureSet, PoolFeatures};
use crate::domain::ids::RepKey;

/// Pools that are kept; each takes a few hundred kilobytes for a hundred reps.
const KEPT: usize = 32;

/// The reps of a pool, prepared for scoring.
#[derive(Debug)]
pub(super) struct Pool {
    keys: Vec<RepKey>,
    pub(super) features: PoolFeatures,
    /// One for each forest.
    pub(super) tables: Vec<RepTable>,
}

impl Pool {
    fn new(keys: &[RepKey], set: &FeatureSet, forests: &[BitForest]) -> Self {
        let reps: Vec<Option<usize>> = keys.iter().map(|key| set.state.rep(key)).collect();
        let columns: Vec<Vec<f32>> = reps.iter().map(|rep| set.state.rep_columns(&set.spec, *rep)).collect();
        let table = |forest: &BitForest| {
            let mut table = forest.rep_table(keys.len());
            for (index, values) in columns.iter().enumerate() {
                forest.set_rep(&mut table, index, values);
            }
            table
        };
        let tables = forests.iter().map(table).collect();
        Self { keys: keys.to_vec(), features: set.state.pool(reps), tables }
    }

    /// Reps in it.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

/// The pools that were asked for last, oldest first.
#[derive(Debug, Default)]
pub(super) struct Pools(Mutex<Vec<Arc<Pool>>>);

impl Pools {
    /// The pool of these reps in this order.
    pub(super) fn of(&self, keys: &[RepKey], set: &FeatureSet, forests: &[BitForest]) -> Arc<Pool> {
        // Keys are compared outside the lock, so that threads do not wait for each other's comparisons.
        let alike: Vec<Arc<Pool>> = self.lock().iter().filter(|pool| pool.keys.len() == keys.len()).cloned().collect();
        if let Some(pool) = alike.into_iter().find(|pool| pool.keys == keys) {
            return pool;
        }
        let pool = Arc::new(Pool::new(keys, set, forests));
        let mut pools = self.lock();
        if pools.len() >= KEPT {
            pools.remove(0);
        }
        pools.push(Arc::clone(&pool));
        pool
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Pool>>> {
        // A pool enters whole or not at all, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
