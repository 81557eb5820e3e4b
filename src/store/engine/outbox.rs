//! The outbox: writes owed to the CRM until they are known to have happened.
//!
//! A sender that dies leaves a lease that runs out, and the effect is handed out again the ordinary way: there is no
//! recovery code. A sender that was only believed dead holds an old token, with which it cannot finish anything.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit, leads, returned, routing, stop};
use crate::app::ports::{EffectResult, StoreError};
use crate::domain::decision::{Decision, WriteState};
use crate::domain::effect::{DecisionWrite, EffectCounts, EffectRow, EffectState, LeasedEffect};
use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, WORKER, count, micros, owner_kind, storable};

/// Owes the CRM the write of a decision, from the end of its grace period on.
pub(super) async fn insert(
    conn: &mut impl Session,
    decision: &Decision,
    write: &DecisionWrite,
) -> Result<(), StoreError> {
    if write.key != decision.key || write.lead_id != decision.lead_id || write.trace_id != decision.trace_id {
        return Err(StoreError::Corrupt(format!("the write of decision {} is of another decision", decision.trace_id)));
    }
    put(conn, write, decision.grace_until, decision.decided_at).await
}

async fn put(
    conn: &mut impl Session,
    write: &DecisionWrite,
    not_before: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let insert = query(sql::outbox::INSERT)
        .bind(write.key.as_str())
        .bind(write.trace_id.to_string())
        .bind(write.lead_id.as_str())
        .bind(values::json(write)?)
        .bind(micros(not_before))
        .bind(micros(at))
        .bind(i64::from(write.urgent));
    insert.execute(conn).await.map(drop)
}

/// Owes the CRM a write as soon as an effect on the same lead that was handed out is known to have happened.
pub(super) async fn follow(conn: &mut impl Session, effect: i64, write: &DecisionWrite) -> Result<(), StoreError> {
    let follow = query(sql::outbox::FOLLOW).bind(effect).bind(values::json(write)?);
    follow.execute(conn).await.map(drop)
}

/// How long a write that puts back waits after the one that it puts back.
const APART: Duration = Duration::milliseconds(1_500);

