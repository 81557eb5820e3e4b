//! Differences in words.

use std::fmt::{Display, Formatter, Result};

use chrono::{DateTime, NaiveTime, Utc};

use super::{Change, Detail, Reach, Route, RuleChange};
use crate::domain::text;
use crate::policy::rules::words::{and_list, quoted, quoted_list};
use crate::policy::rules::{PartnerTo, Rule, Target, Then, Window};

/// Columns that a condition may take.
const CONDITION_WIDTH: usize = 160;

/// What a rule does, in words.
pub(super) fn does(rule: &Rule) -> String {
    let to = |target: &Target| match target {
        Target::Rep(name) => format!("goes to {}", quoted(name)),
        Target::Queue(name) => format!("goes to the queue {}", quoted(name)),
    };
    match &rule.then {
        Then::Territory { territory, replace } => {
            let replace = if *replace { ", whatever the CRM says" } else { "" };
            format!("is in the territory {}{replace}", quoted(territory))
        }
        Then::Strategic(target) => to(target),
        Then::Partner { to: route, source } => {
            let route = match route {
                PartnerTo::Target(target) => to(target),
                PartnerTo::Reps(reps) => format!("goes to reps where {}", text::fit(&reps.written, CONDITION_WIDTH)),
            };
            let source = source.as_ref().map(|source| format!(" and gets the source {}", quoted(source)));
            format!("{route}{}", source.unwrap_or_default())
        }
        Then::Require { rep_when } => {
            format!("goes only to reps where {}", text::fit(&rep_when.written, CONDITION_WIDTH))
        }
        Then::Exception => "goes to the manager queue".to_owned(),
        Then::Hot => "shows high intent".to_owned(),
    }
}

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Rep(name) => f.write_str(&text::fit(name, 60)),
            Self::Queue(name) => write!(f, "the queue {}", text::fit(name, 60)),
            Self::RepsWhere(condition) => write!(f, "reps where {}", text::fit(condition, CONDITION_WIDTH)),
        }
    }
}

impl Display for RuleChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let changes: Vec<String> = self.changes.iter().map(ToString::to_string).collect();
        match self.changes.as_slice() {
            [Change::Setting { .. }] => write!(f, "{}: {}", text::safe(&self.name), changes.join("; ")),
            _ => write!(f, "{}: {}", quoted(&self.name), changes.join("; ")),
        }
    }
}

impl Display for Detail {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Values { field, added, removed } => {
                let list = |values: &[String]| quoted_list(values.iter().map(String::as_str), 8);
                let mut parts = Vec::new();
                if !added.is_empty() {
                    parts.push(format!("now also {}", list(added)));
                }
                if !removed.is_empty() {
                    parts.push(format!("no longer {}", list(removed)));
                }
                write!(f, "{} {}", text::safe(&field.to_string()), parts.join(", "))
            }
            Self::Limit { field, from, to } => write!(f, "{} {to} instead of {from}", text::safe(&field.to_string())),
            Self::Added { part } => write!(f, "now asks {}", text::fit(part, CONDITION_WIDTH)),
            Self::Removed { part } => write!(f, "no longer asks {}", text::fit(part, CONDITION_WIDTH)),
        }
    }
}

/// A changed condition: its parts, or the whole where they say too little, and what that means.
fn condition(f: &mut Formatter<'_>, whose: &str, to: &str, reach: Reach, details: &[Detail]) -> Result {
    if reach == Reach::Same {
        return write!(
            f,
            "{whose} condition is written differently, for the same {}",
            if whose == "its" { "leads" } else { "reps" }
        );
    }
    let parts: Vec<String> = details.iter().map(ToString::to_string).collect();
    if details.len() <= 3 {
        write!(f, "{}", and_list(&parts))?;
    } else {
        write!(f, "{whose} condition is now {}", text::fit(to, CONDITION_WIDTH))?;
    }
    match reach {
        Reach::Fewer => f.write_str(" (holds for fewer)"),
        Reach::More => f.write_str(" (holds for more)"),
        Reach::Other | Reach::Same | Reach::Unknown => Ok(()),
    }
}

