//! SLA: which first contacts are due, which were missed, and by whom?

pub mod model;
pub mod update;
pub mod view;

pub use model::SlaScreen;

#[cfg(test)]
mod tests;
