//! Feedback: what managers said, why, and what came of it.

pub mod model;
pub mod update;
pub mod view;

pub use model::FeedbackScreen;

#[cfg(test)]
mod tests;
