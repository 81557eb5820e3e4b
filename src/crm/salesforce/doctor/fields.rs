//! Objects and fields, by describe. A field that field-level security hides is absent from it, so absence has two cures.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::unreadable;
use crate::app::doctor::Finding;
use crate::crm::salesforce::Salesforce;
use crate::crm::salesforce::client::Target;
use crate::crm::salesforce::errors::Fault;
use crate::crm::salesforce::query::Api;

/// Custom fields of Lead that every decision writes.
const WRITTEN_ON_LEAD: [&str; 4] = ["OwnerId", "AI_Assigned__c", "AI_Routing_Reason__c", "AI_Win_Probability__c"];
/// Standard fields of Lead that are read.
const READ_ON_LEAD: [&str; 7] =
    ["Company", "Name", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsConverted", "ConvertedOpportunityId"];
const DECISION: &str = "AI_Lead_Routing_Decision__c";
const DECISION_KEY: &str = "Decision_Key__c";
/// Fields of the decision record that are filled.
const WRITTEN_ON_DECISION: [&str; 13] = [
    DECISION_KEY,
    "Trace_Id__c",
    "Lead__c",
    "Assigned_Owner_Id__c",
    "Legacy_Owner_Id__c",
    "Verdict__c",
    "Reason_Code__c",
    "Reason__c",
    "Win_Probability__c",
    "Model__c",
    "Decided_By__c",
    "Decided_At__c",
    "Assigned_Rep__c",
];
const WRITTEN_ON_TASK: [&str; 7] = ["WhoId", "OwnerId", "Subject", "Description", "ActivityDate", "Status", "Priority"];
/// What to do about a field that is not there.
const CURE: &str = "Deploy assets/salesforce, and assign its permission set to the integration user: a field that field-level \
     security hides looks as if it were missing.";

#[derive(Deserialize)]
struct Describe {
    #[serde(default)]
    createable: bool,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the answer of describe has them")]
struct Field {
    name: String,
    #[serde(default)]
    createable: bool,
    #[serde(default)]
    updateable: bool,
    #[serde(default)]
    external_id: bool,
    #[serde(default)]
    unique: bool,
}

/// The fields of an object, by lower-case name: Salesforce ignores the case of names.
struct Object {
    createable: bool,
    fields: BTreeMap<String, Field>,
}

impl Object {
    fn get(&self, name: &str) -> Option<&Field> {
        self.fields.get(&name.to_ascii_lowercase())
    }

    fn missing<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        names.into_iter().filter(|name| self.get(name).is_none()).collect()
    }

    /// Names that are there but for which `allowed` says no.
    fn refused<'a>(&self, names: &[&'a str], allowed: impl Fn(&Field) -> bool) -> Vec<&'a str> {
        names.iter().filter(|name| self.get(name).is_some_and(|field| !allowed(field))).copied().collect()
    }
}

impl Salesforce {
    async fn describe(&self, object: &str) -> Result<Object, Fault> {
        let path = ["sobjects", object, "describe"];
        let described = self.client.read::<Describe>(Target::Data { path: &path, query: &[] }).await?.value;
        let fields = described.fields.into_iter().map(|field| (field.name.to_ascii_lowercase(), field)).collect();
        Ok(Object { createable: described.createable, fields })
    }

    /// Lead, decision record, Task and User.
    pub(super) async fn examine_fields(&self) -> Vec<Finding> {
        let found = |id, what, object: Result<Object, Fault>, check: &dyn Fn(&Object) -> Finding| match object {
            Ok(object) => check(&object),
            Err(fault) => unreadable(id, what, &fault),
        };
        let facts: Vec<Api> = self.fields.all().collect();
        // A path leads to another object; only its first step is a field of this one, and relations are not described.
        let configured: Vec<&str> = facts.iter().map(Api::as_str).filter(|name| !name.contains('.')).collect();
        let form: Vec<&str> = self.form.all().map(Api::as_str).filter(|name| !name.contains('.')).collect();
        let rep = std::iter::once(&self.rep_key).chain(&self.rep_territory).chain(&self.rep_out_of_office);
        let rep = rep.map(Api::as_str);
        let rep: Vec<&str> = rep.filter(|name| !name.contains('.')).collect();
        let names: Vec<&str> = self.rep_names.all().iter().map(Api::as_str).collect();
        vec![
            found("lead_fields", "Lead", self.describe("Lead").await, &|lead| {
                lead_fields(lead, &configured, &form, self.fields.source().map(Api::as_str), self.form.cleared())
            }),
            found("decision_object", DECISION, self.describe(DECISION).await, &decision_object),
            found("task", "Task", self.describe("Task").await, &task),
            found("user_fields", "User", self.describe("User").await, &|user| user_fields(user, &rep, &names)),
        ]
    }
}

