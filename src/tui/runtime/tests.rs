//! The loop with real tasks and channels, a backend in memory and a terminal in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::domain::lane::Lane;
use crate::domain::rep::Roster;
use crate::tui::backend::boards::{self, Boards};
use crate::tui::backend::{Filter, LaneCounts, Marked, Plan, QueueQuery, SavedView, View};
use crate::tui::fake::{Fake, company};
use crate::tui::keymap::Keymap;
use crate::tui::testing::{noon, options};
use crate::tui::view::{self, hits::Hits};

struct Still;

impl Clock for Still {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        noon()
    }
}

/// A terminal whose newest picture can be looked at, and which counts what is done to it.
#[derive(Clone)]
struct Screen(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    picture: String,
    pictures: usize,
    copied: Vec<String>,
    mouse: Vec<bool>,
    suspended: usize,
    resumed: usize,
}

impl Surface for Screen {
    fn draw(&mut self, model: &Model) -> io::Result<Hits> {
        let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).unwrap();
        let mut hits = Hits::default();
        terminal.draw(|frame| hits = view::draw(frame, model)).unwrap();
        let mut seen = self.0.lock().unwrap();
        seen.picture = terminal.backend().to_string();
        seen.pictures += 1;
        Ok(hits)
    }

    fn mouse(&mut self, ours: bool) -> io::Result<()> {
        self.0.lock().unwrap().mouse.push(ours);
        Ok(())
    }

    fn repaint(&mut self) {}

    fn suspend(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().suspended += 1;
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().resumed += 1;
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().copied.push(text.to_owned());
        Ok(())
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((80, 24))
    }
}

struct Story {
    fake: Arc<Fake>,
    screen: Screen,
    keys: mpsc::Sender<io::Result<Vec<Event>>>,
    signals: mpsc::Sender<Signal>,
    running: tokio::task::JoinHandle<io::Result<()>>,
}

impl Story {
    fn begin(backend: Option<Arc<dyn Backend>>) -> Self {
        let fake = Arc::new(Fake::new(company(noon(), 60)));
        let backend = backend.unwrap_or_else(|| Arc::clone(&fake) as Arc<dyn Backend>);
        let screen = Screen(Arc::default());
        let (keys, keyboard) = mpsc::channel(8);
        let (signals, heard) = mpsc::channel(4);
        let runtime = Runtime { backend, clock: Arc::new(Still), surface: screen.clone(), signals: heard };
        let running = tokio::spawn(async move {
            let (mut model, first) = Model::new(options(), Keymap::bundled().unwrap(), (80, 24), noon());
            runtime.run(&mut model, first, keyboard).await
        });
        Self { fake, screen, keys, signals, running }
    }

    fn key(&self, code: KeyCode) {
        self.keys.try_send(Ok(vec![Event::Key(KeyEvent::new(code, KeyModifiers::NONE))])).unwrap();
    }

