//! From the events of one series to stretches of time.
//!
//! Repetition is a matter of the clock on the wall: a meeting at 9:00 stays at 9:00 when clocks change. So the times of
//! a series are first brought to the wall clock of its zone, repeated there, and then looked up as moments.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz as IcsTz;
use calcard::icalendar::dates::TimeOrDelta;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarEntry, ICalendarFrequency, ICalendarParameterName, ICalendarPeriod,
    ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue,
};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::{Effect, Note};
use crate::policy::span::{Span, moment};

/// Most times one series is repeated: daily for fifty years.
const MAX_REPEATS: usize = 20_000;
/// Most series of one calendar that are repeated; those that ended long ago do not count. The library gives up on a rule
/// that is never met after a hundred thousand steps, so this bounds the work that a hostile calendar can cause.
const MAX_SERIES: usize = 100;
/// A series whose last time began so many days before the first moment of interest is over.
const OVER_AFTER_DAYS: i64 = 62;
/// Most numbers in the lists of one rule (`BYDAY`, `BYMONTHDAY`, …); people need a handful.
const MAX_RULE_PARTS: usize = 64;

/// What was read of a calendar so far.
pub(super) struct Reading {
    zone: Tz,
    within: Span,
    pub(super) away: Vec<Span>,
    pub(super) busy: Vec<Span>,
    pub(super) events: usize,
    pub(super) left_out: usize,
    series: usize,
    no_time: usize,
    repetitions: usize,
    zones: Vec<String>,
}

impl Reading {
    pub(super) fn new(zone: Tz, within: Span) -> Self {
        Self {
            zone,
            within,
            away: Vec::new(),
            busy: Vec::new(),
            events: 0,
            left_out: 0,
            series: 0,
            no_time: 0,
            repetitions: 0,
            zones: Vec::new(),
        }
    }

    pub(super) fn notes(self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.zones.into_iter().map(|name| Note::Zone { name }).collect();
        let mut add = |n: usize, note: Note| notes.extend((n > 0).then_some(note));
        add(self.no_time, Note::NoTime { events: self.no_time });
        add(self.repetitions, Note::Repetition { events: self.repetitions });
        add(self.left_out, Note::TooMuch { left_out: self.left_out });
        notes
    }

    fn add(&mut self, span: Span, effect: Effect) {
        let span = span.clipped(&self.within);
        if span.is_empty() {
            return;
        }
        match effect {
            Effect::Away => self.away.push(span),
            Effect::Busy => self.busy.push(span),
            Effect::Nothing => {}
        }
    }

    /// A period of published free and busy times; those are in UTC.
    pub(super) fn period(&mut self, period: &ICalendarPeriod, effect: Effect) {
        let clock = Clock::Zone(self.zone);
        let (start, end) = match period {
            ICalendarPeriod::Range { start, end } => (clock.exact(start, None), clock.exact(end, None)),
            ICalendarPeriod::Duration { start, duration } => {
                let start = clock.exact(start, None);
                let end = start.zip(duration.to_time_delta()).and_then(|(s, d)| s.checked_add_signed(d));
                (start, end)
            }
        };
        match start.zip(end) {
            Some((start, end)) => self.add(Span::new(start, end), effect),
            None => self.no_time += 1,
        }
    }
}

/// A clock on some wall.
#[derive(Clone, Copy, PartialEq)]
enum Clock {
    Zone(Tz),
    /// An offset from UTC in seconds, as some calendars name their zones.
    Offset(i32),
}

impl Clock {
    fn at(self, wall: NaiveDateTime) -> DateTime<Utc> {
        match self {
            Self::Zone(zone) => moment(zone, wall),
            Self::Offset(seconds) => (wall - TimeDelta::seconds(seconds.into())).and_utc(),
        }
    }

    fn wall(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Zone(zone) => at.with_timezone(&zone).naive_local(),
            Self::Offset(seconds) => at.naive_utc() + TimeDelta::seconds(seconds.into()),
        }
    }

    /// The moment of a time that may carry an offset itself, or stand on another clock.
    fn exact(self, time: &PartialDateTime, on: Option<Self>) -> Option<DateTime<Utc>> {
        let time = time.to_date_time()?;
        Some(match time.offset {
            Some(offset) => (time.date_time - TimeDelta::seconds(offset.local_minus_utc().into())).and_utc(),
            None => on.unwrap_or(self).at(time.date_time),
        })
    }
}

