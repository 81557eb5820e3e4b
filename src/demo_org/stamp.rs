//! Moments as Salesforce stores and writes them: UTC, whole seconds, `+0000` without a colon.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

/// A moment in whole seconds since 1970, UTC. Anything finer is cut off, as in `LastModifiedDate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamp(i64);

impl Stamp {
    /// That many seconds since 1970.
    pub(crate) const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub(crate) const fn seconds(self) -> i64 {
        self.0
    }

    /// The start of the minute it lies in.
    pub(crate) const fn floor_minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(60))
    }

    /// The day it lies in.
    pub(crate) fn date(self) -> NaiveDate {
        self.utc().date_naive()
    }

    /// The same moment as a date and time.
    pub(crate) fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }

    /// Reads ISO 8601 with seconds and any offset (`Z`, `+0000`, `+00:00`), the form of request bodies and of SOQL.
    pub(crate) fn parse_iso(text: &str) -> Option<Self> {
        let with_offset = match text.strip_suffix('Z') {
            Some(bare) => format!("{bare}+0000"),
            None => text.to_owned(),
        };
        let parsed = DateTime::parse_from_str(&with_offset, "%Y-%m-%dT%H:%M:%S%.f%z").ok()?;
        Some(Self(parsed.timestamp()))
    }

    /// Reads the date of an HTTP header in its preferred form, `Sun, 22 Nov 2026 00:00:00 GMT` (RFC 9110, 5.6.7).
    pub(crate) fn parse_http(text: &str) -> Option<Self> {
        let parsed = NaiveDateTime::parse_from_str(text.trim(), "%a, %d %b %Y %H:%M:%S GMT").ok()?;
        Some(Self(parsed.and_utc().timestamp()))
    }

    /// As an HTTP header date.
    pub(crate) fn to_http(self) -> String {
        self.utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

impl From<DateTime<Utc>> for Stamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp())
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.utc().format("%Y-%m-%dT%H:%M:%S.000+0000").fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_is_read_and_one_is_written() {
        let at = Stamp::parse_iso("2026-11-22T00:00:00Z").unwrap();
        assert_eq!(at.to_string(), "2026-11-22T00:00:00.000+0000");
        for text in ["2026-11-22T00:00:00.000+0000", "2026-11-22T01:00:00+01:00", "2026-11-21T16:00:00.9-0800"] {
            assert_eq!(Stamp::parse_iso(text), Some(at), "{text}");
        }
        assert_eq!(Stamp::parse_http("Sun, 22 Nov 2026 00:00:00 GMT"), Some(at));
        assert_eq!(at.to_http(), "Sun, 22 Nov 2026 00:00:00 GMT");
    }

    #[test]
    fn half_a_date_is_no_moment() {
        for text in ["2026-11-22", "2026-11-22T00:00:00", "2026-11-22 00:00:00Z", "yesterday", ""] {
            assert_eq!(Stamp::parse_iso(text), None, "{text}");
        }
        assert_eq!(Stamp::parse_http("2026-11-22T00:00:00Z"), None);
        assert_eq!(Stamp::parse_http("Mon, 22 Nov 2026 00:00:00 GMT"), None, "the weekday must be right");
    }
}
