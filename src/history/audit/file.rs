//! A CSV file, read through its map, as rows of the audit.
//!
//! The import refuses what it cannot take; the audit looks at the same rows and says all that is wrong with them at once:
//! with open deals, with the columns that the map leaves out, and with the line of each.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::AuditReport;
use super::options::AuditOptions;
use super::row::{AuditRow, Cell, Declared, Rows, Use};
use super::tally::{FileContext, Tally};
use crate::history::binding::{Binding, Place};
use crate::history::error::HistoryError;
use crate::history::format::Format;
use crate::history::input::{CsvInput, Progress};
use crate::history::join::JoinTable;
use crate::history::mapping::{FeatureKind, Mapping, Role, fits};
use crate::history::read::Ending;
use crate::history::rejected::{BadRows, Reason};
use crate::history::row::Row;
use crate::history::scan::{Purpose, scan};

/// Unknown outcomes that are told apart.
const MAX_UNKNOWN: usize = 20;

/// Judges a CSV file through its map, without storing anything. `progress` is called now and then, and once at the end.
///
/// # Errors
/// A map that does not fit the file, or a file that cannot be read at all. Rows that cannot be read, and outcomes that the
/// map does not know, are findings.
pub fn audit_file(
    input: CsvInput,
    mapping: &Mapping,
    options: &AuditOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<AuditReport, HistoryError> {
    let mut context = FileContext {
        name: input.name.clone(),
        map: mapping.file.clone(),
        known_afterwards: mapping.known_afterwards.iter().map(|column| column.name.clone()).collect(),
        missing: mapping.format.missing.clone(),
        join_columns: mapping.joins.iter().map(|join| join_column(mapping, &join.column.name)).collect(),
        ..FileContext::default()
    };
    let mut reader: Option<Reader<'_>> = None;
    let mut unknown: BTreeMap<String, Rows> = BTreeMap::new();
    let mut bad = BadRows::Refuse;
    let scan = scan(input, mapping, Purpose::History, &mut bad, progress, &mut |row| {
        let reader = reader.get_or_insert_with(|| Reader::new(row.binding, row.joins, options));
        reader.take(row, &mut unknown)
    })?;
    context.unknown_outcomes = unknown;
    context.rejections = scan.rejections;
    context.joins = scan.joins;
    let mut tally = reader.map_or_else(|| Tally::new(Vec::new(), Format::default(), options), |reader| reader.tally);
    tally.file = Some(context);
    Ok(tally.report())
}

/// Reads rows once the first of them has shown the columns.
struct Reader<'o> {
    tally: Tally<'o>,
    places: Vec<Place>,
}

impl<'o> Reader<'o> {
    fn new(binding: &Binding<'_>, joins: &[JoinTable], options: &'o AuditOptions) -> Self {
        let main = binding.header.iter().enumerate().map(|(at, name)| (Place::Main(at), name));
        let joined = joins.iter().enumerate().flat_map(|(join, table)| {
            let named = table.names.iter().enumerate();
            named.filter_map(move |(column, name)| Some((Place::Joined { join, column }, name.as_ref()?)))
        });
        let (mut places, mut columns) = (Vec::new(), Vec::new());
        for (place, name) in main.chain(joined) {
            if let Some(column) = declared(binding, place, name) {
                places.push(place);
                columns.push(column);
            }
        }
        Self { tally: Tally::new(columns, binding.mapping.format.clone(), options), places }
    }

