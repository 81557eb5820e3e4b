use chrono::TimeDelta;

use super::Focus;
use super::model::{RepLine, rep_lines};
use crate::app::explain::compared;
use crate::app::ports::Span;
use crate::domain::ids::{QueueId, RepId};
use crate::domain::lead::{LeadState, Owner};
use crate::domain::pool::Exclusion;
use crate::domain::ranking::RankedRep;
use crate::domain::recommendation::{Route, RouteReason};
use crate::tui::boards::Ask;
use crate::tui::fake::{company, told};
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

/// How often it was asked who can take leads.
fn asked(stage: &Stage) -> usize {
    stage.held.iter().filter(|effect| matches!(effect, Effect::Board(Ask::Availability(_)))).count()
}

#[test]
fn who_can_take_it_stands_beside_the_chances_while_it_is_to_be_given() {
    let mut stage = Stage::with(options(), told(company(noon(), 60)), (80, 24));
    stage.press("f2 enter");
    let text = stage.text();
    let head = text.lines().find(|line| line.contains("p_win")).unwrap();
    assert!(
        head.contains("room") && head.contains("free") && head.contains("won") && head.contains("similar"),
        "{text}"
    );
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    stage.fake.state().leads.get_mut(&id).unwrap().1.record.state = LeadState::Superseded;
    stage.send(Msg::Changed);
    let text = stage.text();
    assert!(text.contains("p_win") && !text.contains("room"), "{text}");
    // Without rules nobody counts anything, and nothing is made up.
    let mut stage = Stage::sized(80, 24);
    stage.press("f2 enter");
    assert!(!stage.text().contains("room"), "{}", stage.text());
}

#[test]
fn who_can_take_leads_is_asked_where_it_is_shown_and_when_it_may_have_changed() {
    let mut stage = Stage::with(options(), told(company(noon(), 60)), (80, 24));
    stage.hold = true;
    stage.press("f2 down down");
    assert_eq!(asked(&stage), 0, "the queue on a small screen does not show it");
    stage.release();
    stage.hold = true;
    stage.press("enter down up");
    assert_eq!(asked(&stage), 1);
    stage.send(Msg::Woke);
    assert_eq!(asked(&stage), 1, "nothing changed, and no minute passed");
    stage.release();
    stage.hold = true;
    stage.send(Msg::Changed);
    assert_eq!(asked(&stage), 1);
    stage.release();
    stage.send(Msg::Woke);
    stage.hold = true;
    stage.model.now += TimeDelta::minutes(1);
    stage.send(Msg::Woke);
    assert_eq!(asked(&stage), 1, "time alone moves slots");
    stage.send(Msg::Changed);
    assert_eq!(asked(&stage), 1, "one question at a time");
}

/// A legacy owner who may not get the lead stands at the rank of somebody who may.
#[test]
fn a_number_means_who_may_get_the_lead_and_keeping_who_may_not_is_not_unseen() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    let name = {
        let mut state = stage.fake.state();
        let (_, detail) = state.leads.get_mut(&id).unwrap();
        let ranking = detail.ranking.as_mut().unwrap();
        let legacy = detail.record.legacy.owner.rep().unwrap().clone();
        let at = ranking.reps.iter().position(|rep| rep.rep_id == legacy).unwrap();
        let other = if at == 2 { 3 } else { 2 };
        let mut out = ranking.reps.remove(at);
        (out.rank, out.in_pool) = (3, false);
        let eligible = ranking.reps[if at < other { other - 1 } else { other }].rep_id.clone();
        ranking.reps.iter_mut().find(|rep| rep.rep_id == eligible).unwrap().rank = 3;
        ranking.reps.insert(2, out);
        ranking.pool.eligible.retain(|rep| *rep != legacy);
        let away = Exclusion::OtherTerritory { theirs: "Overseas".into(), wanted: "East".into() };
        ranking.pool.excluded.push((legacy, away));
        detail.names[eligible.as_str()].clone()
    };
    stage.send(Msg::Changed);
    stage.press("3");
    assert!(stage.text().contains(&format!("to {name}")), "{name}: {}", stage.text());
    stage.press("esc k");
    assert!(stage.text().contains("Not eligible: works Overseas"), "{}", stage.text());
}

#[test]
fn whoever_reads_lead_by_lead_sees_the_one_again_that_is_taken_back() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let first = stage.model.lead.as_ref().unwrap().id.clone();
    stage.press("a");
    let second = stage.model.lead.as_ref().unwrap().id.clone();
    assert_ne!(first, second);
    stage.press("u");
    assert_eq!(stage.model.lead.as_ref().unwrap().id, first);
    stage.press("down");
    assert_eq!(stage.model.lead.as_ref().unwrap().id, second, "and the next is the next");
}

#[test]
fn what_is_promised_to_somebody_whom_the_model_does_not_rank_is_called_that() {
    let mut stage = Stage::new();
    stage.press("f2 enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    let best = {
        let mut state = stage.fake.state();
        let (_, detail) = state.leads.get_mut(&id).unwrap();
        let advice = detail.recommendation.as_mut().unwrap();
        (advice.route, advice.reason) = (Route::AssignRep(RepId::new("elsewhere")), RouteReason::AccountOwner);
        detail.names[detail.ranking.as_ref().unwrap().best().unwrap().rep_id.as_str()].clone()
    };
    stage.send(Msg::Changed);
    let text = stage.text();
    assert!(text.contains(&format!("The model does not rank that rep here; it ranks {best} first")), "{text}");
}

#[test]
fn where_several_work_with_the_company_they_are_named() {
    let mut stage = Stage::new();
    stage.press("f3 enter");
    let id = stage.model.lead.as_ref().unwrap().id.clone();
    let names = {
        let mut state = stage.fake.state();
        let (_, detail) = state.leads.get_mut(&id).unwrap();
        let reps: Vec<RepId> =
            detail.ranking.as_ref().unwrap().reps.iter().take(2).map(|rep| rep.rep_id.clone()).collect();
        let record = |rep: &RepId| {
            serde_json::json!({ "id": "001", "kind": "account", "company": "Acme", "owner": { "kind": "rep", "id": rep },
                "how": "domain_and_name", "shared": "acme.example" })
        };
        let records: Vec<_> = reps.iter().map(record).collect();
        let why = serde_json::json!({ "code": "conflict", "records": records });
        let step = serde_json::json!({ "rung": "exception", "taken": true, "why": why });
        detail.path.as_mut().unwrap().rungs.push(serde_json::from_value(step).unwrap());
        reps.iter().map(|rep| detail.names[rep.as_str()].clone()).collect::<Vec<_>>().join(", ")
    };
    stage.send(Msg::Changed);
    assert!(stage.text().contains(&format!("Theirs by a record, 2: {names}")), "{}", stage.text());
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
