//! The map laid over the header of one file: where each value is found.

use std::collections::BTreeMap;

use super::error::{HistoryError, Problem, Problems};
use super::join::JoinTable;
use super::mapping::{Feature, Mapping, NamedColumn, Replacements, Role, fits};
use super::scan::{ColumnUse, Purpose};
use super::words::{nearest, quoted, quoted_list};

/// Columns named in an error message.
const SHOWN_COLUMNS: usize = 40;

/// Where a value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this column of the file.
    Main(usize),
    /// In this column of a joined file.
    Joined {
        /// Which of the joined files.
        join: usize,
        /// Which of its columns.
        column: usize,
    },
}

/// A map that fits a file.
#[derive(Debug)]
pub(super) struct Binding<'m> {
    pub(super) mapping: &'m Mapping,
    /// The columns of the file, in order; each row must have as many fields.
    pub(super) header: Vec<String>,
    pub(super) roles: BTreeMap<Role, Place>,
    pub(super) features: Vec<(&'m Feature, Place)>,
    /// How values of some columns are read.
    pub(super) replacements: Vec<(Place, &'m Replacements)>,
    pub(super) columns: ColumnUse,
}

impl<'m> Binding<'m> {
    /// Finds every column of the map in the header, or says which are not there.
    pub(super) fn new(
        mapping: &'m Mapping,
        header: &[String],
        joins: &[JoinTable],
        purpose: Purpose,
        file: &str,
    ) -> Result<Self, HistoryError> {
        let mut finder = Finder { mapping, header, joins, file, problems: Vec::new() };
        finder.check_purpose(purpose);
        let mut roles = BTreeMap::new();
        let mut places = Vec::new();
        for named in mapping.named_columns() {
            if purpose == Purpose::Leads {
                let optional = named.role == Some(Role::Rep) && !header.contains(&named.column.name);
                if optional || named.role.is_some_and(Role::is_known_afterwards) {
                    continue;
                }
            }
            let Some(place) = finder.find(&named) else { continue };
            if let Some(role) = named.role {
                roles.insert(role, place);
            } else {
                places.push(place);
            }
        }
        if purpose == Purpose::History {
            finder.check_known_afterwards();
        }
        let mut replacements = Vec::new();
        for replaced in &mapping.replacements {
            let named = NamedColumn {
                column: &replaced.column,
                role: None,
                place: format!("[values.{}]", quoted(&replaced.column.name)),
            };
            // Leads to score may lack columns of the history, such as the outcome.
            if purpose == Purpose::Leads && !finder.columns().any(|name| *name == replaced.column.name) {
                continue;
            }
            replacements.extend(finder.find(&named).map(|place| (place, replaced)));
        }
        if !finder.problems.is_empty() {
            return Err(HistoryError::Mapping(Problems::new(finder.problems)));
        }
        let columns = column_use(mapping, header);
        Ok(Self {
            mapping,
            header: header.to_vec(),
            roles,
            features: mapping.features.iter().zip(places).collect(),
            replacements,
            columns,
        })
    }
}

impl Binding<'_> {
    /// What the map reads a value of this place as.
    pub(super) fn read<'a>(&'a self, place: Place, value: &'a str) -> &'a str {
        let replaced = self.replacements.iter().find(|(of, _)| *of == place);
        replaced.map_or(value, |(_, replacements)| replacements.read(value))
    }
}

/// Looks for columns, and collects what is wrong.
struct Finder<'a> {
    mapping: &'a Mapping,
    header: &'a [String],
    joins: &'a [JoinTable],
    file: &'a str,
    problems: Vec<Problem>,
}

