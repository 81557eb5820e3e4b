//! The judge's door to the demo org.

use reqwest::{Client, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::DemoError;
use crate::demo_org::RunningOrg;
use crate::domain::ids::LeadId;

/// Largest answer that is read: the journal of some ten thousand leads.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Leads asked about at once.
const AT_ONCE: usize = 500;

/// Speaks to `/demo`.
pub(crate) struct Judge {
    client: Client,
    base: String,
    token: String,
}

/// The truth about one lead's pool.
#[derive(Debug, Deserialize)]
pub(crate) struct TruePool {
    /// The best true probability of any rep who may get it.
    pub(crate) best_probability: Option<f64>,
}

/// One thing that happened in the org.
#[derive(Debug, Deserialize)]
pub(crate) struct OrgEffect {
    /// What.
    pub(crate) kind: String,
    /// To which lead.
    pub(crate) lead: Option<String>,
    /// Who caused it, where it matters.
    pub(crate) cause: Option<String>,
}

impl Judge {
    pub(crate) fn new(org: &RunningOrg) -> Self {
        Self::at(org.url(), &org.credentials().admin_token)
    }

    /// Of an org at this address, which may run in another process.
    pub(crate) fn at(url: &str, admin_token: &str) -> Self {
        Self { client: Client::new(), base: format!("{url}/demo"), token: admin_token.to_owned() }
    }

    /// Counts API calls from now on.
    pub(crate) async fn mark(&self) -> Result<(), DemoError> {
        self.call::<Value>(Method::POST, "mark", None).await.map(drop)
    }

    /// API calls since the mark.
    pub(crate) async fn calls(&self) -> Result<u64, DemoError> {
        let stats: Value = self.call(Method::GET, "stats", None).await?;
        let kinds = stats["api_calls"]["since_mark"].as_object().into_iter().flatten();
        Ok(kinds.filter_map(|(_, n)| n.as_u64()).sum())
    }

    /// So many leads more, now.
    pub(crate) async fn arrivals(&self, count: u64) -> Result<(), DemoError> {
        self.call::<Value>(Method::POST, "arrivals", Some(json!({ "count": count }))).await.map(drop)
    }

    /// True probabilities of (lead, owner); `None` for queues.
    pub(crate) async fn truth(&self, pairs: &[(LeadId, String)]) -> Result<Vec<Option<f64>>, DemoError> {
        #[derive(Deserialize)]
        struct Answer {
            probabilities: Vec<Option<f64>>,
        }
        let mut all = Vec::with_capacity(pairs.len());
        for some in pairs.chunks(AT_ONCE) {
            let answer: Answer = self.call(Method::POST, "truth", Some(json!({ "pairs": some }))).await?;
            all.extend(answer.probabilities);
        }
        Ok(all)
    }

    /// The truth about the pools of leads.
    pub(crate) async fn pools(&self, leads: &[LeadId]) -> Result<Vec<TruePool>, DemoError> {
        #[derive(Deserialize)]
        struct Answer {
            pools: Vec<TruePool>,
        }
        let mut all = Vec::with_capacity(leads.len());
        for some in leads.chunks(AT_ONCE) {
            let answer: Answer = self.call(Method::POST, "pools", Some(json!({ "lead_ids": some }))).await?;
            all.extend(answer.pools);
        }
        Ok(all)
    }

    /// Everything that happened in the org, oldest first.
    pub(crate) async fn journal<E: DeserializeOwned>(&self) -> Result<Vec<E>, DemoError> {
        #[derive(Deserialize)]
        struct Answer<E> {
            effects: Vec<E>,
            last: usize,
        }
        let mut all: Vec<E> = Vec::new();
        loop {
            let path = format!("journal?after={}&limit=10000", all.len());
            let answer: Answer<E> = self.call(Method::GET, &path, None).await?;
            all.extend(answer.effects);
            if all.len() >= answer.last {
                return Ok(all);
            }
        }
    }

    /// Asks the org's judge's door.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, DemoError> {
        self.call(Method::GET, path, None).await
    }

    /// Tells the org's judge's door to do something.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, DemoError> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Value>) -> Result<T, DemoError> {
        let failed = |what: String| DemoError::Judge(format!("{path}: {what}"));
        let mut request =
            self.client.request(method, format!("{}/{path}", self.base)).header("X-Demo-Admin-Token", &self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut answer = request.send().await.map_err(|e| failed(e.to_string()))?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| failed(e.to_string()))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ANSWER {
                return Err(failed("the answer is too large".into()));
            }
        }
        if !status.is_success() {
            return Err(failed(format!("{status} {}", String::from_utf8_lossy(&bytes))));
        }
        serde_json::from_slice(&bytes).map_err(|e| failed(e.to_string()))
    }
}
