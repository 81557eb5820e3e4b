//! What happens around leads and decisions, for the audit trail: who opened the dashboard, which org answered, which
//! settings came into force.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ports::{Clock, OrgInfo, Store, StoreError};
use crate::domain::audit::AuditEvent;

/// Settings came into force that are not those of the last time.
const CONFIG: &str = "config.changed";

/// Notes the settings, if they are not those that were noted last. `set` is what was set, by key, without secrets.
pub async fn config_in_force(
    store: &dyn Store,
    clock: &dyn Clock,
    actor: &str,
    set: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    let last = store.newest_event(CONFIG).await?;
    let before = last.as_ref().and_then(|event| event.details.get("set")).map(settings);
    if before.as_ref() == Some(set) {
        return Ok(());
    }
    let before = before.unwrap_or_default();
    let details = json!({ "set": set, "changed": changes(&before, set), "leadboard": env!("CARGO_PKG_VERSION") });
    record(store, clock, actor, CONFIG, details).await
}

/// Notes that somebody opened the dashboard.
pub async fn session_opened(
    store: &dyn Store,
    clock: &dyn Clock,
    who: &str,
    read_only: bool,
) -> Result<(), StoreError> {
    record(store, clock, who, "session.opened", json!({ "read_only": read_only })).await
}

/// Notes that somebody left it.
pub async fn session_closed(store: &dyn Store, clock: &dyn Clock, who: &str) -> Result<(), StoreError> {
    record(store, clock, who, "session.closed", json!({})).await
}

/// Notes that the CRM let the worker in.
pub async fn logged_in(store: &dyn Store, clock: &dyn Clock, org: &OrgInfo) -> Result<(), StoreError> {
    record(store, clock, "worker", "crm.login", json!(org)).await
}

async fn record(
    store: &dyn Store,
    clock: &dyn Clock,
    actor: &str,
    what: &str,
    details: Value,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: clock.now(),
        actor: actor.to_owned(),
        what: what.to_owned(),
        lead_id: None,
        trace_id: None,
        details,
    };
    store.record(&event).await
}

/// Settings as an event has them.
fn settings(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Each setting that differs, as a line of text.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let of = |map: &BTreeMap<String, String>, key| map.get(key).cloned().unwrap_or_else(|| "(default)".to_owned());
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differ.map(|key| format!("{key}: {} -> {}", of(before, key), of(after, key))).collect()
}
