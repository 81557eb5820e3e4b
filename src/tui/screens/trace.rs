//! Trace: what happened to a lead, and can it be made again?

pub mod model;
pub mod update;
pub mod view;

pub use model::Trace;

#[cfg(test)]
mod tests;
