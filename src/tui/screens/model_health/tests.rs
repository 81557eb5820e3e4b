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
    newer.card = json!({"clearance": "refused", "verdict": "No better than a coin."});
    state.models.insert(0, newer);
    let mut stage = Stage::with(options(), state, (80, 24));
    stage.press("M");
    assert!(stage.text().contains("m-20261120-7f3a91  champion"), "{}", stage.text());
    stage.press("up");
    let text = stage.text();
    assert!(text.contains("refused by its gates") && text.contains("No better than a coin."), "{text}");
    assert!(text.contains("G4 ? not measured"), "{text}");
}
