//! The kill switch: one turn, and nothing at all is written to the CRM, by any worker, until somebody turns it back.
//!
//! Verdicts are taken and wait in the outbox; polling and ranking go on. The switch is a row of the store, so it holds for
//! everybody who shares it, and for whoever is started later. It is looked at where effects are handed out, and once more
//! before each single call: what reaches the CRM after it was turned can only be a write that was on its way at that moment,
//! and how many those are is said.

use serde::{Deserialize, Serialize};

use super::AppError;
use super::ports::{Clock, Stopped, Store};
use crate::domain::effect::EffectState;

/// Writes on their way that are counted; more than any worker sends at once.
const COUNTED: u32 = 1_000;

/// How the switch stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// That nothing is written; `None` while everything is.
    pub stopped: Option<Stopped>,
    /// Writes that were handed out and of which no answer is booked yet: they may still arrive.
    pub on_their_way: u64,
    /// Writes in the outbox that nobody has in hand.
    pub waiting: u64,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, by, why } = self;
        write!(f, "writing to the CRM is stopped by {by} since {} UTC: {why}", at.format("%Y-%m-%d %H:%M"))
    }
}

/// How the switch stands now.
pub async fn switch(store: &dyn Store) -> Result<Switch, AppError> {
    let stopped = store.stopped().await?;
    let on_their_way = store.effects(&[EffectState::Leased], COUNTED).await?.len() as u64;
    let waiting = store.effect_counts().await?.pending.saturating_sub(on_their_way);
    Ok(Switch { stopped, on_their_way, waiting })
}

/// Stops all writing.
///
/// # Errors
/// Refused without a reason, and where it is stopped already.
pub async fn stop(store: &dyn Store, clock: &dyn Clock, by: &str, why: &str) -> Result<Switch, AppError> {
    let stop = Stopped { at: clock.now(), by: by.to_owned(), why: reason(why)? };
    if !store.stop_writes(&stop).await?
        && let Some(before) = store.stopped().await?
    {
        return Err(AppError::Refused(format!("nothing was changed: {before}")));
    }
    switch(store).await
}

/// Lets writing go on.
///
/// # Errors
/// Refused without a reason, and where it is not stopped.
pub async fn resume(store: &dyn Store, clock: &dyn Clock, by: &str, why: &str) -> Result<Switch, AppError> {
    if !store.resume_writes(by, &reason(why)?, clock.now()).await? {
        return Err(AppError::Refused("nothing was changed: writing is not stopped".into()));
    }
    switch(store).await
}

fn reason(why: &str) -> Result<String, AppError> {
    let why = why.trim();
    if why.is_empty() {
        return Err(AppError::Refused("say why; it is kept in the audit trail".into()));
    }
    Ok(why.to_owned())
}

/// Refuses work that writes while the switch is on.
pub async fn refuse_if_stopped(store: &dyn Store) -> Result<(), AppError> {
    store.stopped().await?.map_or(Ok(()), |stop| Err(AppError::Stopped(stop)))
}
