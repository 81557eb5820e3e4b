//! The pool where there is no CRM roster: who, by the history alone, may be ranked for a lead.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use crate::domain::deal::Deal;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;

/// Deals a rep must have in a territory to be ranked there: with fewer, the history says nothing about them there.
const SUPPORT: usize = 5;
/// A rep without a lead for so long before the newest one is taken to have left.
const GONE_AFTER: Duration = Duration::days(365);

/// Reps by territory, from closed deals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bench {
    everywhere: BTreeSet<RepKey>,
    by_territory: BTreeMap<String, BTreeSet<RepKey>>,
}

impl Bench {
    /// Reads the bench off the history: reps with at least five deals in a territory, of whom one came in during the
    /// last year of the history.
    pub fn from_history(deals: &[Deal]) -> Self {
        let Some(newest) = deals.iter().map(|d| d.facts.created_at).max() else { return Self::default() };
        let mut last: BTreeMap<&RepKey, DateTime<Utc>> = BTreeMap::new();
        let mut counts: BTreeMap<(&str, &RepKey), usize> = BTreeMap::new();
        let mut totals: BTreeMap<&RepKey, usize> = BTreeMap::new();
        for deal in deals {
            let seen = last.entry(&deal.rep).or_insert(deal.facts.created_at);
            *seen = deal.facts.created_at.max(*seen);
            *totals.entry(&deal.rep).or_default() += 1;
            if let Some(territory) = &deal.facts.territory {
                *counts.entry((territory, &deal.rep)).or_default() += 1;
            }
        }
        let here = |rep: &RepKey| last.get(rep).is_some_and(|at| newest - *at < GONE_AFTER);
        let mut bench = Self {
            everywhere: totals.iter().filter(|(r, n)| **n >= SUPPORT && here(r)).map(|(r, _)| (*r).clone()).collect(),
            by_territory: BTreeMap::new(),
        };
        for ((territory, rep), _) in counts.iter().filter(|((_, r), n)| **n >= SUPPORT && here(r)) {
            bench.by_territory.entry((*territory).to_owned()).or_default().insert((*rep).clone());
        }
        bench
    }

    /// The pool of a lead, in a stable order. The rep who has the lead is always in it, so that what the model says of
    /// them can be judged. A lead without a territory may go to any rep of the bench.
    pub fn pool(&self, facts: &LeadFacts, actual: Option<&RepKey>) -> Vec<RepKey> {
        let local = match &facts.territory {
            Some(territory) => self.by_territory.get(territory),
            None => Some(&self.everywhere),
        };
        let mut pool: BTreeSet<RepKey> = local.cloned().unwrap_or_default();
        pool.extend(actual.cloned());
        pool.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deal::Outcome;
    use crate::domain::ids::LeadId;

    fn deals(rep: &str, territory: &str, n: i64, day: i64) -> Vec<Deal> {
        (0..n)
            .map(|i| {
                let created = DateTime::UNIX_EPOCH + Duration::days(day);
                let mut facts = LeadFacts::empty(created);
                facts.territory = Some(territory.to_owned());
                Deal {
                    lead_id: LeadId::new(format!("{rep}-{territory}-{day}-{i}")),
                    rep: RepKey::new(rep),
                    facts,
                    closed_at: created,
                    closed_assumed: false,
                    outcome: Outcome::Won,
                    closed_amount: None,
                }
            })
            .collect()
    }

    #[test]
    fn a_rep_is_ranked_only_with_support_and_only_while_they_are_there() {
        let history: Vec<Deal> = [
            deals("ana", "north", 5, 1000),
            deals("bob", "north", 4, 1000),
            deals("left", "north", 50, 600),
            deals("bob", "south", 9, 1000),
        ]
        .concat();
        let bench = Bench::from_history(&history);
        let mut facts = LeadFacts::empty(DateTime::UNIX_EPOCH);
        facts.territory = Some("north".into());
        let keys = |names: &[&str]| names.iter().map(|n| RepKey::new(*n)).collect::<Vec<_>>();
        assert_eq!(bench.pool(&facts, None), keys(&["ana"]));
        assert_eq!(bench.pool(&facts, Some(&RepKey::new("left"))), keys(&["ana", "left"]));
        facts.territory = None;
        assert_eq!(bench.pool(&facts, None), keys(&["ana", "bob"]));
    }
}
