//! What the audit demands.

use chrono::{DateTime, Utc};

/// What the audit demands. The defaults are the gates of the product; a share is 0 to 1. `[audit]` of the config sets
/// them by the same names.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditOptions {
    /// Fewest closed deals, won and lost together.
    pub min_deals: u64,
    /// Fewest deals of the rarer outcome.
    pub min_of_each_outcome: u64,
    /// A fact filled in for a smaller share of deals than this is incomplete (warning).
    pub warn_completeness: f64,
    /// A fact that the data has, but for a smaller share of deals than this, blocks training. A fact that the data does
    /// not have at all never blocks.
    pub block_completeness: f64,
    /// A rep with fewer closed deals has too little support to be ranked with confidence.
    pub min_deals_per_rep: u64,
    /// Fewest days between the first and the last lead; below it nothing can be proved on later deals.
    pub min_span_days: i64,
    /// Largest share of deals whose dates contradict each other before training is blocked.
    pub max_bad_dates: f64,
    /// Leads older than this many years are taken for a mistake.
    pub max_age_years: u32,
    /// Largest share of deals closed (or created) on one day before it is taken for a bulk edit.
    pub max_closed_in_a_day: f64,
    /// Largest share of deals closed on such days before training is blocked.
    pub max_bulk_closed: f64,
    /// AUC of a single column from which on it is suspected to give the outcome away.
    pub warn_leak_auc: f64,
    /// AUC of a single column from which on it blocks training.
    pub block_leak_auc: f64,
    /// AUC from which on a column is suspected whose *name* says that it is filled in later ("Last Activity").
    pub telling_name_auc: f64,
    /// AUC of "is it filled in" from which on a column is suspected.
    pub warn_missing_auc: f64,
    /// AUC of "is it filled in" from which on a column blocks training.
    pub block_missing_auc: f64,
    /// Largest share of the won, or of the lost, deals held by owners who only win or only lose, before training is blocked.
    pub max_one_sided_share: f64,
    /// Findings, by id, that somebody looked at and accepts: they become notes.
    pub accepted: Vec<String>,
    /// When the audit is made; leads created later are from the future. `None` does not look for them.
    pub as_of: Option<DateTime<Utc>>,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self {
            min_deals: 2_000,
            min_of_each_outcome: 100,
            warn_completeness: 0.8,
            block_completeness: 0.2,
            min_deals_per_rep: 20,
            min_span_days: 90,
            max_bad_dates: 0.01,
            max_age_years: 25,
            max_closed_in_a_day: 0.1,
            max_bulk_closed: 0.333,
            warn_leak_auc: 0.85,
            block_leak_auc: 0.9,
            telling_name_auc: 0.65,
            warn_missing_auc: 0.6,
            block_missing_auc: 0.75,
            max_one_sided_share: 0.5,
            accepted: Vec::new(),
            as_of: None,
        }
    }
}
