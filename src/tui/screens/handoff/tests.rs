use chrono::TimeDelta;

use super::model::Part;
use crate::tui::Options;
use crate::tui::boards::Ask;
use crate::tui::fake::{State, company, handed_over, late};
use crate::tui::msg::{Effect, Msg};
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, noon, options};

fn stage(state: State) -> Stage {
    Stage::with(options(), state, (80, 24))
}

fn greeted() -> Stage {
    stage(handed_over(company(noon(), 60)))
}

fn storing(stage: &Stage) -> usize {
    let stores = |effect: &&Effect| matches!(effect, Effect::Board(Ask::HandOver(_) | Ask::AcceptHandoff(_)));
    stage.held.iter().filter(stores).count()
}

#[test]
fn whoever_comes_next_is_greeted_and_enter_accepts() {
    let mut stage = greeted();
    assert_eq!((stage.model.screen, stage.model.boards.handoff.part), (Screen::Handoff, Part::Last));
    let text = stage.text();
    assert!(text.contains("Enter to accept, Esc for later") && text.contains("Acme calls back at nine"), "{text}");
    stage.press("enter");
    let accepted = stage.fake.state().boards.handoff.clone().unwrap().accepted.unwrap();
    assert_eq!(accepted.by, "Ana M.");
    assert!(stage.status().starts_with("Accepted what Bob K. handed over Nov 21 22:00"), "{}", stage.status());
    assert!(stage.text().contains("Accepted by Ana M. 12:00"), "{}", stage.text());
    // From then on it opens leads, as everywhere.
    stage.press("enter");
    assert_eq!(stage.model.screen, Screen::Lead);
    assert_eq!(stage.fake.state().boards.handoff.clone().unwrap().accepted, Some(accepted));
    stage.press("esc");
    assert_eq!(stage.model.screen, Screen::Handoff);
}

#[test]
fn who_wrote_it_who_only_looks_and_who_has_begun_are_not_greeted() {
    let mut own = handed_over(company(noon(), 60));
    own.boards.handoff.as_mut().unwrap().by = "Ana M.".into();
    let mut stage = stage(own);
    assert_eq!(stage.model.screen, Screen::Queue);
    assert!(!stage.text().contains("handed over"), "{}", stage.text());
    stage.press("Z tab");
    assert!(stage.text().contains("Yours. Nobody has accepted it yet"), "{}", stage.text());

    let state = || handed_over(company(noon(), 60));
    let mut stage = Stage::with(Options { read_only: true, ..options() }, state(), (80, 24));
    assert_eq!(stage.model.screen, Screen::Queue);
    assert!(stage.text().contains("Bob K. handed over Nov 21 22:00"), "{}", stage.text());
    stage.press("Z enter tab enter");
    assert!(stage.status().starts_with("Read-only"), "{}", stage.status());
    assert_eq!(stage.fake.state().boards.handoff.clone().unwrap().accepted, None);

    // What comes in while somebody works is told, and does not get between their fingers.
    let mut stage = Stage::new();
    stage.press("f2");
    stage.fake.state().boards.handoff = state().boards.handoff;
    stage.send(Msg::Changed);
    assert_eq!(stage.model.screen, Screen::Queue);
    assert!(stage.text().contains("22:00: Z reads it"), "{}", stage.text());
    stage.press("Z");
    assert!(stage.text().contains("Enter to accept, Esc for later"), "{}", stage.text());
}

#[test]
fn escape_leaves_it_for_later_and_it_stays_in_sight() {
    let mut stage = greeted();
    stage.press("esc");
    assert_eq!(stage.model.screen, Screen::Queue);
    assert!(stage.text().contains("Z reads it"), "{}", stage.text());
    stage.press("Z enter esc");
    assert!(!stage.text().contains("Z reads it"), "{}", stage.text());
}

