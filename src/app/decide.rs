//! A manager's verdict becomes a decision: stored with its feedback and the effect it owes, in one transaction.

use chrono::{DateTime, Utc};
use ring::digest;
use serde::Serialize;
use uuid::Uuid;

use super::companies::Companies;
use super::ports::{Clock, DecideOutcome, NewDecision, Store, UndoOutcome};
use super::rank::Case;
use super::views::LeadDetail;
use super::{AppError, explain, rank, routing, sla};
use crate::domain::decision::{DecidedBy, Decision, WriteState};
use crate::domain::effect::{DecisionWrite, Rung as WriteRung, SourceWrite, TaskWrite};
use crate::domain::ids::{DecisionKey, LeadId, OrgId, TraceId};
use crate::domain::lead::{Lead, LeadState, Owner};
use crate::domain::recommendation::{Recommendation, RouteReason};
use crate::domain::rep::Roster;
use crate::domain::text::hex;
use crate::domain::verdict::{ReasonCode, Rejection, Verdict};
use crate::policy::Settings;
use crate::policy::company::Found;
use crate::policy::fairness::Entry;
use crate::policy::route::{Path, Rung, Why};

mod put_back;

/// What a manager said about a lead.
#[derive(Clone, Debug)]
pub struct VerdictRequest {
    /// The lead.
    pub lead_id: LeadId,
    /// The word.
    pub verdict: Verdict,
    /// The reason, owed when the recommendation is turned down.
    pub rejection: Option<Rejection>,
    /// Who said it.
    pub manager: String,
    /// What the manager saw: the number of decisions made on the lead so far. `None` takes it as it is now.
    pub seen_decisions: Option<u32>,
}

/// What came of a verdict.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum VerdictOutcome {
    /// Decided.
    Decided {
        /// The decision.
        decision: Box<Decision>,
        /// Name of the new owner, raw.
        owner_name: String,
    },
    /// Hidden until later.
    Snoozed {
        /// When it comes back.
        until: DateTime<Utc>,
    },
}

/// [`decide`] for somebody who was shown `shown` as the recommended owner: an approval is refused if it would give the lead to
/// another by now.
pub async fn decide_as_shown(
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &Settings,
    request: VerdictRequest,
    shown: Option<&Owner>,
) -> Result<VerdictOutcome, AppError> {
    let detail = store
        .lead_detail(&request.lead_id)
        .await?
        .ok_or_else(|| AppError::Refused(format!("there is no lead {}", request.lead_id)))?;
    let now = clock.now();
    if let Verdict::Snooze { until } = request.verdict {
        return snooze(store, &request, until, now).await;
    }
    open(&detail)?;
    check_reason(&request)?;
    let roster = store.roster().await?;
    let org = store.org().await?.ok_or_else(|| AppError::Refused("no org is connected yet".into()))?;
    let recommendation = detail.recommendation.clone().ok_or_else(|| AppError::Refused("not ranked yet".into()))?;
    let owner = chosen_owner(&request.verdict, &detail, &recommendation, &roster)?;
    if matches!(request.verdict, Verdict::Approve) {
        if shown.is_some_and(|shown| *shown != owner) {
            let name = owner_name(&owner, &roster);
            return Err(AppError::Refused(format!("the lead was ranked again meanwhile: {name} is recommended now")));
        }
        still_active(store, &detail, &owner, &roster, now).await?;
        same_company(store, &detail, &recommendation, &owner, now).await?;
    }
    let share = share(store, &detail, &request.verdict, &recommendation, &owner, now).await?;
    let seen = request.seen_decisions.unwrap_or(detail.record.decisions_made);
    let decision = Decision {
        trace_id: trace_id(now),
        key: decision_key(&org, &detail.record.lead.id, seen),
        lead_id: request.lead_id,
        by: DecidedBy::Manager(request.manager.clone()),
        p_win: owner.rep().and_then(|id| detail.ranking.as_ref()?.of(id)).map(|r| r.p_win),
        model_id: detail.ranking.as_ref().map(|r| r.model_id.clone()),
        verdict: request.verdict,
        rejection: request.rejection,
        owner,
        legacy_owner: detail.record.legacy.owner.clone(),
        recommendation,
        decided_at: now,
        grace_until: now + settings.grace,
        undone_at: None,
        write: if settings.write_verdicts { WriteState::Waiting } else { WriteState::NotWanted },
        replaces: None,
        closed_at: None,
    };
    let feedback = serde_json::json!({
        "facts": detail.record.lead.facts,
        "ranking": detail.ranking,
        "recommendation": decision.recommendation,
        "verdict": decision.verdict,
        "rejection": decision.rejection,
    });
    // What is not written is owed by nobody.
    let contact_due = if settings.write_verdicts {
        let rules = routing::in_force(store, None).await?;
        sla::due(rules.as_deref(), &decision.owner, now, settings.sla)
    } else {
        None
    };
    let writes = settings.write_verdicts;
    let effect = writes.then(|| effect(&decision, &request.manager, &detail, &roster, (settings, contact_due)));
    let owner_name = owner_name(&decision.owner, &roster);
    let new = NewDecision {
        decision: decision.clone(),
        expected_decisions: seen,
        effect,
        feedback: Some(feedback),
        share,
        contact_due,
        ranking: None,
    };
    match store.decide(new).await? {
        DecideOutcome::Taken => Ok(VerdictOutcome::Decided { decision: Box::new(decision), owner_name }),
        DecideOutcome::NotOpen(why) => Err(AppError::Refused(why)),
    }
}

