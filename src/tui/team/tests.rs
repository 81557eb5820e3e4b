use chrono::TimeDelta;

use super::*;
use crate::domain::ids::LeadId;
use crate::tui::Options;
use crate::tui::backend::team::{Claim, HandOver};
use crate::tui::fake::company;
use crate::tui::msg::Msg;
use crate::tui::testing::{Stage, noon, options};
use crate::tui::theme::Palette;

/// Somebody has a lead open since a minute ago, or is only at work.
pub(crate) fn at_work(who: &str, lead: Option<&LeadId>) -> Presence {
    let since = noon() - TimeDelta::minutes(1);
    let claim = lead.map(|lead| Claim { lead: lead.clone(), since, until: since + CLAIM });
    Presence { manager: who.into(), seen_at: since, claim }
}

fn joined(stage: &mut Stage, others: Vec<Presence>) {
    stage.fake.state().others = others;
    stage.send(Msg::Changed);
}

fn told(stage: &Stage) -> Vec<Option<LeadId>> {
    stage.fake.state().told.clone()
}

fn requests(stage: &Stage) -> usize {
    stage.fake.state().requests.len()
}

fn focus(stage: &Stage) -> LeadId {
    stage.model.lead_in_focus().unwrap().clone()
}

fn pass(stage: &mut Stage, time: TimeDelta) {
    stage.model.now += time;
    stage.send(Msg::Woke);
}

#[test]
fn a_lead_is_claimed_when_it_is_opened_and_given_up_when_it_is_left() {
    let mut stage = Stage::new();
    stage.send(Msg::Changed);
    assert_eq!(told(&stage), [], "nobody touched a key");
    stage.press("f2 down");
    assert_eq!(told(&stage), [None], "at work, and nothing open");
    let first = focus(&stage);
    stage.press("enter");
    stage.press("down");
    let second = focus(&stage);
    stage.press("esc down down");
    assert_eq!(told(&stage), [None, Some(first), Some(second), None]);
    // A verdict on the lead screen goes on to the next lead, and the claim with it.
    stage.press("enter");
    let third = focus(&stage);
    stage.press("a");
    assert_eq!(told(&stage)[4..], [Some(third), Some(focus(&stage))]);
}

#[test]
fn a_claim_is_renewed_while_somebody_works_and_never_while_nobody_does() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let claims = told(&stage).len();
    let minute = TimeDelta::minutes(1);
    // The key that opened it was the last one.
    for _ in 0..10 {
        pass(&mut stage, minute);
    }
    assert_eq!(told(&stage).len(), claims, "nothing is written while nobody touches a key");
    stage.press("pagedown");
    assert_eq!(told(&stage).len(), claims + 1);
    stage.press("pagedown pageup pagedown");
    assert_eq!(told(&stage).len(), claims + 1, "once a minute at most");
    pass(&mut stage, minute);
    pass(&mut stage, minute);
    assert_eq!(told(&stage).len(), claims + 2, "the keys of the minute before count, once");
}

#[test]
fn in_read_only_mode_nothing_is_told() {
    let mut stage = Stage::with(Options { read_only: true, ..options() }, company(noon(), 60), (80, 24));
    stage.press("f2 enter down esc");
    assert_eq!(told(&stage), []);
    // And others are seen.
    joined(&mut stage, vec![at_work("Ben Kovač", None)]);
    assert!(stage.text().contains("also here: Ben Kovač"), "{}", stage.text());
}

#[test]
fn the_first_press_on_a_claimed_lead_says_so_and_the_second_decides() {
    for keys in ["a", "1", "3", "k", "o", "r", "s"] {
        let mut stage = Stage::new();
        stage.press("f2");
        let lead = focus(&stage);
        joined(&mut stage, vec![at_work("Ben Kovač", Some(&lead))]);
        stage.press(keys);
        assert_eq!((requests(&stage), stage.model.overlays.len()), (0, 0), "{keys}");
        assert_eq!(stage.status(), "Press again to decide anyway: Ben Kovač has this open since 11:59.");
        stage.press(keys);
        assert_eq!(requests(&stage) + stage.model.overlays.len(), 1, "{keys}");
    }
}

