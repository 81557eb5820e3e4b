//! The words of the product, as types. Pure: no clock, no I/O, no async, nothing that can fail for outside reasons.
//!
//! Everything above (policy, model, app, adapters, screen) speaks in these types, so a reader who knows this folder
//! can read the rest. Times are always UTC and always arguments, never read from a clock here.

pub mod audit;
pub mod blind;
pub mod contact;
pub mod deal;
pub mod decision;
pub mod disagreement;
pub mod effect;
pub mod facts;
pub mod ids;
pub mod lane;
pub mod lead;
pub mod number;
pub mod pool;
pub mod ranking;
pub mod reason;
pub mod recommendation;
pub mod rep;
pub mod share;
pub mod text;
pub mod verdict;
pub mod vocabulary;
