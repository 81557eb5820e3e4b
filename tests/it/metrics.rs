//! Metrics against what Python libraries compute, from the stored vectors that `.ci/model/make_metrics.py` makes.

use std::fs;
use std::path::Path;

use leadboard::model::evaluate::{Comparison, Metrics};
use serde_json::Value;

/// Largest difference, relative to the value where that is above 1.
const TOLERANCE: f64 = 1e-10;

/// SplitMix64 as numbers in [0, 1), as in `.ci/model/_metrics_reference.py`.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn rows(case: &Value) -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    let Some(n) = case.get("rows").and_then(Value::as_u64) else {
        let won = numbers(&case["y"]).into_iter().map(|y| y > 0.5).collect();
        return (numbers(&case["p"]), won, numbers(&case["p2"]));
    };
    let mut stream = Stream(9);
    let (mut p, mut won, mut p2) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let a = stream.next();
        won.push(stream.next() < a);
        p2.push(0.6 * a + 0.4 * stream.next());
        p.push(a);
    }
    (p, won, p2)
}

#[track_caller]
fn same(what: &str, ours: Option<f64>, theirs: &Value) {
    match (ours, theirs.as_f64()) {
        (None, None) => {}
        (Some(a), Some(b)) => assert!((a - b).abs() <= TOLERANCE * b.abs().max(1.0), "{what}: {a} instead of {b}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn every_metric_agrees_with_the_python_libraries() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/metrics");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let case: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let name = case["name"].as_str().unwrap();
        let (p, won, p2) = rows(&case);
        let (ours, theirs) = (Metrics::of(&p, &won), &case["expected"]);
        let at = |metric: &str| format!("{name}: {metric}");
        same(&at("log loss"), Some(ours.log_loss), &theirs["log_loss"]);
        same(&at("Brier"), Some(ours.brier), &theirs["brier"]);
        same(&at("ECE"), Some(ours.ece), &theirs["ece"]);
        same(&at("ECE, equal mass"), Some(ours.ece_equal_mass), &theirs["ece_equal_mass"]);
        same(&at("Spiegelhalter"), ours.spiegelhalter.map(|t| t.z), &theirs["spiegelhalter"]["z"]);
        same(&at("its p"), ours.spiegelhalter.map(|t| t.p_value), &theirs["spiegelhalter"]["p_value"]);
        let wins = ours.in_the_large.unwrap();
        same(&at("wins"), Some(wins.expected), &theirs["expected_wins"]);
        if theirs["win_limits"].is_array() {
            assert_eq!(serde_json::json!([wins.limits.0, wins.limits.1]), theirs["win_limits"], "{name}");
        }
        let discrimination = &theirs["discrimination"];
        same(&at("AUC"), ours.auc.map(|e| e.value), &discrimination["auc"]);
        same(&at("variance"), ours.auc_variance, &discrimination["variance"]);
        if discrimination["interval"].is_array() {
            same(&at("low"), ours.auc.map(|e| e.low), &discrimination["interval"][0]);
            same(&at("high"), ours.auc.map(|e| e.high), &discrimination["interval"][1]);
        }
        let pair = Comparison::of(&p, &p2, &won);
        same(&at("difference"), pair.map(|c| c.auc_difference.value), &theirs["paired"]["difference"]);
        same(&at("paired z"), pair.and_then(|c| c.z), &theirs["paired"]["z"]);
        same(&at("paired p"), pair.and_then(|c| c.p_value), &theirs["paired"]["p_value"]);
        if let Some(curve) = theirs["roc"].as_array() {
            assert_eq!(ours.roc.len(), curve.len(), "{name}");
            for (point, theirs) in ours.roc.iter().zip(curve) {
                same(&at("ROC"), Some(point.0), &theirs[0]);
                same(&at("ROC"), Some(point.1), &theirs[1]);
            }
        }
        names.push(name.to_owned());
    }
    for name in ["plain", "ties", "one_win", "one_outcome", "certain", "edges", "big"] {
        assert!(names.iter().any(|n| n == name), "{name} is missing from {names:?}");
    }
}
