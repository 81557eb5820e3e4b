//! What depends on policy, roster, situation and the moment alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Policy, Situation, Who};
use crate::domain::ids::RepId;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::rep::{Rep, Roster};
use crate::policy::absence::{Absences, Absent, Feed, Source, Warning};
use crate::policy::capacity::{Leave, Room, Workload, room};
use crate::policy::eligibility::Present;
use crate::policy::fairness::{ORDINARY, Stake};
use crate::policy::price::BidPrice;
use crate::policy::slot::{Slot, first_free};
use crate::policy::span::Span;

/// Policy, roster and situation at one moment, made ready for many leads.
#[derive(Debug)]
pub struct Moment<'a> {
    pub(super) policy: &'a Policy,
    pub(super) roster: &'a Roster,
    pub(super) situation: &'a Situation,
    pub(super) now: DateTime<Utc>,
    pub(super) present: Present<'a>,
    /// Why those who have no room have none.
    pub(super) full: BTreeMap<RepId, Vec<Exclusion>>,
    reps: BTreeMap<&'a RepId, &'a Rep>,
    absences: Absences,
    rooms: BTreeMap<&'a RepId, Room>,
    prices: BTreeMap<&'a RepId, &'a BidPrice>,
}

impl<'a> Moment<'a> {
    /// Finds out who is away, at work, and has room.
    pub fn new(policy: &'a Policy, roster: &'a Roster, situation: &'a Situation, now: DateTime<Utc>) -> Self {
        let sections = policy.book().sections();
        // Without a routing.toml nobody asked for any of this to count.
        let feeds = if policy.is_plain() { &[][..] } else { &situation.feeds };
        let absences = Absences::gather(feeds, now, &sections.absence);
        let present = Present::new(roster, policy.team(), &absences, sections.hours.outside, now);
        let counted = if policy.is_plain() { &[][..] } else { &roster.reps };
        let mut moment = Self {
            policy,
            roster,
            situation,
            now,
            present,
            full: BTreeMap::new(),
            reps: roster.reps.iter().map(|rep| (&rep.id, rep)).collect(),
            absences,
            rooms: BTreeMap::new(),
            prices: situation.prices.iter().filter(|_| !policy.is_plain()).flat_map(super::RepPrices::iter).collect(),
        };
        for rep in counted {
            let room = room(rep.id.as_str(), &moment.load(&rep.id), policy.capacity());
            if room.is_full() {
                moment.full.insert(rep.id.clone(), vec![Exclusion::NoRoom { why: room.words() }]);
            }
            moment.rooms.insert(&rep.id, room);
        }
        moment
    }

    /// What a rep has on their desk, with what profiles and absences say of them.
    fn load(&self, rep: &RepId) -> Workload {
        let (team, settings) = (self.policy.team(), self.policy.capacity());
        let (schedule, profile) = (team.schedule(rep), team.profile(rep));
        let today = self.now.with_timezone(&schedule.zone()).date_naive();
        let load = self.situation.loads.get(rep).cloned().unwrap_or_else(|| Workload { today, ..Workload::default() });
        let returned = self.absences.returned(rep, self.now, schedule, settings.leave_days);
        let leave = returned.map(|back| Leave { away_days: back.away_days, days_back: back.days_back });
        let weight = profile.map_or(1.0, |profile| profile.weight) * f64::from(ORDINARY);
        Workload {
            weight: weight.round() as u32,
            started: profile.and_then(|profile| profile.started).or(load.started),
            leave: leave.or(load.leave),
            ..load
        }
    }

    /// The moment.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The policy.
    pub const fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// What a manager should know about the sources of absences.
    pub fn warnings(&self) -> &[Warning] {
        self.absences.warnings()
    }

    /// That a rep is away now, with what is known of it.
    pub fn away(&self, rep: &RepId) -> Option<Absent> {
        self.absences.at(rep, self.now, self.policy.team().schedule(rep))
    }

    /// The next absence of a rep that has not begun.
    pub fn next_away(&self, rep: &RepId) -> Option<Span> {
        self.absences.spans(rep).iter().find(|span| span.start > self.now).copied()
    }

    /// Why a rep is not there: away, or not at work where that counts.
    pub fn absent(&self, rep: &RepId) -> Option<&Exclusion> {
        self.present.absent(rep)
    }

    /// What room a rep has; `None` where nobody counts it.
    pub fn room(&self, rep: &RepId) -> Option<&Room> {
        self.rooms.get(rep)
    }

    /// What a place of a rep costs, if prices were found out.
    pub(super) fn price(&self, rep: &RepId) -> Option<&'a BidPrice> {
        self.prices.get(rep).copied()
    }

    /// The shares of a lead that may go to anybody of a pool: what the ledger is to be told when it is decided.
    pub fn stakes(&self, pool: &Pool) -> Vec<Stake> {
        let stake =
            |rep: &RepId| Stake { rep: rep.clone(), weight: self.room(rep).map_or(ORDINARY, |room| room.weight) };
        pool.eligible.iter().map(stake).collect()
    }

    /// Whether anything says when a rep is at work or busy. Else every hour would be as good as any.
    pub fn knows_time_of(&self, rep: &RepId) -> bool {
        let of_rep = |source: &Source| {
            self.policy
                .calendars()
                .iter()
                .any(|(id, calendar)| id == rep && *source == Source::Calendar(calendar.name.clone()))
        };
        let known = |feed: &&Feed| feed.source == Source::Crm && feed.problem.is_none() || of_rep(&feed.source);
        !self.policy.team().schedule(rep).is_always()
            || self.situation.busy.contains_key(rep)
            || self.situation.feeds.iter().filter(known).any(|feed| feed.read_at.is_some())
    }

    /// The first free slot of a rep for a lead that must have been contacted by `deadline`.
    pub fn slot(&self, rep: &RepId, deadline: DateTime<Utc>) -> Slot {
        let busy = self.situation.busy.get(rep).into_iter().flatten();
        let busy: Vec<_> = busy.chain(self.absences.spans(rep)).copied().collect();
        let settings = self.policy.book().sections().slot;
        first_free(self.policy.team().schedule(rep), &busy, self.now, deadline, settings)
    }

    /// A rep with their name.
    pub(super) fn who(&self, rep: &RepId) -> Who {
        let name = self.reps.get(rep).map_or(rep.as_str(), |rep| rep.name.as_str());
        Who { id: rep.clone(), name: name.to_owned() }
    }

    /// Whether the CRM lets them own leads.
    pub(super) fn is_active(&self, rep: &RepId) -> bool {
        self.reps.get(rep).is_some_and(|rep| rep.active)
    }
}
