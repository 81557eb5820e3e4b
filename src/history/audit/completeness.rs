//! Whether columns are filled in, and say anything at all.

use super::column::Column;
use super::finding::{Bound, Finding, FindingCode, Severity};
use super::report::percent;
use super::row::Use;
use super::tally::Tally;
use super::{Completeness, names, proposal, spelling};
use crate::history::words::{count, quoted, quoted_list};

/// Facts that every CRM knows, and whether the product asks for them; the others are only listed. Source, annual revenue
/// and industry are those that a model leans on most.
const FACTS: [(&str, bool); 8] = [
    ("source", true),
    ("annual revenue", true),
    ("industry", true),
    ("employees", true),
    ("product", false),
    ("territory", false),
    ("country", false),
    ("amount", false),
];

fn fact<'t>(tally: &'t Tally<'_>, name: &str) -> Option<&'t Column> {
    tally.columns.iter().find(|column| column.declared.used_as == Use::Fact && column.declared.subject == name)
}

/// How far each fact is filled in.
pub(super) fn measure(tally: &Tally<'_>) -> Vec<Completeness> {
    let filled = |(name, _): &(&str, bool)| {
        let present = fact(tally, name).map_or(0, |column| column.present().closed());
        Completeness { fact: (*name).to_owned(), present, share: tally.share(present) }
    };
    FACTS.iter().map(filled).collect()
}

pub(super) fn check(tally: &Tally<'_>, completeness: &[Completeness]) -> Vec<Finding> {
    if tally.closed() == 0 {
        return Vec::new();
    }
    let judged = FACTS.iter().zip(completeness);
    let mut findings: Vec<Finding> =
        judged.clone().filter_map(|((name, wanted), found)| incomplete(tally, name, *wanted, found)).collect();
    let absent: Vec<&str> =
        judged.filter(|((_, wanted), found)| *wanted && found.present == 0).map(|(f, _)| f.0).collect();
    if !absent.is_empty() {
        let message = format!("The data has no {}; the model will do without.", alternatives(&absent));
        let cure = "If the CRM knows it, add it to the export and name its column in the map.";
        let note = Finding::new(Severity::Note, FindingCode::Absent, message, cure);
        findings.push(absent.iter().fold(note, |note, fact| note.figure(fact, 0.0)));
    }
    findings.extend(says_nothing(tally));
    findings.extend(placeholders(tally));
    findings
}

fn incomplete(tally: &Tally<'_>, name: &str, wanted: bool, found: &Completeness) -> Option<Finding> {
    let options = tally.options;
    if found.present == 0 || found.share >= options.warn_completeness {
        return None;
    }
    let blocking = wanted && found.share < options.block_completeness;
    let (severity, cure) = if blocking {
        (
            Severity::Blocking,
            "Fill it in, or take it out of the map: what is filled in so rarely is usually filled in for deals that were \
             already going well.",
        )
    } else {
        let severity = if wanted { Severity::Warning } else { Severity::Note };
        (severity, "Where it is missing, the model treats it as unknown; the more is filled in, the better it ranks.")
    };
    let column = fact(tally, name)?;
    let missing = column.missing.closed();
    let finding = Finding::new(
        severity,
        FindingCode::Incomplete,
        format!(
            "Only {} of the deals have {} ({} {} not).",
            percent(found.share),
            with_article(name),
            count(missing),
            if missing == 1 { "does" } else { "do" }
        ),
        cure,
    )
    .about(name)
    .columns([column.declared.name.as_str()])
    .figure("share", found.share)
    .figure("missing", missing as f64)
    .rows(&column.missing_rows);
    Some(if blocking {
        finding.passes("share", Bound::AtLeast, options.block_completeness, "block_completeness")
    } else {
        finding.passes("share", Bound::AtLeast, options.warn_completeness, "warn_completeness")
    })
}

