//! Path-dependent TreeSHAP by quadrature.
//!
//! On the way to a leaf of value `v`, let `z_j` be the share of the training deals that pass all splits on column `j`,
//! and `o_j` 1 if the row passes them, else 0. The Shapley value of column `i` from this leaf is
//!
//! `v (o_i - z_i) * integral over t in 0..1 of prod over j != i of (o_j t + z_j (1 - t)) dt`,
//!
//! for `integral t^s (1 - t)^(n - 1 - s) dt` is the weight of a coalition of `s` among `n` columns. The integrand is a
//! polynomial of degree `n - 1`, so Gauss-Legendre quadrature with `ceil(n / 2)` points gives it exactly. With
//! `f_e = o t + z (1 - t)` for the column of edge `e` so far, a product of `f` runs down the tree, sums of leaves run
//! up, and each edge adds `w * sum * (psi_e - psi_before)` to its column, where `psi = (o - z) / f` and *before* is the
//! column's last edge above. All that depends on the forest alone is computed once; a row costs a few multiplications
//! per edge and point, and no allocation.

use std::collections::BTreeMap;

use crate::model::forest::{Forest, Tree};

/// Quadrature points handled side by side; deeper trees take several passes.
const LANES: usize = 4;

/// A forest prepared to be explained.
#[derive(Clone, Debug)]
pub struct Explainer {
    columns: usize,
    base: f64,
    trees: Vec<Prepared>,
}

/// Buffers that one row after the other is explained in.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Whether the row passes all splits on this edge's column up to here.
    open: Vec<bool>,
    /// By node and point: the product of `f` on the way.
    product: Vec<f64>,
    /// By node and point: the sum of value times product over the leaves below.
    below: Vec<f64>,
}

/// What of a tree does not depend on the row. The edge into a node goes by the node's index; the root stands for "no
/// edge yet".
#[derive(Clone, Debug)]
struct Prepared {
    edges: Vec<Edge>,
    passes: Vec<Pass>,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    /// The last edge above on the same column; 0 if there is none.
    before: u32,
    /// Share of the deals that pass all splits on the column up to here.
    zero: f64,
    /// Share of the deals at the split that go this way.
    share: f64,
}

/// Up to [`LANES`] quadrature points.
#[derive(Clone, Debug)]
struct Pass {
    /// `t`, and `1 / (1 - t)`.
    points: Vec<f64>,
    gone: Vec<f64>,
    weights: Vec<f64>,
    /// By node and point: `1 / (t + z (1 - t))`.
    inverse: Vec<f64>,
}

impl Explainer {
    /// Prepares a forest. Needs the covers of its nodes; where a file has none, both ways of a split count the same.
    pub fn new(forest: &Forest) -> Self {
        let mut rules = BTreeMap::new();
        let mut base = f64::from(forest.base_margin());
        let trees = forest
            .trees
            .iter()
            .map(|tree| {
                let (prepared, expected) = prepare(tree, &mut rules);
                base += expected;
                prepared
            })
            .collect();
        Self { columns: forest.features, base, trees }
    }

    /// The margin of the average training deal, as the trees see it.
    pub const fn base(&self) -> f64 {
        self.base
    }

    /// What each column adds to the margin of `row`; the sum is that margin less [`Self::base`]. `forest` is the one
    /// this was made of.
    pub fn contributions(&self, forest: &Forest, row: &[f32], scratch: &mut Scratch) -> Vec<f64> {
        let mut phi = vec![0.0; self.columns];
        for (tree, prepared) in forest.trees.iter().zip(&self.trees) {
            for pass in &prepared.passes {
                match pass.points.len() {
                    1 => walk::<1>(tree, prepared, pass, row, scratch, &mut phi),
                    2 => walk::<2>(tree, prepared, pass, row, scratch, &mut phi),
                    3 => walk::<3>(tree, prepared, pass, row, scratch, &mut phi),
                    _ => walk::<LANES>(tree, prepared, pass, row, scratch, &mut phi),
                }
            }
        }
        phi
    }
}

/// The share of a split's cover that went to one of its children.
fn share(tree: &Tree, left: usize, child: usize) -> f64 {
    let (a, b) = (f64::from(tree.nodes[left].cover), f64::from(tree.nodes[left + 1].cover));
    if a + b <= 0.0 { 0.5 } else { f64::from(tree.nodes[child].cover) / (a + b) }
}

