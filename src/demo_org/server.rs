//! HTTP around the org.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::admin;
use super::auth::{Authority, Tokens, same_secret};
use super::bulk::Jobs;
use super::fault::Fault;
use super::knobs::Knob;
use super::life::Life;
use super::line::Scissors;
use super::meddle;
use super::org::Org;
use super::pubsub::{self, LeadEvents};
use super::rest::{Answer, Call, Locators, Params, RETIRED, Session, VERSIONS};
use super::stamp::Stamp;
use super::usage::Usage;
use super::weather::{self, Inward, Outward};
use super::world::World;
use crate::app::ports::Clock;

/// Largest body of a request, in bytes.
const MAX_BODY: usize = 6 * 1024 * 1024;
/// Largest address, and largest address with headers, in bytes.
const MAX_HEAD: usize = 16_384;

/// Everything that changes, under one lock: requests are short, and the order of changes is the order of the journal.
pub(super) struct State {
    pub(super) org: Org,
    pub(super) tokens: Tokens,
    pub(super) locators: Locators,
    pub(super) jobs: Jobs,
    pub(super) usage: Usage,
    pub(super) life: Life,
}

/// How it answers.
pub(super) struct Manners {
    pub(super) retry_after: Option<u32>,
    pub(super) event_keep_alive: Duration,
    pub(super) closing: CancellationToken,
}

/// What all requests share.
pub(super) struct Server {
    state: Mutex<State>,
    pub(super) world: World,
    pub(super) authority: Authority,
    clock: Arc<dyn Clock>,
    /// `Retry-After` of a refusal for quota, in seconds.
    retry_after: Option<u32>,
    /// Calls whose client was cut off and that are worked on all the same.
    under_way: Arc<AtomicUsize>,
    /// How changes of leads are told, and how often something is said while there are none.
    pub(super) events: LeadEvents,
    pub(super) event_keep_alive: Duration,
    /// Ends open streams.
    pub(super) closing: CancellationToken,
    /// Rung when something may have become due.
    pub(super) changed: Notify,
}

impl Server {
    pub(super) fn new(
        state: State,
        world: World,
        authority: Authority,
        clock: Arc<dyn Clock>,
        events: LeadEvents,
        manners: Manners,
    ) -> Self {
        let Manners { retry_after, event_keep_alive, closing } = manners;
        Self {
            state: Mutex::new(state),
            world,
            authority,
            clock,
            retry_after,
            under_way: Arc::default(),
            events,
            event_keep_alive,
            closing,
            changed: Notify::new(),
        }
    }

    /// The state. A request that panicked has left it whole, because its transaction was rolled back.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The routes. There is one handler, because the data part routes calls inside composites the same way.
    pub(super) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(handle).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(self)
    }

    /// Lets leads arrive and deals end until it is cancelled.
    pub(super) async fn live(self: Arc<Self>, cancel: CancellationToken) {
        loop {
            let (now, next) = {
                let mut guard = self.state();
                let now = self.now();
                let State { org, life, .. } = &mut *guard;
                (now, life.step(org, &self.world, now))
            };
            let next = next.unwrap_or_else(|fault| {
                tracing::error!(code = fault.code, message = fault.message, "the demo org cannot go on by itself");
                None
            });
            let wait = async {
                match next {
                    Some(at) => tokio::time::sleep((at - now).to_std().unwrap_or_default()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.changed.notified() => {}
                () = wait => {}
            }
        }
    }
}

/// A request as it came, whole.
struct Received {
    parts: Parts,
    body: Bytes,
}

impl Received {
    fn incoming(&self) -> Incoming<'_> {
        let uri = &self.parts.uri;
        // Salesforce's own tool writes two slashes after an address that ends in one.
        let slashes = uri.path().len() - uri.path().trim_start_matches('/').len();
        Incoming {
            method: self.parts.method.as_str(),
            path: uri.path().get(slashes.saturating_sub(1)..).unwrap_or_default(),
            query: uri.query().unwrap_or_default(),
            headers: &self.parts.headers,
            body: &self.body,
        }
    }
}

