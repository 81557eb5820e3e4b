//! `leadboard backfill`: all open leads scored again, and assigned again where that is wanted.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::args::Backfill as Options;
use super::lead::one;
use super::out::{Out, table, wrap};
use super::{CliError, CliResult};
use crate::app::AppError;
use crate::app::backfill::{self, Applied, Bench, Outlook, Start, Survey};
use crate::app::budget::{ApiStage, Budget};
use crate::app::ports::{BackfillRun, Crm, RunState, Selection, Store};
use crate::bootstrap::{Context, RunningWorker};
use crate::domain::decision::WriteState;
use crate::domain::lead::Owner;
use crate::domain::rep::Roster;
use crate::domain::text::fit;

/// Pairs of owners that are printed; `--json` has more.
const PAIRS: usize = 15;
/// Between two looks at the outbox.
const LOOK: Duration = Duration::from_millis(200);
/// Between two questions for the API allocation, while little of it is left.
const ASK_AGAIN: Duration = Duration::from_mins(1);
/// The duty of the one who works on a back-fill, where several machines share a database, and how long it lasts unheard of.
const DUTY: &str = "backfill";
const LEASE: Duration = Duration::from_mins(2);

pub(super) async fn run(options: &Options, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let done = act(options, context, &store, out).await;
    store.close().await;
    done
}

async fn act(options: &Options, context: &Context, store: &Arc<dyn Store>, out: Out) -> CliResult {
    if options.cancel {
        let run = backfill::cancel(store.as_ref(), context.clock.as_ref(), &context.manager()).await?;
        out.result(&run, || vec![format!("Back-fill {} is given up. What it decided stands.", run.id)]);
        return Ok(());
    }
    let bench = context.backfill_bench(store.as_ref()).await?;
    let selection = Selection {
        decided: options.decided,
        lane: options.lane,
        owner: options.owner.as_deref().map(|wanted| find_owner(wanted, bench.roster())).transpose()?,
        since: options.since,
    };
    let selection = (!options.resume).then_some(&selection);
    if !options.apply {
        let selection = selection.cloned().unwrap_or_default();
        let survey = survey(store.as_ref(), context, &bench, &selection, out).await?;
        let under_way = store.running_backfill().await?;
        let result = json!({ "applied": false, "survey": survey, "under_way": under_way });
        out.result(&result, || described(&survey, under_way.as_ref(), bench.cleared()));
        return Ok(());
    }
    // Refused before anybody is asked anything.
    backfill::allowed(&bench).map_err(gate)?;
    if !options.yes {
        let going_on = store.running_backfill().await?;
        let selection = selection.or(going_on.as_ref().map(|run| &run.selection)).cloned().unwrap_or_default();
        let survey = survey(store.as_ref(), context, &bench, &selection, out).await?;
        confirm(&survey, &bench, out)?;
    }
    let applied = assign(options, context, store, &bench, selection, out).await?;
    out.result(&json!({ "applied": true, "run": applied }), || told(&applied));
    Ok(())
}

async fn survey(
    store: &dyn Store,
    context: &Context,
    bench: &Bench,
    selection: &Selection,
    out: Out,
) -> Result<Survey, CliError> {
    let bar = out.progress("scoring", 0);
    let mut told = |scored| bar.set_message(format!("{scored} leads"));
    let survey = backfill::survey(store, context.clock.as_ref(), bench, selection, &mut told).await;
    bar.finish_and_clear();
    Ok(survey?)
}

/// Has the number of leads typed, so that nobody moves thousands by a key too many.
fn confirm(survey: &Survey, bench: &Bench, out: Out) -> CliResult {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(
            "nobody is there to ask; say --yes to assign the leads without being asked".into(),
        ));
    }
    for line in described(survey, None, bench.cleared()) {
        out.question(&line);
    }
    out.prompt(&format!("Type {} to move so many leads, anything else to leave it: ", survey.moves));
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed).map_err(CliError::failed)?;
    if typed.trim() == survey.moves.to_string() { Ok(()) } else { Err(CliError::Failed("nothing was changed".into())) }
}

/// What is refused is not allowed now, which is no failure.
fn gate(error: AppError) -> CliError {
    match error {
        AppError::Refused(why) => CliError::Gate(why),
        other => other.into(),
    }
}

