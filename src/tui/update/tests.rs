//! Stories: keys in, and what is decided, shown and asked for.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use crate::domain::ids::{LeadId, RepId};
use crate::domain::lane::Lane;
use crate::domain::lead::LeadState;
use crate::domain::verdict::{Reason, ReasonCode, Rejection, Verdict};
use crate::tui::Options;
use crate::tui::backend::VerdictRequest;
use crate::tui::fake::{State, company};
use crate::tui::model::Tone;
use crate::tui::msg::{Effect, Msg};
use crate::tui::overlay::Overlay;
use crate::tui::screens::Screen;
use crate::tui::testing::{Stage, noon, options};

fn last(stage: &Stage) -> VerdictRequest {
    stage.fake.state().requests.last().cloned().expect("a verdict was sent")
}

fn requests(stage: &Stage) -> usize {
    stage.fake.state().requests.len()
}

fn id_of(stage: &Stage) -> LeadId {
    stage.model.queue.selected().unwrap().id.clone()
}

fn ranked(stage: &Stage, rank: u32) -> RepId {
    let detail = stage.model.focus.detail().unwrap();
    detail.ranking.as_ref().unwrap().reps.iter().find(|r| r.rank == rank).unwrap().rep_id.clone()
}

#[test]
fn one_key_approves_and_goes_on_to_the_next_lead() {
    let mut stage = Stage::new();
    stage.press("f2");
    let (first, id) = (stage.selected(), id_of(&stage));
    stage.press("a");
    let shown = last(&stage).shown;
    assert!(shown.is_some(), "an approval says whom it is for");
    assert_eq!(
        last(&stage),
        VerdictRequest { lead: id, verdict: Verdict::Approve, rejection: None, expected_decisions: 0, shown }
    );
    assert_ne!(stage.selected(), first);
    assert_eq!(stage.model.queue.position(), 0);
    assert_eq!(stage.model.overview.data.as_ref().unwrap().conservation.decided, 1);
}

#[test]
fn two_keys_override_with_a_reason() {
    let mut stage = Stage::new();
    stage.press("f2");
    let rep = ranked(&stage, 3);
    stage.press("3 s");
    assert_eq!(last(&stage).verdict, Verdict::Override { rep });
    assert_eq!(last(&stage).rejection, Some(Rejection { code: ReasonCode::S.into(), note: None }));
}

#[test]
fn a_capital_letter_says_more_exactly_why() {
    let mut stage = Stage::new();
    stage.press("f2 k");
    assert!(stage.text().contains("A capital letter says more exactly which."), "{}", stage.text());
    stage.press("T");
    assert!(stage.text().contains("Territory: what exactly?"), "{}", stage.text());
    stage.press("2");
    let given = last(&stage).rejection.unwrap();
    assert_eq!((given.code, stage.model.overlays.len()), (Reason::exactly(ReasonCode::T, 2).unwrap(), 0));
    // What has no details is taken as it is.
    stage.press("k X");
    assert_eq!(last(&stage).rejection.unwrap().code, ReasonCode::X.into());
    // Escape gives none.
    let before = stage.decided();
    stage.press("k P esc");
    assert_eq!((stage.decided(), stage.model.overlays.len()), (before, 0));
}

#[test]
fn every_rejection_asks_for_a_reason_and_escape_gives_none() {
    for keys in ["k", "3", "o down enter", "r p"] {
        let mut stage = Stage::new();
        stage.press("f2").press(keys);
        let Some(Overlay::Menu(menu)) = stage.model.overlays.last() else { panic!("{keys}: no reason is asked for") };
        assert_eq!(menu.items.len(), 14, "{keys}");
        stage.press("esc");
        assert_eq!((requests(&stage), stage.model.overlays.len()), (0, 0), "{keys}");
    }
}

#[test]
fn any_rep_is_found_by_a_few_letters() {
    let mut stage = Stage::new();
    stage.press("f2 o").write("dina").press("enter r");
    let Verdict::Override { rep } = last(&stage).verdict else { panic!("no override") };
    let name = stage.fake.state().roster.rep(&rep).unwrap().name.clone();
    assert!(name.starts_with("Dina"), "{name}");
}

#[test]
fn letters_in_a_text_field_are_text() {
    let mut stage = Stage::new();
    stage.press("f2 o").write("qakr");
    assert!(!stage.model.exit && requests(&stage) == 0);
    stage.press("esc k o").write("ask q?").press("enter");
    assert_eq!(last(&stage).rejection.unwrap().note.as_deref(), Some("ask q?"));
}

