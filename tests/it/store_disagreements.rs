//! Leads whose recommended owner is not the legacy owner, on every store.

use std::sync::Arc;

use leadboard::app::disagreements::{self, Which};
use leadboard::app::ports::Store;
use leadboard::domain::decision::DecidedBy;
use leadboard::domain::disagreement::Cause;
use leadboard::domain::ids::QueueId;
use leadboard::domain::lane::Lane;
use leadboard::domain::recommendation::Route;
use leadboard::domain::verdict::{ReasonCode, Verdict};

use crate::store_fixtures::*;

on_every_store! {
    open_leads_are_walked_in_the_order_of_the_queue
    only_leads_whose_owners_differ_are_told_of
    decisions_are_walked_from_the_newest_on
    only_verdicts_that_stand_are_told_of
    the_newest_ranking_comes_with_what_it_was_made_from
}

/// A lead in a lane with this priority.
async fn waits(store: &dyn Store, lead: &str, priority: f64) {
    take_in(store, vec![receive(raw(lead, 0, rep("legacy")))], 0).await;
    store.save_rankings(vec![ranked(lead, 0, Lane::Disagree, priority, 1)]).await.unwrap();
}

async fn open_leads_are_walked_in_the_order_of_the_queue(store: Arc<dyn Store>) {
    store.save_roster(&roster(), at(0)).await.unwrap();
    for (lead, priority) in [("A", 1.0), ("B", 3.0), ("C", 2.0), ("D", 2.0)] {
        waits(&*store, lead, priority).await;
    }
    store.snooze(&id("C"), at(900), "Ana", at(2)).await.unwrap();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.open_differing(after.as_ref(), 3).await.unwrap();
        seen.extend(page.iter().map(|looked| looked.differs.as_ref().unwrap().lead.to_string()));
        if page.len() < 3 {
            break;
        }
        after = page.last().map(|looked| looked.place.clone());
    }
    assert_eq!(seen, ["B", "C", "D", "A"], "each once, snoozed ones too");
    let all = disagreements::look(&*store, Which::Open, at(10)).await.unwrap();
    assert_eq!((all.looked_at, all.complete, all.rows.len()), (4, true, 4));
    let one = &all.rows[0];
    assert_eq!((&one.legacy, &one.model, one.stake), (&rep("legacy"), &rep("best"), Some(0.25)));
    assert_eq!((one.cause, one.decisions), (Cause::TooFewDeals, 0));
    let named = roster().name_of("best").unwrap_or("best").to_owned();
    assert_eq!(one.model_name, named);
}

async fn only_leads_whose_owners_differ_are_told_of(store: Arc<dyn Store>) {
    waits(&*store, "A", 1.0).await;
    take_in(&*store, vec![receive(raw("B", 0, rep("best"))), receive(raw("C", 0, queue("best")))], 0).await;
    take_in(&*store, vec![receive(raw("D", 0, rep("mq"))), receive(raw("E", 0, rep("x")))], 0).await;
    let to_manager = |lead| {
        let mut one = ranked(lead, 0, Lane::Exceptions, 1.0, 1);
        one.recommendation.route = Route::ManagerQueue(QueueId::new("mq"));
        one
    };
    let all = vec![
        ranked("B", 0, Lane::Fast, 1.0, 1),
        ranked("C", 0, Lane::Disagree, 1.0, 1),
        to_manager("D"),
        ranked("E", 0, Lane::Disagree, 1.0, 1),
    ];
    assert_eq!(store.save_rankings(all).await.unwrap(), 4);
    store.decide(decision("E", 0, 5, true)).await.unwrap();
    let page = store.open_differing(None, 10).await.unwrap();
    let told: Vec<(&str, bool)> = page.iter().map(|one| (one.place.id.as_str(), one.differs.is_some())).collect();
    // One id may be that of a queue and of a rep; E waits no more.
    assert_eq!(told, [("A", true), ("B", false), ("C", true), ("D", true)]);
    let c = page[2].differs.as_ref().unwrap();
    assert_eq!((&c.legacy, c.legacy_name.as_str()), (&queue("best"), "best"), "who is unknown is called by id");
    assert!(c.ranking.is_some() && c.decision.is_none());
}

