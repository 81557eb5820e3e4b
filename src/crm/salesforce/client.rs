//! Data calls: the headers every call carries, one renewal of the session, retries where they are safe, and the
//! allocation that each answer reports.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, IF_UNMODIFIED_SINCE};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::auth::{Auth, Session};
use super::errors::{self, Class, Fault, Safety};
use super::http::{self, Answer};
use super::query::LARGEST_PAGE;
use super::wire::ApiVersion;
use super::{Limits, address};
use crate::app::ports::{ApiUsage, Clock};
use crate::config::salesforce as config;

/// Keeps the org's assignment rules asleep. They run on every create *and update* of a lead when this is absent, also
/// when the lead is touched indirectly by a trigger, and would overwrite the owner we set.
pub(super) const AUTO_ASSIGN: (&str, &str) = ("Sforce-Auto-Assign", "FALSE");
/// Names us in the org's change events, so that our own changes can be told apart.
const CALL_OPTIONS: (&str, &str) = ("Sforce-Call-Options", "client=leadboard");
/// Rows we would like on a page; only a hint.
const QUERY_OPTIONS: &str = "Sforce-Query-Options";
/// Allocation used and granted, on every answer but discovery.
const LIMIT_INFO: &str = "Sforce-Limit-Info";
/// How often a safe call is made in all when it meets passing faults.
const TRIES: u32 = 3;

/// What a call is about.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// A resource under `/services/data/{version}/`.
    Data {
        /// Path segments, unescaped.
        path: &'a [&'a str],
        /// Query parameters, unescaped.
        query: &'a [(&'a str, &'a str)],
    },
    /// A `nextRecordsUrl`.
    Locator(&'a str),
}

/// A value with the org's clock at the answer.
pub(super) struct Reply<T> {
    /// What was asked for.
    pub value: T,
    /// The org's clock.
    pub date: Option<DateTime<Utc>>,
}

/// What the org said before any data call.
pub(super) struct Discovery {
    /// The session it was asked with.
    pub session: Arc<Session>,
    /// The org's clock.
    pub date: Option<DateTime<Utc>>,
}

/// The one way to the org's data.
pub(super) struct Client {
    http: reqwest::Client,
    auth: Auth,
    version: String,
    limits: Limits,
    used: AtomicU64,
    limit: AtomicU64,
    calls: AtomicU64,
    /// Since the org said that its allocation is used up: when it may be asked again, and its words.
    closed: Mutex<Option<(Instant, String)>>,
}

impl Client {
    /// Checks the configuration and loads the secrets; sends nothing.
    pub(super) fn new(config: &config::Salesforce, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, Fault> {
        let login = address::login(&config.login_url)?;
        check_version(&config.api_version)?;
        let http = http::client(&login, &limits)?;
        let auth = Auth::new(config, login, http.clone(), clock)?;
        Ok(Self {
            http,
            auth,
            version: config.api_version.clone(),
            limits,
            used: AtomicU64::new(0),
            limit: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            closed: Mutex::default(),
        })
    }

    /// The API version in use, as it stands in paths.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The path of a resource as a composite subrequest wants it: from the root, with the version.
    pub(super) fn path(&self, resource: &str) -> String {
        format!("/services/data/{}/{resource}", self.version)
    }

    /// The allocation as of the last answer.
    pub(super) fn usage(&self) -> ApiUsage {
        ApiUsage {
            used: self.used.load(Ordering::Relaxed),
            limit: self.limit.load(Ordering::Relaxed),
            calls_made: self.calls.load(Ordering::Relaxed),
        }
    }

    /// Logs in if needed, and asks which versions the org speaks. Salesforce does not count this call.
    pub(super) async fn discover(&self) -> Result<Discovery, Fault> {
        let mut patience = Patience::new(&self.limits);
        loop {
            match self.discover_once().await {
                Err(fault) if patience.allows(&fault) => patience.wait().await,
                result => return result,
            }
        }
    }

    async fn discover_once(&self) -> Result<Discovery, Fault> {
        let session = self.auth.session().await?;
        let address = address::join(&session.instance, "/services/data")?;
        let answer = self.exchange(self.http.get(address), Safety::Safe).await?;
        let versions: Vec<ApiVersion> = read_json(&answer, Safety::Safe)?;
        let wanted = self.version.trim_start_matches('v');
        if versions.iter().any(|v| v.version == wanted) {
            return Ok(Discovery { session, date: answer.date() });
        }
        let newest = versions.last().map_or("none", |v| v.version.as_str());
        Err(Fault::new(
            Class::Configuration,
            format!("the org does not offer API version {}; its newest is v{newest}", self.version),
        ))
    }

    /// Reads. Repeated with backoff on passing faults.
    pub(super) async fn read<T: DeserializeOwned>(&self, target: Target<'_>) -> Result<Reply<T>, Fault> {
        self.read_in_pages(target, LARGEST_PAGE).await
    }

    /// Reads, with so many rows to a page if it is a query.
    pub(super) async fn read_in_pages<T: DeserializeOwned>(
        &self,
        target: Target<'_>,
        rows: u32,
    ) -> Result<Reply<T>, Fault> {
        let answer = self.fetch(target, &[(QUERY_OPTIONS, &format!("batchSize={rows}"))]).await?;
        Ok(Reply { value: read_json(&answer, Safety::Safe)?, date: answer.date() })
    }

    /// [`Client::read`] for what is not JSON.
    pub(super) async fn fetch(&self, target: Target<'_>, headers: &[(&str, &str)]) -> Result<Answer, Fault> {
        self.patiently(target, |address| {
            headers.iter().fold(self.http.get(address), |request, (name, value)| request.header(*name, *value))
        })
        .await
    }

    /// Posts a question, which changes nothing and may be repeated.
    pub(super) async fn ask<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Fault> {
        let target = Target::Data { path, query: &[] };
        let answer = self.patiently(target, |address| self.http.post(address).json(body)).await?;
        read_json(&answer, Safety::Safe)
    }

    async fn patiently(&self, target: Target<'_>, request: impl Fn(Url) -> RequestBuilder) -> Result<Answer, Fault> {
        let mut patience = Patience::new(&self.limits);
        loop {
            match self.with_session(Safety::Safe, target, &request).await {
                Err(fault) if patience.allows(&fault) => patience.wait().await,
                answer => return answer,
            }
        }
    }

    /// The bounds of calls.
    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The session, for calls that do not go through here.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        self.auth.session().await
    }

