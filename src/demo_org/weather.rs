//! Weather between a client and the org: the faults of edge, network and load balancer, which the org itself never
//! hears of. The door of the judge is spared.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode};
use futures::stream;

use super::knobs::Knob;
use super::line::Scissors;
use super::server::{Incoming, Server};

/// The longest that an answer is slow, and that a call is worked on after its client was cut off.
const LONGEST: f64 = 1.5;
const LATEST: f64 = 4.0;
/// What the edge serves when it has nobody behind it.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Down for Maintenance</title></head>\n<body><h1>We are down for \
                    maintenance.</h1><p>Sorry for the inconvenience. We'll be back shortly.</p></body></html>\n";

/// What happens to a request before the org has it.
pub(super) enum Inward {
    /// The edge answers by itself.
    Unavailable,
    /// Nobody answers, nothing is done.
    Reset,
    /// Nobody answers, and it is done so much later.
    LateWrite(Duration),
}

/// What happens to an answer.
pub(super) enum Outward {
    /// It never leaves.
    CommitThenDrop,
    /// Half of it arrives.
    Truncated,
    /// It comes so much later.
    Slow(Duration),
}

fn exposed(request: &Incoming<'_>) -> bool {
    !request.path.starts_with("/demo/")
}

/// Writes are what a client cannot simply repeat.
fn writes(request: &Incoming<'_>) -> bool {
    request.method != "GET" && request.path.starts_with("/services/data/")
}

/// Draws for a request.
pub(super) fn on_the_way_in(server: &Server, request: &Incoming<'_>) -> Option<Inward> {
    if !exposed(request) {
        return None;
    }
    let knobs = &mut server.state().org.knobs;
    if knobs.strikes(Knob::Unavailable) {
        Some(Inward::Unavailable)
    } else if knobs.strikes(Knob::Reset) {
        Some(Inward::Reset)
    } else if writes(request) && knobs.strikes(Knob::LateWrite) {
        Some(Inward::LateWrite(Duration::from_secs_f64(LATEST * knobs.details(Knob::LateWrite).unit())))
    } else {
        None
    }
}

/// Draws for an answer.
pub(super) fn on_the_way_out(server: &Server, request: &Incoming<'_>) -> Option<Outward> {
    if !exposed(request) {
        return None;
    }
    let knobs = &mut server.state().org.knobs;
    if writes(request) && knobs.strikes(Knob::CommitThenDrop) {
        Some(Outward::CommitThenDrop)
    } else if knobs.strikes(Knob::Truncated) {
        Some(Outward::Truncated)
    } else if knobs.strikes(Knob::Slow) {
        Some(Outward::Slow(Duration::from_secs_f64(LONGEST * knobs.details(Knob::Slow).unit())))
    } else {
        None
    }
}

/// 503 as the edge writes it.
pub(super) fn unavailable() -> Response<Body> {
    let mut response = Response::new(Body::from(PAGE));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html;charset=UTF-8"));
    response
}

/// Ends the connection. What is returned here never reaches anybody.
pub(super) fn cut(scissors: &Scissors) -> Response<Body> {
    scissors.cut();
    Response::new(Body::empty())
}

/// The same answer, promised whole, that ends in its middle. An answer without a body loses its end all the same.
pub(super) async fn truncated(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert("content-length", HeaderValue::from(bytes.len().max(1)));
    let half = bytes.slice(..bytes.len() / 2);
    let broken = stream::iter([Ok::<Bytes, std::io::Error>(half), Err(std::io::ErrorKind::ConnectionReset.into())]);
    Response::from_parts(parts, Body::from_stream(broken))
}
