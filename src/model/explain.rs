//! Why a score is what it is: exact additive contributions of every feature (path-dependent TreeSHAP: Lundberg, Erion &
//! Lee 2018, algorithm 2; the background is the training deals, through the cover of each node), grouped into factors
//! that a manager can read.

use super::features::{CategoricalFact, FeatureSpec, NumericFact, Source, short};
use super::forest::{Forest, Node, Tree};
use crate::domain::facts::LeadFacts;
use crate::domain::ranking::Factor;

/// The margin of the average training deal, as the trees see it.
pub fn expected_margin(forest: &Forest) -> f64 {
    fn expected(tree: &Tree, index: usize) -> f64 {
        let node = &tree.nodes[index];
        if node.is_leaf() {
            return f64::from(node.value);
        }
        let left = node.left as usize;
        share(tree, node, left) * expected(tree, left) + share(tree, node, left + 1) * expected(tree, left + 1)
    }
    f64::from(forest.base_margin()) + forest.trees.iter().map(|tree| expected(tree, 0)).sum::<f64>()
}

/// The share of a node's cover that went to one of its children.
fn share(tree: &Tree, node: &Node, child: usize) -> f64 {
    let left = node.left as usize;
    let (a, b) = (f64::from(tree.nodes[left].cover), f64::from(tree.nodes[left + 1].cover));
    // A model file may lack covers; then nothing is known and both ways count the same.
    if a + b <= 0.0 { 0.5 } else { f64::from(tree.nodes[child].cover) / (a + b) }
}

/// Contribution of each column to the margin of `row`: they sum to the margin less [`expected_margin`].
pub fn contributions(forest: &Forest, row: &[f32]) -> Vec<f64> {
    let mut phi = vec![0.0; forest.features];
    for tree in &forest.trees {
        descend(tree, 0, row, &mut phi, Vec::new(), Step { feature: None, zero: 1.0, one: 1.0, weight: 0.0 });
    }
    phi
}

/// One feature on the way from the root: the fraction of paths that pass when it is unknown (`zero`) and known
/// (`one`), and the permutation weight of subsets of this size.
#[derive(Clone, Copy)]
struct Step {
    feature: Option<u32>,
    zero: f64,
    one: f64,
    weight: f64,
}

fn descend(tree: &Tree, index: usize, row: &[f32], phi: &mut [f64], mut path: Vec<Step>, step: Step) {
    extend(&mut path, step);
    let node = &tree.nodes[index];
    if node.is_leaf() {
        for i in 1..path.len() {
            if let Some(feature) = path[i].feature {
                phi[feature as usize] +=
                    unwound_weight(&path, i) * (path[i].one - path[i].zero) * f64::from(node.value);
            }
        }
        return;
    }
    let left = node.left as usize;
    let hot = tree.child(node, row[node.feature as usize]);
    let cold = left + usize::from(hot == left);
    let feature = Some(node.feature);
    let (mut zero, mut one) = (1.0, 1.0);
    if let Some(seen) = path.iter().position(|step| step.feature == feature) {
        (zero, one) = (path[seen].zero, path[seen].one);
        unwind(&mut path, seen);
    }
    let hot_step = Step { feature, zero: zero * share(tree, node, hot), one, weight: 0.0 };
    let cold_step = Step { feature, zero: zero * share(tree, node, cold), one: 0.0, weight: 0.0 };
    descend(tree, hot, row, phi, path.clone(), hot_step);
    // A child that no training deal reached adds nothing, and its zero fractions could not be divided by.
    if cold_step.zero > 0.0 {
        descend(tree, cold, row, phi, path, cold_step);
    }
}

fn extend(path: &mut Vec<Step>, mut step: Step) {
    let depth = path.len();
    step.weight = if depth == 0 { 1.0 } else { 0.0 };
    path.push(step);
    let size = (depth + 1) as f64;
    for i in (0..depth).rev() {
        path[i + 1].weight += step.one * path[i].weight * (i + 1) as f64 / size;
        path[i].weight = step.zero * path[i].weight * (depth - i) as f64 / size;
    }
}

