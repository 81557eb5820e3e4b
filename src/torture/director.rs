//! The run itself: lives of workers, each ended by SIGKILL at a random moment, and a last one in peace.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::company::Company;
use super::crew::Crew;
use super::process::Process;
use super::shift::Said;
use super::soak::{self, Sample};
use super::world::{self, Reins};
use super::{Options, Progress, TortureError};
use crate::demo::wire::Judge;
use crate::demo_org::FaultPlan;
use crate::domain::effect::EffectState;
use crate::domain::lead::Conservation;

/// The longest that a worker may take to open its store.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// Lives that may end by themselves before the run is given up.
const OWN_ENDS: u64 = 5;
/// Between two looks at org and store, and how many of them must show nothing new: when each lead was seen and each
/// decision was tried, and when something may be stuck.
const LOOK: Duration = Duration::from_millis(50);
/// Between two looks for something new in the org, which is to be hit while it happens.
const NEWS_LOOK: Duration = Duration::from_millis(4);
const REST_LOOKS: u32 = 40;
const STUCK_LOOKS: u32 = 160;
/// Most looks, because many leads under many faults take hours.
const MOST_LOOKS: u32 = 1_200;
/// Most decisions on the way that are looked at.
const ON_THE_WAY: u32 = 1_000;
/// Findings kept in words.
const SHOWN: usize = 10;

/// What was done to leadboard, and what showed already on the way.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// Kills that struck a running worker.
    pub(super) kills: u64,
    /// Of these, kills of a worker that had not even opened its store.
    pub(super) kills_at_start: u64,
    /// Starts at which the conservation rule was looked at.
    pub(super) checks: u64,
    /// Starts at which it was broken, or at which fewer leads were known than before.
    pub(super) broken: u64,
    /// Acts of people.
    pub(super) acts: u64,
    /// The org's report on its knobs.
    pub(super) faults: Json,
    /// Whether everything came to rest in the end.
    pub(super) quiet: bool,
    /// What was seen of the worker in a soak, sample by sample.
    pub(super) samples: Vec<Sample>,
    /// What is wrong, in words.
    pub(super) findings: Vec<String>,
    known: u64,
}

/// When a life ends.
enum Moment {
    /// So long after its start.
    Start(Duration),
    /// So long after it opened its store, or after the one that took the place of another did.
    Open(Duration),
    /// So long after the org noted something new: in the middle of a write and its booking.
    News(Duration),
}

/// Runs it all.
pub(super) async fn direct(
    company: &Company,
    options: &Options,
    say: &mut impl FnMut(Progress),
) -> Result<Deeds, TortureError> {
    let judge = &company.org.judge;
    if options.per_minute.is_none() {
        turn(judge, &options.faults, options).await?;
    }
    let reins = Reins::default();
    let mut deeds = Deeds::default();
    {
        let turning = world::turn(judge, &reins, options.seed ^ 0x77);
        let living = async {
            match options.per_minute {
                Some(pace) => soak::live(company, options, pace, &reins, &mut deeds, say).await,
                None => lives(company, options, &reins, &mut deeds, say).await,
            }
        };
        tokio::select! {
            ended = turning => ended?,
            lived = living => lived?,
        }
    }
    deeds.acts = reins.acts.load(Ordering::SeqCst);
    say(Progress::Says("the faults stop; the last leads are worked".into()));
    turn(judge, &FaultPlan::none(), options).await?;
    while judge.get("faults").await?["under_way"] != 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    last_life(company, options, &mut deeds).await?;
    deeds.faults = judge.get("faults").await?;
    Ok(deeds)
}

pub(super) async fn turn(judge: &Judge, faults: &FaultPlan, options: &Options) -> Result<(), TortureError> {
    let plan = FaultPlan::none().then(faults.clone()).then(lasting(options));
    judge.post("faults", json!({ "faults": plan.to_string(), "seed": options.seed })).await?;
    Ok(())
}

