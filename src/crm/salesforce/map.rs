//! Records into words of the domain. History and live leads are read by the same functions, so training and scoring
//! cannot see different things.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::errors::{Class, Fault};
use super::optional::Optional;
use super::query::Api;
use super::{dates, ids};
use crate::config::salesforce::Fields;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::LeadId;
use crate::domain::lead::{Form, Lead, Owner};

/// Longest categorical fact that is kept, in characters. Picklists and names are shorter; a long text area is no
/// category.
const MAX_FACT: usize = 1_000;

/// Longest text of a form that is kept, in characters. Enough to tell a language and what is asked for.
const MAX_TEXT: usize = 4_000;

/// One record of an answer.
pub(super) struct Record(Map<String, Value>);

impl Record {
    /// Parses a record.
    pub(super) fn parse(raw: &RawValue) -> Result<Self, Fault> {
        serde_json::from_str(raw.get())
            .map(Self)
            .map_err(|e| Fault::new(Class::Protocol, format!("a record is not an object: {e}")))
    }

    /// A record from its fields.
    pub(super) const fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// A value by field name or path. Salesforce answers with its own spelling of a name, so case is ignored.
    fn get(&self, field: &str) -> Option<&Value> {
        let mut object = &self.0;
        let mut names = field.split('.').peekable();
        loop {
            let name = names.next()?;
            let value = object
                .get(name)
                .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))?;
            if names.peek().is_none() {
                return Some(value);
            }
            object = value.as_object()?;
        }
    }

    /// Text without surrounding space; empty is absent. Numbers and checkboxes are written out.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        let text = match self.get(field)? {
            Value::String(text) => text.replace('\0', ""),
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            _ => return None,
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A finite number, also when written as text; a checkbox is 0 or 1.
    pub(super) fn number(&self, field: &str) -> Option<f64> {
        match self.get(field)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            _ => None,
        }
        .filter(|n: &f64| n.is_finite())
    }

    /// A checkbox; absent is false.
    pub(super) fn flag(&self, field: &str) -> bool {
        self.get(field).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A record id in its long form.
    pub(super) fn id(&self, field: &str) -> Option<String> {
        ids::normalise(self.get(field)?.as_str()?)
    }

    /// A date-time.
    pub(super) fn at(&self, field: &str) -> Option<DateTime<Utc>> {
        dates::parse(self.get(field)?.as_str()?)
    }

    /// The end of a calendar date.
    pub(super) fn end_of_day(&self, field: &str) -> Option<DateTime<Utc>> {
        dates::end_of_day(self.get(field)?.as_str()?)
    }

    /// A calendar date.
    pub(super) fn date(&self, field: &str) -> Option<NaiveDate> {
        self.get(field)?.as_str()?.parse().ok()
    }

    /// The owner.
    pub(super) fn owner(&self) -> Option<Owner> {
        ids::owner(self.get("OwnerId")?.as_str()?)
    }
}

/// Which Lead fields are which facts, all names checked.
pub(super) struct FactFields {
    source: Option<Api>,
    industry: Option<Api>,
    product: Option<Api>,
    territory: Option<Api>,
    country: Option<Api>,
    annual_revenue: Option<Api>,
    employees: Option<Api>,
    amount: Option<Api>,
    numeric: Vec<(String, Api)>,
    categorical: Vec<(String, Api)>,
}

impl FactFields {
    /// The field of the lead source, if it is one of the lead itself.
    pub(super) fn source(&self) -> Option<&Api> {
        self.source.as_ref().filter(|field| !field.as_str().contains('.'))
    }

    /// Checks every configured name; the message says which is wrong.
    pub(super) fn new(config: &Fields) -> Result<Self, Fault> {
        let more = |fields: &std::collections::BTreeMap<String, String>| {
            fields
                .iter()
                .filter_map(|(fact, field)| {
                    optional_field(&format!("fields {fact}"), field).transpose().map(|f| f.map(|f| (fact.clone(), f)))
                })
                .collect::<Result<Vec<_>, Fault>>()
        };
        Ok(Self {
            source: optional_field("fields.source", &config.source)?,
            industry: optional_field("fields.industry", &config.industry)?,
            product: optional_field("fields.product", &config.product)?,
            territory: optional_field("fields.territory", &config.territory)?,
            country: optional_field("fields.country", &config.country)?,
            annual_revenue: optional_field("fields.annual_revenue", &config.annual_revenue)?,
            employees: optional_field("fields.employees", &config.employees)?,
            amount: optional_field("fields.amount", &config.amount)?,
            numeric: more(&config.numeric)?,
            categorical: more(&config.categorical)?,
        })
    }

