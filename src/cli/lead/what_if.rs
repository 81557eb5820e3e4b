//! `leadboard lead what-if`: what would become of a lead, as the dashboard's question has it. Writes nothing.

use super::find_rep;
use crate::app::ports::Store;
use crate::app::what_if::{self, Change, Moved, Stands, Suppose, WhatIf};
use crate::bootstrap::Context;
use crate::cli::out::{Out, table, wrap};
use crate::cli::{CliError, CliResult};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::text::fit;

pub(super) async fn run(
    store: &dyn Store,
    lead: &LeadId,
    facts: Vec<Change>,
    (absent, room): (&[String], &[String]),
    context: &Context,
    out: Out,
) -> CliResult {
    let bench = context.bench(store).await?;
    let reps = |names: &[String]| -> Result<Vec<RepId>, CliError> {
        names.iter().map(|name| find_rep(name, bench.roster())).collect()
    };
    let suppose = Suppose { facts, absent: reps(absent)?, room: reps(room)? };
    let answer = what_if::what_if(store, &bench, lead, &suppose, context.clock.now()).await?;
    out.result(&answer, || told(&answer));
    Ok(())
}

fn told(answer: &WhatIf) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", answer.lead, answer.company)];
    lines.extend(wrap(&format!("if {}:", answer.supposed.join(", "))));
    lines.extend(wrap(&format!(
        "as it is: {} ({}). {}",
        answer.before.to, answer.before.reason, answer.before.explanation
    )));
    lines.extend(wrap(&format!(
        "supposed: {} ({}). {}",
        answer.after.to, answer.after.reason, answer.after.explanation
    )));
    let rows: Vec<Vec<String>> = answer.reps.iter().map(row).collect();
    lines.extend(table(&["was", "now", "rep", "p_win", "then", "moves", ""], &rows));
    let at = answer.as_of.format("%Y-%m-%d %H:%M UTC");
    let basis = if answer.as_ranked {
        format!("Both as of {at}, when it was ranked, with the loads and absences of then")
    } else {
        format!("Both as of {at}, as far as the store knows: what it was ranked from is not in force any more")
    };
    let model = if answer.other_model { ", another model than ranked it" } else { "" };
    lines.extend(wrap(&format!("{basis}; by {}{model}. Nothing was written.", answer.model)));
    lines
}

fn row(one: &Moved) -> Vec<String> {
    let rank = |stands: &Stands| match (&stands.out, stands.rank) {
        (Some(_), _) => "out".to_owned(),
        (None, Some(rank)) => rank.to_string(),
        (None, None) => "-".to_owned(),
    };
    let p = |stands: &Stands| super::percent(stands.p_win);
    let moves = one
        .before
        .p_win
        .zip(one.after.p_win)
        .map_or_else(String::new, |(was, is)| format!("{:+.1}", (is - was) * 100.0));
    let mut notes: Vec<&str> = Vec::new();
    notes.extend(one.recommended.1.then_some("gets it"));
    notes.extend((one.recommended.0 && !one.recommended.1).then_some("got it"));
    notes.extend(one.legacy.then_some("legacy"));
    notes.extend(one.after.out.as_deref());
    vec![
        rank(&one.before),
        rank(&one.after),
        fit(&one.name, 28),
        p(&one.before),
        p(&one.after),
        moves,
        notes.join(", "),
    ]
}
