//! What is collected about one column: its values with their outcomes, as long as there are not too many of them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::ColumnSummary;
use super::row::{AuditRow, Cell, Declared, Rows};
use super::signal::{Counts, Power, power, ranges};
use crate::history::format::{Format, When};

/// Longest text that is kept as a category, in bytes; longer ones are prose.
const MAX_TEXT: usize = 160;
/// A column is numeric (or a date) when at least this share of its values is.
const MOSTLY: f64 = 0.95;
/// A number with fewer different values is taken for a category.
const FEW_VALUES: usize = 20;

/// Rows that are kept of each value.
const LEVEL_ROWS: u64 = 2;

/// One value that a column has.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) text: Box<str>,
    number: Option<f64>,
    date: Option<DateTime<Utc>>,
    pub(super) counts: Counts,
    /// The first rows that have it.
    pub(super) rows: Rows,
}

/// How cells are read once a column has too many values to keep each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overflow {
    /// Not that many yet.
    None,
    /// It is a number: ranges are kept.
    Numbers,
    /// It is a date: ranges of seconds are kept.
    Dates,
    /// It is neither: further values are counted together.
    Text,
}

/// Everything collected about a column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) declared: Declared,
    /// Most values that are kept.
    cap: usize,
    by_text: HashMap<Box<str>, usize>,
    pub(super) levels: Vec<Level>,
    numbers: Numbers,
    overflow: Overflow,
    /// Values beyond the cap.
    other: Counts,
    pub(super) missing: Counts,
    pub(super) missing_rows: Rows,
    /// Rows of closed deals whose date lies after creation, and after closing.
    pub(super) after_created: Rows,
    pub(super) after_closed: Rows,
    /// Rows of closed deals whose value is a date.
    pub(super) dated: u64,
}

impl Column {
    pub(super) fn new(declared: Declared, cap: usize) -> Self {
        Self {
            declared,
            cap,
            by_text: HashMap::new(),
            levels: Vec::new(),
            numbers: Numbers::default(),
            overflow: Overflow::None,
            other: Counts::default(),
            missing: Counts::default(),
            missing_rows: Rows::default(),
            after_created: Rows::default(),
            after_closed: Rows::default(),
            dated: 0,
        }
    }

    /// Takes in a value; returns which level it is, if it is kept as one.
    pub(super) fn add(
        &mut self,
        cell: Cell<'_>,
        row: &AuditRow<'_>,
        fold: usize,
        won: Option<bool>,
        format: &Format,
    ) -> Option<usize> {
        match cell {
            Cell::Missing => {
                self.missing.add(fold, won);
                self.missing_rows.add_if(won.is_some(), row);
                None
            }
            Cell::Number(value) => {
                self.numbers.add(value, self.cap, fold, won);
                None
            }
            Cell::Text(text) => self.add_text(text, row, fold, won, format),
        }
    }

    fn add_text(
        &mut self,
        text: &str,
        row: &AuditRow<'_>,
        fold: usize,
        won: Option<bool>,
        format: &Format,
    ) -> Option<usize> {
        let known = self.by_text.get(text).copied();
        let level = known.or_else(|| self.new_level(text, format));
        let date = match (level, self.overflow) {
            (Some(level), _) => self.levels.get(level).and_then(|level| level.date),
            (None, Overflow::Dates) => format.date(text).map(When::start),
            _ => None,
        };
        if let Some(date) = date
            && row.outcome.is_some()
        {
            self.dated += 1;
            self.after_created.add_if(row.created.is_some_and(|created| date.date_naive() > created.date_naive()), row);
            self.after_closed.add_if(
                !row.closed_assumed && row.closed.is_some_and(|closed| date.date_naive() > closed.date_naive()),
                row,
            );
        }
        if let Some(level) = level.and_then(|level| self.levels.get_mut(level)) {
            level.counts.add(fold, won);
            if level.rows.count < LEVEL_ROWS {
                level.rows.add(row);
            }
            return self.by_text.get(text).copied();
        }
        let number = match self.overflow {
            Overflow::Numbers => format.number(text),
            Overflow::Dates => date.map(|date| date.timestamp() as f64),
            Overflow::None | Overflow::Text => None,
        };
        match number {
            Some(number) => self.numbers.add(number, self.cap, fold, won),
            None => self.other.add(fold, won),
        }
        None
    }