/// Refused if the recommended rep has left the company since: the CRM would refuse the write.
async fn still_active(
    store: &dyn Store,
    detail: &LeadDetail,
    owner: &Owner,
    roster: &Roster,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let Some(rep) = owner.rep().and_then(|rep| roster.rep(rep)).filter(|rep| !rep.active) else { return Ok(()) };
    store.rank_anew(&detail.record.lead.id, "absent", now).await?;
    Err(AppError::Refused(format!("{} is inactive in the CRM by now; the lead is being ranked again", rep.name)))
}

/// Carries out a verdict. Refused (with the cure) when the lead is not open, a reason is missing, or the owner cannot
/// own leads.
pub async fn decide(
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &Settings,
    request: VerdictRequest,
) -> Result<VerdictOutcome, AppError> {
    decide_as_shown(store, clock, settings, request, None).await
}

/// Refused if somebody works with the company by now of whom the ranking did not know, as when two leads of it were ranked
/// at once: one company has one rep, however fast somebody approves.
async fn same_company(
    store: &dyn Store,
    detail: &LeadDetail,
    recommendation: &Recommendation,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    // A strategic rule stands above accounts, and a queue takes nobody's company away.
    let chosen = owner.rep().filter(|_| recommendation.reason != RouteReason::StrategicRule);
    let (Some(rep), Some(path)) = (chosen, &detail.path) else { return Ok(()) };
    let rules = routing::in_force(store, None).await?;
    let Some(rules) = rules.filter(|rules| rules.policy.book().sections().company.one_rep) else { return Ok(()) };
    let companies = Companies::of(store, &rules, std::slice::from_ref(&detail.record), now).await?;
    let subject = Case::of(&detail.record).known(&companies).subject;
    let because = match &subject.owners {
        Found::One { record } => match record.owner.as_ref().and_then(Owner::rep) {
            // Their claim was weighed: by this rep, or by what kept them from it.
            Some(theirs) if theirs != rep && path.company_claim().is_none_or(|claim| claim.who.id != *theirs) => {
                let name = rules.roster.rep(theirs).map_or(theirs.as_str(), |rep| &rep.name);
                format!("{name} works with the company by now ({record})")
            }
            _ => return Ok(()),
        },
        Found::Ambiguous { .. } if !matches!(path.on(Rung::AccountOwner), Some(Why::Disputed)) => {
            "several reps work with the company by now".to_owned()
        }
        Found::Nothing | Found::Ambiguous { .. } => return Ok(()),
    };
    store.rank_anew(&detail.record.lead.id, "company", now).await?;
    Err(AppError::Refused(format!("{because}; the lead is being ranked again")))
}