#[test]
fn a_warning_is_forgotten_with_the_cursor_and_given_anew_for_another_manager() {
    let mut stage = Stage::new();
    stage.press("f2");
    let lead = focus(&stage);
    joined(&mut stage, vec![at_work("Ben Kovač", Some(&lead))]);
    stage.press("a down");
    assert_eq!(stage.status(), "", "it was about another lead");
    stage.press("up a");
    assert_eq!(requests(&stage), 0, "somewhere else meanwhile");
    joined(&mut stage, vec![at_work("Ben Kovač", Some(&lead)), at_work("Cho Lim", Some(&lead))]);
    stage.press("a");
    assert_eq!(requests(&stage), 0);
    assert!(stage.status().contains("Cho Lim has this open"), "{}", stage.status());
    stage.press("a");
    assert_eq!(requests(&stage), 1);
    // A lead that nobody else has open is decided at once.
    stage.press("a");
    assert_eq!(requests(&stage), 2);
}

#[test]
fn a_batch_with_a_claimed_lead_asks_once_more() {
    let mut stage = Stage::new();
    stage.press("f2 space");
    let lead = focus(&stage);
    joined(&mut stage, vec![at_work("Ben Kovač", Some(&lead))]);
    stage.press("space A enter");
    assert_eq!(requests(&stage), 0);
    assert!(stage.status().contains("Ben Kovač has this open"), "{}", stage.status());
    stage.press("enter");
    assert_eq!(requests(&stage), 2);
}

#[test]
fn what_was_taken_back_is_not_given_again_unseen() {
    let mut stage = Stage::new();
    stage.press("f2");
    let lead = focus(&stage);
    stage.press("a u");
    joined(&mut stage, vec![at_work("Ben Kovač", Some(&lead))]);
    stage.press("U");
    assert_eq!(requests(&stage), 1);
    stage.press("U");
    assert_eq!(requests(&stage), 2);
}

#[test]
fn a_claim_ends_by_itself() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let lead = focus(&stage);
    joined(&mut stage, vec![at_work("Ben Kovač", Some(&lead))]);
    assert!(stage.text().contains("Ben Kovač is looking at this lead (since 11:59)"), "{}", stage.text());
    let end = noon() - TimeDelta::minutes(1) + CLAIM;
    // Whole minutes are drawn anyway, so this one ends between them.
    assert_eq!(end.timestamp() % 60, 20);
    assert!(stage.model.wake_at() <= end);
    stage.model.now = end - TimeDelta::seconds(1);
    assert_eq!(stage.model.wake_at(), end, "the dashboard wakes for it");
    stage.model.now = end;
    assert!(!stage.text().contains("is looking at"), "without a word from the store");
    stage.press("esc");
    assert!(stage.text().contains("also here: Ben Kovač"), "still at work");
    stage.model.now = noon() - TimeDelta::minutes(1) + HERE;
    assert!(!stage.text().contains("also here"));
}

#[test]
fn initials_are_short_whatever_the_name() {
    let unicode = Theme::new(false, Palette::Terminal);
    let names = [
        ("Ben Kovač", "BK"),
        ("ana maria de souza", "AS"),
        ("cho", "CH"),
        ("b", "B"),
        ("ß x", "SSX"),
        ("株式 会社", "株会"),
        ("ops@example.com", "OC"),
        ("", "?"),
        ("\u{1b}\u{7}\u{202e}", "?"),
        ("\u{1b}[31mRed", "31"),
    ];
    for (name, expected) in names {
        assert_eq!(initials(name, unicode), expected, "{name:?}");
    }
    assert_eq!(initials("株式 会社", Theme::new(true, Palette::Terminal)), "??");
}

#[test]
fn a_hostile_name_harms_no_line() {
    for name in ["x".repeat(10_000), "\u{1b}]0;gone\u{7} \u{202e}Ben\n\nCho".into(), "\u{200b}".repeat(50)] {
        for size in [(60, 15), (80, 24), (200, 50)] {
            let mut stage = Stage::sized(size.0, size.1);
            stage.press("f2");
            let lead = focus(&stage);
            joined(&mut stage, vec![at_work(&name, Some(&lead))]);
            let check = |stage: &Stage| {
                let text = stage.text();
                assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text}");
                text
            };
            assert!(check(&stage).contains("also here: "), "{size:?}");
            stage.press("a");
            // What can be done is not what a long name leaves no room for.
            assert!(check(&stage).contains("Press again to decide"), "{}", stage.text());
            stage.press("esc enter");
            assert!(check(&stage).contains("is looking at this lead"), "{}", stage.text());
        }
    }
}

fn office() -> Stage {
    let mut state = company(noon(), 60);
    state.managers = ["Ben Kovač", "Cho Lim"].map(Into::into).into();
    let mut stage = Stage::with(options(), state, (80, 24));
    stage.press("f2");
    stage
}

