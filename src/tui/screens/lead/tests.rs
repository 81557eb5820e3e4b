use chrono::TimeDelta;

use super::Focus;
use super::model::{RepLine, rep_lines};
use crate::app::explain::compared;
use crate::app::ports::Span;
use crate::domain::ids::{QueueId, RepId};
use crate::domain::lead::Owner;
use crate::domain::ranking::RankedRep;
use crate::domain::recommendation::Route;
use crate::tui::fake::company;
use crate::tui::format;
use crate::tui::msg::{Effect, Msg};
use crate::tui::testing::{Stage, noon, options};

/// The ranks that are shown; a gap is written as its negative length.
fn shown(reps: usize, keep: &[usize], scroll: usize, height: usize) -> Vec<i64> {
    let state = company(noon(), 1);
    let (_, detail) = state.leads.values().next().unwrap();
    let mut ranking = detail.ranking.clone().unwrap();
    let template = ranking.reps[0].clone();
    ranking.reps = (1..=reps)
        .map(|rank| {
            let mut rep = template.clone();
            (rep.rank, rep.rep_id) = (rank as u32, RepId::new(rank.to_string()));
            rep
        })
        .collect();
    let keep: Vec<RepId> = keep.iter().map(|rank| RepId::new(rank.to_string())).collect();
    rep_lines(&ranking, &keep.iter().collect::<Vec<_>>(), scroll, height)
        .into_iter()
        .map(|line| match line {
            RepLine::Rep(rep) => i64::from(rep.rank),
            RepLine::Skipped(n) => -(n as i64),
        })
        .collect()
}

#[test]
fn whom_it_is_about_is_always_in_the_list_at_the_true_rank_and_no_gap_is_silent() {
    assert_eq!(shown(5, &[3], 0, 8), [1, 2, 3, 4, 5]);
    assert_eq!(shown(20, &[4], 0, 5), [1, 2, 3, 4, -16]);
    assert_eq!(shown(20, &[6], 0, 5), [1, 2, -3, 6, -14]);
    assert_eq!(shown(20, &[20], 0, 5), [1, 2, 3, -16, 20]);
    assert_eq!(shown(20, &[2], 10, 5), [1, 2, -8, 11, -9]);
    assert_eq!(shown(20, &[20], 99, 5), [-16, 17, 18, 19, 20]);
    assert_eq!(shown(20, &[], 3, 4), [-3, 4, 5, -15]);
    assert_eq!(shown(9, &[], 0, 8), [1, 2, 3, 4, 5, 6, 7, -2], "a ninth that does not fit is told");
    assert_eq!(shown(20, &[9, 14], 0, 7), [1, 2, -6, 9, -4, 14, -6]);
    assert_eq!(shown(20, &[1, 20], 0, 2), [1, 2], "two lines cannot say it");
    assert_eq!(shown(0, &[], 0, 5), Vec::<i64>::new());
    for (scroll, height) in (0..25).flat_map(|scroll| (3..12).map(move |height| (scroll, height))) {
        let lines = shown(20, &[13], scroll, height);
        let told: i64 = lines.iter().map(|n| if *n < 0 { -n } else { 1 }).sum();
        assert!(lines.len() <= height && lines.contains(&13) && told == 20, "{scroll} {height}: {lines:?}");
    }
}

#[test]
fn the_answer_about_a_lead_that_the_cursor_left_is_not_shown() {
    let state = company(noon(), 2);
    let [(_, first), (_, second)] = state.leads.values().cloned().collect::<Vec<_>>().try_into().unwrap();
    let (id, next) = (first.record.lead.id.clone(), second.record.lead.id.clone());
    let mut focus = Focus::default();
    let Some(Effect::LoadLead(generation, _)) = focus.follow(Some(&id)) else { panic!("nothing is asked") };
    assert_eq!(focus.follow(Some(&next)), None, "one question at a time");
    let asked = focus.receive(generation, &id, Ok(Some(Box::new(first))));
    assert!(focus.detail().is_none());
    let Some(Effect::LoadLead(generation, wanted)) = asked else { panic!("the next lead is not asked for") };
    assert_eq!(wanted, next);
    focus.receive(generation, &next, Ok(Some(Box::new(second))));
    assert_eq!(focus.detail().unwrap().record.lead.id, next);
}

