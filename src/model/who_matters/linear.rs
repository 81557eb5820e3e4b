//! Small linear systems.

/// Solves `m x = b` by Gauss elimination without pivoting: `m` (dense, by rows) must be symmetric and positive definite,
/// for which its caller adds a ridge of the size that suits it.
pub(super) fn solve(mut m: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for pivot in 0..n {
        for row in pivot + 1..n {
            let factor = m[row * n + pivot] / m[pivot * n + pivot];
            for k in pivot..n {
                m[row * n + k] -= factor * m[pivot * n + k];
            }
            b[row] -= factor * b[pivot];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| m[row * n + k] * b[k]).sum();
        b[row] = (b[row] - known) / m[row * n + row];
    }
    b
}
