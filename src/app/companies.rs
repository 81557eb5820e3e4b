//! Who already works with the company of a lead: the accounts of the CRM, and leads that somebody has here.
//!
//! The CRM is asked for many leads at once, by a loop of the worker, and what it says is kept with each lead. Ranking,
//! back-fills and dry runs take it from the store, so they all know the same, and none of them waits for a call. What leads
//! of the same company became is looked up when it is needed: it changes with every decision.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::AppError;
use super::ports::{
    Asked, Clock, CompanyAccount, CompanySought, Crm, EarlierLead, LeadCompany, Store, StoreError, Unlooked,
};
use super::rank::Case;
use super::routing::InForce;
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::{LeadRecord, Owner};
use crate::policy::company::{CompanySettings, Found, Index, Kind, Record, keys};
use crate::policy::route::Policy;
use crate::policy::subject::Subject;

/// How long a lead that somebody has speaks for its company.
const EARLIER: Duration = Duration::days(180);
/// Leads of the same companies that are looked at, for one batch.
const MOST_EARLIER: u32 = 2_000;
/// Leads whose companies are looked for in one call.
const BATCH: u32 = 64;
/// Leads that came to their end before anybody looked at companies, for which only keys are made, at once.
const SETTLED_BATCH: u32 = 512;
/// After so long the CRM is asked again about a lead that still waits in a lane: accounts change hands.
const ASK_AGAIN: Duration = Duration::minutes(30);
/// Other records of the same person that are told.
const MOST_DUPLICATES: usize = 5;
/// What is said where it should have answered and did not.
const UNANSWERED: &str = "the CRM has not said which account it belongs to";

/// Whether a policy looks at companies at all.
pub fn wanted(policy: &Policy) -> bool {
    let book = policy.book();
    !policy.is_plain() && (book.sections().company.one_rep || book.asks_about_accounts())
}

/// What is known of the companies of some leads.
#[derive(Debug, Default)]
pub struct Companies {
    wanted: bool,
    active: BTreeSet<RepId>,
    index: Index,
    /// Where a record is in the index.
    indexed: BTreeMap<(Kind, String), usize>,
    accounts: BTreeMap<String, CompanyAccount>,
    asked: BTreeMap<LeadId, Asked>,
}

impl Companies {
    /// Of nobody yet.
    pub fn new(rules: &InForce) -> Self {
        let settings = rules.policy.book().sections().company.clone();
        let active = rules.roster.reps.iter().filter(|rep| rep.active).map(|rep| rep.id.clone());
        Self {
            wanted: wanted(&rules.policy),
            active: active.collect(),
            index: Index::new([], settings),
            ..Self::default()
        }
    }

    /// What the store knows of the companies of these leads.
    pub async fn of(
        store: &dyn Store,
        rules: &InForce,
        leads: &[LeadRecord],
        now: DateTime<Utc>,
    ) -> Result<Self, AppError> {
        let mut companies = Self::new(rules);
        companies.learn(store, leads, now).await?;
        Ok(companies)
    }

    /// Adds what the store knows of the companies of these leads, as it was at a moment: whoever was given a lead later has
    /// none yet.
    pub async fn learn(
        &mut self,
        store: &dyn Store,
        leads: &[LeadRecord],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if !self.wanted {
            return Ok(());
        }
        for leads in leads.chunks(BATCH as usize) {
            let ids: Vec<LeadId> = leads.iter().map(|lead| lead.lead.id.clone()).collect();
            for (lead, asked) in store.asked_companies(&ids).await? {
                for account in asked.accounts.iter().flatten() {
                    self.add(Record::from(account));
                    self.accounts.insert(account.id.clone(), account.clone());
                }
                self.asked.insert(lead, asked);
            }
            let shared: BTreeSet<String> =
                leads.iter().flat_map(|lead| keys(&Case::of(lead).subject, self.index.settings())).collect();
            if shared.is_empty() {
                continue;
            }
            let shared: Vec<String> = shared.into_iter().collect();
            for earlier in store.earlier_leads(&shared, at - EARLIER, MOST_EARLIER).await? {
                if earlier.since < at {
                    self.add(record(earlier));
                }
            }
        }
        Ok(())
    }

    /// Somebody was given a lead, or would have been.
    pub fn took(&mut self, lead: &LeadRecord, owner: &Owner) {
        if self.wanted {
            let lead = &lead.lead;
            let taken = record(EarlierLead {
                id: lead.id.clone(),
                company: lead.company.clone(),
                contact: lead.contact.clone(),
                form: lead.form.clone(),
                owner: owner.clone(),
                since: lead.modified_at,
            });
            match self.indexed.get(&(taken.kind, taken.id.clone())) {
                // Somebody else had it before.
                Some(at) => self.index.set_owner(*at, taken.owner),
                None => self.add(taken),
            }
        }
    }

    fn add(&mut self, record: Record) {
        let next = self.index.len();
        if let Entry::Vacant(place) = self.indexed.entry((record.kind, record.id.clone())) {
            place.insert(next);
            self.index.add(record);
        }
    }

