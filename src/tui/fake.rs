//! A backend in memory, for tests: a small company whose leads can be judged, with faults on demand. Deterministic, and
//! as strict as the real one about who may decide what.

mod boards;
mod company;
mod filter;
mod handoff;
mod troubles;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use strum::VariantArray;
use tokio::sync::watch;
use uuid::Uuid;

use crate::domain::audit::AuditEvent;
use crate::domain::decision::{DecidedBy, Decision, WriteState};
use crate::domain::effect::{EffectCounts, EffectRow, EffectState};
use crate::domain::ids::{DecisionKey, LeadId, RepId, TraceId};
use crate::domain::lane::Lane;
use crate::domain::lead::{Conservation, LeadState, Owner};
use crate::domain::rep::Roster;
use crate::domain::verdict::Verdict;
use crate::tui::backend::team::{HandOver, HandedLead, HandedOver, HandingOver, Presence, Team};
use crate::tui::backend::{
    ApiUsage, Backend, BackendError, Disagreement, Disagreements, Doing, DriftReport, Exported, Filter, FirstChoice,
    Format, LaneCounts, LeadDetail, LeftOut, Load, LoopHealth, LoopState, Marked, ModelRow, Overview, Plan, QueueKey,
    QueuePage, QueueQuery, QueueRow, ReturnedBy, SavedView, Seek, Share, Suppose, UndoAnswer, VerdictAnswer,
    VerdictRequest, View, WhatIf, Which, WorkerHealth, boards::Waiting,
};

pub(crate) use boards::told;
pub(crate) use company::{company, lead};
pub(crate) use handoff::{handed_over, late};
pub(crate) use troubles::troubled;

/// The state behind the fake; tests change it as they like.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Now.
    pub(crate) now: DateTime<Utc>,
    /// Every lead, with its priority.
    pub(crate) leads: BTreeMap<LeadId, (f64, LeadDetail)>,
    /// Reps and queues.
    pub(crate) roster: Roster,
    /// The outbox, oldest first.
    pub(crate) effects: Vec<EffectRow>,
    /// Models, newest first.
    pub(crate) models: Vec<ModelRow>,
    /// The newest drift report.
    pub(crate) drift: Option<DriftReport>,
    /// The worker.
    pub(crate) loops: Vec<LoopHealth>,
    /// Leads received but in no state; a broken promise on demand.
    pub(crate) lost: u64,
    /// Every question fails with these words.
    pub(crate) fault: Option<String>,
    /// How much reps have, where they have caps.
    pub(crate) caps: BTreeMap<RepId, Load>,
    /// Views of the manager, by key.
    pub(crate) views: BTreeMap<u8, SavedView>,
    /// With more leads than this, matches are not counted.
    pub(crate) counted: usize,
    /// What the other screens show.
    pub(crate) boards: boards::Told,
    /// Whether a look at disagreements sees all of them.
    pub(crate) complete: bool,
    /// Other managers who are at work.
    pub(crate) others: Vec<Presence>,
    /// Managers whom leads can be handed to.
    pub(crate) managers: Vec<String>,
    /// What the others were told, in order: the lead that was open.
    pub(crate) told: Vec<Option<LeadId>>,
    /// Requests as they came.
    pub(crate) requests: Vec<VerdictRequest>,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Fake {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

/// Seconds of the grace period.
const GRACE: i64 = 10;

impl Fake {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), changes: watch::Sender::new(0) }
    }

    /// The state, to look at or to change.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the dashboard that something changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    fn working(&self) -> Result<MutexGuard<'_, State>, BackendError> {
        let state = self.state();
        match &state.fault {
            Some(fault) => Err(BackendError(fault.clone())),
            None => Ok(state),
        }
    }
}

