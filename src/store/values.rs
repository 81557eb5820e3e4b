//! How values stand in columns: times as microseconds, flags as 0 and 1, structures as JSON text, owners and routes as a
//! kind and an id.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::ports::StoreError;
use crate::domain::decision::DecidedBy;
use crate::domain::ids::{QueueId, RepId};
use crate::domain::lead::Owner;
use crate::domain::recommendation::Route;

/// Microseconds since the epoch, UTC. What is finer is cut off, so compare times only after both went through here.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// The time that [`micros`] wrote.
pub(super) fn time(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| StoreError::Corrupt(format!("{micros} is no time (microseconds since 1970)")))
}

/// A structure as JSON text.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Corrupt(format!("a value cannot be written as JSON: {e}")))
}

/// The structure that [`json`] wrote; `what` names it in the error.
pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(format!("{what}: {e}")))
}

/// Text without U+0000, which some databases cannot store at all.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// Text as it is searched: lower case, by the same rule whatever the database.
pub(super) fn folded(text: &str) -> String {
    storable(text).to_lowercase()
}

/// A count as it is read, never negative.
pub(super) fn count(n: i64) -> Result<u64, StoreError> {
    u64::try_from(n).map_err(|_| StoreError::Corrupt(format!("{n} is no count")))
}

/// A small count as it is read.
pub(super) fn small_count(n: i64) -> Result<u32, StoreError> {
    u32::try_from(n).map_err(|_| StoreError::Corrupt(format!("{n} is no count")))
}

/// The kind of an owner, as stored.
pub(super) const fn owner_kind(owner: &Owner) -> &'static str {
    match owner {
        Owner::Rep(_) => "rep",
        Owner::Queue(_) => "queue",
    }
}

/// The owner of a kind and an id.
pub(super) fn owner(kind: &str, id: String) -> Result<Owner, StoreError> {
    match kind {
        "rep" => Ok(Owner::Rep(RepId::new(id))),
        "queue" => Ok(Owner::Queue(QueueId::new(id))),
        other => Err(StoreError::Corrupt(format!("{other:?} is no kind of owner"))),
    }
}

/// Kind and id of a route, as stored.
pub(super) fn route_parts(route: &Route) -> (&'static str, &str) {
    match route {
        Route::AssignRep(id) => ("assign_rep", id.as_str()),
        // To the database both are a queue in which a person looks; which it is, the recommendation beside it tells.
        Route::ManagerQueue(id) | Route::Queue(id) => ("manager_queue", id.as_str()),
        Route::DefaultQueue(id) => ("default_queue", id.as_str()),
    }
}

/// The route of a kind and an id.
pub(super) fn route(kind: &str, id: String) -> Result<Route, StoreError> {
    match kind {
        "assign_rep" => Ok(Route::AssignRep(RepId::new(id))),
        "manager_queue" => Ok(Route::ManagerQueue(QueueId::new(id))),
        "default_queue" => Ok(Route::DefaultQueue(QueueId::new(id))),
        other => Err(StoreError::Corrupt(format!("{other:?} is no kind of route"))),
    }
}

/// Kind and name of who decided, as stored.
pub(super) fn decided_by_parts(by: &DecidedBy) -> (&'static str, Option<&str>) {
    match by {
        DecidedBy::Manager(name) => ("manager", Some(name)),
        DecidedBy::Automatic => ("automatic", None),
        DecidedBy::Fallback => ("fallback", None),
    }
}

/// Who decided, of a kind and a name.
pub(super) fn decided_by(kind: &str, name: Option<String>) -> Result<DecidedBy, StoreError> {
    match (kind, name) {
        ("manager", Some(name)) => Ok(DecidedBy::Manager(name)),
        ("automatic", None) => Ok(DecidedBy::Automatic),
        ("fallback", None) => Ok(DecidedBy::Fallback),
        (kind, name) => Err(StoreError::Corrupt(format!("{kind:?} with name {name:?} is nobody who decides"))),
    }
}

/// Who decided, as the audit trail and a manager read it: a name, or `worker` for the program itself.
pub(super) fn actor(by: &DecidedBy) -> &str {
    match by {
        DecidedBy::Manager(name) => name,
        DecidedBy::Automatic | DecidedBy::Fallback => WORKER,
    }
}

/// The actor of everything that no person asked for.
pub(super) const WORKER: &str = "worker";