async fn handle(
    Shared(server): Shared<Arc<Server>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    if request.uri().path().starts_with(pubsub::SERVICE) {
        return pubsub::serve(server, request).await;
    }
    let (parts, body) = request.into_parts();
    let head: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let address = parts.uri.path().len() + parts.uri.query().unwrap_or_default().len();
    if address > MAX_HEAD {
        return respond(Fault::new(414, "URI_TOO_LONG", "The URI is too long").into(), None);
    }
    if address + head > MAX_HEAD {
        return respond(Fault::new(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "The headers are too long").into(), None);
    }
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return respond(Fault::new(413, "REQUEST_TOO_LARGE", "The request body is too large").into(), None);
    };
    let received = Received { parts, body };
    let weather = weather::on_the_way_in(&server, &received.incoming());
    match weather {
        Some(Inward::Unavailable) => return weather::unavailable(),
        Some(Inward::Reset) => return weather::cut(&scissors),
        Some(Inward::LateWrite(wait)) => {
            let ticket = server.under_way.clone();
            ticket.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                server.answer(&received.incoming());
                server.changed.notify_one();
                ticket.fetch_sub(1, Ordering::SeqCst);
            });
            return weather::cut(&scissors);
        }
        None => {}
    }
    let incoming = received.incoming();
    let (answer, usage) = server.answer(&incoming);
    if incoming.method != "GET" {
        server.changed.notify_one();
    }
    let mut response = respond(answer, usage);
    // Clients go by the org's clock, which need not be the machine's.
    if let Ok(date) = HeaderValue::from_str(&Stamp::from(server.now()).to_http()) {
        response.headers_mut().insert("date", date);
    }
    match weather::on_the_way_out(&server, &incoming) {
        Some(Outward::CommitThenDrop) => weather::cut(&scissors),
        Some(Outward::Truncated) => weather::truncated(response).await,
        Some(Outward::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            response
        }
        None => response,
    }
}

pub(super) struct Incoming<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

impl Incoming<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What the program calls itself.
    fn client(&self) -> Option<String> {
        let options = self.header("sforce-call-options")?.split(',');
        options.filter_map(|option| option.trim().strip_prefix("client=")).map(str::to_owned).next()
    }

    fn call(&self, version: &str, path: &str) -> Result<Call, Fault> {
        let names = self.headers.iter();
        let headers: BTreeMap<String, String> = names
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(Call::new(self.method, version, path, Params::parse(self.query), headers, self.json()?))
    }

    /// The body, which must be JSON and say so. Bulk data is CSV, and a JSON text here.
    fn json(&self) -> Result<Option<Json>, Fault> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("text/csv") && self.path.contains("/jobs/ingest/") {
            return Ok(Some(String::from_utf8_lossy(self.body).into()));
        }
        if !kind.starts_with("application/json") {
            let message = format!("Content-Type '{kind}' is not supported; use application/json");
            return Err(Fault::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        let parsed = serde_json::from_slice(self.body);
        parsed.map(Some).map_err(|error| Fault::bad("JSON_PARSER_ERROR", error.to_string()))
    }
}

impl Server {
    fn answer(&self, request: &Incoming<'_>) -> (Answer, Option<(u64, u64)>) {
        let path = request.path.trim_end_matches('/');
        if path == "/services/oauth2/token" {
            return (self.token(request), None);
        }
        if path == "/services/oauth2/userinfo" {
            return (self.user_info(request), None);
        }
        if path == "/services/data" {
            let allowed = request.method == "GET";
            let answer = if allowed { versions() } else { Fault::method(request.method, "GET").into() };
            return (answer, None);
        }
        if let Some(rest) = path.strip_prefix("/demo/") {
            return (self.admin(request, rest).unwrap_or_else(Answer::from), None);
        }
        match path.strip_prefix("/services/data/") {
            Some(rest) => self.data(request, rest),
            None => (Fault::not_found().into(), None),
        }
    }

    fn token(&self, request: &Incoming<'_>) -> Answer {
        if request.method != "POST" {
            return Fault::method(request.method, "POST").into();
        }
        let form = Params::parse(&String::from_utf8_lossy(request.body));
        let now = Stamp::from(self.now());
        let mut state = self.state();
        match self.authority.log_in(&form, request.header("authorization"), &mut state.tokens, now) {
            Ok(body) => Answer::ok(body),
            Err(refusal) => Answer { status: refusal.status, headers: Vec::new(), body: Some(refusal.body()) },
        }
    }

    fn user_info(&self, request: &Incoming<'_>) -> Answer {
        let now = Stamp::from(self.now());
        if self.state().tokens.accept(request.header("authorization"), now) {
            Answer::ok(self.authority.user_info())
        } else {
            Answer { status: 403, headers: Vec::new(), body: Some(json!("Bad_OAuth_Token")) }
        }
    }

