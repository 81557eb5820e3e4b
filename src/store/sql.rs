//! Every statement of the store, by topic. Fixed text with `$n` parameters: nothing is put together at run time, so a
//! value can never become SQL, and a test can prepare each one.

/// Names statements and lists them for the test that prepares them all.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: &str = $sql;)*

        /// Every statement of this topic, by name.
        #[cfg(test)]
        pub(in crate::store) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

// Declared first: its macros are used by the topics below.
#[macro_use]
mod dialect;

pub(super) mod audit;
pub(super) mod chain;
pub(super) mod decisions;
pub(super) mod drift;
pub(super) mod intake;
pub(super) mod leads;
pub(super) mod learning;
pub(super) mod outbox;
pub(super) mod queries;
pub(super) mod rankings;
pub(super) mod roster;

/// Every statement of the store, by name.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        audit::ALL,
        chain::ALL,
        decisions::ALL,
        drift::ALL,
        intake::ALL,
        leads::ALL,
        learning::ALL,
        outbox::ALL,
        queries::ALL,
        rankings::ALL,
        roster::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
