//! One lead: why this rep, and why not the one the legacy rules chose?

pub mod desks;
pub mod model;
pub mod update;
pub mod view;

pub use model::{Focus, Lead};

#[cfg(test)]
mod tests;
