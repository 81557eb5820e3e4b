//! Sending: effects from the outbox to the CRM, each until it is known to have happened.

use chrono::{DateTime, Duration, Utc};
use futures::stream::{self, StreamExt};

use super::AppError;
use super::ports::{Clock, Crm, CrmError, EffectResult, Store, WriteOutcome};
use crate::domain::effect::LeasedEffect;

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
    /// The first fault of the CRM itself, which the next effect would meet as well.
    pub fault: Option<CrmError>,
}

/// Sends what is due, once.
pub async fn send_due(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    sender: &str,
) -> Result<SendReport, AppError> {
    let now = clock.now();
    let effects = store.claim_effects(sender, PARALLEL as u32, now + LEASE, now).await?;
    let tried = effects.len() as u32;
    let results: Vec<Result<(bool, Option<CrmError>), AppError>> = stream::iter(effects)
        .map(|effect| send_one(crm, store, clock, effect))
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
    effect: LeasedEffect,
) -> Result<(bool, Option<CrmError>), AppError> {
    let answer = holding(store, clock, &effect, crm.apply(&effect.write)).await;
    let now = clock.now();
    let fault = answer.as_ref().err().cloned();
    let result = judge(answer, effect.attempt, now);
    let done = matches!(result, EffectResult::Done { .. });
    // A lost lease means that another sender took over; it will find the write by its key.
    let held = store.finish_effect(&effect, result, now).await?;
    Ok((done && held, fault))
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

/// What an answer of the CRM means for the effect.
fn judge(answer: Result<WriteOutcome, CrmError>, attempt: u32, now: DateTime<Utc>) -> EffectResult {
    let retry = |error: String, counts| {
        if counts && attempt >= MAX_ATTEMPTS {
            return EffectResult::Dead(format!("gave up after {attempt} tries; the last error: {error}"));
        }
        EffectResult::Retry { not_before: now + backoff(attempt), error, counts }
    };
    match answer {
        Ok(WriteOutcome::Applied { owner_after, modified_at, modstamp }) => {
            EffectResult::Done { owner_after: Some(owner_after), stamps: Some((modified_at, modstamp)) }
        }
        Ok(WriteOutcome::AlreadyApplied) => EffectResult::Done { owner_after: None, stamps: None },
        Ok(WriteOutcome::Superseded { why }) => EffectResult::Superseded(why),
        Ok(WriteOutcome::BadAssignee { why }) => {
            EffectResult::Dead(format!("the chosen owner cannot own leads: {why}"))
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
        Err(e @ (CrmError::Transient(_) | CrmError::OutcomeUnknown(_) | CrmError::Protocol(_))) => {
            retry(e.to_string(), true)
        }
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

    #[test]
    fn backoff_doubles_and_is_bounded() {
        assert_eq!(backoff(1), Duration::milliseconds(500));
        assert_eq!(backoff(3), Duration::seconds(2));
        assert_eq!(backoff(u32::MAX), Duration::minutes(10));
    }

    #[test]
    fn only_faults_of_the_moment_use_up_tries() {
        let now = DateTime::UNIX_EPOCH;
        let last = MAX_ATTEMPTS;
        assert!(matches!(judge(Err(CrmError::Transient("x".into())), last, now), EffectResult::Dead(_)));
        assert!(matches!(
            judge(Err(CrmError::Quota { wait_seconds: 9, message: "x".into() }), last, now),
            EffectResult::Retry { counts: false, .. }
        ));
        assert!(matches!(judge(Err(CrmError::Auth("x".into())), last, now), EffectResult::Retry { counts: false, .. }));
        assert!(matches!(judge(Err(CrmError::Permanent("x".into())), 1, now), EffectResult::Dead(_)));
    }
}
