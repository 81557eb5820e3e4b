//! The company that is tortured: an org in its own process, a config, a store with a model that ranks.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Value as Toml;

use super::process::OrgProcess;
use super::{Options, TortureError};
use crate::app::ports::{ModelRow, Store};
use crate::bootstrap::Context;
use secrecy::ExposeSecret;

use crate::config;
use crate::config::paths::DataDir;
use crate::demo::learn_from;

/// Closed deals to learn from. The quality of the model is not what is tested here, but a company of any seed must teach one
/// that may route: of the data audit's least number, one company in five does not.
const DEALS: &str = "6000";
/// Far above what a run can use; the faults use it up in their own way.
const DAILY_CALLS: &str = "100000000";
/// What the org asks for when a quota is used up. A real one names no time, and the worker then waits for minutes.
const RETRY_AFTER: &str = "1";
/// Seconds between two polls, seconds read again, seconds in which a verdict can be taken back.
const POLL: f64 = 0.2;
/// Seconds between two polls while the org tells of changes by itself.
const POLL_WITH_EVENTS: f64 = 1.0;
/// More than the longest delay of a late commit.
const OVERLAP: i64 = 20;
const GRACE: i64 = 1;

/// Everything that outlives the worker.
pub(super) struct Company {
    pub(super) org: OrgProcess,
    pub(super) context: Context,
    /// The config that the worker is started with.
    pub(super) config: PathBuf,
    /// What the processes say on standard error.
    pub(super) errors: PathBuf,
}

/// A model as it is kept between runs.
#[derive(Serialize, Deserialize)]
struct KeptModel {
    /// The org whose reps it knows.
    org_seed: u64,
    row: ModelRow,
    artifact: String,
}

impl Company {
    /// Starts the org, writes the config, learns.
    pub(super) async fn found(options: &Options) -> Result<Self, TortureError> {
        let data = &options.data;
        let failed = TortureError::process;
        data.create().map_err(failed("cannot make the data directory"))?;
        let file = |name: &str| data.root().join(name);
        let (errors, from_org, config) = (file("errors.log"), file("org.toml"), file("config.toml"));
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let journal = text(&data.demo_org());
        let seed = options.seed.to_string();
        let mut arguments = vec!["demo-org", "--json", "--idle", "--until-stdin-ends", "--port", "0", "--seed", &seed];
        arguments.extend(["--deals", DEALS, "--daily-calls", DAILY_CALLS, "--retry-after", RETRY_AFTER]);
        let org_file = text(&from_org);
        arguments.extend(["--state", &journal, "--write-config", &org_file]);
        let org = OrgProcess::start(&arguments, &errors).await?;

        let written = std::fs::read_to_string(&from_org).map_err(failed("cannot read the org's config"))?;
        // The org's file is private, and so is a copy of it.
        std::fs::copy(&from_org, &config).map_err(failed("cannot write the config"))?;
        let words = adapted(&written, options)?;
        std::fs::write(&config, &words).map_err(failed("cannot write the config"))?;
        let parsed = config::parse(&words, &text(&config), &[])?;
        let company = Self { org, context: Context::new(parsed, data.clone())?, config, errors };
        company.learn(options).await?;
        Ok(company)
    }

    /// Gives the store a model: the kept one, or a new one.
    async fn learn(&self, options: &Options) -> Result<(), TortureError> {
        let (store, crm) = (self.context.store().await?, self.context.crm()?);
        if store.org().await?.is_some() {
            return Err(TortureError::Unexpected("the database is in use already; name an empty one".into()));
        }
        let kept = options.model.as_deref().and_then(|file| kept_model(file, options.seed));
        if let Some(kept) = kept {
            store.bind_org(&crm.org().await.map_err(crate::app::AppError::from)?.id).await?;
            store.save_model(&kept.row, &kept.artifact).await?;
            store.promote(&kept.row.id, "torture", self.context.clock.now()).await?;
        } else {
            learn_from(&self.context, store.as_ref(), crm.as_ref(), &mut |_| {}).await?;
            if let Some(file) = &options.model {
                keep_model(store.as_ref(), file, options.seed).await?;
            }
        }
        store.close().await;
        Ok(())
    }

    /// Where everything is stored.
    pub(super) fn data(&self) -> &DataDir {
        &self.context.data
    }
}

/// The org's config at the pace of torture.
fn adapted(written: &str, options: &Options) -> Result<String, TortureError> {
    let mut table: toml::Table = toml::from_str(written)
        .map_err(|error| TortureError::Unexpected(format!("the org wrote a config that is none: {error}")))?;
    if let Some(Toml::Table(salesforce)) = table.get_mut("salesforce") {
        salesforce.insert("poll_seconds".into(), POLL.into());
        salesforce.insert("overlap_seconds".into(), overlap(options).into());
        if let Some(Toml::Table(events)) = salesforce.get_mut("pubsub") {
            events.insert("enabled".into(), listens(options.seed).into());
            events.insert("poll_seconds".into(), POLL_WITH_EVENTS.into());
        }
    }
    let routing = toml::Table::from_iter([("grace_seconds".to_owned(), Toml::from(GRACE))]);
    table.insert("routing".into(), routing.into());
    if let Some(url) = &options.database_url {
        table.insert("database_url".into(), url.expose_secret().into());
    }
    Ok(table.to_string())
}

/// Two seeds of three listen to the org's change events; the third has nothing but polling.
const fn listens(seed: u64) -> bool {
    !seed.is_multiple_of(3)
}

#[cfg(debug_assertions)]
fn overlap(options: &Options) -> i64 {
    if options.plants.contains(&super::Plant::Overlap) { 0 } else { OVERLAP }
}

#[cfg(not(debug_assertions))]
const fn overlap(_: &Options) -> i64 {
    OVERLAP
}

fn kept_model(file: &Path, org_seed: u64) -> Option<KeptModel> {
    let kept: KeptModel = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    (kept.org_seed == org_seed).then_some(kept)
}

async fn keep_model(store: &dyn Store, file: &Path, org_seed: u64) -> Result<(), TortureError> {
    let Some(row) = store.champion().await? else { return Ok(()) };
    let Some(artifact) = store.model_artifact(&row.id).await? else { return Ok(()) };
    let kept = KeptModel { org_seed, row: ModelRow { champion: false, ..row }, artifact };
    let text = serde_json::to_vec(&kept).map_err(std::io::Error::other);
    text.and_then(|text| std::fs::write(file, text)).map_err(TortureError::process("cannot keep the model"))
}
