//! What is on the desks of reps, as the CRM knows it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::domain::ids::RepId;
pub use crate::policy::span::Span;
use crate::policy::span::moment;

/// What the CRM knows of how busy reps are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workloads {
    /// Every rep that was asked for.
    pub reps: BTreeMap<RepId, RepWorkload>,
    /// What the CRM does not tell (all of), and why, in words. It is empty for every rep then, or not complete: nobody may be
    /// held to be idle for it.
    pub unknown: BTreeMap<WorkloadPart, String>,
}

/// A part of what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum WorkloadPart {
    /// Zone and presence.
    Presence,
    /// Open deals.
    OpenDeals,
    /// Calendars.
    Calendar,
}

/// What is on the desk of one rep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepWorkload {
    /// When each of their open deals is expected to close; `None` where nobody knows.
    pub open: Vec<Option<NaiveDate>>,
    /// What stands in their calendar around the time that was asked about, in order.
    pub calendar: Vec<Appointment>,
    /// Their time zone, by its IANA name.
    pub zone: Option<String>,
    /// That they are out of office, by the field of their user record.
    pub away: Option<OutOfOffice>,
}

/// What a field of a user record says of their being away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfOffice {
    /// Now; nobody says until when.
    Now,
    /// Through this day, where they are.
    Through(NaiveDate),
    /// Until then.
    Until(DateTime<Utc>),
}

/// Something in a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Appointment {
    /// When.
    pub time: AppointmentTime,
    /// How the rep's time is shown during it.
    pub shows: Shows,
}

/// When an appointment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppointmentTime {
    /// From one moment to another.
    Span(Span),
    /// Whole days, both included, wherever the rep is.
    Days {
        /// The first.
        first: NaiveDate,
        /// The last.
        last: NaiveDate,
    },
}

/// How somebody's time is shown during an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// They are busy.
    Busy,
    /// They are out of office.
    Away,
    /// It takes no time.
    Free,
}

impl AppointmentTime {
    /// From when to when it is in this zone.
    pub fn in_zone(&self, zone: Tz) -> Span {
        match *self {
            Self::Span(span) => span,
            Self::Days { first, last } => Span::new(midnight(zone, first), after(zone, last)),
        }
    }
}

impl RepWorkload {
    /// Meetings and calls of a day, by the clock of this zone. What touches the day counts; being away, or free, does not.
    pub fn activities(&self, day: NaiveDate, zone: Tz) -> u32 {
        let today = Span::new(midnight(zone, day), after(zone, day));
        let busy = self.calendar.iter().filter(|entry| entry.shows == Shows::Busy);
        let count = busy.filter(|entry| !entry.time.in_zone(zone).clipped(&today).is_empty()).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// When they are away, by calendar and user record; not merged. What has no end lasts through the day of `now`, after
    /// which the CRM is asked again.
    pub fn away_spans(&self, now: DateTime<Utc>, zone: Tz) -> Vec<Span> {
        let calendar = self.calendar.iter().filter(|entry| entry.shows == Shows::Away);
        let mut spans: Vec<Span> = calendar.map(|entry| entry.time.in_zone(zone)).collect();
        let today = now.with_timezone(&zone).date_naive();
        spans.extend(self.away.map(|away| {
            let end = match away {
                OutOfOffice::Now => after(zone, today),
                OutOfOffice::Through(day) => after(zone, day),
                OutOfOffice::Until(at) => at,
            };
            Span::new(midnight(zone, today), end)
        }));
        spans.retain(|span| !span.is_empty());
        spans
    }

    /// When they have something else to do, for finding a free slot; not merged.
    pub fn busy_spans(&self, zone: Tz) -> Vec<Span> {
        let taken = self.calendar.iter().filter(|entry| entry.shows != Shows::Free);
        taken.map(|entry| entry.time.in_zone(zone)).filter(|span| !span.is_empty()).collect()
    }
}

fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    moment(zone, day.and_time(NaiveTime::MIN))
}

/// The end of a day.
fn after(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    midnight(zone, day.checked_add_days(Days::new(1)).unwrap_or(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn meeting(from: &str, until: &str, shows: Shows) -> Appointment {
        Appointment { time: AppointmentTime::Span(Span::new(at(from), at(until))), shows }
    }

    const TOKYO: Tz = chrono_tz::Asia::Tokyo;

    #[test]
    fn the_day_is_that_of_the_rep() {
        let whole = AppointmentTime::Days { first: day("2026-11-22"), last: day("2026-11-23") };
        let desk = RepWorkload {
            calendar: vec![
                meeting("2026-11-22T14:00:00Z", "2026-11-22T14:30:00Z", Shows::Busy),
                meeting("2026-11-22T15:00:00Z", "2026-11-22T15:30:00Z", Shows::Busy),
                meeting("2026-11-22T16:00:00Z", "2026-11-22T16:30:00Z", Shows::Free),
                Appointment { time: whole, shows: Shows::Busy },
            ],
            ..RepWorkload::default()
        };
        // 15:00 UTC is midnight in Tokyo.
        let counts = ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"].map(|on| desk.activities(day(on), TOKYO));
        assert_eq!(counts, [0, 2, 2, 0]);
        assert_eq!(desk.activities(day("2026-11-22"), Tz::UTC), 3);
        assert_eq!(desk.busy_spans(TOKYO).len(), 3);
        assert_eq!(whole.in_zone(TOKYO), Span::new(at("2026-11-21T15:00:00Z"), at("2026-11-23T15:00:00Z")));
    }

    #[test]
    fn away_is_what_the_calendar_and_the_user_record_say() {
        let now = at("2026-11-22T20:00:00Z");
        let vacation = AppointmentTime::Days { first: day("2026-11-25"), last: day("2026-11-27") };
        let calendar = vec![Appointment { time: vacation, shows: Shows::Away }];
        let spans =
            |away| RepWorkload { calendar: calendar.clone(), away, ..RepWorkload::default() }.away_spans(now, TOKYO);
        assert_eq!(spans(None), [vacation.in_zone(TOKYO)]);
        // It is the 23rd in Tokyo.
        let starts = at("2026-11-22T15:00:00Z");
        for (away, ends) in [
            (OutOfOffice::Now, "2026-11-23T15:00:00Z"),
            (OutOfOffice::Through(day("2026-11-24")), "2026-11-24T15:00:00Z"),
            (OutOfOffice::Until(at("2026-11-24T08:00:00Z")), "2026-11-24T08:00:00Z"),
        ] {
            assert_eq!(spans(Some(away))[1], Span::new(starts, at(ends)), "{away:?}");
        }
        assert_eq!(spans(Some(OutOfOffice::Through(day("2026-11-22")))).len(), 1, "they are back");
    }
}
