use insta::assert_snapshot;

use crate::tui::fake::{company, told};
use crate::tui::msg::Msg;
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, ascii, mono, noon, options};

fn stage(size: (u16, u16)) -> Stage {
    Stage::with(options(), told(company(noon(), 60)), size)
}

/// A lead with two decisions, and its story.
fn story(mut stage: Stage) -> Stage {
    stage.press("f2 3 t u k t");
    let id = stage.fake.state().effects.last().unwrap().lead_id.to_string();
    stage.press("T").write(&id).press("enter");
    stage
}

#[test]
fn pictures() {
    assert_snapshot!("trace_asks_80x24", stage((80, 24)).press("T").picture());
    assert_snapshot!("trace_none_80x24", stage((80, 24)).press("T esc").text());
    assert_snapshot!("trace_several_80x24", stage((80, 24)).press("T").write("acme").press("enter").text());
    assert_snapshot!("trace_story_80x24", story(stage((80, 24))).press("r").picture());
    assert_snapshot!("trace_story_120x40", story(stage((120, 40))).press("r").text());
    assert_snapshot!("trace_story_200x50", story(stage((200, 50))).text());
    assert_snapshot!("trace_compared_80x24", story(stage((80, 24))).press("down d").text());
    let company = || told(company(noon(), 60));
    assert_snapshot!("trace_mono_80x24", story(Stage::with(mono(), company(), (80, 24))).picture());
    assert_snapshot!("trace_ascii_80x24", story(Stage::with(ascii(), company(), (80, 24))).press("r").text());
}

#[test]
fn what_is_not_found_is_said() {
    let mut stage = stage((80, 24));
    stage.press("T").write("no such company").press("enter");
    assert!(stage.text().contains("Nothing was found."), "{}", stage.text());
    stage.press("/").press("enter");
    assert_eq!(stage.model.boards.trace.asked, "no such company", "the last question can be mended");
}

#[test]
fn a_lead_of_several_is_told_and_opened() {
    let mut stage = stage((80, 24));
    stage.press("T").write("acme").press("enter down enter");
    let told = stage.model.boards.trace.story().unwrap().lead.record.lead.id.clone();
    assert!(stage.text().contains("received from the CRM"), "{}", stage.text());
    stage.press("enter");
    assert_eq!((stage.model.screen, &stage.model.lead.as_ref().unwrap().id), (Screen::Lead, &told));
    stage.press("esc");
    assert_eq!(stage.model.screen, Screen::Trace);
}

#[test]
fn a_ranking_is_made_again_and_said_to_be_equal_or_not() {
    let mut stage = story(stage((80, 24)));
    stage.press("r");
    assert!(stage.text().contains("equal: ") && stage.text().contains("to the last bit"), "{}", stage.text());
    stage.fake.state().boards.unequal = true;
    stage.press("r");
    assert!(stage.text().contains("NOT equal, first at ranking.reps.0.p_win: 0.25 became 0.26"), "{}", stage.text());
    stage.press("end r");
    assert!(stage.status().contains("Put the cursor on a decision"), "{}", stage.status());
    stage.press("home d");
    assert!(stage.status().contains("another before it"), "{}", stage.status());
    stage.press("down d");
    assert!(stage.text().contains("verdict") && stage.text().contains("keep_legacy"), "{}", stage.text());
    stage.press("esc");
    assert!(stage.model.boards.trace.compared.is_none() && stage.model.screen == Screen::Trace);
}

#[test]
fn news_of_the_lead_are_told_and_the_cursor_stays() {
    let mut stage = story(stage((80, 24)));
    stage.press("down");
    let before = stage.model.boards.trace.rows().len();
    stage.press("T esc u");
    stage.send(Msg::Changed);
    assert!(stage.model.boards.trace.rows().len() > before);
    assert_eq!(stage.model.boards.trace.cursor.selected, 1);
}
