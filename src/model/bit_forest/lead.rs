//! The tests on lead columns: which leaves of each word a lead can still reach.
//!
//! Sixteen words are decided side by side, one test of each at a time, so that no result has to be gathered from
//! several lanes.

use super::lanes::{LANES, Lanes};
use super::split::Split;

/// In [`Row::column`]: the value is negated before the comparison.
pub(super) const NEGATED: u32 = 1 << 31;

/// One test for each of sixteen words: `value < threshold` keeps the leaves of `below`, anything else those of
/// `otherwise`.
///
/// A missing value is never below a threshold, so it goes right by itself. For a split that sends missing values left
/// the question is asked the other way round: `value >= threshold` is `-value < next_up(-threshold)`, which is false
/// for a missing value as well.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) column: Lanes<u32>,
    pub(super) threshold: Lanes<f32>,
    pub(super) below: Lanes<u32>,
    pub(super) otherwise: Lanes<u32>,
}

impl Row {
    /// Tests that change nothing.
    const IDLE: Self = Self {
        column: Lanes::all(0),
        threshold: Lanes::all(0.0),
        below: Lanes::all(u32::MAX),
        otherwise: Lanes::all(u32::MAX),
    };
}

/// Sixteen words and the end of their rows; a block's rows begin where those of the block before end.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Bits that are leaves at all.
    pub(super) leaves: Lanes<u32>,
    pub(super) rows_end: usize,
}

/// A test that is no plain comparison.
#[derive(Clone, Debug)]
struct OddTest {
    place: u32,
    split: Split,
    keep_left: u32,
    keep_right: u32,
}

/// All tests on lead columns.
#[derive(Clone, Debug, Default)]
pub(super) struct LeadTests {
    pub(super) blocks: Vec<Block>,
    pub(super) rows: Vec<Row>,
    odd: Vec<OddTest>,
}

/// What the lead tests of one word are built from.
pub(super) struct WordTests {
    pub(super) leaves: u32,
    /// Split, leaves kept if it goes left, leaves kept if it goes right.
    pub(super) tests: Vec<(Split, u32, u32)>,
}

impl LeadTests {
    /// Arranges the tests of all words. Returns with them the place of each word in the result.
    pub(super) fn new(words: &[WordTests]) -> (Self, Vec<u32>) {
        let mut built = Self::default();
        let mut places = vec![0; words.len()];
        let comparisons = |word: &WordTests| word.tests.iter().filter(|(s, ..)| s.comparison().is_some()).count();
        // Words with equally many tests stand together, so that few lanes idle.
        let mut order: Vec<usize> = (0..words.len()).collect();
        order.sort_by_key(|&word| std::cmp::Reverse(comparisons(&words[word])));
        for group in order.chunks(LANES) {
            let first_row = built.rows.len();
            let mut leaves = Lanes::all(0);
            for (lane, &word) in group.iter().enumerate() {
                let place = (built.blocks.len() * LANES + lane) as u32;
                places[word] = place;
                leaves.0[lane] = words[word].leaves;
                let mut row = first_row;
                for (split, keep_left, keep_right) in &words[word].tests {
                    let (keep_left, keep_right) = (*keep_left, *keep_right);
                    let Some((threshold, default_left)) = split.comparison() else {
                        built.odd.push(OddTest { place, split: split.clone(), keep_left, keep_right });
                        continue;
                    };
                    if row == built.rows.len() {
                        built.rows.push(Row::IDLE);
                    }
                    let to = &mut built.rows[row];
                    if default_left {
                        to.column.0[lane] = split.column | NEGATED;
                        to.threshold.0[lane] = (-threshold).next_up();
                        (to.below.0[lane], to.otherwise.0[lane]) = (keep_right, keep_left);
                    } else {
                        to.column.0[lane] = split.column;
                        to.threshold.0[lane] = threshold;
                        (to.below.0[lane], to.otherwise.0[lane]) = (keep_left, keep_right);
                    }
                    row += 1;
                }
            }
            built.blocks.push(Block { leaves, rows_end: built.rows.len() });
        }
        (built, places)
    }

    /// Decides the comparisons: `words` receives, by place, the leaves that they leave.
    #[expect(clippy::inline_always, reason = "compiled anew for each set of instructions")]
    #[inline(always)]
    pub(super) fn compare(&self, lead: &[f32], words: &mut [Lanes<u32>]) {
        // With no lead column there is nothing but idle tests, which still read one.
        let missing = [f32::NAN];
        let lead = if lead.is_empty() { &missing } else { lead };
        let mut start = 0;
        for (block, words) in self.blocks.iter().zip(words) {
            // Expressions of whole arrays, which the compiler vectorises.
            let mut left = block.leaves.0;
            for row in &self.rows[start..block.rows_end] {
                let mut values = [0.0; LANES];
                for (value, column) in values.iter_mut().zip(row.column.0) {
                    let bits = lead[(column & !NEGATED) as usize].to_bits() ^ (column & NEGATED);
                    *value = f32::from_bits(bits);
                }
                let below: [bool; LANES] = std::array::from_fn(|lane| values[lane] < row.threshold.0[lane]);
                left = std::array::from_fn(|lane| {
                    left[lane] & if below[lane] { row.below.0[lane] } else { row.otherwise.0[lane] }
                });
            }
            *words = Lanes(left);
            start = block.rows_end;
        }
    }

    /// Decides the other tests, after [`Self::compare`].
    pub(super) fn decide_odd(&self, lead: &[f32], words: &mut [Lanes<u32>]) {
        for test in &self.odd {
            let left = test.split.goes_left(lead[test.split.column as usize]);
            words[test.place as usize / LANES].0[test.place as usize % LANES] &=
                if left { test.keep_left } else { test.keep_right };
        }
    }
}
