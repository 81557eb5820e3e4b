//! Handoff: what was handed over to me, and what do I hand over?

pub mod model;
pub mod update;
pub mod view;

pub use model::HandoffScreen;

#[cfg(test)]
mod tests;
