//! Moving a whole store into another database, without loss.
//!
//! All of it is one transaction on each side: what is read is of one moment, and what is written is there completely or not
//! at all. Every table is read again from the target and compared, by count and by checksum, before that transaction ends.

mod tables;

use ring::digest;
use serde::Serialize;

use super::engine::{Driver, SqlStore, chain};
use super::query::{Query, Value};
use super::rows::Columns;
use super::session::Session;
use crate::app::ports::{AuditStore, StoreError};
pub(super) use tables::{Kind, TABLES, Table};

/// Why a store was not copied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It would not be right now; in words, with the cure.
    #[error("{0}")]
    Refused(String),
}

/// One table as it was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of all values in the order of the key, hexadecimal: the same in every database.
    pub sha256: String,
}

/// Copies everything from one store into another one, which must be empty. `told` hears of the rows of each table as they
/// are written.
///
/// # Errors
/// [`CopyError::Refused`] if a worker is at work on one of them, if the target holds anything, or if what was written is
/// not what was read; the target is then as empty as before.
pub async fn copy<A: Driver, B: Driver>(
    from: &SqlStore<A>,
    to: &SqlStore<B>,
    told: &mut (dyn FnMut(&'static str, u64) + Send),
) -> Result<Vec<CopiedTable>, CopyError> {
    for (held, which) in [(from.held().await?, "copied from"), (to.held().await?, "copied to")] {
        if !held.is_empty() {
            return Err(CopyError::Refused(format!(
                "a worker is at work on the database that is {which}; stop every worker and dashboard that uses it first"
            )));
        }
    }
    // What waits for its seal would get it on arrival, and then the two would differ.
    while from.seal(chain::BATCH).await? > 0 {}
    let mut source = from.read().await?;
    let mut target = to.begin().await?;
    for statement in B::BEFORE_COPY {
        Query::built((*statement).to_owned(), Vec::new()).execute(&mut *target).await?;
    }
    for table in TABLES {
        if !page(&mut *target, table, None, 1).await?.is_empty() {
            return Err(CopyError::Refused(format!(
                "the store that is copied to is not empty (table {}); name one that was never used",
                table.name
            )));
        }
    }
    let mut copied = Vec::new();
    for table in TABLES {
        let (mut sum, mut after) = (Sum::new(), None);
        loop {
            let rows = page(&mut *source, table, after.as_ref(), table.batch).await?;
            let Some(last) = rows.last() else { break };
            after = last.first().cloned();
            sum.add(&rows);
            told(table.name, sum.rows);
            insert(&mut *target, table, rows).await?;
        }
        copied.push(sum.of(table));
    }
    for (table, wanted) in TABLES.iter().zip(&copied) {
        let found = checksum(&mut *target, table).await?;
        if found != *wanted {
            return Err(CopyError::Refused(format!(
                "table {} did not arrive as it was ({} rows with checksum {} became {} with {}); nothing was kept",
                table.name, wanted.rows, wanted.sha256, found.rows, found.sha256
            )));
        }
        if let Some(statement) =
            B::go_on_numbering(table.name, table.key()).filter(|_| table.numbered && found.rows > 0)
        {
            Query::built(statement, Vec::new()).all(&mut *target).await?;
        }
    }
    to.commit(target).await?;
    from.rollback(source).await?;
    Ok(copied)
}

impl Table {
    fn key(&self) -> &'static str {
        self.columns[0].0
    }

    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// Rows after a key, in its order, each as the values of all columns.
async fn page(
    conn: &mut impl Session,
    table: &Table,
    after: Option<&Value>,
    limit: usize,
) -> Result<Vec<Vec<Value>>, StoreError> {
    let (names, name, key) = (table.names(), table.name, table.key());
    let query = match after {
        None => Query::built(format!("SELECT {names} FROM {name} ORDER BY {key} LIMIT $1"), Vec::new()),
        Some(value) => Query::built(
            format!("SELECT {names} FROM {name} WHERE {key} > $1 ORDER BY {key} LIMIT $2"),
            vec![value.clone()],
        ),
    };
    let rows = query.bind(i64::try_from(limit).unwrap_or(i64::MAX)).all(conn).await?;
    let value = |row: &_, (name, kind): &(&str, Kind)| value(row, name, *kind);
    rows.iter().map(|row| table.columns.iter().map(|column| value(row, column)).collect()).collect()
}

fn value(row: &impl Columns, column: &str, kind: Kind) -> Result<Value, StoreError> {
    Ok(match kind {
        Kind::Text => Value::Text(row.text_opt(column)?),
        Kind::Int => Value::Int(row.int_opt(column)?),
        Kind::Real => Value::Real(row.real_opt(column)?),
    })
}

/// Puts rows in by one statement.
async fn insert(conn: &mut impl Session, table: &Table, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
    let width = table.columns.len();
    let places: Vec<String> = (0..rows.len())
        .map(|row| {
            let numbers: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
            format!("({})", numbers.join(", "))
        })
        .collect();
    let text = format!("INSERT INTO {} ({}) VALUES {}", table.name, table.names(), places.join(", "));
    Query::built(text, rows.into_iter().flatten().collect()).execute(conn).await.map(drop)
}

/// Count and checksum of a table.
pub(super) async fn checksum(conn: &mut impl Session, table: &Table) -> Result<CopiedTable, StoreError> {
    let (mut sum, mut after) = (Sum::new(), None);
    loop {
        let rows = page(conn, table, after.as_ref(), table.batch).await?;
        let Some(last) = rows.last() else { return Ok(sum.of(table)) };
        after = last.first().cloned();
        sum.add(&rows);
    }
}

/// A checksum in the making.
struct Sum {
    rows: u64,
    digest: digest::Context,
}

impl Sum {
    fn new() -> Self {
        Self { rows: 0, digest: digest::Context::new(&digest::SHA256) }
    }

    /// Each value with its type and its length, so that no two rows look alike.
    fn add(&mut self, rows: &[Vec<Value>]) {
        self.rows += rows.len() as u64;
        for value in rows.iter().flatten() {
            let (kind, bytes) = match value {
                Value::Text(Some(text)) => (b't', text.as_bytes()),
                Value::Int(Some(number)) => (b'i', &number.to_le_bytes()[..]),
                Value::Real(Some(number)) => (b'r', &number.to_le_bytes()[..]),
                Value::Text(None) | Value::Int(None) | Value::Real(None) => (b'n', &[][..]),
            };
            self.digest.update(&[kind]);
            self.digest.update(&(bytes.len() as u64).to_le_bytes());
            self.digest.update(bytes);
        }
    }

    fn of(self, table: &Table) -> CopiedTable {
        let digest = self.digest.finish();
        let halves = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let sha256 = halves.filter_map(|half| char::from_digit(half.into(), 16)).collect();
        CopiedTable { table: table.name, rows: self.rows, sha256 }
    }
}
