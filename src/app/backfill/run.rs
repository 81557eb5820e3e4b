//! A run: the moves of a survey, made into decisions slice by slice.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::assess::of_ranking;
use super::{Bench, Fate};
use crate::app::AppError;
use crate::app::companies::Companies;
use crate::app::decide::{decision_key, owner_name, source, trace_id};
use crate::app::ports::{
    BackfillRun, Clock, DecideOutcome, MadeFrom, NewDecision, RankedLead, RunState, RunTally, Selection, Store,
    StoredDesk,
};
use crate::app::rank::{self, Case};
use crate::app::{replay, routing, stop};
use crate::domain::decision::{DecidedBy, Decision, WriteState};
use crate::domain::effect::{DecisionWrite, Rung};
use crate::domain::ids::{LeadId, OrgId, RepId};
use crate::domain::lead::{LeadRecord, LeadState, Owner};
use crate::domain::recommendation::RouteReason;
use crate::domain::verdict::Verdict;
use crate::policy::route::{Path, Situation};

/// What came of asking for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A new one.
    New(BackfillRun),
    /// One that was not at its end goes on.
    GoesOn(BackfillRun),
}

/// Whether leads may be assigned at all as things are.
///
/// # Errors
/// Refused if nothing is to be written, or if the model may not say which rep is better.
pub fn allowed(bench: &Bench) -> Result<(), AppError> {
    if !bench.settings.write_verdicts {
        return Err(AppError::Refused(
            "routing.write_verdicts = false keeps every decision out of the CRM, so nothing can be assigned".into(),
        ));
    }
    if !bench.cleared() {
        return Err(AppError::Refused(format!(
            "model {} is not cleared to compare reps, so no lead is moved on its word; `leadboard model show` tells which \
             gate failed",
            bench.model_id()
        )));
    }
    Ok(())
}

/// Begins a run, or goes on with the one that is not at its end. `selection` is `None` to go on with whatever it is.
///
/// # Errors
/// Refused (with the cure) if what is asked for is not what is under way, or not [`allowed`].
pub async fn start(
    store: &dyn Store,
    clock: &dyn Clock,
    bench: &Bench,
    selection: Option<&Selection>,
    by: &str,
) -> Result<Start, AppError> {
    let refused = |why: String| Err(AppError::Refused(why));
    allowed(bench)?;
    let model = bench.model_id();
    if let (None, Some(selection)) = (store.running_backfill().await?, selection)
        && let Some(run) = store.begin_backfill(selection, model, by, clock.now()).await?
    {
        return Ok(Start::New(run));
    }
    let Some(run) = store.running_backfill().await? else {
        return refused("no back-fill is under way that could go on".into());
    };
    let cancel = "end it with `leadboard backfill --cancel`; what it decided stands";
    if run.model_id != *model {
        return refused(format!(
            "back-fill {} was begun with model {}, and the champion is {model} now; {cancel}",
            run.id, run.model_id
        ));
    }
    if selection.is_some_and(|selection| *selection != run.selection) {
        return refused(format!(
            "back-fill {} of other leads, begun by {}, is not at its end; go on with it (`leadboard backfill --apply \
             --resume`), or {cancel}",
            run.id, run.started_by
        ));
    }
    Ok(Start::GoesOn(run))
}

/// Gives up the run that is not at its end. What it decided stands.
pub async fn cancel(store: &dyn Store, clock: &dyn Clock, by: &str) -> Result<BackfillRun, AppError> {
    let none = || AppError::Refused("no back-fill is under way".into());
    let run = store.running_backfill().await?.ok_or_else(none)?;
    if !store.end_backfill(run.id, RunState::Cancelled, by, clock.now()).await? {
        return Err(none());
    }
    Ok(BackfillRun { state: RunState::Cancelled, ..run })
}

/// Where a run is, after a slice.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// What came of the leads that were looked at.
    pub tally: RunTally,
    /// Leads that were decided in this process.
    pub decided: u64,
}

/// What a run did.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// Its number.
    pub run: i64,
    /// Where it stands.
    pub state: RunState,
    /// What came of the leads that were looked at.
    pub tally: RunTally,
    /// Its decisions, by how far their writes are; those of before a restart included.
    pub decisions: BTreeMap<WriteState, u64>,
}

