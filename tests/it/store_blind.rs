//! What managers chose before they saw what was recommended, on every store.

use std::sync::Arc;

use leadboard::app::AppError;
use leadboard::app::blind::choose;
use leadboard::app::ports::{BlindTally, FirstChoice, Store};
use leadboard::domain::decision::DecidedBy;
use leadboard::domain::ids::{QueueId, RepId};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::Owner;
use leadboard::domain::recommendation::Route;
use leadboard::domain::verdict::Verdict;

use crate::routing::FixedClock;
use crate::store_fixtures::*;

on_every_store! {
    a_first_choice_is_made_once_and_stands_beside_what_was_recommended
    nobody_chooses_for_a_lead_that_is_not_as_it_was_shown
    agreement_is_counted_blind_and_in_sight
    what_is_no_manager_s_word_on_a_disagreement_is_not_counted
}

async fn chooses(store: &dyn Store, lead: &str, owner: &Owner, by: &str, seen: u32) -> Result<Owner, AppError> {
    Ok(choose(store, &FixedClock(at(9)), (&id(lead), owner), by, seen).await?.owner)
}

async fn a_first_choice_is_made_once_and_stands_beside_what_was_recommended(store: Arc<dyn Store>) {
    let store = store.as_ref();
    in_lane(store, "A").await;
    assert_eq!(store.lead_detail(&id("A")).await.unwrap().unwrap().first_choice, None);
    assert_eq!(chooses(store, "A", &rep("legacy"), "Ana", 0).await.unwrap(), rep("legacy"));
    // Whoever is slower, or did not hear the answer, gets the choice that stands.
    assert_eq!(chooses(store, "A", &rep("best"), "Ben", 0).await.unwrap(), rep("legacy"));
    let detail = store.lead_detail(&id("A")).await.unwrap().unwrap();
    let choice = detail.first_choice.unwrap();
    let second = FirstChoice { manager: "Ben".into(), owner: rep("best"), ..choice.clone() };
    assert!(!store.choose_first(&second).await.unwrap(), "by the store's own guard");
    assert_eq!(store.lead_detail(&id("A")).await.unwrap().unwrap().first_choice.as_ref(), Some(&choice));
    assert_eq!((choice.manager.as_str(), &choice.recommended, choice.agrees()), ("Ana", &rep("best"), false));
    let trail = store.audit(Some(&id("A")), 9).await.unwrap();
    let told: Vec<_> = trail.iter().filter(|event| event.what == "lead.chosen_blind").collect();
    assert_eq!((told.len(), told[0].actor.as_str()), (1, "Ana"));

    // After a decision that was taken back it is to be chosen for anew.
    store.decide(decision("A", 0, 10, true)).await.unwrap();
    store.undo(&id("A"), "Ana", at(11)).await.unwrap();
    assert_eq!(store.lead_detail(&id("A")).await.unwrap().unwrap().first_choice, None);
    assert_eq!(chooses(store, "A", &rep("best"), "Ben", 1).await.unwrap(), rep("best"));
}

async fn nobody_chooses_for_a_lead_that_is_not_as_it_was_shown(store: Arc<dyn Store>) {
    let store = store.as_ref();
    in_lane(store, "A").await;
    assert!(matches!(chooses(store, "A", &rep("best"), "Ana", 1).await, Err(AppError::Refused(_))));
    store.decide(decision("A", 0, 10, true)).await.unwrap();
    for seen in [0, 1] {
        assert!(matches!(chooses(store, "A", &rep("best"), "Ana", seen).await, Err(AppError::Refused(_))));
    }
    assert!(matches!(chooses(store, "nobody", &rep("best"), "Ana", 0).await, Err(AppError::Refused(_))));
    assert_eq!(store.blind_tally(at(0)).await.unwrap().chosen, 0);
}

