//! What a person supposes, as it is typed: `source=Webinar, amount=250k, absent=Ana Ruiz`. The same words on the screen and
//! on the command line.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepId;
use crate::domain::rep::Roster;

/// What can be supposed, for whoever asks.
pub const WORDS: &str = "suppose source=, industry=, product=, country=, territory=, amount=, employees=, revenue=, absent= or \
    room=, with commas between";
/// Names of facts, and what begins a supposition about a rep.
const KNOWN: [&str; 8] = ["source", "industry", "product", "country", "territory", "amount", "employees", "revenue"];
const ABSENT: &str = "absent";
const ROOM: &str = "room";

/// What is supposed to be otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Suppose {
    /// Facts of the lead.
    pub facts: Vec<Change>,
    /// Reps who are not there.
    pub absent: Vec<RepId>,
    /// Reps on whose desk there is nothing.
    pub room: Vec<RepId>,
}

/// A fact of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Where it came from.
    Source,
    /// Industry of the company.
    Industry,
    /// What it asks about.
    Product,
    /// Country.
    Country,
    /// Sales territory.
    Territory,
    /// Expected amount of the deal.
    Amount,
    /// Number of employees.
    Employees,
    /// Annual revenue of the company.
    Revenue,
    /// A further fact of the lead, by its name.
    Further(String),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Industry => "industry",
            Self::Product => "product",
            Self::Country => "country",
            Self::Territory => "territory",
            Self::Amount => "amount",
            Self::Employees => "employees",
            Self::Revenue => "revenue",
            Self::Further(name) => name,
        })
    }
}

impl Fact {
    fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "source" => Self::Source,
            "industry" => Self::Industry,
            "product" => Self::Product,
            "country" => Self::Country,
            "territory" => Self::Territory,
            "amount" => Self::Amount,
            "employees" => Self::Employees,
            "revenue" => Self::Revenue,
            _ => Self::Further(name.to_owned()),
        }
    }
}

/// A fact that is otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which.
    pub fact: Fact,
    /// What it is; `None` for not known.
    pub value: Option<String>,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("\"{}\" says nothing of a fact: source=Webinar", text.trim()))?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return Err("the name of a fact is missing before \"=\"".to_owned());
        }
        Ok(Self { fact: Fact::named(name), value: (!value.is_empty()).then(|| value.to_owned()) })
    }
}

impl Change {
    /// Changes the fact.
    ///
    /// # Errors
    /// What is in the way, in words.
    pub(super) fn apply(&self, facts: &mut LeadFacts) -> Result<(), String> {
        let Self { fact, value } = self;
        let number = || value.as_deref().map(|text| number(text).ok_or_else(|| format!("{fact}: {text} is no number")));
        match fact {
            Fact::Source => facts.source.clone_from(value),
            Fact::Industry => facts.industry.clone_from(value),
            Fact::Product => facts.product.clone_from(value),
            Fact::Country => facts.country.clone_from(value),
            Fact::Territory => facts.territory.clone_from(value),
            Fact::Amount => facts.amount = number().transpose()?,
            Fact::Employees => facts.employees = number().transpose()?,
            Fact::Revenue => facts.annual_revenue = number().transpose()?,
            Fact::Further(name) if facts.numeric.contains_key(name) => match number().transpose()? {
                Some(value) => drop(facts.numeric.insert(name.clone(), value)),
                None => drop(facts.numeric.remove(name)),
            },
            Fact::Further(name) if facts.categorical.contains_key(name) => match value {
                Some(value) => drop(facts.categorical.insert(name.clone(), value.clone())),
                None => drop(facts.categorical.remove(name)),
            },
            Fact::Further(name) => return Err(format!("the lead has no fact \"{name}\"; {WORDS}")),
        }
        Ok(())
    }
}

/// A number as people write it: `250000`, `250k`, `1.2M`.
fn number(text: &str) -> Option<f64> {
    let text = text.replace([' ', '_'], "");
    let with = |unit: [char; 2], times: f64| text.strip_suffix(unit).map(|digits| (digits, times));
    let (digits, unit) = with(['k', 'K'], 1e3).or_else(|| with(['m', 'M'], 1e6)).unwrap_or((&text, 1.0));
    digits.parse::<f64>().ok().map(|number| number * unit).filter(|number| number.is_finite() && *number >= 0.0)
}

impl Suppose {
    /// Whether nothing is supposed.
    pub const fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.absent.is_empty() && self.room.is_empty()
    }

    /// Reads what is typed.
    ///
    /// # Errors
    /// What cannot be understood, with the cure.
    pub fn parse(text: &str, roster: &Roster) -> Result<Self, String> {
        let mut suppose = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let reps = match part.split_once('=').map(|(name, rep)| (name.trim().to_ascii_lowercase(), rep.trim())) {
                Some((name, rep)) if name == ABSENT => Some((&mut suppose.absent, rep)),
                Some((name, rep)) if name == ROOM => Some((&mut suppose.room, rep)),
                _ => None,
            };
            if let Some((reps, rep)) = reps {
                reps.push(called(rep, roster)?);
                continue;
            }
            let change: Change = part.parse()?;
            if let Fact::Further(name) = &change.fact
                && name.contains(' ')
            {
                return Err(format!("\"{name}\" is no fact; {WORDS}"));
            }
            suppose.facts.push(change);
        }
        Ok(suppose)
    }

    /// What the name at the end of a text may be finished to, with the sign that follows it.
    pub fn completion(text: &str) -> Option<&'static str> {
        let begun = text.rsplit(',').next()?.trim_start();
        let rest = |name: &'static str| name.strip_prefix(begun).filter(|rest| !rest.is_empty());
        KNOWN.into_iter().chain([ABSENT, ROOM]).find_map(rest).filter(|_| !begun.is_empty())
    }

    /// In words, one each; raw.
    pub fn words(&self, roster: &Roster) -> Vec<String> {
        let name = |rep: &RepId| roster.name_of(rep.as_str()).unwrap_or(rep.as_str()).to_owned();
        let facts = self.facts.iter().map(|Change { fact, value }| match value {
            Some(value) => format!("{fact} is {value}"),
            None => format!("{fact} is not known"),
        });
        let absent = self.absent.iter().map(|rep| format!("{} is absent", name(rep)));
        let room = self.room.iter().map(|rep| format!("{} has nothing on the desk", name(rep)));
        facts.chain(absent).chain(room).collect()
    }
}

/// The rep of this name or id, or the only one whose name begins so.
fn called(wanted: &str, roster: &Roster) -> Result<RepId, String> {
    let exact = roster.reps.iter().filter(|rep| rep.id.as_str() == wanted || rep.name.eq_ignore_ascii_case(wanted));
    let begun = wanted.to_lowercase();
    let begins = roster.reps.iter().filter(|rep| !begun.is_empty() && rep.name.to_lowercase().starts_with(&begun));
    for found in [exact.collect::<Vec<_>>(), begins.collect()] {
        match found.as_slice() {
            [] => {}
            [rep] => return Ok(rep.id.clone()),
            several => {
                let names: Vec<&str> = several.iter().take(3).map(|rep| rep.name.as_str()).collect();
                return Err(format!("\"{wanted}\" may be {}: write more of the name", names.join(", ")));
            }
        }
    }
    Err(format!("no rep is called \"{wanted}\""))
}
