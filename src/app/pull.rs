//! History from the CRM: closed deals, page by page, stored as they come.

use serde::Serialize;

use super::AppError;
use super::ports::{Clock, Crm, Store};
use crate::domain::ids::LeadId;

/// What a pull brought.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PullReport {
    /// Deals that are new.
    pub new: u64,
    /// Deals that replaced an older reading.
    pub replaced: u64,
    /// Records that are no deals, with the reason.
    pub rejected: Vec<(LeadId, String)>,
}

/// Pulls every closed deal. `progress` hears (deals so far, total if known). Each page is stored before the next is
/// asked for, so an interrupted pull loses nothing and can simply be repeated.
pub async fn pull(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    mut progress: impl FnMut(u64, Option<u64>),
) -> Result<PullReport, AppError> {
    let mut report = PullReport::default();
    let mut page = None;
    loop {
        let answer = crm.closed_deals(page.as_deref()).await?;
        let (new, replaced) = store.save_deals(&answer.deals, "crm", clock.now()).await?;
        report.new += new;
        report.replaced += replaced;
        report.rejected.extend(answer.rejected);
        progress(report.new + report.replaced, answer.total);
        match answer.next {
            Some(next) => page = Some(next),
            None => return Ok(report),
        }
    }
}