/// Works on a run, a slice of leads at a time, until its end, or until `go_on` says no. It is asked before every slice, and
/// may wait: for the outbox to become short, or for the API allocation.
pub async fn apply<F>(
    store: &dyn Store,
    clock: &dyn Clock,
    bench: &Bench,
    run: BackfillRun,
    slice: u32,
    by: &str,
    mut go_on: impl FnMut(Outlook) -> F,
) -> Result<Applied, AppError>
where
    F: Future<Output = Result<bool, AppError>>,
{
    let org = store.org().await?.ok_or_else(|| AppError::Refused("no org is connected yet".into()))?;
    let situation = routing::situation(store, &bench.rules, None, clock.now()).await?;
    let kept = replay::desk(&bench.desk(&rank::moment(&bench.rules, &situation, clock.now())))?;
    let mut worker = Slice { store, clock, bench, org, kept, situation, run: run.id, by };
    let (mut after, mut tally, mut decided) = (run.done_until, run.tally, 0);
    let mut state = RunState::Running;
    while go_on(Outlook { tally: tally.clone(), decided }).await? {
        // Nobody looks at each of these decisions, so none is taken while all writing is stopped.
        stop::refuse_if_stopped(store).await?;
        let leads = store.candidates(&run.selection, after.as_ref(), slice, clock.now()).await?;
        let Some(last) = leads.last().map(|lead| lead.lead.id.clone()) else {
            if store.end_backfill(run.id, RunState::Done, by, clock.now()).await? {
                state = RunState::Done;
            }
            break;
        };
        decided += worker.work(leads, &mut tally).await?;
        if !store.note_backfill(run.id, &last, &tally).await? {
            // Somebody gave it up meanwhile.
            state = RunState::Cancelled;
            break;
        }
        after = Some(last);
    }
    Ok(Applied { run: run.id, state, tally, decisions: store.backfill_writes(run.id).await? })
}

/// What came of deciding on a lead.
enum Done {
    /// It is decided.
    Decided,
    /// Somebody was faster.
    Faster,
    /// It has the right owner, as things stand now.
    Stays,
    /// Nobody is chosen, as things stand now; why.
    Left(RouteReason),
}

/// What decides the leads of a slice.
struct Slice<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    bench: &'a Bench,
    org: OrgId,
    kept: Arc<StoredDesk>,
    /// How things stand, with all that was decided here.
    situation: Situation,
    run: i64,
    by: &'a str,
}

