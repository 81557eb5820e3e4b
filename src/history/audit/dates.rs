//! Dates that cannot be, and dates that somebody set for many deals at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, NaiveDate, Timelike, Utc};

use super::finding::{Bound, Finding, FindingCode, Severity};
use super::options::AuditOptions;
use super::report::percent;
use super::row::{AuditRow, Rows};
use super::tally::Tally;
use crate::history::words::{count, counted};

/// Share of the leads created on one day from which on they were copied there.
const MAX_CREATED_IN_A_DAY: f64 = 0.25;
/// Instants that are followed at once; every one that more than its part of the deals share is among them.
const INSTANTS: usize = 10_000;
/// Share of the deals closed at the same second from which on nobody typed that.
const MAX_AT_AN_INSTANT: f64 = 0.02;
/// Fewest deals for which a share at one instant or day means anything.
const FEW: u64 = 20;

/// What is collected about the dates of closed deals.
#[derive(Debug)]
pub(super) struct Dates {
    now: Option<DateTime<Utc>>,
    oldest: Option<DateTime<Utc>>,
    first_created: Option<DateTime<Utc>>,
    last_created: Option<DateTime<Utc>>,
    created: BTreeMap<NaiveDate, Rows>,
    closed: BTreeMap<NaiveDate, Rows>,
    instants: Frequent,
    closed_before_created: Rows,
    created_in_future: Rows,
    closed_in_future: Rows,
    far_past: Rows,
    assumed: Rows,
}

impl Dates {
    pub(super) fn new(options: &AuditOptions) -> Self {
        let years = Months::new(options.max_age_years.saturating_mul(12));
        Self {
            now: options.as_of,
            oldest: options.as_of.and_then(|now| now.checked_sub_months(years)),
            first_created: None,
            last_created: None,
            created: BTreeMap::new(),
            closed: BTreeMap::new(),
            instants: Frequent::default(),
            closed_before_created: Rows::default(),
            created_in_future: Rows::default(),
            closed_in_future: Rows::default(),
            far_past: Rows::default(),
            assumed: Rows::default(),
        }
    }

    pub(super) fn add(&mut self, row: &AuditRow<'_>) {
        let Some(created) = row.created else { return };
        self.first_created = Some(self.first_created.map_or(created, |first| first.min(created)));
        self.last_created = Some(self.last_created.map_or(created, |last| last.max(created)));
        self.created.entry(created.date_naive()).or_default().add(row);
        self.created_in_future.add_if(self.now.is_some_and(|now| created > now), row);
        self.far_past.add_if(self.oldest.is_some_and(|oldest| created < oldest), row);
        self.assumed.add_if(row.closed_assumed, row);
        let Some(closed) = row.closed else { return };
        self.closed_before_created.add_if(closed < created, row);
        if row.closed_assumed {
            return;
        }
        self.closed.entry(closed.date_naive()).or_default().add(row);
        // A date without a time means the last second of its day, so today is not yet in the future.
        self.closed_in_future.add_if(self.now.is_some_and(|now| closed.date_naive() > now.date_naive()), row);
        if !is_midnight(closed) {
            self.instants.add(closed);
        }
    }

    /// Creation of the oldest and of the newest lead.
    pub(super) const fn created_between(&self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        (self.first_created, self.last_created)
    }
}

/// Whether it stands for a day rather than for a moment.
fn is_midnight(at: DateTime<Utc>) -> bool {
    [0, 86_399].contains(&at.num_seconds_from_midnight())
}

/// Counts what is frequent in bounded memory (Misra and Gries, 1982): whatever more than one in [`INSTANTS`] share is
/// kept, with a count that is too low by at most that part.
#[derive(Debug, Default)]
struct Frequent {
    counts: BTreeMap<DateTime<Utc>, u64>,
}

impl Frequent {
    fn add(&mut self, at: DateTime<Utc>) {
        if let Some(n) = self.counts.get_mut(&at) {
            *n += 1;
        } else if self.counts.len() < INSTANTS {
            self.counts.insert(at, 1);
        } else {
            self.counts.retain(|_, n| {
                *n -= 1;
                *n > 0
            });
        }
    }
}

pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let dates = &tally.dates;
    let mut findings = Vec::new();
    findings.extend(impossible(
        tally,
        FindingCode::ClosedBeforeCreated,
        &dates.closed_before_created,
        "closed before the lead came in",
        "Correct the dates in the CRM, or leave these deals out.",
    ));
    findings.extend(impossible(
        tally,
        FindingCode::CreatedInFuture,
        &dates.created_in_future,
        "created in the future",
        "See whether day and month are swapped in the date format.",
    ));
    findings.extend(impossible(
        tally,
        FindingCode::ClosedInFuture,
        &dates.closed_in_future,
        "closed in the future",
        "See whether the column holds the expected closing date rather than the real one.",
    ));
    findings.extend(impossible(
        tally,
        FindingCode::FarPast,
        &dates.far_past,
        &format!("created more than {} years ago", tally.options.max_age_years),
        "See whether the date stands for \"unknown\" (1970-01-01, 1900-01-01), and leave these deals out.",
    ));
    findings.extend(after_newest_close(tally));
    findings.extend(span(tally));
    findings.extend(bulk_close(tally));
    findings.extend(bulk_create(tally));
    findings.extend(same_instant(tally));
    findings.extend(assumed(tally));
    findings
}

fn impossible(tally: &Tally<'_>, code: FindingCode, rows: &Rows, what: &str, cure: &str) -> Option<Finding> {
    let (n, limit) = (rows.count, tally.options.max_bad_dates);
    let share = tally.share(n);
    let severity = if share > limit { Severity::Blocking } else { Severity::Warning };
    (n > 0).then(|| {
        let were = if n == 1 { "1 deal was".to_owned() } else { format!("{} deals were", count(n)) };
        Finding::new(severity, code, format!("{were} {what}."), cure)
            .figure("deals", n as f64)
            .figure("share", share)
            .passes("share", Bound::AtMost, limit, "max_bad_dates")
            .rows(rows)
    })
}

fn after_newest_close(tally: &Tally<'_>) -> Option<Finding> {
    let (newest, _) = tally.dates.closed.last_key_value()?;
    let next = newest.checked_add_days(Days::new(1))?;
    let later = tally.dates.created.range(next..).fold(Rows::default(), |all, (_, rows)| all.and(rows));
    impossible(
        tally,
        FindingCode::CreatedAfterNewestClose,
        &later,
        &format!("created after the newest closing date, {newest}"),
        "See whether day and month are swapped, or whether the creation date is that of a copy of the record.",
    )
}

fn span(tally: &Tally<'_>) -> Option<Finding> {
    let needed = tally.options.min_span_days;
    let (first, last) = tally.dates.created_between();
    let days = (last? - first?).num_days();
    let severity = if days < needed { Severity::Blocking } else { Severity::Warning };
    let message = match days {
        0 => "All leads have the same creation date, so nothing can be proved on later deals.".to_owned(),
        1..365 => format!(
            "The leads span {}, {}.",
            counted(days as u64, "day"),
            if days < needed {
                "too few to prove anything on later deals"
            } else {
                "less than a year, so seasons cannot be told from trends"
            }
        ),
        _ => return None,
    };
    let cure = "Add an export that goes further back, with real creation dates.";
    let finding = Finding::new(severity, FindingCode::ShortSpan, message, cure).figure("days", days as f64);
    Some(match severity {
        Severity::Blocking => finding.passes("days", Bound::AtLeast, needed as f64, "min_span_days"),
        _ => finding.passes("days", Bound::AtLeast, 365.0, ""),
    })
}

/// Days that many deals have in common, most frequent first, and what they hold together.
fn crowded(tally: &Tally<'_>, days: &BTreeMap<NaiveDate, Rows>, limit: f64) -> (Vec<(NaiveDate, u64)>, Rows) {
    let crowded = days.iter().filter(|(_, rows)| rows.count >= FEW && tally.share(rows.count) > limit);
    let mut named: Vec<(NaiveDate, u64)> = crowded.clone().map(|(day, rows)| (*day, rows.count)).collect();
    named.sort_by_key(|(day, n)| (std::cmp::Reverse(*n), *day));
    (named, crowded.fold(Rows::default(), |all, (_, rows)| all.and(rows)))
}