    /// The facts that are texts, each with its name in rules (after `lead.`) and its field.
    pub(super) fn texts(&self) -> impl Iterator<Item = (String, &Api)> {
        let named = [
            ("source", &self.source),
            ("industry", &self.industry),
            ("product", &self.product),
            ("territory", &self.territory),
            ("country", &self.country),
        ];
        let named = named.into_iter().filter_map(|(fact, field)| Some((fact.to_owned(), field.as_ref()?)));
        named.chain(self.categorical.iter().map(|(fact, field)| (format!("fields.{fact}"), field)))
    }

    /// The names of the further facts, which only the config knows.
    pub(super) fn further(&self) -> impl Iterator<Item = &str> {
        self.numeric.iter().chain(&self.categorical).map(|(fact, _)| fact.as_str())
    }

    /// All fields to select.
    pub(super) fn all(&self) -> impl Iterator<Item = Api> {
        [
            &self.source,
            &self.industry,
            &self.product,
            &self.territory,
            &self.country,
            &self.annual_revenue,
            &self.employees,
            &self.amount,
        ]
        .into_iter()
        .flatten()
        .chain(self.numeric.iter().chain(&self.categorical).map(|(_, field)| field))
        .cloned()
    }

    /// The facts in a Lead record.
    pub(super) fn facts(&self, record: &Record, created_at: DateTime<Utc>) -> LeadFacts {
        let text = |field: &Option<Api>| {
            let text = record.text(field.as_ref()?.as_str())?;
            Some(text.chars().take(MAX_FACT).collect::<String>())
        };
        let number = |field: &Option<Api>| record.number(field.as_ref()?.as_str());
        LeadFacts {
            created_at,
            source: text(&self.source),
            industry: text(&self.industry),
            product: text(&self.product),
            territory: text(&self.territory),
            country: text(&self.country),
            annual_revenue: number(&self.annual_revenue),
            employees: number(&self.employees),
            amount: number(&self.amount),
            numeric: self
                .numeric
                .iter()
                .filter_map(|(fact, field)| Some((fact.clone(), record.number(field.as_str())?)))
                .collect(),
            categorical: self
                .categorical
                .iter()
                .filter_map(|(fact, field)| {
                    Some((fact.clone(), record.text(field.as_str())?.chars().take(MAX_FACT).collect()))
                })
                .collect(),
        }
    }
}

/// Which Lead fields hold what the form said, all names checked.
pub(super) struct FormFields {
    email: Option<Api>,
    website: Option<Api>,
    text: Option<Api>,
    language: Option<Api>,
    returned: Option<Api>,
    status: Option<Api>,
    /// Values of the status, in small letters.
    disqualified: Vec<String>,
    optional: Optional,
}

impl FormFields {
    /// Checks every configured name.
    pub(super) fn new(config: &Fields) -> Result<Self, Fault> {
        let email = optional_field("fields.email", &config.email)?;
        let website = optional_field("fields.website", &config.website)?;
        let text = optional_field("fields.text", &config.text)?;
        let language = optional_field("fields.language", &config.language)?;
        let returned = optional_field("fields.returned", &config.returned)?;
        let disqualified: Vec<String> = config.disqualified.iter().map(|status| status.to_lowercase()).collect();
        let status = optional_field("fields.status", &config.status)?.filter(|_| !disqualified.is_empty());
        let all = [&email, &website, &text, &language, &returned, &status].into_iter().flatten().cloned();
        let optional = Optional::new("Lead", all);
        Ok(Self { email, website, text, language, returned, status, disqualified, optional })
    }

