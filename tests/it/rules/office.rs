//! leadboard's use cases on a real store, over the real wire, against a small demo org.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::decide::{VerdictOutcome, VerdictRequest, decide};
use leadboard::app::intake;
use leadboard::app::ports::{Clock, Crm, Store};
use leadboard::app::rank::{Case, Desk, rank};
use leadboard::app::send::{SendReport, send_due};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::config;
use leadboard::crm::salesforce::Salesforce;
use leadboard::demo_org::{DemoOrg, DemoOrgConfig, RunningOrg, Source};
use leadboard::domain::decision::Decision;
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, ModelId, QueueId, RepKey};
use leadboard::domain::lead::{Conservation, LeadRecord, Owner};
use leadboard::domain::ranking::{Interval, Support};
use leadboard::domain::verdict::{Rejection, Verdict};
use leadboard::model::{Explanation, RepScore, Scorer};
use leadboard::policy::{Queues, Settings};
use leadboard::store::SqliteStore;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A clock that moves when it is told to.
pub(super) struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Gives every rep the same chance, and panics on leads of one territory.
pub(super) struct Stub {
    pub(super) p_win: f64,
    pub(super) panics_at: Option<String>,
}

/// Every rep has a good chance.
pub(super) const GOOD: Stub = Stub { p_win: 0.5, panics_at: None };

