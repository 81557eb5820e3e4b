//! Sending: effects from the outbox to the CRM, each until it is known to have happened.

use chrono::{DateTime, Duration, Utc};
use futures::stream::{self, StreamExt};

use super::ports::{Clock, Crm, CrmError, EffectResult, Store, WriteOutcome};
use super::{AppError, stop};
use crate::domain::effect::{DecisionWrite, LeasedEffect};
use crate::domain::ids::QueueId;

/// How long an effect stays in the hands of a sender of which nothing is heard: after that another one takes over, which
/// is harmless if the first is only slow, because the write is found by its key.
const LEASE: Duration = Duration::seconds(15);
/// How often a sender is heard of, however long its call takes.
const RENEWAL: std::time::Duration = std::time::Duration::from_secs(4);
/// Effects in flight at once. Few, because the CRM locks records and its parallelism is limited.
const PARALLEL: usize = 4;
/// Tries after which a person must look. With the backoff below that is some hours.
const MAX_ATTEMPTS: u32 = 20;

/// What one round of sending did.
#[derive(Clone, Debug, Default)]
pub struct SendReport {
    /// Effects handed out.
    pub tried: u32,
    /// Effects now known to have happened.
    pub done: u32,
    /// The first fault of the CRM itself, which the next effect would meet as well. One lead's own trouble (a locked row, a
    /// write that can never work) is none: it waits, or ends, alone.
    pub fault: Option<CrmError>,
}

/// Sends what is due, once, unless all writing is stopped. `default_queue` is the stable name of the queue that gets a lead whose chosen owner cannot own
/// it.
pub async fn send_due(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    sender: &str,
    default_queue: &str,
) -> Result<SendReport, AppError> {
    stop::refuse_if_stopped(store).await?;
    let now = clock.now();
    let effects = store.claim_effects(sender, PARALLEL as u32, now + LEASE, now).await?;
    let tried = effects.len() as u32;
    let results: Vec<Result<(bool, Option<CrmError>), AppError>> = stream::iter(effects)
        .map(|effect| send_one(crm, store, clock, default_queue, effect))
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    let mut report = SendReport { tried, ..SendReport::default() };
    for result in results {
        let (done, fault) = result?;
        report.done += u32::from(done);
        report.fault = report.fault.or(fault);
    }
    Ok(report)
}

async fn send_one(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    default_queue: &str,
    effect: LeasedEffect,
) -> Result<(bool, Option<CrmError>), AppError> {
    // It may have been stopped since the effect was handed out.
    if let Some(stop) = store.stopped().await? {
        let now = clock.now();
        let held = EffectResult::Retry { not_before: now, error: stop.to_string(), counts: false };
        store.finish_effect(&effect, held, now).await?;
        return Ok((false, None));
    }
    let answer = holding(store, clock, &effect, apply(crm, &effect.write)).await;
    let now = clock.now();
    let fault = answer.as_ref().err().filter(|error| !error.is_of_one_record()).cloned();
    let queue = match &answer {
        Ok(WriteOutcome::BadAssignee { .. }) => store.roster().await?.queue_by_key(default_queue).map(|q| q.id.clone()),
        _ => None,
    };
    let result = judge(answer, &effect.write, queue, effect.attempt, now);
    let done = matches!(result, EffectResult::Done { .. });
    // A lost lease means that another sender took over; it will find the write by its key.
    let held = store.finish_effect(&effect, result, now).await?;
    Ok((done && held, fault))
}

/// Sends one write. A lead that was put back is open again, so whose it is must be known and not supposed: where an
/// earlier attempt is found, the CRM is asked.
async fn apply(crm: &dyn Crm, write: &DecisionWrite) -> Result<WriteOutcome, CrmError> {
    let outcome = crm.apply(write).await?;
    if outcome != WriteOutcome::AlreadyApplied || !write.puts_back() {
        return Ok(outcome);
    }
    let now = crm.read_back(std::slice::from_ref(&write.lead_id)).await?.pop();
    Ok(now.map_or(outcome, |now| WriteOutcome::Applied {
        owner_after: now.owner,
        modified_at: now.modified_at,
        modstamp: now.modstamp,
        source: None,
    }))
}

