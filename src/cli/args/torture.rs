//! The proof under kills and faults, and the worker that it kills.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use secrecy::SecretString;

use crate::demo_org::FaultPlan;

#[derive(Debug, ClapArgs)]
pub(crate) struct Torture {
    /// Kills, faults, people and the company follow from it
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// How many leads come in
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub(crate) leads: u64,

    /// How often the worker is killed, at random moments
    #[arg(long, default_value_t = 100, value_name = "K")]
    pub(crate) kills: u64,

    /// Faults of the org: all, none, or some by name, with commas; a rate or count may follow a name (slow=0.05)
    #[arg(long, value_name = "all|none|NAME,..", default_value = "all")]
    pub(crate) faults: FaultPlan,

    /// Soak instead: no kills, leads come in steadily at this pace, faults for 5 seconds of every 30; says how long leads
    /// took, and whether memory, files and the write-ahead log stayed as they were
    #[arg(long, value_name = "N", conflicts_with = "kills")]
    pub(crate) per_minute: Option<NonZeroU32>,

    /// Torture a worker on this empty PostgreSQL database (postgres://…) instead of on a file
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<SecretString>,

    /// Keep the trained model in this file, and use it again
    #[arg(long, hide = true, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,

    /// Leave a guard out, to see that the damage is found
    #[cfg(debug_assertions)]
    #[arg(long, hide = true, value_name = "NAME", value_delimiter = ',')]
    pub(crate) plant: Vec<crate::torture::Plant>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TortureWorker {
    /// For the managers' minds
    #[arg(long)]
    pub(crate) seed: u64,

    /// Bring everything to its end, and end
    #[arg(long)]
    pub(crate) last: bool,

    /// Milliseconds between two looks of the managers at their queue
    #[arg(long, default_value_t = 60)]
    pub(crate) look: u64,

    /// Leave a guard out
    #[cfg(debug_assertions)]
    #[arg(long, value_delimiter = ',')]
    pub(crate) plant: Vec<crate::torture::Plant>,
}
