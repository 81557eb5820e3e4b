use serde_json::json;

use super::card::Card;
use crate::domain::ids::ModelId;
use crate::tui::fake::company;
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
    assert!(at("This model tells good leads from bad") < at("Who works a lead matters"));
    assert!(at("perfect routing") < at("G1 ") && at("G1 ") < at("more lines"));
    let mut seen = text.clone();
    for _ in 0..12 {
        stage.press("pagedown");
        seen.push_str(&stage.text());
    }
    for words in [
        "lost deals taken for won",
        "n = 2 400",
        "The gates in full",
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
    let text = stage.press("M").text();
    assert!(text.contains("It cannot be told yet.") && !text.contains("rep x segment"), "{text}");
}
