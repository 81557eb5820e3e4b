//! The loop: sleep until there is news, take all of it, draw once. And the tasks that carry out effects.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem::Discriminant;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use futures::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::backend::{Backend, BackendError};
use super::boards::Ask;
use super::input::{Mouse, Pace};
use super::keyboard::Events;
use super::model::Model;
use super::msg::{Effect, Msg};
use super::update::update;
use super::view::hits::Hits;
use crate::app::ports::Clock;

/// Messages that may wait for the loop; a task with an answer waits when it is full.
const QUEUE: usize = 256;
/// Least time between two looks at a store that changes all the time.
const CALM: Duration = Duration::from_millis(150);
/// After a question that could not be answered, how long until all that is shown is asked for again: what was in the way may
/// go without a change that anybody would hear of.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How long verdicts that are being stored may take when the program leaves.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long a lead must stay open before the other managers are told.
const PASSED: Duration = Duration::from_millis(300);

/// Where pictures go.
pub trait Surface {
    /// Draws the state; what a click on the picture means.
    fn draw(&mut self, model: &Model) -> io::Result<Hits>;
    /// Listens to the mouse, or leaves it to the terminal.
    fn mouse(&mut self, ours: bool) -> io::Result<()>;
    /// Draws everything the next time, because what the terminal shows can no longer be relied on.
    fn repaint(&mut self);
    /// Gives the terminal back to the shell and stops the process, now or in a moment.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal again, after the process was continued.
    fn resume(&mut self) -> io::Result<()>;
    /// Gives the terminal text for its clipboard. Whether it takes it, nobody is told.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Columns and rows.
    fn size(&self) -> io::Result<(u16, u16)>;
}

/// What the system tells the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Leave.
    Terminate,
    /// Stop for a while.
    Suspend,
    /// Go on.
    Continue,
}

/// Everything the loop listens to and works with.
pub struct Runtime<S> {
    /// Answers and deeds.
    pub backend: Arc<dyn Backend>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// The terminal.
    pub surface: S,
    /// Signals of the system.
    pub signals: mpsc::Receiver<Signal>,
}

impl<S: Surface> Runtime<S> {
    /// Runs until the person or the system wants to leave.
    pub async fn run(mut self, model: &mut Model, first: Vec<Effect>, mut keyboard: Events) -> io::Result<()> {
        let (answers, mut inbox) = mpsc::channel(QUEUE);
        let writes = TaskTracker::new();
        let reads = TaskTracker::new();
        let stop = tokio_util::sync::CancellationToken::new();
        let _stop_reads = stop.clone().drop_guard();
        let newest = HashMap::new();
        let mut tasks = Tasks {
            backend: Arc::clone(&self.backend),
            answers,
            writes: writes.clone(),
            reads,
            newest,
            stop,
            copies: Vec::new(),
            mouse: None,
        };
        let mut changes = self.backend.changes();
        let mut quiet_until = Instant::now();
        let mut pace = Pace::default();
        let mut signals_open = true;
        let mut suspend = tasks.start(first);

        loop {
            if std::mem::take(&mut suspend) {
                self.surface.suspend()?;
                if self.continued().await == Signal::Terminate {
                    break;
                }
                self.surface.resume()?;
                model.now = self.clock.now();
                let (width, height) = self.surface.size()?;
                tasks.start(update(model, Msg::Resized(width, height)));
                tasks.start(update(model, Msg::Changed));
            }
            if model.exit {
                break;
            }
            for text in tasks.copies.drain(..) {
                self.surface.copy(&text)?;
            }
            if let Some(ours) = tasks.mouse.take() {
                self.surface.mouse(ours)?;
            }
            let hits = self.surface.draw(model)?;
            let asleep = (model.wake_at() - model.now).to_std().unwrap_or_default().max(Duration::from_millis(1));

            let mut news: VecDeque<Msg> = VecDeque::new();
            tokio::select! {
                biased;
                signal = self.signals.recv(), if signals_open => match signal {
                    Some(Signal::Terminate) => news.push_back(Msg::Terminate),
                    Some(Signal::Suspend) => suspend = true,
                    Some(Signal::Continue) => {}
                    None => signals_open = false,
                },
                Some(answer) = inbox.recv() => news.push_back(answer),
                events = keyboard.recv() => {
                    // The end of input is a terminal that went away.
                    let Some(events) = events else { break };
                    let mut batch = events?;
                    while let Ok(more) = keyboard.try_recv() {
                        batch.extend(more?);
                    }
                    if batch.iter().any(|event| matches!(event, Event::Resize(..))) {
                        self.surface.repaint();
                    }
                    let hurried = pace.hurried(&batch, Instant::now());
                    news.extend(batch.into_iter().filter_map(|event| message(event, hurried, &hits)));
                }
                changed = wait_for_change(&mut changes, quiet_until) => {
                    if changed {
                        quiet_until = Instant::now() + CALM;
                        news.push_back(Msg::Changed);
                    }
                }
                () = sleep_until(Instant::now() + asleep) => news.push_back(Msg::Woke),
            }
            model.now = self.clock.now();
            while let Some(msg) = news.pop_front().or_else(|| inbox.try_recv().ok()) {
                suspend |= tasks.start(update(model, msg));
            }
        }
        writes.close();
        if tokio::time::timeout(LAST_WORDS, writes.wait()).await.is_err() {
            tracing::warn!(
                unconfirmed = model.session.unconfirmed(),
                "left before every verdict was confirmed as stored"
            );
        }
        Ok(())
    }
}

