//! What is left to do for one lead: the words that it can reach, and for each the pair tests that still matter.

use super::lanes::{LANES, Lanes};
use super::pairs::PairTest;
use super::{BitForest, RepTable, TreePlan, WORD};

/// One word of a tree for one lead. The words of a tree come from right to left: the leftmost one in which a rep has a
/// leaf left holds the exit leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) word: u32,
    /// The leaves that the lead can reach.
    pub(super) leaves: u32,
    /// End of the pair tests of this step; they begin where those of the step before end.
    pub(super) tests_end: u32,
    /// Whether it is the first step of its tree, and whether the last.
    pub(super) first: bool,
    pub(super) last: bool,
}

/// Steps, then perhaps a tree that is walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) steps_end: usize,
    pub(super) walked: Option<u32>,
}

/// Memory that scoring a lead needs, to be kept from one lead to the next.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(super) lead: Vec<Lanes<u32>>,
    pub(super) slots: Vec<Lanes<f32>>,
    pub(super) steps: Vec<Step>,
    pub(super) tests: Vec<u32>,
    pub(super) runs: Vec<Run>,
    pub(super) margins: Vec<Lanes<f32>>,
    pub(super) spare: Spare,
}

/// For each group of reps, the words of a step and the values that the steps of a tree found so far, as bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Spare {
    words: Vec<Lanes<u32>>,
    values: Vec<Lanes<u32>>,
}

impl Scratch {
    /// Words that the last lead could reach, over all trees.
    pub fn words(&self) -> usize {
        self.steps.len()
    }

    /// Pair tests that mattered to the last lead, over all trees.
    pub fn pair_tests(&self) -> usize {
        self.steps.last().map_or(0, |step| step.tests_end as usize)
    }
}

/// Everything that the inner loops read, and what they add to.
pub(super) struct Work<'a> {
    pub(super) forest: &'a BitForest,
    pub(super) groups: usize,
    pub(super) rep_words: &'a [Lanes<u32>],
    pub(super) slots: &'a [Lanes<f32>],
    pub(super) steps: &'a [Step],
    pub(super) tests: &'a [u32],
    /// The first of `tests` that belongs to these steps.
    pub(super) first_test: usize,
}

impl BitForest {
    /// Lists the steps of a lead whose words are known. `matter(tests, leaves, out)` writes to `out` the pair tests of
    /// the range that can take one of the leaves, and returns how many.
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions")]
    #[inline(always)]
    pub(super) fn plan(
        &self,
        scratch: &mut Scratch,
        matter: impl Fn(std::ops::Range<usize>, u32, &mut [u32]) -> usize,
    ) {
        scratch.steps.clear();
        scratch.runs.clear();
        // As many as there can be, and what a writer of whole vectors may write beyond.
        scratch.tests.resize(self.pairs.lost.len() + LANES, 0);
        let mut tests_end = 0;
        for tree in &self.trees {
            match tree {
                TreePlan::Walked(tree) => {
                    scratch.runs.push(Run { steps_end: scratch.steps.len(), walked: Some(*tree) });
                }
                TreePlan::Words(words) => {
                    let before = scratch.steps.len();
                    for index in words.clone().rev() {
                        let word = &self.words[index as usize];
                        let leaves = scratch.lead[word.place as usize / LANES].0[word.place as usize % LANES];
                        if leaves == 0 {
                            continue;
                        }
                        tests_end += matter(word.pair_tests.clone(), leaves, &mut scratch.tests[tests_end..]);
                        let first = scratch.steps.len() == before;
                        let tests_end = tests_end as u32;
                        scratch.steps.push(Step { word: index, leaves, tests_end, first, last: false });
                    }
                    // A lead reaches at least one leaf of every tree.
                    if let Some(step) = scratch.steps.last_mut() {
                        step.last = true;
                    }
                }
            }
        }
        scratch.runs.push(Run { steps_end: scratch.steps.len(), walked: None });
    }

