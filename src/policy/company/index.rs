//! Looking a lead's company and person up among all records, without comparing each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{CompanySettings, Duplicate, Found, How, Kind, Match, Record, SamePerson, domain, name};
use crate::domain::ids::RepId;
use crate::domain::lead::Owner;
use crate::policy::subject::Subject;

/// What makes a record comparable.
#[derive(Clone, Debug, Default)]
struct Keys {
    domains: BTreeSet<String>,
    name: Option<String>,
    email: Option<String>,
    person: Option<String>,
}

/// All records that speak for companies, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Index {
    settings: CompanySettings,
    records: Vec<Record>,
    keys: Vec<Keys>,
    by_domain: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    by_email: HashMap<String, Vec<usize>>,
    by_person: HashMap<String, Vec<usize>>,
}

impl Index {
    /// Reads records in. The order does not matter.
    pub fn new(records: impl IntoIterator<Item = Record>, settings: CompanySettings) -> Self {
        let mut index = Self { settings, ..Self::default() };
        for record in records {
            index.add(record);
        }
        index
    }

    /// Reads one more record in.
    pub fn add(&mut self, record: Record) {
        let at = self.records.len();
        let keys = keys_of(
            &record.company,
            record.website.as_deref(),
            record.email.as_deref(),
            record.person.as_deref(),
            &self.settings,
        );
        for domain in &keys.domains {
            self.by_domain.entry(domain.clone()).or_default().push(at);
        }
        for (map, key) in
            [(&mut self.by_name, &keys.name), (&mut self.by_email, &keys.email), (&mut self.by_person, &keys.person)]
        {
            if let Some(key) = key {
                map.entry(key.clone()).or_default().push(at);
            }
        }
        self.keys.push(keys);
        self.records.push(record);
    }

    /// Somebody else owns the record that was read in at this place (counted from 0) from now on. Nothing happens beyond the
    /// last.
    pub fn set_owner(&mut self, at: usize, owner: Option<Owner>) {
        if let Some(record) = self.records.get_mut(at) {
            record.owner = owner;
        }
    }