impl Finder<'_> {
    fn wrong(&mut self, line: u64, message: String, cure: impl Into<String>) {
        self.problems.push(Problem::at(&self.mapping.file, line, message, cure));
    }

    /// History needs to know how deals ended, and when.
    fn check_purpose(&mut self, purpose: Purpose) {
        if purpose != Purpose::History {
            return;
        }
        let line = self.mapping.columns_line;
        if !self.mapping.columns.contains_key(&Role::Outcome) {
            self.wrong(
                line,
                "[columns] lacks \"outcome\"".into(),
                "add: outcome = \"…\", the column that says won or lost",
            );
        }
        if !self.mapping.columns.contains_key(&Role::Closed) && self.mapping.assume.closed_after_days.is_none() {
            self.wrong(
                line,
                "[columns] lacks \"closed\"".into(),
                "add: closed = \"…\", or if the file has no closing date, assume_closed_after_days = 180 in [history]",
            );
        }
    }

    fn find(&mut self, named: &NamedColumn<'_>) -> Option<Place> {
        let wanted = &named.column.name;
        let positions: Vec<usize> = (0..self.header.len()).filter(|at| self.header[*at] == *wanted).collect();
        if let [first, second, ..] = positions[..] {
            let message = format!(
                "column {} ({}) is in {} twice, as columns {} and {}",
                quoted(wanted),
                named.place,
                self.file,
                first + 1,
                second + 1
            );
            self.wrong(named.column.line, message, "rename one of them in the file");
            return None;
        }
        let mut found: Vec<Place> = positions.into_iter().map(Place::Main).collect();
        for (join, table) in self.joins.iter().enumerate() {
            let columns = table.names.iter().enumerate().filter(|(_, name)| name.as_ref() == Some(wanted));
            found.extend(columns.map(|(column, _)| Place::Joined { join, column }));
        }
        match found[..] {
            [place] => Some(place),
            [] => {
                self.not_found(named);
                None
            }
            _ => {
                let message =
                    format!("column {} ({}) is in more than one of the joined files", quoted(wanted), named.place);
                self.wrong(named.column.line, message, "give the [[join]] a prefix, for example prefix = \"account.\"");
                None
            }
        }
    }

    fn not_found(&mut self, named: &NamedColumn<'_>) {
        let wanted = &named.column.name;
        let message = format!("column {} ({}) is not in {}", quoted(wanted), named.place, self.file);
        let cure = if let Some(delimiter) = self.likely_delimiter() {
            format!(
                "its header is a single column; if fields are separated by {delimiter}, say so in [format] delimiter"
            )
        } else {
            let columns = format!("its columns are {}", quoted_list(self.columns(), SHOWN_COLUMNS));
            match nearest(wanted, self.columns()) {
                Some(near) => format!("did you mean {}? {columns}", quoted(near)),
                None => columns,
            }
        };
        self.wrong(named.column.line, message, cure);
    }

    /// The delimiter that a header of a single column seems to be meant for.
    fn likely_delimiter(&self) -> Option<&'static str> {
        let [only] = self.header else { return None };
        [(';', "\";\""), ('\t', "\"\\t\" (tab)"), ('|', "\"|\""), (',', "\",\"")]
            .into_iter()
            .max_by_key(|(c, _)| only.matches(*c).count())
            .filter(|(c, _)| only.contains(*c))
            .map(|(_, shown)| shown)
    }

    /// A column meant to be kept out must exist: a typo there would protect nothing.
    fn check_known_afterwards(&mut self) {
        for declared in &self.mapping.known_afterwards {
            if self.columns().any(|name| fits(&declared.name, name)) {
                continue;
            }
            let message =
                format!("{} ([known_afterwards] columns) fits no column of {}", quoted(&declared.name), self.file);
            let cure = match nearest(&declared.name, self.columns()) {
                Some(near) => format!("did you mean {}?", quoted(near)),
                None => "remove it, or correct its spelling".to_owned(),
            };
            self.problems.push(Problem::at(&self.mapping.file, declared.line, message, cure));
        }
    }

    /// All columns that the map may name.
    fn columns(&self) -> impl Iterator<Item = &str> {
        let joined = self.joins.iter().flat_map(|table| table.names.iter().flatten());
        self.header.iter().chain(joined).map(String::as_str)
    }
}

/// Sorts the columns of the file by what becomes of them.
fn column_use(mapping: &Mapping, header: &[String]) -> ColumnUse {
    let mut columns = ColumnUse::default();
    for name in header {
        let list = if mapping.named_columns().any(|named| named.column.name == *name) {
            &mut columns.used
        } else if mapping.known_afterwards.iter().any(|declared| fits(&declared.name, name)) {
            &mut columns.known_afterwards
        } else if mapping.joins.iter().any(|join| join.column.name == *name) {
            &mut columns.used
        } else {
            &mut columns.unused
        };
        list.push(name.clone());
    }
    columns
}
