//! Calendars and lists from HR that the rules name: files become absences that all workers share.
//!
//! The worker on duty reads the files, beside the rules, and keeps what they say in the store. From there every ranking
//! takes them, whichever process makes it, and keeps them with its situation. A file that cannot be read, or cannot be
//! understood, changes nothing: what it said last stays in force, and the fault is shown, because whoever has gone away
//! since is taken to be there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, DurationRound as _, Utc};

use super::InForce;
use crate::app::AppError;
use crate::app::ports::{Clock, RulesSource, Store};
use crate::domain::rep::Roster;
use crate::policy::absence::{Away, CalendarSource, Feed, ListSource, Source, hr, ics};
use crate::policy::route::{Policy, Situation};
use crate::policy::rules::{Problem, Rulebook};
use crate::policy::span::Span;

/// How much of a calendar is kept: what decides who is back from a leave and how long it was, and what is to come until
/// it is read again, with the end of the absence that may begin then.
const BEHIND: Duration = Duration::days(92);
const AHEAD: Duration = Duration::days(62);
/// What did not change is read as new after so long: repetitions of events come into view.
const READ_AS_NEW: Duration = Duration::hours(1);
/// Names that HR knows and we do not: more are not listed.
const NAMED: usize = 3;

/// What came of looking at the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Whether something else is in force now.
    pub changed: bool,
    /// What could not be read as meant, and is used all the same, in words.
    pub remarks: Vec<String>,
}

/// What one file says.
struct Said {
    away: Vec<Away>,
    busy: BTreeMap<crate::domain::ids::RepId, Vec<Span>>,
    remarks: Vec<String>,
}

/// What a source is, with the key of its file in the rules.
struct Named<'a> {
    source: Source,
    file: &'a str,
    key: String,
    reads: Reads<'a>,
}

/// How a file is read.
enum Reads<'a> {
    Calendar(&'a crate::domain::ids::RepId, &'a CalendarSource),
    List,
}

/// Whether the rules name any files.
pub fn are_named(policy: &Policy) -> bool {
    !policy.calendars().is_empty() || !policy.book().sections().absence.lists.is_empty()
}

/// Reads the files that the rules name, and keeps what they say where it is news.
///
/// # Errors
/// Refused, with every place and cure, if a file cannot be used; what the others say is kept before.
pub async fn look(
    store: &dyn Store,
    clock: &dyn Clock,
    source: &dyn RulesSource,
    rules: &InForce,
) -> Result<Looked, AppError> {
    let before = store.feeds().await?;
    let now = clock.now();
    let (mut feeds, mut faults, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for named in named(&rules.policy) {
        let last = before.iter().find(|feed| feed.source == named.source);
        match read(&named, source, &rules.policy, now) {
            Ok(said) => {
                remarks.extend(said.remarks.iter().map(|remark| format!("{}: {remark}", named.source)));
                feeds.push(Feed { busy: said.busy, ..Feed::read(named.source, now, said.away) });
            }
            Err(problem) => {
                let stays = match last.and_then(|feed| feed.read_at) {
                    Some(at) => format!("what it said at {} UTC stays in force", at.format("%Y-%m-%d %H:%M")),
                    None => "it was never read, so its absences are unknown".to_owned(),
                };
                faults.push(format!("{} ({}): {problem}; {stays}", named.source, named.file));
                let (read_at, away, busy) =
                    last.map_or_else(Default::default, |feed| (feed.read_at, feed.away.clone(), feed.busy.clone()));
                feeds.push(Feed { source: named.source, read_at, problem: Some(problem), away, busy });
            }
        }
    }
    let changed = !same(&before, &feeds);
    if changed {
        store.save_feeds(&feeds, now).await?;
    }
    if faults.is_empty() { Ok(Looked { changed, remarks }) } else { Err(AppError::Refused(faults.join("\n"))) }
}

/// Whether nothing is new: sources were read again lately, and say the same.
fn same(before: &[Feed], after: &[Feed]) -> bool {
    let fresh = |was: &Feed, is: &Feed| match (was.read_at, is.read_at) {
        (Some(was), Some(is)) => is - was < READ_AS_NEW,
        (was, is) => was == is,
    };
    let one = |(was, is): (&Feed, &Feed)| fresh(was, is) && Feed { read_at: is.read_at, ..was.clone() } == *is;
    before.len() == after.len() && before.iter().zip(after).all(one)
}

/// What is wrong with the files that a rulebook names, each with the place in the rules.
pub fn problems(book: &Rulebook, roster: &Roster, source: &dyn RulesSource, now: DateTime<Utc>) -> Vec<Problem> {
    let Ok(policy) = Policy::new(book.clone(), roster) else { return Vec::new() };
    let wrong = |named: Named<'_>| {
        let problem = read(&named, source, &policy, now).err()?;
        Some(book.problem(&named.key, problem, "mend the file, or take it out of the rules"))
    };
    named(&policy).into_iter().filter_map(wrong).collect()
}

