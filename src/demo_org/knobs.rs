//! Knobs: the faults that this org can be told to have.
//!
//! Real orgs have all of them, only seldom. Each fault is decided where the real org would have it ([`Knob`] says
//! where), by a seeded draw for each chance that it gets, and counted. So two orgs that meet the same requests in the
//! same order have the same faults, and a judge knows how much a client went through.

mod plan;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use strum::IntoEnumIterator as _;

use super::chance::Chance;

pub use plan::{Dial, FaultPlan};

/// One kind of fault.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Knob {
    /// Edge: every session ends, and this very call is told so (401).
    ExpiredToken,
    /// Edge: the allocation of 24 hours is used up (403 `REQUEST_LIMIT_EXCEEDED`).
    DailyLimit,
    /// Edge: too many long calls at once (403 `REQUEST_LIMIT_EXCEEDED`, in other words).
    ConcurrentLimit,
    /// Edge: a page of HTML with status 503; the org has not heard of the call.
    Unavailable,
    /// Wire: the connection ends before the org has done anything.
    Reset,
    /// Wire: what was asked is done, and the connection ends without an answer.
    CommitThenDrop,
    /// Wire: what was asked is done, and the answer breaks off in the middle.
    Truncated,
    /// Wire: the answer takes its time.
    Slow,
    /// Wire: the connection ends at once, and the org works on what was asked for seconds.
    LateWrite,
    /// Query: a page is much shorter than asked for, and more follow.
    ShortPage,
    /// Query: the locator of the next page is gone.
    DeadLocator,
    /// Query: the org does not tell what has changed (`getUpdated` is not found).
    NotReplicated,
    /// Records: an arriving lead is committed seconds after the time that stands in its stamps.
    LateCommit,
    /// Records: a job of the org gives 300 leads one and the same change stamp.
    Ties,
    /// Write: somebody else holds the lead's row (`UNABLE_TO_LOCK_ROW`).
    LockedRow,
    /// People: somebody edits the lead just before the write of a client (which is 412 for a conditional one).
    Edited,
    /// People: somebody takes the lead just before the write.
    Taken,
    /// People: somebody converts the lead just before the write.
    Converted,
    /// People: somebody merges the lead into another just before the write.
    Merged,
    /// People: somebody deletes the lead just before the write.
    Deleted,
    /// Automation: a trigger gives the lead to somebody else inside the client's transaction.
    OwnerTrigger,
    /// Events: nobody knows the place any more that a subscriber comes back with.
    StaleReplay,
    /// Events: the stream ends.
    StreamCut,
    /// Events: a change is told without what was changed.
    EventGap,
    /// Events: changes are told in one, which does not say of which records.
    EventOverflow,
    /// Events: a change is not told at all.
    EventLost,
}

impl Knob {
    /// Its share of the chances under `all`, before the seed varies it: often enough to be met in a run of minutes,
    /// seldom enough that work goes on.
    const fn usual(self) -> f64 {
        match self {
            Self::DailyLimit | Self::ConcurrentLimit | Self::Converted | Self::Merged | Self::Deleted => 0.007,
            Self::Taken => 0.015,
            Self::Unavailable
            | Self::Reset
            | Self::Truncated
            | Self::LateWrite
            | Self::OwnerTrigger
            | Self::NotReplicated => 0.02,
            // A token that is quite new is spared, so there are fewer chances.
            Self::ExpiredToken | Self::CommitThenDrop | Self::Slow | Self::LockedRow | Self::Edited | Self::Ties => {
                0.05
            }
            Self::LateCommit => 0.08,
            Self::ShortPage | Self::StaleReplay => 0.3,
            Self::DeadLocator | Self::EventGap | Self::EventLost => 0.1,
            Self::StreamCut | Self::EventOverflow => 0.03,
        }
    }
}

/// How one knob stands, and what came of it.
#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    dial: Dial,
    /// How often it might have struck since it was set.
    chances: u64,
    /// How often it did, in the whole life of this process.
    injected: u64,
}

/// All knobs of an org.
#[derive(Debug, Default)]
pub(crate) struct Knobs {
    seed: u64,
    settings: BTreeMap<Knob, Setting>,
}

impl Knobs {
    /// Knobs as planned.
    pub(crate) fn new(plan: &FaultPlan, seed: u64) -> Self {
        let mut knobs = Self::default();
        knobs.set(plan, seed);
        knobs
    }

