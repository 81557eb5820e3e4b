//! Could it be chance? Tests for categories, and the control of false alarms over many of them.

/// Terms of the continued fraction of erfc: for arguments from 2 on it has long converged.
const FRACTION_TERMS: u32 = 120;

/// Complementary error function, to about 1e-14 relative.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.0 {
        // erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum 2^n x^(2n+1) / (2n+1)!!, all terms positive.
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
        }
        return 1.0 - std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum;
    }
    // Continued fraction x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))), from its far end.
    let fraction = (1..=FRACTION_TERMS).rev().fold(x, |below, k| x + f64::from(k) / 2.0 / below);
    std::f64::consts::FRAC_2_SQRT_PI / 2.0 * (-x * x).exp() / fraction
}

/// Two-sided p value of a standard normal deviate.
pub fn two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2).min(1.0)
}

/// Probability that a chi-squared variable with so many degrees of freedom is at least `x`; `scipy.stats.chi2.sf`.
/// 1 for 0 degrees.
///
/// For a whole number of degrees the regularised incomplete gamma function is a finite sum of positive terms.
pub fn chi2_survival(x: f64, degrees: usize) -> f64 {
    if degrees == 0 || x <= 0.0 || x.is_nan() {
        return 1.0;
    }
    let h = x / 2.0;
    let odd = degrees % 2 == 1;
    // Terms h^(i + s) / Gamma(i + s + 1) * exp(-h), with s = 0 for even degrees and 1/2 for odd ones.
    let (mut sum, mut term, start) = if odd {
        (erfc(h.sqrt()), std::f64::consts::FRAC_2_SQRT_PI * h.sqrt() * (-h).exp(), 0.5)
    } else {
        (0.0, (-h).exp(), 0.0)
    };
    for i in 0..degrees / 2 {
        sum += term;
        term *= h / (i as f64 + 1.0 + start);
    }
    sum.min(1.0)
}

/// Pearson's chi-squared test that two rows of counts come from one distribution, without continuity correction;
/// `scipy.stats.chi2_contingency(correction=False)`. Gives (statistic, degrees of freedom, p).
///
/// Both samples are taken as samples: the reference is not the truth.
pub fn chi2_test(reference: &[f64], current: &[f64]) -> (f64, usize, f64) {
    let (n, m): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let mut statistic = 0.0;
    let mut levels: usize = 0;
    if n > 0.0 && m > 0.0 {
        for (&r, &c) in reference.iter().zip(current).filter(|(r, c)| **r + **c > 0.0) {
            let expected = |size: f64| (r + c) * size / (n + m);
            statistic += (r - expected(n)).powi(2) / expected(n) + (c - expected(m)).powi(2) / expected(m);
            levels += 1;
        }
    }
    let degrees = levels.saturating_sub(1);
    (statistic, degrees, chi2_survival(statistic, degrees))
}

/// Pooled two-proportion z test of two (count, of how many); the square of z is Pearson's chi-squared. Gives (z,
/// two-sided p), z positive when the second share is larger.
pub fn two_proportions(first: (f64, f64), second: (f64, f64)) -> (f64, f64) {
    let pooled = (first.0 + second.0) / (first.1 + second.1);
    let error = (pooled * (1.0 - pooled) * (1.0 / first.1 + 1.0 / second.1)).sqrt();
    if !(error > 0.0 && error.is_finite()) {
        return (0.0, 1.0);
    }
    let z = (second.0 / second.1 - first.0 / first.1) / error;
    (z, two_sided(z))
}

/// Adjusted p values of Benjamini and Hochberg (1995), in the order given: rejecting those at or below `q` keeps the
/// expected share of false ones among them at or below `q`; when nothing changed anywhere, the chance of any alarm.
/// `scipy.stats.false_discovery_control`.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least: f64 = 1.0;
    for (from_top, &i) in order.iter().enumerate() {
        let rank = p.len() - from_top;
        least = least.min(p[i] * (p.len() as f64 / rank as f64));
        adjusted[i] = least;
    }
    adjusted
}
