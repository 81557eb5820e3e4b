//! Jobs that write.

use serde_json::{Map, Value as Json, json};

use super::super::dml::WriteContext;
use super::super::fault::Fault;
use super::super::id::Id;
use super::super::org::Cause;
use super::super::rest::{Answer, Call, Session, find_by_key};
use super::super::schema::{Kind, Object};
use super::text::Format;
use super::{State, Work, csv, keep, only_keys, text_of};

/// Largest upload, in bytes.
const MOST_BYTES: usize = 100 * 1_000 * 1_000;

/// What a job is to write, and what came of it.
#[derive(Debug)]
pub(super) struct Ingest {
    object: Object,
    key_field: Option<String>,
    /// Whether the assignment rule runs: only where the job names one.
    assigns: bool,
    format: Format,
    header: Vec<String>,
    rows: Option<Vec<Vec<String>>>,
    /// Row, id, whether it was created.
    done: Vec<(usize, Id, bool)>,
    /// Row, id if there is one, why not.
    failed: Vec<(usize, Option<Id>, String)>,
}

/// `POST /jobs/ingest`.
pub(super) fn create(session: &mut Session<'_, '_>, call: &Call) -> Result<Answer, Fault> {
    let body = call.object()?;
    only_keys(
        body,
        &[
            "object",
            "operation",
            "externalIdFieldName",
            "assignmentRuleId",
            "contentType",
            "columnDelimiter",
            "lineEnding",
        ],
    )?;
    let operation = text_of(body, "operation")?.unwrap_or_default();
    if !["insert", "update", "upsert", "delete"].contains(&operation) {
        return Err(Fault::bad("INVALIDJOB", "operation must be insert, update, upsert or delete"));
    }
    let name = text_of(body, "object")?.unwrap_or_default();
    let object = Object::parse(name).filter(|object| object.writable());
    let object = object.ok_or_else(|| Fault::bad("INVALIDENTITY", format!("Unable to find object: {name}")))?;
    let key_field = text_of(body, "externalIdFieldName")?.map(str::to_owned);
    if let Some(field) = &key_field {
        let fields = session.tx.org().schema().of(object);
        let known = fields.place(field).is_some_and(|place| place == 0 || fields.at(place).external_id);
        if !known || operation != "upsert" {
            return Err(Fault::bad("INVALIDJOB", format!("externalIdFieldName {field} cannot be used here")));
        }
    } else if operation == "upsert" {
        return Err(Fault::bad("INVALIDJOB", "upsert needs externalIdFieldName"));
    }
    let assigns = text_of(body, "assignmentRuleId")?.is_some();
    let format = Format::of(body)?;
    let work = Ingest {
        object,
        key_field,
        assigns,
        format,
        header: Vec::new(),
        rows: None,
        done: Vec::new(),
        failed: Vec::new(),
    };
    Ok(keep(session, call, operation, object.name(), format, Work::Ingest(work)))
}

/// `PUT /jobs/ingest/{id}/batches`.
pub(super) fn upload(session: &mut Session<'_, '_>, call: &Call, id: Id) -> Result<Answer, Fault> {
    let job = session.jobs.by_id.get_mut(&id).ok_or_else(Fault::not_found)?;
    let Work::Ingest(work) = &mut job.work else { return Err(Fault::not_found()) };
    if job.state != State::Open || work.rows.is_some() {
        return Err(Fault::bad("INVALIDJOBSTATE", "data is taken once, while the job is open"));
    }
    let text = call.csv().ok_or_else(|| Fault::new(415, "UNSUPPORTED_MEDIA_TYPE", "the data must be text/csv"))?;
    if text.len() > MOST_BYTES {
        return Err(Fault::new(413, "REQUEST_TOO_LARGE", "an upload may have 100 MB"));
    }
    let (header, rows) = work.format.read(text)?;
    (work.header, work.rows) = (header, Some(rows));
    Ok(Answer::empty(201))
}

/// `GET …/successfulResults`, `…/failedResults`, `…/unprocessedrecords`.
pub(super) fn results(session: &Session<'_, '_>, id: Id, which: &str) -> Result<Answer, Fault> {
    let job = session.jobs.by_id.get(&id).ok_or_else(Fault::not_found)?;
    let Work::Ingest(work) = &job.work else { return Err(Fault::not_found()) };
    if !job.state.ended() {
        return Err(Fault::bad("INVALIDJOBSTATE", "results are there once the job has ended"));
    }
    let rows = work.rows.as_deref().unwrap_or_default();
    let mut text = String::new();
    let mut line = |own: &[&str], row: &[String]| {
        job.format.line(&mut text, own.iter().copied().chain(row.iter().map(String::as_str)));
    };
    match which {
        "successfulResults" => {
            line(&["sf__Id", "sf__Created"], &work.header);
            for (row, id, created) in &work.done {
                line(&[id.as_str(), if *created { "true" } else { "false" }], &rows[*row]);
            }
        }
        "failedResults" => {
            line(&["sf__Id", "sf__Error"], &work.header);
            for (row, id, why) in &work.failed {
                line(&[id.as_ref().map_or("", Id::as_str), why], &rows[*row]);
            }
        }
        _ => {
            line(&[], &work.header);
            let untouched = if work.done.is_empty() && work.failed.is_empty() { rows } else { &[] };
            for row in untouched {
                line(&[], row);
            }
        }
    }
    Ok(csv(text))
}

