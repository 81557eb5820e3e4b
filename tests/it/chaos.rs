//! A bad network between the real worker and what it talks to: the org, and a PostgreSQL.
//!
//! While the network is bad, leads come in, are decided and written. It becomes good again, and in the end every lead must
//! be decided and written once, whatever was heard of it meanwhile.

pub(crate) mod proxy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use leadboard::app::audit_trail;
use leadboard::app::decide::{VerdictRequest, decide};
use leadboard::app::ports::{LeadStore, QueryStore, Store};
use leadboard::crm::salesforce::Limits;
use leadboard::domain::decision::WriteState;
use leadboard::domain::effect::EffectState;
use leadboard::domain::ids::LeadId;
use leadboard::domain::rep::Roster;
use leadboard::domain::verdict::Verdict;
use leadboard::store::{Patience, PostgresStore, SqliteStore};
use leadboard::worker::Worker;
use proxy::{Mood, Proxy, Server};
use serde_json::Value as Json;

use crate::rules::office::Office;
use crate::store_cluster::Database;
use crate::worker::fakes::Desk;

/// Leads that come in before the network turns bad, and as many while it is.
const LEADS: u64 = 4;
/// Pieces of conversation that the network must have harmed.
const HARM: u64 = 6;
/// The longest that a condition may take to come true.
const PATIENCE: Duration = Duration::from_mins(2);
/// As the database is waited for where it is never heard of again: a test need not wait as long as a company should.
const IMPATIENT: Patience =
    Patience { connection: Duration::from_secs(3), sign_of_life: Duration::from_secs(1), call: Duration::from_secs(4) };

struct Company {
    office: Office,
    worker: Worker,
    proxy: Proxy,
    /// The network is before the database, and not before the org.
    database_behind: bool,
}

impl Company {
    /// The network is between the worker and the org.
    async fn with_org_behind() -> Self {
        let mut office = Office::open().await;
        let org = office.org.url().trim_start_matches("http://").to_owned();
        let proxy = Proxy::before(Server::Tcp(org)).await;
        // A minute for a call is right for an org far away, and long for a test.
        let (connect_timeout, call_timeout) = (Duration::from_secs(1), Duration::from_secs(2));
        let limits = Limits { connect_timeout, call_timeout, ..Limits::default() };
        office.connect_within(&format!("http://{}", proxy.address()), limits);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&office.database()).await.unwrap());
        Self::start(office, store, proxy).await
    }

    /// The network is between the worker and its database. `None` where there is no PostgreSQL.
    async fn with_database_behind(patience: Patience) -> Option<Self> {
        let (database, proxy, url) = database_behind().await?;
        let office = Office::open().await;
        let store: Arc<dyn Store> = Arc::new(PostgresStore::open_with(&url, patience).await.unwrap());
        let mut company = Self::start(office, store, proxy).await;
        // Whoever looks at the store is not behind the network.
        company.office.store = Arc::new(PostgresStore::open(&database.url).await.unwrap());
        company.database_behind = true;
        Some(company)
    }

    async fn start(mut office: Office, store: Arc<dyn Store>, proxy: Proxy) -> Self {
        let desk = Desk::on(store.clone(), office.settings.clone()).await;
        let (crm, clock) = (office.crm.clone(), office.clock.clone());
        office.store = store.clone();
        let worker = Worker::start(Desk::deps(crm, store, clock, desk.settings));
        Self { office, worker, proxy, database_behind: false }
    }

    /// Waits for something; meanwhile days go by as minutes do, and managers approve whatever waits.
    async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !holds().await {
            assert!(
                started.elapsed() < PATIENCE,
                "in vain: {what}; {:?}, {:?}",
                self.office.counts().await,
                self.worker.health().borrow().loops
            );
            self.approve_all().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.office.wait(1);
        }
    }

    async fn approve_all(&self) {
        for lead_id in self.office.leads().await {
            let (verdict, manager) = (Verdict::Approve, "Ana".to_owned());
            let request = VerdictRequest { lead_id, verdict, rejection: None, manager, seen_decisions: None };
            let (store, clock) = (self.office.store.as_ref(), self.office.clock.as_ref());
            // What is decided already is refused.
            drop(decide(store, clock, &self.office.settings, request).await);
        }
    }

    /// All leads that came in are known, decided and written.
    async fn is_done(&self, leads: u64) -> bool {
        let sum = self.office.counts().await;
        let owed = self.office.store.effect_counts().await.unwrap().pending;
        sum.received == leads && sum.decided == leads && owed == 0
    }

    /// A decision was on its way to the org, whatever became of it, unless a bad network to the database prevents that.
    async fn has_tried(&self) -> bool {
        let states = [EffectState::Ready, EffectState::Leased, EffectState::Done];
        let effects = self.office.store.effects(&states, 100).await.unwrap();
        self.database_behind || effects.iter().any(|effect| effect.attempts > 0)
    }

    /// Bad weather while leads come in and are written; then good weather, and the promise.
    async fn survives(self, mood: Mood) {
        self.office.arrive(LEADS).await;
        self.until("the first leads come", async || self.office.counts().await.received == LEADS).await;
        self.proxy.set(mood);
        self.office.arrive(LEADS).await;
        self.until("the network does harm", async || self.proxy.harmed() >= HARM && self.has_tried().await).await;
        self.proxy.set(Mood::Fine);
        self.until("all is written", async || self.is_done(2 * LEADS).await).await;
        self.check().await;
        self.worker.stop().await;
    }

    async fn check(&self) {
        let store = &self.office.store;
        let journal = self.office.journal().await;
        let of = |kind: &str, lead: &LeadId| {
            journal.iter().filter(|e: &&Json| e["kind"] == kind && e["lead"] == lead.as_str()).count()
        };
        let arrived = journal.iter().filter(|effect| effect["kind"] == "lead_arrived");
        let leads: Vec<LeadId> = arrived.map(|effect| LeadId::new(effect["lead"].as_str().unwrap())).collect();
        assert_eq!(leads.len() as u64, 2 * LEADS);
        for lead in &leads {
            let decision = store.decision_of(lead).await.unwrap().unwrap();
            assert_eq!(decision.write, WriteState::Written, "{decision:?}");
            assert_eq!(self.office.owner(lead).await, decision.owner, "{decision:?}");
            let (tasks, moves) = (of("task_created", lead), of("owner_changed", lead));
            assert_eq!(of("decision_recorded", lead), 1, "{decision:?}");
            assert!(tasks <= 1 && moves <= 1, "{tasks} tasks and {moves} moves: {decision:?}");
        }
        assert_eq!(store.conservation().await.unwrap().lost(), 0);
        while store.seal(512).await.unwrap() > 0 {}
        let trail = audit_trail::verify(store.as_ref(), &[]).await.unwrap();
        assert!(trail.ok && trail.waiting == 0, "{trail:?}");
    }
}

