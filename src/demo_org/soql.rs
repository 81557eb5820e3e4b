//! The query language, as far as leadboard speaks it: `SELECT` of fields with parent paths or `COUNT()`, `WHERE`,
//! `ORDER BY`, `LIMIT`, `OFFSET`. Text becomes a [`Query`], which a [`Plan`] binds to the schema and runs.
//!
//! What the real language has beyond that (aggregates, child subqueries, date literals, `TYPEOF`) is refused, never
//! half understood.

mod lexer;
mod parser;
mod plan;
mod run;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::NaiveDate;

use super::stamp::Stamp;

pub(crate) use parser::parse;
pub(crate) use plan::{Plan, Selection};

/// Longest query that is read, in characters.
const MAX_LENGTH: usize = 100_000;
/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 64;
/// Most steps from a record to its parents.
const MAX_HOPS: usize = 5;
/// Largest `OFFSET`.
const MAX_OFFSET: u64 = 2_000;

/// A field by the way to it: `["ConvertedOpportunity", "Amount"]`.
pub(crate) type Path = Vec<String>;

/// A query as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    /// What is asked for; `None` is `COUNT()`.
    pub(crate) select: Option<Vec<Path>>,
    /// The object after `FROM`.
    pub(crate) object: String,
    /// Which records.
    pub(crate) filter: Option<Condition>,
    /// In which order.
    pub(crate) order: Vec<Order>,
    /// How many at most.
    pub(crate) limit: Option<u64>,
    /// How many to leave out first.
    pub(crate) offset: u64,
}

/// A condition of `WHERE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// All must hold.
    And(Vec<Self>),
    /// One must hold.
    Or(Vec<Self>),
    /// It must not hold.
    Not(Box<Self>),
    /// A field against a literal.
    Compare {
        /// The field.
        field: Path,
        /// How.
        op: Op,
        /// Against what.
        literal: Literal,
    },
    /// A field against a list.
    In {
        /// The field.
        field: Path,
        /// `NOT IN`.
        negated: bool,
        /// The list.
        list: Vec<Literal>,
    },
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
}

/// A literal of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    Date(NaiveDate),
    DateTime(Stamp),
}

/// A quoted text. Which characters were escaped matters to `LIKE` alone, where `\_` and `\%` stand for themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    /// Its characters, escapes resolved.
    pub(crate) text: String,
    /// Characters (counted from 0) that had a backslash.
    pub(crate) escaped: Vec<usize>,
}

/// One part of `ORDER BY`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    /// The field.
    pub(crate) field: Path,
    /// Largest first.
    pub(crate) descending: bool,
    /// Where nothing sorts; first unless the query says otherwise.
    pub(crate) nulls_last: bool,
}

/// Why a query was refused: an error code of the API and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoqlError {
    /// `MALFORMED_QUERY`, `INVALID_FIELD`, `INVALID_TYPE` or `NUMBER_OUTSIDE_VALID_RANGE`.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: String,
}

impl SoqlError {
    fn malformed(message: impl Into<String>) -> Self {
        Self { code: "MALFORMED_QUERY", message: message.into() }
    }

    fn field(message: impl Into<String>) -> Self {
        Self { code: "INVALID_FIELD", message: message.into() }
    }
}

impl fmt::Display for SoqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
