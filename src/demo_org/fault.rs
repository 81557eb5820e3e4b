//! Refusals of the API: an HTTP status and one entry of the error array.

use serde_json::{Value as Json, json};

use super::id::Id;
use super::schema::Object;
use super::soql::SoqlError;

/// One refusal. The pairing of status and code follows the public documentation where that names both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// HTTP status.
    pub(crate) status: u16,
    /// `errorCode`.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: String,
    /// Fields it is about.
    pub(crate) fields: Vec<String>,
}

impl Fault {
    /// A refusal about no field in particular.
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new() }
    }

    /// The request itself is wrong: 400.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// Names the field it is about.
    pub(crate) fn about(mut self, field: impl Into<String>) -> Self {
        self.fields.push(field.into());
        self
    }

    /// There is nothing at this address.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// There is no record with this id or key.
    pub(crate) fn no_record(key: &str) -> Self {
        let message = format!("Provided external ID field does not exist or is not accessible: {key}");
        Self::new(404, "NOT_FOUND", message)
    }

    /// The address is right, the method is not.
    pub(crate) fn method(used: &str, allowed: &str) -> Self {
        let message = format!("HTTP Method '{used}' not allowed. Allowed are {allowed}");
        Self::new(405, "METHOD_NOT_ALLOWED", message)
    }

    /// The record was deleted.
    pub(crate) fn deleted() -> Self {
        Self::new(404, "ENTITY_IS_DELETED", "entity is deleted")
    }

    /// A field of a request body that the object does not have.
    pub(crate) fn no_such_field(name: &str, object: Object) -> Self {
        Self::bad("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name()))
    }

    /// A reference to a record that is not there.
    pub(crate) fn no_reference(field: &str) -> Self {
        Self::bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").about(field)
    }

    /// A user who cannot own records any more.
    pub(crate) fn inactive_owner(user: Id, object: Object) -> Self {
        let object = object.name().to_lowercase();
        let message = format!("operation performed with inactive user [{user}] as owner of {object}");
        Self::bad("INACTIVE_OWNER_OR_USER", message)
    }

    /// Another transaction holds the record.
    pub(crate) fn locked_row(id: Id) -> Self {
        Self::bad("UNABLE_TO_LOCK_ROW", format!("unable to obtain exclusive access to this record or 1 records: {id}"))
    }

    /// The allocation of 24 hours is used up.
    pub(crate) fn daily_limit() -> Self {
        Self::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    }

    /// Too many long calls at once.
    pub(crate) fn concurrent_limit() -> Self {
        Self::new(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")
    }

    /// The journal could not be written, so nothing happened.
    pub(crate) fn not_stored(error: &std::io::Error) -> Self {
        Self::new(500, "UNKNOWN_EXCEPTION", format!("An unexpected error occurred: {error}"))
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Json {
        let mut entry = json!({ "message": self.message, "errorCode": self.code });
        if !self.fields.is_empty() {
            entry["fields"] = json!(self.fields);
        }
        json!([entry])
    }
}

impl From<SoqlError> for Fault {
    fn from(error: SoqlError) -> Self {
        Self::bad(error.code, error.message)
    }
}
