//! The fields of each object: the standard ones that leadboard touches, and the custom ones it needs in every org.

use super::Kind::{Checkbox, Currency, Date, DateTime, Email, Int, Number, Picklist, Reference, Text, TextArea};
use super::{Field, Kind, Object};

const LEAD_STATUS: &[&str] =
    &["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"];
const LEAD_SOURCE: &[&str] = &["Web", "Webinar", "Partner Referral", "Trade Show", "Outbound", "Free Trial"];
const INDUSTRY: &[&str] = &["Technology", "Manufacturing", "Financial Services", "Healthcare", "Retail", "Energy"];
const STAGE: &[&str] = &["Prospecting", "Qualification", "Proposal/Price Quote", "Closed Won", "Closed Lost"];
const TASK_STATUS: &[&str] = &["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"];
const TASK_PRIORITY: &[&str] = &["High", "Normal", "Low"];
const ACCOUNT_TYPE: &[&str] = &["Prospect", "Customer - Direct", "Customer - Channel", "Technology Partner", "Other"];
const SHOW_AS: &[&str] = &["Busy", "OutOfOffice", "Free"];
const GROUP_TYPE: &[&str] = &["Regular", "Role", "Queue", "Organization"];
const USER_TYPE: &[&str] = &["Standard", "CloudIntegrationUser", "AutomatedProcess", "Guest"];

/// Number(5, 4): a probability.
const PROBABILITY: Kind = Number { precision: 5, scale: 4 };

fn text(name: &str, length: usize) -> Field {
    Field::new(name, Text(length))
}

fn owner() -> Field {
    Field::new("OwnerId", Reference(&[Object::Group, Object::User])).via("Owner")
}

/// The fields of an object, in the order in which its records keep them.
pub(super) fn fields(object: Object) -> Vec<Field> {
    let mut list = vec![Field::new("Id", Kind::Id).read_only()];
    list.extend(match object {
        Object::Lead => lead(),
        Object::User => user(),
        Object::Group => group(),
        Object::QueueSobject => queue_sobject(),
        Object::Account => account(),
        Object::Contact => contact(),
        Object::Opportunity => opportunity(),
        Object::Task => task(),
        Object::Event => event(),
        Object::LeadHistory => lead_history(),
        Object::Organization => organization(),
        Object::Decision => decision(),
    });
    list.extend(audit(object));
    list
}

/// The fields that the org itself keeps on its records.
fn audit(object: Object) -> Vec<Field> {
    let by = |name: &str, relationship| Field::new(name, Reference(&[Object::User])).read_only().via(relationship);
    let at = |name: &str| Field::new(name, DateTime).read_only();
    let deleted = Field::new("IsDeleted", Checkbox).read_only();
    match object {
        Object::LeadHistory => vec![deleted, at("CreatedDate"), by("CreatedById", "CreatedBy")],
        Object::QueueSobject => vec![at("SystemModstamp"), by("CreatedById", "CreatedBy")],
        Object::User | Object::Group | Object::Organization => {
            vec![at("CreatedDate"), at("LastModifiedDate"), at("SystemModstamp")]
        }
        _ => vec![
            deleted,
            at("CreatedDate"),
            by("CreatedById", "CreatedBy"),
            at("LastModifiedDate"),
            by("LastModifiedById", "LastModifiedBy"),
            at("SystemModstamp"),
        ],
    }
}

fn lead() -> Vec<Field> {
    vec![
        Field::new("MasterRecordId", Reference(&[Object::Lead])).read_only().via("MasterRecord"),
        text("LastName", 80).required(),
        text("FirstName", 40),
        text("Name", 121).read_only(),
        text("Title", 128),
        text("Company", 255).required(),
        text("Street", 255),
        text("City", 40),
        text("State", 80),
        text("PostalCode", 20),
        text("Country", 80),
        text("Phone", 40),
        Field::new("Email", Email(80)),
        text("Website", 255),
        Field::new("Description", TextArea(32_000)),
        Field::new("LeadSource", Picklist(LEAD_SOURCE)),
        Field::new("Status", Picklist(LEAD_STATUS)),
        Field::new("Industry", Picklist(INDUSTRY)),
        Field::new("Rating", Picklist(&["Hot", "Warm", "Cold"])),
        Field::new("AnnualRevenue", Currency),
        Field::new("NumberOfEmployees", Int),
        owner(),
        Field::new("IsConverted", Checkbox).read_only(),
        Field::new("ConvertedDate", Date).read_only(),
        Field::new("ConvertedAccountId", Reference(&[Object::Account])).read_only().via("ConvertedAccount"),
        Field::new("ConvertedContactId", Reference(&[Object::Contact])).read_only().via("ConvertedContact"),
        Field::new("ConvertedOpportunityId", Reference(&[Object::Opportunity])).read_only().via("ConvertedOpportunity"),
        text("Territory__c", 80),
        text("Product_Interest__c", 80),
        Field::new("Expected_Amount__c", Number { precision: 18, scale: 2 }),
        Field::new("AI_Assigned__c", Checkbox),
        text("AI_Routing_Reason__c", 255),
        text("AI_Return_Reason__c", 255),
        Field::new("AI_Win_Probability__c", PROBABILITY),
    ]
}

