//! Fields that are read where the org shows them, and done without where it does not.
//!
//! A query that names a field which field-level security hides is refused as a whole. What is only good to have must not
//! stop what is needed, so after such a refusal we look at what the org shows us and leave the rest out. Until then it
//! costs no call.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::client::{Client, Target};
use super::errors::{Class, Fault};
use super::query::Api;

/// Optional fields of one object.
pub(super) struct Optional {
    object: &'static str,
    fields: Vec<Api>,
    /// Those the org does not show, in lower case. Found out anew by the next process.
    hidden: Mutex<BTreeSet<String>>,
}

impl Optional {
    pub(super) fn new(object: &'static str, fields: impl IntoIterator<Item = Api>) -> Self {
        Self { object, fields: fields.into_iter().collect(), hidden: Mutex::default() }
    }

    /// All of them, hidden or not.
    pub(super) fn all(&self) -> &[Api] {
        &self.fields
    }

    /// Those to select.
    pub(super) fn shown(&self) -> Vec<Api> {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        self.fields.iter().filter(|field| !hidden.contains(&field.as_str().to_ascii_lowercase())).cloned().collect()
    }

    /// Whether a query that was refused with this fault is worth another try, because some of the fields are left out from
    /// now on.
    pub(super) async fn learns_from(&self, fault: &Fault, client: &Client) -> bool {
        if fault.class != Class::Configuration {
            return false;
        }
        // A path leads to another object, of which this one's description says nothing.
        let asked: Vec<Api> = self.shown().into_iter().filter(|field| !field.as_str().contains('.')).collect();
        if asked.is_empty() {
            return false;
        }
        let Ok(shown) = client.fields_of(self.object).await else { return false };
        let missing: Vec<&str> =
            asked.iter().map(Api::as_str).filter(|field| !shown.contains(&field.to_ascii_lowercase())).collect();
        if missing.is_empty() {
            return false;
        }
        tracing::warn!(object = self.object, fields = missing.join(", "), "the org does not show these; done without");
        let missing = missing.into_iter().map(str::to_ascii_lowercase);
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).extend(missing);
        true
    }
}

impl Client {
    /// The fields of an object that we may see, in lower case.
    async fn fields_of(&self, object: &str) -> Result<BTreeSet<String>, Fault> {
        #[derive(Deserialize)]
        struct Describe {
            fields: Vec<Field>,
        }
        #[derive(Deserialize)]
        struct Field {
            name: String,
        }
        let target = Target::Data { path: &["sobjects", object, "describe"], query: &[] };
        let described = self.read::<Describe>(target).await?.value;
        Ok(described.fields.into_iter().map(|field| field.name.to_ascii_lowercase()).collect())
    }
}
