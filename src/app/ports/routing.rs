//! What routing looks at and leaves behind: rulebooks, what reps were given lately, and each rep's account.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Feed, Hold, Ledger, StoreError};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::LeadRecord;
use crate::domain::vocabulary::Vocabulary;

/// The text of a `routing.toml`, and where it was read from, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesText {
    /// The text.
    pub text: String,
    /// The name of the file.
    pub place: String,
}

/// Where the manager keeps `routing.toml`, and the files that it names.
pub trait RulesSource: Send + Sync {
    /// The text as it is now; `None` if there is no such file.
    ///
    /// # Errors
    /// What is in the way of reading it, in words.
    fn read(&self) -> Result<Option<RulesText>, String>;

    /// The text of a file that the rules name, as it is now: by a path as seen from where the rules are. Of a file of more
    /// than `most` bytes, somewhat more than that, so that whoever reads it can tell.
    ///
    /// # Errors
    /// What is in the way of reading it, in words, with the cure.
    fn named(&self, file: &str, most: usize) -> Result<String, String>;
}

/// A rulebook that is or was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRulebook {
    /// Its version.
    pub version: String,
    /// Its canonical text.
    pub body: String,
    /// When it first came into force.
    pub since: DateTime<Utc>,
    /// Where it was read from.
    pub place: String,
}

/// Leads that a rep was given in a quarter of an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The rep.
    pub rep: RepId,
    /// When the quarter of an hour began.
    pub at: DateTime<Utc>,
    /// How many.
    pub leads: u32,
}

/// Leads that came in a quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// When the quarter of an hour began.
    pub at: DateTime<Utc>,
    /// How many.
    pub leads: u32,
}

/// Leads that wait for others, to be given together with them. They are pending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenHold {
    /// Since when and until when, and what waiting is worth.
    pub hold: Hold,
    /// The leads.
    pub leads: BTreeSet<LeadId>,
}

/// What routing reads and keeps.
#[async_trait]
pub trait RoutingStore: Send + Sync {
    /// The rulebook in force; `None` while there never was one.
    async fn rulebook(&self) -> Result<Option<StoredRulebook>, StoreError>;

    /// The rulebook of a version, if it was ever in force.
    async fn rulebook_of(&self, version: &str) -> Result<Option<StoredRulebook>, StoreError>;

    /// Every rulebook that was ever in force, the newest first.
    async fn rulebooks(&self) -> Result<Vec<StoredRulebook>, StoreError>;

    /// Puts a rulebook into force. Leads in a lane that were ranked under another one become pending again, so that no
    /// recommendation is older than the rules. How many; `None` if it was in force already.
    async fn enforce(&self, book: &StoredRulebook) -> Result<Option<u64>, StoreError>;

    /// Makes a lead that waits in a lane pending again, because what its ranking rests on is not so any more. False if it
    /// does not wait. `why` is a word for the trail.
    async fn rank_anew(&self, lead: &LeadId, why: &str, at: DateTime<Utc>) -> Result<bool, StoreError>;

    /// What reps were given since then, by quarters of an hour: leads that were decided, and those that people took.
    async fn given(&self, since: DateTime<Utc>) -> Result<Vec<Given>, StoreError>;

    /// Leads received at or after the one time and before the other, in the order in which they came, bounded: those after
    /// the first `skip` of them.
    async fn received_between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<LeadRecord>, StoreError>;

    /// Each rep's account, over all decisions that stand.
    async fn ledger(&self) -> Result<Ledger, StoreError>;

    /// How many leads came since then, by quarters of an hour, in order; a quarter without any is left out.
    async fn arrivals(&self, since: DateTime<Utc>) -> Result<Vec<Arrived>, StoreError>;

    /// The leads that wait for others, the same for all who share the store.
    async fn open_hold(&self) -> Result<Option<OpenHold>, StoreError>;

    /// Keeps that, or that none waits any more. The trail tells of each lead that begins to.
    async fn keep_hold(&self, hold: Option<&OpenHold>, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// What the CRM can say of a lead, as it was last read; `None` before the first time.
    async fn vocabulary(&self) -> Result<Option<Vocabulary>, StoreError>;

    /// Keeps that in place of what was known.
    async fn save_vocabulary(&self, vocabulary: &Vocabulary) -> Result<(), StoreError>;

    /// What calendars and lists of absences said when they were last read.
    async fn feeds(&self) -> Result<Vec<Feed>, StoreError>;

    /// Keeps what they say in place of what they said.
    async fn save_feeds(&self, feeds: &[Feed], at: DateTime<Utc>) -> Result<(), StoreError>;
}
