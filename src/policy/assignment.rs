//! Leads that are handed out together: who gets which, so that the sum of the values is as large as it can be.
//!
//! A lead goes to one rep at most, a rep takes no more leads than there is room for, and a lead stays without a rep only
//! where every way to place it would lower the sum. That is the transportation problem; [`assign`] solves it exactly, by
//! shortest augmenting paths over the reps (see `solver`), and gives the price of each rep's place with it.
//!
//! Everything is integer arithmetic, so that all machines agree to the last lead. [`nano`] makes integers of values.
//!
//! **Ties.** Where several assignments are equally good, the answer depends on nothing but the order in which leads and
//! reps were put into the [`Market`]: put leads in by urgency and id, reps by who should rather get a lead and id, and the
//! order in which they were met is forgotten. A rep is preferred to none. Prices are the same for all of them. Leads and
//! reps that share nobody, directly or over others, never influence each other.
//!
//! **Why not a library.** `pathfinding::kuhn_munkres` wants as many columns as rows, so a column for each place of each
//! rep, cannot leave a lead out, and keeps its prices to itself. `lapjv` is for square tables of floating-point numbers.
//! `rs-graph` has a network simplex under the GPL, `mcmf` binds to one in C++ and gives flows without prices,
//! `rustworkx-core` has matchings only. The place prices are what single leads are judged by afterwards, and with few reps
//! and many leads the structure of the problem is worth more than any general method.

mod certificate;
mod prices;
mod solver;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use certificate::Flaw;

/// One deal in the unit of values and prices: a billionth.
pub const DEAL: i64 = 1_000_000_000;
/// Values are kept between minus and plus this, so that no sum of a path overflows.
pub const LARGEST: i64 = 1_000_000 * DEAL;

/// A value in billionths, rounded to the nearest; what is no number is worth nothing.
pub fn nano(value: f64) -> i64 {
    // `as` takes what is too large to the end of the range, and what is no number to 0.
    ((value * DEAL as f64).round() as i64).clamp(-LARGEST, LARGEST)
}

/// A rep who may get a lead, and what that is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The rep, by place in the market.
    pub rep: usize,
    /// In billionths of a deal.
    pub value: i64,
}

/// Leads, reps, and what each pair is worth. Pairs that are not offered cannot come about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Market {
    room: Vec<u32>,
    /// The kind of each lead: leads of one kind have the same offers, which are kept once.
    leads: Vec<u32>,
    /// Where the offers of each kind stand.
    kinds: Vec<Range<usize>>,
    offers: Vec<Offer>,
}

impl Market {
    /// Reps with so much room each, in the order that decides ties.
    pub fn new(room: Vec<u32>) -> Self {
        Self { room, ..Self::default() }
    }

    /// The next lead, with each rep who may get it. Of two offers to one rep the better counts; offers to reps that are
    /// not in the market are dropped, values beyond [`LARGEST`] cut.
    pub fn push(&mut self, offers: impl IntoIterator<Item = Offer>) {
        let start = self.offers.len();
        let (reps, known) = (self.room.len(), &mut self.offers);
        known.extend(offers.into_iter().filter(|offer| offer.rep < reps));
        let own = &mut known[start..];
        if own.is_sorted_by(|a, b| a.rep < b.rep) {
            for offer in own {
                offer.value = offer.value.clamp(-LARGEST, LARGEST);
            }
            self.enter(start);
            return;
        }
        own.sort_by(|a, b| a.rep.cmp(&b.rep).then(b.value.cmp(&a.value)));
        let mut kept = start;
        for at in start..known.len() {
            if kept == start || known[kept - 1].rep != known[at].rep {
                known[kept] = Offer { value: known[at].value.clamp(-LARGEST, LARGEST), ..known[at] };
                kept += 1;
            }
        }
        known.truncate(kept);
        self.enter(start);
    }

    /// The next lead is of a kind of its own, whose offers begin here.
    fn enter(&mut self, start: usize) {
        self.leads.push(self.kinds.len() as u32);
        self.kinds.push(start..self.offers.len());
    }

    /// Puts in a lead with the offers of an earlier one. However often that is done, the offers are looked at once.
    pub fn repeat(&mut self, lead: usize) {
        self.leads.push(self.leads[lead]);
    }

    /// The kind of a lead: leads of one kind have the same offers.
    pub fn kind(&self, lead: usize) -> usize {
        self.leads[lead] as usize
    }

    /// The offers of each kind of leads, by rep; kinds in the order of their first leads.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = &[Offer]> {
        self.kinds.iter().map(|kind| &self.offers[kind.clone()])
    }

    /// Number of leads.
    pub fn leads(&self) -> usize {
        self.leads.len()
    }

    /// Room of each rep.
    pub fn room(&self) -> &[u32] {
        &self.room
    }

    /// The offers of one lead, by rep.
    pub fn offers(&self, lead: usize) -> &[Offer] {
        &self.offers[self.kinds[self.kind(lead)].clone()]
    }

    /// What a pair is worth, if it may come about.
    pub fn value(&self, lead: usize, rep: usize) -> Option<i64> {
        let offers = self.offers(lead);
        offers.binary_search_by_key(&rep, |offer| offer.rep).ok().map(|at| offers[at].value)
    }
}

/// What a place of a rep is worth to the leads of a market, in billionths of a deal.
///
/// Every price between the two is a shadow price of the rep's room: at such prices each lead is where its value less the
/// price is largest, and nobody pays for room that is left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotPrice {
    /// What one place more would add to the sum. Not negative.
    pub one_more: i64,
    /// What one place less would take from it; `None` for a rep who has none.
    pub one_less: Option<i64>,
}

/// The best way to hand out the leads of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The rep of each lead.
    pub rep: Vec<Option<usize>>,
    /// The price of each rep's place.
    pub price: Vec<SlotPrice>,
    /// Sum of the values, in billionths.
    pub total: i128,
}

/// The best way to hand out the leads of a market. With `m` reps who share leads, `n` leads and `k` offers, at worst
/// `n m^2 + n k` steps, in practice some tens of steps an offer. Leads of one kind are handed out by the handful, so that
/// thousands of leads of a few kinds take hardly more than one of each.
pub fn assign(market: &Market) -> Assignment {
    let mut price = vec![SlotPrice::default(); market.room.len()];
    let rep = solve(market, |part, mut solved| {
        for (&rep, found) in part.reps.iter().zip(prices::of(&mut solved)) {
            price[rep] = found;
        }
    });
    let worth =
        |(lead, rep): (usize, &Option<usize>)| rep.and_then(|rep| market.value(lead, rep)).map_or(0, i128::from);
    let total = rep.iter().enumerate().map(worth).sum();
    Assignment { rep, price, total }
}

/// The reps of [`assign`] alone: prices cost more to find than them where most leads get their best rep.
pub fn matching(market: &Market) -> Vec<Option<usize>> {
    solve(market, |_, _| {})
}

fn solve(market: &Market, mut solved: impl FnMut(&solver::Part, solver::Solver<'_>)) -> Vec<Option<usize>> {
    let mut reps: Vec<std::vec::IntoIter<usize>> = vec![Vec::new().into_iter(); market.kinds.len()];
    for part in solver::parts(market) {
        let found = solver::solve(market, &part);
        for (&kind, places) in part.kinds.iter().zip(found.reps_of_kinds()) {
            reps[kind] = places.into_iter().map(|place| part.reps[place]).collect::<Vec<_>>().into_iter();
        }
        solved(&part, found);
    }
    (0..market.leads()).map(|lead| reps[market.kind(lead)].next()).collect()
}

#[cfg(test)]
mod tests;
