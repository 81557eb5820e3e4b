//! Regularised logistic regression on one-hot categories and standardised numbers: the baseline that a forest must beat.
//!
//! Minimises `sum log loss + penalty / 2 * |w|^2` (the intercept is free; scikit-learn's `C` is `1 / penalty`) by L-BFGS
//! (Nocedal & Wright, *Numerical Optimization*, 2nd edition, algorithm 7.4) with backtracking.

/// Pairs of differences that L-BFGS remembers.
const MEMORY: usize = 8;
/// Most steps.
const MAX_STEPS: usize = 200;
/// Converged when no component of the mean gradient is larger.
const TOLERANCE: f64 = 1e-6;

/// Rows of standardised numbers and active one-hot columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Design {
    /// Numbers per row.
    pub numbers_per_row: usize,
    /// `rows * numbers_per_row` values, none missing.
    pub numbers: Vec<f32>,
    /// One-hot columns that are 1, so many per row.
    pub active_per_row: usize,
    /// `rows * active_per_row` columns below `one_hot`; a larger index is no column at all.
    pub active: Vec<u32>,
    /// How many one-hot columns there are.
    pub one_hot: usize,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// Log-odds of a row of zeros.
    pub intercept: f64,
    /// Per number.
    pub numbers: Vec<f64>,
    /// Per one-hot column.
    pub one_hot: Vec<f64>,
}

impl Design {
    fn weights(&self) -> usize {
        1 + self.numbers_per_row + self.one_hot
    }

    fn numbers_of(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.numbers_per_row..(row + 1) * self.numbers_per_row]
    }

    fn active_of(&self, row: usize) -> impl Iterator<Item = usize> {
        let active = &self.active[row * self.active_per_row..(row + 1) * self.active_per_row];
        active.iter().map(|column| *column as usize).filter(|column| *column < self.one_hot)
    }

    /// `w` is the intercept, the numbers' weights, and the one-hot columns'.
    fn margin(&self, row: usize, w: &[f64]) -> f64 {
        let numbers = self.numbers_of(row).iter().zip(&w[1..]).map(|(x, w)| f64::from(*x) * w).sum::<f64>();
        let hot = &w[1 + self.numbers_per_row..];
        w[0] + numbers + self.active_of(row).map(|column| hot[column]).sum::<f64>()
    }
}

impl Logistic {
    /// Fits the rows of `index`. `None` without both outcomes, or when `stop` says so between two steps.
    pub fn fit(
        design: &Design,
        won: &[f32],
        index: &[usize],
        penalty: f64,
        stop: &mut dyn FnMut() -> bool,
    ) -> Option<Self> {
        let wins: f64 = index.iter().map(|&i| f64::from(won[i])).sum();
        let rows = index.len() as f64;
        if wins <= 0.0 || wins >= rows {
            return None;
        }
        let mut w = vec![0.0; design.weights()];
        w[0] = (wins / (rows - wins)).ln();
        let mut gradient = vec![0.0; w.len()];
        let mut loss = objective(design, won, index, penalty, &w, &mut gradient);
        let mut memory: Vec<(Vec<f64>, Vec<f64>)> = Vec::with_capacity(MEMORY);
        let (mut next, mut next_gradient) = (w.clone(), gradient.clone());
        for _ in 0..MAX_STEPS {
            if gradient.iter().all(|g| g.abs() <= TOLERANCE * rows) {
                break;
            }
            if stop() {
                return None;
            }
            let direction = descent(&gradient, &memory, rows);
            let slope = dot(&direction, &gradient);
            let mut length = 1.0;
            loop {
                for ((to, from), d) in next.iter_mut().zip(&w).zip(&direction) {
                    *to = from + length * d;
                }
                let tried = objective(design, won, index, penalty, &next, &mut next_gradient);
                if tried <= loss + 1e-4 * length * slope {
                    loss = tried;
                    break;
                }
                length /= 2.0;
                if length < 1e-12 {
                    return Some(Self::new(design, &w));
                }
            }
            let step: Vec<f64> = next.iter().zip(&w).map(|(a, b)| a - b).collect();
            let bend: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
            if dot(&step, &bend) > 1e-12 {
                if memory.len() == MEMORY {
                    memory.remove(0);
                }
                memory.push((step, bend));
            }
            std::mem::swap(&mut w, &mut next);
            std::mem::swap(&mut gradient, &mut next_gradient);
        }
        Some(Self::new(design, &w))
    }

