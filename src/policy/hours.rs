//! Working hours: when a rep is at work, by the clock on their own wall.
//!
//! A moment is working time when the clock in the rep's zone shows a time inside one of their shifts. Where clocks are
//! set forward, the times that are skipped are simply never shown; where they are set back, the hour that is shown
//! twice counts twice. A shift belongs to the day on which it begins: a holiday cancels the shifts that begin on it,
//! also the part of a night shift that lies after midnight.

mod settings;
mod week;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

pub use settings::{HolidayKey, HolidaySettings, HoursError, HoursSettings, Outside, RepHours};
pub use week::{Week, WeekError};

use super::span::{Span, merged};
use std::collections::BTreeMap;

/// How far ahead an opening is looked for. Longer than any sequence of holidays.
const HORIZON_DAYS: u64 = 62;
/// A rep's clock differs from UTC by less than this.
const FARTHEST_ZONE: TimeDelta = TimeDelta::hours(26);

/// The working hours of one rep.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    zone: Tz,
    week: Week,
    holidays: BTreeMap<HolidayKey, Holiday>,
}

/// Why a day is none to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The calendar it is in.
    pub calendar: String,
    /// Its name, raw.
    pub name: String,
}

/// Whether a rep is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// At work.
    Open,
    /// Not at work.
    Closed {
        /// When they begin again, unless that is further off than two months.
        opens: Option<DateTime<Utc>>,
        /// The holiday that is the reason, when there would have been a shift otherwise.
        holiday: Option<Holiday>,
    },
}

impl Schedule {
    /// Hours in a zone, without holidays.
    pub const fn new(zone: Tz, week: Week) -> Self {
        Self { zone, week, holidays: BTreeMap::new() }
    }

    /// Always at work. The zone still says when their days begin.
    pub fn always(zone: Tz) -> Self {
        Self::new(zone, Week::always())
    }

    /// Whether no working hours are known.
    pub fn is_always(&self) -> bool {
        self.week == Week::always()
    }

    /// The same with these days off.
    #[must_use]
    pub fn with_holidays(mut self, days: impl IntoIterator<Item = (HolidayKey, Holiday)>) -> Self {
        for (day, holiday) in days {
            self.holidays.entry(day).or_insert(holiday);
        }
        self
    }

    /// The rep's zone.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The holiday that a day is.
    pub fn holiday(&self, day: NaiveDate) -> Option<&Holiday> {
        self.holidays
            .get(&HolidayKey::Date(day))
            .or_else(|| self.holidays.get(&HolidayKey::Yearly { month: day.month(), day: day.day() }))
    }

