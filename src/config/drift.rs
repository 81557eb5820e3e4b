//! `[drift]`: when a change of the leads is called one.

use serde::Deserialize;

/// See `model::drift` for what the numbers mean.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drift {
    /// Days of leads that are compared with the training deals.
    pub window_days: u32,
    /// Fewer leads than this say nothing.
    pub min_leads: u32,
    /// Fewer closed deals than this say nothing about the probabilities.
    pub min_outcomes: u32,
    /// Population stability index, beyond chance, from which a change is to be watched.
    pub psi_watch: f64,
    /// The same, from which something is to be done.
    pub psi_act: f64,
    /// False discovery rate over all facts of one look.
    pub false_alarms: f64,
}

impl Default for Drift {
    fn default() -> Self {
        Self { window_days: 28, min_leads: 100, min_outcomes: 50, psi_watch: 0.1, psi_act: 0.25, false_alarms: 0.05 }
    }
}

impl Drift {
    /// The key that is wrong, and what is wrong with it in words, with the cure.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let Self { window_days, min_leads, min_outcomes, psi_watch, psi_act, false_alarms } = self;
        if !(1..=92).contains(window_days) {
            return Some(("window_days", format!("drift.window_days is {window_days}; it must be between 1 and 92")));
        }
        if *min_leads < 30 {
            let words = format!("drift.min_leads is {min_leads}; with fewer than 30 leads every number is chance");
            return Some(("min_leads", words));
        }
        if *min_outcomes < 20 {
            let words =
                format!("drift.min_outcomes is {min_outcomes}; with fewer than 20 deals every number is chance");
            return Some(("min_outcomes", words));
        }
        if !(*psi_watch > 0.0 && psi_watch <= psi_act && psi_act.is_finite()) {
            let words = format!(
                "drift.psi_watch is {psi_watch} and drift.psi_act {psi_act}; the first must be more than 0 and at most \
                 the second"
            );
            return Some(("psi_act", words));
        }
        if !(*false_alarms > 0.0 && *false_alarms < 1.0) {
            let words = format!("drift.false_alarms is {false_alarms}; it must be between 0 and 1, for example 0.05");
            return Some(("false_alarms", words));
        }
        None
    }
}
