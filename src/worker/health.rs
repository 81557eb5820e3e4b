//! Health: gathered from the loops, announced inside the process, written to a file for other processes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::watch;

use crate::app::health::{LoopHealth, WorkerHealth};
use crate::app::ports::{ApiUsage, Clock};

/// A worker whose file is older than this is taken for dead.
const STALE: Duration = Duration::seconds(30);

/// Where the loops report.
#[derive(Clone)]
pub(super) struct Monitor {
    clock: Arc<dyn Clock>,
    health: watch::Sender<WorkerHealth>,
}

impl Monitor {
    pub(super) fn new(clock: Arc<dyn Clock>) -> (Self, watch::Receiver<WorkerHealth>) {
        let now = clock.now();
        let (health, receiver) =
            watch::channel(WorkerHealth { started_at: Some(now), beat_at: Some(now), ..WorkerHealth::default() });
        (Self { clock, health }, receiver)
    }

    /// Notes how a step of a loop went.
    pub(super) fn report(&self, name: &str, outcome: Result<(), &str>, usage: ApiUsage) {
        let now = self.clock.now();
        self.health.send_modify(|health| {
            health.beat_at = Some(now);
            health.usage = usage;
            if !health.loops.iter().any(|l| l.name == name) {
                health.loops.push(LoopHealth { name: name.to_owned(), ..LoopHealth::default() });
                health.loops.sort_by(|a, b| a.name.cmp(&b.name));
            }
            for entry in health.loops.iter_mut().filter(|l| l.name == name) {
                match &outcome {
                    Ok(()) => {
                        entry.last_ok = Some(now);
                        entry.error = None;
                        entry.failures = 0;
                    }
                    Err(error) => {
                        entry.failed_at = Some(now);
                        entry.error = Some((*error).to_owned());
                        entry.failures += 1;
                    }
                }
            }
        });
    }
}

/// Keeps the health file current until the worker ends: on every change, at most once a second.
pub async fn keep_file(mut health: watch::Receiver<WorkerHealth>, file: PathBuf) {
    loop {
        let now = health.borrow_and_update().clone();
        if let Err(error) = write(&file, &now) {
            tracing::warn!(file = %file.display(), %error, "cannot write the worker's health");
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        if health.changed().await.is_err() {
            return;
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
