//! Sync: is everything written, and is the worker well?

pub mod model;
pub mod update;
pub mod view;

pub use model::Sync;

#[cfg(test)]
mod tests;
