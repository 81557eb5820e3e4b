//! The store: an adapter behind [`LeadStore`](crate::app::ports::LeadStore),
//! [`DecisionStore`](crate::app::ports::DecisionStore), [`LearningStore`](crate::app::ports::LearningStore),
//! [`DriftStore`](crate::app::ports::DriftStore), [`QueryStore`](crate::app::ports::QueryStore) and
//! [`DutyStore`](crate::app::ports::DutyStore).
//!
//! One store, [`SqlStore`], over two databases: SQLite for one machine ([`SqliteStore`]) and PostgreSQL for a team
//! ([`PostgresStore`]). The methods are written once, in `engine/`, over two traits: [`Driver`](engine::Driver), what a
//! database does in its own way, and [`Session`](session::Session), a connection that runs queries. The statements stand
//! in `sql/`, with `$n` parameters and almost no dialect; columns and their meaning in `rows.rs` and `values.rs`. What is a
//! database's own (opening, checks, error codes, noticing what others did) stands in `sqlite/` and `postgres/`.
//!
//! Absences that hold here: no SQL text is put together at run time, but for copying whole stores (`copy/`), and there from
//! names in this program alone; no statement on our tables outside `sql/` (what asks a database about itself stands with
//! its driver); no time is read; no change of a lead or a decision without its audit event in the same transaction (handing
//! an effect out, keeping or freeing its lease is not one); nothing is ever deleted.

pub mod copy;
mod engine;
mod migrations;
mod postgres;
mod query;
mod rows;
mod session;
mod sql;
mod sqlite;
mod values;

#[cfg(test)]
#[expect(dead_code, reason = "in the unit tests no server dies")]
#[path = "../tests/it/store_cluster.rs"]
mod cluster;
#[cfg(test)]
mod tests;

pub use engine::SqlStore;
pub use postgres::{Patience, PostgresStore};
pub use sqlite::SqliteStore;
