//! leadboard's use cases on a real store, over the real wire, against a small demo org.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::decide::{VerdictOutcome, VerdictRequest, decide};
use leadboard::app::intake;
use leadboard::app::ports::{Clock, Crm, Store};
use leadboard::app::rank::{Case, Desk, moment, rank};
use leadboard::app::routing::InForce;
use leadboard::app::send::{SendReport, send_due};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::config;
use leadboard::crm::salesforce::{Limits, Salesforce};
use leadboard::demo_org::{DemoOrg, DemoOrgConfig, RunningOrg, Source};
use leadboard::domain::decision::Decision;
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, ModelId, QueueId, RepKey};
use leadboard::domain::lead::{Conservation, LeadRecord, Owner};
use leadboard::domain::ranking::{Interval, Support};
use leadboard::domain::verdict::{Rejection, Verdict};
use leadboard::model::{Explanation, RepScore, Scorer};
use leadboard::policy::route::Situation;
use leadboard::policy::{Queues, Settings};
use leadboard::store::SqliteStore;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A clock that moves when it is told to.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Gives every rep the same chance, and panics on leads of one territory.
pub(crate) struct Stub {
    pub(crate) p_win: f64,
    pub(crate) panics_at: Option<String>,
}

/// Every rep has a good chance.
pub(crate) const GOOD: Stub = Stub { p_win: 0.5, panics_at: None };

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

pub(crate) struct Office {
    dir: TempDir,
    pub(crate) org: RunningOrg,
    pub(crate) crm: Arc<Salesforce>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<Hand>,
    pub(crate) settings: Settings,
    http: reqwest::Client,
}

