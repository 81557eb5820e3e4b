//! Who may get a lead, and why each other rep may not.

use crate::domain::facts::LeadFacts;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::rep::{Rep, Roster};

/// The pool of a lead: active reps of its territory. A rep without a territory works every one; a lead without a
/// territory may go to any active rep. Order: by rep id, so that equal inputs give equal pools.
pub fn pool(facts: &LeadFacts, roster: &Roster) -> Pool {
    let mut pool = Pool::default();
    for rep in &roster.reps {
        match exclusion(facts, rep) {
            None => pool.eligible.push(rep.id.clone()),
            Some(why) => pool.excluded.push((rep.id.clone(), why)),
        }
    }
    pool.eligible.sort();
    pool.excluded.sort_by(|a, b| a.0.cmp(&b.0));
    pool
}

fn exclusion(facts: &LeadFacts, rep: &Rep) -> Option<Exclusion> {
    if !rep.active {
        return Some(Exclusion::Inactive);
    }
    match (&facts.territory, &rep.territory) {
        (Some(wanted), Some(theirs)) if !same(wanted, theirs) => {
            Some(Exclusion::OtherTerritory { theirs: theirs.clone(), wanted: wanted.clone() })
        }
        _ => None,
    }
}

/// Territories are typed by people: case and outer spaces do not tell them apart.
fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::ids::{RepId, RepKey};

    fn rep(id: &str, active: bool, territory: Option<&str>) -> Rep {
        Rep {
            id: RepId::new(id),
            key: RepKey::new(id),
            name: id.into(),
            active,
            territory: territory.map(str::to_owned),
        }
    }

    #[test]
    fn only_active_reps_of_the_territory_and_a_reason_for_each_other() {
        let roster = Roster {
            reps: vec![
                rep("d", true, None),
                rep("c", true, Some("North ")),
                rep("b", false, Some("North")),
                rep("a", true, Some("South")),
            ],
            queues: vec![],
        };
        let mut facts = LeadFacts::empty(DateTime::UNIX_EPOCH);
        facts.territory = Some("north".into());
        let pool = pool(&facts, &roster);
        assert_eq!(pool.eligible, [RepId::new("c"), RepId::new("d")]);
        assert_eq!(
            pool.excluded,
            [
                (RepId::new("a"), Exclusion::OtherTerritory { theirs: "South".into(), wanted: "north".into() }),
                (RepId::new("b"), Exclusion::Inactive),
            ]
        );
    }
}
