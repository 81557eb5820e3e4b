//! The ROC curve.

/// Most points of a stored curve.
const POINTS: usize = 100;

/// ROC curve as (false positive rate, true positive rate) from (0, 0) to (1, 1), one point per distinct score, thinned
/// to at most 100 points. Empty without both outcomes.
pub fn roc(scores: &[f64], won: &[bool]) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let positives = won.iter().filter(|w| **w).count() as f64;
    let negatives = won.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return Vec::new();
    }
    let mut points = vec![(0.0, 0.0)];
    let (mut tp, mut fp) = (0.0, 0.0);
    for (i, &deal) in order.iter().enumerate() {
        if won[deal] {
            tp += 1.0;
        } else {
            fp += 1.0;
        }
        // Equal scores are one threshold.
        if order.get(i + 1).is_none_or(|&next| scores[next] < scores[deal]) {
            points.push((fp / negatives, tp / positives));
        }
    }
    if points.len() <= POINTS {
        return points;
    }
    let last = points.len() - 1;
    (0..POINTS).map(|i| points[i * last / (POINTS - 1)]).collect()
}