/// A moment as a rule has it: a day where it is one.
fn day(at: DateTime<Utc>) -> String {
    if at.time() == NaiveTime::MIN { at.date_naive().to_string() } else { at.to_rfc3339() }
}

/// The last day, or the moment, before which a rule applies.
fn last(before: DateTime<Utc>) -> String {
    match before.date_naive().pred_opt() {
        Some(last) if before.time() == NaiveTime::MIN => last.to_string(),
        _ => before.to_rfc3339(),
    }
}

impl Window {
    /// In words, for example `from 2026-01-01 until 2026-12-31`.
    pub fn words(&self) -> String {
        match (self.from, self.before) {
            (None, None) => "at all times".to_owned(),
            (Some(from), None) => format!("from {}", day(from)),
            (None, Some(before)) => format!("until {}", last(before)),
            (Some(from), Some(before)) => format!("from {} until {}", day(from), last(before)),
        }
    }
}

fn dates(f: &mut Formatter<'_>, from: Window, to: Window) -> Result {
    let mut parts = Vec::new();
    if from.from != to.from {
        let was = from.from.map_or_else(|| "no beginning".to_owned(), day);
        let now =
            to.from.map_or_else(|| "applies from the beginning".to_owned(), |at| format!("applies from {}", day(at)));
        parts.push(format!("{now} (before: {was})"));
    }
    if from.before != to.before {
        let was = from.before.map_or_else(|| "no end".to_owned(), last);
        let now =
            to.before.map_or_else(|| "applies without end".to_owned(), |at| format!("applies until {}", last(at)));
        parts.push(format!("{now} (before: {was})"));
    }
    f.write_str(&parts.join("; "))
}

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Added { kind, when, does } => {
                write!(f, "new, of kind {kind}: a lead with {} {does}", text::fit(when, CONDITION_WIDTH))
            }
            Self::Removed { kind, when, did } => {
                write!(f, "gone, it was of kind {kind}: a lead with {} {did}", text::fit(when, CONDITION_WIDTH))
            }
            Self::Renamed { from } => write!(f, "was called {}", quoted(from)),
            Self::Kind { from, to } => write!(f, "is now of kind {to} instead of {from}"),
            Self::Moved { after: None } => write!(f, "now comes first of its kind"),
            Self::Moved { after: Some(after) } => write!(f, "now comes after {}", quoted(after)),
            Self::When { to, reach, details, .. } => condition(f, "its", to, *reach, details),
            Self::RepWhen { to, reach, details, .. } => {
                write!(f, "of reps ")?;
                condition(f, "the", to, *reach, details)
            }
            Self::Route { from, to } => write!(f, "now goes to {to} instead of {from}"),
            Self::Territory { from, to } => write!(f, "now gives {} instead of {}", quoted(to), quoted(from)),
            Self::Replace { to: true } => write!(f, "now replaces a territory that the CRM gave"),
            Self::Replace { to: false } => write!(f, "no longer replaces a territory that the CRM gave"),
            Self::Source { from, to } => match (from, to) {
                (_, None) => write!(f, "no longer changes the source"),
                (None, Some(to)) => write!(f, "now gives the source {}", quoted(to)),
                (Some(from), Some(to)) => write!(f, "now gives the source {} instead of {}", quoted(to), quoted(from)),
            },
            Self::Dates { from, to } => dates(f, *from, *to),
            Self::Owner { from, to } => write!(f, "{} answers for it instead of {}", quoted(to), quoted(from)),
            Self::Reason { from, to } => write!(f, "its reason is now {} (before: {})", quoted(to), quoted(from)),
            Self::Setting { from, to } => match (from, to) {
                (_, None) => {
                    write!(f, "no longer set (before: {})", text::fit(from.as_deref().unwrap_or_default(), 80))
                }
                (None, Some(to)) => write!(f, "now {}", text::fit(to, 80)),
                (Some(from), Some(to)) => write!(f, "{} instead of {}", text::fit(to, 80), text::fit(from, 80)),
            },
        }
    }
}
