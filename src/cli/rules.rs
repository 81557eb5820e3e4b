//! `leadboard rules`: the routing rules: right, in force, different, and what they would do.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::args::{Rules as Action, RulesTest};
use super::out::{Out, table, wrap};
use super::{CliError, CliResult};
use crate::app::ports::{Store, StoredRulebook};
use crate::app::routing;
use crate::app::routing::trial::{Compared, Side, Tally};
use crate::bootstrap::Context;
use crate::domain::ids::LeadId;
use crate::domain::rep::Roster;
use crate::domain::text::fit;
use crate::policy::rules::{Rulebook, Severity, diff, short};

/// Leads read at a time, moves that are printed, and moves that are in `--json`.
const PAGE: u32 = 1_000;
const SHOWN: usize = 12;
const KEPT: usize = 200;
/// What stands for the rules in force on the command line.
const CURRENT: &str = "current";

pub(super) async fn run(action: Action, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let done = match action {
        Action::Check { file } => check(store.as_ref(), context, file.as_deref(), out).await,
        Action::Show { wanted } => show(store.as_ref(), wanted.as_deref(), out).await,
        Action::Diff { before, after } => differences(store.as_ref(), context, &before, after.as_deref(), out).await,
        Action::Test(options) => test(store.as_ref(), context, &options, out).await,
    };
    store.close().await;
    done
}

/// The rules of a file; without one, of the file that the worker reads.
fn of_file(context: &Context, file: Option<&Path>) -> Result<(Rulebook, String), CliError> {
    let path = file.map_or_else(|| context.rules_file(), Path::to_owned);
    let found = context.rules_in(&path).read().map_err(CliError::Usage)?.ok_or_else(|| {
        let example = "assets/routing has examples to begin with";
        CliError::Usage(format!("there is no file {}; {example}", path.display()))
    })?;
    let book = Rulebook::parse(&found.text, &found.place).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        CliError::Gate(all.join("\n"))
    })?;
    Ok((book, found.place))
}

async fn check(store: &dyn Store, context: &Context, file: Option<&Path>, out: Out) -> CliResult {
    let (book, place) = of_file(context, file)?;
    let roster = store.roster().await?;
    let known = !roster.reps.is_empty();
    let source = file.map_or_else(|| context.rules(), |path| context.rules_in(path));
    let vocabulary = store.vocabulary().await?.map(|known| context.as_configured(known));
    let report = routing::examine(&book, &roster, vocabulary.as_ref(), source.as_ref(), context.clock.now());
    let errors = report.problems.len() + report.of(Severity::Error);
    let result = json!({
        "file": place,
        "version": book.version(),
        "rules": book.rules().len(),
        "checked_against_the_org": known,
        "problems": report.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "findings": report.findings,
    });
    out.result(&result, || {
        let mut lines: Vec<String> = report
            .problems
            .iter()
            .flat_map(|problem| problem.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        lines.extend(report.findings.iter().flat_map(|finding| wrap(&finding.to_string())));
        let (rules, version) = (book.rules().len(), book.version().short());
        lines.push(format!(
            "{place}: {rules} rules, version {version}; {errors} errors, {} warnings.",
            report.of(Severity::Warning)
        ));
        if !known {
            lines.extend(wrap(
                "Reps and queues were never read from the CRM, so names were not looked for: start a worker or the \
                 dashboard once.",
            ));
        }
        lines
    });
    if errors > 0 {
        Err(CliError::Gate(format!("{errors} errors: the rules would not be put into force")))
    } else {
        Ok(())
    }
}

async fn show(store: &dyn Store, version: Option<&str>, out: Out) -> CliResult {
    let books = store.rulebooks().await?;
    let in_force = store.rulebook().await?;
    let Some(version) = version else {
        let rows: Vec<Vec<String>> = books
            .iter()
            .map(|book| {
                let now = in_force.as_ref().is_some_and(|now| now.version == book.version);
                vec![
                    short(&book.version).to_owned(),
                    book.since.format("%Y-%m-%d %H:%M UTC").to_string(),
                    book.place.clone(),
                    if now { "in force".to_owned() } else { String::new() },
                ]
            })
            .collect();
        let all: Vec<_> = books
            .iter()
            .map(|book| json!({ "version": book.version, "since": book.since, "place": book.place }))
            .collect();
        let result = json!({ "in_force": in_force.map(|book| book.version), "versions": all });
        out.result(&result, || {
            if rows.is_empty() {
                return vec!["No rules were ever in force: the worker puts them into force at its start.".to_owned()];
            }
            table(&["version", "since", "file", ""], &rows)
        });
        return Ok(());
    };
    let book = named(&books, in_force.as_ref(), version)?;
    out.result(&json!({ "version": book.version, "since": book.since, "body": book.body }), || {
        book.body.lines().map(str::to_owned).collect()
    });
    Ok(())
}

/// The stored rulebook that a person means: `current`, or the first digits of a version.
fn named<'a>(
    books: &'a [StoredRulebook],
    in_force: Option<&StoredRulebook>,
    wanted: &str,
) -> Result<&'a StoredRulebook, CliError> {
    let version = match (wanted, in_force) {
        (CURRENT, Some(now)) => now.version.as_str(),
        (CURRENT, None) => return Err(CliError::Failed("no rules are in force yet".into())),
        _ => wanted,
    };
    let mut found = books.iter().filter(|book| book.version.starts_with(version));
    match (found.next(), found.next()) {
        (Some(book), None) => Ok(book),
        (Some(_), Some(_)) => Err(CliError::Usage(format!("several versions begin with {wanted}; give more digits"))),
        (None, _) => {
            Err(CliError::Usage(format!("no version begins with {wanted}; `leadboard rules show` lists them")))
        }
    }
}

