//! `leadboard demo`.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::ProgressBar;

use super::args::{Dashboard, Demo as Options, Looks};
use super::keys::{self, keymap};
use super::out::{Out, wrap};
use super::{CliError, CliResult, dashboard};
use crate::config::paths::{self, DataDir};
use crate::demo::headless::{self, Outcome};
use crate::demo::{Demo, DemoError, Options as Company, Progress};
use crate::domain::number::grouped;
use crate::telemetry;
use crate::tui::keymap::Keymap;

/// Leads that wait when the dashboard opens for the first time.
const FIRST_LEADS: u64 = 24;
/// A day of a deal's life passes in two seconds, so that outcomes come in while one watches.
const OUTCOME_SPEED: f64 = 43_200.0;

impl From<DemoError> for CliError {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Gate(_) => Self::Gate(error.to_string()),
            _ => Self::failed(error),
        }
    }
}

pub(super) async fn run(options: Options, data: Option<PathBuf>, out: Out) -> CliResult {
    let (data, temporary) = place(&options, data)?;
    let result = run_in(&options, &data, out).await;
    if temporary && result.is_ok() {
        remove(&data)?;
    }
    result
}

/// Where the demo keeps its things: as asked; a directory of its own for a headless run, so that every run is counted by
/// itself; else one that stays, so that the second start is quick.
fn place(options: &Options, data: Option<PathBuf>) -> Result<(DataDir, bool), CliError> {
    let temporary = data.is_none() && options.headless;
    let path = match data {
        Some(path) => path,
        None if options.headless => paths::scratch_dir(),
        None => paths::demo_dir().ok_or_else(|| {
            CliError::Usage("this user has no home directory; name a data directory with --data-dir".into())
        })?,
    };
    let data = DataDir::new(path);
    if options.fresh {
        if data.root().exists() && !data.database().exists() {
            return Err(CliError::Usage(format!(
                "{} holds no demo, so --fresh does not delete it",
                data.root().display()
            )));
        }
        remove(&data)?;
    }
    Ok((data, temporary))
}

fn remove(data: &DataDir) -> CliResult {
    match std::fs::remove_dir_all(data.root()) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(CliError::Failed(format!("cannot remove {}: {e}", data.root().display())))
        }
        _ => Ok(()),
    }
}

async fn run_in(options: &Options, data: &DataDir, out: Out) -> CliResult {
    if !(options.every > 0.0 && options.every <= 86_400.0) {
        return Err(CliError::Usage("--every must be more than 0 and at most 86400 seconds".into()));
    }
    if !(options.sla_hours > 0.0 && options.sla_hours <= 720.0) {
        return Err(CliError::Usage("--sla-hours must be more than 0 and at most 720".into()));
    }
    let keys = keymap(options.looks.keymap.as_deref().unwrap_or(keys::USUAL))?;
    data.create().map_err(|e| CliError::Failed(format!("cannot make {}: {e}", data.root().display())))?;
    let _logs = telemetry::start(&data.logs());
    let company = Company {
        data: data.clone(),
        seed: options.seed,
        every: (!options.headless).then(|| Duration::from_secs_f64(options.every)),
        outcome_speed: (!options.headless).then_some(OUTCOME_SPEED),
        grace_seconds: if options.headless { 0 } else { 10 },
        poll_seconds: if options.headless { 0.5 } else { 1.0 },
    };
    let mut demo = Demo::start(company).await?;
    demo.context.config.routing.sla_hours = options.sla_hours;
    if !demo.has_learned().await? {
        demo.org.set_paused(true);
        learn(&demo, out).await?;
        demo.org.set_paused(false);
    }
    if options.headless {
        let outcome = headless::run(&demo, u64::from(options.leads), u64::from(options.burst)).await?;
        out.result(&outcome, || lines(&outcome));
    } else {
        let rules = demo.give_rules()?;
        watch(&demo, &options.looks, keys).await?;
        out.note(&format!("Its routing rules are in {}.", rules.display()));
        out.note(&format!("The demo is kept in {}; `leadboard demo` goes on with it.", data.root().display()));
    }
    demo.store.close().await;
    demo.org.shutdown().await;
    Ok(())
}

/// Learns, and shows how far it is.
async fn learn(demo: &Demo, out: Out) -> CliResult {
    out.note(&format!(
        "A made-up company: 60 reps in 6 territories, two years of closed deals, on a demo org at {} that speaks \
         Salesforce's REST API.",
        demo.org.url()
    ));
    let bars: [ProgressBar; 2] = [out.progress("reading history", 1), out.progress("training a model", 1_000)];
    let [pulling, training] = bars.clone();
    let card = demo
        .learn(move |progress| match progress {
            Progress::Pulling(n, total) => {
                pulling.set_length(total.unwrap_or(n).max(1));
                pulling.set_position(n);
                pulling.set_message(format!("{} closed deals", grouped(n)));
            }
            Progress::Training(p) => {
                training.set_position((p.done * 1_000.0) as u64);
                training.set_message(p.step.to_string());
            }
        })
        .await?;
    bars.iter().for_each(ProgressBar::finish_and_clear);
    out.note(&card.verdict);
    Ok(())
}

/// The dashboard with a worker inside, leads coming in.
async fn watch(demo: &Demo, looks: &Looks, keys: Keymap) -> CliResult {
    if demo.org.leads_arrived() == 0 {
        headless::arrive(&demo.org, FIRST_LEADS).await?;
    }
    let worker = demo.context.worker(demo.store.clone()).await?;
    let health = worker.as_ref().map(|w| w.worker.health());
    let screen = Dashboard { looks: looks.clone(), ..Dashboard::default() };
    let shown = dashboard::show((&screen, keys), &demo.context, demo.store.clone(), health).await;
    if let Some(worker) = worker {
        worker.stop().await;
    }
    shown
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let (wins, effects) = (&outcome.expected_wins, &outcome.effects);
    let percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |s| format!("{:.1} %", s * 100.0));
    let mut lines = vec![
        format!(
            "received {} = decided {} + in a lane {} + pending {} + superseded {}; lost {}",
            outcome.received, outcome.decided, outcome.in_lane, outcome.pending, outcome.superseded, outcome.lost
        ),
        format!(
            "writes: {} done, {} waiting, {} failed, {} doubled; {:.2} CRM calls for each lead",
            effects.sent, effects.pending, effects.failed, effects.duplicated, outcome.crm_calls_per_lead
        ),
        format!(
            "true expected wins: {:.1} by the legacy rules, {:.1} by the model, {:.1} at best; the model captured {} of \
             what could be gained",
            wins.legacy,
            wins.model,
            wins.oracle,
            percent(outcome.captured_lift)
        ),
        format!("model and legacy rules agreed on {} of the leads", percent(outcome.agreement_rate)),
        if outcome.reconciled {
            "every decided lead was read back from the org, and is as decided".to_owned()
        } else {
            "NOT everything in the org is as decided:".to_owned()
        },
    ];
    lines.extend(outcome.differences.iter().cloned());
    lines.iter().flat_map(|line| wrap(line)).collect()
}
