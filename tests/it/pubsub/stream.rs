//! What is heard, and from where on.

use std::time::Duration;

use leadboard::app::ports::{
    Crm, CrmError, Cursor, EventPlace, EventsError, Heard, LeadEvents, LeadStream, WriteOutcome,
};
use leadboard::crm::salesforce::{Limits, Salesforce};
use leadboard::demo_org::DemoOrgConfig;
use leadboard::domain::ids::{LeadId, RepId};
use leadboard::domain::lead::Owner;
use reqwest::Method;
use serde_json::json;

use super::{PATIENCE, adapter, adapter_within, injected, lively, turn};
use crate::demo_org::support::{Bench, small};

async fn subscribe(crm: &Salesforce, after: Option<&EventPlace>) -> Box<dyn LeadStream> {
    crm.lead_events().unwrap().subscribe(after).await.unwrap()
}

async fn refusal(crm: &Salesforce, after: Option<&EventPlace>) -> EventsError {
    let events: &dyn LeadEvents = crm.lead_events().unwrap();
    match events.subscribe(after).await {
        Err(error) => error,
        Ok(mut stream) => stream.next().await.unwrap_err(),
    }
}

async fn next(stream: &mut Box<dyn LeadStream>) -> Heard {
    tokio::time::timeout(PATIENCE, stream.next()).await.expect("nothing is heard").unwrap()
}

/// The next leads that are heard of, past signs of life.
async fn leads(stream: &mut Box<dyn LeadStream>) -> Vec<LeadId> {
    loop {
        let heard = next(stream).await;
        assert_eq!(heard.missed, None);
        if !heard.changed.is_empty() {
            return heard.changed;
        }
    }
}

fn id(text: &str) -> LeadId {
    LeadId::new(text)
}

#[tokio::test]
async fn changes_are_heard_that_matter_and_no_others() {
    let bench = Bench::start(lively()).await;
    let crm = adapter(&bench, |_| {});
    let mut stream = subscribe(&crm, None).await;
    let first = next(&mut stream).await;
    assert!(first.changed.is_empty(), "a sign of life: {first:?}");

    let lead = bench.arrival().await;
    assert_eq!(leads(&mut stream).await, [id(&lead)]);

    // Fields that nobody reads, and then one that is read, alone and as a part of the name.
    bench.update("Lead", &lead, &json!({ "Title": "CTO", "Rating": "Hot", "City": "Ulm" })).await;
    let marker = bench.arrival().await;
    assert_eq!(leads(&mut stream).await, [id(&marker)]);
    for change in [
        json!({ "Company": "Other" }),
        json!({ "LastName": "Other" }),
        json!({ "Country": null }),
        json!({ "Description": "Met at the fair." }),
    ] {
        assert_eq!(bench.update("Lead", &lead, &change).await.status, 204);
        assert_eq!(leads(&mut stream).await, [id(&lead)], "{change}");
    }

    // Our own writing.
    let changes = crm.changed_leads(&Cursor::default()).await.unwrap();
    let known = &changes.leads.iter().find(|raw| raw.lead.id == id(&lead)).unwrap().lead;
    let rep = Owner::Rep(RepId::new(bench.other_rep(&lead).await));
    let outcome = crm.apply(&crate::demo_org::client::write(known, rep, "k1")).await.unwrap();
    assert!(matches!(outcome, WriteOutcome::Applied { .. }), "{outcome:?}");
    let marker = bench.arrival().await;
    assert_eq!(leads(&mut stream).await, [id(&marker)]);

    // People.
    bench.admin(Method::POST, "/person", Some(&json!({ "lead": lead, "act": "take" }))).await;
    assert_eq!(leads(&mut stream).await, [id(&lead)]);
    bench.admin(Method::POST, "/person", Some(&json!({ "lead": lead, "act": "delete" }))).await;
    assert_eq!(leads(&mut stream).await, [id(&lead)]);
}

#[tokio::test]
async fn a_place_is_gone_on_from_even_after_the_org_was_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = || DemoOrgConfig { journal: Some(dir.path().join("org")), ..lively() };
    let bench = Bench::start(config()).await;
    let crm = adapter(&bench, |_| {});
    let mut stream = subscribe(&crm, None).await;
    let known = bench.arrival().await;
    let place = loop {
        let heard = next(&mut stream).await;
        if heard.changed == [id(&known)] {
            break heard.place;
        }
    };
    drop(stream);
    let missed = bench.arrival().await;
    assert_eq!(leads(&mut subscribe(&crm, Some(&place)).await).await, [id(&missed)]);
    let mut from_now_on = subscribe(&crm, None).await;
    next(&mut from_now_on).await;
    let later = bench.arrival().await;
    assert_eq!(leads(&mut from_now_on).await, [id(&later)]);

    drop(from_now_on);
    let clock = bench.clock.clone();
    bench.org.shutdown().await;
    let bench = Bench::start_at(config(), clock).await;
    let crm = adapter(&bench, |_| {});
    assert_eq!(leads(&mut subscribe(&crm, Some(&place)).await).await, [id(&missed), id(&later)]);
}

