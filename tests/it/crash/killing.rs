//! Starting, watching and killing the program.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use leadboard::app::ports::{DecisionStore as _, LearningStore as _, QueryStore as _};
use leadboard::config::paths::DataDir;
use leadboard::demo_org::CLOSED_DEALS;
use leadboard::domain::effect::EffectCounts;
use leadboard::domain::lead::Conservation;
use leadboard::store::SqliteStore;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::store_fixtures::place;

/// Leads that come in together in a run that will be killed. Few, so that the leads last for all the kills.
pub(super) const BURST: u64 = 5;
/// And in the last run, which need not save them.
const LAST_BURST: u64 = 40;
/// The longest that a condition may take to come true on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at a file: short, to strike soon after what was waited for.
const LOOK: Duration = Duration::from_millis(1);

/// What a kill waits for. The pause after it is no proof of anything; it only spreads the moments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// That share of the closed deals is stored.
    Deals { share: f64, pause_ms: u64 },
    /// So many transactions were written to the org's journal in this run.
    News { lines: u64, pause_ms: u64 },
    /// Nothing.
    Time { millis: u64 },
}

/// What a kill left behind.
#[derive(Debug)]
pub(super) struct Wreck {
    /// Whether the kill struck a running program.
    pub(super) running: bool,
    /// Models in the registry.
    pub(super) models: usize,
    /// Where the leads are.
    pub(super) sum: Conservation,
    /// The outbox.
    pub(super) effects: EffectCounts,
    /// Decision records in the org's journal.
    pub(super) recorded_in_org: u64,
}

/// A company in a directory of its own.
pub(super) struct Company {
    /// On a real disk, where a commit takes its time.
    _dir: TempDir,
    data: DataDir,
    leads: u64,
}

/// A started program. Killed when the test ends early.
struct Running(Child);

impl Running {
    fn kill(&mut self) -> bool {
        let running = self.0.try_wait().unwrap().is_none();
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        running
    }

    fn assert_running(&mut self, what: &str) {
        let Some(status) = self.0.try_wait().unwrap() else { return };
        let mut errors = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        panic!("the program ended ({status}) while the test waited for {what}: {errors}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Company {
    pub(super) fn new(leads: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path().join("data"));
        Self { _dir: dir, data, leads }
    }

    /// Starts the program, waits for the target, kills it, and looks at what is left.
    pub(super) async fn kill_after(&self, target: Target) -> Wreck {
        let before = whole_lines(&self.journal());
        let mut program = self.start(BURST);
        let pause = match target {
            Target::Deals { share, pause_ms } => {
                let wanted = (share * CLOSED_DEALS as f64) as u64;
                self.wait_for_store(&mut program, "closed deals", async |store| {
                    store.deal_count().await.is_ok_and(|n| n >= wanted)
                })
                .await;
                pause_ms
            }
            Target::News { lines: wanted, pause_ms } => {
                let deadline = Instant::now() + PATIENCE;
                let mut seen = 0;
                let mut from = before;
                while seen < wanted {
                    program.assert_running("news in the org");
                    assert!(Instant::now() < deadline, "{seen} of {wanted} transactions in the org");
                    tokio::time::sleep(LOOK).await;
                    let text = tail(&self.journal(), from);
                    from += text.len() as u64;
                    seen += count(&text);
                }
                pause_ms
            }
            Target::Time { millis } => millis,
        };
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let running = program.kill();
        self.look(running).await
    }

    /// Runs until a model ranks, and then kills.
    pub(super) async fn until_learned(&self) {
        let mut program = self.start(BURST);
        self.wait_for_store(&mut program, "a model", async |store| store.champion().await.is_ok_and(|m| m.is_some()))
            .await;
        program.kill();
    }

    /// Runs to the end, undisturbed.
    pub(super) async fn finish(&self) -> Json {
        let mut program = self.start(LAST_BURST);
        let ended = tokio::task::spawn_blocking(move || {
            let (mut text, mut errors) = (String::new(), String::new());
            program.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
            program.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            (program.0.wait().unwrap(), text, errors)
        });
        let (status, text, errors) = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
        assert!(status.success(), "{status}: {errors}");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    /// How often the org's journal has this effect, by lead.
    pub(super) fn seen(&self, kind: &str) -> BTreeMap<String, u64> {
        let mut seen = BTreeMap::new();
        let text = fs::read_to_string(self.journal()).unwrap();
        // A torn last line was told to nobody.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text.get(..whole).unwrap().lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            for effect in line["effects"].as_array().into_iter().flatten().filter(|e| e["kind"] == kind) {
                *seen.entry(effect["lead"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        seen
    }

    fn journal(&self) -> PathBuf {
        self.data.demo_org()
    }

    fn start(&self, burst: u64) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadboard"));
        command.env_remove("LEADBOARD_REQUIRE_POSTGRES");
        command.args(["demo", "--headless", "--json", "--leads", &self.leads.to_string()]);
        command.args(["--burst", &burst.to_string(), "--data-dir"]).arg(self.data.root());
        Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Looks through a store of the test's own until something holds, and closes that store again: the program that is
    /// started next must find the directory as the kill left it.
    async fn wait_for_store(&self, program: &mut Running, what: &str, holds: impl AsyncFn(&SqliteStore) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !self.data.database().exists() {
            program.assert_running(what);
            assert!(Instant::now() < deadline, "no database");
            tokio::time::sleep(LOOK).await;
        }
        let store = SqliteStore::open(&self.data.database()).await.unwrap();
        while !holds(&store).await {
            program.assert_running(what);
            assert!(Instant::now() < deadline, "no {what}");
            tokio::time::sleep(LOOK * 5).await;
        }
        store.close().await;
    }

    /// What is there now. Looks at a copy, so that recovery is left to the program.
    async fn look(&self, running: bool) -> Wreck {
        let copy = place();
        let database = self.data.database();
        for suffix in ["", "-wal"] {
            let name = format!("leadboard.db{suffix}");
            let original = database.with_file_name(&name);
            if original.exists() {
                fs::copy(original, copy.path().join(name)).unwrap();
            }
        }
        let store = SqliteStore::open(&copy.path().join("leadboard.db")).await.unwrap();
        let wreck = Wreck {
            running,
            models: store.models().await.unwrap().len(),
            sum: store.conservation().await.unwrap(),
            effects: store.effect_counts().await.unwrap(),
            recorded_in_org: self.seen("decision_recorded").values().sum(),
        };
        store.close().await;
        wreck
    }
}

/// Bytes up to the end of the last whole line: the next start drops what is behind it.
fn whole_lines(path: &Path) -> u64 {
    tail(path, 0).iter().rposition(|b| *b == b'\n').map_or(0, |end| end as u64 + 1)
}

fn tail(path: &Path, from: u64) -> Vec<u8> {
    let mut text = Vec::new();
    if let Ok(mut file) = File::open(path) {
        file.seek(SeekFrom::Start(from)).unwrap();
        file.read_to_end(&mut text).unwrap();
    }
    text
}

fn count(text: &[u8]) -> u64 {
    text.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n")).count() as u64
}
