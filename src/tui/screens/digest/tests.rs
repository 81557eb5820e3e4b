use chrono::TimeDelta;

use crate::tui::boards::Ask;
use crate::tui::fake::{company, told};
use crate::tui::msg::{Effect, Msg};
use crate::tui::testing::{Stage, noon, options};

fn stage() -> Stage {
    Stage::with(options(), told(company(noon(), 60)), (80, 24))
}

fn asked(stage: &Stage) -> usize {
    stage.held.iter().filter(|effect| matches!(effect, Effect::Board(Ask::Digest(..)))).count()
}

#[test]
fn days_are_walked_back_and_forth_but_not_into_the_future() {
    let mut stage = stage();
    stage.press("D");
    assert!(stage.text().contains("Sunday, 2026-11-22") && stage.text().contains("so far"), "{}", stage.text());
    stage.press("right");
    assert_eq!(stage.status(), "The next day has not begun.");
    stage.press("left left");
    assert!(stage.text().contains("Friday, 2026-11-20") && stage.text().contains("the whole day"), "{}", stage.text());
    stage.press("right right");
    assert_eq!(stage.model.boards.digest.day, None, "today, which goes on");
    assert!(stage.text().contains("Sunday, 2026-11-22"), "{}", stage.text());
    // While another day is read, nothing old stands under its name.
    stage.hold = true;
    stage.press("left");
    let text = stage.text();
    assert!(text.contains("Saturday, 2026-11-21") && text.contains("reading ...") && !text.contains("Leads"), "{text}");
}

#[test]
fn all_of_it_can_be_read_on_a_small_screen() {
    let mut stage = stage();
    stage.press("D");
    let mut seen = stage.text();
    for _ in 0..40 {
        stage.press("down");
        seen.push_str(&stage.text());
    }
    for words in
        ["Leads received: 60", "no contact at all: ", "As it stands on", "Kill switch: off", "Lift: no conclusion"]
    {
        assert!(seen.contains(words), "{words}:\n{seen}");
    }
    assert!(!stage.text().contains("more line"), "{}", stage.text());
}

#[test]
fn a_day_is_read_once_a_minute_and_not_with_each_lead() {
    let mut stage = stage();
    stage.press("D");
    stage.hold = true;
    stage.send(Msg::Changed);
    assert_eq!(asked(&stage), 0, "{:?}", stage.held);
    stage.model.now += TimeDelta::minutes(1);
    stage.send(Msg::Woke);
    assert_eq!(asked(&stage), 1, "{:?}", stage.held);
}
