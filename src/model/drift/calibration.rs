//! Are the probabilities still true? Wins against the sum of the probabilities that were shown.

use serde::{Deserialize, Serialize};

use super::significance::two_sided;

/// Up to so many deals the distribution of the number of wins is computed exactly; beyond, the normal one is as good.
const EXACT: usize = 1_000;

/// The distribution of the number of wins among independent deals with these probabilities (Poisson-binomial): entry `k`
/// is the probability of exactly `k`.
pub fn poisson_binomial(p: &[f64]) -> Vec<f64> {
    let mut of_wins = vec![0.0; p.len() + 1];
    of_wins[0] = 1.0;
    for (n, &p) in p.iter().enumerate() {
        for k in (0..=n).rev() {
            let stays = of_wins[k];
            of_wins[k + 1] += stays * p;
            of_wins[k] = stays * (1.0 - p);
        }
    }
    of_wins
}

/// The fewest and the most wins that deals with these probabilities show, but for a chance of `alpha`, half of it on
/// each side.
pub fn win_limits(p: &[f64], alpha: f64) -> (u32, u32) {
    if p.len() > EXACT {
        let (mean, sd) = moments(p);
        let half = normal_quantile(alpha) * sd;
        return ((mean - half).floor().max(0.0) as u32, (mean + half).ceil().min(p.len() as f64) as u32);
    }
    let of_wins = poisson_binomial(p);
    let reach = |shares: &mut dyn Iterator<Item = &f64>| {
        let mut sum = 0.0;
        shares
            .take_while(|share| {
                sum += **share;
                sum <= alpha / 2.0
            })
            .count()
    };
    let low = reach(&mut of_wins.iter());
    let high = p.len().saturating_sub(reach(&mut of_wins.iter().rev()));
    (low as u32, high as u32)
}

fn moments(p: &[f64]) -> (f64, f64) {
    (p.iter().sum(), p.iter().map(|p| p * (1.0 - p)).sum::<f64>().sqrt())
}

/// The deviate that a standard normal variable passes with probability `alpha`, both sides together.
fn normal_quantile(alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if two_sided(middle) > alpha { low = middle } else { high = middle }
    }
    low
}

/// Expected AUC of calibrated probabilities, from the probabilities alone: each deal counts as `p` of a win and `1 - p`
/// of a loss (confidence-based estimation, as in NannyML's CBPE). `None` without any spread of outcomes.
///
/// Holds only while calibration holds, so it sees leads becoming alike, never the model becoming wrong.
pub fn expected_auc(p: &[f64]) -> Option<f64> {
    let mut sorted = p.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (wins, losses) = (sorted.iter().sum::<f64>(), sorted.iter().map(|p| 1.0 - p).sum::<f64>());
    if !(wins > 0.0 && losses > 0.0) {
        return None;
    }
    // Trapezoids under the curve; deals with equal probabilities are one step of it.
    let (mut area, mut above) = (0.0, 0.0);
    for ties in sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
        let (win, loss) = (ties.iter().sum::<f64>(), ties.iter().map(|p| 1.0 - p).sum::<f64>());
        area += loss * (above + win / 2.0);
        above += win;
    }
    Some(area / (wins * losses))
}

/// How long deals took to close, by outcome: what turns a chance to win some day into the chance that a deal closed by
/// now was won. Lost deals often close first, so the wins of young leads come later than their losses, and comparing
/// them with `p` as it was shown would call every new model too optimistic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClosingTimes {
    /// Days from creation to closing of won deals, ascending (a sample).
    pub won: Vec<f32>,
    /// The same of lost deals.
    pub lost: Vec<f32>,
}

impl ClosingTimes {
    /// Probability that a deal was won, given that it closed within `days` and had the chance `p` to be won some day:
    /// `p W / (p W + (1 - p) L)` with W and L the shares of won and lost deals that close so early (half a deal is added
    /// to each, so that neither is ever 0). It is `p` itself where no deal of the history closed so early.
    pub fn won_by(&self, p: f64, days: f64) -> f64 {
        let closed = |times: &[f32]| times.partition_point(|t| f64::from(*t) <= days);
        let (won, lost) = (closed(&self.won), closed(&self.lost));
        if won + lost == 0 {
            return p;
        }
        let share = |closed: usize, of: &[f32]| (closed as f64 + 0.5) / (of.len() as f64 + 1.0);
        let (won, lost) = (p * share(won, &self.won), (1.0 - p) * share(lost, &self.lost));
        won / (won + lost)
    }

    pub(super) fn is_sound(&self) -> bool {
        [&self.won, &self.lost].iter().all(|times| times.is_sorted() && times.iter().all(|t| t.is_finite()))
    }
}
