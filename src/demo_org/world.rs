//! The world outside the org, which sends leads and decides how deals end: invented or replayed.

use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::company::Company;
use super::dml::WriteContext;
use super::fault::Fault;
use super::id::Id;
use super::org::{Cause, EffectKind, Org, Record, Transaction};
use super::replay::{NewLead, Replay};
use super::schema::{Object, Schema};
use super::setup;
use super::stamp::Stamp;
use super::value::Value;

/// How fast leads come in by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// Only when asked for.
    #[default]
    Never,
    /// So many a second on average; a Poisson process.
    LeadsPerSecond(f64),
    /// So many seconds of history in one second.
    HistorySpeed(f64),
}

/// What an org was made from; the same key makes the same org again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorldKey {
    /// The generated company.
    Company {
        seed: u64,
        closed_deals: u64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reps_alike: bool,
    },
    /// Deals from a file.
    Replay { fingerprint: String, live: u64 },
}

/// Where leads and outcomes come from.
#[derive(Debug)]
pub(crate) enum World {
    Company { company: Company, seed: u64, closed_deals: u64, reps_alike: bool },
    Replay(Replay),
}

/// How a deal ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ending {
    pub(crate) won: bool,
    pub(crate) amount: f64,
}

impl World {
    /// The generated company of this seed.
    pub(crate) fn company(seed: u64, closed_deals: u64, reps_alike: bool) -> Self {
        Self::Company { company: Company::new(seed, closed_deals, reps_alike), seed, closed_deals, reps_alike }
    }

    /// What the org is made from.
    pub(crate) fn key(&self) -> WorldKey {
        match self {
            &Self::Company { seed, closed_deals, reps_alike, .. } => {
                WorldKey::Company { seed, closed_deals, reps_alike }
            }
            Self::Replay(replay) => {
                WorldKey::Replay { fingerprint: replay.fingerprint().to_owned(), live: replay.len() as u64 }
            }
        }
    }

    /// The org as it was at `base`.
    pub(crate) fn make_org(&self, base: Stamp) -> Org {
        let schema = match self {
            Self::Company { .. } => Schema::new(Vec::new()),
            Self::Replay(replay) => replay.schema(),
        };
        let mut org = Org::new(schema);
        setup::load_basics(&mut org, base);
        match self {
            Self::Company { company, .. } => company.populate(&mut org, base),
            Self::Replay(replay) => replay.populate(&mut org, base),
        }
        org
    }

    /// Seconds until the `number`-th lead after the one before it; `None` if it never comes by itself.
    pub(crate) fn gap_seconds(&self, number: u64, pace: Pace) -> Option<f64> {
        let poisson = |per_second: f64| {
            let seed = match self {
                Self::Company { seed, .. } => *seed,
                Self::Replay(_) => 0,
            };
            (per_second > 0.0).then(|| Chance::new(seed, "gap", number).exponential(1.0 / per_second))
        };
        match (self, pace) {
            (_, Pace::Never) => None,
            (Self::Replay(replay), _) if number as usize >= replay.len() => None,
            (_, Pace::LeadsPerSecond(rate)) => poisson(rate),
            (Self::Replay(replay), Pace::HistorySpeed(speed)) => {
                replay.gap_seconds(number).filter(|_| speed > 0.0).map(|gap| gap / speed)
            }
            (Self::Company { closed_deals, .. }, Pace::HistorySpeed(speed)) => {
                poisson(speed * *closed_deals as f64 / (730.0 * 86_400.0))
            }
        }
    }

    /// The next lead comes in, and the org's legacy rule gives it an owner. `None` if there is none left.
    pub(crate) fn arrive(&self, tx: &mut Transaction<'_>) -> Result<Option<Id>, Fault> {
        let number = tx.arrived();
        let arriving = match self {
            Self::Company { company, .. } => Some(NewLead { fields: company.arriving(number), owner: None }),
            Self::Replay(replay) => replay.arrival(number),
        };
        let Some(NewLead { fields, owner: real_owner }) = arriving else { return Ok(None) };
        let id = tx.next_id(Object::Lead);
        let org = tx.org();
        let user = org.landmarks().intake_user;
        let mut lead = Record::new(id, org.schema().of(Object::Lead).len());
        for (field, value) in fields {
            org.assign(Object::Lead, &mut lead, field, value);
        }
        if let Some(owner) = real_owner {
            org.assign(Object::Lead, &mut lead, "OwnerId", owner);
        }
        tx.insert(Object::Lead, lead, &WriteContext { user, auto_assign: real_owner.is_none(), cause: Cause::World })?;
        let owner = owner_of(tx.org(), id).unwrap_or(user);
        tx.effect(user, EffectKind::LeadArrived { lead: id, owner, arrival: number });
        Ok(Some(id))
    }

    /// The true probability that this owner wins this lead. `None` where there is no such truth: queues, strangers,
    /// replayed deals.
    pub(crate) fn probability(&self, org: &Org, lead: Id, owner: Id) -> Option<f64> {
        match self {
            Self::Company { company, .. } => company.probability(org, lead, owner),
            Self::Replay(_) => None,
        }
    }

