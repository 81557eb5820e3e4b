use serde_json::json;

use super::card::Card;
use crate::domain::ids::ModelId;
use crate::tui::backend::DriftReport;
use crate::tui::fake::company;
use crate::tui::msg::Msg;
use crate::tui::testing::{Stage, noon, options};

#[test]
fn a_card_is_read_as_far_as_it_goes() {
    let card = Card::read(&json!({
        "verdict": "fine", "clearance": 7, "gates": [{"id": "G1", "passed": true}, {"id": "G2"}, "nonsense"],
        "data": {"deals": 2000, "won": "many"},
        "out_of_time": {"auc": {"value": 0.7, "low": 0.6}, "roc": [[0.0, 0.0], [1.0, 1.0]], "reliability": 3},
    }));
    assert_eq!(card.verdict.as_deref(), Some("fine"));
    assert_eq!((card.clearance, card.deals, card.won), (None, Some(2000), None));
    assert_eq!(card.gates.len(), 1);
    assert_eq!(card.out_of_time.auc, None, "an AUC without its interval is not shown");
    assert_eq!(card.out_of_time.roc.len(), 2);
    assert_eq!(Card::read(&json!(null)), Card::default());
}

#[test]
fn the_champion_is_shown_first_and_others_can_be_looked_at() {
    let mut state = company(noon(), 3);
    let mut newer = state.models[0].clone();
    (newer.id, newer.champion) = (ModelId::new("m-20261121-000000"), false);
    newer.card = json!({"clearance": "refused", "verdict": "No better than a coin.",
        "gates": [{"id": "G1", "passed": false, "why": "AUC 0.49"}]});
    state.models.insert(0, newer);
    let mut stage = Stage::with(options(), state, (80, 24));
    stage.press("M");
    assert!(stage.text().contains("m-20261120-7f3a91  champion"), "{}", stage.text());
    stage.press("up");
    let text = stage.text();
    assert!(text.contains("refused by its gates") && text.contains("No better than a coin."), "{text}");
    assert!(text.contains("G1 ✗ FAILED") && text.contains("AUC 0.49"), "{text}");
    assert!(text.contains("G4 ? not measured"), "{text}");
}

#[test]
fn the_paragraph_comes_first_and_everything_else_is_a_page_away() {
    let mut stage = Stage::with(options(), company(noon(), 3), (80, 24));
    stage.press("M");
    let text = stage.text();
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    assert!(at("Yes: it scores leads and may route them.") < at("This model tells good leads from bad"));
    assert!(at("It may route leads.") < at("G1 ") && at("G4 ") < at("more lines"));
    let mut seen = text.clone();
    for _ in 0..12 {
        stage.press("pagedown");
        seen.push_str(&stage.text());
    }
    for words in [
        "lost deals taken for won",
        "n = 2,400",
        "Who works a lead matters",
        "both intervals must lie above 0.5",
        "logistic regression",
        "What it looks at",
        "3f6c1d9f8e2b7a40",
        "1 of 2 (1 in 20 by chance)",
    ] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    // At the end, one page back shows something else at once.
    let end = stage.text();
    assert!(!end.contains("more lines"), "{end}");
    assert_ne!(stage.press("pageup").text(), end);
    assert_eq!(stage.press("home").text(), text);
    assert_eq!(stage.press("end").text(), end);
}

#[test]
fn without_an_answer_no_share_is_drawn() {
    let mut state = company(noon(), 3);
    state.models[0].card["who_matters"] =
        json!({"finding": "cannot_tell", "text": "It cannot be told yet.", "deals": 300});
    let mut stage = Stage::with(options(), state, (80, 24));
    let text = stage.press("M tab tab").text();
    assert!(text.contains("It cannot be told yet.") && !text.contains("rep x segment"), "{text}");
}

/// A report as it is stored: one fact changed, one is steady.
fn drift(model: &ModelId, verdict: &str) -> DriftReport {
    let fact = |name: &str, verdict: &str, psi: f64, change: &str| {
        json!({
            "fact": name, "label": name, "kind": "categorical", "verdict": verdict, "change": change,
            "reference": 12_000, "leads": 812, "psi": psi, "psi_by_chance": 0.01, "psi_limit": 0.11,
            "jensen_shannon": 0.2, "ks": null, "wasserstein": null, "p_value": 0.0001, "q_value": 0.001,
            "evidently": {"name": "Jensen-Shannon distance", "value": 0.2, "limit": 0.1, "drifted": true},
            "missing": [0.0, 0.0],
        })
    };
    serde_json::from_value(json!({
        "model": model, "as_of": noon(), "from": "2026-10-26", "until": "2026-11-22", "verdict": verdict,
        "summary": "Industry has changed: Technology 12 % -> 31 %.", "leads": 812, "deals": 12_000,
        "facts": [
            fact("industry", verdict, 0.31, "Technology 12 % -> 31 %"),
            fact("source", "steady", 0.02, "Web 40 % -> 41 %"),
        ],
        "prediction": fact("lead score", "steady", 0.03, "median 21 % -> 22 %"),
        "expected_auc": 0.78, "mean_best_p_win": 0.31,
        "concept": {
            "verdict": "too_few", "summary": "", "outcomes": 3, "wins": 1, "expected_wins": 1.2, "limits": [0, 3],
            "weeks": [], "cusum": {"value": 0.0, "limit": 30.0, "alarm": null},
            "page_hinkley": {"value": 0.0, "limit": 13.0, "alarm": null},
        },
    }))
    .unwrap()
}

