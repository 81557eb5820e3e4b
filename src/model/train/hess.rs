//! The trainer that grows the trees: hessboost, a pure Rust histogram trainer with XGBoost's objective and splits.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use hessboost::config::Monotone;
use hessboost::data::{BinnedMatrix, FeatureType};
use hessboost::metric::EvalMetric;
use hessboost::objective::{Objective, RegLoss};
use hessboost::prelude::{BoostedModel, DMatrix, HessboostError, TrainingParams, TreeMethod};

use super::{Fit, Parameters, Rounds, Rows, TrainError, Trainer};
use crate::model::forest::{CategorySet, Forest, Node, Tree};

/// hessboost behind [`Trainer`].
#[derive(Clone, Copy, Debug)]
pub struct Hessboost {
    /// Threads per fit; the model does not depend on it.
    pub threads: NonZeroUsize,
}

impl From<HessboostError> for TrainError {
    fn from(error: HessboostError) -> Self {
        Self::Trainer(error.to_string())
    }
}

impl Hessboost {
    /// The trainer's own model, and the win rate it started from.
    fn model(
        self,
        rows: &Rows<'_>,
        rounds: Rounds<'_>,
        parameters: &Parameters,
        watch: &mut (dyn FnMut(u32) -> ControlFlow<()> + Send),
    ) -> Result<(BoostedModel, f32), TrainError> {
        let wins: f32 = rows.index.iter().map(|&i| rows.labels[i]).sum();
        let base_score = wins / rows.index.len() as f32;
        let increasing = |column: &u32| rows.increasing[*column as usize];
        let constraint = |column| if increasing(column) { Monotone::Increasing } else { Monotone::None };
        let constraints = rows.columns.iter().map(constraint);
        let params = TrainingParams::builder()
            .objective(Objective::BinaryLogistic(RegLoss::default()))
            .eval_metric(EvalMetric::LogLoss)
            .tree_method(TreeMethod::Hist)
            .base_score(f64::from(base_score))
            .max_depth(parameters.max_depth as usize)
            .eta(parameters.eta)
            .min_child_weight(parameters.min_child_weight)
            .lambda(parameters.lambda)
            .subsample(parameters.subsample)
            .colsample_bytree(parameters.colsample_bytree)
            .max_bin(parameters.max_bin as usize)
            .monotone_constraints(constraints.collect())
            .seed(parameters.seed)
            .nthread(self.threads.get())
            .build()?;
        // Growing reads bins alone, so a copy of the values need not live on.
        let train = BinnedMatrix::new(&matrix(rows, rows.index)?, parameters.max_bin as usize)?;
        let hook = |round: hessboost::training::RoundEval<'_>| watch(round.iteration() as u32 + 1);
        let model = match rounds {
            Rounds::Fixed(rounds) => {
                hessboost::training::Trainer::new(&params, &train, rounds as usize).on_round(hook).train()?.model
            }
            Rounds::EarlyStopping { max, patience, held_out } => {
                let valid = matrix(rows, held_out)?;
                hessboost::training::Trainer::new(&params, &train, max as usize)
                    .eval(&valid, "held out")
                    .early_stopping_rounds(patience)
                    .on_round(hook)
                    .train()?
                    .model
            }
        };
        Ok((model, base_score))
    }
}

impl Trainer for Hessboost {
    fn name(&self) -> &'static str {
        "hessboost 0.4.6"
    }

    fn fit(
        &self,
        rows: &Rows<'_>,
        rounds: Rounds<'_>,
        parameters: &Parameters,
        watch: &mut (dyn FnMut(u32) -> ControlFlow<()> + Send),
    ) -> Result<Fit, TrainError> {
        let (model, base_score) = self.model(rows, rounds, parameters, watch)?;
        let kept = model.best_iteration().map_or(model.num_trees(), |best| best + 1);
        Ok(Fit { forest: forest(&model, rows, base_score, kept)?, rounds: kept as u32 })
    }
}

/// The rows of `index` for the trainer. When it may see every column it reads ours where they are, else a copy.
fn matrix(rows: &Rows<'_>, index: &[usize]) -> Result<DMatrix, TrainError> {
    let of = |all: &[f32]| -> Vec<f32> { index.iter().map(|&i| all[i]).collect() };
    let columns = rows.columns.len();
    if columns == rows.matrix.columns {
        let all = Arc::clone(&rows.matrix.values);
        let shared = DMatrix::from_dense_shared(all, rows.matrix.rows(), columns, f32::NAN)?;
        return labelled(shared.select_rows(index)?, rows, of);
    }
    let mut values = Vec::with_capacity(index.len() * columns);
    for &i in index {
        let row = rows.matrix.row(i);
        values.extend(rows.columns.iter().map(|column| row[*column as usize]));
    }
    labelled(DMatrix::from_dense_vec(values, index.len(), columns)?, rows, of)
}

