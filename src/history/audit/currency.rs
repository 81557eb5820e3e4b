//! Amounts that are not in one currency, or not in one unit.

use std::collections::BTreeMap;

use super::column::Column;
use super::completeness::named;
use super::finding::{Bound, Finding, FindingCode, Severity};
use super::names::{is_money, is_segment};
use super::report::percent;
use super::row::{AuditRow, Cell, Declared};
use super::tally::Tally;
use crate::history::format::Format;
use crate::history::words::{count, counted, quoted, quoted_list};

/// Columns of amounts, and columns to split them by, that are followed.
const MAX_COLUMNS: usize = 8;
/// Values of a column that amounts are split by.
const MAX_SEGMENTS: usize = 100;
/// Steps of an amount's logarithm in a factor of ten; a median is right within 7 %.
const STEPS: f64 = 16.0;
/// Fewest amounts of a segment whose median means anything.
const MIN_AMOUNTS: u64 = 50;
/// Share of the amounts below which a currency or a segment does not count.
const MIN_SHARE: f64 = 0.01;
/// Medians that differ by this are not those of the same unit.
const HUNDREDFOLD: f64 = 100.0;
/// Share of the values that must be currencies for a column to be one of currencies.
const MOSTLY: f64 = 0.9;
/// ISO 4217 codes of currencies that deals are made in.
const CODES: [&str; 42] = [
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "RON",
    "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "USD", "VND", "ZAR",
];
const SIGNS: [char; 9] = ['$', '€', '£', '¥', '₹', '₩', '₽', '₺', '₪'];

/// What is collected about amounts.
#[derive(Debug)]
pub(super) struct Amounts {
    columns: Vec<usize>,
    segments: Vec<usize>,
    /// By amount column, segment column and its value: amounts by the step of their logarithm.
    by_segment: BTreeMap<(usize, usize, usize), BTreeMap<i16, u64>>,
    /// By amount column: currencies written beside the number.
    written: BTreeMap<usize, BTreeMap<String, u64>>,
}

impl Amounts {
    pub(super) fn new(columns: &[Declared]) -> Self {
        let those = |holds: fn(&Declared) -> bool| -> Vec<usize> {
            let found = columns.iter().enumerate().filter(|(_, column)| holds(column)).map(|(at, _)| at);
            found.take(MAX_COLUMNS).collect()
        };
        Self {
            columns: those(|column| !is_segment(&column.name) && (is_money(&column.name) || is_money(&column.subject))),
            segments: those(|column| is_segment(&column.name) || is_segment(&column.subject)),
            by_segment: BTreeMap::new(),
            written: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, row: &AuditRow<'_>, levels: &[Option<usize>], format: &Format) {
        for &amount in &self.columns {
            let value = match row.cells.get(amount) {
                Some(Cell::Number(value)) => Some(*value),
                Some(Cell::Text(text)) => {
                    if let Some(currency) = currency_in(text) {
                        *self.written.entry(amount).or_default().entry(currency).or_default() += 1;
                    }
                    format.number(text)
                }
                _ => None,
            };
            let Some(value) = value.filter(|value| *value > 0.0) else { continue };
            let step = (value.log10() * STEPS).round() as i16;
            for &segment in &self.segments {
                if let Some(level) = levels.get(segment).copied().flatten().filter(|level| *level < MAX_SEGMENTS) {
                    let steps = self.by_segment.entry((amount, segment, level)).or_default();
                    *steps.entry(step).or_default() += 1;
                }
            }
        }
    }
}

/// The currency written beside a number: its sign, or its ISO code.
fn currency_in(text: &str) -> Option<String> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b' ')) {
        return None;
    }
    if let Some(sign) = text.chars().find(|c| SIGNS.contains(c)) {
        return Some(sign.to_string());
    }
    let mut words = text.split(|c: char| !c.is_ascii_alphabetic());
    words.find(|word| is_code(word)).map(str::to_uppercase)
}

fn is_code(word: &str) -> bool {
    CODES.iter().any(|code| code.eq_ignore_ascii_case(word))
}

fn is_currency(value: &str) -> bool {
    is_code(value) || value.chars().count() == 1 && value.chars().all(|c| SIGNS.contains(&c))
}

/// The median of amounts that are counted by the step of their logarithm.
fn median(steps: &BTreeMap<i16, u64>) -> f64 {
    let half = steps.values().sum::<u64>().div_ceil(2);
    let mut seen = 0;
    let middle = steps.iter().find(|(_, n)| {
        seen += **n;
        seen >= half
    });
    middle.map_or(0.0, |(step, _)| 10f64.powf(f64::from(*step) / STEPS))
}

/// An amount with two digits that count.
fn rounded(amount: f64) -> String {
    let unit = 10f64.powf((amount.max(1.0).log10().floor() - 1.0).max(0.0));
    count(((amount / unit).round() * unit) as u64)
}

pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(currencies(tally));
    findings.extend(written(tally));
    findings.extend(scale(tally));
    findings
}

/// Only amounts that a model learns from can mislead it; the others mislead reports.
fn severity<'c>(columns: impl IntoIterator<Item = &'c Column>) -> Severity {
    let learned = columns.into_iter().any(|column| column.declared.used_as.is_learned_from());
    if learned { Severity::Warning } else { Severity::Note }
}

const CURE: &str =
    "Export the amounts in one currency (Salesforce converts them in a report), or leave them out of the map.";