    /// Days from a decision on this lead to the end of its deal.
    pub(crate) fn cycle_days(&self, org: &Org, lead: Id) -> f64 {
        match self {
            Self::Company { company, .. } => company.cycle_days(org, lead),
            Self::Replay(replay) => org.arrival_of(lead).map_or(0.0, |number| replay.cycle_days(number)),
        }
    }

    /// How the deal of this lead ends if this owner has it; `None` if nobody can know.
    pub(crate) fn ending(&self, org: &Org, lead: Id, owner: Id) -> Option<Ending> {
        let (won, amount) = match self {
            Self::Company { company, .. } => company.ending(org, lead, owner)?,
            Self::Replay(replay) => replay.ending(org.arrival_of(lead)?, owner)?,
        };
        Some(Ending { won, amount })
    }
}

/// The owner of a lead.
pub(crate) fn owner_of(org: &Org, lead: Id) -> Option<Id> {
    org.read(Object::Lead, org.table(Object::Lead).get(lead)?, "OwnerId").as_id()
}

/// A lead becomes an account, a contact, who takes its activities over, and a closed deal, as its owner would have done it.
pub(crate) fn convert(tx: &mut Transaction<'_>, lead: Id, owner: Id, ending: Ending) {
    let Some(before) = tx.org().table(Object::Lead).get(lead).cloned() else { return };
    let (account, opportunity) = (tx.next_id(Object::Account), tx.next_id(Object::Opportunity));
    let contact = tx.next_id(Object::Contact);
    let at = tx.at();
    let org = tx.org();
    let copy = |field| org.read(Object::Lead, &before, field).clone();
    let make = |object: Object, id: Id, fields: Vec<(&str, Value)>| {
        let mut record = Record::new(id, org.schema().of(object).len());
        let stamps = ["CreatedDate", "LastModifiedDate", "SystemModstamp"].map(|field| (field, Value::from(at)));
        let users = ["OwnerId", "CreatedById", "LastModifiedById"].map(|field| (field, Value::from(owner)));
        for (field, value) in fields.into_iter().chain(stamps).chain(users).chain([("IsDeleted", false.into())]) {
            org.assign(object, &mut record, field, value);
        }
        record
    };
    let company = copy("Company");
    let account_record = make(
        Object::Account,
        account,
        vec![
            ("Name", company.clone()),
            ("Industry", copy("Industry")),
            ("AnnualRevenue", copy("AnnualRevenue")),
            ("NumberOfEmployees", copy("NumberOfEmployees")),
            ("BillingCountry", copy("Country")),
            ("Website", copy("Website")),
            ("Type", if ending.won { "Customer - Direct" } else { "Prospect" }.into()),
        ],
    );
    let contact_record = make(
        Object::Contact,
        contact,
        vec![
            ("AccountId", account.into()),
            ("LastName", copy("LastName")),
            ("FirstName", copy("FirstName")),
            ("Name", copy("Name")),
            ("Email", copy("Email")),
        ],
    );
    let activities = |object: Object| {
        let of_lead = org.table(object).iter().filter(move |one| org.read(object, one, "WhoId").as_id() == Some(lead));
        of_lead.map(move |one| {
            let mut moved = one.clone();
            org.assign(object, &mut moved, "WhoId", contact);
            org.assign(object, &mut moved, "WhatId", opportunity);
            (object, moved)
        })
    };
    let activities: Vec<(Object, Record)> = [Object::Task, Object::Event].into_iter().flat_map(activities).collect();
    let name: String = company.as_text().unwrap_or_default().chars().take(120).collect();
    let opportunity_record = make(
        Object::Opportunity,
        opportunity,
        vec![
            ("AccountId", account.into()),
            ("Name", name.as_str().into()),
            ("StageName", if ending.won { "Closed Won" } else { "Closed Lost" }.into()),
            ("CloseDate", Value::Date(at.date())),
            ("Amount", Value::Number(ending.amount)),
            ("LeadSource", copy("LeadSource")),
            ("IsClosed", true.into()),
            ("IsWon", ending.won.into()),
        ],
    );
    let mut converted = before.clone();
    for (field, value) in [
        ("Status", "Closed - Converted".into()),
        ("IsConverted", true.into()),
        ("ConvertedDate", Value::Date(at.date())),
        ("ConvertedAccountId", account.into()),
        ("ConvertedContactId", contact.into()),
        ("ConvertedOpportunityId", opportunity.into()),
    ] {
        org.assign(Object::Lead, &mut converted, field, value);
    }
    super::dml::touch(org, Object::Lead, &mut converted, owner, at);
    tx.put(Object::Account, account_record);
    tx.put(Object::Contact, contact_record);
    for (object, activity) in activities {
        tx.put(object, activity);
    }
    tx.put(Object::Opportunity, opportunity_record);
    tx.put(Object::Lead, converted);
    tx.effect(owner, EffectKind::LeadConverted { lead, opportunity, owner, won: ending.won });
}
