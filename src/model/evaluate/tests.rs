use super::*;

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Every pair compared, as the definition says; and the variance from the pairwise kernel.
fn by_brute_force(scores: &[f64], won: &[bool]) -> (f64, f64) {
    let side =
        |outcome| scores.iter().zip(won).filter(move |(_, w)| **w == outcome).map(|(s, _)| *s).collect::<Vec<f64>>();
    let (pos, neg) = (side(true), side(false));
    let kernel = |x: f64, y: f64| {
        if x > y {
            1.0
        } else if x < y {
            0.0
        } else {
            0.5
        }
    };
    let variance = |v: &[f64]| v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / (v.len() - 1) as f64;
    let v10: Vec<f64> = pos.iter().map(|x| mean(&neg.iter().map(|y| kernel(*x, *y)).collect::<Vec<_>>())).collect();
    let v01: Vec<f64> = neg.iter().map(|y| mean(&pos.iter().map(|x| kernel(*x, *y)).collect::<Vec<_>>())).collect();
    (mean(&v10), variance(&v10) / pos.len() as f64 + variance(&v01) / neg.len() as f64)
}

fn sample() -> (Vec<f64>, Vec<f64>, Vec<bool>) {
    let a = (0..60).map(|i| f64::from((i * 37) % 23) / 23.0).collect();
    let b = (0..60).map(|i| f64::from((i * 11) % 17) / 17.0).collect();
    let won = (0..60).map(|i| (i * 37) % 23 + (i * 7) % 13 > 17).collect();
    (a, b, won)
}

#[test]
fn auc_and_its_variance_agree_with_comparing_every_pair() {
    let (a, b, won) = sample();
    for scores in [&a, &b] {
        let fast = delong(scores, &won).unwrap();
        let (auc, variance) = by_brute_force(scores, &won);
        assert!((fast.auc - auc).abs() < 1e-12, "{fast:?} {auc}");
        assert!((fast.variance.unwrap() - variance).abs() < 1e-12);
    }
}

#[test]
fn a_small_auc_is_what_it_is_by_hand() {
    // Wins 0.8, 0.4; losses 0.6, 0.4, 0.1. Pairs won: 3 + (0 + 0.5 + 1) of 6.
    let by_hand = delong(&[0.8, 0.4, 0.6, 0.4, 0.1], &[true, true, false, false, false]).unwrap();
    assert!((by_hand.auc - 0.75).abs() < 1e-12);
    // V10 = 1, 0.5 (variance 0.125); V01 = 0.5, 0.75, 1 (variance 0.0625).
    assert!((by_hand.variance.unwrap() - (0.125 / 2.0 + 0.0625 / 3.0)).abs() < 1e-12);
}

#[test]
fn a_model_does_not_differ_from_itself() {
    let (a, b, won) = sample();
    let same = paired_delong(&a, &a, &won).unwrap();
    assert!(same.difference.abs() < 1e-12 && same.z().is_none() && same.p_value().is_none());
    let other = paired_delong(&a, &b, &won).unwrap();
    let estimate = other.estimate();
    assert!(estimate.low < estimate.value && estimate.value < estimate.high);
    // The interval leaves 0 out exactly when the test rejects.
    assert_eq!(other.p_value().unwrap() < 0.05, estimate.low > 0.0 || estimate.high < 0.0);
}

#[test]
fn calibration_error_is_the_weighted_gap_of_the_bins() {
    // Bin (0.1, 0.2]: mean 0.15 against 0.5; bin (0.8, 0.9]: mean 0.9 against 1.
    let p = [0.1 + 1e-9, 0.2, 0.9, 0.9];
    let won = [true, false, true, true];
    let ece = expected_calibration_error(&reliability(&p, &won));
    assert!((ece - (0.5 * 0.35 + 0.5 * 0.1)).abs() < 1e-6, "{ece}");
    assert!((brier(&p, &won) - (0.81 + 0.04 + 0.01 + 0.01) / 4.0).abs() < 1e-6);
}

#[test]
fn few_deals_are_never_sure() {
    let perfect = auc(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true]).unwrap();
    assert!(perfect.value >= 1.0 && perfect.low < 0.5);
    let single = auc(&[0.1, 0.2, 0.7, 0.9], &[false, false, false, true]).unwrap();
    assert_eq!((single.low, single.high), (0.0, 1.0));
    let pair = auc_difference(&[0.1, 0.9], &[0.9, 0.1], &[false, true]).unwrap();
    assert_eq!((pair.value, pair.low, pair.high), (1.0, -1.0, 1.0));
    assert_eq!(auc(&[0.1, 0.9], &[true, true]), None);
}

#[test]
fn the_curve_runs_from_corner_to_corner_with_the_same_area() {
    let (a, _, won) = sample();
    let points = roc(&a, &won);
    assert_eq!((points.first(), points.last()), (Some(&(0.0, 0.0)), Some(&(1.0, 1.0))));
    let area: f64 = points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
    assert!((area - delong(&a, &won).unwrap().auc).abs() < 1e-12);
}

#[test]
fn the_limits_of_wins_hold_what_chance_makes() {
    // Two fair coins: 0, 1, 2 heads with 1/4, 1/2, 1/4.
    assert_eq!(win_limits(&[0.5, 0.5]), (0, 2));
    assert_eq!(win_limits(&[1.0, 1.0, 0.0]), (2, 2));
    assert_eq!(win_limits(&[]), (0, 0));
    // Exact and approximate agree where they meet.
    let (exact, approximate) = (win_limits(&[0.3; 2_000]), win_limits(&[0.3; 2_001]));
    assert!(exact.0.abs_diff(approximate.0) <= 1 && exact.1.abs_diff(approximate.1) <= 2, "{exact:?} {approximate:?}");
    let promised = InTheLarge::of(&[0.5; 40], &[true; 40]).unwrap();
    assert!(!promised.within_limits() && (promised.gap().unwrap() - 0.5).abs() < 1e-12);
}
