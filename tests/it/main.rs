//! Integration tests, one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

mod demo_org;