    /// All of them, whether or not the org shows them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Api> {
        self.optional.all().iter()
    }

    /// Which of them are read.
    pub(super) const fn optional(&self) -> &Optional {
        &self.optional
    }

    /// Where reps write why they give a lead back, which the next decision clears.
    pub(super) const fn cleared(&self) -> Option<&Api> {
        self.returned.as_ref()
    }

    /// The same, as far as the org shows it.
    pub(super) fn returned(&self) -> Option<Api> {
        let shown = self.optional.shown();
        self.returned.clone().filter(|field| shown.iter().any(|shown| shown.as_str() == field.as_str()))
    }

    /// What the form said.
    fn form(&self, record: &Record) -> Form {
        let text = |field: &Option<Api>, most: usize| {
            let text = record.text(field.as_ref()?.as_str())?;
            Some(text.chars().take(most).collect::<String>())
        };
        Form {
            email: text(&self.email, MAX_FACT),
            website: text(&self.website, MAX_FACT),
            text: text(&self.text, MAX_TEXT),
            language: text(&self.language, MAX_FACT),
            returned: text(&self.returned, MAX_FACT).filter(|why| !why.trim().is_empty()),
            disqualified: text(&self.status, MAX_FACT)
                .is_some_and(|status| self.disqualified.contains(&status.to_lowercase())),
        }
    }
}

/// A configured field name; empty means that the org has none.
pub(super) fn optional_field(what: &str, name: &str) -> Result<Option<Api>, Fault> {
    if name.is_empty() {
        return Ok(None);
    }
    Api::parse(name).map(Some).ok_or_else(|| {
        Fault::new(Class::Configuration, format!("{what} = {name:?} is not a field name (letters, digits, _, dots)"))
    })
}

/// System fields of a Lead. Salesforce always fills them, so a record without one was not understood.
pub(super) const LEAD: [&str; 9] = [
    "Id",
    "Name",
    "Company",
    "OwnerId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "IsConverted",
    "IsDeleted",
];

