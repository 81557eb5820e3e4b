//! `leadboard model drift`.

use serde_json::json;

use super::out::{Out, table, wrap};
use super::{CliResult, model};
use crate::app::drift::{self, FactDrift, Measure, Report, Verdict, Week};
use crate::app::learn;
use crate::app::ports::Store;
use crate::bootstrap::Context;
use crate::domain::number::apart;
use crate::domain::text::fit;

/// Days gathered between two looks at what is left.
const STRIDE: usize = 7;
/// Weeks shown as text; the JSON has all.
const WEEKS: usize = 12;
/// Widest name of a fact, and widest change in words.
const LABEL: usize = 18;
const CHANGE: usize = 26;

/// Brings the gathered days up to date, so that it needs no worker, and reports on the newest.
pub(super) async fn run(store: &dyn Store, days: Option<u32>, context: &Context, out: Out) -> CliResult {
    let id = model::named_or_champion(store, None).await?;
    let loaded = learn::load(store, &id).await?;
    let mut limits = context.drift_limits();
    limits.window_days = days.unwrap_or(limits.window_days);
    let now = context.clock.now();
    while drift::gather(store, Some(&loaded), &limits, now, STRIDE).await? {}
    let report = drift::report(store, &loaded, &limits, now).await?;
    out.result(&json!({ "drift": report, "alerts": report.alerts() }), || describe(&report));
    Ok(())
}

/// A report as text: the plain words first, the numbers beneath.
fn describe(report: &Report) -> Vec<String> {
    let mut lines = wrap(&report.summary);
    lines.push(String::new());
    lines.extend(wrap(&format!(
        "model {}, leads received {} to {} ({}), compared with {} deals it learned from",
        report.model, report.from, report.until, report.leads, report.deals
    )));
    let facts = || report.facts.iter().chain([&report.prediction]);
    let rows: Vec<Vec<String>> = facts().map(row).collect();
    lines.extend(table(&["", "verdict", "PSI", "limit", "q", "leads", "greatest change"], &rows));
    lines.push(String::new());
    lines.extend(wrap(
        "PSI: population stability index by deciles or categories; its limit includes what chance alone gives. q: p \
         value, adjusted for the number of facts. A change is called one when PSI passes its limit and q is small.",
    ));
    let rows: Vec<Vec<String>> = facts().filter(|fact| fact.verdict != Verdict::TooFew).map(evidently).collect();
    if !rows.is_empty() {
        lines.push(String::new());
        lines.extend(table(&["by Evidently's own rule", "measure", "value", "limit", ""], &rows));
        lines.push(String::new());
    }
    if let Some(p) = report.mean_best_p_win {
        lines.push(format!("mean win probability of the recommended reps: {:.1} %", p * 100.0));
    }
    if let Some(auc) = report.expected_auc {
        lines.push(format!("AUC to be expected on these leads if the probabilities are true: {auc:.3}"));
    }
    let concept = &report.concept;
    if !concept.weeks.is_empty() {
        lines.push(String::new());
        let newest = &concept.weeks[concept.weeks.len().saturating_sub(WEEKS)..];
        let rows: Vec<Vec<String>> = newest.iter().map(week).collect();
        lines.extend(table(&["leads of the week of", "closed", "won", "expected", "limits", ""], &rows));
        lines.push(format!(
            "CUSUM {:.1} of {:.0}, Page-Hinkley {:.1} of {:.0}",
            concept.cusum.value, concept.cusum.limit, concept.page_hinkley.value, concept.page_hinkley.limit
        ));
    }
    lines
}

fn row(fact: &FactDrift) -> Vec<String> {
    let few = fact.verdict == Verdict::TooFew;
    let number = |text: String| if few { "-".to_owned() } else { text };
    let (psi, limit) = apart(fact.psi, fact.psi_limit, 2);
    vec![
        fit(&fact.label, LABEL),
        if few { "too few".to_owned() } else { fact.verdict.to_string() },
        number(psi),
        number(limit),
        number(format!("{:.3}", fact.q_value)),
        fact.leads.to_string(),
        number(fit(&fact.change, CHANGE)),
    ]
}

fn evidently(fact: &FactDrift) -> Vec<String> {
    let Measure { name, value, limit, drifted } = &fact.evidently;
    let verdict = if *drifted { "drift" } else { "" };
    vec![fit(&fact.label, LABEL), name.clone(), format!("{value:.3}"), limit.to_string(), verdict.to_owned()]
}

fn week(week: &Week) -> Vec<String> {
    let (low, high) = week.limits;
    vec![
        week.from.to_string(),
        week.outcomes.to_string(),
        week.wins.to_string(),
        format!("{:.1}", week.expected_wins),
        format!("{low} to {high}"),
        if (low..=high).contains(&week.wins) { String::new() } else { "outside".to_owned() },
    ]
}
