//! The background worker with a CRM in the test's hand and the real store: faults stay where they are, and what must
//! never be sent never is.

mod companies;
mod contacts;
pub(crate) mod fakes;
mod team;

use std::sync::Arc;

use chrono::TimeDelta;
use fakes::{Desk, Fault, Written, applied, eventually, lead, ranked_by};
use leadboard::app::AppError;
use leadboard::app::budget::ApiStage;
use leadboard::app::decide::{TakenBack, VerdictOutcome, VerdictRequest, decide, undo};
use leadboard::app::health::LoopState;
use leadboard::app::ports::{CrmError, Store, WriteOutcome};
use leadboard::app::replay::replay;
use leadboard::domain::decision::WriteState;
use leadboard::domain::effect::{DecisionWrite, EffectCounts, EffectState};
use leadboard::domain::ids::RepId;
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::recommendation::{Route, RouteReason};
use leadboard::domain::verdict::Verdict;
use leadboard::policy::Settings;
use leadboard::worker::lock::WorkerLock;
use leadboard::worker::{Deps, Worker};

use crate::store_fixtures::{at, id, place, raw, record, rep, sqlite};

/// The loops, as the health names them.
const POLL: &str = "new leads";
pub(crate) const SEND: &str = "writing to the CRM";
const RULES: &str = "routing rules";

pub(crate) fn no_grace() -> Settings {
    Settings { grace: TimeDelta::zero(), ..Settings::default() }
}

pub(crate) fn approve(lead: &str) -> VerdictRequest {
    VerdictRequest {
        lead_id: id(lead),
        verdict: Verdict::Approve,
        rejection: None,
        manager: "Ana".into(),
        seen_decisions: None,
    }
}

async fn conserved(store: &Arc<dyn Store>) {
    let sum = store.conservation().await.unwrap();
    assert_eq!(sum.lost(), 0, "{sum:?}");
}

#[tokio::test]
async fn a_panic_in_one_loop_stops_no_other_and_is_seen_until_it_is_over() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;

    desk.crm.fail_polls(Some(Fault::Panic("a bug in polling")));
    desk.until_loop(&worker, POLL, LoopState::Failing, "a bug in polling").await;
    desk.crm.arrive(lead("b"));
    desk.decide(approve("a")).await;
    desk.until_write("a", WriteState::Written).await;
    desk.until_loop(&worker, SEND, LoopState::Running, "").await;

    desk.crm.fail_polls(None);
    desk.until_state("b", LeadState::InLane).await;
    desk.until_loop(&worker, POLL, LoopState::Running, "a bug in polling").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_mistake_in_the_rules_is_shown_until_it_is_mended() {
    let desk = Desk::open(no_grace()).await;
    let rules = Arc::new(Written::default());
    let deps = Desk::deps(desk.crm.clone(), desk.store.clone(), desk.clock.clone(), no_grace());
    rules.says("[capacity]\nper_day = 5");
    let worker = Worker::start(Deps { rules: rules.clone(), ..deps });
    desk.crm.arrive(lead("a"));
    desk.until_state("a", LeadState::InLane).await;
    rules.says("[capacity]\nper_day = true");
    desk.until_loop(&worker, RULES, LoopState::Failing, "routing.toml:3").await;
    let version = desk.store.rulebook().await.unwrap().unwrap().version;
    // What is being judged is the text, so the store that changes meanwhile makes no difference.
    desk.crm.arrive(lead("b"));
    desk.until_state("b", LeadState::InLane).await;
    desk.until_loop(&worker, RULES, LoopState::Failing, "routing.toml:3").await;
    assert_eq!(desk.store.rulebook().await.unwrap().unwrap().version, version);
    rules.says("[capacity]\nper_day = 6");
    desk.until_loop(&worker, RULES, LoopState::Running, "routing.toml:3").await;
    assert_ne!(desk.store.rulebook().await.unwrap().unwrap().version, version);
    worker.stop().await;
}

