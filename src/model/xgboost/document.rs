//! The one document that every format of an XGBoost model is read into, and that JSON and UBJSON are written from. Its
//! shape is XGBoost's JSON schema (`doc/model.schema` of its sources); what margins do not depend on is not read.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::plant::plant;
use super::{Format, Imported, Keep, Origin, XgboostError};
use crate::model::forest::{CategorySet, Forest, Node, Tree};

/// XGBoost's parent of a root.
const NO_PARENT: i32 = i32::MAX;
/// Written as the version: the oldest that must read it. Every later one reads it too.
const WRITTEN_VERSION: [u32; 3] = [1, 7, 4];
/// Objectives whose margin is the log-odds of the label.
const OBJECTIVES: [&str; 2] = ["binary:logistic", "reg:logistic"];
const RETRAIN: &str = "train it with objective binary:logistic and booster gbtree or dart";

/// A model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::model) struct XgbModel {
    pub(super) learner: Learner,
    #[serde(default)]
    pub(super) version: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are XGBoost's")]
pub(super) struct Learner {
    #[serde(default)]
    pub(super) attributes: Attributes,
    #[serde(default)]
    pub(super) feature_names: Vec<String>,
    #[serde(skip_deserializing)]
    pub(super) feature_types: Vec<String>,
    pub(super) gradient_booster: GradientBooster,
    pub(super) learner_model_param: LearnerParam,
    pub(super) objective: Objective,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Attributes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) best_iteration: Option<String>,
}

/// `gbtree` has its trees in `model`, `dart` has a whole `gbtree` inside and a weight for each of its trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct GradientBooster {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<TreesModel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gbtree: Option<Inner>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weight_drop: Option<Vec<f32>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Inner {
    pub(super) model: TreesModel,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TreesModel {
    pub(super) gbtree_model_param: GbtreeParam,
    /// Index of the first tree of each round, and the number of trees; since XGBoost 2.0.
    #[serde(default)]
    pub(super) iteration_indptr: Vec<i32>,
    /// The output that each tree adds to.
    #[serde(default)]
    pub(super) tree_info: Vec<i32>,
    pub(super) trees: Vec<XgbTree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct GbtreeParam {
    #[serde(default = "one")]
    pub(super) num_parallel_tree: Text<u32>,
    pub(super) num_trees: Text<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LearnerParam {
    pub(super) base_score: BaseScore,
    #[serde(skip_deserializing, default = "one")]
    pub(super) boost_from_average: Text<u32>,
    pub(super) num_class: Text<u32>,
    pub(super) num_feature: Text<usize>,
    #[serde(default = "one")]
    pub(super) num_target: Text<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Objective {
    pub(super) name: String,
    #[serde(skip_deserializing)]
    pub(super) reg_loss_param: RegLossParam,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct RegLossParam {
    pub(super) scale_pos_weight: Text<u32>,
}

impl Default for RegLossParam {
    fn default() -> Self {
        Self { scale_pos_weight: one() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TreeParam {
    #[serde(skip_deserializing, default = "zero")]
    pub(super) num_deleted: Text<u32>,
    #[serde(skip_deserializing, default = "zero")]
    pub(super) num_feature: Text<usize>,
    pub(super) num_nodes: Text<usize>,
    #[serde(default = "one")]
    pub(super) size_leaf_vector: Text<u32>,
}

/// One tree, a list per property of its nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct XgbTree {
    #[serde(skip_deserializing)]
    pub(super) base_weights: Vec<f32>,
    /// The sets of all splits on categories, one after the other.
    #[serde(default)]
    pub(super) categories: Vec<i32>,
    /// The nodes that split on categories, ascending.
    #[serde(default)]
    pub(super) categories_nodes: Vec<i32>,
    /// Where the set of each begins in `categories`.
    #[serde(default)]
    pub(super) categories_segments: Vec<i64>,
    /// How many categories it has.
    #[serde(default)]
    pub(super) categories_sizes: Vec<i64>,
    /// 0 or 1; booleans before XGBoost 1.6.
    #[serde(deserialize_with = "flags")]
    pub(super) default_left: Vec<u8>,
    #[serde(default)]
    pub(super) id: i32,
    /// -1 for a leaf.
    pub(super) left_children: Vec<i32>,
    #[serde(default, deserialize_with = "floats")]
    pub(super) loss_changes: Vec<f32>,
    #[serde(skip_deserializing)]
    pub(super) parents: Vec<i32>,
    pub(super) right_children: Vec<i32>,
    /// Threshold, or the value of a leaf.
    #[serde(deserialize_with = "floats")]
    pub(super) split_conditions: Vec<f32>,
    pub(super) split_indices: Vec<i64>,
    /// 1 for a split on categories; absent before XGBoost 1.3.
    #[serde(default)]
    pub(super) split_type: Vec<u8>,
    #[serde(default, deserialize_with = "floats")]
    pub(super) sum_hessian: Vec<f32>,
    pub(super) tree_param: TreeParam,
}

impl Default for TreeParam {
    fn default() -> Self {
        Self { num_deleted: zero(), num_feature: zero(), num_nodes: zero(), size_leaf_vector: one() }
    }
}

/// A number that the schema writes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<T>(pub(super) T);

fn one<T: From<u8>>() -> Text<T> {
    Text(T::from(1))
}

fn zero<T: From<u8>>() -> Text<T> {
    Text(T::from(0))
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| de::Error::custom(format_args!("{text:?} is not a number that fits here")))
    }
}

/// The base score of a logistic objective, a probability. Written as a scalar: the vector that XGBoost writes since 3.1
/// is taken for 0.5 by older ones, without a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BaseScore(pub(super) f32);

impl Serialize for BaseScore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:E}", self.0))
    }
}

impl<'de> Deserialize<'de> for BaseScore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&text);
        number
            .trim()
            .parse()
            .map(Self)
            .map_err(|_| de::Error::custom(format_args!("base_score {text:?} is not one number")))
    }
}

