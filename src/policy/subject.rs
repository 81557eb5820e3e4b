//! What policy may know of a lead, besides what a model learns from: who it is, what was written in the form, and which
//! account of the CRM it belongs to.

use serde::{Deserialize, Serialize};

use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::Owner;
pub use crate::domain::pool::Earlier;
use crate::domain::ranking::Tier;
use crate::policy::company::{Duplicate, Found};

/// The lead that is to be routed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Its id.
    pub lead_id: LeadId,
    /// What was known at its creation.
    pub facts: LeadFacts,
    /// Company name, raw.
    pub company: String,
    /// The person's name, raw.
    #[serde(default)]
    pub contact: Option<String>,
    /// E-mail address of the person, raw.
    pub email: Option<String>,
    /// Web site of the company, raw.
    pub website: Option<String>,
    /// What the person wrote in the form, raw.
    pub text: Option<String>,
    /// Language that the CRM names, as it names it (`de`, `German`, `de_DE`).
    pub language: Option<String>,
    /// Lead score, 0 to 100, when a model gives one.
    pub score: Option<u8>,
    /// Its tier.
    pub tier: Option<Tier>,
    /// The account of the CRM that it belongs to, if one was found.
    pub account: Option<Account>,
    /// Who already works with the company, with the records that prove it.
    #[serde(default)]
    pub owners: Found,
    /// Records of the same person, best proof first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<Duplicate>,
    /// Why it is not known which account it belongs to, where the CRM should have said so and did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
    /// Reps that had the lead and lost it (returned it, or let its clock run out), with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<(RepId, Earlier)>,
    /// Whether the rep who let its clock run out was a person's choice: then the next one is too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_chosen: bool,
}

impl Subject {
    /// A lead of which only the facts are known.
    pub fn plain(lead_id: LeadId, facts: LeadFacts) -> Self {
        Self {
            lead_id,
            facts,
            company: String::new(),
            contact: None,
            email: None,
            website: None,
            text: None,
            language: None,
            score: None,
            tier: None,
            account: None,
            owners: Found::Nothing,
            duplicates: Vec::new(),
            unanswered: None,
            earlier: Vec::new(),
            was_chosen: false,
        }
    }
}

/// An account (company) of the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The record that proves it.
    pub id: String,
    /// Its name, raw.
    pub name: String,
    /// Its web domain, as the CRM has it, raw.
    pub website: Option<String>,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// Whether it bought before.
    pub customer: bool,
    /// Its open opportunities.
    pub open_deals: u32,
}
