//! What the org has of leads that were written.

use std::collections::HashMap;

use super::Salesforce;
use super::errors::Fault;
use super::map::Record;
use super::query::{Api, Condition, Select};
use crate::app::ports::ReadBack;
use crate::domain::ids::{DecisionKey, LeadId};

/// Leads in one query: their ids must fit into an address of 16 kB.
const AT_ONCE: usize = 200;

impl Salesforce {
    /// Owner and decision records of leads, two calls for each 200.
    pub(super) async fn read_leads_back(&self, leads: &[LeadId]) -> Result<Vec<ReadBack>, Fault> {
        let mut found = Vec::with_capacity(leads.len());
        for ids in leads.chunks(AT_ONCE) {
            let among = |field| Condition::Among(Api::known(field), ids.iter().map(LeadId::to_string).collect());
            let fields = ["Lead__c", "Decision_Key__c", "Assigned_Owner_Id__c"].map(Api::known);
            let select = Select::new(fields, "AI_Lead_Routing_Decision__c").filter(among("Lead__c"));
            let mut decisions: HashMap<String, Vec<(DecisionKey, String)>> = HashMap::new();
            for raw in self.client.query_all_rows(&select).await? {
                let record = Record::parse(&raw)?;
                let fields =
                    (record.id("Lead__c"), record.text("Decision_Key__c"), record.text("Assigned_Owner_Id__c"));
                if let (Some(lead), Some(key), Some(owner)) = fields {
                    decisions.entry(lead).or_default().push((DecisionKey::new(key), owner));
                }
            }
            let select = Select::new(["Id", "OwnerId", "LastModifiedDate", "SystemModstamp"].map(Api::known), "Lead")
                .filter(among("Id"));
            for raw in self.client.query_all_rows(&select).await? {
                let record = Record::parse(&raw)?;
                let stamps = record.at("LastModifiedDate").zip(record.at("SystemModstamp"));
                if let (Some(id), Some(owner), Some((modified_at, modstamp))) =
                    (record.id("Id"), record.owner(), stamps)
                {
                    let decisions = decisions.remove(&id).unwrap_or_default();
                    found.push(ReadBack { lead_id: LeadId::new(id), owner, modified_at, modstamp, decisions });
                }
            }
        }
        Ok(found)
    }
}
