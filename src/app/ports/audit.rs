//! The audit trail as evidence, and what rankings were made from.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::domain::audit::AuditEvent;
use crate::domain::ids::{LeadId, ModelId, TraceId};
use crate::domain::lead::Owner;

/// An audit record exactly as it is stored: what its seal is a hash of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the store.
    pub id: i64,
    /// When, microseconds since 1970, UTC.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
    /// The lead concerned.
    pub lead_id: Option<String>,
    /// The decision concerned.
    pub trace_id: Option<String>,
    /// Facts of the event, JSON text.
    pub details: String,
}

/// The seal of one audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// The record it seals.
    pub audit_id: i64,
    /// Hash of the record alone, hexadecimal.
    pub content: String,
    /// Hash of the link before, the place and the content, hexadecimal.
    pub link: String,
}

/// How many audit records there are, and how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditTotals {
    /// Records.
    pub records: u64,
    /// Seals.
    pub seals: u64,
    /// Records that wait for their seal.
    pub waiting: u64,
}

/// What a ranking was made from, besides the lead and the model: the same for many leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDesk {
    /// Hash of the body.
    pub id: String,
    /// JSON: roster, queues and settings (`app::replay::Desk`), or how things stood at a moment (`policy::route::Situation`).
    pub body: String,
}

/// A stored ranking with what it was made from, as texts, so that it can be made again and compared.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRanking {
    /// The lead.
    pub lead_id: LeadId,
    /// The reading it was made on.
    pub modstamp: DateTime<Utc>,
    /// When it was made.
    pub ranked_at: DateTime<Utc>,
    /// Whom the CRM's own rules had chosen.
    pub legacy: Owner,
    /// The model; `None` when ranking failed.
    pub model_id: Option<ModelId>,
    /// The lead's facts, JSON; `None` for a ranking made before they were kept.
    pub facts: Option<String>,
    /// The desk, JSON; likewise.
    pub desk: Option<String>,
    /// How things stood at the moment, JSON; `None` for a ranking made before that was kept.
    pub situation: Option<String>,
    /// The version of the rules; likewise.
    pub rules: Option<String>,
    /// The way to the recommendation, JSON; likewise.
    pub path: Option<String>,
    /// The recommendation, JSON.
    pub recommendation: String,
    /// The ranking, JSON; `None` when ranking failed.
    pub ranking: Option<String>,
}

/// The audit trail as evidence.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes an event that belongs to no other change (a login, a changed config).
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError>;
    /// Seals records that wait for it, in the order of their numbers, at most so many. Returns how many were sealed.
    ///
    /// A store that seals in the transaction of the record itself never has any waiting.
    async fn seal(&self, limit: u32) -> Result<u64, StoreError>;
    /// The end of the chain.
    async fn audit_head(&self) -> Result<Option<Seal>, StoreError>;
    /// Seals after a place of the chain, in its order, each with the record it seals, if that is still there.
    async fn seals_after(&self, seq: i64, limit: u32) -> Result<Vec<(Seal, Option<StoredEvent>)>, StoreError>;
    /// Records that have no seal and do not wait for one: added behind the program's back.
    async fn unchained(&self, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;
    /// How many there are of each.
    async fn audit_totals(&self) -> Result<AuditTotals, StoreError>;
    /// The newest event of this name.
    async fn newest_event(&self, what: &str) -> Result<Option<AuditEvent>, StoreError>;
    /// The ranking that was in force when a decision was taken. `None` if there is no such decision, or none had been
    /// made.
    async fn ranking_of(&self, trace: TraceId) -> Result<Option<StoredRanking>, StoreError>;
    /// The newest ranking of a lead. `None` if there is no such lead, or it was never ranked.
    async fn newest_ranking(&self, lead: &LeadId) -> Result<Option<StoredRanking>, StoreError>;
}
