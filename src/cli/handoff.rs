//! `leadboard handoff`: what managers hand over at the end of a shift.

use unicode_width::UnicodeWidthStr;

use super::CliResult;
use super::args::Handoff as Action;
use super::out::{Out, wrap};
use crate::app::handoff::{self, Handoff};
use crate::app::sheet::{Line, Tone};
use crate::bootstrap::Context;
use crate::domain::text::fit;

/// Columns of a company's name.
const COMPANY: usize = 24;
/// Columns of what is said of a lead.
const ABOUT: usize = 100;

pub(super) async fn run(action: Option<&Action>, context: &Context, out: Out) -> CliResult {
    let store = context.store().await?;
    let (clock, by) = (context.clock.as_ref(), context.manager());
    let told = match action {
        None => handoff::newest(store.as_ref()).await,
        Some(Action::Write { note }) => {
            handoff::write(store.as_ref(), clock, &by, note, context.settings().sla).await.map(Some)
        }
        Some(Action::Accept) => handoff::accept(store.as_ref(), clock, &by, None).await.map(Some),
    };
    store.close().await;
    let told = told?;
    out.result(&told, || match &told {
        None => vec!["Nobody has handed over yet; `leadboard handoff write` does.".to_owned()],
        Some(handoff) => lines(handoff),
    });
    Ok(())
}

fn lines(handoff: &Handoff) -> Vec<String> {
    let zone = crate::tui::local_zone;
    let moment = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone(at)).format("%Y-%m-%d %H:%M %:z");
    let mut lines = wrap(&format!("Handed over by {} on {}.", handoff.by, moment(handoff.at)));
    lines.extend(match &handoff.accepted {
        Some(accepted) => wrap(&format!("Accepted by {} on {}.", accepted.by, moment(accepted.at))),
        None => wrap("Nobody has accepted it yet; `leadboard handoff accept` does, by another manager."),
    });
    lines.push(String::new());
    lines.extend(handoff.sheet(zone).iter().flat_map(line));
    lines
}

fn line(line: &Line) -> Vec<String> {
    let Some(about) = &line.about else {
        let indent = if line.tone == Tone::Muted { "  " } else { "" };
        return wrap(&format!("{indent}{}", line.text));
    };
    let company = fit(&about.company, COMPANY);
    let filled = " ".repeat(COMPANY.saturating_sub(company.width()));
    vec![format!("  {}  {company}{filled}  {}", about.lead, fit(&line.text, ABOUT))]
}
