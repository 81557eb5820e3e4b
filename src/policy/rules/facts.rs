//! What a condition can ask about: every name that may stand in a rule, its kind, and its value for one lead (and, where
//! the rule asks about reps, one rep).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator;

use crate::domain::lead::Owner;
use crate::domain::rep::Rep;
use crate::policy::profile::Profile;
use crate::policy::subject::Subject;

/// A fact about the lead itself. The text form is its name after `lead.`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum LeadField {
    /// The CRM's id of the lead.
    Id,
    /// Company name, as the CRM has it.
    Company,
    /// E-mail address of the person, as the CRM has it.
    Email,
    /// What stands after the `@` of the address, in lower case.
    EmailDomain,
    /// Web site of the company.
    Website,
    /// What the person wrote in the form.
    Text,
    /// Language that the CRM names.
    Language,
    /// Lead score, 0 to 100.
    Score,
    /// Tier of the score: `hot`, `warm` or `cold`.
    Tier,
    /// Lead source.
    Source,
    /// Industry of the company.
    Industry,
    /// Product or product family.
    Product,
    /// Sales territory: the CRM's, or the one that a territory rule gave.
    Territory,
    /// Country.
    Country,
    /// Annual revenue of the company.
    AnnualRevenue,
    /// Number of employees.
    Employees,
    /// Expected deal amount.
    Amount,
    /// When the lead came into the CRM.
    CreatedAt,
}

/// A fact about the account that the lead belongs to. The text form is its name after `account.`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum AccountField {
    /// The CRM's id of the account. There is one whenever an account was found.
    Id,
    /// Its name.
    Name,
    /// Its web site.
    Website,
    /// The CRM's id of its owner.
    Owner,
    /// Whether it bought before.
    Customer,
    /// Its open opportunities.
    OpenDeals,
}

/// A fact about one rep of the pool. The text form is its name after `rep.`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum RepField {
    /// The CRM's id of the user.
    Id,
    /// Full name.
    Name,
    /// Their territory.
    Territory,
    /// Languages they sell in, as ISO 639-1 codes in lower case.
    Languages,
    /// Products they are trained for and certifications they hold, in lower case.
    Skills,
    /// Partner tiers they look after.
    PartnerTiers,
    /// IANA time zone.
    Zone,
    /// Their share in comparison with a colleague of weight 1.
    Weight,
    /// Whole days since their first day in the team.
    TenureDays,
}

/// Anything that a condition can ask about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Field {
    /// `lead.…`
    Lead(LeadField),
    /// `lead.fields.…`: a further fact by the name that the config gives it.
    More(Arc<str>),
    /// `account.…`
    Account(AccountField),
    /// `rep.…`
    Rep(RepField),
    /// `now`
    Now,
}

/// The kind of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A number that need not be whole.
    Decimal,
    /// True or false.
    Flag,
    /// A moment.
    Time,
    /// Any number of texts.
    Texts,
    /// A text or a number: what a further fact is, is known only where it is read.
    Any,
}

