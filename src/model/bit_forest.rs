//! A forest that scores one lead against many reps at once, exactly as a walk through its trees does.
//!
//! A row of the model is a lead's columns, a rep's columns and columns of the pair. A tree is a set of leaves, kept as
//! the bits of a word, and every test takes away the leaves on the side that the value does not go to; the leaf that
//! all tests leave is the exit leaf (Lucchese et al. 2015, *QuickScorer*). Since taking away is an AND, the tests can
//! be decided in any order and at any time:
//!
//! * those on rep columns once for each rep, when its numbers change: the [`RepTable`];
//! * those on lead columns once for each lead, sixteen words side by side (`lead`). They leave few words, and few pair
//!   tests that still matter;
//! * those on pair columns for each lead and rep, sixteen reps side by side (`work`, `simd`).
//!
//! Then a lead, a rep and a tree cost one AND, one count of leading zeros and one look-up. Margins are sums of `f32` in
//! tree order from the base margin, so they equal [`Forest::margin`] and XGBoost's bit for bit. Trees of any size are
//! several words; huge or malformed ones are walked.

mod lanes;
mod layout;
mod lead;
mod pairs;
mod reps;
mod simd;
mod split;
#[cfg(test)]
mod tests;
mod work;

use std::ops::Range;

use lanes::{LANES, Lanes, Leaves};
use layout::{Layout, WORD};
use lead::{LeadTests, WordTests};
use pairs::PairTests;
pub use reps::RepTable;
use reps::RepTest;
pub use simd::Instructions;
use split::Split;
pub use work::Scratch;
use work::Work;

use super::features::Scope;
use super::forest::{Forest, Tree};

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct BitForest {
    instructions: Instructions,
    base_margin: f32,
    columns: Columns,
    trees: Vec<TreePlan>,
    /// The words of all trees, in tree order.
    words: Vec<Word>,
    /// By word: the values of its leaves.
    leaves: Vec<Leaves>,
    lead: LeadTests,
    /// By word.
    rep_tests: Vec<RepTest>,
    pairs: PairTests,
    /// Trees that have no words, with the place of each column.
    walked: Vec<(Tree, Vec<Place>)>,
}

/// How many columns of each scope.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    lead: usize,
    rep: usize,
    pair: usize,
}

#[derive(Clone, Debug)]
enum TreePlan {
    /// Its words.
    Words(Range<u32>),
    /// Its index among the trees that are walked.
    Walked(u32),
}

#[derive(Clone, Debug)]
struct Word {
    /// Where the lead tests leave their result.
    place: u32,
    rep_tests_end: usize,
    pair_tests: Range<usize>,
}

/// A column of the forest: its scope, and its index among those of the same scope.
#[derive(Clone, Copy, Debug)]
struct Place {
    scope: Scope,
    index: usize,
}

impl Place {
    fn value(self, lead: &[f32], reps: &[f32], pairs: &[f32], rep: usize, count: usize) -> f32 {
        match self.scope {
            Scope::Lead => lead[self.index],
            Scope::Rep => reps[self.index * count + rep],
            Scope::Pair => pairs[self.index * count + rep],
        }
    }
}

impl BitForest {
    /// Prepares a forest whose columns have these scopes, for the widest instructions that this machine has.
    ///
    /// # Panics
    /// When there are not as many scopes as the forest has columns, or a tree is not sound ([`Tree::is_sound`]).
    pub fn new(forest: &Forest, scopes: &[Scope]) -> Self {
        Self::with_instructions(forest, scopes, Instructions::best())
    }

    /// The same for chosen instructions; those that the machine lacks are replaced by portable ones.
    pub fn with_instructions(forest: &Forest, scopes: &[Scope], instructions: Instructions) -> Self {
        assert_eq!(scopes.len(), forest.features, "one scope for each column");
        let mut columns = Columns::default();
        let places: Vec<Place> = scopes
            .iter()
            .map(|&scope| {
                let count = match scope {
                    Scope::Lead => &mut columns.lead,
                    Scope::Rep => &mut columns.rep,
                    Scope::Pair => &mut columns.pair,
                };
                *count += 1;
                Place { scope, index: *count - 1 }
            })
            .collect();
        let mut built = Self {
            instructions: instructions.or_portable(),
            base_margin: forest.base_margin(),
            columns,
            trees: Vec::with_capacity(forest.trees.len()),
            words: Vec::new(),
            leaves: Vec::new(),
            lead: LeadTests::default(),
            rep_tests: Vec::new(),
            pairs: PairTests::default(),
            walked: Vec::new(),
        };
        let mut lead_words = Vec::new();
        for tree in &forest.trees {
            if let Some(layout) = Layout::new(tree) {
                built.add_words(tree, &layout, &places, &mut lead_words);
            } else {
                built.trees.push(TreePlan::Walked(built.walked.len() as u32));
                built.walked.push((tree.clone(), places.clone()));
            }
        }
        let (lead, lead_places) = LeadTests::new(&lead_words);
        built.lead = lead;
        for (word, place) in built.words.iter_mut().zip(lead_places) {
            word.place = place;
        }
        built.pairs.finish();
        built
    }

