//! A calendar as iCalendar text (RFC 5545): when its owner is out of office, and when busy.
//!
//! Every calendar program publishes it, and so do the programs HR keeps leave in. What an event is about is its owner's
//! business and is not kept. The text comes from outside: its size, the number of its events and the work that a
//! repetition can cause are bounded, and what was left out is said.

mod expand;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarFreeBusyType, ICalendarMethod,
    ICalendarParameterName, ICalendarParameterValue, ICalendarProperty, ICalendarStatus, ICalendarTransparency,
    ICalendarValue,
};
use calcard::{Entry, Parser};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::policy::span::{Span, merged};

/// Largest calendar that is read, in bytes.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most events of one calendar that are looked at.
const MAX_EVENTS: usize = 50_000;

/// What the events of a calendar mean.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Means {
    /// A person's calendar: only events that are marked as out of office are absences, others keep them busy.
    #[default]
    Appointments,
    /// A calendar of leave, as programs for HR publish it: every event is an absence.
    Leave,
}

/// What a calendar says of a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Out of office, in order and merged.
    pub away: Vec<Span>,
    /// Busy or out of office, in order and merged.
    pub busy: Vec<Span>,
    /// What could not be read as meant.
    pub notes: Vec<Note>,
}

/// Something in a calendar that could not be read as meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// An event has no time that makes sense and was left out.
    NoTime {
        /// How many.
        events: usize,
    },
    /// A repetition cannot be read, or repeats more often than daily; only the first time counts.
    Repetition {
        /// How many.
        events: usize,
    },
    /// No such time zone is known; times were read by the rep's own clock.
    Zone {
        /// As the calendar calls it, raw.
        name: String,
    },
    /// There is more than is looked at.
    TooMuch {
        /// How many events or repetitions were left out.
        left_out: usize,
    },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = |n: &usize| if *n == 1 { "" } else { "s" };
        match self {
            Self::NoTime { events } => write!(f, "{events} event{} without a readable time left out", s(events)),
            Self::Repetition { events } => {
                write!(f, "{events} repetition{} not understood, only the first time counts", s(events))
            }
            Self::Zone { name } => write!(f, "time zone {name:?} is not known, read by the rep's own clock"),
            Self::TooMuch { left_out } => write!(f, "{left_out} event{} beyond the limits left out", s(left_out)),
        }
    }
}

/// Why a calendar is not read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IcsError {
    /// Larger than [`MAX_BYTES`].
    #[error("the calendar has more than {} MB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    /// Another kind of text, such as a login page.
    #[error("this is no calendar: it does not begin with BEGIN:VCALENDAR")]
    NoCalendar,
    /// The end is missing, so that absences may be missing.
    #[error("the calendar is cut off: it does not end with END:VCALENDAR")]
    CutOff,
    /// The library that reads it failed.
    #[error("the calendar cannot be read")]
    Unreadable,
}

/// What an event does to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Away,
    Busy,
    Nothing,
}

/// Reads what a calendar says of `within`. Times without a zone and whole days are by the clock of `zone`, the rep's.
pub fn parse(text: &str, zone: Tz, within: Span, means: Means) -> Result<Calendar, IcsError> {
    if text.len() > MAX_BYTES {
        return Err(IcsError::TooLarge);
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    let is = |part: Option<&str>, wanted: &str| part.is_some_and(|p| p.eq_ignore_ascii_case(wanted));
    if !is(text.get(..15), "BEGIN:VCALENDAR") {
        return Err(IcsError::NoCalendar);
    }
    if !is(text.get(text.len().saturating_sub(13)..), "END:VCALENDAR") {
        return Err(IcsError::CutOff);
    }
    // A library that a calendar makes panic must not stop those of other reps from being read.
    catch_unwind(AssertUnwindSafe(|| read(text, zone, within, means))).map_err(|_| IcsError::Unreadable)
}

fn read(text: &str, zone: Tz, within: Span, means: Means) -> Calendar {
    let mut parser = Parser::new(text);
    let mut reading = expand::Reading::new(zone, within);
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => calendar_read(&calendar, means, &mut reading),
            Entry::Eof => break,
            _ => {}
        }
    }
    let away = merged(std::mem::take(&mut reading.away));
    let busy = std::mem::take(&mut reading.busy);
    Calendar { busy: merged(busy.into_iter().chain(away.iter().copied()).collect()), away, notes: reading.notes() }
}

