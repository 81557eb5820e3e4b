//! `leadboard status`: what stands above and below every screen, and who else is at work.

use chrono::{DateTime, Utc};

use super::CliResult;
use super::out::{Out, wrap};
use crate::app::health::{LoopState, WorkerHealth};
use crate::app::overview::{self, Overview};
use crate::app::ports::{HandedLead, Presence, Store};
use crate::bootstrap::Context;
use crate::domain::effect::EffectCounts;
use crate::domain::lane::Lane;
use crate::domain::text::fit;
use crate::worker::health;
use strum::VariantArray;

/// Widest name of a person or company.
const NAME: usize = 40;

pub(super) async fn run(context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let found = look(store.as_ref(), context).await;
    store.close().await;
    let found = found?;
    out.result(&found, || lines(&found));
    Ok(())
}

/// How everything stands, as this manager is told it.
pub(super) async fn look(store: &dyn Store, context: &Context) -> Result<Overview, crate::app::AppError> {
    let now = context.clock.now();
    let health = health::read_file(&context.data.worker_health(), now);
    overview::overview(store, health, &context.manager(), now).await
}

fn lines(found: &Overview) -> Vec<String> {
    let all = &found.conservation;
    let mut lines = vec![format!(
        "{} received = {} decided + {} in queue + {} pending + {} superseded; lost {}",
        all.received,
        all.decided,
        all.in_lane,
        all.pending,
        all.superseded,
        all.lost()
    )];
    let of = |lane: &Lane| (found.lanes.of(*lane) > 0).then(|| format!("{} {}", lane.title(), found.lanes.of(*lane)));
    let lanes: Vec<String> = Lane::VARIANTS.iter().filter_map(of).collect();
    let lanes = if lanes.is_empty() { "no lead waits".to_owned() } else { lanes.join(", ") };
    lines.extend(wrap(&format!("Lanes: {lanes}; {} snoozed.", found.lanes.snoozed)));
    if let Some(stop) = &found.stopped {
        lines.extend(wrap(&format!("NOTHING IS WRITTEN: {stop}")));
    }
    lines.extend(wrap(&written(found.effects)));
    lines.extend(wrap(&worker(&found.health)));
    lines.extend(wrap(match found.cleared {
        Some(true) => "The model that ranks is cleared to route.",
        Some(false) => "The model that ranks scores leads and does not yet route.",
        None => "There is no model that ranks, or its card does not say whether it may route.",
    }));
    lines.extend(found.others.iter().flat_map(|one| wrap(&here(one))));
    lines.extend(found.handed.iter().flat_map(|one| wrap(&handed(one))));
    if let Some(waiting) = &found.handoff {
        let by = fit(&waiting.by, NAME);
        lines.extend(wrap(&format!("{by} handed over at {} UTC; `leadboard handoff` tells it.", time(waiting.at))));
    }
    lines
}

/// The outbox in a sentence.
pub(super) fn written(counts: EffectCounts) -> String {
    let EffectCounts { sent, pending, failed, superseded, cancelled } = counts;
    format!(
        "Writes: {sent} written, {pending} waiting, {failed} failed for good, {superseded} superseded, {cancelled} taken back."
    )
}

/// The worker in a sentence.
fn worker(health: &WorkerHealth) -> String {
    match health.worst() {
        None => "No worker runs on this data directory; one may run elsewhere.".to_owned(),
        Some(worst) if worst.state == LoopState::Running => "The worker runs.".to_owned(),
        Some(worst) => {
            let why = worst.last_error.as_ref().map(|(_, why)| format!(": {why}")).unwrap_or_default();
            format!("The worker runs; {} is {}{why}. `leadboard sync list` tells more.", worst.name, worst.state)
        }
    }
}

fn here(one: &Presence) -> String {
    let has = one.claim.as_ref().map(|claim| format!(", has lead {} open since {}", claim.lead, time(claim.since)));
    format!("Also here: {}, last seen {}{} (UTC).", fit(&one.manager, NAME), time(one.seen_at), has.unwrap_or_default())
}

fn handed(one: &HandedLead) -> String {
    let note = one.hand_over.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let (from, company) = (fit(&one.hand_over.from, NAME), fit(&one.company, NAME));
    format!("{from} handed you {} {company}{note}", one.lead)
}

/// A moment, UTC.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
