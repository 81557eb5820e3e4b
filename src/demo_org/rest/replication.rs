//! What changed and what was deleted in a span of time.

use serde_json::json;

use super::super::fault::Fault;
use super::super::knobs::Knob;
use super::super::org::Record;
use super::super::schema::Object;
use super::super::stamp::Stamp;
use super::{Answer, Call, Session};

const MAX_AGE_SECONDS: i64 = 30 * 86_400;
const MAX_IDS: usize = 600_000;

/// `GET /sobjects/{object}/updated/?start=&end=`.
pub(super) fn updated(session: &mut Session<'_, '_>, call: &Call, object: Object) -> Result<Answer, Fault> {
    let (start, end) = span(session, call)?;
    if session.tx.strikes(Knob::NotReplicated) {
        return Err(Fault::not_found());
    }
    let ids: Vec<_> = changed(session, object, start, end, false).iter().map(|record| record.id).collect();
    if ids.len() > MAX_IDS {
        return Err(Fault::bad("EXCEEDED_ID_LIMIT", "too many results for the span of time"));
    }
    Ok(Answer::ok(json!({ "ids": ids, "latestDateCovered": end.to_string() })))
}

/// `GET /sobjects/{object}/deleted/?start=&end=`.
pub(super) fn deleted(session: &Session<'_, '_>, call: &Call, object: Object) -> Result<Answer, Fault> {
    let (start, end) = span(session, call)?;
    let org = session.tx.org();
    let records: Vec<_> = changed(session, object, start, end, true)
        .iter()
        .filter_map(|record| {
            let at = org.read(object, record, "SystemModstamp").as_stamp()?;
            Some(json!({ "id": record.id, "deletedDate": at.to_string() }))
        })
        .collect();
    let earliest = Stamp::from_seconds(session.tx.at().seconds() - MAX_AGE_SECONDS);
    Ok(Answer::ok(json!({
        "deletedRecords": records,
        "earliestDateAvailable": earliest.to_string(),
        "latestDateCovered": end.to_string(),
    })))
}

/// The span of the call, seconds ignored, its end no later than now.
fn span(session: &Session<'_, '_>, call: &Call) -> Result<(Stamp, Stamp), Fault> {
    call.only(&["GET"])?;
    let moment = |name: &str| {
        let text = call.param(name).unwrap_or_default();
        let message = format!("{name} is not a valid date and time: {text}");
        Stamp::parse_iso(text).map(Stamp::floor_minute).ok_or_else(|| Fault::bad("INVALID_REPLICATION_DATE", message))
    };
    let (start, end) = (moment("start")?, moment("end")?);
    let now = session.tx.at();
    let refuse = |message: &str| Err(Fault::bad("INVALID_REPLICATION_DATE", message));
    if start.seconds() < now.seconds() - MAX_AGE_SECONDS {
        return refuse("startDate cannot be more than 30 days ago");
    }
    if end <= start {
        return refuse("endDate must be at least one minute greater than startDate");
    }
    Ok((start, end.min(now.floor_minute())))
}

fn changed<'a>(
    session: &'a Session<'_, '_>,
    object: Object,
    start: Stamp,
    end: Stamp,
    deleted: bool,
) -> Vec<&'a Record> {
    let org = session.tx.org();
    let since = org.table(object).changed_since(start);
    let inside =
        since.filter(|record| org.read(object, record, "SystemModstamp").as_stamp().is_some_and(|at| at < end));
    inside.filter(|record| org.read(object, record, "IsDeleted").is_true() == deleted).collect()
}