    fn new_level(&mut self, text: &str, format: &Format) -> Option<usize> {
        if text.len() > MAX_TEXT || self.overflow != Overflow::None {
            return None;
        }
        if self.levels.len() >= self.cap {
            self.overflow_now();
            return None;
        }
        let number = format.number(text);
        let date = if number.is_none() { format.date(text).map(When::start) } else { None };
        let level = Level { text: text.into(), number, date, counts: Counts::default(), rows: Rows::default() };
        self.levels.push(level);
        self.by_text.insert(text.into(), self.levels.len() - 1);
        Some(self.levels.len() - 1)
    }

    /// Decides what a column is that has more values than are kept.
    fn overflow_now(&mut self) {
        self.overflow = if self.is_date() {
            Overflow::Dates
        } else if self.mostly(|level| level.number.is_some()) {
            Overflow::Numbers
        } else {
            Overflow::Text
        };
        if self.overflow != Overflow::Text {
            self.by_text.clear();
            for level in std::mem::take(&mut self.levels) {
                match level.ordinal() {
                    Some(value) => self.numbers.merge(value, self.cap, &level.counts),
                    None => self.other.merge(&level.counts),
                }
            }
        }
    }

    fn mostly(&self, holds: impl Fn(&Level) -> bool) -> bool {
        let that = self.levels.iter().filter(|level| holds(level)).count();
        that > 0 && that as f64 >= MOSTLY * self.levels.len() as f64
    }

    /// Whether its values are dates.
    pub(super) fn is_date(&self) -> bool {
        self.overflow == Overflow::Dates || self.mostly(|level| level.date.is_some())
    }

    /// Whether its values are numbers, and not a few that stand for categories.
    pub(super) fn is_number(&self) -> bool {
        self.overflow == Overflow::Numbers
            || !self.numbers.is_empty()
            || ((self.declared.numeric || self.levels.len() > FEW_VALUES)
                && self.mostly(|level| level.number.is_some()))
    }

    /// Whether its values are categories, all of which are kept.
    pub(super) fn is_category(&self) -> bool {
        !self.is_date() && !self.is_number()
    }

    /// Whether it has values that were counted but not kept: too many, or too long.
    pub(super) fn is_capped(&self) -> bool {
        self.is_category() && self.other.all() > 0
    }

    /// Different values that are kept.
    pub(super) fn values(&self) -> usize {
        self.levels.len() + self.numbers.by_key.len() + usize::from(self.other.all() > 0)
    }

    /// All rows with a value.
    pub(super) fn present(&self) -> Counts {
        let mut present = self.other;
        self.levels.iter().for_each(|level| present.merge(&level.counts));
        self.numbers.by_key.values().for_each(|counts| present.merge(counts));
        present
    }

    /// What the column alone tells about the outcome.
    pub(super) fn power(&self) -> Option<Power> {
        let mut groups = if self.is_date() || self.is_number() {
            let mut ordered = self.numbers.clone();
            let mut other = self.other;
            for level in &self.levels {
                match level.ordinal() {
                    Some(value) => ordered.merge(value, usize::MAX, &level.counts),
                    None => other.merge(&level.counts),
                }
            }
            let mut groups = ranges(ordered.by_key.into_values());
            groups.push(other);
            groups
        } else {
            self.levels.iter().map(|level| level.counts).chain([self.other]).collect()
        };
        groups.push(self.missing);
        power(&groups)
    }

    /// What it tells that a value is there.
    pub(super) fn missing_power(&self) -> Option<Power> {
        power(&[self.present(), self.missing])
    }

    pub(super) fn summary(&self) -> ColumnSummary {
        let (present, power) = (self.present().closed(), self.power());
        let closed = present + self.missing.closed();
        ColumnSummary {
            column: self.declared.name.clone(),
            used_as: self.declared.used_as.to_string(),
            filled: if closed == 0 { 0.0 } else { present as f64 / closed as f64 },
            values: self.values() as u64,
            auc: power.map(|power| power.auc),
            information: power.map(|power| power.information),
            missing_auc: self.missing_power().map(|power| power.auc),
        }
    }
}

