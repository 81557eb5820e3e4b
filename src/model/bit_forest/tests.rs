use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::model::forest::{CategorySet, Node};

/// Values that comparisons must get right, among them those that thresholds are made of.
const VALUES: [f32; 17] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    3.0,
    7.0,
    1e-45,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    16_777_216.0,
];

/// Which node, which column, which threshold, where missing goes, or which categories.
type AnySplit = (Index, Index, Index, bool, Option<Vec<u32>>);

/// How a tree grows: which open node is split next, by what, and into which values.
#[derive(Clone, Debug)]
struct Growth {
    splits: Vec<AnySplit>,
    leaves: Vec<f32>,
    /// Splits always the newest node, so that the tree becomes a chain.
    deep: bool,
}

fn grow(growth: &Growth, features: usize) -> Tree {
    let leaf = |i: usize| Node {
        left: 0,
        feature: 0,
        value: growth.leaves[i % growth.leaves.len()] + i as f32 * 0.37,
        set: None,
        default_left: false,
        cover: 1.0,
        gain: 0.0,
    };
    let mut tree = Tree { nodes: vec![leaf(0)], sets: Vec::new() };
    // Only later nodes can be split again, so that children come after their parent.
    let mut open = vec![0];
    for (which, column, value, default_left, set) in &growth.splits {
        if features == 0 {
            break;
        }
        let at = if growth.deep { open.len() - 1 } else { which.index(open.len()) };
        let node = open.remove(at);
        let left = tree.nodes.len();
        let threshold = VALUES[value.index(VALUES.len())];
        let set = set.as_ref().map(|categories| {
            tree.sets.push(CategorySet::new(categories.clone()));
            tree.sets.len() as u32 - 1
        });
        tree.nodes[node] = Node {
            left: left as u32,
            feature: column.index(features) as u32,
            value: if set.is_some() || threshold.is_nan() { 0.0 } else { threshold },
            set,
            default_left: *default_left,
            ..leaf(0)
        };
        tree.nodes.extend([leaf(left), leaf(left + 1)]);
        open.extend([left, left + 1]);
    }
    tree
}

fn any_growth() -> impl Strategy<Value = Growth> {
    let set = prop::option::weighted(0.15, prop::collection::vec(0u32..9, 0..5));
    let split = (any::<Index>(), any::<Index>(), any::<Index>(), any::<bool>(), set);
    let splits = prop_oneof![
        3 => prop::collection::vec(split.clone(), 0..16),
        3 => prop::collection::vec(split.clone(), 20..70),
        1 => prop::collection::vec(split, 70..300),
    ];
    let leaves = prop::collection::vec(-3.0f32..3.0, 1..40);
    (splits, leaves, any::<bool>()).prop_map(|(splits, leaves, deep)| Growth { splits, leaves, deep })
}

fn any_scopes() -> impl Strategy<Value = Vec<Scope>> {
    let scope = prop_oneof![3 => Just(Scope::Lead), 2 => Just(Scope::Rep), 2 => Just(Scope::Pair)];
    prop_oneof![
        4 => prop::collection::vec(scope.clone(), 0..20),
        1 => prop::collection::vec(scope, 60..180),
        1 => prop::collection::vec(Just(Scope::Lead), 1..40),
        1 => prop::collection::vec(Just(Scope::Pair), 1..6),
    ]
}

/// Columns of one lead and its reps, in the shapes that [`BitForest`] and [`Forest`] want.
struct Case {
    lead: Vec<f32>,
    reps: Vec<Vec<f32>>,
    /// By column, then rep.
    pairs: Vec<f32>,
    rows: Vec<Vec<f32>>,
}

fn case(scopes: &[Scope], reps: usize, seed: u64) -> Case {
    let mut state = seed;
    let mut value = || {
        // A linear congruential generator: only variety is asked of it.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        VALUES[(state >> 33) as usize % VALUES.len()]
    };
    let count = |scope| scopes.iter().filter(|s| **s == scope).count();
    let lead: Vec<f32> = (0..count(Scope::Lead)).map(|_| value()).collect();
    let rep_values: Vec<Vec<f32>> = (0..reps).map(|_| (0..count(Scope::Rep)).map(|_| value()).collect()).collect();
    let pairs: Vec<f32> = (0..count(Scope::Pair) * reps).map(|_| value()).collect();
    let rows = (0..reps)
        .map(|rep| {
            let (mut l, mut r, mut p) = (lead.iter(), rep_values[rep].iter(), (0..).map(|c| &pairs[c * reps + rep]));
            let next = |scope: &Scope| match scope {
                Scope::Lead => l.next(),
                Scope::Rep => r.next(),
                Scope::Pair => p.next(),
            };
            scopes.iter().map(next).map(|v| *v.unwrap()).collect()
        })
        .collect();
    Case { lead, reps: rep_values, pairs, rows }
}

fn table(forest: &BitForest, reps: &[Vec<f32>]) -> RepTable {
    let mut table = forest.rep_table(reps.len());
    for (rep, values) in reps.iter().enumerate() {
        forest.set_rep(&mut table, rep, values);
    }
    table
}

