//! The background worker: the loops that poll, rank, send and read back, so that the screen never waits.
//!
//! Each loop is one step, repeated. A step that fails or panics is noted in the health and tried again with backoff; it
//! never stops another loop. One worker runs per data directory, held by a lock that dies with its process; where several
//! share a store, all of them rank and send, and one at a time does the rest (see `duty.rs`).

mod allowance;
mod anchor;
mod duty;
pub mod health;
pub mod lock;
mod push;
mod steps;
mod to_come;
mod vocabulary;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppError;
use crate::app::budget::Budget;
use crate::app::drift;
use crate::app::health::{RANK, SEND, WorkerHealth};
use crate::app::ports::{Clock, Crm, CrmError, RulesSource, Store};
use crate::app::rank::panic_text;
use crate::policy::Settings;
use allowance::Allowance;
use duty::Duty;
use health::{Monitor, Went};
use push::Push;
use steps::{Champion, Pause};
use to_come::ToCome;
use vocabulary::Vocabulary;

// The loops by the names that a manager reads, in the order a lead meets them.
pub(crate) const POLL: &str = "new leads";
pub(crate) const EVENTS: &str = "change events";
const OUTCOMES: &str = "outcomes";
const ROSTER: &str = "reps and queues";
const RULES: &str = "routing rules";
pub(crate) const COMPANIES: &str = "companies of leads";
const CONTACTS: &str = "first contacts";
const WORKLOADS: &str = "how busy reps are";
const ABSENCES: &str = "calendars";
const DRIFT: &str = "drift";
const SEAL: &str = "seal";
const COUNT: &str = "daily count";

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
    /// Where the manager keeps the routing rules.
    pub rules: Arc<dyn RulesSource>,
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
    /// How much of the CRM's API allocation is left to others.
    pub budget: Budget,
}

/// How often things are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Changed leads.
    pub poll: Duration,
    /// The same while the CRM tells of changes by itself.
    pub poll_with_events: Duration,
    /// Outcomes.
    pub outcomes: Duration,
    /// Whether first contacts are due.
    pub contacts: Duration,
    /// Reps and queues.
    pub roster: Duration,
    /// How much of the API allocation is used, while nothing is read because of it.
    pub probe: Duration,
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
        let listens = deps.crm.lead_events().is_some();
        let mut names = vec![
            POLL, COMPANIES, RANK, SEND, CONTACTS, OUTCOMES, ROSTER, RULES, WORKLOADS, ABSENCES, DRIFT, COUNT, SEAL,
        ];
        if listens {
            names.insert(1, EVENTS);
        }
        let (monitor, health) = Monitor::new(deps.clock.clone(), &names);
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        // The process alone is no name: another machine may have the same.
        let name = format!("worker-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let keeper = (CancellationToken::new(), TaskTracker::new());
        let (duty, keep) = Duty::of(deps.store.clone(), name.clone(), keeper.0.clone());
        keeper.1.spawn(keep);
        keeper.1.close();
        let shared = Arc::new(Shared {
            name,
            deps,
            champion: Champion::default(),
            rules: steps::Rules::default(),
            last_look: steps::LastLook::default(),
            to_come: ToCome::default(),
            busy: steps::Busy::default(),
            silence: steps::Silence::default(),
            vocabulary: Vocabulary::default(),
            reviewed: steps::Reviewed::default(),
            allowance: Allowance::default(),
            push: Push::default(),
            cancel: cancel.clone(),
            monitor,
            logged_in: AtomicBool::new(false),
            org_known: AtomicBool::new(false),
        });
        // What one loop has done wakes the next: polling wakes ranking through the store's change counter.
        let spawn = |name: &'static str, kind: Kind, duty: Option<&Duty>, step: Step| {
            tasks.spawn(forever(name, kind, step, shared.clone(), duty.cloned(), cancel.clone()));
        };
        spawn(ROSTER, Kind::Reads, Some(&duty), |l| steps::roster(l).boxed());
        spawn(RULES, Kind::Other, Some(&duty), |l| steps::rules(l).boxed());
        spawn(POLL, Kind::Reads, Some(&duty), |l| steps::poll(l).boxed());
        if listens {
            // Events have an allocation of their own.
            spawn(EVENTS, Kind::Other, Some(&duty), |l| push::listen(l).boxed());
        }
        // Each worker ranks, so each needs to know.
        spawn(WORKLOADS, Kind::Reads, None, |l| steps::workloads(l).boxed());
        spawn(COMPANIES, Kind::Reads, Some(&duty), |l| steps::companies(l).boxed());
        spawn(ABSENCES, Kind::Other, Some(&duty), |l| steps::absences(l).boxed());
        spawn(RANK, Kind::Other, None, |l| steps::rank(l).boxed());
        spawn(SEND, Kind::Other, None, |l| steps::send(l).boxed());
        spawn(CONTACTS, Kind::Reads, Some(&duty), |l| steps::contacts(l).boxed());
        spawn(OUTCOMES, Kind::Reads, Some(&duty), |l| steps::outcomes(l).boxed());
        spawn(COUNT, Kind::Reads, Some(&duty), |l| steps::count(l).boxed());
        spawn(DRIFT, Kind::Other, Some(&duty), |l| steps::drift(l).boxed());
        spawn(SEAL, Kind::Other, Some(&duty), |l| steps::seal(l).boxed());
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