impl Level {
    /// Its place on a line, if it is a number or a date.
    fn ordinal(&self) -> Option<f64> {
        self.number.or_else(|| self.date.map(|date| date.timestamp() as f64))
    }
}

/// Numbers in order, ever more coarsely as they become too many.
#[derive(Clone, Debug, Default)]
struct Numbers {
    by_key: BTreeMap<u64, Counts>,
    /// Bits that are left out of each key.
    shift: u32,
}

impl Numbers {
    fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    fn add(&mut self, value: f64, cap: usize, fold: usize, won: Option<bool>) {
        self.by_key.entry(ordered_bits(value) >> self.shift).or_default().add(fold, won);
        self.shrink(cap);
    }

    fn merge(&mut self, value: f64, cap: usize, counts: &Counts) {
        self.by_key.entry(ordered_bits(value) >> self.shift).or_default().merge(counts);
        self.shrink(cap);
    }

    fn shrink(&mut self, cap: usize) {
        while self.by_key.len() > cap {
            self.shift += 2;
            for (key, counts) in std::mem::take(&mut self.by_key) {
                self.by_key.entry(key >> 2).or_default().merge(&counts);
            }
        }
    }
}

/// A key that sorts as the number does (IEEE 754 total order).
fn ordered_bits(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap as Map;

    use super::super::row::Use;
    use super::*;
    use crate::domain::deal::Outcome;

    fn column(cap: usize) -> Column {
        let declared = Declared {
            subject: "c".into(),
            name: "c".into(),
            used_as: Use::Unused,
            joined: false,
            numeric: false,
            place: String::new(),
            replaced: Map::new(),
        };
        Column::new(declared, cap)
    }

    fn feed(column: &mut Column, values: impl Iterator<Item = (String, bool)>) {
        for (i, (value, won)) in values.enumerate() {
            let outcome = Some(if won { Outcome::Won } else { Outcome::Lost });
            let cells = [Cell::Text(&value)];
            let row = AuditRow {
                line: Some(i as u64),
                lead: "l",
                rep: None,
                created: None,
                closed: None,
                closed_assumed: false,
                outcome,
                cells: &cells,
            };
            column.add(cells[0], &row, i % 5, Some(won), &Format::default());
        }
    }

    #[test]
    fn numbers_keep_their_order_in_keys() {
        let values = [f64::MIN, -2.5, -1.0, -0.0, 0.0, 1e-300, 1.0, 7.25, f64::MAX];
        assert!(values.windows(2).all(|pair| ordered_bits(pair[0]) < ordered_bits(pair[1])));
    }

    #[test]
    fn a_number_with_too_many_values_is_kept_in_ranges_and_still_tells_the_outcome() {
        let mut column = column(100);
        feed(&mut column, (0..5_000).map(|i| (format!("{}", i * 7 % 5_000), i * 7 % 5_000 > 2_500)));
        assert!(column.values() <= 100, "{}", column.values());
        assert!(column.is_number() && !column.is_capped());
        assert!(column.power().unwrap().auc > 0.97, "{:?}", column.power());
        assert_eq!(column.present().closed(), 5_000);
    }

    #[test]
    fn text_with_too_many_values_is_counted_but_not_kept() {
        let mut column = column(100);
        feed(&mut column, (0..5_000).map(|i| (format!("text {i}"), i % 2 == 0)));
        assert!(column.is_capped() && column.is_category());
        assert_eq!((column.levels.len(), column.present().closed()), (100, 5_000));
    }

    #[test]
    fn a_few_numbers_are_categories_unless_the_map_says_otherwise() {
        let mut column = column(100);
        feed(&mut column, (0..100).map(|i| (format!("{}", i % 3), i % 2 == 0)));
        assert!(column.is_category());
        column.declared.numeric = true;
        assert!(column.is_number());
    }
}