#[test]
fn what_is_shown_is_handed_over_once_with_the_note() {
    let mut stage = stage(late(company(noon(), 60)));
    stage.press("Z n");
    stage.write("Acme calls back");
    stage.press("enter");
    assert!(stage.text().contains("Acme calls back") && stage.text().contains("changes the note"), "{}", stage.text());
    stage.hold = true;
    stage.press("enter enter");
    assert_eq!(storing(&stage), 1, "a second key does not store it twice: {:?}", stage.held);
    stage.release();
    let written = stage.fake.state().boards.handoff.clone().unwrap();
    assert_eq!((written.by.as_str(), written.note.as_deref()), ("Ana M.", Some("Acme calls back")));
    assert!(stage.status().starts_with("Handed over"), "{}", stage.status());
    assert!(stage.text().contains("Nobody has accepted it yet"), "{}", stage.text());
    // The note is spent; who hands over again begins anew.
    stage.press("tab");
    assert_eq!(stage.model.boards.handoff.note, "");
}

#[test]
fn keys_that_no_hand_can_type_accept_nothing() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut stage = greeted();
    let event = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    stage.send(Msg::Key { event, hurried: true });
    assert_eq!(stage.fake.state().boards.handoff.clone().unwrap().accepted, None);
    assert!(stage.status().starts_with("Ignored"), "{}", stage.status());
}

#[test]
fn a_newer_one_is_not_accepted_unread() {
    let mut stage = greeted();
    let mut newer = stage.fake.state().boards.handoff.clone().unwrap();
    (newer.id, newer.by) = (8, "Cy T.".into());
    stage.fake.state().boards.handoff = Some(newer);
    stage.press("enter");
    assert!(stage.status().contains("Cy T. has handed over since"), "{}", stage.status());
    assert!(stage.text().contains("From Cy T."), "{}", stage.text());
}

#[test]
fn the_sheet_is_read_to_its_end_and_every_lead_of_it_opens() {
    let mut stage = greeted();
    let (mut seen, mut opened) = (String::new(), Vec::new());
    for _ in 0..60 {
        seen.push_str(&stage.text());
        stage.press("o");
        opened.extend(stage.model.lead.as_ref().map(|lead| lead.id.clone()));
        stage.press("esc down");
    }
    for words in ["Open leads:", "At risk:", "Snoozed:", "First contacts:", "Writes to the CRM:", "Overruled since"] {
        assert!(seen.contains(words), "{words} was skipped");
    }
    opened.dedup();
    assert_eq!(opened.len(), 4 + 2 + 3 + 3 + 3, "each row that names a lead: {opened:?}");
    assert!(!stage.text().contains("more line"), "{}", stage.text());
    stage.press("home");
    assert!(stage.text().contains("Acme calls back at nine"), "{}", stage.text());
}

#[test]
fn what_people_wrote_cannot_harm_the_screen() {
    let mut state = handed_over(company(noon(), 60));
    let hostile = "a\u{1b}[2Jb\u{202e}c\u{7}";
    let handoff = state.boards.handoff.as_mut().unwrap();
    (handoff.by, handoff.note) = (hostile.into(), Some(hostile.into()));
    let mut stage = stage(state);
    let text = stage.text();
    assert!(text.contains("a\u{FFFD}[2Jbc\u{FFFD}"), "{text}");
    stage.press("esc");
    assert!(!format!("{text}{}", stage.text()).contains(['\u{1b}', '\u{202e}', '\u{7}']));
}

#[test]
fn a_failure_is_told_and_nothing_is_lost() {
    let mut stage = stage(late(company(noon(), 60)));
    stage.press("Z n");
    stage.write("Acme");
    stage.press("enter");
    stage.fake.state().fault = Some("the database is locked".into());
    stage.press("enter");
    assert!(stage.status().contains("Nothing was handed over: the database is locked"), "{}", stage.status());
    assert_eq!(stage.model.boards.handoff.note, "Acme");
    stage.fake.state().fault = None;
    stage.later(TimeDelta::minutes(1)).press("enter");
    assert!(stage.status().starts_with("Handed over"), "{}", stage.status());
}
