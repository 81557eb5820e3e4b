//! What the CRM can say of a lead: read at the start and every hour, because an administrator changes it rarely and the
//! answer is long.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Deps;
use crate::app::AppError;

/// How long it counts.
const LASTS: TimeDelta = TimeDelta::hours(1);

/// When it was last read.
#[derive(Default)]
pub(super) struct Vocabulary(Mutex<Option<DateTime<Utc>>>);

impl Vocabulary {
    /// Reads it and keeps it in the store, if it is time to.
    pub(super) async fn read(&self, deps: &Deps) -> Result<(), AppError> {
        let now = deps.clock.now();
        if self.last().is_some_and(|at| (TimeDelta::zero()..LASTS).contains(&(now - at))) {
            return Ok(());
        }
        let read = deps.crm.vocabulary().await?;
        if deps.store.vocabulary().await?.as_ref() != Some(&read) {
            deps.store.save_vocabulary(&read).await?;
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(())
    }

    fn last(&self) -> Option<DateTime<Utc>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
