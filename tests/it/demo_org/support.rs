//! A demo org with a clock in the test's hand, and a client that is logged in.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::ports::Clock;
use leadboard::demo_org::{DemoOrg, DemoOrgConfig, RunningOrg, Source};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value as Json, json};

/// Most bytes of an answer that a test reads.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// A clock that moves when it is told to.
pub(crate) struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-22T09:00:00Z".parse().unwrap())))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A running org and a client of it.
pub(crate) struct Bench {
    pub(crate) org: RunningOrg,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Json,
}

impl Reply {
    /// The first error code of a refusal.
    pub(crate) fn code(&self) -> &str {
        self.body[0]["errorCode"].as_str().unwrap_or_default()
    }
}

pub(crate) fn http() -> reqwest::Client {
    // The client wants a TLS library even where it speaks plain HTTP.
    leadboard::bootstrap::install_crypto();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A small company, which is made at once.
pub(crate) fn small() -> DemoOrgConfig {
    DemoOrgConfig { source: Source::Company { seed: 7, closed_deals: 300 }, ..DemoOrgConfig::default() }
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let mut response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
        assert!(bytes.len() < MAX_ANSWER, "the answer does not end");
    }
    let body = if bytes.is_empty() { Json::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Reply { status, headers, body }
}

impl Bench {
    pub(crate) async fn start(config: DemoOrgConfig) -> Self {
        Self::start_at(config, ManualClock::new()).await
    }

    pub(crate) async fn start_at(config: DemoOrgConfig, clock: Arc<ManualClock>) -> Self {
        let org = DemoOrg::start(config, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let mut bench = Self { org, clock, http: http(), token: String::new() };
        bench.log_in().await;
        bench
    }

    pub(crate) async fn log_in(&mut self) {
        let credentials = self.org.credentials();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &credentials.client_id),
            ("client_secret", &credentials.client_secret),
        ];
        let reply = send(self.http.post(self.address("/services/oauth2/token")).form(&form)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        self.token = reply.body["access_token"].as_str().unwrap().into();
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.org.url())
    }

    /// A request below `/services/data/v66.0`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.address(&format!("/services/data/v66.0{path}"))).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn query(&self, soql: &str) -> Reply {
        send(self.request(Method::GET, "/query").query(&[("q", soql)])).await
    }

    /// The records of a query that must work and fit in one page.
    pub(crate) async fn rows(&self, soql: &str) -> Vec<Json> {
        let reply = self.query(soql).await;
        assert_eq!((reply.status, &reply.body["done"]), (200, &json!(true)), "{soql}: {reply:?}");
        reply.body["records"].as_array().unwrap().clone()
    }

    /// A POST with the assignment rule off.
    pub(crate) async fn create(&self, object: &str, body: &Json) -> Reply {
        let request = self.request(Method::POST, &format!("/sobjects/{object}"));
        send(request.header("Sforce-Auto-Assign", "FALSE").json(body)).await
    }

    /// A PATCH with the assignment rule off.
    pub(crate) async fn update(&self, object: &str, id: &str, body: &Json) -> Reply {
        let request = self.request(Method::PATCH, &format!("/sobjects/{object}/{id}"));
        send(request.header("Sforce-Auto-Assign", "FALSE").json(body)).await
    }

    pub(crate) async fn composite(&self, body: &Json) -> Reply {
        send(self.request(Method::POST, "/composite").json(body)).await
    }

    /// A request below `/demo`, with the admin token.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<&Json>) -> Reply {
        let request = self.http.request(method, self.address(&format!("/demo{path}")));
        let request = request.header("X-Demo-Admin-Token", &self.org.credentials().admin_token);
        let reply = send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await;
        assert!(reply.status < 300, "{path}: {reply:?}");
        reply
    }

    /// So many new leads, by id.
    pub(crate) async fn arrivals(&self, count: usize) -> Vec<String> {
        let reply = self.admin(Method::POST, "/arrivals", Some(&json!({ "count": count }))).await;
        let ids = reply.body["leads"].as_array().unwrap();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// One new lead.
    pub(crate) async fn arrival(&self) -> String {
        self.arrivals(1).await.remove(0)
    }

    pub(crate) async fn field(&self, object: &str, id: &str, field: &str) -> Json {
        let reply = self.get(&format!("/sobjects/{object}/{id}?fields={field}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body[field].clone()
    }

    /// Effects of one kind, oldest first.
    pub(crate) async fn effects(&self, kind: &str) -> Vec<Json> {
        let reply = self.admin(Method::GET, "/journal", None).await;
        let effects = reply.body["effects"].as_array().unwrap();
        effects.iter().filter(|effect| effect["kind"] == kind).cloned().collect()
    }

    /// Active reps of a lead's territory, in order of id.
    pub(crate) async fn team_of(&self, lead: &str) -> Vec<String> {
        let territory = self.field("Lead", lead, "Territory__c").await;
        let territory = territory.as_str().unwrap().replace('\'', "\\'");
        let soql = format!("SELECT Id FROM User WHERE IsActive = true AND Territory__c = '{territory}' ORDER BY Id");
        self.rows(&soql).await.iter().map(|row| row["Id"].as_str().unwrap().to_owned()).collect()
    }

    /// A rep who does not own the lead, but could.
    pub(crate) async fn other_rep(&self, lead: &str) -> String {
        let owner = self.field("Lead", lead, "OwnerId").await;
        self.team_of(lead).await.into_iter().find(|rep| owner != *rep).unwrap()
    }
}
