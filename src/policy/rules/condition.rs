//! A condition, compiled. What rules mostly say (comparisons, lists, presence, parts of texts, and `&&`, `||`, `!` of them)
//! is evaluated here directly and can be reasoned about; whatever else CEL can say goes to the `cel` crate.
//!
//! # Three values
//! A condition is true, false or unknown. A comparison with a missing fact is unknown, and so is whatever cannot be
//! calculated. `&&`, `||` and `!` are Kleene's, which are also CEL's: `false && unknown` is false, `true || unknown` is true,
//! in either order. A rule fires only when its condition is true, so a fact that is missing never makes one fire; whoever
//! wants that writes `!has(…)`.

mod compile;
mod interpret;
mod words;

use std::collections::BTreeSet;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::facts::{Field, Value, Values, micros};
use super::problem::Place;

pub(super) use compile::compile;
pub(super) use interpret::Formula;
pub(super) use words::quantity;

/// Kleene's truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    pub(super) const fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    const fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Compare {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            // Exactly what CEL does; a rule that compares an amount for equality means that very number.
            #[expect(clippy::float_cmp, reason = "equality is what the rule asks for")]
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// The same comparison with its sides exchanged.
    pub(super) const fn mirrored(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
        }
    }
}

/// A test of a text by its parts.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Contains(Box<str>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Matches(Regex),
    /// All of it is one of these.
    Is(BTreeSet<Box<str>>),
}

/// One question that is not put together from others.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    /// The fact is known.
    Known(Field),
    /// The fact is one of these texts.
    OneOf(Field, BTreeSet<Box<str>>),
    /// The fact compares so with a number; moments are numbers of microseconds.
    Number(Field, Compare, f64),
    /// The fact is true.
    Flag(Field),
    /// A part of the fact, in lower case if the flag is set.
    Part(Field, bool, Part),
    /// The text is in the list.
    Holds(Field, Box<str>),
    /// The first fact, a text (in lower case if the flag is set), is in the list that the second is.
    HoldsFact(Field, bool, Field),
    /// The two facts are equal.
    Same(Field, Field),
    /// Anything else.
    Formula(Box<Formula>),
}

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Constant(bool),
    Atom(Atom, Place),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// Why a condition does not hold, as far as one lead says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Because {
    /// This part of it is false.
    False {
        /// The part, in CEL.
        part: String,
        /// What the lead has instead, if it is a single fact.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<String>,
    },
    /// This fact is missing.
    Missing {
        /// Which.
        field: Field,
    },
    /// This part could not be calculated.
    NotCalculable {
        /// The part, in CEL.
        part: String,
        /// Why.
        error: String,
    },
}

impl Condition {
    /// Whether it holds.
    pub(super) fn truth(&self, facts: &dyn Values) -> Truth {
        match self {
            Self::Constant(holds) => Truth::of(*holds),
            Self::Atom(atom, _) => atom.truth(facts),
            Self::Not(inner) => inner.truth(facts).not(),
            Self::All(parts) => fold(parts, Truth::False, facts),
            Self::Any(parts) => fold(parts, Truth::True, facts),
        }
    }

    /// Why it does not hold: the parts that are false or unknown. Empty when it holds.
    pub(super) fn because(&self, facts: &dyn Values) -> Vec<Because> {
        let mut reasons = Vec::new();
        self.explain(true, facts, &mut reasons);
        reasons
    }

    /// Collects what keeps it from being `wanted`.
    fn explain(&self, wanted: bool, facts: &dyn Values, reasons: &mut Vec<Because>) {
        if self.truth(facts) == Truth::of(wanted) {
            return;
        }
        match self {
            Self::Constant(_) => reasons.push(Because::False { part: self.to_string(), found: None }),
            Self::Not(inner) => inner.explain(!wanted, facts, reasons),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.explain(wanted, facts, reasons)),
            Self::Atom(atom, _) => {
                let missing: Vec<Field> = atom.fields().into_iter().filter(|f| facts.value(f).is_none()).collect();
                if atom.truth(facts) == Truth::Unknown && !missing.is_empty() {
                    for field in missing {
                        let reason = Because::Missing { field };
                        if !reasons.contains(&reason) {
                            reasons.push(reason);
                        }
                    }
                } else if atom.truth(facts) == Truth::Unknown {
                    let error = match atom {
                        Atom::Formula(formula) => formula.error(facts).unwrap_or_default(),
                        _ => "the fact is of another kind".to_owned(),
                    };
                    reasons.push(Because::NotCalculable { part: atom.to_string(), error });
                } else {
                    let part = if wanted { atom.to_string() } else { format!("!({atom})") };
                    let found = match atom.fields().as_slice() {
                        [only] => facts.value(only).map(words::value),
                        _ => None,
                    };
                    reasons.push(Because::False { part, found });
                }
            }
        }
    }

    /// The missing facts because of which it is unknown, each once. None if it is not unknown, or for another reason.
    pub(super) fn missing<'c>(&'c self, facts: &dyn Values, missing: &mut Vec<&'c Field>) {
        match self {
            Self::Constant(_) => {}
            Self::Not(inner) => inner.missing(facts, missing),
            Self::All(parts) | Self::Any(parts) => {
                for part in parts.iter().filter(|part| part.truth(facts) == Truth::Unknown) {
                    part.missing(facts, missing);
                }
            }
            Self::Atom(atom, _) => atom.each_field(&mut |field| {
                if !missing.contains(&field) && facts.value(field).is_none() {
                    missing.push(field);
                }
            }),
        }
    }

    /// Calls back for each atom.
    pub(super) fn each_atom<'c>(&'c self, call: &mut dyn FnMut(&'c Atom, &'c Place)) {
        match self {
            Self::Constant(_) => {}
            Self::Atom(atom, place) => call(atom, place),
            Self::Not(inner) => inner.each_atom(call),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_atom(call)),
        }
    }

    /// How much it costs to evaluate, roughly; cheap parts are asked first, and named first where they do not hold.
    fn cost(&self) -> u32 {
        match self {
            Self::Constant(_) => 0,
            Self::Atom(atom, _) => match atom {
                Atom::Formula(_) => 1_000,
                Atom::Part(_, false, Part::Matches(_)) => 50,
                Atom::Part(_, true, Part::Matches(_)) => 60,
                Atom::Part(_, false, _) => 5,
                Atom::Part(_, true, _) => 15,
                _ => 1,
            },
            Self::Not(inner) => inner.cost(),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::cost).sum(),
        }
    }
}

