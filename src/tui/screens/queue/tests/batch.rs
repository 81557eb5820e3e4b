//! Batches: what is marked, what the preview says, what is decided, what is refused, and the way back.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;

use crate::domain::lead::LeadState;
use crate::domain::recommendation::Route;
use crate::domain::verdict::Verdict;
use crate::tui::Options;
use crate::tui::backend::Load;
use crate::tui::fake::company;
use crate::tui::msg::{Effect, Msg};
use crate::tui::overlay::Overlay;
use crate::tui::testing::{Stage, noon, options};

fn decided(stage: &Stage) -> usize {
    let state = stage.fake.state();
    state.leads.values().filter(|(_, detail)| detail.record.state == LeadState::Decided).count()
}

fn hurried(stage: &mut Stage, code: KeyCode) {
    stage.send(Msg::Key { event: KeyEvent::new(code, KeyModifiers::NONE), hurried: true });
}

#[test]
fn a_lane_is_approved_in_six_keys_or_fewer() {
    let mut stage = Stage::new();
    stage.press("f2");
    stage.press("* A 3 9 enter");
    assert_eq!((decided(&stage), stage.model.queue.total()), (39, 0), "{}", stage.text());
    assert!(stage.status().starts_with("39 leads approved."), "{}", stage.status());
    let state = stage.fake.state();
    assert!(state.requests.iter().all(|request| request.verdict == Verdict::Approve && request.shown.is_some()));
}

#[test]
fn few_leads_need_no_number_and_a_wrong_number_approves_none() {
    let mut stage = Stage::new();
    stage.press("f2 space space A");
    assert!(stage.text().contains("Approve 2 marked leads?"), "{}", stage.text());
    stage.press("enter");
    assert_eq!(decided(&stage), 2);
    stage.press("* A enter");
    assert_eq!((decided(&stage), stage.status()), (2, "37 leads at once: type 37, then Enter."));
    stage.press("3 6 enter");
    assert_eq!(decided(&stage), 2);
    stage.press("backspace 7 enter");
    assert_eq!(decided(&stage), 39);
}

#[test]
fn marking_all_says_exactly_what_is_marked() {
    let mut stage = Stage::new();
    stage.press("f2 *");
    assert_eq!(stage.status(), "All 39 of Disagree are marked; none that is snoozed.");
    stage.press("*");
    assert_eq!((stage.status(), stage.model.queue.marks()), ("No lead is marked any more.", 0));
    stage.press("/").write("src:web").press("enter *");
    assert!(stage.status().contains("of Disagree that match are marked"), "{}", stage.status());
    assert_eq!(stage.model.queue.marks() as u64, stage.model.queue.total());
    let mut stage = Stage::with(options(), company(noon(), 4_000), (80, 24));
    stage.press("f2 *");
    assert!(stage.status().starts_with("400 of 2,"), "{}", stage.status());
    stage.press("f5 *");
    assert_eq!(stage.status(), "There is nothing to mark.");
}

#[test]
fn marks_are_gone_when_the_list_is_another() {
    for keys in ["tab", "f1", "/", "esc"] {
        let mut stage = Stage::new();
        stage.press("f2 space space");
        assert!(stage.text().contains("2 marked"), "{}", stage.text());
        stage.press(keys);
        if keys == "/" {
            stage.write("src:web").press("enter");
        }
        assert_eq!(stage.model.queue.marks(), 0, "{keys}");
        stage.press("A");
        assert!(stage.status().starts_with("No lead is marked"), "{}", stage.status());
    }
}

#[test]
fn what_changed_since_it_was_marked_is_left_out_and_said() {
    let mut stage = Stage::new();
    stage.press("f2 space space space");
    let marked = stage.model.queue.marked();
    {
        let mut state = stage.fake.state();
        let other = state.leads.values().find_map(|(_, d)| d.ranking.as_ref()?.reps.get(5).map(|r| r.rep_id.clone()));
        let (_, detail) = state.leads.get_mut(&marked[0].lead).unwrap();
        detail.recommendation.as_mut().unwrap().route = Route::AssignRep(other.unwrap());
    }
    stage.press("A");
    let text = stage.text();
    assert!(text.contains("Approve 2 of 3 marked leads?") && text.contains("it was ranked again"), "{text}");
    stage.press("enter");
    assert_eq!(decided(&stage), 2);
    assert_eq!(stage.model.queue.marks(), 1, "it is still marked");
}

