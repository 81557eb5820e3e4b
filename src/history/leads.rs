//! Leads to score, from a CSV with the same map as history.

use std::collections::HashMap;

use super::error::HistoryError;
use super::input::{CsvInput, Progress};
use super::mapping::{Mapping, Role};
use super::rejected::{BadRows, Reason, Rejections};
use super::row::Row;
use super::scan::{JoinUse, LineCounts, Purpose, scan};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{LeadId, RepKey};

/// One lead to score.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadRow {
    /// The lead.
    pub lead_id: LeadId,
    /// What is known about it.
    pub facts: LeadFacts,
    /// Who works it, if the file says so.
    pub rep: Option<RepKey>,
    /// Its line in the file, from 1.
    pub line: u64,
}

/// The leads of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Leads {
    /// In the order of the file.
    pub rows: Vec<LeadRow>,
    /// Rows that were skipped; empty unless the caller asked for [`BadRows::Skip`].
    pub rejected: Rejections,
    /// What became of every line.
    pub lines: LineCounts,
    /// How well the joined files fit.
    pub joins: Vec<JoinUse>,
}

/// Reads the leads of a file. Columns for the outcome, the closing date and the amount at closing are not looked at, and
/// need not exist; nor need the rep's.
///
/// # Errors
/// As [`import`](super::import), but for the outcome.
pub fn read_leads(
    input: CsvInput,
    mapping: &Mapping,
    mut bad: BadRows<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Leads, HistoryError> {
    let file = input.name.clone();
    let mut rows: Vec<LeadRow> = Vec::new();
    let mut lines: HashMap<LeadId, u64> = HashMap::new();
    let mut take = |row: &Row<'_>| {
        let lead_id = LeadId::new(row.required(Role::LeadId)?);
        if let Some(first_line) = lines.get(&lead_id) {
            return Err(Reason::DuplicateLead { lead_id: lead_id.to_string(), first_line: *first_line });
        }
        let facts = row.facts(row.created()?)?;
        let line = row.record.line;
        lines.insert(lead_id.clone(), line);
        rows.push(LeadRow { lead_id, facts, rep: row.rep().ok().map(RepKey::new), line });
        Ok(())
    };
    let scan = scan(input, mapping, Purpose::Leads, &mut bad, progress, &mut take)?.accepted(&file, &bad)?;
    Ok(Leads { rows, rejected: scan.rejections, lines: scan.lines, joins: scan.joins })
}
