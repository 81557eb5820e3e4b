//! What runs in the worker's process: the real worker, and managers beside it.

use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::TortureError;
use super::managers::Managers;
#[cfg(debug_assertions)]
use super::planted::{self, Plant};
use crate::app::ports::Store;
use crate::bootstrap::{Context, RunningWorker};
use crate::domain::effect::EffectCounts;
use crate::domain::lead::Conservation;
use crate::worker::POLL;

/// Nothing changed for so long in the last life, and no effect waits for its next try: something is stuck.
const STALLED: Duration = Duration::from_secs(20);
/// Looks at the org that must bring nothing new before all is called quiet.
const EMPTY_POLLS: u32 = 4;
/// Between two looks of the managers at their queue in the last life.
const LOOK: Duration = Duration::from_millis(60);

/// What a worker is told.
#[derive(Clone, Debug)]
pub struct Orders {
    /// For the managers' minds.
    pub seed: u64,
    /// Whether to bring everything to its end.
    pub last: bool,
    /// Between two looks of the managers at their queue.
    pub look: Duration,
    /// Guards left out on purpose.
    #[cfg(debug_assertions)]
    pub plants: Vec<Plant>,
}

/// What a worker says, one line of JSON each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The store is open; the conservation rule in it.
    Opened(Conservation),
    /// Everything is decided and written, and the org has nothing new.
    Quiet(Conservation),
    /// Nothing moves, but not all is done.
    Stalled {
        /// The leads.
        sum: Conservation,
        /// The outbox.
        effects: EffectCounts,
    },
}

/// Works until it is killed, or with [`Orders::last`] until all is quiet.
///
/// # Errors
/// The store or the worker cannot be started, or the org is not a demo org on this machine.
pub async fn run(context: &Context, orders: &Orders, say: impl Fn(&Said)) -> Result<(), TortureError> {
    let on_loopback = context
        .config
        .salesforce
        .as_ref()
        .is_some_and(|salesforce| salesforce.login_url.starts_with("http://127.0.0.1:"));
    if !on_loopback {
        return Err(TortureError::Unexpected("torture works on a demo org on this machine alone".into()));
    }
    let store = context.store().await?;
    say(&Said::Opened(store.conservation().await?));
    let worker = start(context, store.clone(), orders).await?;
    let mut managers = Managers::new(context, store.clone(), ChaCha8Rng::seed_from_u64(orders.seed));
    if orders.last {
        let said = finish(&worker, store.as_ref(), &mut managers).await?;
        worker.stop().await;
        store.close().await;
        say(&said);
        return Ok(());
    }
    loop {
        managers.look().await?;
        tokio::time::sleep(orders.look).await;
    }
}

#[cfg(debug_assertions)]
async fn start(
    context: &Context,
    store: std::sync::Arc<dyn Store>,
    orders: &Orders,
) -> Result<RunningWorker, TortureError> {
    let planted = |deps| planted::around(deps, &orders.plants, orders.last);
    let worker = context.worker_with(store, planted).await?;
    worker.ok_or_else(|| TortureError::Unexpected("another worker holds the lock of the data directory".into()))
}

#[cfg(not(debug_assertions))]
async fn start(context: &Context, store: std::sync::Arc<dyn Store>, _: &Orders) -> Result<RunningWorker, TortureError> {
    let worker = context.worker(store).await?;
    worker.ok_or_else(|| TortureError::Unexpected("another worker holds the lock of the data directory".into()))
}

/// The managers decide everything, and nothing is taken back any more, until all is done and the org brings nothing new.
async fn finish(worker: &RunningWorker, store: &dyn Store, managers: &mut Managers) -> Result<Said, TortureError> {
    let health = worker.worker.health();
    let polled = || health.borrow().loops.iter().find(|one| one.name == POLL).and_then(|one| one.last_ok);
    let mut before = None;
    let (mut moved, mut last_poll, mut empty_polls) = (Instant::now(), polled(), 0);
    loop {
        managers.decide_all().await?;
        let now = (store.conservation().await?, store.effect_counts().await?);
        let (sum, effects) = now;
        if before != Some(now) {
            (before, moved, empty_polls) = (Some(now), Instant::now(), 0);
        }
        if polled() != last_poll {
            last_poll = polled();
            empty_polls += 1;
        }
        let done = sum.in_lane + sum.pending + effects.pending + effects.failed == 0;
        if done && empty_polls >= EMPTY_POLLS {
            return Ok(Said::Quiet(sum));
        }
        let waits = store.next_effect_at().await?.is_some_and(|at| at > managers.now());
        if moved.elapsed() > STALLED && !waits {
            return Ok(Said::Stalled { sum, effects });
        }
        tokio::time::sleep(LOOK).await;
    }
}
