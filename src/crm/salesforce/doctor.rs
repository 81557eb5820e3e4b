//! Examines an org: login, version, clock, allocation, objects and fields, queues, users, change events where they are
//! wanted, and the two promises of the wire that our safety rests on: a conditional write that comes too late is refused, and a composite that fails in
//! part leaves nothing behind.

mod events;
mod fields;
mod probes;
mod routing;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Salesforce;
use super::client::Target;
use super::errors::{Class, Fault};
use crate::app::doctor::{Doctor, Finding, Questions};
use crate::domain::rep::{Queue, Rep};

/// A clock further off than this (seconds) confuses people, and logins by JWT.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;
/// From this share of the daily allocation on, there may be too little left for us.
const BUSY_SHARE: f64 = 0.7;
/// Checks that need a session, in the order they are made; named as skipped when there is none.
const NEEDS_SESSION: [&str; 13] = [
    "clock",
    "allocation",
    "lead_fields",
    "decision_object",
    "task",
    "user_fields",
    "queues",
    "users",
    "workload",
    "accounts",
    "contacts",
    "conditional_write",
    "rolled_back_composite",
];

#[async_trait]
impl Doctor for Salesforce {
    async fn examine(&self, questions: &Questions) -> Vec<Finding> {
        let discovery = match self.client.discover().await {
            Ok(discovery) => discovery,
            Err(fault) => return no_session(fault, self.pubsub.is_some()),
        };
        let session = &discovery.session;
        let mut findings = vec![
            Finding::passed("login", format!("Logged in to org {} at {}.", session.org, session.instance)),
            Finding::passed("api_version", format!("The org offers API version {}.", self.client.version())),
            clock(discovery.date, self.clock.now()),
            self.allocation().await,
        ];
        findings.extend(self.examine_fields().await);
        findings.push(match self.read_queues().await {
            Ok(found) => queues(&found, questions),
            Err(fault) => unreadable("queues", "Queues", &fault),
        });
        match self.read_reps().await {
            Ok(reps) => {
                findings.push(users(&reps, self.rep_territory.is_some()));
                findings.push(self.examine_workload(&reps).await);
            }
            Err(fault) => {
                findings.push(unreadable("users", "Users", &fault));
                findings.push(Finding::skipped("workload", "Not looked at: the users could not be read."));
            }
        }
        findings.push(self.examine_accounts().await);
        findings.push(self.examine_contacts().await);
        findings.extend(self.examine_events().await);
        findings.extend(if questions.probe_writes {
            self.probe_writes().await
        } else {
            let why = "Not looked at: writes were not to be tried.";
            ["conditional_write", "rolled_back_composite"].map(|id| Finding::skipped(id, why)).into()
        });
        findings
    }
}

/// The one finding that matters when nobody let us in.
fn no_session(fault: Fault, events: bool) -> Vec<Finding> {
    let first = match fault.class {
        Class::Configuration if fault.message.contains("API version") => Finding::failed(
            "api_version",
            fault.message,
            "Set salesforce.api_version to a version the org offers; v66.0 is what leadboard was made for.",
        ),
        Class::Transient => Finding::failed(
            "login",
            format!("The org could not be reached: {}", fault.message),
            "Check salesforce.login_url, the network and the proxy; then run this again.",
        ),
        _ => {
            let advice = login_advice(&fault.message);
            Finding::failed("login", fault.message, advice)
        }
    };
    let events = if events { &events::IDS[..] } else { &[] };
    let skipped =
        NEEDS_SESSION.iter().chain(events).map(|id| Finding::skipped(id, "Not looked at: there is no login."));
    std::iter::once(first).chain(skipped).collect()
}

