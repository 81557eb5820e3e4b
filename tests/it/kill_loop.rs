//! SIGKILL again and again: a process that works on the store dies at random moments, hundreds of times, and whatever it
//! had acknowledged the next one finds. On PostgreSQL the server dies too, now and then.

#![expect(clippy::print_stderr, reason = "how much was looked at, for the record of a release")]

mod life;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use leadboard::app::audit_trail::verify;
use leadboard::domain::decision::WriteState;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::store_cluster::Server;
use crate::store_fixtures::place;

/// Names of variables by which a life is told where the store is, and its number.
const PLACE: &str = "LEADBOARD_TEST_PLACE";
const LIFE: &str = "LEADBOARD_TEST_LIFE";
/// How many kills on each store, if another number is wanted than every commit has.
const KILLS: &str = "LEADBOARD_KILLS";
const ON_A_FILE: u64 = 300;
const ON_A_SERVER: u64 = 200;
/// The server dies once in so many kills.
const SERVER_EVERY: u64 = 50;
const SEED: u64 = 424_242;
/// The longest that a life goes on after its start.
const LONGEST: u64 = 60;

/// Leads received, decided and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts([u64; 3]);

impl Counts {
    fn of(words: &str) -> Option<Self> {
        let mut numbers = words.split_whitespace().map(|word| word.parse().ok());
        Some(Self([numbers.next()??, numbers.next()??, numbers.next()??]))
    }

    fn holds(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(ours, theirs)| *ours >= theirs)
    }
}

/// What came of all lives.
#[derive(Debug, Default)]
struct Told {
    kills: u64,
    /// Kills of a life that had opened the store.
    at_work: u64,
    /// What was acknowledged before any of them.
    acknowledged: Counts,
}

/// One life: it is killed after so long, counted from when it has opened the store. What it has acknowledged.
fn live(store: &str, number: u64, lasts: Duration, told: &mut Told, besides: impl FnOnce()) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill_loop::life::goes_on", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(PLACE, store)
        .env(LIFE, number.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let found = lines.find_map(|line| Counts::of(line.split_once("FOUND ")?.1));
    if let Some(found) = found {
        assert!(found.holds(told.acknowledged), "life {number} found {found:?} of {:?}", told.acknowledged);
        told.at_work += 1;
    }
    std::thread::sleep(lasts);
    besides();
    child.kill().unwrap();
    child.wait().unwrap();
    told.kills += 1;
    for counts in lines.filter_map(|line| Counts::of(line.split_once("DONE ")?.1)) {
        told.acknowledged = counts;
    }
}

/// So many lives and deaths; after the last, the store is whole and holds everything.
async fn die(store: &str, kills: u64, mut server: Option<&mut Server>) -> Told {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut told = Told::default();
    for number in 1..=kills {
        let lasts = Duration::from_millis(random.random_range(0..LONGEST));
        live(store, number, lasts, &mut told, || {
            if let Some(server) = server.as_deref_mut().filter(|_| number % SERVER_EVERY == 0) {
                server.dies_and_returns();
            }
        });
    }
    let store = life::open(store).await.unwrap();
    while store.seal(512).await.unwrap() > 0 {}
    let sum = store.conservation().await.unwrap();
    let effects = store.effect_counts().await.unwrap();
    let trail = verify(store.as_ref(), &[]).await.unwrap();
    let found = Counts([sum.received, sum.decided, effects.sent]);
    assert_eq!(sum.lost(), 0, "{sum:?}");
    assert!(found.holds(told.acknowledged), "{found:?} of {:?}", told.acknowledged);
    assert!(trail.ok && trail.waiting == 0, "{trail:?}");
    let (mut after, mut decisions, mut written) = (None, 0, 0);
    while let Some(last) = {
        let page = store.decisions_after(after, 500).await.unwrap();
        decisions += page.len() as u64;
        written += page.iter().filter(|row| row.decision.write == WriteState::Written).count() as u64;
        page.last().map(|row| row.decision.trace_id)
    } {
        after = Some(last);
    }
    // One decision for each decided lead, and one written decision for each effect that was sent.
    assert_eq!((decisions, written), (sum.decided, effects.sent));
    store.close().await;
    assert!(told.at_work > kills / 2 && told.acknowledged.0[0] > kills / 2, "they hardly worked: {told:?}");
    told
}

#[expect(clippy::disallowed_methods, reason = "a test asks how it is run")]
fn kills(usual: u64) -> u64 {
    std::env::var(KILLS).ok().map_or(usual, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_a_file_holds_what_was_acknowledged() {
    let dir = tempfile::tempdir_in(place().path().parent().unwrap()).unwrap();
    let file = dir.path().join("leadboard.db");
    let told = die(file.to_str().unwrap(), kills(ON_A_FILE), None).await;
    eprintln!("{} kills on SQLite, {} leads acknowledged", told.kills, told.acknowledged.0[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_with_its_server_a_database_holds_what_was_acknowledged() {
    let Some(mut server) = Server::start() else { return };
    let database = server.database().await;
    let told = die(&database.url, kills(ON_A_SERVER), Some(&mut server)).await;
    let deaths = told.kills / SERVER_EVERY;
    eprintln!(
        "{} kills on PostgreSQL, {deaths} of the server, {} leads acknowledged",
        told.kills, told.acknowledged.0[0]
    );
}
