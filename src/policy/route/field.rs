//! Whom the model's rung may choose among, and in which order.

use std::collections::BTreeSet;

use super::{Desk, Fairness, Margin, Moment, Place, Prepared, Pricing};
use crate::domain::ids::RepId;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::policy::assignment::{DEAL, Offer};
use crate::policy::eligibility::NoSupport;
use crate::policy::fairness;
use crate::policy::subject::Subject;
use crate::policy::value::worth;

/// A rep whom the model's rung may choose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entrant<'r> {
    /// As the model ranks them.
    pub(super) rep: &'r RankedRep,
    /// Their place in the moment; `None` if they are in the roster no more.
    place: Option<usize>,
    /// What the lead is worth to them, in billionths of a deal; nothing where no model is cleared to say so.
    value: i64,
}

/// The reps of a pool as the model's rung sees them.
#[derive(Clone, Debug)]
pub(super) struct Field<'r> {
    /// Whom it may choose, in the order of the ranking.
    pub(super) reps: Vec<Entrant<'r>>,
    /// Whom it chooses.
    pub(super) pick: Option<&'r RankedRep>,
    /// Whom it would choose without the pick.
    next: Option<&'r RankedRep>,
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
        let mut eligible = vec![false; moment.seats().len()];
        moment.places(&pool.eligible).filter_map(|(_, place)| place).for_each(|place| eligible[place] = true);
        let entrant = |rep: &'r RankedRep| Entrant { rep, place: moment.place(&rep.rep_id), value: 0 };
        let in_pool = |one: &Entrant<'_>| one.place.map_or_else(|| pool.has(&one.rep.rep_id), |place| eligible[place]);
        let ranked = ranking.reps.iter().filter(|rep| rep.in_pool).map(entrant);
        let (mut reps, unsupported): (Vec<_>, Vec<_>) = ranked.filter(in_pool).partition(known);
        let (mut passed_over, mut fairness) = (0, None);
        if let Some(bound) = sections.fairness.bound().filter(|_| moment.known.near_bound) {
            let (ahead, nobody_below) = fairness::passed_over(&moment.entitled(pool), bound);
            let before = reps.len();
            let ids: BTreeSet<&RepId> = ahead.iter().map(|turn| &turn.rep).collect();
            reps.retain(|one| !ids.contains(&one.rep.rep_id));
            passed_over = before - reps.len();
            if !ahead.is_empty() {
                fairness = Some(Fairness { bound: Some(bound), passed_over: ahead, nobody_below, turns: Vec::new() });
            }
        }
        let [best, next] = [0, 1].map(|at| reps.get(at).map(|one| one.rep));
        let unsupported = unsupported.iter().map(|one| one.rep.rep_id.clone()).collect();
        let mut field =
            Self { reps, pick: best, next, best, passed_over, unsupported, fairness, pricing: None, net_margin: None };
        if desk.cleared {
            field.price(subject, moment, desk);
        }
        field
    }

    /// Finds what the lead is worth to each, and who remains worth most once the place is paid for.
    fn price(&mut self, subject: &Subject, moment: &Moment<'_>, desk: &Desk<'_>) {
        let p_win: Vec<f64> = self.reps.iter().map(|one| one.rep.p_win).collect();
        let weight = moment.policy.book().sections().value.weight(subject.facts.amount);
        let kept = desk.kept.unwrap_or(1.0);
        for (one, worth) in self.reps.iter_mut().zip(worth(&p_win, kept, weight)) {
            one.value = worth.value;
        }
        let Some(given) = &moment.situation.prices else { return };
        let room = |one: &Entrant<'_>| moment.seats()[one.place?].room.as_ref();
        let limited = |one| room(one).is_some_and(|room| room.left.is_some());
        let price_of = |one: &Entrant<'_>| moment.prices[one.place?].filter(|price| price.price != 0);
        if !self.reps.iter().any(limited) || !self.reps.iter().any(|one| price_of(one).is_some()) {
            return;
        }
        let mut prices = Vec::with_capacity(self.reps.len());
        let (mut first, mut second): (Option<Net<'r>>, Option<Net<'r>>) = (None, None);
        for one in &self.reps {
            let price = price_of(one);
            prices.extend(price.map(|price| Place { rep: one.rep.rep_id.clone(), price: *price }));
            let net = Net { left: one.value - price.map_or(0, |price| price.price), value: one.value, rep: one.rep };
            // Of equals the one whom the ranking has before the other.
            if first.as_ref().is_none_or(|first| net.is_before(first)) {
                second = first.replace(net);
            } else if second.as_ref().is_none_or(|second| net.is_before(second)) {
                second = Some(net);
            }
        }
        if let (Some(first), Some(second)) = (&first, &second) {
            self.net_margin = Some((first.left - second.left) as f64 / DEAL as f64);
        }
        [self.pick, self.next] = [first, second].map(|one| one.map(|one| one.rep));
        let mean = p_win.iter().sum::<f64>() / p_win.len().max(1) as f64;
        let (expected, until) = (given.prices.expected, given.until.clone());
        self.pricing = Some(Pricing { weight, mean, kept, prices, expected, until });
    }

    /// What the lead is worth to each of them, by their places in the moment.
    pub(super) fn offers(&self, moment: &Moment<'_>) -> Vec<Offer> {
        let mut values = vec![None; moment.seats().len()];
        for one in &self.reps {
            if let Some(place) = one.place {
                values[place] = Some(one.value);
            }
        }
        let mut offers = Vec::with_capacity(self.reps.len());
        offers.extend(values.iter().enumerate().filter_map(|(rep, value)| Some(Offer { rep, value: (*value)? })));
        offers
    }

    /// How far the first is before the second.
    pub(super) fn margin(&self, points: Option<f64>) -> Option<Margin> {
        let (pick, next) = (self.pick?, self.next?);
        let found = self.net_margin.unwrap_or(pick.p_win - next.p_win);
        Some(Margin { next: next.rep_id.clone(), found, wanted: points.map(|points| points / 100.0) })
    }
}

/// What a lead remains worth to a rep once the place is paid for.
struct Net<'r> {
    left: i64,
    value: i64,
    rep: &'r RankedRep,
}

impl Net<'_> {
    fn is_before(&self, other: &Self) -> bool {
        (self.left, self.value) > (other.left, other.value)
    }
}