/// Numbers, some of which are `NaN`, which reads as `null`.
fn floats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    struct Float(f32);
    impl<'de> Deserialize<'de> for Float {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Option::<f32>::deserialize(deserializer).map(|value| Self(value.unwrap_or(f32::NAN)))
        }
    }
    Ok(Vec::<Float>::deserialize(deserializer)?.into_iter().map(|float| float.0).collect())
}

fn flags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Flag(u8);
    struct AnyFlag;
    impl Visitor<'_> for AnyFlag {
        type Value = Flag;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("0, 1 or a boolean")
        }
        fn visit_bool<E: de::Error>(self, value: bool) -> Result<Flag, E> {
            Ok(Flag(value.into()))
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Flag, E> {
            Ok(Flag((value != 0).into()))
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Flag, E> {
            Ok(Flag((value != 0).into()))
        }
    }
    impl<'de> Deserialize<'de> for Flag {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(AnyFlag)
        }
    }
    Ok(Vec::<Flag>::deserialize(deserializer)?.into_iter().map(|flag| flag.0).collect())
}

/// Only what decides whether a model has a place here at all; read first, so that what has none is refused by its name
/// and not for its unfamiliar insides.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    #[serde(default)]
    format: Option<String>,
    learner: Option<HeadLearner>,
}

