//! The second source of life: real closed deals. The older ones are not in the org at all (their owner imports them
//! from the file); the newest come in again as live leads, each with its real rep as the legacy owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::id::Id;
use super::org::Org;
use super::schema::{Field, Object, Schema};
use super::setup::{UTC, UserSpec, load_user};
use super::stamp::Stamp;
use super::value::Value;
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::RepKey;

const FIRST_REP_SERIAL: u64 = 3;
/// A rep without a deal for so many days before the cut is taken to have left.
const GONE_AFTER_DAYS: i64 = 365;
/// Longest API name of a custom field, its `__c` not counted.
const MAX_FIELD_NAME: usize = 40;

/// A further fact of the deals and the Lead field that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FactField {
    /// As the deals name it.
    pub(super) fact: String,
    /// API name.
    pub(super) field: String,
    /// Number or text.
    pub(super) numeric: bool,
}

/// A lead about to come in.
#[derive(Debug)]
pub(super) struct NewLead<'a> {
    /// Its fields by name.
    pub(super) fields: Vec<(&'a str, Value)>,
    /// Who really worked it; `None` leaves it to the org's rule.
    pub(super) owner: Option<Id>,
}

/// Real deals as a world.
#[derive(Debug)]
pub(crate) struct Replay {
    /// The deals to come, oldest lead first.
    deals: Vec<Deal>,
    reps: BTreeMap<RepKey, (Id, bool)>,
    fields: Vec<FactField>,
    fingerprint: String,
    cut: Option<DateTime<Utc>>,
}

impl Replay {
    /// Splits the deals: leads of the last `live` days of the file come live.
    pub(crate) fn new(mut deals: Vec<Deal>, live_days: u32) -> Self {
        deals.sort_by(|a, b| (a.facts.created_at, &a.lead_id).cmp(&(b.facts.created_at, &b.lead_id)));
        let fingerprint = fingerprint(&deals);
        let cut = deals.last().map(|last| last.facts.created_at - TimeDelta::days(i64::from(live_days)));
        let reps = reps(&deals, cut);
        let fields = fact_fields(&deals);
        deals.retain(|deal| cut.is_none_or(|cut| deal.facts.created_at >= cut));
        Self { deals, reps, fields, fingerprint, cut }
    }

    /// Tells one file from another.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Leads created before this are history and not in the org.
    pub(super) const fn cut(&self) -> Option<DateTime<Utc>> {
        self.cut
    }

    /// How many leads will come.
    pub(super) const fn len(&self) -> usize {
        self.deals.len()
    }

    /// Lead fields beyond the agreed ones.
    pub(super) fn fact_fields(&self) -> &[FactField] {
        &self.fields
    }

    /// The org's objects with those fields.
    pub(super) fn schema(&self) -> Schema {
        Schema::new(self.fields.iter().map(|f| Field::fact(&f.field, f.numeric)).collect())
    }

    /// Fills an empty org: the reps, and nothing else.
    pub(super) fn populate(&self, org: &mut Org, base: Stamp) {
        for (key, (id, active)) in &self.reps {
            let username = format!("{}@leadboard-demo.example", id.as_str().to_lowercase());
            load_user(
                org,
                &UserSpec {
                    id: *id,
                    given: "",
                    family: key.as_str(),
                    username: &username,
                    user_type: "Standard",
                    title: "Account Executive",
                    territory: None,
                    zone: UTC,
                    away_until: None,
                    active: *active,
                    created: base,
                },
            );
        }
    }

    /// The `number`-th lead with its real rep; `None` after the last.
    pub(super) fn arrival(&self, number: u64) -> Option<NewLead<'_>> {
        let deal = self.deals.get(number as usize)?;
        let facts = &deal.facts;
        let text = |value: &Option<String>, max: usize| -> Value {
            let cut: String = value.as_deref().unwrap_or_default().chars().take(max).collect();
            Value::text(&cut)
        };
        let called = ["company", "account", "account_name"].iter().find_map(|name| {
            facts.categorical.iter().find(|(fact, _)| fact.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        });
        let company = called.unwrap_or_else(|| format!("Deal {}", deal.lead_id));
        let contact = format!("Contact {}", deal.lead_id);
        let mut fields = vec![
            ("Company", text(&Some(company), 255)),
            ("LastName", text(&Some(contact), 80)),
            ("LeadSource", text(&facts.source, 255)),
            ("Industry", text(&facts.industry, 255)),
            ("Product_Interest__c", text(&facts.product, 80)),
            ("Territory__c", text(&facts.territory, 80)),
            ("Country", text(&facts.country, 80)),
            ("AnnualRevenue", Value::number(facts.annual_revenue)),
            ("NumberOfEmployees", facts.employees.map_or(Value::Null, |n| Value::Int(n as i64))),
            ("Expected_Amount__c", Value::number(facts.amount)),
        ];
        for field in &self.fields {
            let value = if field.numeric {
                Value::number(facts.numeric.get(&field.fact).copied())
            } else {
                text(&facts.categorical.get(&field.fact).cloned(), 255)
            };
            fields.push((field.field.as_str(), value));
        }
        Some(NewLead { fields, owner: self.reps.get(&deal.rep).map(|(id, _)| *id) })
    }

