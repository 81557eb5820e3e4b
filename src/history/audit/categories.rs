//! Spellings of the same category, rep or company, with the lines for the map that would join them.

use std::collections::BTreeMap;

use super::column::Column;
use super::companies;
use super::completeness::named;
use super::finding::{Bound, Finding, FindingCode, Severity};
use super::proposal::values_table;
use super::row::{Rows, Use};
use super::spelling::{folded, folded_name, search};
use super::tally::Tally;
use crate::history::words::{count, counted, quoted, quoted_list};

/// Pairs named in the sentences of a finding; its mapping has them all.
const SHOWN_PAIRS: usize = 5;
/// Industries by the names that CRMs ship with, so that a misspelling is found even where nobody spelled it right. Sources:
/// the standard picklist of Salesforce's Account.Industry, and usual names of segments.
const INDUSTRIES: [&str; 42] = [
    "Agriculture",
    "Apparel",
    "Automotive",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Employment",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Logistics",
    "Machinery",
    "Manufacturing",
    "Marketing",
    "Media",
    "Medical",
    "Not For Profit",
    "Pharmaceuticals",
    "Real Estate",
    "Recreation",
    "Retail",
    "Services",
    "Shipping",
    "Software",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Travel",
    "Utilities",
    "Wholesale",
];

pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, column) in tally.columns.iter().enumerate() {
        let company = tally.companies.column == Some(at);
        let used = column.declared.used_as.is_learned_from() || column.declared.used_as == Use::Rep || company;
        if used && column.is_category() {
            findings.extend(near_duplicates(tally, column, company));
            findings.extend(capped(column));
            if column.declared.subject == "industry" {
                findings.extend(misspelled(tally, column));
            }
        }
    }
    findings.extend(unmatched_keys(tally));
    findings
}

fn near_duplicates(tally: &Tally<'_>, column: &Column, company: bool) -> Vec<Finding> {
    let values: Vec<(&str, u64)> = column.levels.iter().map(|level| (&*level.text, level.counts.all())).collect();
    let rep = column.declared.used_as == Use::Rep;
    let found = match (rep, company) {
        (true, _) => search(&values, folded_name),
        (_, true) => search(&values, companies::normal),
        _ => search(&values, folded),
    };
    let (code, what) = match (rep, company) {
        (true, _) => (FindingCode::RepSpelling, "rep"),
        (_, true) => (FindingCode::CompanySpelling, "company"),
        _ => (FindingCode::NearDuplicateValues, "thing"),
    };
    let mut findings = Vec::new();
    if !found.proposals.is_empty() {
        let mut pairs: Vec<(usize, usize)> =
            found.proposals.iter().map(|proposal| (proposal.from, proposal.to)).collect();
        pairs.sort_by_key(|(from, _)| std::cmp::Reverse(values[*from].1));
        let deals: u64 = pairs.iter().map(|(from, _)| values[*from].1).sum();
        let proposed: BTreeMap<String, String> =
            pairs.iter().map(|(from, to)| (values[*from].0.to_owned(), values[*to].0.to_owned())).collect();
        let rows = pairs.iter().fold(Rows::default(), |all, (from, _)| all.and(&column.levels[*from].rows));
        let (first, meant) = (values[pairs[0].0].0, values[pairs[0].1].0);
        let more = match pairs.len() - 1 {
            0 => String::new(),
            more => format!(" and {} more", counted(more as u64, "spelling")),
        };
        let details = pairs.iter().take(SHOWN_PAIRS).map(|(from, to)| {
            let ((written, n), (meant, m)) = (values[*from], values[*to]);
            format!("{} ({}) for {} ({}).", quoted(written), counted(n, "deal"), quoted(meant), count(m))
        });
        let (cure, mapping) = if tally.file.is_some() {
            ("See whether they mean the same; if so, put this into the map:", values_table(&column.declared, &proposed))
        } else {
            (
                "See whether they mean the same; if so, correct them in the CRM, or audit the file they came from \
                 (leadboard history audit FILE --map MAP): that prints the lines for the map.",
                Vec::new(),
            )
        };
        findings.push(
            Finding::new(
                Severity::Warning,
                code,
                format!(
                    "{} in {} is probably the same {what} as {}{more}.",
                    quoted(first),
                    named(column),
                    quoted(meant)
                ),
                cure,
            )
            .about(&column.declared.subject)
            .columns([column.declared.name.as_str()])
            .details(details.collect())
            .mapping(mapping)
            .figure("values", pairs.len() as f64)
            .figure("deals", deals as f64)
            .passes("values", Bound::AtMost, 0.0, "")
            .rows(&rows),
        );
    }
    if found.capped {
        findings.push(
            Finding::new(
                Severity::Note,
                FindingCode::Capped,
                format!(
                    "{} has so many similar values that not all of them were compared for typing mistakes.",
                    named(column)
                ),
                "Nothing needs to be done; look through its values yourself if they are typed by hand.",
            )
            .about(&format!("{}/spelling", column.declared.subject))
            .columns([column.declared.name.as_str()])
            .figure("values", values.len() as f64),
        );
    }
    findings
}

