//! Closed deals: the history a model learns from, and the outcomes of leads it routed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::facts::LeadFacts;
use super::ids::{LeadId, RepId, RepKey};

/// How a deal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Outcome {
    /// The customer bought.
    Won,
    /// The customer did not.
    Lost,
}

/// One closed deal: who worked which lead, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deal {
    /// The lead it grew from; unique in the history.
    pub lead_id: LeadId,
    /// The rep who worked it.
    pub rep: RepKey,
    /// What was known at creation.
    pub facts: LeadFacts,
    /// When its outcome became known. Nothing may learn from this deal for a lead created earlier than this.
    pub closed_at: DateTime<Utc>,
    /// Whether `closed_at` is in the data, or was assumed because the file has no such column.
    pub closed_assumed: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// Amount at closing, in the currency of the org; known only afterwards, never a feature.
    pub closed_amount: Option<f64>,
}

/// What became of a lead that went through leadboard, read back from the CRM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadOutcome {
    /// The lead.
    pub lead_id: LeadId,
    /// Who owned the deal at the end.
    pub rep_id: Option<RepId>,
    /// Won or lost; `None` while open.
    pub outcome: Option<Outcome>,
    /// When it closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Amount at closing.
    pub amount: Option<f64>,
}
