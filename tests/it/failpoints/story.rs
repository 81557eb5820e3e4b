//! A small story from intake to done, told again and again in one company.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use leadboard::app::decide::{VerdictRequest, decide, undo};
use leadboard::app::ports::{Clock as _, Crm, Store};
use leadboard::app::rank::{Case, Desk, moment, rank};
use leadboard::app::routing::InForce;
use leadboard::app::send::send_due;
use leadboard::app::{AppError, audit_trail, intake, outcomes};
use leadboard::domain::decision::WriteState;
use leadboard::domain::ids::{LeadId, ModelId};
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::verdict::Verdict;
use leadboard::policy::route::Situation;
use leadboard::policy::{Queues, Settings};
use leadboard::store::{PostgresStore, SqliteStore};
use serde_json::Value as Json;

use super::brittle::{BrittleCrm, BrittleStore, Fate};
use crate::rules::office::{GOOD, Office};

/// Rounds after which everything must be over, however it began.
const ROUNDS: usize = 8;
const MANAGER: &str = "Ana";

/// What happens to a lead of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Its recommendation is approved.
    Approved,
    /// The legacy owner keeps it.
    Kept,
    /// It is approved, that is taken back, and it is approved again.
    TakenBack,
    /// It is approved, and before that is written a person gives it to somebody else.
    Taken,
}

const CAST: [Part; 4] = [Part::Approved, Part::Kept, Part::TakenBack, Part::Taken];

/// Where the store is.
enum Kept {
    File,
    Postgres(String),
}

/// A company whose processes may die.
pub(super) struct Company {
    office: Office,
    kept: Kept,
}

impl Company {
    pub(super) async fn on_sqlite() -> Self {
        Self { office: Office::open().await, kept: Kept::File }
    }

    /// `None` where there is no PostgreSQL.
    pub(super) async fn on_postgres() -> Option<Self> {
        let database = crate::store_cluster::database().await?;
        let mut company = Self { office: Office::open().await, kept: Kept::Postgres(database.url) };
        company.start().await;
        Some(company)
    }

