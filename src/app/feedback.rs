//! What managers said, why, and what came of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::AppError;
use super::ports::{BlindTally, Scope, ScopeTally, Store, VerdictTally};
use crate::domain::number::grouped;

/// Days that are looked back.
pub const DAYS: i64 = 30;
/// Scopes of a kind that are listed.
const LISTED: u32 = 100;

/// What managers said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// When it was looked.
    pub at: DateTime<Utc>,
    /// Over how many days.
    pub days: i64,
    /// Verdicts by name and reason, the most first.
    pub verdicts: Vec<VerdictTally>,
    /// Approvals and agreement by source.
    pub sources: Vec<ScopeTally>,
    /// By legacy owner.
    pub legacy_owners: Vec<ScopeTally>,
    /// By recommended rep.
    pub recommended: Vec<ScopeTally>,
    /// How far recommendations are followed, blind and in sight.
    #[serde(default)]
    pub blind: BlindTally,
    /// Closed deals that the next training learns from.
    pub deals: u64,
}

impl Feedback {
    /// Verdicts that stand.
    pub fn standing(&self) -> u64 {
        self.verdicts.iter().map(|one| one.verdicts - one.taken_back).sum()
    }

    /// What goes into the next training, in words.
    pub fn training(&self) -> String {
        format!(
            "The next training learns from {} closed deals. {} verdicts of {} days are kept with the facts and chances as they \
             were shown; no model learns from verdicts yet, only from how deals end.",
            grouped(self.deals),
            grouped(self.standing()),
            self.days
        )
    }
}

/// What managers said in so many days.
pub async fn feedback(store: &dyn Store, now: DateTime<Utc>, days: i64) -> Result<Feedback, AppError> {
    let since = now - TimeDelta::days(days);
    Ok(Feedback {
        at: now,
        days,
        verdicts: store.verdict_tallies(since).await?,
        sources: store.scope_tallies(Scope::Source, since, LISTED).await?,
        legacy_owners: store.scope_tallies(Scope::LegacyOwner, since, LISTED).await?,
        recommended: store.scope_tallies(Scope::Recommended, since, LISTED).await?,
        blind: store.blind_tally(since).await?,
        deals: store.deal_count().await?,
    })
}
