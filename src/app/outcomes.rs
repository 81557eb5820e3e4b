//! Outcomes: what became of the leads, read back from the CRM.

use super::AppError;
use super::ports::{Clock, Crm, Store};

/// Name of the outcome cursor in the store.
pub const CURSOR: &str = "outcomes";

/// Reads outcomes that changed since the last time; returns how many came.
pub async fn read_once(crm: &dyn Crm, store: &dyn Store, clock: &dyn Clock) -> Result<usize, AppError> {
    let cursor = store.cursor(CURSOR).await?;
    let (outcomes, next) = crm.outcomes(&cursor).await?;
    if !outcomes.is_empty() || next != cursor {
        store.save_outcomes(&outcomes, CURSOR, &next, clock.now()).await?;
    }
    Ok(outcomes.len())
}
