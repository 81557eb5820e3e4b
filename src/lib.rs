//! leadboard: a terminal dashboard that routes sales leads to the rep most likely to win them.
//!
//! Start reading at `ARCHITECTURE.md`, then [`domain`]. The folders depend on each other in one direction only, which
//! `tests/it/arch.rs` enforces.

pub mod app;
pub mod bootstrap;
pub mod cli;
pub mod config;
pub mod crm;
pub mod demo;
pub mod demo_org;
pub mod domain;
pub mod history;
pub mod model;
pub mod policy;
pub mod store;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod tui;
pub mod worker;
