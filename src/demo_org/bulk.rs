//! Bulk API 2.0: jobs that read or write many records as CSV.
//!
//! A job goes through its states as the documentation names them, one each time it is looked at, so that a client meets
//! every state and no test has to wait. Jobs live as long as the process.

mod ingest;
mod query;
mod text;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::fault::Fault;
use super::id::Id;
use super::rest::{Answer, Call, Session};
use super::stamp::Stamp;
use ingest::Ingest;
use query::Query;
use text::Format;

/// Bulk API 2.0 came with this version.
const FIRST_VERSION: u32 = 47;

/// Every job, by id.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    by_id: BTreeMap<Id, Job>,
    made: u64,
    /// So many jobs more will fail, as jobs of a busy org do.
    failing: u32,
}

impl Jobs {
    /// Lets the next jobs fail.
    pub(super) fn fail_next(&mut self, jobs: u32) {
        self.failing = jobs;
    }
}

/// The states of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
enum State {
    /// Takes data (ingest alone).
    Open,
    /// Waits for its turn.
    UploadComplete,
    /// Is being worked on.
    InProgress,
    /// Has ended, with results.
    JobComplete,
    /// Was ended by a client.
    Aborted,
    /// Has ended without.
    Failed,
}

impl State {
    const fn ended(self) -> bool {
        matches!(self, Self::JobComplete | Self::Aborted | Self::Failed)
    }
}

/// What a job does.
#[derive(Debug)]
enum Work {
    Query(Query),
    Ingest(Ingest),
}

/// One job.
#[derive(Debug)]
struct Job {
    state: State,
    /// The version it was made with, as it stands in paths.
    version: String,
    operation: String,
    object: &'static str,
    format: Format,
    created: Stamp,
    changed: Stamp,
    work: Work,
    /// Will end as failed.
    doomed: bool,
}

/// Answers everything below `/jobs`.
pub(super) fn answer(session: &mut Session<'_, '_>, call: &Call) -> Result<Answer, Fault> {
    let version = call.version().trim_start_matches('v').trim_end_matches(".0").parse::<u32>();
    if version.is_ok_and(|version| version < FIRST_VERSION) {
        return Err(Fault::not_found());
    }
    let segments = call.segments();
    let (kind, rest) = match segments.as_slice() {
        ["jobs", kind @ ("query" | "ingest"), rest @ ..] => (*kind, rest),
        _ => return Err(Fault::not_found()),
    };
    match (kind, rest) {
        (_, []) => match call.method() {
            "GET" => Ok(list(session, kind)),
            "POST" if kind == "query" => query::create(session, call),
            "POST" => ingest::create(session, call),
            _ => Err(call.wrong_method(&["GET", "POST"])),
        },
        (_, [id]) => {
            let id = find(session, kind, id)?;
            match call.method() {
                "GET" => show(session, id),
                "PATCH" => change(session, call, id),
                "DELETE" => delete(session, id),
                _ => Err(call.wrong_method(&["DELETE", "GET", "PATCH"])),
            }
        }
        ("query", [id, "results"]) => {
            call.only(&["GET"])?;
            let id = find(session, kind, id)?;
            query::results(session, call, id)
        }
        ("query", [id, "resultPages"]) => {
            call.only(&["GET"])?;
            let id = find(session, kind, id)?;
            query::result_pages(session, call, id)
        }
        ("ingest", [id, "batches"]) => {
            call.only(&["PUT"])?;
            let id = find(session, kind, id)?;
            ingest::upload(session, call, id)
        }
        ("ingest", [id, which @ ("successfulResults" | "failedResults" | "unprocessedrecords")]) => {
            call.only(&["GET"])?;
            let id = find(session, kind, id)?;
            ingest::results(session, id, which)
        }
        _ => Err(Fault::not_found()),
    }
}

fn find(session: &Session<'_, '_>, kind: &str, id: &str) -> Result<Id, Fault> {
    let known = Id::parse(id).filter(|id| {
        let job = session.jobs.by_id.get(id);
        job.is_some_and(|job| matches!(job.work, Work::Query(_)) == (kind == "query"))
    });
    known.ok_or_else(|| Fault::new(404, "NOT_FOUND", "The requested resource does not exist"))
}

/// Puts a new job in place and answers it.
fn keep(
    session: &mut Session<'_, '_>,
    call: &Call,
    operation: &str,
    object: &'static str,
    format: Format,
    work: Work,
) -> Answer {
    let at = session.tx.at();
    let state = if matches!(work, Work::Query(_)) { State::UploadComplete } else { State::Open };
    let jobs = &mut *session.jobs;
    jobs.made += 1;
    let id = Id::new("750", jobs.made);
    let doomed = jobs.failing > 0;
    jobs.failing = jobs.failing.saturating_sub(1);
    let job = Job {
        state,
        version: call.version().to_owned(),
        operation: operation.to_owned(),
        object,
        format,
        created: at,
        changed: at,
        work,
        doomed,
    };
    let shown = job.show(id, session.user, false);
    jobs.by_id.insert(id, job);
    Answer::ok(shown)
}

