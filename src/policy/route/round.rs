//! Leads that are given at one moment, and what the places of reps cost the leads that come alone.
//!
//! Only leads that the model's rung gives are looked at together: a rule, an owner or a turn says whom its lead goes to
//! whatever it is worth. What is found is kept with the [`Situation`](super::Situation), so that each lead of the round
//! can be decided again by itself, to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::{Desk, Moment, Outcome, Prepared, RepPrices, Rung};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::ranking::Ranking;
use crate::policy::assignment::Offer;
use crate::policy::capacity::{CapKind, Room};
use crate::policy::fairness::Stake;
use crate::policy::hold::{HoldAnswer, HoldSettings, Waiting, hold};
use crate::policy::price::{BidPrice, Expected, Prices, net, prices, together};
use crate::policy::subject::Subject;

/// What a lead is worth to each rep who may get it, in billionths of a deal.
pub type Offers = Vec<(RepId, i64)>;

/// A lead that the model's rung gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The lead.
    pub lead: LeadId,
    /// What it is worth to whom.
    pub offers: Offers,
    /// Who could have had it, with the weights of their shares.
    pub pool: Vec<Stake>,
    /// When it must have been contacted.
    pub deadline: DateTime<Utc>,
    /// It must not wait.
    pub urgent: bool,
}

/// What was found for leads that are given at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Round {
    /// Who gets each of them; `None` where the places of all who may get it went to others.
    pub reps: BTreeMap<LeadId, Option<RepId>>,
    /// What that is worth more than giving one after the other, in billionths of a deal.
    pub gain: i64,
    /// What was found about waiting for more leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldAnswer>,
}

/// How a lead was given together with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Together {
    /// How many leads there were, this one included.
    pub leads: usize,
    /// Who would have got this one alone, if that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<super::Who>,
    /// What giving them together is worth more than one after the other, in billionths of a deal.
    pub gain: i64,
    /// What was found about waiting for more leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldAnswer>,
}

/// What a lead brings to a round; `None` if it is not the model that gives it.
pub fn candidate(
    subject: &Subject,
    prepared: &Prepared,
    ranking: &Ranking,
    outcome: &Outcome,
    moment: &Moment<'_>,
    desk: &Desk<'_>,
) -> Option<Candidate> {
    outcome.path.taken().filter(|step| desk.cleared && step.rung == Rung::Model)?;
    let field = Field::of(ranking, subject, prepared, moment, desk);
    Some(Candidate {
        lead: subject.lead_id.clone(),
        offers: field.offers(subject, moment, desk),
        pool: moment.stakes(&prepared.pool),
        deadline: desk.settings.sla_deadline(&subject.facts),
        urgent: outcome.path.heat.is_hot(),
    })
}

/// Reps in one order, with the places that each has left and what a place costs.
struct Board {
    reps: Vec<RepId>,
    prices: Prices,
}

impl Board {
    /// Of everybody whom a lead could go to. `taken` are the reps of leads that are given at the same moment otherwise.
    fn of<'a>(leads: impl Iterator<Item = &'a Offers>, taken: &[RepId], moment: &Moment<'_>) -> Self {
        let reps: BTreeSet<RepId> = leads.flatten().map(|(rep, _)| rep.clone()).collect();
        let priced = |rep: &RepId| {
            let known = moment.price(rep).copied();
            let taken = taken.iter().filter(|other| *other == rep).count() as u32;
            let places = match moment.room(rep).map_or(u32::MAX, Room::places) {
                u32::MAX => u32::MAX,
                places => places.saturating_sub(taken),
            };
            BidPrice { places, ..known.unwrap_or(BidPrice { price: 0, places, best_for: 0.0, would_get: 0.0 }) }
        };
        let bids = reps.iter().map(priced).collect();
        Self { reps: reps.into_iter().collect(), prices: Prices { reps: bids, expected: 0.0, sample: 0 } }
    }

    fn is_limited(&self) -> bool {
        self.prices.reps.iter().any(|bid| bid.places != u32::MAX)
    }

    fn offers(&self, offers: &Offers) -> Vec<Offer> {
        let place = |rep: &RepId| self.reps.binary_search(rep).ok();
        offers.iter().filter_map(|(rep, value)| Some(Offer { rep: place(rep)?, value: *value })).collect()
    }

    /// The best assignment of these leads, and the places that are left then.
    fn give(&mut self, leads: &[Vec<Offer>]) -> Vec<Option<usize>> {
        let given = together(leads, &self.prices);
        for rep in given.iter().flatten() {
            self.take(*rep);
        }
        given
    }

    fn take(&mut self, rep: usize) {
        if let Some(bid) = self.prices.reps.get_mut(rep).filter(|bid| bid.places != u32::MAX) {
            bid.places = bid.places.saturating_sub(1);
        }
    }

    fn net(&self, rep: usize, offers: &[Offer]) -> i64 {
        let price = self.prices.reps.get(rep).map_or(0, |bid| bid.price);
        offers.iter().find(|offer| offer.rep == rep).map_or(0, |offer| offer.value - price)
    }
}

