//! Reps: who has room, who is away, who wins, who calls back?

pub mod model;
pub mod update;
pub mod view;

pub use model::RepsScreen;

#[cfg(test)]
mod tests;
