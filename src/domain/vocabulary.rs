//! What the CRM can say of a lead, so that rules can be compared with it before they count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts that leads are read with, and values that some of them can have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Whether accounts are looked up, so that `account.…` can ever be known.
    pub accounts: bool,
    /// The names of all further facts (`lead.fields.…` in rules) that are read.
    pub further: Vec<String>,
    /// The values that picklists offer now, by the name of the fact that each fills: `source`, `fields.region`. A fact
    /// that is no picklist is not here.
    pub picklists: BTreeMap<String, Vec<String>>,
}