#[test]
fn the_reason_other_needs_a_note() {
    let mut stage = Stage::new();
    stage.press("f2 k o enter");
    assert_eq!(requests(&stage), 0);
    assert!(stage.status().contains("needs a note"));
    stage.write("key contact left").press("enter");
    assert_eq!(
        last(&stage).rejection,
        Some(Rejection { code: ReasonCode::O.into(), note: Some("key contact left".into()) })
    );
}

#[test]
fn a_note_goes_with_the_next_rejection_of_that_lead() {
    let mut stage = Stage::new();
    stage.press("f2 n").write("met at the fair").press("enter k t");
    assert_eq!(last(&stage).rejection.unwrap().note.as_deref(), Some("met at the fair"));
    stage.press("k t");
    assert_eq!(last(&stage).rejection.unwrap().note, None, "the next lead has none");
    stage.press("k n").write("from the menu").press("enter l");
    assert_eq!(last(&stage).rejection.unwrap().note.as_deref(), Some("from the menu"));
}

#[test]
fn reroute_takes_three_keys() {
    let mut stage = Stage::new();
    stage.press("f2 r p q");
    assert!(matches!(last(&stage).verdict, Verdict::Reroute { queue } if queue.as_str() == "partners"));
}

#[test]
fn snooze_hides_the_lead_until_then() {
    let mut stage = Stage::new();
    stage.press("f2");
    let company = stage.selected();
    stage.press("s h");
    assert_eq!(last(&stage).verdict, Verdict::Snooze { until: noon() + TimeDelta::hours(1) });
    assert_ne!(stage.selected(), company);
    assert!(stage.text().contains("1 snoozed"), "{}", stage.text());
    stage.later(TimeDelta::minutes(61));
    assert_eq!(stage.model.queue.total(), 39, "it is back");
    stage.press("s t");
    assert_eq!(last(&stage).verdict, Verdict::Snooze { until: "2026-11-23T08:00:00Z".parse().unwrap() });
}

#[test]
fn a_snooze_is_taken_back_like_a_verdict_and_leaves_the_verdict_before_it_alone() {
    let mut stage = Stage::new();
    stage.press("f2 a");
    let (company, decided) = (stage.selected(), stage.decided());
    stage.press("s h u");
    assert_eq!((stage.selected(), stage.decided()), (company.clone(), decided));
    assert!(stage.status().contains("taken back") && !stage.text().contains("snoozed"), "{}", stage.text());
    stage.press("U");
    assert!(stage.text().contains("1 snoozed"), "{}", stage.text());
    // Before it is stored as well.
    stage.press("u");
    stage.hold = true;
    stage.press("s h u");
    stage.release();
    assert_eq!((stage.selected(), stage.decided()), (company, decided));
    stage.press("u");
    assert!(stage.status().contains("taken back"), "then the verdict before it: {}", stage.status());
}

#[test]
fn what_becomes_of_a_lead_is_not_cut_off_by_the_name_of_its_company() {
    let mut long = company(noon(), 60);
    for (_, detail) in long.leads.values_mut() {
        detail.record.lead.company = "The Amalgamated Company of Long Names and Sons".into();
    }
    let mut stage = Stage::with(options(), long, (80, 24));
    stage.press("f2 k t");
    assert!(stage.text().contains("takes it back for 10 s. The Amalgamated…: stays with"), "{}", stage.text());
}

#[test]
fn a_key_of_another_alphabet_is_not_met_with_silence_and_does_nothing() {
    let mut stage = Stage::new();
    stage.press("f2 ф");
    assert!(
        stage.status().starts_with("ф is no key here: keys are Latin letters; ? lists them."),
        "{}",
        stage.status()
    );
    stage.press("k т");
    assert_eq!((stage.status(), requests(&stage)), ("No line here has the letter т.", 0));
    // In a text it is a letter.
    stage.press("esc /").write("ф");
    assert!(stage.text().contains("ф") && !stage.status().starts_with("ф"), "{}", stage.text());
}

#[test]
fn what_makes_no_sense_says_why() {
    let mut stage = Stage::new();
    stage.press("f1 k");
    assert!(stage.status().contains("legacy owner is what is recommended"), "{}", stage.status());
    stage.press("f3 r m");
    assert!(stage.status().contains("Manager queue is what is recommended"), "{}", stage.status());
    let mut short = company(noon(), 60);
    for (_, detail) in short.leads.values_mut() {
        detail.ranking.as_mut().unwrap().reps.truncate(4);
    }
    let mut stage = Stage::with(options(), short, (80, 24));
    stage.press("f2 9");
    assert_eq!(stage.status(), "There is no rank 9: 4 ranked.");
    stage.press("f5 a");
    assert_eq!(stage.status(), "No lead is selected.");
    assert_eq!(requests(&stage), 0);
}

