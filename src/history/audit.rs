//! The data audit: whether closed deals are good enough to train on, and what is wrong with them if not.
//!
//! Pure: deals in, report out. It does not care whether the deals came from a file or from a CRM. Each check is one
//! function in `checks` that returns findings; a new check is a new function and a new [`FindingCode`].

mod checks;
mod report;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::{LeadId, RepKey};

/// What the audit demands. The defaults are the gates of the product; a share is 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
    /// Largest share of deals closed on one day before it is taken for a bulk edit.
    pub max_closed_in_a_day: f64,
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
            max_closed_in_a_day: 0.1,
            as_of: None,
        }
    }
}

/// How bad a finding is. The order is the order in the report.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// No model may be trained.
    Blocking,
    /// A model may be trained, and will be worse for it.
    Warning,
    /// Good to know.
    Note,
}

/// What a finding is about. The text form is stable: programs match on it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FindingCode {
    /// Fewer closed deals than training needs.
    TooFewDeals,
    /// Too few won, or too few lost.
    TooFewOfOneOutcome,
    /// The same lead closed twice.
    DuplicateLead,
    /// Outcomes that became known before the lead came in.
    ClosedBeforeCreated,
    /// Leads that came in after the audit was made.
    CreatedInFuture,
    /// Leads that came in after the newest outcome became known.
    CreatedAfterNewestClose,
    /// The leads come from too short a time.
    ShortSpan,
    /// A fact is filled in for too few deals.
    Incomplete,
    /// The data does not have some facts at all.
    Absent,
    /// Very many deals were closed on one day.
    BulkClose,
    /// Closing dates were assumed.
    ClosedAssumed,
    /// There is only one rep.
    OneRep,
    /// Reps with too few deals.
    RepsWithoutSupport,
}

/// One thing the audit found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What, for programs.
    pub code: FindingCode,
    /// The fact it is about, for example `industry`; empty if none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fact: String,
    /// What, for people: one sentence.
    pub message: String,
    /// What to do.
    pub cure: String,
    /// The numbers behind the sentence, by name. Shares are 0 to 1.
    pub figures: BTreeMap<String, f64>,
    /// Leads to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<LeadId>,
    /// Reps to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reps: Vec<RepKey>,
}

/// How far a fact is filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completeness {
    /// The fact, for example `annual revenue`.
    pub fact: String,
    /// Deals that have it.
    pub present: u64,
    /// Their share of all deals, 0 to 1.
    pub share: f64,
}

/// What the audit found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Whether no model may be trained from these deals.
    pub blocked: bool,
    /// Closed deals.
    pub deals: u64,
    /// Of those, won.
    pub won: u64,
    /// Of those, lost.
    pub lost: u64,
    /// Reps who closed them.
    pub reps: u64,
    /// Creation of the oldest lead.
    pub first_created: Option<DateTime<Utc>>,
    /// Creation of the newest lead.
    pub last_created: Option<DateTime<Utc>>,
    /// How far each fact is filled in.
    pub completeness: Vec<Completeness>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
}

/// Judges closed deals.
pub fn audit(deals: &[Deal], options: &AuditOptions) -> AuditReport {
    let won = deals.iter().filter(|deal| deal.outcome == Outcome::Won).count() as u64;
    let by_rep = checks::deals_by_rep(deals);
    let completeness = checks::completeness(deals);
    let mut findings = checks::all(deals, &by_rep, &completeness, options);
    // Stable: within a severity the order of the checks stays, from the most to the least fundamental.
    findings.sort_by_key(|finding| finding.severity);
    AuditReport {
        blocked: findings.iter().any(|finding| finding.severity == Severity::Blocking),
        deals: deals.len() as u64,
        won,
        lost: deals.len() as u64 - won,
        reps: by_rep.len() as u64,
        first_created: deals.iter().map(|deal| deal.facts.created_at).min(),
        last_created: deals.iter().map(|deal| deal.facts.created_at).max(),
        completeness,
        findings,
    }
}

#[cfg(test)]
mod tests;
