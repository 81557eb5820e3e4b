//! A made-up company, and rulebooks for it.

mod checking;
mod diffing;
mod examples;
mod firing;
mod properties;
mod random;
mod reading;

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, QueueId, RepId, RepKey};
use crate::domain::rep::{Queue, Rep};
use crate::policy::profile::Profile;
use crate::policy::subject::Subject;

pub(super) fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(super) fn lead() -> Subject {
    Subject {
        lead_id: LeadId::new("L1"),
        facts: LeadFacts { source: Some("Web".into()), ..LeadFacts::empty(now()) },
        company: "Siemens AG".into(),
        contact: None,
        email: Some("Eva@Siemens.com".into()),
        website: None,
        text: None,
        language: None,
        score: None,
        tier: None,
        account: None,
        duplicates: Vec::new(),
        unanswered: None,
        owners: crate::policy::company::Found::Nothing,
        earlier: vec![],
        was_chosen: false,
    }
}

fn person(id: &str, name: &str, active: bool) -> Person {
    let first = name.split(' ').next().unwrap().to_lowercase();
    let email = format!("{first}@example.com");
    Person {
        id: RepId::new(id),
        name: name.into(),
        user_name: Some(format!("{email}.crm")),
        email: Some(email),
        active,
    }
}

pub(super) fn directory() -> Directory {
    let queue =
        |key: &str| Queue { id: QueueId::new(format!("00G{key}")), name: key.replace('_', " "), key: key.into() };
    Directory::new(
        vec![
            person("005A", "Ana Diaz", true),
            person("005B", "Bob Stone", true),
            person("005C", "Cy Young", false),
            person("005D", "Max Muster", true),
            Person { email: None, user_name: None, ..person("005E", "Max Muster", true) },
            person("005M", "Maria Lopez", true),
        ],
        &[queue("Key_Accounts"), queue("Partners")],
    )
}

pub(super) fn rep(id: &str, territory: Option<&str>) -> Rep {
    Rep {
        id: RepId::new(id),
        key: RepKey::new(id),
        name: id.into(),
        active: true,
        territory: territory.map(str::to_owned),
        user_name: None,
        email: None,
    }
}

pub(super) fn skilled(id: &str, skills: &[&str]) -> Profile {
    Profile { skills: skills.iter().map(|s| (*s).to_owned()).collect(), ..Profile::plain(RepId::new(id)) }
}

/// A rule with everything that all kinds need; `more` holds the keys of its kind.
pub(super) fn rule(name: &str, kind: &str, when: &str, more: &str) -> String {
    format!(
        "[[rule]]\nname = \"{name}\"\nkind = \"{kind}\"\nwhen = '''{when}'''\nowner = \"Maria Lopez\"\nreason = \"because\"\n{more}\n\n"
    )
}

pub(super) fn text(rules: &[String]) -> String {
    format!("format = 1\n\n{}", rules.concat())
}

pub(super) fn book(rules: &[String]) -> Rulebook {
    parsed(&text(rules))
}

pub(super) fn parsed(text: &str) -> Rulebook {
    Rulebook::parse(text, "routing.toml")
        .unwrap_or_else(|p| panic!("{}\n{text}", p.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// All problems as a user sees them.
pub(super) fn complaints(text: &str) -> String {
    let problems = Rulebook::parse(text, "routing.toml").expect_err("there is something wrong");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A rulebook is shared by the threads of the worker.
const fn is_shared<T: Send + Sync>() {}
const _: () = is_shared::<Rulebook>();
