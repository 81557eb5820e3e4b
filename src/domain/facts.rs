//! What was known about a lead when it was created.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The facts a model may use: known when the lead was created, and nothing later.
///
/// A closed deal of the history and a live lead are read into the same type, so training and scoring cannot see
/// different things. Missing is `None` or an absent key, never a marker value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadFacts {
    /// When the lead came into the CRM.
    pub created_at: DateTime<Utc>,
    /// Where it came from (web form, webinar, partner …), as the CRM spells it.
    pub source: Option<String>,
    /// Industry of the company.
    pub industry: Option<String>,
    /// Product or product family the lead asks about.
    pub product: Option<String>,
    /// Sales territory.
    pub territory: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Annual revenue of the company, in the currency of the org.
    pub annual_revenue: Option<f64>,
    /// Number of employees.
    pub employees: Option<f64>,
    /// Expected deal amount as known at creation, in the currency of the org.
    pub amount: Option<f64>,
    /// Further numeric facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numeric: BTreeMap<String, f64>,
    /// Further categorical facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub categorical: BTreeMap<String, String>,
}

impl LeadFacts {
    /// Facts of which only the time of creation is known.
    pub fn empty(created_at: DateTime<Utc>) -> Self {
        Self {
            created_at,
            source: None,
            industry: None,
            product: None,
            territory: None,
            country: None,
            annual_revenue: None,
            employees: None,
            amount: None,
            numeric: BTreeMap::new(),
            categorical: BTreeMap::new(),
        }
    }
}
