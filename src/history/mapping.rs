//! The map: a TOML file that says which column of a CSV means what.
//!
//! Columns are left out unless the map names them, so a column that nobody thought about can never leak the outcome into
//! a model. `assets/maps/example.toml` explains every key.

mod parse;
mod section;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::error::HistoryError;
use super::format::Format;
pub(super) use parse::NamedColumn;

/// The bundled example, with every key explained.
pub const EXAMPLE_MAP: &str = include_str!("../../assets/maps/example.toml");

/// A meaning that `[columns]` can give to a column. Its text is the key in the map.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumIter,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Role {
    /// Names the lead; unique in the file.
    LeadId,
    /// When the lead came in.
    Created,
    /// When its outcome became known.
    Closed,
    /// Who worked it.
    Rep,
    /// Won, lost or open, in the words of the file.
    Outcome,
    /// Expected amount, as known at creation.
    Amount,
    /// Lead source.
    Source,
    /// Industry of the company.
    Industry,
    /// Product or product family.
    Product,
    /// Annual revenue of the company.
    Revenue,
    /// Number of employees.
    Employees,
    /// Country.
    Country,
    /// Sales territory.
    Territory,
    /// Amount at closing; never a feature.
    ClosedAmount,
}

impl Role {
    /// Whether it is only known once the deal is closed, so that a lead to score cannot have it.
    pub(super) const fn is_known_afterwards(self) -> bool {
        matches!(self, Self::Closed | Self::Outcome | Self::ClosedAmount)
    }

    /// In words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::LeadId => "lead id",
            Self::Created => "creation date",
            Self::Closed => "closing date",
            Self::Rep => "rep",
            Self::Outcome => "outcome",
            Self::Amount => "amount",
            Self::Source => "source",
            Self::Industry => "industry",
            Self::Product => "product",
            Self::Revenue => "annual revenue",
            Self::Employees => "number of employees",
            Self::Country => "country",
            Self::Territory => "territory",
            Self::ClosedAmount => "amount at closing",
        }
    }
}

/// A column of the file, and the line of the map that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) line: u64,
}

/// How a further feature is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeatureKind {
    /// A number.
    Numeric,
    /// A category.
    Categorical,
    /// A date: the feature is the days from it to the creation of the lead.
    Date,
}

/// A further feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) kind: FeatureKind,
    pub(super) column: Column,
}

/// Which words of the outcome column mean what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    pub(super) won: Vec<String>,
    pub(super) lost: Vec<String>,
    pub(super) open: Vec<String>,
    /// The line of `[outcome]`.
    pub(super) line: u64,
}

/// A second CSV with further columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Join {
    /// The file, found from the folder of the map.
    pub(super) path: PathBuf,
    /// The column of it that is looked up.
    pub(super) key: Column,
    /// The column of the main file whose value is looked up.
    pub(super) column: Column,
    /// Put before the names of its columns.
    pub(super) prefix: String,
}

/// Values of one column that stand for others: spellings that people made of the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacements {
    pub(super) column: Column,
    /// As the file writes it → as it is read.
    pub(super) values: BTreeMap<String, String>,
}

impl Replacements {
    /// What a value is read as.
    pub(super) fn read<'a>(&'a self, value: &'a str) -> &'a str {
        self.values.get(value).map_or(value, String::as_str)
    }
}

/// What holds for every row because the file does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Assumptions {
    pub(super) closed_after_days: Option<u32>,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) rep: Option<String>,
}

/// What the columns of a CSV mean.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// As the user named it, for messages.
    pub(super) file: String,
    /// The line of `[columns]`.
    pub(super) columns_line: u64,
    pub(super) columns: BTreeMap<Role, Column>,
    pub(super) features: Vec<Feature>,
    pub(super) outcomes: Outcomes,
    /// Names and patterns of columns that must never be used.
    pub(super) known_afterwards: Vec<Column>,
    pub(super) format: Format,
    pub(super) joins: Vec<Join>,
    pub(super) replacements: Vec<Replacements>,
    pub(super) assume: Assumptions,
}

impl Mapping {
    /// Reads a map from its file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line and the cure.
    pub fn load(path: &Path) -> Result<Self, HistoryError> {
        let text = fs::read_to_string(path).map_err(|source| HistoryError::Io {
            doing: "read the map",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Reads a map from text; `path` is its name in messages, and its folder the place from which joined files are found.
    ///
    /// # Errors
    /// As [`Mapping::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, HistoryError> {
        parse::parse(text, path).map_err(HistoryError::Mapping)
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = name.split_once(part) else { return false };
        name = after;
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests;