/// Adds what files said to how things stand.
pub(super) fn add(situation: &mut Situation, feeds: Vec<Feed>, policy: &Policy) {
    let wanted: BTreeSet<Source> = named(policy).into_iter().map(|named| named.source).collect();
    for mut feed in feeds.into_iter().filter(|feed| wanted.contains(&feed.source)) {
        for (rep, busy) in std::mem::take(&mut feed.busy) {
            situation.busy.entry(rep).or_default().extend(busy);
        }
        situation.feeds.push(feed);
    }
}

fn named(policy: &Policy) -> Vec<Named<'_>> {
    let settings = &policy.book().sections().absence;
    let place = |one: &CalendarSource| settings.calendars.iter().position(|other| other == one).unwrap_or(0);
    let calendars = policy.calendars().iter().map(|(rep, one)| Named {
        source: Source::Calendar(one.name.clone()),
        file: &one.file,
        key: format!("absence.calendar[{}].file", place(one)),
        reads: Reads::Calendar(rep, one),
    });
    let lists = settings.lists.iter().enumerate().map(|(at, ListSource { name, file })| Named {
        source: Source::HrFile(name.clone()),
        file,
        key: format!("absence.hr[{at}].file"),
        reads: Reads::List,
    });
    calendars.chain(lists).collect()
}

fn read(named: &Named<'_>, source: &dyn RulesSource, policy: &Policy, now: DateTime<Utc>) -> Result<Said, String> {
    // By the hour: what reaches beyond it is cut off there, and shall not be news at each look.
    let hour = now.duration_trunc(Duration::hours(1)).unwrap_or(now);
    let within = Span::new(hour - BEHIND, hour + AHEAD);
    match named.reads {
        Reads::Calendar(rep, settings) => {
            let text = source.named(named.file, ics::MAX_BYTES)?;
            let zone = policy.team().schedule(rep).zone();
            let found = ics::parse(&text, zone, within, settings.means)
                .map_err(|error| format!("{error}; export it as iCalendar (.ics) again"))?;
            let away = found.away.iter().map(|span| Away { rep: rep.clone(), span: *span, kind: None }).collect();
            let busy = if found.busy.is_empty() { BTreeMap::new() } else { [(rep.clone(), found.busy)].into() };
            Ok(Said { away, busy, remarks: found.notes.iter().map(ToString::to_string).collect() })
        }
        Reads::List => {
            let text = source.named(named.file, hr::MAX_BYTES)?;
            let rows = hr::parse(&text).map_err(|error| error.to_string())?;
            let found = hr::resolve(&rows, |who| {
                let id = policy.directory().person(who).ok()?.id.clone();
                let zone = policy.team().schedule(&id).zone();
                Some((id, zone))
            });
            if found.away.is_empty() && !found.unknown.is_empty() {
                return Err(format!(
                    "nobody in it is a rep of the org ({}); write user names, e-mail addresses or full names under who",
                    strangers(&found)
                ));
            }
            let mut away = found.away.clone();
            away.retain(|away| !away.span.clipped(&within).is_empty());
            let remarks = if found.unknown.is_empty() { Vec::new() } else { vec![strangers(&found)] };
            Ok(Said { away, busy: BTreeMap::new(), remarks })
        }
    }
}

/// Whom a list names and nobody knows: `12 rows are about nobody known, as "J. Doe" (line 3)`.
fn strangers(found: &hr::Resolved) -> String {
    let some: Vec<String> =
        found.unknown.iter().take(NAMED).map(|(line, who)| format!("{who:?} (line {line})")).collect();
    let rows =
        if found.unknown.len() == 1 { "1 row is".to_owned() } else { format!("{} rows are", found.unknown.len()) };
    format!("{rows} about nobody known, as {}", some.join(", "))
}
