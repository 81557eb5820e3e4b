//! The background worker: the loops that poll, rank, send and read back, so that the screen never waits.
//!
//! Each loop is one step, repeated. A step that fails or panics is noted in the health and tried again with backoff; it
//! never stops another loop. One worker runs per data directory, held by a lock that dies with its process; where several
//! share a store, all of them rank and send, and one at a time does the rest (see `duty.rs`).

mod anchor;
mod duty;
pub mod health;
pub mod lock;
mod steps;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppError;
use crate::app::drift;
use crate::app::health::WorkerHealth;
use crate::app::ports::{Clock, Crm, CrmError, Store};
use crate::app::rank::panic_text;
use crate::policy::Settings;
use duty::Duty;
use health::{Monitor, Went};
use steps::{Champion, Pause};

// The loops by the names that a manager reads, in the order a lead meets them.
const POLL: &str = "new leads";
pub(crate) const RANK: &str = "ranking";
pub(crate) const SEND: &str = "writing to the CRM";
const OUTCOMES: &str = "outcomes";
const ROSTER: &str = "reps and queues";
const DRIFT: &str = "drift";
const SEAL: &str = "seal";

/// Longest wait after a failure.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Everything the worker works with.
#[derive(Clone)]
pub struct Deps {
    /// The CRM.
    pub crm: Arc<dyn Crm>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The manager's settings.
    pub settings: Settings,
    /// Stable name of the queue for leads that need a person.
    pub manager_queue: String,
    /// Stable name of the queue for technical failures.
    pub default_queue: String,
    /// How often things are looked at.
    pub pace: Pace,
    /// When a change of the leads is called one.
    pub drift: drift::Limits,
    /// Where the head of the audit chain is kept besides.
    pub anchor: Option<PathBuf>,
}

/// How often things are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Changed leads.
    pub poll: Duration,
    /// Outcomes.
    pub outcomes: Duration,
    /// Reps and queues.
    pub roster: Duration,
}

/// A running worker.
pub struct Worker {
    health: watch::Receiver<WorkerHealth>,
    cancel: CancellationToken,
    tasks: TaskTracker,
    /// Keeps the duty, until the loops have ended.
    keeper: (CancellationToken, TaskTracker),
}

impl Worker {
    /// Starts the loops. The caller holds the [`lock`] of the data directory and has, if nobody else uses the store,
    /// released stale leases.
    pub fn start(deps: Deps) -> Self {
        let (monitor, health) = Monitor::new(deps.clock.clone(), &[POLL, RANK, SEND, OUTCOMES, ROSTER, DRIFT, SEAL]);
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        // The process alone is no name: another machine may have the same.
        let name = format!("worker-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let keeper = (CancellationToken::new(), TaskTracker::new());
        let (duty, keep) = Duty::of(deps.store.clone(), name.clone(), keeper.0.clone());
        keeper.1.spawn(keep);
        keeper.1.close();
        let champion = Champion::default();
        let shared = Arc::new(Shared { name, deps, champion, monitor, logged_in: AtomicBool::new(false) });
        // What one loop has done wakes the next: polling wakes ranking through the store's change counter.
        let spawn = |name: &'static str, duty: Option<&Duty>, step: Step| {
            tasks.spawn(forever(name, step, shared.clone(), duty.cloned(), cancel.clone()));
        };
        spawn(ROSTER, Some(&duty), |l| steps::roster(l).boxed());
        spawn(POLL, Some(&duty), |l| steps::poll(l).boxed());
        spawn(RANK, None, |l| steps::rank(l).boxed());
        spawn(SEND, None, |l| steps::send(l).boxed());
        spawn(OUTCOMES, Some(&duty), |l| steps::outcomes(l).boxed());
        spawn(DRIFT, Some(&duty), |l| steps::drift(l).boxed());
        // One worker seals for all, or they would only wait for each other.
        spawn(SEAL, Some(&duty), |l| steps::seal(l).boxed());
        tasks.close();
        Self { health, cancel, tasks, keeper }
    }

    /// How it is; changes are announced.
    pub fn health(&self) -> watch::Receiver<WorkerHealth> {
        self.health.clone()
    }

    /// Stops: steps in progress are finished (a write that was sent is booked), nothing new is begun.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tasks.wait().await;
        let (stop, keeper) = self.keeper;
        stop.cancel();
        keeper.wait().await;
    }
}

type Step = fn(Arc<Shared>) -> futures::future::BoxFuture<'static, Result<Pause, AppError>>;

/// What the steps share.
struct Shared {
    /// Who holds the leases.
    name: String,
    deps: Deps,
    champion: Champion,
    monitor: Monitor,
    /// Whether the CRM let us in since the worker started.
    logged_in: AtomicBool,
}

/// Repeats a step until told to stop; with a duty, while it is ours.
async fn forever(
    name: &'static str,
    step: Step,
    shared: Arc<Shared>,
    mut duty: Option<Duty>,
    cancel: CancellationToken,
) {
    let mut changes = shared.deps.store.changes();
    let mut failures: u32 = 0;
    while !cancel.is_cancelled() {
        // Before the step, so that what changes while it runs is not missed.
        changes.mark_unchanged();
        let step = AssertUnwindSafe(step(shared.clone())).catch_unwind();
        let outcome = match &mut duty {
            None => Some(step.await),
            Some(duty) => duty.during(step).await,
        };
        let Some(outcome) = outcome else {
            standby(name, &shared, duty.as_mut(), &cancel).await;
            continue;
        };
        let outcome = outcome
            .unwrap_or_else(|panic| Err(AppError::Refused(format!("internal error: {}", panic_text(panic.as_ref())))));
        let words = outcome.as_ref().err().map(ToString::to_string);
        let went = match (&outcome, &words) {
            (Err(AppError::Crm(CrmError::Quota { .. })), Some(why)) => Went::Paused(why),
            (Err(_), Some(why)) => Went::Badly(why),
            _ => Went::Well,
        };
        shared.monitor.report(name, &went, shared.deps.crm.usage());
        let pause = match outcome {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(AppError::Crm(CrmError::Quota { wait_seconds, .. })) => Pause::For(Duration::from_secs(wait_seconds)),
            Err(error) => {
                failures += 1;
                tracing::warn!(step = name, failures, %error, "worker step failed");
                Pause::For(MAX_BACKOFF.min(Duration::from_millis(250) * 2u32.saturating_pow(failures.min(10))))
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = wait(pause, &mut changes) => {}
        }
    }
}

/// Waits a while for a duty that another worker has. All is well meanwhile: it is being done.
async fn standby(name: &'static str, shared: &Shared, duty: Option<&mut Duty>, cancel: &CancellationToken) {
    let Some(duty) = duty else { return };
    tokio::select! {
        () = cancel.cancelled() => {}
        ours = duty.gained() => if !ours {
            shared.monitor.report(name, &Went::Well, shared.deps.crm.usage());
        }
    }
}

async fn wait(pause: Pause, changes: &mut watch::Receiver<u64>) {
    match pause {
        Pause::None => {}
        Pause::For(time) => tokio::time::sleep(time).await,
        Pause::UntilChange(time) => {
            tokio::select! {
                // An error says that the store is gone: nothing will change any more.
                changed = changes.changed() => if changed.is_err() { tokio::time::sleep(time).await },
                () = tokio::time::sleep(time) => {}
            }
        }
    }
}