/// Adds what the events of one series say. The first that is no exception to the others gives the clock.
pub(super) fn series(events: &[(&ICalendarComponent, Effect)], zones: &TzResolver<&str>, reading: &mut Reading) {
    let main = events.iter().find(|(e, _)| !e.is_recurrence_override()).or(events.first());
    let start = main.and_then(|(e, _)| e.property(&ICalendarProperty::Dtstart));
    let clock = start.map_or(Clock::Zone(reading.zone), |entry| {
        // A start in UTC repeats by UTC.
        let utc = matches!(entry.values.first(), Some(ICalendarValue::PartialDateTime(t)) if t.tz_hour.is_some());
        if utc { Clock::Zone(Tz::UTC) } else { named(entry, zones, reading).unwrap_or(Clock::Zone(reading.zone)) }
    });
    let mut components = Vec::with_capacity(events.len());
    for (event, _) in events {
        components.push(on_the_wall(event, clock, zones, reading));
    }
    let expanded = ICalendar { components }.expand_dates(IcsTz::Floating, MAX_REPEATS);
    reading.no_time += expanded.errors.len();
    for event in expanded.events {
        let Some((_, effect)) = events.get(event.comp_id as usize) else { continue };
        let start = event.start.naive_local();
        let end = match event.end {
            TimeOrDelta::Time(end) => Some(end.naive_local()),
            TimeOrDelta::Delta(length) => start.checked_add_signed(length),
        };
        match end {
            Some(end) if end >= start => {
                let from = clock.at(start);
                // A start that the clock skips is moved on, perhaps past an end that it shows.
                let until = Some(clock.at(end)).filter(|until| *until > from).unwrap_or(from + (end - start));
                reading.add(Span::new(from, until), *effect);
            }
            _ => reading.no_time += 1,
        }
    }
}

/// The same event with every time on one wall clock, and without what could make its repetition endless.
fn on_the_wall(
    event: &ICalendarComponent,
    clock: Clock,
    zones: &TzResolver<&str>,
    reading: &mut Reading,
) -> ICalendarComponent {
    let mut out = ICalendarComponent { component_type: event.component_type.clone(), ..ICalendarComponent::default() };
    let mut rules = Vec::new();
    for entry in &event.entries {
        match entry.name {
            ICalendarProperty::Dtstart
            | ICalendarProperty::Dtend
            | ICalendarProperty::RecurrenceId
            | ICalendarProperty::Exdate
            | ICalendarProperty::Rdate => {
                let on = named(entry, zones, reading);
                let mut entry = entry.clone();
                entry.params.retain(|p| p.name != ICalendarParameterName::Tzid);
                for value in &mut entry.values {
                    move_to_wall(value, clock, on);
                }
                out.entries.push(entry);
            }
            ICalendarProperty::Duration => out.entries.push(entry.clone()),
            ICalendarProperty::Rrule => match entry.values.first() {
                Some(ICalendarValue::RecurrenceRule(rule)) if over(event, rule, reading.within.start) => {}
                Some(ICalendarValue::RecurrenceRule(rule)) if reasonable(rule) => {
                    reading.series += 1;
                    if reading.series > MAX_SERIES {
                        reading.left_out += 1;
                        continue;
                    }
                    rules.push(entry.clone());
                }
                _ => reading.repetitions += 1,
            },
            // What is left out is not needed. SEQUENCE would even harm: a changed date has a higher one than its series
            // and would no longer be found to belong to it.
            _ => {}
        }
    }
    if let Some(first) = start_of(&out) {
        let last = reading.within.end;
        out.entries.extend(rules.into_iter().filter_map(|rule| ending(rule, first, clock, last)));
    }
    out
}

/// A rule with an end, on the wall: nobody asks for what comes after `last`. `None` when it ends before the event itself
/// begins, which the library takes for an error.
fn ending(
    mut entry: ICalendarEntry,
    first: NaiveDateTime,
    clock: Clock,
    last: DateTime<Utc>,
) -> Option<ICalendarEntry> {
    let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first_mut() else { return None };
    let last = clock.wall(last);
    let until = rule.until.take().map(|mut until| {
        end_on_wall(&mut until, clock);
        until
    });
    let until = until.and_then(|u| u.to_date_time()).map_or(last, |until| until.date_time.min(last));
    rule.until = Some(partial(until));
    (first <= until).then_some(entry)
}

/// When an event begins, on whatever wall it names.
fn start_of(event: &ICalendarComponent) -> Option<NaiveDateTime> {
    match event.property(&ICalendarProperty::Dtstart)?.values.first()? {
        ICalendarValue::PartialDateTime(time) => Some(time.to_date_time()?.date_time),
        _ => None,
    }
}