#[tokio::test]
async fn a_place_that_is_none_any_more_is_told_apart() {
    let bench = Bench::start(lively()).await;
    let crm = adapter(&bench, |_| {});
    let place = next(&mut subscribe(&crm, None).await).await.place;
    turn(&bench, "stale_replay=1").await;
    assert!(matches!(refusal(&crm, Some(&place)).await, EventsError::PlaceLost(words) if words.contains("replayid")));
    assert_eq!(injected(&bench, "stale_replay").await, 1);
    next(&mut subscribe(&crm, Some(&place)).await).await;
    // Of the future, of nothing, and of no encoding.
    for other in ["AAAAAAAAA+gAAA==", "", "AAA=", "?"] {
        let error = refusal(&crm, Some(&EventPlace::new(other))).await;
        assert!(matches!(error, EventsError::PlaceLost(_)), "{other}: {error}");
    }
}

#[tokio::test]
async fn more_events_come_than_can_be_asked_for_at_once() {
    let bench = Bench::start(lively()).await;
    let crm = adapter(&bench, |_| {});
    let mut stream = subscribe(&crm, None).await;
    next(&mut stream).await;
    let mut arrived: Vec<LeadId> = bench.arrivals(350).await.iter().map(|lead| id(lead)).collect();
    let mut heard = Vec::new();
    let all = async {
        while heard.len() < arrived.len() {
            heard.extend(leads(&mut stream).await);
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the stream dries up");
    arrived.sort();
    heard.sort();
    assert_eq!(heard, arrived);
}

#[tokio::test]
async fn gaps_name_their_records_and_an_overflow_says_that_something_is_missing() {
    let bench = Bench::start(lively()).await;
    let crm = adapter(&bench, |_| {});
    let lead = bench.arrival().await;
    let mut stream = subscribe(&crm, None).await;
    next(&mut stream).await;
    // Of a field that does not matter, if only it were told.
    turn(&bench, "event_gap=1").await;
    bench.update("Lead", &lead, &json!({ "Rating": "Cold" })).await;
    assert_eq!(leads(&mut stream).await, [id(&lead)]);
    turn(&bench, "event_overflow=1").await;
    bench.update("Lead", &lead, &json!({ "Rating": "Hot" })).await;
    let heard = loop {
        let heard = next(&mut stream).await;
        if heard.missed.is_some() {
            break heard;
        }
    };
    assert!(heard.changed.is_empty(), "{heard:?}");
    turn(&bench, "event_lost=1").await;
    bench.arrival().await;
    let marker = bench.arrival().await;
    assert_eq!(leads(&mut stream).await, [id(&marker)]);
}

#[tokio::test]
async fn a_session_that_ended_ends_the_stream_and_the_next_one_has_a_new_session() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, |_| {});
    let mut stream = subscribe(&crm, None).await;
    bench.admin(Method::POST, "/expire_tokens", None).await;
    bench.arrival().await;
    let error = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap().unwrap_err();
    assert!(matches!(&error, EventsError::Crm(CrmError::Transient(words)) if words.contains("session")), "{error}");
    let mut stream = subscribe(&crm, None).await;
    let lead = bench.arrival().await;
    assert_eq!(leads(&mut stream).await, [id(&lead)]);
}

#[tokio::test]
async fn a_stream_without_a_sign_of_life_is_dead() {
    let bench = Bench::start(small()).await;
    let limits = Limits { event_silence: Duration::from_millis(300), ..Limits::default() };
    let crm = adapter_within(&bench, limits, |_| {});
    let mut stream = subscribe(&crm, None).await;
    let error = tokio::time::timeout(PATIENCE, stream.next()).await.expect("it waits for ever").unwrap_err();
    assert!(matches!(&error, EventsError::Crm(CrmError::Transient(words)) if words.contains("0.3 seconds")), "{error}");
}

#[tokio::test]
async fn what_nobody_may_read_is_a_matter_of_configuration() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, |events| drop(events.insert("topic".into(), "/data/OpportunityChangeEvent".into())));
    let error = refusal(&crm, None).await;
    assert!(matches!(error, EventsError::Crm(CrmError::Configuration(_))), "{error}");
    let crm = adapter(&bench, |events| drop(events.insert("enabled".into(), false.into())));
    assert!(crm.lead_events().is_none());
}