    /// A session newer than one that was refused.
    pub(super) async fn renew(&self, refused: &Session) -> Result<Arc<Session>, Fault> {
        self.auth.renew(refused).await
    }

    /// The user we act as, if the login said it.
    pub(super) async fn user(&self) -> Result<Option<String>, Fault> {
        Ok(self.auth.session().await?.user.clone())
    }

    /// The list of resources: a small answer that carries the allocation as every data call does.
    pub(super) async fn probe(&self) -> Result<(), Fault> {
        let target = Target::Data { path: &[], query: &[] };
        self.with_session(Safety::Safe, target, |address| self.http.get(address)).await.map(drop)
    }

    /// Posts a write. Never repeated here: whether it may be is for the caller to find out.
    pub(super) async fn write<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Fault> {
        let answer = self
            .with_session(Safety::Unsafe, Target::Data { path, query: &[] }, |address| {
                self.http.post(address).header(AUTO_ASSIGN.0, AUTO_ASSIGN.1).json(body)
            })
            .await?;
        read_json(&answer, Safety::Unsafe)
    }

    /// Changes fields of a record if it was not changed since that date. Never repeated here.
    pub(super) async fn update(
        &self,
        path: &[&str],
        unmodified_since: &str,
        body: &impl Serialize,
    ) -> Result<(), Fault> {
        self.with_session(Safety::Unsafe, Target::Data { path, query: &[] }, |address| {
            self.http
                .patch(address)
                .header(AUTO_ASSIGN.0, AUTO_ASSIGN.1)
                .header(IF_UNMODIFIED_SINCE, unmodified_since)
                .json(body)
        })
        .await
        .map(drop)
    }

    /// One call under the session; a refused session is renewed once and the call made once more. A 401 is answered
    /// before anything is done, so this is safe for writes too. It never goes round: an org may refuse fresh tokens
    /// for ever.
    async fn with_session(
        &self,
        safety: Safety,
        target: Target<'_>,
        request: impl Fn(Url) -> RequestBuilder,
    ) -> Result<Answer, Fault> {
        let mut session = self.auth.session().await?;
        let mut renewed = false;
        loop {
            match self.call(&session, safety, target, &request).await {
                Err(fault) if fault.class == Class::SessionExpired && !renewed => {
                    renewed = true;
                    session = self.auth.renew(&session).await?;
                }
                Err(fault) if fault.class == Class::SessionExpired => {
                    return Err(Fault::new(
                        Class::Credentials,
                        format!("a new token was refused as well: {}", fault.message),
                    ));
                }
                result => return result,
            }
        }
    }

