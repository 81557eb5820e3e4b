//! One forest, or several whose probabilities are averaged, as Amazon SageMaker hosts the models of a cross-validation.

use super::explain::{Explainer, Scratch, versus};
use super::forest::Forest;

/// Margins beyond this are certainty enough; further out, exponentials leave the range of `f64`.
const CERTAIN: f64 = 700.0;
/// Panels of Simpson's rule for [`prices`]: far beyond what `f32` margins show.
const PANELS: u32 = 64;

/// Forests that score together. One forest's margin is its own; that of several is the log-odds of their mean
/// probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// At least one; all read the same columns.
    forests: Vec<Forest>,
}

/// Probability of a margin and of its opposite, each exact where it is small.
fn both(margin: f64) -> (f64, f64) {
    let margin = margin.clamp(-CERTAIN, CERTAIN);
    (1.0 / (1.0 + (-margin).exp()), 1.0 / (1.0 + margin.exp()))
}

/// The log-odds of the mean probability of some margins.
pub fn pooled(margins: &[f64]) -> f64 {
    let (won, lost) = margins.iter().map(|margin| both(*margin)).fold((0.0, 0.0), |(a, b), (p, q)| (a + p, b + q));
    (won / lost).ln()
}

/// How fast [`pooled`] moves with each margin.
fn slopes(margins: &[f64]) -> Vec<f64> {
    let sides: Vec<(f64, f64)> = margins.iter().map(|margin| both(*margin)).collect();
    let (won, lost) = sides.iter().fold((0.0, 0.0), |(a, b), (p, q)| (a + p, b + q));
    let n = margins.len() as f64;
    sides.into_iter().map(|(p, q)| n * p * q / (won * lost)).collect()
}

impl Ensemble {
    /// Forests that read the same columns; `None` if they do not, or there are none.
    pub fn new(forests: Vec<Forest>) -> Option<Self> {
        let features = forests.first()?.features;
        forests.iter().all(|forest| forest.features == features).then_some(Self { forests })
    }

    /// The forests.
    pub fn forests(&self) -> &[Forest] {
        &self.forests
    }

    /// Columns of a row.
    pub fn features(&self) -> usize {
        self.forests[0].features
    }

    /// Trees in all.
    pub fn trees(&self) -> usize {
        self.forests.iter().map(|forest| forest.trees.len()).sum()
    }

    /// Log-odds of one row.
    pub fn margin(&self, row: &[f32]) -> f32 {
        match self.forests.as_slice() {
            [one] => one.margin(row),
            many => pooled(&many.iter().map(|forest| f64::from(forest.margin(row))).collect::<Vec<_>>()) as f32,
        }
    }

    /// The ensemble prepared to be explained.
    pub fn explainers(&self) -> Explainers {
        let each: Vec<Explainer> = self.forests.iter().map(Explainer::new).collect();
        let base = match each.as_slice() {
            [one] => one.base(),
            many => pooled(&many.iter().map(Explainer::base).collect::<Vec<_>>()),
        };
        Explainers { each, base }
    }

    /// Contribution of each column to the margin of `row`: they sum to the margin less [`Explainers::base`].
    ///
    /// Several forests' Shapley values are each weighted by the price of its margin, see [`prices`].
    pub fn contributions(&self, explainers: &Explainers, row: &[f32], scratch: &mut Scratch) -> Vec<f64> {
        let each = self.forests.iter().zip(&explainers.each);
        let each: Vec<Vec<f64>> = each.map(|(forest, e)| e.contributions(forest, row, scratch)).collect();
        let from: Vec<f64> = explainers.each.iter().map(Explainer::base).collect();
        self.combined(each, &from, &self.margins(row))
    }

    /// What each column adds to the margin when the row `ours` takes the place of `theirs`, see [`versus`].
    pub fn difference(&self, ours: &[f32], theirs: &[f32]) -> Vec<f64> {
        let each = self.forests.iter().map(|forest| versus::difference(forest, ours, theirs)).collect();
        self.combined(each, &self.margins(theirs), &self.margins(ours))
    }

    fn margins(&self, row: &[f32]) -> Vec<f64> {
        self.forests.iter().map(|forest| f64::from(forest.margin(row))).collect()
    }

