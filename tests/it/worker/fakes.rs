//! A CRM, a clock and a model in the test's hand.

mod crm;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
pub(crate) use crm::{FakeCrm, Fault, applied};
use leadboard::app::budget::Budget;
use leadboard::app::decide::{VerdictOutcome, VerdictRequest, decide};
use leadboard::app::health::LoopState;
use leadboard::app::ports::{Clock, CompanyAccount, Crm, ModelRow, RankedLead, RawLead, RulesSource, RulesText, Store};
use leadboard::app::rank;
use leadboard::app::routing::InForce;
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::decision::WriteState;
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, ModelId, QueueId, RepKey};
use leadboard::domain::lead::{Lead, LeadState};
use leadboard::domain::ranking::{Interval, Support};
use leadboard::domain::rep::{Queue, Roster};
use leadboard::model::{Explanation, RepScore, Scorer, TrainOptions, train};
use leadboard::policy::route::Situation;
use leadboard::policy::{Queues, Settings};
use leadboard::worker::{Deps, Pace, Worker};
use tempfile::TempDir;

use crate::store_fixtures::{at, id, raw, receive, record, rep, roster, sqlite, take_in};

/// The rep who wins most, and the one whom the legacy rules chose for every lead.
const BEST: &str = "best";
const LEGACY: &str = "legacy";
const MANAGER_QUEUE: &str = "Leadboard_Manager";
const DEFAULT_QUEUE: &str = "Leadboard_Default";
/// The longest that a condition may take to come true.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A new lead. Its source is its name.
pub(crate) fn lead(name: &str) -> Lead {
    let mut lead = raw(name, 0, rep(LEGACY)).lead;
    lead.facts.source = Some(name.to_owned());
    lead
}

/// The clock: goes by itself, and jumps when told to.
pub(crate) struct JumpingClock {
    started: Instant,
    ahead: Mutex<TimeDelta>,
}

impl JumpingClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.ahead.lock().unwrap() += by;
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> DateTime<Utc> {
        at(100) + TimeDelta::from_std(self.started.elapsed()).unwrap() + *self.ahead.lock().unwrap()
    }
}

fn everybody() -> Roster {
    let mut everybody = roster();
    everybody.queues.push(Queue { id: QueueId::new("dq"), name: "Fallback".into(), key: DEFAULT_QUEUE.into() });
    everybody
}

/// A store with a model, a CRM and a clock, ready for a worker.
pub(crate) struct Desk {
    pub(crate) crm: Arc<FakeCrm>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<JumpingClock>,
    pub(crate) settings: Settings,
    pub(crate) rules: Arc<dyn RulesSource>,
    _dir: Option<TempDir>,
}

impl Desk {
    pub(crate) async fn open(settings: Settings) -> Self {
        let (dir, store) = sqlite().await;
        Self { _dir: Some(dir), ..Self::on(store, settings).await }
    }

    /// On an empty store.
    pub(crate) async fn on(store: Arc<dyn Store>, settings: Settings) -> Self {
        let model = ModelId::new("m-1");
        let row = ModelRow {
            id: model.clone(),
            created_at: at(0),
            champion: false,
            promoted_at: None,
            card: serde_json::json!({"clearance": "routes"}),
        };
        store.save_model(&row, artifact()).await.unwrap();
        assert!(store.promote(&model, "test", at(0)).await.unwrap());
        let clock = Arc::new(JumpingClock { started: Instant::now(), ahead: Mutex::default() });
        Self { crm: Arc::new(FakeCrm::new()), store, clock, settings, rules: Arc::new(NoRules), _dir: None }
    }

    pub(crate) fn start(&self) -> Worker {
        let (crm, store, clock) = (self.crm.clone(), self.store.clone(), self.clock.clone());
        let deps = Self::deps(crm, store, clock, self.settings.clone());
        Worker::start(Deps { rules: self.rules.clone(), ..deps })
    }

