//! Whom the model's rung may choose among, and in which order.

use std::collections::BTreeSet;

use super::{Desk, Fairness, Margin, Moment, Place, Prepared, Pricing};
use crate::domain::ids::RepId;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::policy::assignment::{DEAL, Offer};
use crate::policy::eligibility::NoSupport;
use crate::policy::fairness;
use crate::policy::subject::Subject;
use crate::policy::value::{Worth, worth};

/// A rep whom the model's rung may choose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entrant<'r> {
    /// As the model ranks them.
    pub(super) rep: &'r RankedRep,
    /// Their place in the moment; `None` if they are in the roster no more.
    place: Option<usize>,
}

/// The reps of a pool as the model's rung sees them.
#[derive(Clone, Debug)]
pub(super) struct Field<'r> {
    /// Whom it may choose, in the order of choice.
    pub(super) reps: Vec<Entrant<'r>>,
    /// The likeliest of them.
    pub(super) best: Option<&'r RankedRep>,
    /// How many are too far ahead of their share.
    pub(super) passed_over: usize,
    /// Of whom the model knows too few deals.
    pub(super) unsupported: Vec<RepId>,
    /// Whose share mattered.
    pub(super) fairness: Option<Fairness>,
    /// What places cost, where that mattered.
    pub(super) pricing: Option<Pricing>,
    /// What the first remains worth more than the second, in points of win probability, where prices count.
    net_margin: Option<f64>,
}

impl<'r> Field<'r> {
    pub(super) fn of(
        ranking: &'r Ranking,
        subject: &Subject,
        prepared: &Prepared,
        moment: &Moment<'_>,
        desk: &Desk<'_>,
    ) -> Self {
        let sections = moment.policy.book().sections();
        let strict = sections.eligibility.no_support == NoSupport::Exclude;
        let known =
            |one: &Entrant<'_>| !strict || one.rep.support.similar_deals >= sections.eligibility.min_similar_deals;
        let pool = &prepared.pool;
        let mut eligible = vec![false; moment.seats.len()];
        moment.places(&pool.eligible).filter_map(|(_, place)| place).for_each(|place| eligible[place] = true);
        let entrant = |rep: &'r RankedRep| Entrant { rep, place: moment.place(&rep.rep_id) };
        let in_pool = |one: &Entrant<'_>| one.place.map_or_else(|| pool.has(&one.rep.rep_id), |place| eligible[place]);
        let ranked = ranking.reps.iter().filter(|rep| rep.in_pool).map(entrant);
        let (mut reps, unsupported): (Vec<_>, Vec<_>) = ranked.filter(in_pool).partition(known);
        let (mut passed_over, mut fairness) = (0, None);
        if let Some(bound) = sections.fairness.bound().filter(|_| moment.near_bound) {
            let (ahead, nobody_below) = fairness::passed_over(&moment.entitled(pool), bound);
            let before = reps.len();
            let ids: BTreeSet<&RepId> = ahead.iter().map(|turn| &turn.rep).collect();
            reps.retain(|one| !ids.contains(&one.rep.rep_id));
            passed_over = before - reps.len();
            if !ahead.is_empty() {
                fairness = Some(Fairness { bound: Some(bound), passed_over: ahead, nobody_below, turns: Vec::new() });
            }
        }
        let best = reps.first().map(|one| one.rep);
        let unsupported = unsupported.iter().map(|one| one.rep.rep_id.clone()).collect();
        let mut field = Self { reps, best, passed_over, unsupported, fairness, pricing: None, net_margin: None };
        if desk.cleared {
            field.price(subject, moment, desk);
        }
        field
    }

    /// Puts the reps into the order of what remains of their worth once the place is paid for.
    fn price(&mut self, subject: &Subject, moment: &Moment<'_>, desk: &Desk<'_>) {
        let Some(given) = &moment.situation.prices else { return };
        let seat = |one: &Entrant<'_>| one.place.map(|place| &moment.seats[place]);
        let limited = |one| seat(one).and_then(|seat| seat.room.as_ref()).is_some_and(|room| room.left.is_some());
        let price_of = |one| seat(one).and_then(|seat| seat.price).filter(|price| price.price != 0);
        if !self.reps.iter().any(limited) || !self.reps.iter().any(|one| price_of(one).is_some()) {
            return;
        }
        let p_win = self.p_win();
        let weight = moment.policy.book().sections().value.weight(subject.facts.amount);
        let kept = desk.kept.unwrap_or(1.0);
        let worth = worth(&p_win, kept, weight);
        let mut prices = Vec::new();
        let mut nets: Vec<(i64, i64, Entrant<'r>)> = Vec::with_capacity(self.reps.len());
        for (one, worth) in self.reps.iter().zip(&worth) {
            let price = price_of(one);
            prices.extend(price.map(|price| Place { rep: one.rep.rep_id.clone(), price: *price }));
            nets.push((worth.value - price.map_or(0, |price| price.price), worth.value, *one));
        }
        // The sort is stable: equals stay in the order of the ranking.
        nets.sort_by_key(|(net, value, _)| std::cmp::Reverse((*net, *value)));
        if let [first, second, ..] = nets.as_slice() {
            self.net_margin = Some((first.0 - second.0) as f64 / DEAL as f64);
        }
        self.reps = nets.into_iter().map(|(.., one)| one).collect();
        let mean = p_win.iter().sum::<f64>() / p_win.len().max(1) as f64;
        let (expected, until) = (given.prices.expected, given.until.clone());
        self.pricing = Some(Pricing { weight, mean, kept, prices, expected, until });
    }

    fn p_win(&self) -> Vec<f64> {
        self.reps.iter().map(|one| one.rep.p_win).collect()
    }

    /// What the lead is worth to each of them, by their places in the moment.
    pub(super) fn offers(&self, subject: &Subject, moment: &Moment<'_>, desk: &Desk<'_>) -> Vec<Offer> {
        let weight = moment.policy.book().sections().value.weight(subject.facts.amount);
        let worth = worth(&self.p_win(), desk.kept.unwrap_or(1.0), weight);
        let offer = |(one, worth): (&Entrant<'_>, Worth)| Some(Offer { rep: one.place?, value: worth.value });
        let mut offers: Vec<Offer> = self.reps.iter().zip(worth).filter_map(offer).collect();
        offers.sort_unstable_by_key(|offer| offer.rep);
        offers
    }

    /// How far the first is before the second.
    pub(super) fn margin(&self, points: Option<f64>) -> Option<Margin> {
        let [first, second, ..] = self.reps.as_slice() else { return None };
        let found = self.net_margin.unwrap_or(first.rep.p_win - second.rep.p_win);
        Some(Margin { next: second.rep.rep_id.clone(), found, wanted: points.map(|points| points / 100.0) })
    }
}