/// Works on a run until its end.
async fn assign(
    options: &Options,
    context: &Context,
    store: &Arc<dyn Store>,
    bench: &Bench,
    selection: Option<&Selection>,
    out: Out,
) -> Result<Applied, CliError> {
    let name = format!("backfill-{}-{:08x}", std::process::id(), rand::random::<u32>());
    let lock = context.backfill_lock()?;
    if lock.is_none() || !store.hold(DUTY, &name, LEASE).await? {
        return Err(CliError::Failed(match store.running_backfill().await? {
            Some(run) => format!("back-fill {} is being worked on by another process; {}", run.id, so_far(&run)),
            None => "another process is just beginning a back-fill".into(),
        }));
    }
    let (clock, by) = (context.clock.as_ref(), context.manager());
    let started = backfill::start(store.as_ref(), clock, bench, selection, &by).await;
    let run = match started.map_err(gate)? {
        Start::New(run) => run,
        Start::GoesOn(run) => {
            out.note(&format!("Back-fill {} goes on where it stopped: {}.", run.id, so_far(&run)));
            run
        }
    };
    // Somebody must send what is decided. Where a worker or a dashboard runs, it does.
    let worker = context.worker(store.clone()).await?;
    let crm = context.crm()?;
    let held = Held { store: store.as_ref(), crm: crm.as_ref(), budget: context.budget(), name: &name, out };
    let bar = out.progress("assigning", 0);
    let slice = options.slice;
    let next = |now: Outlook| {
        bar.set_message(format!("{} leads looked at, {} decided", now.tally.scored, now.decided));
        held.room(slice)
    };
    let applied = backfill::apply(store.as_ref(), clock, bench, run, slice, &by, next).await;
    bar.finish_and_clear();
    let applied = finish(applied?, store.as_ref(), clock, worker).await?;
    store.let_go(DUTY, &name).await?;
    Ok(applied)
}

/// What holds a run back.
struct Held<'a> {
    store: &'a dyn Store,
    crm: &'a dyn Crm,
    budget: Budget,
    name: &'a str,
    out: Out,
}

