//! Effects: writes owed to the CRM, kept in the outbox until they are known to have happened.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{DecisionKey, LeadId, QueueId, TraceId};
use super::lead::Owner;
use super::verdict::Verdict;

/// Everything the CRM must be told about one decision, as one conditional, all-or-nothing write.
///
/// It is complete: sending it needs no other row, so it can be repeated after a crash exactly as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionWrite {
    /// Recognised by the CRM when repeated.
    pub key: DecisionKey,
    /// For people who search.
    pub trace_id: TraceId,
    /// The lead.
    pub lead_id: LeadId,
    /// The owner the decision started from. If the CRM has another by now, a person was faster.
    pub expected_owner: Owner,
    /// The lead's last change that we saw; the write is refused by the CRM if there was a later one.
    pub expected_modified_at: DateTime<Utc>,
    /// The owner to set.
    pub owner: Owner,
    /// Whether the owner is the model's choice (the cohort marker `AI_Assigned__c`).
    pub ai_assigned: bool,
    /// Reason, for people, in one or two sentences.
    pub reason: String,
    /// Reason, as a code.
    pub reason_code: String,
    /// Verdict by name.
    pub verdict: String,
    /// `p_win` of the owner, when a rep.
    pub p_win: Option<f64>,
    /// Whom the legacy rules had chosen.
    pub legacy_owner: Owner,
    /// Model that ranked it.
    pub model: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// A task for the new owner, if they are a rep.
    pub task: Option<TaskWrite>,
    /// The lead source to set, where a rule gives the lead another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceWrite>,
    /// Whether it goes before others that are due: the lead is hot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// How much of the decision is written.
    #[serde(default)]
    pub rung: Rung,
    /// The reason on the lead for which a rep gave it back, to be cleared for the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_reason: Option<String>,
}

/// The rungs of the ladder on which a write comes down when the CRM refuses it: each asks for less than the one before.
/// None of them overrules a person: whoever changed the owner meanwhile wins against all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rung {
    /// Owner, reason, decision record and task, all or nothing.
    #[default]
    Whole,
    /// The same, without a task, for the default queue, because the chosen owner cannot own leads.
    FallbackQueue,
    /// The owner alone, because our fields or the decision record cannot be written. That it was done is known from the
    /// outbox, and from the owner itself.
    OwnerOnly,
}

impl DecisionWrite {
    /// Whether it puts back what another decision of ours had written.
    pub fn puts_back(&self) -> bool {
        self.verdict == Verdict::Undo.name()
    }

    /// The next rung down when the owner cannot own leads: the lead goes to a queue, and says why. `None` if it was on
    /// its way to a queue already.
    pub fn for_queue(&self, queue: QueueId, why: &str) -> Option<Self> {
        self.owner.rep()?;
        Some(Self {
            owner: Owner::Queue(queue),
            ai_assigned: false,
            reason: format!("Chosen owner {} cannot own it ({why}). {}", self.owner.id(), self.reason),
            reason_code: "owner_unavailable".to_owned(),
            p_win: None,
            task: None,
            rung: self.rung.max(Rung::FallbackQueue),
            ..self.clone()
        })
    }

    /// The same without the lead source, the least of what is written: the next step down when the write is refused as a
    /// whole. `None` if it sets none.
    pub fn without_source(&self) -> Option<Self> {
        (self.rung < Rung::OwnerOnly && self.source.is_some()).then(|| Self { source: None, ..self.clone() })
    }

    /// The next rung down when the write is refused as a whole: the owner alone. `None` if it was that already.
    pub fn owner_only(&self) -> Option<Self> {
        (self.rung < Rung::OwnerOnly).then(|| Self { rung: Rung::OwnerOnly, source: None, ..self.clone() })
    }
}

/// Another lead source. It is set only where the lead still has the one that the decision started from: whoever chose
/// another meanwhile, person or program, has the last word, and the rest of the decision is written all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceWrite {
    /// The source that the decision started from, as the CRM spells it; `None` for none.
    pub from: Option<String>,
    /// The source to set; `None` for none.
    pub to: Option<String>,
}

/// A task for the rep who gets the lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskWrite {
    /// Subject line.
    pub subject: String,
    /// The why-panel in plain text.
    pub description: String,
    /// Due.
    pub due_at: DateTime<Utc>,
}

/// Where an effect stands in the outbox.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EffectState {
    /// To be sent once `not_before` has passed.
    Ready,
    /// Being sent by the holder of the lease.
    Leased,
    /// Known to have happened.
    Done,
    /// Not sent and never will be: a person was faster.
    Superseded,
    /// Not sent and never will be: taken back in the grace period.
    Cancelled,
    /// Gave up; a person must look. Never deleted.
    Dead,
}

/// An effect handed out for sending. The token fences off a sender that was believed dead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeasedEffect {
    /// Row in the outbox.
    pub id: i64,
    /// Rises with each lease; completing needs the current one.
    pub token: i64,
    /// How often it was handed out, this time included.
    pub attempt: u32,
    /// What to write.
    pub write: DecisionWrite,
}

/// One line of the outbox for the sync screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRow {
    /// Row in the outbox.
    pub id: i64,
    /// The lead it is about.
    pub lead_id: LeadId,
    /// Company, raw.
    pub company: String,
    /// Its decision.
    pub trace_id: TraceId,
    /// Where it stands.
    pub state: EffectState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not sent before this.
    pub not_before: DateTime<Utc>,
    /// What went wrong last time.
    pub last_error: Option<String>,
}

/// The outbox in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectCounts {
    /// Known to have happened.
    pub sent: u64,
    /// Ready or leased.
    pub pending: u64,
    /// Given up, a person must look.
    pub failed: u64,
    /// Not sent because a person was faster.
    pub superseded: u64,
    /// Taken back in time.
    pub cancelled: u64,
}
