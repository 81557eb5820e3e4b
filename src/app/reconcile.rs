//! The daily count: does the CRM have leads of a day that never reached us?
//!
//! Polling is made to miss nothing. This is the second opinion, which does not rest on change stamps, cursors or clocks but
//! on plain counts: as many leads as the CRM created on a day must be in our ledger. Where some are missing the whole day
//! is read again, and what was missed comes in as if it had been polled.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::AppError;
use super::intake::judge;
use super::ports::{Clock, Crm, Cursor, IntakeChange, Store};
use crate::domain::audit::AuditEvent;
use crate::domain::lead::LeadRecord;

/// Name of the cursor in the store; it stands at the first day that was not counted yet.
pub const CURSOR: &str = "reconciled";
/// A day is over for us this long after its midnight: rows of long transactions appear late.
const SETTLE: Duration = Duration::hours(1);
/// After a long absence no more days than this are counted; older leads are history.
const MOST_DAYS: Duration = Duration::days(30);

/// One day that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayCount {
    /// The day (UTC, by the CRM's clock).
    pub day: NaiveDate,
    /// Leads that the CRM created on it.
    pub crm: u64,
    /// Of these, those that we had.
    pub ours: u64,
    /// Those that were missing and are ours now. The rest of the difference was finished (converted, deleted) before we
    /// could see it.
    pub recovered: u64,
}

/// Counts the days that are over and were not counted, and the newest that was, once more. Nothing to do costs no call
/// that the CRM counts.
pub async fn reconcile(crm: &dyn Crm, store: &dyn Store, clock: &dyn Clock) -> Result<Vec<DayCount>, AppError> {
    let Some(since) = store.cursor(super::intake::CURSOR).await?.since else { return Ok(Vec::new()) };
    let now = crm.clock().await?;
    let today = (now - SETTLE).date_naive();
    let counted = store.cursor(CURSOR).await?.low;
    let first = counted.map_or(since, |low| low - Duration::days(1)).max(since).max(now - MOST_DAYS);
    let mut counts = Vec::new();
    for day in first.date_naive().iter_days().take_while(|day| *day < today) {
        let again = counted.is_some_and(|low| midnight(day) < low);
        // Yesterday's second count is made once: when the day after it is over.
        if again && counted.is_some_and(|low| midnight(today) <= low) {
            break;
        }
        let until = midnight(day) + Duration::days(1);
        let span = (midnight(day).max(since), until);
        let mut count = DayCount {
            day,
            crm: crm.count_created(span.0, span.1).await?,
            ours: store.created_between(span.0, span.1).await?,
            recovered: 0,
        };
        let missing = count.crm > count.ours;
        if missing {
            count.recovered = read_again(crm, store, clock, span).await?;
        }
        if missing && (!again || count.recovered > 0) {
            store.record(&event(&count, clock.now())).await?;
        }
        let done = Cursor { low: Some(counted.map_or(until, |low| low.max(until))), since: None };
        store.take_in(Vec::new(), CURSOR, &done, clock.now()).await?;
        counts.push(count);
    }
    Ok(counts)
}

/// Reads every lead of a span and takes in what is new; how many leads were missing.
async fn read_again(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    span: (DateTime<Utc>, DateTime<Utc>),
) -> Result<u64, AppError> {
    let place = store.cursor(CURSOR).await?;
    let (mut after, mut recovered) = (None, 0);
    loop {
        let page = crm.created_leads(span.0, span.1, after.as_ref()).await?;
        let ids: Vec<_> = page.leads.iter().map(|raw| raw.lead.id.clone()).collect();
        let known: Vec<LeadRecord> = store.leads(&ids).await?;
        let at = clock.now();
        // What is known is polling's business; only what it never saw is taken in here.
        let missing: Vec<IntakeChange> = page
            .leads
            .into_iter()
            .filter(|raw| known.iter().all(|record| record.lead.id != raw.lead.id))
            .filter_map(|raw| judge(raw, None, at))
            .collect();
        recovered += store.take_in(missing, CURSOR, &place, at).await?.received;
        after = ids.into_iter().next_back();
        if !page.more || after.is_none() {
            return Ok(recovered);
        }
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn event(count: &DayCount, at: DateTime<Utc>) -> AuditEvent {
    AuditEvent {
        at,
        actor: "worker".to_owned(),
        what: "intake.gap".to_owned(),
        lead_id: None,
        trace_id: None,
        details: json!(count),
    }
}
