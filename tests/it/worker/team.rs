//! A team on one PostgreSQL: two workers, three terminals, one of the workers dying in the middle.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::ports::{
    ApiUsage, Clock, CompanyAccount, CompanySought, Contacts, CreatedLeads, Crm, CrmError, Cursor, DealPage,
    LeadChanges, OrgInfo, ReadBack, Span, Store, Workloads, WriteOutcome,
};
use leadboard::app::views::Seek;
use leadboard::bootstrap::backend::Desk as Terminal;
use leadboard::bootstrap::{Context, SystemClock};
use leadboard::config::Config;
use leadboard::config::paths::DataDir;
use leadboard::domain::deal::LeadOutcome;
use leadboard::domain::effect::{DecisionWrite, EffectCounts};
use leadboard::domain::ids::{LeadId, RepId};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::Lead;
use leadboard::domain::rep::Roster;
use leadboard::domain::verdict::Verdict;
use leadboard::domain::vocabulary::Vocabulary;
use leadboard::store::PostgresStore;
use leadboard::tui::backend::{Backend, Filter, QueueQuery, VerdictAnswer, VerdictRequest};
use leadboard::worker::Worker;
use sqlx::Row;
use strum::IntoEnumIterator;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::fakes::{Desk, FakeCrm, applied, eventually, lead};
use crate::store_cluster::{Database, database};

/// How far back polling reads again. The leads come 10 milliseconds apart.
const OVERLAP: TimeDelta = TimeDelta::seconds(1);
/// Decisions that each manager makes when all is quiet, for the others to hear of.
const NEWS: usize = 20;

/// The CRM as one worker sees it; counts who polls.
struct Line {
    crm: Arc<FakeCrm>,
    polls: AtomicU64,
}

