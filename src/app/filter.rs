//! What a manager types to see some leads and not others: `src:webinar score>80 gap>5 sla<1h rep:ana -tier:cold acme`.
//!
//! One grammar for the queue, its saved views and the command line. Terms stand beside each other and all of them must hold;
//! a `-` before one turns it round. A term is a field with a test, or plain text that company or id contain. Case never
//! matters. What it means is here; how leads are found by it is the store's business.

mod condition;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::lane::Lane;
use crate::domain::lead::LeadState;
use crate::domain::ranking::Tier;
use crate::domain::verdict::ReasonCode;

pub use condition::{Condition, Field, Situation};
pub use parse::{FilterError, Suggestion};

/// A question about leads: all of its terms must hold. Without terms every lead does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Filter {
    terms: Vec<Term>,
}

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Whether the test must fail instead.
    pub negated: bool,
    /// The test.
    pub test: Test,
}

/// What is asked of a lead. A lead of which the answer is not known (no score, no second rep) fails the test, and passes
/// its negation.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// A text of the lead contains this.
    Contains(TextField, String),
    /// A number of the lead is on this side of a bound.
    Number(NumberField, Side, f64),
    /// A time of the lead is on this side of a bound.
    Time(TimeField, Side, TimeDelta),
    /// It is in this tier.
    Tier(Tier),
    /// It stands so.
    State(LeadState),
    /// It waits in this lane.
    Lane(Lane),
    /// A verdict on it was given with this reason.
    Reason(ReasonCode),
}

/// Texts of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub enum TextField {
    /// Its company or id.
    Any,
    /// Where it came from.
    Source,
    /// Its sales territory.
    Territory,
    /// The recommended owner.
    Rep,
    /// The legacy owner.
    Legacy,
    /// The manager it is handed to.
    For,
}

/// Numbers of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub enum NumberField {
    /// How good it is whoever works it, 0 to 100.
    Score,
    /// How many points of 100 the recommended rep is ahead of the legacy owner.
    Gap,
    /// Win probability of the recommended rep, in points of 100.
    Win,
}

/// Times of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub enum TimeField {
    /// How long ago the CRM got it.
    Age,
    /// How much is left until it is late.
    Sla,
}

/// On which side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Below it, or at it where that is wanted.
    Below {
        /// At the bound as well.
        at: bool,
    },
    /// Above it, or at it where that is wanted.
    Above {
        /// At the bound as well.
        at: bool,
    },
}

impl Filter {
    /// Of these terms.
    pub fn new(terms: Vec<Term>) -> Self {
        Self { terms }
    }

    /// Its terms.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// What both ask.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self
    }

    /// Whether every lead passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl TextField {
    /// How it is written; plain text has no name.
    const fn key(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Source => "src",
            Self::Territory => "terr",
            Self::Rep => "rep",
            Self::Legacy => "legacy",
            Self::For => "for",
        }
    }
}

impl NumberField {
    const fn key(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Gap => "gap",
            Self::Win => "win",
        }
    }
}

impl TimeField {
    const fn key(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Sla => "sla",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Below { at: false } => "<",
            Self::Below { at: true } => "<=",
            Self::Above { at: false } => ">",
            Self::Above { at: true } => ">=",
        })
    }
}

impl fmt::Display for Filter {
    /// As it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, term) in self.terms.iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        match &self.test {
            Test::Contains(TextField::Any, text) => write!(f, "{}", quoted(text)),
            Test::Contains(field, text) => write!(f, "{}:{}", field.key(), quoted(text)),
            Test::Number(field, side, bound) => write!(f, "{}{side}{bound}", field.key()),
            Test::Time(field, side, bound) => write!(f, "{}{side}{}", field.key(), span(*bound)),
            Test::Tier(tier) => write!(f, "tier:{tier}"),
            Test::State(state) => write!(f, "state:{state}"),
            Test::Lane(lane) => write!(f, "lane:{lane}"),
            Test::Reason(code) => write!(f, "reason:{code}"),
        }
    }
}

/// In quotes where it would be read as something else without them.
fn quoted(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_alphanumeric() || "._@&/+'#-".contains(c)) && !text.starts_with('-');
    if plain && !text.is_empty() { text.to_owned() } else { format!("\"{text}\"") }
}

/// The units of a time, longest first, in seconds.
const UNITS: [(&str, i64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A time in the longest unit that it is a whole number of.
fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let (unit, size) = UNITS.into_iter().find(|(_, size)| seconds % size == 0).unwrap_or(("s", 1));
    format!("{}{unit}", seconds / size)
}
