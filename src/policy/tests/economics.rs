//! Room, fairness, prices and assignment at work together, on random worlds.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::domain::ids::{LeadId, RepId};
use crate::policy::assignment::{Market, Offer, assign};
use crate::policy::capacity::{CapacitySettings, Room, Workload, room};
use crate::policy::fairness::{Entry, LEAD, Ledger, Stake, allowance, shares};
use crate::policy::price::{Expected, net, prices};
use crate::policy::value::worth;

/// A rep with a weight, leads of today, open deals, and the days since they started.
type Somebody = (u32, u32, usize, i64);

#[derive(Clone, Debug)]
struct World {
    reps: BTreeMap<RepId, Somebody>,
    /// The probabilities of those who may get the lead, by rep.
    leads: Vec<BTreeMap<RepId, f64>>,
    caps: CapacitySettings,
    bound: i64,
}

fn rep(i: usize) -> RepId {
    RepId::new(format!("r{i:02}"))
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_769_600, 0).unwrap()
}

fn world() -> impl Strategy<Value = World> {
    (1usize..7).prop_flat_map(|reps| {
        let somebody = (200u32..2_000, 0u32..3, 0usize..6, 0i64..60);
        let team = proptest::collection::vec(somebody, reps);
        let lead = proptest::collection::vec(proptest::option::weighted(0.7, 0.0f64..0.7), reps);
        let caps = (proptest::option::of(0u32..7), proptest::option::of(0u32..12));
        (team, proptest::collection::vec(lead, 0..25), caps, LEAD / 2..4 * LEAD).prop_map(
            |(team, leads, (per_day, open), bound)| {
                let by_rep = |lead: Vec<Option<f64>>| {
                    let chance = |(i, p): (usize, Option<f64>)| p.map(|p| (rep(i), p));
                    lead.into_iter().enumerate().filter_map(chance).collect()
                };
                World {
                    reps: team.into_iter().enumerate().map(|(i, somebody)| (rep(i), somebody)).collect(),
                    leads: leads.into_iter().map(by_rep).collect(),
                    caps: CapacitySettings { per_day, open, ..CapacitySettings::default() },
                    bound,
                }
            },
        )
    })
}

impl World {
    fn rooms(&self, given: &BTreeMap<RepId, u32>) -> BTreeMap<RepId, Room> {
        let of = |(id, &(weight, today, open, days)): (&RepId, &Somebody)| {
            let given = given.get(id).copied().unwrap_or(0);
            let load = Workload {
                today: at().date_naive(),
                leads_today: today + given,
                leads_week: today + given,
                leads_month: today + given,
                open: vec![None; open + given as usize],
                started: Some((at() - TimeDelta::days(days)).date_naive()),
                weight,
                ..Workload::default()
            };
            (id.clone(), room(id.as_str(), &load, &self.caps))
        };
        self.reps.iter().map(of).collect()
    }

    fn offers(&self, lead: &BTreeMap<RepId, f64>, may: impl Fn(&RepId) -> bool) -> Vec<Offer> {
        let p: Vec<f64> = lead.values().copied().collect();
        let places: Vec<&RepId> = self.reps.keys().collect();
        let place = |id: &RepId| places.binary_search(&id).unwrap();
        let all = lead.keys().zip(worth(&p, 0.8, 1.0));
        all.filter(|(id, _)| may(id)).map(|(id, worth)| Offer { rep: place(id), value: worth.value }).collect()
    }

    /// Those of a lead's pool who have room.
    fn stakes(lead: &BTreeMap<RepId, f64>, rooms: &BTreeMap<RepId, Room>) -> Vec<Stake> {
        let open = lead.keys().filter(|id| !rooms[*id].is_full());
        open.map(|id| Stake { rep: id.clone(), weight: rooms[id].weight }).collect()
    }

