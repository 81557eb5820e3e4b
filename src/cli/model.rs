//! `leadboard model`.

pub(super) mod exchange;
mod predict;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use serde_json::json;

use super::args::Model as Action;
use super::model_card::describe;
use super::out::{Out, table, wrap};
use super::{CliError, CliResult, history};
use crate::app::learn::{self, Promotion};
use crate::app::ports::{ModelRow, Store};
use crate::bootstrap::Context;
use crate::domain::ids::ModelId;
use crate::model::{Card, Progress, TrainOptions};

pub(super) async fn run(action: Action, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let result = match action {
        Action::Train { promote, despite_audit, smote, rep_weights } => {
            let options = TrainOptions { smote, rep_weights, ..TrainOptions::default() };
            train(store.as_ref(), promote, despite_audit, options, context, out).await
        }
        Action::List => list(store.as_ref(), out).await,
        Action::Show { id } => show(store.as_ref(), id, out).await,
        Action::Evaluate(options) => super::evaluate::run(&options, out),
        Action::Promote { id } => promote(store.as_ref(), &ModelId::new(id), context, out).await,
        Action::Drift { days } => super::drift::run(store.as_ref(), days, context, out).await,
        Action::Rollback => exchange::rollback(store.as_ref(), context, out).await,
        Action::Export(options) => exchange::export(store.as_ref(), options, out).await,
        Action::Import(options) => exchange::import(store.as_ref(), options, context, out).await,
        Action::Predict(options) => predict::run(store.as_ref(), options, out).await,
    };
    store.close().await;
    result
}

async fn train(
    store: &dyn Store,
    promote: bool,
    despite_audit: bool,
    options: TrainOptions,
    context: &Context,
    out: Out,
) -> CliResult {
    let audit = history::audit_store(store, context).await?;
    if audit.blocked && !despite_audit {
        out.result(&json!({"audit": audit}), || history::audit_lines(&audit));
        return Err(CliError::Gate(
            "the audit blocks training; its findings say what to do (--despite-audit trains all the same)".into(),
        ));
    }
    let (id, card) = train_stored(store, options, context, out).await?;
    let refused = if promote {
        learn::promote(store, context.clock.as_ref(), &id, &context.manager()).await?.0 == Promotion::Refused
    } else {
        card.clearance == crate::model::Clearance::Refused
    };
    let promoted = promote && !refused;
    out.result(&json!({"id": id, "promoted": promoted, "card": card}), || {
        let mut lines = describe(&id, &card);
        lines.push(match (promoted, refused) {
            (true, _) => "It ranks from now on.".to_owned(),
            (_, true) => "It is kept for comparison, and cannot be promoted.".to_owned(),
            _ => format!("Next: leadboard model promote {id}"),
        });
        lines
    });
    if refused { Err(refusal(&id)) } else { Ok(()) }
}

/// Trains on the stored history with a progress bar; Ctrl-C stops it and stores nothing.
pub(super) async fn train_stored(
    store: &dyn Store,
    options: TrainOptions,
    context: &Context,
    out: Out,
) -> Result<(ModelId, Card), CliError> {
    let bar = out.progress("training", 1_000);
    let cancel = Arc::new(AtomicBool::new(false));
    let options = TrainOptions { threads: self::options().threads, ..options };
    let training = learn::train(store, context.clock.as_ref(), options, shown_on(&bar), cancel.clone());
    let trained = until_stopped(training, &cancel).await;
    bar.finish_and_clear();
    Ok(trained?)
}

/// All threads, and the seed that everybody uses.
fn options() -> TrainOptions {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    TrainOptions { threads, ..TrainOptions::default() }
}

/// Progress of training, on a bar of a thousand.
fn shown_on(bar: &ProgressBar) -> impl FnMut(Progress) + Send + 'static {
    let bar = bar.clone();
    move |progress| {
        bar.set_position((progress.done * 1_000.0) as u64);
        bar.set_message(progress.step.to_string());
    }
}

/// Waits for work that ends early, with nothing stored, when `cancel` is set: by a signal to stop.
async fn until_stopped<T>(work: impl Future<Output = T>, cancel: &AtomicBool) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => done,
        () = super::worker::stop_signal() => {
            cancel.store(true, Ordering::Relaxed);
            work.await
        }
    }
}

fn refusal(id: &ModelId) -> CliError {
    CliError::Gate(format!("gate G1 refuses model {id}: it cannot tell good leads from bad"))
}

async fn list(store: &dyn Store, out: Out) -> CliResult {
    let models = store.models().await?;
    out.result(&models, || {
        if models.is_empty() {
            return vec!["There is no model yet: leadboard model train".to_owned()];
        }
        let rows: Vec<Vec<String>> = models.iter().map(row).collect();
        table(&["model", "trained", "deals", "AUC on later deals", "may", ""], &rows)
    });
    Ok(())
}

fn row(model: &ModelRow) -> Vec<String> {
    let card: Option<Card> = serde_json::from_value(model.card.clone()).ok();
    let of = |f: &dyn Fn(&Card) -> String| card.as_ref().map_or_else(|| "?".to_owned(), f);
    vec![
        model.id.to_string(),
        model.created_at.format("%Y-%m-%d %H:%M UTC").to_string(),
        of(&|c| c.data.deals.to_string()),
        of(&|c| auc(&c.out_of_time)),
        of(&|c| c.clearance.to_string()),
        if model.champion { "ranks".to_owned() } else { String::new() },
    ]
}

fn auc(evaluation: &crate::model::evaluate::Evaluation) -> String {
    let auc = evaluation.auc;
    format!("{:.3} ({:.3} to {:.3})", auc.value, auc.low, auc.high)
}

async fn show(store: &dyn Store, id: Option<String>, out: Out) -> CliResult {
    let id = named_or_champion(store, id).await?;
    let card = learn::card(store, &id).await?;
    out.result(&json!({"id": id, "card": card}), || describe(&id, &card));
    Ok(())
}

/// The model that was named, else the one that ranks.
pub(super) async fn named_or_champion(store: &dyn Store, id: Option<String>) -> Result<ModelId, CliError> {
    if let Some(id) = id {
        return Ok(ModelId::new(id));
    }
    let champion = store.champion().await?;
    let none = || CliError::Failed("no model ranks yet: leadboard model train --promote".into());
    Ok(champion.ok_or_else(none)?.id)
}

async fn promote(store: &dyn Store, id: &ModelId, context: &Context, out: Out) -> CliResult {
    let (promotion, card) = learn::promote(store, context.clock.as_ref(), id, &context.manager()).await?;
    let promoted = promotion == Promotion::Promoted;
    out.result(&json!({"id": id, "promoted": promoted, "verdict": card.verdict}), || {
        let mut lines = wrap(&card.verdict);
        if promoted {
            lines.push(format!("{id} ranks from now on."));
        }
        lines
    });
    if promoted { Ok(()) } else { Err(refusal(id)) }
}