    /// Sums what each forest says of its own way from one margin to another.
    fn combined(&self, mut each: Vec<Vec<f64>>, from: &[f64], to: &[f64]) -> Vec<f64> {
        if each.len() == 1 {
            return each.remove(0);
        }
        let mut phi = vec![0.0; self.features()];
        for (one, price) in each.iter().zip(prices(from, to)) {
            for (sum, of_one) in phi.iter_mut().zip(one) {
                *sum += price * of_one;
            }
        }
        phi
    }
}

/// An ensemble prepared to be explained, see [`Ensemble::explainers`].
#[derive(Clone, Debug)]
pub struct Explainers {
    each: Vec<Explainer>,
    base: f64,
}

impl Explainers {
    /// The margin from which [`Ensemble::contributions`] count: that of forests which each give their average.
    pub const fn base(&self) -> f64 {
        self.base
    }
}

/// The Aumann-Shapley price of each margin (Billera, Heath & Raanan 1978): the slope of the pooled margin, averaged along
/// the straight way between two sets of margins.
fn prices(from: &[f64], to: &[f64]) -> Vec<f64> {
    let mut prices = vec![0.0; from.len()];
    for panel in 0..=PANELS {
        let weight = match panel {
            0 | PANELS => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let share = f64::from(panel) / f64::from(PANELS);
        let at: Vec<f64> = from.iter().zip(to).map(|(from, to)| from + share * (to - from)).collect();
        for (price, slope) in prices.iter_mut().zip(slopes(&at)) {
            *price += weight * slope / (3.0 * f64::from(PANELS));
        }
    }
    prices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::forest::{Node, Tree};

    /// One split of one column; the cover says what is average.
    fn forest(column: u32, values: [f32; 2], base_score: f32) -> Forest {
        let leaf = |value, cover| Node { left: 0, feature: 0, value, set: None, default_left: false, cover, gain: 0.0 };
        let split =
            Node { left: 1, feature: column, value: 0.5, set: None, default_left: true, cover: 10.0, gain: 1.0 };
        let nodes = vec![split, leaf(values[0], 7.0), leaf(values[1], 3.0)];
        Forest { features: 3, base_score, trees: vec![Tree { nodes, sets: Vec::new() }] }
    }

    fn sigmoid(margin: f32) -> f64 {
        1.0 / (1.0 + f64::from(-margin).exp())
    }

    #[test]
    fn several_forests_give_the_mean_of_their_probabilities() {
        let forests = vec![forest(0, [-1.0, 2.0], 0.5), forest(1, [0.3, -0.7], 0.2), forest(0, [4.0, -4.0], 0.9)];
        let ensemble = Ensemble::new(forests.clone()).unwrap();
        let explainers = ensemble.explainers();
        let contributions = |row: &[f32]| ensemble.contributions(&explainers, row, &mut Scratch::default());
        for row in [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [f32::NAN, 1.0, 0.0]] {
            let mean = forests.iter().map(|f| sigmoid(f.margin(&row))).sum::<f64>() / 3.0;
            assert!((sigmoid(ensemble.margin(&row)) - mean).abs() < 1e-7);
            let sum = explainers.base() + contributions(&row).iter().sum::<f64>();
            assert!((sum - f64::from(ensemble.margin(&row))).abs() < 1e-6, "{sum}");
        }
        assert!(contributions(&[1.0, 0.0, 0.0])[2].abs() < 1e-12, "a column that no tree tests");
    }

    #[test]
    fn one_forest_is_itself_bit_for_bit_and_certainty_stays_finite() {
        let one = forest(0, [-1.0, 2.0], 0.37);
        let row = [1.0, 0.0, 0.0];
        assert_eq!(Ensemble::new(vec![one.clone()]).unwrap().margin(&row).to_bits(), one.margin(&row).to_bits());
        assert!((pooled(&[900.0, 900.0]) - CERTAIN).abs() < 1e-9 && (pooled(&[-900.0]) + CERTAIN).abs() < 1e-9);
        assert!(Ensemble::new(Vec::new()).is_none());
        assert!(Ensemble::new(vec![one.clone(), Forest { features: 4, ..one }]).is_none());
    }
}
