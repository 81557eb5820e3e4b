//! What is in the org before the first live lead: people, queues, and two years of closed deals.

use super::super::id::Id;
use super::super::org::Org;
use super::super::schema::Object;
use super::super::setup::{Loader, UserSpec, load_user};
use super::super::stamp::Stamp;
use super::super::value::Value;
use super::desks::{KnownAccount, away_until};
use super::{
    ACTIVE_REPS, Chance, Company, FORMER_REPS, Prospect, TERRITORIES, days_before, names, prospect, rep_id, team,
};

/// Days from the oldest lead of history to now.
const HISTORY_DAYS: f64 = 760.0;
/// The youngest closed deal's lead is at least so old.
const YOUNGEST_DAYS: f64 = 30.0;
const LEAD_FIELDS: [&str; 28] = [
    "Company",
    "FirstName",
    "LastName",
    "Email",
    "Title",
    "Website",
    "LeadSource",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "Country",
    "State",
    "Territory__c",
    "Product_Interest__c",
    "Expected_Amount__c",
    "Name",
    "Status",
    "OwnerId",
    "IsConverted",
    "ConvertedDate",
    "ConvertedAccountId",
    "ConvertedContactId",
    "ConvertedOpportunityId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "CreatedById",
    "LastModifiedById",
];
const ACCOUNT_FIELDS: [&str; 12] = [
    "Name",
    "Type",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "BillingCountry",
    "Website",
    "OwnerId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "CreatedById",
];
const CONTACT_FIELDS: [&str; 11] = [
    "AccountId",
    "LastName",
    "FirstName",
    "Name",
    "OwnerId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "CreatedById",
    "LastModifiedById",
    "IsDeleted",
];
const OPPORTUNITY_FIELDS: [&str; 14] = [
    "AccountId",
    "Name",
    "StageName",
    "CloseDate",
    "Amount",
    "LeadSource",
    "IsClosed",
    "IsWon",
    "OwnerId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "CreatedById",
    "LastModifiedById",
];

/// One closed deal of history.
struct PastDeal {
    prospect: Prospect,
    owner: Id,
    won: bool,
    created: Stamp,
    converted: Stamp,
    closed: Stamp,
}

impl Company {
    /// Fills an empty org, as of `base`.
    pub(in super::super) fn populate(&self, org: &mut Org, base: Stamp) {
        self.load_reps(org, base);
        let leads = Loader::new(org, Object::Lead, &LEAD_FIELDS);
        let accounts = Loader::new(org, Object::Account, &ACCOUNT_FIELDS);
        let contacts = Loader::new(org, Object::Contact, &CONTACT_FIELDS);
        let opportunities = Loader::new(org, Object::Opportunity, &OPPORTUNITY_FIELDS);
        let mut turns = [0_usize; TERRITORIES.len()];
        let mut account_of = vec![None; self.closed_deals as usize];
        let mut known = Vec::new();
        let mut customers = vec![false; self.closed_deals as usize];
        let mut records = Vec::new();
        for number in 0..self.closed_deals {
            let deal = self.closed_deal(number, base, &mut turns);
            let account = *account_of[deal.prospect.firm.number as usize].get_or_insert_with(|| {
                let id = org.next_id(Object::Account);
                let firm = &deal.prospect.firm;
                known.push(KnownAccount { id, name: firm.name.clone(), territory: firm.territory });
                records.push((id, firm.number as usize, account_values(&deal)));
                id
            });
            customers[deal.prospect.firm.number as usize] |= deal.won;
            let opportunity = org.next_id(Object::Opportunity);
            opportunities.load(org, opportunity, opportunity_values(&deal, account));
            let contact = org.next_id(Object::Contact);
            contacts.load(org, contact, contact_values(&deal, account));
            let lead = org.next_id(Object::Lead);
            let intake = org.landmarks().intake_user;
            leads.load(org, lead, lead_values(deal, account, contact, opportunity, intake));
        }
        for (id, firm, mut values) in records {
            values[1] = if customers[firm] { "Customer - Direct" } else { "Prospect" }.into();
            accounts.load(org, id, values);
        }
        self.load_desks(org, base, &known);
    }

    fn load_reps(&self, org: &mut Org, base: Stamp) {
        let people = names::people(&mut Chance::new(self.seed, "reps", 0), ACTIVE_REPS + FORMER_REPS);
        for (number, (given, family)) in people.into_iter().enumerate() {
            let active = number < ACTIVE_REPS;
            let territory = if active { number / team(0).len() } else { number - ACTIVE_REPS };
            let handle = format!("{}.{}", names::plain(given), names::plain(family));
            load_user(
                org,
                &UserSpec {
                    id: rep_id(number),
                    given,
                    family,
                    username: &format!("{handle}@leadboard-demo.example"),
                    user_type: "Standard",
                    title: "Account Executive",
                    territory: Some(TERRITORIES[territory].name),
                    zone: TERRITORIES[territory].zone,
                    away_until: away_until(number, base),
                    active,
                    created: days_before(base, HISTORY_DAYS + 30.0),
                },
            );
        }
    }

