//! Two writes that must have no effect: one refused because it comes too late, one rolled back because a later part
//! fails. Each composite ends with a step that cannot succeed, so even an org that broke its promise keeps nothing.

use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::routing::NOBODY;
use crate::app::doctor::Finding;
use crate::crm::salesforce::Salesforce;
use crate::crm::salesforce::client::{AUTO_ASSIGN, Target};
use crate::crm::salesforce::dates;
use crate::crm::salesforce::errors::{self, Class, Fault, Safety};
use crate::crm::salesforce::map::Record;
use crate::crm::salesforce::query::{Api, Condition, Rows, Select, Value as Soql};
use crate::crm::salesforce::wire::{Composite, CompositeAnswer, Subrequest};

const DECISION: &str = "AI_Lead_Routing_Decision__c";
const CONDITIONAL: &str = "conditional_write";
const ROLLED_BACK: &str = "rolled_back_composite";

/// A lead to try on, with what it has now, so that even a write that came through would write the same.
struct Guinea {
    id: String,
    assigned: bool,
}

impl Salesforce {
    pub(super) async fn probe_writes(&self) -> Vec<Finding> {
        let lead = match self.some_lead().await {
            Ok(lead) => lead,
            Err(fault) => {
                let seen = format!("No lead could be read to try on: {}", fault.message);
                return [CONDITIONAL, ROLLED_BACK].map(|id| Finding::skipped(id, seen.clone())).into();
            }
        };
        let Some(lead) = lead else {
            let seen = "Not tried: the org has no open lead. Create one by hand, then run this again.";
            return [CONDITIONAL, ROLLED_BACK].map(|id| Finding::skipped(id, seen)).into();
        };
        vec![self.conditional(&lead).await, self.rolled_back(&lead).await]
    }

    async fn some_lead(&self) -> Result<Option<Guinea>, Fault> {
        let fields = ["Id", "AI_Assigned__c"].map(Api::known);
        let open = Condition::Eq(Api::known("IsConverted"), Soql::Bool(false));
        let page = self.client.query(&Select::new(fields, "Lead").filter(open).limit(1), Rows::Living).await?;
        let Some(raw) = page.rows.first() else { return Ok(None) };
        let record = Record::parse(raw)?;
        Ok(record.id("Id").map(|id| Guinea { id, assigned: record.flag("AI_Assigned__c") }))
    }

    /// A change on the condition that the lead was not touched since 2000 must be refused.
    async fn conditional(&self, lead: &Guinea) -> Finding {
        let long_ago: Option<DateTime<Utc>> = Utc.with_ymd_and_hms(2000, 1, 1, 0, 0, 0).single();
        let late = self.patch(&lead.id, "late", json!({"AI_Assigned__c": lead.assigned}), long_ago);
        match self.try_out(vec![late, self.impossible()]).await {
            Err(fault) => untried(CONDITIONAL, &fault),
            Ok(answer) => match outcome(&answer, "late") {
                Outcome::Refused(Class::Conflict, _) => {
                    Finding::passed(CONDITIONAL, "A write that comes too late is refused (412).")
                }
                Outcome::Accepted => Finding::failed(
                    CONDITIONAL,
                    "A write that comes too late is carried out: the org ignores If-Unmodified-Since.",
                    "Do not let leadboard write to this org: it could overrule a person. (This try was rolled back.) \
                     Ask Salesforce support about conditional requests on Lead.",
                ),
                Outcome::Refused(_, why) => Finding::warning(
                    CONDITIONAL,
                    format!("A write that comes too late was refused, but not for being late: {why}"),
                    "Show this to your Salesforce administrator: a validation rule or permission came first, so the \
                     condition itself was not tried.",
                ),
                Outcome::Unanswered => Finding::warning(
                    CONDITIONAL,
                    "The composite was answered without the step that was tried.",
                    "Run this again; if it stays, a proxy between leadboard and Salesforce may alter answers.",
                ),
            },
        }
    }