impl Field {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Lead(field) => match field {
                LeadField::Score => Kind::Whole,
                LeadField::AnnualRevenue | LeadField::Employees | LeadField::Amount => Kind::Decimal,
                LeadField::CreatedAt => Kind::Time,
                _ => Kind::Text,
            },
            Self::More(_) => Kind::Any,
            Self::Account(AccountField::Customer) => Kind::Flag,
            Self::Account(AccountField::OpenDeals) => Kind::Whole,
            Self::Account(_) => Kind::Text,
            Self::Rep(field) => match field {
                RepField::Languages | RepField::Skills | RepField::PartnerTiers => Kind::Texts,
                RepField::Weight => Kind::Decimal,
                RepField::TenureDays => Kind::Whole,
                RepField::Id | RepField::Name | RepField::Territory | RepField::Zone => Kind::Text,
            },
            Self::Now => Kind::Time,
        }
    }

    /// Whether every lead (every rep, every account) has it, so that it is never missing by itself.
    pub(super) const fn is_always_known(&self) -> bool {
        match self {
            Self::Lead(field) => matches!(field, LeadField::Id | LeadField::CreatedAt),
            Self::Account(field) => matches!(field, AccountField::Customer | AccountField::OpenDeals),
            Self::Rep(field) => !matches!(field, RepField::Territory | RepField::Zone | RepField::TenureDays),
            Self::More(_) => false,
            Self::Now => true,
        }
    }

    /// The only texts it can be, where there are few.
    pub(super) const fn choices(&self) -> &'static [&'static str] {
        match self {
            Self::Lead(LeadField::Tier) => &["hot", "warm", "cold"],
            _ => &[],
        }
    }

    /// The names that may stand after a root such as `lead`.
    pub(super) fn names_of(root: &str) -> Vec<&'static str> {
        match root {
            "lead" => LeadField::iter().map(Into::into).chain(["fields"]).collect(),
            "account" => AccountField::iter().map(Into::into).collect(),
            "rep" => RepField::iter().map(Into::into).collect(),
            _ => Vec::new(),
        }
    }

    /// The fact with this name after this root.
    pub(super) fn named(root: &str, name: &str) -> Option<Self> {
        match root {
            "lead" => name.parse().ok().map(Self::Lead),
            "account" => name.parse().ok().map(Self::Account),
            "rep" => name.parse().ok().map(Self::Rep),
            _ => None,
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lead(field) => write!(f, "lead.{field}"),
            Self::More(name) if is_name(name) => write!(f, "lead.fields.{name}"),
            Self::More(name) => write!(f, "lead.fields[{}]", super::words::literal(name)),
            Self::Account(field) => write!(f, "account.{field}"),
            Self::Rep(field) => write!(f, "rep.{field}"),
            Self::Now => f.write_str("now"),
        }
    }
}

/// Whether CEL takes a text for a name, so that it can stand after a dot.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unknown = || format!("no such field: {text}");
        if text == "now" {
            return Ok(Self::Now);
        }
        if let Some(name) = text.strip_prefix("lead.fields.") {
            return Ok(Self::More(name.into()));
        }
        if let Some(quoted) = text.strip_prefix("lead.fields[").and_then(|rest| rest.strip_suffix(']')) {
            let name = super::words::unquoted(quoted).ok_or_else(unknown)?;
            return Ok(Self::More(name.into()));
        }
        let (root, name) = text.split_once('.').ok_or_else(unknown)?;
        Self::named(root, name).ok_or_else(unknown)
    }
}

/// The value of a fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    /// Always finite: what is no number is missing.
    Number(f64),
    Flag(bool),
    Time(DateTime<Utc>),
    Texts(&'a [String]),
}

/// A moment as the number that conditions compare: microseconds since 1970. Exact until the year 2255.
pub(super) fn micros(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64
}

/// Where a condition finds its facts.
pub(super) trait Values: Send + Sync {
    /// The value of a fact; `None` if it is missing.
    fn value(&self, field: &Field) -> Option<Value<'_>>;
}

/// A rep, as rules see them.
#[derive(Clone, Copy, Debug)]
pub struct RepFacts<'a> {
    /// What the CRM knows.
    pub rep: &'a Rep,
    /// What routing knows, if anything.
    pub profile: Option<&'a Profile>,
}

/// Everything that conditions may ask about one lead at one moment.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    subject: &'a Subject,
    territory: Option<&'a str>,
    email_domain: Option<Arc<str>>,
    rep: Option<RepFacts<'a>>,
    now: DateTime<Utc>,
}

impl<'a> Facts<'a> {
    /// The facts of a lead.
    pub fn new(subject: &'a Subject, now: DateTime<Utc>) -> Self {
        let domain = subject.email.as_deref().and_then(|email| email.rsplit_once('@'));
        let email_domain = domain.map(|(_, domain)| domain.trim().to_lowercase()).filter(|domain| !domain.is_empty());
        let email_domain = email_domain.map(Arc::from);
        let territory = subject.facts.territory.as_deref().filter(|territory| !territory.trim().is_empty());
        Self { subject, territory, email_domain, rep: None, now }
    }

    /// The same lead, asked about together with one rep.
    pub(super) fn with_rep(&self, rep: RepFacts<'a>) -> Self {
        Self { rep: Some(rep), ..self.clone() }
    }

    /// The same lead in the territory that a rule gave it.
    pub(super) fn in_territory(&self, territory: &'a str) -> Self {
        Self { territory: Some(territory), ..self.clone() }
    }

