//! The last rung of the ladder: nothing but the owner, for orgs in which our fields or the decision object are broken.
//!
//! There is no decision record to recognise a repetition by. What stands for it is the owner itself: a lead that has the
//! wanted owner needs no write, whoever gave it to them.

use serde_json::json;

use super::compose::Parts;
use super::{MAX_CONFLICTS, Standing};
use crate::app::ports::{CrmError, WriteOutcome};
use crate::crm::salesforce::errors::{Class, Fault};
use crate::crm::salesforce::{Salesforce, dates};

impl Salesforce {
    /// Gives the lead to its owner by a plain conditional update, however often it is called.
    pub(super) async fn apply_owner(&self, parts: &Parts<'_>) -> Result<WriteOutcome, CrmError> {
        let write = parts.write;
        if write.owner == write.expected_owner {
            // Nothing of the decision is left to write.
            return Ok(match self.standing(parts).await? {
                Some(now) if now.owner == write.owner && !now.converted => applied(now),
                now => superseded(now),
            });
        }
        let body = json!({ "OwnerId": write.owner.id() });
        let path = ["sobjects", "Lead", &parts.lead];
        let mut unmodified_since = write.expected_modified_at;
        for _ in 0..=MAX_CONFLICTS {
            let condition = dates::http(unmodified_since);
            let fault = match self.client.update(&path, &condition, &body).await {
                Ok(()) => {
                    return Ok(match self.standing(parts).await? {
                        Some(now) => applied(now),
                        // It was ours for a moment, and then somebody deleted it.
                        None => WriteOutcome::AlreadyApplied,
                    });
                }
                Err(fault) => fault,
            };
            match fault.class {
                Class::Conflict | Class::OutcomeUnknown => match self.standing(parts).await? {
                    Some(now) if now.owner == write.owner && !now.converted => return Ok(WriteOutcome::AlreadyApplied),
                    Some(now) if now.owner == write.expected_owner && !now.converted => {
                        if fault.class == Class::OutcomeUnknown {
                            // Under the old condition, because it may still be on its way.
                            return Err(CrmError::Transient(format!("the write did not happen: {}", fault.message)));
                        }
                        unmodified_since = now.modified_at;
                    }
                    now => return Ok(superseded(now)),
                },
                Class::Gone | Class::NotFound => return Ok(superseded(None)),
                Class::BadAssignee => return Ok(WriteOutcome::BadAssignee { why: fault.message }),
                Class::CrossReference => return self.owner_or_lead(parts, fault).await,
                _ => return Err(fault.into()),
            }
        }
        Err(CrmError::Locked(format!("lead {} changes faster than it can be written", parts.lead)))
    }

    /// An id leads nowhere: the owner's, unless the lead itself is gone.
    async fn owner_or_lead(&self, parts: &Parts<'_>, fault: Fault) -> Result<WriteOutcome, CrmError> {
        Ok(match self.standing(parts).await? {
            Some(now) if now.owner == parts.write.expected_owner && !now.converted => {
                WriteOutcome::BadAssignee { why: fault.message }
            }
            now => superseded(now),
        })
    }
}

fn applied(now: Standing) -> WriteOutcome {
    WriteOutcome::Applied { owner_after: now.owner, modified_at: now.modified_at, modstamp: now.modstamp, source: None }
}

fn superseded(now: Option<Standing>) -> WriteOutcome {
    let why = match now {
        None => "the lead was deleted or merged meanwhile".to_owned(),
        Some(now) if now.converted => "the lead was converted meanwhile".to_owned(),
        Some(now) => format!("the owner was changed to {} meanwhile", now.owner.id()),
    };
    WriteOutcome::Superseded { why }
}
