//! The kill switch: while it is on nothing reaches the CRM, whoever writes, and what waited goes once when it is off.

use std::sync::Arc;

use leadboard::app::AppError;
use leadboard::app::health::LoopState;
use leadboard::app::ports::{Crm, EffectResult, Stopped, Store};
use leadboard::app::send::send_due;
use leadboard::app::stop;
use leadboard::domain::decision::WriteState;
use leadboard::domain::effect::EffectState;
use leadboard::domain::lead::LeadState;
use leadboard::worker::Worker;

use crate::demo_org::client::adapter;
use crate::demo_org::support::{Bench, small};
use crate::failpoints::brittle::{BrittleStore, Failure, Steps};
use crate::routing::FixedClock;
use crate::store_fixtures::*;
use crate::worker::fakes::{Desk, eventually, lead};
use crate::worker::{SEND, approve, no_grace};

on_every_store! {
    the_switch_is_turned_once_and_the_trail_tells_of_it
    nothing_is_handed_out_while_it_is_on
    what_was_handed_out_before_is_held_back_before_the_call
    verdicts_wait_while_it_is_on_and_go_once
}

fn stopped(seconds: i64, by: &str, why: &str) -> Stopped {
    Stopped { at: at(seconds), by: by.into(), why: why.into() }
}

async fn the_switch_is_turned_once_and_the_trail_tells_of_it(store: Arc<dyn Store>) {
    let store = store.as_ref();
    assert_eq!(store.stopped().await.unwrap(), None);
    assert!(!store.resume_writes("Ana", "why not", at(1)).await.unwrap());
    assert!(store.stop_writes(&stopped(2, "Ana", "wrong owners")).await.unwrap());
    // Who was first stays.
    assert!(!store.stop_writes(&stopped(3, "Bob", "me too")).await.unwrap());
    assert_eq!(store.stopped().await.unwrap(), Some(stopped(2, "Ana", "wrong owners")));
    let again = stop::stop(store, &FixedClock(at(4)), "Bob", "me too").await.unwrap_err().to_string();
    assert!(again.contains("stopped by Ana since") && again.contains("wrong owners"), "{again}");
    assert!(stop::resume(store, &FixedClock(at(5)), "Bob", " ").await.is_err(), "a reason is owed");
    stop::resume(store, &FixedClock(at(5)), "Bob", "rules are mended").await.unwrap();
    assert_eq!(store.stopped().await.unwrap(), None);
    assert!(store.stop_writes(&stopped(6, "Cy", "again")).await.unwrap());

    let mut trail = store.audit(None, 9).await.unwrap();
    trail.reverse();
    let told: Vec<_> = trail.iter().map(|e| (e.what.as_str(), e.actor.as_str(), e.details["why"].as_str())).collect();
    assert_eq!(
        told,
        [
            ("writes.stopped", "Ana", Some("wrong owners")),
            ("writes.resumed", "Bob", Some("rules are mended")),
            ("writes.stopped", "Cy", Some("again")),
        ]
    );
    let totals = store.audit_totals().await.unwrap();
    assert_eq!(totals.seals + totals.waiting, 3, "in the chain like any other");
}

async fn nothing_is_handed_out_while_it_is_on(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for lead in ["A", "B"] {
        in_lane(store, lead).await;
        store.decide(decision(lead, 0, 2, true)).await.unwrap();
    }
    let [on_its_way] = store.claim_effects("w", 1, at(900), at(20)).await.unwrap().try_into().unwrap();
    assert!(store.stop_writes(&stopped(30, "Ana", "wrong owners")).await.unwrap());
    assert_eq!(store.claim_effects("w", 9, at(990), at(40)).await.unwrap(), []);
    let switch = stop::switch(store).await.unwrap();
    assert_eq!((switch.on_their_way, switch.waiting), (1, 1));
    // What was on its way is booked like any other.
    let done = EffectResult::Done { owner_after: None, stamps: None, source: None };
    assert!(store.finish_effect(&on_its_way, done, at(41)).await.unwrap());
    // A lease that ends is not handed out anew either.
    assert_eq!(store.claim_effects("w", 9, at(2_000), at(1_000)).await.unwrap(), []);
    // Taking back is free while it waits.
    let waits = if on_its_way.write.lead_id == id("A") { "B" } else { "A" };
    store.undo(&id(waits), "Ana", at(1_001)).await.unwrap();
    assert_eq!(record(store, waits).await.state, LeadState::InLane);
    store.decide(decision(waits, 1, 1_002, true)).await.unwrap();
    assert!(store.resume_writes("Ana", "mended", at(1_100)).await.unwrap());
    assert_eq!(store.claim_effects("w", 9, at(1_300), at(1_200)).await.unwrap().len(), 1);
}

/// Turns the switch as soon as effects are handed out.
struct TurnedOnceHandedOut(Arc<dyn Store>);

impl Steps for TurnedOnceHandedOut {
    async fn step<T: Send, E: Failure>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let done = call.await;
        if name == "claim_effects" {
            assert!(self.0.stop_writes(&stopped(30, "Ana", "wrong owners")).await.unwrap());
        }
        done
    }
}

