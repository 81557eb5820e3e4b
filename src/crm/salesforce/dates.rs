//! Dates as Salesforce writes and reads them: one form in JSON, one in SOQL, one in HTTP headers.

use chrono::{DateTime, Days, NaiveDate, SubsecRound, TimeDelta, Utc};

/// Reads a date-time of a JSON answer: `2026-11-22T00:00:00.000+0000` (no colon in the offset, which RFC 3339 asks
/// for), also with a colon or `Z`.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")
        .or_else(|_| DateTime::parse_from_rfc3339(text))
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

/// The last second of a calendar date such as `CloseDate`. A date has no time of day and no zone; what closed on a day
/// is known at its end at the latest, and nothing may be learnt from it earlier.
pub(super) fn end_of_day(text: &str) -> Option<DateTime<Utc>> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let midnight = date.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?.and_utc();
    midnight.checked_sub_signed(TimeDelta::seconds(1))
}

/// A date-time for a JSON body or a SOQL condition (unquoted there). Salesforce keeps whole seconds; a fraction is
/// written only where there is one, so that equality finds what was read.
pub(super) fn write(at: DateTime<Utc>) -> String {
    if at.timestamp_subsec_millis() == 0 {
        at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }
}

/// A date for a JSON body.
pub(super) fn write_date(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// `If-Unmodified-Since`, in the fixed format of RFC 9110 section 5.6.7. The header has whole seconds; a fraction is
/// rounded up, else the record could never be "unmodified since" its own last change.
pub(super) fn http(at: DateTime<Utc>) -> String {
    let whole = at.trunc_subsecs(0);
    let whole = if whole < at { whole.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(whole) } else { whole };
    whole.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads the `Date` header of an answer: the org's own clock.
pub(super) fn parse_http(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{mangled, text};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn every_way_salesforce_writes_a_moment_is_read() {
        let moment = at("2026-11-22T08:09:10Z");
        for text in ["2026-11-22T08:09:10.000+0000", "2026-11-22T08:09:10.000Z", "2026-11-22T09:09:10+01:00"] {
            assert_eq!(parse(text), Some(moment), "{text}");
        }
        assert_eq!(parse("2026-11-22"), None);
    }

    #[test]
    fn a_close_date_ends_with_its_last_second() {
        assert_eq!(end_of_day("2026-12-31"), Some(at("2026-12-31T23:59:59Z")));
        assert_eq!(end_of_day("2026-02-30"), None);
    }

    #[test]
    fn http_dates_round_up_and_read_back() {
        assert_eq!(http(at("2026-11-22T00:00:00Z")), "Sun, 22 Nov 2026 00:00:00 GMT");
        assert_eq!(http(at("2026-11-22T00:00:00.5Z")), "Sun, 22 Nov 2026 00:00:01 GMT");
        assert_eq!(parse_http("Sun, 22 Nov 2026 00:00:00 GMT"), Some(at("2026-11-22T00:00:00Z")));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in prop_oneof![text(32), mangled("2026-11-22T08:00:00.000+0000"), mangled("Sun, 22 Nov 2026 08:00:00 GMT")]) {
            let _read = (parse(&text), end_of_day(&text), parse_http(&text));
        }

        #[test]
        fn what_is_written_is_read_back(seconds in -2_000_000_000i64..5_000_000_000, millis in 0u32..1000) {
            let moment = DateTime::from_timestamp(seconds, millis * 1_000_000).unwrap();
            prop_assert_eq!(parse(&write(moment)), Some(moment));
        }

        #[test]
        fn an_edge_year_is_read_or_refused(year in -300_000i32..300_000) {
            let _read = end_of_day(&format!("{year}-12-31"));
        }
    }
}
