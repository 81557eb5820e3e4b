//! What is scored: a forest, leads, reps, and the pair columns of a lead, as the peers wrote them or made up here.

use std::fs;
use std::path::Path;

use leadboard::model::features::Scope;
use leadboard::model::forest::{Forest, Node, Tree};
use serde_json::Value;

pub(crate) const LEAD: usize = 24;
pub(crate) const REP: usize = 11;
pub(crate) const PAIR: usize = 5;
pub(crate) const REPS: usize = 500;
pub(crate) const LEADS: usize = 10_000;
const SEGMENTS: usize = 16;
const TREES: usize = 200;
const DEPTH: u32 = 6;

pub(crate) struct World {
    pub(crate) forest: Forest,
    /// `[lead][column]`.
    leads: Vec<f32>,
    /// `[rep][column]`.
    reps: Vec<f32>,
    /// `[column][segment][rep]`: what a rep is worth in a segment.
    effects: Vec<f32>,
    /// `[lead][column]`: the segment that a lead lies in.
    segments: Vec<u8>,
}

impl World {
    pub(crate) fn scopes() -> Vec<Scope> {
        let scope = |scope, count| std::iter::repeat_n(scope, count);
        scope(Scope::Lead, LEAD).chain(scope(Scope::Rep, REP)).chain(scope(Scope::Pair, PAIR)).collect()
    }

    /// Reads what the peers wrote.
    pub(crate) fn load(directory: &Path) -> Self {
        let floats = |name: &str| {
            let bytes = fs::read(directory.join(name)).expect("the peers wrote their data");
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        };
        let model = fs::read_to_string(directory.join("model.json")).expect("the peers wrote their model");
        Self {
            forest: forest(&serde_json::from_str(&model).expect("XGBoost writes JSON")),
            leads: floats("leads.bin"),
            reps: floats("reps.bin"),
            effects: floats("effects.bin"),
            segments: fs::read(directory.join("segments.bin")).expect("the peers wrote their data"),
        }
    }

    /// Without peers: full trees with random splits, which is more work than a trained forest.
    pub(crate) fn random() -> Self {
        let mut state = 1u64;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let inner = (1u32 << DEPTH) - 1;
        let features = LEAD + REP + PAIR;
        let mut tree = || {
            let nodes = (0..=2 * inner).map(|i| Node {
                left: if i < inner { 2 * i + 1 } else { 0 },
                feature: (uniform() * features as f32) as u32,
                value: if i < inner { uniform() } else { uniform() * 0.1 - 0.05 },
                set: None,
                default_left: uniform() < 0.5,
                cover: 1.0,
                gain: 0.0,
            });
            Tree { nodes: nodes.collect(), sets: Vec::new() }
        };
        let trees = (0..TREES).map(|_| tree()).collect();
        let mut values = |count: usize| (0..count).map(|_| uniform()).collect::<Vec<f32>>();
        let (leads, reps) = (values(LEADS * LEAD), values(REPS * REP));
        let effects = values(PAIR * SEGMENTS * REPS);
        let segments = values(LEADS * PAIR).iter().map(|v| (v * SEGMENTS as f32) as u8).collect();
        Self { forest: Forest { features, base_score: 0.25, trees }, leads, reps, effects, segments }
    }

    pub(crate) fn lead(&self, lead: usize) -> &[f32] {
        &self.leads[lead * LEAD..][..LEAD]
    }

    pub(crate) fn rep(&self, rep: usize) -> &[f32] {
        &self.reps[rep * REP..][..REP]
    }

    /// The pair columns of one lead and the first `reps` reps.
    pub(crate) fn pairs(&self, lead: usize, reps: usize, to: &mut [f32]) {
        for (column, to) in to.chunks_exact_mut(reps).enumerate() {
            let segment = usize::from(self.segments[lead * PAIR + column]);
            to.copy_from_slice(&self.effects[(column * SEGMENTS + segment) * REPS..][..reps]);
        }
    }

    /// One row, for the walk.
    pub(crate) fn row(&self, lead: usize, rep: usize) -> Vec<f32> {
        let mut pairs = vec![0.0; PAIR * REPS];
        self.pairs(lead, REPS, &mut pairs);
        let pairs = pairs.iter().skip(rep).step_by(REPS);
        self.lead(lead).iter().chain(self.rep(rep)).chain(pairs).copied().collect()
    }
}

/// Numeric trees of an XGBoost model file.
fn forest(file: &Value) -> Forest {
    let learner = &file["learner"];
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
    };
    let tree = |tree: &Value| {
        let of = |name: &str| numbers(&tree[name]);
        let (left, feature, value) = (of("left_children"), of("split_indices"), of("split_conditions"));
        let (default, cover, gain) = (of("default_left"), of("sum_hessian"), of("loss_changes"));
        let node = |i: usize| Node {
            left: left[i].max(0.0) as u32,
            feature: feature[i] as u32,
            value: value[i] as f32,
            set: None,
            default_left: default[i] > 0.0,
            cover: cover[i] as f32,
            gain: gain[i] as f32,
        };
        Tree { nodes: (0..left.len()).map(node).collect(), sets: Vec::new() }
    };
    let base_score = learner["learner_model_param"]["base_score"].as_str().expect("a string");
    let forest = Forest {
        features: LEAD + REP + PAIR,
        base_score: base_score.trim_matches(['[', ']']).parse().expect("a number"),
        trees: learner["gradient_booster"]["model"]["trees"].as_array().expect("a list").iter().map(tree).collect(),
    };
    assert!(forest.trees.iter().all(|tree| tree.is_sound(forest.features)), "a forest that can be walked");
    forest
}