    fn admin(&self, request: &Incoming<'_>, path: &str) -> Result<Answer, Fault> {
        let token = request.header("x-demo-admin-token").unwrap_or_default();
        if !same_secret(token, &self.authority.credentials.admin_token) {
            return Err(Fault::new(403, "INSUFFICIENT_ACCESS", "the admin token of the demo org is needed"));
        }
        let call = request.call("demo", path)?;
        let mut state = self.state();
        let now = self.now();
        admin::answer(&mut state, &self.world, &call, now, self.under_way.load(Ordering::SeqCst))
    }

    fn out_of_quota(&self, fault: Fault) -> Answer {
        let headers = self.retry_after.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect();
        Answer { headers, ..fault.into() }
    }

    fn data(&self, request: &Incoming<'_>, rest: &str) -> (Answer, Option<(u64, u64)>) {
        let (version, path) = rest.split_once('/').unwrap_or((rest, ""));
        if let Err(fault) = check_version(version) {
            return (fault.into(), None);
        }
        // The moment is taken under the lock, so that a later change never bears an earlier stamp.
        let mut guard = self.state();
        let now = Stamp::from(self.now());
        let state = &mut *guard;
        let authorization = request.header("authorization");
        if state.tokens.is_seasoned(authorization, self.authority.lifetime_seconds, now)
            && state.org.knobs.strikes(Knob::ExpiredToken)
        {
            state.tokens.revoke_all();
        }
        if !state.tokens.accept(authorization, now) {
            let fault = Fault::new(401, "INVALID_SESSION_ID", "Session expired or invalid");
            return (fault.into(), None);
        }
        let call = match request.call(version, path) {
            Ok(call) => call,
            Err(fault) => return (fault.into(), Some(state.usage.used_and_limit())),
        };
        if state.org.knobs.strikes(Knob::ConcurrentLimit) {
            return (self.out_of_quota(Fault::concurrent_limit()), Some(state.usage.used_and_limit()));
        }
        if state.org.knobs.strikes(Knob::DailyLimit) || !state.usage.count(call.kind(), now) {
            return (self.out_of_quota(Fault::daily_limit()), Some(state.usage.used_and_limit()));
        }
        let usage = state.usage.used_and_limit();
        if let Err(fault) = meddle::before(&mut state.org, &self.world, &call, now) {
            return (fault.into(), Some(usage));
        }
        let mut tx = state.org.begin(now);
        tx.asked_by(request.client());
        let (locators, jobs) = (&mut state.locators, &mut state.jobs);
        let mut session = Session { tx: &mut tx, locators, jobs, user: self.authority.user, usage };
        let answer = session.answer(&call).unwrap_or_else(Answer::from);
        // A refused call leaves no trace; anything else is in the journal before the client hears of it.
        let answer = if answer.refused() {
            drop(tx);
            answer
        } else {
            match tx.commit() {
                Ok(()) => answer,
                Err(error) => Fault::not_stored(&error).into(),
            }
        };
        (answer, Some(usage))
    }
}

fn check_version(text: &str) -> Result<(), Fault> {
    let number = text.strip_prefix('v').and_then(|text| text.strip_suffix(".0")).and_then(|n| n.parse::<u32>().ok());
    match number {
        Some(number) if VERSIONS.contains(&number) => Ok(()),
        Some(number) if RETIRED.contains(&number) => {
            Err(Fault::new(410, "UNSUPPORTED_API_VERSION", format!("API version {text} is retired")))
        }
        _ => Err(Fault::not_found()),
    }
}

/// The list of versions: three releases a year, v66.0 being Spring '26.
fn versions() -> Answer {
    let list: Vec<Json> = VERSIONS
        .map(|number| {
            let season = ["Spring", "Summer", "Winter"][(number % 3) as usize];
            let year = number / 3 + 4 + u32::from(number % 3 == 2);
            let version = format!("{number}.0");
            json!({ "label": format!("{season} '{year}"), "url": format!("/services/data/v{version}"), "version": version })
        })
        .collect();
    Answer::ok(list.into())
}

fn respond(answer: Answer, usage: Option<(u64, u64)>) -> Response<Body> {
    let plain = answer.headers.iter().any(|(name, _)| *name == "content-type");
    let json = answer.body.is_some() && !plain;
    let body = answer.body.map(|body| match body {
        // What has a type of its own is not JSON, but a text that goes out as it is.
        Json::String(text) if plain => text,
        json => json.to_string(),
    });
    let mut response = Response::new(Body::from(body.unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if json {
        headers.insert("content-type", HeaderValue::from_static("application/json;charset=UTF-8"));
    }
    if let Some((used, limit)) = usage
        && let Ok(value) = HeaderValue::from_str(&format!("api-usage={used}/{limit}"))
    {
        headers.insert("sforce-limit-info", value);
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
