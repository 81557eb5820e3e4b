//! Integration tests, one binary.

mod store_conformance;
mod store_fixtures;
mod store_model;
mod store_sqlite;
