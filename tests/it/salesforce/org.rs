//! The scripted wire.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Barrier;

/// The org's clock, unless a test sets it.
const DATE: &str = "Sun, 22 Nov 2026 12:00:00 GMT";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    /// A header as text; empty if absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The SOQL of a query; empty for anything else.
    pub(super) fn soql(&self) -> &str {
        self.query.iter().find(|(name, _)| name == "q").map_or("", |(_, soql)| soql)
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is a request for a token.
    pub(super) fn is_login(&self) -> bool {
        self.path == "/services/oauth2/token"
    }

    /// Whether it is a composite.
    pub(super) fn is_composite(&self) -> bool {
        self.path.ends_with("/composite")
    }
}

/// What the wire answers.
pub(super) enum Reply {
    /// JSON under a status.
    Json(u16, Value),
    /// Anything under a status, with headers.
    Raw(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Never answers.
    Silence,
    /// Starts to answer and breaks the connection.
    Broken,
    /// A body without end.
    Endless,
    /// Waits until as many requests as the barrier wants are waiting too.
    Together(Arc<Barrier>, Box<Reply>),
}

impl Reply {
    /// A REST error.
    pub(super) fn error(status: u16, code: &str) -> Self {
        Self::Json(status, json!([{"errorCode": code, "message": "in words"}]))
    }

    /// What the edge says when there is no application server.
    pub(super) fn html(status: u16) -> Self {
        Self::Raw(status, vec![("content-type", "text/html".into())], b"<html>Down for maintenance</html>".to_vec())
    }

    /// A finished query.
    pub(super) fn rows(rows: &[Value]) -> Self {
        Self::Json(200, json!({"totalSize": rows.len(), "done": true, "records": rows}))
    }
}

type Script = Box<dyn FnMut(&Seen) -> Option<Reply> + Send>;

struct Wire {
    url: String,
    script: Mutex<Script>,
    log: Mutex<Vec<Seen>>,
    date: Mutex<&'static str>,
}

/// A running wire; it ends with the test's runtime.
pub(super) struct Org {
    wire: Arc<Wire>,
}

impl Org {
    /// Starts a wire. What the script does not answer is answered as an org in good health does: logins with
    /// `token-1`, `token-2` and so on, the versions, and 404 for the rest.
    pub(super) async fn start(script: impl FnMut(&Seen) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let wire =
            Arc::new(Wire { url, script: Mutex::new(Box::new(script)), log: Mutex::default(), date: Mutex::new(DATE) });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&wire));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { wire }
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.wire.url
    }

    /// Sets the org's clock.
    pub(super) fn set_date(&self, date: &'static str) {
        *self.wire.date.lock().unwrap() = date;
    }

    /// Everything that arrived so far.
    pub(super) fn log(&self) -> Vec<Seen> {
        self.wire.log.lock().unwrap().clone()
    }

    /// How many requests of a kind arrived so far.
    pub(super) fn count(&self, kind: impl Fn(&Seen) -> bool) -> usize {
        self.log().iter().filter(|seen| kind(seen)).count()
    }

    /// Requests that are neither login nor discovery.
    pub(super) fn data_calls(&self) -> usize {
        self.count(|seen| !seen.is_login() && seen.path != "/services/data")
    }
}

async fn answer(State(wire): State<Arc<Wire>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let pairs = reqwest::Url::parse(&format!("http://org{}", head.uri)).unwrap();
    let seen = Seen {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: pairs.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let logins = {
        let mut log = wire.log.lock().unwrap();
        log.push(seen.clone());
        log.iter().filter(|s| s.is_login()).count()
    };
    let scripted = (wire.script.lock().unwrap())(&seen);
    let mut reply = scripted.unwrap_or_else(|| healthy(&seen, &wire.url, logins));
    while let Reply::Together(barrier, then) = reply {
        barrier.wait().await;
        reply = *then;
    }
    let date = *wire.date.lock().unwrap();
    write(reply, date).await
}

fn healthy(seen: &Seen, url: &str, logins: usize) -> Reply {
    match seen.path.as_str() {
        "/services/oauth2/token" => Reply::Json(200, token(url, logins)),
        "/services/data" => {
            Reply::Json(200, json!([{"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}]))
        }
        _ => Reply::error(404, "NOT_FOUND"),
    }
}

/// The answer of the token endpoint.
pub(super) fn token(instance: &str, number: usize) -> Value {
    json!({
        "access_token": format!("token-{number}"), "instance_url": instance, "token_type": "Bearer", "scope": "api",
        "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
        "issued_at": "1763769600000", "signature": "c2ln",
    })
}

async fn write(reply: Reply, date: &str) -> Response {
    let response = Response::builder().header("date", date).header("sforce-limit-info", "api-usage=18/15000");
    match reply {
        Reply::Json(status, value) => response
            .status(status)
            .header("content-type", "application/json")
            .body(Body::from(value.to_string()))
            .unwrap(),
        Reply::Raw(status, headers, body) => headers
            .into_iter()
            .fold(response.status(status), |response, (name, value)| response.header(name, value))
            .body(Body::from(body))
            .unwrap(),
        Reply::Broken => {
            let parts = [Ok("{\"compositeResponse\":["), Err(io::Error::other("cut"))];
            response.body(Body::from_stream(stream::iter(parts))).unwrap()
        }
        Reply::Endless => {
            let chunk = || Ok::<_, io::Error>(vec![b' '; 16 * 1024]);
            response.body(Body::from_stream(stream::repeat_with(chunk))).unwrap()
        }
        Reply::Silence | Reply::Together(..) => std::future::pending().await,
    }
}
