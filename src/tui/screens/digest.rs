//! Digest: what happened on a day?

pub mod model;
pub mod update;
pub mod view;

pub use model::DigestScreen;

#[cfg(test)]
mod tests;
