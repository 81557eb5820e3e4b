//! The facts of a lead that features read.

use serde::{Deserialize, Serialize};

use crate::domain::facts::LeadFacts;

/// Name of the numeric fact that holds the hours from a lead's creation to the rep's first contact.
///
/// It is never a column for the lead itself, whose response is not known when it is routed: a rep's earlier responses are
/// a feature of the rep.
pub const RESPONSE_FACT: &str = "response_hours";

/// A numeric fact of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericFact {
    /// Expected amount at creation.
    Amount,
    /// Annual revenue of the company.
    AnnualRevenue,
    /// Employees of the company.
    Employees,
    /// A further fact by name.
    Named(String),
}

impl NumericFact {
    /// Its value; `None` when missing or not a finite number.
    pub fn read(&self, facts: &LeadFacts) -> Option<f64> {
        let value = match self {
            Self::Amount => facts.amount,
            Self::AnnualRevenue => facts.annual_revenue,
            Self::Employees => facts.employees,
            Self::Named(name) => facts.numeric.get(name).copied(),
        };
        value.filter(|v| v.is_finite())
    }

    /// For people.
    pub fn label(&self) -> &str {
        match self {
            Self::Amount => "deal amount",
            Self::AnnualRevenue => "annual revenue",
            Self::Employees => "employees",
            Self::Named(name) => name,
        }
    }

    /// In names of columns and factors.
    pub fn key(&self) -> &str {
        match self {
            Self::Amount => "amount",
            Self::AnnualRevenue => "annual_revenue",
            Self::Employees => "employees",
            Self::Named(name) => name,
        }
    }
}

/// A categorical fact of a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoricalFact {
    /// Industry of the company.
    Industry,
    /// Where the lead came from.
    Source,
    /// Product asked about.
    Product,
    /// Sales territory.
    Territory,
    /// Country.
    Country,
    /// A further fact by name.
    Named(String),
    /// Size tier of a numeric fact: tier `i` holds values below `cuts[i]` and not below `cuts[i - 1]`.
    Tier {
        /// The fact.
        of: NumericFact,
        /// Ascending.
        cuts: Vec<f64>,
    },
}

impl CategoricalFact {
    /// Its value as text; `None` when missing or blank, and always for tiers.
    pub fn text<'a>(&self, facts: &'a LeadFacts) -> Option<&'a str> {
        let value = match self {
            Self::Industry => facts.industry.as_deref(),
            Self::Source => facts.source.as_deref(),
            Self::Product => facts.product.as_deref(),
            Self::Territory => facts.territory.as_deref(),
            Self::Country => facts.country.as_deref(),
            Self::Named(name) => facts.categorical.get(name).map(String::as_str),
            Self::Tier { .. } => None,
        };
        value.map(str::trim).filter(|v| !v.is_empty())
    }

    /// For people.
    pub fn label(&self) -> String {
        match self {
            Self::Industry => "industry".into(),
            Self::Source => "source".into(),
            Self::Product => "product".into(),
            Self::Territory => "territory".into(),
            Self::Country => "country".into(),
            Self::Named(name) => name.clone(),
            Self::Tier { of, .. } => format!("{} tier", of.label()),
        }
    }

    /// In names of columns and factors.
    pub fn key(&self) -> String {
        match self {
            Self::Tier { of, .. } => format!("{}_tier", of.key()),
            other => other.label(),
        }
    }
}
