//! The first free slot of a rep's calendar in which they could make contact, inside the lead's clock.

use chrono::{DateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::hours::Schedule;
use super::span::{Span, merged, without};

/// `[slot]` of `routing.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlotSettings {
    /// Minutes that a first contact takes.
    pub minutes: u32,
    /// How many hours ahead a slot is looked for.
    pub within_hours: u32,
    /// Slots begin at a multiple of this many minutes after the hour, by the rep's clock: 15 means 10:00, 10:15, …
    pub every_minutes: u32,
}

impl Default for SlotSettings {
    fn default() -> Self {
        Self { minutes: 30, within_hours: 48, every_minutes: 15 }
    }
}

impl SlotSettings {
    /// What is wrong with the settings, if anything.
    pub fn problem(&self) -> Option<String> {
        let Self { minutes, within_hours, every_minutes } = *self;
        if !(1..=480).contains(&minutes) {
            Some(format!("[slot] minutes = {minutes}: a first contact takes 1 to 480 minutes"))
        } else if !(1..=336).contains(&within_hours) {
            Some(format!("[slot] within_hours = {within_hours}: look 1 to 336 hours ahead"))
        } else if !(1..=60).contains(&every_minutes) || 60 % every_minutes != 0 {
            Some(format!("[slot] every_minutes = {every_minutes}: it must divide the hour, as 5, 10, 15, 30 or 60 do"))
        } else {
            None
        }
    }
}

/// What ended the search for a slot.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Limit {
    /// The lead's clock runs out.
    Sla,
    /// Nobody looks further ahead.
    Horizon,
}

/// The first free slot of a rep for a lead, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Slot {
    /// There is one.
    Free {
        /// From when to when.
        span: Span,
        /// How long until it begins, in whole minutes, rounded down.
        wait_minutes: i64,
    },
    /// There is none.
    None {
        /// How long a slot would have been.
        minutes: u32,
        /// What ended the search.
        limit: Limit,
        /// When.
        ends: DateTime<Utc>,
        /// Minutes at work until then, busy ones included: with none of them, working hours are the reason.
        working_minutes: i64,
    },
}

/// Whether what began at `start` is too late to be promised at `now`: the minute in which it begins is not.
pub fn has_passed(start: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now >= start + TimeDelta::minutes(1)
}

/// The first free slot: in working hours, not busy, within the horizon and over before the lead's clock runs out.
/// `busy` need be in no order; absences belong to it.
pub fn first_free(
    schedule: &Schedule,
    busy: &[Span],
    now: DateTime<Utc>,
    sla_ends: DateTime<Utc>,
    settings: SlotSettings,
) -> Slot {
    let horizon = now + TimeDelta::hours(settings.within_hours.into());
    let (limit, ends) = if sla_ends <= horizon { (Limit::Sla, sla_ends) } else { (Limit::Horizon, horizon) };
    let length = TimeDelta::minutes(settings.minutes.into());
    let open = schedule.open_spans(Span::new(now, ends));
    for free in without(&open, &merged(busy.to_vec())) {
        let start = aligned(free.start, schedule.zone(), settings.every_minutes);
        if start + length <= free.end {
            let wait_minutes = (start - now).num_minutes();
            return Slot::Free { span: Span::new(start, start + length), wait_minutes };
        }
    }
    let working_minutes = open.iter().map(|s| s.length().num_minutes()).sum();
    Slot::None { minutes: settings.minutes, limit, ends, working_minutes }
}

/// The first moment from `at` on that the rep's clock shows as a multiple of `every` minutes after the hour.
fn aligned(at: DateTime<Utc>, zone: Tz, every: u32) -> DateTime<Utc> {
    let local = at.with_timezone(&zone);
    let nanos = TimeDelta::nanoseconds(i64::from(local.nanosecond() % 1_000_000_000));
    let past = TimeDelta::seconds((local.minute() % every.max(1) * 60 + local.second()).into()) + nanos;
    if past.is_zero() { at } else { at - past + TimeDelta::minutes(every.max(1).into()) }
}

impl Slot {
    /// When it begins, if there is one.
    pub const fn start(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Free { span, .. } => Some(span.start),
            Self::None { .. } => None,
        }
    }

    /// Whether it was free and has begun, so that nobody may promise it any more. The minute in which it begins is still
    /// promised.
    pub fn has_passed(&self, now: DateTime<Utc>) -> bool {
        matches!(self, Self::Free { span, .. } if has_passed(span.start, now))
    }

    /// In words, as seen at `now`, with times by the clock of `zone`: `Tue 10:30, in 40 min`,
    /// `was free Tue 10:30, which has passed`, or `no free half hour before the SLA ends at Tue 14:00`.
    pub fn words(&self, zone: Tz, now: DateTime<Utc>) -> String {
        let clock = |at: DateTime<Utc>| zone.from_utc_datetime(&at.naive_utc()).format("%a %H:%M").to_string();
        match *self {
            Self::Free { span, .. } if self.has_passed(now) => {
                format!("was free {}, which has passed", clock(span.start))
            }
            Self::Free { span, .. } => match (span.start - now).num_minutes().max(0) {
                0 => format!("{}, now", clock(span.start)),
                wait @ 1..120 => format!("{}, in {wait} min", clock(span.start)),
                wait => format!("{}, in {} h", clock(span.start), wait / 60),
            },
            Self::None { minutes, limit, ends, working_minutes } => {
                let length = match minutes {
                    30 => "half hour".to_owned(),
                    60 => "hour".to_owned(),
                    n => format!("{n} minutes"),
                };
                let until = match limit {
                    Limit::Sla => format!("before the SLA ends at {}", clock(ends)),
                    Limit::Horizon => format!("until {}", clock(ends)),
                };
                if working_minutes == 0 { format!("not at work {until}") } else { format!("no free {length} {until}") }
            }
        }
    }
}

#[cfg(test)]
mod tests;