/// `cleared` is a field of the form that a decision may clear, where the org has it.
fn lead_fields(
    lead: &Object,
    configured: &[&str],
    form: &[&str],
    source: Option<&str>,
    cleared: Option<&Api>,
) -> Finding {
    const ID: &str = "lead_fields";
    let ours = lead.missing(WRITTEN_ON_LEAD.into_iter().chain(READ_ON_LEAD));
    if !ours.is_empty() {
        return Finding::failed(ID, format!("Lead has no {}.", ours.join(", ")), CURE);
    }
    let facts = lead.missing(configured.iter().copied());
    if !facts.is_empty() {
        return Finding::failed(
            ID,
            format!("Lead has no {}, which [salesforce.fields] names.", facts.join(", ")),
            "Write the field's API name, or \"\" where your org has none; if it exists, let the integration user \
             read it.",
        );
    }
    let written: Vec<&str> = WRITTEN_ON_LEAD.into_iter().chain(cleared.map(Api::as_str)).collect();
    let closed = lead.refused(&written, |field| field.updateable);
    if !closed.is_empty() {
        return Finding::failed(ID, format!("{} of Lead cannot be changed by this user.", closed.join(", ")), CURE);
    }
    let unseen = lead.missing(form.iter().copied());
    if !unseen.is_empty() {
        return Finding::warning(
            ID,
            format!("Lead has no {}, which routing rules could look at.", unseen.join(", ")),
            "Let the integration user read it and start leadboard again, or write \"\" for it in [salesforce.fields]; \
             leads are routed without it meanwhile.",
        );
    }
    if let Some(source) = source.filter(|source| !lead.refused(&[source], |field| field.updateable).is_empty()) {
        return Finding::warning(
            ID,
            format!("{source} of Lead cannot be changed by this user, so partner rules cannot set it."),
            "Assign the permission set of assets/salesforce as it is now; everything else of a decision is written \
             meanwhile.",
        );
    }
    let all = configured.len() + form.len() + WRITTEN_ON_LEAD.len() + READ_ON_LEAD.len();
    Finding::passed(ID, format!("Lead has all {all} fields, and what must be is writable."))
}

fn decision_object(object: &Object) -> Finding {
    const ID: &str = "decision_object";
    let missing = object.missing(WRITTEN_ON_DECISION);
    if !missing.is_empty() {
        return Finding::failed(ID, format!("{DECISION} has no {}.", missing.join(", ")), CURE);
    }
    let closed = object.refused(&WRITTEN_ON_DECISION, |field| field.createable);
    if !object.createable || !closed.is_empty() {
        let what = if closed.is_empty() { "Records".to_owned() } else { closed.join(", ") };
        return Finding::failed(ID, format!("{what} of {DECISION} cannot be created by this user."), CURE);
    }
    if !object.get(DECISION_KEY).is_some_and(|key| key.external_id && key.unique) {
        return Finding::failed(
            ID,
            format!("{DECISION_KEY} is not both External ID and Unique."),
            "Deploy the field from assets/salesforce as it is: a repeated write is recognised by this key alone, and \
             without it a decision could be written twice.",
        );
    }
    Finding::passed(ID, format!("{DECISION} can be created, and its key is unique."))
}

fn task(task: &Object) -> Finding {
    const ID: &str = "task";
    let missing = task.missing(WRITTEN_ON_TASK);
    let closed = task.refused(&WRITTEN_ON_TASK, |field| field.createable);
    if task.createable && missing.is_empty() && closed.is_empty() {
        return Finding::passed(ID, "Tasks can be created.");
    }
    let fields: Vec<&str> = missing.into_iter().chain(closed).collect();
    let seen = if fields.is_empty() { "Tasks".to_owned() } else { format!("Tasks with {}", fields.join(", ")) };
    Finding::failed(
        ID,
        format!("{seen} cannot be created by this user."),
        "Give the integration user \"Edit Tasks\" and access to these fields.",
    )
}

fn user_fields(user: &Object, configured: &[&str], names: &[&str]) -> Finding {
    const ID: &str = "user_fields";
    let missing = user.missing(["Name", "IsActive", "UserType"].into_iter().chain(configured.iter().copied()));
    if !missing.is_empty() {
        return Finding::failed(
            ID,
            format!("User has no {}, which [salesforce] names.", missing.join(", ")),
            "Deploy assets/salesforce, or name fields that exist; \"\" where your org has none (but for rep_key).",
        );
    }
    let unseen = user.missing(names.iter().copied());
    if !unseen.is_empty() {
        return Finding::warning(
            ID,
            format!("User has no {}, so routing rules cannot call people by it.", unseen.join(", ")),
            "Let the integration user read it and start leadboard again, or call people by id or full name.",
        );
    }
    Finding::passed(ID, format!("User has {}.", configured.join(" and ")))
}