impl Held<'_> {
    /// Waits until few writes wait, and until the API allocation has room: a back-fill is what can wait.
    async fn room(&self, slice: u32) -> Result<bool, AppError> {
        let mut told = false;
        loop {
            // Another machine may have taken over while this one slept.
            if !self.store.hold(DUTY, self.name, LEASE).await? {
                return Err(AppError::Refused("another process goes on with this back-fill".into()));
            }
            if self.store.effect_counts().await?.pending > u64::from(slice) {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            // One call for each slice tells how much of the allocation everybody has used.
            self.crm.probe().await?;
            let usage = self.crm.usage();
            if self.budget.stage(usage) == ApiStage::Normal {
                return Ok(true);
            }
            if !told {
                told = true;
                self.out.note(&format!(
                    "{} of {} API calls of the last 24 hours are used up; waiting until it is less than {:.0} % \
                     (salesforce.slow_at). It may be stopped, and goes on later.",
                    usage.used,
                    usage.limit,
                    self.budget.slow_at * 100.0
                ));
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

/// Lets the worker inside send what waits; one elsewhere goes on by itself.
async fn finish(
    applied: Applied,
    store: &dyn Store,
    clock: &dyn crate::app::ports::Clock,
    worker: Option<RunningWorker>,
) -> Result<Applied, CliError> {
    let Some(worker) = worker else { return Ok(applied) };
    // What is tried again only later is left to the next worker.
    let soon = || async {
        let due = store.next_effect_at().await?;
        Ok::<_, CliError>(due.is_some_and(|at| at < clock.now() + chrono::Duration::seconds(60)))
    };
    while soon().await? {
        tokio::time::sleep(LOOK).await;
    }
    worker.stop().await;
    let decisions = store.backfill_writes(applied.run).await?;
    Ok(Applied { decisions, ..applied })
}

fn so_far(run: &BackfillRun) -> String {
    format!(
        "{} leads looked at, begun by {} at {}",
        run.tally.scored,
        run.started_by,
        run.started_at.format("%Y-%m-%d %H:%M UTC")
    )
}

fn find_owner(wanted: &str, roster: &Roster) -> Result<Owner, CliError> {
    if let Some(queue) = roster.queue_by_key(wanted) {
        return Ok(Owner::Queue(queue.id.clone()));
    }
    let reps = roster.reps.iter().map(|rep| (rep.id.as_str(), rep.name.as_str(), Owner::Rep(rep.id.clone())));
    let queues =
        roster.queues.iter().map(|queue| (queue.id.as_str(), queue.name.as_str(), Owner::Queue(queue.id.clone())));
    let all: Vec<_> = reps.chain(queues).collect();
    one(wanted, all.iter().map(|(id, name, owner)| (*id, *name, owner)), "rep or queue")
}

fn described(survey: &Survey, under_way: Option<&BackfillRun>, cleared: bool) -> Vec<String> {
    let Survey { model_id, scored, stay, moves, left, expected, pairs, .. } = survey;
    let mut lines = vec![format!("{scored} open leads scored by {model_id}: {moves} would move, {stay} stay.")];
    for (reason, leads) in left {
        lines.push(format!("{leads} are left where they are: {reason}."));
    }
    if !cleared {
        lines.push(
            "The model is not cleared to compare reps, so it is not said who would be better, and no lead is moved on its \
             word."
                .into(),
        );
    } else if let (Some(wins), Some(kept), Some(deals)) = (expected.wins, expected.kept, expected.deals) {
        lines.push(format!(
            "Expected of moving: {wins:+.1} wins, over the {} of these leads whose owner of today is a rep that the model \
             can score. That is the model's own estimate, after allowing for picking the best of many ({:.0} % of such \
             differences showed in {deals} deals it had not seen). It is no evidence: only leads that were really routed \
             both ways can show a lift.",
            expected.compared,
            kept * 100.0
        ));
    } else {
        lines.push("It was never measured how much of the model's differences is real, so no gain is stated.".into());
    }
    let mut lines: Vec<String> = lines.iter().flat_map(|line| wrap(line)).collect();
    if !pairs.is_empty() {
        let rows: Vec<Vec<String>> = pairs
            .iter()
            .take(PAIRS)
            .map(|pair| {
                let wins = pair.wins.map_or_else(|| "-".to_owned(), |wins| format!("{wins:+.1}"));
                vec![pair.leads.to_string(), fit(&pair.from_name, 28), fit(&pair.to_name, 28), wins]
            })
            .collect();
        lines.push(String::new());
        lines.extend(table(&["leads", "from", "to", "wins"], &rows));
    }
    lines.push(String::new());
    if let Some(rate) = survey.leads_per_second {
        lines.push(format!("{rate:.0} leads a second scored; {:.1} s in all.", survey.seconds));
    }
    lines.push("Nothing was changed. `--apply` moves them.".into());
    if let Some(run) = under_way {
        lines.extend(wrap(&format!(
            "Back-fill {} is not at its end: {}. `--apply --resume` goes on with it, `--cancel` gives it up.",
            run.id,
            so_far(run)
        )));
    }
    lines
}

fn told(applied: &Applied) -> Vec<String> {
    let of = |state| applied.decisions.get(&state).copied().unwrap_or(0);
    let decided: u64 = applied.decisions.values().sum();
    let mut lines = vec![match applied.state {
        RunState::Done => {
            format!("Back-fill {} is done: {} leads looked at, {decided} decided.", applied.run, applied.tally.scored)
        }
        RunState::Running => format!("Back-fill {} is stopped; the same command goes on with it.", applied.run),
        RunState::Cancelled => format!("Back-fill {} was given up meanwhile; what it decided stands.", applied.run),
    }];
    lines.push(format!(
        "{} are written, {} wait to be written, {} were taken by somebody first.",
        of(WriteState::Written),
        of(WriteState::Waiting),
        of(WriteState::Superseded) + applied.tally.faster
    ));
    if of(WriteState::Failed) > 0 {
        lines.push(format!("{} FAILED; the sync screen tells why.", of(WriteState::Failed)));
    }
    lines.iter().flat_map(|line| wrap(line)).collect()
}
