//! The dashboard's questions, answered by the use cases and the store.

mod boards;
mod team;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, watch};

use super::{Context, export};
use crate::app::AppError;
use crate::app::backfill::Bench;
use crate::app::batch::{self, Doing, Marked, Plan};
use crate::app::blind;
use crate::app::decide::{self, TakenBack, VerdictOutcome, VerdictRequest as Request};
use crate::app::disagreements::{self, Disagreements, Which};
use crate::app::drift;
use crate::app::export::Format;
use crate::app::filter::Filter;
use crate::app::health::{LoopHealth, WorkerHealth};
use crate::app::overview;
use crate::app::ports::{Clock, FirstChoice, ModelRow, SavedView, Store};
use crate::app::rollout::Configured;
use crate::app::views::{LaneCounts, LeadDetail, LeadFilter, QueuePage};
use crate::app::what_if::{self, Suppose, WhatIf};
use crate::domain::effect::EffectRow;
use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use crate::domain::lead::Owner;
use crate::domain::rep::Roster;
use crate::policy::Settings;
use crate::tui::backend::{
    Backend, BackendError, DriftReport, Exported, Overview, QueueQuery, UndoAnswer, VerdictAnswer, VerdictRequest, View,
};
use crate::worker::health;

/// How often the store is asked whether another process changed it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// With more leads in lanes than this, only those of the lane on screen are held against a filter.
const COUNTED: u64 = 20_000;

/// The dashboard's view of the program.
pub struct Desk {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    rollout: Configured,
    manager: String,
    /// Where exports go.
    exports: PathBuf,
    worker: WorkerSight,
    context: Context,
    /// The model and the rules of the last supposition: to load a model takes longer than to ask it.
    bench: Mutex<Option<Bench>>,
    changes: watch::Receiver<u64>,
    /// What the others were told last: that the manager is here, and the lead they have open.
    noted: std::sync::Mutex<Option<team::Noted>>,
}

/// Where the worker's health comes from.
#[derive(Clone)]
enum WorkerSight {
    /// The worker runs in this process.
    Here(watch::Receiver<WorkerHealth>),
    /// It runs in another, or not at all; the file tells.
    Elsewhere(PathBuf),
}

impl WorkerSight {
    fn health(&self, now: DateTime<Utc>) -> WorkerHealth {
        match self {
            Self::Here(health) => health.borrow().clone(),
            Self::Elsewhere(file) => health::read_file(file, now),
        }
    }
}

impl Desk {
    /// A desk over a store; `worker` is the health of the worker in this process, if there is one. Must be called
    /// inside a tokio runtime.
    pub fn new(context: &Context, store: Arc<dyn Store>, worker: Option<watch::Receiver<WorkerHealth>>) -> Arc<Self> {
        let worker = worker.map_or_else(|| WorkerSight::Elsewhere(context.data.worker_health()), WorkerSight::Here);
        let changes = watch_changes(store.clone(), worker.clone(), context.clock.clone());
        Arc::new(Self {
            store,
            clock: context.clock.clone(),
            settings: context.settings(),
            rollout: context.rollout(),
            manager: context.manager(),
            exports: context.data.exports(),
            worker,
            context: context.clone(),
            bench: Mutex::default(),
            changes,
            noted: std::sync::Mutex::default(),
        })
    }
}

impl Desk {
    /// What the queue lists: awake leads that match.
    async fn list(&self, lane: Option<Lane>, filter: &Filter) -> Result<LeadFilter, BackendError> {
        let (now, sla) = (self.clock.now(), self.settings.sla);
        let conditions = filter.conditions_in(self.store.as_ref(), now, sla, &self.manager).await.map_err(said)?;
        Ok(LeadFilter { lane, conditions, ..LeadFilter::default() })
    }
}