    fn take(&mut self, row: &Row<'_>, unknown: &mut BTreeMap<String, Rows>) -> Result<(), Reason> {
        let mapping = row.binding.mapping;
        let word = row.required(Role::Outcome)?;
        let lead = row.required(Role::LeadId)?;
        let cells: Vec<Cell<'_>> =
            self.places.iter().map(|place| row.value(*place).map_or(Cell::Missing, Cell::Text)).collect();
        let mut seen = AuditRow {
            line: Some(row.record.line),
            lead,
            rep: None,
            created: None,
            closed: None,
            closed_assumed: false,
            outcome: None,
            cells: &cells,
        };
        match Ending::of(word, mapping) {
            Ending::Unknown => {
                if unknown.contains_key(word) || unknown.len() < MAX_UNKNOWN {
                    unknown.entry(word.to_owned()).or_default().add(&seen);
                }
                return Ok(());
            }
            Ending::Open => {
                // An open deal may lack anything; what it has is still worth a look.
                seen.rep = row.rep().ok();
                seen.created = row.created().ok();
            }
            Ending::Closed(outcome) => {
                let created = row.created()?;
                // Read as the import reads it, so that what it will refuse is said here.
                row.facts(created)?;
                row.amount(Role::ClosedAmount)?;
                seen.rep = Some(row.rep()?);
                seen.created = Some(created);
                seen.outcome = Some(outcome);
                seen.closed = row.closed()?;
                if seen.closed.is_none() {
                    let Some(days) = mapping.assume.closed_after_days else {
                        return Err(row.required(Role::Closed).err().unwrap_or(Reason::AllEmpty));
                    };
                    seen.closed = Some(created + TimeDelta::days(days.into()));
                    seen.closed_assumed = true;
                }
            }
        }
        self.tally.add(&seen);
        Ok(())
    }
}

/// What a column is to the audit; `None` for those that say which deal it is, when it was, and how it ended.
fn declared(binding: &Binding<'_>, place: Place, name: &str) -> Option<Declared> {
    let mapping = binding.mapping;
    let role = binding.roles.iter().find(|(_, at)| **at == place).map(|(role, _)| *role);
    let feature = binding.features.iter().find(|(_, at)| *at == place).map(|(feature, _)| *feature);
    let (used_as, subject, numeric) = match (role, feature) {
        (Some(Role::LeadId | Role::Outcome | Role::Created | Role::Closed), _) => return None,
        (Some(Role::Rep), _) => (Use::Rep, "rep".to_owned(), false),
        (Some(Role::ClosedAmount), _) => (Use::KnownAfterwards, "closed amount".to_owned(), true),
        (Some(role), _) => {
            (Use::Fact, fact_name(role).to_owned(), matches!(role, Role::Amount | Role::Revenue | Role::Employees))
        }
        (_, Some(feature)) => (Use::Feature, feature.name.clone(), feature.kind == FeatureKind::Numeric),
        _ if mapping.known_afterwards.iter().any(|declared| fits(&declared.name, name)) => {
            (Use::KnownAfterwards, name.to_owned(), false)
        }
        _ => (Use::Unused, name.to_owned(), false),
    };
    let named = mapping.named_columns().find(|named| named.column.name == name);
    let used_at = named.map(|named| format!("{} (line {})", named.place, named.column.line)).unwrap_or_default();
    Some(Declared {
        subject,
        name: name.to_owned(),
        used_as,
        joined: matches!(place, Place::Joined { .. }),
        numeric,
        place: used_at,
        replaced: replaced(mapping, name),
    })
}

/// The column by which a joined file is looked up.
fn join_column(mapping: &Mapping, name: &str) -> Declared {
    Declared {
        subject: name.to_owned(),
        name: name.to_owned(),
        used_as: Use::Unused,
        joined: false,
        numeric: false,
        place: String::new(),
        replaced: replaced(mapping, name),
    }
}

fn replaced(mapping: &Mapping, column: &str) -> BTreeMap<String, String> {
    let found = mapping.replacements.iter().find(|replacements| replacements.column.name == column);
    found.map(|replacements| replacements.values.clone()).unwrap_or_default()
}

/// The fact as stored deals name it, so that a finding has the same id wherever it is found.
const fn fact_name(role: Role) -> &'static str {
    match role {
        Role::Employees => "employees",
        role => role.words(),
    }
}
