//! How a file writes its dates, its numbers and "nothing".

use std::fmt::Write;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc};

/// Dates that exports write when nobody says otherwise: ISO 8601, with or without time and offset, and the offset
/// without a colon that Salesforce writes.
const DEFAULT_DATES: [&str; 7] = [
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];
/// Dates that people's exports have besides; only ever suggested, never guessed.
const COMMON_DATES: [(&str, &str); 12] = [
    ("%m/%d/%Y", "month first"),
    ("%d/%m/%Y", "day first"),
    ("%m/%d/%y", "month first"),
    ("%d/%m/%y", "day first"),
    ("%d.%m.%Y", "day first"),
    ("%d-%m-%Y", "day first"),
    ("%m-%d-%Y", "month first"),
    ("%Y/%m/%d", "year first"),
    ("%Y%m%d", "year first"),
    ("%d-%b-%Y", "day first"),
    ("%b %d, %Y", "month first"),
    ("%d %B %Y", "day first"),
];
/// Times of day that follow such a date.
const COMMON_TIMES: [&str; 6] = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S"];
/// Years that a CRM can hold. Outside them a format was misread: `%Y` takes "17" for the year 17.
const YEARS: std::ops::Range<i32> = 1970..2200;

/// How to read the values of one file.
#[derive(Clone, Debug)]
pub(super) struct Format {
    /// Date formats, tried in this order.
    pub(super) dates: Vec<DateFormat>,
    /// Between fields.
    pub(super) delimiter: u8,
    /// Whether `1,5` is one and a half.
    pub(super) decimal_comma: bool,
    /// Characters left out of numbers, such as a thousands separator or a currency sign.
    pub(super) ignore_in_numbers: Vec<char>,
    /// Values that mean "nothing". The empty value always does.
    pub(super) missing: Vec<String>,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            dates: DEFAULT_DATES.iter().filter_map(|pattern| DateFormat::new(pattern).ok()).collect(),
            delimiter: b',',
            decimal_comma: false,
            ignore_in_numbers: Vec::new(),
            missing: Vec::new(),
        }
    }
}

impl Format {
    /// The value, trimmed; `None` when it means "nothing".
    pub(super) fn present<'a>(&self, value: &'a str) -> Option<&'a str> {
        let value = value.trim();
        (!value.is_empty() && !self.missing.iter().any(|missing| missing == value)).then_some(value)
    }

    /// Reads a date or a time.
    pub(super) fn date(&self, value: &str) -> Option<When> {
        self.dates.iter().find_map(|format| format.read(value))
    }

    /// Reads a finite number.
    pub(super) fn number(&self, value: &str) -> Option<f64> {
        let mut plain = String::with_capacity(value.len());
        for c in value.chars().filter(|c| !self.ignore_in_numbers.contains(c)) {
            match c {
                ',' if self.decimal_comma => plain.push('.'),
                // With a decimal comma a point can only be a thousands separator, and those must be named.
                '.' if self.decimal_comma => return None,
                '0'..='9' | '.' | '+' | '-' | 'e' | 'E' => plain.push(c),
                _ => return None,
            }
        }
        plain.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The line of the map that would make a date readable, if a common format fits it.
    pub(super) fn date_cure(value: &str) -> String {
        let fitting: Vec<String> = COMMON_TIMES
            .iter()
            .flat_map(|time| COMMON_DATES.iter().map(move |(date, order)| (format!("{date}{time}"), *order)))
            .filter(|(pattern, _)| DateFormat::new(pattern).is_ok_and(|format| format.read(value).is_some()))
            .map(|(pattern, order)| format!("\"{pattern}\" ({order})"))
            .take(2)
            .collect();
        if fitting.is_empty() {
            "say how dates are written, in [format] date_formats of the map".to_owned()
        } else {
            format!("if dates are written so, put {} into [format] date_formats of the map", fitting.join(" or "))
        }
    }

    /// What to change so that a number becomes readable.
    pub(super) fn number_cure(&self, value: &str) -> String {
        let strange: Vec<String> = value
            .chars()
            .filter(|c| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.' | ',') && !c.is_alphabetic())
            .map(|c| format!("\"{c}\""))
            .take(3)
            .collect();
        if value.chars().any(char::is_alphabetic) || !value.chars().any(|c| c.is_ascii_digit()) {
            "if it means \"nothing\", list it under [format] missing in the map; if the column is no number, list it under \
             [features] categorical"
                .to_owned()
        } else if !strange.is_empty() {
            format!(
                "list what is no part of the number under [format] ignore_in_numbers in the map: {}",
                strange.join(", ")
            )
        } else if self.decimal_comma {
            "the map says decimal_comma = true; list the thousands separator under [format] ignore_in_numbers"
                .to_owned()
        } else {
            "if the comma is the decimal sign, set [format] decimal_comma = true in the map; if it separates thousands, \
             ignore_in_numbers = [\",\"]"
                .to_owned()
        }
    }
}

/// A date format in the notation of `strftime`.
#[derive(Clone, Debug)]
pub(super) struct DateFormat {
    items: Vec<Item<'static>>,
}

impl DateFormat {
    /// Takes a format that can tell a whole date.
    ///
    /// # Errors
    /// Says what the format lacks.
    pub(super) fn new(pattern: &str) -> Result<Self, &'static str> {
        let format = Self { items: StrftimeItems::new(pattern).parse_to_owned().map_err(|_| "is not understood")? };
        // `%#z` can be read but not written; `%z` stands in for it.
        let writable = pattern.replace("%#z", "%z");
        let sample =
            NaiveDate::from_ymd_opt(2017, 11, 25).and_then(|day| day.and_hms_opt(16, 5, 6)).unwrap_or_default();
        let mut written = String::new();
        if write!(written, "{}", Utc.from_utc_datetime(&sample).format(&writable)).is_err() {
            return Err("is not understood");
        }
        match format.read(&written) {
            Some(when) if when.start().date_naive() == sample.date() => Ok(format),
            _ => Err("does not hold a whole date"),
        }
    }

    fn read(&self, value: &str) -> Option<When> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, value, self.items.iter()).ok()?;
        let when = if let Ok(instant) = parsed.to_datetime() {
            When::Instant(instant.with_timezone(&Utc))
        } else if let Ok(local) = parsed.to_naive_datetime_with_offset(0) {
            When::Instant(local.and_utc())
        } else {
            When::Day(parsed.to_naive_date().ok()?)
        };
        YEARS.contains(&when.start().year()).then_some(when)
    }
}

/// What a file says about a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Date and time.
    Instant(DateTime<Utc>),
    /// Only the day.
    Day(NaiveDate),
}

impl When {
    /// The earliest moment it can mean.
    pub(super) fn start(self) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
        }
    }

    /// The latest moment it can mean, to the second.
    pub(super) fn end(self) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => {
                let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
                day.checked_add_days(Days::new(1))
                    .map_or_else(|| midnight(day), |next| midnight(next) - chrono::TimeDelta::seconds(1))
            }
        }
    }
}

#[cfg(test)]
mod tests;