impl Desk {
    /// What suppositions are ranked with, as things are now.
    async fn bench(&self) -> Result<Bench, AppError> {
        let mut kept = self.bench.lock().await;
        let renewed = match kept.as_ref() {
            Some(bench) => bench.renewed(self.store.as_ref()).await?,
            None => None,
        };
        let bench = match renewed {
            Some(bench) => bench,
            None => self.context.bench(self.store.as_ref()).await?,
        };
        *kept = Some(bench.clone());
        Ok(bench)
    }
}

/// One number that moves whenever this process or another changed the store, or the worker's health has news. The task
/// ends when nobody listens any more.
fn watch_changes(store: Arc<dyn Store>, worker: WorkerSight, clock: Arc<dyn Clock>) -> watch::Receiver<u64> {
    let (sender, receiver) = watch::channel(0);
    tokio::spawn(async move {
        let mut here = store.changes();
        let mut news = match &worker {
            WorkerSight::Here(health) => Some(health.clone()),
            WorkerSight::Elsewhere(_) => None,
        };
        // One that lives elsewhere tells nobody that it died.
        let elsewhere = || match &worker {
            WorkerSight::Here(_) => None,
            WorkerSight::Elsewhere(_) => Some(told(worker.health(clock.now()))),
        };
        let mut seen = (store.data_version().await.ok(), elsewhere());
        loop {
            let worker_news = async {
                let over = match &mut news {
                    Some(health) => health.changed().await.is_err(),
                    None => true,
                };
                if over {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = sender.closed() => return,
                changed = here.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    // Told of already, and not once more at the next look. Read before anybody is told, so that whatever
                    // comes after it is news; the worker too, whom whoever is told looks at as well.
                    seen = (store.data_version().await.ok(), elsewhere());
                }
                () = worker_news => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    let now = (store.data_version().await.ok(), elsewhere());
                    if now == seen {
                        continue;
                    }
                    seen = now;
                }
            }
            sender.send_modify(|n| *n += 1);
        }
    });
    receiver
}

/// What of a worker's health is news: not that it lives, nor what waits for it.
fn told(health: WorkerHealth) -> Vec<LoopHealth> {
    health.loops.into_iter().map(|one| LoopHealth { last_ok: None, backlog: 0, ..one }).collect()
}

/// Errors in the manager's words.
fn said(error: impl std::fmt::Display) -> BackendError {
    BackendError(error.to_string())
}

#[async_trait]
impl Backend for Desk {
    async fn overview(&self) -> Result<Overview, BackendError> {
        let now = self.clock.now();
        overview::overview(self.store.as_ref(), self.worker.health(now), &self.manager, now).await.map_err(said)
    }

    async fn queue(&self, query: QueueQuery) -> Result<QueuePage, BackendError> {
        let filter = self.list(Some(query.lane), &query.filter).await?;
        self.store.queue_page(&filter, &query.seek, query.limit, self.clock.now()).await.map_err(said)
    }

    async fn matches(&self, filter: &Filter) -> Result<Option<LaneCounts>, BackendError> {
        let now = self.clock.now();
        let all = self.store.lane_counts(now).await.map_err(said)?;
        if all.lanes.values().sum::<u64>() + all.snoozed > COUNTED {
            return Ok(None);
        }
        let filter = self.list(None, filter).await?;
        self.store.lanes_matching(&filter.conditions, now).await.map(Some).map_err(said)
    }

    async fn lead(&self, id: &LeadId) -> Result<Option<LeadDetail>, BackendError> {
        self.store.lead_detail(id).await.map_err(said)
    }

    async fn plan(&self, marked: Vec<Marked>, doing: Doing) -> Result<Plan, BackendError> {
        batch::plan(self.store.as_ref(), &marked, doing, self.clock.now()).await.map_err(said)
    }

    async fn disagreements(&self, which: Which) -> Result<Disagreements, BackendError> {
        disagreements::look(self.store.as_ref(), which, self.clock.now()).await.map_err(said)
    }

