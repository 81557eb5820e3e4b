//! From a window of leads and a baseline to a report.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::baseline::{Baseline, CategoricalBaseline, NumericBaseline};
use super::calibration::expected_auc;
use super::day::{CategoricalDay, Matured, Window};
use super::report::{FactDrift, Kind, Limits, Measure, Report, Verdict};
use super::{concept, facts, kolmogorov, measures, significance};
use crate::domain::ids::ModelId;
use crate::model::features::short;

/// Fewer training deals than this are no reference.
const MIN_REFERENCE: u32 = 100;
/// Bins of a number: deciles, where there are leads enough.
const BINS: usize = 10;
/// A category is compared on its own if so many leads are to be expected in it when nothing changed, and the pooled rest
/// if at least so many are (after Cochran 1954).
const LEAST_IN_BIN: (f64, f64) = (5.0, 1.0);
/// Up to so many reference rows Evidently tests; beyond, it measures distances.
const EVIDENTLY_TESTS: u32 = 1_000;
/// Evidently takes a number with at most so many distinct values for categories.
const EVIDENTLY_CATEGORIES: usize = 5;
/// Evidently's limits: of p values, and of distances.
const EVIDENTLY_LIMITS: (f64, f64) = (0.05, 0.1);
/// Names of the rest, and of no value at all.
const OTHER: &str = "other values";
const MISSING: &str = "missing";

/// Which days a window spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First day (UTC).
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// When the report is made.
    pub as_of: DateTime<Utc>,
}

/// Compares a window of leads, and the deals that closed of the leads this model ranked, with what it learned from.
pub fn assess(
    model: &ModelId,
    baseline: &Baseline,
    window: &Window,
    matured: &[Matured],
    period: Period,
    limits: &Limits,
) -> Report {
    let mut rows: Vec<FactDrift> = baseline
        .numeric
        .iter()
        .map(|fact| numeric(fact, baseline.deals, window))
        .chain(baseline.categorical.iter().map(|fact| categorical(fact, baseline.deals, window)))
        .collect();
    rows.push(prediction(baseline, window));
    judge(&mut rows, limits);
    let prediction = rows.pop().unwrap_or_else(|| prediction(baseline, window));
    rows.sort_by(|a, b| {
        let excess = |row: &FactDrift| row.psi - row.psi_by_chance;
        b.verdict.cmp(&a.verdict).then_with(|| excess(b).total_cmp(&excess(a))).then_with(|| a.fact.cmp(&b.fact))
    });
    let concept = concept::assess(matured, &baseline.closing, limits, period.as_of);
    let verdict = rows.iter().chain([&prediction]).map(|row| row.verdict).chain([concept.verdict]).max();
    let mut report = Report {
        model: model.clone(),
        as_of: period.as_of,
        from: period.from,
        until: period.until,
        verdict: verdict.unwrap_or(Verdict::TooFew),
        summary: String::new(),
        leads: window.leads,
        deals: baseline.deals,
        expected_auc: expected_auc(&window.lead_scores).filter(|_| prediction.verdict != Verdict::TooFew),
        mean_best_p_win: (window.best.0 > 0).then(|| window.best.1 / f64::from(window.best.0)),
        facts: rows,
        prediction,
        concept,
    };
    report.summary = summary(&report, limits);
    report
}

/// Verdicts of all rows together: false alarms are controlled over the family of those that have leads enough.
fn judge(rows: &mut [FactDrift], limits: &Limits) {
    let enough = |row: &FactDrift| row.leads >= limits.min_leads && row.reference >= MIN_REFERENCE;
    let p: Vec<f64> = rows.iter().filter(|row| enough(row)).map(|row| row.p_value).collect();
    let q = significance::benjamini_hochberg(&p);
    for (row, q) in rows.iter_mut().filter(|row| enough(row)).zip(q) {
        row.q_value = q;
        let excess = row.psi - row.psi_by_chance;
        row.verdict = match excess {
            _ if q > limits.false_alarms => Verdict::Steady,
            excess if excess >= limits.psi_act => Verdict::Act,
            excess if excess >= limits.psi_watch => Verdict::Watch,
            _ => Verdict::Steady,
        };
    }
    for row in rows {
        row.psi_limit = limits.psi_watch + row.psi_by_chance;
    }
}