pub(super) async fn claim<D: Driver>(
    store: &SqlStore<D>,
    owner: &str,
    limit: u32,
    lease_until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Vec<LeasedEffect>, StoreError> {
    let mut tx = store.begin().await?;
    if stop::is_on(&mut *tx).await? {
        store.rollback(tx).await?;
        return Ok(Vec::new());
    }
    let mut claimed = Vec::new();
    for statement in [sql::outbox::CLAIM_URGENT, sql::outbox::CLAIM] {
        let left = i64::from(limit) - claimed.len() as i64;
        let claim = query(statement).bind(owner).bind(micros(lease_until)).bind(micros(at)).bind(left);
        claimed.extend(claim.all(&mut *tx).await?);
    }
    if claimed.is_empty() {
        store.rollback(tx).await?;
        return Ok(Vec::new());
    }
    let mut effects = claimed.iter().map(rows::leased_effect).collect::<Result<Vec<_>, _>>()?;
    store.commit(tx).await?;
    // The statement gives them in no promised order.
    effects.sort_by_key(|effect| (!effect.write.urgent, effect.id));
    Ok(effects)
}

/// What an end means for the outbox, the decision and the lead.
struct End {
    effect: EffectState,
    decision: WriteState,
    what: &'static str,
    error: Option<String>,
    not_before: Option<DateTime<Utc>>,
    give_back: bool,
}

impl End {
    fn of(effect: &LeasedEffect, result: &EffectResult, at: DateTime<Utc>) -> Self {
        let end =
            |effect, decision, what| Self { effect, decision, what, error: None, not_before: None, give_back: false };
        match result {
            EffectResult::Done { owner_after: Some(owner), .. } if *owner != effect.write.owner => Self {
                error: Some(format!("overridden: the CRM's own automation gave the lead to {}", owner.id())),
                ..end(EffectState::Done, WriteState::Written, "effect.overridden")
            },
            EffectResult::Done { .. } => end(EffectState::Done, WriteState::Written, "effect.done"),
            EffectResult::Superseded(why) => Self {
                error: Some(storable(why)),
                ..end(EffectState::Superseded, WriteState::Superseded, "effect.superseded")
            },
            EffectResult::Retry { not_before, error, counts } => Self {
                error: Some(storable(error)),
                not_before: Some(*not_before),
                give_back: !counts,
                ..end(EffectState::Ready, WriteState::Waiting, "effect.retry")
            },
            EffectResult::Degrade { write, why } => Self {
                error: Some(storable(&format!("{}: {why}", write.rung))),
                not_before: Some(at),
                give_back: true,
                ..end(EffectState::Ready, WriteState::Waiting, "effect.degraded")
            },
            EffectResult::Dead(error) => {
                Self { error: Some(storable(error)), ..end(EffectState::Dead, WriteState::Failed, "effect.dead") }
            }
        }
    }
}

pub(super) async fn finish<D: Driver>(
    store: &SqlStore<D>,
    effect: &LeasedEffect,
    result: &EffectResult,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let end = End::of(effect, result, at);
    let changed = match result {
        EffectResult::Degrade { write, .. } => Some(values::json(write)?),
        _ => None,
    };
    let mut tx = store.begin().await?;
    leads::lock(&mut *tx, [&effect.write.lead_id]).await?;
    let settled = query(sql::outbox::SETTLE)
        .bind(effect.id)
        .bind(effect.token)
        .bind(end.effect.to_string())
        .bind(i64::from(end.give_back))
        .bind(end.not_before.map(micros))
        .bind(&end.error)
        .bind((end.effect != EffectState::Ready).then(|| micros(at)))
        .bind(changed)
        .optional(&mut *tx)
        .await?;
    let Some(settled) = settled else { return Ok(false) };
    let (trace, lead) = (settled.text("trace_id")?, LeadId::new(settled.text("lead_id")?));
    let write_state = query(sql::decisions::WRITE_STATE).bind(&trace).bind(end.decision.to_string());
    write_state.execute(&mut *tx).await?;

    let read_since = matches!(result, EffectResult::Done { .. }) && read_since(&mut *tx, effect).await?;
    // Facts only: what the CRM says in words may name people, and stays in the outbox.
    let mut details = json!({ "effect": effect.id, "attempts": settled.int("attempts")? });
    match result {
        EffectResult::Done { owner_after, stamps, source } => {
            if owner_after.is_some() || stamps.is_some() {
                let written = query(sql::outbox::LEAD_WRITTEN)
                    .bind(lead.as_str())
                    .bind(owner_after.as_ref().map(owner_kind))
                    .bind(owner_after.as_ref().map(Owner::id))
                    .bind(stamps.map(|(modified_at, _)| micros(modified_at)))
                    .bind(stamps.map(|(_, modstamp)| micros(modstamp)));
                written.execute(&mut *tx).await?;
            }
            details["owner"] = json!(owner_after);
            details["rung"] = json!(effect.write.rung);
            if let Some(set) = &effect.write.source {
                details["source"] = json!({ "from": set.from, "to": set.to, "after": source });
            }
            if end.what == "effect.overridden" {
                details["decided"] = json!(effect.write.owner);
                // Nobody is charged for a lead that the CRM's automation took from them at once.
                routing::unbook_share(&mut *tx, &trace).await?;
            }
        }
        EffectResult::Degrade { write, why } => {
            if write.owner != effect.write.owner {
                // It goes to a queue instead.
                routing::unbook_share(&mut *tx, &trace).await?;
            }
            details["rung"] = json!(write.rung);
            details["owner"] = json!(write.owner);
            details["code"] = json!(code(why));
        }
        EffectResult::Superseded(_) => {
            let superseded = query(sql::outbox::LEAD_SUPERSEDED).bind(lead.as_str()).bind(&end.error);
            superseded.execute(&mut *tx).await?;
            // The rep did not get it from us.
            routing::unbook_share(&mut *tx, &trace).await?;
        }
        EffectResult::Retry { not_before, counts, .. } => {
            details["not_before"] = json!(not_before);
            details["counts"] = json!(counts);
        }
        EffectResult::Dead(_) => {}
    }
    let trace = settled.word("trace_id")?;
    audit::append(&mut *tx, &audit::of_decision(at, WORKER, end.what, &lead, trace, details)).await?;
    let next = settled.text_opt("followed_by")?;
    let next: Option<DecisionWrite> = next.map(|text| values::from_json(&text, "write of an effect")).transpose()?;
    match (result, next) {
        (EffectResult::Done { stamps, .. }, Some(next)) => {
            release(&mut *tx, effect, next, stamps.map(|(modified_at, _)| modified_at), at).await?;
        }
        // Nothing was written, so there is nothing to put back.
        (EffectResult::Superseded(_), Some(next)) => {
            let (trace, superseded) = (next.trace_id.to_string(), WriteState::Superseded.to_string());
            query(sql::decisions::WRITE_STATE).bind(trace).bind(superseded).execute(&mut *tx).await?;
            let details = json!({ "with_effect": effect.id });
            let event = audit::of_decision(at, WORKER, end.what, &lead, next.trace_id, details);
            audit::append(&mut *tx, &event).await?;
        }
        (EffectResult::Done { .. }, None) if effect.write.puts_back() => {
            open_again(&mut *tx, effect, at).await?;
        }
        // It was polled before we knew that the write had happened, and the rep may have been fast.
        (EffectResult::Done { .. }, None) if read_since => {
            returned::take_back(&mut *tx, &lead, effect.write.return_reason.as_deref(), at).await?;
        }
        _ => {}
    }
    store.commit(tx).await?;
    Ok(true)
}

/// Whether what is stored of the lead may be a reading of after a write that has just become known: it has the owner that
/// was written.
async fn read_since(conn: &mut impl Session, done: &LeasedEffect) -> Result<bool, StoreError> {
    let row = query(sql::leads::BY_ID).bind(done.write.lead_id.as_str()).one(conn).await?;
    Ok(row.owner("owner_kind", "owner_id")? == done.write.owner)
}

/// The write that waited for this one: it may go now, and takes the lead from the owner that this one gave it to.
async fn release(
    conn: &mut impl Session,
    done: &LeasedEffect,
    next: DecisionWrite,
    modified_at: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let expected_modified_at = match modified_at {
        Some(modified_at) => modified_at,
        None => query(sql::leads::BY_ID).bind(next.lead_id.as_str()).one(conn).await?.time("modified_at")?,
    };
    let next = DecisionWrite { expected_owner: done.write.owner.clone(), expected_modified_at, ..next };
    // See `app::decide` for why it waits: its stamp must be another one.
    put(conn, &next, at + APART, at).await
}

/// A lead that was put back is open again, unless somebody has it by now who was not given it by us.
async fn open_again(conn: &mut impl Session, done: &LeasedEffect, at: DateTime<Utc>) -> Result<(), StoreError> {
    let DecisionWrite { lead_id, owner, trace_id, .. } = &done.write;
    let open = query(sql::decisions::LEAD_OPEN_AGAIN).bind(lead_id.as_str()).bind(owner_kind(owner)).bind(owner.id());
    if open.execute(conn).await? > 0 {
        let close = query(sql::decisions::CLOSE).bind(trace_id.to_string()).bind(micros(at));
        close.execute(conn).await?;
        let event = audit::of_lead(at, WORKER, "lead.reopened", lead_id, json!({ "owner": owner }));
        return audit::append(conn, &event).await;
    }
    let why = "somebody took or finished it in the CRM when it was put back";
    query(sql::outbox::LEAD_SUPERSEDED).bind(lead_id.as_str()).bind(why).execute(conn).await?;
    let details = json!({ "found": "when it was put back" });
    audit::append(conn, &audit::of_lead(at, WORKER, "lead.superseded", lead_id, details)).await
}

/// The error code that a refusal in words names, if it does: capitals with an underscore between them.
fn code(why: &str) -> Option<&str> {
    let is_code = |word: &&str| word.contains('_') && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    why.split(|c: char| !c.is_ascii_alphabetic() && c != '_').find(is_code)
}

/// Makes a lease last longer. False if it was lost.
pub(super) async fn renew<D: Driver>(
    store: &SqlStore<D>,
    effect: &LeasedEffect,
    until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let renew = query(sql::outbox::RENEW).bind(effect.id).bind(effect.token).bind(micros(until));
    let mut tx = store.begin().await?;
    let held = renew.execute(&mut *tx).await? > 0;
    // Not told as news: nothing is seen of it.
    tx.commit().await.map_err(D::commit_error)?;
    Ok(held)
}

pub(super) async fn release_leases<D: Driver>(store: &SqlStore<D>) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let released = query(sql::outbox::RELEASE_ALL).execute(&mut *tx).await?;
    if released > 0 {
        store.commit(tx).await?;
    } else {
        store.rollback(tx).await?;
    }
    Ok(released)
}