    /// What a worker works with, looking often.
    pub(crate) fn deps(crm: Arc<dyn Crm>, store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Deps {
        Deps {
            crm,
            store,
            clock,
            rules: Arc::new(NoRules),
            settings,
            manager_queue: MANAGER_QUEUE.into(),
            default_queue: DEFAULT_QUEUE.into(),
            pace: Pace {
                poll: Duration::from_millis(20),
                poll_with_events: Duration::from_hours(1),
                contacts: Duration::from_millis(50),
                outcomes: Duration::from_millis(50),
                roster: Duration::from_mins(5),
                probe: Duration::from_millis(50),
            },
            drift: leadboard::app::drift::Limits::default(),
            anchor: None,
            budget: Budget::default(),
        }
    }

    pub(crate) async fn decide(&self, request: VerdictRequest) {
        let outcome = decide(self.store.as_ref(), self.clock.as_ref(), &self.settings, request).await.unwrap();
        let VerdictOutcome::Decided { decision, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(decision.owner, rep(BEST), "the tests rely on approvals that change the owner");
        assert_eq!(decision.legacy_owner, rep(LEGACY));
    }

    /// Long enough for every loop that does not wait on purpose to go round many times: the writing loop does, since it
    /// is woken by every change.
    pub(crate) async fn decide_nothing_for_a_while(&self) {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How far the write of a lead's standing decision is.
    pub(crate) async fn write_state(&self, lead: &str) -> WriteState {
        self.store.decision_of(&id(lead)).await.unwrap().unwrap().write
    }

    pub(crate) async fn until_write(&self, lead: &str, state: WriteState) {
        eventually(&format!("{lead} is {state}"), async || self.write_state(lead).await == state).await;
    }

    pub(crate) async fn until_state(&self, lead: &str, state: LeadState) {
        eventually(&format!("{lead} is {state}"), async || {
            let known = !self.store.leads(&[id(lead)]).await.unwrap().is_empty();
            known && record(self.store.as_ref(), lead).await.state == state
        })
        .await;
    }

    /// So many polls more, by which every other loop had its turn too.
    pub(crate) async fn until_polls(&self, more: u64) {
        let wanted = self.crm.polls() + more;
        eventually("polls", async || self.crm.polls() >= wanted).await;
    }

    pub(crate) async fn until_tries(&self, wanted: u64) {
        eventually("tries", async || self.crm.tries() >= wanted).await;
    }

    /// Until a loop is so, and its last error says this (anything if empty).
    pub(crate) async fn until_loop(&self, worker: &Worker, name: &str, state: LoopState, error: &str) {
        let mut health = worker.health();
        let found = health.wait_for(|health| {
            let entry = health.loops.iter().find(|l| l.name == name).unwrap();
            entry.state == state && entry.last_error.as_ref().map_or("", |e| e.1.as_str()).contains(error)
        });
        let waited = tokio::time::timeout(PATIENCE, found).await.map(|found| drop(found.unwrap()));
        assert!(waited.is_ok(), "{name} is not {state}, {error:?}: {:?}", worker.health().borrow().loops);
    }
}

/// A model that knows who wins more, trained once.
fn artifact() -> &'static str {
    static ARTIFACT: OnceLock<String> = OnceLock::new();
    ARTIFACT.get_or_init(|| {
        let deals: Vec<Deal> = (0..400).map(deal).collect();
        train(&deals, &TrainOptions::default(), &mut |_| {}, &false.into()).unwrap().artifact
    })
}

/// The best rep wins seven deals of ten, the legacy owner three, in an order without meaning.
fn deal(n: i64) -> Deal {
    let created_at = at(-40_000_000 + n * 86_400);
    let (rep, wins) = if n % 2 == 0 { (BEST, 7) } else { (LEGACY, 3) };
    Deal {
        lead_id: LeadId::new(format!("deal-{n}")),
        rep: RepKey::new(rep),
        facts: LeadFacts { territory: Some("West".into()), ..LeadFacts::empty(created_at) },
        closed_at: created_at + TimeDelta::days(10),
        closed_assumed: false,
        outcome: if (n / 2 * 7) % 10 < wins { Outcome::Won } else { Outcome::Lost },
        closed_amount: None,
    }
}

/// A model that calls something of the test's before it answers.
struct Probe<F>(F);

impl<F: Fn(&LeadFacts) + Send + Sync> Scorer for Probe<F> {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        (self.0)(facts);
        let score = |key: &RepKey| {
            let p_win = if key.as_str() == BEST { 0.6 } else { 0.3 };
            RepScore { p_win, interval: Interval { low: p_win - 0.1, high: p_win + 0.1 }, support: Support::default() }
        };
        reps.iter().map(score).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

/// Receives leads and ranks them as the worker does, with a model that first calls `probe`.
pub(crate) async fn ranked_by(
    store: &dyn Store,
    names: &[&str],
    probe: impl Fn(&LeadFacts) + Send + Sync,
) -> Vec<RankedLead> {
    let news = names.iter().map(|name| receive(RawLead { lead: lead(name), raw: "{}".into() })).collect();
    take_in(store, news, 0).await;
    let (rules, situation) = (InForce::plain(everybody()), Situation::default());
    let desk = rank::Desk {
        moment: &rank::moment(&rules, &situation, at(1)),
        scorer: &Probe(probe),
        model_id: &ModelId::new("m-1"),
        cleared: true,
        roster: &rules.roster,
        queues: &Queues { manager: QueueId::new("mq"), default: QueueId::new("dq") },
        settings: &Settings::default(),
    };
    let pending = store.pending(10).await.unwrap();
    assert_eq!(pending.len(), names.len());
    pending.iter().map(|record| rank::rank(&rank::Case::of(record), &desk)).collect()
}

/// A file of rules that the manager edits.
#[derive(Default)]
pub(crate) struct Written(Mutex<String>);

impl Written {
    /// One that says this.
    pub(crate) fn saying(text: &str) -> Self {
        let file = Self::default();
        file.says(text);
        file
    }

    pub(crate) fn says(&self, text: &str) {
        *self.0.lock().unwrap() = format!("format = 1\n{text}");
    }
}

impl RulesSource for Written {
    fn read(&self) -> Result<Option<RulesText>, String> {
        Ok(Some(RulesText { text: self.0.lock().unwrap().clone(), place: "routing.toml".into() }))
    }

    fn named(&self, file: &str, _: usize) -> Result<String, String> {
        Err(format!("there is no file {file}"))
    }
}

/// A manager who keeps no routing rules.
pub(crate) struct NoRules;

impl RulesSource for NoRules {
    fn read(&self) -> Result<Option<RulesText>, String> {
        Ok(None)
    }

    fn named(&self, file: &str, _: usize) -> Result<String, String> {
        Err(format!("there is no file {file}"))
    }
}

/// An account that a rep owns.
pub(crate) fn account(id: &str, website: &str, owner: &str) -> CompanyAccount {
    CompanyAccount {
        id: id.into(),
        name: format!("Account {id}"),
        website: Some(website.into()),
        owner: Some(rep(owner)),
        customer: true,
        open_deals: 1,
    }
}

/// A lead from a company with this domain.
pub(crate) fn lead_from(name: &str, domain: &str) -> Lead {
    let mut lead = lead(name);
    lead.form.email = Some(format!("{name}@{domain}"));
    lead
}
