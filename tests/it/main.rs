//! Integration tests, one binary.

mod salesforce;