fn calendar_read(calendar: &ICalendar, means: Means, reading: &mut expand::Reading) {
    let Some(root) = calendar.components.first() else { return };
    let cancels = |e: &calcard::icalendar::ICalendarEntry| {
        matches!(e.values.first(), Some(ICalendarValue::Method(ICalendarMethod::Cancel)))
    };
    if root.entries.iter().any(cancels) {
        return;
    }
    let zones = calendar.build_tz_resolver();
    // The events of one series have one UID. Series are expanded one by one, so that none can be mistaken for, or use
    // up the limits of, another.
    let mut series: BTreeMap<&str, Vec<(&ICalendarComponent, Effect)>> = BTreeMap::new();
    let mut alone = Vec::new();
    for component in &calendar.components {
        match component.component_type {
            ICalendarComponentType::VEvent => {}
            ICalendarComponentType::VFreebusy => {
                free_busy(component, reading);
                continue;
            }
            _ => continue,
        }
        if reading.events >= MAX_EVENTS {
            reading.left_out += 1;
            continue;
        }
        reading.events += 1;
        let event = (component, effect(component, means));
        match component.uid() {
            Some(uid) => series.entry(uid).or_default().push(event),
            None => alone.push(vec![event]),
        }
    }
    // Absences first: if a limit is reached, then by appointments.
    let all: Vec<_> = series.into_values().chain(alone).collect();
    let has = |events: &[(&ICalendarComponent, Effect)], wanted| events.iter().any(|(_, effect)| *effect == wanted);
    for events in all.iter().filter(|events| has(events, Effect::Away)) {
        expand::series(events, &zones, reading);
    }
    for events in all.iter().filter(|events| !has(events, Effect::Away) && has(events, Effect::Busy)) {
        expand::series(events, &zones, reading);
    }
}

fn effect(event: &ICalendarComponent, means: Means) -> Effect {
    if event.status() == Some(&ICalendarStatus::Cancelled) {
        return Effect::Nothing;
    }
    if means == Means::Leave {
        return Effect::Away;
    }
    // Exchange and Outlook say what an appointment does to its owner; of an invitation, what it was meant to do.
    let said = |name: &str| {
        event.entries.iter().find_map(|e| match (&e.name, e.values.first()) {
            (ICalendarProperty::Other(n), Some(value)) if n.eq_ignore_ascii_case(name) => value.as_text(),
            _ => None,
        })
    };
    let status = said("X-MICROSOFT-CDO-BUSYSTATUS").or_else(|| said("X-MICROSOFT-CDO-INTENDEDSTATUS"));
    match status.map(|s| s.trim().to_ascii_uppercase()).as_deref() {
        Some("OOF") => Effect::Away,
        Some("FREE" | "WORKINGELSEWHERE") => Effect::Nothing,
        Some("BUSY" | "TENTATIVE") => Effect::Busy,
        _ if event.transparency() == Some(&ICalendarTransparency::Transparent) => Effect::Nothing,
        _ => Effect::Busy,
    }
}

/// The published free and busy times of RFC 5545, 3.6.4: no events, only periods.
fn free_busy(component: &ICalendarComponent, reading: &mut expand::Reading) {
    for entry in component.entries.iter().filter(|e| e.name == ICalendarProperty::Freebusy) {
        let kind = entry.params.iter().find_map(|p| match (&p.name, &p.value) {
            (ICalendarParameterName::Fbtype, ICalendarParameterValue::Fbtype(kind)) => Some(kind),
            _ => None,
        });
        let effect = match kind {
            Some(ICalendarFreeBusyType::Free) => continue,
            Some(ICalendarFreeBusyType::BusyUnavailable) => Effect::Away,
            _ => Effect::Busy,
        };
        for value in &entry.values {
            if let ICalendarValue::Period(period) = value {
                reading.period(period, effect);
            }
        }
    }
}

#[cfg(test)]
mod tests;
