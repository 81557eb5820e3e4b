//! The checks, from the most to the least fundamental.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use super::{AuditOptions, Completeness, Finding, FindingCode, Severity};
use crate::domain::deal::{Deal, Outcome};
use crate::domain::facts::LeadFacts;
use crate::domain::ids::RepKey;
use crate::history::words::{count, counted};

/// Leads and reps named in a finding.
const SAMPLE: usize = 5;

/// A fact of the domain whose completeness is judged.
struct Fact {
    name: &'static str,
    /// Whether the product asks for it; the others are only listed.
    wanted: bool,
    present: fn(&LeadFacts) -> bool,
}

/// All facts that every CRM knows. Source, annual revenue and industry are those that a model leans on most.
const FACTS: [Fact; 8] = [
    Fact { name: "source", wanted: true, present: |facts| facts.source.is_some() },
    Fact { name: "annual revenue", wanted: true, present: |facts| facts.annual_revenue.is_some() },
    Fact { name: "industry", wanted: true, present: |facts| facts.industry.is_some() },
    Fact { name: "employees", wanted: true, present: |facts| facts.employees.is_some() },
    Fact { name: "product", wanted: false, present: |facts| facts.product.is_some() },
    Fact { name: "territory", wanted: false, present: |facts| facts.territory.is_some() },
    Fact { name: "country", wanted: false, present: |facts| facts.country.is_some() },
    Fact { name: "amount", wanted: false, present: |facts| facts.amount.is_some() },
];

/// Closed deals of each rep.
pub(super) fn deals_by_rep(deals: &[Deal]) -> BTreeMap<&RepKey, u64> {
    let mut by_rep = BTreeMap::new();
    for deal in deals {
        *by_rep.entry(&deal.rep).or_default() += 1;
    }
    by_rep
}

/// How far each fact is filled in.
pub(super) fn completeness(deals: &[Deal]) -> Vec<Completeness> {
    FACTS
        .iter()
        .map(|fact| {
            let present = deals.iter().filter(|deal| (fact.present)(&deal.facts)).count() as u64;
            Completeness { fact: fact.name.to_owned(), present, share: share(present, deals) }
        })
        .collect()
}

/// Every check in turn.
pub(super) fn all(
    deals: &[Deal],
    by_rep: &BTreeMap<&RepKey, u64>,
    completeness: &[Completeness],
    options: &AuditOptions,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(enough_deals(deals, options));
    findings.extend(enough_of_each(deals, options));
    findings.extend(duplicates(deals));
    findings.extend(contradicting_dates(deals, options));
    findings.extend(from_the_future(deals, options));
    findings.extend(after_newest_close(deals, options));
    findings.extend(span(deals, options));
    findings.extend(incomplete(deals, completeness, options));
    findings.extend(bulk_close(deals, options));
    findings.extend(assumed(deals));
    findings.extend(reps(by_rep, options));
    findings
}

fn enough_deals(deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let n = deals.len() as u64;
    (n < options.min_deals).then(|| {
        finding(
            Severity::Blocking,
            FindingCode::TooFewDeals,
            format!("There are {}; a model needs at least {}.", counted(n, "closed deal"), count(options.min_deals)),
            "Add an older export, or the deals of another region or team.",
        )
        .figure("deals", n as f64)
        .figure("needed", options.min_deals as f64)
    })
}

fn enough_of_each(deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let (won, lost): (Vec<&Deal>, Vec<&Deal>) = deals.iter().partition(|deal| deal.outcome == Outcome::Won);
    let (rarer, name) = if won.len() < lost.len() { (won, "won") } else { (lost, "lost") };
    let n = rarer.len() as u64;
    (n < options.min_of_each_outcome).then(|| {
        finding(
            Severity::Blocking,
            FindingCode::TooFewOfOneOutcome,
            format!(
                "Only {} {name}; a model that shall tell won from lost needs at least {} of each.",
                if n == 1 { "1 deal was".to_owned() } else { format!("{} deals were", count(n)) },
                count(options.min_of_each_outcome)
            ),
            "See whether the export leaves out deals that were won or lost, and whether the map lists all words for both.",
        )
        .figure(name, n as f64)
        .figure("needed", options.min_of_each_outcome as f64)
        .leads(&rarer)
    })
}

fn duplicates(deals: &[Deal]) -> Option<Finding> {
    let mut seen = HashSet::with_capacity(deals.len());
    let again: Vec<&Deal> = deals.iter().filter(|deal| !seen.insert(&deal.lead_id)).collect();
    (!again.is_empty()).then(|| {
        finding(
            Severity::Blocking,
            FindingCode::DuplicateLead,
            format!("{} for a lead that is there already.", counted(again.len() as u64, "closed deal")),
            "Keep one deal for each lead.",
        )
        .figure("deals", again.len() as f64)
        .leads(&again)
    })
}