#[test]
fn picking_the_legacy_owner_by_rank_keeps_legacy() {
    let mut stage = Stage::new();
    stage.press("f2");
    let detail = stage.model.focus.detail().unwrap();
    let legacy = detail.record.legacy.owner.rep().unwrap().clone();
    let rank = detail.ranking.as_ref().unwrap().of(&legacy).unwrap().rank;
    stage.press(&format!("{rank} t"));
    assert_eq!(last(&stage).verdict, Verdict::KeepLegacy);
}

#[test]
fn undo_takes_the_last_verdict_back_and_returns_to_the_lead() {
    let mut stage = Stage::new();
    stage.press("f2 down down");
    let company = stage.selected();
    stage.press("a f3 u");
    assert!(stage.status().contains("taken back"), "{}", stage.status());
    assert_eq!((stage.selected(), stage.model.queue.lane), (company, Lane::Disagree));
    stage.press("u");
    assert_eq!(stage.status(), "There is no verdict of this session to take back.");
}

#[test]
fn undo_after_the_grace_period_gives_the_lead_back() {
    let mut stage = Stage::new();
    stage.press("f2 a");
    stage.later(TimeDelta::seconds(11)).press("u");
    assert!(stage.status().contains("it was sent already, so it is given back to "), "{}", stage.status());
    stage.press("u");
    assert_eq!(stage.status(), "There is no verdict of this session to take back.");
}

#[test]
fn undo_may_be_faster_than_the_store() {
    let mut stage = Stage::new();
    stage.press("f2");
    stage.hold = true;
    stage.press("a u");
    stage.release();
    assert!(stage.status().contains("taken back"), "{}", stage.status());
}

#[test]
fn a_verdict_may_be_faster_than_the_lead_it_is_about() {
    let mut stage = Stage::new();
    stage.press("f2");
    stage.hold = true;
    stage.press("down");
    let id = id_of(&stage);
    stage.press("a");
    assert!(!stage.held.iter().any(|e| matches!(e, Effect::Decide(_))), "nothing is decided unseen");
    stage.release();
    assert_eq!(last(&stage).lead, id);
}

#[test]
fn a_waiting_verdict_is_dropped_when_the_cursor_moves_on() {
    let mut stage = Stage::new();
    stage.press("f2");
    stage.hold = true;
    stage.press("down a down");
    stage.release();
    assert_eq!(requests(&stage), 0);
}

#[test]
fn a_verdict_says_which_state_of_the_lead_was_shown() {
    let mut state = company(noon(), 60);
    for (_, detail) in state.leads.values_mut() {
        detail.record.decisions_made = 2;
    }
    let mut stage = Stage::with(options(), state, (80, 24));
    stage.press("f2 a");
    assert_eq!(last(&stage).expected_decisions, 2);
}

#[test]
fn nobody_decides_twice() {
    let mut stage = Stage::new();
    stage.press("f2");
    let id = id_of(&stage);
    if let Some((_, detail)) = stage.fake.state().leads.get_mut(&id) {
        detail.record.decisions_made = 1;
    }
    stage.press("a");
    assert!(stage.status().contains("no verdict was stored. Somebody else decided it"), "{}", stage.status());
    assert_eq!(stage.model.queue.total(), 39, "the lead is shown again");
    stage.press("home");
    if let Some((_, detail)) = stage.fake.state().leads.get_mut(&id) {
        detail.record.state = LeadState::Superseded;
    }
    let before = requests(&stage);
    stage.press("enter").send(Msg::Changed);
    stage.press("k");
    assert!(requests(&stage) == before);
}

#[test]
fn a_failed_store_says_so_and_shows_the_lead_again() {
    let mut stage = Stage::new();
    stage.press("f2");
    stage.fake.state().fault = Some("disk full".into());
    stage.press("a");
    assert_eq!(stage.model.status.as_ref().unwrap().tone, Tone::Error);
    assert!(stage.status().contains("the verdict was not stored: disk full"), "{}", stage.status());
    stage.fake.state().fault = None;
    stage.send(Msg::Changed);
    assert_eq!(stage.model.queue.total(), 39);
}

