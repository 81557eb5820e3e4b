//! The generated company without an org around it, for those who measure what a routing policy is worth: leads in the
//! order in which they would arrive, and how likely each rep of their territory is to win them.

use std::ops::Range;

use super::company::{Company, TEAM, TERRITORIES};

/// The company of a seed.
#[derive(Debug)]
pub struct PlantedCompany(Company);

/// A lead of it, with the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct PlantedLead {
    /// The territory, by number.
    pub territory: usize,
    /// The reps of the territory, by number in the company.
    pub team: Range<usize>,
    /// The probability that each of the team wins it.
    pub chances: Vec<f64>,
    /// Its expected amount.
    pub amount: f64,
}

impl PlantedCompany {
    /// The company of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Company::new(seed, 0, false))
    }

    /// Number of territories.
    pub const fn territories() -> usize {
        TERRITORIES.len()
    }

    /// Reps of each territory.
    pub const fn team() -> usize {
        TEAM
    }

    /// The `number`-th lead.
    pub fn lead(&self, number: u64) -> PlantedLead {
        let (traits, amount) = self.0.wanted(number);
        let team = traits.territory * TEAM..(traits.territory + 1) * TEAM;
        let chances = team.clone().map(|rep| self.0.chance(&traits, rep)).collect();
        PlantedLead { territory: traits.territory, team, chances, amount }
    }
}
