//! Gradient-boosted trees as flat arrays, and the walk that scores a row.

/// A forest in XGBoost's shape: numeric splits, `value < threshold` goes left, missing goes the default way, the right
/// child follows the left one. Sums are `f32` in tree order from the base margin, as XGBoost adds them.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// Columns of a row.
    pub features: usize,
    /// Win probability before any tree, as XGBoost stores it.
    pub base_score: f32,
    /// The trees, in order.
    pub trees: Vec<Tree>,
}

/// One tree; node 0 is the root.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The nodes. Children come after their parent.
    pub nodes: Vec<Node>,
}

/// One node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Left child; 0 for a leaf (the root is nobody's child). The right child is the next node.
    pub left: u32,
    /// Column tested.
    pub feature: u32,
    /// Threshold of a split, or the value of a leaf in log-odds.
    pub value: f32,
    /// Where a missing value goes.
    pub default_left: bool,
    /// Sum of second derivatives of the training deals that came here: the cover.
    pub cover: f32,
    /// Loss reduction of the split; 0 for a leaf.
    pub gain: f32,
}

impl Node {
    /// Whether this node is a leaf.
    pub const fn is_leaf(&self) -> bool {
        self.left == 0
    }

    /// The child that a value goes to.
    #[inline]
    pub fn next(&self, value: f32) -> usize {
        let left = if value.is_nan() { self.default_left } else { value < self.value };
        self.left as usize + usize::from(!left)
    }
}

impl Tree {
    /// The value of the leaf that a row falls into.
    #[inline]
    pub fn leaf(&self, row: &[f32]) -> f32 {
        let mut node = &self.nodes[0];
        while !node.is_leaf() {
            node = &self.nodes[node.next(row[node.feature as usize])];
        }
        node.value
    }

    /// Whether every walk of a row with `features` columns ends at a finite leaf.
    pub fn is_sound(&self, features: usize) -> bool {
        !self.nodes.is_empty()
            && self.nodes.iter().enumerate().all(|(i, node)| {
                node.value.is_finite()
                    && node.cover.is_finite()
                    && (node.is_leaf()
                        || (node.left as usize > i
                            && (node.left as usize) + 1 < self.nodes.len()
                            && (node.feature as usize) < features))
            })
    }
}

impl Forest {
    /// Log-odds before any tree.
    pub fn base_margin(&self) -> f32 {
        -(1.0 / self.base_score - 1.0).ln()
    }

    /// Log-odds of one row.
    pub fn margin(&self, row: &[f32]) -> f32 {
        self.trees.iter().fold(self.base_margin(), |sum, tree| sum + tree.leaf(row))
    }
}