    async fn call(
        &self,
        session: &Session,
        safety: Safety,
        target: Target<'_>,
        request: &impl Fn(Url) -> RequestBuilder,
    ) -> Result<Answer, Fault> {
        let address = match target {
            Target::Data { path, query } => address::data(&session.instance, &self.version, path, query)?,
            Target::Locator(next) => address::locator(&session.instance, next)?,
        };
        self.check_open()?;
        let request = request(address).header(AUTHORIZATION, bearer(session)?).header(CALL_OPTIONS.0, CALL_OPTIONS.1);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let result = self.exchange(request, safety).await;
        if let Err(Fault { class: Class::Quota { wait_seconds }, message, .. }) = &result {
            let until = Instant::now() + Duration::from_secs(*wait_seconds);
            *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, message.clone()));
        }
        result
    }

    /// Refuses a call while the org wants none: whoever calls next would only be told the same, and be counted.
    fn check_open(&self) -> Result<(), Fault> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((until, message)) = closed.as_ref() else { return Ok(()) };
        match until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => {
                Err(Fault::new(Class::Quota { wait_seconds: left.as_secs() + 1 }, message.clone()))
            }
            _ => Ok(()),
        }
    }

    /// One exchange. Anything but 2xx is a fault.
    async fn exchange(&self, request: RequestBuilder, safety: Safety) -> Result<Answer, Fault> {
        let answer = http::send(request, self.limits.max_body).await.map_err(|failure| {
            let class = match safety {
                Safety::Unsafe if !failure.not_sent => Class::OutcomeUnknown,
                _ if failure.too_large => Class::TooLarge,
                _ if failure.hopeless => Class::Protocol,
                _ => Class::Transient,
            };
            Fault::new(class, failure.message)
        })?;
        if let Some((used, limit)) = answer.header(LIMIT_INFO).and_then(parse_usage) {
            self.used.store(used, Ordering::Relaxed);
            self.limit.store(limit, Ordering::Relaxed);
        }
        if (200..300).contains(&answer.status) {
            Ok(answer)
        } else {
            Err(errors::classify(safety, answer.status, answer.retry_after(), &answer.body))
        }
    }
}

/// Repeats of a safe call: few, longer apart each time, and never in step with other callers.
struct Patience {
    tries_left: u32,
    wait: Duration,
}

impl Patience {
    fn new(limits: &Limits) -> Self {
        Self { tries_left: TRIES - 1, wait: limits.retry_wait }
    }

    /// Whether the call may be made again; counts it.
    fn allows(&mut self, fault: &Fault) -> bool {
        let again = matches!(fault.class, Class::Transient | Class::Locked) && self.tries_left > 0;
        if again {
            self.tries_left -= 1;
            tracing::debug!(error = %fault.message, "a read met a passing fault and is repeated");
        }
        again
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.wait.mul_f64(rand::random_range(0.5..1.5))).await;
        self.wait = self.wait.saturating_mul(2).min(Duration::from_secs(10));
    }
}

/// `Authorization`, marked so that no layer below logs or indexes it.
fn bearer(session: &Session) -> Result<reqwest::header::HeaderValue, Fault> {
    let mut value = reqwest::header::HeaderValue::try_from(format!("Bearer {}", session.token.expose_secret()))
        .map_err(|_| Fault::new(Class::Protocol, "the token cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads a JSON body. A write that was answered 200 with something else (a maintenance page) may have happened.
fn read_json<T: DeserializeOwned>(answer: &Answer, safety: Safety) -> Result<T, Fault> {
    serde_json::from_slice(&answer.body).map_err(|e| {
        let class = match safety {
            Safety::Safe => Class::Protocol,
            Safety::Unsafe => Class::OutcomeUnknown,
        };
        Fault::new(class, format!("HTTP {} with a body we cannot read: {e}", answer.status))
    })
}

/// `api-usage=18/15000` of `Sforce-Limit-Info`; `per-app-api-usage` may follow.
fn parse_usage(header: &str) -> Option<(u64, u64)> {
    header.split(';').find_map(|part| {
        let (used, limit) = part.trim().strip_prefix("api-usage=")?.split_once('/')?;
        Some((used.trim().parse().ok()?, limit.trim().parse().ok()?))
    })
}

/// `v66.0`, never "latest": a version is what our reading of the wire was made for.
fn check_version(version: &str) -> Result<(), Fault> {
    let number = version.strip_prefix('v').and_then(|v| v.strip_suffix(".0"));
    match number.map(str::parse::<u32>) {
        Some(Ok(31..)) => Ok(()),
        _ => Err(Fault::new(
            Class::Configuration,
            format!("api_version {version:?} is refused: write it as v66.0 (v31.0 is the oldest in service)"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_both_forms_of_the_header() {
        assert_eq!(parse_usage("api-usage=18/15000"), Some((18, 15_000)));
        let per_app = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)";
        assert_eq!(parse_usage(per_app), Some((25, 5_000)));
        assert_eq!(parse_usage("per-app-api-usage=17/250(appName=x)"), None);
        assert_eq!(parse_usage("api-usage=many/5000"), None);
    }

    #[test]
    fn versions_look_like_versions() {
        assert!(check_version("v66.0").is_ok());
        for bad in ["66.0", "latest", "v66", "v66.0/../..", "v30.0", ""] {
            assert!(check_version(bad).is_err(), "{bad}");
        }
    }
}
