//! Audit events, written in the transaction of the change they tell of.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::app::ports::StoreError;
use crate::domain::audit::AuditEvent;
use crate::domain::ids::{LeadId, TraceId};
use crate::store::query::query;
use crate::store::rows::Columns;
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{json, micros, storable};

/// An event about no lead and no decision.
pub(super) fn event(at: DateTime<Utc>, actor: &str, what: &str, details: Value) -> AuditEvent {
    AuditEvent { at, actor: actor.to_owned(), what: what.to_owned(), lead_id: None, trace_id: None, details }
}

/// An event about a lead.
pub(super) fn of_lead(at: DateTime<Utc>, actor: &str, what: &str, lead: &LeadId, details: Value) -> AuditEvent {
    AuditEvent { lead_id: Some(lead.clone()), ..event(at, actor, what, details) }
}

/// An event about a decision.
pub(super) fn of_decision(
    at: DateTime<Utc>,
    actor: &str,
    what: &str,
    lead: &LeadId,
    trace: TraceId,
    details: Value,
) -> AuditEvent {
    AuditEvent { trace_id: Some(trace), ..of_lead(at, actor, what, lead, details) }
}

/// Writes it at the end of the trail, where it waits for its seal.
pub(super) async fn append(conn: &mut impl Session, event: &AuditEvent) -> Result<(), StoreError> {
    let written = query(sql::audit::APPEND)
        .bind(micros(event.at))
        .bind(storable(&event.actor))
        .bind(&event.what)
        .bind(event.lead_id.as_ref().map(LeadId::as_str))
        .bind(event.trace_id.map(|id| id.to_string()))
        .bind(json(&event.details)?)
        .one(conn)
        .await?;
    query(sql::chain::WAIT).bind(written.int("id")?).execute(conn).await.map(drop)
}
