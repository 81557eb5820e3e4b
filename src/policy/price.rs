//! What a place of a rep costs a single lead: what the leads still expected would lose if the place were gone.
//!
//! A lead that comes alone cannot be assigned together with those that come after it, but it can be told what they would
//! have paid. As many recent leads as are expected until there is room again stand for those to come; the best assignment
//! of them, with the places that are left, is found once with each place and once without (the highest shadow price, see
//! [`super::assignment::SlotPrice`]). That is done for a few such draws of different sizes, and averaged: the number of
//! leads of a day is random, and prices of a single draw jump. In revenue management these are bid prices by randomised
//! linear programming (Talluri & van Ryzin, Transportation Science 33, 1999).
//!
//! The draws are not random: each takes leads of the sample at even steps, and its size is a quantile of the Poisson
//! distribution. The same sample gives the same prices.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize};

use super::assignment::{Assignment, DEAL, LARGEST, Market, Offer, assign, matching};

/// Standard normal quantiles in the middle of eight equal parts: the sizes of the draws.
const QUANTILES: [f64; 8] = [
    -1.534_120_544,
    -0.887_146_559,
    -0.488_776_411,
    -0.157_310_685,
    0.157_310_685,
    0.488_776_411,
    0.887_146_559,
    1.534_120_544,
];
/// Most leads of one draw: a bound on the work, far above what a team is sent before there is room again.
const MOST_LEADS: f64 = 20_000.0;
/// From here on two draws do.
const MANY_LEADS: f64 = 2_000.0;

/// The leads that are expected, and who could take them.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Recent leads, oldest first, each with what it is worth to whom; reps by place in the room.
    pub sample: Vec<Vec<Offer>>,
    /// How many leads are still expected until there is room again.
    pub leads: f64,
}

impl Expected {
    /// Draws that stand for so many leads to come, each a list of leads of the sample.
    pub(super) fn draws(&self, leads: f64) -> impl Iterator<Item = Vec<&[Offer]>> {
        let mean = if leads.is_finite() { leads.clamp(0.0, MOST_LEADS) } else { 0.0 };
        // Of many leads, the number is nearly certain, and two draws are as good as eight.
        let skipped = if mean > MANY_LEADS { 3 } else { 0 };
        let draws = if self.sample.is_empty() { 0 } else { QUANTILES.len() - 2 * skipped };
        QUANTILES.iter().enumerate().skip(skipped).take(draws).map(move |(draw, quantile)| {
            let leads = (mean + quantile * mean.sqrt()).round().max(0.0) as usize;
            self.draw(draw, leads)
        })
    }

    /// So many leads of the sample at even steps, beginning at another one in each draw. A step that has no divisor in
    /// common with the size of the sample meets each lead once before any comes again.
    pub(super) fn draw(&self, draw: usize, leads: usize) -> Vec<&[Offer]> {
        let size = self.sample.len();
        if size == 0 {
            return Vec::new();
        }
        let golden = (size as f64 * 0.618_033_988_749_895) as usize;
        let step = (golden.max(1)..=golden + size).find(|&step| gcd(step, size) == 1).unwrap_or(1);
        let start = size * draw / QUANTILES.len();
        (0..leads).map(|lead| self.sample[(start + lead * step) % size].as_slice()).collect()
    }
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What a place of one rep costs, and what that rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BidPrice {
    /// In billionths of a deal. 0 where the place would not be missed.
    pub price: i64,
    /// Places that are left.
    pub places: u32,
    /// For how many of the leads expected the rep is the best, whatever the room.
    pub best_for: f64,
    /// How many of them the rep would get if all came now.
    pub would_get: f64,
}

/// The prices of all reps, until the next lead is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// By rep, as in the room.
    pub reps: Vec<BidPrice>,
    /// Leads expected until there is room again.
    pub expected: f64,
    /// Recent leads that stand for them.
    pub sample: usize,
}

impl Prices {
    /// Of prices for several horizons (the day's places, the week's), the highest of each rep: a lead takes a place in all
    /// of them, and the dearest is the least that it costs. `None` without any, or where they are not about the same reps.
    pub fn dearest(horizons: &[Self]) -> Option<Self> {
        let (first, rest) = horizons.split_first()?;
        let mut dearest = first.clone();
        for other in rest {
            if other.reps.len() != dearest.reps.len() {
                return None;
            }
            for (mine, theirs) in dearest.reps.iter_mut().zip(&other.reps) {
                if theirs.price > mine.price {
                    *mine = *theirs;
                }
            }
        }
        Some(dearest)
    }

    /// What a rep's place costs, for people: `Ana's slot costs 4.1 points: she is …` as `Ana's slot costs 4.1 points: of
    /// 34 leads expected today, Ana is the best for 7.2 and has 2 places left`. `until` is when there is room again, as in
    /// `today`.
    pub fn words(&self, rep: usize, name: &str, until: &str) -> Option<String> {
        let price = self.reps.get(rep)?;
        if self.sample == 0 {
            return Some(format!("{name}'s slot has no price: there are no recent leads to tell by"));
        }
        let places = match price.places {
            u32::MAX => "has no cap".to_owned(),
            1 => "has 1 place left".to_owned(),
            places => format!("has {places} places left"),
        };
        let cost = match points(price.price) {
            free if free == "0.0" => "costs nothing".to_owned(),
            points => format!("costs {points} points"),
        };
        let (leads, best) = (self.expected, price.best_for);
        Some(format!(
            "{name}'s slot {cost}: of {leads:.0} leads expected {until}, {name} is the best for {best:.1} and {places}"
        ))
    }
}

/// Billionths of a deal as points of win probability, to a tenth.
pub fn points(value: i64) -> String {
    format!("{:.1}", value as f64 * 100.0 / DEAL as f64)
}