impl<S> Runtime<S> {
    /// Waits for the shell to continue the process, or for the system to end it.
    async fn continued(&mut self) -> Signal {
        loop {
            match self.signals.recv().await {
                Some(Signal::Suspend) => {}
                Some(signal) => return signal,
                None => return Signal::Continue,
            }
        }
    }
}

fn message(event: Event, hurried: bool, hits: &Hits) -> Option<Msg> {
    match event {
        Event::Key(event) => Some(Msg::Key { event, hurried }),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resized(width, height)),
        Event::Mouse(event) => Mouse::of(event, hits).map(Msg::Mouse),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Waits for a change, and for the pause after the last one. False when nothing will ever change again (then it waits
/// for ever the next time).
async fn wait_for_change(changes: &mut watch::Receiver<u64>, quiet_until: Instant) -> bool {
    sleep_until(quiet_until).await;
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    true
}

/// Carries out effects, each in a task of its own; answers come back through the queue.
struct Tasks {
    backend: Arc<dyn Backend>,
    answers: mpsc::Sender<Msg>,
    /// Finished before the program leaves.
    writes: TaskTracker,
    /// Dropped when the program leaves.
    reads: TaskTracker,
    /// The newest question of each kind. One more of its kind makes its answer void, so it is not asked to the end.
    newest: HashMap<Kind, AbortHandle>,
    stop: tokio_util::sync::CancellationToken,
    /// What the terminal is to be given.
    copies: Vec<String>,
    /// Whether the mouse is to be listened to from now on.
    mouse: Option<bool>,
}

/// The kind of a question.
type Kind = (Discriminant<Effect>, Option<Discriminant<Ask>>);

fn kind_of(effect: &Effect) -> Kind {
    let ask = if let Effect::Board(ask) = effect { Some(ask.kind()) } else { None };
    (std::mem::discriminant(effect), ask)
}

impl Tasks {
    /// Starts them; true if the terminal is to be given back for a while.
    fn start(&mut self, effects: Vec<Effect>) -> bool {
        let mut suspend = false;
        for effect in effects {
            let effect = match effect {
                Effect::Suspend => {
                    suspend = true;
                    continue;
                }
                Effect::Copy(text) => {
                    self.copies.push(text);
                    continue;
                }
                Effect::Mouse(ours) => {
                    self.mouse = Some(ours);
                    continue;
                }
                effect => effect,
            };
            let write = match &effect {
                Effect::Decide(_)
                | Effect::ChooseFirst { .. }
                | Effect::Undo(_)
                | Effect::Retry(_)
                | Effect::KeepView(..)
                | Effect::Export(..)
                | Effect::HandOver(_) => true,
                Effect::Board(ask) => ask.writes(),
                _ => false,
            };
            let kind = kind_of(&effect);
            let (backend, answers) = (Arc::clone(&self.backend), self.answers.clone());
            // Leads that are merely passed are not claimed: the next one gives this task up.
            let passed = matches!(effect, Effect::Present(_));
            let task = async move {
                if passed {
                    tokio::time::sleep(PASSED).await;
                }
                let answer = perform(backend.as_ref(), effect).await;
                let again = !write && unanswered(&answer);
                // Nobody listens any more when the program is leaving.
                drop(answers.send(answer).await);
                // A newer question of the kind ends this wait.
                if again {
                    sleep_until(Instant::now() + ASK_AGAIN).await;
                    drop(answers.send(Msg::Changed).await);
                }
            };
            if write {
                self.writes.spawn(task);
            } else {
                let stop = self.stop.clone();
                let read = self.reads.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = task => {}
                    }
                });
                if let Some(older) = self.newest.insert(kind, read.abort_handle()) {
                    older.abort();
                }
            }
        }
        suspend
    }
}

