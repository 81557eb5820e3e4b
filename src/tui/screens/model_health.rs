//! Model: may it be trusted?

pub mod card;
pub mod document;
pub mod model;
pub mod update;
pub mod view;

pub use model::ModelHealth;

#[cfg(test)]
mod tests;
