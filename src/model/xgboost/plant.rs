//! From the lists of a file to a tree: nodes are numbered anew, breadth-first, so that the right child follows the left
//! one, and what is not reachable from the root (nodes deleted by pruning) is left out.

use super::document::XgbTree;
use crate::model::forest::{CategorySet, MAX_CATEGORY, Node, Tree};

/// Deepest tree. Explanations walk trees by recursion.
const MAX_DEPTH: u32 = 256;

/// Builds a tree whose leaves are multiplied by `weight` (of `dart`). Says in words what is wrong, as the end of a
/// sentence that begins with the tree.
pub(super) fn plant(source: &XgbTree, weight: f32, features: usize) -> Result<Tree, &'static str> {
    let n = source.left_children.len();
    let needed = [
        source.tree_param.num_nodes.0,
        source.right_children.len(),
        source.split_conditions.len(),
        source.split_indices.len(),
        source.default_left.len(),
    ];
    let optional = [source.sum_hessian.len(), source.loss_changes.len(), source.split_type.len()];
    if n == 0 || needed.iter().any(|len| *len != n) || optional.iter().any(|len| *len != n && *len != 0) {
        return Err("has lists of different lengths");
    }
    if source.tree_param.size_leaf_vector.0 > 1 {
        return Err("has several values in a leaf");
    }
    let mut sets_of = sets(source)?;
    let finite = |list: &[f32], i: usize| list.get(i).copied().filter(|v| v.is_finite()).unwrap_or(0.0);
    // Old number and depth of each new node.
    let mut order = vec![(0usize, 0u32)];
    let mut seen = vec![false; n];
    seen[0] = true;
    let mut tree = Tree { nodes: Vec::with_capacity(n), sets: Vec::new() };
    let mut next = 0;
    while let Some(&(old, depth)) = order.get(next) {
        next += 1;
        let value = source.split_conditions[old];
        let (cover, gain) = (finite(&source.sum_hessian, old), finite(&source.loss_changes, old));
        let default_left = source.default_left[old] != 0;
        let feature = u32::try_from(source.split_indices[old]).ok().filter(|f| (*f as usize) < features);
        let children = (source.left_children[old], source.right_children[old]);
        if children == (-1, -1) {
            let value = value * weight;
            if !value.is_finite() {
                return Err("has a leaf that is no number");
            }
            // A leaf tests no column; whatever stands there is kept where it can be.
            let feature = feature.unwrap_or(0);
            tree.nodes.push(Node { left: 0, feature, value, set: None, default_left, cover, gain });
            continue;
        }
        if depth >= MAX_DEPTH {
            return Err("is more than 256 levels deep");
        }
        let left = order.len() as u32;
        for child in [children.0, children.1] {
            match usize::try_from(child).ok().filter(|child| *child < n) {
                Some(child) if !std::mem::replace(&mut seen[child], true) => order.push((child, depth + 1)),
                Some(_) => return Err("joins two branches"),
                None => return Err("has a branch that leads nowhere"),
            }
        }
        let Some(feature) = feature else { return Err("tests a column that the model does not have") };
        let categorical = source.split_type.get(old).is_some_and(|kind| *kind == 1);
        let (value, set) = if categorical {
            let Some(set) = sets_of[old].take() else { return Err("splits on categories that are not there") };
            tree.sets.push(set);
            (0.0, Some(tree.sets.len() as u32 - 1))
        } else if value.is_finite() {
            (value, None)
        } else {
            return Err("has a threshold that is no number");
        };
        tree.nodes.push(Node { left, feature, value, set, default_left, cover, gain });
    }
    Ok(tree)
}

/// The set of each node that has one.
fn sets(source: &XgbTree) -> Result<Vec<Option<CategorySet>>, &'static str> {
    let count = source.categories_nodes.len();
    if source.categories_segments.len() != count || source.categories_sizes.len() != count {
        return Err("has lists of categories of different lengths");
    }
    let mut sets = vec![None; source.left_children.len()];
    // Each category belongs to one set, so a small file cannot ask for much memory.
    let mut total = 0;
    for ((node, start), size) in
        source.categories_nodes.iter().zip(&source.categories_segments).zip(&source.categories_sizes)
    {
        let range = usize::try_from(*start).ok().zip(usize::try_from(*size).ok());
        let found = range.and_then(|(start, size)| source.categories.get(start..start.checked_add(size)?));
        let node = usize::try_from(*node).ok().and_then(|node| sets.get_mut(node));
        let (Some(found), Some(slot)) = (found, node) else { return Err("has a set of categories beyond its lists") };
        total += found.len();
        if total > source.categories.len() {
            return Err("has sets of categories that overlap");
        }
        let categories: Option<Vec<u32>> =
            found.iter().map(|c| u32::try_from(*c).ok().filter(|c| (*c as f32) < MAX_CATEGORY)).collect();
        let Some(categories) = categories else { return Err("has a category that is no category") };
        *slot = Some(CategorySet::new(categories));
    }
    Ok(sets)
}