/// Two samples of a number, ascending, with how many have it of how many.
struct Numbers<'a> {
    reference: &'a [f64],
    current: &'a [f64],
    reference_known: (u32, u32),
    current_known: (u32, u32),
}

fn numeric(fact: &NumericBaseline, deals: u32, window: &Window) -> FactDrift {
    let reference: Vec<f64> = fact.values.iter().map(|v| f64::from(*v)).collect();
    let none = (0, Vec::new());
    let (known, current) = window.numeric.get(&fact.fact).unwrap_or(&none);
    let numbers = Numbers {
        reference: &reference,
        current,
        reference_known: (fact.known, deals),
        current_known: (*known, window.leads),
    };
    compare_numbers(fact.fact.clone(), Kind::Numeric, &numbers)
}

fn prediction(baseline: &Baseline, window: &Window) -> FactDrift {
    let reference: Vec<f64> = baseline.lead_scores.iter().map(|v| f64::from(*v)).collect();
    let (n, m) = (reference.len() as u32, window.lead_scores.len() as u32);
    let numbers =
        Numbers { reference: &reference, current: &window.lead_scores, reference_known: (n, n), current_known: (m, m) };
    compare_numbers("lead_score".into(), Kind::Prediction, &numbers)
}

fn compare_numbers(fact: String, kind: Kind, numbers: &Numbers<'_>) -> FactDrift {
    let &Numbers { reference, current, reference_known, current_known } = numbers;
    // What the samples stand for, those without the fact included.
    let size = |sample: &[f64], (known, of): (u32, u32)| {
        if known > 0 { sample.len() as f64 * f64::from(of) / f64::from(known) } else { f64::from(of) }
    };
    let (n, m) = (size(reference, reference_known), size(current, current_known));
    let expected = if n > 0.0 { reference.len() as f64 / n * m } else { 0.0 };
    let bins = ((expected / LEAST_IN_BIN.0 / 2.0) as usize).clamp(2, BINS);
    let edges = measures::quantile_edges(reference, bins);
    let with_missing = |sample: &[f64], size: f64| {
        let mut counts = measures::histogram(sample, &edges);
        counts.push((size - sample.len() as f64).max(0.0));
        counts
    };
    let (was, now) = (with_missing(reference, n), with_missing(current, m));
    let filled = was.iter().zip(&now).filter(|(r, c)| **r > 0.0 || **c > 0.0).count();

    let ks = measures::ks_statistic(reference, current);
    let ks_p = kolmogorov::two_sample(ks, reference.len(), current.len());
    let missing = |(known, of): (u32, u32)| f64::from(of.saturating_sub(known));
    let gaps = (missing(reference_known), missing(current_known));
    let p_value = if gaps.0 + gaps.1 > 0.0 {
        let of = (f64::from(reference_known.1), f64::from(current_known.1));
        // Either may have changed, so the smaller p value of the two counts double (Bonferroni).
        (2.0 * ks_p.min(significance::two_proportions((gaps.0, of.0), (gaps.1, of.1)).1)).min(1.0)
    } else {
        ks_p
    };

    let (b_reference, b_current) = measures::evidently_bins(reference, current);
    let jensen_shannon = measures::jensen_shannon(&b_reference, &b_current);
    let wasserstein =
        if reference.is_empty() || current.is_empty() { 0.0 } else { measures::wasserstein_normed(reference, current) };
    let categories = measures::distinct(reference) <= EVIDENTLY_CATEGORIES;
    let evidently = match (reference_known.1 <= EVIDENTLY_TESTS, categories) {
        (false, false) => distance("Wasserstein distance (normed)", wasserstein),
        (false, true) => distance("Jensen-Shannon distance", jensen_shannon),
        (true, false) => p_of("K-S p_value", ks_p),
        (true, true) => by_category(&b_reference, &b_current),
    };
    let share = |gap: f64, of: u32| gap / f64::from(of.max(1));
    let missing = (share(gaps.0, reference_known.1), share(gaps.1, current_known.1));
    FactDrift {
        label: facts::label(&fact),
        fact,
        kind,
        verdict: Verdict::TooFew,
        change: change_of_number(kind, reference, current, missing),
        reference: reference_known.1,
        leads: current_known.1,
        psi: measures::psi(&measures::shares(&was), &measures::shares(&now)),
        psi_by_chance: measures::psi_by_chance(filled, n, m),
        psi_limit: 0.0,
        jensen_shannon,
        ks: Some(ks),
        wasserstein: Some(wasserstein),
        p_value,
        q_value: 1.0,
        evidently,
        missing,
    }
}