fn capped(column: &Column) -> Option<Finding> {
    column.is_capped().then(|| {
        let kept = column.levels.len() as u64;
        Finding::new(
            Severity::Note,
            FindingCode::Capped,
            match kept {
                0 => format!("{} holds long texts, which were counted, but not compared.", named(column)),
                _ => format!(
                    "{} has more than {}; the others were counted, but not compared.",
                    named(column),
                    counted(kept, "different value")
                ),
            },
            "See whether it is a category at all: an id or a free text helps no model.",
        )
        .about(&column.declared.subject)
        .columns([column.declared.name.as_str()])
        .figure("values", kept as f64)
    })
}

/// Values that are misspelled everywhere, so that nothing in the data gives them away.
fn misspelled(tally: &Tally<'_>, column: &Column) -> Option<Finding> {
    let mut proposed = BTreeMap::new();
    let (mut deals, mut rows) = (0, Rows::default());
    for level in &column.levels {
        let written = folded(&level.text);
        let is_known = |name: &str| folded(name) == written;
        if INDUSTRIES.iter().any(|name| is_known(name)) {
            continue;
        }
        // Beside the right word, it is a near-duplicate of that.
        let there = |name: &str| column.levels.iter().any(|other| folded(&other.text) == folded(name));
        let pair =
            |name: &&'static str| search(&[(*name, u64::MAX / 2), (&level.text, 1)], folded).proposals.len() == 1;
        if let Some(meant) = INDUSTRIES.iter().find(|name| pair(name) && !there(name)) {
            let small = level.text.chars().all(|c| !c.is_uppercase());
            let meant = if small { meant.to_lowercase() } else { (*meant).to_owned() };
            proposed.insert(level.text.to_string(), meant);
            deals += level.counts.closed();
            rows = rows.and(&level.rows);
        }
    }
    let (written, meant) = proposed.first_key_value()?;
    let message =
        format!("{} in {} is probably {}, misspelled everywhere.", quoted(written), named(column), quoted(meant));
    let cure =
        "It does no harm while every lead has it; correct it in the CRM, or here when new leads are spelled right:";
    let mapping = if tally.file.is_some() { values_table(&column.declared, &proposed) } else { Vec::new() };
    Some(
        Finding::new(Severity::Note, FindingCode::MisspelledValue, message, cure)
            .about(&column.declared.subject)
            .columns([column.declared.name.as_str()])
            .mapping(mapping)
            .figure("values", proposed.len() as f64)
            .figure("deals", deals as f64)
            .rows(&rows),
    )
}

fn unmatched_keys(tally: &Tally<'_>) -> Vec<Finding> {
    let Some(file) = &tally.file else { return Vec::new() };
    let joins = file.joins.iter().zip(&file.join_columns).filter(|(join, _)| join.unmatched > 0);
    joins
        .map(|(join, column)| {
            let keys = join.unmatched_keys.iter();
            let proposed: BTreeMap<String, String> =
                keys.clone().filter_map(|(key, _, near)| Some((key.clone(), near.clone()?))).collect();
            let all = join.matched + join.unmatched;
            let sentences = keys.clone().map(|(key, rows, near)| {
                let near = near.as_ref().map(|near| format!(", perhaps {}", quoted(near))).unwrap_or_default();
                format!("{} ({}){near}.", quoted(key), counted(*rows, "row"))
            });
            let (cure, mapping) = if proposed.is_empty() {
                ("Add what is missing to the joined file.", Vec::new())
            } else {
                ("If these are the same, put this into the map:", values_table(column, &proposed))
            };
            Finding::new(
                Severity::Warning,
                FindingCode::UnmatchedKeys,
                format!(
                    "{} of {} found nothing in {}: {} there.",
                    counted(join.unmatched, "row"),
                    count(all),
                    join.file,
                    quoted_list(keys.map(|(key, ..)| key.as_str()), 2)
                        + if join.unmatched_keys.len() == 1 { " is not" } else { " are not" }
                ),
                cure,
            )
            .about(&column.subject)
            .columns([column.name.as_str()])
            .details(sentences.collect())
            .mapping(mapping)
            .figure("rows", join.unmatched as f64)
            .figure("share", join.unmatched as f64 / all.max(1) as f64)
            .passes("rows", Bound::AtMost, 0.0, "")
        })
        .collect()
}