/// Somebody turns the switch between the moment in which an effect is handed out and the call.
async fn what_was_handed_out_before_is_held_back_before_the_call(store: Arc<dyn Store>) {
    let late = BrittleStore(store.clone(), Arc::new(TurnedOnceHandedOut(store.clone())));
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 2, true)).await.unwrap();
    let crm = crate::worker::fakes::FakeCrm::new();
    let report = send_due(&crm, &late, &FixedClock(at(40)), "w", "Leadboard_Default").await.unwrap();
    assert_eq!((report.tried, report.done, crm.tries()), (1, 0, 0), "handed out, and not sent");
    let [effect] = store.effects(&[EffectState::Ready], 9).await.unwrap().try_into().unwrap();
    assert_eq!(effect.attempts, 0, "it cost no try");
    assert!(effect.last_error.unwrap().contains("wrong owners"));
    let refused = send_due(&crm, &*store, &FixedClock(at(50)), "w", "Leadboard_Default").await;
    assert!(matches!(refused, Err(AppError::Stopped(_))), "{refused:?}");
    store.resume_writes("Ana", "mended", at(60)).await.unwrap();
    let report = send_due(&crm, &*store, &FixedClock(at(70)), "w", "Leadboard_Default").await.unwrap();
    assert_eq!((report.done, crm.accepted().len()), (1, 1));
}

async fn verdicts_wait_while_it_is_on_and_go_once(store: Arc<dyn Store>) {
    let desk = Desk::on(store, no_grace()).await;
    let (store, clock) = (desk.store.as_ref(), desk.clock.as_ref());
    stop::stop(store, clock, "Ana", "the rules are wrong").await.unwrap();
    let workers = [desk.start(), desk.start()];
    for name in ["a", "b"] {
        desk.crm.arrive(lead(name));
        desk.until_state(name, LeadState::InLane).await;
        desk.decide(approve(name)).await;
    }
    desk.until_loop(&workers[0], SEND, LoopState::Paused, "the rules are wrong").await;
    desk.until_polls(5).await;
    assert_eq!(desk.crm.tries(), 0, "polling and ranking go on, and nothing is written");
    assert_eq!(desk.write_state("a").await, WriteState::Waiting);

    stop::resume(store, clock, "Ana", "the rules are right").await.unwrap();
    for name in ["a", "b"] {
        desk.until_write(name, WriteState::Written).await;
    }
    desk.until_loop(&workers[0], SEND, LoopState::Running, "").await;
    let mut accepted = desk.crm.accepted();
    accepted.sort();
    assert_eq!((accepted, desk.crm.tries()), (vec!["a".to_owned(), "b".to_owned()], 2));
    for worker in workers {
        worker.stop().await;
    }
}

/// Over real sockets: the org's own journal says what reached it.
#[tokio::test]
async fn not_one_write_reaches_the_org_while_it_is_on() {
    let bench = Bench::start(small()).await;
    let crm: Arc<dyn Crm> = Arc::new(adapter(&bench, &bench.org.leadboard_config()));
    let (_dir, store) = sqlite().await;
    let desk = Desk::on(store, no_grace()).await;
    let store = desk.store.as_ref();
    stop::stop(store, desk.clock.as_ref(), "Ana", "the rules are wrong").await.unwrap();
    let deps = || Desk::deps(crm.clone(), desk.store.clone(), bench.clock.clone(), no_grace());
    let worker = Worker::start(deps());
    eventually("the org is known", async || {
        store.org().await.unwrap().is_some() && store.cursor(LEADS).await.unwrap().since.is_some()
    })
    .await;
    bench.clock.advance(60);
    let leads: Vec<_> = bench.arrivals(3).await.iter().map(|lead| id(lead)).collect();
    eventually("all are ranked", async || {
        bench.clock.advance(1);
        let known = store.leads(&leads).await.unwrap();
        known.len() == 3 && known.iter().all(|lead| lead.state == LeadState::InLane)
    })
    .await;
    for lead in &leads {
        let request = leadboard::app::decide::VerdictRequest { lead_id: lead.clone(), ..approve("") };
        leadboard::app::decide::decide(store, bench.clock.as_ref(), &no_grace(), request).await.unwrap();
    }
    desk.until_loop(&worker, SEND, LoopState::Paused, "the rules are wrong").await;
    let effects = || async {
        let journal = bench.admin(reqwest::Method::GET, "/journal", None).await.body;
        journal["effects"].as_array().unwrap().iter().filter(|effect| effect["kind"] != "lead_arrived").count()
    };
    assert_eq!(effects().await, 0);
    // It holds for whoever is started later.
    worker.stop().await;
    let worker = Worker::start(deps());
    desk.until_loop(&worker, SEND, LoopState::Paused, "the rules are wrong").await;
    assert_eq!(effects().await, 0);

    stop::resume(store, desk.clock.as_ref(), "Ana", "the rules are right").await.unwrap();
    eventually("all are written", async || {
        bench.clock.advance(1);
        store.effect_counts().await.unwrap().sent == 3
    })
    .await;
    assert_eq!(bench.effects("decision_recorded").await.len(), 3, "each once");
    worker.stop().await;
}
