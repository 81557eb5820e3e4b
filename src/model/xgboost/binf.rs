//! The binary format that XGBoost wrote up to 3.0 and SageMaker's 1.7-1 container still writes. Little-endian copies of
//! the structures of the C++ sources (`learner.cc`, `gbtree_model.h`, `tree_model.h` of 1.7); it knows numeric splits
//! only.

use super::XgboostError;
use super::document::{
    Attributes, BaseScore, GbtreeParam, GradientBooster, Inner, Learner, LearnerParam, Objective, RegLossParam, Text,
    TreeParam, TreesModel, XgbModel, XgbTree, check_kind,
};

const LEARNER_PARAM: usize = 136;
const GBTREE_PARAM: usize = 160;
const TREE_PARAM: usize = 148;
const NODE: usize = 20;
const STAT: usize = 16;
/// Longest name and attribute.
const MAX_TEXT: u64 = 1 << 20;
const MAX_ATTRIBUTES: u64 = 1_000;

/// Reads a whole file.
pub(super) fn read(bytes: &[u8]) -> Result<XgbModel, XgboostError> {
    let mut file = Cursor { rest: bytes };
    file.take(b"binf".len())?;
    let mut param = Cursor { rest: file.take(LEARNER_PARAM)? };
    let stored_score = param.f32()?;
    let num_feature = param.u32()?;
    let num_class = param.u32()?;
    let has_attributes = param.u32()? != 0;
    param.u32()?;
    let (major, minor) = (param.u32()?, param.u32()?);
    // 0 before 1.6, which had no such field.
    let num_target = param.u32()?.max(1);
    let objective = file.text()?;
    let booster = file.text()?;
    check_kind(&objective, &booster, num_class, num_target)?;
    // A probability; but before 1.0, which left the version at 0, a margin. XGBoost 1.7.4 reads both so.
    let base_score = if major == 0 { 1.0 / (1.0 + (-stored_score).exp()) } else { stored_score };

    let mut param = Cursor { rest: file.take(GBTREE_PARAM)? };
    let num_trees = usize::try_from(param.i32()?).map_err(|_| damaged("a negative number of trees"))?;
    let num_parallel_tree = param.u32()?;
    let trees = (0..num_trees).map(|_| tree(&mut file)).collect::<Result<Vec<_>, _>>()?;
    let tree_info = (0..num_trees).map(|_| file.i32()).collect::<Result<Vec<_>, _>>()?;
    let weight_drop = if booster == "dart" { Some(weights(&mut file, num_trees)?) } else { None };
    let best_iteration = if has_attributes { best_iteration(&mut file)? } else { None };

    let model = TreesModel {
        gbtree_model_param: GbtreeParam { num_parallel_tree: Text(num_parallel_tree), num_trees: Text(num_trees) },
        iteration_indptr: Vec::new(),
        tree_info,
        trees,
    };
    let (model, gbtree) = if weight_drop.is_some() { (None, Some(Inner { model })) } else { (Some(model), None) };
    Ok(XgbModel {
        learner: Learner {
            attributes: Attributes { best_iteration },
            feature_names: Vec::new(),
            feature_types: Vec::new(),
            gradient_booster: GradientBooster { name: booster, model, gbtree, weight_drop },
            learner_model_param: LearnerParam {
                base_score: BaseScore(base_score),
                boost_from_average: Text(1),
                num_class: Text(num_class),
                num_feature: Text(num_feature as usize),
                num_target: Text(num_target),
            },
            objective: Objective { name: objective, reg_loss_param: RegLossParam::default() },
        },
        version: vec![major, minor],
    })
}

fn tree(file: &mut Cursor<'_>) -> Result<XgbTree, XgboostError> {
    let mut param = Cursor { rest: file.take(TREE_PARAM)? };
    param.i32()?;
    let n = usize::try_from(param.i32()?).map_err(|_| damaged("a tree with a negative number of nodes"))?;
    param.take(3 * size_of::<i32>())?;
    if param.i32()? != 0 {
        return Err(XgboostError::Unsupported {
            what: "its leaves hold several values".into(),
            cure: "train it with one output",
        });
    }
    let size = |each: usize| n.checked_mul(each).ok_or_else(too_short);
    let mut nodes = Cursor { rest: file.take(size(NODE)?)? };
    let mut stats = Cursor { rest: file.take(size(STAT)?)? };
    let mut tree =
        XgbTree { tree_param: TreeParam { num_nodes: Text(n), ..TreeParam::default() }, ..XgbTree::default() };
    for _ in 0..n {
        nodes.i32()?;
        tree.left_children.push(nodes.i32()?);
        tree.right_children.push(nodes.i32()?);
        let column = nodes.u32()?;
        tree.default_left.push((column >> 31) as u8);
        tree.split_indices.push((column & (u32::MAX >> 1)).into());
        tree.split_conditions.push(nodes.f32()?);
        tree.loss_changes.push(stats.f32()?);
        tree.sum_hessian.push(stats.f32()?);
        stats.take(2 * size_of::<i32>())?;
    }
    Ok(tree)
}

/// The weights of `dart`; not there when there are no trees.
fn weights(file: &mut Cursor<'_>, trees: usize) -> Result<Vec<f32>, XgboostError> {
    if trees == 0 {
        return Ok(Vec::new());
    }
    if file.u64()? != trees as u64 {
        return Err(damaged("it does not have a weight for each tree"));
    }
    (0..trees).map(|_| file.f32()).collect()
}

fn best_iteration(file: &mut Cursor<'_>) -> Result<Option<String>, XgboostError> {
    let count = file.u64()?;
    if count > MAX_ATTRIBUTES {
        return Err(damaged("it has too many attributes"));
    }
    let mut best = None;
    for _ in 0..count {
        let (key, value) = (file.text()?, file.text()?);
        if key == "best_iteration" {
            best = Some(value);
        }
    }
    Ok(best)
}

fn damaged(why: &str) -> XgboostError {
    XgboostError::Damaged(why.into())
}

fn too_short() -> XgboostError {
    damaged("it ends too early")
}

/// What is left of the file.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], XgboostError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(too_short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], XgboostError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn i32(&mut self) -> Result<i32, XgboostError> {
        self.array().map(i32::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, XgboostError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, XgboostError> {
        self.array().map(u64::from_le_bytes)
    }

    fn f32(&mut self) -> Result<f32, XgboostError> {
        self.array().map(f32::from_le_bytes)
    }

    fn text(&mut self) -> Result<String, XgboostError> {
        let length = self.u64()?;
        if length > MAX_TEXT {
            return Err(damaged("it has a text of impossible length"));
        }
        let text = str::from_utf8(self.take(length as usize)?).map_err(|_| damaged("it has a text that is none"))?;
        Ok(text.to_owned())
    }
}
