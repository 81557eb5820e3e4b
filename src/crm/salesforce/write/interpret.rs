//! What the answer to a composite means. Pure.

use chrono::{DateTime, Utc};
use serde_json::value::to_raw_value;

use super::compose::{AFTER, AUDIT, GUARD, LEAD, TASK};
use crate::crm::salesforce::errors::{self, Class, Fault, Safety};
use crate::crm::salesforce::map::Record;
use crate::crm::salesforce::wire::{CompositeAnswer, Subresponse};
use crate::domain::lead::Owner;

/// How a composite ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// All of it took effect.
    Applied { owner_after: Owner, modified_at: DateTime<Utc>, modstamp: DateTime<Utc>, source: Option<String> },
    /// A unique value exists; all was rolled back.
    Duplicate(Fault),
    /// The lead changed since; all was rolled back.
    Conflict,
    /// The lead is converted, deleted or merged.
    Gone(String),
    /// An id in it leads nowhere: the lead's or the owner's.
    BadReference(Fault),
    /// The owner cannot own it.
    BadAssignee(String),
    /// Something in it can never be written as things are; all was rolled back.
    Refused(Fault),
    /// Anything else.
    Failed(Fault),
}

/// Finds the entry that decided, which is the first failure that is not merely rolled back with the others. `source` is the
/// field of the lead source, where that was to be set.
pub(super) fn read(answer: &CompositeAnswer, source: Option<&str>) -> Ended {
    let entries = &answer.composite_response;
    let failures: Vec<(&str, Fault)> = entries
        .iter()
        .filter(|entry| !(200..300).contains(&entry.http_status_code))
        .map(|entry| (entry.reference_id.as_str(), fault(entry)))
        .collect();
    if let Some((step, fault)) = failures.iter().find(|(_, f)| f.class != Class::RolledBack) {
        return failed(step, fault.clone());
    }
    if failures.iter().any(|(step, fault)| *step == LEAD && unresolved(fault)) {
        return Ended::Conflict;
    }
    if let Some((_, fault)) = failures.into_iter().next() {
        // Rolled back without a cause: known to have had no effect, so it may be repeated.
        return Ended::Failed(Fault { class: Class::Transient, ..fault });
    }
    let applied = entries.iter().find(|entry| entry.reference_id == AFTER).and_then(|entry| {
        let record = Record::parse(&to_raw_value(&entry.body).ok()?).ok()?;
        Some(Ended::Applied {
            owner_after: record.owner()?,
            modified_at: record.at("LastModifiedDate")?,
            modstamp: record.at("SystemModstamp")?,
            source: source.and_then(|field| record.text(field)),
        })
    });
    applied.unwrap_or_else(|| {
        Ended::Failed(Fault::new(Class::OutcomeUnknown, "the composite was answered without its read-back"))
    })
}

/// Whether a reference to what the guard found leads nowhere: it found no lead with the expected owner.
fn unresolved(fault: &Fault) -> bool {
    fault.message.contains("Invalid reference") || fault.message.contains(GUARD)
}

/// An entry of a composite that was answered is known to have been rolled back.
fn fault(entry: &Subresponse) -> Fault {
    let body = if entry.body.is_null() { Vec::new() } else { entry.body.to_string().into_bytes() };
    errors::classify(Safety::Safe, entry.http_status_code, None, &body)
}

fn failed(step: &str, fault: Fault) -> Ended {
    match (step, fault.class) {
        (AUDIT, Class::Duplicate) => Ended::Duplicate(fault),
        (LEAD, Class::Conflict) => Ended::Conflict,
        (LEAD | AFTER, Class::Gone | Class::NotFound) => {
            let why = if fault.message.contains("CONVERTED") { "converted" } else { "deleted or merged" };
            Ended::Gone(format!("the lead was {why} meanwhile ({})", fault.message))
        }
        (LEAD | TASK, Class::BadAssignee) => Ended::BadAssignee(fault.message),
        (LEAD, Class::CrossReference) if fault.blames("OwnerId") => Ended::BadAssignee(fault.message),
        (AUDIT | LEAD | TASK, Class::CrossReference) | (AUDIT | TASK, Class::Gone) => Ended::BadReference(fault),
        (_, Class::Configuration | Class::Permanent | Class::NotFound) => {
            Ended::Refused(Fault { message: format!("{step}: {}", fault.message), ..fault })
        }
        _ => Ended::Failed(Fault { message: format!("{step}: {}", fault.message), ..fault }),
    }
}

#[cfg(test)]
mod tests;
