//! Who is away, from as many sources as there are: the CRM's out-of-office entries, calendars (ICS) and a file from HR.
//!
//! What a source does not know is not held against anybody: a rep of whom nothing is known is available. A source that
//! could not be read, or was read too long ago, is said to be so on every screen, because it may be wrong about
//! somebody; what it said last still counts until then.
//!
//! Here text becomes spans and spans become answers; files and addresses are read elsewhere.

pub mod hr;
pub mod ics;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::hours::Schedule;
use super::span::{Span, merged};
use crate::domain::ids::RepId;

/// `[absence]` of `routing.toml`.
///
/// ```toml
/// [absence]
/// stale_after_hours = 24
///
/// [[absence.calendar]]
/// name = "ana"
/// rep = "ana@acme.example"
/// file = "calendars/ana.ics"
/// means = "appointments"
///
/// [[absence.hr]]
/// name = "personnel"
/// file = "leave.csv"
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AbsenceSettings {
    /// A source that was read longer ago than this makes a warning.
    pub stale_after_hours: u32,
    /// Calendars of reps, as files: the address of a calendar is a secret, and these settings are shown to people.
    #[serde(rename = "calendar")]
    pub calendars: Vec<CalendarSource>,
    /// Lists of absences from HR.
    #[serde(rename = "hr")]
    pub lists: Vec<ListSource>,
}

impl Default for AbsenceSettings {
    fn default() -> Self {
        Self { stale_after_hours: 24, calendars: Vec::new(), lists: Vec::new() }
    }
}

impl AbsenceSettings {
    /// What is wrong with the settings, each with its dotted key: two sources of a kind with one name could not be told
    /// apart.
    pub fn problems(&self) -> Vec<(String, String)> {
        let calendars = self.calendars.iter().enumerate().map(|(at, one)| ("calendar", at, &one.name, &one.file));
        let lists = self.lists.iter().enumerate().map(|(at, one)| ("hr", at, &one.name, &one.file));
        let mut known = BTreeSet::new();
        let mut problems = Vec::new();
        for (kind, at, name, file) in calendars.chain(lists) {
            let mut problem =
                |field: &str, what: String| problems.push((format!("absence.{kind}[{at}].{field}"), what));
            if file.trim().is_empty() {
                problem("file", "no file is named".to_owned());
            }
            if name.trim().is_empty() {
                problem("name", "a source without a name cannot be told from others".to_owned());
            } else if !known.insert((kind, name)) {
                problem("name", format!("there is a [[absence.{kind}]] {name:?} already"));
            }
        }
        problems
    }
}

/// `[[absence.calendar]]`: one calendar of one rep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSource {
    /// What it is called.
    pub name: String,
    /// Whose it is, by id, user name, e-mail address or name.
    pub rep: String,
    /// The file, seen from where the rules are.
    pub file: String,
    /// What its events mean.
    #[serde(default)]
    pub means: ics::Means,
}

/// `[[absence.hr]]`: one list of absences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSource {
    /// What it is called.
    pub name: String,
    /// The file, seen from where the rules are.
    pub file: String,
}

/// Where it is known from that somebody is away.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Source {
    /// Out-of-office entries of the CRM.
    Crm,
    /// A calendar, by the name it has in the settings.
    Calendar(String),
    /// A file from HR, by its name.
    HrFile(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Crm => f.write_str("the CRM"),
            Self::Calendar(name) => write!(f, "the calendar {name}"),
            Self::HrFile(name) => write!(f, "the HR file {name}"),
        }
    }
}

/// One time that one rep is away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Who.
    pub rep: RepId,
    /// When.
    pub span: Span,
    /// What kind of absence, as the source calls it, raw (`vacation`, `Parental leave`).
    pub kind: Option<String>,
}

/// What one source said when it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Which.
    pub source: Source,
    /// When it was last read whole; `None` when it never was.
    pub read_at: Option<DateTime<Utc>>,
    /// Why it cannot be read now, in words.
    pub problem: Option<String>,
    /// What it said when it was last read.
    pub away: Vec<Away>,
    /// When it said that reps have something else to do, absences included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub busy: BTreeMap<RepId, Vec<Span>>,
}

impl Feed {
    /// A source that was read whole.
    pub const fn read(source: Source, at: DateTime<Utc>, away: Vec<Away>) -> Self {
        Self { source, read_at: Some(at), problem: None, away, busy: BTreeMap::new() }
    }
}

/// Something about a source that a manager should know before trusting who is available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Warning {
    /// It cannot be read.
    Unreadable {
        /// Which.
        source: Source,
        /// Why.
        problem: String,
        /// When it was last read; until then its word counts.
        read_at: Option<DateTime<Utc>>,
    },
    /// It was never read.
    NeverRead {
        /// Which.
        source: Source,
    },
    /// It was read too long ago.
    Stale {
        /// Which.
        source: Source,
        /// When it was last read.
        read_at: DateTime<Utc>,
        /// How long ago that is.
        hours: i64,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unknown = "absences in it are unknown, their reps count as available";
        match self {
            Self::Unreadable { source, problem, read_at: None } => {
                write!(f, "{source} cannot be read ({problem}): {unknown}")
            }
            Self::Unreadable { source, problem, read_at: Some(at) } => {
                write!(f, "{source} cannot be read ({problem}): newer than {} {unknown}", at.format("%d %b %H:%M UTC"))
            }
            Self::NeverRead { source } => write!(f, "{source} was never read: {unknown}"),
            Self::Stale { source, hours, .. } => {
                write!(f, "{source} was last read {hours} hours ago: newer {unknown}")
            }
        }
    }
}

