//! `leadboard torture`, and the worker that it starts again and again.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::ProgressBar;

use super::args::{Torture, TortureWorker};
use super::out::{Form, Out, wrap};
use super::{CliError, CliResult};
use crate::bootstrap::Context;
use crate::config::paths::{self, DataDir};
use crate::telemetry;
use crate::torture::shift::{self, Orders};
use crate::torture::{self, Options, Progress, Report, TortureError};

impl From<TortureError> for CliError {
    fn from(error: TortureError) -> Self {
        Self::failed(error)
    }
}

pub(super) async fn run(options: Torture, data: Option<PathBuf>, out: Out) -> CliResult {
    let temporary = data.is_none();
    let data = DataDir::new(data.unwrap_or_else(paths::torture_dir));
    if data.database().exists() {
        let place = data.root().display();
        return Err(CliError::Usage(format!("{place} is in use already; name a directory that is not there yet")));
    }
    let cannot = |what: &str, error: std::io::Error| {
        CliError::Failed(format!("cannot {what} {}: {error}", data.root().display()))
    };
    data.create().map_err(|error| cannot("make", error))?;
    let _logs = telemetry::start(&data.logs());
    let tortured = torture_options(options, data.clone());
    let bar: ProgressBar = out.progress("kills", tortured.kills);
    let report = torture::run(&tortured, |progress| match progress {
        Progress::Says(words) => out.note(&words),
        Progress::Kills(kills, leads) => {
            bar.set_position(kills);
            bar.set_message(format!("{leads} leads"));
        }
    })
    .await?;
    bar.finish_and_clear();
    out.result(&report, || lines(&report));
    if !report.kept() {
        return Err(CliError::Failed(format!("promises were broken; everything is kept in {}", data.root().display())));
    }
    if temporary {
        std::fs::remove_dir_all(data.root()).map_err(|error| cannot("remove", error))?;
    }
    Ok(())
}

fn torture_options(options: Torture, data: DataDir) -> Options {
    Options {
        data,
        seed: options.seed,
        leads: options.leads,
        kills: if options.per_minute.is_some() { 0 } else { options.kills },
        per_minute: options.per_minute,
        faults: options.faults,
        database_url: options.database_url,
        model: options.model,
        #[cfg(debug_assertions)]
        plants: options.plant,
    }
}

fn lines(report: &Report) -> Vec<String> {
    let ended = &report.ended;
    let chain = if report.chain_ok { "the audit chain is whole" } else { "the audit chain is BROKEN" };
    let mut lines = vec![
        format!(
            "{} leads, {} kills, {} faults, {} acts of people, in {:.0} seconds (seed {})",
            report.leads, report.kills, report.faults, report.acts_of_people, report.seconds, report.seed
        ),
        format!(
            "lost {}, doubled {}, overruled {}; believed otherwise than the org has it: {}; {chain}",
            report.lost, report.doubled, report.overruled, report.mismatched
        ),
        format!(
            "{} decided and written, {} where a person was faster, {} finished by a person before they could be read",
            ended.written, ended.superseded, ended.finished_before_seen
        ),
        format!(
            "the conservation rule was looked at after {} restarts and broken {} times",
            report.conservation.checks, report.conservation.broken
        ),
    ];
    if let Some(soak) = &report.soak {
        lines.extend(soak.words());
    }
    if !report.quiet {
        lines.push("NOT everything came to rest".to_owned());
    }
    lines.extend(report.findings.iter().cloned());
    lines.iter().flat_map(|line| wrap(line)).collect()
}

/// One life of the worker.
pub(super) async fn work(options: TortureWorker, context: &Context) -> CliResult {
    let orders = Orders {
        seed: options.seed,
        last: options.last,
        look: Duration::from_millis(options.look),
        #[cfg(debug_assertions)]
        plants: options.plant,
    };
    // Always JSON: whoever starts this reads it by line.
    let speech = Out::new(Form::Json);
    let say = |said: &shift::Said| {
        if let Ok(line) = serde_json::to_string(said) {
            speech.verbatim(&format!("{line}\n"));
        }
    };
    tokio::select! {
        ended = shift::run(context, &orders, say) => Ok(ended?),
        () = super::worker::stdin_ends() => Ok(()),
    }
}
