//! Stretches of time, and what one can do with lists of them.

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A stretch of time, half open: the start belongs to it, the end does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The first moment after it.
    pub end: DateTime<Utc>,
}

impl Span {
    /// From `start` to `end`; empty when that is not forward.
    pub const fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        Self { start, end }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Whether a moment is in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }

    /// How long it is; zero when empty.
    pub fn length(&self) -> TimeDelta {
        (self.end - self.start).max(TimeDelta::zero())
    }

    /// What both have in common.
    #[must_use]
    pub fn clipped(&self, to: &Self) -> Self {
        Self { start: self.start.max(to.start), end: self.end.min(to.end) }
    }
}

/// The same moments as a list in order, without overlaps, touching stretches joined and empty ones left out.
#[must_use]
pub fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|s| !s.is_empty());
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

/// What is in `from` and in none of `away`. Both merged; so is the answer.
#[must_use]
pub fn without(from: &[Span], away: &[Span]) -> Vec<Span> {
    let mut out = Vec::with_capacity(from.len());
    let mut first = 0;
    for span in from {
        let mut start = span.start;
        // Both lists are in order: what ends before this stretch never matters again.
        while away.get(first).is_some_and(|a| a.end <= start) {
            first += 1;
        }
        for hole in away.iter().skip(first).take_while(|a| a.start < span.end) {
            if hole.start > start {
                out.push(Span::new(start, hole.start));
            }
            start = start.max(hole.end);
        }
        if start < span.end {
            out.push(Span::new(start, span.end));
        }
    }
    out
}

/// The moment that a clock on the wall means. A time that comes twice (clocks set back) means the first; one that never
/// comes (clocks set forward) is as long after the last time that did, so `02:30` becomes `03:30` (RFC 5545, 3.3.5).
pub fn moment(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // The offset that was in force a day earlier: no zone changes its clocks twice in a day.
            let before = zone.offset_from_utc_datetime(&(wall - TimeDelta::days(1))).fix();
            (wall - TimeDelta::seconds(before.local_minus_utc().into())).and_utc()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        prop::collection::vec((0i64..60, -3i64..12), 0..12)
            .prop_map(|v| v.into_iter().map(|(s, n)| Span::new(at(s), at(s + n))).collect())
    }

    proptest! {
        #[test]
        fn lists_hold_the_moments_they_should(a in spans(), b in spans()) {
            let (left, right) = (merged(a.clone()), merged(b.clone()));
            let rest = without(&left, &right);
            for list in [&left, &right, &rest] {
                prop_assert!(list.windows(2).all(|w| w[0].end < w[1].start) && list.iter().all(|s| !s.is_empty()));
            }
            for minute in -5..80 {
                let t = at(minute);
                let in_a = a.iter().any(|s| s.contains(t));
                let in_b = b.iter().any(|s| s.contains(t));
                prop_assert_eq!(left.iter().any(|s| s.contains(t)), in_a);
                prop_assert_eq!(rest.iter().any(|s| s.contains(t)), in_a && !in_b);
            }
        }
    }

    #[test]
    fn a_wall_clock_that_comes_never_or_twice_still_means_one_moment() {
        let wall = |s: &str| s.parse::<NaiveDateTime>().unwrap();
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(moment(zone, wall("2026-03-29T02:30:00")).to_rfc3339(), "2026-03-29T01:30:00+00:00");
        assert_eq!(moment(zone, wall("2026-10-25T02:30:00")).to_rfc3339(), "2026-10-25T00:30:00+00:00");
        // Beirut sets its clocks forward at midnight: the day begins at one.
        let beirut = moment(chrono_tz::Asia::Beirut, wall("2026-03-29T00:00:00"));
        assert_eq!(beirut.with_timezone(&chrono_tz::Asia::Beirut).to_rfc3339(), "2026-03-29T01:00:00+03:00");
    }
}
