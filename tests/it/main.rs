//! Integration tests, one binary.

mod store_conformance;
mod store_fixtures;
