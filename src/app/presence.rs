//! Who of the managers is at work, and which lead each has open, so that two do not work on the same one unknowingly.
//!
//! It is soft: a claim ends by itself after [`CLAIM`], and keeps nobody from a verdict. Who decides first is settled where
//! decisions are stored.

use chrono::{DateTime, TimeDelta, Utc};

use super::ports::{Claim, Clock, Presence, Store, StoreError};
use crate::domain::ids::LeadId;

/// How long a lead counts as open after it was opened, or after the last time that was said again.
pub const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// How long after their last sign of life a manager counts as being at work.
pub const HERE: TimeDelta = TimeDelta::minutes(5);
/// Longest name that is kept, in characters.
const LONGEST: usize = 200;

/// A manager's name as it is kept and compared here.
pub fn called(manager: &str) -> String {
    manager.chars().take(LONGEST).map(|c| if c == '\0' { '\u{FFFD}' } else { c }).collect()
}

/// Notes that a manager is at work, and the lead that they have open, if any.
pub async fn note(
    store: &dyn Store,
    clock: &dyn Clock,
    manager: &str,
    open: Option<&LeadId>,
) -> Result<(), StoreError> {
    let now = clock.now();
    let claim = open.map(|lead| Claim { lead: lead.clone(), since: now, until: now + CLAIM });
    store.note_presence(&Presence { manager: called(manager), seen_at: now, claim }).await
}

/// Notes that a manager left, who had this lead open.
pub async fn leave(store: &dyn Store, manager: &str, open: Option<&LeadId>) -> Result<(), StoreError> {
    store.leave(&called(manager), open).await
}

/// The other managers who are at work now, the latest first. A claim that has ended is not told.
pub async fn others(store: &dyn Store, manager: &str, now: DateTime<Utc>) -> Result<Vec<Presence>, StoreError> {
    let mut present = store.present(now - HERE).await?;
    let me = called(manager);
    present.retain(|one| one.manager != me);
    for one in &mut present {
        one.claim = one.claim.take().filter(|claim| claim.until > now);
    }
    Ok(present)
}
