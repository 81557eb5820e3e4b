//! The data audit: whether a history is good enough to train on, what is wrong with it if not, and which line to change.
//!
//! Pure: rows in, report out, in one pass and in bounded memory. It does not care where rows come from: [`audit`] judges
//! stored deals, [`audit_file`] a CSV through its map. A file shows more than the store, because it still has the open
//! deals, the columns that the map leaves out, and the line numbers; the checks are the same.
//!
//! [`tally`] collects, the modules named after what they judge (`amount_of_data`, `dates`, `leaks`, `owners`, …) turn what
//! was collected into [`Finding`]s, and `report` puts those into words. A new check is a function there and a new
//! [`FindingCode`].

mod amount_of_data;
mod categories;
mod column;
mod companies;
mod completeness;
mod currency;
mod dates;
mod file;
mod finding;
mod leaks;
mod names;
mod options;
mod owners;
mod proposal;
mod report;
mod row;
mod signal;
mod spelling;
mod stored;
mod tally;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::deal::Deal;
pub use file::audit_file;
pub use finding::{Bound, Finding, FindingCode, Pass, Severity};
pub use options::AuditOptions;

/// How far a fact is filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completeness {
    /// The fact, for example `annual revenue`.
    pub fact: String,
    /// Closed deals that have it.
    pub present: u64,
    /// Their share of all closed deals, 0 to 1.
    pub share: f64,
}

/// What the audit saw of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// The column of the file; of stored deals, the name of the fact.
    pub column: String,
    /// What the map makes of it: `rep`, `fact`, `feature`, `known_afterwards` or `unused`.
    pub used_as: String,
    /// Share of the closed deals that have a value, 0 to 1.
    pub filled: f64,
    /// Different values; a lower bound where there are more than the audit keeps.
    pub values: u64,
    /// AUC of the column alone for won against lost, cross-fitted; 0.5 tells nothing, 1 everything. `None` where there are
    /// too few deals to say.
    pub auc: Option<f64>,
    /// Share of the outcome's uncertainty (log loss) that the column alone removes, cross-fitted; 0 to 1.
    pub information: Option<f64>,
    /// AUC of whether the column is filled in.
    pub missing_auc: Option<f64>,
}

/// What the audit found out. As JSON a contract: names of fields, ids and codes stay; new ones may be added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Whether no model may be trained from this history.
    pub blocked: bool,
    /// The file that was judged; `None` for the stored deals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Closed deals.
    pub deals: u64,
    /// Of those, won.
    pub won: u64,
    /// Of those, lost.
    pub lost: u64,
    /// Deals that are still open; always 0 for stored deals, which are all closed.
    pub open: u64,
    /// Reps who closed deals.
    pub reps: u64,
    /// Creation of the oldest lead of a closed deal.
    pub first_created: Option<DateTime<Utc>>,
    /// Creation of the newest one.
    pub last_created: Option<DateTime<Utc>>,
    /// How far each fact is filled in.
    pub completeness: Vec<Completeness>,
    /// Every column, in the order of the file.
    pub columns: Vec<ColumnSummary>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
}

/// Judges stored deals.
pub fn audit(deals: &[Deal], options: &AuditOptions) -> AuditReport {
    stored::tally(deals, options).report()
}

#[cfg(test)]
mod tests;