async fn agreement_is_counted_blind_and_in_sight(store: Arc<dyn Store>) {
    let store = store.as_ref();
    // Chosen as recommended; chosen otherwise and gone over; chosen otherwise and kept; chosen and not decided yet.
    for (n, (lead, first, decided)) in [
        ("A", "best", Some("best")),
        ("B", "legacy", Some("best")),
        ("C", "legacy", Some("legacy")),
        ("D", "legacy", None),
    ]
    .into_iter()
    .enumerate()
    {
        in_lane(store, lead).await;
        chooses(store, lead, &rep(first), "Ana", 0).await.unwrap();
        if let Some(owner) = decided {
            decides(store, lead, owner, 20 + n as i64).await;
        }
    }
    // In sight: two as recommended, one otherwise, and one that was taken back.
    for (lead, owner) in [("E", "best"), ("F", "best"), ("G", "legacy"), ("H", "best")] {
        in_lane(store, lead).await;
        decides(store, lead, owner, 30).await;
    }
    store.undo(&id("H"), "Ana", at(31)).await.unwrap();
    // Chosen otherwise, decided, taken back, and chosen anew as recommended: the verdict belongs to the second choice alone.
    in_lane(store, "I").await;
    chooses(store, "I", &rep("legacy"), "Ana", 0).await.unwrap();
    decides(store, "I", "legacy", 20).await;
    store.undo(&id("I"), "Ana", at(21)).await.unwrap();
    chooses(store, "I", &rep("best"), "Ana", 1).await.unwrap();
    let mut again = decision("I", 1, 22, true);
    again.decision.verdict = Verdict::Override { rep: RepId::new("best") };
    store.decide(again).await.unwrap();
    let all = BlindTally { chosen: 6, agreed: 2, differed: 2, went_over: 1, seen: 3, seen_agreed: 2 };
    assert_eq!(store.blind_tally(at(0)).await.unwrap(), all);
    assert_eq!(store.blind_tally(at(99)).await.unwrap(), BlindTally::default());
}

async fn what_is_no_manager_s_word_on_a_disagreement_is_not_counted(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let automatic = |lead: &str| {
        let mut new = decision(lead, 0, 20, true);
        new.decision.by = DecidedBy::Automatic;
        new
    };
    // Chosen otherwise, and then decided by the policy; decided before the choice; decided, written and put back.
    for lead in ["A", "B", "C"] {
        in_lane(store, lead).await;
        chooses(store, lead, &rep("legacy"), "Ana", 0).await.unwrap();
    }
    store.decide(automatic("A")).await.unwrap();
    decides(store, "B", "best", 5).await;
    put_back(store, decision("C", 0, 20, true)).await;
    // In sight: the same, and leads on which model and legacy rules agree, or which were for a queue.
    for lead in ["D", "E"] {
        in_lane(store, lead).await;
    }
    store.decide(automatic("D")).await.unwrap();
    put_back(store, decision("E", 0, 60, true)).await;
    let mut agreed = ranked("F", 0, Lane::Fast, 1.0, 1);
    agreed.recommendation.explanation = "both chose best".into();
    let mut for_queue = ranked("G", 0, Lane::Disagree, 1.0, 1);
    for_queue.recommendation.route = Route::ManagerQueue(QueueId::new("best"));
    for ranking in [agreed, for_queue] {
        take_in(store, vec![receive(raw(ranking.lead_id.as_str(), 0, rep("legacy")))], 0).await;
        let lead = ranking.lead_id.clone();
        assert_eq!(store.save_rankings(vec![ranking]).await.unwrap(), 1);
        decides(store, lead.as_str(), "best", 100).await;
    }
    let mut tally = BlindTally { chosen: 3, ..BlindTally::default() };
    assert_eq!(store.blind_tally(at(0)).await.unwrap(), tally);
    // A queue that is called like the recommended rep is not that rep.
    in_lane(store, "H").await;
    let mut to_queue = decision("H", 0, 100, false);
    (to_queue.decision.owner, to_queue.decision.verdict) =
        (queue("best"), Verdict::Reroute { queue: QueueId::new("best") });
    store.decide(to_queue).await.unwrap();
    tally.seen = 1;
    assert_eq!(store.blind_tally(at(0)).await.unwrap(), tally);
}

async fn decides(store: &dyn Store, lead: &str, owner: &str, seconds: i64) {
    let mut new = decision(lead, 0, seconds, true);
    new.decision.owner = rep(owner);
    new.decision.verdict = Verdict::Override { rep: RepId::new(owner) };
    if let Some(effect) = &mut new.effect {
        effect.owner = rep(owner);
    }
    store.decide(new).await.unwrap();
}