/// The clock that an entry names.
fn named(entry: &ICalendarEntry, zones: &TzResolver<&str>, reading: &mut Reading) -> Option<Clock> {
    let name = entry.tz_id()?;
    match zones.resolve(name) {
        Some(IcsTz::Tz(zone)) => Some(Clock::Zone(zone)),
        Some(IcsTz::Fixed(offset)) => Some(Clock::Offset(offset.local_minus_utc())),
        Some(IcsTz::Floating) | None => {
            if reading.zones.len() < 5 && !reading.zones.iter().any(|z| z == name) {
                reading.zones.push(name.chars().take(60).collect());
            }
            None
        }
    }
}

fn move_to_wall(value: &mut ICalendarValue, clock: Clock, on: Option<Clock>) {
    let moved = |time: &mut PartialDateTime| {
        // A whole day is the same day on every wall; and a time that is on this wall already stays as it is, because it
        // may be one that this clock does not show on that day, but on others.
        let elsewhere = time.tz_hour.is_some() || on.is_some_and(|on| on != clock);
        if time.hour.is_some()
            && elsewhere
            && let Some(at) = clock.exact(time, on)
        {
            *time = partial(clock.wall(at));
        }
    };
    match value {
        ICalendarValue::PartialDateTime(time) => moved(time),
        ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
            moved(start);
            moved(end);
        }
        ICalendarValue::Period(ICalendarPeriod::Duration { start, .. }) => moved(start),
        _ => {}
    }
}

/// The end of a repetition is usually in UTC; a day means all of it.
fn end_on_wall(until: &mut PartialDateTime, clock: Clock) {
    if until.hour.is_none() {
        (until.hour, until.minute, until.second) = (Some(23), Some(59), Some(59));
    } else if until.tz_hour.is_some()
        && let Some(at) = clock.exact(until, None)
    {
        *until = partial(clock.wall(at));
    }
}

fn partial(wall: NaiveDateTime) -> PartialDateTime {
    PartialDateTime {
        year: u16::try_from(wall.year()).ok(),
        month: Some(wall.month() as u8),
        day: Some(wall.day() as u8),
        hour: Some(wall.hour() as u8),
        minute: Some(wall.minute() as u8),
        second: Some(wall.second() as u8),
        ..PartialDateTime::default()
    }
}

/// Whether a series certainly ended long before `start`, so that it need not be repeated.
fn over(event: &ICalendarComponent, rule: &ICalendarRecurrenceRule, start: DateTime<Utc>) -> bool {
    let first = start_of(event);
    let until = rule.until.as_ref().and_then(PartialDateTime::to_date_time).map(|t| t.date_time);
    let counted = first.zip(rule.count).and_then(|(first, count)| {
        let step = match rule.freq {
            ICalendarFrequency::Daily => 1,
            ICalendarFrequency::Weekly => 7,
            ICalendarFrequency::Monthly => 31,
            ICalendarFrequency::Yearly => 366,
            _ => return None,
        };
        // Conditions can make a rule skip turns, and so can a day that not every month has; days of the week in a weekly
        // one cannot.
        let weekly = rule.freq == ICalendarFrequency::Weekly;
        let plain = parts(rule) == if weekly { rule.byday.len() } else { 0 } && first.day() <= 28;
        let turns = i64::from(count) * i64::from(rule.interval.unwrap_or(1));
        plain.then(|| first.checked_add_signed(TimeDelta::try_days(turns * step)?)).flatten()
    });
    let last = match (until, counted) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    last.is_some_and(|last| last.and_utc() < start - TimeDelta::days(OVER_AFTER_DAYS))
}

/// How many numbers are in the lists of a rule that name days.
fn parts(rule: &ICalendarRecurrenceRule) -> usize {
    rule.byday.len()
        + rule.bymonthday.len()
        + rule.byyearday.len()
        + rule.byweekno.len()
        + rule.bymonth.len()
        + rule.bysetpos.len()
}

/// Whether a rule is one that absences and appointments have. Others could make a small text mean a great deal of work.
fn reasonable(rule: &ICalendarRecurrenceRule) -> bool {
    let daily_or_slower = matches!(
        rule.freq,
        ICalendarFrequency::Daily
            | ICalendarFrequency::Weekly
            | ICalendarFrequency::Monthly
            | ICalendarFrequency::Yearly
    );
    let times = rule.byhour.len().max(1) * rule.byminute.len().max(1) * rule.bysecond.len().max(1);
    daily_or_slower && times <= 4 && parts(rule) <= MAX_RULE_PARTS
}