/// Features that are empty, and used columns that have one value.
fn says_nothing(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let empty: Vec<&Column> = tally
        .learned_from()
        .filter(|column| column.declared.used_as == Use::Feature && column.present().closed() == 0)
        .collect();
    let constant: Vec<&Column> = tally
        .learned_from()
        .filter(|column| {
            column.values() == 1 && !column.is_capped() && column.missing.closed() == 0 && column.present().closed() > 0
        })
        .collect();
    let [empty, constant] =
        [empty, constant].map(|list| list.into_iter().map(|column| column.declared.name.as_str()).collect::<Vec<_>>());
    if !empty.is_empty() {
        let (is, it) = if empty.len() == 1 { ("is", "it") } else { ("are", "them") };
        let message = format!("{} {is} empty for every closed deal.", quoted_list(empty.iter().copied(), 6));
        let cure = format!("Take {it} out of the map, or find out why the export leaves {it} empty.");
        findings.push(
            Finding::new(Severity::Warning, FindingCode::EmptyColumn, message, cure)
                .columns(empty.iter().copied())
                .figure("columns", empty.len() as f64),
        );
    }
    if !constant.is_empty() {
        let (has, it) = if constant.len() == 1 { ("has", "it") } else { ("have", "them") };
        let message = format!(
            "{} {has} the same value for every closed deal, so nothing can be learned from {it}.",
            quoted_list(constant.iter().copied(), 6)
        );
        let cure = format!("Nothing needs to be done; the map may as well leave {it} out.");
        findings.push(
            Finding::new(Severity::Note, FindingCode::ConstantColumn, message, cure)
                .columns(constant.iter().copied())
                .figure("columns", constant.len() as f64),
        );
    }
    findings
}

/// "Select", "N/A", "-": read as values like any other.
fn placeholders(tally: &Tally<'_>) -> Option<Finding> {
    let mut values: Vec<String> = Vec::new();
    let mut columns: Vec<&Column> = Vec::new();
    let (mut cells, mut rows) = (0, super::row::Rows::default());
    let used = tally
        .columns
        .iter()
        .filter(|column| column.declared.used_as.is_learned_from() || column.declared.used_as == Use::Rep);
    for column in used.filter(|column| column.is_category()) {
        for level in &column.levels {
            if names::is_nothing(&level.text, &spelling::folded(&level.text)) && level.counts.closed() > 0 {
                cells += level.counts.closed();
                rows = rows.and(&level.rows);
                if !values.iter().any(|value| **value == *level.text) {
                    values.push(level.text.to_string());
                }
                if !columns.last().is_some_and(|last| std::ptr::eq(*last, column)) {
                    columns.push(column);
                }
            }
        }
    }
    if values.is_empty() {
        return None;
    }
    values.sort_unstable();
    let listed = tally.file.iter().flat_map(|file| &file.missing).map(String::as_str);
    let line = format!("missing = {}", proposal::toml_list(listed.chain(values.iter().map(String::as_str))));
    let names = || columns.iter().map(|column| column.declared.name.as_str());
    let (mean, is) = if values.len() == 1 { ("means", "is") } else { ("mean", "are") };
    Some(
        Finding::new(
            Severity::Warning,
            FindingCode::PlaceholderValues,
            format!(
                "{} most likely {mean} \"nothing\", but {is} read as a value, in {} of {}.",
                quoted_list(values.iter().map(String::as_str), 5),
                if cells == 1 { "1 cell".to_owned() } else { format!("{} cells", count(cells)) },
                quoted_list(names(), 4)
            ),
            "Say so in [format] of the map:",
        )
        .columns(names())
        .mapping(vec!["[format]".to_owned(), line])
        .figure("cells", cells as f64)
        .passes("cells", Bound::AtMost, 0.0, "")
        .rows(&rows),
    )
}

/// `a, b or c`.
fn alternatives(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        names => names.concat(),
    }
}

fn with_article(fact: &str) -> String {
    match fact {
        "employees" => "a number of employees".to_owned(),
        fact if fact.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {fact}"),
        fact => format!("a {fact}"),
    }
}

/// A column as a sentence names it.
pub(super) fn named(column: &Column) -> String {
    quoted(&column.declared.name)
}
