//! The store: an adapter behind [`LeadStore`](crate::app::ports::LeadStore),
//! [`DecisionStore`](crate::app::ports::DecisionStore), [`LearningStore`](crate::app::ports::LearningStore),
//! [`DriftStore`](crate::app::ports::DriftStore) and [`QueryStore`](crate::app::ports::QueryStore).
//!
//! SQLite today ([`SqliteStore`]). What another database can share stands outside `sqlite/`: the statements (`sql/`,
//! with `$n` parameters and no dialect but for what `sql/dialect.rs` names), the columns and their meaning (`rows.rs`,
//! `values.rs`). What it must write itself stands inside: opening, locking, error codes, and the method bodies, which
//! name nothing of SQLite but the connection type.
//!
//! Absences that hold here: no SQL text is put together at run time; no statement on our tables outside `sql/` (what asks
//! SQLite about itself stands in `sqlite/`); no time is read; no change of a lead or a decision without its audit event
//! in the same transaction (handing an effect out or freeing its lease is not one); nothing is ever deleted.

mod rows;
mod sql;
mod sqlite;
mod values;

pub use sqlite::SqliteStore;
