//! How things stand when leads are routed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Round;
use crate::domain::ids::RepId;
use crate::policy::absence::Feed;
use crate::policy::capacity::Workload;
use crate::policy::fairness::Ledger;
use crate::policy::price::{BidPrice, Prices};
use crate::policy::span::Span;

/// How things stand, the same for all leads of a batch. Stored beside rankings, so that a decision can be replayed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Situation {
    /// What each rep has on their desk. Weight, first day and leave need not be filled in: what profiles and absences say
    /// of them counts. Who is not here has nothing on their desk.
    pub loads: BTreeMap<RepId, Workload>,
    /// Who had their share.
    pub ledger: Ledger,
    /// Who is away, as each source said it (CRM, calendars, HR).
    pub feeds: Vec<Feed>,
    /// When reps are busy. Absences need not be here.
    pub busy: BTreeMap<RepId, Vec<Span>>,
    /// What places cost, if that was found out.
    pub prices: Option<RepPrices>,
    /// Who gets which of the leads that were given at the same moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
}

/// What the places of reps cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepPrices {
    /// The reps, in the order of the prices.
    pub reps: Vec<RepId>,
    /// Their prices.
    pub prices: Prices,
    /// When there is room again, in a word: `today`, `this week`.
    pub until: String,
}

impl RepPrices {
    /// Each rep with their price.
    pub fn iter(&self) -> impl Iterator<Item = (&RepId, &BidPrice)> {
        self.reps.iter().zip(&self.prices.reps)
    }
}
