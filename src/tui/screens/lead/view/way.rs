//! The way to the recommendation: what the routing rules said, and which rung of the ladder decided.

use ratatui::text::Line;

use super::parts::heading;
use crate::app::views::{Path, Slot, Standing, Step, Why};
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// The rule or promise that decided, or the one that did not come to pass, on at most `most` lines; nothing where the model
/// alone had the word.
pub(super) fn short(detail: &LeadDetail, ctx: &Ctx, width: usize, most: usize) -> Vec<Line<'static>> {
    let Some(path) = &detail.path else { return Vec::new() };
    // What the recommendation says already is not said twice.
    let told = detail.recommendation.as_ref().map_or("", |given| given.explanation.as_str());
    let news = path.rungs.iter().filter(|step| tells(step) && !(step.taken && told.contains(&step.why.to_string())));
    let mut lines: Vec<Line<'static>> = news.map(|step| line(step, ctx, width)).collect();
    if path.heat.is_hot() {
        lines.insert(0, said(Meaning::Warn, &path.heat.to_string(), ctx, width));
    }
    lines.truncate(most);
    lines
}

/// When the recommended rep can make the first contact, and what room they have: one line, or none where no rules count it.
pub(super) fn first_contact(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let owner = detail.recommendation.as_ref()?.route.owner();
    let standing = detail.path.as_ref()?.standings.iter().find(|standing| Some(&standing.rep) == owner.rep())?;
    let (meaning, slot) = match &standing.slot {
        Some(Slot::Free { span, .. }) => {
            (Meaning::Good, format!("free at {}", format::moment(span.start, ctx.now, ctx.zone)))
        }
        Some(Slot::None { ends, working_minutes, .. }) => {
            let what = if *working_minutes == 0 { "not at work" } else { "not free" };
            (Meaning::Warn, format!("{what} until {}", format::moment(*ends, ctx.now, ctx.zone)))
        }
        None => (Meaning::Muted, "unknown (no hours, no calendar)".to_owned()),
    };
    let room = standing.room.as_ref().filter(|room| room.left.is_some()).map(|room| format!("; {}", room.words()));
    Some(said(meaning, &format!("First contact: {slot}{}", room.unwrap_or_default()), ctx, width))
}

/// All of it, for a wide screen.
pub(super) fn long(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(path) = detail.path.as_ref().filter(|path| has_news(path)) else { return Vec::new() };
    let mut lines = vec![heading(ctx, &format!("The way there (rules {})", path.version().short()))];
    lines.extend(path.rules.fired.iter().map(|fired| {
        let applies = fired.standing == Standing::Applies;
        let meaning = if applies { Meaning::Text } else { Meaning::Muted };
        let note = if applies { "" } else { ", without effect" };
        said(meaning, &format!("rule \"{}\", {}{note}: {}", fired.rule, fired.kind, fired.reason), ctx, width)
    }));
    lines.extend(path.rungs.iter().map(|step| line(step, ctx, width)));
    if path.heat.is_hot() {
        lines.push(said(Meaning::Warn, &path.heat.to_string(), ctx, width));
    }
    lines.extend(
        path.source
            .iter()
            .map(|source| said(Meaning::Muted, &format!("lead source: {source}, by a partner rule"), ctx, width)),
    );
    lines.extend(path.duplicates.iter().map(|same| said(Meaning::Muted, &same.to_string(), ctx, width)));
    lines
}

/// Whether there is anything to tell besides what the ranking shows.
fn has_news(path: &Path) -> bool {
    !path.rules.fired.is_empty() || path.heat.is_hot() || !path.duplicates.is_empty() || path.rungs.iter().any(tells)
}

/// Whether a rung says what the ranking does not: most rungs were merely passed on the way to the model.
const fn tells(step: &Step) -> bool {
    !matches!(
        step.why,
        Why::NoRule
            | Why::NotSet
            | Why::NoOwner
            | Why::NotAsked
            | Why::NotNeeded
            | Why::Chosen { instead_of: None, .. }
            | Why::EmptyPool
            | Why::LowConfidence { .. }
            | Why::NobodyChosen
            | Why::NoScores { .. }
            | Why::Failed
    )
}

fn line(step: &Step, ctx: &Ctx, width: usize) -> Line<'static> {
    said(if step.taken { Meaning::Title } else { Meaning::Muted }, &step.to_string(), ctx, width)
}

fn said(meaning: Meaning, text: &str, ctx: &Ctx, width: usize) -> Line<'static> {
    ctx.span(meaning, format!(" {}", ctx.theme.text(text, width.saturating_sub(1)))).into()
}
