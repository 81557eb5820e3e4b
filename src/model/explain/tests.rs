use proptest::prelude::*;
use serde::Deserialize;

use super::{Explainer, Scratch, versus};
use crate::model::forest::{CategorySet, Forest, Node, Tree};

fn contributions(forest: &Forest, row: &[f32]) -> Vec<f64> {
    Explainer::new(forest).contributions(forest, row, &mut Scratch::default())
}

/// The expectation of a tree when only the columns of `known` (a bit set) are known.
fn conditional(tree: &Tree, index: usize, row: &[f32], known: u32) -> f64 {
    let node = &tree.nodes[index];
    if node.is_leaf() {
        return f64::from(node.value);
    }
    if known & (1 << node.feature) != 0 {
        return conditional(tree, tree.child(node, row[node.feature as usize]), row, known);
    }
    let left = node.left as usize;
    let (a, b) = (f64::from(tree.nodes[left].cover), f64::from(tree.nodes[left + 1].cover));
    let weight = if a + b > 0.0 { a / (a + b) } else { 0.5 };
    weight * conditional(tree, left, row, known) + (1.0 - weight) * conditional(tree, left + 1, row, known)
}

/// Shapley values by their definition, over all coalitions.
fn shapley(columns: usize, value: impl Fn(u32) -> f64) -> Vec<f64> {
    let n = columns as u32;
    let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
    (0..n)
        .map(|i| {
            (0..1u32 << n)
                .filter(|set| set & (1 << i) == 0)
                .map(|set| {
                    let size = set.count_ones();
                    factorial(size) * factorial(n - size - 1) / factorial(n) * (value(set | 1 << i) - value(set))
                })
                .sum()
        })
        .collect()
}

fn by_cover(forest: &Forest, row: &[f32]) -> Vec<f64> {
    shapley(forest.features, |known| forest.trees.iter().map(|tree| conditional(tree, 0, row, known)).sum())
}

fn by_swapping(forest: &Forest, ours: &[f32], theirs: &[f32]) -> Vec<f64> {
    shapley(forest.features, |set| {
        let row: Vec<f32> =
            (0..forest.features).map(|i| if set & (1 << i) != 0 { ours[i] } else { theirs[i] }).collect();
        forest.trees.iter().map(|tree| f64::from(tree.leaf(&row))).sum()
    })
}

/// A column of a split, its threshold or set, default way, share of the cover going left, and leaf value.
type Split = (u32, f32, Option<Vec<u32>>, bool, f32, f32);

/// A tree of `splits.len()` splits: each splits the next leaf in line, so shapes and repeated columns are many.
fn grown(splits: &[Split], stretched: bool) -> Tree {
    let leaf = |value, cover| Node { left: 0, feature: 0, value, set: None, default_left: false, cover, gain: 0.0 };
    let mut tree = Tree { nodes: vec![leaf(0.5, 64.0)], sets: Vec::new() };
    let mut next = 0;
    for (column, threshold, set, default_left, share, value) in splits {
        let left = tree.nodes.len() as u32;
        let cover = tree.nodes[next].cover;
        let set = set.as_ref().map(|categories| {
            tree.sets.push(CategorySet::new(categories.clone()));
            tree.sets.len() as u32 - 1
        });
        let value_of = if set.is_some() { 0.0 } else { *threshold };
        tree.nodes[next] =
            Node { left, feature: *column, value: value_of, set, default_left: *default_left, cover, gain: 1.0 };
        tree.nodes.extend([leaf(*value, cover * share), leaf(-0.7 * value + 0.1, cover * (1.0 - share))]);
        next = if stretched { tree.nodes.len() - 1 } else { next + 1 };
    }
    tree
}

fn any_forest(columns: u32) -> impl Strategy<Value = Forest> {
    let split = (
        0..columns,
        -1.0f32..2.0,
        prop::option::weighted(0.3, prop::collection::vec(0u32..4, 0..4)),
        any::<bool>(),
        // A way that no training deal took is ordinary.
        prop_oneof![1 => Just(0.0f32), 1 => Just(1.0f32), 6 => 0.05f32..0.95],
        -1.0f32..1.0,
    );
    let tree = (prop::collection::vec(split, 0..14), any::<bool>()).prop_map(|(splits, tall)| grown(&splits, tall));
    prop::collection::vec(tree, 1..4).prop_map(move |trees| Forest {
        features: columns as usize,
        base_score: 0.2,
        trees,
    })
}

