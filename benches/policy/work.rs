//! What policy does with the probabilities of many leads: each alone, and all together.

use chrono::{DateTime, Utc};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepId, RepKey};
use leadboard::domain::rep::{Rep, Roster};
use leadboard::policy::assignment::{Market, Offer, assign};
use leadboard::policy::capacity::{CapacitySettings, Workload, room};
use leadboard::policy::eligibility::pool;
use leadboard::policy::fairness::{LEAD, Ledger, ORDINARY, Stake};
use leadboard::policy::price::{Prices, net};
use leadboard::policy::value::{ValueSettings, worth};

/// A team, and all that policy keeps of it.
pub(crate) struct Office {
    roster: Roster,
    ids: Vec<RepId>,
    caps: CapacitySettings,
    value: ValueSettings,
    ledger: Ledger,
}

impl Office {
    /// So many reps with a day's cap.
    pub(crate) fn new(reps: usize, per_day: u32) -> Self {
        let rep = |i: usize| Rep {
            id: RepId::new(format!("0055g00000RepId{i:03}AAA")),
            key: RepKey::new(format!("0055g00000RepId{i:03}AAA")),
            name: format!("Rep {i}"),
            active: true,
            territory: None,
            user_name: None,
            email: None,
        };
        let roster = Roster { reps: (0..reps).map(rep).collect(), queues: Vec::new() };
        let ids = roster.reps.iter().map(|rep| rep.id.clone()).collect();
        let caps = CapacitySettings { per_day: Some(per_day), ..CapacitySettings::default() };
        Self { roster, ids, caps, value: ValueSettings::default(), ledger: Ledger::default() }
    }

    /// Room of everybody.
    pub(crate) fn room(&self, given: &[u32], at: DateTime<Utc>) -> Vec<u32> {
        let room = |(rep, given): (&RepId, &u32)| {
            let load = Workload {
                today: at.date_naive(),
                leads_today: *given,
                leads_week: *given,
                leads_month: *given,
                open: vec![None; 20],
                weight: ORDINARY,
                ..Workload::default()
            };
            room(rep.as_str(), &load, &self.caps).places()
        };
        self.ids.iter().zip(given).map(room).collect()
    }

    /// What a lead is worth to each rep of its pool.
    pub(crate) fn offers(&self, facts: &LeadFacts, p_win: &[f64]) -> Vec<Offer> {
        let weight = self.value.weight(facts.amount);
        let offer = |(rep, worth): (usize, leadboard::policy::value::Worth)| Offer { rep, value: worth.value };
        worth(p_win, 0.8, weight).into_iter().enumerate().map(offer).collect()
    }

    /// One lead from pool to decision; the rep. Rules come before all of this.
    pub(crate) fn decide(&mut self, number: usize, facts: &LeadFacts, p_win: &[f64], prices: &Prices) -> usize {
        let pool = pool(facts, &self.roster);
        let stakes: Vec<Stake> = pool.eligible.into_iter().map(|rep| Stake { rep, weight: ORDINARY }).collect();
        let within = self.ledger.within(&stakes, 1_000 * LEAD);
        let mut may = vec![false; self.ids.len()];
        for turn in &within.may {
            if let Ok(at) = self.ids.binary_search(&turn.rep) {
                may[at] = true;
            }
        }
        let offers: Vec<Offer> = self.offers(facts, p_win).into_iter().filter(|offer| may[offer.rep]).collect();
        let rep = net(&offers, prices).first().map_or(0, |net| net.rep);
        let entry = Ledger::decided(LeadId::new(format!("{number}")), &stakes, &self.ids[rep], facts.created_at);
        self.ledger.apply(&entry);
        rep
    }
}

/// All leads together; how many were given. The answer is proved.
pub(crate) fn together(room: Vec<u32>, leads: &[Vec<Offer>]) -> (usize, f64) {
    let mut market = Market::new(room);
    for lead in leads {
        market.push(lead.iter().copied());
    }
    let start = crate::cpu_seconds();
    let found = assign(&market);
    let seconds = crate::cpu_seconds() - start;
    assert_eq!(found.prove(&market), Ok(()));
    (found.rep.iter().flatten().count(), seconds)
}
