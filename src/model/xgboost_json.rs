//! Forests as XGBoost model files (the JSON schema of XGBoost 1.7 to 3.x, `binary:logistic`, `gbtree`).
//!
//! Written so that every one of those versions reads the same margins: `base_score` is a scalar string (since 3.1
//! XGBoost writes a vector, which older ones silently take for 0.5), and the right child follows the left one (its
//! predictor computes `left + 1` and ignores the list of right children).

use serde::{Deserialize, Serialize};

use super::forest::{Forest, Node, Tree};

/// XGBoost's parent of a root.
const NO_PARENT: i32 = i32::MAX;

/// Why a file is not such a forest; in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotXgboost(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct XgbModel {
    version: [u32; 3],
    learner: Learner,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are XGBoost's")]
struct Learner {
    attributes: serde_json::Map<String, serde_json::Value>,
    feature_names: Vec<String>,
    feature_types: Vec<String>,
    gradient_booster: GradientBooster,
    learner_model_param: LearnerParam,
    objective: ObjectiveParam,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct GradientBooster {
    name: String,
    model: TreesModel,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TreesModel {
    gbtree_model_param: GbtreeParam,
    iteration_indptr: Vec<i32>,
    tree_info: Vec<i32>,
    trees: Vec<XgbTree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct GbtreeParam {
    num_parallel_tree: String,
    num_trees: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LearnerParam {
    base_score: String,
    boost_from_average: String,
    num_class: String,
    num_feature: String,
    num_target: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ObjectiveParam {
    name: String,
    reg_loss_param: RegLossParam,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RegLossParam {
    scale_pos_weight: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TreeParam {
    num_deleted: String,
    num_feature: String,
    num_nodes: String,
    size_leaf_vector: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct XgbTree {
    base_weights: Vec<f32>,
    categories: Vec<i32>,
    categories_nodes: Vec<i32>,
    categories_segments: Vec<i64>,
    categories_sizes: Vec<i64>,
    default_left: Vec<u8>,
    id: i32,
    left_children: Vec<i32>,
    loss_changes: Vec<f32>,
    parents: Vec<i32>,
    right_children: Vec<i32>,
    split_conditions: Vec<f32>,
    split_indices: Vec<i32>,
    split_type: Vec<u8>,
    sum_hessian: Vec<f32>,
    tree_param: TreeParam,
}

impl XgbModel {
    /// The file of a forest.
    pub(super) fn from_forest(forest: &Forest) -> Self {
        let trees: Vec<XgbTree> =
            forest.trees.iter().enumerate().map(|(id, tree)| XgbTree::from_tree(id, tree, forest.features)).collect();
        let count = trees.len() as i32;
        Self {
            version: [1, 7, 4],
            learner: Learner {
                attributes: serde_json::Map::new(),
                feature_names: Vec::new(),
                feature_types: Vec::new(),
                gradient_booster: GradientBooster {
                    name: "gbtree".into(),
                    model: TreesModel {
                        gbtree_model_param: GbtreeParam { num_parallel_tree: "1".into(), num_trees: count.to_string() },
                        iteration_indptr: (0..=count).collect(),
                        tree_info: vec![0; trees.len()],
                        trees,
                    },
                },
                learner_model_param: LearnerParam {
                    base_score: format!("{:E}", forest.base_score),
                    boost_from_average: "1".into(),
                    num_class: "0".into(),
                    num_feature: forest.features.to_string(),
                    num_target: "1".into(),
                },
                objective: ObjectiveParam {
                    name: "binary:logistic".into(),
                    reg_loss_param: RegLossParam { scale_pos_weight: "1".into() },
                },
            },
        }
    }

    /// The forest of a file that [`Self::from_forest`] made.
    pub(super) fn into_forest(self) -> Result<Forest, NotXgboost> {
        let refuse = |why: &str| NotXgboost(why.to_owned());
        let learner = self.learner;
        if learner.objective.name != "binary:logistic" {
            return Err(NotXgboost(format!("the objective is {}, not binary:logistic", learner.objective.name)));
        }
        if learner.gradient_booster.name != "gbtree" {
            return Err(NotXgboost(format!("the booster is {}, not gbtree", learner.gradient_booster.name)));
        }
        let param = learner.learner_model_param;
        let base_score: f32 = param.base_score.parse().map_err(|_| refuse("base_score is not a number"))?;
        if !(base_score > 0.0 && base_score < 1.0) {
            return Err(refuse("base_score is not a probability"));
        }
        let features: usize = param.num_feature.parse().map_err(|_| refuse("num_feature is not a number"))?;
        let trees = learner.gradient_booster.model.trees;
        let trees = trees.into_iter().map(XgbTree::into_tree).collect::<Result<Vec<_>, _>>()?;
        if let Some(bad) = trees.iter().position(|tree| !tree.is_sound(features)) {
            return Err(NotXgboost(format!("tree {bad} is damaged")));
        }
        Ok(Forest { features, base_score, trees })
    }
}

impl XgbTree {
    fn from_tree(id: usize, tree: &Tree, features: usize) -> Self {
        let nodes = &tree.nodes;
        let mut parents = vec![NO_PARENT; nodes.len()];
        for (i, node) in nodes.iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
            parents[node.left as usize] = i as i32;
            parents[node.left as usize + 1] = i as i32;
        }
        let child = |node: &Node, offset: i32| if node.is_leaf() { -1 } else { node.left as i32 + offset };
        Self {
            base_weights: nodes.iter().map(|n| if n.is_leaf() { n.value } else { 0.0 }).collect(),
            categories: Vec::new(),
            categories_nodes: Vec::new(),
            categories_segments: Vec::new(),
            categories_sizes: Vec::new(),
            default_left: nodes.iter().map(|n| u8::from(n.default_left)).collect(),
            id: id as i32,
            left_children: nodes.iter().map(|n| child(n, 0)).collect(),
            loss_changes: nodes.iter().map(|n| n.gain).collect(),
            parents,
            right_children: nodes.iter().map(|n| child(n, 1)).collect(),
            split_conditions: nodes.iter().map(|n| n.value).collect(),
            split_indices: nodes.iter().map(|n| n.feature as i32).collect(),
            split_type: vec![0; nodes.len()],
            sum_hessian: nodes.iter().map(|n| n.cover).collect(),
            tree_param: TreeParam {
                num_deleted: "0".into(),
                num_feature: features.to_string(),
                num_nodes: nodes.len().to_string(),
                size_leaf_vector: "1".into(),
            },
        }
    }

    fn into_tree(self) -> Result<Tree, NotXgboost> {
        let n = self.left_children.len();
        let lengths = [
            self.right_children.len(),
            self.split_conditions.len(),
            self.split_indices.len(),
            self.default_left.len(),
            self.sum_hessian.len(),
            self.loss_changes.len(),
        ];
        let refuse = |why: &str| Err(NotXgboost(format!("tree {}: {why}", self.id)));
        if lengths.iter().any(|len| *len != n) {
            return refuse("its lists differ in length");
        }
        if self.split_type.iter().any(|t| *t != 0) {
            return refuse("it splits on categories");
        }
        let mut nodes = Vec::with_capacity(n);
        for i in 0..n {
            let (left, right) = (self.left_children[i], self.right_children[i]);
            let leaf = left == -1 && right == -1;
            if !leaf && (left <= 0 || right != left + 1) {
                return refuse("its children are not neighbours");
            }
            let Ok(feature) = u32::try_from(self.split_indices[i]) else { return refuse("it tests no column") };
            nodes.push(Node {
                left: if leaf { 0 } else { left as u32 },
                feature,
                value: self.split_conditions[i],
                set: None,
                default_left: self.default_left[i] != 0,
                cover: self.sum_hessian[i],
                gain: self.loss_changes[i],
            });
        }
        Ok(Tree { nodes, sets: Vec::new() })
    }
}
