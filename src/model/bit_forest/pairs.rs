//! The tests on pair columns: the only ones that are decided for each lead and rep.

use super::lanes::{LANES, Lanes};
use super::split::Split;

/// What stands in one lane-wise column that pair tests compare with thresholds.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// A pair column, in which a missing value becomes the infinity that goes where the split sends missing values.
    Column {
        /// Index among the pair columns.
        column: u32,
        /// Whether missing values go left.
        missing_left: bool,
    },
    /// The decision itself of a split that is no plain comparison: 0 goes left, 1 right.
    Decision(Split),
}

/// The threshold of a [`Slot::Decision`].
const HALF: f32 = 0.5;

/// One test of a pair column, for one word: a rep whose value is not below the threshold goes right, and loses leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairTest {
    pub(super) slot: u32,
    pub(super) threshold: f32,
    pub(super) lost: u32,
}

/// All tests on pair columns, by word.
#[derive(Clone, Debug, Default)]
pub(super) struct PairTests {
    pub(super) slots: Vec<Slot>,
    pub(super) tests: Vec<PairTest>,
    /// What each test loses, once more, for the question which tests matter: one without a leaf that the lead can
    /// reach need not be asked.
    pub(super) lost: Vec<u32>,
}

impl PairTests {
    pub(super) fn push(&mut self, split: &Split, lost: u32) {
        let (slot, threshold) = if let Some((threshold, missing_left)) = split.comparison() {
            let same = |slot: &Slot| matches!(slot, Slot::Column { column, missing_left: left } if *column == split.column && *left == missing_left);
            let slot = self.slots.iter().position(same).unwrap_or(self.slots.len());
            if slot == self.slots.len() {
                self.slots.push(Slot::Column { column: split.column, missing_left });
            }
            (slot, threshold)
        } else {
            self.slots.push(Slot::Decision(split.clone()));
            (self.slots.len() - 1, HALF)
        };
        self.tests.push(PairTest { slot: slot as u32, threshold, lost });
        self.lost.push(lost);
    }

    /// Called when all tests are there: a reader of whole vectors may read beyond the last one.
    pub(super) fn finish(&mut self) {
        self.lost.extend([0; LANES]);
    }

    /// Fills the slots for one lead: `pairs[column * reps + rep]` in, `slots[slot * groups + group]` out.
    pub(super) fn fill(&self, pairs: &[f32], reps: usize, slots: &mut [Lanes<f32>]) {
        let groups = reps.div_ceil(LANES);
        for (slot, to) in self.slots.iter().zip(slots.chunks_exact_mut(groups)) {
            match slot {
                Slot::Column { column, missing_left } => {
                    let stand_in = if *missing_left { f32::NEG_INFINITY } else { f32::INFINITY };
                    let from = &pairs[*column as usize * reps..][..reps];
                    each_lane(from, to, |value| if value.is_nan() { stand_in } else { value });
                }
                Slot::Decision(split) => {
                    let from = &pairs[split.column as usize * reps..][..reps];
                    each_lane(from, to, |value| f32::from(u8::from(!split.goes_left(value))));
                }
            }
        }
    }
}

fn each_lane(from: &[f32], to: &mut [Lanes<f32>], change: impl Fn(f32) -> f32) {
    for (from, to) in from.chunks(LANES).zip(to) {
        for (from, to) in from.iter().zip(&mut to.0) {
            *to = change(*from);
        }
    }
}
