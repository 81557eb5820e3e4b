//! Time passing in the org: leads arrive, deals close.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::chance::Chance;
use super::fault::Fault;
use super::id::Id;
use super::knobs::Knob;
use super::org::{EffectKind, Org};
use super::people::{self, Act};
use super::schema::Object;
use super::stamp::Stamp;
use super::world::{Pace, World, convert, owner_of};

/// Leads that are owed after a pause or a stall are not sent all at once if they are later than this.
const FORGIVEN_AFTER: TimeDelta = TimeDelta::seconds(5);
/// Most leads of one step, so that requests are answered in between.
const MAX_BURST: usize = 50;
const SECONDS_PER_DAY: f64 = 86_400.0;
/// The longest that a late lead is late.
const MOST_LATE_SECONDS: f64 = 8.0;

/// How often a rep gives back what a decision gave them, and after how many seconds at least and at most.
const GIVEN_BACK: f64 = 0.1;
const GIVEN_BACK_AFTER: (f64, f64) = (15.0, 75.0);
/// How often a rep calls whom a decision gave them, and after how many seconds at least and at most.
const CALLED: f64 = 0.85;
const CALLED_AFTER: (f64, f64) = (3.0, 20.0);

/// What is to happen by itself, and when. A plain value that is asked what is due; whoever owns it does the waiting.
#[derive(Debug)]
pub(crate) struct Life {
    pace: Pace,
    /// Seconds of a deal's life in one second; `None` leaves deals open for ever.
    outcome_speed: Option<f64>,
    next_arrival: Option<DateTime<Utc>>,
    /// Leads whose deals will end, by when.
    endings: BTreeSet<(DateTime<Utc>, Id)>,
    /// Leads that their reps will give back, by when.
    returns: BTreeSet<(DateTime<Utc>, Id)>,
    /// Leads that their reps will call, by when.
    calls: BTreeSet<(DateTime<Utc>, Id)>,
    /// Leads whose transactions began at the one time and end at the other: (end, number, begin).
    late: BTreeSet<(DateTime<Utc>, u64, Stamp)>,
    lates: u64,
    /// Effects looked at so far.
    seen: usize,
    paused: bool,
}

impl Life {
    /// Nothing happens before the first [`Life::step`].
    pub(crate) const fn new(pace: Pace, outcome_speed: Option<f64>) -> Self {
        Self {
            pace,
            outcome_speed,
            next_arrival: None,
            endings: BTreeSet::new(),
            returns: BTreeSet::new(),
            calls: BTreeSet::new(),
            late: BTreeSet::new(),
            lates: 0,
            seen: 0,
            paused: false,
        }
    }

    /// The next lead comes in: now, or by a transaction that begins now and ends later, and then has no id yet.
    pub(crate) fn arrive(&mut self, org: &mut Org, world: &World, now: DateTime<Utc>) -> Result<Option<Id>, Fault> {
        if org.knobs.strikes(Knob::LateCommit) {
            let wait = seconds(MOST_LATE_SECONDS * org.knobs.details(Knob::LateCommit).unit());
            self.lates += 1;
            self.late.insert((now + wait, self.lates, Stamp::from(now)));
            return Ok(None);
        }
        commit_arrival(org, world, Stamp::from(now))
    }

    /// Leads that are late.
    pub(crate) fn late(&self) -> usize {
        self.late.len()
    }

    /// Ends the transactions of late leads that are due at this time. They bear the stamps of their beginning.
    pub(crate) fn let_late_arrive(&mut self, org: &mut Org, world: &World, now: DateTime<Utc>) -> Result<(), Fault> {
        while let Some(first) = self.late.first().copied().filter(|(due, ..)| *due <= now) {
            self.late.remove(&first);
            commit_arrival(org, world, first.2)?;
        }
        Ok(())
    }

    /// No lead is late any longer.
    pub(crate) fn hurry(&mut self, org: &mut Org, world: &World) -> Result<(), Fault> {
        self.let_late_arrive(org, world, DateTime::<Utc>::MAX_UTC)
    }

