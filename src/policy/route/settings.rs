//! What a manager can set about the ladder itself.

use serde::{Deserialize, Serialize};

/// `[high_value]` of `routing.toml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HighValueSettings {
    /// A manager must look at a deal of this expected amount or more, in the currency of the org.
    pub amount: Option<f64>,
}

impl HighValueSettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        let amount = self.amount.filter(|amount| !(amount.is_finite() && *amount > 0.0))?;
        Some(format!("[high_value] amount = {amount}: it must be more than 0"))
    }
}

/// `[margin]` of `routing.toml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarginSettings {
    /// Fewer points of win probability than this between the pick and the next rep are too close to call.
    pub points: Option<f64>,
    /// What becomes of such a lead.
    pub below: BelowMargin,
}

impl MarginSettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        let points = self.points.filter(|points| !(0.0..=100.0).contains(points))?;
        Some(format!("[margin] points = {points}: it must be from 0 to 100"))
    }
}

/// What becomes of a lead whose first two reps are too close to call.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BelowMargin {
    /// The first gets it, and the explanation says that it was close.
    #[default]
    Say,
    /// A manager chooses.
    Manager,
}

/// `[claim]` of `routing.toml`: what keeps a lead from the rep whom a rule names, or who owns the account. Who is inactive,
/// away, or had the lead before never gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimSettings {
    /// They have no room.
    pub full: Unavailable,
    /// They are not at work at this hour, or have a holiday.
    pub closed: Unavailable,
}

impl Default for ClaimSettings {
    fn default() -> Self {
        Self { full: Unavailable::Pass, closed: Unavailable::Keep }
    }
}

/// Whether a rep who has a claim on a lead keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Unavailable {
    /// They get it all the same.
    Keep,
    /// It passes to the next with a claim, or to the round robin of the territory.
    Pass,
}
