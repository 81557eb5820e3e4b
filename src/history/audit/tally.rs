//! One pass over the history: everything that the checks ask for, in memory that does not grow with the number of deals
//! but for two hashes of each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::column::Column;
use super::companies::Companies;
use super::currency::Amounts;
use super::dates::Dates;
use super::finding::{Finding, Severity};
use super::options::AuditOptions;
use super::owners::Owners;
use super::row::{AuditRow, Cell, Declared, Rows, Use};
use super::{AuditReport, amount_of_data, categories, companies, completeness, currency, dates, leaks, owners};
use crate::domain::deal::Outcome;
use crate::history::format::Format;
use crate::history::rejected::Rejections;
use crate::history::scan::JoinUse;

/// Most values kept of one column.
const MAX_LEVELS: usize = 10_000;
/// Fewest values kept of one column, however many columns there are.
const MIN_LEVELS: usize = 1_000;
/// Values kept of all columns together, as far as [`MIN_LEVELS`] allows.
const ALL_LEVELS: usize = 300_000;

/// What is known about a file besides its rows.
#[derive(Debug, Default)]
pub(super) struct FileContext {
    /// The file, as the user named it.
    pub(super) name: String,
    /// The map, as the user named it.
    pub(super) map: String,
    /// What the map declares as known only afterwards.
    pub(super) known_afterwards: Vec<String>,
    /// What the map reads as "nothing".
    pub(super) missing: Vec<String>,
    /// Words of the outcome column that the map does not know, with rows.
    pub(super) unknown_outcomes: BTreeMap<String, Rows>,
    pub(super) rejections: Rejections,
    pub(super) joins: Vec<JoinUse>,
    /// The column of the main file that each joined file is looked up by.
    pub(super) join_columns: Vec<Declared>,
}

/// Everything collected.
#[derive(Debug)]
pub(super) struct Tally<'o> {
    pub(super) options: &'o AuditOptions,
    pub(super) file: Option<FileContext>,
    format: Format,
    pub(super) columns: Vec<Column>,
    pub(super) won: Rows,
    pub(super) lost: Rows,
    pub(super) open: u64,
    leads: HashSet<u64>,
    pub(super) duplicates: Rows,
    contents: HashMap<u64, u32>,
    pub(super) identical: Rows,
    pub(super) dates: Dates,
    pub(super) owners: Owners,
    pub(super) companies: Companies,
    pub(super) amounts: Amounts,
}

impl<'o> Tally<'o> {
    /// Starts with the columns whose cells each row will bring, in this order.
    pub(super) fn new(columns: Vec<Declared>, format: Format, options: &'o AuditOptions) -> Self {
        let cap = (ALL_LEVELS / columns.len().max(1)).clamp(MIN_LEVELS, MAX_LEVELS);
        Self {
            options,
            file: None,
            format,
            dates: Dates::new(options),
            owners: Owners::default(),
            companies: Companies::new(&columns),
            amounts: Amounts::new(&columns),
            columns: columns.into_iter().map(|declared| Column::new(declared, cap)).collect(),
            won: Rows::default(),
            lost: Rows::default(),
            open: 0,
            leads: HashSet::new(),
            duplicates: Rows::default(),
            contents: HashMap::new(),
            identical: Rows::default(),
        }
    }

    /// Takes in one deal.
    pub(super) fn add(&mut self, row: &AuditRow<'_>) {
        let lead = hash(row.lead);
        let fold = (lead % super::signal::FOLDS as u64) as usize;
        let won = row.outcome.map(|outcome| outcome == Outcome::Won);
        match row.outcome {
            Some(Outcome::Won) => self.won.add(row),
            Some(Outcome::Lost) => self.lost.add(row),
            None => self.open += 1,
        }
        let mut content = DefaultHasher::new();
        let mut levels = Vec::with_capacity(self.columns.len());
        for (column, cell) in self.columns.iter_mut().zip(row.cells) {
            let level = column.add(*cell, row, fold, won, &self.format);
            levels.push(level);
            match cell {
                Cell::Missing => 0.hash(&mut content),
                Cell::Text(text) => text.hash(&mut content),
                Cell::Number(number) => number.to_bits().hash(&mut content),
            }
        }
        self.amounts.add(row, &levels, &self.format);
        self.companies.add(row, &levels);
        self.owners.add(row);
        if row.outcome.is_some() {
            self.dates.add(row);
            self.duplicates.add_if(!self.leads.insert(lead), row);
            (row.created, row.closed, row.rep, won).hash(&mut content);
            let seen = self.contents.entry(content.finish()).or_default();
            self.identical.add_if(*seen > 0, row);
            *seen = seen.saturating_add(1);
        }
    }

    /// Closed deals.
    pub(super) fn closed(&self) -> u64 {
        self.won.count + self.lost.count
    }

    /// A part of the closed deals, 0 to 1.
    pub(super) fn share(&self, part: u64) -> f64 {
        if self.closed() == 0 { 0.0 } else { part as f64 / self.closed() as f64 }
    }

    /// Columns that a model may learn from.
    pub(super) fn learned_from(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.declared.used_as.is_learned_from())
    }

    /// The rep's column.
    pub(super) fn rep_column(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.declared.used_as == Use::Rep)
    }

    /// Judges it all.
    pub(super) fn report(self) -> AuditReport {
        let completeness = completeness::measure(&self);
        let mut findings = Vec::new();
        findings.extend(amount_of_data::check(&self));
        findings.extend(leaks::check(&self));
        findings.extend(owners::check(&self));
        findings.extend(dates::check(&self));
        findings.extend(completeness::check(&self, &completeness));
        findings.extend(categories::check(&self));
        findings.extend(companies::check(&self));
        findings.extend(currency::check(&self));
        for finding in &mut findings {
            if self.options.accepted.contains(&finding.id) && finding.severity != Severity::Note {
                finding.severity = Severity::Note;
                finding.accepted = true;
            }
        }
        // Worst first: within a severity from the most to the least fundamental, and of the same kind the strongest.
        let strength = |finding: &Finding| finding.figures.get("auc").copied().unwrap_or_default();
        findings.sort_by(|a, b| {
            (a.severity, a.code).cmp(&(b.severity, b.code)).then_with(|| strength(b).total_cmp(&strength(a)))
        });
        let (first_created, last_created) = self.dates.created_between();
        AuditReport {
            blocked: findings.iter().any(|finding: &Finding| finding.severity == Severity::Blocking),
            deals: self.closed(),
            won: self.won.count,
            lost: self.lost.count,
            open: self.open,
            reps: self.owners.with_closed_deals(),
            first_created,
            last_created,
            completeness,
            columns: self.columns.iter().map(Column::summary).collect(),
            file: self.file.map(|file| file.name),
            findings,
        }
    }
}

/// The same in every run, which `RandomState` would not be.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
