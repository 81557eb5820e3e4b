//! What is owed to the CRM: `leadboard sync`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Sync {
    /// List the outbox: what failed for good first, then what waits, then the newest of the rest; and how the worker's loops are
    List {
        /// At most so many lines
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Try a write again that failed for good
    Retry {
        /// Its number in the list
        id: i64,
    },
}