impl Office {
    /// An org in which no lead has come in yet, and leadboard connected to it.
    pub(crate) async fn open() -> Self {
        leadboard::bootstrap::install_crypto();
        let clock = Arc::new(Hand(Mutex::new("2026-11-22T09:00:00Z".parse().unwrap())));
        let source = Source::Company { seed: 7, closed_deals: 60 };
        let org = DemoOrg::start(DemoOrgConfig { source, ..DemoOrgConfig::default() }, clock.clone()).await.unwrap();
        let config = config::parse(&org.leadboard_config(), "the org's config", &[]).unwrap();
        let crm = Arc::new(Salesforce::new(&config.salesforce.unwrap(), clock.clone()).unwrap());
        let dir = crate::store_fixtures::place();
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

    /// From now on leadboard reaches the org at another address.
    pub(crate) fn connect(&mut self, url: &str) {
        self.connect_within(url, Limits::default());
    }

    /// And waits no longer than this for it.
    pub(crate) fn connect_within(&mut self, url: &str, limits: Limits) {
        let config = self.org.leadboard_config().replace(self.org.url(), url);
        let config = config::parse(&config, "the org's config", &[]).unwrap();
        let crm = Salesforce::with_limits(&config.salesforce.unwrap(), self.clock.clone(), limits).unwrap();
        self.crm = Arc::new(crm);
    }

    pub(crate) fn wait(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("leadboard.db")
    }

    /// As after a crash: the store is opened anew from what is on disk, and stale leases are freed.
    pub(crate) async fn restart(&mut self) {
        self.store = Arc::new(SqliteStore::open(&self.database()).await.unwrap());
        self.store.release_leases().await.unwrap();
    }

    pub(crate) async fn arrive(&self, leads: u64) {
        leadboard::demo::headless::arrive(&self.org, leads).await.unwrap();
        self.wait(5);
    }

    pub(crate) async fn poll(&self) {
        intake::poll_once(self.crm.as_ref(), self.store.as_ref(), self.clock.as_ref()).await.unwrap();
    }

    pub(crate) async fn rank(&self, scorer: &dyn Scorer) {
        let (rules, situation) = (InForce::plain(self.store.roster().await.unwrap()), Situation::default());
        let roster = &rules.roster;
        let queue = |key: &str| roster.queue_by_key(key).unwrap().id.clone();
        let queues = Queues { manager: queue("Leadboard_Manager"), default: queue("Leadboard_Default") };
        let model_id = ModelId::new("m-1");
        let desk = Desk {
            scorer,
            model_id: &model_id,
            cleared: true,
            roster,
            queues: &queues,
            settings: &self.settings,
            moment: &moment(&rules, &situation, self.clock.now()),
        };
        let pending = self.store.pending(100).await.unwrap();
        let ranked = pending.iter().map(|record| rank(&Case::of(record), &desk)).collect();
        self.store.save_rankings(ranked).await.unwrap();
    }

    /// One lead that waits in a lane for a manager.
    pub(crate) async fn one_lead(&self, scorer: &dyn Scorer) -> LeadId {
        self.arrive(1).await;
        self.poll().await;
        self.rank(scorer).await;
        self.leads().await.remove(0)
    }

    /// Every lead there is.
    pub(crate) async fn leads(&self) -> Vec<LeadId> {
        let filter = LeadFilter { include_snoozed: true, ..LeadFilter::default() };
        let page = self.store.queue_page(&filter, &Seek::Top, 100, self.clock.now()).await.unwrap();
        page.rows.into_iter().map(|row| row.id).collect()
    }

    pub(crate) async fn record(&self, lead: &LeadId) -> LeadRecord {
        self.store.leads(std::slice::from_ref(lead)).await.unwrap().remove(0)
    }

    pub(crate) async fn counts(&self) -> Conservation {
        self.store.conservation().await.unwrap()
    }

    pub(crate) async fn say(
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

    pub(crate) async fn approve(&self, lead: &LeadId) -> Decision {
        self.say(lead, Verdict::Approve, None).await.unwrap()
    }

    /// Lets the grace period pass and sends what is due.
    pub(crate) async fn send(&self) -> SendReport {
        self.wait(60);
        send_due(self.crm.as_ref(), self.store.as_ref(), self.clock.as_ref(), "worker", "Leadboard_Default")
            .await
            .unwrap()
    }

    pub(crate) async fn owner(&self, lead: &LeadId) -> Owner {
        self.crm.read_back(std::slice::from_ref(lead)).await.unwrap().remove(0).owner
    }

    /// A rep of the lead's pool who neither owns it nor is recommended: of equals, the stub recommends the first.
    pub(crate) async fn other_rep(&self, lead: &LeadId) -> Owner {
        let detail = self.store.lead_detail(lead).await.unwrap().unwrap();
        let pool = detail.ranking.unwrap().pool.eligible;
        Owner::Rep(pool.into_iter().rfind(|rep| detail.record.lead.owner.rep() != Some(rep)).unwrap())
    }

    pub(crate) async fn queue(&self, key: &str) -> QueueId {
        self.store.roster().await.unwrap().queue_by_key(key).unwrap().id.clone()
    }

    /// A person moves a lead in the CRM.
    pub(crate) async fn person_moves(&self, lead: &LeadId, owner: &Owner) {
        let body = json!({ "lead": lead.as_str(), "owner": owner.id() });
        self.admin(reqwest::Method::POST, "owner", Some(body)).await;
        self.wait(5);
    }

    /// Whoever has the lead calls it, and completes their task.
    pub(crate) async fn rep_calls(&self, lead: &LeadId) {
        self.person(lead, "call").await;
    }

    /// Whoever has the lead does something to it.
    pub(crate) async fn person(&self, lead: &LeadId, act: &str) {
        let deed = json!({ "lead": lead.as_str(), "act": act });
        assert_eq!(self.admin(reqwest::Method::POST, "person", Some(deed)).await["done"], true);
        self.wait(5);
    }

    /// Somebody logs a call with the lead, whoever has it.
    pub(crate) async fn log_call(&self, lead: &LeadId, by: &Owner) {
        let call = json!({ "lead": lead.as_str(), "owner": by.id() });
        self.admin(reqwest::Method::POST, "call", Some(call)).await;
        self.wait(5);
    }

    /// A rep of the lead's pool besides this one.
    pub(crate) async fn taker(&self, lead: &LeadId, besides: &Owner) -> Owner {
        let detail = self.store.lead_detail(lead).await.unwrap().unwrap();
        let pool = detail.ranking.unwrap().pool.eligible;
        Owner::Rep(pool.into_iter().find(|rep| besides.rep() != Some(rep)).unwrap())
    }

    /// A rep enters a meeting with the lead into their calendar.
    pub(crate) async fn meeting(&self, lead: &LeadId, owner: &Owner, start: DateTime<Utc>) {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (start, end) = (time(start), time(start + TimeDelta::minutes(30)));
        let body = json!({ "lead": lead.as_str(), "owner": owner.id(), "start": start, "end": end });
        self.admin(reqwest::Method::POST, "meeting", Some(body)).await;
    }

    /// Calls that leadboard made.
    pub(crate) fn calls(&self) -> u64 {
        self.crm.usage().calls_made
    }

    /// The lead that arrived last, whether leadboard has seen it or not.
    pub(crate) async fn newest_lead(&self) -> LeadId {
        let journal = self.admin(reqwest::Method::GET, "journal", None).await;
        let arrived = journal["effects"].as_array().unwrap().iter().rfind(|e| e["kind"] == "lead_arrived").unwrap();
        LeadId::new(arrived["lead"].as_str().unwrap())
    }

    /// Somebody deletes a lead in the CRM.
    pub(crate) async fn delete(&self, lead: &LeadId) {
        let credentials = self.org.credentials();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &credentials.client_id),
            ("client_secret", &credentials.client_secret),
        ];
        let token = read(self.http.post(format!("{}/services/oauth2/token", self.org.url())).form(&form)).await;
        let address = format!("{}/services/data/v66.0/sobjects/Lead/{lead}", self.org.url());
        read(self.http.delete(address).bearer_auth(token["access_token"].as_str().unwrap())).await;
    }

    /// All effects that the org noted, in order.
    pub(crate) async fn journal(&self) -> Vec<Json> {
        match self.admin(reqwest::Method::GET, "journal", None).await["effects"].take() {
            Json::Array(effects) => effects,
            other => panic!("the journal is {other}"),
        }
    }

    /// What the org saw beside arrivals: (kind, who caused it), in order.
    pub(crate) async fn effects(&self) -> Vec<(String, String)> {
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
        read(request).await
    }
}

/// What is answered to a request that must work.
async fn read(request: reqwest::RequestBuilder) -> Json {
    let mut response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{response:?}");
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    if bytes.is_empty() { Json::Null } else { serde_json::from_slice(&bytes).unwrap() }
}
