//! Health: gathered from the loops, announced inside the process, written to a file for other processes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::watch;

use super::Deps;
use crate::app::health::{LoopHealth, LoopState, WorkerHealth};
use crate::app::ports::{Clock, OrgInfo};

/// A worker whose file is older than this is taken for dead.
const STALE: Duration = Duration::seconds(30);

/// How a step went.
pub(super) enum Went<'a> {
    /// Well.
    Well,
    /// It waits on purpose, because of this.
    Paused(&'a str),
    /// It failed, because of this.
    Badly(&'a str),
}

/// Where the loops report.
#[derive(Clone)]
pub(super) struct Monitor {
    clock: Arc<dyn Clock>,
    health: watch::Sender<WorkerHealth>,
}

impl Monitor {
    /// A monitor of these loops, none of which has gone round yet.
    pub(super) fn new(clock: Arc<dyn Clock>, loops: &[&str]) -> (Self, watch::Receiver<WorkerHealth>) {
        let now = Some(clock.now());
        let starting = |name: &&str| LoopHealth {
            name: (*name).to_owned(),
            state: LoopState::Starting,
            last_ok: None,
            last_error: None,
            backlog: 0,
        };
        let loops = loops.iter().map(starting).collect();
        let health = WorkerHealth { started_at: now, beat_at: now, loops, ..WorkerHealth::default() };
        let (health, receiver) = watch::channel(health);
        (Self { clock, health }, receiver)
    }

    /// Notes which org answered.
    pub(super) fn org(&self, org: &OrgInfo) {
        self.health.send_if_modified(|health| {
            let news = health.org.as_ref() != Some(org);
            health.org = Some(org.clone());
            news
        });
    }

    /// Notes how a step of a loop went. Only news wakes those who watch: a loop that goes on working is none.
    pub(super) fn report(&self, name: &str, went: &Went<'_>, deps: &Deps) {
        let (now, usage) = (self.clock.now(), deps.crm.usage());
        let stage = deps.budget.stage(usage);
        self.health.send_if_modified(|health| {
            health.beat_at = Some(now);
            health.usage = usage;
            let stage_before = std::mem::replace(&mut health.stage, stage);
            let Some(entry) = health.loops.iter_mut().find(|l| l.name == name) else { return false };
            let before = (entry.state, entry.last_error.as_ref().map(|e| e.1.clone()));
            match *went {
                Went::Well => {
                    entry.state = LoopState::Running;
                    entry.last_ok = Some(now);
                }
                Went::Paused(why) => {
                    entry.state = LoopState::Paused;
                    entry.last_error = Some((now, why.to_owned()));
                }
                Went::Badly(why) => {
                    entry.state = LoopState::Failing;
                    entry.last_error = Some((now, why.to_owned()));
                }
            }
            stage_before != stage || before != (entry.state, entry.last_error.as_ref().map(|e| e.1.clone()))
        });
    }
}

/// Keeps the health file current until the worker ends: on news at once, else every ten seconds as a sign of life.
pub async fn keep_file(mut health: watch::Receiver<WorkerHealth>, file: PathBuf) {
    loop {
        let now = health.borrow_and_update().clone();
        if let Err(error) = write(&file, &now) {
            tracing::warn!(file = %file.display(), %error, "cannot write the worker's health");
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        tokio::select! {
            changed = health.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(std::time::Duration::from_secs(9)) => {}
        }
    }
}

/// Whole or not at all: readers never see half a file.
fn write(file: &Path, health: &WorkerHealth) -> std::io::Result<()> {
    let draft = file.with_extension("json.new");
    std::fs::write(&draft, serde_json::to_vec(health)?)?;
    std::fs::rename(&draft, file)
}

/// The health of a worker in another process; the default (no worker) if there is no file or it is stale.
pub fn read_file(file: &Path, now: DateTime<Utc>) -> WorkerHealth {
    std::fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<WorkerHealth>(&bytes).ok())
        .filter(|health| health.beat_at.is_some_and(|beat| now - beat < STALE))
        .unwrap_or_default()
}