impl Job {
    fn show(&self, id: Id, user: Id, whole: bool) -> Json {
        let state: &'static str = self.state.into();
        let version: f64 = self.version.trim_start_matches('v').parse().unwrap_or_default();
        let mut shown = json!({
            "id": id,
            "operation": self.operation,
            "object": self.object,
            "createdById": user,
            "createdDate": self.created.to_string(),
            "systemModstamp": self.changed.to_string(),
            "state": state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": version,
            "lineEnding": self.format.line_ending(),
            "columnDelimiter": self.format.delimiter(),
        });
        match &self.work {
            Work::Query(query) if whole => query.describe(self.state, &mut shown),
            Work::Ingest(ingest) => ingest.describe(id, &self.version, whole, &mut shown),
            Work::Query(_) => {}
        }
        if whole {
            shown["retries"] = 0.into();
            shown["totalProcessingTime"] = 0.into();
            if self.state == State::Failed {
                shown["errorMessage"] = "InternalServerError : Retried more than 15 times".into();
            }
        }
        shown
    }

    fn results_ready(&self) -> Result<(), Fault> {
        if self.state == State::JobComplete {
            return Ok(());
        }
        let state: &'static str = self.state.into();
        Err(Fault::bad("INVALIDJOBSTATE", format!("results are there once the job is complete, and it is {state}")))
    }
}

fn list(session: &Session<'_, '_>, kind: &str) -> Answer {
    let jobs = session.jobs.by_id.iter().filter(|(_, job)| matches!(job.work, Work::Query(_)) == (kind == "query"));
    let records: Vec<Json> = jobs.map(|(id, job)| job.show(*id, session.user, false)).collect();
    Answer::ok(json!({ "done": true, "records": records, "nextRecordsUrl": null }))
}

/// A job as it stands, which then takes a step.
fn show(session: &mut Session<'_, '_>, id: Id) -> Result<Answer, Fault> {
    let Some(mut job) = session.jobs.by_id.remove(&id) else { return Err(Fault::not_found()) };
    let shown = job.show(id, session.user, true);
    let next = match job.state {
        State::UploadComplete => Some(State::InProgress),
        State::InProgress if job.doomed => Some(State::Failed),
        State::InProgress => Some(State::JobComplete),
        _ => None,
    };
    if let Some(next) = next {
        if next == State::JobComplete
            && let Work::Ingest(work) = &mut job.work
        {
            work.run(session, &job.operation);
        }
        job.state = next;
        job.changed = session.tx.at();
    }
    session.jobs.by_id.insert(id, job);
    Ok(Answer::ok(shown))
}

/// `{"state": "UploadComplete"}` or `{"state": "Aborted"}`.
fn change(session: &mut Session<'_, '_>, call: &Call, id: Id) -> Result<Answer, Fault> {
    let body = call.object()?;
    only_keys(body, &["state"])?;
    let wanted = body.get("state").and_then(Json::as_str).and_then(|text| text.parse::<State>().ok());
    let (at, user) = (session.tx.at(), session.user);
    let job = session.jobs.by_id.get_mut(&id).ok_or_else(Fault::not_found)?;
    let allowed = match wanted {
        Some(State::Aborted) => !job.state.ended(),
        Some(State::UploadComplete) => {
            job.state == State::Open && matches!(&job.work, Work::Ingest(work) if work.has_data())
        }
        _ => return Err(Fault::bad("INVALIDJOB", "state must be UploadComplete or Aborted")),
    };
    if !allowed {
        let state: &'static str = job.state.into();
        return Err(Fault::bad("INVALIDJOBSTATE", format!("a job that is {state} cannot be changed so")));
    }
    job.state = wanted.unwrap_or(State::Aborted);
    job.changed = at;
    Ok(Answer::ok(job.show(id, user, false)))
}

fn delete(session: &mut Session<'_, '_>, id: Id) -> Result<Answer, Fault> {
    let job = session.jobs.by_id.get(&id).ok_or_else(Fault::not_found)?;
    if !job.state.ended() && job.state != State::UploadComplete {
        return Err(Fault::bad("INVALIDJOBSTATE", "only a job that has ended can be deleted"));
    }
    session.jobs.by_id.remove(&id);
    Ok(Answer::empty(204))
}

/// Refuses keys that a job does not have.
fn only_keys(body: &Map<String, Json>, known: &[&str]) -> Result<(), Fault> {
    match body.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Fault::bad("JSON_PARSER_ERROR", format!("Unrecognized field \"{key}\""))),
        None => Ok(()),
    }
}

/// A text of a request body.
fn text_of<'a>(body: &'a Map<String, Json>, key: &str) -> Result<Option<&'a str>, Fault> {
    match body.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::bad("JSON_PARSER_ERROR", format!("{key} must be text"))),
    }
}

/// An answer that is CSV.
fn csv(text: String) -> Answer {
    Answer {
        status: 200,
        headers: vec![("content-type", "text/csv; charset=UTF-8".to_owned())],
        body: Some(text.into()),
    }
}
