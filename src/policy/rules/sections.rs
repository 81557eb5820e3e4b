//! What `routing.toml` says besides its rules: one table for each part of the policy that has settings.

use serde::{Deserialize, Serialize};

/// The settings of the other parts of the policy. Each field is a table of `routing.toml`, and its type belongs to the
/// module that uses it. They are part of the rulebook's version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sections {}
