//! The same company under several names, and companies that make up a rep's record.

use std::collections::HashMap;

use super::finding::{Bound, Finding, FindingCode, Severity};
use super::names::company_rank;
use super::report::percent;
use super::row::{AuditRow, Declared, Rows, Use};
use super::spelling::folded;
use super::tally::Tally;
use crate::history::words::{counted, quoted};

/// Pairs of company and rep that are counted.
const MAX_PAIRS: usize = 200_000;
/// Fewest deals of a company that makes up a rep's record.
const MIN_DEALS: u64 = 50;
/// Share of the company's deals with the rep, and of the rep's with the company, from which on they are one record.
const ONE_RECORD: f64 = 0.5;
/// Share of all deals below which it hardly matters.
const MATTERS: f64 = 0.02;
/// Words at the end of a company's name that say its legal form, folded.
const LEGAL_FORMS: [&str; 30] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "llc",
    "llp",
    "lp",
    "ltd",
    "limited",
    "plc",
    "pllc",
    "gmbh",
    "ag",
    "kg",
    "ug",
    "se",
    "sa",
    "sas",
    "sarl",
    "srl",
    "spa",
    "bv",
    "nv",
    "oy",
    "ab",
    "as",
    "aps",
    "pty",
];

/// What is collected about companies.
#[derive(Debug)]
pub(super) struct Companies {
    /// Which column names them.
    pub(super) column: Option<usize>,
    reps: HashMap<Box<str>, u32>,
    rep_names: Vec<(Box<str>, u64)>,
    by_pair: HashMap<(usize, u32), usize>,
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Pair {
    company: usize,
    rep: u32,
    deals: u64,
    rows: Rows,
}

impl Companies {
    pub(super) fn new(columns: &[Declared]) -> Self {
        let ranked = columns.iter().enumerate().filter(|(_, column)| column.used_as != Use::Rep);
        let ranked = ranked.filter_map(|(at, column)| Some((company_rank(&column.name)?, at)));
        Self {
            column: ranked.min().map(|(_, at)| at),
            reps: HashMap::new(),
            rep_names: Vec::new(),
            by_pair: HashMap::new(),
            pairs: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, row: &AuditRow<'_>, levels: &[Option<usize>]) {
        let company = self.column.and_then(|at| levels.get(at).copied().flatten());
        let (Some(name), true) = (row.rep, row.outcome.is_some()) else { return };
        if self.column.is_none() {
            return;
        }
        let rep = self.reps.get(name).copied().unwrap_or_else(|| {
            let rep = self.rep_names.len() as u32;
            if self.rep_names.len() < MAX_PAIRS {
                self.reps.insert(name.into(), rep);
                self.rep_names.push((name.into(), 0));
            }
            rep
        });
        if let Some((_, deals)) = self.rep_names.get_mut(rep as usize) {
            *deals += 1;
        }
        let Some(company) = company else { return };
        let next = self.pairs.len();
        let at = match self.by_pair.get(&(company, rep)) {
            Some(at) => *at,
            None if next < MAX_PAIRS => {
                self.by_pair.insert((company, rep), next);
                self.pairs.push(Pair { company, rep, deals: 0, rows: Rows::default() });
                next
            }
            None => return,
        };
        if let Some(pair) = self.pairs.get_mut(at) {
            pair.deals += 1;
            if pair.deals <= 1 {
                pair.rows.add(row);
            }
        }
    }
}

/// A company's name without its legal form, the host of an address, the domain of a mailbox.
pub(super) fn normal(text: &str) -> String {
    let text = text.trim();
    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, domain)| domain);
    let host = host.split(['/', '?', ':']).next().unwrap_or(host);
    let is_host = host.contains('.') && !host.contains(' ') && !host.ends_with('.');
    if is_host && (text.contains('@') || text.contains("://") || host.to_lowercase().starts_with("www.")) {
        let host = host.to_lowercase();
        return host.strip_prefix("www.").unwrap_or(&host).to_owned();
    }
    let mut words: Vec<String> = text.split([' ', ',', '(', ')']).map(folded).filter(|word| !word.is_empty()).collect();
    while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(&word.as_str())) {
        words.pop();
    }
    words.concat()
}

/// Companies whose deals are mostly one rep's, and most of that rep's.
pub(super) fn check(tally: &Tally<'_>) -> Vec<Finding> {
    let companies = &tally.companies;
    let Some(column) = companies.column.and_then(|at| tally.columns.get(at)) else { return Vec::new() };
    let mut findings = Vec::new();
    for pair in &companies.pairs {
        let (Some(level), Some((rep, rep_deals))) =
            (column.levels.get(pair.company), companies.rep_names.get(pair.rep as usize))
        else {
            continue;
        };
        let of_company = pair.deals as f64 / level.counts.closed().max(1) as f64;
        let of_rep = pair.deals as f64 / (*rep_deals).max(1) as f64;
        let share = tally.share(pair.deals);
        if pair.deals < MIN_DEALS || share < MATTERS || of_company <= ONE_RECORD || of_rep <= ONE_RECORD {
            continue;
        }
        findings.push(
            Finding::new(
                Severity::Note,
                FindingCode::CompanyOfOneRep,
                format!(
                    "{} makes up {} of the deals of {}, so that rep's win rate is largely that company's.",
                    quoted(&level.text),
                    percent(of_rep),
                    quoted(rep)
                ),
                "Nothing needs to be done; read that rep's ranking with care.",
            )
            .about(&level.text)
            .columns([column.declared.name.as_str()])
            .detail(format!(
                "It has {}, {} of them with that rep.",
                counted(level.counts.closed(), "deal"),
                percent(of_company)
            ))
            .figure("deals", pair.deals as f64)
            .figure("share_of_rep", of_rep)
            .figure("share_of_company", of_company)
            .passes("share_of_rep", Bound::AtMost, ONE_RECORD, "")
            .rows(&pair.rows)
            .reps([&**rep]),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn a_company_is_the_same_in_any_legal_form_and_address() {
        assert_eq!(normal("ACME, Inc."), "acme");
        assert_eq!(normal("Acme Corporation"), "acme");
        assert_eq!(normal("Müller & Söhne GmbH Co. KG"), "mullerandsohne");
        assert_eq!(normal("https://www.Acme.com/about"), "acme.com");
        assert_eq!(normal("ana@acme.com"), normal("www.acme.com"));
        assert_eq!(normal("Co"), "co", "a name that is nothing else");
        assert_ne!(normal("Acme Health"), normal("Acme"));
    }
}
