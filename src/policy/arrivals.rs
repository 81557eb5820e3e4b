//! How many leads are still expected, by how many came in such hours before.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use super::capacity::CapKind;
use super::span::{Span, moment};

/// How far back leads are counted: far enough to know each weekday four times.
pub const LOOK_BACK: TimeDelta = TimeDelta::days(28);
/// A pace is not told by less time than this.
const LEAST_KNOWN: TimeDelta = TimeDelta::hours(1);

/// Leads that came, counted by short stretches of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// When each stretch began, in order.
    starts: Vec<DateTime<Utc>>,
    /// How many leads had come before each, and at the end how many in all.
    before: Vec<u64>,
}

impl Arrivals {
    /// Of stretches in order, each with when it began and how many leads came in it.
    pub fn new(stretches: impl IntoIterator<Item = (DateTime<Utc>, u32)>) -> Self {
        let mut arrivals = Self { starts: Vec::new(), before: vec![0] };
        let mut sum = 0;
        for (start, leads) in stretches {
            arrivals.starts.push(start);
            sum += u64::from(leads);
            arrivals.before.push(sum);
        }
        arrivals
    }

    /// All that came.
    pub fn total(&self) -> u64 {
        self.before.last().copied().unwrap_or(0)
    }

    /// The latest moment from which on at least so many came; the first of all where there are fewer.
    pub fn since(&self, leads: u64) -> Option<DateTime<Utc>> {
        let wanted = self.total().saturating_sub(leads);
        let at = self.before.iter().rposition(|before| *before <= wanted)?;
        self.starts.get(at.min(self.starts.len().checked_sub(1)?)).copied()
    }

    fn count(&self, within: Span) -> u64 {
        let until = |at| self.before[self.starts.partition_point(|start| *start < at)];
        until(within.end).saturating_sub(until(within.start.min(within.end)))
    }

    /// How many leads are expected from `now` to `end`: for each day of it, the mean of the same hours of days before,
    /// working days by working days and weekends by weekends as the clock of `zone` has them. Where less than a day is
    /// known, as many as came by the hour so far.
    pub fn expected(&self, now: DateTime<Utc>, end: DateTime<Utc>, zone: Tz) -> f64 {
        let Some(&first) = self.starts.first() else { return 0.0 };
        let mut expected = 0.0;
        let mut start = now;
        while start < end {
            // Day by day, so that each is compared with days of its kind.
            let midnight = renewed(CapKind::Day, start, zone).filter(|midnight| *midnight > start).unwrap_or(end);
            let part = Span::new(start, end.min(midnight));
            expected += self.of_past_days(part, first, now, zone).unwrap_or_else(|| {
                let known = (now - first).max(LEAST_KNOWN);
                self.count(Span::new(first, now)) as f64 * part.length().as_seconds_f64() / known.as_seconds_f64()
            });
            start = part.end;
        }
        expected
    }