pub(super) async fn next_at<D: Driver>(store: &SqlStore<D>) -> Result<Option<DateTime<Utc>>, StoreError> {
    store.ask_one(query(sql::outbox::NEXT_AT)).await?.time_opt("at")
}

pub(super) async fn revive<D: Driver>(
    store: &SqlStore<D>,
    id: i64,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let revived = query(sql::outbox::REVIVE).bind(id).bind(micros(at)).optional(&mut *tx).await?;
    let Some(revived) = revived else { return Ok(false) };
    let (trace, lead) = (revived.text("trace_id")?, LeadId::new(revived.text("lead_id")?));
    let waiting = query(sql::decisions::WRITE_STATE).bind(&trace).bind(WriteState::Waiting.to_string());
    waiting.execute(&mut *tx).await?;
    let trace = revived.word("trace_id")?;
    let event = audit::of_decision(at, by, "effect.revived", &lead, trace, json!({ "effect": id }));
    audit::append(&mut *tx, &event).await?;
    store.commit(tx).await?;
    Ok(true)
}

pub(super) async fn counts<D: Driver>(store: &SqlStore<D>) -> Result<EffectCounts, StoreError> {
    let found = store.ask(query(sql::outbox::COUNTS)).await?;
    let mut counts = EffectCounts::default();
    for row in &found {
        let n = count(row.int("n")?)?;
        match row.word("state")? {
            EffectState::Ready | EffectState::Leased => counts.pending += n,
            EffectState::Done => counts.sent += n,
            EffectState::Superseded => counts.superseded += n,
            EffectState::Cancelled => counts.cancelled += n,
            EffectState::Dead => counts.failed += n,
        }
    }
    Ok(counts)
}

pub(super) async fn in_states<D: Driver>(
    store: &SqlStore<D>,
    states: &[EffectState],
    limit: u32,
) -> Result<Vec<EffectRow>, StoreError> {
    let mut wanted = states.to_vec();
    wanted.sort_unstable_by_key(EffectState::to_string);
    wanted.dedup();
    let mut tx = store.read().await?;
    let mut effects = Vec::new();
    for state in wanted {
        let found = query(sql::outbox::IN_STATE).bind(state.to_string()).bind(i64::from(limit)).all(&mut *tx).await?;
        effects.extend(found.iter().map(rows::effect_row).collect::<Result<Vec<_>, _>>()?);
    }
    effects.sort_unstable_by_key(|effect| std::cmp::Reverse(effect.id));
    effects.truncate(limit as usize);
    Ok(effects)
}
