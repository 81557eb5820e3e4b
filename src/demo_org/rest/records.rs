//! Single records: create, read, change, delete, and by external id.

use serde_json::{Map, Value as Json, json};

use super::super::dml::live;
use super::super::fault::Fault;
use super::super::id::Id;
use super::super::org::{Org, Record};
use super::super::schema::Object;
use super::super::soql::Selection;
use super::super::stamp::Stamp;
use super::{Answer, Call, Session};

/// `POST /sobjects/{object}`.
pub(super) fn create(session: &mut Session<'_, '_>, call: &Call, object: Object) -> Result<Answer, Fault> {
    let by = session.write_context(call);
    let id = session.tx.create(object, call.object()?, &by)?;
    Ok(created(call, object, id, false))
}

fn created(call: &Call, object: Object, id: Id, upsert: bool) -> Answer {
    let mut body = json!({ "id": id, "success": true, "errors": [] });
    if upsert {
        body["created"] = true.into();
    }
    let location = format!("{}/sobjects/{}/{id}", call.base(), object.name());
    Answer { status: 201, headers: vec![("location", location)], body: Some(body) }
}

/// `GET /sobjects/{object}/{id}?fields=`.
pub(super) fn read(session: &Session<'_, '_>, call: &Call, object: Object, id: &str) -> Result<Answer, Fault> {
    let org = session.tx.org();
    show(org, call, object, by_id(org, object, id)?)
}

/// `GET /sobjects/{object}/{field}/{value}`.
pub(super) fn read_by_key(
    session: &Session<'_, '_>,
    call: &Call,
    object: Object,
    field: &str,
    value: &str,
) -> Result<Answer, Fault> {
    let org = session.tx.org();
    match matches(org, object, field, value)?.as_slice() {
        [] => Err(Fault::no_record(value)),
        [only] => show(org, call, object, only),
        several => Ok(multiple_choices(call, object, several)),
    }
}

/// The one record with this value in a field; a fault if there are several.
pub(crate) fn find_by_key(org: &Org, object: Object, field: &str, value: &str) -> Result<Option<Id>, Fault> {
    match matches(org, object, field, value)?.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.id)),
        _ => Err(Fault::bad("DUPLICATE_EXTERNAL_ID", format!("{field}: more than one record found for {value}"))),
    }
}

fn show(org: &Org, call: &Call, object: Object, record: &Record) -> Result<Answer, Fault> {
    if let Some(answer) = check_conditions(org, call, object, record)? {
        return Ok(answer);
    }
    let selection = match call.param("fields") {
        None => Selection::all(org.schema(), object),
        Some(fields) => {
            let paths: Vec<Vec<String>> =
                fields.split(',').map(|path| path.trim().split('.').map(str::to_owned).collect()).collect();
            Selection::of_paths(org.schema(), object, &paths)?
        }
    };
    Ok(Answer::ok(selection.show(org, object, record, &call.base())))
}

/// `PATCH /sobjects/{object}/{id}`.
pub(super) fn update(session: &mut Session<'_, '_>, call: &Call, object: Object, id: &str) -> Result<Answer, Fault> {
    let org = session.tx.org();
    let record = by_id(org, object, id)?;
    if let Some(answer) = check_conditions(org, call, object, record)? {
        return Ok(answer);
    }
    let id = record.id;
    let by = session.write_context(call);
    session.tx.update(object, id, call.object()?, &by)?;
    Ok(Answer::empty(204))
}

/// `DELETE /sobjects/{object}/{id}`.
pub(super) fn delete(session: &mut Session<'_, '_>, call: &Call, object: Object, id: &str) -> Result<Answer, Fault> {
    let id = by_id(session.tx.org(), object, id)?.id;
    let by = session.write_context(call);
    session.tx.delete(object, id, &by)?;
    Ok(Answer::empty(204))
}

