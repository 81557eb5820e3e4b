//! Why a score is what it is, in two exact additive forms over the trees' own margin (log-odds before calibration):
//!
//! * [`shap`]: what each column added for one rep, against the average training deal. Path-dependent TreeSHAP
//!   (Lundberg, Erion & Lee 2018): a column that is not known follows both ways of a split in proportion to the cover
//!   of the training deals. The same numbers as XGBoost's `pred_contribs`.
//! * [`versus`]: what each column adds when one rep takes another's place on the same lead. Shapley values with that
//!   other rep as the one background, so the lead's own columns, in which the two do not differ, get exactly nothing.
//!
//! [`factors`] groups columns into reasons that a manager can read.

pub mod factors;
pub mod shap;
pub mod versus;

#[cfg(test)]
mod tests;

pub use factors::FactorMap;
pub use shap::{Explainer, Scratch};
