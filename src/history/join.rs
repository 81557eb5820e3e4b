//! Second files, in which further columns are looked up by a key.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use super::error::{HistoryError, Problem, Problems};
use super::input::CsvInput;
use super::mapping::{Join, Mapping};
use super::record::{ReadFault, Record, Records};
use super::words::{nearest, quoted, quoted_list};

/// Distinct keys without a partner that are counted; beyond them only the total.
const MAX_UNMATCHED: usize = 1_000;

/// A joined file in memory.
#[derive(Debug)]
pub(super) struct JoinTable {
    pub(super) file: String,
    /// The column of the main file whose value is looked up.
    pub(super) main_column: usize,
    /// Names of its columns as the map may use them; `None` for the key, which the main file has already.
    pub(super) names: Vec<Option<String>>,
    rows: Vec<Vec<String>>,
    by_key: HashMap<String, usize>,
    pub(super) matched: u64,
    pub(super) unmatched: u64,
    pub(super) unmatched_keys: BTreeMap<String, u64>,
}

impl JoinTable {
    /// Reads the file, strictly: a table of companies or products is short enough to be correct.
    pub(super) fn load(
        join: &Join,
        mapping: &Mapping,
        main_header: &[String],
        main_file: &str,
    ) -> Result<Self, HistoryError> {
        let input = CsvInput::open(&join.path)?;
        let file = input.name.clone();
        let broken = |line, message: String, cure: &str| HistoryError::File(Problem::at(&file, line, message, cure));
        let mut records = Records::new(input.into_text()?, mapping.format.delimiter);
        let mut record = Record::default();
        if !next(&mut records, &mut record, &file)? {
            return Err(HistoryError::File(Problem::of(&file, "the file is empty", "it needs a header line")));
        }
        let header: Vec<String> = record.fields().map(|name| name.trim().to_owned()).collect();
        let place = |columns: &[String], column: &super::mapping::Column, of: &str| {
            columns.iter().position(|name| *name == column.name).ok_or_else(|| {
                let message = format!("column {} ([[join]]) is not in {of}", quoted(&column.name));
                let names = || columns.iter().map(String::as_str);
                let cure = match nearest(&column.name, names()) {
                    Some(near) => format!("did you mean {}? {of} has {}", quoted(near), quoted_list(names(), 40)),
                    None => format!("{of} has {}", quoted_list(names(), 40)),
                };
                HistoryError::Mapping(Problems::new(vec![Problem::at(&mapping.file, column.line, message, cure)]))
            })
        };
        let key = place(&header, &join.key, &file)?;
        let main_column = place(main_header, &join.column, main_file)?;

        let (mut rows, mut by_key, mut lines) = (Vec::new(), HashMap::new(), Vec::new());
        while next(&mut records, &mut record, &file)? {
            if record.len() != header.len() {
                let message = format!("{} fields where the header has {}", record.len(), header.len());
                return Err(broken(record.line, message, "a joined file must be correct; repair this line"));
            }
            let row: Vec<String> = record.fields().map(|value| value.trim().to_owned()).collect();
            if let Some(first) = by_key.insert(row[key].clone(), rows.len()) {
                let message = format!("{} is there twice (first on line {})", quoted(&row[key]), lines[first]);
                return Err(broken(
                    record.line,
                    message,
                    "a key of a joined file must be unique; remove one of the two",
                ));
            }
            rows.push(row);
            lines.push(record.line);
        }
        let prefixed = |(at, name): (usize, String)| (at != key).then(|| format!("{}{name}", join.prefix));
        let names = header.into_iter().enumerate().map(prefixed).collect();
        let (matched, unmatched, unmatched_keys) = (0, 0, BTreeMap::new());
        Ok(Self { file, main_column, names, rows, by_key, matched, unmatched, unmatched_keys })
    }

    /// The row of a key, counted.
    pub(super) fn find(&mut self, key: &str) -> Option<usize> {
        let found = self.by_key.get(key).copied();
        if found.is_some() {
            self.matched += 1;
        } else {
            self.unmatched += 1;
            if let Some(seen) = self.unmatched_keys.get_mut(key) {
                *seen += 1;
            } else if self.unmatched_keys.len() < MAX_UNMATCHED {
                self.unmatched_keys.insert(key.to_owned(), 1);
            }
        }
        found
    }

    /// One value of a row.
    pub(super) fn value(&self, row: usize, column: usize) -> Option<&str> {
        self.rows.get(row)?.get(column).map(String::as_str)
    }

    /// The key of the file that one without a partner most likely means.
    pub(super) fn nearest_key(&self, key: &str) -> Option<&str> {
        let mut keys: Vec<&str> = self.by_key.keys().map(String::as_str).collect();
        keys.sort_unstable();
        nearest(key, keys)
    }
}

fn next(records: &mut Records<Box<dyn Read>>, record: &mut Record, file: &str) -> Result<bool, HistoryError> {
    match records.next(record) {
        Ok(more) => match &record.fault {
            Some(reason) if more => Err(HistoryError::File(Problem::at(file, record.line, reason.to_string(), ""))),
            _ => Ok(more),
        },
        Err(fault) => Err(read_error(fault, file)),
    }
}

/// A fault of reading as an error of the file.
pub(super) fn read_error(fault: ReadFault, file: &str) -> HistoryError {
    match fault {
        ReadFault::Io(source) => HistoryError::Io { doing: "read", path: file.into(), source },
        ReadFault::LineTooLong { line } => HistoryError::File(Problem::at(
            file,
            line,
            "the line is longer than 4 MiB, so this is no CSV file",
            "export it again as CSV with line ends",
        )),
    }
}
