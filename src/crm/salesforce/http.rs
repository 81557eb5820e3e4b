//! One HTTP exchange: the configured transport, and bodies that are never read without a limit.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Url};

use super::address;
use super::errors::{Class, Fault};
use super::{Limits, dates};

/// An answer, read to its end.
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The whole body, decompressed.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's clock.
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        dates::parse_http(self.header(DATE.as_str())?)
    }

    /// `Retry-After` in seconds.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.header(RETRY_AFTER.as_str())?.trim().parse().ok()
    }
}

/// An exchange without an answer.
pub(super) struct Failure {
    /// What happened, without the address (a query may be in it).
    pub message: String,
    /// The request never reached a server, so it had no effect.
    pub not_sent: bool,
    /// Repeating would meet the same.
    pub hopeless: bool,
    /// The answer was cut off because it is larger than what is read.
    pub too_large: bool,
}

/// The transport: no redirects (a token must not follow one), bounded waits, gzip, rustls.
pub(super) fn client(login: &Url, limits: &Limits) -> Result<reqwest::Client, Fault> {
    // The only cryptography compiled in. A second installation loses the race and changes nothing.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("leadboard/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .gzip(true)
        .connect_timeout(limits.connect_timeout)
        .timeout(limits.call_timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .tcp_nodelay(true);
    if address::is_loopback(login) {
        // An org on this machine is reached without a proxy and needs no certificates, which some machines do not have.
        builder = builder.no_proxy();
        if login.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        }
    }
    builder.build().map_err(|e| Fault::new(Class::Configuration, format!("no HTTP client: {}", describe(&e))))
}

/// Sends a request and reads the answer, at most `max_body` bytes of it after decompression.
pub(super) async fn send(request: RequestBuilder, max_body: usize) -> Result<Answer, Failure> {
    let mut response = request.send().await.map_err(|e| Failure {
        message: describe(&e),
        not_sent: e.is_connect() || e.is_builder(),
        hopeless: e.is_builder(),
        too_large: false,
    })?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|e| Failure {
            message: describe(&e),
            not_sent: false,
            hopeless: false,
            too_large: false,
        })?;
        let Some(chunk) = chunk else { break };
        if body.len() + chunk.len() > max_body {
            return Err(Failure {
                message: format!("the answer is larger than {max_body} bytes"),
                not_sent: false,
                hopeless: true,
                too_large: true,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body, headers })
}

/// An error with its causes, without the address.
fn describe(error: &reqwest::Error) -> String {
    let mut text = String::from(if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection failed"
    });
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
