//! The generated company: reps, territories, two years of closed deals, and the leads still to come, all from a seed.

mod desks;
mod history;
mod names;
mod words;

use super::chance::Chance;
use super::id::Id;
use super::org::{Org, Record};
use super::schema::Object;
use super::stamp::Stamp;
use super::truth::{Traits, Truth};
use super::value::Value;

pub(super) const SOURCES: [&str; 6] = ["Web", "Webinar", "Partner Referral", "Trade Show", "Outbound", "Free Trial"];
const SOURCE_SHARES: [f64; 6] = [0.30, 0.18, 0.12, 0.12, 0.16, 0.12];
pub(super) const INDUSTRIES: [&str; 6] =
    ["Technology", "Manufacturing", "Financial Services", "Healthcare", "Retail", "Energy"];
pub(super) const PRODUCTS: [&str; 5] =
    ["Analytics Cloud", "Data Platform", "Edge Gateway", "Security Suite", "Field Service"];
/// Deal sizes with the expected amounts they span.
pub(super) const SIZES: [(f64, f64); 4] =
    [(5_000.0, 15_000.0), (15_000.0, 60_000.0), (60_000.0, 200_000.0), (200_000.0, 900_000.0)];
const SIZE_SHARES: [f64; 4] = [0.35, 0.35, 0.20, 0.10];
/// Median days from lead to closed deal, by size.
const CYCLE_DAYS: [f64; 4] = [9.0, 18.0, 32.0, 48.0];
pub(super) const TERRITORIES: [Territory; 6] = [
    Territory {
        name: "US West",
        places: &[("United States", "California"), ("United States", "Washington"), ("United States", "Colorado")],
        forms: &["Inc.", "LLC", "Corp."],
        zone: "America/Los_Angeles",
    },
    Territory {
        name: "US East",
        places: &[("United States", "New York"), ("United States", "Massachusetts"), ("United States", "Georgia")],
        forms: &["Inc.", "LLC", "Group"],
        zone: "America/New_York",
    },
    Territory {
        name: "UK & Ireland",
        places: &[("United Kingdom", "England"), ("United Kingdom", "Scotland"), ("Ireland", "Leinster")],
        forms: &["Ltd", "plc", "Limited"],
        zone: "Europe/London",
    },
    Territory {
        name: "DACH",
        places: &[("Germany", "Bavaria"), ("Germany", "Hesse"), ("Austria", "Vienna"), ("Switzerland", "Zürich")],
        forms: &["GmbH", "AG", "KG"],
        zone: "Europe/Berlin",
    },
    Territory {
        name: "Nordics",
        places: &[("Sweden", "Stockholm"), ("Denmark", "Hovedstaden"), ("Norway", "Oslo"), ("Finland", "Uusimaa")],
        forms: &["AB", "ApS", "AS", "Oy"],
        zone: "Europe/Stockholm",
    },
    Territory {
        name: "France & Benelux",
        places: &[("France", "Île-de-France"), ("Netherlands", "Utrecht"), ("Belgium", "Flanders")],
        forms: &["SAS", "BV", "NV"],
        zone: "Europe/Paris",
    },
];
/// Reps of each territory.
pub(super) const TEAM: usize = 10;
const ACTIVE_REPS: usize = TERRITORIES.len() * TEAM;
/// Reps who have left; each was the eleventh of a territory.
const FORMER_REPS: usize = 4;
const FIRST_REP_SERIAL: u64 = 3;
/// Share of leads from a company that is known already.
const KNOWN_COMPANY: f64 = 0.2;
const HOSTILE_SHARE: f64 = 0.012;

/// Where reps sell.
#[derive(Debug)]
pub(super) struct Territory {
    name: &'static str,
    /// Countries with a state each.
    places: &'static [(&'static str, &'static str)],
    /// Legal forms of companies there.
    forms: &'static [&'static str],
    /// Where its reps work.
    zone: &'static str,
}

/// A company that leads come from.
#[derive(Debug)]
struct Firm {
    number: u64,
    name: String,
    territory: usize,
    industry: usize,
    size: usize,
    country: &'static str,
    state: &'static str,
    revenue: f64,
    employees: i64,
}

/// A lead before it is a record.
#[derive(Debug)]
pub(super) struct Prospect {
    firm: Firm,
    pub(super) traits: Traits,
    given: &'static str,
    family: &'static str,
    title: &'static str,
    amount: f64,
    /// Days until its deal closes.
    pub(super) cycle_days: f64,
    /// The deal is won if the true probability is larger than this, whoever has it by then.
    pub(super) luck: f64,
    /// How the amount at closing differs from the expected one.
    haggling: f64,
    chance: Chance,
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chance")
    }
}

