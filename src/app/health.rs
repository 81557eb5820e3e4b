//! How the background worker is, for the screen, `worker.json` and the status of a headless run.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::budget::ApiStage;
use super::ports::{ApiUsage, OrgInfo};

/// The loop that ranks leads, by name.
pub const RANK: &str = "ranking";
/// The loop that writes decisions, by name.
pub const SEND: &str = "writing to the CRM";

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
    /// What the allocation allows.
    #[serde(default)]
    pub stage: ApiStage,
    /// One entry for each loop, in the order a lead meets them; none if no worker runs.
    pub loops: Vec<LoopHealth>,
}

/// How one background loop is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopHealth {
    /// What it does, in a manager's words, for example `new leads`.
    pub name: String,
    /// How it is.
    pub state: LoopState,
    /// When it last went round without an error.
    pub last_ok: Option<DateTime<Utc>>,
    /// What went wrong last, and when; raw. Stays after the loop has recovered.
    pub last_error: Option<(DateTime<Utc>, String)>,
    /// Items that wait for it.
    pub backlog: u64,
}

/// The state of a background loop; the order is from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LoopState {
    /// Works, or waits for work.
    Running,
    /// Has not gone round yet.
    #[default]
    Starting,
    /// Waits on purpose (API quota, a pause asked for by the CRM).
    Paused,
    /// Its last tries failed; it goes on trying.
    Failing,
    /// Does not run any more.
    Stopped,
}

impl WorkerHealth {
    /// The loop that is worst off; `None` without a worker.
    pub fn worst(&self) -> Option<&LoopHealth> {
        self.loops.iter().max_by_key(|l| l.state)
    }
}
