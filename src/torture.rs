//! Torture: proof under load that no lead is lost, none is moved twice, and no person is overruled.
//!
//! A demo org runs in a process of its own and has faults. The real worker runs in another one, together with managers
//! who approve, override, reroute, snooze and take back, and is killed again and again without warning, while leads
//! come in and people of the org take, convert, merge, delete and edit them; on a shared database two workers run, and
//! the one lives while the other is killed. At the end the faults stop, the worker runs until all is quiet, and what
//! leadboard believes is compared, lead by lead, with the journal of effects that the org kept for itself.

mod chain;
mod company;
mod crew;
mod director;
mod judge;
mod managers;
#[cfg(debug_assertions)]
mod planted;
mod process;
mod report;
pub mod shift;
mod soak;
mod world;

use std::num::NonZeroU32;
use std::path::PathBuf;

use tokio::time::Instant;

use secrecy::SecretString;

use crate::app::AppError;
use crate::app::ports::StoreError;
use crate::bootstrap::BootstrapError;
use crate::config::ConfigError;
use crate::config::paths::DataDir;
use crate::demo::DemoError;
use crate::demo_org::FaultPlan;

#[cfg(debug_assertions)]
pub use planted::Plant;
pub use report::Report;
pub use soak::Soak;

/// What kind of torture.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything is kept here: the store, the org's journal, logs.
    pub data: DataDir,
    /// The moments of kills and acts, the faults and the company follow from it. (Which call meets which fault also
    /// depends on the machine's timing.)
    pub seed: u64,
    /// Leads that come in.
    pub leads: u64,
    /// SIGKILLs of the worker.
    pub kills: u64,
    /// Leads that come in each minute of a soak, in which nothing is killed; `None` for torture proper.
    pub per_minute: Option<NonZeroU32>,
    /// Faults of the org.
    pub faults: FaultPlan,
    /// An empty PostgreSQL database, to be used instead of a file.
    pub database_url: Option<SecretString>,
    /// A file that keeps the trained model, so that further runs need not train it; made if it is not there.
    pub model: Option<PathBuf>,
    /// Guards that are left out on purpose, to see whether the damage is found.
    #[cfg(debug_assertions)]
    pub plants: Vec<Plant>,
}

/// Why a torture could not be carried out. That leadboard failed it is no error, but in the [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum TortureError {
    /// Setting up the company, or asking its org.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The program.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// A use case.
    #[error(transparent)]
    App(#[from] AppError),
    /// A process.
    #[error("{what}: {source}")]
    Process {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A process said something else than it should.
    #[error("{0}")]
    Unexpected(String),
}

impl From<StoreError> for TortureError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<ConfigError> for TortureError {
    fn from(error: ConfigError) -> Self {
        Self::Bootstrap(error.into())
    }
}

impl TortureError {
    fn process(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Process { what, source }
    }
}

/// How far a torture is.
#[derive(Clone, Debug)]
pub enum Progress {
    /// In words.
    Says(String),
    /// So many kills of all, so many leads.
    Kills(u64, u64),
}

/// Tortures, and judges.
///
/// # Errors
/// [`TortureError`] when the run itself broke down.
pub async fn run(options: &Options, mut say: impl FnMut(Progress)) -> Result<Report, TortureError> {
    let began = Instant::now();
    say(Progress::Says("setting up a company and its model".into()));
    let company = company::Company::found(options).await?;
    say(Progress::Says(format!("the org is at {}", company.org.url)));
    let deeds = director::direct(&company, options, &mut say).await?;
    say(Progress::Says("comparing the store with the org's journal".into()));
    let store = company.context.store().await?;
    let judgement = judge::judge(store.as_ref(), &company.org.judge).await?;
    let chain_ok = chain::verify(store.as_ref()).await?;
    store.close().await;
    drop(company);
    Ok(Report::new(options, deeds, judgement, chain_ok, began.elapsed()))
}