    fn new(design: &Design, w: &[f64]) -> Self {
        let hot = 1 + design.numbers_per_row;
        Self { intercept: w[0], numbers: w[1..hot].to_vec(), one_hot: w[hot..].to_vec() }
    }

    /// Log-odds of one row.
    pub fn margin(&self, design: &Design, row: usize) -> f64 {
        let numbers = design.numbers_of(row).iter().zip(&self.numbers).map(|(x, w)| f64::from(*x) * w).sum::<f64>();
        self.intercept + numbers + design.active_of(row).map(|column| self.one_hot[column]).sum::<f64>()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The penalised loss at `w`, and its gradient.
fn objective(design: &Design, won: &[f32], index: &[usize], penalty: f64, w: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let hot = 1 + design.numbers_per_row;
    let mut loss = 0.0;
    for &row in index {
        let margin = design.margin(row, w);
        let y = f64::from(won[row]);
        // log(1 + exp(m)) without overflow.
        loss += margin.max(0.0) + (-margin.abs()).exp().ln_1p() - y * margin;
        let error = 1.0 / (1.0 + (-margin).exp()) - y;
        gradient[0] += error;
        for (g, x) in gradient[1..hot].iter_mut().zip(design.numbers_of(row)) {
            *g += error * f64::from(*x);
        }
        for column in design.active_of(row) {
            gradient[hot + column] += error;
        }
    }
    for (g, w) in gradient[1..].iter_mut().zip(&w[1..]) {
        *g += penalty * w;
        loss += 0.5 * penalty * w * w;
    }
    loss
}

/// The two-loop recursion: the direction of steepest descent, bent by the curvature seen so far.
fn descent(gradient: &[f64], memory: &[(Vec<f64>, Vec<f64>)], rows: f64) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = vec![0.0; memory.len()];
    for (i, (step, bend)) in memory.iter().enumerate().rev() {
        shares[i] = dot(step, &direction) / dot(step, bend);
        direction.iter_mut().zip(bend).for_each(|(d, b)| *d -= shares[i] * b);
    }
    // Before anything is known of the curvature: no weight sees more than a quarter of the rows' information.
    let scale = memory.last().map_or(4.0 / rows, |(step, bend)| dot(step, bend) / dot(bend, bend));
    for d in &mut direction {
        *d *= scale;
    }
    for (i, (step, bend)) in memory.iter().enumerate() {
        let back = dot(bend, &direction) / dot(step, bend);
        direction.iter_mut().zip(step).for_each(|(d, s)| *d += (shares[i] - back) * s);
    }
    direction
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// What `.ci/model/make_calibration.py` wrote with scikit-learn.
    #[derive(Deserialize)]
    struct Vectors {
        penalty: f64,
        numbers: Vec<Vec<f32>>,
        category: Vec<u32>,
        won: Vec<u8>,
        intercept: f64,
        weights: Vec<f64>,
    }

    #[test]
    fn weights_are_those_of_scikit_learn() {
        let v: Vectors = serde_json::from_str(include_str!("../../tests/data/calibration/logistic.json")).unwrap();
        let design = Design {
            numbers_per_row: v.numbers[0].len(),
            numbers: v.numbers.concat(),
            active_per_row: 1,
            active: v.category.clone(),
            one_hot: 1 + *v.category.iter().max().unwrap() as usize,
        };
        let won: Vec<f32> = v.won.iter().map(|w| f32::from(*w)).collect();
        let index: Vec<usize> = (0..won.len()).collect();
        let model = Logistic::fit(&design, &won, &index, v.penalty, &mut || false).unwrap();
        let ours = model.numbers.iter().chain(&model.one_hot);
        assert!((model.intercept - v.intercept).abs() < 1e-4, "{} {}", model.intercept, v.intercept);
        assert!(ours.zip(&v.weights).all(|(a, b)| (a - b).abs() < 1e-4), "{model:?} {:?}", v.weights);
    }

    #[test]
    fn one_outcome_alone_teaches_nothing() {
        let design = Design { numbers_per_row: 1, numbers: vec![1.0, 2.0], ..Design::default() };
        assert_eq!(Logistic::fit(&design, &[1.0, 1.0], &[0, 1], 1.0, &mut || false), None);
    }
}