    async fn what_if(&self, lead: &LeadId, suppose: &Suppose) -> Result<WhatIf, BackendError> {
        let bench = self.bench().await.map_err(said)?;
        what_if::what_if(self.store.as_ref(), &bench, lead, suppose, self.clock.now()).await.map_err(said)
    }

    async fn decide(&self, request: VerdictRequest) -> Result<VerdictAnswer, BackendError> {
        let shown = request.shown;
        let request = Request {
            lead_id: request.lead,
            verdict: request.verdict,
            rejection: request.rejection,
            manager: self.manager.clone(),
            seen_decisions: Some(request.expected_decisions),
        };
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        match decide::decide_as_shown(store, clock, &self.settings, request, shown.as_ref()).await {
            Ok(VerdictOutcome::Decided { decision, .. }) => Ok(VerdictAnswer::Taken {
                undo_until: Some(decision.grace_until),
                writes: self.settings.write_verdicts,
            }),
            Ok(VerdictOutcome::Snoozed { .. }) => Ok(VerdictAnswer::Taken { undo_until: None, writes: false }),
            Err(AppError::Refused(why)) => Ok(VerdictAnswer::NotOpen(why)),
            Err(error) => Err(said(error)),
        }
    }

    async fn choose_first(
        &self,
        lead: &LeadId,
        owner: &Owner,
        expected_decisions: u32,
    ) -> Result<FirstChoice, BackendError> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        blind::choose(store, clock, (lead, owner), &self.manager, expected_decisions).await.map_err(said)
    }

    async fn undo(&self, lead: &LeadId) -> Result<UndoAnswer, BackendError> {
        match decide::undo(self.store.as_ref(), self.clock.as_ref(), lead, &self.manager).await {
            Ok(TakenBack::InTime(_) | TakenBack::Woken) => Ok(UndoAnswer::Undone),
            Ok(TakenBack::PutBack { owner_name, .. }) => Ok(UndoAnswer::PutBack { owner: owner_name }),
            Err(AppError::Refused(why)) => Ok(UndoAnswer::TooLate(why)),
            Err(error) => Err(said(error)),
        }
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<EffectRow>, BackendError> {
        overview::outbox(self.store.as_ref(), limit).await.map_err(said)
    }

    async fn retry_effect(&self, id: i64) -> Result<bool, BackendError> {
        self.store.revive_effect(id, &self.manager, self.clock.now()).await.map_err(said)
    }

    async fn models(&self) -> Result<Vec<ModelRow>, BackendError> {
        self.store.models().await.map_err(said)
    }

    async fn drift(&self) -> Result<Option<DriftReport>, BackendError> {
        drift::newest(self.store.as_ref()).await.map_err(said)
    }

    async fn roster(&self) -> Result<Roster, BackendError> {
        self.store.roster().await.map_err(said)
    }

    async fn export(&self, lane: Lane, filter: Filter, format: Format) -> Result<Exported, BackendError> {
        let list = self.list(Some(lane), &filter).await?;
        let now = self.clock.now();
        let path = self.exports.join(format!("{lane}-{}.{format}", now.format("%Y%m%d-%H%M%S")));
        let rows = export::to_file(self.store.as_ref(), &list, format, now, &path).await.map_err(said)?;
        Ok(Exported { path, rows })
    }

    async fn views(&self) -> Result<Vec<SavedView>, BackendError> {
        let mut views = self.store.saved_views().await.map_err(said)?;
        views.retain(|view| view.manager == self.manager);
        Ok(views)
    }

    async fn keep_view(&self, key: u8, view: Option<View>) -> Result<(), BackendError> {
        let (manager, now) = (self.manager.clone(), self.clock.now());
        let kept = match view {
            Some(View { name, filter, lane }) => {
                self.store.save_view(&SavedView { manager, key, name, filter, lane }, now).await
            }
            None => self.store.remove_view(&manager, key, now).await.map(|_| ()),
        };
        kept.map_err(said)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