fn unwind(path: &mut Vec<Step>, index: usize) {
    let depth = path.len() - 1;
    let size = (depth + 1) as f64;
    let Step { zero, one, .. } = path[index];
    let mut next = path[depth].weight;
    for i in (0..depth).rev() {
        if one > 0.0 {
            let weight = path[i].weight;
            path[i].weight = next * size / ((i + 1) as f64 * one);
            next = weight - path[i].weight * zero * (depth - i) as f64 / size;
        } else {
            path[i].weight *= size / (zero * (depth - i) as f64);
        }
    }
    for i in index..depth {
        path[i] = Step { weight: path[i].weight, ..path[i + 1] };
    }
    path.pop();
}

fn unwound_weight(path: &[Step], index: usize) -> f64 {
    let depth = path.len() - 1;
    let size = (depth + 1) as f64;
    let Step { zero, one, .. } = path[index];
    let mut next = path[depth].weight;
    let mut total = 0.0;
    for i in (0..depth).rev() {
        if one > 0.0 {
            let weight = next * size / ((i + 1) as f64 * one);
            total += weight;
            next = path[i].weight - weight * zero * (depth - i) as f64 / size;
        } else {
            total += path[i].weight * size / (zero * (depth - i) as f64);
        }
    }
    total
}

/// One reason as a manager reads it; several columns can stand behind it.
#[derive(Clone, Debug, PartialEq)]
enum FactorKind {
    Numeric(NumericFact),
    Field(CategoricalFact),
    KindOfLead,
    Rep,
    LeadsLikeThis,
    Segment(CategoricalFact),
}

/// Which columns make up which factor.
#[derive(Clone, Debug)]
pub struct FactorMap {
    kinds: Vec<FactorKind>,
    /// For each column, its factor.
    of_column: Vec<usize>,
}

impl FactorMap {
    /// All indicator columns and statistics of one fact are one factor, and so are all of a rep's own numbers.
    pub fn new(spec: &FeatureSpec) -> Self {
        let field = |i: u32| match &spec.fields[i as usize].fact {
            CategoricalFact::Tier { of, .. } => FactorKind::Numeric(of.clone()),
            fact => FactorKind::Field(fact.clone()),
        };
        let mut map = Self { kinds: Vec::new(), of_column: Vec::with_capacity(spec.columns.len()) };
        for column in &spec.columns {
            let kind = match column.source {
                Source::Numeric(i) => FactorKind::Numeric(spec.numerics[i as usize].fact.clone()),
                Source::LevelRate(i) | Source::Indicator(i, _) => field(i),
                Source::RepRate | Source::RepEffect | Source::RepTenure | Source::RepResponse | Source::RepLoad => {
                    FactorKind::Rep
                }
                Source::Baseline => FactorKind::KindOfLead,
                Source::Advantage => FactorKind::LeadsLikeThis,
                Source::SegmentEffect(i) => FactorKind::Segment(spec.fields[i as usize].fact.clone()),
            };
            let factor = map.kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                map.kinds.push(kind);
                map.kinds.len() - 1
            });
            map.of_column.push(factor);
        }
        map
    }

    /// Sums contributions by factor, strongest first; factors that add nothing are left out.
    pub fn group(&self, contributions: &[f64], facts: &LeadFacts) -> Vec<Factor> {
        let mut weights = vec![0.0; self.kinds.len()];
        for (factor, phi) in self.of_column.iter().zip(contributions) {
            weights[*factor] += phi;
        }
        let mut factors: Vec<Factor> = self
            .kinds
            .iter()
            .zip(weights)
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(kind, weight)| Factor { feature: kind.key(), label: kind.label(facts), weight })
            .collect();
        factors.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.feature.cmp(&b.feature)));
        factors
    }
}

