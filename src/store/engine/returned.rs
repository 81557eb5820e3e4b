//! Leads that come back from whom they were given to: given back by the rep, or found to be no lead at all.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{audit, decisions, routing};
use crate::app::ports::StoreError;
use crate::app::returned;
use crate::domain::decision::WriteState;
use crate::domain::ids::LeadId;
use crate::domain::lead::{Had, Lead, LeadRecord};
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, WORKER, micros, owner_kind, storable};

/// Opens a lead again that its rep gives back, if they do (`app::returned`): the decision that gave it to them stands no
/// more, they are credited, and training has their word. `before` is the reason that stood on it before. False if nobody
/// gives it back.
pub(super) async fn take_back(
    conn: &mut impl Session,
    id: &LeadId,
    before: Option<&str>,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let record = rows::lead_record(&query(sql::leads::BY_ID).bind(id.as_str()).one(conn).await?)?;
    // Most leads say nothing of the kind.
    if record.lead.form.returned.is_none() {
        return Ok(false);
    }
    let Some(decision) = decisions::standing(conn, id).await? else { return Ok(false) };
    let trace = decision.trace_id.to_string();
    let Some(effect) = query(sql::outbox::OF_DECISION).bind(&trace).optional(conn).await? else { return Ok(false) };
    let write = values::from_json(&effect.text("payload")?, "write of an effect")?;
    let Some(had) = returned::given_back(&record, &decision, &write, before, at) else { return Ok(false) };
    let had = Had { why: had.why.as_deref().map(storable), ..had };

    let feedback = query(sql::intake::REP_FEEDBACK)
        .bind(&trace)
        .bind(id.as_str())
        .bind(had.rep.as_str())
        .bind(had.why.as_deref().unwrap_or_default())
        .bind(values::json(&returned::feedback(&record.lead, &decision))?)
        .bind(micros(at));
    feedback.execute(conn).await?;
    let (rep, how) = (had.rep.clone(), had.how);
    open_again(conn, record, had, at).await?;
    // What they write may name people: it stays with the lead.
    let details = json!({ "rep": rep, "how": how });
    audit::append(conn, &audit::of_decision(at, WORKER, "lead.returned", id, decision.trace_id, details)).await?;
    Ok(true)
}

/// Opens a decided lead again that its rep lost: the decision that gave it to them stands no more, and they are credited.
pub(super) async fn open_again(
    conn: &mut impl Session,
    record: LeadRecord,
    had: Had,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (owner, trace) = (&record.lead.owner, had.decision.to_string());
    let mut earlier = record.earlier;
    earlier.push(had);
    let open_with = format!("{}{}", owner_kind(owner), owner.id());
    let open =
        query(sql::intake::GIVE_BACK).bind(record.lead.id.as_str()).bind(values::json(&earlier)?).bind(open_with);
    open.execute(conn).await?;
    // It is as if the lead had not come to them.
    routing::unbook_share(conn, &trace).await?;
    query(sql::decisions::CLOSE).bind(&trace).bind(micros(at)).execute(conn).await.map(drop)
}

/// Credits who was given what the CRM says is no lead at all, or takes the credit back when it says otherwise.
pub(super) async fn disqualify(conn: &mut impl Session, lead: &Lead, at: DateTime<Utc>) -> Result<(), StoreError> {
    let disqualified = lead.form.disqualified;
    query(sql::intake::DISQUALIFY).bind(lead.id.as_str()).bind(i64::from(disqualified)).execute(conn).await?;
    if let Some(decision) = decisions::standing(conn, &lead.id).await? {
        let trace = decision.trace_id.to_string();
        if disqualified {
            routing::unbook_share(conn, &trace).await?;
        } else if decision.owner == lead.owner || matches!(decision.write, WriteState::Waiting | WriteState::NotWanted)
        {
            // Unless it went to somebody else meanwhile, whom nobody is charged for.
            routing::book_share(conn, &trace).await?;
        }
    }
    let what = if disqualified { "lead.disqualified" } else { "lead.requalified" };
    audit::append(conn, &audit::of_lead(at, WORKER, what, &lead.id, json!({}))).await
}