#[test]
fn what_is_refused_is_listed_with_why_and_stays_marked() {
    let mut stage = Stage::new();
    stage.press("f2 space space space A");
    let marked = stage.model.queue.marked();
    // Between the preview and the verdict.
    if let Some((_, detail)) = stage.fake.state().leads.get_mut(&marked[1].lead) {
        detail.record.decisions_made = 1;
    }
    stage.press("enter");
    assert_eq!(decided(&stage), 2);
    let text = stage.text();
    assert!(text.contains("1 of 3 refused") && text.contains("Somebody else decided it"), "{text}");
    stage.press("esc");
    assert!(stage.model.queue.is_marked(&marked[1].lead) && stage.model.queue.marks() == 1);
    assert!(stage.model.queue.rows().iter().any(|row| row.id == marked[1].lead), "and listed again");
}

#[test]
fn a_store_that_fails_is_not_asked_for_the_rest() {
    let mut stage = Stage::new();
    stage.press("f2 space space space A");
    stage.fake.state().fault = Some("disk full".into());
    stage.press("enter");
    let text = stage.text();
    assert!(text.contains("3 of 3 refused") && text.contains("disk full") && text.contains("not tried"), "{text}");
    assert_eq!((decided(&stage), stage.model.queue.marks()), (0, 3));
}

#[test]
fn progress_is_shown_and_leaving_leaves_the_rest_undecided() {
    let mut stage = Stage::new();
    stage.press("f2 space space space A");
    stage.hold = true;
    stage.press("enter");
    assert!(stage.text().contains("approving 0 of 3"), "{}", stage.text());
    assert_eq!(stage.model.session.unconfirmed(), 3);
    assert_eq!(
        stage.held.iter().filter(|effect| matches!(effect, Effect::Decide(_))).count(),
        1,
        "one after the other"
    );
    stage.press("u");
    assert!(stage.status().starts_with("Several leads are under way"), "{}", stage.status());
    stage.release();
    assert_eq!(decided(&stage), 3);
}

#[test]
fn one_key_takes_a_batch_back_and_one_gives_it_again() {
    let mut stage = Stage::new();
    stage.press("f2 * A 3 9 enter u");
    assert_eq!((decided(&stage), stage.status()), (0, "39 leads taken back; nothing was written."));
    stage.press("U");
    assert_eq!((decided(&stage), stage.status()), (39, "39 leads given again."));
    stage.later(TimeDelta::seconds(11)).press("u");
    assert!(stage.status().contains("39 were sent already"), "{}", stage.status());
    stage.press("U");
    assert!(stage.status().starts_with("Nothing was taken back"), "{}", stage.status());
}

#[test]
fn a_single_verdict_is_given_again_as_it_was() {
    let mut stage = Stage::new();
    stage.press("f2 3 s u");
    assert!(stage.status().contains("U gives it again"), "{}", stage.status());
    stage.press("U");
    let state = stage.fake.state();
    let [first, second] = state.requests.as_slice() else { panic!("{:?}", state.requests) };
    assert_eq!((&first.verdict, &first.rejection), (&second.verdict, &second.rejection));
    assert_eq!(second.expected_decisions, 1);
    drop(state);
    assert_eq!(decided(&stage), 1);
    stage.press("u U u U U");
    assert!(stage.status().starts_with("Nothing was taken back"), "{}", stage.status());
    assert_eq!(decided(&stage), 1);
}

#[test]
fn what_somebody_else_decided_meanwhile_is_not_given_again() {
    let mut stage = Stage::new();
    stage.press("f2 a u");
    for (_, detail) in stage.fake.state().leads.values_mut() {
        detail.record.decisions_made += 1;
    }
    stage.press("U");
    assert!(stage.status().contains("no verdict was stored"), "{}", stage.status());
    assert_eq!(decided(&stage), 0);
}

