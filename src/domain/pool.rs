//! The pool: who may get a lead, and why each other rep may not.

use serde::{Deserialize, Serialize};

use super::ids::RepId;

/// Why a rep is not in the pool of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Exclusion {
    /// The CRM user is inactive.
    Inactive,
    /// They work another territory.
    OtherTerritory {
        /// Theirs.
        theirs: String,
        /// The lead's.
        wanted: String,
    },
}

impl std::fmt::Display for Exclusion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inactive => f.write_str("inactive in the CRM"),
            Self::OtherTerritory { theirs, wanted } => write!(f, "works {theirs}, the lead is {wanted}"),
        }
    }
}

/// The reps eligible for one lead, in a stable order, and the reason each other rep is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// May get the lead.
    pub eligible: Vec<RepId>,
    /// May not, and why.
    pub excluded: Vec<(RepId, Exclusion)>,
}
