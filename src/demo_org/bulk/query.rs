//! Query jobs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use super::super::fault::Fault;
use super::super::id::Id;
use super::super::rest::{Answer, Call, Session};
use super::super::soql::{Plan, parse};
use super::text::Format;
use super::{State, Work, csv, keep, only_keys, text_of};

/// Rows of a result file unless the client asks for another number. A real org decides by size.
const ROWS: usize = 50_000;
/// Most rows of one answer.
const MOST_ROWS: usize = 250_000;

/// What a query job found.
#[derive(Debug)]
pub(super) struct Query {
    plan: Plan,
    /// The selected fields as the query spells them.
    columns: Vec<Vec<String>>,
    found: Vec<Id>,
    /// LIMIT and ORDER BY turn the splitting of large queries off.
    splits: bool,
}

/// `POST /jobs/query`.
pub(super) fn create(session: &mut Session<'_, '_>, call: &Call) -> Result<Answer, Fault> {
    let body = call.object()?;
    only_keys(body, &["operation", "query", "contentType", "columnDelimiter", "lineEnding"])?;
    let operation = text_of(body, "operation")?.unwrap_or_default();
    if !["query", "queryAll"].contains(&operation) {
        return Err(Fault::bad("INVALIDJOB", "operation must be query or queryAll"));
    }
    let soql = text_of(body, "query")?.unwrap_or_default();
    let format = Format::of(body)?;
    // What SOQL has beyond plain rows (GROUP BY, aggregates, TYPEOF, subqueries) the parser does not know at all.
    let parsed = parse(soql)?;
    let refuse =
        |what: &str| Err(Fault::bad("FUNCTIONALITY_NOT_ENABLED", format!("{what} not supported by Bulk API 2.0")));
    let Some(columns) = parsed.select.clone() else { return refuse("Aggregate functions are") };
    if parsed.offset > 0 {
        return refuse("OFFSET is");
    }
    let splits = parsed.limit.is_none() && parsed.order.is_empty();
    let org = session.tx.org();
    let plan = Plan::new(&parsed, org.schema())?;
    let found = plan.run(org, operation == "queryAll");
    let object = plan.object.name();
    let work = Work::Query(Query { plan, columns, found, splits });
    Ok(keep(session, call, operation, object, format, work))
}

impl Query {
    /// What a look at the job adds.
    pub(super) fn describe(&self, state: State, shown: &mut Json) {
        shown["jobType"] = "V2Query".into();
        let done = if state == State::JobComplete { self.found.len() } else { 0 };
        shown["numberRecordsProcessed"] = done.into();
        shown["isPkChunkingSupported"] = self.splits.into();
    }
}

/// `GET /jobs/query/{id}/results`.
pub(super) fn results(session: &Session<'_, '_>, call: &Call, id: Id) -> Result<Answer, Fault> {
    let job = session.jobs.by_id.get(&id).ok_or_else(Fault::not_found)?;
    let Work::Query(query) = &job.work else { return Err(Fault::not_found()) };
    if job.version != call.version() {
        let message = format!("results must be asked for with the version of the job, {}", job.version);
        return Err(Fault::new(409, "API_VERSION_MISMATCH", message));
    }
    job.results_ready()?;
    let most = match call.param("maxRecords") {
        None => ROWS,
        Some(text) => match text.parse::<usize>() {
            Ok(n @ 1..) => n.min(MOST_ROWS),
            _ => return Err(Fault::bad("INVALID_INPUT", "maxRecords must be a positive number")),
        },
    };
    let start = match call.param("locator") {
        None => 0,
        Some(locator) => place(id, locator)
            .filter(|start| *start < query.found.len())
            .ok_or_else(|| Fault::bad("INVALID_QUERY_LOCATOR", "the locator is not one of this job"))?,
    };
    let end = query.found.len().min(start + most);
    let names: Vec<String> = query.columns.iter().map(|path| path.join(".")).collect();
    let mut text = String::new();
    job.format.line(&mut text, names.iter().map(String::as_str));
    let org = session.tx.org();
    for found in &query.found[start..end] {
        // A record that was purged since is left out.
        let (Some(record), Some(selection)) = (org.table(query.plan.object).get(*found), &query.plan.selection) else {
            continue;
        };
        let shown = selection.show(org, query.plan.object, record, "");
        let cells: Vec<String> = query.columns.iter().map(|path| cell(&shown, path)).collect();
        job.format.line(&mut text, cells.iter().map(String::as_str));
    }
    let next = if end < query.found.len() { locator(id, end) } else { "null".to_owned() };
    let mut answer = csv(text);
    answer.headers.push(("sforce-locator", next));
    answer.headers.push(("sforce-numberofrecords", (end - start).to_string()));
    Ok(answer)
}

/// `GET /jobs/query/{id}/resultPages`: up to five files to read at once.
pub(super) fn result_pages(session: &Session<'_, '_>, call: &Call, id: Id) -> Result<Answer, Fault> {
    let job = session.jobs.by_id.get(&id).ok_or_else(Fault::not_found)?;
    let Work::Query(query) = &job.work else { return Err(Fault::not_found()) };
    job.results_ready()?;
    let start = call.param("locator").map_or(Some(0), |locator| place(id, locator));
    let start = start.ok_or_else(|| Fault::bad("INVALID_QUERY_LOCATOR", "the locator is not one of this job"))?;
    let places: Vec<usize> = (start..query.found.len().max(1)).step_by(ROWS).collect();
    let url =
        |what: &str, place: usize| format!("{}/jobs/query/{id}/{what}?locator={}", call.base(), locator(id, place));
    let pages: Vec<Json> = places.iter().take(5).map(|place| json!({ "resultUrl": url("results", *place) })).collect();
    let next = places.get(5).map(|place| url("resultPages", *place));
    Ok(Answer::ok(json!({ "resultPages": pages, "nextRecordsUrl": next, "done": next.is_none() })))
}

/// A place in the results as clients see it.
fn locator(id: Id, place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{place}", id.serial()))
}

fn place(id: Id, locator: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(locator).ok()?).ok()?;
    let (job, place) = text.split_once(':')?;
    (job == id.serial().to_string()).then(|| place.parse().ok())?
}

/// One value as CSV shows it; nothing is an empty cell.
fn cell(record: &Json, path: &[String]) -> String {
    let mut value = record;
    for name in path {
        let Some(object) = value.as_object() else { return String::new() };
        let found =
            object.get(name).or_else(|| object.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v));
        match found {
            Some(found) => value = found,
            None => return String::new(),
        }
    }
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