/// A Lead record as a lead.
pub(super) fn lead(record: &Record, fields: &FactFields, form: &FormFields) -> Result<Lead, Fault> {
    let missing = |field: &str| {
        let id = record.id("Id").unwrap_or_default();
        Fault::new(Class::Protocol, format!("lead {id} came without a readable {field}"))
    };
    let created_at = record.at("CreatedDate").ok_or_else(|| missing("CreatedDate"))?;
    Ok(Lead {
        id: LeadId::new(record.id("Id").ok_or_else(|| missing("Id"))?),
        company: record.text("Company").unwrap_or_default(),
        contact: record.text("Name"),
        facts: fields.facts(record, created_at),
        form: form.form(record),
        owner: record.owner().ok_or_else(|| missing("OwnerId"))?,
        modified_at: record.at("LastModifiedDate").ok_or_else(|| missing("LastModifiedDate"))?,
        modstamp: record.at("SystemModstamp").ok_or_else(|| missing("SystemModstamp"))?,
        converted: record.flag("IsConverted"),
        deleted: record.flag("IsDeleted"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(json: &str) -> Record {
        Record::parse(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    #[test]
    fn a_lead_is_read_with_its_facts() {
        let mut config = Fields::default();
        config.numeric.insert("visits".into(), "Visits__c".into());
        config.categorical.insert("plan".into(), "plan__C".into());
        config.country = String::new();
        config.language = "Language__c".into();
        config.website = String::new();
        let (fields, form) = (FactFields::new(&config).unwrap(), FormFields::new(&config).unwrap());
        let lead = lead(
            &record(
                r#"{"attributes":{"type":"Lead"},"Id":"00Q000000000001","Name":"Ada","Company":"Acme\u0000",
                "OwnerId":"00G000000000001EAA","CreatedDate":"2026-11-22T08:00:00.000+0000",
                "LastModifiedDate":"2026-11-22T08:00:01.000+0000","SystemModstamp":"2026-11-22T08:00:02.000+0000",
                "IsConverted":false,"IsDeleted":true,"LeadSource":" Web ","Industry":"","AnnualRevenue":1.5e6,
                "NumberOfEmployees":"12","Expected_Amount__c":null,"Visits__c":7,"Plan__c":"Gold","Country":"AT",
                "Email":" ada@acme.at ","Website":"acme.at","Description":"Grüß Gott,\nbitte um Rückruf","Language__c":"de"}"#,
            ),
            &fields,
            &form,
        )
        .unwrap();
        assert_eq!(lead.id.as_str(), "00Q000000000001EAA");
        assert_eq!(lead.company, "Acme");
        assert!(matches!(lead.owner, Owner::Queue(_)));
        assert!(lead.deleted && !lead.converted);
        let said = |text: &str| Some(text.to_owned());
        let form = Form {
            email: said("ada@acme.at"),
            text: said("Grüß Gott,\nbitte um Rückruf"),
            language: said("de"),
            ..Form::default()
        };
        assert_eq!(lead.form, form);
        let facts = lead.facts;
        assert_eq!((facts.source.as_deref(), facts.industry, facts.country), (Some("Web"), None, None));
        assert_eq!((facts.annual_revenue, facts.employees, facts.amount), (Some(1.5e6), Some(12.0), None));
        assert_eq!(facts.numeric.get("visits"), Some(&7.0));
        assert_eq!(facts.categorical["plan"], "Gold");
    }

    #[test]
    fn parents_are_reached_by_path() {
        let record = record(r#"{"ConvertedOpportunity":{"IsWon":true,"CloseDate":"2026-01-31"},"Other":null}"#);
        assert!(record.flag("ConvertedOpportunity.IsWon"));
        assert!(record.end_of_day("convertedopportunity.closedate").is_some());
        assert_eq!(record.text("Other.Name"), None);
    }

    #[test]
    fn a_wrong_field_name_is_named() {
        let config = Fields { source: "Lead Source".into(), ..Fields::default() };
        let fault = FactFields::new(&config).err().unwrap();
        assert!(fault.message.contains("fields.source") && fault.message.contains("Lead Source"), "{}", fault.message);
    }

    /// A good record of which some fields hold anything.
    fn spoiled() -> impl Strategy<Value = Value> {
        let good = serde_json::json!({
            "Id": "00Q000000000001", "Name": "Ada", "Company": "Acme", "OwnerId": "005000000000001",
            "CreatedDate": "2026-11-22T08:00:00.000+0000", "LastModifiedDate": "2026-11-22T08:00:01.000+0000",
            "SystemModstamp": "2026-11-22T08:00:02.000+0000", "IsConverted": false, "IsDeleted": false,
            "LeadSource": "Web", "AnnualRevenue": 1.5e6, "NumberOfEmployees": 12, "Description": "Please call.",
        });
        let keys: Vec<String> = good.as_object().unwrap().keys().cloned().collect();
        let change = (proptest::sample::select(keys), crate::testing::json());
        proptest::collection::vec(change, 0..4).prop_map(move |changes| {
            let mut record = good.clone();
            for (key, value) in changes {
                record[key] = value;
            }
            record
        })
    }

    proptest! {
        #[test]
        fn whatever_a_record_holds_it_is_a_lead_or_an_error(value in spoiled()) {
            let (fields, form) = (FactFields::new(&Fields::default()).unwrap(), FormFields::new(&Fields::default()).unwrap());
            match lead(&record(&value.to_string()), &fields, &form) {
                Err(fault) => prop_assert_eq!(fault.class, Class::Protocol),
                Ok(lead) => {
                    let facts = &lead.facts;
                    let numbers = [facts.annual_revenue, facts.employees, facts.amount];
                    prop_assert!(numbers.into_iter().flatten().all(f64::is_finite));
                    let texts = [Some(&lead.company), lead.contact.as_ref(), facts.source.as_ref(), lead.form.text.as_ref()];
                    prop_assert!(texts.into_iter().flatten().all(|text| !text.contains('\0')));
                    prop_assert_eq!(lead.id.as_str().len(), 18);
                }
            }
        }

        #[test]
        fn whatever_an_answer_holds_it_is_read_or_refused(value in crate::testing::json(), cut in 0usize..64) {
            use crate::crm::salesforce::wire;
            let wrapped = serde_json::json!({
                "records": value, "compositeResponse": value, "access_token": value, "errorCode": value,
            });
            for text in [value.to_string(), wrapped.to_string()] {
                let bytes = &text.as_bytes()[..text.len().saturating_sub(cut)];
                drop(serde_json::from_slice::<wire::QueryPage>(bytes));
                drop(serde_json::from_slice::<wire::CompositeAnswer>(bytes));
                drop(serde_json::from_slice::<wire::Token>(bytes));
                drop(serde_json::from_slice::<Vec<wire::ApiError>>(bytes));
                drop(serde_json::from_slice::<Vec<wire::ApiVersion>>(bytes));
            }
        }
    }
}
