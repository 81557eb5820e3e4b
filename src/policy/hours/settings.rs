//! `[hours]` and `[holidays]` of `routing.toml`.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Holiday, Schedule, Week, WeekError};

/// `[hours]`: when reps are at work, unless their own profile says otherwise.
///
/// ```toml
/// [hours]
/// week = "Mon-Fri 09:00-17:30"
/// zone = "Europe/Berlin"
/// holidays = ["germany"]
/// outside = "exclude"
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoursSettings {
    /// The working week; empty is around the clock.
    pub week: String,
    /// IANA time zone.
    pub zone: String,
    /// Names of the holiday calendars that count.
    pub holidays: Vec<String>,
    /// What becomes of a rep who is not at work.
    pub outside: Outside,
}

impl Default for HoursSettings {
    fn default() -> Self {
        Self { week: String::new(), zone: "UTC".into(), holidays: Vec::new(), outside: Outside::default() }
    }
}

/// What becomes of a rep who is not at work when a lead comes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outside {
    /// They are not in the pool.
    Exclude,
    /// They are in the pool, with a note, and their first free slot says how long the lead would wait.
    #[default]
    Note,
}

/// What one rep's hours are made from; what is not said is as in `[hours]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RepHours {
    /// Working week.
    pub week: Option<String>,
    /// IANA time zone.
    pub zone: Option<String>,
    /// Holiday calendars, instead of the common ones.
    pub holidays: Option<Vec<String>>,
}

/// `[holidays.<calendar>]`: days off by date (`2026-12-25`), or by month and day when they come every year (`12-25`).
///
/// ```toml
/// [holidays.germany]
/// "12-25" = "Christmas Day"
/// "2027-03-26" = "Good Friday"
/// ```
pub type HolidaySettings = BTreeMap<String, BTreeMap<HolidayKey, String>>;

/// A day of a holiday calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HolidayKey {
    /// One day.
    Date(NaiveDate),
    /// Every year on this day.
    Yearly {
        /// 1 to 12.
        month: u32,
        /// 1 to 31.
        day: u32,
    },
}

impl TryFrom<String> for HolidayKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 10
            && let Ok(date) = text.parse()
        {
            return Ok(Self::Date(date));
        }
        // A leap year, so that the 29th of February may be one.
        if text.len() == 5
            && let Ok(date) = format!("2024-{text}").parse::<NaiveDate>()
        {
            return Ok(Self::Yearly { month: date.month(), day: date.day() });
        }
        Err(format!("{text:?} is no holiday: write \"2026-12-25\" for one day or \"12-25\" for every year"))
    }
}

impl From<HolidayKey> for String {
    fn from(key: HolidayKey) -> Self {
        match key {
            HolidayKey::Date(date) => date.to_string(),
            HolidayKey::Yearly { month, day } => format!("{month:02}-{day:02}"),
        }
    }
}

/// What is wrong with hours in the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// The text of a week is none.
    #[error(transparent)]
    Week(#[from] WeekError),
    /// No such zone.
    #[error("{0:?} is no IANA time zone, such as \"Europe/Berlin\"")]
    Zone(String),
    /// No such calendar.
    #[error("there is no [holidays.{0}]")]
    Calendar(String),
}

impl HoursSettings {
    /// The schedule of a rep.
    pub fn schedule(&self, rep: &RepHours, calendars: &HolidaySettings) -> Result<Schedule, HoursError> {
        let zone = rep.zone.as_ref().unwrap_or(&self.zone);
        let zone: Tz = zone.trim().parse().map_err(|_| HoursError::Zone(zone.clone()))?;
        let week = rep.week.as_ref().unwrap_or(&self.week);
        let week = if week.trim().is_empty() { Week::always() } else { week.parse()? };
        let mut schedule = Schedule::new(zone, week);
        for name in rep.holidays.as_ref().unwrap_or(&self.holidays) {
            let days = calendars.get(name).ok_or_else(|| HoursError::Calendar(name.clone()))?;
            schedule = schedule.with_holidays(
                days.iter().map(|(day, what)| (*day, Holiday { calendar: name.clone(), name: what.clone() })),
            );
        }
        Ok(schedule)
    }
}
