//! What the screens and the CLI read: rows and details, already joined. These types are also the `--json` contract.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::explain::InUse;
use super::filter::Condition;
use super::ports::{FirstChoice, HandOver};
use crate::domain::audit::AuditEvent;
use crate::domain::contact::FirstContact;
use crate::domain::deal::LeadOutcome;
use crate::domain::decision::{Decision, WriteState};
use crate::domain::ids::{LeadId, TraceId};
use crate::domain::lane::Lane;
use crate::domain::lead::{LeadRecord, LeadState, Owner};
use crate::domain::pool::Earlier;
use crate::domain::ranking::{Ranking, Tier};
use crate::domain::recommendation::{Recommendation, Route, RouteReason};
pub use crate::model::features::column_words;
pub use crate::policy::hold::Hold;
pub use crate::policy::route::{Path, Step, Why};
pub use crate::policy::rules::Standing;
pub use crate::policy::slot::{Limit, Slot, has_passed};

/// Leads per lane that want attention now, and those hidden by a snooze.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneCounts {
    /// By lane; absent means 0.
    pub lanes: BTreeMap<Lane, u64>,
    /// Snoozed leads, all lanes together.
    pub snoozed: u64,
}

impl LaneCounts {
    /// Leads of one lane.
    pub fn of(&self, lane: Lane) -> u64 {
        self.lanes.get(&lane).copied().unwrap_or(0)
    }
}

/// Which leads a list shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeadFilter {
    /// Only this lane (and then only leads in a lane).
    pub lane: Option<Lane>,
    /// Only this state.
    pub state: Option<LeadState>,
    /// Only leads that meet all of these.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Snoozed leads too.
    pub include_snoozed: bool,
}

/// A place in the order of a list: priority descending, then lead id ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueKey {
    /// Priority of the row.
    pub priority: f64,
    /// Its lead.
    pub id: LeadId,
}

impl QueueKey {
    /// The place of a row.
    pub fn of(row: &QueueRow) -> Self {
        Self { priority: row.priority, id: row.id.clone() }
    }

    /// Whether a row of this place comes after another in the order of the queue: less at stake, then by id.
    pub fn comes_after(&self, other: &Self) -> bool {
        other.priority.total_cmp(&self.priority).then_with(|| self.id.cmp(&other.id)).is_gt()
    }

    /// Whether this place comes before the other one.
    pub fn before(&self, other: &Self) -> bool {
        other.priority.total_cmp(&self.priority).then_with(|| self.id.cmp(&other.id)).is_lt()
    }
}

/// Which rows of a list a window holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Seek {
    /// The first rows.
    #[default]
    Top,
    /// Rows on both sides of a place, about half and half, whether or not that row is still there.
    Around(QueueKey),
    /// The last rows.
    End,
}

/// One line of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The lead.
    pub id: LeadId,
    /// Company, raw.
    pub company: String,
    /// Source, raw.
    pub source: Option<String>,
    /// Territory, raw.
    pub territory: Option<String>,
    /// Where it stands.
    pub state: LeadState,
    /// The pile.
    pub lane: Option<Lane>,
    /// Order inside the pile.
    pub priority: f64,
    /// When the CRM got it.
    pub created_at: DateTime<Utc>,
    /// When we got it.
    pub received_at: DateTime<Utc>,
    /// Where policy would send it.
    pub route: Option<Route>,
    /// Why.
    pub reason: Option<RouteReason>,
    /// Name of the recommended owner, raw.
    pub recommended: Option<String>,
    /// `p_win` of the recommended rep.
    pub p_win: Option<f64>,
    /// Name of the legacy owner, raw.
    pub legacy: Option<String>,
    /// `p_win` of the legacy owner.
    pub legacy_p_win: Option<f64>,
    /// How good the lead is whoever works it, 0 to 100.
    #[serde(default)]
    pub lead_score: Option<u8>,
    /// Its tier.
    #[serde(default)]
    pub lead_tier: Option<Tier>,
    /// Hidden until then.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Name of the decided owner, raw.
    pub decided_owner: Option<String>,
    /// How far the write of the decision is.
    pub write: Option<WriteState>,
    /// Decisions made on it so far.
    #[serde(default)]
    pub decisions_made: u32,
    /// Who had it last and gave it back, while nobody else got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<ReturnedBy>,
    /// That one manager asked another to decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<HandOver>,
}

/// Who gave a lead back, or lost it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedBy {
    /// Name of the rep, raw.
    pub name: String,
    /// How they lost it.
    pub how: Earlier,
    /// When we learned of it.
    pub at: DateTime<Utc>,
    /// Why, in their words, raw.
    pub why: Option<String>,
}

/// A window of the queue: neighbouring rows, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueuePage {
    /// How many rows of the list come before the first one here.
    pub start: u64,
    /// The rows.
    pub rows: Vec<QueueRow>,
    /// How many there are in all under the filter.
    pub total: u64,
}

/// Everything known of one lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadDetail {
    /// The lead and where it stands.
    pub record: LeadRecord,
    /// The newest ranking.
    pub ranking: Option<Ranking>,
    /// What policy made of it.
    pub recommendation: Option<Recommendation>,
    /// The way to that; `None` for a ranking made before it was kept.
    #[serde(default)]
    pub path: Option<Path>,
    /// That it waits for others, to be given together with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// That one manager asked another to decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<HandOver>,
    /// All decisions on it, newest first, undone ones included.
    pub decisions: Vec<Decision>,
    /// The first contacts that reps owe or owed it, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<FirstContact>,
    /// Whom a manager would have given it to before they saw what is recommended, if it is of the blind sample and somebody
    /// chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_choice: Option<FirstChoice>,
    /// What became of it.
    pub outcome: Option<LeadOutcome>,
    /// What happened to it, newest first, bounded.
    pub timeline: Vec<AuditEvent>,
    /// Names of every owner mentioned, by id, raw.
    pub names: BTreeMap<String, String>,
    /// What ranks and routes now.
    #[serde(default)]
    pub in_use: InUse,
}

/// One decided lead, for reports and checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// The decision.
    pub decision: Decision,
    /// Owner as last read from the CRM.
    pub owner_now: Owner,
}

/// One ranked lead, for the shadow report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowRow {
    /// The lead.
    pub id: LeadId,
    /// Its source.
    pub source: Option<String>,
    /// Its territory.
    pub territory: Option<String>,
    /// Whom the legacy rules chose.
    pub legacy: Owner,
    /// `p_win` of the legacy owner, when a rep the model knows.
    pub legacy_p_win: Option<f64>,
    /// Where policy would send it.
    pub route: Route,
    /// Why.
    pub reason: RouteReason,
    /// `p_win` of the recommended rep.
    pub p_win: Option<f64>,
    /// The verdict, if one stands.
    pub verdict: Option<String>,
    /// Its trace.
    pub trace_id: Option<TraceId>,
    /// Who shall own it by the standing decision.
    pub decided_owner: Option<Owner>,
}