/// What places cost, given what room there is now.
pub fn prices(room: &[u32], expected: &Expected) -> Prices {
    let mut sums = vec![(0i128, 0u64, 0u64); room.len()];
    let mut draws = 0u32;
    for leads in expected.draws(expected.leads) {
        draws += 1;
        let (market, found) = solve(room, &leads);
        for (sum, price) in sums.iter_mut().zip(&found.price) {
            // A rep without a place is offered no lead, so that their price does not matter.
            sum.0 += i128::from(price.one_less.unwrap_or(price.one_more));
        }
        // Of equals the first in order.
        let best = |offers: &[Offer]| offers.iter().rev().max_by_key(|offer| offer.value).copied();
        let best: Vec<Option<Offer>> =
            market.kinds().map(|offers| best(offers).filter(|best| best.value > 0)).collect();
        for (lead, rep) in found.rep.iter().enumerate() {
            if let Some(best) = best[market.kind(lead)] {
                sums[best.rep].1 += 1;
            }
            if let Some(rep) = rep {
                sums[*rep].2 += 1;
            }
        }
    }
    let mean = |count: u64| if draws == 0 { 0.0 } else { count as f64 / f64::from(draws) };
    let reps = sums.iter().zip(room).map(|(&(price, best, got), &places)| BidPrice {
        price: if draws == 0 { 0 } else { (price / i128::from(draws)) as i64 },
        places,
        best_for: mean(best),
        would_get: mean(got),
    });
    Prices { reps: reps.collect(), expected: expected.leads, sample: expected.sample.len() }
}

/// The best assignment of these leads.
pub(super) fn solve(room: &[u32], leads: &[&[Offer]]) -> (Market, Assignment) {
    let mut market = Market::new(room.to_vec());
    // A draw takes each lead of the sample many times; where its offers lie says which lead it is.
    let mut first: HashMap<(*const Offer, usize), usize> = HashMap::new();
    for (at, lead) in leads.iter().enumerate() {
        match first.entry((lead.as_ptr(), lead.len())) {
            Entry::Occupied(earlier) => market.repeat(*earlier.get()),
            Entry::Vacant(new) => {
                new.insert(at);
                market.push(lead.iter().copied());
            }
        }
    }
    let found = assign(&market);
    (market, found)
}

/// The reps of leads that are given at the same moment, such that as many as possible are given and the sum of their net
/// values is as large as can be.
pub fn together<L: AsRef<[Offer]>>(leads: &[L], prices: &Prices) -> Vec<Option<usize>> {
    first_choices(leads, prices).unwrap_or_else(|| compete(leads, prices))
}

/// Everybody their first choice, in their order; `None` where a place that somebody wants is gone. What [`compete`] finds
/// then as well, equals included, after much more work.
fn first_choices<L: AsRef<[Offer]>>(leads: &[L], prices: &Prices) -> Option<Vec<Option<usize>>> {
    let mut taken = vec![0; prices.reps.len()];
    let mut first = |offers: &L| {
        let offers = offers.as_ref();
        let best = nets(offers, prices).map(|net| net.net).max();
        let Some(best) = best else { return Some(None) };
        let firsts = nets(offers, prices).filter(|net| net.net == best).map(|net| net.rep);
        let rep = firsts.filter(|rep| taken[*rep] < prices.reps[*rep].places).min()?;
        taken[rep] += 1;
        Some(Some(rep))
    };
    leads.iter().map(&mut first).collect()
}

fn compete<L: AsRef<[Offer]>>(leads: &[L], prices: &Prices) -> Vec<Option<usize>> {
    // Each lead given is worth more than all that could be lost by giving it: the best of each other lead for its worst.
    let all = leads.iter().flat_map(|offers| nets(offers.as_ref(), prices));
    let largest = all.map(|net| net.net.abs()).max().unwrap_or(0);
    let given = largest.saturating_mul(2 * leads.len() as i64).clamp(1, LARGEST / 2);
    let mut market = Market::new(prices.reps.iter().map(|rep| rep.places).collect());
    for offers in leads {
        market.push(nets(offers.as_ref(), prices).map(|net| Offer { rep: net.rep, value: given + net.net }));
    }
    matching(&market)
}

/// A rep who could get a lead, with what it is worth, what the place costs, and what remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net {
    /// The rep, by place in the room.
    pub rep: usize,
    /// In billionths of a deal, as all here.
    pub value: i64,
    /// What the place costs.
    pub price: i64,
    /// What remains. Negative where the place is worth more to leads that are still expected; a lead that is to be given
    /// all the same goes where it costs them least, to the first.
    pub net: i64,
}

/// The reps who could get a lead and have room, best first; of equals, the one of higher value, then the first in order.
/// The net value of a rep depends on nobody who shares no leads with them.
pub fn net(offers: &[Offer], prices: &Prices) -> Vec<Net> {
    let mut nets: Vec<Net> = nets(offers, prices).collect();
    nets.sort_by(Net::best_first);
    nets
}

/// The first of [`net`], without putting the others into their order.
pub fn best_net(offers: &[Offer], prices: &Prices) -> Option<Net> {
    nets(offers, prices).min_by(Net::best_first)
}

/// The same in the order of the offers.
fn nets(offers: &[Offer], prices: &Prices) -> impl Iterator<Item = Net> {
    offers.iter().filter_map(|&Offer { rep, value }| {
        let BidPrice { price, places, .. } = *prices.reps.get(rep)?;
        (places > 0).then(|| Net { rep, value, price, net: value - price })
    })
}

impl Net {
    fn best_first(&self, other: &Self) -> Ordering {
        (other.net, other.value).cmp(&(self.net, self.value)).then(self.rep.cmp(&other.rep))
    }
}

#[cfg(test)]
mod tests;
