//! A complete company on loopback: a demo org, leadboard learning from it over the wire, and leads coming in. Put
//! together from the same parts as the product; only the org is different.

pub mod headless;
mod judge;
pub(crate) mod wire;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::app::budget::Budget;
use crate::app::learn::{self, Promotion};
use crate::app::ports::{Crm, CrmError, Store, StoreError};
use crate::app::{AppError, pull};
use crate::bootstrap::{BootstrapError, Context};
use crate::config::paths::DataDir;
use crate::config::{self, ConfigError};
use crate::demo_org::{CLOSED_DEALS, DemoOrg, DemoOrgConfig, DemoOrgError, Pace, RunningOrg, Source};
use crate::history::audit::{AuditOptions, audit};
use crate::model::{Card, TrainOptions};

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The demo org.
    #[error(transparent)]
    Org(#[from] DemoOrgError),
    /// The program.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// A use case.
    #[error(transparent)]
    App(#[from] AppError),
    /// What was asked of the demo org as its judge.
    #[error("the demo org did not answer its judge: {0}")]
    Judge(String),
    /// A gate refused the made-up company, which must not happen.
    #[error("{0}")]
    Gate(String),
    /// Nothing moves any more.
    #[error("{0}")]
    Stalled(String),
    /// The disk.
    #[error("cannot use {path}: {source}")]
    Disk {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl From<ConfigError> for DemoError {
    fn from(error: ConfigError) -> Self {
        Self::Bootstrap(error.into())
    }
}

impl From<StoreError> for DemoError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<CrmError> for DemoError {
    fn from(error: CrmError) -> Self {
        Self::App(error.into())
    }
}

/// The rules that the made-up company has, until somebody changes them.
const RULES: &str = include_str!("../assets/routing/demo.toml");

/// What kind of demo.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is kept.
    pub data: DataDir,
    /// Which company.
    pub seed: u64,
    /// Time between two leads on average; none come by themselves if `None`.
    pub every: Option<Duration>,
    /// Seconds of a deal's life in one second; deals stay open if `None`.
    pub outcome_speed: Option<f64>,
    /// Seconds in which a verdict can be taken back.
    pub grace_seconds: u32,
    /// Seconds between two polls.
    pub poll_seconds: f64,
}

/// A running company and a leadboard that knows it.
pub struct Demo {
    /// The demo org.
    pub org: RunningOrg,
    /// leadboard's side.
    pub context: Context,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// Its way to the org.
    pub crm: Arc<dyn Crm>,
}

/// What goes on while the demo gets ready.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Closed deals read from the org: so many, of so many.
    Pulling(u64, Option<u64>),
    /// Training, as a share of the whole.
    Training(crate::model::Progress),
}

impl Demo {
    /// Starts the org and opens leadboard's store beside it. Both go on where an earlier run in the same directory
    /// ended, however it ended.
    pub async fn start(options: Options) -> Result<Self, DemoError> {
        let data = options.data;
        let disk = |path: PathBuf| move |source| DemoError::Disk { path, source };
        data.create().map_err(disk(data.root().to_owned()))?;
        let org = DemoOrg::start(
            DemoOrgConfig {
                journal: Some(data.demo_org()),
                source: Source::Company { seed: options.seed, closed_deals: CLOSED_DEALS },
                pace: options.every.map_or(Pace::Never, |t| Pace::LeadsPerSecond(1.0 / t.as_secs_f64())),
                outcome_speed: options.outcome_speed,
                ..DemoOrgConfig::default()
            },
            Arc::new(crate::bootstrap::SystemClock),
        )
        .await?;
        let text = format!("{}\n[routing]\ngrace_seconds = {}\n", org.leadboard_config(), options.grace_seconds);
        let mut config = config::parse(&text, "the demo's config", &[])?;
        if let Some(salesforce) = &mut config.salesforce {
            salesforce.poll_seconds = options.poll_seconds;
            // Leads come in while the worker starts. Were "new" what comes after its first look, then those that came
            // before it would never be taken in, and all of them if the program dies in between.
            salesforce.since = Some(org.began());
        }
        let context = Context::new(config, data)?;
        let store = context.store().await?;
        let crm = context.crm()?;
        Ok(Self { org, context, store, crm })
    }

    /// Gives the company routing rules if it has none; where they are.
    pub fn give_rules(&self) -> Result<PathBuf, DemoError> {
        let path = self.context.rules_file();
        match std::fs::File::create_new(&path).and_then(|mut file| file.write_all(RULES.as_bytes())) {
            Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => Err(DemoError::Disk { path, source }),
            _ => Ok(path),
        }
    }

    /// Whether a model ranks already, so that [`Demo::learn`] has nothing to do.
    pub async fn has_learned(&self) -> Result<bool, DemoError> {
        Ok(self.store.champion().await?.is_some())
    }

    /// Learns from the org's history over the wire: pull, audit, train, promote. Can be repeated after any
    /// interruption.
    pub async fn learn(&self, mut progress: impl FnMut(Progress) + Clone + Send + 'static) -> Result<Card, DemoError> {
        learn_from(&self.context, self.store.as_ref(), self.crm.as_ref(), &mut progress).await
    }
}

/// Learns from a made-up company over the wire: pull, audit, train, promote.
pub(crate) async fn learn_from(
    context: &Context,
    store: &dyn Store,
    crm: &dyn Crm,
    progress: &mut (impl FnMut(Progress) + Clone + Send + 'static),
) -> Result<Card, DemoError> {
    let clock = context.clock.as_ref();
    store.bind_org(&crm.org().await?.id).await?;
    pull::pull(crm, store, clock, &Budget::default(), |n, total| progress(Progress::Pulling(n, total))).await?;
    let options = AuditOptions { as_of: Some(clock.now()), ..AuditOptions::default() };
    let report = audit(&store.deals().await?, &options);
    if report.blocked {
        return Err(DemoError::Gate(report.lines().join("\n")));
    }
    let threads = std::thread::available_parallelism().unwrap_or(std::num::NonZeroUsize::MIN);
    let options = TrainOptions { threads, ..TrainOptions::default() };
    let mut heard = progress.clone();
    let heard = move |p| heard(Progress::Training(p));
    let (id, _) = learn::train(store, clock, options, heard, Arc::new(AtomicBool::new(false))).await?;
    let (promotion, card) = learn::promote(store, clock, &id, "demo").await?;
    if promotion == Promotion::Refused {
        return Err(DemoError::Gate(card.verdict));
    }
    Ok(card)
}