/// `one day, 2018-02-08` or `3 days (2018-02-08, …)`.
fn day_names(days: &[(NaiveDate, u64)]) -> String {
    if let [(day, _)] = days {
        return format!("one day, {day}");
    }
    let shown: Vec<String> = days.iter().take(3).map(|(day, _)| day.to_string()).collect();
    format!("{} days ({}{})", days.len(), shown.join(", "), if days.len() > 3 { ", …" } else { "" })
}

fn bulk_close(tally: &Tally<'_>) -> Option<Finding> {
    let (days, rows) = crowded(tally, &tally.dates.closed, tally.options.max_closed_in_a_day);
    let share = tally.share(rows.count);
    let blocking = share > tally.options.max_bulk_closed;
    let finding = Finding::new(
        if blocking { Severity::Blocking } else { Severity::Warning },
        FindingCode::BulkClose,
        format!(
            "{} of the deals were closed on {}: probably a bulk edit, not the day the customer decided.",
            percent(share),
            day_names(&days)
        ),
        "Use a column with the real decision date, or take closed out of [columns] and let the map assume it:",
    )
    .mapping(vec!["[history]".to_owned(), "assume_closed_after_days = 90   # the usual length of a sale".to_owned()])
    .figure("deals", rows.count as f64)
    .figure("share", share)
    .rows(&rows);
    (!days.is_empty()).then(|| {
        if blocking {
            finding.passes("share", Bound::AtMost, tally.options.max_bulk_closed, "max_bulk_closed")
        } else {
            finding.passes("share", Bound::AtMost, tally.options.max_closed_in_a_day, "max_closed_in_a_day")
        }
    })
}

fn bulk_create(tally: &Tally<'_>) -> Option<Finding> {
    let all_days = &tally.dates.created;
    let (days, rows) = crowded(tally, all_days, MAX_CREATED_IN_A_DAY);
    // If there is only one day, `span` says so.
    (!days.is_empty() && all_days.len() > 1).then(|| {
        let share = tally.share(rows.count);
        Finding::new(
            Severity::Warning,
            FindingCode::BulkCreate,
            format!(
                "{} of the leads were created on {}: probably the day they were copied into the CRM.",
                percent(share),
                day_names(&days)
            ),
            "Use a column with the original creation date, or leave these deals out.",
        )
        .figure("deals", rows.count as f64)
        .figure("share", share)
        .passes("share", Bound::AtMost, MAX_CREATED_IN_A_DAY, "")
        .rows(&rows)
    })
}

fn same_instant(tally: &Tally<'_>) -> Option<Finding> {
    let counts = &tally.dates.instants.counts;
    let (at, n) = counts.iter().max_by_key(|(at, n)| (**n, std::cmp::Reverse(**at)))?;
    let share = tally.share(*n);
    let (crowded, _) = crowded(tally, &tally.dates.closed, tally.options.max_closed_in_a_day);
    let said = crowded.iter().any(|(day, _)| *day == at.date_naive());
    (*n >= FEW && share > MAX_AT_AN_INSTANT && !said).then(|| {
        let rows = tally.dates.closed.get(&at.date_naive()).cloned().unwrap_or_default();
        Finding::new(
            Severity::Warning,
            FindingCode::SameInstant,
            format!(
                "At least {} were closed in the same second, {}: that was a bulk edit, not a decision.",
                counted(*n, "deal"),
                at.format("%Y-%m-%d %H:%M:%S UTC")
            ),
            "Use a column with the real decision date.",
        )
        .figure("deals", *n as f64)
        .figure("share", share)
        .passes("share", Bound::AtMost, MAX_AT_AN_INSTANT, "")
        .rows(&rows)
    })
}

fn assumed(tally: &Tally<'_>) -> Option<Finding> {
    let n = tally.dates.assumed.count;
    (n > 0).then(|| {
        let who = if n == tally.closed() { "all deals".to_owned() } else { counted(n, "deal") };
        Finding::new(
            Severity::Note,
            FindingCode::ClosedAssumed,
            format!("The closing dates of {who} are assumed, so what was known when is only roughly right."),
            "If the CRM has a closing date, add it to the export and name its column in the map.",
        )
        .figure("deals", n as f64)
        .figure("share", tally.share(n))
    })
}