impl State {
    /// Moves the time on; what is due is written.
    pub(crate) fn advance(&mut self, now: DateTime<Utc>) {
        self.now = now;
        for effect in self.effects.iter_mut().filter(|e| e.state == EffectState::Ready && e.not_before <= now) {
            effect.state = EffectState::Done;
            effect.attempts += 1;
            if let Some((_, detail)) = self.leads.get_mut(&effect.lead_id) {
                for decision in detail.decisions.iter_mut().filter(|d| d.trace_id == effect.trace_id) {
                    decision.write = WriteState::Written;
                }
            }
        }
    }

    fn handed_to(&self, manager: &str) -> Vec<HandedLead> {
        let open = self.leads.values().filter(|(_, one)| one.record.state == LeadState::InLane);
        let handed = open.filter_map(|(_, one)| {
            let hand_over = one.handed.clone().filter(|hand| hand.to == manager)?;
            let lead = &one.record.lead;
            Some(HandedLead { lead: lead.id.clone(), company: lead.company.clone(), hand_over })
        });
        let mut handed: Vec<HandedLead> = handed.collect();
        handed.sort_by_key(|one| std::cmp::Reverse(one.hand_over.at));
        handed
    }

    fn rows(&self, lane: Lane) -> Vec<QueueRow> {
        let mut rows: Vec<QueueRow> = self
            .leads
            .values()
            .filter(|(_, d)| d.record.state == LeadState::InLane && d.record.lane == Some(lane))
            .filter(|(_, d)| d.record.snoozed_until.is_none_or(|until| until <= self.now))
            .map(|(priority, detail)| row(*priority, detail))
            .collect();
        rows.sort_by(|a, b| b.priority.total_cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
        rows
    }

    fn log(&mut self, lead: &LeadId, actor: &str, what: &str) {
        let event = AuditEvent {
            at: self.now,
            actor: actor.into(),
            what: what.into(),
            lead_id: Some(lead.clone()),
            trace_id: None,
            details: serde_json::Value::Null,
        };
        if let Some((_, detail)) = self.leads.get_mut(lead) {
            detail.timeline.insert(0, event);
        }
    }
}

fn row(priority: f64, detail: &LeadDetail) -> QueueRow {
    let record = &detail.record;
    let name = |owner: &Owner| detail.names.get(owner.id()).cloned();
    let p = |owner: &Owner| detail.ranking.as_ref()?.of(owner.rep()?).map(|r| r.p_win);
    let recommended = detail.recommendation.as_ref().map(|r| r.route.owner());
    QueueRow {
        id: record.lead.id.clone(),
        company: record.lead.company.clone(),
        source: record.lead.facts.source.clone(),
        territory: record.lead.facts.territory.clone(),
        state: record.state,
        lane: record.lane,
        priority,
        created_at: record.lead.facts.created_at,
        received_at: record.received_at,
        route: detail.recommendation.as_ref().map(|r| r.route.clone()),
        reason: detail.recommendation.as_ref().map(|r| r.reason),
        recommended: recommended.as_ref().and_then(name),
        p_win: recommended.as_ref().and_then(p),
        legacy: name(&record.legacy.owner),
        legacy_p_win: p(&record.legacy.owner),
        lead_score: detail.ranking.as_ref().and_then(|r| r.lead_score.as_ref()).map(|s| s.score),
        lead_tier: detail.ranking.as_ref().and_then(|r| r.lead_score.as_ref()).map(|s| s.tier),
        snoozed_until: record.snoozed_until,
        decided_owner: None,
        write: None,
        decisions_made: record.decisions_made,
        handed: detail.handed.clone().filter(|_| record.state == LeadState::InLane),
        returned: record.earlier.last().map(|had| ReturnedBy {
            name: detail.names.get(had.rep.as_str()).cloned().unwrap_or_else(|| had.rep.to_string()),
            how: had.how,
            at: had.at,
            why: had.why.clone(),
        }),
    }
}

#[async_trait]
impl Team for Fake {
    async fn present(&self, open: Option<LeadId>) -> Result<(), BackendError> {
        self.working()?.told.push(open);
        Ok(())
    }