fn user() -> Vec<Field> {
    vec![
        text("Username", 80),
        text("LastName", 80),
        text("FirstName", 40),
        text("Name", 121),
        text("Alias", 8),
        Field::new("Email", Email(128)),
        text("Title", 80),
        text("Department", 80),
        Field::new("IsActive", Checkbox),
        Field::new("UserType", Picklist(USER_TYPE)),
        text("Territory__c", 80),
        text("TimeZoneSidKey", 40),
        Field::new("Away_Until__c", Date),
    ]
}

fn group() -> Vec<Field> {
    vec![
        text("Name", 40),
        text("DeveloperName", 80),
        Field::new("Type", Picklist(GROUP_TYPE)),
        Field::new("Email", Email(255)),
    ]
}

fn queue_sobject() -> Vec<Field> {
    vec![Field::new("QueueId", Reference(&[Object::Group])).via("Queue"), text("SobjectType", 40)]
}

fn account() -> Vec<Field> {
    vec![
        text("Name", 255).required(),
        Field::new("Type", Picklist(ACCOUNT_TYPE)),
        Field::new("Industry", Picklist(INDUSTRY)),
        Field::new("AnnualRevenue", Currency),
        Field::new("NumberOfEmployees", Int),
        text("BillingCountry", 80),
        text("Website", 255),
        Field::new("OwnerId", Reference(&[Object::User])).via("Owner"),
    ]
}

fn contact() -> Vec<Field> {
    vec![
        Field::new("AccountId", Reference(&[Object::Account])).via("Account"),
        text("LastName", 80).required(),
        text("FirstName", 40),
        text("Name", 121).read_only(),
        Field::new("Email", Email(80)),
        Field::new("OwnerId", Reference(&[Object::User])).via("Owner"),
    ]
}

fn opportunity() -> Vec<Field> {
    vec![
        Field::new("AccountId", Reference(&[Object::Account])).via("Account"),
        text("Name", 120).required(),
        Field::new("StageName", Picklist(STAGE)).required(),
        Field::new("CloseDate", Date).required(),
        Field::new("Amount", Currency),
        Field::new("LeadSource", Picklist(LEAD_SOURCE)),
        Field::new("IsClosed", Checkbox).read_only(),
        Field::new("IsWon", Checkbox).read_only(),
        Field::new("OwnerId", Reference(&[Object::User])).via("Owner"),
    ]
}

fn task() -> Vec<Field> {
    vec![
        Field::new("WhoId", Reference(&[Object::Contact, Object::Lead])).via("Who"),
        Field::new("WhatId", Reference(&[Object::Account, Object::Opportunity])).via("What"),
        text("Subject", 255),
        Field::new("ActivityDate", Date),
        Field::new("Status", Picklist(TASK_STATUS)),
        Field::new("Priority", Picklist(TASK_PRIORITY)),
        Field::new("Description", TextArea(32_000)),
        owner(),
        Field::new("IsClosed", Checkbox).read_only(),
        Field::new("CompletedDateTime", DateTime).read_only(),
    ]
}

fn event() -> Vec<Field> {
    vec![
        Field::new("WhoId", Reference(&[Object::Contact, Object::Lead])).via("Who"),
        Field::new("WhatId", Reference(&[Object::Account, Object::Opportunity])).via("What"),
        text("Subject", 255),
        text("Location", 255),
        Field::new("StartDateTime", DateTime).required(),
        Field::new("EndDateTime", DateTime).required(),
        Field::new("IsAllDayEvent", Checkbox),
        Field::new("ActivityDate", Date).read_only(),
        Field::new("ShowAs", Picklist(SHOW_AS)),
        Field::new("Description", TextArea(32_000)),
        Field::new("OwnerId", Reference(&[Object::User])).via("Owner"),
        Field::new("IsRecurrence", Checkbox).read_only(),
    ]
}

fn lead_history() -> Vec<Field> {
    vec![
        Field::new("LeadId", Reference(&[Object::Lead])).read_only().via("Lead"),
        text("Field", 255).read_only(),
        text("DataType", 40).read_only(),
        text("OldValue", 255).read_only().unfilterable(),
        text("NewValue", 255).read_only().unfilterable(),
    ]
}

fn organization() -> Vec<Field> {
    vec![
        text("Name", 80),
        text("OrganizationType", 40),
        text("InstanceName", 5),
        Field::new("IsSandbox", Checkbox),
        text("DefaultLocaleSidKey", 40),
        text("TimeZoneSidKey", 40),
    ]
}

fn decision() -> Vec<Field> {
    vec![
        text("Name", 80).read_only(),
        owner(),
        text("Decision_Key__c", 64).external_id().unique_case_sensitive(),
        text("Trace_Id__c", 36).external_id(),
        Field::new("Lead__c", Reference(&[Object::Lead])).via("Lead__r"),
        text("Assigned_Owner_Id__c", 18),
        Field::new("Assigned_Rep__c", Reference(&[Object::User])).via("Assigned_Rep__r"),
        text("Legacy_Owner_Id__c", 18),
        text("Verdict__c", 40),
        text("Reason_Code__c", 40),
        text("Reason__c", 255),
        Field::new("Win_Probability__c", PROBABILITY),
        text("Model__c", 80),
        text("Decided_By__c", 80),
        Field::new("Decided_At__c", DateTime),
    ]
}

impl Field {
    /// A fact that an imported history brings beyond the agreed fields: text or number.
    pub(crate) fn fact(name: &str, numeric: bool) -> Self {
        let kind = if numeric { Number { precision: 18, scale: 6 } } else { Text(255) };
        Self::new(name, kind)
    }
}
