//! Distances between two distributions: how much a fact changed. Every one is 0 for identical distributions and finite
//! for any input.
//!
//! The population stability index exists in two conventions that give different numbers for the same data, so each of
//! ours is named: *(a)* bins are deciles of the reference, as credit scoring has it (Siddiqi 2006); *(b)* bins are as the
//! Python library Evidently makes them (`evidently.legacy.calculations.stattests`), for comparison with it.

/// The share that an empty bin counts as in convention (a), and in convention (b) unless a bin is emptier still.
const EMPTY: f64 = 1e-4;
/// More distinct reference values than this are binned in convention (b); fewer are categories.
const MANY_VALUES: usize = 20;
/// Least standard deviation that a Wasserstein distance is divided by.
const LEAST_SD: f64 = 1e-3;

/// Counts as shares of their sum; all 0 for an empty distribution.
pub fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|c| if total > 0.0 { c / total } else { 0.0 }).collect()
}

/// Population stability index `sum (c - r) ln(c / r)` of shares, with empty bins counted as 0.0001 (convention a).
///
/// Symmetric. Without any change it is about `(bins - 1) (1/n + 1/m)` for samples of n and m, see [`psi_by_chance`].
pub fn psi(reference: &[f64], current: &[f64]) -> f64 {
    let of =
        |(r, c): (&f64, &f64)| if *r > 0.0 || *c > 0.0 { index(filled(*r, EMPTY), filled(*c, EMPTY)) } else { 0.0 };
    reference.iter().zip(current).map(of).sum()
}

/// Population stability index with empty bins filled as Evidently does (convention b): 0.0001, or a millionth of the
/// side's smallest share where that is 0.0001 or less. A bin that is empty on both sides counts as well.
pub fn psi_evidently(reference: &[f64], current: &[f64]) -> f64 {
    let fill = |shares: &[f64]| {
        let least = shares.iter().copied().filter(|s| *s > 0.0).fold(f64::INFINITY, f64::min);
        if least <= EMPTY { least / 1e6 } else { EMPTY }
    };
    let (empty_reference, empty_current) = (fill(reference), fill(current));
    let of = |(r, c): (&f64, &f64)| index(filled(*r, empty_reference), filled(*c, empty_current));
    reference.iter().zip(current).map(of).sum()
}

fn filled(share: f64, empty: f64) -> f64 {
    if share > 0.0 { share } else { empty }
}

fn index(r: f64, c: f64) -> f64 {
    (c - r) * (c / r).ln()
}

/// What the index is on average when nothing changed: PSI times the effective number of observations is asymptotically
/// chi-squared with `bins - 1` degrees of freedom (Yurdakul 2018).
pub fn psi_by_chance(bins: usize, reference: f64, current: f64) -> f64 {
    if reference <= 0.0 || current <= 0.0 {
        return 0.0;
    }
    bins.saturating_sub(1) as f64 * (1.0 / reference + 1.0 / current)
}

/// Jensen-Shannon distance `sqrt((KL(p|m) + KL(q|m)) / 2)` with `m = (p + q) / 2`, natural logarithm, nothing filled;
/// `scipy.spatial.distance.jensenshannon`. Between 0 and `sqrt(ln 2)` = 0.8326; in base 2 divide by that.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let (p, q) = (shares(p), shares(q));
    let half = |a: f64, m: f64| if a > 0.0 { a * (a / m).ln() } else { 0.0 };
    let sum: f64 = p
        .iter()
        .zip(&q)
        .map(|(&a, &b)| {
            let m = f64::midpoint(a, b);
            half(a, m) + half(b, m)
        })
        .sum();
    // Rounding can leave a tiny negative number where nothing changed.
    (sum / 2.0).max(0.0).sqrt()
}

/// Kolmogorov-Smirnov statistic `max |F - G|` of two ascending samples; 0 if either is empty.
pub fn ks_statistic(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    steps(a, b).map(|step| (step.f - step.g).abs()).fold(0.0, f64::max)
}

/// Wasserstein distance of first order, the integral of `|F - G|`, of two ascending samples; in the unit of the values;
/// `scipy.stats.wasserstein_distance`. 0 if either is empty.
pub fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    steps(a, b).map(|step| (step.f - step.g).abs() * step.width).sum()
}

