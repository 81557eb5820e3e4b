//! One pass over a file: header, rows, rejections, progress. What a row means is the caller's business.

use std::io::Read;

use super::binding::{Binding, Place};
use super::error::{HistoryError, Problem, Refusal};
use super::input::{CsvInput, Progress};
use super::join::{JoinTable, read_error};
use super::mapping::Mapping;
use super::record::{Record, Records, field_count};
use super::rejected::{BadRows, Reason, Rejected, Rejections};
use super::row::Row;
use super::words::{counted, quoted};

/// Rows between two progress reports.
const PROGRESS_ROWS: u64 = 1_000;
/// Keys without a partner that are named.
const SHOWN_KEYS: usize = 5;

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Closed deals.
    History,
    /// Leads to score, which have no outcome and perhaps no rep.
    Leads,
}

/// What became of the columns of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnUse {
    /// Used by the map.
    pub used: Vec<String>,
    /// Declared as known only afterwards.
    pub known_afterwards: Vec<String>,
    /// Neither; left out.
    pub unused: Vec<String>,
}

/// What became of the physical lines of a file: `lines = header + taken + rejected + blank`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// In the file.
    pub lines: u64,
    /// Of the header.
    pub header: u64,
    /// Of rows that were taken.
    pub taken: u64,
    /// Of rows that were rejected.
    pub rejected: u64,
    /// With nothing on them.
    pub blank: u64,
}

/// How well a joined file fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinUse {
    /// The joined file.
    pub file: String,
    /// Rows whose key was found.
    pub matched: u64,
    /// Rows whose key was not found; their joined values are missing.
    pub unmatched: u64,
    /// The most frequent keys that were not found: key, rows, and the key of the joined file that it most likely means.
    pub unmatched_keys: Vec<(String, u64, Option<String>)>,
}

impl JoinUse {
    /// Which keys were not found, in plain words; nothing if all were.
    pub fn lines(&self) -> Vec<String> {
        if self.unmatched == 0 {
            return Vec::new();
        }
        let keys = self.unmatched_keys.iter().map(|(key, rows, near)| match near {
            Some(near) => format!("{} ({}; perhaps {})", quoted(key), counted(*rows, "row"), quoted(near)),
            None => format!("{} ({})", quoted(key), counted(*rows, "row")),
        });
        let keys: Vec<String> = keys.collect();
        vec![format!(
            "Not found in {}: {}, for example {}.",
            self.file,
            counted(self.unmatched, "row"),
            keys.join(", ")
        )]
    }
}

/// What a pass over a file brought besides the rows.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) rows: u64,
    pub(super) lines: LineCounts,
    pub(super) rejections: Rejections,
    pub(super) columns: ColumnUse,
    pub(super) joins: Vec<JoinUse>,
}