/// A database, the network before it, and its URL there. `None` where there is no PostgreSQL.
pub(crate) async fn database_behind() -> Option<(Database, Proxy, String)> {
    let database = crate::store_cluster::database().await?;
    let (before, place) = database.url.split_once("?host=").unwrap();
    let proxy = Proxy::before(Server::Unix(format!("{place}/.s.PGSQL.5432"))).await;
    let url = format!("{}?sslmode=disable", before.replace("localhost", &proxy.address().to_string()));
    Some((database, proxy, url))
}

macro_rules! survives {
    ($($name:ident: $mood:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            Company::with_org_behind().await.survives($mood).await;
        })*
    };
}

survives! {
    the_org_is_down: Mood::Down;
    the_org_falls_silent_on_open_connections: Mood::Silent;
    the_org_hears_and_is_not_heard: Mood::Unheard;
    answers_are_reset_before_their_first_byte: Mood::ResetAfter(0);
    answers_are_reset_in_their_head: Mood::ResetAfter(60);
    answers_are_reset_in_their_middle: Mood::ResetAfter(400);
    answers_end_before_their_first_byte: Mood::EndsAfter(0);
    answers_end_in_their_head: Mood::EndsAfter(60);
    answers_end_in_their_middle: Mood::EndsAfter(400);
    the_org_is_far_away: Mood::Late(150);
    answers_come_later_than_anybody_waits: Mood::Late(1_500);
    answers_drip: Mood::Drips(3);
}

macro_rules! database_survives {
    ($($name:ident: $mood:expr, $patience:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let Some(company) = Company::with_database_behind($patience).await else { return };
            company.survives($mood).await;
        })*
    };
}

database_survives! {
    the_database_is_down: Mood::Down, Patience::default();
    the_database_falls_silent: Mood::Silent, IMPATIENT;
    the_database_hears_and_is_not_heard: Mood::Unheard, IMPATIENT;
    the_database_is_far_away: Mood::Late(100), Patience::default();
    the_database_breaks_off_before_its_answer: Mood::ResetAfter(0), Patience::default();
    the_database_breaks_off_in_its_answer: Mood::ResetAfter(7), Patience::default();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_heard_of_is_an_error_in_time_and_costs_no_connection() {
    let Some((_database, proxy, url)) = database_behind().await else { return };
    let store = PostgresStore::open_with(&url, IMPATIENT).await.unwrap();
    // More at once than there are connections, some that read and some that write.
    let calls = async || {
        let call = async |n: usize| match n % 2 {
            0 => store.conservation().await.map(drop),
            _ => store.save_roster(&Roster::default(), chrono::DateTime::UNIX_EPOCH).await,
        };
        futures::future::join_all((0..16).map(call)).await
    };
    let all_well = async || calls().await.iter().all(Result::is_ok);
    assert!(all_well().await);
    for mood in [Mood::Silent, Mood::Unheard] {
        proxy.set(mood);
        let asked = Instant::now();
        for answer in calls().await {
            let error = answer.unwrap_err().to_string();
            assert!(error.contains("did not answer within 4 seconds") || error.contains("in time"), "{error}");
        }
        // Whoever got a connection waits for the answer, and the others for a connection. The machine may be busy.
        let took = asked.elapsed();
        assert!(took < 4 * (IMPATIENT.connection + IMPATIENT.call), "{took:?}");
        proxy.set(Mood::Fine);
        let started = Instant::now();
        while !all_well().await {
            assert!(started.elapsed() < PATIENCE, "connections that fell silent are still missing");
        }
    }
    store.close().await;
}
