//! What room a rep has for leads, and why not more.
//!
//! Four caps hold at once: leads of the day, of the week, of the month, and open deals. The one with the least room counts.
//! Every cap is eased by whichever of these asks for least: the ramp of a new rep, the days after a leave, and the guard
//! against sustained load. All counting is in thousandths of a lead, in integers.
//!
//! Which day, week and month it is, is the rep's own calendar's business: the caller counts there.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::fairness::ORDINARY;

/// A lead, in the unit of caps.
pub const LEAD: u64 = 1_000;

/// What a manager can set about capacity. Nothing that is not set limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapacitySettings {
    /// Leads of a day, for a rep of weight 1.
    pub per_day: Option<u32>,
    /// Leads of a week, for a rep of weight 1.
    pub per_week: Option<u32>,
    /// Leads of a month, for a rep of weight 1.
    pub per_month: Option<u32>,
    /// Open deals at a time, for a rep of weight 1.
    pub open: Option<u32>,
    /// An open deal that is expected to close in so many days or later counts whole; one that closes sooner, in proportion.
    pub closing_days: u32,
    /// So many scheduled activities of the day take the place of one lead of the day; 0 where they take none.
    pub activities_per_lead: u32,
    /// Share of every cap, in percent, in each week of a new rep; all of it from then on.
    pub ramp: Vec<u8>,
    /// Share of every cap, in percent, on each working day after a leave.
    pub after_leave: Vec<u8>,
    /// A leave of fewer days needs no such care.
    pub leave_days: u32,
    /// Care for those who are always full.
    pub guard: GuardSettings,
    /// Caps of single reps, by id. What is set here is taken as it stands, whatever the rep's weight.
    pub reps: BTreeMap<String, Caps>,
}

/// Caps of one rep; what is not set is as for everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    /// Leads of a day.
    pub per_day: Option<u32>,
    /// Leads of a week.
    pub per_week: Option<u32>,
    /// Leads of a month.
    pub per_month: Option<u32>,
    /// Open deals at a time.
    pub open: Option<u32>,
}

/// Who had more than this share of the weekly cap in each of so many weeks gets less for a while. The share of the week that
/// follows is below it, so the guard ends by itself. Without a weekly cap there is nothing to measure against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardSettings {
    /// Share of the weekly cap, in percent, that is too much to last.
    pub above: u8,
    /// For so many weeks; 0 switches the guard off.
    pub weeks: u32,
    /// Share of every cap that is left then, in percent.
    pub leaves: u8,
}

impl Default for CapacitySettings {
    fn default() -> Self {
        Self {
            per_day: None,
            per_week: None,
            per_month: None,
            open: None,
            closing_days: 30,
            activities_per_lead: 0,
            ramp: vec![25, 50, 75],
            after_leave: vec![50, 75],
            leave_days: 5,
            guard: GuardSettings::default(),
            reps: BTreeMap::new(),
        }
    }
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { above: 90, weeks: 4, leaves: 75 }
    }
}

impl CapacitySettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        let shares = [("ramp", &self.ramp[..]), ("after_leave", &self.after_leave), ("guard", &[self.guard.leaves])];
        for (name, shares) in shares {
            if let Some(percent) = shares.iter().find(|percent| **percent > 100) {
                return Some(format!("[capacity] {name}: {percent} % of a cap; it must be from 0 to 100"));
            }
        }
        (self.closing_days == 0).then(|| "[capacity] closing_days = 0: it must be at least 1".to_owned())
    }
}

/// What a rep has on their desk, as the caller counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// The day, where the rep is.
    pub today: NaiveDate,
    /// Leads given to them today.
    pub leads_today: u32,
    /// And this week, today included.
    pub leads_week: u32,
    /// And this month, today included.
    pub leads_month: u32,
    /// When each of their open deals is expected to close; `None` where nobody knows.
    pub open: Vec<Option<NaiveDate>>,
    /// Meetings and calls in their calendar today.
    pub activities_today: u32,
    /// Leads of the full weeks before this one, the latest first. A week of leave is not among them.
    pub past_weeks: Vec<u32>,
    /// Their first day in the team, if it is known.
    pub started: Option<NaiveDate>,
    /// The leave that they came back from, if there was one lately.
    pub leave: Option<Leave>,
    /// Their weight, in thousandths of an ordinary one.
    pub weight: u32,
}

/// A leave that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// How many days they were away.
    pub away_days: u32,
    /// Working days since: 0 on the first.
    pub days_back: u32,
}