/// Reads all rows of a file and hands each readable one to `take`, which may reject it.
pub(super) fn scan(
    input: CsvInput,
    mapping: &Mapping,
    purpose: Purpose,
    bad: &mut BadRows<'_>,
    progress: &mut dyn FnMut(Progress),
    take: &mut dyn FnMut(&Row<'_>) -> Result<(), Reason>,
) -> Result<Scan, HistoryError> {
    let (file, total) = (input.name.clone(), input.total);
    let mut records = Records::new(input.into_text()?, mapping.format.delimiter);
    let mut record = Record::default();
    let header = read_header(&mut records, &mut record, &file)?;
    let mut joins = Vec::new();
    for join in &mapping.joins {
        joins.push(JoinTable::load(join, mapping, &header, &file)?);
    }
    let binding = Binding::new(mapping, &header, &joins, purpose, &file)?;
    if let BadRows::Skip(sink) = bad {
        sink.header(&record.raw)?;
    }

    let mut rows = 0;
    let mut lines = LineCounts { header: record.lines, ..LineCounts::default() };
    let mut rejections = Rejections::default();
    let mut joined: Vec<Option<usize>> = Vec::new();
    while records.next(&mut record).map_err(|fault| read_error(fault, &file))? {
        rows += 1;
        let taken = fault_of(&mut record, &binding).and_then(|()| {
            joined.clear();
            for join in &mut joins {
                let key = record.field(join.main_column).and_then(|value| mapping.format.present(value));
                let key = key.map(|key| binding.read(Place::Main(join.main_column), key));
                joined.push(key.and_then(|key| join.find(key)));
            }
            take(&Row { record: &record, binding: &binding, joins: &joins, joined: &joined })
        });
        match taken {
            Ok(()) => lines.taken += record.lines,
            Err(reason) => {
                lines.rejected += record.lines;
                let rejected = Rejected { line: record.line, lines: record.lines, reason, raw: record.raw.clone() };
                if let BadRows::Skip(sink) = bad {
                    sink.row(&rejected)?;
                }
                rejections.add(rejected);
            }
        }
        if rows % PROGRESS_ROWS == 0 {
            progress(Progress { bytes: records.bytes(), total, rows });
        }
    }
    progress(Progress { bytes: records.bytes(), total, rows });
    lines.blank = records.blank();
    lines.lines = records.lines();
    let joins = joins.into_iter().map(join_use).collect();
    Ok(Scan { rows, lines, rejections, columns: binding.columns, joins })
}

impl Scan {
    /// Refuses the file if rows were rejected and the caller wanted none to be skipped.
    pub(super) fn accepted(self, file: &str, bad: &BadRows<'_>) -> Result<Self, HistoryError> {
        if matches!(bad, BadRows::Refuse) && self.rejections.count > 0 {
            let refusal = Refusal { file: file.to_owned(), rows: self.rows, rejections: self.rejections };
            return Err(HistoryError::Refused(refusal));
        }
        Ok(self)
    }
}

fn read_header(
    records: &mut Records<Box<dyn Read>>,
    record: &mut Record,
    file: &str,
) -> Result<Vec<String>, HistoryError> {
    let refused = |line, message: String, cure: &str| HistoryError::File(Problem::at(file, line, message, cure));
    if !records.next(record).map_err(|fault| read_error(fault, file))? {
        return Err(HistoryError::File(Problem::of(
            file,
            "the file is empty",
            "it needs a header line that names its columns",
        )));
    }
    if let Some(reason) = &record.fault {
        return Err(refused(record.line, format!("the header cannot be read: {reason}"), ""));
    }
    if record.raw.contains(&b'\r') && !record.raw.ends_with(b"\r\n") {
        let cure = "save it with Windows (CR LF) or Unix (LF) line ends";
        return Err(refused(record.line, "lines end with a lone CR, as on very old Macs".to_owned(), cure));
    }
    Ok(record.fields().map(|name| name.trim().to_owned()).collect())
}

/// Whether the record has the fields that the header promises.
fn fault_of(record: &mut Record, binding: &Binding<'_>) -> Result<(), Reason> {
    if let Some(reason) = record.fault.take() {
        return Err(reason);
    }
    if record.len() != binding.header.len() {
        let delimiter = binding.mapping.format.delimiter;
        let inside = record.field(0).filter(|_| record.len() == 1).and_then(|only| field_count(only, delimiter));
        return Err(match inside {
            Some(fields) if fields == binding.header.len() => Reason::WholeLineQuoted { fields },
            _ => Reason::FieldCount { found: record.len(), expected: binding.header.len(), lines: record.lines },
        });
    }
    if record.fields().all(|value| value.trim().is_empty()) {
        return Err(Reason::AllEmpty);
    }
    Ok(())
}

fn join_use(table: JoinTable) -> JoinUse {
    let mut keys: Vec<(&String, u64)> = table.unmatched_keys.iter().map(|(key, rows)| (key, *rows)).collect();
    keys.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let unmatched_keys = keys
        .into_iter()
        .take(SHOWN_KEYS)
        .map(|(key, rows)| (key.clone(), rows, table.nearest_key(key).map(str::to_owned)))
        .collect();
    JoinUse { matched: table.matched, unmatched: table.unmatched, unmatched_keys, file: table.file }
}