    async fn managers(&self) -> Result<Vec<String>, BackendError> {
        Ok(self.working()?.managers.clone())
    }

    async fn hand_over(&self, HandingOver { leads, to, note }: HandingOver) -> Result<HandedOver, BackendError> {
        let mut state = self.working()?;
        let now = state.now;
        let mut handed = HandedOver { to: to.clone(), leads: Vec::new(), left_out: Vec::new() };
        for lead in leads {
            match state.leads.get_mut(&lead) {
                Some((_, detail)) if detail.record.state == LeadState::InLane => {
                    let (to, note) = (to.clone(), note.clone());
                    detail.handed = Some(HandOver { from: "Ana M.".into(), to, note, at: now });
                    handed.leads.push(lead);
                }
                _ => handed.left_out.push(lead),
            }
        }
        drop(state);
        self.changed();
        Ok(handed)
    }
}

#[async_trait]
impl Backend for Fake {
    async fn overview(&self) -> Result<Overview, BackendError> {
        let state = self.working()?;
        let count = |wanted: LeadState| state.leads.values().filter(|(_, d)| d.record.state == wanted).count() as u64;
        let effects =
            |wanted: &[EffectState]| state.effects.iter().filter(|e| wanted.contains(&e.state)).count() as u64;
        let mut lanes = LaneCounts::default();
        for (_, detail) in state.leads.values().filter(|(_, d)| d.record.state == LeadState::InLane) {
            if detail.record.snoozed_until.is_some_and(|until| until > state.now) {
                lanes.snoozed += 1;
            } else if let Some(lane) = detail.record.lane {
                *lanes.lanes.entry(lane).or_insert(0) += 1;
            }
        }
        Ok(Overview {
            conservation: Conservation {
                received: state.leads.len() as u64 + state.lost,
                decided: count(LeadState::Decided),
                in_lane: count(LeadState::InLane),
                pending: count(LeadState::Pending),
                superseded: count(LeadState::Superseded),
            },
            lanes,
            effects: EffectCounts {
                sent: effects(&[EffectState::Done]),
                pending: effects(&[EffectState::Ready, EffectState::Leased]),
                failed: effects(&[EffectState::Dead]),
                superseded: effects(&[EffectState::Superseded]),
                cancelled: effects(&[EffectState::Cancelled]),
            },
            health: WorkerHealth { loops: state.loops.clone(), ..WorkerHealth::default() },
            api: ApiUsage { used: 12_431, limit: 100_000, calls_made: 412 },
            stopped: state.boards.switch.stopped.clone(),
            others: state.others.clone(),
            handed: state.handed_to("Ana M."),
            handoff: state.boards.handoff.as_ref().filter(|one| one.waits_for(handoff::MANAGER)).map(|one| Waiting {
                id: one.id,
                by: one.by.clone(),
                at: one.at,
            }),
            cleared: state.models.iter().find(|model| model.champion).map(|model| model.card["clearance"] == "routes"),
        })
    }

    async fn queue(&self, query: QueueQuery) -> Result<QueuePage, BackendError> {
        let state = self.working()?;
        let mut rows = state.rows(query.lane);
        rows.retain(|row| filter::passes(&query.filter, row, state.now));
        let limit = query.limit as usize;
        let start = match &query.seek {
            Seek::Top => 0,
            Seek::End => rows.len().saturating_sub(limit),
            Seek::Around(key) => {
                rows.iter().take_while(|row| QueueKey::of(row).before(key)).count().saturating_sub(limit / 2)
            }
        };
        let window = rows.iter().skip(start).take(limit).cloned().collect();
        Ok(QueuePage { start: start as u64, rows: window, total: rows.len() as u64 })
    }