fn any_row(columns: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(
        prop_oneof![1 => Just(f32::NAN), 3 => (-1i8..4).prop_map(f32::from), 3 => -1.5f32..3.5],
        columns,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn contributions_are_the_shapley_values((forest, row) in (any_forest(7), any_row(7))) {
        let phi = contributions(&forest, &row);
        for (column, (ours, exact)) in phi.iter().zip(by_cover(&forest, &row)).enumerate() {
            prop_assert!((ours - exact).abs() < 1e-10, "column {}: {} instead of {}", column, ours, exact);
        }
        let sum = Explainer::new(&forest).base() + phi.iter().sum::<f64>();
        prop_assert!((sum - f64::from(forest.margin(&row))).abs() < 1e-5);
    }

    #[test]
    fn differences_are_the_shapley_values_of_swapping_columns(
        (forest, ours, theirs) in (any_forest(7), any_row(7), any_row(7)),
    ) {
        let phi = versus::difference(&forest, &ours, &theirs);
        let back = versus::difference(&forest, &theirs, &ours);
        for (column, (got, exact)) in phi.iter().zip(by_swapping(&forest, &ours, &theirs)).enumerate() {
            prop_assert!((got - exact).abs() < 1e-10, "column {}: {} instead of {}", column, got, exact);
            prop_assert!((got + back[column]).abs() < 1e-12, "column {}", column);
            if ours[column].to_bits() == theirs[column].to_bits() {
                prop_assert_eq!(got.to_bits(), 0.0f64.to_bits(), "column {} is the same in both", column);
            }
        }
        let gap = f64::from(forest.margin(&ours)) - f64::from(forest.margin(&theirs));
        prop_assert!((phi.iter().sum::<f64>() - gap).abs() < 1e-5);
    }
}

/// Eleven different columns on one way need six points, which is more than one pass.
#[test]
fn a_very_deep_tree_is_exact_too() {
    let splits: Vec<Split> =
        (0..11).map(|i| (i, 0.5, None, true, 0.3 + 0.04 * i as f32, 0.4 - 0.09 * i as f32)).collect();
    let forest = Forest { features: 11, base_score: 0.5, trees: vec![grown(&splits, true)] };
    let row: Vec<f32> = (0..11).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 }).collect();
    for (ours, exact) in contributions(&forest, &row).iter().zip(by_cover(&forest, &row)) {
        assert!((ours - exact).abs() < 1e-10, "{ours} {exact}");
    }
}

/// What `.ci/model/make_contribs.py` wrote.
#[derive(Deserialize)]
struct Vectors {
    features: usize,
    base_score: f32,
    trees: Vec<StoredTree>,
    rows: Vec<Vec<Option<f32>>>,
    contributions: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct StoredTree {
    left: Vec<u32>,
    feature: Vec<u32>,
    value: Vec<f32>,
    set: Vec<Option<Vec<u32>>>,
    default_left: Vec<bool>,
    cover: Vec<f32>,
}

fn stored(tree: &StoredTree) -> Tree {
    let mut sets = Vec::new();
    let nodes = (0..tree.left.len())
        .map(|i| Node {
            left: tree.left[i],
            feature: tree.feature[i],
            value: tree.value[i],
            set: tree.set[i].as_ref().map(|categories| {
                sets.push(CategorySet::new(categories.clone()));
                sets.len() as u32 - 1
            }),
            default_left: tree.default_left[i],
            cover: tree.cover[i],
            gain: 1.0,
        })
        .collect();
    Tree { nodes, sets }
}

#[test]
fn contributions_are_xgboosts() {
    let files = [
        ("numeric", include_str!("../../../tests/data/explain/numeric.json")),
        ("categorical", include_str!("../../../tests/data/explain/categorical.json")),
        ("deep", include_str!("../../../tests/data/explain/deep.json")),
    ];
    for (name, text) in files {
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        let trees: Vec<Tree> = vectors.trees.iter().map(stored).collect();
        assert!(trees.iter().all(|tree| tree.is_sound(vectors.features)), "{name}");
        assert_eq!(name == "numeric", trees.iter().all(|tree| tree.sets.is_empty()), "{name}");
        let forest = Forest { features: vectors.features, base_score: vectors.base_score, trees };
        let explainer = Explainer::new(&forest);
        let mut scratch = Scratch::default();
        assert!(vectors.rows.iter().any(|row| row.contains(&None)));
        for (row, theirs) in vectors.rows.iter().zip(&vectors.contributions) {
            let row: Vec<f32> = row.iter().map(|value| value.unwrap_or(f32::NAN)).collect();
            let mut ours = explainer.contributions(&forest, &row, &mut scratch);
            ours.push(explainer.base());
            for (column, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert!((ours - theirs).abs() < 1e-5, "{name}, column {column}: {ours} instead of {theirs}");
            }
        }
    }
}