impl Ingest {
    /// Whether there is something to work on.
    pub(super) const fn has_data(&self) -> bool {
        self.rows.is_some()
    }

    /// What an answer about the job adds.
    pub(super) fn describe(&self, id: Id, version: &str, whole: bool, shown: &mut Json) {
        // Without a slash in front, unlike every other address of the API.
        shown["contentUrl"] = format!("services/data/{version}/jobs/ingest/{id}/batches").into();
        if let Some(field) = &self.key_field {
            shown["externalIdFieldName"] = field.as_str().into();
        }
        if whole {
            shown["jobType"] = "V2Ingest".into();
            shown["numberRecordsProcessed"] = (self.done.len() + self.failed.len()).into();
            shown["numberRecordsFailed"] = self.failed.len().into();
        }
    }

    /// Writes every row for itself: those that are refused take nothing with them.
    pub(super) fn run(&mut self, session: &mut Session<'_, '_>, operation: &str) {
        let rows = self.rows.take().unwrap_or_default();
        for (number, row) in rows.iter().enumerate() {
            let before = session.tx.savepoint();
            match self.write(session, operation, row) {
                Ok((id, created)) => self.done.push((number, id, created)),
                Err((id, fault)) => {
                    session.tx.roll_back_to(before);
                    let fields = fault.fields.join(",");
                    self.failed.push((number, id, format!("{}:{}:{fields} --", fault.code, fault.message)));
                }
            }
        }
        self.rows = Some(rows);
    }

    fn write(
        &self,
        session: &mut Session<'_, '_>,
        operation: &str,
        row: &[String],
    ) -> Result<(Id, bool), (Option<Id>, Fault)> {
        let none = |fault| (None, fault);
        let by = WriteContext { user: session.user, auto_assign: self.assigns, cause: Cause::Api };
        let (mut body, mut id) = (Map::new(), None);
        for (name, cell) in self.header.iter().zip(row) {
            if name.eq_ignore_ascii_case("Id") {
                id = (!cell.is_empty())
                    .then(|| Id::parse(cell).ok_or_else(|| malformed(cell)))
                    .transpose()
                    .map_err(none)?;
            } else if let Some(value) = self.value(session, name, cell).map_err(none)? {
                body.insert(name.clone(), value);
            }
        }
        let given = || id.ok_or_else(|| none(Fault::bad("MISSING_ARGUMENT", "Id not specified")));
        let own = |id: Id| move |fault: Fault| (Some(id), fault);
        match operation {
            "insert" if id.is_some() => {
                Err(none(Fault::bad("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call")))
            }
            "insert" => Ok((session.tx.create(self.object, &body, &by).map_err(none)?, true)),
            "update" => {
                let id = given()?;
                session.tx.update(self.object, id, &body, &by).map_err(own(id))?;
                Ok((id, false))
            }
            "delete" => {
                let id = given()?;
                session.tx.delete(self.object, id, &by).map_err(own(id))?;
                Ok((id, false))
            }
            _ => {
                let field = self.key_field.as_deref().unwrap_or("Id");
                let known = if field.eq_ignore_ascii_case("Id") {
                    id
                } else {
                    let place =
                        body.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(name, _)| name.clone());
                    let key = place.and_then(|name| body.remove(&name));
                    let key = key.as_ref().and_then(Json::as_str).unwrap_or_default().to_owned();
                    if key.is_empty() {
                        return Err(none(Fault::bad("MISSING_ARGUMENT", format!("{field} not specified"))));
                    }
                    let found = find_by_key(session.tx.org(), self.object, field, &key).map_err(none)?;
                    if found.is_none() {
                        body.insert(field.to_owned(), key.into());
                    }
                    found
                };
                match known {
                    Some(id) => {
                        session.tx.update(self.object, id, &body, &by).map_err(own(id))?;
                        Ok((id, false))
                    }
                    None => Ok((session.tx.create(self.object, &body, &by).map_err(none)?, true)),
                }
            }
        }
    }

    /// A cell in the type of its field. An empty one is left alone, `#N/A` empties the field.
    fn value(&self, session: &Session<'_, '_>, name: &str, cell: &str) -> Result<Option<Json>, Fault> {
        let fields = session.tx.org().schema().of(self.object);
        let place = fields.place(name).ok_or_else(|| Fault::no_such_field(name, self.object))?;
        if cell.is_empty() {
            return Ok(None);
        }
        if cell == "#N/A" {
            return Ok(Some(Json::Null));
        }
        let number = || cell.parse::<f64>().ok().map(|n| json!(n));
        Ok(Some(match fields.at(place).kind {
            Kind::Checkbox => match cell.to_ascii_lowercase().as_str() {
                "true" | "1" => true.into(),
                "false" | "0" => false.into(),
                _ => cell.into(),
            },
            Kind::Int => cell.parse::<i64>().map_or_else(|_| cell.into(), |n| json!(n)),
            Kind::Number { .. } | Kind::Currency => number().unwrap_or_else(|| cell.into()),
            _ => cell.into(),
        }))
    }
}

fn malformed(cell: &str) -> Fault {
    Fault::bad("MALFORMED_ID", format!("bad id {cell}"))
}
