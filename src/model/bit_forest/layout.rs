//! Where the leaves of a tree lie in its words.

use std::ops::Range;

use crate::model::forest::Tree;

/// Leaves in a word.
pub(super) const WORD: usize = 32;
/// A tree that needs more words is walked instead: its masks would outgrow the caches.
const MAX_WORDS: usize = 256;

/// The place of each leaf of a tree: leaf positions run from left to right, 32 to a word, and a subtree that fits into
/// one word never lies in two. So a split near the root mostly separates whole words, and one that the lead decides
/// switches whole words off.
pub(super) struct Layout {
    /// For each node the positions of the leaves below it; empty for a node that no walk reaches.
    leaves: Vec<Range<u32>>,
    /// Words of this tree.
    pub(super) words: usize,
}

impl Layout {
    /// Lays a tree out. `None` for one that is too large, and for one whose nodes share children: a walk can follow
    /// those, but they have no leaf order.
    pub(super) fn new(tree: &Tree) -> Option<Self> {
        let nodes = &tree.nodes;
        let mut parents = vec![0u8; nodes.len()];
        parents[0] = 1;
        // Children come after their parent, so one pass forward sees what is reached, one backward counts leaves.
        for (i, node) in nodes.iter().enumerate() {
            if parents[i] > 0 && !node.is_leaf() {
                for child in [node.left as usize, node.left as usize + 1] {
                    if parents[child] > 0 {
                        return None;
                    }
                    parents[child] = 1;
                }
            }
        }
        let mut counts = vec![1usize; nodes.len()];
        for (i, node) in nodes.iter().enumerate().rev().filter(|(i, node)| parents[*i] > 0 && !node.is_leaf()) {
            counts[i] = counts[node.left as usize] + counts[node.left as usize + 1];
        }
        if counts[0] > MAX_WORDS * WORD {
            return None;
        }
        let mut leaves = vec![0..0; nodes.len()];
        let mut next = 0;
        let mut stack = vec![(0, false)];
        while let Some((i, mut in_one_word)) = stack.pop() {
            if !in_one_word && counts[i] <= WORD {
                in_one_word = true;
                if next % WORD + counts[i] > WORD {
                    next = next.next_multiple_of(WORD);
                }
            }
            if nodes[i].is_leaf() {
                leaves[i] = next as u32..next as u32 + 1;
                next += 1;
            } else {
                let left = nodes[i].left as usize;
                stack.extend([(left + 1, in_one_word), (left, in_one_word)]);
            }
        }
        for (i, node) in nodes.iter().enumerate().rev().filter(|(i, node)| parents[*i] > 0 && !node.is_leaf()) {
            leaves[i] = leaves[node.left as usize].start..leaves[node.left as usize + 1].end;
        }
        Some(Self { leaves, words: next.div_ceil(WORD) })
    }

    /// Whether a walk can come to a node.
    pub(super) fn is_reached(&self, node: usize) -> bool {
        !self.leaves[node].is_empty()
    }

    /// The first leaf position below a node.
    pub(super) fn first(&self, node: usize) -> usize {
        self.leaves[node].start as usize
    }

    /// The leaves below a node that lie in one word: the leaf at position `p` is bit `31 - p % 32`, so that the
    /// leftmost of several is the highest bit.
    pub(super) fn mask(&self, node: usize, word: usize) -> u32 {
        let start = (word * WORD) as u32;
        let inside = |position: u32| position.saturating_sub(start).min(WORD as u32);
        let from = |position: u32| u32::MAX.checked_shr(position).unwrap_or(0);
        from(inside(self.leaves[node].start)) & !from(inside(self.leaves[node].end))
    }
}