    /// What it compares by.
    pub const fn settings(&self) -> &CompanySettings {
        &self.settings
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Who works with the lead's company. The lead itself is no record of it.
    pub fn find(&self, lead: &Subject) -> Found {
        decide(self.matches(lead))
    }

    /// Every record of the lead's company or person, in no particular order.
    pub fn matches(&self, lead: &Subject) -> Vec<Match> {
        let keys = lead_keys(lead, &self.settings);
        // By domain, by name; by neither, it is of the same person.
        let mut candidates: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
        for at in keys.email.as_ref().and_then(|email| self.by_email.get(email)).into_iter().flatten() {
            candidates.entry(*at).or_default();
        }
        for domain in &keys.domains {
            for at in self.by_domain.get(domain).into_iter().flatten() {
                candidates.entry(*at).or_default().0 = true;
            }
        }
        for at in keys.name.as_ref().and_then(|name| self.by_name.get(name)).into_iter().flatten() {
            candidates.entry(*at).or_default().1 = true;
        }
        candidates
            .into_iter()
            .filter(|(at, _)| !self.is_lead(*at, lead))
            .map(|(at, (domain, name))| self.matched(at, domain, name, &keys))
            .collect()
    }

    /// Records of the same person, best proof first.
    pub fn duplicates(&self, lead: &Subject) -> Vec<Duplicate> {
        let keys = lead_keys(lead, &self.settings);
        let mut found: BTreeMap<usize, SamePerson> = BTreeMap::new();
        for at in keys.person.as_ref().and_then(|p| self.by_person.get(p)).into_iter().flatten() {
            let theirs = &self.keys[*at];
            let same_name = keys.name.is_some() && keys.name == theirs.name;
            if same_name || !keys.domains.is_disjoint(&theirs.domains) {
                found.insert(*at, SamePerson::NameAndCompany);
            }
        }
        for at in keys.email.as_ref().and_then(|e| self.by_email.get(e)).into_iter().flatten() {
            found.insert(*at, SamePerson::Email);
        }
        let mut duplicates: Vec<Duplicate> = found
            .into_iter()
            .filter(|(at, _)| !self.is_lead(*at, lead))
            .map(|(at, how)| Duplicate { how, kind: self.records[at].kind, id: self.records[at].id.clone() })
            .collect();
        duplicates.sort();
        duplicates.dedup();
        duplicates
    }

    fn is_lead(&self, at: usize, lead: &Subject) -> bool {
        let record = &self.records[at];
        record.kind == Kind::Lead && record.id == lead.lead_id.as_str()
    }

    fn matched(&self, at: usize, domain: bool, name: bool, keys: &Keys) -> Match {
        let record = &self.records[at];
        let how = match (domain, name) {
            (true, true) => How::DomainAndName,
            (true, false) => How::Domain,
            (false, true) => How::Name,
            (false, false) => How::Person,
        };
        let shared_domain = keys.domains.intersection(&self.keys[at].domains).next();
        let name = keys.name.as_ref().filter(|_| name);
        let shared = shared_domain.or(name).or(keys.email.as_ref()).cloned().unwrap_or_default();
        Match {
            id: record.id.clone(),
            kind: record.kind,
            company: record.company.clone(),
            owner: record.owner.clone(),
            how,
            shared,
        }
    }
}

/// What a lead's company and person can be found by again, for a store that cannot compare names and domains itself: equal
/// keys are of one company, or of one person.
pub fn keys(lead: &Subject, settings: &CompanySettings) -> BTreeSet<String> {
    let Keys { domains, name, email, person: _ } = lead_keys(lead, settings);
    let domains = domains.into_iter().map(|domain| format!("domain {domain}"));
    domains.chain(name.map(|name| format!("name {name}"))).chain(email.map(|email| format!("email {email}"))).collect()
}

fn lead_keys(lead: &Subject, settings: &CompanySettings) -> Keys {
    keys_of(&lead.company, lead.website.as_deref(), lead.email.as_deref(), lead.contact.as_deref(), settings)
}

fn keys_of(
    company: &str,
    website: Option<&str>,
    email: Option<&str>,
    person: Option<&str>,
    settings: &CompanySettings,
) -> Keys {
    let own = |d: &String| !settings.shared_domains.contains(d);
    let domains = website.and_then(domain::of_website).into_iter().chain(email.and_then(domain::of_email));
    let no_name = |n: &String| {
        settings.no_names.contains(n) || settings.no_names.iter().any(|x| name::key(x).as_ref() == Some(n))
    };
    Keys {
        domains: domains.filter(own).collect(),
        name: name::key(company).filter(|n| !no_name(n)),
        email: email.and_then(domain::address),
        person: person.and_then(name::person),
    }
}

/// The best record decides, unless another that is as good, or the best of another proof, speaks for another rep.
fn decide(mut matches: Vec<Match>) -> Found {
    matches.sort_by(|a, b| (a.how, a.kind, &a.id).cmp(&(b.how, b.kind, &b.id)));
    let Some(first) = matches.first() else { return Found::Nothing };
    // What an account says of its owner counts more than what leads say. Domain and name together outweigh either; each
    // alone does not outweigh the other.
    let kind = matches.iter().filter(|m| m.how == first.how).map(|m| m.kind).min().unwrap_or(first.kind);
    let speaks = |m: &&Match| {
        if first.how == How::DomainAndName { m.how == first.how && m.kind == kind } else { m.kind <= kind }
    };
    let mut by_rep: BTreeMap<&RepId, &Match> = BTreeMap::new();
    for one in matches.iter().filter(speaks) {
        if let Some(rep) = one.owner.as_ref().and_then(Owner::rep) {
            by_rep.entry(rep).or_insert(one);
        }
    }
    if by_rep.len() > 1 {
        return Found::Ambiguous { records: by_rep.into_values().cloned().collect() };
    }
    let record = by_rep.into_values().next().unwrap_or(first);
    Found::One { record: record.clone() }
}
