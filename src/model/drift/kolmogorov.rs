//! The exact distribution of the two-sided Kolmogorov-Smirnov statistic for n observations.
//!
//! The limit for large n is a poor approximation at the sizes met here (hundreds), so the method is chosen by n and D as
//! Simard and L'Ecuyer (2011, Journal of Statistical Software 39/11) propose: the closed forms at the ends, the matrix
//! power of Marsaglia, Tsang and Wang (2003) where it is cheap, twice the one-sided probability in the upper tail, and
//! the expansion of Pelz and Good (1976) in between.

use std::f64::consts::PI;

/// Up to here the matrix power is cheap enough everywhere.
const SMALL: f64 = 140.0;
/// From these values of `n D^2` on, twice the one-sided probability is exact to rounding.
const TAIL: (f64, f64) = (4.0, 2.2);
/// The matrix is scaled back when an entry passes this.
const LARGE_ENTRY: f64 = 1e140;

/// Probability that n observations show a two-sided statistic of at least `d`; `scipy.stats.kstwo.sf`.
pub fn survival(d: f64, n: u64) -> f64 {
    let size = n as f64;
    let nd = size * d;
    if n == 0 || d.is_nan() || nd <= 0.5 {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    if nd <= 1.0 {
        let log: f64 = (1..=n).map(|i| (i as f64 * (2.0 * d - 1.0 / size)).ln()).sum();
        return 1.0 - log.exp();
    }
    if nd >= size - 1.0 {
        return 2.0 * (1.0 - d).powf(size);
    }
    let square = nd * d;
    let tail = if size <= SMALL { TAIL.0 } else { TAIL.1 };
    let p = if d >= 0.5 || square >= tail {
        2.0 * one_sided(d, n)
    } else if size <= SMALL || size * d.powf(1.5) <= 1.4 {
        1.0 - matrix_power(d, n)
    } else {
        1.0 - expansion(d, size)
    };
    p.clamp(0.0, 1.0)
}

/// Two-sample p value of a statistic `d` from samples of `n` and `m`: [`survival`] with the effective number of
/// observations `nm / (n + m)`, rounded; `scipy.stats.ks_2samp(method="asymp")`. 1 if either is empty.
pub fn two_sample(d: f64, n: usize, m: usize) -> f64 {
    if n == 0 || m == 0 {
        return 1.0;
    }
    let (n, m) = (n as f64, m as f64);
    survival(d, (n * m / (n + m)).round_ties_even() as u64)
}

/// `P(D+ >= d)` by the formula of Birnbaum and Tingey (1951), whose terms are all positive.
fn one_sided(d: f64, n: u64) -> f64 {
    let size = n as f64;
    let most = (size * (1.0 - d)).floor() as u64;
    let mut log_choose = 0.0;
    let mut sum = 0.0;
    for v in 0..=most {
        let at = d + v as f64 / size;
        let rest = (1.0 - at).max(0.0);
        let power = (n - v) as f64;
        if rest > 0.0 {
            sum += (log_choose + (v as f64 - 1.0) * at.ln() + power * rest.ln()).exp();
        } else if v == n {
            sum += ((v as f64 - 1.0) * at.ln()).exp();
        }
        log_choose += (power / (v as f64 + 1.0)).ln();
    }
    d * sum
}

/// `P(D < d)` as an entry of the n-th power of a matrix.
fn matrix_power(d: f64, n: u64) -> f64 {
    let size = n as f64;
    let middle = (size * d).floor() as usize;
    let h = middle as f64 + 1.0 - size * d;
    let order = 2 * middle + 1;
    let mut matrix = vec![0.0; order * order];
    for row in 0..order {
        for column in 0..=(row + 1).min(order - 1) {
            matrix[row * order + column] = 1.0;
        }
    }
    for i in 0..order {
        matrix[i * order] -= h.powi(i as i32 + 1);
        matrix[(order - 1) * order + i] -= h.powi((order - i) as i32);
    }
    if 2.0 * h > 1.0 {
        matrix[(order - 1) * order] += (2.0 * h - 1.0).powi(order as i32);
    }
    for row in 0..order {
        for column in 0..=row {
            let factorial: f64 = (1..=row - column + 1).map(|f| f as f64).product();
            matrix[row * order + column] /= factorial;
        }
    }
    let (power, mut exponent) = raise(&matrix, order, n);
    let mut p = power[middle * order + middle];
    for i in 1..=n {
        p *= i as f64 / size;
        if p > 0.0 && p < 1.0 / LARGE_ENTRY {
            p *= LARGE_ENTRY;
            exponent -= 140;
        }
    }
    p * 10f64.powi(exponent)
}

/// A power of a square matrix as (matrix, decimal exponent).
fn raise(base: &[f64], m: usize, n: u64) -> (Vec<f64>, i32) {
    let mut result: Vec<f64> = (0..m * m).map(|i| f64::from(u8::from(i / m == i % m))).collect();
    let (mut square, mut square_exponent, mut exponent) = (base.to_vec(), 0, 0);
    let mut left = n;
    while left > 0 {
        if left & 1 == 1 {
            result = product(&result, &square, m);
            exponent += square_exponent;
            rescale(&mut result, &mut exponent);
        }
        left >>= 1;
        if left > 0 {
            square = product(&square, &square, m);
            square_exponent *= 2;
            rescale(&mut square, &mut square_exponent);
        }
    }
    (result, exponent)
}

fn rescale(matrix: &mut [f64], exponent: &mut i32) {
    if matrix.iter().any(|v| v.abs() > LARGE_ENTRY) {
        for entry in matrix.iter_mut() {
            *entry /= LARGE_ENTRY;
        }
        *exponent += 140;
    }
}

fn product(a: &[f64], b: &[f64], m: usize) -> Vec<f64> {
    let mut out = vec![0.0; m * m];
    for (row, out_row) in a.chunks_exact(m).zip(out.chunks_exact_mut(m)) {
        for (&left, b_row) in row.iter().zip(b.chunks_exact(m)) {
            for (o, &right) in out_row.iter_mut().zip(b_row) {
                *o += left * right;
            }
        }
    }
    out
}

/// `P(D < d)` to the order `n^(-3/2)`.
fn expansion(d: f64, n: f64) -> f64 {
    let z = n.sqrt() * d;
    let z2 = z * z;
    let pi2 = PI * PI;
    let mut sums = [0.0; 4];
    // Beyond this k every term is below the rounding of the first.
    let terms = (16.0 * z / PI).ceil() as u32;
    for k in (0..=terms).rev() {
        // Squares of half-integers times pi squared.
        let odd = pi2 * (f64::from(k) + 0.5).powi(2);
        let weight = (-odd / (2.0 * z2)).exp();
        sums[0] += weight;
        sums[1] += (odd - z2) * weight;
        sums[2] += (6.0 * z2.powi(3)
            + 2.0 * z2.powi(2)
            + (2.0 * z2.powi(2) - 5.0 * z2) * odd
            + (1.0 - 2.0 * z2) * odd.powi(2))
            * weight;
        sums[3] += ((5.0 - 30.0 * z2) * odd.powi(3)
            + (212.0 * z2.powi(2) - 60.0 * z2) * odd.powi(2)
            + (135.0 * z2.powi(2) - 96.0 * z2.powi(3)) * odd
            - 30.0 * z2.powi(3)
            - 90.0 * z2.powi(4))
            * weight;
    }
    let (mut whole2, mut whole3) = (0.0, 0.0);
    for k in (1..=terms).rev() {
        let even = pi2 * f64::from(k).powi(2);
        let weight = (-even / (2.0 * z2)).exp();
        whole2 += even * weight;
        whole3 += (3.0 * z2 - even) * even * weight;
    }
    let root = (2.0 * PI).sqrt();
    let k0 = sums[0] * root / z;
    let k1 = sums[1] * root / (6.0 * z2.powi(2));
    let k2 = sums[2] * root / (72.0 * z.powi(7)) - whole2 * root / (36.0 * z.powi(3));
    let k3 = sums[3] * root / (6480.0 * z.powi(10)) + whole3 * root / (216.0 * z.powi(6));
    k0 + k1 / n.sqrt() + k2 / n + k3 / n.powf(1.5)
}
