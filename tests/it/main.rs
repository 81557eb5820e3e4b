//! Integration tests, in one binary: they build once, and no file can be forgotten (see `arch::no_test_is_forgotten`).
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod arch;
mod audit;
mod backfill;
mod chaos;
mod cli;
mod companies;
mod crash;
mod demo;
mod demo_org;
mod drift;
mod exchange;
mod explain;
mod failpoints;
mod history;
mod hot;
mod journey;
mod metrics;
mod model;
mod policy_gain;
mod powercut;
mod pubsub;
mod routing;
mod rules;
mod salesforce;
mod simulation;
mod store_cluster;
mod store_conformance;
mod store_fixtures;
mod store_model;
mod store_postgres;
mod store_sqlite;
mod terminal;
mod torture;
mod worker;
