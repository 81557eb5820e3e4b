//! What facts a lead is read with, and which values the org offers for those that are picklists.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Salesforce;
use super::client::Target;
use super::errors::Fault;
use super::query::Api;
use crate::domain::vocabulary::Vocabulary;

/// What describe says of an object, as far as it matters here.
#[derive(Deserialize)]
struct Describe {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    picklist_values: Vec<Offered>,
}

/// A value of a picklist. One that is not active stays on old records and cannot be chosen any more.
#[derive(Deserialize)]
struct Offered {
    value: String,
    active: bool,
}

impl Salesforce {
    /// One call, whatever the number of facts. A fact that is read through a relation (`Owner.Region__c`) belongs to
    /// another object, and one with several values at once (`multipicklist`) is a text of its own; neither is compared.
    pub(super) async fn read_vocabulary(&self) -> Result<Vocabulary, Fault> {
        let target = Target::Data { path: &["sobjects", "Lead", "describe"], query: &[] };
        let described = self.client.read::<Describe>(target).await?.value;
        let offered: BTreeMap<String, Vec<String>> = described
            .fields
            .into_iter()
            .filter(|field| field.kind == "picklist")
            .map(|Field { name, picklist_values, .. }| {
                let values = picklist_values.into_iter().filter(|value| value.active).map(|value| value.value);
                (name.to_ascii_lowercase(), values.collect())
            })
            .collect();
        let values = |field: &Api| offered.get(&field.as_str().to_ascii_lowercase()).cloned();
        let picklists = self.fields.texts().filter_map(|(fact, field)| Some((fact, values(field)?))).collect();
        Ok(Vocabulary {
            accounts: self.accounts.is_some(),
            further: self.fields.further().map(str::to_owned).collect(),
            picklists,
        })
    }
}
