//! Leads that are given at one moment, and what the places of reps cost the leads that come alone.
//!
//! Only leads that the model's rung gives are looked at together: a rule, an owner or a turn says whom its lead goes to
//! whatever it is worth. What is found is kept with the [`Situation`](super::Situation), so that each lead of the round
//! can be decided again by itself, to the last bit.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::moment::Seat;
use super::{Moment, RepPrices};
use crate::domain::ids::{LeadId, RepId};
use crate::policy::assignment::Offer;
use crate::policy::capacity::{CapKind, Room};
use crate::policy::fairness::allowance;
use crate::policy::hold::{HoldAnswer, HoldSettings, Waiting, hold};
use crate::policy::price::{BidPrice, Expected, Prices, best_net, prices, together};

/// What a lead is worth to each rep who may get it, in billionths of a deal.
pub type Offers = Vec<(RepId, i64)>;

/// A lead that the model's rung gives, for moments of one roster.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The lead.
    pub lead: LeadId,
    /// What it is worth to whom; reps by their place in the roster, in that order.
    pub(super) offers: Vec<Offer>,
    /// What each of its pool is entitled to of it, in millionths of a lead; empty where shares bound nothing.
    pub(super) shares: Vec<(usize, i64)>,
    /// When it must have been contacted.
    pub deadline: DateTime<Utc>,
    /// It must not wait.
    pub urgent: bool,
}

impl Candidate {
    /// What it is worth to whom, by name: of use in any moment.
    pub fn offers(&self, moment: &Moment<'_>) -> Offers {
        self.offers
            .iter()
            .filter_map(|offer| Some((moment.seats().get(offer.rep)?.rep.id.clone(), offer.value)))
            .collect()
    }
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

impl Round {
    /// How one of its leads was given. `instead_of` would have got it alone, if that is somebody else.
    pub(super) fn of_lead(&self, instead_of: Option<super::Who>) -> Together {
        Together { leads: self.reps.len(), instead_of, gain: self.gain, hold: self.hold.clone() }
    }
}

/// The reps of a moment, with the places that each has left and what a place costs.
struct Board<'m> {
    moment: &'m Moment<'m>,
    prices: Prices,
}

impl<'m> Board<'m> {
    /// `taken` are the reps of leads that are given at the same moment otherwise.
    fn new(taken: &[RepId], moment: &'m Moment<'m>) -> Self {
        let priced = |(seat, price): (&Seat<'_>, Option<&BidPrice>)| {
            let places = seat.room.as_ref().map_or(u32::MAX, Room::places);
            BidPrice { places, ..price.copied().unwrap_or_default() }
        };
        let reps = moment.seats().iter().zip(moment.prices.iter().copied()).map(priced).collect();
        let mut board = Self { moment, prices: Prices { reps, expected: 0.0, sample: 0 } };
        taken.iter().filter_map(|rep| moment.place(rep)).for_each(|place| board.take(place));
        board
    }

    /// Of everybody whom one of these leads could go to.
    fn is_limited(&self, leads: &[&[Offer]]) -> bool {
        leads.iter().copied().flatten().any(|offer| self.prices.reps[offer.rep].places != u32::MAX)
    }

    /// Offers by name; who is in the roster no more can get nothing.
    fn offers(&self, offers: &Offers) -> Vec<Offer> {
        let offer = |(rep, value): &(RepId, i64)| Some(Offer { rep: self.moment.place(rep)?, value: *value });
        offers.iter().filter_map(offer).collect()
    }
    /// The best assignment of these leads, and the places that are left then.
    fn give(&mut self, leads: &[&[Offer]]) -> Vec<Option<usize>> {
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
    let mut board = Board::new(taken, moment);
    let bound = moment.policy.book().sections().fairness.bound();
    let offers: Vec<&[Offer]> = candidates.iter().map(|lead| lead.offers.as_slice()).collect();
    let alone = candidates.len() < 2 && taken.is_empty();
    if alone || candidates.is_empty() || (!board.is_limited(&offers) && bound.is_none()) {
        return None;
    }
    let in_turn = in_turn(&offers, &board.prices);
    let rooms: Vec<u32> = board.prices.reps.iter().map(|bid| bid.places).collect();
    if let Some(bound) = bound {
        let mut entitled = vec![None; moment.seats().len()];
        for (place, share) in candidates.iter().flat_map(|lead| &lead.shares) {
            *entitled[*place].get_or_insert(0) += share;
        }
        for ((seat, bid), entitled) in moment.seats().iter().zip(&mut board.prices.reps).zip(entitled) {
            if let Some(entitled) = entitled {
                bid.places = bid.places.min(allowance(seat.account, entitled, bound));
            }
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
        let rest: Vec<&[Offer]> = left.iter().map(|&at| offers[at]).collect();
        for (at, rep) in left.into_iter().zip(board.give(&rest)) {
            given[at] = rep;
        }
    }
    let total: i64 = given.iter().zip(&offers).filter_map(|(rep, offers)| Some(board.net((*rep)?, offers))).sum();
    let rep = |at: &Option<usize>| at.and_then(|at| Some(moment.seats().get(at)?.rep.id.clone()));
    let reps = candidates.iter().zip(&given).map(|(lead, at)| (lead.lead.clone(), rep(at))).collect();
    // More leads may have found a place than one by one, which is worth more than any sum says.
    Some(Round { reps, gain: (total - in_turn).max(0), hold: None })
}

/// What giving one lead after the other would be worth.
fn in_turn(offers: &[&[Offer]], prices: &Prices) -> i64 {
    let mut prices = prices.clone();
    let mut total = 0;
    for offers in offers {
        if let Some(best) = best_net(offers, &prices) {
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
    let board = Board::new(&[], moment);
    let waiting: Vec<Waiting> = candidates
        .iter()
        .map(|lead| Waiting { offers: lead.offers.clone(), deadline: lead.deadline, urgent: lead.urgent })
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
    let board = Board::new(&[], moment);
    let offers: Vec<Vec<Offer>> = sample.iter().map(|offers| board.offers(offers)).collect();
    let left = |seat: &Seat<'_>, kind: CapKind| {
        let room = seat.room.as_ref()?;
        let cap = room.caps.iter().find(|cap| cap.kind == kind)?;
        // Whoever has not begun yet has no place, whatever their caps say.
        Some(if room.is_full() { 0 } else { cap.left() })
    };
    let mut horizons = Vec::new();
    for (&kind, &leads) in expected {
        let rooms: Vec<Option<u32>> = moment.seats().iter().map(|seat| left(seat, kind)).collect();
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
    let reps = moment.seats().iter().map(|seat| seat.rep.id.clone());
    let (reps, bids) = reps.zip(bids).filter(|(_, bid)| bid.price > 0).unzip();
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
