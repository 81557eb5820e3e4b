//! `leadboard rules`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

/// What can be done with routing rules.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Compare the rules with the org's reps, queues and territories and with each other (exit code 3 on errors)
    Check {
        /// Another file than the one that the worker reads
        file: Option<PathBuf>,
    },
    /// List the versions that were ever in force, or print one
    Show {
        /// "current", or the first digits of a version
        #[arg(value_name = "VERSION")]
        wanted: Option<String>,
    },
    /// Say in plain words what differs between two rulebooks
    Diff {
        /// A file, a version, or "current" for what is in force
        before: String,
        /// Likewise [default: the file that the worker reads]
        after: Option<String>,
    },
    /// Route leads by rules that are not in force, and say what would change; nothing is changed
    Test(RulesTest),
}

/// Options of `rules test`.
#[derive(Debug, ClapArgs)]
pub(crate) struct RulesTest {
    /// One lead; without it, all leads of a period
    pub(crate) lead: Option<String>,
    /// Another file than the one that the worker reads
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Leads received from here on, for example 2026-11-01T00:00:00Z [default: 30 days before the end]
    #[arg(long, value_name = "TIME", conflicts_with = "lead")]
    pub(crate) since: Option<chrono::DateTime<chrono::Utc>>,
    /// And before this [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "lead")]
    pub(crate) until: Option<chrono::DateTime<chrono::Utc>>,
}
