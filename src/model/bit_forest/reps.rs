//! The tests on rep columns: which leaves of each word each rep can still reach. Computed when a rep's numbers change,
//! not when a lead comes.

use super::BitForest;
use super::lanes::{LANES, Lanes};
use super::split::Split;

/// One test of a rep column, for one word.
#[derive(Clone, Debug)]
pub(super) struct RepTest {
    pub(super) split: Split,
    pub(super) keep_left: u32,
    pub(super) keep_right: u32,
}

/// The reps of a pool as one forest sees them.
#[derive(Clone, Debug)]
pub struct RepTable {
    reps: usize,
    /// `words[word * groups + group]`: the leaves that the reps of a group can reach.
    pub(super) words: Vec<Lanes<u32>>,
    /// `values[column * reps + rep]`, for trees that are walked.
    pub(super) values: Vec<f32>,
}

impl RepTable {
    /// How many reps.
    pub fn len(&self) -> usize {
        self.reps
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.reps == 0
    }

    /// Memory that the words take.
    pub fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// Groups of sixteen reps, the last one filled up.
    pub(super) fn groups(&self) -> usize {
        self.reps.div_ceil(LANES)
    }
}

impl BitForest {
    /// A table for so many reps, of whom nothing is known: all their columns are missing.
    pub fn rep_table(&self, reps: usize) -> RepTable {
        let words = vec![Lanes::all(0); self.words.len() * reps.div_ceil(LANES)];
        let mut table = RepTable { reps, words, values: vec![f32::NAN; self.columns.rep * reps] };
        let missing = vec![f32::NAN; self.columns.rep];
        for rep in 0..reps {
            self.set_rep(&mut table, rep, &missing);
        }
        table
    }

    /// Enters the values of one rep's columns, in the order of the rep columns. No other rep is touched.
    ///
    /// # Panics
    /// When the table has no such rep, or `values` is not as long as there are rep columns.
    pub fn set_rep(&self, table: &mut RepTable, rep: usize, values: &[f32]) {
        assert!(rep < table.reps && values.len() == self.columns.rep, "a row of another forest's reps");
        for (column, value) in values.iter().enumerate() {
            table.values[column * table.reps + rep] = *value;
        }
        let groups = table.groups();
        let mut start = 0;
        for (word, mine) in self.words.iter().zip(table.words.chunks_exact_mut(groups)) {
            let left = self.rep_tests[start..word.rep_tests_end].iter().fold(u32::MAX, |left, test| {
                let goes_left = test.split.goes_left(values[test.split.column as usize]);
                left & if goes_left { test.keep_left } else { test.keep_right }
            });
            mine[rep / LANES].0[rep % LANES] = left;
            start = word.rep_tests_end;
        }
    }
}
