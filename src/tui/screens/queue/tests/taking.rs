//! Taking things along: to the clipboard, to a file.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;

use crate::domain::lane::Lane;
use crate::tui::msg::{Effect, Msg};
use crate::tui::testing::Stage;
use crate::tui::update::update;

#[test]
fn what_is_copied_is_chosen_by_letter_and_nothing_more_is_claimed_than_is_known() {
    let mut stage = Stage::new();
    let lead = stage.model.queue.selected().unwrap().id.to_string();
    stage.press("y");
    assert_snapshot!("copy_80x24", stage.picture());
    let letter = KeyEvent::new(KeyCode::Char('i'), KeyModifiers::NONE);
    let effects = update(&mut stage.model, Msg::Key { event: letter, hurried: false });
    assert_eq!(effects, [Effect::Copy(lead)]);
    let said = stage.status();
    assert_eq!(said, "To the clipboard (OSC 52, which terminals may refuse): lead id");
    let visible = stage.text();
    assert!(visible.contains("may refuse): lead id"), "it fits into 80 columns: {visible}");
    assert!(stage.model.overlays.is_empty());
}

#[test]
fn a_lead_without_a_decision_has_no_trace_id_to_copy() {
    let mut stage = Stage::new();
    stage.press("y");
    assert!(stage.text().contains("Lead id") && !stage.text().contains("Trace id"), "{}", stage.text());
}

#[test]
fn the_whole_list_is_written_as_it_is_filtered() {
    let mut stage = Stage::new();
    stage.press("f2 /").write("src:web").press("enter E");
    assert_snapshot!("export_80x24", stage.picture());
    let matching = stage.model.queue.total();
    stage.press("c");
    let said = format!("{matching} leads are in /data/exports/{}-20261122-120000.csv", Lane::Disagree);
    assert_eq!(stage.status(), said);
    stage.press("E j");
    assert!(stage.status().contains("-120000.json"), "{}", stage.status());
}

#[test]
fn a_list_that_cannot_be_written_is_an_error_in_words() {
    let mut stage = Stage::new();
    stage.fake.state().fault = Some("the disk is full".into());
    stage.press("E c");
    assert!(stage.status().starts_with("The list could not be written: "), "{}", stage.status());
}