    /// Turns the knobs that the plan names; counters go on.
    pub(crate) fn set(&mut self, plan: &FaultPlan, seed: u64) {
        self.seed = seed;
        for (knob, dial) in plan.dials() {
            let dial = dial.unwrap_or_else(|| {
                let factor = 0.5 + Chance::new(seed, "usual", knob as u64).unit();
                Dial::Share(knob.usual() * factor)
            });
            let setting = self.settings.entry(knob).or_default();
            *setting = Setting { dial, chances: 0, ..*setting };
        }
    }

    /// Whether the fault happens now, where it could. Counts it if so.
    pub(crate) fn strikes(&mut self, knob: Knob) -> bool {
        let seed = self.seed;
        let Some(setting) = self.settings.get_mut(&knob) else { return false };
        let strikes = match &mut setting.dial {
            Dial::Off | Dial::Next(0) => false,
            Dial::Next(left) => {
                *left -= 1;
                true
            }
            Dial::Share(share) => {
                setting.chances += 1;
                Chance::new(seed, knob.into(), setting.chances).happens(*share)
            }
        };
        setting.injected += u64::from(strikes);
        strikes
    }

    /// The fault that struck could not happen after all, so it does not count.
    pub(crate) fn missed(&mut self, knob: Knob) {
        if let Some(setting) = self.settings.get_mut(&knob) {
            setting.injected = setting.injected.saturating_sub(1);
        }
    }

    /// Whether this fault cannot happen as things stand.
    pub(crate) fn is_off(&self, knob: Knob) -> bool {
        self.settings.get(&knob).is_none_or(|setting| matches!(setting.dial, Dial::Off | Dial::Next(0)))
    }

    /// Chance for the details of the fault that struck last.
    pub(crate) fn details(&self, knob: Knob) -> Chance {
        let injected = self.settings.get(&knob).map_or(0, |setting| setting.injected);
        Chance::new(self.seed ^ 0x5eed, knob.into(), injected)
    }

    /// What [`Knobs::set`] was given.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// How all of them stand, and how often each struck.
    pub(crate) fn report(&self) -> Json {
        let of = |knob: Knob| {
            let setting = self.settings.get(&knob).copied().unwrap_or_default();
            let name: &'static str = knob.into();
            (name.to_owned(), json!({ "dial": setting.dial.to_string(), "injected": setting.injected }))
        };
        let knobs: Map<String, Json> = Knob::iter().map(of).collect();
        let injected: u64 = self.settings.values().map(|setting| setting.injected).sum();
        json!({ "seed": self.seed, "injected": injected, "knobs": knobs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> FaultPlan {
        text.parse().unwrap()
    }

    #[test]
    fn a_count_strikes_so_often_and_then_no_more() {
        let mut knobs = Knobs::new(&plan("locked_row=3"), 1);
        let struck: Vec<bool> = (0..5).map(|_| knobs.strikes(Knob::LockedRow)).collect();
        assert_eq!(struck, [true, true, true, false, false]);
        assert!(!knobs.strikes(Knob::Slow), "nobody asked for it");
        assert_eq!(knobs.report()["knobs"]["locked_row"], json!({ "dial": "0", "injected": 3 }));
    }

    #[test]
    fn a_share_is_met_and_the_seed_decides_when() {
        let run = |seed| {
            let mut knobs = Knobs::new(&plan("slow=0.1"), seed);
            (0..2_000).map(|_| knobs.strikes(Knob::Slow)).collect::<Vec<_>>()
        };
        assert_eq!(run(4), run(4));
        assert_ne!(run(4), run(5));
        let struck = run(4).iter().filter(|s| **s).count();
        assert!((150..250).contains(&struck), "{struck} of 2000");
    }

    #[test]
    fn all_turns_every_knob_and_none_stops_them_without_forgetting() {
        let mut knobs = Knobs::new(&plan("all"), 9);
        for knob in Knob::iter() {
            assert!((0..5_000).any(|_| knobs.strikes(knob)), "{knob} never strikes");
        }
        let before = knobs.report()["injected"].clone();
        knobs.set(&plan("none"), 9);
        assert!(Knob::iter().all(|knob| !(0..1_000).any(|_| knobs.strikes(knob))));
        assert_eq!(knobs.report()["injected"], before);
    }
}
