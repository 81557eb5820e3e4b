//! Long lanes: the window follows the cursor, and never holds more than a piece.

mod batch;
mod filter;
mod taking;
mod views;

use chrono::TimeDelta;
use futures::FutureExt;

use super::model::WINDOW;
use crate::domain::ids::TraceId;
use crate::domain::lane::Lane;
use crate::domain::lead::Had;
use crate::domain::pool::Earlier;
use crate::domain::recommendation::{Route, RouteReason};
use crate::tui::fake::company;
use crate::tui::msg::{Effect, Msg};
use crate::tui::runtime::perform;
use crate::tui::testing::{Stage, noon, options};

fn long() -> Stage {
    let mut stage = Stage::with(options(), company(noon(), 4_000), (80, 24));
    stage.press("f2");
    stage
}

#[test]
fn the_whole_lane_can_be_walked_with_a_piece_in_memory() {
    let mut stage = long();
    let total = stage.model.queue.total();
    assert!(total > 2_000);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..total {
        assert!(stage.model.queue.rows().len() <= WINDOW as usize);
        stage.model.queue.check();
        seen.insert(stage.model.queue.selected().unwrap().id.clone());
        stage.press("down");
    }
    assert_eq!(seen.len() as u64, total, "each lead once");
    assert_eq!(stage.model.queue.position() + 1, total);
}

#[test]
fn first_and_last_row_are_one_key_away() {
    let mut stage = long();
    let first = stage.selected();
    stage.press("G");
    assert_eq!(stage.model.queue.position() + 1, stage.model.queue.total());
    stage.press("pageup pageup");
    assert_eq!(stage.model.queue.position() + 1, stage.model.queue.total() - 34);
    stage.press("home");
    assert_eq!((stage.selected(), stage.model.queue.position()), (first, 0));
}

#[test]
fn a_refresh_in_the_middle_of_a_long_lane_keeps_the_place() {
    let mut stage = long();
    for _ in 0..60 {
        stage.press("pagedown");
    }
    let (company, position) = (stage.selected(), stage.model.queue.position());
    stage.send(Msg::Changed);
    assert_eq!((stage.selected(), stage.model.queue.position()), (company.clone(), position));
    let gone = stage.model.queue.selected().unwrap().id.clone();
    stage.fake.state().leads.remove(&gone);
    stage.later(TimeDelta::seconds(1));
    assert_ne!(stage.selected(), company);
    assert_eq!(stage.model.queue.position(), position, "the next one moved up");
}

#[test]
fn a_judged_lead_does_not_flash_back() {
    let mut stage = Stage::new();
    stage.press("f2");
    let judged = stage.model.queue.selected().unwrap().id.clone();
    // An answer that was read before the verdict was stored comes in after it was given.
    stage.hold = true;
    stage.send(Msg::Changed);
    stage.press("a");
    let (loads, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut stage.held).into_iter().partition(|e| matches!(e, Effect::LoadQueue(..)));
    stage.hold = false;
    stage.carry_out(loads);
    assert!(stage.model.queue.rows().iter().all(|row| row.id != judged));
    stage.carry_out(others);
    assert!(stage.model.queue.rows().iter().all(|row| row.id != judged));
    assert_eq!(stage.model.queue.total(), 38);
}

#[test]
fn a_window_read_before_the_verdict_was_stored_is_void() {
    let mut stage = Stage::new();
    stage.press("f2");
    let judged = stage.model.queue.selected().unwrap().id.clone();
    stage.hold = true;
    stage.send(Msg::Changed);
    let question = stage.held.iter().find(|e| matches!(e, Effect::LoadQueue(..))).cloned().unwrap();
    let old = perform(stage.fake.as_ref(), question).now_or_never().unwrap();
    stage.press("a");
    let verdict = stage.held.iter().find(|e| matches!(e, Effect::Decide(_))).cloned().unwrap();
    let stored = perform(stage.fake.as_ref(), verdict).now_or_never().unwrap();
    stage.send(stored).send(old);
    assert!(stage.model.queue.rows().iter().all(|row| row.id != judged));
}

/// Gate M5: a model that may not route says so on the screen where leads are judged, and shows no gain.
#[test]
fn a_model_that_is_not_cleared_to_route_is_said_so_and_no_gap_is_shown() {
    let mut state = company(noon(), 60);
    state.models[0].card["clearance"] = "scores_leads".into();
    for (_, detail) in state.leads.values_mut() {
        if let Some(given) = detail.recommendation.as_mut().filter(|r| r.reason == RouteReason::ModelPick) {
            (given.reason, given.gap) = (RouteReason::ModelUncleared, None);
        }
    }
    for (size, words) in [((80, 24), "not cleared to route"), ((160, 45), "model scores leads, does not yet route")] {
        let mut stage = Stage::with(options(), state.clone(), size);
        stage.press("f2");
        assert!(stage.text().contains(words), "{}", stage.text());
        let rows: Vec<_> = stage.model.queue.rows().iter().map(|row| row.company.clone()).collect();
        let shown = stage.text();
        let row = shown.lines().find(|line| line.contains(&rows[0])).unwrap();
        assert!(!row.contains('+'), "a gap is claimed: {row}");
        stage.press("enter");
        assert!(stage.text().contains("cannot yet tell which rep is better"), "{}", stage.text());
    }
    let mut cleared = Stage::new();
    cleared.press("f2 enter");
    assert!(!cleared.text().contains("cleared to route"));
    assert!(cleared.text().contains("by m-2026"), "the model that ranked is named: {}", cleared.text());
}

