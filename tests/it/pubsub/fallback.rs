//! The worker that listens. Unless a test says otherwise it polls once an hour, so that whatever is seen soon was seen
//! because of an event.

use std::sync::Arc;
use std::time::Duration;

use leadboard::app::budget::Budget;
use leadboard::app::health::{LoopHealth, LoopState};
use leadboard::app::ports::{Clock, Crm, Store};
use leadboard::domain::ids::LeadId;
use leadboard::policy::Settings;
use leadboard::worker::{Deps, Pace, Worker};
use reqwest::Method;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use super::{PATIENCE, adapter, eventually, injected, lively, turn};
use crate::demo_org::support::{Bench, small};
use crate::store_fixtures::sqlite;

const POLL: &str = "new leads";
const EVENTS: &str = "change events";
const HOUR: Duration = Duration::from_hours(1);

/// An org, a store, and what works between them.
struct Desk {
    bench: Bench,
    store: Arc<dyn Store>,
    _dir: TempDir,
}

impl Desk {
    async fn open(bench: Bench) -> Self {
        let (dir, store) = sqlite().await;
        Self { bench, store, _dir: dir }
    }

    fn start(&self, poll: Duration, change: impl FnOnce(&mut toml::Table)) -> Worker {
        self.start_at((poll, poll), change)
    }

    fn start_at(
        &self,
        (poll, poll_with_events): (Duration, Duration),
        change: impl FnOnce(&mut toml::Table),
    ) -> Worker {
        Worker::start(Deps {
            crm: Arc::new(adapter(&self.bench, change)) as Arc<dyn Crm>,
            store: self.store.clone(),
            clock: Arc::clone(&self.bench.clock) as Arc<dyn Clock>,
            rules: Arc::new(crate::worker::fakes::NoRules),
            settings: Settings::default(),
            manager_queue: "Leadboard_Manager".into(),
            default_queue: "Leadboard_Default".into(),
            pace: Pace { poll, poll_with_events, contacts: HOUR, outcomes: HOUR, roster: HOUR, probe: HOUR },
            drift: leadboard::app::drift::Limits::default(),
            anchor: None,
            budget: Budget::default(),
        })
    }

    /// A lead comes in, and the worker has it.
    async fn sees_an_arrival(&self) {
        let lead = LeadId::new(self.bench.arrival().await);
        self.sees(&lead).await;
    }

    async fn sees(&self, lead: &LeadId) {
        eventually("the worker sees a lead", async || {
            !self.store.leads(std::slice::from_ref(lead)).await.unwrap().is_empty()
        })
        .await;
    }

    /// Until events come, and with them nothing is left to be polled.
    async fn until_heard(&self, worker: &Worker) {
        until(worker, |events| events.state == LoopState::Running).await;
        // The poll that the first message causes.
        self.sees_an_arrival().await;
        self.sees_an_arrival().await;
    }
}

async fn until(worker: &Worker, holds: impl Fn(&LoopHealth) -> bool) {
    let mut health = worker.health();
    let found = health.wait_for(|health| health.loops.iter().any(|one| one.name == EVENTS && holds(one)));
    let found = tokio::time::timeout(PATIENCE, found).await.map(|found| drop(found.unwrap()));
    assert!(found.is_ok(), "in vain: {:?}", worker.health().borrow().loops);
}

/// Until events failed, for this reason, and come again.
async fn until_back(worker: &Worker, why: &str) {
    let says = |one: &LoopHealth| one.last_error.as_ref().is_some_and(|(_, words)| words.contains(why));
    until(worker, |one| says(one)).await;
    until(worker, |one| says(one) && one.state == LoopState::Running).await;
}

#[tokio::test]
async fn a_lead_is_seen_long_before_the_next_poll() {
    let desk = Desk::open(Bench::start(lively()).await).await;
    let worker = desk.start(HOUR, |_| {});
    desk.until_heard(&worker).await;
    for _ in 0..3 {
        desk.sees_an_arrival().await;
    }
    worker.stop().await;
    assert!(desk.store.event_place().await.unwrap().is_some(), "the place is kept");
}

#[tokio::test]
async fn what_changed_before_the_first_message_is_polled_for() {
    let desk = Desk::open(Bench::start(lively()).await).await;
    // A way to the org that is not open yet.
    let way = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", way.local_addr().unwrap());
    let worker = desk.start(HOUR, |events| drop(events.insert("endpoint".into(), address.into())));
    let mut health = worker.health();
    let polled = health.wait_for(|health| health.loops.iter().any(|one| one.name == POLL && one.last_ok.is_some()));
    drop(tokio::time::timeout(PATIENCE, polled).await.unwrap().unwrap());
    let unseen = LeadId::new(desk.bench.arrival().await);
    let org = desk.bench.org.address();
    let forward = tokio::spawn(async move {
        let (mut from, _) = way.accept().await.unwrap();
        let mut to = TcpStream::connect(org).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut from, &mut to).await);
    });
    // Events are heard from now on, and this one was before.
    desk.sees(&unseen).await;
    until(&worker, |events| events.state == LoopState::Running).await;
    worker.stop().await;
    forward.abort();
}