fn labelled(data: DMatrix, rows: &Rows<'_>, of: impl Fn(&[f32]) -> Vec<f32>) -> Result<DMatrix, TrainError> {
    let categorical = |column: &u32| rows.categorical[*column as usize];
    let kind = |column| if categorical(column) { FeatureType::Categorical } else { FeatureType::Numerical };
    let kinds: Vec<FeatureType> = rows.columns.iter().map(kind).collect();
    let data = data.with_feature_types(&kinds)?.with_labels(&of(rows.labels))?;
    Ok(match rows.weights {
        Some(weights) => data.with_weights(&of(weights))?,
        None => data,
    })
}

/// Renumbers breadth-first, so that the right child always follows the left one, and columns as the matrix has them.
/// A set of categories goes left in the trainer's trees and right in ours and XGBoost's, so their children change sides.
fn forest(model: &BoostedModel, rows: &Rows<'_>, base_score: f32, kept: usize) -> Result<Forest, TrainError> {
    let features = rows.matrix.columns;
    let mut trees = Vec::with_capacity(kept);
    for tree in &model.trees()[..kept.min(model.num_trees())] {
        let source = tree.nodes();
        let mut order = vec![0usize];
        let mut nodes = Vec::with_capacity(source.len());
        let mut sets = Vec::new();
        let mut next = 0;
        while next < order.len() {
            let node = &source[order[next]];
            let left = if node.is_leaf() {
                0
            } else {
                let children = [node.left as usize, node.right as usize];
                order.extend(if node.is_categorical { [children[1], children[0]] } else { children });
                order.len() as u32 - 2
            };
            let set = node.is_categorical.then(|| {
                sets.push(CategorySet::new(tree.split_categories(order[next]).to_vec()));
                sets.len() as u32 - 1
            });
            let value = match set {
                Some(_) => 0.0,
                None if node.is_leaf() => node.leaf_value,
                None => node.split_cond,
            };
            nodes.push(Node {
                left,
                feature: if node.is_leaf() { 0 } else { rows.columns[node.split_feature as usize] },
                value,
                set,
                default_left: node.default_left != node.is_categorical,
                cover: node.sum_hess,
                gain: if node.is_leaf() { 0.0 } else { node.split_gain },
            });
            next += 1;
        }
        let tree = Tree { nodes, sets };
        if !tree.is_sound(features) {
            return Err(TrainError::Trainer("the trainer returned a damaged tree".into()));
        }
        trees.push(tree);
    }
    Ok(Forest { features, base_score, trees })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use hessboost::prelude::Iterations;

    use super::*;
    use crate::model::features::FeatureMatrix;
    use crate::model::xgboost::XgbModel;

    /// Noisy labels, a missing value in every third row; column 3 holds twelve categories, which tell something, and
    /// column 5 would give the label away.
    fn sample() -> (FeatureMatrix, Vec<f32>) {
        let (n, columns) = (600usize, 6usize);
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for i in 0..n {
            let x = |k: usize| ((i * (7 + 2 * k) + k * 13) % 101) as f32 / 101.0;
            let category = (i * 5 + i / 7) % 13;
            let liked = if [1, 4, 6, 11].contains(&category) { 0.4 } else { 0.0 };
            let won = f32::from(u8::from(x(0) + 0.5 * x(2) + 0.6 * x(4) + liked > 1.2));
            let category = if category == 12 { f32::NAN } else { category as f32 };
            values.extend([x(0), if i % 3 == 0 { f32::NAN } else { x(1) }, x(2), category, x(4), won]);
            labels.push(won);
        }
        (FeatureMatrix { columns, values: values.into() }, labels)
    }

    #[test]
    fn margins_equal_the_trainers_own_bit_for_bit_also_after_the_model_file() {
        let (matrix, labels) = sample();
        let index: Vec<usize> = (0..matrix.rows()).collect();
        let rows = Rows {
            matrix: &matrix,
            labels: &labels,
            weights: None,
            index: &index,
            columns: &[0, 1, 2, 3, 4],
            increasing: &[false; 6],
            categorical: &[false, false, false, true, false, false],
        };
        let parameters = Parameters { patience: NonZeroU32::MIN, ..Parameters::for_deals(600, 1) };
        let trainer = Hessboost { threads: NonZeroUsize::MIN };
        let ours = trainer.fit(&rows, Rounds::Fixed(60), &parameters, &mut |_| ControlFlow::Continue(())).unwrap();
        let theirs = trainer.model(&rows, Rounds::Fixed(60), &parameters, &mut |_| ControlFlow::Continue(())).unwrap();
        let predicted = theirs.0.predict_margin(&super::matrix(&rows, &index).unwrap(), Iterations::Best).unwrap();

        let json = serde_json::to_string(&XgbModel::from_forest(&ours.forest)).unwrap();
        let read = serde_json::from_str::<XgbModel>(&json).unwrap().into_forest().unwrap();
        assert_eq!(read, ours.forest);
        assert!(json.contains(r#""base_score":""#) && !json.contains(r#""base_score":"["#));
        assert!(ours.forest.trees.iter().any(|tree| tree.nodes.len() > 3));
        assert!(ours.forest.trees.iter().any(|tree| !tree.sets.is_empty()), "categories are split on");
        for (i, theirs) in predicted.as_slice().iter().enumerate() {
            assert_eq!(ours.forest.margin(matrix.row(i)).to_bits(), theirs.to_bits(), "row {i}");
        }
    }
}