async fn decisions_are_walked_from_the_newest_on(store: Arc<dyn Store>) {
    for (n, lead) in ["A", "B", "C"].into_iter().enumerate() {
        in_lane(&*store, lead).await;
        let seconds = 100 * (n as i64 + 1);
        let mut new = decision(lead, 0, seconds, true);
        new.decision.trace_id = trace(7_000 + n as u128);
        new.effect = None;
        assert_eq!(store.decide(new).await.unwrap(), leadboard::app::ports::DecideOutcome::Taken, "{lead}");
    }
    let first = store.decided_differing(None, 2).await.unwrap();
    let rest = store.decided_differing(Some(first[1].place.0), 2).await.unwrap();
    let seen: Vec<_> = first.iter().chain(&rest).map(|one| one.differs.as_ref().unwrap().lead.to_string()).collect();
    assert_eq!(seen, ["C", "B", "A"]);
    let one = first[0].differs.as_ref().unwrap();
    assert_eq!(one.decision.as_ref().map(|made| made.rejection.as_ref().unwrap().code), Some(ReasonCode::O.into()));
    assert_eq!((one.decisions, one.legacy.clone(), first[0].place.1), (1, rep("legacy"), at(300)));
    // So many days back from a moment, and no more.
    let days = |seconds: i64| disagreements::look(&*store, Which::Decided { days: 1 }, at(86_400 + seconds));
    assert_eq!(days(150).await.unwrap().rows.len(), 2);
    let all = days(50).await.unwrap();
    assert_eq!((all.rows.len(), all.total().other, all.complete), (3, 3, true));
}

async fn only_verdicts_that_stand_are_told_of(store: Arc<dyn Store>) {
    for lead in ["A", "B", "C", "D"] {
        in_lane(&*store, lead).await;
    }
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    store.undo(&id("A"), "Ana", at(6)).await.unwrap();
    let mut automatic = decision("B", 0, 5, true);
    automatic.decision.by = DecidedBy::Automatic;
    store.decide(automatic).await.unwrap();
    let mut many = decision("C", 0, 5, true);
    many.decision.verdict = Verdict::Backfill { run: 1 };
    store.decide(many).await.unwrap();
    store.decide(decision("D", 0, 5, true)).await.unwrap();
    let page = store.decided_differing(None, 10).await.unwrap();
    let told: Vec<String> =
        page.iter().filter_map(|one| one.differs.as_ref()).map(|one| one.lead.to_string()).collect();
    assert_eq!((page.len(), told), (4, vec!["D".to_owned()]), "nobody judged the others");
}

async fn the_newest_ranking_comes_with_what_it_was_made_from(store: Arc<dyn Store>) {
    assert_eq!(store.newest_ranking(&id("A")).await.unwrap(), None);
    take_in(&*store, vec![receive(raw("A", 0, rep("legacy")))], 0).await;
    assert_eq!(store.newest_ranking(&id("A")).await.unwrap(), None, "not ranked yet");
    store.save_rankings(vec![ranked("A", 0, Lane::Fast, 1.0, 1)]).await.unwrap();
    take_in(&*store, vec![refresh(raw("A", 50, rep("legacy")), true)], 50).await;
    store.save_rankings(vec![ranked("A", 50, Lane::Fast, 1.0, 60)]).await.unwrap();
    let newest = store.newest_ranking(&id("A")).await.unwrap().unwrap();
    assert_eq!((newest.ranked_at, newest.modstamp, newest.legacy.clone()), (at(60), at(50), rep("legacy")));
    let made = decision("A", 0, 70, true);
    store.decide(made.clone()).await.unwrap();
    assert_eq!(
        store.ranking_of(made.decision.trace_id).await.unwrap(),
        Some(newest),
        "that of the decision is the same"
    );
}