#[async_trait]
impl Crm for Line {
    async fn org(&self) -> Result<OrgInfo, CrmError> {
        self.crm.org().await
    }
    async fn roster(&self) -> Result<Roster, CrmError> {
        self.crm.roster().await
    }
    async fn vocabulary(&self) -> Result<Vocabulary, CrmError> {
        self.crm.vocabulary().await
    }
    async fn changed_leads(&self, cursor: &Cursor) -> Result<LeadChanges, CrmError> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let mut changes = self.crm.changed_leads(cursor).await?;
        let from = cursor.low.map(|low| low - OVERLAP);
        changes.leads.retain(|lead| from.is_none_or(|from| lead.lead.modstamp >= from));
        Ok(changes)
    }
    async fn workloads(&self, reps: &[RepId], window: Span) -> Result<Workloads, CrmError> {
        self.crm.workloads(reps, window).await
    }
    async fn accounts(&self, sought: &[CompanySought]) -> Result<Option<Vec<CompanyAccount>>, CrmError> {
        self.crm.accounts(sought).await
    }
    async fn contacts(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, CrmError> {
        self.crm.contacts(leads, within).await
    }
    async fn clock(&self) -> Result<DateTime<Utc>, CrmError> {
        self.crm.clock().await
    }
    async fn count_created(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, CrmError> {
        self.crm.count_created(from, until).await
    }
    async fn created_leads(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&LeadId>,
    ) -> Result<CreatedLeads, CrmError> {
        self.crm.created_leads(from, until, after).await
    }
    async fn probe(&self) -> Result<(), CrmError> {
        self.crm.probe().await
    }
    async fn apply(&self, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
        self.crm.apply(write).await
    }
    async fn closed_deals(&self, page: Option<&str>) -> Result<DealPage, CrmError> {
        self.crm.closed_deals(page).await
    }
    async fn read_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, CrmError> {
        self.crm.read_back(leads).await
    }
    async fn outcomes(&self, cursor: &Cursor) -> Result<(Vec<LeadOutcome>, Cursor), CrmError> {
        self.crm.outcomes(cursor).await
    }
    fn usage(&self) -> ApiUsage {
        self.crm.usage()
    }
}

/// A worker that can die: its whole runtime ends from one moment to the next.
struct Mortal {
    line: Arc<Line>,
    runtime: Runtime,
    _worker: Worker,
}

impl Mortal {
    async fn start(database: &Database, crm: &Arc<FakeCrm>) -> Self {
        let line = Arc::new(Line { crm: crm.clone(), polls: AtomicU64::new(0) });
        let (url, crm) = (database.url.clone(), line.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let start = runtime.spawn(async move {
            let store = PostgresStore::open(&url).await.unwrap();
            let clock = store.clock();
            Worker::start(Desk::deps(crm, Arc::new(store), clock, super::no_grace()))
        });
        Self { line, _worker: start.await.unwrap(), runtime }
    }

    fn polls(&self) -> u64 {
        self.line.polls.load(Ordering::SeqCst)
    }

    fn die(self) {
        self.runtime.shutdown_background();
    }
}

/// A terminal with its manager.
struct Manager {
    store: Arc<dyn Store>,
    terminal: Arc<Terminal>,
    _dir: TempDir,
}

impl Manager {
    async fn sit_down(database: &Database, name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config =
            Config { database_url: Some(database.url.clone().into()), manager: Some(name.into()), ..Config::default() };
        config.routing.grace_seconds = 0;
        let context = Context::new(config, DataDir::new(dir.path())).unwrap();
        let store = context.store().await.unwrap();
        let off = context.clock.now() - DateTime::<Utc>::from(std::time::UNIX_EPOCH);
        assert!(off.num_days() > 0, "the clock is the database's");
        Self { terminal: Terminal::new(&context, store.clone(), None), store, _dir: dir }
    }

    /// Approves whatever is seen in any lane, until nothing of it is left to decide.
    async fn approve(&self, decided: &Decided) {
        let mut changes = self.terminal.changes();
        while !decided.is_all() {
            for lane in Lane::iter() {
                let page = self
                    .terminal
                    .queue(QueueQuery { lane, filter: Filter::default(), seek: Seek::Top, limit: 20 })
                    .await
                    .unwrap();
                for row in page.rows {
                    if self.decide(&row.id).await {
                        decided.note(row.id);
                    }
                }
            }
            drop(tokio::time::timeout(Duration::from_millis(200), changes.changed()).await);
        }
    }

    /// Approves a lead. False if somebody else was faster.
    async fn decide(&self, lead: &LeadId) -> bool {
        let verdict = Verdict::Approve;
        let request =
            VerdictRequest { lead: lead.clone(), verdict, rejection: None, expected_decisions: 0, shown: None };
        matches!(self.terminal.decide(request).await.unwrap(), VerdictAnswer::Taken { .. })
    }

    /// Looks at the counter whenever there is news, as a screen does; how long each decision took to be seen.
    async fn watch(&self, decided: &Decided) -> Vec<Duration> {
        let (mut changes, mut seen) = (self.terminal.changes(), Vec::new());
        while seen.len() < decided.wanted {
            changes.borrow_and_update();
            let count = usize::try_from(self.terminal.overview().await.unwrap().conservation.decided).unwrap();
            seen.extend(decided.ages(seen.len()..count));
            changes.changed().await.unwrap();
        }
        seen
    }
}

/// Who was decided on, and when each decision was answered.
struct Decided {
    wanted: usize,
    taken: Mutex<Vec<(LeadId, Instant)>>,
}

impl Decided {
    fn note(&self, lead: LeadId) {
        self.taken.lock().unwrap().push((lead, Instant::now()));
    }

    /// How long ago these decisions were answered. One that is stored and not noted yet was seen at once.
    fn ages(&self, which: Range<usize>) -> Vec<Duration> {
        let taken = self.taken.lock().unwrap();
        which.map(|n| taken.get(n).map_or(Duration::ZERO, |(_, at)| at.elapsed())).collect()
    }

    fn is_all(&self) -> bool {
        self.taken.lock().unwrap().len() >= self.wanted
    }
}

/// The median, the 99th percentile and the most.
fn spread(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    [at(50), at(99), at(100)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_and_three_terminals_decide_and_write_each_lead_once() {
    share(300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute; part `team` of .ci/release/reliability.py"]
async fn two_workers_and_three_terminals_share_two_thousand_leads() {
    share(2_000).await;
}

#[expect(clippy::print_stdout, reason = "figures for `.ci/release/reliability.py`")]
async fn share(leads: usize) {
    let Some(database) = database().await else { return };
    let first = PostgresStore::open(&database.url).await.unwrap();
    let desk = Desk::on(Arc::new(first), super::no_grace()).await;
    // The CRM knows a write by its key, as Salesforce does: what a worker that died had sent is not done again.
    let keys = Mutex::new(BTreeSet::new());
    desk.crm.answer(move |write| {
        if keys.lock().unwrap().insert(write.key.clone()) { applied(write) } else { Ok(WriteOutcome::AlreadyApplied) }
    });
    let (one, two) = (Mortal::start(&database, &desk.crm).await, Mortal::start(&database, &desk.crm).await);
    let managers = [
        Manager::sit_down(&database, "Ana").await,
        Manager::sit_down(&database, "Bob").await,
        Manager::sit_down(&database, "Cem").await,
    ];
    let decided = Decided { wanted: leads, taken: Mutex::default() };
    let arrive = |n: usize| {
        let mut lead = lead(&format!("L{n:04}"));
        lead.modstamp += TimeDelta::milliseconds(10) * i32::try_from(n).unwrap();
        lead.modified_at = lead.modstamp;
        desk.crm.arrive(lead);
    };
    let arrivals = async {
        for n in 0..leads / 2 {
            arrive(n);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        eventually("somebody polls", async || one.polls() + two.polls() > 5).await;
        assert!(one.polls() == 0 || two.polls() == 0, "one of them polls: {} and {}", one.polls(), two.polls());
        // The one that polls dies in the middle of its work.
        let (polling, other) = if one.polls() > 0 { (one, two) } else { (two, one) };
        polling.die();
        let died = Instant::now();
        (leads / 2..leads).for_each(arrive);
        eventually("the other one polls", async || other.polls() > 0).await;
        let took = died.elapsed();
        assert!(took < Duration::from_secs(10), "the other one took over after {took:?}");
        other
    };
    let [ana, bob, cem] = &managers;
    let (worker, (), (), (), busy) = tokio::join!(
        arrivals,
        ana.approve(&decided),
        bob.approve(&decided),
        cem.approve(&decided),
        futures::future::join_all(managers.iter().map(|manager| manager.watch(&decided))),
    );

    let all_sent = EffectCounts { sent: leads as u64, ..EffectCounts::default() };
    eventually("everything is written", async || desk.store.effect_counts().await.unwrap() == all_sent).await;
    let taken = decided.taken.into_inner().unwrap();
    let of: BTreeSet<&LeadId> = taken.iter().map(|(lead, _)| lead).collect();
    assert_eq!((taken.len(), of.len()), (leads, leads), "each lead was decided by one manager");
    let mut written = desk.crm.accepted();
    written.sort();
    let unique: BTreeSet<_> = written.iter().cloned().collect();
    assert_eq!((written.len(), unique.len()), (leads, leads), "each write took effect once");
    let sums = ana.store.conservation().await.unwrap();
    assert_eq!((sums.received, sums.decided, sums.lost()), (leads as u64, leads as u64, 0));
    let doubled = "SELECT COUNT(*) AS n FROM (SELECT lead_id, what FROM audit
        WHERE what IN ('lead.received', 'lead.ranked', 'decision.taken', 'effect.done')
        GROUP BY lead_id, what HAVING COUNT(*) <> 1) AS doubled";
    let doubled: i64 = sqlx::query(doubled).fetch_one(&mut database.past().await).await.unwrap().get("n");
    assert_eq!(doubled, 0, "each lead was received, ranked, decided and written once");

    // All is quiet. What one does, the others see within a second.
    let quiet = news_to_the_others(&desk, &managers).await;
    for ((name, busy), quiet) in ["Ana", "Bob", "Cem"].iter().zip(busy).zip(quiet) {
        let (busy, quiet) = (spread(busy), spread(quiet));
        println!(
            "{leads} leads, news at the terminal of {name}: {busy:?} while all decide, {quiet:?} when all is quiet"
        );
        assert!(quiet[2] < Duration::from_secs(1), "news took {quiet:?}");
    }
    worker.die();
}

/// How long news of each decision took to the other terminals, until it was there to be read; for each terminal.
async fn news_to_the_others(desk: &Desk, managers: &[Manager; 3]) -> [Vec<Duration>; 3] {
    let mut times = [const { Vec::new() }; 3];
    for n in 0..NEWS * managers.len() {
        let (here, name) = (&managers[n % managers.len()], format!("N{n}"));
        desk.crm.arrive(newest(&name));
        eventually("the lead is in a lane", async || {
            here.store.lane_counts(SystemClock.now()).await.unwrap().lanes.len() == 1
        })
        .await;
        let others = (0..managers.len()).filter(|other| *other != n % managers.len());
        let waiting = others.map(|other| async move {
            let terminal = &managers[other].terminal;
            let mut changes = terminal.changes();
            while !terminal.overview().await.unwrap().lanes.lanes.is_empty() {
                changes.changed().await.unwrap();
            }
            (other, Instant::now())
        });
        let acting = async {
            assert!(here.decide(&crate::store_fixtures::id(&name)).await);
            Instant::now()
        };
        let (seen, done) = tokio::join!(futures::future::join_all(waiting), acting);
        for (other, at) in seen {
            times[other].push(at.saturating_duration_since(done));
        }
    }
    times
}

/// A lead that is newer than all others.
fn newest(name: &str) -> Lead {
    let mut lead = lead(name);
    lead.modstamp += TimeDelta::hours(1);
    lead.modified_at = lead.modstamp;
    lead
}
