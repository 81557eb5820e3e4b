//! What an unsuccessful answer means, and so what may be done about it. Pure: (safety, status, body) in, [`Fault`] out.
//!
//! The codes are those of the public REST and SOAP error tables. The error code decides first and the HTTP status
//! second, because the pairing of the two is not documented for most codes.

use super::wire::{ApiError, CollectionResult};
use crate::app::ports::CrmError;

/// Whether a call that got no proper answer may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    /// Changes nothing, or is known to have been rolled back.
    Safe,
    /// A write whose effect is unknown unless the answer says so.
    Unsafe,
}

/// Kinds of faults, by what our client does about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The token is not valid any more; a new one may help, once.
    SessionExpired,
    /// Credentials that no new token cures.
    Credentials,
    /// The allocation is used up.
    Quota {
        /// Seconds to wait at least.
        wait_seconds: u64,
    },
    /// A passing fault without effect.
    Transient,
    /// Somebody else has the record for now; without effect.
    Locked,
    /// A passing fault of a write; look before repeating.
    OutcomeUnknown,
    /// The query locator is gone; start again from the last row.
    LocatorExpired,
    /// The record changed since the date in `If-Unmodified-Since`.
    Conflict,
    /// A unique value exists already.
    Duplicate,
    /// The record was converted, deleted or merged away.
    Gone,
    /// No such record, object or resource.
    NotFound,
    /// An id in the body points to nothing we may use; which one, `fields` may tell.
    CrossReference,
    /// The owner cannot own this record.
    BadAssignee,
    /// Another part of the same transaction failed; never the cause.
    RolledBack,
    /// Our fields, objects or permissions are missing.
    Configuration,
    /// This request can never work.
    Permanent,
    /// The answer was larger than we read; fewer rows may do.
    TooLarge,
    /// The answer was not understood.
    Protocol,
}

/// A call that did not succeed.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// What to do about it.
    pub class: Class,
    /// Salesforce's words, bounded; never a secret.
    pub message: String,
    /// Fields that Salesforce blames; often empty.
    pub fields: Vec<String>,
}

/// Longest message kept, in characters.
const MAX_MESSAGE: usize = 500;
/// Wait when more than 25 long requests run at once: that passes in seconds.
const CONCURRENT_WAIT_SECONDS: u64 = 15;
/// Wait when the daily allocation is used up: it frees slowly, over a rolling day.
const DAILY_WAIT_SECONDS: u64 = 900;
/// Longest `Retry-After` that is believed.
const MAX_WAIT_SECONDS: u64 = 3_600;
/// 401 texts that a new token does not cure, so that refreshing would go round in circles.
const INCURABLE: [&str; 2] = ["is not attached to Agent", "not valid for use with the REST API"];

impl Fault {
    /// A fault found by ourselves.
    pub(super) fn new(class: Class, message: impl AsRef<str>) -> Self {
        let message = message.as_ref().chars().take(MAX_MESSAGE).collect();
        Self { class, message, fields: Vec::new() }
    }

    /// Whether Salesforce blames this field, by list or by name in its message.
    pub(super) fn blames(&self, field: &str) -> bool {
        self.fields.iter().any(|f| f.eq_ignore_ascii_case(field)) || self.message.contains(field)
    }
}

impl From<Fault> for CrmError {
    fn from(fault: Fault) -> Self {
        let message = fault.message;
        match fault.class {
            Class::SessionExpired | Class::Credentials => Self::Auth(message),
            Class::Quota { wait_seconds } => Self::Quota { wait_seconds, message },
            Class::Transient | Class::LocatorExpired => Self::Transient(message),
            Class::Locked => Self::Locked(message),
            Class::OutcomeUnknown => Self::OutcomeUnknown(message),
            Class::Configuration | Class::NotFound => Self::Configuration(message),
            Class::TooLarge | Class::Protocol => Self::Protocol(message),
            Class::Conflict
            | Class::Duplicate
            | Class::Gone
            | Class::CrossReference
            | Class::BadAssignee
            | Class::RolledBack
            | Class::Permanent => Self::Permanent(message),
        }
    }
}

/// What an unsuccessful answer means. `retry_after` is the header in seconds, which Salesforce does not promise.
pub(super) fn classify(safety: Safety, status: u16, retry_after: Option<u64>, body: &[u8]) -> Fault {
    let errors = read_errors(body);
    let by_code = errors.iter().map(|e| (by_code(e, status, retry_after), e));
    // Entries that were only rolled back with the rest are never the cause.
    let cause = by_code.clone().find(|(class, _)| *class != Some(Class::RolledBack)).or_else(|| by_code.clone().next());
    let (class, mut fault) = match cause {
        Some((class, error)) => {
            let mut fault = Fault::new(Class::Permanent, format!("{}: {}", error.code, error.message));
            fault.fields.clone_from(&error.fields);
            (class, fault)
        }
        None => (None, Fault::new(Class::Permanent, format!("HTTP {status}{}", excerpt(body)))),
    };
    let class = class.unwrap_or_else(|| by_status(status, retry_after, !errors.is_empty()));
    fault.class = match class {
        // A refusal that names its reason (4xx) happened before the write; a server failure may have come after it.
        Class::Transient | Class::Locked if safety == Safety::Unsafe && !is_refusal(status) => Class::OutcomeUnknown,
        class => class,
    };
    fault
}

/// Whether the status says that the request was turned down before anything was done: 4xx, except a time-out (408) and
/// the edge's own 420.
fn is_refusal(status: u16) -> bool {
    (400..420).contains(&status) && status != 408
}