/// `PATCH /sobjects/{object}/{field}/{value}`: changes the record with this key, or creates it.
pub(super) fn upsert(
    session: &mut Session<'_, '_>,
    call: &Call,
    object: Object,
    field: &str,
    value: &str,
) -> Result<Answer, Fault> {
    let found: Vec<Id> = match matches(session.tx.org(), object, field, value)?.as_slice() {
        several @ [_, _, ..] => return Ok(multiple_choices(call, object, several)),
        found => found.iter().map(|record| record.id).collect(),
    };
    let body = call.object()?;
    if body.keys().any(|key| key.eq_ignore_ascii_case(field)) {
        let message = format!("The {field} field should not be specified in the sobject data.");
        return Err(Fault::bad("INVALID_FIELD", message).about(field));
    }
    let by = session.write_context(call);
    if let [id] = found.as_slice() {
        session.tx.update(object, *id, body, &by)?;
        return Ok(Answer::ok(json!({ "id": id, "success": true, "errors": [], "created": false })));
    }
    if call.param("updateOnly") == Some("true") {
        return Err(Fault::no_record(value));
    }
    let mut body: Map<String, Json> = body.clone();
    body.insert(field.to_owned(), value.into());
    let id = session.tx.create(object, &body, &by)?;
    Ok(created(call, object, id, true))
}

/// The record of a path, deleted or not there told apart as the API does.
fn by_id<'a>(org: &'a Org, object: Object, text: &str) -> Result<&'a Record, Fault> {
    let id = Id::parse(text).filter(|id| id.prefix() == object.prefix()).ok_or_else(|| Fault::no_record(text))?;
    live(org, object, id)
}

/// The records with this value in an external id field.
fn matches<'a>(org: &'a Org, object: Object, field: &str, value: &str) -> Result<Vec<&'a Record>, Fault> {
    let fields = org.schema().of(object);
    let known = fields.place(field).filter(|place| fields.at(*place).external_id);
    let place = known.ok_or_else(|| Fault::no_record(field))?;
    let same = |text: &str| {
        if fields.at(place).case_sensitive { text == value } else { text.to_lowercase() == value.to_lowercase() }
    };
    if fields.at(place).unique {
        let found = org.holder(object, place, value).and_then(|id| org.table(object).get(id));
        return Ok(found.into_iter().filter(|record| !org.read(object, record, "IsDeleted").is_true()).collect());
    }
    let rows = org.table(object).iter().filter(|record| !org.read(object, record, "IsDeleted").is_true());
    Ok(rows.filter(|record| record.at(place).as_text().is_some_and(same)).collect())
}

/// 300: the key is not unique, here are all who have it.
fn multiple_choices(call: &Call, object: Object, records: &[&Record]) -> Answer {
    let urls: Vec<String> =
        records.iter().map(|record| format!("{}/sobjects/{}/{}", call.base(), object.name(), record.id)).collect();
    Answer { status: 300, headers: Vec::new(), body: Some(json!(urls)) }
}

/// `If-Modified-Since` and `If-Unmodified-Since` against `LastModifiedDate`. Both know whole seconds only, so a change
/// in the very second of the date passes. An answer means that the call ends here.
fn check_conditions(org: &Org, call: &Call, object: Object, record: &Record) -> Result<Option<Answer>, Fault> {
    let Some(modified) = org.read(object, record, "LastModifiedDate").as_stamp() else { return Ok(None) };
    let date = |name: &str| {
        let Some(text) = call.header(name) else { return Ok(None) };
        let message = format!("The value of the header {name} is not an HTTP date: {text}");
        Stamp::parse_http(text).map(Some).ok_or_else(|| Fault::bad("INVALID_HEADER", message))
    };
    if date("if-unmodified-since")?.is_some_and(|limit| modified > limit) {
        let message = "The record was modified after the date of If-Unmodified-Since";
        return Err(Fault::new(412, "PRECONDITION_FAILED", message));
    }
    let unchanged = call.method() == "GET" && date("if-modified-since")?.is_some_and(|limit| modified <= limit);
    Ok(unchanged.then(|| Answer { headers: vec![("last-modified", modified.to_http())], ..Answer::empty(304) }))
}
