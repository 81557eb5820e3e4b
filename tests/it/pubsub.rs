//! Change events over real sockets: the adapter and the demo org, which share no code, and the worker that polls because
//! of them.

mod fallback;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use leadboard::app::ports::Clock;
use leadboard::crm::salesforce::{Limits, Salesforce};
use leadboard::demo_org::DemoOrgConfig;
use reqwest::Method;
use serde_json::json;

use crate::demo_org::support::{Bench, small};

/// The longest that a condition may take to come true.
const PATIENCE: Duration = Duration::from_mins(1);

/// An org that gives signs of life often, so that nobody has to wait for one.
fn lively() -> DemoOrgConfig {
    DemoOrgConfig { event_keep_alive: Duration::from_millis(50), ..small() }
}

/// leadboard's adapter, with changes of `[salesforce.pubsub]` beside the org's own.
fn adapter(bench: &Bench, change: impl FnOnce(&mut toml::Table)) -> Salesforce {
    adapter_within(bench, Limits::default(), change)
}

fn adapter_within(bench: &Bench, limits: Limits, change: impl FnOnce(&mut toml::Table)) -> Salesforce {
    let mut file: toml::Table = toml::from_str(&bench.org.leadboard_config()).unwrap();
    let mut section = file.remove("salesforce").unwrap().as_table().unwrap().clone();
    let events = section.get_mut("pubsub").unwrap().as_table_mut().unwrap();
    events.insert("enabled".into(), true.into());
    change(events);
    let config = toml::Value::from(section).try_into().unwrap();
    Salesforce::with_limits(&config, Arc::clone(&bench.clock) as Arc<dyn Clock>, limits).unwrap()
}

async fn turn(bench: &Bench, faults: &str) {
    bench.admin(Method::POST, "/faults", Some(&json!({ "faults": faults }))).await;
}

async fn injected(bench: &Bench, knob: &str) -> u64 {
    bench.admin(Method::GET, "/faults", None).await.body["knobs"][knob]["injected"].as_u64().unwrap()
}

async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
