use insta::assert_snapshot;

use crate::tui::Options;
use crate::tui::fake::{company, told};
use crate::tui::msg::Msg;
use crate::tui::testing::{Stage, ascii, mono, noon, options};

fn stage(size: (u16, u16)) -> Stage {
    Stage::with(options(), told(company(noon(), 60)), size)
}

/// With writing stopped for a reason.
fn stopped(mut stage: Stage) -> Stage {
    stage.press("f2 a K").write("the rules give leads to the wrong team").press("enter");
    stage
}

#[test]
fn pictures() {
    assert_snapshot!("rollout_80x24", stage((80, 24)).press("O").picture());
    assert_snapshot!("rollout_120x40", stage((120, 40)).press("O tab").text());
    assert_snapshot!("rollout_200x50", stage((200, 50)).press("O").text());
    assert_snapshot!("rollout_stopped_80x24", stopped(stage((80, 24))).press("O").picture());
    assert_snapshot!("rollout_empty_80x24", Stage::new().press("O").text());
    assert_snapshot!("kill_switch_80x24", stage((80, 24)).press("f2 K").write("wrong rules").picture());
    let company = || told(company(noon(), 60));
    assert_snapshot!("rollout_mono_80x24", stopped(Stage::with(mono(), company(), (80, 24))).press("O").picture());
    assert_snapshot!("rollout_ascii_80x24", stopped(Stage::with(ascii(), company(), (80, 24))).press("O").text());
}

#[test]
fn that_nothing_is_written_is_shouted_on_every_screen_and_width() {
    for keys in ["Q", "f2 enter", "S", "M", "P", "L", "T esc", "O"] {
        for width in [60, 72, 80, 100, 120, 200] {
            let mut stage = stopped(stage((width, 24)));
            let picture = stage.press(keys).picture();
            let first = picture.lines().next().unwrap();
            assert!(first.contains("STOPPED") || first.contains("NOTHING IS WRITTEN"), "{keys} {width}: {first}");
            assert!(picture.contains("red+bold+reversed"), "{picture}");
        }
    }
}

#[test]
fn one_key_a_reason_and_enter_stop_it_and_the_same_let_it_go_on() {
    let mut stage = stage((80, 24));
    stage.press("f2 a K enter");
    assert_eq!(stage.status(), "Say why first.");
    assert!(stage.fake.state().boards.switch.stopped.is_none());
    stage.press("esc");
    assert!(stage.model.overlays.is_empty());
    stage.press("K").write("wrong team").press("enter");
    let stop = stage.fake.state().boards.switch.stopped.clone().unwrap();
    assert_eq!((stop.by.as_str(), stop.why.as_str()), ("Ana M.", "wrong team"));
    assert!(stage.status().contains("Nothing is written to the CRM any more"), "{}", stage.status());
    // A verdict is taken, and what is said of it is true.
    stage.press("a");
    assert!(stage.text().contains("Writing is stopped, so it waits; u takes it back."), "{}", stage.text());
    stage.press("K").write("mended").press("enter");
    assert!(stage.fake.state().boards.switch.stopped.is_none());
    assert!(!stage.text().contains("NOTHING IS WRITTEN"));
}

#[test]
fn pasted_text_and_a_hasty_enter_do_not_turn_it() {
    let mut stage = stage((80, 24));
    stage.press("K");
    stage.send(Msg::Paste("wrong team\n".into()));
    stage.send(Msg::Key { event: crossterm::event::KeyCode::Enter.into(), hurried: true });
    assert!(stage.fake.state().boards.switch.stopped.is_none());
    stage.press("enter");
    assert!(stage.fake.state().boards.switch.stopped.is_some());
}

#[test]
fn who_may_only_look_does_not_turn_it() {
    let looking = Options { read_only: true, ..options() };
    let mut stage = Stage::with(looking, told(company(noon(), 60)), (80, 24));
    stage.press("K");
    assert!(stage.model.overlays.is_empty() && stage.status().contains("Read-only"), "{}", stage.status());
}

#[test]
fn somebody_elses_turn_is_seen_and_a_second_one_is_refused_in_words() {
    let mut stage = stage((80, 24));
    stage.press("K").write("me too");
    stage.fake.state().boards.switch.stopped =
        Some(crate::tui::backend::boards::Stopped { at: noon(), by: "Bob".into(), why: "I was first".into() });
    stage.press("enter");
    assert!(stage.status().contains("somebody was faster"), "{}", stage.status());
    stage.send(Msg::Changed);
    assert!(stage.text().contains("stopped by Bob") || stage.text().contains("NOTHING IS WRITTEN"), "{}", stage.text());
}

#[test]
fn on_the_smallest_screen_the_line_under_the_cursor_is_in_sight() {
    for screen in ["O", "F", "F tab"] {
        let mut stage = stage((60, 15));
        stage.press(screen);
        for _ in 0..4 {
            let cursor = stage.text().lines().filter(|line| line.starts_with('▸')).count();
            assert_eq!(cursor, 1, "{screen}: {}", stage.text());
            stage.press("down");
        }
    }
}