    /// [`Self::plan`] one test at a time.
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions")]
    #[inline(always)]
    pub(super) fn plan_portably(&self, scratch: &mut Scratch) {
        self.plan(scratch, |range, leaves, out| {
            let mut count = 0;
            for test in range {
                out[count] = test as u32;
                count += usize::from(self.pairs.lost[test] & leaves != 0);
            }
            count
        });
    }

    /// Adds one tree that is walked to the margins.
    pub(super) fn walk(&self, tree: u32, lead: &[f32], reps: &RepTable, pairs: &[f32], margins: &mut [Lanes<f32>]) {
        let (tree, places) = &self.walked[tree as usize];
        for (rep, margin) in margins.iter_mut().flat_map(|lanes| &mut lanes.0).enumerate().take(reps.len()) {
            let mut node = &tree.nodes[0];
            while !node.is_leaf() {
                let value = places[node.feature as usize].value(lead, &reps.values, pairs, rep, reps.len());
                node = &tree.nodes[tree.child(node, value)];
            }
            *margin += node.value;
        }
    }
}

impl Work<'_> {
    /// Adds the steps to the margins of all reps: the same as the wide kernels, in plain Rust. `spare` holds what those
    /// keep in registers.
    ///
    /// What can be vectorised is written as expressions of whole arrays, which the compiler need not prove to lie apart.
    pub(super) fn add_portably(&self, margins: &mut [Lanes<f32>], spare: &mut Spare) {
        spare.words.resize(self.groups, Lanes::all(0));
        spare.values.resize(self.groups, Lanes::all(0));
        let (words, values) = (spare.words.as_mut_slice(), spare.values.as_mut_slice());
        let mut start = self.first_test;
        for step in self.steps {
            let tests = &self.tests[start..step.tests_end as usize];
            start = step.tests_end as usize;
            let reps = &self.rep_words[step.word as usize * self.groups..][..self.groups];
            for (words, reps) in words.iter_mut().zip(reps) {
                *words = Lanes(reps.0.map(|word| word & step.leaves));
            }
            for &test in tests {
                let PairTest { slot, threshold, lost } = self.forest.pairs.tests[test as usize];
                let kept = !lost;
                let columns = &self.slots[slot as usize * self.groups..][..self.groups];
                for (words, column) in words.iter_mut().zip(columns) {
                    let left = column.0.map(|value| if value < threshold { u32::MAX } else { kept });
                    *words = Lanes(std::array::from_fn(|lane| words.0[lane] & left[lane]));
                }
            }
            let leaves = &self.forest.leaves[step.word as usize];
            if step.first && step.last {
                for (margins, words) in margins.iter_mut().zip(&*words) {
                    for (margin, word) in margins.0.iter_mut().zip(&words.0) {
                        *margin += leaves.0[first_leaf(*word)];
                    }
                }
                continue;
            }
            // Which word of a tree holds the exit leaf is a coin toss to the processor, so no branch asks for it.
            let first = u32::from(step.first).wrapping_neg();
            for (values, words) in values.iter_mut().zip(&*words) {
                for (value, word) in values.0.iter_mut().zip(&words.0) {
                    let found = first | u32::from(*word != 0).wrapping_neg();
                    *value = leaves.0[first_leaf(*word)].to_bits() & found | *value & !found;
                }
            }
            if step.last {
                for (margins, values) in margins.iter_mut().zip(&*values) {
                    for (margin, value) in margins.0.iter_mut().zip(&values.0) {
                        *margin += f32::from_bits(*value);
                    }
                }
            }
        }
    }
}

/// The leftmost leaf that is left; for a word without a leaf, any.
#[inline]
fn first_leaf(word: u32) -> usize {
    // Setting the lowest bit changes nothing but spares the question whether there is any; the remainder spares the
    // check of the index.
    (word | 1).leading_zeros() as usize % WORD
}