#[test]
fn drift_is_shown_for_the_champion_with_each_fact_its_measure_and_its_limit() {
    let mut state = company(noon(), 3);
    state.drift = Some(drift(&state.models[0].id, "act"));
    let mut stage = Stage::with(options(), state, (160, 45));
    stage.press("M");
    let text = stage.text();
    assert!(text.contains("Drift Industry has changed: Technology 12 % -> 31 %."), "{text}");
    assert!(text.contains("✗ industry           PSI 0.31 limit 0.11 ██████████  n    812  Technology 12 %"), "{text}");
    assert!(text.contains("✓ source             PSI 0.02 limit 0.11 █░░░░░░░░░"), "{text}");
    assert!(text.contains("✓ lead score "), "{text}");

    // Where there is little room, what needs a person stays.
    stage.send(Msg::Resized(80, 24));
    assert!(stage.text().contains("Drift act on industry"), "{}", stage.text());
}

#[test]
fn without_a_report_the_screen_says_what_will_fill_it() {
    let mut state = company(noon(), 3);
    let mut stage = Stage::with(options(), state, (110, 40));
    stage.press("M");
    assert!(stage.text().contains("Drift nothing was compared yet; the worker does it"), "{}", stage.text());

    // A report on another model is none on this one.
    state = company(noon(), 3);
    state.drift = Some(drift(&ModelId::new("m-20250101-000000"), "act"));
    let mut stage = Stage::with(options(), state, (110, 40));
    stage.press("M");
    assert!(stage.text().contains("Drift nothing was compared yet"), "{}", stage.text());
}

#[test]
fn hostile_names_in_a_report_reach_no_terminal() {
    let mut state = company(noon(), 3);
    let mut report = drift(&state.models[0].id, "watch");
    report.facts[0].label = "in\u{1b}[31mdustry\u{202e}".into();
    report.facts[0].change = "\u{1b}]0;x\u{7} 1 % -> 2 %".into();
    report.summary = "\u{1b}[2J gone".into();
    state.drift = Some(report);
    let mut stage = Stage::with(options(), state, (120, 45));
    stage.press("M");
    assert!(!stage.text().contains(['\u{1b}', '\u{202e}', '\u{7}']), "{}", stage.text());
}

#[test]
fn the_first_screenful_says_whether_it_may_be_trusted_with_every_gate_s_reason() {
    let mut state = company(noon(), 3);
    let measured = json!({"id": "G4", "passed": false,
        "why": "later deals: calibration error 0.081, at most 0.05; 617 wins promised, 512 came"});
    state.models[0].card["gates"].as_array_mut().unwrap().push(measured);
    state.models[0].card["clearance"] = json!("scores_leads");
    for size in [(80, 24), (110, 40)] {
        let mut stage = Stage::with(options(), state.clone(), size);
        let text = stage.press("M").text();
        assert!(text.contains("In part: it scores leads and does not yet route them."), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for gate in state.models[0].card["gates"].as_array().unwrap() {
            assert!(words.contains(gate["why"].as_str().unwrap()), "{size:?} {}: {text}", gate["id"]);
        }
    }
}

#[test]
fn sections_are_gone_through_both_ways() {
    let mut stage = Stage::new();
    stage.press("M");
    assert!(stage.text().contains("next: Has the world changed?, Tab"), "{}", stage.text());
    let top = |stage: &Stage| stage.text().lines().nth(3).unwrap_or_default().trim().to_owned();
    let mut seen = vec![top(&stage)];
    for _ in 0..3 {
        stage.press("tab");
        seen.push(top(&stage));
    }
    assert_eq!(seen[1..], ["Has the world changed?", "Does who matter?", "Curves"]);
    stage.press("backtab backtab");
    assert_eq!(top(&stage), "Has the world changed?");
    stage.press("backtab");
    assert_eq!(top(&stage), seen[0]);
    // At the end there is no further section, and the way back goes on from where one is.
    let end = stage.press("end").text();
    assert_eq!(stage.press("tab").text(), end);
    assert_ne!(stage.press("backtab").text(), end);
}
