//! The composition root: from the config to adapters behind ports. The only place that knows every concrete type.

pub mod backend;
mod clock;
pub mod export;
mod rules;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use crate::app::AppError;
use crate::app::backfill::Bench;
use crate::app::budget::Budget;
use crate::app::doctor::{Doctor, Finding, Questions};
use crate::app::drift::Limits;
use crate::app::events;
use crate::app::ports::{Clock, Crm, CrmError, RulesSource, Store, StoreError};
use crate::app::rollout::Configured;
use crate::config::paths::{self, DataDir};
use crate::config::secret::Secret;
use crate::config::{self, Config, ConfigError};
use crate::crm::salesforce::Salesforce;
use crate::domain::vocabulary::Vocabulary;
use crate::policy::Settings;
use crate::store::copy::{self, CopiedTable, CopyError};
use crate::store::{PostgresStore, SqliteStore};
use crate::worker::lock::WorkerLock;
use crate::worker::{Deps, Pace, Worker};
use clock::SharedClock;

/// Why the program could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The config is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CRM cannot be used.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// Something on disk.
    #[error("{what} {path}: {source}")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A store was not copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Something is not configured; in words, with the cure.
    #[error("{0}")]
    Missing(String),
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where time comes from")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Chooses the TLS provider, once per process. Calling it again does nothing.
pub fn install_crypto() {
    // An error says that a provider is installed already, which is what we want.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// What every command starts from.
#[derive(Clone)]
pub struct Context {
    /// The config.
    pub config: Config,
    /// Where things are stored.
    pub data: DataDir,
    /// The time.
    pub clock: Arc<dyn Clock>,
    shared_clock: Arc<SharedClock>,
}

impl Context {
    /// Reads the config and names the data directory.
    pub fn load(config_file: Option<&Path>, data_dir: Option<PathBuf>) -> Result<Self, BootstrapError> {
        let config = config::load(config_file)?;
        let data = data_dir.or_else(paths::default_data_dir).ok_or_else(|| {
            BootstrapError::Missing("this user has no home directory; name a data directory with --data-dir".into())
        })?;
        Self::new(config, DataDir::new(data))
    }

    /// A context from its parts. Makes the data directory.
    pub fn new(config: Config, data: DataDir) -> Result<Self, BootstrapError> {
        data.create().map_err(|source| BootstrapError::Disk {
            what: "cannot make",
            path: data.root().to_owned(),
            source,
        })?;
        let shared_clock = Arc::new(SharedClock::default());
        Ok(Self { config, data, clock: shared_clock.clone(), shared_clock })
    }

    /// Opens the store that the config chooses; makes it on first use. With a database that others share, the time is the
    /// database's from now on.
    pub async fn store(&self) -> Result<Arc<dyn Store>, BootstrapError> {
        let Some(url) = self.database_url()? else {
            return Ok(Arc::new(SqliteStore::open(&self.data.database()).await?));
        };
        let store = PostgresStore::open(url.expose_secret()).await?;
        self.shared_clock.follow(store.clock());
        Ok(Arc::new(store))
    }

    /// The URL of the shared database, from wherever it is kept.
    fn database_url(&self) -> Result<Option<SecretString>, BootstrapError> {
        let read = self.config.database().map(|secret| secret.read()).transpose();
        read.map_err(|error| BootstrapError::Missing(format!("database_url: {error}")))
    }

    /// The secrets of the config, each looked for where it is; never told is what it says.
    pub fn secrets(&self) -> Vec<Finding> {
        let look = |(key, secret): (&'static str, Secret)| {
            let place = self.config.place_of(key, &secret);
            match secret.read() {
                Ok(_) => Finding::passed("secret", format!("{key} comes from {place}.")),
                Err(error) => Finding::failed(
                    "secret",
                    format!("{key} does not come from {place}: {error}."),
                    "Put it there, or name another place (see `leadboard config example`).",
                ),
            }
        };
        self.config.secrets().into_iter().map(look).collect()
    }

    /// The CRM of the config. Does not connect yet.
    pub fn crm(&self) -> Result<Arc<dyn Crm>, BootstrapError> {
        let salesforce = self.salesforce()?;
        Ok(Arc::new(Salesforce::new(salesforce, self.clock.clone())?))
    }

    /// The CRM of the config, to be examined.
    pub fn doctor(&self) -> Result<Box<dyn Doctor>, BootstrapError> {
        Ok(Box::new(Salesforce::new(self.salesforce()?, self.clock.clone())?))
    }

    /// What the doctor is to look at.
    pub fn doctor_questions(&self, probe_writes: bool) -> Result<Questions, BootstrapError> {
        let salesforce = self.salesforce()?;
        Ok(Questions {
            manager_queue: salesforce.manager_queue.clone(),
            default_queue: salesforce.default_queue.clone(),
            probe_writes,
        })
    }

    /// The manager at this terminal.
    pub fn manager(&self) -> String {
        self.config.manager.clone().unwrap_or_else(config::user_name)
    }

    /// The routing settings for policy.
    pub fn settings(&self) -> Settings {
        let routing = &self.config.routing;
        Settings {
            confidence_gate: routing.confidence_gate,
            grace: chrono::Duration::seconds(routing.grace_seconds.into()),
            sla: chrono::Duration::milliseconds((routing.sla_hours * 3_600_000.0) as i64),
            write_verdicts: routing.write_verdicts,
            hot_score: routing.hot_score,
            warm_score: routing.warm_score,
        }
    }

    /// What the config says of the rollout.
    pub fn rollout(&self) -> Configured {
        let routing = &self.config.routing;
        Configured { phase: routing.phase.to_string(), writes_verdicts: routing.write_verdicts }
    }

    /// The routing rules of the manager: `routing.rules`, or `routing.toml` beside the config file, or in the data
    /// directory where there is no config file.
    pub fn rules(&self) -> Arc<dyn RulesSource> {
        Arc::new(rules::RulesFile(self.rules_file()))
    }

    /// Routing rules in another file.
    pub fn rules_in(&self, path: &Path) -> Arc<dyn RulesSource> {
        Arc::new(rules::RulesFile(path.to_owned()))
    }

    /// Where the routing rules of the manager are.
    pub fn rules_file(&self) -> PathBuf {
        let folder = self.config.folder.as_deref().unwrap_or_else(|| self.data.root());
        folder.join(self.config.routing.rules.as_deref().unwrap_or_else(|| Path::new("routing.toml")))
    }

    /// What the CRM can say of a lead, once the worker reads it by the config as it is now.
    pub fn as_configured(&self, known: Vocabulary) -> Vocabulary {
        let Some(salesforce) = &self.config.salesforce else { return known };
        let config::salesforce::Fields { numeric, categorical, .. } = &salesforce.fields;
        let further = numeric.keys().chain(categorical.keys()).cloned().collect();
        Vocabulary { accounts: salesforce.accounts, further, ..known }
    }

    /// When a change of the leads is called drift.
    pub fn drift_limits(&self) -> Limits {
        let config::drift::Drift { window_days, min_leads, min_outcomes, psi_watch, psi_act, false_alarms } =
            self.config.drift;
        Limits { window_days, min_leads, min_outcomes, psi_watch, psi_act, false_alarms }
    }

    /// How much of the CRM's API allocation is left to others.
    pub fn budget(&self) -> Budget {
        self.config.salesforce.as_ref().map_or_else(Budget::default, |salesforce| Budget {
            slow_at: salesforce.slow_at,
            writes_only_at: salesforce.writes_only_at,
        })
    }

    fn salesforce(&self) -> Result<&config::salesforce::Salesforce, BootstrapError> {
        self.config.salesforce.as_ref().ok_or_else(|| {
            BootstrapError::Missing(
                "no CRM is configured: put a [salesforce] section into the config (`leadboard config example` shows one), \
                 or try `leadboard demo`, which needs none"
                    .into(),
            )
        })
    }

    /// Starts the worker, if no other process is the worker of this data directory already.
    ///
    /// Leases left by a worker that died are freed at once: whoever holds the lock knows that nobody is sending. In a
    /// database that others share nobody knows that, and there they end by themselves, within seconds.
    pub async fn worker(&self, store: Arc<dyn Store>) -> Result<Option<RunningWorker>, BootstrapError> {
        self.worker_with(store, |deps| deps).await
    }

    /// [`Context::worker`], with something put around what it works with.
    pub async fn worker_with(
        &self,
        store: Arc<dyn Store>,
        around: impl FnOnce(Deps) -> Deps,
    ) -> Result<Option<RunningWorker>, BootstrapError> {
        let Some(lock) = self.worker_lock()? else { return Ok(None) };
        if self.config.database().is_none() {
            let freed = store.release_leases().await?;
            if freed > 0 {
                tracing::info!(freed, "took over effects of a worker that ended without finishing them");
            }
        }
        let salesforce = self.salesforce()?;
        events::config_in_force(store.as_ref(), self.clock.as_ref(), &self.manager(), &self.config.set).await?;
        let poll = Duration::from_secs_f64(salesforce.poll_seconds);
        let worker = Worker::start(around(Deps {
            crm: self.crm()?,
            store,
            clock: self.clock.clone(),
            rules: self.rules(),
            settings: self.settings(),
            manager_queue: salesforce.manager_queue.clone(),
            default_queue: salesforce.default_queue.clone(),
            pace: Pace {
                poll,
                poll_with_events: poll.max(Duration::from_secs_f64(salesforce.pubsub.poll_seconds)),
                contacts: contacts_pace(self.settings().sla),
                outcomes: poll.max(Duration::from_secs(5)) * 4,
                roster: Duration::from_mins(5),
                probe: Duration::from_mins(10),
            },
            drift: self.drift_limits(),
            anchor: self.config.audit_anchor.clone(),
            budget: self.budget(),
        }));
        let file = tokio::spawn(crate::worker::health::keep_file(worker.health(), self.data.worker_health()));
        Ok(Some(RunningWorker { worker, _lock: lock, file }))
    }
}

/// How often it is looked whether first contacts are due: a lead is late by no more than a small part of its clock, and the CRM
/// is asked about many at once.
fn contacts_pace(sla: chrono::Duration) -> Duration {
    let part = sla.to_std().unwrap_or_default() / 24;
    part.clamp(Duration::from_secs(1), Duration::from_mins(10))
}

/// Which way a store is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the file of the data directory into the database of `database_url`.
    IntoDatabase,
    /// Back.
    IntoFile,
}