#[derive(Debug, Deserialize)]
struct HeadLearner {
    gradient_booster: Named,
    objective: Named,
    learner_model_param: HeadParam,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct HeadParam {
    base_score: String,
    num_class: Text<u32>,
    #[serde(default = "one")]
    num_target: Text<u32>,
}

impl Head {
    pub(super) fn check(self) -> Result<(), XgboostError> {
        let foreign = |what, cure| Err(XgboostError::Foreign { what, cure });
        let Some(learner) = self.learner else {
            return match self.format.as_deref() {
                Some("leadboard-model") => {
                    foreign("a stored model of leadboard", "write it with `leadboard model export`")
                }
                Some("leadboard-features") => foreign("the feature list of a model", "give it as --features"),
                _ => foreign("JSON of another kind", "save the model with bst.save_model(\"model.json\")"),
            };
        };
        let param = learner.learner_model_param;
        check_kind(&learner.objective.name, &learner.gradient_booster.name, param.num_class.0, param.num_target.0)?;
        if param.base_score.contains(',') {
            return Err(unsupported(format!("the model has several outputs (base_score {})", param.base_score)));
        }
        Ok(())
    }
}

fn unsupported(what: String) -> XgboostError {
    XgboostError::Unsupported { what, cure: RETRAIN }
}

/// Refuses by name what is no binary classifier made of trees.
pub(super) fn check_kind(objective: &str, booster: &str, classes: u32, targets: u32) -> Result<(), XgboostError> {
    if !OBJECTIVES.contains(&objective) {
        return Err(unsupported(format!("its objective is {objective}, whose margin is not the log-odds of a win")));
    }
    if !["gbtree", "dart"].contains(&booster) {
        return Err(unsupported(format!("its booster is {booster}, which has no trees")));
    }
    if classes > 1 {
        return Err(unsupported(format!("it tells {classes} classes apart")));
    }
    if targets > 1 {
        return Err(unsupported(format!("it predicts {targets} targets at once")));
    }
    Ok(())
}

fn damaged(why: impl Into<String>) -> XgboostError {
    XgboostError::Damaged(why.into())
}

impl XgbModel {
    /// The file of a forest.
    pub(in crate::model) fn from_forest(forest: &Forest) -> Self {
        let trees: Vec<XgbTree> =
            forest.trees.iter().enumerate().map(|(id, tree)| XgbTree::from_tree(id, tree, forest.features)).collect();
        let count = trees.len();
        let model = TreesModel {
            gbtree_model_param: GbtreeParam { num_parallel_tree: one(), num_trees: Text(count) },
            iteration_indptr: (0..=count as i32).collect(),
            tree_info: vec![0; count],
            trees,
        };
        Self {
            learner: Learner {
                attributes: Attributes::default(),
                feature_names: Vec::new(),
                feature_types: Vec::new(),
                gradient_booster: GradientBooster {
                    name: "gbtree".into(),
                    model: Some(model),
                    gbtree: None,
                    weight_drop: None,
                },
                learner_model_param: LearnerParam {
                    base_score: BaseScore(forest.base_score),
                    boost_from_average: one(),
                    num_class: zero(),
                    num_feature: Text(forest.features),
                    num_target: one(),
                },
                objective: Objective { name: OBJECTIVES[0].into(), reg_loss_param: RegLossParam::default() },
            },
            version: WRITTEN_VERSION.to_vec(),
        }
    }

    /// The forest of a file that [`Self::from_forest`] made.
    pub(in crate::model) fn into_forest(self) -> Result<Forest, XgboostError> {
        Ok(self.into_imported(Format::Json, Keep::AllRounds)?.forest)
    }

