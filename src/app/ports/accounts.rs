//! Which accounts of the CRM a lead may belong to.

use std::collections::BTreeSet;

use crate::domain::lead::Lead;
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

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::facts::LeadFacts;
    use crate::domain::ids::{LeadId, RepId};
    use crate::domain::lead::{Form, Owner};

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