/// Two leads at once, a place of each rep: the worker gives them together, and each can be made again by itself.
#[tokio::test]
async fn leads_that_come_together_are_given_together_and_replayed() {
    let desk = Desk::open(no_grace()).await;
    let rules = Arc::new(Written::default());
    let deps = Desk::deps(desk.crm.clone(), desk.store.clone(), desk.clock.clone(), no_grace());
    rules.says("[capacity]\nper_day = 1");
    for name in ["a", "b"] {
        desk.crm.arrive(lead(name));
    }
    let worker = Worker::start(Deps { rules: rules.clone(), ..deps });
    let mut owners = Vec::new();
    for name in ["a", "b"] {
        desk.until_state(name, LeadState::InLane).await;
        let outcome = decide(desk.store.as_ref(), desk.clock.as_ref(), &no_grace(), approve(name)).await.unwrap();
        let VerdictOutcome::Decided { decision, .. } = outcome else { panic!("{outcome:?}") };
        let replay = replay(desk.store.as_ref(), decision.trace_id).await.unwrap();
        assert!(replay.equal, "{:?}", replay.differences);
        owners.push(decision.owner);
    }
    owners.sort_by_key(|owner| owner.id().to_owned());
    assert_eq!(owners, [rep("best"), rep("legacy")]);
    conserved(&desk.store).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_lead_that_panics_in_scoring_goes_to_the_sync_lane_alone() {
    let (_dir, store) = sqlite().await;
    let ranked = ranked_by(store.as_ref(), &["a", "poison", "b"], |facts| {
        assert!(facts.source.as_deref() != Some("poison"), "the model met a poisoned lead");
    })
    .await;
    let of = |lead: &str| ranked.iter().find(|r| r.lead_id == id(lead)).unwrap();
    for healthy in ["a", "b"] {
        assert!(of(healthy).ranking.is_some());
        assert_eq!(of(healthy).lane, Lane::Fast);
    }
    let poisoned = of("poison");
    assert!(poisoned.ranking.is_none());
    assert_eq!(poisoned.lane, Lane::Sync);
    assert_eq!(poisoned.recommendation.reason, RouteReason::TechnicalFailure);
    assert!(matches!(poisoned.recommendation.route, Route::DefaultQueue(_)));
    assert!(poisoned.recommendation.explanation.contains("the model met a poisoned lead"));

    // And all three are in lanes: the one is seen, the others did not wait for it.
    assert_eq!(store.save_rankings(ranked).await.unwrap(), 3);
    let counts = store.lane_counts(at(100)).await.unwrap();
    assert_eq!((counts.of(Lane::Fast), counts.of(Lane::Sync)), (2, 1));
    conserved(&store).await;
}

#[tokio::test]
async fn a_call_that_takes_longer_than_its_lease_is_not_begun_a_second_time() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;
    let gate = desk.crm.hold_writes();
    desk.decide(approve("a")).await;
    desk.until_tries(1).await;
    // Two leases long, and kept alive in between.
    for _ in 0..3 {
        let due = desk.store.next_effect_at().await.unwrap();
        eventually("the lease is kept alive", async || desk.store.next_effect_at().await.unwrap() > due).await;
        desk.clock.advance(TimeDelta::seconds(10));
    }
    desk.until_polls(3).await;
    assert_eq!(desk.crm.tries(), 1);
    gate.add_permits(1);
    desk.until_write("a", WriteState::Written).await;
    assert_eq!(desk.crm.accepted(), ["a"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_crm_that_fails_for_a_while_gets_every_write_once() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;

    desk.crm.answer(|_| Err(CrmError::Transient("maintenance".into())));
    desk.crm.fail_polls(Some(Fault::Error(CrmError::Transient("maintenance".into()))));
    desk.decide(approve("a")).await;
    desk.until_loop(&worker, SEND, LoopState::Failing, "maintenance").await;
    desk.until_loop(&worker, POLL, LoopState::Failing, "maintenance").await;
    desk.until_tries(2).await;
    assert_eq!(desk.write_state("a").await, WriteState::Waiting, "a fault of the moment gives nothing up");

    desk.crm.arrive(lead("b"));
    desk.crm.accept();
    desk.crm.fail_polls(None);
    // The wait after a fault is the outbox's business, so it may pass at once.
    desk.clock.advance(TimeDelta::minutes(1));
    desk.until_write("a", WriteState::Written).await;
    desk.until_state("b", LeadState::InLane).await;
    desk.until_loop(&worker, SEND, LoopState::Running, "maintenance").await;
    desk.until_loop(&worker, POLL, LoopState::Running, "maintenance").await;
    assert_eq!(desk.crm.accepted(), ["a"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_locked_lead_waits_alone() {
    let desk = Desk::open(no_grace()).await;
    let names = ["a", "b", "c", "d", "e", "f"];
    for name in names {
        desk.crm.arrive(lead(name));
    }
    let worker = desk.start();
    let health = worker.health();
    for name in names {
        desk.until_state(name, LeadState::InLane).await;
    }
    let locked = |write: &DecisionWrite| write.lead_id == id("a");
    desk.crm.answer(
        move |write| {
            if locked(write) { Err(CrmError::Locked("UNABLE_TO_LOCK_ROW".into())) } else { applied(write) }
        },
    );
    desk.decide(approve("a")).await;
    // The first wait of the loop would be half a second, and each would be twice the one before.
    for (tries, name) in (1..).zip(&names[1..]) {
        let of_locked = async || desk.store.effects(&[EffectState::Ready], 1).await.unwrap().pop();
        eventually("it was tried again", async || of_locked().await.is_some_and(|effect| effect.attempts >= tries))
            .await;
        desk.decide(approve(name)).await;
        desk.until_write(name, WriteState::Written).await;
        desk.clock.advance(TimeDelta::minutes(10));
    }
    assert_eq!(desk.write_state("a").await, WriteState::Waiting);
    let sending = health.borrow().loops.iter().find(|l| l.name == SEND).unwrap().clone();
    assert_eq!((sending.state, sending.last_error), (LoopState::Running, None), "one lead is no fault of the loop");
    desk.crm.accept();
    desk.until_write("a", WriteState::Written).await;
    assert_eq!(desk.crm.accepted(), ["b", "c", "d", "e", "f", "a"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_used_up_quota_pauses_polling_and_writing_and_costs_no_try() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;

    let quota = |wait_seconds| CrmError::Quota { wait_seconds, message: "daily limit".into() };
    desk.crm.fail_polls(Some(Fault::Error(quota(1))));
    desk.until_loop(&worker, POLL, LoopState::Paused, "daily limit").await;
    desk.crm.fail_polls(None);
    desk.until_loop(&worker, POLL, LoopState::Running, "daily limit").await;

    desk.crm.answer(move |_| Err(quota(1)));
    desk.decide(approve("a")).await;
    desk.until_loop(&worker, SEND, LoopState::Paused, "daily limit").await;
    desk.crm.accept();
    desk.until_write("a", WriteState::Written).await;
    desk.until_loop(&worker, SEND, LoopState::Running, "daily limit").await;
    assert!(desk.crm.tries() >= 2);
    let sent = desk.store.effects(&[EffectState::Done], 1).await.unwrap();
    assert_eq!(sent[0].attempts, 1, "waiting for the quota used up tries");
    worker.stop().await;
}

#[tokio::test]
async fn with_little_of_the_allocation_left_only_decisions_are_sent() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;

    desk.crm.set_used(9_000, 10_000);
    desk.until_loop(&worker, POLL, LoopState::Paused, "9000 of 10000 API calls").await;
    assert_eq!(worker.health().borrow().stage, ApiStage::WritesOnly);
    let (polls, probes) = (desk.crm.polls(), desk.crm.probes());
    desk.crm.arrive(lead("b"));
    desk.decide(approve("a")).await;
    desk.until_write("a", WriteState::Written).await;
    eventually("it is asked now and then", async || desk.crm.probes() >= probes + 3).await;
    assert_eq!(desk.crm.polls(), polls, "reading goes on although the allocation is used up");
    let sent = desk.store.effects(&[EffectState::Done], 1).await.unwrap();
    assert_eq!(sent[0].attempts, 1);

    // Nothing but the probe can tell that calls of yesterday have left the window.
    desk.crm.probe_says(6_000, 10_000);
    desk.until_state("b", LeadState::InLane).await;
    desk.until_loop(&worker, POLL, LoopState::Running, "").await;
    assert_eq!(worker.health().borrow().stage, ApiStage::Normal);
    worker.stop().await;
}

#[tokio::test]
async fn in_the_slow_stage_polling_goes_on_more_slowly() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.set_used(7_000, 10_000);
    let worker = desk.start();
    let mut health = worker.health();
    health.wait_for(|health| health.stage == ApiStage::Slow).await.unwrap();
    // The usual pace of 20 ms, stretched to what 2,000 calls in a day allow: nobody polls a second time in this test.
    desk.crm.arrive(lead("a"));
    eventually("every loop had its turn", async || desk.crm.polls() >= 1).await;
    let polls = desk.crm.polls();
    desk.decide_nothing_for_a_while().await;
    assert_eq!(desk.crm.polls(), polls);
    worker.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_to_an_org_that_is_not_ours() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;
    worker.stop().await;
    desk.decide(approve("a")).await;

    // The next start is pointed at a refreshed sandbox by mistake.
    desk.crm.become_org("another org");
    let worker = desk.start();
    for name in [POLL, SEND, "outcomes", "reps and queues"] {
        desk.until_loop(&worker, name, LoopState::Failing, "belongs to org org").await;
    }
    assert_eq!(desk.crm.tries(), 0, "a decision was sent to another org");
    desk.crm.become_org("org");
    desk.until_write("a", WriteState::Written).await;
    worker.stop().await;
}

#[tokio::test]
async fn without_a_verdict_nothing_is_ever_sent() {
    let desk = Desk::open(no_grace()).await;
    for name in ["a", "b", "c"] {
        desk.crm.arrive(lead(name));
    }
    let worker = desk.start();
    for name in ["a", "b", "c"] {
        desk.until_state(name, LeadState::InLane).await;
    }
    // Long after every deadline, and many rounds of the worker later.
    desk.clock.advance(TimeDelta::days(30));
    desk.until_polls(5).await;
    assert_eq!(desk.crm.tries(), 0);
    assert_eq!(desk.store.effect_counts().await.unwrap(), EffectCounts::default());

    // Not because nothing could be: one verdict sends one write.
    desk.decide(approve("b")).await;
    desk.until_write("b", WriteState::Written).await;
    desk.until_polls(5).await;
    assert_eq!(desk.crm.accepted(), ["b"]);
    worker.stop().await;
}

#[tokio::test]
async fn with_writing_switched_off_a_verdict_is_kept_and_not_sent() {
    let desk = Desk::open(Settings { write_verdicts: false, ..no_grace() }).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;
    desk.decide(approve("a")).await;
    desk.clock.advance(TimeDelta::days(1));
    desk.until_polls(5).await;
    assert_eq!(record(desk.store.as_ref(), "a").await.state, LeadState::Decided);
    assert_eq!(desk.write_state("a").await, WriteState::NotWanted);
    assert_eq!(desk.store.effect_counts().await.unwrap(), EffectCounts::default());
    assert_eq!(desk.crm.tries(), 0);
    conserved(&desk.store).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_person_who_was_faster_wins_whether_polling_or_writing_sees_it_first() {
    let desk = Desk::open(no_grace()).await;
    for name in ["polled", "written", "mine"] {
        desk.crm.arrive(lead(name));
    }
    desk.crm.answer(|write| {
        Ok(if write.lead_id == id("written") {
            WriteOutcome::Superseded { why: "the owner was changed to Eve meanwhile".into() }
        } else {
            WriteOutcome::AlreadyApplied
        })
    });
    let worker = desk.start();
    for name in ["polled", "written", "mine"] {
        desk.until_state(name, LeadState::InLane).await;
    }
    let mut taken = lead("polled");
    taken.owner = Owner::Rep(RepId::new("eve"));
    taken.modified_at += TimeDelta::seconds(5);
    taken.modstamp += TimeDelta::seconds(5);
    desk.crm.arrive(taken);
    desk.until_state("polled", LeadState::Superseded).await;
    let late = decide(desk.store.as_ref(), desk.clock.as_ref(), &desk.settings, approve("polled")).await;
    assert!(matches!(late, Err(AppError::Refused(_))), "a verdict on a lead that a person took");

    desk.decide(approve("written")).await;
    desk.decide(approve("mine")).await;
    desk.until_state("written", LeadState::Superseded).await;
    desk.until_write("written", WriteState::Superseded).await;
    desk.until_write("mine", WriteState::Written).await;

    let tries = desk.crm.tries();
    desk.clock.advance(TimeDelta::days(1));
    desk.until_polls(5).await;
    assert_eq!((tries, desk.crm.tries()), (2, 2), "what a person took is not tried again");
    let sum = desk.store.conservation().await.unwrap();
    assert_eq!((sum.received, sum.decided, sum.superseded, sum.lost()), (3, 1, 2, 0));
    worker.stop().await;
}

#[tokio::test]
async fn what_is_taken_back_in_time_never_reaches_the_crm() {
    let desk = Desk::open(Settings { grace: TimeDelta::hours(1), ..Settings::default() }).await;
    for name in ["back", "kept"] {
        desk.crm.arrive(lead(name));
    }
    let worker = desk.start();
    for name in ["back", "kept"] {
        desk.until_state(name, LeadState::InLane).await;
        desk.decide(approve(name)).await;
    }
    desk.until_polls(5).await;
    assert_eq!(desk.crm.tries(), 0, "sent within the grace period");
    undo(desk.store.as_ref(), desk.clock.as_ref(), &id("back"), "Ana").await.unwrap();
    assert_eq!(record(desk.store.as_ref(), "back").await.state, LeadState::InLane);

    desk.clock.advance(TimeDelta::hours(2));
    desk.until_write("kept", WriteState::Written).await;
    desk.until_polls(5).await;
    assert_eq!(desk.crm.accepted(), ["kept"]);
    let counts = desk.store.effect_counts().await.unwrap();
    assert_eq!((counts.sent, counts.cancelled, counts.pending), (1, 1, 0));

    // Decided anew, it goes under a key of its own: the first one was spent on what was taken back.
    desk.decide(approve("back")).await;
    desk.clock.advance(TimeDelta::hours(2));
    desk.until_write("back", WriteState::Written).await;
    conserved(&desk.store).await;

    // Later than that, it is a decision of its own.
    let late = undo(desk.store.as_ref(), desk.clock.as_ref(), &id("kept"), "Ana").await.unwrap();
    assert!(matches!(late, TakenBack::PutBack { .. }), "{late:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_that_stops_finishes_the_write_under_way() {
    let desk = Desk::open(no_grace()).await;
    desk.crm.arrive(lead("a"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;
    let gate = desk.crm.hold_writes();
    desk.decide(approve("a")).await;
    eventually("the write is under way", async || desk.crm.tries() == 1).await;
    let stopping = tokio::spawn(worker.stop());
    tokio::task::yield_now().await;
    gate.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(desk.write_state("a").await, WriteState::Written, "sent, so it must be booked");
}

#[test]
fn a_data_directory_has_one_worker_at_a_time() {
    let dir = place();
    let path = dir.path().join("worker.lock");
    let first = WorkerLock::take(&path).unwrap();
    assert!(first.is_some());
    assert!(WorkerLock::take(&path).unwrap().is_none(), "two workers on one directory");
    drop(first);
    assert!(WorkerLock::take(&path).unwrap().is_some(), "a worker that ended leaves the directory free");
}

#[tokio::test]
async fn drift_is_watched_without_being_asked_and_after_an_absence() {
    let desk = Desk::open(no_grace()).await;
    let news = (0..120).map(|n| crate::store_fixtures::receive(raw(&format!("lead {n}"), 0, rep("legacy")))).collect();
    crate::store_fixtures::take_in(desk.store.as_ref(), news, 0).await;
    // The worker was down for ten days.
    desk.clock.advance(TimeDelta::days(10));
    let worker = desk.start();
    eventually("a report", async || leadboard::app::drift::newest(desk.store.as_ref()).await.unwrap().is_some()).await;
    let report = leadboard::app::drift::newest(desk.store.as_ref()).await.unwrap().unwrap();
    assert_eq!(report.leads, 120);
    assert_eq!(desk.store.drift_marks(at(0).date_naive()).await.unwrap().len(), 11);
    desk.until_loop(&worker, "drift", LoopState::Running, "").await;
    worker.stop().await;
}
