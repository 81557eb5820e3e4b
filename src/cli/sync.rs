//! `leadboard sync`: what is owed to the CRM, and how the worker's loops are.

use serde::Serialize;

use super::args::Sync as Action;
use super::out::{Out, table, wrap};
use super::status::{look, time, written};
use super::{CliError, CliResult};
use crate::app::health::{LoopHealth, WorkerHealth};
use crate::app::overview;
use crate::app::ports::{ApiUsage, Stopped, Store};
use crate::bootstrap::Context;
use crate::domain::effect::{EffectCounts, EffectRow, EffectState};
use crate::domain::text::fit;

/// The sync screen; this is the `--json` contract.
#[derive(Serialize)]
struct Shown {
    effects: EffectCounts,
    stopped: Option<Stopped>,
    health: WorkerHealth,
    outbox: Vec<EffectRow>,
}

pub(super) async fn run(action: &Action, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let result = match *action {
        Action::List { limit } => list(store.as_ref(), limit, context, out).await,
        Action::Retry { id } => retry(store.as_ref(), id, context, out).await,
    };
    store.close().await;
    result
}

async fn list(store: &dyn Store, limit: u32, context: &Context, out: Out) -> CliResult {
    let all = look(store, context).await?;
    let outbox = overview::outbox(store, limit).await?;
    let shown = Shown { effects: all.effects, stopped: all.stopped, health: all.health, outbox };
    out.result(&shown, || lines(&shown));
    Ok(())
}

async fn retry(store: &dyn Store, id: i64, context: &Context, out: Out) -> CliResult {
    if !store.revive_effect(id, &context.manager(), context.clock.now()).await? {
        return Err(CliError::Failed(format!(
            "no write {id} has failed for good, so there is none to try again; `leadboard sync list` shows all"
        )));
    }
    out.result(&serde_json::json!({ "retried": id }), || vec![format!("Write {id} is tried again.")]);
    Ok(())
}

fn lines(shown: &Shown) -> Vec<String> {
    let mut lines = wrap(&written(shown.effects));
    if let Some(stop) = &shown.stopped {
        lines.extend(wrap(&format!("NOTHING IS WRITTEN: {stop}")));
    }
    lines.extend(wrap(&api(shown.health.usage)));
    lines.push(String::new());
    if shown.health.loops.is_empty() {
        lines.extend(wrap("No worker runs on this data directory; one may run elsewhere."));
    } else {
        let rows: Vec<Vec<String>> = shown.health.loops.iter().map(of_loop).collect();
        lines.extend(table(&["loop", "state", "last success", "waiting", "last error"], &rows));
    }
    lines.push(String::new());
    if shown.outbox.is_empty() {
        lines.extend(wrap("Nothing was to be written yet. Each verdict puts one write into the outbox."));
    } else {
        let rows: Vec<Vec<String>> = shown.outbox.iter().map(of_write).collect();
        lines.extend(table(&["write", "state", "lead", "company", "tries", "not before", "last error"], &rows));
    }
    lines
}

/// How much of the CRM's allocation is used.
fn api(usage: ApiUsage) -> String {
    let ours = format!("{} calls by this worker since it started", usage.calls_made);
    match usage.share() {
        Some(share) => format!(
            "CRM API: {:.1} % used, {} of {} calls of the last 24 hours by all programs together; {ours}.",
            share * 100.0,
            usage.used,
            usage.limit
        ),
        None => format!("CRM API: the CRM has not said yet how much may be used; {ours}."),
    }
}

fn of_loop(one: &LoopHealth) -> Vec<String> {
    let error = one.last_error.as_ref().map(|(at, why)| format!("{}: {why}", time(*at)));
    vec![
        one.name.clone(),
        one.state.to_string(),
        one.last_ok.map_or_else(|| "never".to_owned(), time),
        one.backlog.to_string(),
        fit(&error.unwrap_or_default(), 100),
    ]
}

fn of_write(row: &EffectRow) -> Vec<String> {
    let waits = row.state == EffectState::Ready;
    vec![
        row.id.to_string(),
        row.state.to_string(),
        row.lead_id.to_string(),
        fit(&row.company, 30),
        row.attempts.to_string(),
        if waits { time(row.not_before) } else { "-".to_owned() },
        fit(row.last_error.as_deref().unwrap_or_default(), 100),
    ]
}