    async fn matches(&self, filter: &Filter) -> Result<Option<LaneCounts>, BackendError> {
        let state = self.working()?;
        let count = |lane: Lane| {
            let rows = state.rows(lane);
            rows.iter().filter(|row| filter::passes(filter, row, state.now)).count() as u64
        };
        let lanes = Lane::VARIANTS.iter().map(|lane| (*lane, count(*lane))).collect();
        Ok((state.leads.len() <= state.counted).then_some(LaneCounts { lanes, snoozed: 0 }))
    }

    async fn lead(&self, id: &LeadId) -> Result<Option<LeadDetail>, BackendError> {
        Ok(self.working()?.leads.get(id).map(|(_, detail)| detail.clone()))
    }

    async fn disagreements(&self, which: Which) -> Result<Disagreements, BackendError> {
        let state = self.working()?;
        let open = which == Which::Open;
        let wanted = if open { LeadState::InLane } else { LeadState::Decided };
        let mut of: Vec<_> = state.leads.values().filter(|(_, detail)| detail.record.state == wanted).collect();
        of.sort_by(|a, b| b.0.total_cmp(&a.0));
        let rows = of.iter().filter_map(|(_, detail)| Disagreement::of_detail(detail)).collect();
        Ok(Disagreements { which, rows, looked_at: of.len() as u64, complete: state.complete })
    }

    async fn what_if(&self, lead: &LeadId, suppose: &Suppose) -> Result<WhatIf, BackendError> {
        let state = self.working()?;
        let (_, detail) = state.leads.get(lead).ok_or_else(|| BackendError(format!("there is no lead {lead}")))?;
        Ok(company::what_if(detail, suppose, &state.roster))
    }

    async fn plan(&self, marked: Vec<Marked>, doing: Doing) -> Result<Plan, BackendError> {
        let state = self.working()?;
        let mut plan = Plan::default();
        for one in marked {
            let detail = state.leads.get(&one.lead).map(|(priority, detail)| (detail, row(*priority, detail)));
            let now = detail.as_ref().and_then(|(detail, row)| {
                Some((detail.record.state, row.route.as_ref()?.owner(), row.recommended.clone()))
            });
            let row = detail.as_ref().map(|(_, row)| row.clone());
            match now {
                Some((LeadState::InLane, owner, name)) if one.owner.as_ref() == Some(&owner) => {
                    let (owner, name) = match (doing, one.legacy) {
                        (Doing::Keep, Some(legacy)) => {
                            let name = detail.as_ref().and_then(|(detail, _)| detail.names.get(legacy.id()).cloned());
                            (legacy, name)
                        }
                        _ => (owner, name),
                    };
                    plan.leads.push(one.lead);
                    if doing == Doing::Approve {
                        plan.against.add(row.as_ref().and_then(|row| row.p_win.zip(row.legacy_p_win)));
                    }
                    if let Some(share) = plan.owners.iter_mut().find(|share| share.owner == owner) {
                        share.leads += 1;
                    } else {
                        let load = owner.rep().and_then(|rep| state.caps.get(rep)).cloned();
                        plan.owners.push(Share { name: name.unwrap_or_default(), owner, leads: 1, load });
                    }
                }
                Some((LeadState::InLane, ..)) => {
                    let why = "it was ranked again".into();
                    plan.left_out.push(LeftOut { lead: one.lead, company: one.company, why });
                }
                _ => {
                    let why = "it is already decided".into();
                    plan.left_out.push(LeftOut { lead: one.lead, company: one.company, why });
                }
            }
        }
        plan.owners.sort_by(|a, b| b.leads.cmp(&a.leads).then_with(|| a.name.cmp(&b.name)));
        Ok(plan)
    }

