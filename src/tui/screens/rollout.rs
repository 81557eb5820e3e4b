//! Rollout: what may be executed, and the kill switch.

pub mod model;
pub mod update;
pub mod view;

pub use model::RolloutScreen;

#[cfg(test)]
mod tests;