    /// The forest of any file, with what the file says of itself.
    pub(super) fn into_imported(self, format: Format, keep: Keep) -> Result<Imported, XgboostError> {
        let Learner {
            attributes, feature_names, gradient_booster: booster, learner_model_param: param, objective, ..
        } = self.learner;
        check_kind(&objective.name, &booster.name, param.num_class.0, param.num_target.0)?;
        let BaseScore(base_score) = param.base_score;
        if !(base_score > 0.0 && base_score < 1.0) {
            return Err(damaged(format!("base_score {base_score} is not a probability")));
        }
        let weights = booster.weight_drop;
        let model = match (booster.model, booster.gbtree) {
            (Some(model), None) if weights.is_none() => model,
            (None, Some(inner)) if weights.is_some() => inner.model,
            _ => {
                return Err(damaged(format!(
                    "its booster is {}, but its trees are not where that has them",
                    booster.name
                )));
            }
        };
        let trees = model.trees;
        if trees.len() != model.gbtree_model_param.num_trees.0 {
            return Err(damaged("it does not have as many trees as it says"));
        }
        if weights.as_ref().is_some_and(|weights| weights.len() != trees.len()) {
            return Err(damaged("it does not have a weight for each tree"));
        }
        if model.tree_info.iter().any(|output| *output != 0) {
            return Err(unsupported("its trees add to several outputs".into()));
        }
        let layer = (model.gbtree_model_param.num_parallel_tree.0 as usize).max(1);
        let rounds = rounds(&model.iteration_indptr, layer, trees.len())?;
        let best = match (keep, &attributes.best_iteration) {
            (Keep::BestRound, Some(best)) => {
                let best: usize = best.parse().map_err(|_| damaged(format!("its best_iteration is {best:?}")))?;
                (best + 1).min(rounds.len())
            }
            _ => rounds.len(),
        };
        let kept = if best == rounds.len() { trees.len() } else { rounds[best] };
        let features = param.num_feature.0;
        let version: Vec<String> = self.version.iter().map(u32::to_string).collect();
        let trees = trees
            .into_iter()
            .take(kept)
            .enumerate()
            .map(|(i, tree)| {
                let weight = weights.as_ref().map_or(1.0, |weights| weights[i]);
                plant(&tree, weight, features).map_err(|why| damaged(format!("tree {i} {why}")))
            })
            .collect::<Result<Vec<Tree>, _>>()?;
        Ok(Imported {
            forest: Forest { features, base_score, trees },
            feature_names,
            origin: Origin {
                format,
                version: version.join("."),
                objective: objective.name,
                booster: booster.name,
                rounds: rounds.len() as u32,
                rounds_kept: best as u32,
            },
        })
    }
}

/// The first tree of each round.
fn rounds(indptr: &[i32], layer: usize, trees: usize) -> Result<Vec<usize>, XgboostError> {
    if indptr.is_empty() {
        return Ok((0..trees).step_by(layer).collect());
    }
    let starts: Option<Vec<usize>> = indptr.iter().map(|start| usize::try_from(*start).ok()).collect();
    match starts {
        Some(mut starts) if starts.is_sorted() && starts[0] == 0 && starts[starts.len() - 1] == trees => {
            starts.pop();
            Ok(starts)
        }
        _ => Err(damaged("its rounds do not cover its trees")),
    }
}

impl XgbTree {
    fn from_tree(id: usize, tree: &Tree, features: usize) -> Self {
        let nodes = &tree.nodes;
        let mut parents = vec![NO_PARENT; nodes.len()];
        let mut written = Self::default();
        for (i, node) in nodes.iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
            parents[node.left as usize] = i as i32;
            parents[node.left as usize + 1] = i as i32;
            if let Some(set) = node.set {
                written.add_set(i, &tree.sets[set as usize]);
            }
        }
        let child = |node: &Node, offset: i32| if node.is_leaf() { -1 } else { node.left as i32 + offset };
        Self {
            base_weights: nodes.iter().map(|n| if n.is_leaf() { n.value } else { 0.0 }).collect(),
            default_left: nodes.iter().map(|n| u8::from(n.default_left)).collect(),
            id: id as i32,
            left_children: nodes.iter().map(|n| child(n, 0)).collect(),
            loss_changes: nodes.iter().map(|n| n.gain).collect(),
            parents,
            right_children: nodes.iter().map(|n| child(n, 1)).collect(),
            split_conditions: nodes.iter().map(|n| n.value).collect(),
            split_indices: nodes.iter().map(|n| n.feature.into()).collect(),
            split_type: nodes.iter().map(|n| u8::from(n.set.is_some())).collect(),
            sum_hessian: nodes.iter().map(|n| n.cover).collect(),
            tree_param: TreeParam {
                num_deleted: zero(),
                num_feature: Text(features),
                num_nodes: Text(nodes.len()),
                size_leaf_vector: one(),
            },
            ..written
        }
    }

    fn add_set(&mut self, node: usize, set: &CategorySet) {
        self.categories_nodes.push(node as i32);
        self.categories_segments.push(self.categories.len() as i64);
        self.categories_sizes.push(set.categories().len() as i64);
        self.categories.extend(set.categories().iter().map(|category| *category as i32));
    }
}
