//! What policy knows of a rep, besides what the CRM's user record says: from `routing.toml` and from mapped user fields.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::ids::RepId;

/// One rep, as routing sees them. Everything is optional: what is not said restricts nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The rep.
    pub rep_id: RepId,
    /// IANA time zone, for example `Europe/Berlin`.
    pub zone: Option<String>,
    /// Working week, for example `Mon-Fri 09:00-17:30`.
    #[serde(default)]
    pub week: Option<String>,
    /// Names of the holiday calendars that count for them, instead of the common ones.
    #[serde(default)]
    pub holidays: Option<Vec<String>>,
    /// Languages they sell in, as ISO 639-1 codes in lower case.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Products and subjects they are trained for, and certifications they hold, in lower case.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Partner tiers they look after.
    #[serde(default)]
    pub partner_tiers: Vec<String>,
    /// Their share in comparison with a colleague of weight 1. Not negative.
    pub weight: f64,
    /// First day in the team, for the ramp.
    pub started: Option<NaiveDate>,
}

impl Profile {
    /// A rep of whom nothing special is known.
    pub fn plain(rep_id: RepId) -> Self {
        Self {
            rep_id,
            zone: None,
            week: None,
            holidays: None,
            languages: Vec::new(),
            skills: Vec::new(),
            partner_tiers: Vec::new(),
            weight: 1.0,
            started: None,
        }
    }
}