/// Gives leads at one moment: as many as there are places for, and such that together they are worth most. No cap is
/// broken, and nobody gets further ahead of their share than the bound allows while it leaves a place to each lead.
/// `taken` are the reps whom leads of the same moment go to for another reason. `None` where nothing limits, so that each
/// lead is best given by itself, or where there is only one.
pub fn give(candidates: &[Candidate], taken: &[RepId], moment: &Moment<'_>) -> Option<Round> {
    let mut board = Board::of(candidates.iter().map(|lead| &lead.offers), taken, moment);
    let bound = moment.policy.book().sections().fairness.bound();
    if (candidates.len() < 2 && taken.is_empty()) || candidates.is_empty() || (!board.is_limited() && bound.is_none()) {
        return None;
    }
    let offers: Vec<Vec<Offer>> = candidates.iter().map(|lead| board.offers(&lead.offers)).collect();
    let in_turn = in_turn(&offers, &board.prices);
    let rooms: Vec<u32> = board.prices.reps.iter().map(|bid| bid.places).collect();
    if let Some(bound) = bound {
        let pools: Vec<Vec<Stake>> = candidates.iter().map(|lead| lead.pool.clone()).collect();
        let allowed = moment.situation.ledger.allowances(&pools, bound);
        for (rep, bid) in board.reps.iter().zip(&mut board.prices.reps) {
            bid.places = bid.places.min(allowed.get(rep).copied().unwrap_or(u32::MAX));
        }
    }
    let mut given = board.give(&offers);
    let left: Vec<usize> = (0..given.len()).filter(|&at| given[at].is_none()).collect();
    if bound.is_some() && !left.is_empty() {
        // Everybody is at the bound: a lead goes to somebody all the same, as it would alone.
        for (rep, bid) in board.prices.reps.iter_mut().enumerate() {
            let got = given.iter().flatten().filter(|other| **other == rep).count() as u32;
            bid.places = if rooms[rep] == u32::MAX { u32::MAX } else { rooms[rep].saturating_sub(got) };
        }
        let rest: Vec<Vec<Offer>> = left.iter().map(|&at| offers[at].clone()).collect();
        for (at, rep) in left.into_iter().zip(board.give(&rest)) {
            given[at] = rep;
        }
    }
    let total: i64 = given.iter().zip(&offers).filter_map(|(rep, offers)| Some(board.net((*rep)?, offers))).sum();
    let rep = |at: &Option<usize>| at.and_then(|at| board.reps.get(at).cloned());
    let reps = candidates.iter().zip(&given).map(|(lead, at)| (lead.lead.clone(), rep(at))).collect();
    // More leads may have found a place than one by one, which is worth more than any sum says.
    Some(Round { reps, gain: (total - in_turn).max(0), hold: None })
}

/// What giving one lead after the other would be worth.
fn in_turn(offers: &[Vec<Offer>], prices: &Prices) -> i64 {
    let mut prices = prices.clone();
    let mut total = 0;
    for offers in offers {
        if let Some(best) = net(offers, &prices).first() {
            total += best.net;
            let bid = &mut prices.reps[best.rep];
            bid.places = if bid.places == u32::MAX { u32::MAX } else { bid.places - 1 };
        }
    }
    total
}

/// Whether the leads are better held until more have come. `expected` leads, of which those of `sample` are examples, are
/// still to come within `horizon`.
pub fn wait(
    candidates: &[Candidate],
    sample: &[Offers],
    (expected, horizon): (f64, TimeDelta),
    moment: &Moment<'_>,
    settings: &HoldSettings,
) -> HoldAnswer {
    let board = Board::of(candidates.iter().map(|lead| &lead.offers).chain(sample), &[], moment);
    let waiting: Vec<Waiting> = candidates
        .iter()
        .map(|lead| Waiting { offers: board.offers(&lead.offers), deadline: lead.deadline, urgent: lead.urgent })
        .collect();
    let sample = sample.iter().map(|offers| board.offers(offers)).collect();
    hold(&waiting, &Expected { sample, leads: expected }, horizon, &board.prices, moment.now(), settings)
}

/// What the places of reps cost: for each kind of cap so many leads are still expected until there is room under it again,
/// and those of `sample` are examples of them. Of several caps the dearest counts. `None` where no cap of these kinds
/// limits anybody, or nothing is known of the leads to come. Reps whose places cost nothing are left out.
pub fn rep_prices(sample: &[Offers], expected: &BTreeMap<CapKind, f64>, moment: &Moment<'_>) -> Option<RepPrices> {
    if sample.iter().all(Vec::is_empty) {
        return None;
    }
    let board = Board::of(sample.iter(), &[], moment);
    let offers: Vec<Vec<Offer>> = sample.iter().map(|offers| board.offers(offers)).collect();
    let left = |rep: &RepId, kind: CapKind| {
        let room = moment.room(rep)?;
        let cap = room.caps.iter().find(|cap| cap.kind == kind)?;
        // Whoever has not begun yet has no place, whatever their caps say.
        Some(if room.is_full() { 0 } else { cap.left() })
    };
    let mut horizons = Vec::new();
    for (&kind, &leads) in expected {
        let rooms: Vec<Option<u32>> = board.reps.iter().map(|rep| left(rep, kind)).collect();
        if rooms.iter().any(Option::is_some) {
            let rooms: Vec<u32> = rooms.into_iter().map(|left| left.unwrap_or(u32::MAX)).collect();
            horizons.push((kind, prices(&rooms, &Expected { sample: offers.clone(), leads })));
        }
    }
    let until = match horizons.as_slice() {
        [(kind, _)] => until(*kind),
        _ => "until there is room again",
    };
    let all: Vec<Prices> = horizons.into_iter().map(|(_, prices)| prices).collect();
    let Prices { reps: bids, expected, sample } = Prices::dearest(&all)?;
    let (reps, bids) = board.reps.into_iter().zip(bids).filter(|(_, bid)| bid.price > 0).unzip();
    Some(RepPrices { reps, prices: Prices { reps: bids, expected, sample }, until: until.to_owned() })
}

const fn until(kind: CapKind) -> &'static str {
    match kind {
        CapKind::Day => "today",
        CapKind::Week => "this week",
        CapKind::Month => "this month",
        CapKind::Open => "until a deal closes",
    }
}