impl Slice<'_> {
    /// Assigns those that move; how many were decided.
    async fn work(&mut self, leads: Vec<LeadRecord>, tally: &mut RunTally) -> Result<u64, AppError> {
        let mut decided = 0;
        let companies = self.bench.companies(self.store, &leads, self.clock.now()).await?;
        let assessed = self.bench.assess(leads, companies, self.situation.clone(), self.clock.now()).await?;
        for (lead, fate) in assessed.leads {
            tally.scored += 1;
            match fate {
                Fate::Stays => tally.stay += 1,
                Fate::Left(reason) => *tally.left.entry(reason.to_string()).or_default() += 1,
                Fate::Moves { to, .. } => match self.decide(lead, to).await? {
                    Done::Decided => decided += 1,
                    Done::Faster => tally.faster += 1,
                    Done::Stays => tally.stay += 1,
                    Done::Left(reason) => *tally.left.entry(reason.to_string()).or_default() += 1,
                },
            }
        }
        Ok(decided)
    }

    /// Decides on one lead.
    async fn decide(&mut self, lead: LeadRecord, to: RepId) -> Result<Done, AppError> {
        let replaces = match lead.state {
            LeadState::Decided => match self.store.decision_of(&lead.lead.id).await? {
                Some(standing) => Some(standing.trace_id),
                None => return Ok(Done::Faster),
            },
            LeadState::InLane | LeadState::Pending | LeadState::Superseded => None,
        };
        let now = self.clock.now();
        let (lead, ranked) = self.rank(lead, now).await?;
        let fate = of_ranking(&lead, &ranked, self.bench.cleared(), None);
        // Without rules the policy in full says the same as the survey; where it does not, it is not known what is right.
        // With rules somebody else's place may be free, because an earlier lead was not decided after all.
        let plain = self.bench.rules.policy.is_plain();
        let to = match fate {
            Fate::Moves { to: now, .. } if now == to || !plain => now,
            Fate::Stays if !plain => return Ok(Done::Stays),
            Fate::Left(reason) if !plain => return Ok(Done::Left(reason)),
            Fate::Moves { .. } | Fate::Stays | Fate::Left(_) => {
                return Err(AppError::Refused(format!(
                    "lead {} was scored for {to}, but is recommended otherwise; this is a fault of leadboard",
                    lead.lead.id
                )));
            }
        };
        let new = self.decision(&lead, &to, ranked, replaces, now);
        let share = new.share.clone();
        if !matches!(self.store.decide(new).await?, DecideOutcome::Taken) {
            return Ok(Done::Faster);
        }
        if let Some(share) = share {
            routing::took(&mut self.situation, &share);
        }
        Ok(Done::Decided)
    }

    /// The ranking of a lead with all its reasons, as the worker makes it.
    async fn rank(&self, lead: LeadRecord, now: DateTime<Utc>) -> Result<(LeadRecord, RankedLead), AppError> {
        // As it is now: an earlier lead of the slice may be of the same company.
        let companies = Companies::of(self.store, &self.bench.rules, std::slice::from_ref(&lead), now).await?;
        let (bench, kept, situation) = (self.bench.clone(), self.kept.clone(), self.situation.clone());
        let work = move || {
            let case = Case::of(&lead).known(&companies);
            let made_from: MadeFrom = replay::made_from(&case, &kept, &replay::situation(&situation)?)?;
            let ranked = rank::rank(&case, &bench.desk(&rank::moment(&bench.rules, &situation, now)));
            drop(case);
            Ok((lead, RankedLead { made_from: Some(made_from), ..ranked }))
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| AppError::Refused(format!("ranking did not finish: {e}")))?
    }

    fn decision(
        &self,
        lead: &LeadRecord,
        to: &RepId,
        ranked: RankedLead,
        replaces: Option<crate::domain::ids::TraceId>,
        now: DateTime<Utc>,
    ) -> NewDecision {
        let id: LeadId = lead.lead.id.clone();
        let p_win = ranked.ranking.as_ref().and_then(|ranking| ranking.of(to)).map(|rep| rep.p_win);
        let decision = Decision {
            trace_id: trace_id(now),
            key: decision_key(&self.org, &id, lead.decisions_made),
            lead_id: id,
            by: DecidedBy::Manager(self.by.to_owned()),
            verdict: Verdict::Backfill { run: self.run },
            rejection: None,
            owner: Owner::Rep(to.clone()),
            legacy_owner: lead.legacy.owner.clone(),
            recommendation: ranked.recommendation.clone(),
            p_win,
            model_id: Some(self.bench.model_id().clone()),
            decided_at: now,
            grace_until: now + self.bench.settings.grace,
            undone_at: None,
            write: WriteState::Waiting,
            replaces,
            closed_at: None,
        };
        let effect = self.effect(&decision, lead, ranked.path.as_ref());
        let moment = rank::moment(&self.bench.rules, &self.situation, now);
        let pool = ranked.ranking.as_ref().map(|ranking| &ranking.pool);
        let share = pool.and_then(|pool| routing::share(&moment, &decision.lead_id, pool, &decision.owner));
        NewDecision {
            share,
            decision,
            expected_decisions: lead.decisions_made,
            effect: Some(effect),
            // Nobody judged this one lead, so there is nothing to learn from it.
            feedback: None,
            // Nor do thousands of leads at once have a clock.
            contact_due: None,
            ranking: Some(Box::new(ranked)),
        }
    }

    fn effect(&self, decision: &Decision, lead: &LeadRecord, path: Option<&Path>) -> DecisionWrite {
        let name = owner_name(&decision.owner, self.bench.roster());
        let chance = decision.p_win.map(|p| format!(": {:.1} % to win", p * 100.0)).unwrap_or_default();
        DecisionWrite {
            key: decision.key.clone(),
            trace_id: decision.trace_id,
            lead_id: decision.lead_id.clone(),
            expected_owner: lead.lead.owner.clone(),
            expected_modified_at: lead.lead.modified_at,
            owner: decision.owner.clone(),
            ai_assigned: true,
            reason: format!(
                "{name}{chance}. Back-fill {} by {}. {}",
                self.run, self.by, decision.recommendation.explanation
            ),
            reason_code: decision.verdict.name().to_owned(),
            verdict: decision.verdict.name().to_owned(),
            p_win: decision.p_win,
            legacy_owner: decision.legacy_owner.clone(),
            model: self.bench.model_id().to_string(),
            decided_by: self.by.to_owned(),
            decided_at: decision.decided_at,
            // Thousands of tasks that are due in four hours would help nobody.
            task: None,
            source: source(path, &lead.lead),
            urgent: false,
            rung: Rung::Whole,
            return_reason: lead.lead.form.returned.clone(),
        }
    }
}
