//! `leadboard demo-org`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::args::DemoOrg as Options;
use super::history::from_history;
use super::out::Out;
use super::{CliError, CliResult};
use crate::bootstrap::SystemClock;
use crate::demo_org::{DemoOrg, DemoOrgConfig, DemoOrgError, FaultPlan, Pace, Source};
use crate::history::{self, BadRows, CsvInput, Mapping};

impl From<DemoOrgError> for CliError {
    fn from(error: DemoOrgError) -> Self {
        Self::failed(error)
    }
}

pub(super) async fn run(options: Options, out: Out) -> CliResult {
    if !(options.every > 0.0 && options.speed > 0.0) {
        return Err(CliError::Usage("--every and --speed must be more than 0".into()));
    }
    let (source, pace) = if let (Some(file), Some(map)) = (&options.history, &options.map) {
        let deals = read(file, map)?;
        (Source::Replay { deals, live_days: options.last }, Pace::LeadsPerSecond(options.speed))
    } else {
        let source = Source::Company { seed: options.seed, closed_deals: options.deals };
        (source, Pace::LeadsPerSecond(1.0 / options.every))
    };
    let jwt_public_key = options.jwt_public_key.as_deref().map(read_text).transpose()?;
    let config = DemoOrgConfig {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
        journal: options.state.clone(),
        jwt_public_key,
        source,
        reps_alike: options.reps_alike,
        pace: if options.idle { Pace::Never } else { pace },
        daily_api_calls: options.daily_calls,
        faults: options.fault.iter().cloned().fold(options.faults.clone(), FaultPlan::then),
        fault_seed: options.seed,
        retry_after: options.retry_after,
        ..DemoOrgConfig::default()
    };
    let org = DemoOrg::start(config, Arc::new(SystemClock)).await?;
    if let Some(file) = &options.write_config {
        write_private(file, &org.leadboard_config())?;
    }
    let credentials = org.credentials();
    let card = json!({
        "url": org.url(),
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "admin_token": credentials.admin_token,
        "jwt_username": org.username(),
        "history_ends": org.history_ends(),
        "leads_left": org.leads_left(),
    });
    if out.json() {
        // One line, so that a script can read it while the org runs.
        out.verbatim(&format!("{card}\n"));
    } else {
        out.line(&format!("A demo org listens at {}. Ctrl-C ends it.", org.url()));
        if let (Some(ends), Some(left)) = (org.history_ends(), org.leads_left()) {
            out.line(&format!(
                "It replays {left} leads created from {} on; import the history before that day.",
                ends.format("%Y-%m-%d")
            ));
        }
        if let Some(file) = &options.write_config {
            out.line(&format!("leadboard --config {} works on it.", file.display()));
        } else {
            out.line("leadboard works on it with this config:");
            org.leadboard_config().lines().for_each(|line| out.line(line));
        }
    }
    tokio::select! {
        () = super::worker::stop_signal() => {}
        () = super::worker::stdin_ends(), if options.until_stdin_ends => {}
    }
    org.shutdown().await;
    Ok(())
}

fn read(file: &Path, map: &Path) -> Result<Vec<crate::domain::deal::Deal>, CliError> {
    let mapping = Mapping::load(map).map_err(from_history)?;
    let input = CsvInput::open(file).map_err(from_history)?;
    Ok(history::import(input, &mapping, BadRows::Refuse, &mut |_| {}).map_err(from_history)?.deals)
}

fn read_text(file: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(file).map_err(|e| CliError::Failed(format!("cannot read {}: {e}", file.display())))
}

/// The config holds a secret, so only its owner may read it.
fn write_private(file: &Path, text: &str) -> CliResult {
    let failed = |e| CliError::Failed(format!("cannot write {}: {e}", file.display()));
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file).map_err(failed)?;
    std::io::Write::write_all(&mut opened, text.as_bytes()).map_err(failed)
}
