//! Every statement of the store, by topic. Fixed text with `$n` parameters: nothing is put together at run time, so a
//! value can never become SQL, and a test can prepare each one.
//!
//! A statement is the same text for every database, or one text for each where they have no common words. SQLite's
//! `instr` is a function of our schema in PostgreSQL, so that searching needs only one.

/// One statement, in the words of each database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Statement {
    /// The same words for all.
    const fn of(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// Other words for PostgreSQL.
    const fn postgres(self, text: &'static str) -> Self {
        Self { postgres: text, ..self }
    }

    /// Its words for a database; empty if that database does without.
    pub(super) const fn on(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

/// Names statements and lists them for the test that prepares them all. `NAME = words;`, or
/// `NAME = words of SQLite, postgres: words of PostgreSQL;`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr $(, postgres: $postgres:expr)?;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: crate::store::sql::Statement =
            crate::store::sql::Statement::of($sql)$(.postgres($postgres))?;)*

        /// Every statement of this topic, by name.
        #[cfg(test)]
        pub(in crate::store) const ALL: &[(&str, crate::store::sql::Statement)] =
            &[$((stringify!($name), $name)),*];
    };
}

pub(super) mod audit;
pub(super) mod backfill;
pub(super) mod blind;
pub(super) mod boards;
pub(super) mod chain;
pub(super) mod companies;
pub(super) mod contacts;
pub(super) mod decisions;
pub(super) mod disagreements;
pub(super) mod drift;
pub(super) mod duties;
pub(super) mod hand_overs;
pub(super) mod handoff;
pub(super) mod intake;
pub(super) mod leads;
pub(super) mod learning;
pub(super) mod outbox;
pub(super) mod presence;
pub(super) mod queries;
pub(super) mod rankings;
pub(super) mod roster;
pub(super) mod routing;
pub(super) mod saved_views;
pub(super) mod stop;

/// Every statement of the store that a database has, by name.
#[cfg(test)]
pub(super) fn all(dialect: Dialect) -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        audit::ALL,
        backfill::ALL,
        blind::ALL,
        boards::ALL,
        chain::ALL,
        companies::ALL,
        contacts::ALL,
        decisions::ALL,
        disagreements::ALL,
        drift::ALL,
        duties::ALL,
        hand_overs::ALL,
        handoff::ALL,
        intake::ALL,
        leads::ALL,
        learning::ALL,
        outbox::ALL,
        presence::ALL,
        queries::ALL,
        rankings::ALL,
        roster::ALL,
        routing::ALL,
        saved_views::ALL,
        stop::ALL,
    ]
    .into_iter()
    .flatten()
    .map(move |(name, statement)| (*name, statement.on(dialect)))
    .filter(|(_, text)| !text.is_empty())
}
