//! How well one column tells won from lost by itself.
//!
//! Each group of rows (a category, a range of numbers) predicts its win rate. So that a column with many rare values does
//! not seem to know what it merely remembers, the rate that a row is judged by is that of the *other* folds, drawn
//! towards the overall rate (target encoding with cross-fitting).

/// Folds of the cross-fitting.
pub(super) const FOLDS: usize = 5;
/// Deals at the overall win rate that are added to each group.
const PRIOR_DEALS: f64 = 10.0;
/// Ranges of a numeric column.
const RANGES: u64 = 32;
/// Fewest deals of each outcome for which an AUC means anything.
const MIN_OF_EACH: u64 = 50;

/// Deals of one group: lost and won by fold, and open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    by_fold: [[u32; 2]; FOLDS],
    pub(super) open: u32,
}

impl Counts {
    pub(super) fn add(&mut self, fold: usize, won: Option<bool>) {
        match won {
            Some(won) => self.by_fold[fold % FOLDS][usize::from(won)] += 1,
            None => self.open += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.by_fold.iter_mut().zip(other.by_fold) {
            mine[0] += theirs[0];
            mine[1] += theirs[1];
        }
        self.open += other.open;
    }

    pub(super) fn won(&self) -> u64 {
        self.by_fold.iter().map(|fold| u64::from(fold[1])).sum()
    }

    pub(super) fn lost(&self) -> u64 {
        self.by_fold.iter().map(|fold| u64::from(fold[0])).sum()
    }

    pub(super) fn closed(&self) -> u64 {
        self.won() + self.lost()
    }

    pub(super) fn all(&self) -> u64 {
        self.closed() + u64::from(self.open)
    }
}

/// What a column tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Power {
    /// Area under the ROC curve, at least 0.5.
    pub(super) auc: f64,
    /// Share of the log loss of the overall win rate that is removed, at least 0 (McFadden's R²).
    pub(super) information: f64,
}

/// What the groups of a column tell; `None` if there are too few deals to say.
pub(super) fn power(groups: &[Counts]) -> Option<Power> {
    let mut total = Counts::default();
    for group in groups {
        total.merge(group);
    }
    let (won, lost) = (total.won(), total.lost());
    if won.min(lost) < MIN_OF_EACH {
        return None;
    }
    let base = won as f64 / (won + lost) as f64;
    let mut scored = Vec::with_capacity(groups.len() * FOLDS);
    let mut loss = 0.0;
    for group in groups {
        let (group_won, group_closed) = (group.won() as f64, group.closed() as f64);
        for [fold_lost, fold_won] in group.by_fold {
            let (fold_lost, fold_won) = (f64::from(fold_lost), f64::from(fold_won));
            let others = group_closed - fold_lost - fold_won;
            let rate = (group_won - fold_won + PRIOR_DEALS * base) / (others + PRIOR_DEALS);
            loss -= fold_won * rate.ln() + fold_lost * (1.0 - rate).ln();
            scored.push((rate, fold_won, fold_lost));
        }
    }
    let uncertainty = -(won as f64 * base.ln() + lost as f64 * (1.0 - base).ln());
    Some(Power { auc: auc(scored, won as f64, lost as f64), information: (1.0 - loss / uncertainty).max(0.0) })
}

/// The Mann-Whitney statistic over weighted scores; ties count half. Below 0.5 the column tells nothing: cross-fitting
/// alone makes it so.
fn auc(mut scored: Vec<(f64, f64, f64)>, won: f64, lost: f64) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut beaten, mut below) = (0.0, 0.0);
    for tied in scored.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let (tied_won, tied_lost) = tied.iter().fold((0.0, 0.0), |sum, (_, won, lost)| (sum.0 + won, sum.1 + lost));
        beaten += tied_won * (below + tied_lost / 2.0);
        below += tied_lost;
    }
    (beaten / (won * lost)).max(0.5)
}

/// Joins neighbouring values of a number into at most about 64 ranges of similar size; a value that many deals have stays by
/// itself, because zero often means something else than small.
pub(super) fn ranges(ordered: impl IntoIterator<Item = Counts>) -> Vec<Counts> {
    let values: Vec<Counts> = ordered.into_iter().collect();
    let size = (values.iter().map(Counts::closed).sum::<u64>() / RANGES).max(1);
    let mut ranges: Vec<Counts> = Vec::new();
    for value in values {
        match ranges.last_mut() {
            Some(last) if last.closed() + value.closed() <= size => last.merge(&value),
            _ => ranges.push(value),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(won: u32, lost: u32) -> Counts {
        let mut counts = Counts::default();
        (0..won).for_each(|i| counts.add(i as usize, Some(true)));
        (0..lost).for_each(|i| counts.add(i as usize, Some(false)));
        counts
    }

    #[test]
    fn a_column_that_says_the_outcome_tells_everything() {
        let told = power(&[group(1_000, 0), group(0, 1_000)]).unwrap();
        assert!(told.auc > 0.999 && told.information > 0.97, "{told:?}");
    }

    #[test]
    fn rare_values_are_not_credited_with_what_they_merely_remember() {
        // Each of 2,000 deals has a value of its own: in-sample the AUC would be 1.
        let unique: Vec<Counts> = (0..2_000)
            .map(|i| {
                let mut counts = Counts::default();
                counts.add(i, Some(i % 2 == 0));
                counts
            })
            .collect();
        let told = power(&unique).unwrap();
        assert!(told.auc < 0.51 && told.information < 0.01, "{told:?}");
    }

    #[test]
    fn the_area_is_that_of_the_win_rates() {
        // Large groups, so that smoothing hardly matters: P(beats) = .8*.7 + .5*(.8*.3 + .2*.7) = 0.75.
        let told = power(&[group(80_000, 30_000), group(20_000, 70_000)]).unwrap();
        assert!((told.auc - 0.75).abs() < 1e-3, "{told:?}");
        // 1 - H(outcome | group) / H(outcome), by hand.
        let entropy = |p: f64| -(p * p.ln() + (1.0 - p) * (1.0 - p).ln());
        let expected = 1.0 - (0.55 * entropy(80.0 / 110.0) + 0.45 * entropy(20.0 / 90.0)) / entropy(0.5);
        assert!((told.information - expected).abs() < 1e-3, "{told:?} {expected}");
    }

    #[test]
    fn few_deals_say_nothing() {
        assert_eq!(power(&[group(49, 0), group(0, 1_000)]), None);
    }

    #[test]
    fn a_frequent_value_is_a_range_by_itself() {
        let zero_and_others = std::iter::once(group(0, 500)).chain((0..500).map(|_| group(1, 0)));
        let ranges = ranges(zero_and_others);
        assert_eq!((ranges[0].lost(), ranges[0].won()), (500, 0));
        assert!(ranges.len() < 2 * RANGES as usize, "{}", ranges.len());
    }
}
