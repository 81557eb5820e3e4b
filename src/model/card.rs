//! The model card: what a model learned from, how good it is, and what it may do. Nothing in it depends on the clock,
//! so the same deals give the same card.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::evaluate::Evaluation;
use super::gates::{Clearance, Gate};
use super::train::Parameters;
use super::who_matters::WhoMatters;
use super::xgboost::Origin;

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// One paragraph for a manager.
    pub verdict: String,
    /// What the gates allow.
    pub clearance: Clearance,
    /// The gates, G1 to G4.
    pub gates: Vec<Gate>,
    /// What it learned from.
    pub data: DataSummary,
    /// Judged on a random 20 % with the same win rate, by a model refitted without them.
    pub stratified: Evaluation,
    /// Judged on the newest 20 %, by a model refitted with what was known before the first of them was created.
    pub out_of_time: Evaluation,
    /// How much depends on the rep. Absent on older cards.
    #[serde(default)]
    pub who_matters: Option<WhoMatters>,
    /// How margins become probabilities.
    pub calibration: CalibrationSummary,
    /// Names of the columns, in order.
    pub features: Vec<String>,
    /// Share of the trees' total loss reduction by column, largest first, at most 30.
    pub importance: Vec<(String, f64)>,
    /// How it was grown; not known of a model that was trained elsewhere.
    pub parameters: Option<Parameters>,
    /// Trees in the model.
    pub trees: u32,
    /// Standard deviations of the rep effects that the history shows, in log-odds: the rep, then each crossed field.
    pub rep_effect_sd: Vec<(String, f64)>,
    /// Where it comes from, if it was trained elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedFrom>,
    /// Who made it.
    pub versions: Versions,
}

/// Where an imported model comes from, and which deals it may have seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedFrom {
    /// Its files; the probabilities of several are averaged.
    pub files: Vec<ImportedFile>,
    /// Deals of leads created before this it may have learned from; `None` if nobody said.
    pub trained_until: Option<DateTime<Utc>>,
    /// Stored deals of leads created since.
    pub later_deals: u32,
    /// The deals, new to it, that it was calibrated and judged on. 0: there were none or too few, and every figure of
    /// the card may rest on deals that it had seen.
    pub unseen_deals: u32,
}

/// One file of an imported model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// Its name, without the folder.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// What it says of itself.
    pub origin: Origin,
}

/// The deals a model learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Closed deals.
    pub deals: u32,
    /// Of those, won.
    pub won: u32,
    /// Of those, lost.
    pub lost: u32,
    /// Reps with at least one.
    pub reps: u32,
    /// First creation.
    pub first_created_at: DateTime<Utc>,
    /// Last creation.
    pub last_created_at: DateTime<Utc>,
    /// Last closing.
    pub last_closed_at: DateTime<Utc>,
    /// Deals whose closing date was assumed because the data has none.
    pub closed_assumed: u32,
    /// SHA-256 of the deals in order of creation, hexadecimal.
    pub sha256: String,
}

/// How the calibration was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationSummary {
    /// `isotonic` or `Platt`.
    pub method: String,
    /// Held-out deals it was fitted on.
    pub deals: u32,
}

/// Versions of everything that shaped the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// leadboard.
    pub leadboard: String,
    /// Format of the artifact.
    pub artifact: u32,
    /// Meaning of the features.
    pub features: u32,
    /// The trainer with its version.
    pub trainer: String,
}