impl Scorer for Stub {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        assert!(self.panics_at.is_none() || facts.territory != self.panics_at, "a model that breaks on this lead");
        let interval = Interval { low: self.p_win / 2.0, high: self.p_win };
        reps.iter().map(|_| RepScore { p_win: self.p_win, interval, support: Support::default() }).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

pub(super) struct Office {
    dir: TempDir,
    pub(super) org: RunningOrg,
    pub(super) crm: Salesforce,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<Hand>,
    pub(super) settings: Settings,
    http: reqwest::Client,
}

impl Office {
    /// An org in which no lead has come in yet, and leadboard connected to it.
    pub(super) async fn open() -> Self {
        leadboard::bootstrap::install_crypto();
        let clock = Arc::new(Hand(Mutex::new("2026-11-22T09:00:00Z".parse().unwrap())));
        let source = Source::Company { seed: 7, closed_deals: 60 };
        let org = DemoOrg::start(DemoOrgConfig { source, ..DemoOrgConfig::default() }, clock.clone()).await.unwrap();
        let config = config::parse(&org.leadboard_config(), "the org's config", &[]).unwrap();
        let crm = Salesforce::new(&config.salesforce.unwrap(), clock.clone()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let office = Self { dir, org, crm, store, clock, settings: Settings::default(), http };
        office.store.bind_org(&office.crm.org().await.unwrap().id).await.unwrap();
        let roster = office.crm.roster().await.unwrap();
        office.store.save_roster(&roster, office.clock.now()).await.unwrap();
        office.poll().await;
        office.wait(5);
        office
    }

    pub(super) fn wait(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    pub(super) fn database(&self) -> PathBuf {
        self.dir.path().join("leadboard.db")
    }

    /// As after a crash: the store is opened anew from what is on disk, and stale leases are freed.
    pub(super) async fn restart(&mut self) {
        self.store = Arc::new(SqliteStore::open(&self.database()).await.unwrap());
        self.store.release_leases().await.unwrap();
    }

    pub(super) async fn arrive(&self, leads: u64) {
        leadboard::demo::headless::arrive(&self.org, leads).await.unwrap();
        self.wait(5);
    }

    pub(super) async fn poll(&self) {
        intake::poll_once(&self.crm, self.store.as_ref(), self.clock.as_ref()).await.unwrap();
    }

    pub(super) async fn rank(&self, scorer: &dyn Scorer) {
        let roster = self.store.roster().await.unwrap();
        let queue = |key: &str| roster.queue_by_key(key).unwrap().id.clone();
        let queues = Queues { manager: queue("Leadboard_Manager"), default: queue("Leadboard_Default") };
        let model_id = ModelId::new("m-1");
        let desk = Desk {
            scorer,
            model_id: &model_id,
            cleared: true,
            roster: &roster,
            queues: &queues,
            settings: &self.settings,
        };
        let pending = self.store.pending(100).await.unwrap();
        let ranked = pending.iter().map(|record| rank(&Case::of(record), &desk, self.clock.now())).collect();
        self.store.save_rankings(ranked).await.unwrap();
    }

    /// One lead that waits in a lane for a manager.
    pub(super) async fn one_lead(&self, scorer: &dyn Scorer) -> LeadId {
        self.arrive(1).await;
        self.poll().await;
        self.rank(scorer).await;
        self.leads().await.remove(0)
    }

    /// Every lead there is.
    pub(super) async fn leads(&self) -> Vec<LeadId> {
        let filter = LeadFilter { include_snoozed: true, ..LeadFilter::default() };
        let page = self.store.queue_page(&filter, &Seek::Top, 100, self.clock.now()).await.unwrap();
        page.rows.into_iter().map(|row| row.id).collect()
    }

    pub(super) async fn record(&self, lead: &LeadId) -> LeadRecord {
        self.store.leads(std::slice::from_ref(lead)).await.unwrap().remove(0)
    }

    pub(super) async fn counts(&self) -> Conservation {
        self.store.conservation().await.unwrap()
    }

    pub(super) async fn say(
        &self,
        lead: &LeadId,
        verdict: Verdict,
        rejection: Option<Rejection>,
    ) -> Result<Decision, String> {
        let request =
            VerdictRequest { lead_id: lead.clone(), verdict, rejection, manager: "Ana".into(), seen_decisions: None };
        match decide(self.store.as_ref(), self.clock.as_ref(), &self.settings, request).await {
            Ok(VerdictOutcome::Decided { decision, .. }) => Ok(*decision),
            Ok(VerdictOutcome::Snoozed { .. }) => panic!("no snooze was asked for"),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) async fn approve(&self, lead: &LeadId) -> Decision {
        self.say(lead, Verdict::Approve, None).await.unwrap()
    }

    /// Lets the grace period pass and sends what is due.
    pub(super) async fn send(&self) -> SendReport {
        self.wait(60);
        send_due(&self.crm, self.store.as_ref(), self.clock.as_ref(), "worker").await.unwrap()
    }

    pub(super) async fn owner(&self, lead: &LeadId) -> Owner {
        self.crm.read_back(std::slice::from_ref(lead)).await.unwrap().remove(0).owner
    }

    /// A rep of the lead's pool who neither owns it nor is recommended: of equals, the stub recommends the first.
    pub(super) async fn other_rep(&self, lead: &LeadId) -> Owner {
        let detail = self.store.lead_detail(lead).await.unwrap().unwrap();
        let pool = detail.ranking.unwrap().pool.eligible;
        Owner::Rep(pool.into_iter().rfind(|rep| detail.record.lead.owner.rep() != Some(rep)).unwrap())
    }

    pub(super) async fn queue(&self, key: &str) -> QueueId {
        self.store.roster().await.unwrap().queue_by_key(key).unwrap().id.clone()
    }

    /// A person moves a lead in the CRM.
    pub(super) async fn person_moves(&self, lead: &LeadId, owner: &Owner) {
        let body = json!({ "lead": lead.as_str(), "owner": owner.id() });
        self.admin(reqwest::Method::POST, "owner", Some(body)).await;
        self.wait(5);
    }

    /// What the org saw beside arrivals: (kind, who caused it), in order.
    pub(super) async fn effects(&self) -> Vec<(String, String)> {
        let journal = self.admin(reqwest::Method::GET, "journal", None).await;
        let text = |effect: &Json, name: &str| effect[name].as_str().unwrap_or_default().to_owned();
        let effects = journal["effects"].as_array().unwrap().iter();
        effects
            .map(|effect| (text(effect, "kind"), text(effect, "cause")))
            .filter(|(kind, _)| ["owner_changed", "decision_recorded", "task_created"].contains(&kind.as_str()))
            .collect()
    }

    async fn admin(&self, method: reqwest::Method, path: &str, body: Option<Json>) -> Json {
        let mut request = self.http.request(method, format!("{}/demo/{path}", self.org.url()));
        request = request.header("X-Demo-Admin-Token", &self.org.credentials().admin_token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {response:?}");
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        if bytes.is_empty() { Json::Null } else { serde_json::from_slice(&bytes).unwrap() }
    }
}