/// What the decision does to the accounts of the reps. Refused if since the lead was ranked the recommended rep went away, or
/// was given so much that there is no room any more: nobody gets a lead they cannot take by approving what was shown.
async fn share(
    store: &dyn Store,
    detail: &LeadDetail,
    verdict: &Verdict,
    recommendation: &Recommendation,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<Option<Entry>, AppError> {
    // Where there are no rules nobody has an account, and nothing that accounts and room rest on is read.
    let rules = routing::in_force(store, None).await?.filter(|rules| !rules.policy.is_plain());
    // Where the model failed, the pool is in the way to the recommendation.
    let ranked = detail.ranking.as_ref().map(|ranking| &ranking.pool);
    let pool = ranked.or_else(|| detail.path.as_ref()?.pool.as_ref());
    let (Some(rules), Some(pool)) = (rules, pool) else { return Ok(None) };
    let situation = routing::situation(store, &rules, None, now).await?;
    let moment = rank::moment(&rules, &situation, now);
    let lead = &detail.record.lead.id;
    // What was known against them when the lead was ranked (a rule gave it to them all the same) would be known again.
    if let Some(rep) = owner.rep().filter(|_| matches!(verdict, Verdict::Approve))
        && let Some(why) = moment.absent(rep)
        && pool.reasons(rep).all(|then| then.code() != why.code())
    {
        store.rank_anew(lead, "absent", now).await?;
        return Err(AppError::Refused(format!(
            "{} cannot take it any more ({why}); the lead is being ranked again",
            owner_name(owner, &rules.roster)
        )));
    }
    // Who has a claim by a rule or an account is not chosen for the room they have.
    let chosen_freely = matches!(verdict, Verdict::Approve) && recommendation.reason.respects_room();
    if let Some(rep) = owner.rep().filter(|_| chosen_freely)
        && let Some(room) = moment.room(rep).filter(|room| room.is_full())
    {
        store.rank_anew(lead, "no_room", now).await?;
        return Err(AppError::Refused(format!(
            "{} has no room any more ({}); the lead is being ranked again",
            owner_name(owner, &rules.roster),
            room.words()
        )));
    }
    Ok(routing::share(&moment, lead, pool, owner))
}

/// How a decision was taken back.
#[derive(Clone, Debug)]
pub enum TakenBack {
    /// In time: nothing was or will be written. The decision.
    InTime(Box<Decision>),
    /// By a decision of its own, because it was sent already.
    PutBack {
        /// That decision; it names the one that it puts back.
        decision: Box<Decision>,
        /// Name of the owner who gets the lead back, raw.
        owner_name: String,
    },
    /// There was none: the lead was snoozed, and is awake again.
    Woken,
}

impl TakenBack {
    /// The decision that was taken back, or the one that puts it back; `None` where a lead was woken.
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::InTime(decision) | Self::PutBack { decision, .. } => Some(decision),
            Self::Woken => None,
        }
    }
}

/// Takes the standing decision of a lead back: for nothing while its write waits, by a decision of its own after that. One
/// that is snoozed is woken.
pub async fn undo(store: &dyn Store, clock: &dyn Clock, lead: &LeadId, by: &str) -> Result<TakenBack, AppError> {
    match store.undo(lead, by, clock.now()).await? {
        UndoOutcome::Undone(decision) => Ok(TakenBack::InTime(decision)),
        UndoOutcome::Sent(sent) => {
            let (decision, owner_name) = put_back::put_back(store, clock, *sent, by).await?;
            Ok(TakenBack::PutBack { decision: Box::new(decision), owner_name })
        }
        UndoOutcome::TooLate(why) => {
            let now = clock.now();
            let asleep = store.leads(std::slice::from_ref(lead)).await?;
            let asleep = asleep.iter().any(|record| record.snoozed_until.is_some_and(|until| until > now));
            if asleep && store.snooze(lead, now, by, now).await? {
                return Ok(TakenBack::Woken);
            }
            Err(AppError::Refused(why))
        }
    }
}