/// A tree with its quadrature, and its expectation over the training deals.
fn prepare(tree: &Tree, rules: &mut BTreeMap<usize, Vec<(f64, f64)>>) -> (Prepared, f64) {
    let nodes = &tree.nodes;
    let mut edges = vec![Edge { before: 0, zero: 1.0, share: 1.0 }; nodes.len()];
    let mut parent = vec![0usize; nodes.len()];
    // Share of all deals that come to a node, and different columns asked on the way.
    let (mut reach, mut asked) = (vec![1.0; nodes.len()], vec![0usize; nodes.len()]);
    let (mut expected, mut deepest) = (0.0, 0);
    for (index, node) in nodes.iter().enumerate() {
        if node.is_leaf() {
            expected += reach[index] * f64::from(node.value);
            deepest = deepest.max(asked[index]);
            continue;
        }
        // The nearest edge above whose split asks the same column.
        let mut before = index;
        while before != 0 && nodes[parent[before]].feature != node.feature {
            before = parent[before];
        }
        let left = node.left as usize;
        for child in [left, left + 1] {
            let share = share(tree, left, child);
            parent[child] = index;
            reach[child] = reach[index] * share;
            asked[child] = asked[index] + usize::from(before == 0);
            edges[child] = Edge { before: before as u32, zero: edges[before].zero * share, share };
        }
    }
    let rule = rules.entry(deepest.div_ceil(2)).or_insert_with_key(|points| gauss_legendre(*points));
    let passes = rule
        .chunks(LANES)
        .enumerate()
        .map(|(pass, points)| {
            let (mut points, mut weights): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
            if pass > 0 {
                // All passes after the first are of full width; a point of no weight adds nothing.
                points.resize(LANES, 0.5);
                weights.resize(LANES, 0.0);
            }
            let inverse =
                edges.iter().flat_map(|edge| points.iter().map(|t| 1.0 / (t + edge.zero * (1.0 - t)))).collect();
            let gone = points.iter().map(|t| 1.0 / (1.0 - t)).collect();
            Pass { points, gone, weights, inverse }
        })
        .collect();
    (Prepared { edges, passes }, expected)
}

fn walk<const Q: usize>(
    tree: &Tree,
    prepared: &Prepared,
    pass: &Pass,
    row: &[f32],
    scratch: &mut Scratch,
    phi: &mut [f64],
) {
    let (nodes, edges) = (&tree.nodes[..], &prepared.edges[..tree.nodes.len()]);
    let chunks = (pass.points.first_chunk::<Q>(), pass.gone.first_chunk::<Q>(), pass.weights.first_chunk::<Q>());
    let (Some(points), Some(gone), Some(weights)) = chunks else { return };
    let inverse = &pass.inverse.as_chunks::<Q>().0[..nodes.len()];
    scratch.open.resize(nodes.len().max(scratch.open.len()), true);
    scratch.product.resize((nodes.len() * Q).max(scratch.product.len()), 1.0);
    scratch.below.resize((nodes.len() * Q).max(scratch.below.len()), 0.0);
    let open = &mut scratch.open[..nodes.len()];
    let product = &mut scratch.product.as_chunks_mut::<Q>().0[..nodes.len()];
    let below = &mut scratch.below.as_chunks_mut::<Q>().0[..nodes.len()];
    open[0] = true;
    product[0] = [1.0; Q];

    for (index, node) in nodes.iter().enumerate() {
        let here = product[index];
        if node.is_leaf() {
            below[index] = here.map(|p| p * f64::from(node.value));
            continue;
        }
        let hot = tree.child(node, row[node.feature as usize]);
        let left = node.left as usize;
        for child in [left, left + 1] {
            let Edge { before, zero, share } = edges[child];
            let before = before as usize;
            let was = open[before];
            open[child] = was && child == hot;
            let was_inverse = &inverse[before];
            product[child] = if open[child] {
                std::array::from_fn(|q| here[q] * (points[q] + zero * (1.0 - points[q])) * was_inverse[q])
            } else if was {
                std::array::from_fn(|q| here[q] * zero * (1.0 - points[q]) * was_inverse[q])
            } else {
                here.map(|p| p * share)
            };
        }
    }
    for (index, node) in nodes.iter().enumerate().rev().filter(|(_, node)| !node.is_leaf()) {
        let left = node.left as usize;
        below[index] = std::array::from_fn(|q| below[left][q] + below[left + 1][q]);
        let mut added = 0.0;
        for child in [left, left + 1] {
            let Edge { before, zero, .. } = edges[child];
            // Once the row has left a column's way, `psi` is -1 / (1 - t) for good.
            if !open[before as usize] {
                continue;
            }
            let (was, was_zero) = (&inverse[before as usize], edges[before as usize].zero);
            let psi: [f64; Q] =
                if open[child] { inverse[child].map(|inverse| (1.0 - zero) * inverse) } else { gone.map(|gone| -gone) };
            for q in 0..Q {
                added += weights[q] * below[child][q] * (psi[q] - (1.0 - was_zero) * was[q]);
            }
        }
        phi[node.feature as usize] += added;
    }
}

/// Points and weights of Gauss-Legendre quadrature on 0..1: the roots of the Legendre polynomial by Newton's method.
fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let n = points.max(1);
    (0..n)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut value, mut last) = (1.0, 0.0);
                for k in 0..n {
                    let k = k as f64;
                    (value, last) = (((2.0 * k + 1.0) * x * value - k * last) / (k + 1.0), value);
                }
                slope = n as f64 * (x * value - last) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (0.5 - 0.5 * x, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_up_to_its_degree() {
        for n in 1..=40 {
            let rule = gauss_legendre(n);
            for degree in 0..2 * n {
                let sum: f64 = rule.iter().map(|(t, w)| w * t.powi(degree as i32)).sum();
                assert!((sum * (degree as f64 + 1.0) - 1.0).abs() < 1e-11, "{n} points, degree {degree}: {sum}");
            }
        }
    }
}