    /// Seconds of history between this lead and the one before.
    pub(super) fn gap_seconds(&self, number: u64) -> Option<f64> {
        let deal = self.deals.get(number as usize)?;
        let before = (number as usize).checked_sub(1).and_then(|n| self.deals.get(n));
        let gap = before.map_or(TimeDelta::zero(), |before| deal.facts.created_at - before.facts.created_at);
        Some(gap.as_seconds_f64().max(0.0))
    }

    /// Days from this lead to the end of its deal.
    pub(super) fn cycle_days(&self, number: u64) -> f64 {
        let deal = self.deals.get(number as usize);
        deal.map_or(0.0, |deal| (deal.closed_at - deal.facts.created_at).as_seconds_f64().max(0.0) / 86_400.0)
    }

    /// How the deal really ended; `None` if somebody else owns it now, because nobody knows that.
    pub(super) fn ending(&self, number: u64, owner: Id) -> Option<(bool, f64)> {
        let deal = self.deals.get(number as usize)?;
        let (real, _) = self.reps.get(&deal.rep)?;
        let amount = deal.closed_amount.or(deal.facts.amount).unwrap_or_default();
        (*real == owner).then_some((deal.outcome == Outcome::Won, amount))
    }
}

/// Every rep of the file gets a user; those not seen for long before the cut are inactive.
fn reps(deals: &[Deal], cut: Option<DateTime<Utc>>) -> BTreeMap<RepKey, (Id, bool)> {
    let mut last_seen: HashMap<&RepKey, DateTime<Utc>> = HashMap::new();
    for deal in deals {
        last_seen.insert(&deal.rep, deal.facts.created_at);
    }
    let still_here = cut.map(|cut| cut - TimeDelta::days(GONE_AFTER_DAYS));
    let keys: BTreeSet<&RepKey> = last_seen.keys().copied().collect();
    let numbered = keys.into_iter().zip(FIRST_REP_SERIAL..);
    numbered
        .map(|(key, serial)| {
            let active = still_here.is_none_or(|limit| last_seen[key] >= limit);
            (key.clone(), (Id::new(Object::User.prefix(), serial), active))
        })
        .collect()
}

/// A field for each further fact of any deal.
fn fact_fields(deals: &[Deal]) -> Vec<FactField> {
    let numeric: BTreeSet<&String> = deals.iter().flat_map(|deal| deal.facts.numeric.keys()).collect();
    let categorical: BTreeSet<&String> = deals.iter().flat_map(|deal| deal.facts.categorical.keys()).collect();
    let facts = numeric.into_iter().map(|fact| (fact, true)).chain(categorical.into_iter().map(|fact| (fact, false)));
    let agreed = Schema::new(Vec::new());
    let mut taken: BTreeSet<String> =
        agreed.of(Object::Lead).iter().map(|field| field.name.to_ascii_lowercase()).collect();
    let mut fields = Vec::new();
    for (fact, numeric) in facts {
        let stem = api_name(fact);
        let candidates = std::iter::once(format!("{stem}__c")).chain((2..).map(|n| format!("{stem}_{n}__c")));
        let free = candidates.into_iter().find(|name| taken.insert(name.to_ascii_lowercase()));
        fields.extend(free.map(|field| FactField { fact: fact.clone(), field, numeric }));
    }
    fields
}

/// A fact's name as an API name: letters, digits and single underscores, beginning with a letter.
fn api_name(fact: &str) -> String {
    let mut name = String::new();
    for c in fact.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        if c != '_' || !name.ends_with('_') {
            name.push(c);
        }
    }
    let mut name = name.trim_matches('_').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "F_");
    }
    name.truncate(MAX_FIELD_NAME - 3);
    name.trim_end_matches('_').to_owned()
}

fn fingerprint(deals: &[Deal]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for deal in deals {
        let line = format!("{}\t{}\t{}\t{}\n", deal.lead_id, deal.rep, deal.facts.created_at, deal.outcome);
        context.update(line.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_facts_become_api_names() {
        assert_eq!(api_name("delivery terms"), "delivery_terms");
        assert_eq!(api_name("2nd  product (family)"), "F_2nd_product_family");
        assert_eq!(api_name("株式"), "F");
        assert!(api_name(&"long ".repeat(40)).len() <= MAX_FIELD_NAME);
    }
}
