//! SMOTE-NC: synthetic rows of the rarer outcome for tables that mix numbers and categories (Chawla, Bowyer, Hall &
//! Kegelmeyer, *SMOTE: Synthetic Minority Over-sampling Technique*, JAIR 16, 2002, section 6.1).
//!
//! A synthetic row lies on the line between a row and one of its `k` nearest neighbours in every numeric column, and
//! takes in every categorical one what most of the `k` neighbours have. The distance is Euclidean over the numbers, and
//! two different categories count as far as the median of the numbers' standard deviations. The random draws come from
//! outside ([`Draws`]), so that the rows can be compared with another implementation's, draw by draw.
//!
//! Resampling shifts the win rate that trees see, so a model grown on it must be calibrated on deals as they are.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Neighbours of a row, as in the paper.
pub const NEIGHBOURS: usize = 5;

/// Rows of numbers and categories, each row-major. A number can be missing (NaN).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MixedTable {
    /// Numeric columns.
    pub numeric_columns: usize,
    /// Categorical columns.
    pub categorical_columns: usize,
    /// `rows * numeric_columns` values.
    pub numbers: Vec<f64>,
    /// `rows * categorical_columns` codes.
    pub categories: Vec<u32>,
}

impl MixedTable {
    /// How many rows.
    pub fn rows(&self) -> usize {
        let by_numbers = self.numbers.len().checked_div(self.numeric_columns);
        by_numbers.or_else(|| self.categories.len().checked_div(self.categorical_columns)).unwrap_or(0)
    }

    /// The numbers of one row.
    pub fn numbers_of(&self, row: usize) -> &[f64] {
        &self.numbers[row * self.numeric_columns..(row + 1) * self.numeric_columns]
    }

    /// The categories of one row.
    pub fn categories_of(&self, row: usize) -> &[u32] {
        &self.categories[row * self.categorical_columns..(row + 1) * self.categorical_columns]
    }

    /// How far apart two different categories are: the median over the numeric columns of their standard deviations
    /// (population form, missing values left out).
    pub fn category_distance(&self) -> f64 {
        let mut deviations: Vec<f64> = (0..self.numeric_columns)
            .map(|column| {
                let known = || self.numbers.iter().skip(column).step_by(self.numeric_columns).filter(|v| !v.is_nan());
                let n = known().count().max(1) as f64;
                let mean = known().sum::<f64>() / n;
                (known().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
            })
            .collect();
        deviations.sort_by(f64::total_cmp);
        let middle = deviations.len() / 2;
        match deviations.len() {
            0 => 1.0,
            n if n.is_multiple_of(2) => f64::midpoint(deviations[middle - 1], deviations[middle]),
            _ => deviations[middle],
        }
    }
}

/// The `k` nearest other rows of each row, nearest first, equal distances in order of the rows: `rows * k` indices.
/// `None` if there are not more than `k` rows.
///
/// A missing number is as far from a known one as two categories are from each other, and at no distance from another
/// missing one. Compares every row with every other, so the caller bounds the rows.
pub fn neighbours(table: &MixedTable, k: usize) -> Option<Vec<usize>> {
    let rows = table.rows();
    if k == 0 || rows <= k {
        return None;
    }
    let apart = table.category_distance().powi(2);
    let mut nearest = Vec::with_capacity(rows * k);
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(k + 1);
    for row in 0..rows {
        best.clear();
        for other in (0..rows).filter(|other| *other != row) {
            let distance = squared_distance(table, row, other, apart);
            if best.len() == k && best[k - 1].0 <= distance {
                continue;
            }
            // Rows come in ascending order, so an equal distance stands behind those already there.
            best.insert(best.partition_point(|(d, _)| *d <= distance), (distance, other));
            best.truncate(k);
        }
        nearest.extend(best.iter().map(|(_, other)| *other));
    }
    Some(nearest)
}

fn squared_distance(table: &MixedTable, a: usize, b: usize, apart: f64) -> f64 {
    let numbers = table.numbers_of(a).iter().zip(table.numbers_of(b)).map(|(a, b)| match (a.is_nan(), b.is_nan()) {
        (false, false) => (a - b).powi(2),
        (true, true) => 0.0,
        _ => apart,
    });
    let categories = table.categories_of(a).iter().zip(table.categories_of(b)).filter(|(a, b)| a != b).count();
    numbers.sum::<f64>() + categories as f64 * apart
}

/// Where the randomness of synthetic rows comes from.
pub trait Draws {
    /// Which of `pairs` (row, neighbour) pairs the next row is made from; pair `row * k + i` is the row with its `i`-th
    /// neighbour.
    fn pair(&mut self, pairs: usize) -> usize;
    /// How far from the row towards the neighbour, 0 to 1.
    fn step(&mut self) -> f64;
    /// Which of the categories that occur equally often (ascending) is taken.
    fn tie(&mut self, categories: &[u32]) -> u32;
}

impl Draws for ChaCha8Rng {
    fn pair(&mut self, pairs: usize) -> usize {
        self.random_range(0..pairs)
    }

    fn step(&mut self) -> f64 {
        self.random()
    }