/// Every kind of instructions gives the bits of the walk.
fn check(forest: &Forest, scopes: &[Scope], reps: usize, seed: u64) {
    let mut available = Instructions::ALL.into_iter().filter(|i| i.is_available()).peekable();
    assert!(available.peek().is_some());
    for instructions in available {
        let compiled = BitForest::with_instructions(forest, scopes, instructions);
        assert_eq!(compiled.instructions(), instructions);
        let mut scratch = Scratch::default();
        let others = case(scopes, reps, seed ^ 1);
        let mut words = table(&compiled, &others.reps);
        // The second lead finds the scratch of the first, and every other rep was somebody else before.
        for seed in [seed, seed ^ 2] {
            let case = case(scopes, reps, seed);
            for (rep, values) in case.reps.iter().enumerate() {
                compiled.set_rep(&mut words, rep, values);
            }
            let mut margins = vec![f32::NAN; reps];
            compiled.margins(&case.lead, &words, &case.pairs, &mut scratch, &mut margins);
            for (rep, (margin, row)) in margins.iter().zip(&case.rows).enumerate() {
                let walked = forest.margin(row);
                assert_eq!(margin.to_bits(), walked.to_bits(), "{instructions}, rep {rep}: {margin}, walked {walked}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn margins_are_those_of_the_walk(
        growths in prop::collection::vec(any_growth(), 0..12),
        scopes in any_scopes(),
        reps in prop_oneof![Just(1usize), 0usize..40, 100usize..300],
        base in 0.01f32..0.99,
        seed in any::<u64>(),
    ) {
        let trees = growths.iter().map(|growth| grow(growth, scopes.len())).collect();
        let forest = Forest { features: scopes.len(), base_score: base, trees };
        prop_assert!(forest.trees.iter().all(|tree| !tree.nodes.is_empty()));
        check(&forest, &scopes, reps, seed);
    }
}

fn leaf(value: f32) -> Node {
    Node { left: 0, feature: 0, value, set: None, default_left: false, cover: 1.0, gain: 0.0 }
}

fn split(left: u32, feature: u32, value: f32) -> Node {
    Node { left, feature, ..leaf(value) }
}

#[test]
fn trees_without_a_leaf_order_and_huge_trees_are_walked_in_their_turn() {
    let scopes = [Scope::Lead, Scope::Rep, Scope::Pair];
    // Both children of the root go on to the same two leaves.
    let shared = Tree {
        nodes: vec![split(1, 0, 0.5), split(3, 1, 1.0), split(3, 2, 2.0), leaf(0.3), leaf(-0.7)],
        sets: Vec::new(),
    };
    // A full tree of 2^14 leaves.
    let inner = (1u32 << 14) - 1;
    let nodes = (0..inner)
        .map(|i| split(2 * i + 1, i % 3, VALUES[i as usize % 13]))
        .chain((0..=inner).map(|i| leaf(i as f32 * 0.01)));
    let huge = Tree { nodes: nodes.collect(), sets: Vec::new() };
    let ordinary = Tree { nodes: vec![split(1, 2, 1.0), leaf(0.1), leaf(0.2)], sets: Vec::new() };
    let trees = vec![ordinary.clone(), shared, ordinary.clone(), huge, ordinary];
    let forest = Forest { features: 3, base_score: 0.3, trees };
    assert!(forest.trees.iter().all(|tree| tree.is_sound(3)));
    let compiled = BitForest::new(&forest, &scopes);
    assert_eq!(compiled.walked.len(), 2);
    for seed in 0..20 {
        check(&forest, &scopes, 37, seed);
    }
}

#[test]
fn a_change_of_one_rep_touches_no_other() {
    let scopes = [Scope::Rep, Scope::Lead];
    let tree =
        Tree { nodes: vec![split(1, 0, 0.5), split(3, 1, 0.5), leaf(0.3), leaf(0.1), leaf(0.2)], sets: Vec::new() };
    let forest = BitForest::new(&Forest { features: 2, base_score: 0.5, trees: vec![tree] }, &scopes);
    let mut table = forest.rep_table(40);
    for rep in 0..40 {
        forest.set_rep(&mut table, rep, &[rep as f32 / 40.0]);
    }
    let before = table.clone();
    forest.set_rep(&mut table, 3, &[0.9]);
    let changed: Vec<usize> = before
        .words
        .iter()
        .flat_map(|lanes| lanes.0)
        .zip(table.words.iter().flat_map(|lanes| lanes.0))
        .enumerate()
        .filter_map(|(i, (a, b))| (a != b).then_some(i))
        .collect();
    assert_eq!(changed, [3]);
}

#[test]
fn subtrees_that_fit_into_a_word_lie_in_one() {
    // A full tree of depth 6 whose root asks for the lead: a lead can only reach one of its two words.
    let nodes = (0..63u32).map(|i| split(2 * i + 1, u32::from(i > 0), 0.5)).chain((0..64).map(|i| leaf(i as f32)));
    let tree = Tree { nodes: nodes.collect(), sets: Vec::new() };
    let forest =
        BitForest::new(&Forest { features: 2, base_score: 0.5, trees: vec![tree] }, &[Scope::Lead, Scope::Pair]);
    assert_eq!(forest.words.len(), 2);
    let mut scratch = Scratch::default();
    forest.margins(&[0.0], &forest.rep_table(1), &[0.0], &mut scratch, &mut [0.0]);
    assert_eq!(scratch.steps.len(), 1);
    assert_eq!(scratch.tests.iter().filter(|test| **test > 0).count(), 30);
}
