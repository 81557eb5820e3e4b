//! [`DecisionStore`]: decisions taken and taken back. The outbox stands in its own file.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, RowOf, SqlStore, audit, contacts, intake, leads, outbox, rankings, routing};
use crate::app::ports::{DecideOutcome, DecisionStore, EffectResult, NewDecision, StoreError, UndoOutcome};
use crate::app::views::DecisionRow;
use crate::domain::decision::{Decision, WriteState};
use crate::domain::effect::{DecisionWrite, EffectCounts, EffectRow, EffectState, LeasedEffect};
use crate::domain::ids::{LeadId, ModelId, TraceId};
use crate::domain::lead::LeadState;
use crate::domain::verdict::Verdict;
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, actor, decided_by_parts, micros, owner_kind, storable};

#[async_trait]
impl<D: Driver> DecisionStore for SqlStore<D> {
    async fn decide(&self, new: NewDecision) -> Result<DecideOutcome, StoreError> {
        self.again(|| decide(self, &new)).await
    }

    async fn undo(&self, lead: &LeadId, by: &str, at: DateTime<Utc>) -> Result<UndoOutcome, StoreError> {
        self.again(|| undo(self, lead, by, at)).await
    }

    async fn claim_effects(
        &self,
        owner: &str,
        limit: u32,
        lease_until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<Vec<LeasedEffect>, StoreError> {
        self.again(|| outbox::claim(self, owner, limit, lease_until, at)).await
    }

    async fn finish_effect(
        &self,
        effect: &LeasedEffect,
        result: EffectResult,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.again(|| outbox::finish(self, effect, &result, at)).await
    }

    async fn renew_lease(&self, effect: &LeasedEffect, until: DateTime<Utc>) -> Result<bool, StoreError> {
        self.again(|| outbox::renew(self, effect, until)).await
    }

    async fn release_leases(&self) -> Result<u64, StoreError> {
        self.again(|| outbox::release_leases(self)).await
    }

    async fn next_effect_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        outbox::next_at(self).await
    }

    async fn revive_effect(&self, id: i64, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.again(|| outbox::revive(self, id, by, at)).await
    }

    async fn effect_counts(&self) -> Result<EffectCounts, StoreError> {
        outbox::counts(self).await
    }

    async fn effects(&self, states: &[EffectState], limit: u32) -> Result<Vec<EffectRow>, StoreError> {
        outbox::in_states(self, states, limit).await
    }

    async fn decision(&self, trace: TraceId) -> Result<Option<Decision>, StoreError> {
        let row = self.ask_optional(query(sql::decisions::BY_TRACE).bind(trace.to_string())).await?;
        row.as_ref().map(rows::decision).transpose()
    }

    async fn decision_of(&self, lead: &LeadId) -> Result<Option<Decision>, StoreError> {
        let row = self.ask_optional(query(sql::decisions::STANDING_OF_LEAD).bind(lead.as_str())).await?;
        row.as_ref().map(rows::decision).transpose()
    }

    async fn decisions_after(&self, after: Option<TraceId>, limit: u32) -> Result<Vec<DecisionRow>, StoreError> {
        let found = query(sql::decisions::AFTER)
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(limit));
        let row = |row: &RowOf<D>| {
            Ok(DecisionRow { decision: rows::decision(row)?, owner_now: row.owner("now_kind", "now_id")? })
        };
        self.ask(found).await?.iter().map(row).collect()
    }
}