/// A kind of cap.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CapKind {
    /// Leads of the day. There is room again tomorrow.
    Day,
    /// Leads of the week. There is room again on its first day.
    Week,
    /// Leads of the month.
    Month,
    /// Open deals. There is room again when one closes.
    Open,
}

/// A cap and what is used of it, in thousandths of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Which.
    pub kind: CapKind,
    /// What is used.
    pub used: u64,
    /// Of that, what scheduled activities take.
    pub activities: u64,
    /// What there is, eased.
    pub of: u64,
    /// What there would be with nothing to ease it.
    pub full: u64,
}

impl Cap {
    /// Whole leads that still fit.
    pub fn left(&self) -> u32 {
        (self.of.saturating_sub(self.used) / LEAD).min(u64::from(u32::MAX)) as u32
    }
}

/// Thousandths as people write them: `17.5`, `4`.
fn amount(thousandths: u64) -> String {
    let tenths = (thousandths + LEAD / 20) / (LEAD / 10);
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (used, of) = (amount(self.used), amount(self.of));
        match self.kind {
            CapKind::Day => write!(f, "{used} of {of} leads today")?,
            CapKind::Week => write!(f, "{used} of {of} leads this week")?,
            CapKind::Month => write!(f, "{used} of {of} leads this month")?,
            CapKind::Open => write!(f, "open deals that weigh {used} of {of}")?,
        }
        if self.activities > 0 {
            write!(f, " ({} of it for activities in the calendar)", amount(self.activities))?;
        }
        Ok(())
    }
}

/// Why a rep gets less than a full share for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Easing {
    /// New in the team.
    Ramp {
        /// Which week it is, from 1.
        week: u32,
        /// Share of the caps, in percent.
        percent: u8,
    },
    /// Back from leave.
    AfterLeave {
        /// Which working day it is, from 1.
        day: u32,
        /// How long they were away.
        away_days: u32,
        /// Share of the caps, in percent.
        percent: u8,
    },
    /// Full for too long.
    Guard {
        /// So many weeks.
        weeks: u32,
        /// Share of the weekly cap that each was above, in percent.
        above: u8,
        /// Share of the caps that is left, in percent.
        percent: u8,
    },
    /// Their first day is still to come.
    NotStarted {
        /// The day.
        on: NaiveDate,
    },
}

impl Easing {
    /// Share of the caps that is left, in percent.
    pub const fn percent(&self) -> u8 {
        match self {
            Self::Ramp { percent, .. } | Self::AfterLeave { percent, .. } | Self::Guard { percent, .. } => *percent,
            Self::NotStarted { .. } => 0,
        }
    }
}

impl std::fmt::Display for Easing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ramp { week, percent } => write!(f, "week {week} of the ramp: {percent} % of a full share"),
            Self::AfterLeave { day, away_days, percent } => {
                write!(f, "day {day} after {away_days} days of leave: {percent} % of a full share")
            }
            Self::Guard { weeks, above, percent } => {
                write!(f, "above {above} % of the weekly cap for {weeks} weeks: eased to {percent} %")
            }
            Self::NotStarted { on } => write!(f, "starts on {on}"),
        }
    }
}

/// What room a rep has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Leads that still fit; `None` where nothing limits.
    pub left: Option<u32>,
    /// The caps that there are, by kind.
    pub caps: Vec<Cap>,
    /// What eases them, strictest first; the first is the one that counts.
    pub eased: Vec<Easing>,
    /// The weight of their share for the fairness account, in thousandths: eased as the caps are, so that a ramp leaves no
    /// debt behind.
    pub weight: u32,
}

impl Room {
    /// Room as a number of places for [`super::assignment`].
    pub fn places(&self) -> u32 {
        self.left.unwrap_or(u32::MAX)
    }

    /// The cap that leaves least room; of equal ones the shorter.
    pub fn binding(&self) -> Option<&Cap> {
        self.caps.iter().min_by_key(|cap| (cap.left(), cap.kind))
    }

    /// Whether no lead fits.
    pub fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// Why there is no more room, for people: `has 5 of 5 leads today; week 2 of the ramp: 50 % of a full share`.
    pub fn words(&self) -> String {
        let eased = self.eased.first().map(ToString::to_string);
        let cap = self.binding().map(|cap| format!("has {cap}"));
        let both: Vec<String> = cap.into_iter().chain(eased).collect();
        if both.is_empty() { "has no cap".to_owned() } else { both.join("; ") }
    }
}

