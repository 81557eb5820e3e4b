//! [`DecisionStore`]: decisions taken and taken back. The outbox stands in its own file.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, RowOf, SqlStore, audit, intake, leads, outbox};
use crate::app::ports::{DecideOutcome, DecisionStore, EffectResult, NewDecision, StoreError, UndoOutcome};
use crate::app::views::DecisionRow;
use crate::domain::decision::{Decision, WriteState};
use crate::domain::effect::{EffectCounts, EffectRow, EffectState, LeasedEffect};
use crate::domain::ids::{LeadId, ModelId, TraceId};
use crate::domain::lead::LeadState;
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
    let guard = query(sql::decisions::LEAD_DECIDE)
        .bind(decision.lead_id.as_str())
        .bind(i64::from(new.expected_decisions))
        .optional(&mut *tx)
        .await?;
    let Some(lead) = guard else { return not_open(&mut *tx, decision).await };
    insert(&mut *tx, new, lead.int_opt("ranking_id")?).await?;
    if let Some(write) = &new.effect {
        outbox::insert(&mut *tx, decision, write).await?;
    }
    let details = json!({
        "verdict": decision.verdict.name(),
        "reason": decision.rejection.as_ref().map(|r| r.code),
        "owner": decision.owner,
        "route_reason": decision.recommendation.reason,
        "write": new.effect.is_some(),
    });
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
    if let Err(why) = free_to_undo(&mut *tx, &decision, at).await? {
        return Ok(UndoOutcome::TooLate(why));
    }
    let trace = decision.trace_id.to_string();
    query(sql::decisions::UNDO).bind(&trace).bind(micros(at)).execute(&mut *tx).await?;
    query(sql::decisions::FEEDBACK_RETRACT).bind(&trace).bind(micros(at)).execute(&mut *tx).await?;
    query(sql::decisions::LEAD_REOPEN).bind(lead.as_str()).execute(&mut *tx).await?;
    let undone = audit::of_decision(at, by, "decision.undone", lead, decision.trace_id, json!({}));
    audit::append(&mut *tx, &undone).await?;
    // The next decision would overrule whoever took it while it was decided.
    intake::supersede_if_taken(&mut *tx, lead, "when the decision was taken back", at).await?;
    store.commit(tx).await?;
    decision.undone_at = Some(values::time(micros(at))?);
    decision.write = WriteState::Undone;
    Ok(UndoOutcome::Undone(Box::new(decision)))
}

/// The standing decision of a lead.
async fn standing(conn: &mut impl Session, lead: &LeadId) -> Result<Option<Decision>, StoreError> {
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
        .bind(write.to_string());
    insert.execute(conn).await?;
    let feedback = query(sql::decisions::FEEDBACK_INSERT)
        .bind(decision.trace_id.to_string())
        .bind(decision.lead_id.as_str())
        .bind(decision.verdict.name())
        .bind(&rejection_code)
        .bind(values::json(&new.feedback)?)
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

/// Whether a decision may still be taken back, and if so, its effect is cancelled. Else why not.
///
/// The lease token tells whether the effect was ever handed out. The count of attempts does not: a try that does not
/// count is given back, although the write may have been on its way.
async fn free_to_undo(
    conn: &mut impl Session,
    decision: &Decision,
    at: DateTime<Utc>,
) -> Result<Result<(), String>, StoreError> {
    match decision.write {
        WriteState::NotWanted if at <= decision.grace_until => return Ok(Ok(())),
        WriteState::NotWanted => {
            return Ok(Err(format!("the time to take it back ended at {}", clock(decision.grace_until, at))));
        }
        WriteState::Written => return Ok(Err("it is already in the CRM".into())),
        WriteState::Superseded => {
            let row = query(sql::leads::STANDING).bind(decision.lead_id.as_str()).one(conn).await?;
            return Ok(Err(superseded(row.text_opt("superseded_why")?)));
        }
        WriteState::Failed => {
            return Ok(Err("writing it failed, and nobody knows how far it came; see the sync screen".into()));
        }
        WriteState::Undone => return Ok(Err("it was taken back before".into())),
        WriteState::Waiting => {}
    }
    let effect = query(sql::outbox::OF_DECISION).bind(decision.trace_id.to_string()).one(conn).await?;
    let cancel = query(sql::outbox::CANCEL).bind(effect.int("id")?).bind(micros(at));
    if cancel.execute(conn).await? > 0 {
        return Ok(Ok(()));
    }
    Ok(Err(match effect.word("state")? {
        EffectState::Leased => "it is being written to the CRM".into(),
        _ => "it was tried already and may have reached the CRM; it will be tried again".into(),
    }))
}

fn superseded(why: Option<String>) -> String {
    why.map_or_else(|| "superseded".into(), |why| format!("superseded: {why}"))
}

/// A time as told in a sentence; with its date when that is another day than `now`.
fn clock(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let format = if at.date_naive() == now.date_naive() { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.format(format).to_string()
}