/// Does a call while its lease is kept alive. The call is never given up for a lease: it may have had its effect.
async fn holding<T>(store: &dyn Store, clock: &dyn Clock, effect: &LeasedEffect, call: impl Future<Output = T>) -> T {
    let keep = async {
        loop {
            tokio::time::sleep(RENEWAL).await;
            // Lost, or not to be reached: the end of the call will show it, under the same token.
            if !matches!(store.renew_lease(effect, clock.now() + LEASE).await, Ok(true)) {
                return std::future::pending::<T>().await;
            }
        }
    };
    tokio::select! {
        answer = call => answer,
        never = keep => never,
    }
}

/// What an answer of the CRM means for the effect. `queue` is where it goes if its owner cannot own it.
fn judge(
    answer: Result<WriteOutcome, CrmError>,
    write: &DecisionWrite,
    queue: Option<QueueId>,
    attempt: u32,
    now: DateTime<Utc>,
) -> EffectResult {
    // Each step down is stored before it is taken, so that after a crash nothing starts at the top again, and the trail
    // has every rung.
    let degrade = |write: Option<DecisionWrite>, why: String, what: &str| match write {
        Some(write) => EffectResult::Degrade { write: Box::new(write), why },
        None => EffectResult::Dead(format!("{what}: {why}")),
    };
    let retry = |error: String, counts| {
        if counts && attempt >= MAX_ATTEMPTS {
            return EffectResult::Dead(format!("gave up after {attempt} tries; the last error: {error}"));
        }
        EffectResult::Retry { not_before: now + backoff(attempt), error, counts }
    };
    match answer {
        Ok(WriteOutcome::Applied { owner_after, modified_at, modstamp, source }) => {
            EffectResult::Done { owner_after: Some(owner_after), stamps: Some((modified_at, modstamp)), source }
        }
        Ok(WriteOutcome::AlreadyApplied) => EffectResult::Done { owner_after: None, stamps: None, source: None },
        Ok(WriteOutcome::Superseded { why }) => EffectResult::Superseded(why),
        Ok(WriteOutcome::BadAssignee { why }) => {
            let next = queue.and_then(|queue| write.for_queue(queue, &why));
            degrade(next, why, "neither the chosen owner nor the default queue can own leads")
        }
        Ok(WriteOutcome::NotAsAWhole { why }) => {
            let next = write.without_source().or_else(|| write.owner_only());
            degrade(next, why, "not even the owner alone can be written")
        }
        Err(CrmError::Quota { wait_seconds, message }) => EffectResult::Retry {
            not_before: now + Duration::seconds(i64::try_from(wait_seconds).unwrap_or(3600)),
            error: message,
            counts: false,
        },
        Err(e @ CrmError::Permanent(_)) => EffectResult::Dead(e.to_string()),
        // A person must mend these, and then the effect must still be there: waiting for that costs no try.
        Err(e @ (CrmError::Auth(_) | CrmError::Configuration(_))) => {
            EffectResult::Retry { not_before: now + Duration::minutes(1), error: e.to_string(), counts: false }
        }
        Err(
            e @ (CrmError::Transient(_) | CrmError::Locked(_) | CrmError::OutcomeUnknown(_) | CrmError::Protocol(_)),
        ) => retry(e.to_string(), true),
    }
}

