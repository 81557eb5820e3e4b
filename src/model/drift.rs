//! Drift: are the leads of today still those that the model learned from, and are its probabilities still true?
//!
//! Three questions, each with its own evidence:
//!
//! - *Data drift*: each fact of the leads, as the CRM has it, against the training deals ([`Baseline`]).
//! - *Prediction drift*: how good the model takes the leads to be, by the probability it gives a rep without history,
//!   against the same number for the training deals. Nothing about today's reps or pools is in it.
//! - *Concept drift*: wins against the probabilities that were shown when the leads were ranked.
//!
//! A fact is called changed only when three things hold: enough leads, a change that chance does not explain, with false
//! alarms controlled over all facts (Benjamini-Hochberg), and a change large enough to matter (population stability index
//! by deciles, beyond what chance alone gives). Nothing here reads a clock or a store: days are gathered outside, by
//! [`Gather`], and kept as [`Leads`] and [`Matured`].

mod assess;
mod baseline;
pub mod calibration;
mod concept;
mod day;
mod facts;
pub mod kolmogorov;
pub mod measures;
mod report;
pub mod sequential;
pub mod significance;
#[cfg(test)]
mod tests;

pub use assess::{Period, assess};
pub use baseline::{Baseline, CategoricalBaseline, NumericBaseline};
pub use day::{CategoricalDay, Gather, LeadScores, Leads, Matured, NumericDay, SAMPLE, Window};
pub use report::{Concept, FactDrift, Kind, Limits, Measure, Report, Sequential, Verdict, Week};

use super::Scorer;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;

/// How good a lead is by a model, whoever works it: the probability for a rep whom the history does not know.
pub fn lead_score(scorer: &dyn Scorer, facts: &LeadFacts) -> f64 {
    scorer.score(facts, &[RepKey::new("")]).first().map_or(f64::NAN, |score| score.p_win)
}
