//! The blind sample: what managers chose before they were shown what the model would choose.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;

/// What a manager chose for a lead of the blind sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstChoice {
    /// The lead.
    pub lead_id: LeadId,
    /// How many decisions it had had: one that comes back is chosen for anew.
    pub decisions_made: u32,
    /// Who chose, raw.
    pub manager: String,
    /// Whom they would give it to.
    pub owner: Owner,
    /// What was recommended at that moment, and shown to them afterwards.
    pub recommended: Owner,
    /// When.
    pub at: DateTime<Utc>,
}

impl FirstChoice {
    /// Whether they chose what was recommended, without having seen it.
    pub fn agrees(&self) -> bool {
        self.owner == self.recommended
    }
}

/// How managers agree with what is recommended, with and without having seen it: over leads whose recommended owner is not
/// the legacy owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindTally {
    /// Leads for which somebody chose blind.
    pub chosen: u64,
    /// Of these, those where the choice was what was recommended.
    pub agreed: u64,
    /// Where it was not: decided since by a manager.
    pub differed: u64,
    /// Of these, those that were given to the recommended owner after all.
    pub went_over: u64,
    /// Decisions of managers who had seen the recommendation.
    pub seen: u64,
    /// Of these, those that gave the lead to the recommended owner.
    pub seen_agreed: u64,
}

/// Where first choices are kept.
#[async_trait]
pub trait BlindStore: Send + Sync {
    /// Keeps a first choice. False if there is one for the lead as it stands already; that one stays.
    async fn choose_first(&self, choice: &FirstChoice) -> Result<bool, StoreError>;
    /// How managers agreed since then.
    async fn blind_tally(&self, since: DateTime<Utc>) -> Result<BlindTally, StoreError>;
}