/// Half a second, doubling, at most ten minutes.
fn backoff(attempt: u32) -> Duration {
    let millis = 500i64.saturating_mul(1 << attempt.saturating_sub(1).min(20));
    Duration::milliseconds(millis.min(600_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::effect::{Rung, SourceWrite};
    use crate::domain::ids::{DecisionKey, LeadId, RepId, TraceId};
    use crate::domain::lead::Owner;

    #[test]
    fn backoff_doubles_and_is_bounded() {
        assert_eq!(backoff(1), Duration::milliseconds(500));
        assert_eq!(backoff(3), Duration::seconds(2));
        assert_eq!(backoff(u32::MAX), Duration::minutes(10));
    }

    fn write() -> DecisionWrite {
        let rep = Owner::Rep(RepId::new("best"));
        DecisionWrite {
            key: DecisionKey::new("k"),
            trace_id: TraceId::new(uuid::Uuid::nil()),
            lead_id: LeadId::new("00Q"),
            expected_owner: Owner::Rep(RepId::new("legacy")),
            expected_modified_at: DateTime::UNIX_EPOCH,
            owner: rep.clone(),
            ai_assigned: true,
            reason: "Best chance".into(),
            reason_code: "model_pick".into(),
            verdict: "approve".into(),
            p_win: Some(0.4),
            legacy_owner: rep,
            model: "m-1".into(),
            decided_by: "Ana".into(),
            decided_at: DateTime::UNIX_EPOCH,
            task: None,
            source: None,
            urgent: false,
            rung: Rung::Whole,
            return_reason: None,
        }
    }

    #[test]
    fn only_faults_of_the_moment_use_up_tries() {
        let judge = |answer, attempt| judge(answer, &write(), None, attempt, DateTime::UNIX_EPOCH);
        let last = MAX_ATTEMPTS;
        for fault in [CrmError::Transient("x".into()), CrmError::Locked("x".into())] {
            assert!(matches!(judge(Err(fault.clone()), 1), EffectResult::Retry { counts: true, .. }));
            assert!(matches!(judge(Err(fault), last), EffectResult::Dead(_)));
        }
        assert!(matches!(
            judge(Err(CrmError::Quota { wait_seconds: 9, message: "x".into() }), last),
            EffectResult::Retry { counts: false, .. }
        ));
        assert!(matches!(judge(Err(CrmError::Auth("x".into())), last), EffectResult::Retry { counts: false, .. }));
        assert!(matches!(judge(Err(CrmError::Permanent("x".into())), 1), EffectResult::Dead(_)));
    }

    #[test]
    fn the_ladder_goes_down_and_ends() {
        let queue = || Some(QueueId::new("dq"));
        let bad = || Ok(WriteOutcome::BadAssignee { why: "INACTIVE_OWNER_OR_USER".into() });
        let broken = || Ok(WriteOutcome::NotAsAWhole { why: "INVALID_FIELD".into() });
        let next = |answer, write: &DecisionWrite| match judge(answer, write, queue(), 1, DateTime::UNIX_EPOCH) {
            EffectResult::Degrade { write, .. } => Some(*write),
            EffectResult::Dead(_) => None,
            other => panic!("{other:?}"),
        };
        let top = write();
        let queued = next(bad(), &top).unwrap();
        assert_eq!((queued.rung, queued.owner.id(), queued.key.as_str()), (Rung::FallbackQueue, "dq", "k"));
        assert!(!queued.ai_assigned && queued.p_win.is_none() && queued.reason.contains("INACTIVE_OWNER_OR_USER"));
        assert!(next(bad(), &queued).is_none());
        let alone = next(broken(), &queued).unwrap();
        assert_eq!((alone.rung, alone.owner.id()), (Rung::OwnerOnly, "dq"));

        let alone = next(broken(), &top).unwrap();
        assert_eq!((alone.rung, alone.owner.id()), (Rung::OwnerOnly, "best"), "nothing is wrong with the owner");
        assert!(next(broken(), &alone).is_none());
        let queued = next(bad(), &alone).unwrap();
        assert_eq!((queued.rung, queued.owner.id()), (Rung::OwnerOnly, "dq"), "it never goes up again");
        // The lead source is the least: without it the rest may be written as a whole.
        let source = Some(SourceWrite { from: None, to: Some("Partner".into()) });
        let sourced = DecisionWrite { source, ..top.clone() };
        let plain = next(broken(), &sourced).unwrap();
        assert_eq!((&plain.source, plain.rung, plain.owner.id()), (&None, Rung::Whole, "best"));
        assert_eq!(next(broken(), &plain).unwrap().rung, Rung::OwnerOnly);
        assert!(next(bad(), &sourced).unwrap().source.is_some(), "it is a partner's lead in the queue as well");
        assert!(matches!(judge(bad(), &top, None, 1, DateTime::UNIX_EPOCH), EffectResult::Dead(_)), "no such queue");
    }
}