    /// Gives the leads one by one; the entries, and the rep of each.
    fn play(&self) -> Result<(Vec<Entry>, Vec<Option<RepId>>), TestCaseError> {
        let (mut given, mut ledger) = (BTreeMap::new(), Ledger::default());
        let (mut entries, mut chosen) = (Vec::new(), Vec::new());
        for (number, lead) in self.leads.iter().enumerate() {
            let rooms = self.rooms(&given);
            let stakes = Self::stakes(lead, &rooms);
            if stakes.is_empty() {
                chosen.push(None);
                continue;
            }
            let within = ledger.within(&stakes, self.bound);
            let may = |id: &RepId| within.may.iter().any(|turn| turn.rep == *id);
            let sample = self.leads.iter().map(|lead| self.offers(lead, |_| true)).collect();
            let places: Vec<u32> = rooms.values().map(Room::places).collect();
            let expected = Expected { sample, leads: (self.leads.len() - number) as f64 };
            let prices = prices(&places, &expected);
            let best = net(&self.offers(lead, may), &prices)[0].rep;
            let id = self.reps.keys().nth(best).unwrap().clone();
            prop_assert!(lead.contains_key(&id), "not eligible");
            *given.entry(id.clone()).or_insert(0) += 1;
            let before = &rooms[&id];
            for cap in &self.rooms(&given)[&id].caps {
                prop_assert!(cap.used <= cap.of, "{cap} with {before:?}");
            }
            let entry = Ledger::decided(LeadId::new(format!("l{number}")), &stakes, &id, at());
            ledger.apply(&entry);
            prop_assert!(ledger.account(&id).balance() <= self.bound || within.nobody_below);
            entries.push(entry);
            chosen.push(Some(id));
        }
        Ok((entries, chosen))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nobody who may not, no cap broken, within the bound where leads allow it; the same again, with a stranger or without.
    #[test]
    fn leads_one_by_one(world in world(), before in any::<bool>(), stranger in (200u32..2_000, 0u32..3, 0usize..6, 0i64..60)) {
        let (entries, chosen) = world.play()?;
        prop_assert_eq!(&world.play()?, &(entries.clone(), chosen.clone()));
        let mut with = world.clone();
        with.reps.insert(RepId::new(if before { "a" } else { "z" }), stranger);
        prop_assert_eq!(with.play()?, (entries, chosen));
    }

    /// The same of leads that are given together.
    #[test]
    fn leads_together(world in world()) {
        let rooms = world.rooms(&BTreeMap::new());
        let pools: Vec<Vec<Stake>> = world.leads.iter().map(|lead| World::stakes(lead, &rooms)).collect();
        let mut entitled: BTreeMap<&RepId, i64> = BTreeMap::new();
        for (stake, share) in pools.iter().flat_map(|pool| pool.iter().zip(shares(pool))) {
            *entitled.entry(&stake.rep).or_default() += share;
        }
        let allowed = |id| entitled.get(id).map_or(0, |entitled| allowance(None, *entitled, world.bound));
        let places = rooms.iter().map(|(id, room)| room.places().min(allowed(id)));
        let mut market = Market::new(places.collect());
        for lead in &world.leads {
            market.push(world.offers(lead, |_| true));
        }
        let found = assign(&market);
        prop_assert_eq!(found.prove(&market), Ok(()));
        let (mut given, mut ledger) = (BTreeMap::new(), Ledger::default());
        for (number, (rep, lead)) in found.rep.iter().zip(&world.leads).enumerate() {
            let id = rep.map_or(RepId::new("nobody"), |rep| world.reps.keys().nth(rep).unwrap().clone());
            prop_assert!(rep.is_none() || lead.contains_key(&id));
            *given.entry(id.clone()).or_insert(0) += 1;
            ledger.apply(&Ledger::decided(LeadId::new(format!("l{number}")), &pools[number], &id, at()));
        }
        for (id, room) in world.rooms(&given) {
            prop_assert!(given.get(&id).is_none_or(|_| room.caps.iter().all(|cap| cap.used <= cap.of)));
            prop_assert!(ledger.account(&id).balance() <= world.bound);
        }
    }
}