    /// Whether the rep is at work.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.on_shift(at, |day| self.holiday(day).is_none())
    }

    /// Whether a shift that began on a day of this kind is going on.
    fn on_shift(&self, at: DateTime<Utc>, counts: impl Fn(NaiveDate) -> bool) -> bool {
        let local = at.with_timezone(&self.zone).naive_local();
        let second = local.time().num_seconds_from_midnight();
        let within = |day: NaiveDate, second: u32| {
            self.week.shifts(day.weekday()).iter().any(|s| s.start * 60 <= second && second < s.end * 60) && counts(day)
        };
        let today = local.date();
        within(today, second) || today.pred_opt().is_some_and(|day| within(day, second + 24 * 3600))
    }

    /// Whether the rep is at work, and if not, why and until when.
    pub fn state(&self, at: DateTime<Utc>) -> State {
        if self.is_open(at) {
            return State::Open;
        }
        let local = at.with_timezone(&self.zone).date_naive();
        let would = self.on_shift(at, |_| true);
        let holiday = would.then(|| self.holiday(local).or_else(|| self.holiday(local.pred_opt()?))).flatten();
        State::Closed { opens: self.next_opening(at), holiday: holiday.cloned() }
    }

    /// The first moment from `at` on at which the rep is at work: `at` itself when they are. `None` when there is none
    /// within two months.
    pub fn next_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_open(at) {
            return Some(at);
        }
        let first = at.with_timezone(&self.zone).date_naive().pred_opt()?;
        (0..=HORIZON_DAYS + 1)
            .filter_map(|n| first.checked_add_days(Days::new(n)))
            .find_map(|day| self.shifts_of(day).into_iter().map(|s| s.start).find(|start| *start >= at))
    }

    /// The working time between two moments, in order and merged.
    pub fn open_spans(&self, within: Span) -> Vec<Span> {
        if within.is_empty() {
            return Vec::new();
        }
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let last = local(within.end);
        let mut spans = Vec::new();
        let mut day = local(within.start).pred_opt();
        while let Some(today) = day.filter(|d| *d <= last) {
            spans.extend(self.shifts_of(today).iter().map(|s| s.clipped(&within)));
            day = today.succ_opt();
        }
        merged(spans)
    }

    /// How long the rep is at work between two moments.
    pub fn working_time(&self, within: Span) -> TimeDelta {
        self.open_spans(within).iter().map(Span::length).sum()
    }

    /// The moment at which the rep has been at work for so long since `from`; `None` if that is more than two months later.
    pub fn worked(&self, from: DateTime<Utc>, length: TimeDelta) -> Option<DateTime<Utc>> {
        let mut left = length;
        let mut week = Span::new(from, from + TimeDelta::weeks(1));
        let end = from.checked_add_days(Days::new(HORIZON_DAYS))?;
        while week.start < end {
            for open in self.open_spans(week) {
                if left <= open.length() {
                    return Some(open.start + left);
                }
                left -= open.length();
            }
            week = Span::new(week.end, week.end + TimeDelta::weeks(1));
        }
        None
    }

    /// On how many days, by the rep's calendar, a stretch of time lies.
    pub fn days_touched(&self, within: Span) -> u32 {
        if within.is_empty() {
            return 0;
        }
        let day = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let last = day(within.end - TimeDelta::nanoseconds(1));
        u32::try_from((last - day(within.start)).num_days() + 1).unwrap_or(0)
    }

    /// How many working days after the day of one moment there have been up to that of another, both by the rep's
    /// calendar: 0 on the same day.
    pub fn working_days(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> u32 {
        let day = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let works = |d: &NaiveDate| !self.week.shifts(d.weekday()).is_empty() && self.holiday(*d).is_none();
        let last = day(until);
        let days = day(since).iter_days().skip(1).take_while(|d| *d <= last).filter(works).count();
        u32::try_from(days).unwrap_or(u32::MAX)
    }

    /// The shifts that begin on a day, in order.
    fn shifts_of(&self, day: NaiveDate) -> Vec<Span> {
        if self.holiday(day).is_some() {
            return Vec::new();
        }
        let midnight = day.and_time(NaiveTime::MIN);
        let mut spans = Vec::new();
        for shift in self.week.shifts(day.weekday()) {
            let start = midnight + TimeDelta::minutes(shift.start.into());
            let end = midnight + TimeDelta::minutes(shift.end.into());
            // The offset from UTC may change once around a shift; on either side of the change the shift is what lies
            // between the two readings of the clock.
            let (early, late) = (start.and_utc() - FARTHEST_ZONE, end.and_utc() + FARTHEST_ZONE);
            let (before, after) = (self.offset(early), self.offset(late));
            let by = |offset| Span::new(start.and_utc() - offset, end.and_utc() - offset);
            if before == after {
                spans.push(by(before));
            } else {
                let change = self.change(early, late);
                spans.push(by(before).clipped(&Span::new(early, change)));
                spans.push(by(after).clipped(&Span::new(change, late)));
            }
        }
        merged(spans)
    }

    fn offset(&self, at: DateTime<Utc>) -> TimeDelta {
        TimeDelta::seconds(self.zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc().into())
    }

    /// The first moment after `early` that has another offset; `late` has one.
    fn change(&self, early: DateTime<Utc>, late: DateTime<Utc>) -> DateTime<Utc> {
        let before = self.offset(early);
        let (mut low, mut high) = (early, late);
        while high - low > TimeDelta::seconds(1) {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            if self.offset(middle) == before {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests;