impl Salesforce {
    /// The 24-hour allocation. The answer's own header tells it too, so a user who may not see `/limits` is no fault.
    async fn allocation(&self) -> Finding {
        #[derive(Deserialize)]
        struct Limits {
            #[serde(rename = "DailyApiRequests")]
            daily: Daily,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Daily {
            max: u64,
            remaining: u64,
        }
        let limits = self.client.read::<Limits>(Target::Data { path: &["limits"], query: &[] }).await;
        let (used, max) = match limits {
            Ok(limits) => (limits.value.daily.max.saturating_sub(limits.value.daily.remaining), limits.value.daily.max),
            Err(fault) => {
                let usage = self.client.usage();
                if usage.limit == 0 {
                    return Finding::warning(
                        "allocation",
                        format!("The API allocation could not be read: {}", fault.message),
                        "Give the user \"View Setup and Configuration\", so that leadboard can keep within it.",
                    );
                }
                (usage.used, usage.limit)
            }
        };
        let seen = format!("{used} of {max} API calls were used in the last 24 hours, by all clients together.");
        if (used as f64) < BUSY_SHARE * max as f64 {
            Finding::passed("allocation", seen)
        } else {
            Finding::warning("allocation", seen, "Find out which client uses so many; leadboard slows down by itself.")
        }
    }
}

/// Something could not be read at all.
fn unreadable(id: &'static str, what: &str, fault: &Fault) -> Finding {
    let advice = match fault.class {
        Class::Configuration | Class::NotFound => {
            "Deploy assets/salesforce, and assign its permission set to the integration user."
        }
        Class::Quota { .. } => "The API allocation is used up; run this again later.",
        _ => "Run this again; if it stays, show the message to your Salesforce administrator.",
    };
    Finding::failed(id, format!("{what} could not be read: {}", fault.message), advice)
}

/// What the words of the token endpoint call for.
fn login_advice(message: &str) -> &'static str {
    let has = |text: &str| message.contains(text);
    if has("no client credentials user") {
        "In the external client app, set the \"Run As\" user of the client credentials flow."
    } else if has("not supported on this domain") {
        "Set salesforce.login_url to the org's My Domain address (https://NAME.my.salesforce.com)."
    } else if has("hasn't approved") || has("invalid_app_access") {
        "Approve the app for the user: set its policy to \"Admin approved\" and give the user its permission set."
    } else if has("invalid_client") {
        "Compare consumer key and secret with those of the app; a new app takes some ten minutes to be known."
    } else if has("inactive_user") {
        "Activate the integration user, or name another."
    } else {
        "Compare the [salesforce] section with the app's settings; the words above are Salesforce's own."
    }
}

fn clock(org: Option<DateTime<Utc>>, ours: DateTime<Utc>) -> Finding {
    let Some(org) = org else { return Finding::skipped("clock", "The org sent no date.") };
    let off = (ours - org).num_seconds();
    let seen = format!("This machine's clock differs from the org's by {} s.", off.abs());
    if off.abs() <= CLOCK_TOLERANCE_SECONDS {
        Finding::passed("clock", seen)
    } else {
        Finding::warning("clock", seen, "Set this machine's clock (NTP): logins by JWT fail when it is wrong.")
    }
}

fn queues(found: &[Queue], questions: &Questions) -> Finding {
    let wanted = [&questions.manager_queue, &questions.default_queue];
    let missing: Vec<&str> =
        wanted.into_iter().filter(|key| !found.iter().any(|queue| queue.key == **key)).map(String::as_str).collect();
    if missing.is_empty() {
        return Finding::passed("queues", format!("{} and {} may own leads.", wanted[0], wanted[1]));
    }
    Finding::failed(
        "queues",
        format!("No queue with the DeveloperName {} is enabled for Lead.", missing.join(" or ")),
        "Deploy assets/salesforce, or name existing queues in salesforce.manager_queue and salesforce.default_queue \
         and add Lead to their supported objects.",
    )
}

fn users(reps: &[Rep], territories: bool) -> Finding {
    let active: Vec<_> = reps.iter().filter(|rep| rep.active).collect();
    let placed = active.iter().filter(|rep| rep.territory.is_some()).count();
    if active.is_empty() {
        return Finding::failed(
            "users",
            "No active standard user is visible.",
            "Give the integration user \"View All Users\", or activate the reps.",
        );
    }
    let seen = format!("{} active users of {}; {placed} have a territory.", active.len(), reps.len());
    if !territories || placed == active.len() {
        Finding::passed("users", seen)
    } else {
        Finding::warning(
            "users",
            seen,
            "A rep without a territory may get leads of every territory. Fill the field named in \
             salesforce.rep_territory, or set it to \"\".",
        )
    }
}