/// A rulebook by what a person writes: a file, `current`, or a version.
async fn any(store: &dyn Store, context: &Context, wanted: &str) -> Result<Rulebook, CliError> {
    let path = Path::new(wanted);
    if wanted != CURRENT && path.exists() {
        return of_file(context, Some(path)).map(|(book, _)| book);
    }
    let (books, in_force) = (store.rulebooks().await?, store.rulebook().await?);
    let stored = named(&books, in_force.as_ref(), wanted)?;
    Rulebook::parse(&stored.body, "the stored rules")
        .map_err(|_| CliError::Failed("the stored rules are damaged".into()))
}

async fn differences(store: &dyn Store, context: &Context, before: &str, after: Option<&str>, out: Out) -> CliResult {
    let before = any(store, context, before).await?;
    let after = match after {
        Some(after) => any(store, context, after).await?,
        None => of_file(context, None)?.0,
    };
    let changes = diff(&before, &after);
    let result = json!({ "before": before.version(), "after": after.version(), "changes": changes });
    out.result(&result, || {
        if changes.is_empty() {
            return vec!["Both mean the same.".to_owned()];
        }
        changes
            .iter()
            .flat_map(|change| {
                std::iter::once(change.name.clone())
                    .chain(change.changes.iter().flat_map(|what| {
                        wrap(&what.to_string()).into_iter().map(|line| format!("  {line}")).collect::<Vec<_>>()
                    }))
                    .collect::<Vec<_>>()
            })
            .collect()
    });
    Ok(())
}

async fn test(store: &dyn Store, context: &Context, options: &RulesTest, out: Out) -> CliResult {
    let bench = context.backfill_bench(store).await?;
    let now = bench.rules();
    let (book, _) = of_file(context, options.file.as_deref())?;
    let tested: Vec<String> = book.rules().iter().map(|rule| rule.name().to_owned()).collect();
    let after = routing::ready(book, &now.roster)?;
    let judge = bench.judge();
    let (mut before, mut after) = (Side::new(now.clone()), Side::new(Arc::new(after)));
    if let Some(lead) = &options.lead {
        let lead = LeadId::new(lead);
        let record = store.leads(std::slice::from_ref(&lead)).await?.pop();
        let record = record.ok_or_else(|| CliError::Failed(format!("there is no lead {lead}")))?;
        let at = context.clock.now();
        for side in [&mut before, &mut after] {
            side.learn(store, std::slice::from_ref(&record), at).await?;
        }
        let (was, is) = (before.route(&judge, &record, at), after.route(&judge, &record, at));
        let compared = Compared {
            lead_id: lead,
            company: record.lead.company.clone(),
            before: was.recommendation,
            after: is.recommendation,
            path: is.path,
        };
        out.result(&compared, || one(&compared, &now.roster));
        return Ok(());
    }
    let until = options.until.unwrap_or_else(|| context.clock.now());
    let from = options.since.unwrap_or(until - chrono::Duration::days(30));
    let (mut tally, mut moved, mut skip) = (Tally::default(), Vec::new(), 0);
    loop {
        let leads = store.received_between(from, until, skip, PAGE).await?;
        if leads.is_empty() {
            break;
        }
        skip += leads.len() as u64;
        for side in [&mut before, &mut after] {
            side.learn(store, &leads, from).await?;
        }
        for record in &leads {
            let at = record.received_at;
            let (was, is) = (before.route(&judge, record, at), after.route(&judge, record, at));
            if tally.add(&judge, &was, &is) && moved.len() < KEPT {
                moved.push(Compared {
                    lead_id: record.lead.id.clone(),
                    company: record.lead.company.clone(),
                    before: was.recommendation,
                    after: is.recommendation,
                    path: None,
                });
            }
        }
        out.note(&format!("{skip} leads"));
    }
    let pairs = pairs(&tally, &now.roster);
    let idle: Vec<&str> = tested.iter().map(String::as_str).filter(|rule| !tally.fires.contains_key(*rule)).collect();
    let result = json!({
        "from": from, "until": until, "tally": tally, "fires_on_none": idle, "pairs": pairs, "moved": moved,
    });
    out.result(&result, || many(&tally, &idle, &pairs, &moved, &now.roster, (from, until)));
    Ok(())
}

