//! A list of absences from HR: `who,from,until[,kind]`, with dates as ISO 8601 writes them.
//!
//! `2026-12-24` is a whole day, and as the last day it belongs to the absence; `2026-12-24T13:00` is a moment by the
//! clock of the rep, and `2026-12-24T13:00+01:00` one everywhere. A list with a line that cannot be read is refused
//! whole, with every such line: the rows of somebody's leave are not to get lost among the good ones.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::Away;
use crate::domain::ids::RepId;
use crate::policy::span::{Span, moment};

/// Largest list that is read, in bytes.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Longest absence, in days. A longer one is a slip of the pen.
const MAX_DAYS: i64 = 5 * 366;
/// No more wrong lines than this are named.
const MAX_ERRORS: usize = 20;

/// One row of the list. Whose it is, is for others to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line in the file; the header is 1.
    pub line: u64,
    /// Who is away, as HR calls them: id, e-mail address or name, raw.
    pub who: String,
    from: Point,
    until: Point,
    /// What kind of absence, raw.
    pub kind: Option<String>,
}

/// A moment as the list has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Day(NaiveDate),
    Wall(NaiveDateTime),
    Exact(DateTime<Utc>),
}

/// Why a list is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HrError {
    /// Larger than [`MAX_BYTES`].
    #[error("the file has more than {} MB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    /// A column is missing.
    #[error("line 1: no column {0:?}; the first line must be who,from,until or who,from,until,kind")]
    Column(&'static str),
    /// Lines that cannot be read.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Lines(Vec<LineError>),
}

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct LineError {
    /// Where.
    pub line: u64,
    /// What.
    pub what: String,
}

/// Reads a list. Columns may stand in any order; others than the four are not looked at.
pub fn parse(text: &str) -> Result<Vec<Row>, HrError> {
    if text.len() > MAX_BYTES {
        return Err(HrError::TooLarge);
    }
    // One kind of line end, because the reader counts lines of the other kind wrongly.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let column = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    let who = column("who").ok_or(HrError::Column("who"))?;
    let from = column("from").ok_or(HrError::Column("from"))?;
    let until = column("until").ok_or(HrError::Column("until"))?;
    let kind = column("kind");
    let mut rows = Vec::new();
    let mut errors = Vec::new();
    for record in reader.records() {
        if errors.len() >= MAX_ERRORS {
            break;
        }
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let field = |column: usize| record.get(column).unwrap_or("");
                match row(line, field(who), field(from), field(until), kind.map_or("", field)) {
                    Ok(row) => rows.push(row),
                    Err(what) => errors.push(LineError { line, what }),
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let what = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("{len} fields instead of {expected_len}")
                    }
                    other => format!("{other:?}"),
                };
                errors.push(LineError { line, what });
            }
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(HrError::Lines(errors)) }
}

fn row(line: u64, who: &str, from: &str, until: &str, kind: &str) -> Result<Row, String> {
    if who.is_empty() {
        return Err("nobody is named under who".into());
    }
    let (from, until) = (point("from", from)?, point("until", until)?);
    let row = Row { line, who: who.to_owned(), from, until, kind: (!kind.is_empty()).then(|| kind.to_owned()) };
    // Offsets from UTC cannot turn an order of days round, so any zone will do to tell.
    let span = row.span(Tz::UTC);
    if span.is_empty() {
        return Err(format!("{} ends before it begins", row.who));
    }
    if span.length().num_days() > MAX_DAYS {
        return Err(format!("{} would be away for {} days", row.who, span.length().num_days()));
    }
    Ok(row)
}

fn point(column: &str, text: &str) -> Result<Point, String> {
    let digits = |n: usize| text.bytes().take(n).filter(u8::is_ascii_digit).count() == n;
    // Year first, with four digits: what else dates may look like means different days in different countries.
    let iso = digits(4) && text.as_bytes().get(4) == Some(&b'-');
    let parsed = match text.len() {
        10 => text.parse().ok().map(Point::Day),
        _ => DateTime::parse_from_rfc3339(text)
            .ok()
            .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z").ok())
            .map(|at| Point::Exact(at.to_utc()))
            .or_else(|| {
                ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
                    .iter()
                    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
                    .map(Point::Wall)
            }),
    };
    parsed.filter(|_| iso && text.len() >= 10).ok_or_else(|| {
        let text: String = text.chars().take(40).collect();
        format!("{column} is {text:?}: write dates as 2026-12-24, or 2026-12-24T13:00 for part of a day")
    })
}

impl Row {
    /// The time away, for somebody in this zone.
    pub fn span(&self, zone: Tz) -> Span {
        let start = |point| match point {
            Point::Day(day) => moment(zone, NaiveDate::and_time(&day, NaiveTime::MIN)),
            Point::Wall(wall) => moment(zone, wall),
            Point::Exact(at) => at,
        };
        let until = match self.until {
            Point::Day(day) => Point::Day(day.checked_add_days(Days::new(1)).unwrap_or(day)),
            other => other,
        };
        Span::new(start(self.from), start(until))
    }
}

/// Rows with the reps they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Absences of reps.
    pub away: Vec<Away>,
    /// Lines and names of which nobody knows a rep. A list of the whole company has many.
    pub unknown: Vec<(u64, String)>,
}

/// Finds the rep of each row; `who` gives a rep and their zone by whatever HR calls them.
pub fn resolve(rows: &[Row], who: impl Fn(&str) -> Option<(RepId, Tz)>) -> Resolved {
    let mut resolved = Resolved::default();
    for row in rows {
        match who(&row.who) {
            Some((rep, zone)) => resolved.away.push(Away { rep, span: row.span(zone), kind: row.kind.clone() }),
            None => resolved.unknown.push((row.line, row.who.clone())),
        }
    }
    resolved
}
