//! Shares with what they rest on.

use serde::{Deserialize, Serialize};

/// 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many, with the interval in which the true share lies with 95 % confidence (Wilson's).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many.
    pub of: u64,
    /// Of how many; never 0.
    pub all: u64,
    /// The share, 0 to 1.
    pub share: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    /// `None` of nothing: then there is no share.
    pub fn of(of: u64, all: u64) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let (n, share) = (all as f64, of as f64 / all as f64);
        let z2 = Z * Z;
        let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        Some(Self { of, all, share, low: centre - half, high: centre + half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_say_less_than_many() {
        assert_eq!(Share::of(0, 0), None);
        // Newcombe (1998), table I: 81 of 263 and 15 of 148.
        for (of, all, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)] {
            let share = Share::of(of, all).unwrap();
            assert!((share.low - low).abs() < 1e-4 && (share.high - high).abs() < 1e-4, "{share:?}");
        }
    }
}