/// Faults that never stop. Where the overlap is left out, the org's own word up to when changes are complete would do its
/// work; so that org does not give it.
#[cfg(debug_assertions)]
fn lasting(options: &Options) -> FaultPlan {
    let untold = "not_replicated=1.0".parse().unwrap_or_default();
    if options.plants.contains(&super::Plant::Overlap) { untold } else { FaultPlan::default() }
}

#[cfg(not(debug_assertions))]
fn lasting(_: &Options) -> FaultPlan {
    FaultPlan::default()
}

/// Lives that are killed, and one more under the same faults until all leads have come and nothing much happens any more.
async fn lives(
    company: &Company,
    options: &Options,
    reins: &Reins,
    deeds: &mut Deeds,
    say: &mut impl FnMut(Progress),
) -> Result<(), TortureError> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut own_ends = 0;
    let mut crew = Crew::of(company, options);
    while deeds.kills < options.kills {
        reins.allowed.store(options.leads * (deeds.kills + 1) / options.kills, Ordering::SeqCst);
        let moment = moment(&mut random);
        if one_life(company, &mut crew, moment, &mut random, deeds).await? {
            own_ends = 0;
        } else {
            own_ends += 1;
            finding(deeds, || format!("a worker ended by itself; {} may say why", company.errors.display()));
            if own_ends == OWN_ENDS {
                let why = last_lines(&company.errors);
                return Err(TortureError::Unexpected(format!("the worker ends by itself again and again: {why}")));
            }
        }
        say(Progress::Kills(deeds.kills, reins.arrived.load(Ordering::SeqCst)));
    }
    reins.allowed.store(options.leads, Ordering::SeqCst);
    fill(&mut crew, &mut random, deeds).await?;
    while reins.arrived.load(Ordering::SeqCst) < options.leads {
        tokio::time::sleep(LOOK).await;
    }
    wait_for_rest(company, options.leads).await?;
    crew.dismiss().await
}

/// Hires until everybody is there.
pub(super) async fn fill(crew: &mut Crew<'_>, random: &mut ChaCha8Rng, deeds: &mut Deeds) -> Result<(), TortureError> {
    while crew.vacancies() > 0 {
        let newest = crew.hire(random.random(), false)?;
        hear_opening(crew.worker(newest)?, deeds).await?;
    }
    Ok(())
}

/// One life. False if it ended before it was killed.
async fn one_life(
    company: &Company,
    crew: &mut Crew<'_>,
    moment: Moment,
    random: &mut ChaCha8Rng,
    deeds: &mut Deeds,
) -> Result<bool, TortureError> {
    while crew.vacancies() > 1 {
        let other = crew.hire(random.random(), false)?;
        hear_opening(crew.worker(other)?, deeds).await?;
    }
    let newest = crew.hire(random.random(), false)?;
    let opened = match moment {
        Moment::Start(after) => {
            tokio::time::sleep(after).await;
            false
        }
        Moment::Open(after) => {
            let opened = hear_opening(crew.worker(newest)?, deeds).await?;
            tokio::time::sleep(after).await;
            opened
        }
        Moment::News(after) => {
            let opened = hear_opening(crew.worker(newest)?, deeds).await?;
            wait_for_news(&company.org.judge, crew.patience()).await?;
            tokio::time::sleep(after).await;
            opened
        }
    };
    // Where two work, it strikes the one or the other; but while the newest starts, that one.
    let struck = crew.kill(if opened { crew.anyone(random) } else { newest }).await?;
    if struck {
        deeds.kills += 1;
        deeds.kills_at_start += u64::from(!opened);
    }
    Ok(struck)
}