/// The generated company.
#[derive(Debug)]
pub(crate) struct Company {
    seed: u64,
    closed_deals: u64,
    truth: Truth,
}

impl Company {
    /// The company of this seed, with so many closed deals of history.
    pub(crate) fn new(seed: u64, closed_deals: u64, reps_alike: bool) -> Self {
        let sample = |n| prospect(seed, "calibration", n, 0).traits;
        let reps = if reps_alike { 0 } else { ACTIVE_REPS + FORMER_REPS };
        let truth = Truth::new(seed, reps, sample, team);
        Self { seed, closed_deals, truth }
    }

    /// The `number`-th lead of the future.
    pub(super) fn arrival(&self, number: u64) -> Prospect {
        prospect(self.seed, "arrival", number, self.closed_deals)
    }

    /// What the truth depends on for the `number`-th lead of the future, and its expected amount.
    pub(super) fn wanted(&self, number: u64) -> (Traits, f64) {
        let prospect = self.arrival(number);
        (prospect.traits, prospect.amount)
    }

    /// The true probability that this rep, by number, wins a lead with these traits.
    pub(super) fn chance(&self, traits: &Traits, rep: usize) -> f64 {
        self.truth.probability(traits, rep)
    }

    /// The fields of the `number`-th lead of the future, with what was written in the form.
    pub(super) fn arriving(&self, number: u64) -> Vec<(&'static str, Value)> {
        let prospect = self.arrival(number);
        let product = prospect.traits.product.map(|place| PRODUCTS[place]);
        let text = words::text(&mut Chance::new(self.seed, "form", number), prospect.firm.country, product);
        let mut fields = Self::lead_fields(prospect);
        fields.extend(text.map(|text| ("Description", text.as_str().into())));
        fields
    }

    /// The fields of a new lead.
    fn lead_fields(mut prospect: Prospect) -> Vec<(&'static str, Value)> {
        let mut shown = prospect.firm_fields();
        let missing = [("LeadSource", 0.01), ("Industry", 0.02), ("AnnualRevenue", 0.04), ("NumberOfEmployees", 0.04)];
        let missing = missing.iter().chain(&[("Product_Interest__c", 0.03), ("Title", 0.05), ("State", 0.06)]);
        for (field, share) in missing {
            if prospect.chance.happens(*share) {
                shown.retain(|(name, _)| name != field);
            }
        }
        shown
    }

    /// The true probability that this owner wins this lead; `None` if the owner is no rep of the company.
    pub(super) fn probability(&self, org: &Org, lead: Id, owner: Id) -> Option<f64> {
        let record = org.table(Object::Lead).get(lead)?;
        let rep = rep_number(owner)?;
        let traits = match org.arrival_of(lead) {
            Some(number) => self.arrival(number).traits,
            None => visible_traits(org, record),
        };
        Some(self.truth.probability(&traits, rep))
    }

    /// How the deal of a lead ends if this owner has it: whether it is won, and the amount.
    pub(super) fn ending(&self, org: &Org, lead: Id, owner: Id) -> Option<(bool, f64)> {
        let probability = self.probability(org, lead, owner)?;
        let fate = self.fate(org, lead);
        Some((fate.luck < probability, fate.closing_amount()))
    }

    /// Days from lead to closed deal.
    pub(super) fn cycle_days(&self, org: &Org, lead: Id) -> f64 {
        self.fate(org, lead).cycle_days
    }

    /// What is drawn for a lead before anybody works it. Leads that a client created draw by their id.
    fn fate(&self, org: &Org, lead: Id) -> Prospect {
        match org.arrival_of(lead) {
            Some(number) => self.arrival(number),
            None => prospect(self.seed, "guest", lead.serial(), self.closed_deals),
        }
    }
}

impl Firm {
    fn domain(&self) -> String {
        format!("{}.example", names::plain(&self.name))
    }

    fn website(&self) -> String {
        format!("https://www.{}", self.domain())
    }
}

impl Prospect {
    fn closing_amount(&self) -> f64 {
        (self.amount * self.haggling / 100.0).round() * 100.0
    }

