//! What the screens about reps, scopes and verdicts count, on every store. (First contacts are in `breaching.rs`.)

use std::sync::Arc;

use leadboard::app::ports::{Cursor, RepDeals, Scope, ScopeTally, Store, VerdictTally};
use leadboard::domain::deal::{Deal, LeadOutcome, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepId, RepKey};
use leadboard::domain::verdict::{ReasonCode, Verdict};

use crate::store_fixtures::*;

on_every_store! {
    open_leads_are_those_that_are_still_leads
    deals_count_since_they_closed
    scopes_count_each_lead_once
    verdicts_count_with_what_became_of_them
    a_lead_is_found_by_its_id_or_a_word
}

async fn open_leads_are_those_that_are_still_leads(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for lead in ["A", "B", "C", "D", "E"] {
        in_lane(store, lead).await;
    }
    assert_eq!(store.open_leads(at(-9)).await.unwrap(), [], "a lead in a lane is nobody's yet");
    // A to D are taken by people; of those B is converted, C is no lead any more, D has an outcome.
    let mut readings = Vec::new();
    for lead in ["A", "B", "C", "D"] {
        let mut raw = raw(lead, 5, rep("best"));
        raw.lead.converted = lead == "B";
        raw.lead.form.disqualified = lead == "C";
        readings.push(supersede(raw, "taken"));
    }
    take_in(store, readings, 6).await;
    let won = LeadOutcome {
        lead_id: id("D"),
        rep_id: Some(RepId::new("best")),
        outcome: Some(Outcome::Won),
        closed_at: Some(at(7)),
        amount: None,
    };
    store.save_outcomes(&[won], "outcomes", &Cursor::default(), at(8)).await.unwrap();
    assert_eq!(store.open_leads(at(-9)).await.unwrap(), [(RepId::new("best"), 1)]);
    assert_eq!(store.open_leads(at(1)).await.unwrap(), [], "received before");
}

async fn deals_count_since_they_closed(store: Arc<dyn Store>) {
    let deal = |lead: &str, rep: &str, closed: i64, outcome| Deal {
        lead_id: LeadId::new(lead),
        rep: RepKey::new(rep),
        facts: LeadFacts::empty(at(0)),
        closed_at: at(closed),
        closed_assumed: false,
        outcome,
        closed_amount: None,
    };
    let deals = [
        deal("1", "best", 10, Outcome::Won),
        deal("2", "best", 20, Outcome::Won),
        deal("3", "best", 30, Outcome::Lost),
        deal("4", "legacy", 30, Outcome::Lost),
    ];
    store.save_deals(&deals, "test", at(40)).await.unwrap();
    let closed = store.deals_closed(at(20)).await.unwrap();
    let of = |rep: &str, won, lost| RepDeals { rep: RepKey::new(rep), won, lost };
    assert_eq!(closed, [of("best", 1, 1), of("legacy", 0, 1)]);
}

async fn scopes_count_each_lead_once(store: Arc<dyn Store>) {
    let store = store.as_ref();
    store.save_roster(&roster(), at(0)).await.unwrap();
    for lead in ["A", "B", "C"] {
        in_lane(store, lead).await;
    }
    // Everybody is recommended to `best` and came from the legacy owner; D comes from them already.
    take_in(store, vec![receive(raw("D", 0, rep("best")))], 0).await;
    store.save_rankings(vec![ranked("D", 0, leadboard::domain::lane::Lane::Fast, 1.0, 1)]).await.unwrap();
    take_in(
        store,
        vec![receive({
            let mut unknown = raw("E", 0, rep("best"));
            unknown.lead.facts.source = None;
            unknown
        })],
        0,
    )
    .await;
    let mut approved = decision("A", 0, 2, true);
    (approved.decision.verdict, approved.decision.rejection) = (Verdict::Approve, None);
    store.decide(approved).await.unwrap();
    store.decide(decision("B", 0, 2, true)).await.unwrap();
    store.decide(decision("C", 0, 2, true)).await.unwrap();
    store.undo(&id("C"), "Ana", at(3)).await.unwrap();

    let tally = |name: &str, leads, compared, agree, decided, approved| ScopeTally {
        name: name.into(),
        leads,
        compared,
        agree,
        decided,
        approved,
    };
    let of = async |by| store.scope_tallies(by, at(-1), 9).await.unwrap();
    assert_eq!(of(Scope::Source).await, [tally("Web", 4, 4, 1, 2, 1), tally("", 1, 0, 0, 0, 0)]);
    assert_eq!(of(Scope::Territory).await, [tally("West", 5, 4, 1, 2, 1)]);
    assert_eq!(of(Scope::LegacyOwner).await, [tally("Leo Legacy", 3, 3, 0, 2, 1), tally("Bea Best", 2, 1, 1, 0, 0)]);
    assert_eq!(of(Scope::Recommended).await, [tally("Bea Best", 4, 4, 1, 2, 1), tally("", 1, 0, 0, 0, 0)]);
    assert_eq!(store.scope_tallies(Scope::Source, at(-1), 1).await.unwrap().len(), 1);
    assert_eq!(store.scope_tallies(Scope::Source, at(1), 9).await.unwrap(), []);
}

async fn verdicts_count_with_what_became_of_them(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for (lead, seconds) in [("A", 2), ("B", 3), ("C", 4)] {
        in_lane(store, lead).await;
        store.decide(decision(lead, 0, seconds, true)).await.unwrap();
    }
    store.undo(&id("C"), "Ana", at(5)).await.unwrap();
    let won = LeadOutcome {
        lead_id: id("A"),
        rep_id: None,
        outcome: Some(Outcome::Won),
        closed_at: Some(at(9)),
        amount: None,
    };
    store.save_outcomes(&[won], "outcomes", &Cursor::default(), at(9)).await.unwrap();
    let overrides = |verdicts, won| VerdictTally {
        verdict: "override".into(),
        code: Some(ReasonCode::O.into()),
        verdicts,
        taken_back: 1,
        won,
        lost: 0,
    };
    assert_eq!(store.verdict_tallies(at(0)).await.unwrap(), [overrides(3, 1)]);
    assert_eq!(store.verdict_tallies(at(3)).await.unwrap(), [overrides(2, 0)]);
}

async fn a_lead_is_found_by_its_id_or_a_word(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for (lead, seconds) in [("L1", 1), ("L2", 2), ("L10", 3)] {
        let mut raw = raw(lead, 0, rep("legacy"));
        raw.lead.company = format!("Müller {lead} 100%");
        take_in(store, vec![receive(raw)], seconds).await;
    }
    let find = async |word: &str| -> Vec<String> {
        store.find_leads(word, 2).await.unwrap().into_iter().map(|lead| lead.id.to_string()).collect()
    };
    assert_eq!(find("L1").await, ["L1"], "an id is one lead, though others begin so");
    assert_eq!(find("MÜLLER").await, ["L10", "L2"], "the newest first, bounded");
    assert_eq!(find("100%").await, ["L10", "L2"]);
    assert_eq!(find("_").await, Vec::<String>::new());
}