/// The last life, without faults and kills, until nothing is left to do.
async fn last_life(company: &Company, options: &Options, deeds: &mut Deeds) -> Result<(), TortureError> {
    let mut crew = Crew::of(company, options);
    let only = crew.hire(options.seed, true)?;
    let worker = crew.worker(only)?;
    hear_opening(worker, deeds).await?;
    match worker.line::<Said>().await? {
        Some(Said::Quiet(_)) => deeds.quiet = true,
        Some(Said::Stalled { sum, effects }) => {
            finding(deeds, || format!("nothing moved any more, but not all was done: {sum:?}, {effects:?}"));
        }
        other => {
            let why = last_lines(&company.errors);
            return Err(TortureError::Unexpected(format!("the last worker said {other:?}: {why}")));
        }
    }
    worker.ended().await?;
    Ok(())
}

/// Waits until the worker has opened its store, and looks at what it found there. False if it ended instead.
async fn hear_opening(worker: &mut Process, deeds: &mut Deeds) -> Result<bool, TortureError> {
    let heard = tokio::time::timeout(START_PATIENCE, worker.line::<Said>()).await;
    let late = |_| TortureError::Unexpected("a worker did not open its store within a minute".into());
    let Some(said) = heard.map_err(late)?? else { return Ok(false) };
    let Said::Opened(sum) = said else {
        return Err(TortureError::Unexpected(format!("a worker began with {said:?}")));
    };
    check(&sum, deeds);
    Ok(true)
}

/// The conservation rule after a crash: the two sides agree, and no lead that was known is forgotten.
fn check(sum: &Conservation, deeds: &mut Deeds) {
    deeds.checks += 1;
    if sum.lost() != 0 || sum.received < deeds.known {
        deeds.broken += 1;
        let known = deeds.known;
        finding(deeds, || format!("after a kill the sum was {sum:?}, with {known} leads known before"));
    }
    deeds.known = deeds.known.max(sum.received);
}

/// Waits until nothing new happens for a while, after all leads have met the faults, unless something is stuck; but not for
/// ever.
pub(super) async fn wait_for_rest(company: &Company, leads: u64) -> Result<(), TortureError> {
    let store = company.context.store().await?;
    let (mut before, mut same) = (None, 0);
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(LOOK).await;
        let effects = company.org.judge.get("stats").await?["effects"].clone();
        let sum = store.conservation().await?;
        let on_the_way = store.effects(&[EffectState::Ready, EffectState::Leased], ON_THE_WAY).await?;
        let tried = on_the_way.iter().all(|effect| effect.attempts > 0);
        let all_met = tried && sum.received >= leads && sum.pending + sum.in_lane == 0;
        let now = Some((effects, sum, on_the_way.len()));
        same = if now == before { same + 1 } else { 0 };
        before = now;
        if same >= if all_met { REST_LOOKS } else { STUCK_LOOKS } {
            break;
        }
    }
    store.close().await;
    Ok(())
}

/// Waits until the org notes an effect, but not for ever.
async fn wait_for_news(judge: &Judge, patience: Duration) -> Result<(), TortureError> {
    let before = judge.get("stats").await?["records"].clone();
    let asked = Instant::now();
    while asked.elapsed() < patience {
        tokio::time::sleep(NEWS_LOOK).await;
        if judge.get("stats").await?["records"] != before {
            break;
        }
    }
    Ok(())
}

fn moment(random: &mut ChaCha8Rng) -> Moment {
    let millis = |random: &mut ChaCha8Rng, most: u64| Duration::from_millis(random.random_range(0..most));
    match random.random_range(0..10) {
        0 => Moment::Start(millis(random, 150)),
        1..=6 => Moment::Open(millis(random, 1_600)),
        _ => Moment::News(millis(random, 15)),
    }
}

fn finding(deeds: &mut Deeds, words: impl FnOnce() -> String) {
    if deeds.findings.len() < SHOWN {
        deeds.findings.push(words());
    }
}

/// The end of what the processes said on standard error.
fn last_lines(errors: &Path) -> String {
    let text = std::fs::read_to_string(errors).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}