/// The class a code names; `None` for codes we do not know.
fn by_code(error: &ApiError, status: u16, retry_after: Option<u64>) -> Option<Class> {
    Some(match error.code.as_str() {
        "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" => {
            if INCURABLE.iter().any(|text| error.message.contains(text)) {
                Class::Credentials
            } else {
                Class::SessionExpired
            }
        }
        "REQUEST_LIMIT_EXCEEDED" => quota(&error.message, retry_after),
        "API_CURRENTLY_DISABLED"
        | "SERVER_UNAVAILABLE"
        | "TOO_MANY_APEX_REQUESTS"
        | "QUERY_TIMEOUT"
        | "REQUEST_RUNNING_TOO_LONG"
        | "TEMPORARY_QUERY_MORE_FAILURE"
        | "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
        | "UNKNOWN_EXCEPTION"
        | "INTERNAL_ERROR"
        | "TXN_SECURITY_METERING_ERROR" => Class::Transient,
        // Another transaction holds the row, or an approval process the record: that passes in hours, and the outbox
        // waits so long.
        "UNABLE_TO_LOCK_ROW" | "ENTITY_IS_LOCKED" | "RECORD_IN_USE_BY_WORKFLOW" => Class::Locked,
        // The code has a temporary meaning, told by a server status, and a lasting one.
        "FUNCTIONALITY_NOT_ENABLED" if status >= 500 => Class::Transient,
        "INVALID_QUERY_LOCATOR" | "QUERY_LOCATOR_EXPIRED" | "QUERY_LOCATOR_NOT_FOUND" => Class::LocatorExpired,
        "MATCH_PRECONDITION_FAILED" => Class::Conflict,
        "CANNOT_UPDATE_CONVERTED_LEAD" | "ENTITY_IS_DELETED" => Class::Gone,
        "NOT_FOUND" => Class::NotFound,
        "INVALID_CROSS_REFERENCE_KEY" => Class::CrossReference,
        "INACTIVE_OWNER_OR_USER" | "TRANSFER_REQUIRES_READ" | "OP_WITH_INVALID_USER_TYPE_EXCEPTION" => {
            Class::BadAssignee
        }
        "DUPLICATE_VALUE" => Class::Duplicate,
        "ALL_OR_NONE_OPERATION_ROLLED_BACK" | "PROCESSING_HALTED" => Class::RolledBack,
        "INVALID_FIELD"
        | "INVALID_TYPE"
        | "INVALID_FIELD_FOR_INSERT_UPDATE"
        | "INSUFFICIENT_ACCESS_OR_READONLY"
        | "INSUFFICIENT_ACCESS"
        | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
        | "API_DISABLED_FOR_ORG"
        | "FUNCTIONALITY_NOT_ENABLED"
        | "DUPLICATE_EXTERNAL_ID"
        | "UNSUPPORTED_API_VERSION" => Class::Configuration,
        // The org's own automation failed. It may have failed on a lock, which only the text tells.
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" | "CANNOT_EXECUTE_FLOW_TRIGGER" => {
            if error.message.contains("UNABLE_TO_LOCK_ROW") { Class::Locked } else { Class::Permanent }
        }
        "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        | "REQUIRED_FIELD_MISSING"
        | "STRING_TOO_LONG"
        | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        | "FIELD_INTEGRITY_EXCEPTION"
        | "DUPLICATES_DETECTED"
        | "STORAGE_LIMIT_EXCEEDED"
        | "EXCEEDED_QUOTA"
        | "MALFORMED_QUERY"
        | "MALFORMED_ID"
        | "JSON_PARSER_ERROR" => Class::Permanent,
        _ => return None,
    })
}

/// The class an HTTP status names when no known code does. `explained` says whether the body was a Salesforce error.
fn by_status(status: u16, retry_after: Option<u64>, explained: bool) -> Class {
    match status {
        401 => Class::SessionExpired,
        // Salesforce's edge has no route to the org just now (420), or the request never reached an application server.
        406 if !explained => Class::Transient,
        408 | 420 | 500..=599 => Class::Transient,
        429 => quota("", retry_after),
        404 if explained => Class::NotFound,
        412 => Class::Conflict,
        300..=399 | 410 => Class::Configuration,
        413..=415 | 428 | 431 => Class::Permanent,
        400..=499 if explained => Class::Permanent,
        _ => Class::Protocol,
    }
}

/// `REQUEST_LIMIT_EXCEEDED` means either the daily allocation or too many long requests at once; the text tells.
fn quota(message: &str, retry_after: Option<u64>) -> Class {
    let usual = if message.contains("Concurrent") { CONCURRENT_WAIT_SECONDS } else { DAILY_WAIT_SECONDS };
    Class::Quota { wait_seconds: retry_after.map_or(usual, |s| s.clamp(1, MAX_WAIT_SECONDS)) }
}

/// All errors in a body, in any of the shapes Salesforce uses; empty when it is none of them (HTML, nothing).
fn read_errors(body: &[u8]) -> Vec<ApiError> {
    if let Ok(errors) = serde_json::from_slice::<Vec<ApiError>>(body) {
        return errors;
    }
    if let Ok(error) = serde_json::from_slice::<ApiError>(body) {
        return vec![error];
    }
    serde_json::from_slice::<Vec<CollectionResult>>(body)
        .map(|results| results.into_iter().flat_map(|r| r.errors).collect())
        .unwrap_or_default()
}

/// The start of a body that is not JSON, for a person to recognise.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(400)).unwrap_or_default());
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return " with an empty body".to_owned();
    }
    let short: String = words.join(" ").chars().take(120).collect();
    format!(": {short}")
}

#[cfg(test)]
mod tests;