fn categorical(fact: &CategoricalBaseline, deals: u32, window: &Window) -> FactDrift {
    let none = CategoricalDay::default();
    let current = window.categorical.get(&fact.fact).unwrap_or(&none);
    let table = categories(fact, deals, current, window.leads);
    let (was, now) = pooled(&table);
    let (was_shares, now_shares) = (measures::shares(&was), measures::shares(&now));
    let (_, degrees, p_value) = significance::chi2_test(&was, &now);
    let jensen_shannon = measures::jensen_shannon(&was, &now);
    let evidently = if deals <= EVIDENTLY_TESTS {
        by_category(&was, &now)
    } else {
        distance("Jensen-Shannon distance", jensen_shannon)
    };
    let gap = |known: u32, of: u32| f64::from(of.saturating_sub(known)) / f64::from(of.max(1));
    let share = |row: &Row| (row.was / f64::from(deals.max(1)), row.now / f64::from(window.leads.max(1)));
    let greatest = table
        .iter()
        .map(|row| (&row.name, share(row)))
        .max_by(|(_, a), (_, b)| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()))
        .map(|(name, (was, now))| format!("{name} {}", from_to(was, now)));
    FactDrift {
        label: facts::label(&fact.fact),
        fact: fact.fact.clone(),
        kind: Kind::Categorical,
        verdict: Verdict::TooFew,
        change: greatest.unwrap_or_default(),
        reference: deals,
        leads: window.leads,
        psi: measures::psi(&was_shares, &now_shares),
        psi_by_chance: measures::psi_by_chance(degrees + 1, deals.into(), window.leads.into()),
        psi_limit: 0.0,
        jensen_shannon,
        ks: None,
        wasserstein: None,
        p_value,
        q_value: 1.0,
        evidently,
        missing: (gap(fact.known, deals), gap(current.known, window.leads)),
    }
}

/// Categories by name with the deals and the leads in each.
fn categories(fact: &CategoricalBaseline, deals: u32, current: &CategoricalDay, leads: u32) -> Vec<Row> {
    let mut named: BTreeMap<&str, (u32, u32)> = fact.levels.iter().map(|(name, n)| (name.as_str(), (*n, 0))).collect();
    let in_levels: u32 = fact.levels.values().sum();
    let complete = in_levels == fact.known;
    for (name, n) in &current.levels {
        // A value that is not among the kept ones is new only if all were kept.
        match named.get_mut(name.as_str()) {
            Some(counts) => counts.1 += n,
            None if complete => {
                named.insert(name, (0, *n));
            }
            None => {}
        }
    }
    let counted: u32 = named.values().map(|(_, n)| n).sum();
    let rest = (fact.known - in_levels, current.known.saturating_sub(counted));
    let missing = (deals.saturating_sub(fact.known), leads.saturating_sub(current.known));
    named
        .into_iter()
        .chain([(OTHER, rest), (MISSING, missing)])
        .map(|(name, (was, now))| Row { name: name.to_owned(), was: was.into(), now: now.into() })
        .collect()
}

/// A category with the deals and the leads in it.
struct Row {
    name: String,
    was: f64,
    now: f64,
}

