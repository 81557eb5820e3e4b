//! Which accounts of the CRM a lead may belong to, and what is kept of that.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::domain::ids::LeadId;
use crate::domain::lead::{Form, Lead, LeadRecord, Owner};
use crate::policy::company::{self, CompanySettings, domain};

pub use crate::policy::subject::Account as CompanyAccount;

/// What a company is looked for by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompanySought {
    /// Its name as it was given, raw; `None` where it names no company.
    pub name: Option<String>,
    /// What of the name comes before the legal form.
    pub stem: Option<String>,
    /// Its web domains, registrable ones (`acme.co.uk`), in every spelling. Those that many share, as mail providers have, say
    /// nothing and are not among them.
    pub domains: BTreeSet<String>,
}

impl CompanySought {
    /// By a name, raw, and domains as `policy::company::domain` gives them.
    pub fn new(name: Option<&str>, domains: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: name.map(str::to_owned),
            stem: name.and_then(company::name::stem).map(str::to_owned),
            domains: domains.into_iter().flat_map(|domain| [domain::in_letters(&domain), domain]).collect(),
        }
    }

    /// What a lead's company can be found by; `None` if there is nothing.
    pub fn of(lead: &Lead, settings: &CompanySettings) -> Option<Self> {
        let site = lead.form.website.as_deref().and_then(domain::of_website);
        let address = lead.form.email.as_deref().and_then(domain::of_email);
        let domains = site.into_iter().chain(address).filter(|domain| !settings.shared_domains.contains(domain));
        let key = company::name::key(&lead.company);
        let named = key.is_some() && !settings.no_names.iter().any(|none| company::name::key(none) == key);
        let sought = Self::new(named.then_some(lead.company.as_str()), domains);
        (sought != Self::default()).then_some(sought)
    }
}

/// What the CRM said of a lead's company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: DateTime<Utc>,
    /// The accounts that match; `None` where the CRM is not asked for accounts.
    pub accounts: Option<Vec<CompanyAccount>>,
}

/// What was found out about the company of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadCompany {
    /// The lead.
    pub lead_id: LeadId,
    /// The reading that it was found out for; of another one it says nothing.
    pub modstamp: DateTime<Utc>,
    /// What the lead's company and person are found by (`policy::company::keys`).
    pub keys: BTreeSet<String>,
    /// What the CRM said; `None` where it was not asked. Then what it said before stays.
    pub asked: Option<Asked>,
}

/// A lead that somebody has already.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierLead {
    /// The lead.
    pub id: LeadId,
    /// Its company, raw.
    pub company: String,
    /// The person's name, raw.
    pub contact: Option<String>,
    /// What the form said.
    pub form: Form,
    /// Who has it.
    pub owner: Owner,
    /// Since when: since it was decided; where a person took it, since it came at the earliest.
    pub since: DateTime<Utc>,
}

/// Leads of whose companies something is to be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlooked {
    /// Pending leads of which the CRM was not asked, the oldest first.
    Waiting,
    /// Leads in a lane of which it was not asked, or not since then.
    Stale {
        /// Then.
        before: DateTime<Utc>,
    },
    /// Leads that were decided or taken before anybody looked at companies, received since then.
    Settled {
        /// Then.
        since: DateTime<Utc>,
    },
}

/// What is kept of the companies of leads.
#[async_trait]
pub trait CompanyStore: Send + Sync {
    /// Leads of whose companies something is to be found out, bounded.
    async fn unlooked(&self, which: Unlooked, limit: u32) -> Result<Vec<LeadRecord>, StoreError>;

    /// Keeps what was found out, in one transaction. Leads in a lane of which the CRM says something else than before become
    /// pending again; how many.
    async fn note_companies(&self, found: &[LeadCompany], at: DateTime<Utc>) -> Result<u64, StoreError>;

    /// What the CRM said of the companies of these leads; leads of which it was not asked are left out.
    async fn asked_companies(&self, leads: &[LeadId]) -> Result<Vec<(LeadId, Asked)>, StoreError>;

    /// Leads received since then that somebody has (decided here or taken in the CRM, not deleted) and that share one of
    /// these keys, the newest first, bounded.
    async fn earlier_leads(
        &self,
        keys: &[String],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<EarlierLead>, StoreError>;
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::facts::LeadFacts;
    use crate::domain::ids::RepId;

    fn sought(company: &str, email: &str, website: &str) -> Option<CompanySought> {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let at = DateTime::UNIX_EPOCH;
        let lead = Lead {
            id: LeadId::new("1"),
            company: company.into(),
            contact: None,
            facts: LeadFacts::empty(at),
            form: Form { email: said(email), website: said(website), ..Form::default() },
            owner: Owner::Rep(RepId::new("r")),
            modified_at: at,
            modstamp: at,
            converted: false,
            deleted: false,
        };
        let settings = CompanySettings {
            shared_domains: ["incubator.io".to_owned()].into(),
            no_names: ["Private person".to_owned()].into(),
            ..CompanySettings::default()
        };
        CompanySought::of(&lead, &settings)
    }

    #[test]
    fn what_many_share_is_not_looked_for() {
        let all = sought("Acme GmbH", "ada@mail.acme.com", "https://www.acme.de/shop").unwrap();
        assert_eq!((all.name.as_deref(), all.stem.as_deref()), (Some("Acme GmbH"), Some("Acme")));
        let accents = sought("n/a", "", "www.müller.de").unwrap();
        assert_eq!(accents.domains.iter().map(String::as_str).collect::<Vec<_>>(), ["müller.de", "xn--mller-kva.de"]);
        assert_eq!(all.domains.iter().map(String::as_str).collect::<Vec<_>>(), ["acme.com", "acme.de"]);
        let named = sought("Acme GmbH", "ada@gmail.com", "incubator.io").unwrap();
        assert!(named.domains.is_empty());
        assert_eq!(sought("private person", "ada@web.de", ""), None);
        assert_eq!(sought("n/a", "ada@acme.com", "").map(|sought| sought.name), Some(None));
    }
}