/// Where a rule or an account chose, chances did not decide: the row says what did, and shows no gap.
#[test]
fn a_pick_that_the_model_did_not_make_says_who_made_it() {
    for (reason, word) in [
        (RouteReason::AccountOwner, "acct"),
        (RouteReason::StrategicRule, "rule"),
        (RouteReason::RoundRobinUnavailable, "turn"),
    ] {
        let mut state = company(noon(), 60);
        for (_, detail) in state.leads.values_mut() {
            let second = detail.ranking.as_ref().and_then(|ranking| Some(ranking.reps.get(1)?.rep_id.clone()));
            if let Some(given) = detail.recommendation.as_mut().filter(|r| r.reason == RouteReason::ModelPick) {
                given.reason = reason;
                given.route = second.map_or(given.route.clone(), Route::AssignRep);
            }
        }
        let mut stage = Stage::with(options(), state, (160, 45));
        stage.press("f2");
        let queue = stage.text();
        let row = queue.lines().find(|line| line.trim_start().starts_with('▸')).unwrap();
        assert!(row.contains(word) && !row.contains('+'), "{row}");
        stage.press("enter");
        let shown = stage.text();
        for told in [&format!("({word})"), " first: ", " points more."] {
            assert!(shown.contains(told), "{told}: {shown}");
        }
        assert!(
            !shown.contains("expected to hold"),
            "what is expected of the best rep is promised of another: {shown}"
        );
    }
}

#[test]
fn the_returned_lane_says_who_when_and_why() {
    for size in [(80, 24), (160, 45)] {
        let mut stage = Stage::with(options(), company(noon(), 30), size);
        {
            let mut state = stage.fake.state();
            let (_, detail) = state.leads.values_mut().find(|(_, detail)| detail.ranking.is_some()).unwrap();
            detail.record.lane = Some(Lane::Returned);
            detail.record.earlier.push(Had {
                rep: detail.ranking.as_ref().unwrap().reps[0].rep_id.clone(),
                how: Earlier::Returned,
                at: noon() - TimeDelta::minutes(7),
                why: Some("I work \u{1b}[31mat the other end of the country".into()),
                said: String::new(),
                decision: TraceId::new(uuid::Uuid::nil()),
                chosen: false,
            });
        }
        stage.send(Msg::Changed);
        for _ in 0..7 {
            if stage.model.queue.lane != Lane::Returned {
                stage.press("tab");
            }
        }
        let text = stage.text();
        let row = text.lines().find(|line| line.contains("I work ")).unwrap_or_else(|| panic!("{text}"));
        assert!(row.contains(" 7m ") && !text.contains('\u{1b}'), "{row}");
        assert!(text.contains("returned by"), "{text}");
    }
}

/// Why the lead on top is on top, in each order that there is.
#[test]
fn a_lane_says_its_order_and_what_is_at_stake() {
    let mut stage = Stage::new();
    stage.press("f2");
    let text = stage.text();
    assert!(text.contains("Most at stake first") && text.contains(" stake "), "{text}");
    let first = stage.model.queue.rows()[0].clone();
    let row = text.lines().find(|line| line.contains(&first.company)).unwrap();
    assert!(row.contains(&format!(" {:.1} ", first.priority / 10.0)), "{row}");
    let hot = first.id;
    stage.fake.state().leads.get_mut(&hot).unwrap().1.record.lane = Some(Lane::Hot);
    stage.send(Msg::Changed);
    stage.press("f5");
    let text = stage.text();
    assert!(text.contains("The oldest first.") && !text.contains(" stake "), "{text}");
}

/// Where no gap tells why a person is asked, the row does.
#[test]
fn an_exception_says_its_cause() {
    for size in [(80, 24), (160, 45)] {
        let mut stage = Stage::with(options(), company(noon(), 60), size);
        for (reason, words) in
            [(RouteReason::HighValue, "large deal"), (RouteReason::AccountConflict, "account dispute")]
        {
            {
                let mut state = stage.fake.state();
                let (_, detail) = state.leads.values_mut().next().unwrap();
                detail.record.lane = Some(Lane::Exceptions);
                detail.recommendation.as_mut().unwrap().reason = reason;
            }
            stage.send(Msg::Changed).press("f4");
            let text = stage.text();
            let row = text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{text}"));
            assert!(row.starts_with('▸'), "{row}");
        }
        stage.press("f3");
        assert!(stage.text().contains("nobody likely"), "{}", stage.text());
    }
}
