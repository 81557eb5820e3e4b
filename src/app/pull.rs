//! History from the CRM: closed deals, page by page, stored as they come.

use serde::Serialize;

use super::AppError;
use super::budget::{ApiStage, Budget};
use super::ports::{Clock, Crm, Store};
use crate::domain::ids::LeadId;

/// Rejected records that are kept as examples; the others are only counted.
const EXAMPLES: usize = 100;

/// What a pull brought.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PullReport {
    /// Deals that are new.
    pub new: u64,
    /// Deals that replaced an older reading.
    pub replaced: u64,
    /// Whether it went on where an earlier pull was interrupted.
    pub resumed: bool,
    /// How many records are no deals.
    pub rejected_count: u64,
    /// The first of them, with the reason.
    pub rejected: Vec<(LeadId, String)>,
    /// What the manager should know, for example that a job had to be started again.
    pub notes: Vec<String>,
}

/// Pulls every closed deal. `progress` hears (deals so far, total if known). Each page is stored before the next is asked
/// for, and so is the place where it goes on: an interrupted pull is taken up there by the next. It stops, to be taken up
/// later, when only decisions may still be written to the CRM.
pub async fn pull(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    budget: &Budget,
    mut progress: impl FnMut(u64, Option<u64>),
) -> Result<PullReport, AppError> {
    let mut page = store.pull_place().await?;
    let mut report = PullReport { resumed: page.is_some(), ..PullReport::default() };
    let mut total = None;
    loop {
        let usage = crm.usage();
        if budget.stage(usage) == ApiStage::WritesOnly {
            return Err(AppError::Refused(format!(
                "the pull stopped after {} deals and will go on from there when it is started again: {}",
                report.new + report.replaced,
                budget.explain(usage)
            )));
        }
        let answer = crm.closed_deals(page.as_deref()).await?;
        let (new, replaced) = store.save_deals(&answer.deals, "crm", clock.now()).await?;
        report.new += new;
        report.replaced += replaced;
        report.rejected_count += answer.rejected.len() as u64;
        report.rejected.extend(answer.rejected.into_iter().take(EXAMPLES.saturating_sub(report.rejected.len())));
        report.notes.extend(answer.notes);
        total = answer.total.or(total);
        progress(report.new + report.replaced + report.rejected_count, total);
        store.set_pull_place(answer.next.as_deref()).await?;
        match answer.next {
            Some(next) => page = Some(next),
            None => return Ok(report),
        }
    }
}