    pub(super) const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub(super) const fn territory(&self) -> Option<&'a str> {
        self.territory
    }

    fn of_lead(&self, field: LeadField) -> Option<Value<'_>> {
        let (subject, facts) = (self.subject, &self.subject.facts);
        match field {
            LeadField::Id => text(Some(subject.lead_id.as_str())),
            LeadField::Company => text(Some(&subject.company)),
            LeadField::Email => text(subject.email.as_deref()),
            LeadField::EmailDomain => text(self.email_domain.as_deref()),
            LeadField::Website => text(subject.website.as_deref()),
            LeadField::Text => text(subject.text.as_deref()),
            LeadField::Language => text(subject.language.as_deref()),
            LeadField::Score => number(subject.score.map(f64::from)),
            LeadField::Tier => subject.tier.map(|tier| {
                Value::Text(match tier {
                    crate::domain::ranking::Tier::Hot => "hot",
                    crate::domain::ranking::Tier::Warm => "warm",
                    crate::domain::ranking::Tier::Cold => "cold",
                })
            }),
            LeadField::Source => text(facts.source.as_deref()),
            LeadField::Industry => text(facts.industry.as_deref()),
            LeadField::Product => text(facts.product.as_deref()),
            LeadField::Territory => text(self.territory),
            LeadField::Country => text(facts.country.as_deref()),
            LeadField::AnnualRevenue => number(facts.annual_revenue),
            LeadField::Employees => number(facts.employees),
            LeadField::Amount => number(facts.amount),
            LeadField::CreatedAt => Some(Value::Time(facts.created_at)),
        }
    }

    fn of_account(&self, field: AccountField) -> Option<Value<'_>> {
        let account = self.subject.account.as_ref()?;
        match field {
            AccountField::Id => Some(Value::Text(&account.id)),
            AccountField::Name => text(Some(&account.name)),
            AccountField::Website => text(account.website.as_deref()),
            AccountField::Owner => text(account.owner.as_ref().map(Owner::id)),
            AccountField::Customer => Some(Value::Flag(account.customer)),
            AccountField::OpenDeals => number(Some(f64::from(account.open_deals))),
        }
    }
}

impl<'a> RepFacts<'a> {
    pub(super) fn value(&self, field: RepField, now: DateTime<Utc>) -> Option<Value<'a>> {
        let Self { rep, profile } = *self;
        match field {
            RepField::Id => Some(Value::Text(rep.id.as_str())),
            RepField::Name => Some(Value::Text(&rep.name)),
            RepField::Territory => text(rep.territory.as_deref()),
            RepField::Languages => Some(Value::Texts(profile.map_or(&[], |p| &p.languages))),
            RepField::Skills => Some(Value::Texts(profile.map_or(&[], |p| &p.skills))),
            RepField::PartnerTiers => Some(Value::Texts(profile.map_or(&[], |p| &p.partner_tiers))),
            RepField::Zone => text(profile.and_then(|p| p.zone.as_deref())),
            RepField::Weight => number(Some(profile.map_or(1.0, |p| p.weight))),
            RepField::TenureDays => {
                let started = profile.and_then(|p| p.started)?;
                number(Some((now.date_naive() - started).num_days() as f64))
            }
        }
    }
}

impl Values for Facts<'_> {
    fn value(&self, field: &Field) -> Option<Value<'_>> {
        match field {
            Field::Lead(field) => self.of_lead(*field),
            Field::More(name) => {
                let facts = &self.subject.facts;
                let category = facts.categorical.get(&**name).map(String::as_str);
                text(category).or_else(|| number(facts.numeric.get(&**name).copied()))
            }
            Field::Account(field) => self.of_account(*field),
            Field::Rep(field) => self.rep.and_then(|rep| rep.value(*field, self.now)),
            Field::Now => Some(Value::Time(self.now)),
        }
    }
}

/// A text, unless there is nothing in it.
fn text(value: Option<&str>) -> Option<Value<'_>> {
    value.filter(|text| !text.trim().is_empty()).map(Value::Text)
}

/// A number, unless it is none.
fn number(value: Option<f64>) -> Option<Value<'static>> {
    value.filter(|number| number.is_finite()).map(Value::Number)
}