    async fn choose_first(
        &self,
        lead: &LeadId,
        owner: &Owner,
        expected_decisions: u32,
    ) -> Result<FirstChoice, BackendError> {
        let mut state = self.working()?;
        let now = state.now;
        let Some((_, detail)) = state.leads.get_mut(lead) else { return Err(BackendError("no such lead".into())) };
        let recommended = detail.recommendation.as_ref().map(|r| r.route.owner());
        let choice = FirstChoice {
            lead_id: lead.clone(),
            decisions_made: expected_decisions,
            manager: "Ana M.".into(),
            owner: owner.clone(),
            recommended: recommended.unwrap_or_else(|| owner.clone()),
            at: now,
        };
        Ok(detail.first_choice.get_or_insert(choice).clone())
    }

    async fn decide(&self, request: VerdictRequest) -> Result<VerdictAnswer, BackendError> {
        let mut state = self.working()?;
        state.requests.push(request.clone());
        let (now, number) = (state.now, state.effects.len() as u128 + 1);
        let Some((_, detail)) = state.leads.get_mut(&request.lead) else {
            return Ok(VerdictAnswer::NotOpen("There is no such lead.".into()));
        };
        let record = &mut detail.record;
        if record.state != LeadState::InLane || record.decisions_made != request.expected_decisions {
            return Ok(VerdictAnswer::NotOpen("Somebody else decided it meanwhile.".into()));
        }
        if let Verdict::Snooze { until } = request.verdict {
            record.snoozed_until = Some(until);
            state.log(&request.lead, "Ana M.", "lead.snoozed");
            drop(state);
            self.changed();
            return Ok(VerdictAnswer::Taken { undo_until: None, writes: false });
        }
        let Some(recommendation) = detail.recommendation.clone() else {
            return Ok(VerdictAnswer::NotOpen("Nothing is recommended.".into()));
        };
        let shown = request.shown.as_ref().filter(|_| request.verdict == Verdict::Approve);
        if shown.is_some_and(|shown| *shown != recommendation.route.owner()) {
            return Ok(VerdictAnswer::NotOpen("It was ranked again meanwhile.".into()));
        }
        let owner = match &request.verdict {
            Verdict::Override { rep } => Owner::Rep(rep.clone()),
            Verdict::Reroute { queue } => Owner::Queue(queue.clone()),
            Verdict::KeepLegacy => record.legacy.owner.clone(),
            Verdict::Approve | Verdict::Snooze { .. } | Verdict::Undo | Verdict::Backfill { .. } => {
                recommendation.route.owner()
            }
        };
        let grace_until = now + TimeDelta::seconds(GRACE);
        let trace_id = TraceId::new(Uuid::from_u128(number));
        record.state = LeadState::Decided;
        record.lane = None;
        record.decisions_made += 1;
        let effect = EffectRow {
            id: number as i64,
            lead_id: request.lead.clone(),
            company: record.lead.company.clone(),
            trace_id,
            state: EffectState::Ready,
            attempts: 0,
            not_before: grace_until,
            last_error: None,
        };
        let decision = Decision {
            trace_id,
            key: DecisionKey::new(number.to_string()),
            lead_id: request.lead.clone(),
            by: DecidedBy::Manager("Ana M.".into()),
            verdict: request.verdict,
            rejection: request.rejection,
            p_win: owner.rep().and_then(|rep| detail.ranking.as_ref()?.of(rep)).map(|r| r.p_win),
            owner,
            legacy_owner: record.legacy.owner.clone(),
            recommendation,
            model_id: detail.ranking.as_ref().map(|r| r.model_id.clone()),
            decided_at: now,
            grace_until,
            undone_at: None,
            write: WriteState::Waiting,
            replaces: None,
            closed_at: None,
        };
        detail.decisions.insert(0, decision);
        state.effects.push(effect);
        state.log(&request.lead, "Ana M.", "decision.taken");
        drop(state);
        self.changed();
        Ok(VerdictAnswer::Taken { undo_until: Some(grace_until), writes: true })
    }

