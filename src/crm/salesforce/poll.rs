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
        let since = self.since(cursor).await?;
        let fields = map::LEAD.into_iter().map(Api::known).chain(self.fields.all());
        let select = Select::new(fields, "Lead").filter(created_since(since));
        let batch = self.lead_feed.poll(&self.client, cursor, since, &select).await?;
        let leads = batch
            .rows
            .into_iter()
            .map(|row| Ok(RawLead { lead: map::lead(&row.record, &self.fields)?, raw: row.raw.get().to_owned() }))
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(LeadChanges { leads, next: batch.next, more: batch.more })
    }

    /// When we first looked: as configured, else as the cursor remembers, else now by the org's clock. Our own clock is
    /// never compared with the org's stamps.
    pub(super) async fn since(&self, cursor: &Cursor) -> Result<DateTime<Utc>, Fault> {
        match self.since.or(cursor.since) {
            Some(known) => Ok(known),
            None => self.org_date().await,
        }
    }

    /// The org's clock, from the `Date` header.
    pub(super) async fn org_date(&self) -> Result<DateTime<Utc>, Fault> {
        self.client
            .discover()
            .await?
            .date
            .ok_or_else(|| Fault::new(Class::Protocol, "the org's answers carry no Date header; set `since`"))
    }
}

/// Leaves out leads that were there before we were.
pub(super) fn created_since(since: DateTime<Utc>) -> Condition {
    Condition::AtLeast(Api::known("CreatedDate"), Value::At(since))
}
