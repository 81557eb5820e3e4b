//! `leadboard rollout`: how far automation may go.

use super::CliResult;
use super::out::{Out, table, wrap};
use crate::app::ports::ScopeTally;
use crate::app::rollout::{self, Rollout};
use crate::bootstrap::Context;
use crate::domain::text::fit;

pub(super) async fn run(context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let found = rollout::rollout(store.as_ref(), context.clock.now(), context.rollout()).await;
    store.close().await;
    let found = found?;
    out.result(&found, || lines(&found));
    Ok(())
}

fn lines(found: &Rollout) -> Vec<String> {
    let mut lines = super::stop::lines(&found.switch);
    lines.push(String::new());
    lines.extend(wrap(&found.phase_in_words()));
    for (what, tallies) in [("source", &found.sources), ("territory", &found.territories)] {
        lines.push(String::new());
        if tallies.is_empty() {
            lines.push(format!("No lead came in the last {} days, so there is nothing to say by {what}.", found.days));
            continue;
        }
        let rows: Vec<Vec<String>> = tallies.iter().map(|tally| cells(tally, &found.phase)).collect();
        lines.extend(table(&[what, "phase", "leads", "agree", "decided", "approved"], &rows));
    }
    lines.push(String::new());
    lines.push("What the next phase would need:".into());
    for need in &found.needs {
        let mark = need.met.map_or("?", |met| if met { "yes" } else { "no" });
        lines.extend(wrap(&format!("  {mark:<3} {}: {}", need.what, need.why)));
    }
    lines
}

fn cells(tally: &ScopeTally, phase: &str) -> Vec<String> {
    let name = if tally.name.is_empty() { "(none)" } else { &tally.name };
    let of = |part: u64, all: u64| if all == 0 { "-".to_owned() } else { format!("{part} of {all}") };
    vec![
        fit(name, 30),
        phase.to_owned(),
        tally.leads.to_string(),
        of(tally.agree, tally.compared),
        tally.decided.to_string(),
        of(tally.approved, tally.decided),
    ]
}
