//! What happened to closed leads before they closed: who owned them when, and when somebody first got in touch.
//!
//! An owner change is kept as two rows, one with names and one with ids; only the ids count. There is no row for the first
//! owner, who is the old value of the first change. On conversion Salesforce moves a lead's activities to the contact, so
//! that is where they are looked up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};

use crate::crm::salesforce::activities::{BEGINS, DONE, begun_events, completed_tasks};
use crate::crm::salesforce::errors::{Class, Fault};
use crate::crm::salesforce::map::Record;
use crate::crm::salesforce::query::{Api, Condition, Rows, Select, Value};
use crate::crm::salesforce::{Salesforce, ids};
use crate::domain::ids::RepId;
use crate::domain::lead::Owner;

/// Ids in one query, which must fit into an address of 16 kB.
const AT_ONCE: usize = 400;

/// What an org does not let us read, found out once.
#[derive(Default)]
pub(in crate::crm::salesforce) struct Untold {
    owners: AtomicBool,
    tasks: AtomicBool,
    events: AtomicBool,
}

/// A lead changed hands.
#[derive(Clone, Debug)]
struct Change {
    at: DateTime<Utc>,
    from: Option<Owner>,
    to: Option<Owner>,
}

/// The stories of some leads.
#[derive(Default)]
pub(super) struct Stories {
    changes: HashMap<String, Vec<Change>>,
    /// Completed tasks and past events by the contact they are about, earliest first.
    contacted: HashMap<String, Vec<DateTime<Utc>>>,
    /// What could not be read, for people.
    pub(super) notes: Vec<String>,
}

impl Stories {
    /// The rep who worked a lead: its owner when it was converted, which nobody who is given the deal afterwards is. Where
    /// that is not known, or was a queue, the owner of the deal.
    pub(super) fn rep(&self, lead: &Record, id: &str, deal_owner: Option<RepId>) -> Option<RepId> {
        let at_conversion = lead.end_of_day("ConvertedDate").and_then(|end| self.owner_at(id, end));
        at_conversion.or_else(|| lead.owner()).and_then(|owner| owner.rep().cloned()).or(deal_owner)
    }

    /// Hours from the creation of a lead to the first contact, if it was this rep's to make.
    pub(super) fn response_hours(&self, lead: &Record, id: &str, created: DateTime<Utc>, rep: &RepId) -> Option<f64> {
        let until = lead.end_of_day("ConvertedDate")?;
        let contacted = self.contacted.get(&lead.id("ConvertedContactId")?)?;
        let first = contacted.iter().find(|at| (created..=until).contains(at))?;
        let owner = self.owner_at(id, *first).or_else(|| lead.owner())?;
        (owner.rep() == Some(rep)).then(|| (*first - created).as_seconds_f64() / 3_600.0)
    }

    /// The owner at a moment, if the lead changed hands at all.
    fn owner_at(&self, id: &str, at: DateTime<Utc>) -> Option<Owner> {
        let changes = self.changes.get(id)?;
        match changes.iter().rfind(|change| change.at <= at) {
            Some(change) => change.to.clone(),
            None => changes.first()?.from.clone(),
        }
    }
}

impl Salesforce {
    /// The stories of closed leads: three calls for each 400.
    pub(super) async fn stories(&self, leads: &[Record]) -> Result<Stories, Fault> {
        let mut stories = Stories::default();
        let all = |field: &str| leads.iter().filter_map(|lead| lead.id(field)).collect::<Vec<_>>();
        for ids in all("Id").chunks(AT_ONCE) {
            let done =
                if self.untold.owners.load(Ordering::Relaxed) { Ok(()) } else { self.owners(ids, &mut stories).await };
            forgive(done, &self.untold.owners, "owner changes", &mut stories.notes)?;
        }
        for ids in all("ConvertedContactId").chunks(AT_ONCE) {
            let done =
                if self.untold.tasks.load(Ordering::Relaxed) { Ok(()) } else { self.tasks(ids, &mut stories).await };
            forgive(done, &self.untold.tasks, "tasks", &mut stories.notes)?;
            let done =
                if self.untold.events.load(Ordering::Relaxed) { Ok(()) } else { self.events(ids, &mut stories).await };
            forgive(done, &self.untold.events, "events", &mut stories.notes)?;
        }
        stories.contacted.values_mut().for_each(|moments| moments.sort_unstable());
        Ok(stories)
    }

    async fn owners(&self, leads: &[String], stories: &mut Stories) -> Result<(), Fault> {
        let fields = ["Id", "LeadId", "OldValue", "NewValue", "CreatedDate"].map(Api::known);
        let select = Select::new(fields, "LeadHistory")
            .filter(Condition::Eq(Api::known("Field"), Value::Text("Owner".into())))
            .filter(Condition::Among(Api::known("LeadId"), leads.to_vec()))
            .order(["CreatedDate", "Id"].map(Api::known));
        for raw in self.client.query_rows(&select, Rows::Living).await? {
            let row = Record::parse(&raw)?;
            let owner = |field: &str| row.text(field).and_then(|id| ids::owner(&id));
            let change = row.at("CreatedDate").map(|at| Change { at, from: owner("OldValue"), to: owner("NewValue") });
            // The row with the names has no ids in it.
            if let Some((lead, change)) = row.id("LeadId").zip(change.filter(|c| c.from.is_some() || c.to.is_some())) {
                stories.changes.entry(lead).or_default().push(change);
            }
        }
        Ok(())
    }

    async fn tasks(&self, contacts: &[String], stories: &mut Stories) -> Result<(), Fault> {
        self.contacts(completed_tasks(contacts.to_vec()), DONE, stories).await
    }

    /// Calls and meetings in calendars whose time has come.
    async fn events(&self, contacts: &[String], stories: &mut Stories) -> Result<(), Fault> {
        // By the org's clock, and by a call that the org does not count.
        let now = self.org_date().await?;
        self.contacts(begun_events(contacts.to_vec(), now), BEGINS, stories).await
    }

    /// Moments of contact: activities that are not our own, which are no contact with a customer.
    async fn contacts(&self, select: Select, moment: &str, stories: &mut Stories) -> Result<(), Fault> {
        let ours = self.client.user().await?;
        let ours = ours.map(|user| Condition::NotEq(Api::known("CreatedById"), Value::Text(user)));
        let select = select.filter_some(ours);
        // Old activities are archived, and then only `queryAll` shows them.
        for raw in self.client.query_rows(&select, Rows::All).await? {
            let row = Record::parse(&raw)?;
            if let (Some(who), Some(at)) = (row.id("WhoId"), row.at(moment)) {
                stories.contacted.entry(who).or_default().push(at);
            }
        }
        Ok(())
    }
}

/// What an org hides from us is noted once, and then done without.
fn forgive(result: Result<(), Fault>, untold: &AtomicBool, what: &str, notes: &mut Vec<String>) -> Result<(), Fault> {
    match result {
        Err(fault) if matches!(fault.class, Class::Configuration | Class::NotFound | Class::Permanent) => {
            untold.store(true, Ordering::Relaxed);
            notes.push(format!("{what} cannot be read in this org and are done without: {}", fault.message));
            Ok(())
        }
        other => other,
    }
}