    /// Tells the policy what is known of a lead's company.
    pub fn complete(&self, subject: &mut Subject) {
        if !self.wanted {
            return;
        }
        let owners = self.index.find(subject).among(|rep| self.active.contains(rep));
        subject.account = match &owners {
            Found::One { record } if record.kind == Kind::Account => self.accounts.get(&record.id).cloned(),
            _ => None,
        };
        subject.owners = owners;
        subject.duplicates = self.index.duplicates(subject);
        subject.duplicates.truncate(MOST_DUPLICATES);
        subject.unanswered = (!self.asked.contains_key(&subject.lead_id)).then(|| UNANSWERED.to_owned());
    }

    /// Whether the CRM should be asked about a lead before it is ranked.
    pub fn waits(&self, lead: &LeadRecord) -> bool {
        self.wanted && !self.asked.contains_key(&lead.lead.id)
    }

    /// When the CRM last answered about one of the leads.
    pub fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.asked.values().map(|asked| asked.at).max()
    }
}

fn record(lead: EarlierLead) -> Record {
    let EarlierLead { id, company, contact, form, owner, since: _ } = lead;
    Record {
        id: id.as_str().to_owned(),
        kind: Kind::Lead,
        company,
        website: form.website,
        email: form.email,
        person: contact,
        owner: Some(owner),
    }
}

/// What is found out, in the order of its urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// About leads that cannot be ranked before.
    Waiting,
    /// About leads in a lane of which the CRM was never asked, or long ago.
    InLane,
    /// About leads that came to their end before anybody looked at companies: what they are found by, and no more.
    Settled,
}

/// What a look at a batch of leads came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Leads of which something was found out.
    pub leads: u64,
    /// Of those that waited in a lane, leads that are ranked again because of it.
    pub ranked_again: u64,
    /// Whether there may be more to do.
    pub more: bool,
}

/// Finds out about a batch of leads of whose companies nothing is known yet.
pub async fn look(
    crm: &dyn Crm,
    store: &dyn Store,
    clock: &dyn Clock,
    settings: &CompanySettings,
    what: Look,
) -> Result<Looked, AppError> {
    let now = clock.now();
    let (which, batch) = match what {
        Look::Waiting => (Unlooked::Waiting, BATCH),
        Look::InLane => (Unlooked::Stale { before: now - ASK_AGAIN }, BATCH),
        Look::Settled => (Unlooked::Settled { since: now - EARLIER }, SETTLED_BATCH),
    };
    let leads = store.unlooked(which, batch).await?;
    if leads.is_empty() {
        return Ok(Looked::default());
    }
    let ranked_again = if what == Look::Settled {
        let found: Vec<LeadCompany> = leads.iter().map(|lead| company(lead, None)).collect();
        store.note_companies(&found, now).await?
    } else {
        ask(crm, store, settings, &leads, now).await?
    };
    Ok(Looked { leads: leads.len() as u64, ranked_again, more: leads.len() == batch as usize })
}

/// Asks the CRM about those of these leads of which it was never asked.
pub async fn ask_missing(
    crm: &dyn Crm,
    store: &dyn Store,
    rules: &InForce,
    leads: &[LeadRecord],
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    if !wanted(&rules.policy) {
        return Ok(());
    }
    let ids: Vec<LeadId> = leads.iter().map(|lead| lead.lead.id.clone()).collect();
    let known: BTreeSet<LeadId> = store.asked_companies(&ids).await?.into_iter().map(|(lead, _)| lead).collect();
    let missing: Vec<LeadRecord> = leads.iter().filter(|lead| !known.contains(&lead.lead.id)).cloned().collect();
    for leads in missing.chunks(BATCH as usize) {
        ask(crm, store, &rules.policy.book().sections().company, leads, now).await?;
    }
    Ok(())
}

/// Asks the CRM about the companies of these leads, all together, and keeps what it says. How many of those that waited in
/// a lane are ranked again because of it.
async fn ask(
    crm: &dyn Crm,
    store: &dyn Store,
    settings: &CompanySettings,
    leads: &[LeadRecord],
    now: DateTime<Utc>,
) -> Result<u64, AppError> {
    let sought: Vec<CompanySought> = leads.iter().filter_map(|lead| CompanySought::of(&lead.lead, settings)).collect();
    let accounts = if sought.is_empty() { Some(Vec::new()) } else { crm.accounts(&sought).await? };
    let index = Index::new(accounts.iter().flatten().map(Record::from), settings.clone());
    let of_lead = |lead: &LeadRecord| {
        let matches = index.matches(&Case::of(lead).subject);
        let ids: BTreeSet<&str> = matches.iter().map(|one| one.id.as_str()).collect();
        let accounts = accounts.as_ref();
        accounts.map(|all| all.iter().filter(|account| ids.contains(account.id.as_str())).cloned().collect())
    };
    let found: Vec<LeadCompany> =
        leads.iter().map(|lead| company(lead, Some(Asked { at: now, accounts: of_lead(lead) }))).collect();
    Ok(store.note_companies(&found, now).await?)
}

fn company(lead: &LeadRecord, asked: Option<Asked>) -> LeadCompany {
    LeadCompany {
        lead_id: lead.lead.id.clone(),
        modstamp: lead.lead.modstamp,
        // By what every company is found by; what the rules take to be shared by many is left out where it is looked up.
        keys: keys(&Case::of(lead).subject, &CompanySettings::default()),
        asked,
    }
}