    /// Stops or goes on; what would have come in a pause does not come afterwards.
    pub(crate) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        self.next_arrival = None;
    }

    /// Lets everything happen that is due. Returns when to come back; `None` when only a request can change that.
    pub(crate) fn step(
        &mut self,
        org: &mut Org,
        world: &World,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Fault> {
        self.let_late_arrive(org, world, now)?;
        let late = self.late.first().map(|(due, ..)| *due);
        if self.paused {
            return Ok(late);
        }
        self.let_arrive(org, world, now)?;
        self.plan(org, world);
        self.let_call(org, world, now)?;
        self.let_give_back(org, world, now)?;
        self.let_end(org, world, now)?;
        let ending = self.endings.first().map(|(at, _)| *at);
        let giving_back = self.returns.first().map(|(at, _)| *at);
        let call = self.calls.first().map(|(at, _)| *at);
        Ok([self.next_arrival, ending, giving_back, call, late].into_iter().flatten().min())
    }

    fn let_arrive(&mut self, org: &mut Org, world: &World, now: DateTime<Utc>) -> Result<(), Fault> {
        let pace = self.pace;
        let following = |org: &Org, from: DateTime<Utc>| {
            let gap = world.gap_seconds(org.arrived(), pace)?;
            Some(from + seconds(gap))
        };
        let late = self.next_arrival.is_some_and(|due| due < now - FORGIVEN_AFTER);
        let mut due = self.next_arrival.filter(|_| !late).or_else(|| following(org, now));
        for _ in 0..MAX_BURST {
            let Some(at) = due.filter(|at| *at <= now) else { break };
            self.arrive(org, world, now)?;
            due = following(org, at);
        }
        self.next_arrival = due;
        Ok(())
    }

    /// A deal begins to end when leadboard has decided who works it; unless they do not want to.
    fn plan(&mut self, org: &Org, world: &World) {
        let Some(speed) = self.outcome_speed.filter(|speed| *speed > 0.0) else { return };
        for (number, effect) in org.effects().iter().enumerate().skip(self.seen) {
            if let EffectKind::DecisionRecorded { lead: Some(lead), .. } = effect.kind {
                let mut chance = Chance::new(org.knobs.seed(), "given back", number as u64);
                if chance.happens(GIVEN_BACK) {
                    let (least, most) = GIVEN_BACK_AFTER;
                    self.returns.insert((effect.at.utc() + seconds(least + (most - least) * chance.unit()), lead));
                }
                let mut chance = Chance::new(org.knobs.seed(), "called", number as u64);
                if chance.happens(CALLED) {
                    let (least, most) = CALLED_AFTER;
                    self.calls.insert((effect.at.utc() + seconds(least + (most - least) * chance.unit()), lead));
                }
            }
            if let EffectKind::DecisionRecorded { lead: Some(lead), .. } = effect.kind
                && !self.endings.iter().any(|(_, planned)| *planned == lead)
            {
                let wait = seconds(world.cycle_days(org, lead) * SECONDS_PER_DAY / speed);
                self.endings.insert((effect.at.utc() + wait, lead));
            }
        }
        self.seen = org.effects().len();
    }

    /// Reps call leads that they still have, as far as they were asked in this run.
    fn let_call(&mut self, org: &mut Org, world: &World, now: DateTime<Utc>) -> Result<(), Fault> {
        while let Some((due, lead)) = self.calls.first().copied().filter(|(due, _)| *due <= now) {
            self.calls.remove(&(due, lead));
            let theirs = open_lead_owner(org, lead).is_some_and(|owner| owner.prefix() == Object::User.prefix());
            if theirs && due >= now - FORGIVEN_AFTER {
                let mut chance = Chance::new(org.knobs.seed(), "call", due.timestamp_millis().unsigned_abs());
                people::act(org, world, lead, Act::Call, &mut chance, Stamp::from(now))?;
            }
        }
        Ok(())
    }

    /// Reps give leads back that they still have, as far as they were asked in this run.
    fn let_give_back(&mut self, org: &mut Org, world: &World, now: DateTime<Utc>) -> Result<(), Fault> {
        while let Some((due, lead)) = self.returns.first().copied().filter(|(due, _)| *due <= now) {
            self.returns.remove(&(due, lead));
            let theirs = open_lead_owner(org, lead).is_some_and(|owner| owner.prefix() == Object::User.prefix());
            if theirs && due >= now - FORGIVEN_AFTER {
                let mut chance = Chance::new(org.knobs.seed(), "reason", due.timestamp_millis().unsigned_abs());
                people::act(org, world, lead, Act::GiveBack, &mut chance, Stamp::from(now))?;
                // Whoever does not want it does not bring it to an end.
                self.endings.retain(|(_, planned)| *planned != lead);
            }
        }
        Ok(())
    }

    fn let_end(&mut self, org: &mut Org, world: &World, now: DateTime<Utc>) -> Result<(), Fault> {
        while let Some((due, lead)) = self.endings.first().copied().filter(|(due, _)| *due <= now) {
            self.endings.remove(&(due, lead));
            let Some(owner) = open_lead_owner(org, lead) else { continue };
            let is_queue = owner.prefix() == Object::Group.prefix();
            if is_queue {
                // Nobody works a lead in a queue: its deal waits until somebody does.
                let speed = self.outcome_speed.unwrap_or(1.0);
                self.endings.insert((now + seconds((SECONDS_PER_DAY / speed).max(1.0)), lead));
                continue;
            }
            let Some(ending) = world.ending(org, lead, owner) else { continue };
            let mut tx = org.begin(Stamp::from(now));
            convert(&mut tx, lead, owner, ending);
            tx.commit().map_err(|error| Fault::not_stored(&error))?;
        }
        Ok(())
    }
}

fn commit_arrival(org: &mut Org, world: &World, at: Stamp) -> Result<Option<Id>, Fault> {
    let mut tx = org.begin(at);
    let lead = world.arrive(&mut tx)?;
    tx.commit().map_err(|error| Fault::not_stored(&error))?;
    Ok(lead)
}

/// The owner of a lead that is neither converted nor deleted.
fn open_lead_owner(org: &Org, lead: Id) -> Option<Id> {
    let record = org.table(Object::Lead).get(lead)?;
    let is = |field| org.read(Object::Lead, record, field).is_true();
    if is("IsConverted") || is("IsDeleted") { None } else { owner_of(org, lead) }
}

fn seconds(seconds: f64) -> TimeDelta {
    // Far beyond any run, and far from the end of chrono's range.
    const TEN_YEARS: f64 = 3.2e8;
    TimeDelta::milliseconds((seconds.clamp(0.0, TEN_YEARS) * 1_000.0) as i64)
}
