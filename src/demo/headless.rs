//! The demo without a screen: a stand-in manager approves every recommendation until all leads are decided and written,
//! and then the result is judged against what the org has and knows.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::judge;
use super::wire::Judge;
use super::{Demo, DemoError};
use crate::app::AppError;
use crate::app::decide::{VerdictRequest, decide};
use crate::app::views::{LeadFilter, Seek};
use crate::demo_org::RunningOrg;
use crate::domain::lead::LeadState;
use crate::domain::verdict::Verdict;

/// How often leads arrive together.
const BETWEEN_BURSTS: Duration = Duration::from_millis(500);
/// Nothing moved for so long: something is broken.
const STALLED: Duration = Duration::from_mins(1);
/// Leads the manager looks at in one go.
const WINDOW: u32 = 200;

/// What a headless run found. This is the JSON that is printed.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Leads that reached leadboard.
    pub received: u64,
    /// Leads with a standing decision.
    pub decided: u64,
    /// Leads waiting for a person.
    pub in_lane: u64,
    /// Leads not yet ranked.
    pub pending: u64,
    /// Leads where a person was faster.
    pub superseded: u64,
    /// Leads that came into the org and are in none of these states.
    pub lost: i64,
    /// The outbox, and what the org saw of it.
    pub effects: Effects,
    /// Share of leads where the model chose the legacy owner.
    pub agreement_rate: Option<f64>,
    /// Expected wins by the org's true probabilities.
    pub expected_wins: ExpectedWins,
    /// (model - legacy) / (oracle - legacy).
    pub captured_lift: Option<f64>,
    /// From received to ranked.
    pub latency_ms: Latency,
    /// Counted API calls for each lead, with everything in them, since leads began to come in this run.
    pub crm_calls_per_lead: f64,
    /// Whether the owner and the decision record of every decided lead were read back from the org and are equal.
    pub reconciled: bool,
    /// What differs, in words, if something does; the first ten.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// Effects in numbers.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effects {
    /// Known to have happened.
    pub sent: u64,
    /// Not yet.
    pub pending: u64,
    /// Given up.
    pub failed: u64,
    /// Seen by the org more often than they were decided.
    pub duplicated: u64,
}

/// Sums of true win probabilities over the decided leads. A lead in a queue counts with its legacy owner's probability:
/// nobody better is known for it yet.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ExpectedWins {
    /// Had every lead stayed where the legacy rules put it.
    pub legacy: f64,
    /// As decided.
    pub model: f64,
    /// Had every lead gone to the truly best rep.
    pub oracle: f64,
}

/// Percentiles in milliseconds; absent without leads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Median.
    pub p50: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

/// Runs until `leads` leads have come into the org (those of earlier runs in the same directory included), `burst` of
/// them together, every one is decided, and nothing is left to send.
pub async fn run(demo: &Demo, leads: u64, burst: u64) -> Result<Outcome, DemoError> {
    let judge = Judge::new(&demo.org);
    judge.mark().await?;
    let before = demo.org.leads_arrived();
    let worker = demo.context.worker(demo.store.clone()).await?.ok_or_else(|| {
        DemoError::Stalled("another process is the worker of this directory; end it, or use another --data-dir".into())
    })?;
    let result = tokio::select! {
        done = until_done(demo, leads) => done,
        failed = arrivals(demo, &judge, leads, burst) => failed,
    };
    worker.stop().await;
    result?;
    let calls = judge.calls().await?;
    let arrived = demo.org.leads_arrived().saturating_sub(before).max(1);
    judge::outcome(demo, &judge, calls as f64 / arrived as f64).await
}

/// Lets so many leads come at once.
pub async fn arrive(org: &RunningOrg, count: u64) -> Result<(), DemoError> {
    Judge::new(org).arrivals(count).await
}

/// Lets leads come in bursts, as they do. Ends only by an error.
async fn arrivals(demo: &Demo, judge: &Judge, leads: u64, burst: u64) -> Result<(), DemoError> {
    loop {
        let missing = leads.saturating_sub(demo.org.leads_arrived());
        if missing == 0 {
            return std::future::pending().await;
        }
        judge.arrivals(missing.min(burst)).await?;
        tokio::time::sleep(BETWEEN_BURSTS).await;
    }
}

/// The stand-in manager: approves whatever is in a lane, until everything is decided and written.
async fn until_done(demo: &Demo, leads: u64) -> Result<(), DemoError> {
    let store = demo.store.clone();
    let mut changes = store.changes();
    let mut moved = (Instant::now(), None);
    loop {
        changes.mark_unchanged();
        approve_all(demo).await?;
        let (sum, effects) = (store.conservation().await?, store.effect_counts().await?);
        let settled = sum.in_lane == 0 && sum.pending == 0 && effects.pending == 0;
        if settled && sum.received >= leads.max(demo.org.leads_arrived()) {
            return Ok(());
        }
        if moved.1 != Some((sum, effects)) {
            moved = (Instant::now(), Some((sum, effects)));
        } else if moved.0.elapsed() > STALLED {
            let arrived = demo.org.leads_arrived();
            return Err(DemoError::Stalled(format!(
                "nothing moved for a minute: {arrived} leads arrived; {sum:?}; {effects:?}"
            )));
        }
        // The outbox waits for a time, which changes nothing in the store, so this looks again by itself.
        let wait = tokio::time::timeout(Duration::from_millis(100), changes.changed()).await;
        if wait.is_ok_and(|changed| changed.is_err()) {
            return Err(DemoError::Stalled("the store was closed".into()));
        }
    }
}

async fn approve_all(demo: &Demo) -> Result<(), DemoError> {
    let store = &demo.store;
    let settings = demo.context.settings();
    let waiting = LeadFilter { state: Some(LeadState::InLane), include_snoozed: true, ..LeadFilter::default() };
    loop {
        let now = demo.context.clock.now();
        let page = store.queue_page(&waiting, &Seek::Top, WINDOW, now).await?;
        if page.rows.is_empty() {
            return Ok(());
        }
        for row in page.rows {
            let request = VerdictRequest {
                lead_id: row.id,
                verdict: Verdict::Approve,
                rejection: None,
                manager: "stand-in manager".into(),
                seen_decisions: None,
            };
            match decide(store.as_ref(), demo.context.clock.as_ref(), &settings, request).await {
                // Refused: it changed between the look and the verdict, as it may for a person.
                Ok(_) | Err(AppError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
