//! Where the recommended owner is not the legacy owner: owners by owners, causes, and the leads of each.

mod model;
pub mod update;
pub mod view;

pub use model::{Board, Group, Key, Part};

#[cfg(test)]
mod tests;