#[test]
fn read_only_gives_no_verdicts_and_says_why() {
    let mut stage = Stage::with(Options { read_only: true, ..options() }, company(noon(), 60), (80, 24));
    for key in ["a", "k", "3", "o", "r", "s", "n", "u"] {
        stage.model.status = None;
        stage.press("f2").press(key);
        assert!(stage.status().starts_with("Read-only"), "{key}: {}", stage.status());
        assert!(stage.model.overlays.is_empty(), "{key}");
    }
    stage.press("S R");
    assert!(stage.status().starts_with("Read-only"));
}

#[test]
fn keys_faster_than_a_hand_are_no_verdicts() {
    let mut stage = Stage::new();
    stage.press("f2");
    let hurried = |stage: &mut Stage, text: &str| {
        for c in text.chars() {
            let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            stage.send(Msg::Key { event, hurried: true });
        }
    };
    hurried(&mut stage, "a great lead 3k");
    assert_eq!(requests(&stage), 0);
    assert!(stage.status().starts_with("Ignored"), "{}", stage.status());
    assert!(stage.model.overlays.is_empty());
    stage.press("k");
    hurried(&mut stage, "t");
    assert_eq!(requests(&stage), 0, "not a reason either");
    stage.press("o");
    hurried(&mut stage, "pasted");
    stage.send(Msg::Key { event: KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), hurried: true });
    assert_eq!(requests(&stage), 0, "a pasted line break sends nothing");
    stage.press("enter");
    assert_eq!(last(&stage).rejection.unwrap().note.as_deref(), Some("pasted"));
}

#[test]
fn pasted_text_is_text_or_nothing() {
    let mut stage = Stage::new();
    stage.press("f2").send(Msg::Paste("aaaa\nkt\n".into()));
    assert_eq!(requests(&stage), 0);
    stage.press("k o").send(Msg::Paste(format!("two\r\nlines {}", "x".repeat(10_000)))).press("enter");
    let note = last(&stage).rejection.unwrap().note.unwrap();
    assert!(note.starts_with("two\nlines xxx") && note.chars().count() <= 1_000, "{}", note.chars().count());
    stage.press("o").send(Msg::Paste("dina\nq".into()));
    assert!(stage.text().contains("Dina"), "{}", stage.text());
}

#[test]
fn new_leads_never_move_the_cursor_off_the_lead_being_judged() {
    let mut stage = Stage::new();
    stage.press("f2 down down down");
    let company = stage.selected();
    let line = |stage: &Stage| stage.model.queue.position() - stage.model.queue.visible().0;
    let before = line(&stage);
    let mut state = stage.fake.state();
    for n in 101..108 {
        let detail = crate::tui::fake::lead(n * 7 + 1, noon(), &state.roster);
        state.leads.insert(detail.record.lead.id.clone(), (9_000.0, detail));
    }
    drop(state);
    stage.send(Msg::Changed);
    assert_eq!(stage.model.queue.total(), 46);
    assert_eq!(stage.selected(), company);
    assert_eq!(line(&stage), before, "not even on screen");
    assert!(stage.text().contains('↑'), "but one sees that there is more above");
}

#[test]
fn the_lead_screen_goes_from_lead_to_lead() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let first = stage.model.lead.as_ref().unwrap().id.clone();
    stage.press("a");
    assert_eq!(stage.model.screen, Screen::Lead);
    assert_eq!(last(&stage).lead, first);
    let second = stage.model.lead.as_ref().unwrap().id.clone();
    assert_ne!(second, first);
    stage.press("down");
    assert_ne!(stage.model.lead.as_ref().unwrap().id, second);
    stage.press("up");
    assert_eq!(stage.model.lead.as_ref().unwrap().id, second);
    stage.press("esc");
    assert_eq!((stage.model.screen, id_of(&stage)), (Screen::Queue, second));
}

#[test]
fn after_the_last_lead_of_a_lane_the_queue_is_shown() {
    let mut stage = Stage::with(options(), company(noon(), 2), (80, 24));
    stage.press("f2 enter a");
    assert_eq!(stage.model.screen, Screen::Queue);
    assert!(stage.text().contains("Nothing waits here."));
}

#[test]
fn the_first_lane_with_work_is_shown_at_the_start() {
    let mut state = company(noon(), 60);
    state.leads.retain(|_, (_, detail)| detail.record.lane == Some(Lane::LowConfidence));
    assert_eq!(Stage::with(options(), state, (80, 24)).model.queue.lane, Lane::LowConfidence);
}