fn contradicting_dates(deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let bad: Vec<&Deal> = deals.iter().filter(|deal| deal.closed_at < deal.facts.created_at).collect();
    dates_finding(
        FindingCode::ClosedBeforeCreated,
        &bad,
        deals,
        options,
        "closed before the lead came in",
        "Correct the dates in the CRM, or leave these deals out.",
    )
}

fn from_the_future(deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let now = options.as_of?;
    let bad: Vec<&Deal> = deals.iter().filter(|deal| deal.facts.created_at > now).collect();
    dates_finding(
        FindingCode::CreatedInFuture,
        &bad,
        deals,
        options,
        "created in the future",
        "See whether day and month are swapped in the date format.",
    )
}

fn after_newest_close(deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let newest = deals.iter().filter(|deal| !deal.closed_assumed).map(|deal| deal.closed_at).max()?;
    let bad: Vec<&Deal> = deals.iter().filter(|deal| deal.facts.created_at > newest).collect();
    dates_finding(
        FindingCode::CreatedAfterNewestClose,
        &bad,
        deals,
        options,
        &format!("created after the newest closing date, {}", newest.date_naive()),
        "See whether day and month are swapped, or whether the creation date is that of a copy of the record.",
    )
}

fn dates_finding(
    code: FindingCode,
    bad: &[&Deal],
    deals: &[Deal],
    options: &AuditOptions,
    what: &str,
    cure: &str,
) -> Option<Finding> {
    let n = bad.len() as u64;
    let part = share(n, deals);
    let severity = if part > options.max_bad_dates { Severity::Blocking } else { Severity::Warning };
    (n > 0).then(|| {
        let were = if n == 1 { "1 deal was".to_owned() } else { format!("{} deals were", count(n)) };
        finding(severity, code, format!("{were} {what}."), cure)
            .figure("deals", n as f64)
            .figure("share", part)
            .leads(bad)
    })
}

fn span(deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let created = || deals.iter().map(|deal| deal.facts.created_at);
    let days = (created().max()? - created().min()?).num_days();
    let severity = if days < options.min_span_days { Severity::Blocking } else { Severity::Warning };
    let message = match days {
        0 => "All leads have the same creation date, so nothing can be proved on later deals.".to_owned(),
        1..365 => format!(
            "The leads span {}, {}.",
            counted(days as u64, "day"),
            if days < options.min_span_days {
                "too few to prove anything on later deals"
            } else {
                "less than a year, so seasons cannot be told from trends"
            }
        ),
        _ => return None,
    };
    let cure = "Add an export that goes further back, with real creation dates.";
    Some(finding(severity, FindingCode::ShortSpan, message, cure).figure("days", days as f64))
}

/// Facts that are filled in for too few deals, then those that the data does not have.
fn incomplete(deals: &[Deal], completeness: &[Completeness], options: &AuditOptions) -> Vec<Finding> {
    if deals.is_empty() {
        return Vec::new();
    }
    let judged = FACTS.iter().zip(completeness);
    let mut findings: Vec<Finding> =
        judged.clone().filter_map(|(fact, found)| judge_completeness(fact, found, deals, options)).collect();
    let absent = judged.filter(|(fact, found)| fact.wanted && found.present == 0).map(|(fact, _)| fact.name);
    let absent: Vec<&str> = absent.collect();
    if !absent.is_empty() {
        let message = format!("The data has no {}; the model will do without.", alternatives(&absent));
        let cure = "If the CRM knows it, add it to the export and name its column in the map.";
        let note = finding(Severity::Note, FindingCode::Absent, message, cure);
        findings.push(absent.iter().fold(note, |note, fact| note.figure(fact, 0.0)));
    }
    findings
}

fn judge_completeness(fact: &Fact, found: &Completeness, deals: &[Deal], options: &AuditOptions) -> Option<Finding> {
    let name = fact.name;
    if found.present == 0 {
        return None;
    }
    if found.share >= options.warn_completeness {
        return None;
    }
    let blocking = fact.wanted && found.share < options.block_completeness;
    let (severity, cure) = if blocking {
        (
            Severity::Blocking,
            "Fill it in, or take it out of the map: what is filled in so rarely is usually filled in for deals that were \
             already going well.",
        )
    } else {
        let severity = if fact.wanted { Severity::Warning } else { Severity::Note };
        (severity, "Where it is missing, the model treats it as unknown; the more is filled in, the better it ranks.")
    };
    let missing: Vec<&Deal> = deals.iter().filter(|deal| !(fact.present)(&deal.facts)).collect();
    Some(
        finding(
            severity,
            FindingCode::Incomplete,
            format!(
                "Only {} of the deals have {} ({} do not).",
                percent(found.share),
                with_article(name),
                count(missing.len() as u64)
            ),
            cure,
        )
        .about(name)
        .figure("share", found.share)
        .figure("missing", missing.len() as f64)
        .leads(&missing),
    )
}