#[test]
fn in_every_height_and_scroll_the_lines_fit_and_count_right() {
    for reps in 1..24 {
        for legacy in 1..=reps {
            for height in 3..12 {
                for scroll in 0..reps {
                    let lines = shown(reps, &[legacy], scroll, height);
                    assert!(lines.len() <= height, "{reps} {legacy} {scroll} {height}: {lines:?}");
                    assert!(lines.contains(&(legacy as i64)), "{reps} {legacy} {scroll} {height}: {lines:?}");
                    // Walking over the lines, gaps included, the ranks never jump.
                    for around in lines.windows(3).filter(|w| w[1] < 0) {
                        assert_eq!(around[0] - around[1] + 1, around[2], "{lines:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn only_who_is_recommended_or_the_legacy_owner_is_compared_and_a_best_who_gets_nothing_is_called_that() {
    let mut stage = Stage::new();
    stage.press("enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    let detail = stage.model.focus.detail().unwrap().clone();
    let ranking = detail.ranking.as_ref().unwrap();
    let comparison = ranking.comparison.clone().unwrap();
    let other = |one: &&RankedRep| one.rep_id != comparison.ours && one.rep_id != comparison.theirs;
    let third = ranking.reps.iter().find(other).unwrap().rep_id.clone();
    let mut shown = |legacy: &RepId, route: Route| {
        let mut state = stage.fake.state();
        let (_, detail) = state.leads.get_mut(&id).unwrap();
        detail.record.legacy.owner = Owner::Rep(legacy.clone());
        detail.recommendation.as_mut().unwrap().route = route;
        let compared = compared(detail).map(|compared| (compared.recommended, compared.role));
        drop(state);
        stage.send(Msg::Changed);
        (compared, stage.text())
    };
    let manager = Route::ManagerQueue(QueueId::new("managers"));
    assert_eq!(shown(&comparison.theirs, Route::AssignRep(comparison.ours.clone())).0, Some((true, "legacy")));
    assert_eq!(shown(&comparison.theirs, Route::AssignRep(comparison.theirs.clone())).0, Some((false, "recommended")));
    assert_eq!(shown(&third, Route::AssignRep(comparison.ours.clone())).0, Some((true, "the next")));
    let (compared, text) = shown(&third, manager);
    assert_eq!(compared, Some((false, "the next")));
    assert!(text.contains("model's best") && !text.contains("Why not"), "{text}");
    let (compared, text) = shown(&third, Route::AssignRep(third.clone()));
    assert_eq!(compared, None, "neither gets the lead");
    assert!(!text.contains("log-odds"), "{text}");
}

#[test]
fn a_slot_that_has_passed_is_promised_no_more() {
    let mut stage = Stage::new();
    stage.press("enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    let start = noon() + TimeDelta::minutes(15);
    {
        let mut state = stage.fake.state();
        let (_, detail) = state.leads.get_mut(&id).unwrap();
        let rep = detail.recommendation.as_ref().unwrap().route.rep().unwrap().clone();
        let span = Span::new(start, start + TimeDelta::minutes(30));
        let slot = serde_json::json!({ "rep": rep, "slot": { "kind": "free", "span": span, "wait_minutes": 15 } });
        detail.path.as_mut().unwrap().standings.push(serde_json::from_value(slot).unwrap());
    }
    stage.send(Msg::Changed);
    let at = format::clock(start, options().zone);
    assert!(stage.text().contains(&format!("First contact: free at {at}")), "{}", stage.text());
    stage.later(TimeDelta::minutes(16));
    let text = stage.text();
    assert!(text.contains(&format!("{at} was free, now past")), "{text}");
}

/// Whoever is the model's best of a lead that goes to a queue does not get it, so no wins are promised of them.
#[test]
fn a_lead_for_a_queue_promises_no_wins() {
    let mut stage = Stage::new();
    stage.press("f3 enter");
    let text = stage.text();
    assert!(text.contains("Best of the reps: ") && text.contains("the legacy owner has "), "{text}");
    assert!(!text.contains(" to hold") && !text.contains("more wins"), "{text}");
}

#[test]
fn who_cannot_be_told_from_the_recommended_rep_is_called_too_close() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    let mut shown = |low: f64, high: f64| {
        {
            let mut state = stage.fake.state();
            let (_, detail) = state.leads.get_mut(&id).unwrap();
            let legacy = detail.record.legacy.owner.rep().unwrap().clone();
            let ranking = detail.ranking.as_mut().unwrap();
            for rep in &mut ranking.reps {
                // The recommended rep's range holds everybody.
                (rep.interval.low, rep.interval.high) = if rep.rank == 1 { (0.0, 1.0) } else { (0.0, 0.0) };
                if rep.rep_id == legacy {
                    (rep.interval.low, rep.interval.high) = (low, high);
                }
            }
        }
        stage.send(Msg::Changed);
        stage.text()
    };
    let text = shown(0.0, 1.0);
    assert!(text.contains("too close to call: gap ") && text.contains("legacy, close"), "{text}");
    assert!(!text.contains("more wins"), "{text}");
    let text = shown(0.0, 0.1);
    assert!(!text.contains("too close") && !text.contains("legacy, close"), "one range alone tells nothing: {text}");
}

#[test]
fn the_reason_of_a_recommendation_is_not_cut_off_at_the_end_of_the_line() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    {
        let mut state = stage.fake.state();
        let (_, detail) = state.leads.get_mut(&id).unwrap();
        detail.recommendation.as_mut().unwrap().explanation =
            "somebody owns the account of this company already, and one company has one rep, for good".into();
    }
    stage.send(Msg::Changed);
    assert!(stage.text().contains("rep, for good"), "{}", stage.text());
}

#[test]
fn who_may_not_get_the_lead_is_not_chosen_unseen() {
    let mut stage = Stage::new();
    stage.press("f2 o").write("bob lee").press("enter");
    let text = stage.text();
    assert!(text.contains("Not eligible: works Overseas, the lead is East."), "{text}");
    stage.press("esc 2");
    assert!(
        stage.text().contains("Conflict of interest") && !stage.text().contains("Not eligible"),
        "{}",
        stage.text()
    );
}

#[test]
fn before_a_roster_was_read_nobody_is_said_to_be_gone() {
    let mut stage = Stage::sized(160, 45);
    stage.press("f2 enter");
    let gone = "is no rep of the CRM any more";
    assert!(!stage.text().contains(gone), "{}", stage.text());
    let legacy = stage.model.focus.detail().unwrap().record.legacy.owner.rep().unwrap().clone();
    stage.model.roster.data.as_mut().unwrap().reps.retain(|rep| rep.id != legacy);
    assert!(stage.text().contains(gone), "{}", stage.text());
    stage.model.roster.data.as_mut().unwrap().reps.clear();
    assert!(!stage.text().contains(gone), "{}", stage.text());
}