#[test]
fn no_burst_of_keys_and_no_paste_approves_a_batch() {
    let mut stage = Stage::new();
    stage.press("f2");
    for c in [' ', '*'] {
        hurried(&mut stage, KeyCode::Char(c));
    }
    hurried(&mut stage, KeyCode::Char('A'));
    assert!(stage.model.overlays.is_empty() && stage.status().starts_with("Ignored"), "{}", stage.status());
    stage.model.queue.unmark_all();
    stage.press("* A");
    for c in ['3', '9'] {
        hurried(&mut stage, KeyCode::Char(c));
    }
    stage.send(Msg::Paste("39\n".into()));
    hurried(&mut stage, KeyCode::Enter);
    stage.press("enter");
    assert_eq!(decided(&stage), 0, "{}", stage.status());
    stage.press("3 9");
    hurried(&mut stage, KeyCode::Enter);
    assert_eq!(decided(&stage), 0);
}

#[test]
fn read_only_approves_no_batch() {
    let mut stage = Stage::with(Options { read_only: true, ..options() }, company(noon(), 60), (80, 24));
    for key in ["A", "U"] {
        stage.press("f2 *").press(key);
        assert!(stage.status().starts_with("Read-only") && stage.model.overlays.is_empty(), "{key}");
    }
}

#[test]
fn a_late_plan_is_of_no_other_batch() {
    let mut stage = Stage::new();
    stage.press("f2 space A");
    stage.press("esc");
    stage.hold = true;
    stage.press("A esc space space A");
    let plans: Vec<Effect> = stage.held.iter().filter(|effect| matches!(effect, Effect::Plan(..))).cloned().collect();
    stage.held.clear();
    stage.hold = false;
    stage.carry_out(vec![plans[0].clone()]);
    let Some(Overlay::Batch(preview)) = stage.model.overlays.last() else { panic!() };
    assert!(preview.plan.is_none() && preview.marked.len() == 3);
    stage.press("enter");
    assert_eq!(decided(&stage), 0, "nothing is approved unseen");
}

#[test]
fn pictures() {
    for (width, height) in [(80, 24), (120, 40)] {
        let size = format!("{width}x{height}");
        let mut state = company(noon(), 60);
        let load = |used, of, left| Load { used, of, left, words: format!("has {used} of {of} leads today") };
        let reps: Vec<_> = state.roster.reps.iter().map(|rep| rep.id.clone()).collect();
        state.caps =
            reps.into_iter().zip([load(4, 12, 8), load(11, 12, 1), load(12, 12, 0)].into_iter().cycle()).collect();
        let mut stage = Stage::with(options(), state, (width, height));
        assert_snapshot!(format!("marked_{size}"), stage.press("f2 space down space").picture());
        let gone = stage.model.queue.marked()[0].lead.clone();
        stage.press("*");
        if let Some((_, detail)) = stage.fake.state().leads.get_mut(&gone) {
            detail.record.state = LeadState::Superseded;
        }
        assert_snapshot!(format!("batch_{size}"), stage.press("A 3").picture());
        stage.fake.state().fault = Some("disk full".into());
        assert_snapshot!(format!("batch_refused_{size}"), stage.press("8 enter").picture());
    }
    let ascii = Options { ascii: true, ..options() };
    let mut stage = Stage::with(ascii, company(noon(), 60), (80, 24));
    assert_snapshot!("batch_ascii_80x24", stage.press("f2 space space A").text());
}

#[test]
fn what_goes_against_the_chances_is_said_before_it_is_approved() {
    let mut stage = Stage::new();
    stage.press("f2 space space space");
    let marked: Vec<_> = stage.model.queue.marked().iter().take(2).map(|one| one.lead.clone()).collect();
    for id in &marked {
        if let Some((_, detail)) = stage.fake.state().leads.get_mut(id) {
            let (owner, legacy) =
                (detail.recommendation.as_ref().unwrap().route.owner(), detail.record.legacy.owner.clone());
            for rep in &mut detail.ranking.as_mut().unwrap().reps {
                match rep.rep_id.as_str() {
                    id if id == owner.id() => rep.p_win = 0.1,
                    id if id == legacy.id() => rep.p_win = 0.35,
                    _ => {}
                }
            }
        }
    }
    let text = stage.press("A").text();
    assert!(text.contains("2 go to somebody less likely to win than the legacy owner"), "{text}");
    assert!(text.contains("0.5 wins given up"), "{text}");
}