    /// The mean over the same hours of days that are over.
    fn of_past_days(&self, part: Span, first: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Option<f64> {
        let weekend = |at: DateTime<Utc>| matches!(at.with_timezone(&zone).weekday(), Weekday::Sat | Weekday::Sun);
        let (mut alike, mut others) = ((0u64, 0u32), (0u64, 0u32));
        let days = (LOOK_BACK + (part.start - now)).num_days() + 1;
        for back in 1..=days {
            let past = Span::new(part.start - TimeDelta::days(back), part.end - TimeDelta::days(back));
            if past.end > now || past.start < first {
                continue;
            }
            let sum = if weekend(past.start) == weekend(part.start) { &mut alike } else { &mut others };
            *sum = (sum.0 + self.count(past), sum.1 + 1);
        }
        let mean = |(leads, days): (u64, u32)| (days > 0).then(|| leads as f64 / f64::from(days));
        mean(alike).or_else(|| mean(others))
    }
}

/// When there is room again under a cap of this kind, for somebody in this zone; `None` where no calendar says so.
pub fn renewed(kind: CapKind, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
    let today = now.with_timezone(&zone).date_naive();
    let day: NaiveDate = match kind {
        CapKind::Day => today.succ_opt()?,
        CapKind::Week => today.checked_add_days(Days::new(7 - u64::from(today.weekday().num_days_from_monday())))?,
        CapKind::Month => {
            let (year, month) =
                if today.month() == 12 { (today.year() + 1, 1) } else { (today.year(), today.month() + 1) };
            NaiveDate::from_ymd_opt(year, month, 1)?
        }
        CapKind::Open => return None,
    };
    Some(moment(zone, day.and_time(NaiveTime::MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Four leads an hour from nine to five on working days, one at noon on weekends.
    fn office(from: &str, days: i64) -> Arrivals {
        let start = at(from);
        let of = |day: i64| {
            let midnight = start + TimeDelta::days(day);
            let weekend = matches!(midnight.weekday(), Weekday::Sat | Weekday::Sun);
            let hours: Vec<(i64, u32)> = if weekend { vec![(12, 1)] } else { (9..17).map(|hour| (hour, 4)).collect() };
            hours.into_iter().map(move |(hour, leads)| (midnight + TimeDelta::hours(hour), leads))
        };
        Arrivals::new((0..days).flat_map(of))
    }

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found} instead of {wanted}");
    }

    #[test]
    fn the_same_hours_of_such_days_tell_what_is_to_come() {
        // Four weeks; now it is Monday.
        let (known, now) = (office("2026-10-26T00:00:00Z", 28), at("2026-11-23T13:00:00Z"));
        near(known.expected(now, at("2026-11-24T00:00:00Z"), Tz::UTC), 16.0);
        near(known.expected(now, at("2026-11-23T13:30:00Z"), Tz::UTC), 4.0);
        near(known.expected(now, at("2026-11-30T00:00:00Z"), Tz::UTC), 16.0 + 4.0 * 32.0 + 2.0);
        near(known.expected(now, now, Tz::UTC), 0.0);
        near(Arrivals::default().expected(now, at("2026-11-24T00:00:00Z"), Tz::UTC), 0.0);
    }

    #[test]
    fn where_little_is_known_the_pace_so_far_counts() {
        let now = at("2026-11-23T13:00:00Z");
        let known = Arrivals::new([(at("2026-11-23T11:00:00Z"), 6), (at("2026-11-23T12:45:00Z"), 2)]);
        near(known.expected(now, at("2026-11-23T16:00:00Z"), Tz::UTC), 12.0);
        // Minutes are no pace.
        let new = Arrivals::new([(at("2026-11-23T12:59:00Z"), 6)]);
        near(new.expected(now, at("2026-11-23T14:00:00Z"), Tz::UTC), 6.0);
    }

    #[test]
    fn the_latest_leads_are_found_by_how_many_they_are() {
        let hour = |hour: i64| at("2026-11-23T00:00:00Z") + TimeDelta::hours(hour);
        let known = Arrivals::new([(hour(1), 5), (hour(2), 3), (hour(3), 2)]);
        assert_eq!(known.total(), 10);
        assert_eq!([1, 2, 3, 5, 6, 99].map(|n| known.since(n).unwrap()), [3, 3, 2, 2, 1, 1].map(hour));
        assert_eq!(Arrivals::default().since(4), None);
    }

    #[test]
    fn room_is_renewed_when_the_calendar_turns() {
        let now = at("2026-12-31T22:30:00Z");
        let of = |kind| renewed(kind, now, Tz::Europe__Madrid).map(|at| at.to_rfc3339());
        // A Thursday, half past eleven at night.
        assert_eq!(of(CapKind::Day).unwrap(), "2026-12-31T23:00:00+00:00");
        assert_eq!(of(CapKind::Week).unwrap(), "2027-01-03T23:00:00+00:00");
        assert_eq!(of(CapKind::Month).unwrap(), "2026-12-31T23:00:00+00:00");
        assert_eq!(of(CapKind::Open), None);
    }
}
