//! From a CSV to closed deals.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::{HistoryError, Problem, Problems};
use super::input::{CsvInput, Progress};
use super::mapping::{Mapping, Role};
use super::rejected::{BadRows, Reason, Rejections};
use super::row::Row;
use super::scan::{ColumnUse, JoinUse, LineCounts, Purpose, scan};
use super::words::{count, counted, nearest, quoted, quoted_list};
use crate::domain::deal::{Deal, Outcome};
use crate::domain::ids::{LeadId, RepKey};

/// Distinct unknown outcomes that are told apart; a column with more is not an outcome column.
const MAX_UNKNOWN: usize = 20;

/// Columns named in the summary.
const SHOWN_COLUMNS: usize = 10;

/// What a file brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Closed deals, in the order of the file.
    pub deals: Vec<Deal>,
    /// Rows whose deal is still open; not part of history.
    pub open: u64,
    /// Rows in all: deals, open and rejected.
    pub rows: u64,
    /// Rows that were skipped; empty unless the caller asked for [`BadRows::Skip`].
    pub rejected: Rejections,
    /// What became of every line.
    pub lines: LineCounts,
    /// What became of every column.
    pub columns: ColumnUse,
    /// How well the joined files fit.
    pub joins: Vec<JoinUse>,
}

impl Import {
    /// What was imported and what was left out, in plain words, a sentence a line.
    pub fn lines(&self) -> Vec<String> {
        let won = self.deals.iter().filter(|deal| deal.outcome == Outcome::Won).count() as u64;
        let mut lines = vec![format!(
            "{}: {} closed ({} won, {} lost), {} still open and left out, {} rejected.",
            counted(self.rows, "row"),
            count(self.deals.len() as u64),
            count(won),
            count(self.deals.len() as u64 - won),
            count(self.open),
            count(self.rejected.count),
        )];
        lines.extend(
            self.rejected
                .by_kind
                .iter()
                .map(|(kind, rows)| format!("Rejected: {} because {kind}.", counted(*rows, "row"))),
        );
        let listed = |names: &[String]| quoted_list(names.iter().map(String::as_str), SHOWN_COLUMNS);
        if !self.columns.known_afterwards.is_empty() {
            lines.push(format!("Kept out as known only afterwards: {}.", listed(&self.columns.known_afterwards)));
        }
        if !self.columns.unused.is_empty() {
            lines.push(format!("Not named in the map and left out: {}.", listed(&self.columns.unused)));
        }
        lines.extend(self.joins.iter().flat_map(JoinUse::lines));
        lines
    }
}

/// Reads the closed deals of a file.
///
/// `progress` is called now and then, and once at the end.
///
/// # Errors
/// A map that does not fit the file; an outcome that the map does not know; a file that cannot be read; and, with
/// [`BadRows::Refuse`], a file with any row that cannot be read.
pub fn import(
    input: CsvInput,
    mapping: &Mapping,
    mut bad: BadRows<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Import, HistoryError> {
    let file = input.name.clone();
    let mut reader =
        DealReader { mapping, deals: Vec::new(), open: 0, lines: HashMap::new(), unknown: BTreeMap::new() };
    let scan = scan(input, mapping, Purpose::History, &mut bad, progress, &mut |row| reader.take(row))?;
    if !reader.unknown.is_empty() {
        return Err(HistoryError::Mapping(reader.unknown_outcomes(&file)));
    }
    let scan = scan.accepted(&file, &bad)?;
    Ok(Import {
        deals: reader.deals,
        open: reader.open,
        rows: scan.rows,
        rejected: scan.rejections,
        lines: scan.lines,
        columns: scan.columns,
        joins: scan.joins,
    })
}

/// How the map understands the outcome of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Closed(Outcome),
    Open,
    Unknown,
}

impl Ending {
    /// What a word of the outcome column means.
    pub(super) fn of(word: &str, mapping: &Mapping) -> Self {
        let outcomes = &mapping.outcomes;
        let lists = [
            (&outcomes.won, Self::Closed(Outcome::Won)),
            (&outcomes.lost, Self::Closed(Outcome::Lost)),
            (&outcomes.open, Self::Open),
        ];
        let found = lists.into_iter().find(|(list, _)| list.iter().any(|value| value == word));
        found.map_or(Self::Unknown, |(_, ending)| ending)
    }
}

