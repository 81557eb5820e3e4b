//! `leadboard report`.

use super::CliResult;
use super::args::Report as Action;
use super::out::{Out, table, wrap};
use crate::app::digest::{self, Day};
use crate::app::feedback::{self, Feedback};
use crate::app::ports::ScopeTally;
use crate::app::shadow::{self, ShadowReport};
use crate::bootstrap::Context;
use crate::domain::reason::Reason;
use crate::domain::rep::Roster;
use crate::domain::text::fit;

pub(super) async fn run(action: &Action, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    match action {
        Action::Daily { day } => {
            let (now, zone) = (context.clock.now(), crate::tui::local_zone);
            let day = day.map_or_else(|| Ok(Day::today(now, zone)), |day| Day::of(day, now, zone))?;
            let digest = digest::digest(store.as_ref(), &day, now, &context.rollout()).await?;
            out.result(&digest, || digest.lines());
        }
        Action::Shadow => {
            let report = shadow::report(store.as_ref()).await?;
            let roster = store.roster().await?;
            out.result(&report, || lines(&report, &roster));
        }
        Action::Feedback { days } => {
            let said = feedback::feedback(store.as_ref(), context.clock.now(), *days).await?;
            out.result(&said, || said_lines(&said));
        }
    }
    store.close().await;
    Ok(())
}

fn lines(report: &ShadowReport, roster: &Roster) -> Vec<String> {
    let Some(rate) = report.agreement_rate else {
        return vec!["No lead has been ranked yet, so there is nothing to compare.".to_owned()];
    };
    let wins = &report.expected_wins;
    let mut lines = vec![
        format!(
            "Model and legacy rules chose the same rep for {} of {} leads ({:.1} %).",
            report.agree,
            report.leads,
            rate * 100.0
        ),
        format!(
            "Over the {} leads where both chose a rep the model can score, the model expects {:.1} wins from its own picks \
             and {:.1} from the legacy owners.",
            wins.leads, wins.model, wins.legacy
        ),
        "These are the model's own probabilities: its best guess is chosen because it is high, so the difference is an \
         upper estimate until outcomes are in."
            .to_owned(),
    ];
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(what, n)| format!("{what} {n}")).collect::<Vec<_>>().join(", ")
    };
    lines.push(format!("Recommendations: {}.", counts(&report.by_reason)));
    if !report.verdicts.is_empty() {
        lines.push(format!("Verdicts: {}.", counts(&report.verdicts)));
    }
    let name = |id: &str| {
        let known = roster.reps.iter().find(|r| r.id.as_str() == id).map(|r| r.name.as_str());
        let queue = roster.queues.iter().find(|q| q.id.as_str() == id).map(|q| q.name.as_str());
        fit(known.or(queue).unwrap_or(id), 28)
    };
    let mut lines: Vec<String> = lines.iter().flat_map(|line| wrap(line)).collect();
    let rows: Vec<Vec<String>> = report
        .differences
        .iter()
        .map(|d| vec![name(&d.legacy), name(&d.model), d.leads.to_string(), format!("{:+.2}", d.gain)])
        .collect();
    if !rows.is_empty() {
        lines.extend(table(&["legacy owner", "model's owner", "leads", "expected wins"], &rows));
    }
    lines
}

fn said_lines(said: &Feedback) -> Vec<String> {
    if said.verdicts.is_empty() {
        let mut lines = vec![format!("No verdict was given in {} days.", said.days)];
        lines.extend(wrap(&said.blind.words()));
        lines.extend(wrap(&said.training()));
        return lines;
    }
    let row = |one: &crate::app::ports::VerdictTally| {
        let reason = one.code.map_or_else(|| "-".to_owned(), Reason::title);
        let counts = [one.verdicts, one.taken_back, one.won, one.lost].map(|n| n.to_string());
        [one.verdict.replace('_', " "), reason].into_iter().chain(counts).collect()
    };
    let rows: Vec<Vec<String>> = said.verdicts.iter().map(row).collect();
    let mut lines = table(&["verdict", "reason", "given", "taken back", "won since", "lost since"], &rows);
    for (what, tallies) in
        [("source", &said.sources), ("legacy owner", &said.legacy_owners), ("recommended", &said.recommended)]
    {
        lines.push(String::new());
        let rows: Vec<Vec<String>> = tallies.iter().map(scope).collect();
        lines.extend(table(&[what, "leads", "same rep", "decided", "as recommended"], &rows));
    }
    lines.push(String::new());
    lines.extend(wrap(&said.blind.words()));
    lines.extend(wrap(&said.training()));
    lines
}

fn scope(tally: &ScopeTally) -> Vec<String> {
    let name = if tally.name.is_empty() { "(none)" } else { &tally.name };
    let of = |part: u64, all: u64| if all == 0 { "-".to_owned() } else { format!("{part} of {all}") };
    vec![
        fit(name, 30),
        tally.leads.to_string(),
        of(tally.agree, tally.compared),
        tally.decided.to_string(),
        of(tally.approved, tally.decided),
    ]
}