fn name(roster: &Roster, id: &str) -> String {
    roster.name_of(id).map_or_else(|| id.to_owned(), |name| fit(name, 28))
}

/// Leads that would go from one owner to another, by their names.
#[derive(Serialize)]
struct Pair {
    from: String,
    to: String,
    leads: u64,
}

fn pairs(tally: &Tally, roster: &Roster) -> Vec<Pair> {
    let mut pairs: Vec<_> = tally.pairs.iter().collect();
    pairs.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let pair = |((from, to), &leads): (&(String, String), &u64)| Pair {
        from: name(roster, from),
        to: name(roster, to),
        leads,
    };
    pairs.into_iter().map(pair).collect()
}

fn one(compared: &Compared, roster: &Roster) -> Vec<String> {
    let Compared { lead_id, company, before, after, path } = compared;
    let to = |given: &crate::domain::recommendation::Recommendation| name(roster, given.route.owner().id());
    let mut lines = vec![
        format!("{lead_id}  {company}"),
        format!("in force: {} ({}). {}", to(before), before.reason, before.explanation),
        format!("tested:   {} ({}). {}", to(after), after.reason, after.explanation),
    ];
    lines.extend(path.iter().flat_map(super::lead::path_lines));
    lines.into_iter().flat_map(|line| wrap(&line)).collect()
}

fn many(
    tally: &Tally,
    idle: &[&str],
    pairs: &[Pair],
    moved: &[Compared],
    roster: &Roster,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<String> {
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d");
    let mut lines = vec![format!(
        "{} of {} leads received from {} to {} would go elsewhere.",
        tally.moves,
        tally.leads,
        day(from),
        day(until)
    )];
    if tally.compared > 0 {
        let (was, is) = tally.expected;
        lines.extend(wrap(&format!(
            "The model expects {:.1} wins of the {} leads that both give to reps it can score, before {:.1}: {:+.1}. It is its \
             own estimate, no evidence.",
            is,
            tally.compared,
            was,
            is - was
        )));
    }
    let reasons: Vec<Vec<String>> = tally
        .reasons
        .iter()
        .map(|(reason, (before, after))| vec![reason.clone(), before.to_string(), after.to_string()])
        .collect();
    lines.extend(table(&["reason", "in force", "tested"], &reasons));
    if tally.leads > 0 && !idle.is_empty() {
        let names: Vec<String> = idle.iter().map(|rule| format!("\"{rule}\"")).collect();
        lines.push(String::new());
        lines.extend(wrap(&format!("Of the tested rules, these fire on none of the leads: {}.", names.join(", "))));
    }
    if !pairs.is_empty() {
        let row = |pair: &Pair| vec![pair.from.clone(), pair.to.clone(), pair.leads.to_string()];
        let rows: Vec<Vec<String>> = pairs.iter().take(SHOWN).map(row).collect();
        lines.push(String::new());
        lines.extend(table(&["from", "to", "leads"], &rows));
    }
    if !moved.is_empty() {
        lines.push(String::new());
        for lead in moved.iter().take(SHOWN) {
            let to = name(roster, lead.after.route.owner().id());
            lines.extend(wrap(&format!(
                "{} {}: {to}. {}",
                lead.lead_id,
                fit(&lead.company, 28),
                lead.after.explanation
            )));
        }
    }
    lines
}
