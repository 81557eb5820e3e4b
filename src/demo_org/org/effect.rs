//! What happened in the org, in the words of somebody who has to judge it.

use serde::{Deserialize, Serialize};

use super::super::id::Id;
use super::super::stamp::Stamp;

/// Why a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// A client of the API asked for it.
    Api,
    /// The org's assignment rule did it.
    Rule,
    /// A person did it in the org.
    Person,
    /// A trigger of the org did it inside a client's transaction.
    Trigger,
    /// The world outside: leads come, deals close.
    World,
}

/// Something that happened, once its transaction was certain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Effect {
    /// Counts from 1 without gaps.
    pub(crate) n: u64,
    /// When, in seconds since 1970.
    pub(crate) at: Stamp,
    /// The user who did it.
    pub(crate) by: Id,
    /// Key of the decision record that was created in the same transaction: on which decision it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<String>,
    /// What.
    #[serde(flatten)]
    pub(crate) kind: EffectKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum EffectKind {
    /// A lead came in live; its owner is the legacy assignment.
    LeadArrived { lead: Id, owner: Id, arrival: u64 },
    /// A client created a lead.
    LeadCreated { lead: Id, owner: Id },
    /// A lead was deleted.
    LeadDeleted { lead: Id, cause: Cause },
    /// A lead was merged into another and is deleted.
    LeadMerged { lead: Id, into: Id },
    /// A lead got another owner.
    OwnerChanged { lead: Id, from: Option<Id>, to: Id, cause: Cause },
    /// A decision record was created.
    DecisionRecorded {
        record: Id,
        lead: Option<Id>,
        key: Option<String>,
        trace_id: Option<String>,
        owner: Option<String>,
    },
    /// A task was created.
    TaskCreated { task: Id, lead: Option<Id>, owner: Id, subject: Option<String> },
    /// A lead was converted and its deal closed.
    LeadConverted { lead: Id, opportunity: Id, owner: Id, won: bool },
}
