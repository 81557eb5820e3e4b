//! The one write: a decision, all or nothing, conditional, and recognised when repeated.
//!
//! One composite holds the decision record, the lead, the task and a read-back. The decision record goes first: its key
//! is unique, so a repeated composite fails there and rolls back before anything else can happen twice. Whatever goes
//! wrong, the answer comes from looking at the org, never from trying again and hoping.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Salesforce;
use super::client::Target;
use super::errors::{Class, Fault};
use super::map::Record;
use super::wire::CompositeAnswer;
use crate::app::ports::{CrmError, WriteOutcome};
use crate::domain::effect::{DecisionWrite, Rung, SourceWrite};
use crate::domain::lead::Owner;

mod compose;
mod interpret;
mod owner_only;

use interpret::Ended;

/// Object of the decision record, and its unique key.
const DECISION: &str = "AI_Lead_Routing_Decision__c";
const DECISION_KEY: &str = "Decision_Key__c";
/// How often the write is made again when the lead changed without changing hands.
const MAX_CONFLICTS: u32 = 3;

/// A lead as it stands in the org at this moment.
struct Standing {
    owner: Owner,
    modified_at: DateTime<Utc>,
    modstamp: DateTime<Utc>,
    converted: bool,
    /// Its source, where that was asked for.
    source: Option<String>,
}

impl Salesforce {
    /// Sends one decision, once, however often it is called.
    pub(super) async fn apply_decision(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        let mut parts = compose::Parts::new(write, self.fields.source(), self.form.returned())?;
        if write.rung == Rung::OwnerOnly {
            return self.apply_owner(&parts).await;
        }
        let mut unmodified_since = write.expected_modified_at;
        // The source that somebody chose meanwhile.
        let mut kept = None;
        for _ in 0..=MAX_CONFLICTS {
            let composite = parts.composite(&self.client, unmodified_since);
            let ended = match self.client.write::<CompositeAnswer>(&["composite"], &composite).await {
                Ok(answer) => interpret::read(&answer, parts.source.map(|(_, field)| field.as_str())),
                Err(fault) => Ended::Failed(fault),
            };
            match ended {
                Ended::Applied { owner_after, modified_at, modstamp, source } => {
                    let source = source.or_else(|| kept.take());
                    return Ok(WriteOutcome::Applied { owner_after, modified_at, modstamp, source });
                }
                Ended::Duplicate(fault) => {
                    // Another unique field of the org may be meant.
                    if fault.blames(DECISION_KEY) || self.is_recorded(&parts).await? {
                        return Ok(WriteOutcome::AlreadyApplied);
                    }
                    return Err(fault.into());
                }
                Ended::Conflict => match self.standing(&parts).await? {
                    Some(now) if now.owner == write.expected_owner && !now.converted => {
                        // Another source, or one that is only spelt otherwise: without a change since, nothing else can
                        // have been in the way. It stays, and the rest is written.
                        let other = |set: &SourceWrite| now.source != set.from || now.modified_at <= unmodified_since;
                        if parts.source.is_some_and(|(set, _)| other(set)) {
                            parts.source = None;
                            kept.clone_from(&now.source);
                        }
                        unmodified_since = now.modified_at;
                    }
                    now => return self.superseded(&parts, now).await,
                },
                Ended::Gone(why) => return Ok(WriteOutcome::Superseded { why }),
                Ended::BadReference(fault) => {
                    return match self.standing(&parts).await? {
                        Some(now) if now.owner == write.expected_owner && !now.converted => {
                            Ok(WriteOutcome::BadAssignee { why: fault.message })
                        }
                        now => self.superseded(&parts, now).await,
                    };
                }
                Ended::Refused(fault) => return Ok(WriteOutcome::NotAsAWhole { why: fault.message }),
                Ended::BadAssignee(why) => return Ok(WriteOutcome::BadAssignee { why }),
                Ended::Failed(fault) if fault.class == Class::OutcomeUnknown => {
                    return self.settle_unknown(&parts, fault).await;
                }
                Ended::Failed(fault) => return Err(fault.into()),
            }
        }
        Err(CrmError::Locked(format!("lead {} changes faster than it can be written", parts.lead)))
    }

    /// Nobody knows whether the write happened: the decision record tells. Absent means that it did not, or not yet; a
    /// late first attempt then makes the repeated one fail on the unique key.
    async fn settle_unknown(&self, parts: &compose::Parts<'_>, fault: Fault) -> Result<WriteOutcome, CrmError> {
        match self.is_recorded(parts).await {
            Ok(true) => Ok(WriteOutcome::AlreadyApplied),
            Ok(false) => Err(CrmError::Transient(format!("the write did not happen: {}", fault.message))),
            Err(look) if matches!(look.class, Class::Transient | Class::Locked) => {
                Err(CrmError::OutcomeUnknown(format!("{}; then {}", fault.message, look.message)))
            }
            Err(look) => Err(look.into()),
        }
    }

    /// Somebody was faster, unless an earlier attempt of ours was faster still: the org may look at the lead of a decision
    /// record, and find it gone, before it looks at the key.
    async fn superseded(&self, parts: &compose::Parts<'_>, now: Option<Standing>) -> Result<WriteOutcome, CrmError> {
        if self.is_recorded(parts).await? {
            return Ok(WriteOutcome::AlreadyApplied);
        }
        let why = match now {
            None => "the lead was deleted or merged meanwhile".to_owned(),
            Some(now) if now.converted => "the lead was converted meanwhile".to_owned(),
            Some(now) => format!("the owner was changed to {} meanwhile", now.owner.id()),
        };
        Ok(WriteOutcome::Superseded { why })
    }

    /// Whether the org has the decision record.
    async fn is_recorded(&self, parts: &compose::Parts<'_>) -> Result<bool, Fault> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(rename = "Id")]
            _id: String,
        }
        let path = ["sobjects", DECISION, DECISION_KEY, parts.key];
        match self.client.read::<Found>(Target::Data { path: &path, query: &[("fields", "Id")] }).await {
            Ok(_) => Ok(true),
            Err(fault) if matches!(fault.class, Class::NotFound | Class::Gone) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The lead as it stands; `None` when it is deleted or merged away.
    async fn standing(&self, parts: &compose::Parts<'_>) -> Result<Option<Standing>, Fault> {
        let path = ["sobjects", "Lead", &parts.lead];
        let fields = parts.read_back();
        let query = [("fields", fields.as_str())];
        let record = match self.client.read::<Box<RawValue>>(Target::Data { path: &path, query: &query }).await {
            Ok(reply) => Record::parse(&reply.value)?,
            Err(fault) if matches!(fault.class, Class::NotFound | Class::Gone) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        match (record.owner(), record.at("LastModifiedDate"), record.at("SystemModstamp")) {
            (Some(owner), Some(modified_at), Some(modstamp)) => {
                let source = parts.source.and_then(|(_, field)| record.text(field.as_str()));
                Ok(Some(Standing { owner, modified_at, modstamp, converted: record.flag("IsConverted"), source }))
            }
            _ => Err(Fault::new(Class::Protocol, format!("lead {} came without owner or date", parts.lead))),
        }
    }
}
