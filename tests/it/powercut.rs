//! Against power cuts: what the store has acknowledged must be there, whatever the disk had not written yet.
//!
//! A writer runs under `strace`, which notes every write, every sync and every acknowledgement in their order. From that
//! the test makes the disk as it may be found after a cut at any of these moments: what was synced is there; of what was
//! not, nothing, or some sectors, as a seeded generator chooses. On each such disk the store must open, be whole, and
//! hold what was acknowledged.

#![expect(clippy::print_stderr, reason = "how much was looked at, for the record of a release")]

mod disk;
mod writer;

use std::path::Path;
use std::process::{Command, Stdio};

use disk::{Disk, Event, Log};
use futures::future::join_all;
use leadboard::app::audit_trail::verify;
use leadboard::app::ports::{DecisionStore, LeadStore, QueryStore};
use leadboard::domain::lead::LeadState;
use leadboard::store::SqliteStore;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::store_fixtures::{id, place};

const SEED: u64 = 5187;
/// Moments of a cut that are looked at in an ordinary run; `every_power_cut` looks at all.
const MOMENTS: usize = 2_500;
/// At each of them, so much of what was not synced survives: once nothing, and then by chance.
const SURVIVES: [f64; 2] = [0.0, 0.5];
const SURVIVES_FOR_A_RELEASE: [f64; 8] = [0.0, 0.1, 0.25, 0.5, 0.5, 0.75, 0.9, 1.0];

/// What the writer has acknowledged.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    received: usize,
    decided: usize,
    written: usize,
}

impl Acknowledged {
    fn learn(&mut self, line: &str) {
        let number = |word: &str| line.strip_prefix(word).and_then(|n| n.trim().parse::<usize>().ok());
        self.received = number("ACK received ").unwrap_or(self.received);
        self.decided = number("ACK decided ").unwrap_or(self.decided);
        self.written = number("ACK written ").unwrap_or(self.written);
    }
}

/// What was wrong on the disks that were looked at.
#[derive(Debug, Default)]
struct Found {
    states: usize,
    wrong: Vec<String>,
}

/// Opens the store on a disk; what is wrong with it.
async fn examine(disk: &Disk, promised: Acknowledged) -> Result<(), String> {
    let dir = place();
    disk.write_to(dir.path());
    let store = SqliteStore::open(&dir.path().join(writer::FILE)).await.map_err(|e| format!("does not open: {e}"))?;
    let sum = store.conservation().await.map_err(|e| e.to_string())?;
    let mut wrong = Vec::new();
    if sum.lost() != 0 {
        wrong.push(format!("conservation broken: {sum:?}"));
    }
    for n in 0..promised.received {
        let found = store.leads(&[id(&writer::lead(n))]).await.map_err(|e| e.to_string())?;
        let Some(record) = found.first() else {
            wrong.push(format!("lead {n} was acknowledged and is lost"));
            continue;
        };
        if n < promised.decided && record.state != LeadState::Decided {
            wrong.push(format!("the decision on lead {n} was acknowledged and is lost"));
        }
    }
    let sent = store.effect_counts().await.map_err(|e| e.to_string())?.sent;
    if sent < promised.written as u64 {
        wrong.push(format!("{} writes were acknowledged, {sent} are known", promised.written));
    }
    let trail = verify(&store, &[]).await.map_err(|e| e.to_string())?;
    if !trail.ok || trail.waiting > 0 {
        wrong.push(format!("the audit trail is broken: {trail:?}"));
    }
    store.close().await;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// Cuts the power after some of the events, and looks at what is left.
async fn cut(log: &Log, moments: Option<usize>, survives: &[f64], keeps_promises: bool) -> Found {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let share = moments.map_or(1.0, |wanted| wanted as f64 / log.events.len() as f64);
    let (mut disk, mut promised, mut found) = (Disk::default(), Acknowledged::default(), Found::default());
    for event in &log.events {
        match event {
            Event::Said(line) => promised.learn(line),
            Event::Synced(_) if !keeps_promises => {}
            change => disk.apply(change),
        }
        if random.random::<f64>() >= share {
            continue;
        }
        let after: Vec<Disk> = survives.iter().map(|share| disk.after_the_cut(*share, &mut random)).collect();
        found.states += after.len();
        let looks = join_all(after.iter().map(|disk| examine(disk, promised))).await;
        found.wrong.extend(looks.into_iter().filter_map(Result::err));
    }
    found
}

/// Runs the writer in this directory and reads what it did; `None` where the system has no `strace`.
fn trace(dir: &Path) -> Option<Log> {
    let log = dir.join("strace.log");
    let traced = Command::new("strace")
        .args([
            "-f",
            "-y",
            "-xx",
            "-s",
            "1048576",
            "-e",
            "trace=openat,write,pwrite64,fsync,fdatasync,ftruncate,unlink",
        ])
        .arg("-o")
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "powercut::writer::writes", "--ignored", "--nocapture", "--test-threads", "1"])
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    assert!(traced.success(), "the writer failed under strace: {traced}");
    Some(disk::read(&std::fs::read_to_string(&log).unwrap(), dir))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut() {
    survives(Some(MOMENTS), &SURVIVES).await;
}

/// Thousands of disks; for a release.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes"]
async fn every_power_cut() {
    survives(None, &SURVIVES_FOR_A_RELEASE).await;
}

async fn survives(moments: Option<usize>, share: &[f64]) {
    let dir = place();
    let Some(log) = trace(dir.path()) else {
        eprintln!("skipped: this system has no strace");
        return;
    };
    assert!(log.syncs() > 100 && log.events.len() > 500, "the trace saw too little: {} events", log.events.len());
    let found = cut(&log, moments, share, true).await;
    assert!(found.states > 100, "{found:?}");
    assert!(found.wrong.is_empty(), "{} of {} disks: {:#?}", found.wrong.len(), found.states, found.wrong);
    eprintln!("{} disks after a power cut, nothing lost", found.states);
    // The judge is judged: on a disk that does not keep what it was told to sync, he must find losses.
    let lying = cut(&log, Some(40), &SURVIVES, false).await;
    assert!(lying.wrong.len() > lying.states / 4, "a lying disk lost nothing: {lying:?}");
}
