//! Integration tests, one binary.

mod history;
