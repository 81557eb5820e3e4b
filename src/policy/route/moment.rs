//! What depends on policy, roster, situation and the moment alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Policy, Situation, Who};
use crate::domain::ids::RepId;
use crate::domain::pool::{Exclusion, Pool};
use crate::domain::rep::{Rep, Roster};
use crate::policy::absence::{Absences, Absent, Feed, Source, Warning};
use crate::policy::capacity::{Leave, Room, Workload, room};
use crate::policy::eligibility::Present;
use crate::policy::fairness::{Account, Entitled, ORDINARY, Stake, shares_in_order, shares_of};
use crate::policy::price::BidPrice;
use crate::policy::quick::Quick;
use crate::policy::slot::{Slot, first_free};
use crate::policy::span::Span;

/// Policy, roster and situation at one moment, made ready for many leads.
#[derive(Debug)]
pub struct Moment<'a> {
    pub(super) policy: &'a Policy,
    pub(super) roster: &'a Roster,
    pub(super) situation: &'a Situation,
    pub(super) now: DateTime<Utc>,
    pub(super) known: Arc<Known<'a>>,
    /// What a place of each rep costs, by their places, if prices were found out.
    pub(super) prices: Vec<Option<&'a BidPrice>>,
}

/// What depends on neither prices nor round.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) present: Present<'a>,
    /// Why those who have no room have none.
    pub(super) full: BTreeMap<RepId, Vec<Exclusion>>,
    /// Everybody, by id: the same place in all moments of a roster.
    pub(super) seats: Vec<Seat<'a>>,
    by_id: HashMap<RepId, usize, Quick>,
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
        let mut reps: Vec<&Rep> = roster.reps.iter().collect();
        reps.sort_by(|a, b| a.id.cmp(&b.id));
        let mut known = Known {
            present,
            full: BTreeMap::new(),
            seats: Vec::with_capacity(reps.len()),
            by_id: reps.iter().enumerate().map(|(place, rep)| (rep.id.clone(), place)).collect(),
            absences,
            near_bound: sections.fairness.bound().is_some_and(|bound| situation.ledger.is_near(bound)),
        };
        for rep in reps {
            let load = || load(policy, situation, &known.absences, &rep.id, now);
            let room = (!policy.is_plain()).then(|| room(rep.id.as_str(), &load(), policy.capacity()));
            if let Some(room) = room.as_ref().filter(|room| room.is_full()) {
                known.full.insert(rep.id.clone(), vec![Exclusion::NoRoom { why: room.words() }]);
            }
            known.seats.push(Seat { rep, room, account: situation.ledger.known(&rep.id) });
        }
        let prices = known.prices(policy, situation);
        Self { policy, roster, situation, now, known: Arc::new(known), prices }
    }

    /// The same moment once it is known what places cost, or how its leads are given: `situation` differs by that alone.
    pub fn with_situation<'m>(&self, situation: &'m Situation) -> Moment<'m>
    where
        'a: 'm,
    {
        debug_assert!(situation.loads == self.situation.loads && situation.ledger == self.situation.ledger);
        debug_assert!(situation.feeds == self.situation.feeds && situation.busy == self.situation.busy);
        let known: Arc<Known<'m>> = Arc::clone(&self.known) as _;
        let prices = known.prices(self.policy, situation);
        Moment { policy: self.policy, roster: self.roster, situation, now: self.now, known, prices }
    }

    /// Everybody, by id.
    pub(super) fn seats(&self) -> &[Seat<'a>] {
        &self.known.seats
    }

    /// The place of a rep.
    pub(super) fn place(&self, rep: &RepId) -> Option<usize> {
        self.known.by_id.get(rep).copied()
    }

    /// The places of many reps; fastest where they are in the order of their ids, as in a pool.
    pub(super) fn places<'p>(&self, reps: &'p [RepId]) -> impl Iterator<Item = (&'p RepId, Option<usize>)> {
        let mut next = 0;
        reps.iter().map(move |rep| {
            let is_next = self.seats().get(next).is_some_and(|seat| seat.rep.id == *rep);
            let place = if is_next { Some(next) } else { self.place(rep) };
            next = place.map_or(next, |place| place + 1);
            (rep, place)
        })
    }

    fn seat(&self, rep: &RepId) -> Option<&Seat<'a>> {
        Some(&self.seats()[self.place(rep)?])
    }

    /// The moment.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The policy.
    pub const fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// How things stand.
    pub const fn situation(&self) -> &'a Situation {
        self.situation
    }

    /// What a manager should know about the sources of absences.
    pub fn warnings(&self) -> &[Warning] {
        self.known.absences.warnings()
    }

    /// That a rep is away now, with what is known of it.
    pub fn away(&self, rep: &RepId) -> Option<Absent> {
        self.known.absences.at(rep, self.now, self.policy.team().schedule(rep))
    }

    /// The next absence of a rep that has not begun.
    pub fn next_away(&self, rep: &RepId) -> Option<Span> {
        self.known.absences.spans(rep).iter().find(|span| span.start > self.now).copied()
    }

    /// Why a rep is not there: away, or not at work where that counts.
    pub fn absent(&self, rep: &RepId) -> Option<&Exclusion> {
        self.known.present.absent(rep)
    }

    /// What room a rep has; `None` where nobody counts it.
    pub fn room(&self, rep: &RepId) -> Option<&Room> {
        self.seat(rep)?.room.as_ref()
    }

    /// The shares of a lead that may go to anybody of a pool: what the ledger is to be told when it is decided.
    pub fn stakes(&self, pool: &Pool) -> Vec<Stake> {
        let stake = |(rep, place): (&RepId, Option<usize>)| Stake {
            rep: rep.clone(),
            weight: place.map_or(ORDINARY, |place| self.seats()[place].weight()),
        };
        self.places(&pool.eligible).map(stake).collect()
    }

    /// The same, with what each had so far, and without names: for each lead anew.
    pub(super) fn entitled<'s>(&'s self, pool: &'s Pool) -> Vec<Entitled<'s>> {
        let entitled = |(rep, place): (&'s RepId, Option<usize>)| {
            let seat = place.map(|place| &self.seats()[place]);
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
        let places: Vec<Option<usize>> = self.places(&pool.eligible).map(|(_, place)| place).collect();
        let in_order = places.iter().all(Option::is_some) && places.is_sorted_by(|a, b| a < b);
        let shares = if in_order {
            // Places are in the order of ids, so that nobody's name need be looked at.
            let weights: Vec<u32> = places.iter().flatten().map(|place| self.seats()[*place].weight()).collect();
            shares_in_order(&weights)
        } else {
            shares_of(&self.entitled(pool))
        };
        places.into_iter().zip(shares).filter_map(|(place, share)| Some((place?, share))).collect()
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
        let busy: Vec<_> = busy.chain(self.known.absences.spans(rep)).copied().collect();
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

impl Known<'_> {
    /// What a place of each costs, by their places.
    fn prices<'s>(&self, policy: &Policy, situation: &'s Situation) -> Vec<Option<&'s BidPrice>> {
        let mut prices = vec![None; self.seats.len()];
        for (rep, price) in situation.prices.iter().filter(|_| !policy.is_plain()).flat_map(super::RepPrices::iter) {
            if let Some(place) = self.by_id.get(rep) {
                prices[*place] = Some(price);
            }
        }
        prices
    }
}

/// What a rep has on their desk, with what profiles and absences say of them.
fn load(policy: &Policy, situation: &Situation, absences: &Absences, rep: &RepId, now: DateTime<Utc>) -> Workload {
    let (team, settings) = (policy.team(), policy.capacity());
    let (schedule, profile) = (team.schedule(rep), team.profile(rep));
    let today = now.with_timezone(&schedule.zone()).date_naive();
    let load = situation.loads.get(rep).cloned().unwrap_or_else(|| Workload { today, ..Workload::default() });
    let returned = absences.returned(rep, now, schedule, settings.leave_days);
    let leave = returned.map(|back| Leave { away_days: back.away_days, days_back: back.days_back });
    let weight = profile.map_or(1.0, |profile| profile.weight) * f64::from(ORDINARY);
    Workload {
        weight: weight.round() as u32,
        started: profile.and_then(|profile| profile.started).or(load.started),
        leave: leave.or(load.leave),
        ..load
    }
}