    /// Waits for a condition on the newest picture; time only runs out when the test fails.
    async fn until(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition(&self.picture()) {
            assert!(Instant::now() < deadline, "never seen: {what}\n{}", self.picture());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn picture(&self) -> String {
        self.screen.0.lock().unwrap().picture.clone()
    }

    async fn ends(self) {
        tokio::time::timeout(Duration::from_secs(20), self.running).await.expect("it leaves").unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_lead_is_judged_from_key_to_store_and_back_to_the_screen() {
    let story = Story::begin(None);
    story.until("the queue", |p| p.contains("Fast 15")).await;
    story.key(KeyCode::F(2));
    story.until("the lane", |p| p.contains("1 of 39")).await;
    story.key(KeyCode::Char('a'));
    story.until("the verdict", |p| p.contains("u takes it back") && p.contains("decided 1")).await;
    assert_eq!(story.fake.state().requests.len(), 1);
    story.signals.send(Signal::Terminate).await.unwrap();
    story.ends().await;
}

#[tokio::test]
async fn a_change_of_the_store_reaches_the_screen_by_itself() {
    let story = Story::begin(None);
    story.until("the queue", |p| p.contains("received 60")).await;
    story.fake.state().lost = 2;
    story.fake.changed();
    story.until("the loss", |p| p.contains("LOST 2")).await;
    drop(story.keys);
    tokio::time::timeout(Duration::from_secs(20), story.running)
        .await
        .expect("the end of input ends it")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_burst_of_keys_is_no_verdict() {
    let story = Story::begin(None);
    story.until("the queue", |p| p.contains("Fast 15")).await;
    for c in "aaaa".chars() {
        story.key(KeyCode::Char(c));
    }
    story.until("the refusal", |p| p.contains("Ignored")).await;
    assert!(story.fake.state().requests.is_empty());
}

#[tokio::test]
async fn nothing_is_drawn_while_nothing_happens() {
    let story = Story::begin(None);
    story.until("the queue and its lead", |p| p.contains("1 of 15")).await;
    // The last answers of the start may still be on their way; then the count stands still.
    let mut before = 0;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let drawn = story.screen.0.lock().unwrap().pictures;
        if drawn == before {
            break;
        }
        assert!(Instant::now() < deadline, "it never rests");
        before = drawn;
    }
}

#[tokio::test]
async fn the_terminal_is_taken_again_only_when_the_shell_says_so() {
    let story = Story::begin(None);
    story.until("the queue", |p| p.contains("1 of 15")).await;
    story.signals.send(Signal::Suspend).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while story.screen.0.lock().unwrap().suspended == 0 {
        assert!(Instant::now() < deadline, "never suspended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(story.screen.0.lock().unwrap().resumed, 0);
    story.signals.send(Signal::Continue).await.unwrap();
    story.key(KeyCode::F(2));
    story.until("keys after the suspension", |p| p.contains("1 of 39")).await;
    assert_eq!(story.screen.0.lock().unwrap().resumed, 1);
}

/// A backend in which something is broken badly.
struct Broken {
    fake: Fake,
    how: How,
}

/// What is broken.
enum How {
    /// The first question ends in a panic.
    Panics,
    /// Leads that match a filter are looked for for ever; counts how many such questions were given up.
    NeverFinds(Arc<AtomicUsize>),
}

/// Counts that it is dropped.
struct GivenUp(Arc<AtomicUsize>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Boards for Broken {
    async fn reps(&self) -> Result<boards::Reps, BackendError> {
        self.fake.reps().await
    }
    async fn availability(&self) -> Result<boards::Availability, BackendError> {
        self.fake.availability().await
    }
    async fn contacts(&self, list: boards::ContactList) -> Result<boards::Board, BackendError> {
        self.fake.contacts(list).await
    }
    async fn find(&self, text: &str) -> Result<boards::Found, BackendError> {
        self.fake.find(text).await
    }
    async fn replay(&self, trace: crate::domain::ids::TraceId) -> Result<boards::Replay, BackendError> {
        self.fake.replay(trace).await
    }
    async fn rollout(&self) -> Result<boards::Rollout, BackendError> {
        self.fake.rollout().await
    }
    async fn feedback(&self) -> Result<boards::Feedback, BackendError> {
        self.fake.feedback().await
    }
    async fn turn(&self, stop: bool, why: &str) -> Result<boards::Switch, BackendError> {
        self.fake.turn(stop, why).await
    }
    async fn handoffs(&self) -> Result<boards::HandoffBoard, BackendError> {
        self.fake.handoffs().await
    }
    async fn give_handoff(&self, note: &str) -> Result<boards::Handoff, BackendError> {
        self.fake.give_handoff(note).await
    }
    async fn accept_handoff(&self, id: i64) -> Result<boards::Handoff, BackendError> {
        self.fake.accept_handoff(id).await
    }
    async fn digest(&self, day: Option<chrono::NaiveDate>) -> Result<boards::Digest, BackendError> {
        self.fake.digest(day).await
    }
}

#[async_trait::async_trait]
impl crate::tui::backend::team::Team for Broken {
    async fn present(&self, open: Option<crate::domain::ids::LeadId>) -> Result<(), BackendError> {
        self.fake.present(open).await
    }
    async fn managers(&self) -> Result<Vec<String>, BackendError> {
        self.fake.managers().await
    }
    async fn hand_over(
        &self,
        request: crate::tui::backend::team::HandingOver,
    ) -> Result<crate::tui::backend::team::HandedOver, BackendError> {
        self.fake.hand_over(request).await
    }
}

#[async_trait::async_trait]
impl Backend for Broken {
    async fn overview(&self) -> Result<crate::tui::backend::Overview, BackendError> {
        match self.how {
            How::Panics => panic!("a bug"),
            How::NeverFinds(_) => self.fake.overview().await,
        }
    }
    async fn queue(&self, query: QueueQuery) -> Result<crate::tui::backend::QueuePage, BackendError> {
        if let (How::NeverFinds(given_up), false) = (&self.how, query.filter.is_empty()) {
            let _given_up = GivenUp(Arc::clone(given_up));
            std::future::pending::<()>().await;
        }
        self.fake.queue(query).await
    }
    async fn matches(&self, filter: &Filter) -> Result<Option<LaneCounts>, BackendError> {
        self.fake.matches(filter).await
    }
    async fn lead(
        &self,
        id: &crate::domain::ids::LeadId,
    ) -> Result<Option<crate::tui::backend::LeadDetail>, BackendError> {
        self.fake.lead(id).await
    }
    async fn disagreements(
        &self,
        which: crate::tui::backend::Which,
    ) -> Result<crate::tui::backend::Disagreements, BackendError> {
        self.fake.disagreements(which).await
    }
    async fn what_if(
        &self,
        lead: &crate::domain::ids::LeadId,
        suppose: &crate::tui::backend::Suppose,
    ) -> Result<crate::tui::backend::WhatIf, BackendError> {
        self.fake.what_if(lead, suppose).await
    }
    async fn plan(&self, marked: Vec<Marked>, doing: crate::tui::backend::Doing) -> Result<Plan, BackendError> {
        self.fake.plan(marked, doing).await
    }
    async fn choose_first(
        &self,
        lead: &crate::domain::ids::LeadId,
        owner: &crate::domain::lead::Owner,
        expected_decisions: u32,
    ) -> Result<crate::tui::backend::FirstChoice, BackendError> {
        self.fake.choose_first(lead, owner, expected_decisions).await
    }
    async fn decide(
        &self,
        request: crate::tui::backend::VerdictRequest,
    ) -> Result<crate::tui::backend::VerdictAnswer, BackendError> {
        self.fake.decide(request).await
    }
    async fn undo(&self, lead: &crate::domain::ids::LeadId) -> Result<crate::tui::backend::UndoAnswer, BackendError> {
        self.fake.undo(lead).await
    }
    async fn outbox(&self, limit: u32) -> Result<Vec<crate::domain::effect::EffectRow>, BackendError> {
        self.fake.outbox(limit).await
    }
    async fn retry_effect(&self, id: i64) -> Result<bool, BackendError> {
        self.fake.retry_effect(id).await
    }
    async fn models(&self) -> Result<Vec<crate::tui::backend::ModelRow>, BackendError> {
        self.fake.models().await
    }
    async fn drift(&self) -> Result<Option<crate::tui::backend::DriftReport>, BackendError> {
        self.fake.drift().await
    }
    async fn roster(&self) -> Result<Roster, BackendError> {
        self.fake.roster().await
    }
    async fn export(
        &self,
        lane: Lane,
        filter: Filter,
        format: crate::tui::backend::Format,
    ) -> Result<crate::tui::backend::Exported, BackendError> {
        self.fake.export(lane, filter, format).await
    }
    async fn views(&self) -> Result<Vec<SavedView>, BackendError> {
        self.fake.views().await
    }
    async fn keep_view(&self, key: u8, view: Option<View>) -> Result<(), BackendError> {
        self.fake.keep_view(key, view).await
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.fake.changes()
    }
}

#[tokio::test]
async fn a_panic_behind_a_question_is_a_visible_state() {
    let broken = Broken { fake: Fake::new(company(noon(), 60)), how: How::Panics };
    let story = Story::begin(Some(Arc::new(broken)));
    story.until("the failure", |p| p.contains("an error inside leadboard")).await;
    assert!(story.picture().contains("legacy         p"), "the rest works: {}", story.picture());
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_any_more_is_given_up() {
    let given_up = Arc::new(AtomicUsize::new(0));
    let how = How::NeverFinds(Arc::clone(&given_up));
    let story = Story::begin(Some(Arc::new(Broken { fake: Fake::new(company(noon(), 60)), how })));
    story.until("the queue", |p| p.contains("1 of 15")).await;
    story.key(KeyCode::Char('/'));
    story.until("the prompt", |p| p.contains("which leads?")).await;
    story.key(KeyCode::Char('x'));
    story.until("the text", |p| p.contains("/ x")).await;
    // The pause of a hand: Enter right behind other keys is pasted text.
    tokio::time::sleep(Duration::from_millis(150)).await;
    story.key(KeyCode::Enter);
    story.until("the search", |p| p.contains("reading ...")).await;
    assert_eq!(given_up.load(Ordering::SeqCst), 0);
    story.key(KeyCode::Esc);
    story.until("all leads again", |p| p.contains("1 of 15")).await;
    assert_eq!(given_up.load(Ordering::SeqCst), 1);
}
