//! What the API allocation leaves for reading.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Deps, Pace};
use crate::app::budget::{ApiStage, calls_per_day};

/// How soon a loop that is held looks whether it may go on. It asks nobody for that: an answer to a write may have told.
const LOOK: Duration = Duration::from_secs(1);
/// Calls of one reading of reps and queues.
const ROSTER_CALLS: f64 = 3.0;

/// Why a reading loop has to wait, and for how long.
pub(super) struct Held {
    /// In a manager's words.
    pub why: String,
    /// Until it should ask again.
    pub wait: Duration,
}

/// The allocation as the loops see it.
#[derive(Default)]
pub(super) struct Allowance {
    /// When usage was last asked for on purpose.
    probed: Mutex<Option<Instant>>,
}

impl Allowance {
    /// Whether reading has to wait. While it does, one call now and then asks how much is used: without writes nothing
    /// else would ever tell that the allocation is free again.
    pub(super) async fn held(&self, deps: &Deps) -> Option<Held> {
        let used_up = || deps.budget.stage(deps.crm.usage()) == ApiStage::WritesOnly;
        if !used_up() {
            return None;
        }
        let mut probed = self.probed.lock().await;
        match *probed {
            Some(at) if at.elapsed() < deps.pace.probe => {}
            None => *probed = Some(Instant::now()),
            Some(_) => {
                *probed = Some(Instant::now());
                if let Err(error) = deps.crm.probe().await {
                    tracing::debug!(%error, "asked in vain how much of the API allocation is used");
                }
            }
        }
        used_up().then(|| Held { why: deps.budget.explain(deps.crm.usage()), wait: LOOK.min(deps.pace.probe) })
    }
}

/// How long to wait before reading again, where one usually waits for `usual`.
pub(super) fn pace(deps: &Deps, usual: Duration) -> Duration {
    deps.budget.pace(usual, deps.crm.usage(), reads_per_day(&deps.pace))
}

/// Calls that all reading loops make in a day at their usual pace.
fn reads_per_day(pace: &Pace) -> f64 {
    calls_per_day(pace.poll)
        + calls_per_day(pace.outcomes)
        + calls_per_day(pace.contacts)
        + ROSTER_CALLS * calls_per_day(pace.roster)
}
