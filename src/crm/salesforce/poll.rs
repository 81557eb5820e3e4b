//! Changed leads.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};

use super::Salesforce;
use super::client::{Client, Target};
use super::dates;
use super::errors::{Class, Fault};
use super::map::{self, Record};
use super::query::{Api, Condition, Rows, SMALLEST_PAGE, Select, Value};
use super::wire::Updated;
use crate::app::ports::{CreatedLeads, Cursor, LeadChanges, RawLead};
use crate::domain::ids::LeadId;
use crate::domain::lead::Lead;

/// Leads of one page of a day that is read again.
const DAY_PAGE: u32 = 2_000;

impl Salesforce {
    /// Leads changed since the cursor: new, updated, converted and deleted ones, as long as they were created after
    /// the start.
    pub(super) async fn poll_leads(&self, cursor: &Cursor) -> Result<LeadChanges, Fault> {
        let since = self.since(cursor).await?;
        let batch = loop {
            let select = self.select_leads().filter(created_since(since));
            match self.lead_feed.poll(&self.client, cursor, since, &select).await {
                Err(fault) if self.can_ask_otherwise(&fault).await => {}
                answer => break answer?,
            }
        };
        let leads = batch
            .rows
            .into_iter()
            .map(|row| Ok(RawLead { lead: self.lead_of(&row.record)?, raw: row.raw.get().to_owned() }))
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(LeadChanges { leads, next: batch.next, more: batch.more })
    }

    /// How many leads the org has that were created in this span, deleted and merged ones included.
    pub(super) async fn count_created(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, Fault> {
        self.client.count(&created_within(Select::count("Lead"), from, until), Rows::All).await
    }

    /// Leads created in this span in order of their ids, after one of them.
    pub(super) async fn read_created(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&LeadId>,
    ) -> Result<CreatedLeads, Fault> {
        let rows = loop {
            let select = created_within(self.select_leads(), from, until)
                .filter_some(after.map(|id| Condition::Above(Api::known("Id"), Value::Text(id.to_string()))))
                .order([Api::known("Id")])
                .limit(DAY_PAGE);
            match self.client.query_rows(&select, Rows::All).await {
                Err(fault) if self.can_ask_otherwise(&fault).await => {}
                answer => break answer?,
            }
        };
        let more = rows.len() >= DAY_PAGE as usize;
        let mut leads = Vec::with_capacity(rows.len());
        for raw in rows {
            let record = Record::parse(&raw)?;
            leads.push(RawLead { lead: self.lead_of(&record)?, raw: raw.get().to_owned() });
        }
        Ok(CreatedLeads { leads, more })
    }

    /// Everything that is read of a lead, as far as the org shows it.
    fn select_leads(&self) -> Select {
        let fields = map::LEAD.into_iter().map(Api::known).chain(self.fields.all());
        let fields = fields.chain(self.form.optional().shown());
        Select::new(fields, "Lead").pages_of(self.lead_page.load(Ordering::Relaxed))
    }

    fn lead_of(&self, record: &Record) -> Result<Lead, Fault> {
        map::lead(record, &self.fields, &self.form)
    }

    /// Whether leads are asked for in another way from now on, so that what failed is worth another try: without fields
    /// that the org does not show us, or in small pages. What people write into a form may be long, and a page of many long
    /// texts must not keep leads from us.
    async fn can_ask_otherwise(&self, fault: &Fault) -> bool {
        if fault.class == Class::TooLarge {
            return self.lead_page.swap(SMALLEST_PAGE, Ordering::Relaxed) > SMALLEST_PAGE;
        }
        self.form.optional().learns_from(fault, &self.client).await
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

impl Client {
    /// Up to when the changes of an object are complete, asked for this span.
    pub(super) async fn covered(
        &self,
        object: &str,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Fault> {
        let (start, end) = (dates::write(start), dates::write(end));
        let target =
            Target::Data { path: &["sobjects", object, "updated"], query: &[("start", &start), ("end", &end)] };
        let answer = self.read::<Updated>(target).await?.value;
        dates::parse(&answer.latest_date_covered)
            .ok_or_else(|| Fault::new(Class::Protocol, "getUpdated answered without a date"))
    }
}

fn created_within(select: Select, from: DateTime<Utc>, until: DateTime<Utc>) -> Select {
    select.filter(created_since(from)).filter(Condition::Below(Api::known("CreatedDate"), Value::At(until)))
}

/// Leaves out leads that were there before we were.
pub(super) fn created_since(since: DateTime<Utc>) -> Condition {
    Condition::AtLeast(Api::known("CreatedDate"), Value::At(since))
}
