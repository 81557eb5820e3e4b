//! A statement with the values of its parameters, as every database takes it.

use super::rows::Columns;
use super::session::Session;
use super::sql::{Dialect, Statement};
use crate::app::ports::StoreError;

/// The value of a parameter or a column, in the three types that the schema uses.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Text.
    Text(Option<String>),
    /// A 64-bit integer.
    Int(Option<i64>),
    /// A double.
    Real(Option<f64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::from(Some(number))
    }
}

impl From<Option<f64>> for Value {
    /// Zero has no sign here: SQLite forgets it, so no database is given it.
    fn from(number: Option<f64>) -> Self {
        Self::Real(number.map(|x| x + 0.0))
    }
}

/// What a query says.
#[derive(Clone, Debug)]
enum Words {
    Fixed(Statement),
    /// Put together from the names of tables and columns that stand in this program, for copying whole stores.
    Built(String),
}

/// A statement with its values.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before it is run"]
pub struct Query {
    words: Words,
    values: Vec<Value>,
}

/// A query without values yet.
pub(super) const fn query(statement: Statement) -> Query {
    Query { words: Words::Fixed(statement), values: Vec::new() }
}

impl Query {
    /// A query whose text was put together. Names in it must come from this program, never from outside.
    pub(super) const fn built(text: String, values: Vec<Value>) -> Self {
        Self { words: Words::Built(text), values }
    }

    /// The value of the next parameter.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Text and values for a database.
    pub(super) fn into_parts(self, dialect: Dialect) -> (sqlx::SqlStr, Vec<Value>) {
        use sqlx::SqlSafeStr;
        let text = match self.words {
            Words::Fixed(statement) => statement.on(dialect).into_sql_str(),
            Words::Built(text) => sqlx::AssertSqlSafe(text).into_sql_str(),
        };
        (text, self.values)
    }

    /// Runs it; how many rows it touched.
    pub(super) async fn execute(self, session: &mut impl Session) -> Result<u64, StoreError> {
        session.execute(self).await
    }

    /// Its rows.
    pub(super) async fn all<S: Session>(self, session: &mut S) -> Result<Vec<S::Row>, StoreError> {
        session.fetch(self).await
    }

    /// Its row, if it has one. For statements that give one row at most.
    pub(super) async fn optional<S: Session>(self, session: &mut S) -> Result<Option<S::Row>, StoreError> {
        Ok(session.fetch(self).await?.pop())
    }

    /// Its row. For statements that always give one.
    pub(super) async fn one<S: Session>(self, session: &mut S) -> Result<S::Row, StoreError> {
        let row = self.optional(session).await?;
        row.ok_or_else(|| StoreError::Corrupt("a row that is always there is missing".into()))
    }
}

/// A column of every row.
pub(super) fn ints(rows: &[impl Columns], column: &str) -> Result<Vec<i64>, StoreError> {
    rows.iter().map(|row| row.int(column)).collect()
}

/// A column of every row.
pub(super) fn texts(rows: &[impl Columns], column: &str) -> Result<Vec<String>, StoreError> {
    rows.iter().map(|row| row.text(column)).collect()
}
