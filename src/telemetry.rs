//! Logs: to a daily file in the data directory, never to the terminal. Readable message plus fields; never tokens,
//! names, addresses or bodies of records: ids only.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;

use crate::config;

/// How many daily files are kept.
const KEPT: usize = 14;

/// Starts logging. The guard writes what is left when it is dropped. `None` when the directory cannot be written: a
/// missing log is no reason not to route leads.
pub fn start(dir: &Path) -> Option<WorkerGuard> {
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("leadboard")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(dir)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = config::log_filter()
        .and_then(|f| EnvFilter::try_new(f).ok())
        .unwrap_or_else(|| EnvFilter::new("leadboard=info,warn"));
    tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_env_filter(filter).try_init().ok()?;
    Some(guard)
}