async fn snooze(
    store: &dyn Store,
    request: &VerdictRequest,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<VerdictOutcome, AppError> {
    if until <= now {
        return Err(AppError::Refused("a snooze must end in the future".into()));
    }
    if store.snooze(&request.lead_id, until, &request.manager, now).await? {
        Ok(VerdictOutcome::Snoozed { until })
    } else {
        Err(AppError::Refused("only a lead that waits in a lane can be snoozed".into()))
    }
}

fn open(detail: &LeadDetail) -> Result<(), AppError> {
    let why = match detail.record.state {
        LeadState::InLane => return Ok(()),
        LeadState::Pending => match &detail.hold {
            Some(hold) => {
                let until = hold.closes_at.format("%H:%M:%S");
                format!("is held until {until} UTC, to be given together with others; try again then")
            }
            None => "is not ranked yet; try again in a moment".to_owned(),
        },
        LeadState::Superseded => "was taken by a person in the CRM, so there is nothing left to decide".to_owned(),
        LeadState::Decided => match detail.decisions.iter().find(|d| d.stands()) {
            Some(Decision { by: DecidedBy::Manager(name), decided_at, .. }) => {
                format!("was already decided by {name} at {} UTC", decided_at.format("%H:%M"))
            }
            _ => "was already decided".to_owned(),
        },
    };
    Err(AppError::Refused(format!("the lead {why}")))
}

fn check_reason(request: &VerdictRequest) -> Result<(), AppError> {
    match &request.rejection {
        None if request.verdict.needs_reason() => {
            Err(AppError::Refused(format!("{} needs a reason code", request.verdict.name())))
        }
        Some(Rejection { code, note })
            if code.code == ReasonCode::O && note.as_deref().is_none_or(|n| n.trim().is_empty()) =>
        {
            Err(AppError::Refused("reason O (other) needs a note".into()))
        }
        _ => Ok(()),
    }
}

/// Who shall own the lead by this verdict.
fn chosen_owner(
    verdict: &Verdict,
    detail: &LeadDetail,
    recommendation: &Recommendation,
    roster: &Roster,
) -> Result<Owner, AppError> {
    match verdict {
        Verdict::Undo | Verdict::Backfill { .. } => {
            Err(AppError::Refused(format!("{} is no verdict on one lead", verdict.name())))
        }
        Verdict::Approve | Verdict::Snooze { .. } => Ok(recommendation.route.owner()),
        Verdict::KeepLegacy => Ok(detail.record.legacy.owner.clone()),
        Verdict::Override { rep } => match roster.rep(rep) {
            Some(r) if r.active => Ok(Owner::Rep(rep.clone())),
            Some(r) => Err(AppError::Refused(format!("{} is inactive in the CRM and cannot own leads", r.name))),
            None => Err(AppError::Refused(format!("there is no rep {rep}; `leadboard lead show` lists the pool"))),
        },
        Verdict::Reroute { queue } if roster.queue(queue).is_some() => Ok(Owner::Queue(queue.clone())),
        Verdict::Reroute { queue } => {
            let names: Vec<&str> = roster.queues.iter().map(|q| q.key.as_str()).collect();
            Err(AppError::Refused(format!(
                "there is no queue {queue} that takes leads; there are: {}",
                names.join(", ")
            )))
        }
    }
}

/// The same decision always has the same key, after any crash or restored backup; two decisions never share one.
pub(super) fn decision_key(org: &OrgId, lead: &LeadId, decisions_made: u32) -> DecisionKey {
    let text = format!("leadboard decision 1\n{org}\n{lead}\n{decisions_made}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    DecisionKey::new(hex(&hash.as_ref()[..20]))
}

fn effect(
    decision: &Decision,
    manager: &str,
    detail: &LeadDetail,
    roster: &Roster,
    (settings, contact_due): (&Settings, Option<DateTime<Utc>>),
) -> DecisionWrite {
    let lead = &detail.record.lead;
    let reason = reason_text(decision, detail, roster, manager);
    let urgent = detail.path.as_ref().is_some_and(|path| path.heat.is_hot());
    let source = (decision.verdict != Verdict::KeepLegacy).then(|| source(detail.path.as_ref(), lead)).flatten();
    // A rep who keeps what they already had needs no task about it, unless it cannot wait.
    let wanted = urgent || decision.verdict != Verdict::KeepLegacy;
    let task = contact_due.filter(|_| wanted).map(|due_at| TaskWrite {
        subject: task_subject(&lead.company, urgent, settings),
        description: task_text(&reason, decision, detail),
        due_at,
    });
    DecisionWrite {
        key: decision.key.clone(),
        trace_id: decision.trace_id,
        lead_id: lead.id.clone(),
        expected_owner: lead.owner.clone(),
        expected_modified_at: lead.modified_at,
        owner: decision.owner.clone(),
        ai_assigned: decision.owner.rep().is_some() && decision.owner == decision.recommendation.route.owner(),
        reason,
        reason_code: decision
            .rejection
            .as_ref()
            .map_or_else(|| decision.recommendation.reason.to_string(), |r| r.code.to_string()),
        verdict: decision.verdict.name().to_owned(),
        p_win: decision.p_win,
        legacy_owner: decision.legacy_owner.clone(),
        model: decision.model_id.as_ref().map_or_else(String::new, ToString::to_string),
        decided_by: manager.to_owned(),
        decided_at: decision.decided_at,
        task,
        source,
        urgent,
        rung: WriteRung::Whole,
        return_reason: lead.form.returned.clone(),
    }
}

fn task_subject(company: &str, urgent: bool, settings: &Settings) -> String {
    let kind = if urgent { "high-intent lead " } else { "" };
    let time = match settings.sla.num_hours() {
        0 => format!("{} minutes", settings.sla.num_minutes().max(1)),
        hours => format!("{hours} hours"),
    };
    format!("Contact {kind}{company} within {time}")
}

/// The source that a partner rule gives a lead, where it has another.
pub(super) fn source(path: Option<&Path>, lead: &Lead) -> Option<SourceWrite> {
    let (to, from) = (path?.source.clone()?, lead.facts.source.clone());
    (from.as_ref() != Some(&to)).then_some(SourceWrite { from, to: Some(to) })
}

/// One or two sentences that answer "why did this rep get this lead?", for the field on the lead.
fn reason_text(decision: &Decision, detail: &LeadDetail, roster: &Roster, manager: &str) -> String {
    let name = owner_name(&decision.owner, roster);
    let verdict = match (&decision.verdict, &decision.rejection) {
        (Verdict::Approve, _) => format!("Approved by {manager}."),
        (_, Some(r)) => {
            let note = r.note.as_deref().filter(|n| !n.trim().is_empty()).map(|n| format!(": {n}")).unwrap_or_default();
            format!("Chosen by {manager}, reason {}{note}.", r.code.title())
        }
        _ => format!("Chosen by {manager}."),
    };
    let place = detail.ranking.as_ref().zip(decision.owner.rep()).and_then(|(ranking, id)| {
        let rep = ranking.of(id)?;
        Some(format!("{name}: {:.1} % to win, rank {} of {}", rep.p_win * 100.0, rep.rank, ranking.pool.eligible.len()))
    });
    let place = place.unwrap_or(name);
    format!("{place}. {verdict} {}", decision.recommendation.explanation)
}

fn task_text(reason: &str, decision: &Decision, detail: &LeadDetail) -> String {
    let mut lines = vec![reason.to_owned()];
    if let Some(track) = decision.owner.rep().and_then(|rep| explain::talk_track(detail, rep)) {
        lines.extend(track.points.iter().map(explain::Point::line));
        lines.extend(track.deals);
        lines.extend(track.ask_first);
    }
    lines.push(format!("Trace {}", decision.trace_id));
    lines.join("\n")
}

pub(super) fn owner_name(owner: &Owner, roster: &Roster) -> String {
    roster.name_of(owner.id()).unwrap_or_else(|| owner.id()).to_owned()
}

/// A new trace id of this moment.
pub(super) fn trace_id(at: DateTime<Utc>) -> TraceId {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    TraceId::new(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, at.timestamp_subsec_nanos())))
}

#[cfg(test)]
mod tests;
