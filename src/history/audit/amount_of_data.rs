//! Whether there are enough deals, each once and readable.

use super::finding::{Bound, Finding, FindingCode, Severity};
use super::proposal::toml_list;
use super::tally::Tally;
use crate::history::words::{count, counted, nearest, quoted, quoted_list};

/// Share of identical deals from which on they are more than chance.
const MANY_IDENTICAL: f64 = 0.05;
/// Cells that two deals must share before it is worth a word.
const CELLS_TO_COMPARE: usize = 6;
/// Share of rows that cannot be read from which on the rest is no fair sample.
const MANY_UNREADABLE: f64 = 0.1;

/// `There is 1 closed deal`, `There are 5 closed deals`.
fn there_are(n: u64, noun: &str) -> String {
    format!("There {} {}", if n == 1 { "is" } else { "are" }, counted(n, noun))
}

pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(enough_deals(tally));
    findings.extend(enough_of_each(tally));
    findings.extend(unknown_outcomes(tally));
    findings.extend(unreadable(tally));
    findings.extend(duplicates(tally));
    findings.extend(identical(tally));
    findings
}

fn enough_deals(tally: &Tally<'_>) -> Option<Finding> {
    let (n, needed) = (tally.closed(), tally.options.min_deals);
    (n < needed).then(|| {
        Finding::new(
            Severity::Blocking,
            FindingCode::TooFewDeals,
            format!("{}; a model needs at least {}.", there_are(n, "closed deal"), count(needed)),
            "Add an older export, or the deals of another region or team.",
        )
        .figure("deals", n as f64)
        .figure("needed", needed as f64)
        .passes("deals", Bound::AtLeast, needed as f64, "min_deals")
    })
}

fn enough_of_each(tally: &Tally<'_>) -> Option<Finding> {
    let (rarer, name) = if tally.won.count < tally.lost.count { (&tally.won, "won") } else { (&tally.lost, "lost") };
    let (n, needed) = (rarer.count, tally.options.min_of_each_outcome);
    (n < needed).then(|| {
        Finding::new(
            Severity::Blocking,
            FindingCode::TooFewOfOneOutcome,
            format!(
                "Only {} {name}; a model that shall tell won from lost needs at least {} of each.",
                if n == 1 { "1 deal was".to_owned() } else { format!("{} deals were", count(n)) },
                count(needed)
            ),
            "See whether the export leaves out deals that were won or lost, and whether the map lists all words for both.",
        )
        .figure(name, n as f64)
        .figure("needed", needed as f64)
        .passes(name, Bound::AtLeast, needed as f64, "min_of_each_outcome")
        .rows(rarer)
    })
}

fn unknown_outcomes(tally: &Tally<'_>) -> Vec<Finding> {
    let unknown = tally.file.iter().flat_map(|file| &file.unknown_outcomes);
    unknown
        .map(|(word, rows)| {
            let list = nearest(word, ["won", "lost", "open"]).unwrap_or("open");
            Finding::new(
                Severity::Blocking,
                FindingCode::UnknownOutcome,
                format!(
                    "The outcome {} of {} is neither won, lost nor open in the map.",
                    quoted(word),
                    counted(rows.count, "row")
                ),
                format!(
                    "List it in [outcome] under won, lost or open; for example, beside what is there under {list}:"
                ),
            )
            .about(word)
            .mapping(vec![format!("{list} = {}", toml_list([word.as_str()]))])
            .figure("rows", rows.count as f64)
            .rows(rows)
        })
        .collect()
}

fn unreadable(tally: &Tally<'_>) -> Option<Finding> {
    let rejected = &tally.file.as_ref()?.rejections;
    if rejected.count == 0 {
        return None;
    }
    let share = rejected.count as f64 / (rejected.count + tally.closed() + tally.open) as f64;
    let severity = if share > MANY_UNREADABLE { Severity::Blocking } else { Severity::Warning };
    let mut finding = Finding::new(
        severity,
        FindingCode::UnreadableRows,
        format!("{} cannot be read and {} judged here.", counted(rejected.count, "row"), were_not(rejected.count)),
        "Correct them in the file, or import the others with --skip-bad, which writes these to a file of their own.",
    )
    .figure("rows", rejected.count as f64)
    .figure("share", share)
    .passes("share", Bound::AtMost, MANY_UNREADABLE, "");
    for (kind, rows) in &rejected.by_kind {
        finding = finding.detail(format!("{}: {kind}.", counted(*rows, "row")));
    }
    if let Some(first) = rejected.first.first() {
        finding = finding.detail(format!("Line {}: {}.", first.line, first.reason));
    }
    finding.lines = rejected.first.iter().map(|rejected| rejected.line).take(5).collect();
    Some(finding)
}

const fn were_not(n: u64) -> &'static str {
    if n == 1 { "was not" } else { "were not" }
}

fn duplicates(tally: &Tally<'_>) -> Option<Finding> {
    let n = tally.duplicates.count;
    (n > 0).then(|| {
        let are = if n == 1 { "is" } else { "are" };
        Finding::new(
            Severity::Blocking,
            FindingCode::DuplicateLead,
            format!("{} {are} for a lead that is there already.", counted(n, "closed deal")),
            "Keep one deal for each lead, or name another column as lead_id in the map.",
        )
        .figure("deals", n as f64)
        .passes("deals", Bound::AtMost, 0.0, "")
        .rows(&tally.duplicates)
    })
}

fn identical(tally: &Tally<'_>) -> Option<Finding> {
    let (n, share) = (tally.identical.count, tally.share(tally.identical.count));
    let names: Vec<&str> = tally.columns.iter().map(|column| column.declared.name.as_str()).collect();
    if n == 0 || names.len() < CELLS_TO_COMPARE {
        return None;
    }
    let severity = if share > MANY_IDENTICAL { Severity::Warning } else { Severity::Note };
    let repeat = if n == 1 { "repeats" } else { "repeat" };
    Some(
        Finding::new(
            severity,
            FindingCode::IdenticalRows,
            format!("{} {repeat} an earlier one in everything but the lead's id.", counted(n, "closed deal")),
            "If one sale was split into several records, keep one of them: copies make a model too sure of itself.",
        )
        .detail(format!("Compared: dates, outcome, {}.", quoted_list(names, 6)))
        .figure("deals", n as f64)
        .figure("share", share)
        .passes("share", Bound::AtMost, MANY_IDENTICAL, "")
        .rows(&tally.identical),
    )
}