    /// What a complete record shows.
    fn firm_fields(&self) -> Vec<(&'static str, Value)> {
        let domain = self.firm.domain();
        let email = format!("{}.{}@{domain}", names::plain(self.given), names::plain(self.family));
        let source = self.traits.source.map_or("", |place| SOURCES[place]);
        let product = self.traits.product.map_or("", |place| PRODUCTS[place]);
        vec![
            ("Company", self.firm.name.as_str().into()),
            ("FirstName", self.given.into()),
            ("LastName", self.family.into()),
            ("Email", if email.len() <= 80 { email.as_str().into() } else { Value::Null }),
            ("Title", self.title.into()),
            ("Website", self.firm.website().as_str().into()),
            ("LeadSource", source.into()),
            ("Industry", INDUSTRIES[self.firm.industry].into()),
            ("AnnualRevenue", Value::Number(self.firm.revenue)),
            ("NumberOfEmployees", Value::Int(self.firm.employees)),
            ("Country", self.firm.country.into()),
            ("State", self.firm.state.into()),
            ("Territory__c", TERRITORIES[self.firm.territory].name.into()),
            ("Product_Interest__c", product.into()),
            ("Expected_Amount__c", Value::Number(self.amount)),
        ]
    }
}

/// The `number`-th prospect of a series. `known` companies are there already.
fn prospect(seed: u64, series: &str, number: u64, known: u64) -> Prospect {
    let mut chance = Chance::new(seed, series, number);
    let new_firm = if series == "history" { number } else { known + number };
    let old_firm = chance.below(known.min(new_firm) as usize) as u64;
    let firm = firm(seed, if known > 0 && chance.happens(KNOWN_COMPANY) { old_firm } else { new_firm });
    let larger = usize::from(chance.happens(0.2));
    let smaller = usize::from(chance.happens(0.2));
    let size = (firm.size + larger).saturating_sub(smaller).min(SIZES.len() - 1);
    let (low, high) = SIZES[size];
    let (given, family) = names::person(&mut chance);
    Prospect {
        traits: Traits {
            territory: firm.territory,
            source: Some(chance.weighted(&SOURCE_SHARES)),
            industry: Some(firm.industry),
            product: Some(chance.below(PRODUCTS.len())),
            size: Some(size),
        },
        firm,
        given,
        family,
        title: names::title(&mut chance),
        // Just under the upper end, so that rounding does not lift it into the next size.
        amount: (chance.log_uniform(low, high * 0.99) / 100.0).round() * 100.0,
        cycle_days: CYCLE_DAYS[size] * chance.normal(0.5).exp(),
        luck: chance.unit(),
        haggling: chance.normal(0.12).exp(),
        chance,
    }
}

fn firm(seed: u64, number: u64) -> Firm {
    let mut chance = Chance::new(seed, "firm", number);
    let territory = chance.below(TERRITORIES.len());
    let industry = chance.below(INDUSTRIES.len());
    let size = chance.weighted(&SIZE_SHARES);
    let (country, state) = chance.pick(TERRITORIES[territory].places);
    let name = if chance.happens(HOSTILE_SHARE) {
        names::hostile(&mut chance).to_owned()
    } else {
        let founder = Chance::new(seed, "founder", number).pick(&names::FAMILY);
        names::company(&mut chance, founder, industry, TERRITORIES[territory].forms)
    };
    let scale = 10f64.powi(size as i32);
    let revenue = (chance.log_uniform(1e6 * scale, 1e7 * scale) / 1e4).round() * 1e4;
    let employees = (revenue / chance.log_uniform(120_000.0, 320_000.0)).max(2.0) as i64;
    Firm { number, name, territory, industry, size, country, state, revenue, employees }
}

/// What can be told about a lead from its record alone.
fn visible_traits(org: &Org, record: &Record) -> Traits {
    let text = |field| org.read(Object::Lead, record, field).as_text().unwrap_or_default();
    let place = |list: &[&str], field| list.iter().position(|entry| *entry == text(field));
    let amount = org.read(Object::Lead, record, "Expected_Amount__c").as_number();
    Traits {
        territory: TERRITORIES.iter().position(|t| t.name == text("Territory__c")).unwrap_or_default(),
        source: place(&SOURCES, "LeadSource"),
        industry: place(&INDUSTRIES, "Industry"),
        product: place(&PRODUCTS, "Product_Interest__c"),
        size: amount.map(|amount| SIZES.iter().position(|(_, high)| amount < *high).unwrap_or(SIZES.len() - 1)),
    }
}

/// The active reps of a territory, by number.
fn team(territory: usize) -> std::ops::Range<usize> {
    territory * TEAM..(territory + 1) * TEAM
}

fn rep_id(number: usize) -> Id {
    Id::new(Object::User.prefix(), FIRST_REP_SERIAL + number as u64)
}

fn rep_number(id: Id) -> Option<usize> {
    let number = id.serial().checked_sub(FIRST_REP_SERIAL)? as usize;
    (id == rep_id(number) && number < ACTIVE_REPS + FORMER_REPS).then_some(number)
}

/// A moment so many days before another.
fn days_before(at: Stamp, days: f64) -> Stamp {
    Stamp::from_seconds(at.seconds() - (days * 86_400.0) as i64)
}