async fn decide<D: Driver>(store: &SqlStore<D>, new: &NewDecision) -> Result<DecideOutcome, StoreError> {
    let decision = &new.decision;
    let mut tx = store.begin().await?;
    let place = match decision.replaces {
        None => open_place(&mut *tx, new).await?,
        Some(old) => place_of(&mut *tx, new, old).await?,
    };
    let Place { ranking, behind } = match place {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let ranking = match &new.ranking {
        None => ranking,
        Some(ranked) => {
            let renewed = rankings::renew(&mut *tx, ranked).await?;
            let Some(id) = renewed else {
                return Ok(DecideOutcome::NotOpen("it changed in the CRM meanwhile".into()));
            };
            Some(id)
        }
    };
    insert(&mut *tx, new, ranking).await?;
    match (&new.effect, behind) {
        (Some(write), None) => outbox::insert(&mut *tx, decision, write).await?,
        (Some(write), Some(effect)) => outbox::follow(&mut *tx, effect, write).await?,
        (None, _) => {}
    }
    let mut details = json!({
        "verdict": decision.verdict.name(),
        "reason": decision.rejection.as_ref().map(|r| r.code),
        "owner": decision.owner,
        "route_reason": decision.recommendation.reason,
        "write": new.effect.is_some(),
    });
    if let Some(old) = decision.replaces {
        details["replaces"] = json!(old);
    }
    if let Verdict::Backfill { run } = decision.verdict {
        details["run"] = json!(run);
    }
    let (at, who, lead) = (decision.decided_at, actor(&decision.by), &decision.lead_id);
    let taken = audit::of_decision(at, who, "decision.taken", lead, decision.trace_id, details);
    audit::append(&mut *tx, &taken).await?;
    store.commit(tx).await?;
    Ok(DecideOutcome::Taken)
}

async fn undo<D: Driver>(
    store: &SqlStore<D>,
    lead: &LeadId,
    by: &str,
    at: DateTime<Utc>,
) -> Result<UndoOutcome, StoreError> {
    let mut tx = store.begin().await?;
    leads::lock(&mut *tx, [lead]).await?;
    let Some(mut decision) = standing(&mut *tx, lead).await? else {
        return Ok(UndoOutcome::TooLate("there is no decision to take back".into()));
    };
    match free_to_undo(&mut *tx, &decision, at).await? {
        Free::Yes => {}
        Free::Sent(write) => return Ok(UndoOutcome::Sent(Box::new((decision, *write)))),
        Free::No(why) => return Ok(UndoOutcome::TooLate(why)),
    }
    let trace = decision.trace_id.to_string();
    routing::unbook_share(&mut *tx, &trace).await?;
    query(sql::decisions::UNDO).bind(&trace).bind(micros(at)).execute(&mut *tx).await?;
    query(sql::decisions::FEEDBACK_RETRACT).bind(&trace).bind(micros(at)).execute(&mut *tx).await?;
    let undone = audit::of_decision(at, by, "decision.undone", lead, decision.trace_id, json!({}));
    audit::append(&mut *tx, &undone).await?;
    if let Some(before) = decision.replaces {
        query(sql::decisions::REINSTATE).bind(before.to_string()).execute(&mut *tx).await?;
        routing::book_share(&mut *tx, &before.to_string()).await?;
        let details = json!({ "was_replaced_by": decision.trace_id });
        let stands = audit::of_decision(at, by, "decision.reinstated", lead, before, details);
        audit::append(&mut *tx, &stands).await?;
    } else {
        query(sql::decisions::LEAD_REOPEN).bind(lead.as_str()).execute(&mut *tx).await?;
        // The next decision would overrule whoever took it while it was decided.
        intake::supersede_if_taken(&mut *tx, lead, "when the decision was taken back", at).await?;
    }
    store.commit(tx).await?;
    decision.undone_at = Some(values::time(micros(at))?);
    decision.write = WriteState::Undone;
    Ok(UndoOutcome::Undone(Box::new(decision)))
}

/// Where a decision may be put.
struct Place {
    /// The ranking it rests on.
    ranking: Option<i64>,
    /// The effect after which its write must wait.
    behind: Option<i64>,
}

/// Takes the place of an open lead, if it is free.
async fn open_place(conn: &mut impl Session, new: &NewDecision) -> Result<Result<Place, DecideOutcome>, StoreError> {
    let guard = query(sql::decisions::LEAD_DECIDE)
        .bind(new.decision.lead_id.as_str())
        .bind(i64::from(new.expected_decisions))
        .optional(conn)
        .await?;
    match guard {
        Some(lead) => Ok(Ok(Place { ranking: lead.int_opt("ranking_id")?, behind: None })),
        None => not_open(conn, &new.decision).await.map(Err),
    }
}

/// Takes the place of a decision that stands, if what it wrote is known, or is to be put back as soon as it is.
async fn place_of(
    conn: &mut impl Session,
    new: &NewDecision,
    old: TraceId,
) -> Result<Result<Place, DecideOutcome>, StoreError> {
    let (decision, puts_back) = (&new.decision, new.decision.verdict == Verdict::Undo);
    leads::lock(conn, [&decision.lead_id]).await?;
    let trace = old.to_string();
    let guard = query(sql::decisions::LEAD_DECIDE_ANEW)
        .bind(decision.lead_id.as_str())
        .bind(i64::from(new.expected_decisions))
        .bind(&trace);
    if guard.optional(conn).await?.is_none() {
        return not_open(conn, decision).await.map(Err);
    }
    let effect = query(sql::outbox::OF_DECISION).bind(&trace).optional(conn).await?;
    let Some(effect) = effect else {
        return Ok(Err(DecideOutcome::NotOpen("the decision before it was never to be written".into())));
    };
    let behind = match effect.word("state")? {
        EffectState::Done => None,
        EffectState::Ready | EffectState::Leased if puts_back && effect.int("lease_token")? > 0 => {
            Some(effect.int("id")?)
        }
        EffectState::Ready | EffectState::Leased => {
            return Ok(Err(DecideOutcome::NotOpen("the decision before it is not written yet".into())));
        }
        state @ (EffectState::Superseded | EffectState::Cancelled | EffectState::Dead) => {
            return Ok(Err(DecideOutcome::NotOpen(format!("the write of the decision before it is {state}"))));
        }
    };
    let (at, who) = (decision.decided_at, actor(&decision.by));
    routing::unbook_share(conn, &trace).await?;
    query(sql::decisions::CLOSE).bind(&trace).bind(micros(at)).execute(conn).await?;
    if puts_back {
        query(sql::decisions::FEEDBACK_RETRACT).bind(&trace).bind(micros(at)).execute(conn).await?;
    }
    let what = if puts_back { "decision.put_back" } else { "decision.replaced" };
    let details = json!({ "by": decision.trace_id });
    audit::append(conn, &audit::of_decision(at, who, what, &decision.lead_id, old, details)).await?;
    let ranking = query(sql::decisions::RANKING_OF).bind(&trace).one(conn).await?.int_opt("ranking_id")?;
    Ok(Ok(Place { ranking, behind }))
}

/// The standing decision of a lead.
pub(super) async fn standing(conn: &mut impl Session, lead: &LeadId) -> Result<Option<Decision>, StoreError> {
    let row = query(sql::decisions::STANDING_OF_LEAD).bind(lead.as_str()).optional(conn).await?;
    row.as_ref().map(rows::decision).transpose()
}

/// The decision and its feedback.
async fn insert(conn: &mut impl Session, new: &NewDecision, ranking_id: Option<i64>) -> Result<(), StoreError> {
    let decision = &new.decision;
    let (by_kind, by_name) = decided_by_parts(&decision.by);
    let rejection_code = decision.rejection.as_ref().map(|r| r.code.to_string());
    let write = if new.effect.is_some() { WriteState::Waiting } else { WriteState::NotWanted };
    let insert = query(sql::decisions::INSERT)
        .bind(decision.trace_id.to_string())
        .bind(decision.key.as_str())
        .bind(decision.lead_id.as_str())
        .bind(ranking_id)
        .bind(by_kind)
        .bind(by_name.map(storable))
        .bind(values::json(&decision.verdict)?)
        .bind(&rejection_code)
        .bind(decision.rejection.as_ref().and_then(|r| r.note.as_deref()).map(storable))
        .bind(owner_kind(&decision.owner))
        .bind(decision.owner.id())
        .bind(owner_kind(&decision.legacy_owner))
        .bind(decision.legacy_owner.id())
        .bind(values::json(&decision.recommendation)?)
        .bind(decision.p_win)
        .bind(decision.model_id.as_ref().map(ModelId::as_str))
        .bind(micros(decision.decided_at))
        .bind(micros(decision.grace_until))
        .bind(write.to_string())
        .bind(decision.replaces.map(|old| old.to_string()))
        .bind(new.share.as_ref().map(values::json).transpose()?);
    insert.execute(conn).await?;
    routing::book_share(conn, &decision.trace_id.to_string()).await?;
    contacts::owe(conn, new).await?;
    let Some(feedback) = &new.feedback else { return Ok(()) };
    let feedback = query(sql::decisions::FEEDBACK_INSERT)
        .bind(decision.trace_id.to_string())
        .bind(decision.lead_id.as_str())
        .bind(decision.verdict.name())
        .bind(&rejection_code)
        .bind(values::json(feedback)?)
        .bind(micros(decision.decided_at));
    feedback.execute(conn).await.map(drop)
}

/// Why a decision came too late, in words.
async fn not_open(conn: &mut impl Session, wanted: &Decision) -> Result<DecideOutcome, StoreError> {
    let lead = &wanted.lead_id;
    let standing = standing(conn, lead).await?;
    // The same decision again, from a caller that did not hear our answer the first time.
    if standing.as_ref().is_some_and(|d| d.trace_id == wanted.trace_id) {
        return Ok(DecideOutcome::Taken);
    }
    let row = query(sql::leads::STANDING).bind(lead.as_str()).optional(conn).await?;
    let Some(row) = row else {
        return Ok(DecideOutcome::NotOpen(format!("lead {lead} is not known here")));
    };
    let why = match row.word::<LeadState>("state")? {
        LeadState::Decided => match standing {
            Some(d) => format!("already decided by {} at {}", actor(&d.by), clock(d.decided_at, wanted.decided_at)),
            None => "already decided".into(),
        },
        LeadState::Superseded => superseded(row.text_opt("superseded_why")?),
        LeadState::Pending if row.int_opt("ranked_at")?.is_some() => {
            "it changed in the CRM and is being ranked again; look again in a moment".into()
        }
        LeadState::Pending => "it is not ranked yet; look again in a moment".into(),
        LeadState::InLane => "somebody decided on it and took that back meanwhile; look again".into(),
    };
    Ok(DecideOutcome::NotOpen(why))
}

/// Whether a decision may still be taken back for nothing.
enum Free {
    /// It may; its effect is cancelled.
    Yes,
    /// Its write was handed out: this is what is or may be in the CRM.
    Sent(Box<DecisionWrite>),
    /// No; why, in words.
    No(String),
}

/// Whether a decision may still be taken back, and if so, its effect is cancelled. Else why not.
///
/// The lease token tells whether the effect was ever handed out. The count of attempts does not: a try that does not
/// count is given back, although the write may have been on its way.
async fn free_to_undo(conn: &mut impl Session, decision: &Decision, at: DateTime<Utc>) -> Result<Free, StoreError> {
    if decision.verdict == Verdict::Undo {
        return Ok(Free::No(match decision.write {
            WriteState::Written => "it was taken back, and somebody took the lead right after".into(),
            WriteState::Superseded => "it was to be taken back, but somebody took the lead first".into(),
            _ => format!(
                "{} takes it back already; the lead is open again as soon as that is written",
                actor(&decision.by)
            ),
        }));
    }
    match decision.write {
        WriteState::NotWanted if at <= decision.grace_until => return Ok(Free::Yes),
        WriteState::NotWanted => {
            return Ok(Free::No(format!("the time to take it back ended at {}", clock(decision.grace_until, at))));
        }
        WriteState::Superseded => {
            let row = query(sql::leads::STANDING).bind(decision.lead_id.as_str()).one(conn).await?;
            return Ok(Free::No(superseded(row.text_opt("superseded_why")?)));
        }
        WriteState::Failed => {
            return Ok(Free::No("writing it failed, and nobody knows how far it came; see the sync screen".into()));
        }
        WriteState::Undone => return Ok(Free::No("it was taken back before".into())),
        WriteState::Waiting | WriteState::Written => {}
    }
    let effect = query(sql::outbox::OF_DECISION).bind(decision.trace_id.to_string()).one(conn).await?;
    let write: DecisionWrite = values::from_json(&effect.text("payload")?, "write of an effect")?;
    let cancel = query(sql::outbox::CANCEL).bind(effect.int("id")?).bind(micros(at));
    if cancel.execute(conn).await? > 0 {
        return Ok(Free::Yes);
    }
    Ok(Free::Sent(Box::new(write)))
}

fn superseded(why: Option<String>) -> String {
    why.map_or_else(|| "superseded".into(), |why| format!("superseded: {why}"))
}

/// A time as told in a sentence; with its date when that is another day than `now`.
fn clock(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let format = if at.date_naive() == now.date_naive() { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.format(format).to_string()
}