#[tokio::test]
async fn a_stream_that_is_cut_is_polled_for_and_comes_back() {
    let desk = Desk::open(Bench::start(lively()).await).await;
    let worker = desk.start(HOUR, |_| {});
    desk.until_heard(&worker).await;
    turn(&desk.bench, "stream_cut=1").await;
    desk.sees_an_arrival().await;
    until_back(&worker, "the connection was reset").await;
    assert_eq!(injected(&desk.bench, "stream_cut").await, 1);
    desk.sees_an_arrival().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_place_that_the_org_forgot_is_given_up_and_what_lies_between_is_polled() {
    let desk = Desk::open(Bench::start(lively()).await).await;
    let worker = desk.start(HOUR, |_| {});
    desk.until_heard(&worker).await;
    worker.stop().await;
    let before = desk.store.event_place().await.unwrap().unwrap();

    turn(&desk.bench, "stale_replay=1").await;
    let between = LeadId::new(desk.bench.arrival().await);
    let worker = desk.start(HOUR, |_| {});
    until_back(&worker, "forgotten").await;
    desk.sees(&between).await;
    desk.sees_an_arrival().await;
    worker.stop().await;
    assert_ne!(desk.store.event_place().await.unwrap().unwrap(), before);
}

#[tokio::test]
async fn what_the_org_does_not_tell_whole_or_not_at_all_is_polled_for() {
    let desk = Desk::open(Bench::start(lively()).await).await;
    let worker = desk.start_at((HOUR, Duration::from_millis(300)), |_| {});
    until(&worker, |events| events.state == LoopState::Running).await;
    turn(&desk.bench, "event_lost=1").await;
    desk.sees_an_arrival().await;
    assert_eq!(injected(&desk.bench, "event_lost").await, 1);
    worker.stop().await;

    let worker = desk.start(HOUR, |_| {});
    desk.until_heard(&worker).await;
    for gap in ["event_gap=1", "event_overflow=1"] {
        turn(&desk.bench, gap).await;
        desk.sees_an_arrival().await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_session_that_ends_is_renewed() {
    let desk = Desk::open(Bench::start(lively()).await).await;
    let worker = desk.start(HOUR, |_| {});
    desk.until_heard(&worker).await;
    desk.bench.admin(Method::POST, "/expire_tokens", None).await;
    desk.sees_an_arrival().await;
    until_back(&worker, "session").await;
    desk.sees_an_arrival().await;
    worker.stop().await;
}

#[tokio::test]
async fn where_events_are_not_to_be_had_polling_goes_on_at_its_pace() {
    let desk = Desk::open(Bench::start(small()).await).await;
    let often = Duration::from_millis(100);
    let topic = |events: &mut toml::Table| drop(events.insert("topic".into(), "/data/AccountChangeEvent".into()));
    let worker = desk.start_at((often, HOUR), topic);
    until(&worker, |events| events.state == LoopState::Failing).await;
    for _ in 0..3 {
        desk.sees_an_arrival().await;
    }
    worker.stop().await;

    // Nobody there at all.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let worker = desk.start_at((often, HOUR), |events| drop(events.insert("endpoint".into(), address.into())));
    until(&worker, |events| events.last_error.as_ref().is_some_and(|e| e.1.contains("no connection"))).await;
    desk.sees_an_arrival().await;
    worker.stop().await;
}

#[tokio::test]
async fn switched_off_it_connects_to_nothing() {
    let desk = Desk::open(Bench::start(small()).await).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let often = Duration::from_millis(50);
    let worker = desk.start(often, |events| {
        events.insert("enabled".into(), false.into());
        events.insert("endpoint".into(), address.clone().into());
    });
    for _ in 0..3 {
        desk.sees_an_arrival().await;
    }
    assert!(worker.health().borrow().loops.iter().all(|one| one.name != EVENTS));
    worker.stop().await;
    assert!(tokio::time::timeout(Duration::ZERO, listener.accept()).await.is_err(), "somebody called");

    // Switched on it does.
    let worker = desk.start(often, |events| drop(events.insert("endpoint".into(), address.into())));
    tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    drop(listener);
    worker.stop().await;
}