#[test]
fn the_cursor_of_each_lane_is_remembered() {
    let mut stage = Stage::new();
    stage.press("f2 down down down");
    let company = stage.selected();
    stage.press("tab down backtab");
    assert_eq!(stage.selected(), company);
}

#[test]
fn a_dead_write_can_be_tried_again() {
    let mut stage = Stage::new();
    stage.press("f2 a");
    stage.fake.state().effects[0].state = crate::domain::effect::EffectState::Dead;
    stage.press("S R");
    assert!(stage.status().contains("waits in the outbox again"), "{}", stage.status());
    stage.press("R");
    assert_eq!(stage.status(), "Only a failed write can be tried again; this one is not.");
}

#[test]
fn quitting_asks_and_ctrl_c_does_not() {
    let mut stage = Stage::new();
    stage.press("q n");
    assert!(!stage.model.exit);
    stage.press("q y");
    assert!(stage.model.exit);
    for keys in ["", "f2 k", "o", "f2 k o", "?", "q", "f2 enter"] {
        let mut stage = Stage::new();
        stage.press(keys).press("ctrl-c");
        assert!(stage.model.exit, "after {keys}");
    }
}

#[test]
fn the_greeting_takes_one_key_and_does_nothing_with_it() {
    let mut stage = Stage::with(Options { greet: true, ..options() }, company(noon(), 60), (80, 24));
    stage.press("a");
    assert_eq!((requests(&stage), stage.model.overlays.len()), (0, 0));
}

#[test]
fn nothing_is_drawn_before_something_changes() {
    let mut stage = Stage::new();
    assert_eq!(stage.model.wake_at(), noon() + TimeDelta::seconds(40), "the next whole minute");
    stage.model.now = noon() + TimeDelta::seconds(39);
    stage.fake.state().now = stage.model.now;
    stage.press("f2 a");
    assert_eq!(stage.model.wake_at(), noon() + TimeDelta::seconds(40));
    stage.model.now = noon() + TimeDelta::seconds(41);
    assert_eq!(stage.model.wake_at(), noon() + TimeDelta::seconds(42), "a second less to take it back");
    stage.hold = true;
    stage.send(Msg::Woke);
    assert_eq!(stage.held, [], "a second is no reason to read anything");
    stage.hold = false;
    stage.model.now = noon() + TimeDelta::seconds(48);
    assert_eq!(stage.model.wake_at(), noon() + TimeDelta::seconds(49), "the end of the grace period");
    stage.model.now = noon() + TimeDelta::seconds(49);
    assert_eq!(stage.model.wake_at(), noon() + TimeDelta::seconds(100));
}

#[test]
fn the_palette_finds_by_name_and_by_what_it_does_and_does_it() {
    let mut stage = Stage::new();
    stage.press("f2 :").write("keep leg").press("enter");
    assert!(matches!(stage.model.overlays.last(), Some(Overlay::Menu(_))), "the reason is asked for");
    stage.press("esc :").write("may it be trusted").press("enter");
    assert_eq!(stage.model.screen, Screen::Model);
    stage.press(":").write("approve do what").press("enter");
    assert!(stage.status().starts_with("Not here"), "{}", stage.status());
    assert_eq!(requests(&stage), 0);
    stage.press("esc Q f2 :").write("zzzz").press("enter");
    assert!(stage.text().contains("Nothing is called so."), "{}", stage.text());
}

#[test]
fn nothing_that_is_pasted_into_the_palette_is_done() {
    let mut stage = Stage::new();
    stage.press("f2 :").send(Msg::Paste("approve do what\n".into()));
    stage.send(Msg::Key { event: KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), hurried: true });
    assert_eq!((requests(&stage), stage.model.overlays.len()), (0, 1));
    stage.press("enter");
    assert_eq!(requests(&stage), 1, "a hand does it");
}

#[test]
fn a_key_is_found_in_the_help() {
    let mut stage = Stage::new();
    stage.press("? /").write("take back");
    let text = stage.text();
    assert!(text.contains("take the last verdict back") && !text.contains("one page up"), "{text}");
    stage.press("enter esc ? /").write("qqqq");
    assert!(stage.text().contains("No key does that here."), "{}", stage.text());
    stage.press("esc");
    assert!(stage.text().contains("approve: do what is recommended"), "esc shows all again: {}", stage.text());
    stage.press("esc");
    assert!(stage.model.overlays.is_empty() && !stage.model.exit);
}