/// Whether what is on the screen could not be read.
const fn unanswered(answer: &Msg) -> bool {
    matches!(
        answer,
        Msg::Overview(_, Err(_))
            | Msg::Queue(_, Err(_))
            | Msg::Matches(_, Err(_))
            | Msg::Lead(_, _, Err(_))
            | Msg::Outbox(_, Err(_))
    )
}

/// Carries out one effect. Whatever goes wrong, even a panic, comes back as an answer and is in the log.
pub(super) async fn perform(backend: &dyn Backend, effect: Effect) -> Msg {
    match effect {
        Effect::LoadOverview(generation) => {
            Msg::Overview(generation, reported("overview", backend.overview()).await.map(Box::new))
        }
        Effect::LoadQueue(generation, query) => Msg::Queue(generation, reported("queue", backend.queue(query)).await),
        Effect::LoadMatches(generation, filter) => {
            Msg::Matches(generation, reported("matches", backend.matches(&filter)).await)
        }
        Effect::LoadLead(generation, id) => {
            let result = reported("lead", backend.lead(&id)).await;
            Msg::Lead(generation, id, result.map(|detail| detail.map(Box::new)))
        }
        Effect::LoadOutbox(generation) => {
            let limit = super::screens::sync::model::LIMIT;
            Msg::Outbox(generation, reported("outbox", backend.outbox(limit)).await)
        }
        Effect::LoadModels(generation) => Msg::Models(generation, reported("models", backend.models()).await),
        Effect::LoadDrift(generation) => {
            Msg::Drift(generation, reported("drift", backend.drift()).await.map(|report| report.map(Box::new)))
        }
        Effect::LoadRoster(generation) => Msg::Roster(generation, reported("roster", backend.roster()).await),
        Effect::LoadViews(generation) => Msg::Views(generation, reported("views", backend.views()).await),
        Effect::KeepView(key, view) => {
            let said = match &view {
                Some(view) => format!("F{key} is {} now.", view.name),
                None => format!("F{key} is free again."),
            };
            Msg::ViewKept(reported("keep view", backend.keep_view(key, view)).await.map(|()| said))
        }
        Effect::Plan(generation, marked, doing) => {
            Msg::Planned(generation, reported("plan", backend.plan(marked, doing)).await.map(Box::new))
        }
        Effect::LoadDisagreements(generation, which) => {
            let result = reported("disagreements", backend.disagreements(which)).await;
            Msg::Disagreements(generation, result.map(Box::new))
        }
        Effect::Suppose(generation, lead, suppose) => {
            let result = reported("what if", backend.what_if(&lead, &suppose)).await;
            Msg::Supposed(generation, result.map(Box::new))
        }
        Effect::Decide(request) => {
            let lead = request.lead.clone();
            Msg::Decided(lead, reported("decide", backend.decide(request)).await)
        }
        Effect::ChooseFirst { lead, owner, expected_decisions } => {
            let result = reported("choose first", backend.choose_first(&lead, &owner, expected_decisions)).await;
            Msg::ChosenFirst(lead, result)
        }
        Effect::Undo(lead) => {
            let result = reported("undo", backend.undo(&lead)).await;
            Msg::Undone(lead, result)
        }
        Effect::Retry(id) => Msg::Retried(reported("retry", backend.retry_effect(id)).await),
        Effect::Export(lane, filter, format) => {
            Msg::Exported(reported("export", backend.export(lane, filter, format)).await)
        }
        Effect::Board(ask) => Msg::Board(ask.perform(backend).await),
        Effect::LoadManagers(generation) => Msg::Managers(generation, reported("managers", backend.managers()).await),
        Effect::HandOver(request) => Msg::HandedOver(reported("hand over", backend.hand_over(request)).await),
        Effect::Present(open) => Msg::Present(reported("presence", backend.present(open)).await),
        Effect::Suspend | Effect::Copy(_) | Effect::Mouse(_) => Msg::Woke,
    }
}

pub(super) async fn reported<T>(
    question: &'static str,
    answer: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let result = AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(BackendError("an error inside leadboard; the log has the details".into())));
    if let Err(error) = &result {
        tracing::error!(question, %error, "the dashboard got no answer");
    }
    result
}

#[cfg(test)]
mod tests;