/// An outcome that the map does not know.
struct Unknown {
    rows: u64,
    first_line: u64,
}

struct DealReader<'m> {
    mapping: &'m Mapping,
    deals: Vec<Deal>,
    open: u64,
    /// The line of each lead id, to find duplicates.
    lines: HashMap<LeadId, u64>,
    unknown: BTreeMap<String, Unknown>,
}

impl DealReader<'_> {
    fn take(&mut self, row: &Row<'_>) -> Result<(), Reason> {
        let word = row.required(Role::Outcome)?;
        match Ending::of(word, self.mapping) {
            Ending::Open => self.open += 1,
            Ending::Unknown => self.note_unknown(word, row.record.line),
            Ending::Closed(outcome) => {
                let deal = self.deal(row, outcome)?;
                self.lines.insert(deal.lead_id.clone(), row.record.line);
                self.deals.push(deal);
            }
        }
        Ok(())
    }

    fn deal(&self, row: &Row<'_>, outcome: Outcome) -> Result<Deal, Reason> {
        let lead_id = LeadId::new(row.required(Role::LeadId)?);
        if let Some(first_line) = self.lines.get(&lead_id) {
            return Err(Reason::DuplicateLead { lead_id: lead_id.to_string(), first_line: *first_line });
        }
        let rep = RepKey::new(row.rep()?);
        let created_at = row.created()?;
        let closed = self.closed_at(row, created_at)?;
        Ok(Deal {
            lead_id,
            rep,
            facts: row.facts(created_at)?,
            closed_at: closed.at,
            closed_assumed: closed.assumed,
            outcome,
            closed_amount: row.amount(Role::ClosedAmount)?,
        })
    }

    fn closed_at(&self, row: &Row<'_>, created_at: DateTime<Utc>) -> Result<Closed, Reason> {
        if let Some(at) = row.closed()? {
            if at < created_at {
                let text =
                    |role, at: DateTime<Utc>| row.text(role).map_or_else(|| at.date_naive().to_string(), str::to_owned);
                let (closed, created) = (text(Role::Closed, at), text(Role::Created, created_at));
                return Err(Reason::ClosedBeforeCreated { closed, created });
            }
            return Ok(Closed { at, assumed: false });
        }
        match self.mapping.assume.closed_after_days {
            Some(days) => Ok(Closed { at: created_at + TimeDelta::days(days.into()), assumed: true }),
            None => Err(row.required(Role::Closed).err().unwrap_or(Reason::AllEmpty)),
        }
    }

    fn note_unknown(&mut self, word: &str, line: u64) {
        if let Some(known) = self.unknown.get_mut(word) {
            known.rows += 1;
        } else if self.unknown.len() < MAX_UNKNOWN {
            self.unknown.insert(word.to_owned(), Unknown { rows: 1, first_line: line });
        }
    }

    fn unknown_outcomes(&self, file: &str) -> Problems {
        let outcomes = &self.mapping.outcomes;
        let column = self.mapping.columns.get(&Role::Outcome).map(|column| column.name.as_str()).unwrap_or_default();
        let known = || [&outcomes.won, &outcomes.lost, &outcomes.open].into_iter().flatten().map(String::as_str);
        let mut unknown: Vec<_> = self.unknown.iter().collect();
        unknown.sort_by_key(|(_, found)| found.first_line);
        let problems = unknown.into_iter().map(|(word, found)| {
            let message = format!(
                "the outcome {} is neither won, lost nor open: column {} of {file} holds it in {}, first on line {}",
                quoted(word),
                quoted(column),
                counted(found.rows, "row"),
                found.first_line,
            );
            let cure = match nearest(word, known()) {
                Some(near) => format!("list it in [outcome], perhaps beside {}, or correct the file", quoted(near)),
                None => "list it in [outcome] under won, lost or open (open rows are left out), or correct the file"
                    .to_owned(),
            };
            Problem::at(&self.mapping.file, outcomes.line, message, cure)
        });
        Problems::new(problems.collect())
    }
}

/// When an outcome became known.
struct Closed {
    at: DateTime<Utc>,
    assumed: bool,
}
