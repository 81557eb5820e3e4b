//! Leads whose recommended owner is not the one whom the CRM's own rules chose.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::app::views::QueueKey;
use crate::domain::decision::Decision;
use crate::domain::ids::{LeadId, TraceId};
use crate::domain::lead::Owner;
use crate::domain::ranking::Ranking;
use crate::domain::recommendation::Recommendation;
use crate::policy::route::Path;

/// A lead that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked<P> {
    /// Where a walk goes on after it.
    pub place: P,
    /// What was recommended, where that is another than the legacy owner.
    pub differs: Option<Box<Differs>>,
}

/// A recommendation that is not the legacy owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Differs {
    /// The lead.
    pub lead: LeadId,
    /// Its company, raw.
    pub company: String,
    /// Decisions made on it so far.
    pub decisions: u32,
    /// Whom the CRM's rules chose.
    pub legacy: Owner,
    /// Their name, raw; the id where none is known.
    pub legacy_name: String,
    /// What was recommended.
    pub recommendation: Recommendation,
    /// The name of that owner, raw; likewise.
    pub model_name: String,
    /// The ranking; `None` if ranking failed.
    pub ranking: Option<Ranking>,
    /// The way to the recommendation, where it was kept.
    pub path: Option<Path>,
    /// The decision, of a walk through decisions.
    pub decision: Option<Decision>,
}

/// What the matrix and the groups of disagreements are made of. Each walk looks at no more than it is told, whatever the
/// store holds.
#[async_trait]
pub trait DisagreementStore: Send + Sync {
    /// Leads in a lane in the order of the queue, after a place, so many.
    async fn open_differing(&self, after: Option<&QueueKey>, limit: u32) -> Result<Vec<Looked<QueueKey>>, StoreError>;
    /// Decisions from the newest on, after one of them, so many. Only those that stand, and that a manager took on one lead,
    /// are told of.
    async fn decided_differing(
        &self,
        after: Option<TraceId>,
        limit: u32,
    ) -> Result<Vec<Looked<(TraceId, DateTime<Utc>)>>, StoreError>;
}