/// The room of a rep.
pub fn room(rep: &str, load: &Workload, settings: &CapacitySettings) -> Room {
    let own = settings.reps.get(rep).copied().unwrap_or_default();
    let weighted =
        |cap: Option<u32>| cap.map(|cap| u64::from(cap) * LEAD * u64::from(load.weight) / u64::from(ORDINARY));
    let cap_of =
        |own: Option<u32>, of_all: Option<u32>| own.map(|cap| u64::from(cap) * LEAD).or_else(|| weighted(of_all));
    let full = [
        (CapKind::Day, cap_of(own.per_day, settings.per_day)),
        (CapKind::Week, cap_of(own.per_week, settings.per_week)),
        (CapKind::Month, cap_of(own.per_month, settings.per_month)),
        (CapKind::Open, cap_of(own.open, settings.open)),
    ];
    let mut eased = easings(load, settings, full[1].1);
    eased.sort_by_key(Easing::percent);
    let percent = u64::from(eased.first().map_or(100, Easing::percent));
    let used = |kind| match kind {
        CapKind::Day => u64::from(load.leads_today) * LEAD + activities(load, settings),
        CapKind::Week => u64::from(load.leads_week) * LEAD,
        CapKind::Month => u64::from(load.leads_month) * LEAD,
        CapKind::Open => load.open.iter().map(|closes| deal_weight(*closes, load.today, settings.closing_days)).sum(),
    };
    let caps: Vec<Cap> = full
        .into_iter()
        .filter_map(|(kind, full)| {
            let full = full?;
            let activities = if kind == CapKind::Day { activities(load, settings) } else { 0 };
            Some(Cap { kind, used: used(kind), activities, of: ease(full, percent), full })
        })
        .collect();
    let not_started = eased.iter().any(|easing| matches!(easing, Easing::NotStarted { .. }));
    let left = caps.iter().map(Cap::left).min();
    Room {
        left: if not_started { Some(0) } else { left },
        caps,
        weight: (u64::from(load.weight) * percent / 100) as u32,
        eased,
    }
}

/// A share of a cap, rounded up to a whole lead: a ramp begins with a lead, not with none. A cap that is no whole number
/// by itself (half of 5) is rounded up as well.
fn ease(full: u64, percent: u64) -> u64 {
    (full * percent / 100).div_ceil(LEAD) * LEAD
}

fn activities(load: &Workload, settings: &CapacitySettings) -> u64 {
    u64::from(load.activities_today) * LEAD / u64::from(settings.activities_per_lead.max(1))
        * u64::from(settings.activities_per_lead.min(1))
}

/// What an open deal weighs, in thousandths: whole if it is expected to stay for `closing_days` or longer, if nobody knows,
/// or if it should have closed before (it is still on the desk); else in proportion, and never nothing.
fn deal_weight(closes: Option<NaiveDate>, today: NaiveDate, closing_days: u32) -> u64 {
    let Some(days) = closes.map(|closes| (closes - today).num_days()) else { return LEAD };
    match u64::try_from(days) {
        Ok(days) if days < u64::from(closing_days) => ((days + 1) * LEAD).div_ceil(u64::from(closing_days)).min(LEAD),
        _ => LEAD,
    }
}

fn easings(load: &Workload, settings: &CapacitySettings, week_cap: Option<u64>) -> Vec<Easing> {
    let below = |percent: u8| Some(percent).filter(|percent| *percent < 100);
    let mut eased = Vec::new();
    if let Some(started) = load.started {
        match u32::try_from((load.today - started).num_days()) {
            Err(_) => eased.push(Easing::NotStarted { on: started }),
            Ok(days) => {
                let percent = settings.ramp.get(days as usize / 7).copied().and_then(below);
                eased.extend(percent.map(|percent| Easing::Ramp { week: days / 7 + 1, percent }));
            }
        }
    }
    if let Some(Leave { away_days, days_back }) = load.leave.filter(|leave| leave.away_days >= settings.leave_days) {
        let percent = settings.after_leave.get(days_back as usize).copied().and_then(below);
        eased.extend(percent.map(|percent| Easing::AfterLeave { day: days_back + 1, away_days, percent }));
    }
    let GuardSettings { above, weeks, leaves } = settings.guard;
    if let Some(cap) = week_cap.filter(|_| weeks > 0)
        && let Some(past) = load.past_weeks.get(..weeks as usize)
        && past.iter().all(|leads| u64::from(*leads) * LEAD * 100 > cap * u64::from(above))
        && leaves < 100
    {
        eased.push(Easing::Guard { weeks, above, percent: leaves });
    }
    eased
}

#[cfg(test)]
mod tests;
