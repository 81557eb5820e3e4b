//! The name of a rulebook's content.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::domain::text::hex;

/// Names what a rulebook says: SHA-256 of its canonical text, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// The version of a canonical text.
    pub(super) fn of(canonical: &str) -> Self {
        Self(hex(digest(&SHA256, canonical.as_bytes()).as_ref()))
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, for people.
    pub fn short(&self) -> &str {
        short(&self.0)
    }
}

/// The first digits of a version, for people. Two rulebooks of one org share them about once in 4 billion pairs.
pub fn short(version: &str) -> &str {
    const DIGITS: usize = 8;
    version.get(..DIGITS).unwrap_or(version)
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