/// What a loop does with the API allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Reads from the CRM, which waits when little of the allocation is left.
    Reads,
    /// Writes, or does not call the CRM at all.
    Other,
}

type Step = fn(Arc<Shared>) -> futures::future::BoxFuture<'static, Result<Pause, AppError>>;

/// What the steps share.
struct Shared {
    /// Who holds the leases.
    name: String,
    deps: Deps,
    champion: Champion,
    rules: steps::Rules,
    last_look: steps::LastLook,
    to_come: ToCome,
    busy: steps::Busy,
    silence: steps::Silence,
    vocabulary: Vocabulary,
    reviewed: steps::Reviewed,
    allowance: Allowance,
    push: Push,
    /// For steps that last as long as the worker does.
    cancel: CancellationToken,
    monitor: Monitor,
    /// Whether the CRM let us in since the worker started.
    logged_in: AtomicBool,
    /// Whether it was seen that the org is the one whose leads are stored here.
    org_known: AtomicBool,
}

/// Repeats a step until told to stop; with a duty, while it is ours.
async fn forever(
    name: &'static str,
    kind: Kind,
    step: Step,
    shared: Arc<Shared>,
    mut duty: Option<Duty>,
    cancel: CancellationToken,
) {
    let (mut changes, mut rules) = (shared.deps.store.changes(), shared.rules.changes());
    let mut failures: u32 = 0;
    while !cancel.is_cancelled() {
        // Before the step, so that what changes while it runs is not missed.
        changes.mark_unchanged();
        rules.mark_unchanged();
        let held = if kind == Kind::Reads { shared.allowance.held(&shared.deps).await } else { None };
        if let Some(held) = held {
            shared.monitor.report(name, &Went::Paused(&held.why), &shared.deps);
            tokio::select! {
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(held.wait) => {}
            }
            continue;
        }
        let began = Instant::now();
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
            (Err(AppError::Crm(CrmError::Quota { .. }) | AppError::Stopped(_)), Some(why)) => Went::Paused(why),
            (Err(_), Some(why)) => Went::Badly(why),
            _ => Went::Well,
        };
        shared.monitor.report(name, &went, &shared.deps);
        let pause = match outcome {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(AppError::Crm(CrmError::Quota { wait_seconds, .. })) => Pause::For(Duration::from_secs(wait_seconds)),
            // The switch is turned back by a commit.
            Err(AppError::Stopped(_)) => Pause::UntilChange(steps::LOOK_AGAIN),
            // A person must act; asking often helps nobody.
            Err(error @ AppError::Crm(CrmError::Auth(_))) => {
                tracing::warn!(step = name, %error, "the CRM refuses our credentials");
                Pause::For(MAX_BACKOFF)
            }
            Err(error) => {
                // What worked for longer than we ever wait fails for the first time, whatever was before.
                failures = if began.elapsed() > MAX_BACKOFF { 1 } else { failures + 1 };
                tracing::warn!(step = name, failures, %error, "worker step failed");
                Pause::For(MAX_BACKOFF.min(Duration::from_millis(250) * 2u32.saturating_pow(failures.min(10))))
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = wait(pause, &shared, &mut changes, &mut rules) => {}
        }
    }
}

/// Waits a while for a duty that another worker has. All is well meanwhile: it is being done.
async fn standby(name: &'static str, shared: &Shared, duty: Option<&mut Duty>, cancel: &CancellationToken) {
    let Some(duty) = duty else { return };
    tokio::select! {
        () = cancel.cancelled() => {}
        ours = duty.gained() => if !ours {
            shared.monitor.report(name, &Went::Well, &shared.deps);
        }
    }
}

async fn wait(pause: Pause, shared: &Shared, changes: &mut watch::Receiver<u64>, rules: &mut watch::Receiver<u64>) {
    match pause {
        Pause::None => {}
        Pause::For(time) => tokio::time::sleep(time).await,
        Pause::UntilHeard(time) => {
            tokio::select! {
                () = shared.push.heard(&shared.deps) => {}
                () = tokio::time::sleep(time) => {}
            }
        }
        Pause::UntilChange(time) => until(changes, time).await,
        Pause::UntilRules(time) => until(rules, time).await,
    }
}

/// Until there is news, and at the latest for so long.
async fn until(news: &mut watch::Receiver<u64>, time: Duration) {
    tokio::select! {
        // An error says that whoever would tell is gone: there will be no news any more.
        changed = news.changed() => if changed.is_err() { tokio::time::sleep(time).await },
        () = tokio::time::sleep(time) => {}
    }
}