fn handed(stage: &Stage, lead: &LeadId) -> Option<(String, Option<String>)> {
    stage.fake.state().leads[lead].1.handed.clone().map(|hand| (hand.to, hand.note))
}

#[test]
fn a_lead_is_handed_over_with_a_note_or_without() {
    let mut stage = office();
    let first = focus(&stage);
    stage.press("h");
    assert!(stage.text().contains("Hand Lumen 59 over to whom?"), "{}", stage.text());
    stage.press("c").write("call at three");
    assert_eq!(handed(&stage, &first), None, "not before it is sent");
    stage.press("enter");
    assert_eq!(handed(&stage, &first), Some(("Cho Lim".into(), Some("call at three".into()))));
    assert_eq!(stage.status(), "Lumen 59: handed over to Cho Lim.");
    assert!(stage.text().lines().any(|line| line.contains("Lumen 59") && line.contains("→CL")), "{}", stage.text());
    stage.press("down");
    let second = focus(&stage);
    stage.press("enter h b enter");
    assert_eq!(handed(&stage, &second), Some(("Ben Kovač".into(), None)));
    assert!(stage.text().contains("Ana M. handed this to Ben Kovač at 12:00"), "{}", stage.text());
    assert_eq!(requests(&stage), 0, "no verdict");
}

#[test]
fn marked_leads_are_handed_over_together_and_lose_their_marks() {
    let mut stage = office();
    let first = focus(&stage);
    stage.press("space");
    let second = focus(&stage);
    stage.press("space h b esc h b enter");
    assert!(handed(&stage, &first).is_some() && handed(&stage, &second).is_some());
    assert_eq!((stage.status(), stage.model.queue.marks()), ("2 leads: handed over to Ben Kovač.", 0));
}

#[test]
fn nothing_is_handed_over_where_there_is_nobody_or_nothing_may_be_said() {
    let mut stage = Stage::new();
    stage.press("f2 h");
    assert!(stage.status().contains("nobody to hand to"), "{}", stage.status());
    let mut stage = Stage::with(Options { read_only: true, ..options() }, company(noon(), 60), (80, 24));
    stage.press("f2 h");
    assert!(stage.status().starts_with("Read-only"), "{}", stage.status());
}

#[test]
fn who_gets_a_lead_hears_of_it_once_sees_it_marked_and_finds_it() {
    let mut stage = office();
    stage.press("down down");
    let lead = focus(&stage);
    let hand = |from: &str, to: &str, seconds| HandOver {
        from: from.into(),
        to: to.into(),
        note: Some("ask for Robin".into()),
        at: noon() + TimeDelta::seconds(seconds),
    };
    stage.fake.state().leads.get_mut(&lead).unwrap().1.handed = Some(hand("Ben Kovač", "Ana M.", 5));
    // An undo that runs is not covered up.
    stage.press("up a");
    let said = stage.status().to_owned();
    assert!(stage.model.status.as_ref().unwrap().undo_until.is_some());
    stage.later(TimeDelta::seconds(20));
    assert_ne!(stage.status(), said);
    assert_eq!(stage.status(), "Ben Kovač hands you Delta Grain & Feed: ask for Robin");
    stage.press("esc");
    stage.send(Msg::Changed);
    assert_eq!(stage.status(), "", "once");
    assert!(stage.text().contains("BK→"), "{}", stage.text());
    stage.press("/").write("for:me");
    stage.press("enter");
    assert!(stage.text().contains("1 of 1 match"), "{}", stage.text());
    stage.press("enter");
    assert!(stage.text().contains("Ben Kovač handed this to you at 12:00: ask for Robin"), "{}", stage.text());
    // With a verdict it is over.
    stage.press("a");
    assert!(stage.fake.state().leads[&lead].1.record.state != crate::domain::lead::LeadState::InLane);
    assert_eq!(stage.model.overview.data.as_ref().unwrap().handed, []);
}

#[test]
fn what_waits_at_the_start_is_said_at_the_start() {
    let mut state = company(noon(), 60);
    for (_, detail) in state.leads.values_mut().take(3) {
        let hand =
            HandOver { from: "x".repeat(10_000), to: "Ana M.".into(), note: Some("\u{1b}[2J".into()), at: noon() };
        detail.handed = Some(hand);
    }
    let stage = Stage::with(options(), state, (80, 24));
    assert_eq!(stage.status(), "3 leads are handed to you; the filter for:me shows them.");
    assert!(!stage.text().contains('\u{1b}'));
}
