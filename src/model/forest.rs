//! Gradient-boosted trees as flat arrays, and the walk that scores a row.

/// A forest in XGBoost's shape: a numeric split sends `value < threshold` left, a categorical one sends the categories
/// of its set right, missing goes the default way, and the right child follows the left one. Sums are `f32` in tree
/// order from the base margin, as XGBoost adds them.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// The nodes. Children come after their parent.
    pub nodes: Vec<Node>,
    /// The sets that categorical splits ask for; empty where all splits are numeric.
    pub sets: Vec<CategorySet>,
}

/// Categories of one split: the values, as whole numbers, that go right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategorySet {
    /// Ascending, each once.
    categories: Box<[u32]>,
}

impl CategorySet {
    /// A set of categories, in any order.
    pub fn new(mut categories: Vec<u32>) -> Self {
        categories.sort_unstable();
        categories.dedup();
        Self { categories: categories.into() }
    }

    /// Ascending, each once.
    pub fn categories(&self) -> &[u32] {
        &self.categories
    }

    /// Whether a value, which is not missing, is one of the set. A fraction counts as the whole number below it, as
    /// XGBoost casts it; negative and over-large values are in no set.
    pub fn contains(&self, value: f32) -> bool {
        (0.0..MAX_CATEGORY).contains(&value) && self.categories.binary_search(&(value as u32)).is_ok()
    }
}

/// Values from here on are no category (XGBoost's `OutOfRangeCat`: the whole numbers that `f32` tells apart end here).
pub const MAX_CATEGORY: f32 = 16_777_216.0;

/// One node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Left child; 0 for a leaf (the root is nobody's child). The right child is the next node.
    pub left: u32,
    /// Column tested.
    pub feature: u32,
    /// Threshold of a numeric split, or the value of a leaf in log-odds; 0 for a categorical split.
    pub value: f32,
    /// For a categorical split, its set: an index into [`Tree::sets`].
    pub set: Option<u32>,
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
}

impl Tree {
    /// The child of a split that a value goes to.
    #[inline]
    pub fn child(&self, node: &Node, value: f32) -> usize {
        let left = if value.is_nan() {
            node.default_left
        } else if let Some(set) = node.set {
            !self.sets[set as usize].contains(value)
        } else {
            value < node.value
        };
        node.left as usize + usize::from(!left)
    }

    /// The value of the leaf that a row falls into.
    #[inline]
    pub fn leaf(&self, row: &[f32]) -> f32 {
        let mut node = &self.nodes[0];
        while !node.is_leaf() {
            node = &self.nodes[self.child(node, row[node.feature as usize])];
        }
        node.value
    }

    /// Whether every walk of a row with `features` columns ends at a finite leaf.
    pub fn is_sound(&self, features: usize) -> bool {
        !self.nodes.is_empty()
            && self.nodes.iter().enumerate().all(|(i, node)| {
                node.value.is_finite()
                    && node.set.is_none_or(|set| (set as usize) < self.sets.len())
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
