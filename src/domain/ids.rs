//! Identifiers. Each is its own type, so that a rep id can never be passed where a lead id is meant.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

// Ids are copied and compared by the hundred for each lead. Those of CRMs are short enough to stand in the place itself, so
// that neither needs the heap.

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// Wraps the text as it stands; what is a valid id is the business of the system that issued it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(CompactString::from(id.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A lead, by the id its CRM gave it (18 characters in Salesforce; any text in an imported file).
    LeadId
);
text_id!(
    /// A sales representative: a CRM user who can own leads.
    RepId
);
text_id!(
    /// The name by which the training history knows a rep. The CRM user id when history comes from the CRM; whatever a
    /// file calls its reps (a name, an alias) when it was imported. Models speak of reps only by this.
    RepKey
);
text_id!(
    /// A CRM queue that can own leads.
    QueueId
);
text_id!(
    /// One trained model in the registry, for example `m-20261122-7f3a91`.
    ModelId
);
text_id!(
    /// The org (tenant) of a CRM. All stored state is bound to it.
    OrgId
);
text_id!(
    /// Names one decision to the outside world, so that repeating a write is recognised there. Derived, never random:
    /// the same decision always has the same key, also after a restored backup. Hexadecimal.
    DecisionKey
);

/// Names one decision for ever; shown to people, stored in the CRM, searched for by the boss who asks "why?".
///
/// A UUID of version 7, so that ids sort by the time they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(Uuid);

impl TraceId {
    /// Wraps a UUID made elsewhere (the domain itself has no source of randomness).
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID inside.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl std::str::FromStr for TraceId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(s).map(Self)
    }
}
