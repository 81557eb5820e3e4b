//! The ratings of the half-models taken apart into lead, rep and fit.

use super::Later;

/// See the [parent module](super).
pub(super) struct Parts {
    /// By later deal: `l`.
    pub(super) lead: Vec<f64>,
    /// By later deal and place in its pool: `d`.
    advantage: Vec<Vec<f64>>,
    /// By rep: `a`.
    general: Vec<f64>,
}

impl Parts {
    pub(super) fn new(later: &Later<'_>) -> Self {
        let deals = later.won.len();
        let mut lead = Vec::with_capacity(deals);
        let mut advantage: Vec<Vec<f64>> = Vec::with_capacity(deals);
        let mut sums = vec![(0.0, 0.0); later.reps];
        let [one, two] = later.log_odds;
        for (i, (one, two)) in one.iter().zip(two).enumerate() {
            let both: Vec<f64> = one.iter().zip(two).map(|(a, b)| f64::midpoint(*a, *b)).collect();
            let mean = both.iter().sum::<f64>() / both.len() as f64;
            lead.push(mean);
            advantage.push(both.iter().map(|m| m - mean).collect());
            if both.len() > 1 {
                for (&rep, d) in later.pools[i].iter().zip(&advantage[i]) {
                    let (sum, n) = &mut sums[rep as usize];
                    *sum += d;
                    *n += 1.0;
                }
            }
        }
        let general = sums.iter().map(|(sum, n)| if *n > 0.0 { sum / n } else { 0.0 }).collect();
        Self { lead, advantage, general }
    }

    /// Rep and fit of one pool member for one lead; nothing where there is no choice.
    pub(super) fn of(&self, later: &Later<'_>, lead: usize, at: usize) -> [f64; 2] {
        if later.pools[lead].len() < 2 {
            return [0.0; 2];
        }
        let general = self.general[later.pools[lead][at] as usize];
        [general, self.advantage[lead][at] - general]
    }
}
