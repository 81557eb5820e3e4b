//! What the history shows of a rep besides results: how long in the job, how fast to respond, how loaded.

use serde::{Deserialize, Serialize};

/// Days in the job after which a rep counts as settled.
const SETTLED_DAYS: f64 = 365.0;
/// A rep whose first lead lies in the first days of the history may have been there for long.
const UNSEEN_START_DAYS: f64 = 90.0;

/// What is known of one rep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Experience {
    /// Creation of the rep's first known lead, in days since 1970.
    first: Option<f64>,
    /// Known responses, and the sum of `ln(1 + hours)` over them.
    responses: (u32, f64),
    /// Open deals right now, if somebody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) load: Option<u32>,
}

impl Experience {
    pub(super) fn learn(&mut self, created: f64, response_hours: Option<f64>) {
        self.first = Some(self.first.map_or(created, |first| first.min(created)));
        if let Some(hours) = response_hours.filter(|hours| hours.is_finite() && *hours >= 0.0) {
            self.responses.0 += 1;
            self.responses.1 += hours.ln_1p();
        }
    }

    /// See [`Source::RepTenure`](super::Source::RepTenure).
    pub(super) fn tenure(&self, day: f64, began: Option<f64>) -> f32 {
        match (self.first, began) {
            (Some(first), Some(began)) if first - began >= UNSEEN_START_DAYS => {
                (day - first).clamp(0.0, SETTLED_DAYS).ln_1p() as f32
            }
            _ => f32::NAN,
        }
    }

    /// See [`Source::RepResponse`](super::Source::RepResponse).
    pub(super) fn response(&self) -> f32 {
        if self.responses.0 == 0 { f32::NAN } else { (self.responses.1 / f64::from(self.responses.0)) as f32 }
    }
}
