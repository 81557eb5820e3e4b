//! What depends on policy, roster, situation and the moment alone.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::{Policy, Situation, Who};
use crate::domain::ids::RepId;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::rep::{Rep, Roster};
use crate::policy::absence::{Absences, Absent, Feed, Source, Warning};
use crate::policy::capacity::{Leave, Room, Workload, room};
use crate::policy::eligibility::Present;
use crate::policy::fairness::{Account, Entitled, ORDINARY, Stake, shares_of};
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
    /// Everybody, by id: the same place in all moments of a roster.
    pub(super) seats: Vec<Seat<'a>>,
    by_id: HashMap<&'a RepId, usize>,
    absences: Absences,
    /// Whether anybody could be further ahead of their share with another lead than the bound allows.
    pub(super) near_bound: bool,
}

/// What is known of one rep at the moment. Where hundreds of reps are looked at for each lead, they are looked up once and
/// known by their place after that.
#[derive(Debug)]
pub(super) struct Seat<'a> {
    pub(super) rep: &'a Rep,
    /// What room they have; `None` where nobody counts it.
    pub(super) room: Option<Room>,
    /// What a place of theirs costs, if prices were found out.
    pub(super) price: Option<&'a BidPrice>,
    /// What they had of their share; `None` where they never had or could have had a lead.
    pub(super) account: Option<&'a Account>,
}

impl Seat<'_> {
    /// The weight of their share.
    fn weight(&self) -> u32 {
        self.room.as_ref().map_or(ORDINARY, |room| room.weight)
    }
}

impl<'a> Moment<'a> {
    /// Finds out who is away, at work, and has room.
    pub fn new(policy: &'a Policy, roster: &'a Roster, situation: &'a Situation, now: DateTime<Utc>) -> Self {
        let sections = policy.book().sections();
        // Without a routing.toml nobody asked for any of this to count.
        let feeds = if policy.is_plain() { &[][..] } else { &situation.feeds };
        let absences = Absences::gather(feeds, now, &sections.absence);
        let present = Present::new(roster, policy.team(), &absences, sections.hours.outside, now);
        let prices: BTreeMap<&RepId, &BidPrice> =
            situation.prices.iter().filter(|_| !policy.is_plain()).flat_map(super::RepPrices::iter).collect();
        let mut reps: Vec<&Rep> = roster.reps.iter().collect();
        reps.sort_by(|a, b| a.id.cmp(&b.id));
        let mut moment = Self {
            policy,
            roster,
            situation,
            now,
            present,
            full: BTreeMap::new(),
            seats: Vec::with_capacity(reps.len()),
            by_id: reps.iter().enumerate().map(|(place, rep)| (&rep.id, place)).collect(),
            absences,
            near_bound: sections.fairness.bound().is_some_and(|bound| situation.ledger.is_near(bound)),
        };
        for rep in reps {
            let room = (!policy.is_plain()).then(|| room(rep.id.as_str(), &moment.load(&rep.id), policy.capacity()));
            if let Some(room) = room.as_ref().filter(|room| room.is_full()) {
                moment.full.insert(rep.id.clone(), vec![Exclusion::NoRoom { why: room.words() }]);
            }
            let (price, account) = (prices.get(&rep.id).copied(), situation.ledger.known(&rep.id));
            moment.seats.push(Seat { rep, room, price, account });
        }
        moment
    }

    /// The place of a rep.
    pub(super) fn place(&self, rep: &RepId) -> Option<usize> {
        self.by_id.get(rep).copied()
    }

    /// The places of many reps; fastest where they are in the order of their ids, as in a pool.
    pub(super) fn places<'p>(&self, reps: &'p [RepId]) -> impl Iterator<Item = (&'p RepId, Option<usize>)> {
        let mut next = 0;
        reps.iter().map(move |rep| {
            let is_next = self.seats.get(next).is_some_and(|seat| seat.rep.id == *rep);
            let place = if is_next { Some(next) } else { self.place(rep) };
            next = place.map_or(next, |place| place + 1);
            (rep, place)
        })
    }

    fn seat(&self, rep: &RepId) -> Option<&Seat<'a>> {
        Some(&self.seats[self.place(rep)?])
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
        self.seat(rep)?.room.as_ref()
    }

    /// The shares of a lead that may go to anybody of a pool: what the ledger is to be told when it is decided.
    pub fn stakes(&self, pool: &Pool) -> Vec<Stake> {
        let stake = |(rep, place): (&RepId, Option<usize>)| Stake {
            rep: rep.clone(),
            weight: place.map_or(ORDINARY, |place| self.seats[place].weight()),
        };
        self.places(&pool.eligible).map(stake).collect()
    }

    /// The same, with what each had so far, and without names: for each lead anew.
    pub(super) fn entitled<'s>(&'s self, pool: &'s Pool) -> Vec<Entitled<'s>> {
        let entitled = |(rep, place): (&'s RepId, Option<usize>)| {
            let seat = place.map(|place| &self.seats[place]);
            Entitled {
                rep,
                weight: seat.map_or(ORDINARY, Seat::weight),
                account: seat.map_or_else(|| self.situation.ledger.known(rep), |seat| seat.account),
            }
        };
        self.places(&pool.eligible).map(entitled).collect()
    }

    /// What each of a pool is entitled to of one lead, by places, where shares bound who may get it.
    pub(super) fn shares(&self, pool: &Pool) -> Vec<(usize, i64)> {
        if self.policy.book().sections().fairness.bound().is_none() {
            return Vec::new();
        }
        let places = self.places(&pool.eligible).map(|(_, place)| place);
        places.zip(shares_of(&self.entitled(pool))).filter_map(|(place, share)| Some((place?, share))).collect()
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
        let name = self.seat(rep).map_or(rep.as_str(), |seat| seat.rep.name.as_str());
        Who { id: rep.clone(), name: name.to_owned() }
    }

    /// Whether the CRM lets them own leads.
    pub(super) fn is_active(&self, rep: &RepId) -> bool {
        self.seat(rep).is_some_and(|seat| seat.rep.active)
    }
}
