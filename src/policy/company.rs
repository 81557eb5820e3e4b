//! Which company a lead is from, and who already works with it: the account, or an earlier lead or opportunity that is
//! still open. One company, one rep.
//!
//! Two records are of one company when they share a web domain or a name, both made comparable first. Where records
//! contradict each other, that is what is reported; nobody guesses.

pub mod domain;
mod index;
pub mod name;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use index::{Index, keys};

use super::subject::Account;
use crate::domain::ids::RepId;
use crate::domain::lead::Owner;

/// `[company]` of `routing.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompanySettings {
    /// Whether a lead goes to the rep who already works with its company.
    pub one_rep: bool,
    /// Further domains that say nothing of a company, as those of mail providers do.
    pub shared_domains: BTreeSet<String>,
    /// Further names that are none (`private`, `student`).
    pub no_names: BTreeSet<String>,
}

impl Default for CompanySettings {
    fn default() -> Self {
        Self { one_rep: true, shared_domains: BTreeSet::new(), no_names: BTreeSet::new() }
    }
}

/// What kind of record speaks for a company. In the order of how much its owner counts.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// An account.
    Account,
    /// An open opportunity.
    Opportunity,
    /// A contact of an account.
    Contact,
    /// An earlier lead that is still open.
    Lead,
}

/// A record of the CRM that knows of a company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The company's name, raw.
    pub company: String,
    /// The company's web site, raw.
    pub website: Option<String>,
    /// A person's e-mail address, raw.
    pub email: Option<String>,
    /// A person's name, raw.
    pub person: Option<String>,
    /// Who owns it.
    pub owner: Option<Owner>,
}

impl std::fmt::Display for Duplicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { how, kind, id } = self;
        match how {
            SamePerson::Email => write!(f, "the person of {kind} {id}: same e-mail address"),
            SamePerson::NameAndCompany => write!(f, "the person of {kind} {id}: same name and company"),
        }
    }
}

impl From<&Account> for Record {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.clone(),
            kind: Kind::Account,
            company: account.name.clone(),
            website: account.website.clone(),
            email: None,
            person: None,
            owner: account.owner.clone(),
        }
    }
}

/// In what a record and a lead are the same. In the order of how much it proves.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum How {
    /// Domain and name.
    DomainAndName,
    /// The web domain, or that of the e-mail address.
    Domain,
    /// The name.
    Name,
    /// The person's e-mail address, where it tells nothing of a company, as that of a mail provider.
    Person,
}

/// A record of the lead's company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The record that proves it.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The company's name there, raw.
    pub company: String,
    /// Its owner.
    pub owner: Option<Owner>,
    /// In what they are the same.
    pub how: How,
    /// What they share, made comparable: the domain, the name where only that is shared, or the person's address.
    pub shared: String,
}

impl std::fmt::Display for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, kind, company, shared, .. } = self;
        match self.how {
            How::DomainAndName => write!(f, "{kind} {company} ({id}): same domain {shared} and same name"),
            How::Domain => write!(f, "{kind} {company} ({id}): same domain {shared}"),
            How::Name => write!(f, "{kind} {company} ({id}): same name"),
            How::Person => write!(f, "{kind} {company} ({id}): same person"),
        }
    }
}

/// What is known of a lead's company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Found {
    /// Nothing.
    #[default]
    Nothing,
    /// One owner, or none that is a rep; this record proves it.
    One {
        /// The record.
        record: Match,
    },
    /// Records that speak for different reps; a person has to look.
    Ambiguous {
        /// The best record of each of them, by the rep's id.
        records: Vec<Match>,
    },
}

impl Found {
    /// The one rep who works with the company.
    pub fn rep(&self) -> Option<&RepId> {
        match self {
            Self::One { record } => record.owner.as_ref().and_then(Owner::rep),
            Self::Nothing | Self::Ambiguous { .. } => None,
        }
    }

    /// The same once those who cannot work with the company any more do not count: they contradict nobody. `active` tells
    /// whether a rep can.
    #[must_use]
    pub fn among(self, active: impl Fn(&RepId) -> bool) -> Self {
        let Self::Ambiguous { records } = self else { return self };
        let speaks = |record: &&Match| record.owner.as_ref().and_then(Owner::rep).is_some_and(&active);
        let here: Vec<Match> = records.iter().filter(speaks).cloned().collect();
        match (here.as_slice(), records.first()) {
            ([one], _) => Self::One { record: one.clone() },
            ([], Some(first)) => Self::One { record: first.clone() },
            ([], None) => Self::Nothing,
            _ => Self::Ambiguous { records: here },
        }
    }
}

/// In what two records are the same person.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SamePerson {
    /// The same e-mail address.
    Email,
    /// The same name at the same company.
    NameAndCompany,
}

/// A record of the person whose lead this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Duplicate {
    /// In what they are the same.
    pub how: SamePerson,
    /// What the record is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
}

#[cfg(test)]
mod tests;
