//! The audit trail: what happened, append-only.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{LeadId, TraceId};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a manager's name, or `worker`.
    pub actor: String,
    /// What, as a dotted name, for example `lead.received`, `decision.taken`, `effect.done`.
    pub what: String,
    /// The lead concerned.
    pub lead_id: Option<LeadId>,
    /// The decision concerned.
    pub trace_id: Option<TraceId>,
    /// Facts of the event (never personal data beyond ids).
    pub details: serde_json::Value,
}
