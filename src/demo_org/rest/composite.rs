//! `POST /composite`: several calls in one, in order, each able to use what an earlier one returned.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::super::fault::Fault;
use super::{Answer, Call, Params, Session};

const MAX_CALLS: usize = 25;
const MAX_QUERIES: usize = 5;
/// Headers that every call inherits and none may set.
const INHERITED: [&str; 3] = ["authorization", "accept", "content-type"];
const ROLLED_BACK: &str = "The transaction was rolled back since another operation in the same transaction failed.";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    #[serde(default)]
    all_or_none: bool,
    /// Allowed, and without meaning here: calls are always made one by one, as listed.
    #[serde(default, rename = "collateSubrequests")]
    _collate: Option<bool>,
    composite_request: Vec<Subrequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Subrequest {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    body: Option<Json>,
    #[serde(default)]
    http_headers: BTreeMap<String, String>,
}

/// Answers a composite. Its own status is 200 whatever became of the calls inside, unless it is malformed.
pub(super) fn answer(session: &mut Session<'_, '_>, call: &Call) -> Result<Answer, Fault> {
    let body: Body = serde_json::from_value(Json::Object(call.object()?.clone()))
        .map_err(|error| Fault::bad("JSON_PARSER_ERROR", error.to_string()))?;
    check(&body)?;
    let start = session.tx.savepoint();
    let mut answers: Vec<Answer> = Vec::with_capacity(body.composite_request.len());
    let mut known = BTreeMap::new();
    let mut failed = None;
    for (place, subrequest) in body.composite_request.iter().enumerate() {
        if failed.is_some() && body.all_or_none {
            break;
        }
        let before = session.tx.savepoint();
        let answer = run(session, call.version(), subrequest, &known).unwrap_or_else(Answer::from);
        if answer.refused() {
            session.tx.roll_back_to(before);
            failed = failed.or(Some(place));
        } else if let Some(body) = &answer.body {
            known.insert(subrequest.reference_id.clone(), body.clone());
        }
        answers.push(answer);
    }
    if let Some(culprit) = failed.filter(|_| body.all_or_none) {
        session.tx.roll_back_to(start);
        let halted = |place| {
            let own = answers.get(place).filter(|_| place == culprit).cloned();
            own.unwrap_or_else(|| Fault::bad("PROCESSING_HALTED", ROLLED_BACK).into())
        };
        answers = (0..body.composite_request.len()).map(halted).collect();
    }
    let shown = body.composite_request.iter().zip(answers).map(|(subrequest, answer)| {
        let headers: Map<String, Json> =
            answer.headers.into_iter().map(|(name, value)| (title_case(name), value.into())).collect();
        json!({
            "body": answer.body,
            "httpHeaders": headers,
            "httpStatusCode": answer.status,
            "referenceId": subrequest.reference_id,
        })
    });
    Ok(Answer::ok(json!({ "compositeResponse": shown.collect::<Vec<_>>() })))
}

/// What is wrong with the composite as a whole.
fn check(body: &Body) -> Result<(), Fault> {
    let refuse = |message: String| Err(Fault::bad("INVALID_INPUT", message));
    let calls = &body.composite_request;
    if calls.is_empty() || calls.len() > MAX_CALLS {
        return refuse(format!("A composite request has 1 to {MAX_CALLS} subrequests, not {}", calls.len()));
    }
    let queries = calls.iter().filter(|c| c.url.contains("/query") || c.url.contains("/composite")).count();
    if queries > MAX_QUERIES {
        return refuse(format!("A composite request has at most {MAX_QUERIES} queries, not {queries}"));
    }
    for (place, call) in calls.iter().enumerate() {
        let id = &call.reference_id;
        let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain {
            return refuse(format!("Provided referenceId ('{id}') must contain only letters, digits and underscores"));
        }
        if calls[..place].iter().any(|earlier| earlier.reference_id == *id) {
            return refuse(format!("Provided referenceId ('{id}') is used more than once"));
        }
        if let Some(name) =
            call.http_headers.keys().find(|name| INHERITED.contains(&name.to_ascii_lowercase().as_str()))
        {
            return refuse(format!("The header '{name}' cannot be set for a subrequest"));
        }
    }
    Ok(())
}

fn run(
    session: &mut Session<'_, '_>,
    version: &str,
    subrequest: &Subrequest,
    known: &BTreeMap<String, Json>,
) -> Result<Answer, Fault> {
    let url = resolve(&subrequest.url, known)?;
    let (path, params) = url.split_once('?').unwrap_or((&url, ""));
    let path = path
        .strip_prefix("/services/data/")
        .and_then(|path| path.strip_prefix(version))
        .filter(|path| path.starts_with('/'))
        .ok_or_else(|| {
            Fault::bad("INVALID_INPUT", format!("The url must begin with /services/data/{version}/: {url}"))
        })?;
    let headers = subrequest.http_headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let body = subrequest.body.as_ref().map(|body| resolve_all(body, known)).transpose()?;
    let call = Call::new(&subrequest.method, version, path, Params::parse(params), headers.collect(), body);
    session.answer_single(&call)
}

/// References inside a body.
fn resolve_all(body: &Json, known: &BTreeMap<String, Json>) -> Result<Json, Fault> {
    Ok(match body {
        Json::String(text) => resolve(text, known)?.into(),
        Json::Array(list) => list.iter().map(|entry| resolve_all(entry, known)).collect::<Result<_, _>>()?,
        Json::Object(map) => {
            let entries = map.iter().map(|(name, value)| Ok((name.clone(), resolve_all(value, known)?)));
            Json::Object(entries.collect::<Result<_, Fault>>()?)
        }
        other => other.clone(),
    })
}

/// Replaces `@{reference.path}` by what that call returned. Case matters.
fn resolve(text: &str, known: &BTreeMap<String, Json>) -> Result<String, Fault> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let Some((path, after)) = after.split_once('}') else { break };
        resolved.push_str(before);
        resolved.push_str(&look_up(path, known)?);
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn look_up(path: &str, known: &BTreeMap<String, Json>) -> Result<String, Fault> {
    let invalid = || {
        let message = format!("Invalid reference specified. No value for {path} found");
        Fault::bad("PROCESSING_HALTED", message)
    };
    let (reference, steps) = path.split_once('.').ok_or_else(invalid)?;
    let mut value = known.get(reference).ok_or_else(invalid)?;
    for step in steps.split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, Some(index.strip_suffix(']').ok_or_else(invalid)?)),
            None => (step, None),
        };
        value = value.get(name).ok_or_else(invalid)?;
        if let Some(index) = index {
            value = index.parse().ok().and_then(|index: usize| value.get(index)).ok_or_else(invalid)?;
        }
    }
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(yes) => Ok(yes.to_string()),
        _ => Err(invalid()),
    }
}

/// Header names as they are written in a composite's answer.
fn title_case(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    });
    parts.collect::<Vec<_>>().join("-")
}