    /// A decision record whose composite fails afterwards must not exist.
    async fn rolled_back(&self, lead: &Guinea) -> Finding {
        let key = format!("doctor{}", Uuid::now_v7().simple());
        let body = json!({
            "Decision_Key__c": key,
            "Trace_Id__c": Uuid::now_v7().to_string(),
            "Lead__c": lead.id,
            "Reason__c": "leadboard doctor: this record must be rolled back",
        });
        let record = Subrequest {
            method: "POST",
            url: self.client.path(&format!("sobjects/{DECISION}")),
            reference_id: "record",
            http_headers: quiet(None),
            body: Some(body),
        };
        let answer = match self.try_out(vec![record, self.impossible()]).await {
            Ok(answer) => answer,
            Err(fault) => return untried(ROLLED_BACK, &fault),
        };
        if let Outcome::Refused(_, why) = outcome(&answer, "record") {
            return Finding::failed(
                ROLLED_BACK,
                format!("A decision record cannot be created: {why}"),
                "Mend what the message says (a validation rule, a required field, a permission); every decision \
                 writes such a record.",
            );
        }
        let path = ["sobjects", DECISION, "Decision_Key__c", key.as_str()];
        match self.client.read::<Value>(Target::Data { path: &path, query: &[("fields", "Id")] }).await {
            Err(fault) if matches!(fault.class, Class::NotFound | Class::Gone) => {
                Finding::passed(ROLLED_BACK, "A composite that fails in part leaves nothing behind.")
            }
            Err(fault) => untried(ROLLED_BACK, &fault),
            Ok(_) => Finding::failed(
                ROLLED_BACK,
                format!("A composite that failed in part left the decision record {key} behind."),
                "Do not let leadboard write to this org, and delete that record: its decisions would not be all or \
                 nothing.",
            ),
        }
    }

    /// A step that no org can carry out.
    fn impossible(&self) -> Subrequest {
        self.patch(NOBODY, "impossible", json!({"AI_Assigned__c": false}), None)
    }

    fn patch(
        &self,
        lead: &str,
        step: &'static str,
        body: Value,
        unmodified_since: Option<DateTime<Utc>>,
    ) -> Subrequest {
        Subrequest {
            method: "PATCH",
            url: self.client.path(&format!("sobjects/Lead/{lead}")),
            reference_id: step,
            http_headers: quiet(unmodified_since),
            body: Some(body),
        }
    }

    async fn try_out(&self, steps: Vec<Subrequest>) -> Result<CompositeAnswer, Fault> {
        self.client.write(&["composite"], &Composite { all_or_none: true, collate_subrequests: false, steps }).await
    }
}

/// The assignment rules stay asleep also when we only try.
fn quiet(unmodified_since: Option<DateTime<Utc>>) -> Map<String, Value> {
    let mut headers = Map::new();
    headers.insert(AUTO_ASSIGN.0.to_owned(), AUTO_ASSIGN.1.into());
    if let Some(at) = unmodified_since {
        headers.insert("If-Unmodified-Since".to_owned(), dates::http(at).into());
    }
    headers
}

/// How the org took one step of a composite that cannot succeed as a whole.
enum Outcome {
    /// It would have been done; it was rolled back because of another step.
    Accepted,
    /// It was refused for itself.
    Refused(Class, String),
    /// It is missing in the answer.
    Unanswered,
}

fn outcome(answer: &CompositeAnswer, step: &str) -> Outcome {
    let Some(entry) = answer.composite_response.iter().find(|entry| entry.reference_id == step) else {
        return Outcome::Unanswered;
    };
    if (200..300).contains(&entry.http_status_code) {
        return Outcome::Accepted;
    }
    let fault = errors::classify(Safety::Safe, entry.http_status_code, None, entry.body.to_string().as_bytes());
    match fault.class {
        Class::RolledBack => Outcome::Accepted,
        class => Outcome::Refused(class, fault.message),
    }
}

fn untried(id: &'static str, fault: &Fault) -> Finding {
    Finding::failed(
        id,
        format!("The composite could not be tried: {}", fault.message),
        "Give the integration user \"API Enabled\" and the permission set of assets/salesforce; then run this again.",
    )
}