    fn add_words(&mut self, tree: &Tree, layout: &Layout, places: &[Place], lead_words: &mut Vec<WordTests>) {
        let first = self.words.len();
        for word in 0..layout.words {
            let mut lead_tests = Vec::new();
            let mut values = Leaves([0.0; WORD]);
            // Not all positions between the first leaf and the last are leaves.
            let mut present = 0;
            let first_pair_test = self.pairs.lost.len();
            for (i, node) in tree.nodes.iter().enumerate().filter(|(i, _)| layout.is_reached(*i)) {
                if node.is_leaf() {
                    let bit = layout.mask(i, word);
                    if bit != 0 {
                        present |= bit;
                        values.0[layout.first(i) % WORD] = node.value;
                    }
                    continue;
                }
                let left = layout.mask(node.left as usize, word);
                let right = layout.mask(node.left as usize + 1, word);
                if left | right == 0 {
                    continue;
                }
                let place = places[node.feature as usize];
                let split = Split::new(tree, node, place.index as u32);
                match place.scope {
                    Scope::Lead => lead_tests.push((split, !right, !left)),
                    Scope::Rep => self.rep_tests.push(RepTest { split, keep_left: !right, keep_right: !left }),
                    // Going left takes nothing: the leftmost leaf that is left is the exit, whatever is right of it.
                    Scope::Pair if left != 0 => self.pairs.push(&split, left),
                    Scope::Pair => {}
                }
            }
            lead_words.push(WordTests { leaves: present, tests: lead_tests });
            self.leaves.push(values);
            self.words.push(Word {
                place: 0,
                rep_tests_end: self.rep_tests.len(),
                pair_tests: first_pair_test..self.pairs.lost.len(),
            });
        }
        self.trees.push(TreePlan::Words(first as u32..self.words.len() as u32));
    }

    /// The instructions that are used.
    pub fn instructions(&self) -> Instructions {
        self.instructions
    }

    /// Log-odds of one lead with every rep of a table.
    ///
    /// `lead` holds the lead columns in their order, `pairs` the pair columns one after the other, each with a value
    /// for every rep; NaN is missing. `margins` receives one number for each rep.
    ///
    /// # Panics
    /// When a slice is not as long as the columns and reps say.
    pub fn margins(&self, lead: &[f32], reps: &RepTable, pairs: &[f32], scratch: &mut Scratch, margins: &mut [f32]) {
        let groups = reps.groups();
        assert_eq!(lead.len(), self.columns.lead, "one value for each lead column");
        assert_eq!(pairs.len(), self.columns.pair * reps.len(), "one value for each pair column and rep");
        assert_eq!(margins.len(), reps.len(), "one margin for each rep");
        assert_eq!(reps.words.len(), self.words.len() * groups, "a table of another forest");
        if reps.is_empty() {
            return;
        }
        scratch.lead.resize(self.lead.blocks.len(), Lanes::all(0));
        self.instructions.compare(&self.lead, lead, &mut scratch.lead);
        self.lead.decide_odd(lead, &mut scratch.lead);
        self.instructions.plan(self, scratch);
        scratch.slots.resize(self.pairs.slots.len() * groups, Lanes::all(0.0));
        self.pairs.fill(pairs, reps.len(), &mut scratch.slots);
        scratch.margins.clear();
        scratch.margins.resize(groups, Lanes::all(self.base_margin));
        let (mut first_step, mut first_test) = (0, 0);
        for run in &scratch.runs {
            let steps = &scratch.steps[first_step..run.steps_end];
            if let Some(last) = steps.last() {
                let work = Work {
                    forest: self,
                    groups,
                    rep_words: &reps.words,
                    slots: &scratch.slots,
                    steps,
                    tests: &scratch.tests,
                    first_test,
                };
                self.instructions.add(&work, &mut scratch.margins, &mut scratch.spare);
                first_test = last.tests_end as usize;
            }
            first_step = run.steps_end;
            if let Some(tree) = run.walked {
                self.walk(tree, lead, reps, pairs, &mut scratch.margins);
            }
        }
        for (margins, lanes) in margins.chunks_mut(LANES).zip(&scratch.margins) {
            margins.copy_from_slice(&lanes.0[..margins.len()]);
        }
    }
}