    fn tie(&mut self, categories: &[u32]) -> u32 {
        categories[self.random_range(0..categories.len())]
    }
}

/// So many synthetic rows. `nearest` is what [`neighbours`] found with the same `k`.
///
/// A number that is missing in the row or in its neighbour is as it is in the row.
pub fn synthesise(table: &MixedTable, nearest: &[usize], k: usize, rows: usize, draws: &mut dyn Draws) -> MixedTable {
    let mut made = MixedTable {
        numeric_columns: table.numeric_columns,
        categorical_columns: table.categorical_columns,
        numbers: Vec::with_capacity(rows * table.numeric_columns),
        categories: Vec::with_capacity(rows * table.categorical_columns),
    };
    for _ in 0..rows {
        let pair = draws.pair(nearest.len());
        let (row, around) = (pair / k, &nearest[pair / k * k..(pair / k + 1) * k]);
        let towards = nearest[pair];
        let step = draws.step();
        let between = table.numbers_of(row).iter().zip(table.numbers_of(towards)).map(|(from, to)| {
            let moved = from + step * (to - from);
            if moved.is_nan() { *from } else { moved }
        });
        made.numbers.extend(between);
        for column in 0..table.categorical_columns {
            let most = most_frequent(around.iter().map(|&n| table.categories_of(n)[column]));
            made.categories.push(if most.len() == 1 { most[0] } else { draws.tie(&most) });
        }
    }
    made
}

/// The values that occur most often, ascending.
fn most_frequent(values: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut values: Vec<u32> = values.collect();
    values.sort_unstable();
    let runs: Vec<(u32, usize)> = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let most = runs.iter().map(|(_, n)| *n).max().unwrap_or(0);
    runs.into_iter().filter(|(_, n)| *n == most).map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use serde::Deserialize;

    use super::*;

    /// What `.ci/model/make_smote.py` wrote: a table, and what imbalanced-learn made of it with the draws it used.
    #[derive(Deserialize)]
    struct Vectors {
        k: usize,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        numbers: Vec<Vec<f64>>,
        categories: Vec<Vec<u32>>,
        category_distance: f64,
        /// Sorted by index within each row.
        neighbours: Vec<Vec<usize>>,
        drawn: Vec<Drawn>,
    }

    #[derive(Deserialize)]
    struct Drawn {
        row: usize,
        neighbour: usize,
        step: f64,
        numbers: Vec<f64>,
        categories: Vec<u32>,
    }

    /// Gives back stored draws; a tie is broken as the other implementation did.
    struct Stored<'a> {
        drawn: &'a [Drawn],
        pairs: Vec<usize>,
        next: usize,
    }

    impl Draws for Stored<'_> {
        fn pair(&mut self, _: usize) -> usize {
            self.next += 1;
            self.pairs[self.next - 1]
        }

        fn step(&mut self) -> f64 {
            self.drawn[self.next - 1].step
        }

        fn tie(&mut self, categories: &[u32]) -> u32 {
            let theirs = &self.drawn[self.next - 1].categories;
            *categories.iter().find(|c| theirs.contains(c)).unwrap()
        }
    }

    #[test]
    fn neighbours_and_rows_are_those_of_imbalanced_learn() {
        let vectors: Vectors = serde_json::from_str(include_str!("../../tests/data/smote/vectors.json")).unwrap();
        for case in &vectors.cases {
            let table = MixedTable {
                numeric_columns: case.numbers[0].len(),
                categorical_columns: case.categories[0].len(),
                numbers: case.numbers.concat(),
                categories: case.categories.concat(),
            };
            assert!((table.category_distance() - case.category_distance).abs() < 1e-12, "{}", case.name);
            let found = neighbours(&table, vectors.k).unwrap();
            for (row, theirs) in case.neighbours.iter().enumerate() {
                let mut ours = found[row * vectors.k..(row + 1) * vectors.k].to_vec();
                ours.sort_unstable();
                assert_eq!(&ours, theirs, "{}: neighbours of row {row}", case.name);
            }
            let pair = |d: &Drawn| {
                let around = &found[d.row * vectors.k..(d.row + 1) * vectors.k];
                d.row * vectors.k + around.iter().position(|n| *n == d.neighbour).unwrap()
            };
            let pairs = case.drawn.iter().map(pair).collect();
            let mut draws = Stored { drawn: &case.drawn, pairs, next: 0 };
            let made = synthesise(&table, &found, vectors.k, case.drawn.len(), &mut draws);
            for (row, theirs) in case.drawn.iter().enumerate() {
                let near = made.numbers_of(row).iter().zip(&theirs.numbers).all(|(a, b)| (a - b).abs() < 1e-9);
                assert!(near, "{}: {:?} instead of {:?}", case.name, made.numbers_of(row), theirs.numbers);
                assert_eq!(made.categories_of(row), theirs.categories, "{}: row {row}", case.name);
            }
        }
    }

    #[test]
    fn missing_numbers_stay_missing_and_never_spread() {
        let numbers = (0..40).map(|i| if i % 4 == 0 { f64::NAN } else { f64::from(i) }).collect();
        let categories = (0..20).map(|i| i % 3).collect();
        let table = MixedTable { numeric_columns: 2, categorical_columns: 1, numbers, categories };
        let nearest = neighbours(&table, 3).unwrap();
        let made = synthesise(&table, &nearest, 3, 200, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(made.rows(), 200);
        let missing = made.numbers.iter().step_by(2).filter(|v| v.is_nan()).count();
        assert!(missing > 50 && missing < 150, "{missing}");
        assert!(made.numbers.iter().skip(1).step_by(2).all(|v| (1.0..40.0).contains(v)));
    }

    #[test]
    fn too_few_rows_have_no_neighbours() {
        let table = MixedTable { numeric_columns: 1, numbers: vec![1.0, 2.0, 3.0], ..MixedTable::default() };
        assert_eq!(neighbours(&table, 3), None);
        assert_eq!(neighbours(&table, 2).unwrap().len(), 6);
    }
}