#[test]
fn suspend_is_an_effect() {
    let mut stage = Stage::new();
    stage.press("ctrl-z");
    assert!(stage.suspended);
}

/// Everything a person, the system and other people can do.
#[derive(Clone, Debug)]
enum Deed {
    Press(usize),
    Hurry(usize),
    Paste(String),
    Resize(u16, u16),
    Changed,
    Pass(i64),
    Arrive(usize),
    Vanish(usize),
    Fail(bool),
    Hold(bool),
}

const KEYS: [&str; 72] = [
    "a",
    "k",
    "2",
    "3",
    "9",
    "o",
    "r",
    "s",
    "n",
    "u",
    "t",
    "d",
    "m",
    "p",
    "h",
    "enter",
    "esc",
    "up",
    "down",
    "pageup",
    "pagedown",
    "home",
    "end",
    "tab",
    "backtab",
    "f1",
    "f2",
    "f3",
    "f4",
    "f5",
    "f6",
    "f7",
    "Q",
    "S",
    "M",
    "R",
    "X",
    "W",
    "K",
    "left",
    "right",
    "?",
    "g",
    "G",
    "ctrl-p",
    "ctrl-n",
    "ctrl-l",
    "space",
    "backspace",
    "x",
    "w",
    "é",
    "世",
    "ctrl-s",
    "ctrl-z",
    "a",
    "down",
    "space",
    "*",
    "A",
    "A",
    "U",
    "/",
    ":",
    "V",
    "f8",
    "4",
    "0",
    "1",
    "tab",
    "enter",
    "d",
];

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        20 => (0..KEYS.len()).prop_map(Deed::Press),
        1 => (0..KEYS.len()).prop_map(Deed::Hurry),
        1 => ".{0,40}".prop_map(Deed::Paste),
        2 => (0u16..200, 0u16..60).prop_map(|(w, h)| Deed::Resize(w, h)),
        3 => Just(Deed::Changed),
        2 => (0i64..40).prop_map(Deed::Pass),
        2 => (1_000usize..1_400).prop_map(Deed::Arrive),
        2 => (0usize..60).prop_map(Deed::Vanish),
        1 => any::<bool>().prop_map(Deed::Fail),
        1 => any::<bool>().prop_map(Deed::Hold),
    ];
    prop::collection::vec(deed, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_story_breaks_the_model_or_decides_a_lead_twice(
        deeds in deeds(), leads in prop_oneof![Just(0usize), Just(3), Just(60), Just(900)],
    ) {
        let mut stage = Stage::with(options(), company(noon(), leads), (100, 30));
        for deed in deeds {
            match deed {
                Deed::Press(key) => { stage.press(KEYS[key]); }
                Deed::Hurry(key) => {
                    let c = KEYS[key].chars().next().unwrap();
                    let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                    let before = requests(&stage);
                    stage.send(Msg::Key { event, hurried: true });
                    prop_assert_eq!(requests(&stage), before);
                }
                Deed::Paste(text) => { stage.send(Msg::Paste(text)); }
                Deed::Resize(width, height) => { stage.send(Msg::Resized(width, height)); }
                Deed::Changed => { stage.send(Msg::Changed); }
                Deed::Pass(seconds) => { stage.later(TimeDelta::seconds(seconds)); }
                Deed::Arrive(index) => {
                    let mut state = stage.fake.state();
                    let detail = crate::tui::fake::lead(index, state.now, &state.roster);
                    state.leads.entry(detail.record.lead.id.clone()).or_insert((1.0, detail));
                    drop(state);
                    stage.send(Msg::Changed);
                }
                Deed::Vanish(n) => {
                    let mut state = stage.fake.state();
                    if let Some((_, detail)) = state.leads.values_mut().nth(n)
                        && detail.record.state == LeadState::InLane
                    {
                        detail.record.state = LeadState::Superseded;
                    }
                }
                Deed::Fail(fails) => stage.fake.state().fault = fails.then(|| "the database is locked".into()),
                Deed::Hold(hold) => if hold { stage.hold = true } else { stage.release() },
            }
            stage.model.queue.check();
            let _ = stage.buffer();
        }
        stage.fake.state().fault = None;
        stage.release();
        let state: &State = &stage.fake.state();
        for (id, (_, detail)) in &state.leads {
            let standing = detail.decisions.iter().filter(|d| d.stands()).count();
            prop_assert!(standing <= 1, "{} was decided {} times", id, standing);
        }
    }
}