impl Context {
    /// Copies a whole store into another, empty one. No worker of this data directory may run meanwhile.
    pub async fn copy_store(
        &self,
        way: Way,
        told: &mut (dyn FnMut(&'static str, u64) + Send),
    ) -> Result<Vec<CopiedTable>, BootstrapError> {
        let Some(url) = self.database_url()? else {
            return Err(BootstrapError::Missing(
                "no database is named: set LEADBOARD_DATABASE_URL, or database_url in the config".into(),
            ));
        };
        let _lock = self.worker_lock()?.ok_or_else(|| {
            CopyError::Refused(format!("a worker or a dashboard runs on {}; end it first", self.data.root().display()))
        })?;
        let file = self.data.database();
        if way == Way::IntoDatabase && !file.exists() {
            return Err(CopyError::Refused(format!("there is no store in {}", self.data.root().display())).into());
        }
        let database = PostgresStore::open(url.expose_secret()).await?;
        let file = SqliteStore::open(&file).await?;
        let copied = match way {
            Way::IntoDatabase => copy::copy(&file, &database, told).await,
            Way::IntoFile => copy::copy(&database, &file, told).await,
        };
        file.close().await;
        database.close().await;
        Ok(copied?)
    }

    /// What a back-fill scores with: the champion, reps and queues as they are now.
    ///
    /// # Errors
    /// No CRM is configured, there is no champion, or the org's reps and queues were never read.
    pub async fn backfill_bench(&self, store: &dyn Store) -> Result<Bench, AppError> {
        Ok(self.bench(store).await?.asking(self.crm().map_err(AppError::refused)?))
    }

    /// The same where nothing is asked of the CRM.
    ///
    /// # Errors
    /// No CRM is configured, there is no champion, or the org's reps and queues were never read.
    pub async fn bench(&self, store: &dyn Store) -> Result<Bench, AppError> {
        let salesforce = self.salesforce().map_err(AppError::refused)?;
        Bench::open(store, self.settings(), &salesforce.manager_queue, &salesforce.default_queue).await
    }

    /// The right to work on a back-fill, if no other process of this data directory does.
    pub fn backfill_lock(&self) -> Result<Option<WorkerLock>, BootstrapError> {
        let path = self.data.backfill_lock();
        WorkerLock::take(&path).map_err(|source| BootstrapError::Disk { what: "cannot lock", path, source })
    }

    /// The right to be the worker of this data directory, if it is free.
    fn worker_lock(&self) -> Result<Option<WorkerLock>, BootstrapError> {
        let path = self.data.worker_lock();
        WorkerLock::take(&path).map_err(|source| BootstrapError::Disk { what: "cannot lock", path, source })
    }
}

/// A worker together with the lock it holds.
pub struct RunningWorker {
    /// The worker.
    pub worker: Worker,
    _lock: WorkerLock,
    file: tokio::task::JoinHandle<()>,
}

impl RunningWorker {
    /// Stops it; what is being sent is finished and booked first.
    pub async fn stop(self) {
        self.worker.stop().await;
        self.file.abort();
    }
}
