//! How the background worker is, for the screen, `worker.json` and the status of a headless run.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ports::{ApiUsage, OrgInfo};

/// The worker as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerHealth {
    /// When it started; `None` if no worker runs.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last said that it lives.
    pub beat_at: Option<DateTime<Utc>>,
    /// The org it works for, once logged in.
    pub org: Option<OrgInfo>,
    /// API allocation.
    pub usage: ApiUsage,
    /// Each loop.
    pub loops: Vec<LoopHealth>,
}

/// One loop of the worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopHealth {
    /// What it does: `poll`, `rank`, `send`, `outcomes`, `roster`.
    pub name: String,
    /// When it last succeeded.
    pub last_ok: Option<DateTime<Utc>>,
    /// When it last failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// What went wrong, while it has not succeeded since.
    pub error: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
}

impl WorkerHealth {
    /// Whether every loop's last try succeeded.
    pub fn is_well(&self) -> bool {
        self.started_at.is_some() && self.loops.iter().all(|l| l.error.is_none())
    }
}
