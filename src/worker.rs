//! The background worker: the loops that poll, rank, send and read back, so that the screen never waits.
//!
//! Each loop is one step, repeated. A step that fails or panics is noted in the health and tried again with backoff; it
//! never stops another loop. One worker runs per data directory, held by a lock that dies with its process.

pub mod health;
pub mod lock;
mod steps;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppError;
use crate::app::health::WorkerHealth;
use crate::app::ports::{Clock, Crm, Store};
use crate::app::rank::panic_text;
use crate::policy::Settings;
use health::Monitor;
use steps::{Champion, Pause};

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
}

impl Worker {
    /// Starts the loops. The caller holds the [`lock`] of the data directory and has released stale leases.
    pub fn start(deps: Deps) -> Self {
        let (monitor, health) = Monitor::new(deps.clock.clone());
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        let deps = Arc::new(deps);
        let champion = Arc::new(Champion::default());
        // What one loop has done wakes the next: polling wakes ranking through the store's change counter.
        let spawn = |name: &'static str, step: Step| {
            let run = Loop { name, deps: deps.clone(), champion: champion.clone(), monitor: monitor.clone() };
            tasks.spawn(run.forever(step, cancel.clone()));
        };
        spawn("roster", |d, _| steps::roster(d).boxed());
        spawn("poll", |d, _| steps::poll(d).boxed());
        spawn("rank", |d, c| steps::rank(d, c).boxed());
        spawn("send", |d, _| steps::send(d).boxed());
        spawn("outcomes", |d, _| steps::outcomes(d).boxed());
        tasks.close();
        Self { health, cancel, tasks }
    }

    /// How it is; changes are announced.
    pub fn health(&self) -> watch::Receiver<WorkerHealth> {
        self.health.clone()
    }

    /// Stops: steps in progress are finished (a write that was sent is booked), nothing new is begun.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tasks.wait().await;
    }
}

type Step = fn(Arc<Deps>, Arc<Champion>) -> futures::future::BoxFuture<'static, Result<Pause, AppError>>;

/// One loop of the worker.
struct Loop {
    name: &'static str,
    deps: Arc<Deps>,
    champion: Arc<Champion>,
    monitor: Monitor,
}

impl Loop {
    async fn forever(self, step: Step, cancel: CancellationToken) {
        let mut changes = self.deps.store.changes();
        let mut failures: u32 = 0;
        while !cancel.is_cancelled() {
            // Before the step, so that what changes while it runs is not missed.
            changes.mark_unchanged();
            let outcome = AssertUnwindSafe(step(self.deps.clone(), self.champion.clone())).catch_unwind().await;
            let outcome = match outcome {
                Ok(Ok(pause)) => Ok(pause),
                Ok(Err(error)) => Err(error.to_string()),
                Err(panic) => Err(format!("internal error: {}", panic_text(panic.as_ref()))),
            };
            self.monitor.report(self.name, outcome.as_ref().map(|_| ()).map_err(String::as_str), self.deps.crm.usage());
            let pause = match outcome {
                Ok(pause) => {
                    failures = 0;
                    pause
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(step = self.name, failures, error, "worker step failed");
                    Pause::For(MAX_BACKOFF.min(Duration::from_millis(250) * 2u32.saturating_pow(failures.min(10))))
                }
            };
            let wait = async {
                match pause {
                    Pause::None => {}
                    Pause::For(time) => tokio::time::sleep(time).await,
                    Pause::UntilChange(time) => {
                        tokio::select! {
                            changed = changes.changed() => if changed.is_err() { tokio::time::sleep(time).await },
                            () = tokio::time::sleep(time) => {}
                        }
                    }
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = wait => {}
            }
        }
    }
}
