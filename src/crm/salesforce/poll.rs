//! Changed leads.

use chrono::{DateTime, Utc};

use super::Salesforce;
use super::errors::{Class, Fault};
use super::map;
use super::query::{Api, Condition, Select, Value};
use crate::app::ports::{Cursor, LeadChanges, RawLead};

impl Salesforce {
    /// Leads changed since the cursor: new, updated, converted and deleted ones, as long as they were created after
    /// the start.
    pub(super) async fn poll_leads(&self, cursor: &Cursor) -> Result<LeadChanges, Fault> {
        let first = self.first_moment(cursor).await?;
        let fields = map::LEAD.into_iter().map(Api::known).chain(self.fields.all());
        let select = Select::new(fields, "Lead").filter_some(self.created_after_start());
        let batch = self.lead_feed.poll(&self.client, cursor, first, &select).await?;
        let leads = batch
            .rows
            .into_iter()
            .map(|row| Ok(RawLead { lead: map::lead(&row.record, &self.fields)?, raw: row.raw.get().to_owned() }))
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(LeadChanges { leads, next: batch.next, more: batch.more })
    }

    /// Where polling begins: the cursor, else `since`, else now by the org's clock. Our own clock is never compared
    /// with the org's stamps.
    pub(super) async fn first_moment(&self, cursor: &Cursor) -> Result<DateTime<Utc>, Fault> {
        if let Some(known) = cursor.low.or(self.since).or_else(|| self.started.get().copied()) {
            return Ok(known);
        }
        let date = self.org_date().await?;
        Ok(*self.started.get_or_init(|| date))
    }

    /// The org's clock, from the `Date` header.
    pub(super) async fn org_date(&self) -> Result<DateTime<Utc>, Fault> {
        self.client
            .discover()
            .await?
            .date
            .ok_or_else(|| Fault::new(Class::Protocol, "the org's answers carry no Date header; set `since`"))
    }

    /// Leaves out leads that were there before we were. A restarted process knows its start only from `since`.
    pub(super) fn created_after_start(&self) -> Option<Condition> {
        let start = self.since.or_else(|| self.started.get().copied())?;
        Some(Condition::AtLeast(Api::known("CreatedDate"), Value::At(start)))
    }
}