/// [`wasserstein`] divided by the population standard deviation of the reference, at least 0.001, as Evidently does.
pub fn wasserstein_normed(reference: &[f64], current: &[f64]) -> f64 {
    wasserstein(reference, current) / standard_deviation(reference).max(LEAST_SD)
}

/// One step of two empirical distribution functions over the pooled values.
struct Step {
    f: f64,
    g: f64,
    /// To the next value.
    width: f64,
}

fn steps<'s>(a: &'s [f64], b: &'s [f64]) -> impl Iterator<Item = Step> + 's {
    let (mut of_a, mut of_b) = (0, 0);
    let least = |left: Option<&f64>, right: Option<&f64>| match (left, right) {
        (Some(left), Some(right)) => Some(left.min(*right)),
        (one, None) | (None, one) => one.copied(),
    };
    std::iter::from_fn(move || {
        let at = least(a.get(of_a), b.get(of_b))?;
        // By total order, so that a value that is no number cannot hold the walk up.
        let passed = |value: &&f64| value.total_cmp(&at).is_le();
        of_a += a[of_a..].iter().take_while(passed).count();
        of_b += b[of_b..].iter().take_while(passed).count();
        let next = least(a.get(of_a), b.get(of_b)).unwrap_or(at);
        Some(Step { f: of_a as f64 / a.len() as f64, g: of_b as f64 / b.len() as f64, width: next - at })
    })
}

/// Population standard deviation (divided by n); 0 for an empty sample.
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Quantile of an ascending sample by linear interpolation between order statistics (numpy's default, type 7 of Hyndman
/// and Fan); `None` if it is empty.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * last as f64;
    let low = at.floor();
    let (left, right) = (sorted[low as usize], sorted[at.ceil() as usize]);
    Some(left + (right - left) * (at - low))
}

/// Inner edges of so many bins of equal size in the reference (convention a: 10): fewer where values repeat. A value on an
/// edge belongs to the bin above it.
pub fn quantile_edges(sorted: &[f64], bins: usize) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..bins).filter_map(|i| quantile(sorted, i as f64 / bins as f64)).collect();
    edges.dedup();
    // An edge at the least value would leave the bin below it empty for ever.
    edges.retain(|edge| sorted.first().is_some_and(|least| edge > least));
    edges
}

/// How many values fall into each bin between these inner edges.
pub fn histogram(values: &[f64], inner_edges: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; inner_edges.len() + 1];
    for value in values {
        counts[inner_edges.partition_point(|edge| edge <= value)] += 1.0;
    }
    counts
}

/// Counts of two ascending samples in Evidently's bins (convention b): Sturges' number of equal bins over the pooled
/// values if the reference has more than 20 distinct ones, else one bin for each distinct value.
pub fn evidently_bins(reference: &[f64], current: &[f64]) -> (Vec<f64>, Vec<f64>) {
    if distinct(reference) > MANY_VALUES {
        let edges = sturges_edges(reference, current);
        return (histogram(reference, &edges), histogram(current, &edges));
    }
    let mut values: Vec<f64> = reference.iter().chain(current).copied().collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let inner = values.get(1..).unwrap_or_default();
    (histogram(reference, inner), histogram(current, inner))
}

/// How many distinct values an ascending sample has.
pub fn distinct(sorted: &[f64]) -> usize {
    sorted.len().min(1) + sorted.windows(2).filter(|pair| pair[0] < pair[1]).count()
}

/// Inner edges of `log2(n) + 1` equal bins from the least to the greatest pooled value.
fn sturges_edges(a: &[f64], b: &[f64]) -> Vec<f64> {
    let pooled = || a.iter().chain(b).copied();
    let (low, high) = (pooled().fold(f64::INFINITY, f64::min), pooled().fold(f64::NEG_INFINITY, f64::max));
    let range = high - low;
    let width = range / (((a.len() + b.len()) as f64).log2() + 1.0);
    if !(width > 0.0 && range.is_finite()) {
        return Vec::new();
    }
    // Through the width and not directly, because numpy rounds here and so may have one bin more.
    let bins = (range / width).ceil() as usize;
    let step = range / bins as f64;
    (1..bins).map(|i| low + i as f64 * step).collect()
}
