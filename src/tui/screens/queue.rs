//! The queue: what needs me now?

mod bar;
pub mod marks;
pub mod model;
pub mod update;
pub mod view;

pub use model::Queue;

#[cfg(test)]
mod tests;
