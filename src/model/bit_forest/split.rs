//! The tests of splits, sorted by what they need to be decided.

use crate::model::forest::{CategorySet, Node, Tree};

/// The test of one split, on the value of one column.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// Index among the columns of the same scope.
    pub(super) column: u32,
    threshold: f32,
    set: Option<CategorySet>,
    default_left: bool,
}

impl Split {
    pub(super) fn new(tree: &Tree, node: &Node, column: u32) -> Self {
        let set = node.set.map(|set| tree.sets[set as usize].clone());
        Self { column, threshold: node.value, set, default_left: node.default_left }
    }

    /// Whether a value goes left; the same answer as [`Tree::child`].
    pub(super) fn goes_left(&self, value: f32) -> bool {
        if value.is_nan() {
            self.default_left
        } else if let Some(set) = &self.set {
            !set.contains(value)
        } else {
            value < self.threshold
        }
    }

    /// The threshold and where missing values go, for a split that is a plain comparison. Not so are categorical
    /// splits and thresholds that are no finite number (no trainer writes those).
    pub(super) fn comparison(&self) -> Option<(f32, bool)> {
        (self.set.is_none() && self.threshold.is_finite()).then_some((self.threshold, self.default_left))
    }
}