    async fn undo(&self, lead: &LeadId) -> Result<UndoAnswer, BackendError> {
        let mut working = self.working()?;
        let now = working.now;
        let state = &mut *working;
        if let Some((_, detail)) = state.leads.get_mut(lead)
            && detail.record.snoozed_until.take().is_some()
        {
            drop(working);
            self.changed();
            return Ok(UndoAnswer::Undone);
        }
        let Some(effect) = state.effects.iter_mut().rev().find(|e| &e.lead_id == lead) else {
            return Ok(UndoAnswer::TooLate("There is no decision to take back.".into()));
        };
        if effect.state != EffectState::Ready || now >= effect.not_before {
            let legacy = state.leads.get(lead).map(|(_, detail)| (detail.record.legacy.owner.id(), &detail.names));
            let owner = legacy.and_then(|(id, names)| names.get(id)).cloned().unwrap_or_default();
            return Ok(UndoAnswer::PutBack { owner });
        }
        effect.state = EffectState::Cancelled;
        if let Some((_, detail)) = state.leads.get_mut(lead) {
            detail.record.state = LeadState::InLane;
            detail.record.lane = Some(Lane::Disagree);
            for decision in &mut detail.decisions {
                decision.undone_at = Some(now);
                decision.write = WriteState::Undone;
            }
        }
        state.log(lead, "Ana M.", "decision.undone");
        drop(working);
        self.changed();
        Ok(UndoAnswer::Undone)
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<EffectRow>, BackendError> {
        let state = self.working()?;
        let mut rows = state.effects.clone();
        rows.reverse();
        rows.sort_by_key(|e| match e.state {
            EffectState::Dead => 0,
            EffectState::Leased => 1,
            EffectState::Ready => 2,
            EffectState::Done | EffectState::Superseded | EffectState::Cancelled => 3,
        });
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn retry_effect(&self, id: i64) -> Result<bool, BackendError> {
        let mut state = self.working()?;
        let now = state.now;
        let dead = state.effects.iter_mut().find(|e| e.id == id && e.state == EffectState::Dead);
        let Some(effect) = dead else { return Ok(false) };
        (effect.state, effect.not_before) = (EffectState::Ready, now + TimeDelta::seconds(30));
        drop(state);
        self.changed();
        Ok(true)
    }

    async fn models(&self) -> Result<Vec<ModelRow>, BackendError> {
        Ok(self.working()?.models.clone())
    }

    async fn drift(&self) -> Result<Option<DriftReport>, BackendError> {
        Ok(self.working()?.drift.clone())
    }

    async fn roster(&self) -> Result<Roster, BackendError> {
        Ok(self.working()?.roster.clone())
    }

    async fn export(&self, lane: Lane, filter: Filter, format: Format) -> Result<Exported, BackendError> {
        let path = PathBuf::from(format!("/data/exports/{lane}-20261122-120000.{format}"));
        let rows = self.queue(QueueQuery { lane, filter, seek: Seek::Top, limit: 1 }).await?.total;
        Ok(Exported { path, rows })
    }

    async fn views(&self) -> Result<Vec<SavedView>, BackendError> {
        Ok(self.working()?.views.values().cloned().collect())
    }

    async fn keep_view(&self, key: u8, view: Option<View>) -> Result<(), BackendError> {
        let mut state = self.working()?;
        match view {
            Some(View { name, filter, lane }) => {
                state.views.insert(key, SavedView { manager: "Ana M.".into(), key, name, filter, lane });
            }
            None => {
                state.views.remove(&key);
            }
        }
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// Loops that all are well.
pub(crate) fn healthy(now: DateTime<Utc>) -> Vec<LoopHealth> {
    ["new leads", "ranking", "writing", "outcomes"]
        .into_iter()
        .zip([4, 2, 9, 240])
        .map(|(name, seconds)| LoopHealth {
            name: name.into(),
            state: LoopState::Running,
            last_ok: Some(now - TimeDelta::seconds(seconds)),
            last_error: None,
            backlog: 0,
        })
        .collect()
}
