//! A soak: hours at a steady pace, with faults that come and go, to see whether leads are late or anything grows.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tokio::time::Instant;

use super::company::Company;
use super::crew::Crew;
use super::director::{self, Deeds};
use super::world::Reins;
use super::{Options, Progress, TortureError};
use crate::demo_org::FaultPlan;

/// Between two looks of the managers at their queue: quick, but not more than people are.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// Faults come so often, after so long without any.
const STORM_EVERY: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(25);
/// Between two looks at the worker's process.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(500);
/// From its arrival in the org to the decision in the org, verdict of a manager and faults included. A storm lasts five
/// seconds, after which a failed call may wait for its next try, and a lead whose decision was taken back begins again.
const DEADLINE_SECONDS: i64 = 60;
/// Parts of the run that are compared.
const PARTS: usize = 10;

/// What a worker took of the machine at a moment; with two workers, both together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Resident memory, in KiB.
    memory: u64,
    /// Open files.
    files: u64,
    /// Size of the write-ahead log in bytes, where the store is a file.
    log: u64,
}

/// How a soak went.
#[derive(Clone, Debug, Serialize)]
pub struct Soak {
    /// Leads that came in each minute.
    pub per_minute: u32,
    /// Seconds from the arrival of a lead to the decision in the org, up to which it was on time.
    pub deadline_seconds: i64,
    /// Share of all leads that were settled on time: decided and written, or taken or finished by a person.
    pub on_time: f64,
    /// Half of the leads were settled within so many seconds.
    pub median_seconds: i64,
    /// 99 of 100 leads were settled within so many seconds.
    pub p99_seconds: i64,
    /// The longest that a lead took, in seconds.
    pub longest_seconds: i64,
    /// The worker's memory in MB: the median of each tenth of the run. Empty where the system does not tell.
    pub memory_mb: Vec<f64>,
    /// The same of its open files.
    pub files: Vec<u64>,
    /// The same of the size of the write-ahead log in MB: the largest of each tenth.
    pub log_mb: Vec<f64>,
}

/// Lets workers live at a steady pace until all leads have come and nothing much happens any more.
pub(super) async fn live(
    company: &Company,
    options: &Options,
    pace: NonZeroU32,
    reins: &Reins,
    deeds: &mut Deeds,
    say: &mut impl FnMut(Progress),
) -> Result<(), TortureError> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut crew = Crew::of(company, options);
    director::fill(&mut crew, &mut random, deeds).await?;
    let (began, mut sampled, mut storm) = (Instant::now(), Instant::now(), None);
    let log = log_of(&company.data().database());
    while reins.arrived.load(Ordering::SeqCst) < options.leads {
        let due = began.elapsed().as_secs_f64() / 60.0 * f64::from(pace.get());
        reins.allowed.store((due as u64).min(options.leads), Ordering::SeqCst);
        let stormy = began.elapsed().as_secs() % STORM_EVERY.as_secs() >= CALM.as_secs();
        if storm != Some(stormy) {
            storm = Some(stormy);
            let faults = if stormy { options.faults.clone() } else { FaultPlan::none() };
            let shuffled = Options { seed: random.random(), ..options.clone() };
            director::turn(&company.org.judge, &faults, &shuffled).await?;
        }
        if sampled.elapsed() >= SAMPLE_EVERY {
            sampled = Instant::now();
            deeds.samples.extend(sample(crew.ids(), &log));
            say(Progress::Kills(0, reins.arrived.load(Ordering::SeqCst)));
        }
        tokio::time::sleep(TICK).await;
    }
    director::wait_for_rest(company, options.leads).await?;
    crew.dismiss().await
}

/// The write-ahead log of a database file.
fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Looks at processes, where the system tells of them in `/proc`.
fn sample(ids: impl Iterator<Item = u32>, log: &Path) -> Option<Sample> {
    let mut sum = Sample { memory: 0, files: 0, log: std::fs::metadata(log).map_or(0, |file| file.len()) };
    for id in ids {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        sum.memory += resident.trim().trim_end_matches(" kB").parse::<u64>().ok()?;
        sum.files += std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count() as u64;
    }
    Some(sum)
}

impl Soak {
    /// Of so many leads, these times from arrival to settlement, and these looks at the worker.
    pub(super) fn of(per_minute: NonZeroU32, leads: u64, took: &[i64], samples: &[Sample]) -> Self {
        let mut took = took.to_vec();
        took.sort_unstable();
        let in_time = took.iter().filter(|seconds| **seconds <= DEADLINE_SECONDS).count();
        let within = |share: f64| took.get(((took.len() as f64 * share) as usize).min(took.len().max(1) - 1)).copied();
        let parts = samples.chunks(samples.len().div_ceil(PARTS).max(1));
        Self {
            per_minute: per_minute.get(),
            deadline_seconds: DEADLINE_SECONDS,
            on_time: in_time as f64 / leads.max(1) as f64,
            median_seconds: within(0.5).unwrap_or(0),
            p99_seconds: within(0.99).unwrap_or(0),
            longest_seconds: took.last().copied().unwrap_or(0),
            memory_mb: parts.clone().map(|part| megabytes(median(part, |sample| sample.memory) * 1024)).collect(),
            files: parts.clone().map(|part| median(part, |sample| sample.files)).collect(),
            log_mb: parts.map(|part| megabytes(part.iter().map(|sample| sample.log).max().unwrap_or(0))).collect(),
        }
    }

    /// In words.
    pub fn words(&self) -> Vec<String> {
        let list = |numbers: &[f64]| numbers.iter().map(|n| format!("{n:.0}")).collect::<Vec<_>>().join(" ");
        let files: Vec<f64> = self.files.iter().map(|n| *n as f64).collect();
        vec![
            format!(
                "{:.3} % settled within {} seconds of their arrival; half within {}, 99 of 100 within {}, the longest {}",
                self.on_time * 100.0,
                self.deadline_seconds,
                self.median_seconds,
                self.p99_seconds,
                self.longest_seconds
            ),
            format!("the worker's memory in MB, tenth by tenth of the run: {}", list(&self.memory_mb)),
            format!("open files: {}; write-ahead log in MB: {}", list(&files), list(&self.log_mb)),
        ]
    }
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<u64> = samples.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 1e5).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_that_nobody_settled_is_not_on_time() {
        let took = [1, 2, 3, 61];
        let soak = Soak::of(NonZeroU32::MIN, 5, &took, &[]);
        assert!((soak.on_time - 0.6).abs() < 1e-9, "{soak:?}");
        assert_eq!((soak.median_seconds, soak.longest_seconds), (3, 61));
        assert!(soak.memory_mb.is_empty());
    }

    #[test]
    fn what_grows_is_seen_tenth_by_tenth() {
        let samples: Vec<Sample> =
            (0..100).map(|n| Sample { memory: 1_000 * (n + 1), files: 20, log: 4_000_000 }).collect();
        let soak = Soak::of(NonZeroU32::MIN, 0, &[], &samples);
        assert_eq!(soak.memory_mb.len(), PARTS);
        assert!(soak.memory_mb.windows(2).all(|pair| pair[0] < pair[1]), "{soak:?}");
        assert!(soak.files.iter().all(|n| *n == 20) && soak.log_mb.iter().all(|mb| (*mb - 4.0).abs() < 1e-9));
    }
}