    fn closed_deal(&self, number: u64, base: Stamp, turns: &mut [usize]) -> PastDeal {
        let prospect = prospect(self.seed, "history", number, number);
        let age = 1.0 - (number as f64 + 0.5) / self.closed_deals as f64;
        let created = days_before(base, YOUNGEST_DAYS + age * (HISTORY_DAYS - YOUNGEST_DAYS));
        // All of history has ended, so the longest cycles of the youngest leads are cut short.
        let longest = (base.seconds() - created.seconds()) - 3_600;
        let mut cycle = (prospect.cycle_days * 86_400.0) as i64;
        if cycle > longest {
            let shortened = Chance::new(self.seed, "shortened", number).unit().mul_add(0.5, 0.5);
            cycle = (shortened * longest as f64) as i64;
        }
        let cycle = cycle.max(3_600);
        let territory = prospect.traits.territory;
        let rep = rep_in_turn(territory, age, &mut turns[territory]);
        let won = prospect.luck < self.truth.probability(&prospect.traits, rep);
        PastDeal {
            owner: rep_id(rep),
            won,
            created,
            converted: Stamp::from_seconds(created.seconds() + cycle / 4),
            closed: Stamp::from_seconds(created.seconds() + cycle),
            prospect,
        }
    }
}

/// The legacy rule at that time: the team in turn, with its eleventh member as long as they were there.
fn rep_in_turn(territory: usize, age: f64, turn: &mut usize) -> usize {
    let former = ACTIVE_REPS + territory;
    let left_at_age = 0.55 + 0.1 * territory as f64;
    let mut reps: Vec<usize> = team(territory).collect();
    if territory < FORMER_REPS && age > left_at_age {
        reps.push(former);
    }
    *turn += 1;
    reps[*turn % reps.len()]
}

fn account_values(deal: &PastDeal) -> [Value; ACCOUNT_FIELDS.len()] {
    let firm = &deal.prospect.firm;
    [
        firm.name.as_str().into(),
        // Whether they ever bought is known when all deals are.
        Value::Null,
        super::INDUSTRIES[firm.industry].into(),
        Value::Number(firm.revenue),
        Value::Int(firm.employees),
        firm.country.into(),
        firm.website().as_str().into(),
        deal.owner.into(),
        deal.converted.into(),
        deal.converted.into(),
        deal.converted.into(),
        deal.owner.into(),
    ]
}

fn opportunity_values(deal: &PastDeal, account: Id) -> [Value; OPPORTUNITY_FIELDS.len()] {
    let source = deal.prospect.traits.source.map_or("", |place| super::SOURCES[place]);
    let product = deal.prospect.traits.product.map_or("", |place| super::PRODUCTS[place]);
    // A name has room for 120 characters.
    let name: String = format!("{} - {product}", deal.prospect.firm.name).chars().take(120).collect();
    [
        account.into(),
        name.as_str().into(),
        if deal.won { "Closed Won" } else { "Closed Lost" }.into(),
        Value::Date(deal.closed.date()),
        Value::Number(deal.prospect.closing_amount()),
        source.into(),
        true.into(),
        deal.won.into(),
        deal.owner.into(),
        deal.converted.into(),
        deal.closed.into(),
        deal.closed.into(),
        deal.owner.into(),
        deal.owner.into(),
    ]
}

fn contact_values(deal: &PastDeal, account: Id) -> [Value; CONTACT_FIELDS.len()] {
    let (given, family) = (deal.prospect.given, deal.prospect.family);
    [
        account.into(),
        family.into(),
        given.into(),
        format!("{given} {family}").as_str().into(),
        deal.owner.into(),
        deal.converted.into(),
        deal.converted.into(),
        deal.converted.into(),
        deal.owner.into(),
        deal.owner.into(),
        false.into(),
    ]
}

fn lead_values(deal: PastDeal, account: Id, contact: Id, opportunity: Id, intake: Id) -> Vec<Value> {
    let PastDeal { prospect, owner, created, converted, .. } = deal;
    let name = format!("{} {}", prospect.given, prospect.family);
    let shown = Company::lead_fields(prospect);
    let shown = |field: &str| shown.iter().find(|(name, _)| *name == field).map(|(_, value)| value.clone());
    let own = LEAD_FIELDS.iter().map_while(|field| (*field != "Name").then(|| shown(field).unwrap_or_default()));
    let mut values: Vec<Value> = own.collect();
    values.extend([
        name.as_str().into(),
        "Closed - Converted".into(),
        owner.into(),
        true.into(),
        Value::Date(converted.date()),
        account.into(),
        contact.into(),
        opportunity.into(),
        created.into(),
        converted.into(),
        converted.into(),
        intake.into(),
        owner.into(),
    ]);
    values
}
