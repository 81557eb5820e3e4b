//! Conditions as text: CEL again, in one spelling, so that two conditions that say the same in the same order look alike.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result};

use chrono::{DateTime, SecondsFormat};

use super::{Atom, Because, Compare, Condition, Part};
use crate::policy::rules::facts::{Field, Kind, Value};
use crate::policy::rules::words::{literal, number};

/// The value of a fact, for people.
pub(super) fn value(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => literal(text),
        Value::Number(found) => number(found),
        Value::Flag(flag) => flag.to_string(),
        Value::Time(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Value::Texts(texts) => format!("[{}]", texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join(", ")),
    }
}

impl Display for Because {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::False { part, found: None } => write!(f, "{part} does not hold"),
            Self::False { part, found: Some(found) } => write!(f, "{part} does not hold, it is {found}"),
            Self::Missing { field } => write!(f, "{field} is not known"),
            Self::NotCalculable { part, error } => write!(f, "{part} cannot be calculated: {error}"),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Constant(constant) => write!(f, "{constant}"),
            Self::Atom(atom, _) => atom.fmt(f),
            Self::Not(inner) => match &**inner {
                Self::Atom(Atom::OneOf(field, values), _) if values.len() == 1 => {
                    write!(f, "{field} != {}", values.iter().map(|text| literal(text)).collect::<String>())
                }
                Self::Atom(Atom::Number(field, Compare::Equal, wanted), _) => {
                    write!(f, "{field} != {}", quantity(field, *wanted))
                }
                Self::Atom(Atom::Same(one, other), _) => write!(f, "{one} != {other}"),
                Self::Atom(Atom::Part(_, _, Part::Is(_)), _) => write!(f, "!({inner})"),
                Self::Atom(atom @ (Atom::Known(_) | Atom::Flag(_) | Atom::Part(..)), _) => write!(f, "!{atom}"),
                other => write!(f, "!({other})"),
            },
            Self::All(parts) => joined(f, parts, " && "),
            Self::Any(parts) => joined(f, parts, " || "),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Condition], between: &str) -> Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        match part {
            // A formula may hold any operator.
            Condition::All(_) | Condition::Any(_) | Condition::Atom(Atom::Formula(_), _) => write!(f, "({part})")?,
            _ => part.fmt(f)?,
        }
    }
    Ok(())
}

/// A number as the fact has it: moments in words.
pub(in crate::policy::rules) fn quantity(field: &Field, value: f64) -> String {
    match DateTime::from_timestamp_micros(value as i64) {
        Some(at) if field.kind() == Kind::Time => {
            format!("timestamp({})", literal(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
        }
        _ => number(value),
    }
}

fn one_of(f: &mut Formatter<'_>, what: &str, texts: &BTreeSet<Box<str>>) -> Result {
    let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    match texts.as_slice() {
        [only] => write!(f, "{what} == {only}"),
        texts => write!(f, "{what} in [{}]", texts.join(", ")),
    }
}

impl Display for Atom {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Known(field) => write!(f, "has({field})"),
            Self::OneOf(field, values) => one_of(f, &field.to_string(), values),
            Self::Number(field, compare, wanted) => {
                let sign = match compare {
                    Compare::Equal => "==",
                    Compare::Less => "<",
                    Compare::AtMost => "<=",
                    Compare::More => ">",
                    Compare::AtLeast => ">=",
                };
                write!(f, "{field} {sign} {}", quantity(field, *wanted))
            }
            Self::Flag(field) => field.fmt(f),
            Self::Part(field, lower, part) => {
                let lower = if *lower { ".lowerAscii()" } else { "" };
                let (name, written) = match part {
                    Part::Is(texts) => return one_of(f, &format!("{field}{lower}"), texts),
                    Part::Contains(text) => ("contains", &**text),
                    Part::StartsWith(text) => ("startsWith", &**text),
                    Part::EndsWith(text) => ("endsWith", &**text),
                    Part::Matches(pattern) => ("matches", pattern.as_str()),
                };
                write!(f, "{field}{lower}.{name}({})", literal(written))
            }
            Self::Holds(list, text) => write!(f, "{} in {list}", literal(text)),
            Self::HoldsFact(fact, lower, list) => {
                write!(f, "{fact}{} in {list}", if *lower { ".lowerAscii()" } else { "" })
            }
            Self::Same(one, other) => write!(f, "{one} == {other}"),
            Self::Formula(formula) => f.write_str(formula.written()),
        }
    }
}