impl FactorKind {
    fn key(&self) -> String {
        match self {
            Self::Numeric(fact) => format!("lead.{}", fact.key()),
            Self::Field(fact) => format!("lead.{}", fact.key()),
            Self::KindOfLead => "lead.baseline".into(),
            Self::Rep => "rep".into(),
            Self::LeadsLikeThis => "pair.advantage".into(),
            Self::Segment(fact) => format!("pair.{}", fact.key()),
        }
    }

    fn label(&self, facts: &LeadFacts) -> String {
        let number = |fact: &NumericFact| fact.read(facts).map(short);
        match self {
            Self::Numeric(fact) => {
                format!("{} {}", fact.label(), number(fact).unwrap_or_else(|| "not known".into()))
            }
            Self::Field(fact) => format!("{} {}", fact.label(), fact.text(facts).unwrap_or("not known")),
            Self::KindOfLead => "leads of this kind".into(),
            Self::Rep => "this rep's win rate".into(),
            Self::LeadsLikeThis => "leads like this x this rep".into(),
            Self::Segment(CategoricalFact::Tier { of, .. }) => match number(of) {
                Some(value) => format!("{} around {value} x this rep", of.label()),
                None => format!("{} not known x this rep", of.label()),
            },
            Self::Segment(fact) => match fact.text(facts) {
                Some(text) => format!("{text} x this rep"),
                None => format!("{} not known x this rep", fact.label()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(left: u32, feature: u32, value: f32, cover: f32) -> Node {
        Node { left, feature, value, set: None, default_left: true, cover, gain: 1.0 }
    }

    fn leaf(value: f32, cover: f32) -> Node {
        Node { left: 0, feature: 0, value, set: None, default_left: false, cover, gain: 0.0 }
    }

    fn tree(nodes: Vec<Node>) -> Tree {
        Tree { nodes, sets: Vec::new() }
    }

    /// A feature is tested twice on one path, and one feature is tested on both sides.
    fn forest() -> Forest {
        let first = vec![
            split(1, 0, 0.5, 100.0),
            split(3, 1, 0.3, 60.0),
            split(5, 2, 0.7, 40.0),
            leaf(-0.4, 25.0),
            split(7, 0, 0.2, 35.0),
            leaf(0.1, 10.0),
            leaf(0.9, 30.0),
            leaf(0.3, 5.0),
            leaf(-0.8, 30.0),
        ];
        let second = vec![split(1, 2, 0.4, 100.0), leaf(0.25, 80.0), leaf(-0.5, 20.0)];
        Forest { features: 4, base_score: 0.2, trees: vec![tree(first), tree(second)] }
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
        let weight = f64::from(tree.nodes[left].cover) / f64::from(node.cover);
        weight * conditional(tree, left, row, known) + (1.0 - weight) * conditional(tree, left + 1, row, known)
    }

    /// Shapley values by their definition, over all subsets.
    fn by_brute_force(forest: &Forest, row: &[f32]) -> Vec<f64> {
        let n = forest.features as u32;
        let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
        let value = |known: u32| forest.trees.iter().map(|tree| conditional(tree, 0, row, known)).sum::<f64>();
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

    #[test]
    fn contributions_are_the_shapley_values() {
        let forest = forest();
        for row in [[0.1, 0.1, 0.1, 0.0], [0.1, 0.9, 0.9, 0.0], [0.3, 0.4, 0.5, 1.0], [0.9, f32::NAN, f32::NAN, 0.0]] {
            let phi = contributions(&forest, &row);
            for (ours, exact) in phi.iter().zip(by_brute_force(&forest, &row)) {
                assert!((ours - exact).abs() < 1e-12, "{row:?}: {ours} {exact}");
            }
            let sum = expected_margin(&forest) + phi.iter().sum::<f64>();
            assert!((sum - f64::from(forest.margin(&row))).abs() < 1e-6);
        }
    }
}
