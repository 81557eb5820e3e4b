use crate::domain::effect::EffectState;
use crate::tui::fake::troubled;
use crate::tui::msg::Msg;
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, options};

#[test]
fn the_cursor_stays_on_its_line_when_lines_arrive() {
    let mut stage = Stage::new();
    stage.press("f2 a a a S down");
    let id = stage.model.sync.selected().unwrap().id;
    stage.fake.state().effects[0].state = EffectState::Dead;
    stage.send(Msg::Changed);
    assert_eq!(stage.model.sync.selected().unwrap().id, id);
    assert_eq!(stage.model.sync.rows()[0].state, EffectState::Dead, "what needs a person comes first");
}

#[test]
fn the_lead_behind_a_line_opens_and_escape_comes_back() {
    let mut stage = Stage::new();
    stage.press("f2 a S enter");
    assert_eq!(stage.model.screen, Screen::Lead);
    assert!(stage.text().contains("approved by Ana M."), "{}", stage.text());
    stage.press("a");
    assert_eq!(stage.status(), "This lead is already decided by Ana M.");
    stage.press("esc");
    assert_eq!(stage.model.screen, Screen::Sync);
}

#[test]
fn a_long_outbox_is_scrolled() {
    let mut stage = Stage::new();
    stage.press("f2").press(&"a ".repeat(30)).press("S end");
    let sync = &stage.model.sync;
    assert_eq!((sync.selected, sync.top), (29, 30 - sync.viewport));
    stage.press("home");
    assert_eq!((stage.model.sync.selected, stage.model.sync.top), (0, 0));
}

#[test]
fn what_goes_wrong_is_told_in_full_however_narrow_the_screen() {
    for width in [80, 120, 160] {
        let mut stage = Stage::with(options(), troubled(), (width, 24));
        let words = |stage: &Stage| stage.text().split_whitespace().collect::<Vec<_>>().join(" ");
        stage.press("S");
        let text = words(&stage);
        assert!(text.contains("the CRM had a passing fault: 503 Service Unavailable"), "{text}");
        assert!(text.contains("Halcyon 31 is NOT written"), "{text}");
        assert!(text.contains("Region must match the owner's region"), "{text}");
        stage.press("down");
        assert!(words(&stage).contains("Cobalt 38 is written from 12:00 on"), "{}", stage.text());
        // On a low terminal the writes themselves have the room.
        stage.send(Msg::Resized(width, 15));
        assert!(!words(&stage).contains("Cobalt 38 is written"), "{}", stage.text());
    }
}
