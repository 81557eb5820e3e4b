//! Whom the model's rung may choose among, and in which order.

use std::collections::BTreeSet;

use super::{Desk, Fairness, Margin, Moment, Offers, Place, Prepared, Pricing};
use crate::domain::ids::RepId;
use crate::domain::ranking::{RankedRep, Ranking};
use crate::policy::assignment::DEAL;
use crate::policy::eligibility::NoSupport;
use crate::policy::subject::Subject;
use crate::policy::value::worth;

/// The reps of a pool as the model's rung sees them.
#[derive(Clone, Debug)]
pub(super) struct Field<'r> {
    /// Whom it may choose, in the order of choice.
    pub(super) reps: Vec<&'r RankedRep>,
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
        let known = |rep: &&RankedRep| !strict || rep.support.similar_deals >= sections.eligibility.min_similar_deals;
        let pool = &prepared.pool;
        let in_pool = |rep: &&RankedRep| rep.in_pool && pool.has(&rep.rep_id);
        let (mut reps, unsupported): (Vec<&RankedRep>, Vec<&RankedRep>) =
            ranking.reps.iter().filter(in_pool).partition(known);
        let (mut passed_over, mut fairness) = (0, None);
        if let Some(bound) = sections.fairness.bound() {
            let within = moment.situation.ledger.within(&moment.stakes(pool), bound);
            let before = reps.len();
            let ahead: BTreeSet<&RepId> = within.passed_over.iter().map(|turn| &turn.rep).collect();
            reps.retain(|rep| !ahead.contains(&rep.rep_id));
            passed_over = before - reps.len();
            if !within.passed_over.is_empty() {
                let (passed_over, nobody_below) = (within.passed_over, within.nobody_below);
                fairness = Some(Fairness { bound: Some(bound), passed_over, nobody_below, turns: Vec::new() });
            }
        }
        let best = reps.first().copied();
        let unsupported = unsupported.iter().map(|rep| rep.rep_id.clone()).collect();
        let mut field = Self { reps, best, passed_over, unsupported, fairness, pricing: None, net_margin: None };
        if desk.cleared {
            field.price(subject, moment, desk);
        }
        field
    }

    /// Puts the reps into the order of what remains of their worth once the place is paid for.
    fn price(&mut self, subject: &Subject, moment: &Moment<'_>, desk: &Desk<'_>) {
        let Some(given) = &moment.situation.prices else { return };
        let limited = |rep: &&RankedRep| moment.room(&rep.rep_id).is_some_and(|room| room.left.is_some());
        if !self.reps.iter().any(limited) {
            return;
        }
        let p_win: Vec<f64> = self.reps.iter().map(|rep| rep.p_win).collect();
        let weight = moment.policy.book().sections().value.weight(subject.facts.amount);
        let kept = desk.kept.unwrap_or(1.0);
        let worth = worth(&p_win, kept, weight);
        let mut prices = Vec::new();
        let mut nets: Vec<(i64, i64, &RankedRep)> = Vec::with_capacity(self.reps.len());
        for (rep, worth) in self.reps.iter().zip(&worth) {
            let price = moment.price(&rep.rep_id).filter(|price| price.price != 0);
            prices.extend(price.map(|price| Place { rep: rep.rep_id.clone(), price: *price }));
            nets.push((worth.value - price.map_or(0, |price| price.price), worth.value, rep));
        }
        if prices.is_empty() {
            return;
        }
        // The sort is stable: equals stay in the order of the ranking.
        nets.sort_by_key(|(net, value, _)| std::cmp::Reverse((*net, *value)));
        if let [first, second, ..] = nets.as_slice() {
            self.net_margin = Some((first.0 - second.0) as f64 / DEAL as f64);
        }
        self.reps = nets.into_iter().map(|(.., rep)| rep).collect();
        let mean = p_win.iter().sum::<f64>() / p_win.len().max(1) as f64;
        let (expected, until) = (given.prices.expected, given.until.clone());
        self.pricing = Some(Pricing { weight, mean, kept, prices, expected, until });
    }

    /// What the lead is worth to each of them.
    pub(super) fn offers(&self, subject: &Subject, moment: &Moment<'_>, desk: &Desk<'_>) -> Offers {
        let p_win: Vec<f64> = self.reps.iter().map(|rep| rep.p_win).collect();
        let weight = moment.policy.book().sections().value.weight(subject.facts.amount);
        let worth = worth(&p_win, desk.kept.unwrap_or(1.0), weight);
        self.reps.iter().zip(worth).map(|(rep, worth)| (rep.rep_id.clone(), worth.value)).collect()
    }

    /// How far the first is before the second.
    pub(super) fn margin(&self, points: Option<f64>) -> Option<Margin> {
        let [first, second, ..] = self.reps.as_slice() else { return None };
        let found = self.net_margin.unwrap_or(first.p_win - second.p_win);
        Some(Margin { next: second.rep_id.clone(), found, wanted: points.map(|points| points / 100.0) })
    }
}