/// That a rep is away at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// From when to when, all sources together.
    pub span: Span,
    /// When they are at work again: after absences that follow, weekends and holidays. `None` when that is not within
    /// two months after the absence.
    pub back: Option<DateTime<Utc>>,
    /// What kind of absence, if a source says so, raw.
    pub kind: Option<String>,
    /// Which sources say so.
    pub sources: Vec<Source>,
}

/// That a rep has come back from leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Their first moment at work.
    pub since: DateTime<Utc>,
    /// The leave.
    pub away: Span,
    /// On how many days, by their calendar, they were away.
    pub away_days: u32,
    /// Working days since: 0 on the first.
    pub days_back: u32,
}

/// What is known of one rep.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    /// As the sources said it, in order.
    said: Vec<(Span, Option<String>, Source)>,
    /// All together, merged.
    spans: Vec<Span>,
}

/// All absences that are known of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Absences {
    by_rep: BTreeMap<RepId, Known>,
    warnings: Vec<Warning>,
}

impl Absences {
    /// Puts sources together, as they are to be judged at `now`.
    pub fn gather(feeds: &[Feed], now: DateTime<Utc>, settings: &AbsenceSettings) -> Self {
        let mut by_rep: BTreeMap<RepId, Known> = BTreeMap::new();
        let mut warnings = Vec::new();
        for feed in feeds {
            warnings.extend(warning(feed, now, settings));
            for away in feed.away.iter().filter(|a| !a.span.is_empty()) {
                let entry = (away.span, away.kind.clone(), feed.source.clone());
                by_rep.entry(away.rep.clone()).or_default().said.push(entry);
            }
        }
        for known in by_rep.values_mut() {
            known.said.sort();
            known.said.dedup();
            known.spans = merged(known.said.iter().map(|(span, ..)| *span).collect());
        }
        Self { by_rep, warnings }
    }

    /// What a manager should know about the sources.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// When a rep is away, in order and merged.
    pub fn spans(&self, rep: &RepId) -> &[Span] {
        self.by_rep.get(rep).map_or(&[], |known| &known.spans)
    }

    /// Whether a rep is away at a moment, with what is known of it.
    pub fn at(&self, rep: &RepId, at: DateTime<Utc>, schedule: &Schedule) -> Option<Absent> {
        let spans = self.spans(rep);
        let span = *spans.iter().find(|s| s.contains(at))?;
        // Of what makes up this absence, what covers the moment explains it best.
        let mut kind = None;
        let mut sources: Vec<Source> = Vec::new();
        for (_, its_kind, source) in self.by_rep.get(rep)?.said.iter().filter(|(part, ..)| part.contains(at)) {
            kind = kind.or_else(|| its_kind.clone());
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
        sources.sort();
        Some(Absent { span, back: back(spans, span.end, schedule), kind, sources })
    }

    /// The leave that a rep has come back from most recently: absences on at least `least_days` days, with nothing but
    /// free time between them. `None` while they are away, and without any leave before.
    pub fn returned(&self, rep: &RepId, now: DateTime<Utc>, schedule: &Schedule, least_days: u32) -> Option<Returned> {
        let spans = self.spans(rep);
        if spans.iter().any(|s| s.contains(now)) {
            return None;
        }
        let mut latest = None;
        // The absence that is being put together, and the first moment at work after it.
        let mut leave: Option<(Span, DateTime<Utc>)> = None;
        for span in spans.iter().filter(|s| s.end <= now) {
            let Some(since) = back(spans, span.end, schedule) else { continue };
            // Absences with no working time between them end with the same first moment at work.
            let start = leave.filter(|(_, theirs)| *theirs == since).map_or(span.start, |(away, _)| away.start);
            let away = Span::new(start, span.end);
            leave = Some((away, since));
            let away_days = schedule.days_touched(away);
            if away_days >= least_days && since <= now {
                let days_back = schedule.working_days(since, now);
                latest = Some(Returned { since, away, away_days, days_back });
            }
        }
        latest
    }
}

/// The first moment at work from `from` on.
fn back(spans: &[Span], from: DateTime<Utc>, schedule: &Schedule) -> Option<DateTime<Utc>> {
    let mut at = from;
    loop {
        at = schedule.next_opening(at)?;
        match spans.iter().find(|s| s.contains(at)) {
            None => return Some(at),
            // Each turn leaves one more absence behind.
            Some(next) => at = next.end,
        }
    }
}

fn warning(feed: &Feed, now: DateTime<Utc>, settings: &AbsenceSettings) -> Option<Warning> {
    let source = feed.source.clone();
    if let Some(problem) = feed.problem.clone() {
        return Some(Warning::Unreadable { source, problem, read_at: feed.read_at });
    }
    let Some(read_at) = feed.read_at else { return Some(Warning::NeverRead { source }) };
    let age = now - read_at;
    (age > TimeDelta::hours(settings.stale_after_hours.into())).then(|| Warning::Stale {
        source,
        read_at,
        hours: age.num_hours(),
    })
}

#[cfg(test)]
mod tests;
