//! `[audit]`: what the data audit demands.

use serde::Deserialize;

use super::ConfigError;

/// `[audit]`. Shares and AUCs are 0 to 1; the keys are those that the audit's own options have.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Fewest closed deals, won and lost together.
    pub min_deals: u32,
    /// Fewest deals of the rarer outcome.
    pub min_of_each_outcome: u32,
    /// Share of deals with a fact below which it is incomplete.
    pub warn_completeness: f64,
    /// Share of deals with a fact below which it blocks training.
    pub block_completeness: f64,
    /// Closed deals below which a rep has too little support.
    pub min_deals_per_rep: u32,
    /// Fewest days between the first and the last lead.
    pub min_span_days: u32,
    /// Largest share of impossible dates.
    pub max_bad_dates: f64,
    /// Leads older than this are taken for a mistake.
    pub max_age_years: u32,
    /// Share of the deals closed on one day from which on it is taken for a bulk edit.
    pub max_closed_in_a_day: f64,
    /// Largest share of deals closed on such days.
    pub max_bulk_closed: f64,
    /// AUC of a single column from which on it is suspected to give the outcome away.
    pub warn_leak_auc: f64,
    /// AUC of a single column from which on it blocks training.
    pub block_leak_auc: f64,
    /// AUC that blocks when the name of the column says that it is filled in later.
    pub telling_name_auc: f64,
    /// AUC of "is it filled in" from which on a column is suspected.
    pub warn_missing_auc: f64,
    /// AUC of "is it filled in" from which on a column blocks training.
    pub block_missing_auc: f64,
    /// Largest share of the won, or of the lost, deals held by owners who only win or only lose.
    pub max_one_sided_share: f64,
    /// Ids of findings that somebody looked into and accepts.
    pub accepted: Vec<String>,
}

impl Default for Audit {
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
        }
    }
}

impl Audit {
    /// Refuses what is not a share, naming the key.
    pub(super) fn check(&self, place: impl Fn(&str, &str) -> String) -> Result<(), ConfigError> {
        let shares = [
            ("warn_completeness", self.warn_completeness),
            ("block_completeness", self.block_completeness),
            ("max_bad_dates", self.max_bad_dates),
            ("max_closed_in_a_day", self.max_closed_in_a_day),
            ("max_bulk_closed", self.max_bulk_closed),
            ("max_one_sided_share", self.max_one_sided_share),
        ];
        let aucs = [
            ("warn_leak_auc", self.warn_leak_auc),
            ("block_leak_auc", self.block_leak_auc),
            ("telling_name_auc", self.telling_name_auc),
            ("warn_missing_auc", self.warn_missing_auc),
            ("block_missing_auc", self.block_missing_auc),
        ];
        let all =
            shares.map(|(key, value)| (key, value, 0.0)).into_iter().chain(aucs.map(|(key, value)| (key, value, 0.5)));
        for (key, value, lowest) in all {
            if !(lowest..=1.0).contains(&value) {
                let message = format!("audit.{key} is {value}; it must be between {lowest} and 1");
                return Err(ConfigError::Invalid { place: place("audit", key), message });
            }
        }
        Ok(())
    }
}
