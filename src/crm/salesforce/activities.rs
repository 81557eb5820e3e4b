//! Who got in touch with a lead or contact: tasks that were completed, and events that began.
//!
//! A task's due day says nothing of when it was done, `CompletedDateTime` does. An event that is entered for a whole day says
//! nothing of an hour.

use chrono::{DateTime, Utc};

use super::query::{Api, Condition, Select, Value};

/// When a task was completed.
pub(super) const DONE: &str = "CompletedDateTime";
/// When an event begins.
pub(super) const BEGINS: &str = "StartDateTime";

/// Completed tasks about these leads or contacts.
pub(super) fn completed_tasks(who: Vec<String>) -> Select {
    about("Task", DONE, who).filter(Condition::Eq(Api::known("IsClosed"), Value::Bool(true)))
}

/// Events about these leads or contacts that began before a moment of the org's clock.
pub(super) fn begun_events(who: Vec<String>, now: DateTime<Utc>) -> Select {
    about("Event", BEGINS, who)
        .filter(Condition::Below(Api::known(BEGINS), Value::At(now)))
        .filter(Condition::Eq(Api::known("IsAllDayEvent"), Value::Bool(false)))
}

fn about(object: &'static str, moment: &'static str, who: Vec<String>) -> Select {
    Select::new(["WhoId", "OwnerId", moment].map(Api::known), object)
        .filter(Condition::Eq(Api::known("IsDeleted"), Value::Bool(false)))
        .filter(Condition::Among(Api::known("WhoId"), who))
}
