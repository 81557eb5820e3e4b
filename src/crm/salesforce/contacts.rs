//! Who got in touch with leads: one call for each 200, with three questions in it.
//!
//! The lead itself is asked for last. Its change stamp then tells whether it was converted, which moves its activities to a
//! contact, or was changed otherwise before its activities were read.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::Salesforce;
use super::activities::{BEGINS, DONE, begun_events, completed_tasks};
use super::errors::{self, Class, Fault, Safety};
use super::map::Record;
use super::query::{Api, Condition, Rows, Select, Value};
use super::wire::{Composite, CompositeAnswer, QueryPage, Subrequest};
use crate::app::ports::{Contact, Contacts, Span};
use crate::domain::ids::LeadId;

/// Leads in one call.
const AT_ONCE: usize = 200;

/// The questions of one call, by the names of its steps.
const TASKS: &str = "tasks";
const EVENTS: &str = "events";
const LEADS: &str = "leads";

impl Salesforce {
    /// Who got in touch with these leads.
    pub(super) async fn read_contacts(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, Fault> {
        let mut found = Vec::with_capacity(leads.len());
        for leads in leads.chunks(AT_ONCE) {
            found.extend(self.contacts_of(leads, within).await?);
        }
        Ok(found)
    }

    async fn contacts_of(&self, leads: &[LeadId], within: Span) -> Result<Vec<Contacts>, Fault> {
        let ids: Vec<String> = leads.iter().map(LeadId::to_string).collect();
        let ours = self.client.user().await?;
        let since = |select: Select, moment| {
            let theirs = ours.clone().map(|user| Condition::NotEq(Api::known("OwnerId"), Value::Text(user)));
            select.filter(Condition::AtLeast(Api::known(moment), Value::At(within.start))).filter_some(theirs)
        };
        let known = Select::new(["Id", "SystemModstamp"].map(Api::known), "Lead")
            .filter(Condition::Among(Api::known("Id"), ids.clone()));
        let questions = [
            (TASKS, since(completed_tasks(ids.clone()), DONE)),
            (EVENTS, since(begun_events(ids, within.end), BEGINS)),
            (LEADS, known),
        ];
        let [tasks, events, known] = self.ask_together(questions).await?;

        let mut contacts: HashMap<String, Vec<Contact>> = HashMap::new();
        for (rows, moment) in [(tasks, DONE), (events, BEGINS)] {
            for row in rows {
                if let (Some(lead), Some(at)) = (row.id("WhoId"), row.at(moment)) {
                    let by = row.owner().and_then(|owner| owner.rep().cloned());
                    contacts.entry(lead).or_default().push(Contact { at, by });
                }
            }
        }
        let of_lead = |row: Record| {
            let (id, modstamp) = row.id("Id").zip(row.at("SystemModstamp"))?;
            let mut contacts = contacts.remove(&id).unwrap_or_default();
            contacts.sort_unstable();
            Some(Contacts { lead_id: LeadId::new(id), modstamp, contacts })
        };
        Ok(known.into_iter().filter_map(of_lead).collect())
    }

    /// Asks several questions in one call, answered one after the other; all rows of each.
    async fn ask_together<const N: usize>(
        &self,
        questions: [(&'static str, Select); N],
    ) -> Result<[Vec<Record>; N], Fault> {
        let steps = questions.iter().map(|(name, select)| Subrequest {
            method: "GET",
            url: self.client.path(&format!("query?q={}", select.encoded())),
            reference_id: name,
            http_headers: Map::new(),
            body: None,
        });
        let question = Composite { all_or_none: false, collate_subrequests: false, steps: steps.collect() };
        let mut answer: CompositeAnswer = self.client.ask(&["composite"], &question).await?;
        let mut found = [const { Vec::new() }; N];
        for ((name, select), found) in questions.iter().zip(&mut found) {
            let entry = answer.composite_response.iter_mut().find(|entry| entry.reference_id == *name);
            let entry = entry.ok_or_else(|| Fault::new(Class::Protocol, format!("{name} were not answered")))?;
            if entry.http_status_code != 200 {
                let body = entry.body.to_string();
                return Err(errors::classify(Safety::Safe, entry.http_status_code, None, body.as_bytes()));
            }
            let page = page(std::mem::take(&mut entry.body))?;
            // Hardly ever: then all of it is asked for again, by itself.
            let rows = if page.done { page.records } else { self.client.query_rows(select, Rows::Living).await? };
            *found = rows.iter().map(|raw| Record::parse(raw)).collect::<Result<_, _>>()?;
        }
        Ok(found)
    }
}

fn page(body: Json) -> Result<QueryPage, Fault> {
    QueryPage::deserialize(body).map_err(|error| Fault::new(Class::Protocol, format!("a page is not one: {error}")))
}
