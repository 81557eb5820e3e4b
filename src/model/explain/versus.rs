//! The difference between two rows, column by column: Shapley values of the game in which a coalition of columns takes
//! its values from the first row and all others from the second (baseline Shapley values; for trees Lundberg et al.
//! 2020, "interventional", with one background row).
//!
//! They sum to the difference of the two margins, columns in which the rows agree get exactly 0, and turning the
//! question round turns every sign. A leaf of value `v` whose way asks `a` columns as only the first row would go and
//! `b` as only the second would gives `v / (a C(a + b, a))` to each of the former and `-v / (b C(a + b, b))` to each of
//! the latter.

use crate::model::forest::{Forest, Tree};

/// What each column adds to the margin when its value changes from that of `theirs` to that of `ours`.
pub fn difference(forest: &Forest, ours: &[f32], theirs: &[f32]) -> Vec<f64> {
    let mut game = Game { ours, theirs, way: Vec::new(), phi: vec![0.0; forest.features] };
    for tree in &forest.trees {
        game.descend(tree, 0);
    }
    game.phi
}

struct Game<'a> {
    ours: &'a [f32],
    theirs: &'a [f32],
    /// Columns on which the rows parted, and whether we went our way.
    way: Vec<(u32, bool)>,
    phi: Vec<f64>,
}

impl Game<'_> {
    fn descend(&mut self, tree: &Tree, mut index: usize) {
        loop {
            let node = &tree.nodes[index];
            if node.is_leaf() {
                return self.credit(f64::from(node.value));
            }
            let column = node.feature as usize;
            let (our, their) = (tree.child(node, self.ours[column]), tree.child(node, self.theirs[column]));
            if our == their {
                index = our;
            } else if let Some((_, ours)) = self.way.iter().find(|(asked, _)| *asked == node.feature) {
                index = if *ours { our } else { their };
            } else {
                for (ours, child) in [(true, our), (false, their)] {
                    self.way.push((node.feature, ours));
                    self.descend(tree, child);
                    self.way.pop();
                }
                return;
            }
        }
    }

    fn credit(&mut self, value: f64) {
        let of_ours = self.way.iter().filter(|(_, ours)| *ours).count();
        let of_theirs = self.way.len() - of_ours;
        // C(of_ours + of_theirs, of_ours)
        let ways = (1..=of_ours).fold(1.0, |ways, k| ways * (of_theirs + k) as f64 / k as f64);
        for &(column, ours) in &self.way {
            let weight = if ours { 1.0 / (of_ours as f64 * ways) } else { -1.0 / (of_theirs as f64 * ways) };
            self.phi[column as usize] += weight * value;
        }
    }
}