fn bulk_close(deals: &[Deal], options: &AuditOptions) -> Vec<Finding> {
    let mut by_day: BTreeMap<NaiveDate, Vec<&Deal>> = BTreeMap::new();
    for deal in deals.iter().filter(|deal| !deal.closed_assumed) {
        by_day.entry(deal.closed_at.date_naive()).or_default().push(deal);
    }
    let bulk = by_day.into_iter().filter(|(_, closed)| share(closed.len() as u64, deals) > options.max_closed_in_a_day);
    bulk.map(|(day, closed)| {
        let part = share(closed.len() as u64, deals);
        finding(
            Severity::Warning,
            FindingCode::BulkClose,
            format!("{} of the deals were closed on one day, {day}: probably a bulk edit, not the day the customer decided.", percent(part)),
            "Use a column with the real decision date, or let the map assume closing dates (assume_closed_after_days).",
        )
        .figure("deals", closed.len() as f64)
        .figure("share", part)
        .leads(&closed)
    })
    .collect()
}

fn assumed(deals: &[Deal]) -> Option<Finding> {
    let assumed: Vec<&Deal> = deals.iter().filter(|deal| deal.closed_assumed).collect();
    let n = assumed.len() as u64;
    (n > 0).then(|| {
        let who = if assumed.len() == deals.len() { "all deals".to_owned() } else { counted(n, "deal") };
        finding(
            Severity::Note,
            FindingCode::ClosedAssumed,
            format!("The closing dates of {who} are assumed, so what was known when is only roughly right."),
            "If the CRM has a closing date, add it to the export and name its column in the map.",
        )
        .figure("deals", n as f64)
        .figure("share", share(n, deals))
    })
}

fn reps(by_rep: &BTreeMap<&RepKey, u64>, options: &AuditOptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    if by_rep.len() == 1 {
        let message = "All deals belong to one rep, so nothing can be learned about who should get a lead.".to_owned();
        let cure = "Name the column of the rep who worked each deal in the map.";
        findings.push(finding(Severity::Warning, FindingCode::OneRep, message, cure).reps(by_rep.keys().copied()));
    }
    let thin: Vec<&RepKey> =
        by_rep.iter().filter(|(_, n)| **n < options.min_deals_per_rep).map(|(rep, _)| *rep).collect();
    if !thin.is_empty() {
        let n = thin.len() as u64;
        let (have, they) = if n == 1 { ("has", "is") } else { ("have", "are") };
        findings.push(
            finding(
                Severity::Note,
                FindingCode::RepsWithoutSupport,
                format!(
                    "{} of {} {have} fewer than {} closed deals and {they} ranked close to the average.",
                    count(n),
                    counted(by_rep.len() as u64, "rep"),
                    options.min_deals_per_rep
                ),
                "Nothing needs to be done; their ranking sharpens as they close deals.",
            )
            .figure("reps", n as f64)
            .figure("needed_deals", options.min_deals_per_rep as f64)
            .reps(thin),
        );
    }
    findings
}

fn finding(severity: Severity, code: FindingCode, message: String, cure: &str) -> Finding {
    Finding {
        severity,
        code,
        fact: String::new(),
        message,
        cure: cure.to_owned(),
        figures: BTreeMap::new(),
        leads: Vec::new(),
        reps: Vec::new(),
    }
}

impl Finding {
    fn about(mut self, fact: &str) -> Self {
        fact.clone_into(&mut self.fact);
        self
    }

    fn figure(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), value);
        self
    }

    fn leads(mut self, deals: &[&Deal]) -> Self {
        self.leads = deals.iter().take(SAMPLE).map(|deal| deal.lead_id.clone()).collect();
        self
    }

    fn reps<'a>(mut self, reps: impl IntoIterator<Item = &'a RepKey>) -> Self {
        self.reps = reps.into_iter().take(SAMPLE).cloned().collect();
        self
    }
}

fn share(part: u64, deals: &[Deal]) -> f64 {
    if deals.is_empty() { 0.0 } else { part as f64 / deals.len() as f64 }
}

/// A share in whole per cent, rounded down, so that a share below a limit is never shown as the limit.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 { "less than 1 %".to_owned() } else { format!("{} %", (share * 100.0).floor()) }
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