/// `&&` where `stop` is false, `||` where it is true: the first part that is `stop` decides.
fn fold(parts: &[Condition], stop: Truth, facts: &dyn Values) -> Truth {
    let mut all = stop.not();
    for part in parts {
        match part.truth(facts) {
            found if found == stop => return stop,
            Truth::Unknown => all = Truth::Unknown,
            _ => {}
        }
    }
    all
}

impl Atom {
    fn truth(&self, facts: &dyn Values) -> Truth {
        let known = |field: &Field| facts.value(field);
        match self {
            // An account is known as a whole.
            Self::Known(field) => Truth::of(known(field).is_some()),
            Self::OneOf(field, values) => match known(field) {
                Some(Value::Text(text)) => Truth::of(values.contains(text)),
                Some(_) => Truth::False,
                None => Truth::Unknown,
            },
            Self::Number(field, compare, number) => match known(field) {
                Some(Value::Number(found)) => Truth::of(compare.holds(found, *number)),
                Some(Value::Time(at)) => Truth::of(compare.holds(micros(at), *number)),
                Some(_) if *compare == Compare::Equal => Truth::False,
                Some(_) | None => Truth::Unknown,
            },
            Self::Flag(field) => match known(field) {
                Some(Value::Flag(flag)) => Truth::of(flag),
                _ => Truth::Unknown,
            },
            Self::Part(field, lower, part) => match known(field) {
                Some(Value::Text(text)) if *lower => Truth::of(part.is_in(&text.to_ascii_lowercase())),
                Some(Value::Text(text)) => Truth::of(part.is_in(text)),
                _ => Truth::Unknown,
            },
            Self::Holds(list, wanted) => match known(list) {
                Some(Value::Texts(texts)) => Truth::of(texts.iter().any(|text| **text == **wanted)),
                _ => Truth::Unknown,
            },
            Self::HoldsFact(fact, lower, list) => match (known(fact), known(list)) {
                (Some(Value::Text(text)), Some(Value::Texts(texts))) => {
                    let same = |held: &String| if *lower { is_lower_of(held, text) } else { held == text };
                    Truth::of(texts.iter().any(same))
                }
                (Some(_), Some(Value::Texts(_))) if !lower => Truth::False,
                _ => Truth::Unknown,
            },
            Self::Same(one, other) => match (known(one), known(other)) {
                (Some(one), Some(other)) => Truth::of(one == other),
                _ => Truth::Unknown,
            },
            Self::Formula(formula) => formula.truth(facts),
        }
    }

    /// Calls back for each fact that it asks about.
    fn each_field<'c>(&'c self, call: &mut dyn FnMut(&'c Field)) {
        match self {
            Self::Known(field)
            | Self::OneOf(field, _)
            | Self::Number(field, ..)
            | Self::Flag(field)
            | Self::Part(field, ..)
            | Self::Holds(field, _) => call(field),
            Self::HoldsFact(one, _, other) | Self::Same(one, other) => {
                call(one);
                call(other);
            }
            Self::Formula(formula) => formula.fields().iter().for_each(call),
        }
    }

    /// The facts that it asks about.
    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        self.each_field(&mut |field| fields.push(field.clone()));
        fields
    }
}

impl Part {
    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(&**part),
            Self::StartsWith(part) => text.starts_with(&**part),
            Self::EndsWith(part) => text.ends_with(&**part),
            Self::Matches(pattern) => pattern.is_match(text),
            Self::Is(texts) => texts.contains(text),
        }
    }
}

/// Whether a text is another in lower case (of its ASCII letters, as CEL's `lowerAscii`).
fn is_lower_of(lower: &str, text: &str) -> bool {
    lower.len() == text.len() && lower.bytes().zip(text.bytes()).all(|(l, t)| l == t.to_ascii_lowercase())
}

/// A pattern of `matches`. Its size is bounded, and the time it takes is linear in the text (the `regex` crate's promise).
pub(super) fn pattern(written: &str) -> Result<Regex, String> {
    const LARGEST: usize = 1 << 20;
    regex::RegexBuilder::new(written).size_limit(LARGEST).build().map_err(|error| error.to_string())
}
