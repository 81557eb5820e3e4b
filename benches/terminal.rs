//! Whether the dashboard stays as fast and as small on a store of a million leads as on one of ten thousand: the real
//! program in a pseudo-terminal of 160x45, with a warm disk, and nobody else at the store.
//!
//! `cargo bench --bench terminal`
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "terminal/session.rs"]
mod session;
#[path = "terminal/store.rs"]
mod store;

use std::path::Path;
use std::time::{Duration, Instant};

use leadboard::app::ports::Clock as _;
use leadboard::bootstrap::SystemClock;
use session::{Session, Took};

/// What is promised on the larger store.
const FIRST_PICTURE_MS: f64 = 100.0;
const KEY_P99_MS: f64 = 16.0;
const MEMORY_MB: f64 = 100.0;
/// What rounds to 0 %.
const IDLE_PERCENT: f64 = 0.5;

/// How much is done.
struct Amounts {
    leads: [usize; 2],
    starts: usize,
    rounds: usize,
    idle: Duration,
}

/// What was seen on one store.
struct Seen {
    starts: Vec<Took>,
    keys: Vec<Took>,
    /// Keys after which other leads or another lead are read.
    reads: Vec<Took>,
    busy_a_key: Option<f64>,
    memory: Option<f64>,
    idle: Option<f64>,
}

fn main() {
    // `cargo test --benches` runs benches too, to see that they run at all.
    let arguments: Vec<String> = std::env::args().collect();
    let amounts = if arguments.iter().any(|a| a == "--bench") {
        Amounts { leads: [10_000, 1_000_000], starts: 20, rounds: 40, idle: Duration::from_secs(10) }
    } else {
        Amounts { leads: [200, 400], starts: 1, rounds: 1, idle: Duration::from_millis(300) }
    };
    println!(
        "one of {} leads waits in a lane, with a ranking of {} reps; the others were decided and written, with a ranking of \
         {}, because so many large ones do not fit on a disk; no copies of the audit trail",
        store::WAITS,
        store::REPS.0,
        store::REPS.1
    );
    let [small, large] = amounts.leads.map(|leads| look(leads, &amounts));
    println!("\n{:<58} {:>10} {:>10} {:>7}", "", amounts.leads[0], amounts.leads[1], "ratio");
    let start = |share, of: fn(&Took) -> Duration| move |seen: &Seen| percentile(&seen.starts, share, of);
    let key = |share, of: fn(&Took) -> Duration| move |seen: &Seen| percentile(&seen.keys, share, of);
    let read = |share, of: fn(&Took) -> Duration| move |seen: &Seen| percentile(&seen.reads, share, of);
    let both = |what: &str, promised: Option<f64>, unit: &str, of: &dyn Fn(&Seen) -> Option<f64>| {
        print(what, of(&small), of(&large), promised, unit);
    };
    both("start to first picture, median", Some(FIRST_PICTURE_MS), "ms", &start(0.5, |took| took.first));
    both("start to the leads, median", None, "ms", &start(0.5, |took| took.all));
    both("key to screen, median", None, "ms", &key(0.5, |took| took.first));
    both("key to screen, 99 of 100", Some(KEY_P99_MS), "ms", &key(0.99, |took| took.first));
    both("key that reads leads, to all of it, median", None, "ms", &read(0.5, |took| took.all));
    both("key that reads leads, to all of it, 99 of 100", None, "ms", &read(0.99, |took| took.all));
    both("processor time a picture, with what is read for it", None, "ms", &|seen| seen.busy_a_key);
    both("memory at its peak", Some(MEMORY_MB), "MB", &|seen| seen.memory);
    both("processor while nothing happens", Some(IDLE_PERCENT), "%", &|seen| seen.idle);
}

fn look(leads: usize, amounts: &Amounts) -> Seen {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(store::make(&data, leads, SystemClock.now()));
    let size = std::fs::metadata(data.join("leadboard.db")).unwrap().len() / 1_000_000;
    println!("{leads} leads made in {:.1} s, {size} MB", began.elapsed().as_secs_f64());

    // The first one is another: it brings the file into memory.
    let starts: Vec<Took> = (0..=amounts.starts).map(|_| started(home.path(), &data)).collect();
    let mut session = Session::start(home.path(), &data);
    session.shows("1 of ");
    session.rest(Duration::from_secs(1));

    // Keys that move on the screen, and keys after which something is read.
    let moves = ["\x1b[B", "\x1b[B", "\x1b[B", "\x1b[A", "\x1b[B"];
    let reads = ["\x1b[6~", "\x1b[F", "\x1b[5~", "\x1b[H", "\t", "\x1b[Z", "\r", "\x1b"];
    let before = session.busy();
    let (mut keys, mut read) = (Vec::new(), Vec::new());
    for _ in 0..amounts.rounds {
        keys.extend(moves.map(|key| session.press(key)));
        read.extend(reads.map(|key| session.press(key)));
    }
    keys.extend(&read);
    let pictures: usize = keys.iter().map(|took| took.pictures).sum();
    let busy_a_key = spent(before, session.busy()).map(|spent| 1e3 * spent / pictures as f64);

    session.rest(Duration::from_secs(1));
    let before = session.busy();
    std::thread::sleep(amounts.idle);
    let idle = spent(before, session.busy()).map(|spent| 100.0 * spent / amounts.idle.as_secs_f64());
    let memory = session.memory();
    session.end();
    Seen { starts: starts.into_iter().skip(1).collect(), keys, reads: read, busy_a_key, memory, idle }
}

fn started(home: &Path, data: &Path) -> Took {
    let mut session = Session::start(home, data);
    let took = session.shows("1 of ");
    session.end();
    took
}

/// Seconds of processor time in between.
fn spent(before: Option<Duration>, after: Option<Duration>) -> Option<f64> {
    Some(after?.saturating_sub(before?).as_secs_f64())
}

/// In milliseconds: such a share took no longer.
fn percentile(of: &[Took], share: f64, what: fn(&Took) -> Duration) -> Option<f64> {
    let mut all: Vec<f64> = of.iter().map(|took| 1e3 * what(took).as_secs_f64()).collect();
    all.sort_by(f64::total_cmp);
    all.get(((share * all.len() as f64).ceil() as usize).max(1) - 1).copied()
}

fn print(what: &str, small: Option<f64>, large: Option<f64>, promised: Option<f64>, unit: &str) {
    let (Some(small), Some(large)) = (small, large) else {
        println!("{what:<58} not measured: this system does not tell");
        return;
    };
    let promised = match promised {
        Some(most) if large < most => format!("   promised under {most} {unit}: met"),
        Some(most) => format!("   promised under {most} {unit}: MISSED"),
        None => String::new(),
    };
    println!("{:<58} {small:>10.2} {large:>10.2} {:>7.2}{promised}", format!("{what}, {unit}"), large / small);
}
