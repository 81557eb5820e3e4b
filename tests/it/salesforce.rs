//! The Salesforce adapter against a scripted wire: a real HTTP server on loopback that records what it is asked and
//! answers what the test says.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

mod calls;
mod columns;
mod form;
mod login;
mod metadata;
mod org;
mod polling;
mod reading;
mod refresh;
mod table;
mod workload;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leadboard::app::ports::Clock;
use leadboard::config::salesforce::{Auth, Fields, PubSub, Salesforce as Config};
use leadboard::crm::salesforce::{Limits, Salesforce};

/// A clock that is plainly wrong, so that a test fails wherever it is compared with the org's.
struct WrongClock;

impl Clock for WrongClock {
    fn now(&self) -> DateTime<Utc> {
        at("1999-12-31T23:59:59Z")
    }
}

/// A moment.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A configuration for an org at this address.
fn config(url: &str) -> Config {
    Config {
        login_url: url.to_owned(),
        auth: Auth::ClientCredentials { client_id: "consumer".into(), client_secret: Some("hush-hush".into()) },
        api_version: "v66.0".into(),
        poll_seconds: 15.0,
        overlap_seconds: 600,
        slow_at: 0.7,
        writes_only_at: 0.9,
        bulk_above: 2_000,
        manager_queue: "Leadboard_Manager".into(),
        default_queue: "Leadboard_Default".into(),
        since: None,
        rep_key: "Id".into(),
        rep_territory: "Territory__c".into(),
        rep_out_of_office: String::new(),
        accounts: false,
        fields: Fields::default(),
        pubsub: PubSub::default(),
    }
}

/// Bounds that let a test see a time-out or a large body soon.
fn limits() -> Limits {
    Limits {
        call_timeout: Duration::from_secs(20),
        retry_wait: Duration::from_millis(1),
        max_body: 1024 * 1024,
        ..Limits::default()
    }
}

/// The adapter, with a configuration changed by the test.
fn salesforce_with(url: &str, change: impl FnOnce(&mut Config)) -> Salesforce {
    let mut config = config(url);
    change(&mut config);
    Salesforce::with_limits(&config, Arc::new(WrongClock), limits()).unwrap()
}

/// The adapter.
fn salesforce(url: &str) -> Salesforce {
    salesforce_with(url, |_| {})
}
