//! The trainer that grows the trees: hessboost, a pure Rust histogram trainer with XGBoost's objective and splits.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use hessboost::config::Monotone;
use hessboost::data::BinnedMatrix;
use hessboost::metric::EvalMetric;
use hessboost::objective::{Objective, RegLoss};
use hessboost::prelude::{BoostedModel, DMatrix, HessboostError, TrainingParams, TreeMethod};

use super::{Fit, Parameters, Rounds, Rows, TrainError, Trainer};
use crate::model::forest::{Forest, Node, Tree};

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
        let increasing = &rows.increasing[..rows.columns];
        let constraints = increasing.iter().map(|inc| if *inc { Monotone::Increasing } else { Monotone::None });
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
        Ok(Fit { forest: forest(&model, rows.columns, base_score, kept)?, rounds: kept as u32 })
    }
}

/// The rows of `index` for the trainer. When it may see every column it reads ours where they are, else a copy.
fn matrix(rows: &Rows<'_>, index: &[usize]) -> Result<DMatrix, TrainError> {
    let of = |all: &[f32]| -> Vec<f32> { index.iter().map(|&i| all[i]).collect() };
    if rows.columns == rows.matrix.columns {
        let all = Arc::clone(&rows.matrix.values);
        let shared = DMatrix::from_dense_shared(all, rows.matrix.rows(), rows.columns, f32::NAN)?;
        return labelled(shared.select_rows(index)?, rows, of);
    }
    let mut values = Vec::with_capacity(index.len() * rows.columns);
    for &i in index {
        values.extend_from_slice(&rows.matrix.row(i)[..rows.columns]);
    }
    labelled(DMatrix::from_dense_vec(values, index.len(), rows.columns)?, rows, of)
}

fn labelled(data: DMatrix, rows: &Rows<'_>, of: impl Fn(&[f32]) -> Vec<f32>) -> Result<DMatrix, TrainError> {
    let data = data.with_labels(&of(rows.labels))?;
    Ok(match rows.weights {
        Some(weights) => data.with_weights(&of(weights))?,
        None => data,
    })
}

/// Renumbers breadth-first, so that the right child always follows the left one.
fn forest(model: &BoostedModel, features: usize, base_score: f32, kept: usize) -> Result<Forest, TrainError> {
    let mut trees = Vec::with_capacity(kept);
    for tree in &model.trees()[..kept.min(model.num_trees())] {
        let source = tree.nodes();
        let mut order = vec![0usize];
        let mut nodes = Vec::with_capacity(source.len());
        let mut next = 0;
        while next < order.len() {
            let node = &source[order[next]];
            let left = if node.is_leaf() {
                0
            } else {
                order.extend([node.left as usize, node.right as usize]);
                order.len() as u32 - 2
            };
            nodes.push(Node {
                left,
                feature: node.split_feature,
                value: if node.is_leaf() { node.leaf_value } else { node.split_cond },
                set: None,
                default_left: node.default_left,
                cover: node.sum_hess,
                gain: if node.is_leaf() { 0.0 } else { node.split_gain },
            });
            next += 1;
        }
        let tree = Tree { nodes, sets: Vec::new() };
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

    /// Noisy labels, a missing value in every third row.
    fn sample() -> (FeatureMatrix, Vec<f32>) {
        let (n, columns) = (600usize, 5usize);
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for i in 0..n {
            let x = |k: usize| ((i * (7 + 2 * k) + k * 13) % 101) as f32 / 101.0;
            values.extend([x(0), if i % 3 == 0 { f32::NAN } else { x(1) }, x(2), x(3), x(4)]);
            labels.push(f32::from(u8::from(x(0) + 0.5 * x(2) + 0.6 * x(4) > 1.1)));
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
            columns: 5,
            increasing: &[false; 5],
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
        for (i, theirs) in predicted.as_slice().iter().enumerate() {
            assert_eq!(ours.forest.margin(matrix.row(i)).to_bits(), theirs.to_bits(), "row {i}");
        }
    }
}