    /// The store is opened anew, as by the next process.
    async fn start(&mut self) {
        self.office.store = match &self.kept {
            Kept::File => {
                let store = SqliteStore::open(&self.office.database()).await.unwrap();
                Arc::new(store)
            }
            Kept::Postgres(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        };
        if matches!(self.kept, Kept::File) {
            self.office.store.release_leases().await.unwrap();
        }
        let address = self.office.org.url().to_owned();
        self.office.connect(&address);
    }

    /// Tells the story once. What was wrong in the end, in words.
    pub(super) async fn tell(&mut self, fate: &Arc<Fate>) -> Result<(), String> {
        let mut cast: BTreeMap<LeadId, Part> = BTreeMap::new();
        for part in CAST {
            self.office.arrive(1).await;
            cast.insert(self.office.newest_lead().await, part);
        }
        let mut taken = None;
        for _ in 0..ROUNDS {
            let died = {
                let store = BrittleStore(self.office.store.clone(), fate.clone());
                let crm = BrittleCrm(self.office.crm.as_ref(), fate.clone());
                let round = Round { crm: &crm, store: &store, office: &self.office, cast: &cast };
                tokio::select! {
                    () = round.turn(&mut taken) => false,
                    () = fate.death() => true,
                }
            };
            if died {
                self.start().await;
            }
            if self.is_over(&cast).await {
                break;
            }
        }
        self.check(&cast, taken.as_ref()).await
    }

    async fn is_over(&self, cast: &BTreeMap<LeadId, Part>) -> bool {
        let sum = self.office.counts().await;
        let owed = self.office.store.effect_counts().await.unwrap().pending;
        let known = self.office.store.leads(&cast.keys().cloned().collect::<Vec<_>>()).await.unwrap().len();
        known == cast.len() && sum.in_lane + sum.pending + owed == 0
    }

    async fn check(&self, cast: &BTreeMap<LeadId, Part>, taken: Option<&Owner>) -> Result<(), String> {
        let (mut wrong, store) = (Vec::new(), &self.office.store);
        let sum = self.office.counts().await;
        if sum.lost() != 0 {
            wrong.push(format!("conservation is broken: {sum:?}"));
        }
        let effects = self.office.journal().await;
        for (lead, part) in cast {
            let count = |kind: &str| {
                let of_lead = |effect: &&Json| effect["lead"] == lead.as_str() && effect["kind"] == kind;
                effects.iter().filter(of_lead).count()
            };
            let done = (count("decision_recorded"), count("task_created"), count("owner_changed"));
            let owner = self.office.owner(lead).await;
            let Some(record) = store.leads(std::slice::from_ref(lead)).await.unwrap().pop() else {
                wrong.push(format!("{part:?}: lost"));
                continue;
            };
            let decision = store.decision_of(lead).await.unwrap();
            let written = decision.as_ref().is_some_and(|d| d.write == WriteState::Written);
            let right = match part {
                Part::Taken => {
                    record.state == LeadState::Superseded && Some(&owner) == taken && done == (0, 0, 1) && !written
                }
                Part::Kept => {
                    record.state == LeadState::Decided && written && done == (1, 0, 0) && owner == record.legacy.owner
                }
                Part::Approved | Part::TakenBack => {
                    let chosen = decision.as_ref().map(|decision| &decision.owner);
                    let moves = usize::from(owner != record.legacy.owner);
                    record.state == LeadState::Decided && written && Some(&owner) == chosen && done == (1, 1, moves)
                }
            };
            if !right {
                wrong.push(format!("{part:?}: {} with {done:?}, owner {owner:?}, {decision:?}", record.state));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// Whether the audit trail is whole and sealed.
    pub(super) async fn is_sealed(&self) -> bool {
        let trail = audit_trail::verify(self.office.store.as_ref(), &[]).await.unwrap();
        trail.ok && trail.waiting == 0
    }
}

/// One round of all that a worker and a manager do.
struct Round<'a> {
    crm: &'a dyn Crm,
    store: &'a dyn Store,
    office: &'a Office,
    cast: &'a BTreeMap<LeadId, Part>,
}

impl Round<'_> {
    /// Each step by itself, like the worker's loops: one that fails is taken again in the next round.
    async fn turn(&self, taken: &mut Option<Owner>) {
        let clock = self.office.clock.as_ref();
        goes_on(self.log_in().await);
        goes_on(self.roster().await);
        goes_on(intake::poll_once(self.crm, self.store, clock).await);
        goes_on(rank_pending(self.store, &self.office.settings, clock.now()).await);
        goes_on(self.manage().await);
        goes_on(self.think_again().await);
        goes_on(self.manage().await);
        self.person_acts(taken).await;
        self.office.wait(60);
        goes_on(send_due(self.crm, self.store, clock, "worker", "Leadboard_Default").await);
        goes_on(outcomes::read_once(self.crm, self.store, clock).await);
        goes_on(self.store.seal(512).await);
    }

    async fn log_in(&self) -> Result<(), AppError> {
        let org = self.crm.org().await?;
        Ok(self.store.bind_org(&org.id).await?)
    }

    async fn roster(&self) -> Result<(), AppError> {
        let roster = self.crm.roster().await?;
        Ok(self.store.save_roster(&roster, self.office.clock.now()).await?)
    }

    /// The manager decides what waits.
    async fn manage(&self) -> Result<(), AppError> {
        for (lead, part) in self.cast {
            let detail = self.store.lead_detail(lead).await?;
            if detail.is_none_or(|detail| detail.record.state != LeadState::InLane) {
                continue;
            }
            let verdict = if *part == Part::Kept { Verdict::KeepLegacy } else { Verdict::Approve };
            let rejection = verdict.needs_reason().then(super::reason);
            let (lead_id, manager) = (lead.clone(), MANAGER.to_owned());
            let request = VerdictRequest { lead_id, verdict, rejection, manager, seen_decisions: None };
            decide(self.store, self.office.clock.as_ref(), &self.office.settings, request).await?;
        }
        Ok(())
    }

    /// The manager takes back the first decision on one of the leads.
    async fn think_again(&self) -> Result<(), AppError> {
        for (lead, _) in self.cast.iter().filter(|(_, part)| **part == Part::TakenBack) {
            let record = self.store.leads(std::slice::from_ref(lead)).await?.pop();
            if record.is_some_and(|record| record.state == LeadState::Decided && record.decisions_made == 1) {
                let undone = undo(self.store, self.office.clock.as_ref(), lead, MANAGER).await;
                // It may have been written meanwhile, and then it stands.
                match undone {
                    Ok(_) | Err(AppError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Once there is a decision, a person gives one of the leads to somebody else. Nothing of that can fail.
    async fn person_acts(&self, taken: &mut Option<Owner>) {
        for (lead, _) in self.cast.iter().filter(|(_, part)| **part == Part::Taken) {
            if taken.is_none() && self.office.store.decision_of(lead).await.unwrap().is_some() {
                let owner = self.office.other_rep(lead).await;
                self.office.person_moves(lead, &owner).await;
                *taken = Some(owner);
            }
        }
    }
}

/// Ranks what is pending, with a model to which all reps are equal.
pub(crate) async fn rank_pending(store: &dyn Store, settings: &Settings, now: DateTime<Utc>) -> Result<(), AppError> {
    let (rules, situation) = (InForce::plain(store.roster().await?), Situation::default());
    let roster = &rules.roster;
    let pending = store.pending(100).await?;
    let queue = |key: &str| roster.queue_by_key(key).map(|queue| queue.id.clone());
    let (Some(manager), Some(default)) = (queue("Leadboard_Manager"), queue("Leadboard_Default")) else {
        return Ok(());
    };
    let (model_id, queues) = (ModelId::new("m-1"), Queues { manager, default });
    let (queues, moment) = (&queues, &moment(&rules, &situation, now));
    let desk = Desk { scorer: &GOOD, model_id: &model_id, cleared: true, roster, queues, settings, moment };
    let ranked = pending.iter().map(|record| rank(&Case::of(record), &desk)).collect();
    store.save_rankings(ranked).await?;
    Ok(())
}

/// A step that fails ends by itself.
pub(crate) fn goes_on<T, E>(step: Result<T, E>) {
    drop(step);
}