/// Counts of (deals, leads) with the rare categories pooled.
///
/// What is pooled hangs on deals and leads together and never on the leads alone: to pick out the categories that happen
/// to have many leads would be to pick out the false alarms.
fn pooled(table: &[Row]) -> (Vec<f64>, Vec<f64>) {
    let (deals, leads): (f64, f64) = (table.iter().map(|r| r.was).sum(), table.iter().map(|r| r.now).sum());
    let expected = |(was, now): (f64, f64)| (was + now) * leads / (deals + leads).max(1.0);
    let (mut kept, mut rest) = (Vec::new(), (0.0, 0.0));
    for counts in table.iter().map(|row| (row.was, row.now)) {
        if expected(counts) >= LEAST_IN_BIN.0 {
            kept.push(counts);
        } else {
            rest = (rest.0 + counts.0, rest.1 + counts.1);
        }
    }
    if expected(rest) >= LEAST_IN_BIN.1 || kept.is_empty() {
        kept.push(rest);
    } else if let Some(rarest) = kept.iter_mut().min_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1))) {
        *rarest = (rarest.0 + rest.0, rarest.1 + rest.1);
    }
    kept.into_iter().unzip()
}

fn distance(name: &str, value: f64) -> Measure {
    let limit = EVIDENTLY_LIMITS.1;
    Measure { name: name.to_owned(), value, limit, drifted: value >= limit }
}

fn p_of(name: &str, value: f64) -> Measure {
    let limit = EVIDENTLY_LIMITS.0;
    Measure { name: name.to_owned(), value, limit, drifted: value < limit }
}

/// Evidently's test for categories: of proportions for two of them, else chi-squared. (Its own chi-squared test takes the
/// reference for the truth; ours, for the sample it is.)
fn by_category(reference: &[f64], current: &[f64]) -> Measure {
    let (_, degrees, p) = significance::chi2_test(reference, current);
    p_of(if degrees <= 1 { "Z-test p_value" } else { "chi-square p_value" }, p)
}

fn change_of_number(kind: Kind, reference: &[f64], current: &[f64], missing: (f64, f64)) -> String {
    let sd = measures::standard_deviation(reference).max(f64::MIN_POSITIVE);
    let quantiles = [("lower quartile", 0.25), ("median", 0.5), ("upper quartile", 0.75)];
    let moved = quantiles
        .iter()
        .filter_map(|(name, at)| Some((*name, measures::quantile(reference, *at)?, measures::quantile(current, *at)?)))
        .max_by(|a, b| (a.1 - a.2).abs().total_cmp(&(b.1 - b.2).abs()));
    match moved {
        Some((name, was, now)) if (missing.0 - missing.1).abs() <= (was - now).abs() / sd => {
            if kind == Kind::Prediction {
                format!("{name} {}", from_to(was, now))
            } else {
                format!("{name} {} -> {}", short(was), short(now))
            }
        }
        _ => format!("{MISSING} {}", from_to(missing.0, missing.1)),
    }
}

/// Two shares: `12 % -> 31 %`, with a decimal where they would look the same.
fn from_to(was: f64, now: f64) -> String {
    let (was, now) = (was * 100.0, now * 100.0);
    let places = usize::from(format!("{was:.0}") == format!("{now:.0}"));
    format!("{was:.places$} % -> {now:.places$} %")
}

fn summary(report: &Report, limits: &Limits) -> String {
    let days = (report.until - report.from).num_days() + 1;
    let (leads, deals) = (report.leads, report.deals);
    let mut changed: Vec<String> = report
        .facts
        .iter()
        .filter(|row| row.verdict >= Verdict::Watch)
        .map(|row| format!("{} has changed: {}.", capital(&row.label), row.change))
        .collect();
    if report.prediction.verdict >= Verdict::Watch {
        let better = report.prediction.change.clone();
        changed.push(format!("The model takes the leads for other than those it learned from: {better}."));
    }
    let data = if leads < limits.min_leads || deals < MIN_REFERENCE {
        format!(
            "Too few leads to compare with those the model learned from: {leads} in the last {days} days, {} are needed.",
            limits.min_leads
        )
    } else if changed.is_empty() {
        format!(
            "The leads of the last {days} days look like those the model learned from ({leads} leads, {} facts, {deals} \
             deals).",
            report.facts.len()
        )
    } else {
        changed.join(" ")
    };
    format!("{data} {}", report.concept.summary)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