/// A column that says which currency each row is in.
fn currencies(tally: &Tally<'_>) -> Option<Finding> {
    let amounts: Vec<&Column> = tally.amounts.columns.iter().filter_map(|at| tally.columns.get(*at)).collect();
    if amounts.is_empty() {
        return None;
    }
    for &at in &tally.amounts.segments {
        let Some(column) = tally.columns.get(at).filter(|column| column.is_category()) else { continue };
        let all = column.present().all();
        let mut found: Vec<(usize, u64)> = column
            .levels
            .iter()
            .enumerate()
            .filter(|(_, level)| is_currency(&level.text))
            .map(|(at, level)| (at, level.counts.all()))
            .collect();
        if (found.iter().map(|(_, n)| n).sum::<u64>() as f64) < MOSTLY * all as f64 {
            continue;
        }
        found.retain(|(_, n)| *n as f64 >= MIN_SHARE * all as f64);
        found.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        if found.len() < 2 {
            continue;
        }
        let amount = tally
            .amounts
            .columns
            .iter()
            .copied()
            .find(|amount| tally.amounts.by_segment.keys().any(|key| key.0 == *amount));
        let details = found.iter().map(|(level, n)| {
            let steps = amount.and_then(|amount| tally.amounts.by_segment.get(&(amount, at, *level)));
            let half = steps.map(|steps| format!(", median {}", rounded(median(steps)))).unwrap_or_default();
            format!("{}: {}{half}.", column.levels[*level].text, counted(*n, "deal"))
        });
        let share = found[0].1 as f64 / all as f64;
        let names = amounts.iter().map(|column| column.declared.name.as_str());
        let names: Vec<&str> = names.chain([column.declared.name.as_str()]).collect();
        return Some(
            Finding::new(
                severity(amounts.iter().copied()),
                FindingCode::CurrencyMix,
                format!(
                    "Amounts are in {} currencies by {}; the most frequent, {}, has only {} of them.",
                    found.len(),
                    named(column),
                    column.levels[found[0].0].text,
                    percent(share)
                ),
                CURE,
            )
            .about(&column.declared.subject)
            .columns(names)
            .details(details.collect())
            .figure("currencies", found.len() as f64)
            .figure("share", share)
            .passes("currencies", Bound::AtMost, 1.0, ""),
        );
    }
    None
}

/// Numbers with the signs or codes of different currencies, which `ignore_in_numbers` would hide.
fn written(tally: &Tally<'_>) -> Vec<Finding> {
    let mixed = tally.amounts.written.iter().filter(|(_, currencies)| currencies.len() > 1);
    mixed
        .filter_map(|(at, currencies)| {
            let column = tally.columns.get(*at)?;
            let details = currencies.iter().map(|(currency, n)| format!("{currency}: {}.", counted(*n, "amount")));
            Some(
                Finding::new(
                    severity([column]),
                    FindingCode::CurrencyMix,
                    format!(
                        "{} is written in {} currencies: {}.",
                        named(column),
                        currencies.len(),
                        quoted_list(currencies.keys().map(String::as_str), 4)
                    ),
                    CURE,
                )
                .about(&column.declared.subject)
                .columns([column.declared.name.as_str()])
                .details(details.collect())
                .figure("currencies", currencies.len() as f64)
                .passes("currencies", Bound::AtMost, 1.0, ""),
            )
        })
        .collect()
}

/// Segments whose amounts are of another magnitude: thousands beside units, yen beside dollars.
fn scale(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for &at in &tally.amounts.columns {
        let Some(column) = tally.columns.get(at).filter(|column| column.declared.used_as.is_learned_from()) else {
            continue;
        };
        for &by in &tally.amounts.segments {
            let Some(segment) = tally.columns.get(by) else { continue };
            let of = tally.amounts.by_segment.range((at, by, 0)..=(at, by, MAX_SEGMENTS));
            let all: u64 = of.clone().flat_map(|(_, steps)| steps.values()).sum();
            let mut medians: Vec<(f64, usize, u64)> = of
                .map(|((.., level), steps)| (median(steps), *level, steps.values().sum::<u64>()))
                .filter(|(.., n)| *n >= MIN_AMOUNTS && *n as f64 >= MIN_SHARE * all as f64)
                .collect();
            medians.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (Some(low), Some(high)) = (medians.first(), medians.last()) else { continue };
            let ratio = high.0 / low.0;
            if ratio < HUNDREDFOLD {
                continue;
            }
            let name = |level: usize| quoted(&segment.levels[level].text);
            findings.push(
                Finding::new(
                    Severity::Warning,
                    FindingCode::AmountScale,
                    format!(
                        "{} is about {} times as large for {} as for {} ({}): another currency or unit?",
                        named(column),
                        count(ratio.round() as u64),
                        name(high.1),
                        name(low.1),
                        segment.declared.name
                    ),
                    CURE,
                )
                .about(&format!("{}/{}", column.declared.subject, segment.declared.subject))
                .columns([column.declared.name.as_str(), segment.declared.name.as_str()])
                .details(
                    [low, high]
                        .map(|(half, level, n)| {
                            format!("{}: median {} of {}.", name(*level), rounded(*half), counted(*n, "amount"))
                        })
                        .to_vec(),
                )
                .figure("ratio", ratio)
                .passes("ratio", Bound::Below, HUNDREDFOLD, ""),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_read_beside_numbers() {
        assert_eq!(currency_in("€ 1.200"), Some("€".to_owned()));
        assert_eq!(currency_in("usd 5,000"), Some("USD".to_owned()));
        assert_eq!(currency_in("5,000.00"), None);
        assert_eq!(currency_in("5 trees"), None, "TRY is not in trees");
    }

    #[test]
    fn a_median_is_right_within_its_step() {
        let mut steps = BTreeMap::new();
        for amount in 1..=999 {
            *steps.entry((f64::from(amount).log10() * STEPS).round() as i16).or_default() += 1;
        }
        assert!((median(&steps) / 500.0 - 1.0).abs() < 0.08, "{}", median(&steps));
        assert_eq!(rounded(123_456.0), "120,000");
    }
}
