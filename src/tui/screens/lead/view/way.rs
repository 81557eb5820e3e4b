//! The way to the recommendation: what the routing rules said, and which rung of the ladder decided.

use ratatui::text::Line;

use super::parts::heading;
use crate::app::views::{Limit, Path, Slot, Standing, Step, Why};
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::theme::Meaning;
use crate::tui::verdict::name_of;
use crate::tui::view::Ctx;

/// Lines that one step of the way may take.
const LONGEST: usize = 4;

/// The rule or promise that decided, or the one that did not come to pass, on at most `most` lines; nothing where the model
/// alone had the word.
pub(super) fn short(detail: &LeadDetail, ctx: &Ctx, width: usize, most: usize) -> Vec<Line<'static>> {
    let Some(path) = &detail.path else { return Vec::new() };
    // What the recommendation says already is not said twice.
    let told = detail.recommendation.as_ref().map_or("", |given| given.explanation.as_str());
    let news = path.rungs.iter().filter(|step| tells(step) && !(step.taken && told.contains(&step.why.to_string())));
    let mut lines: Vec<Line<'static>> = news.map(|step| line(step, ctx, width)).collect();
    if let Some(whose) = path.rungs.iter().find_map(|step| whose(step, detail)) {
        lines.insert(0, said(Meaning::Title, &whose, ctx, width));
    }
    if path.heat.is_hot() {
        lines.insert(0, said(Meaning::Warn, &path.heat.to_string(), ctx, width));
    }
    lines.truncate(most);
    lines
}

/// Between whom a manager is to choose, where several work with the company.
fn whose(step: &Step, detail: &LeadDetail) -> Option<String> {
    let Why::Conflict { records } = &step.why else { return None };
    let owners = records.iter().filter_map(|record| record.owner.as_ref());
    let names: Vec<&str> = owners.map(|owner| name_of(detail, owner)).collect();
    // How many comes first: a small screen has no room for all of them.
    (!names.is_empty()).then(|| format!("Theirs by a record, {}: {}", names.len(), names.join(", ")))
}

/// When the recommended rep can make the first contact, and what room they have: one line, or none where no rules count it.
pub(super) fn first_contact(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let owner = detail.recommendation.as_ref()?.route.owner();
    let standing = detail.path.as_ref()?.standings.iter().find(|standing| Some(&standing.rep) == owner.rep())?;
    let (meaning, slot) = match &standing.slot {
        // It was found when the lead was ranked, and nobody has looked since; the reps screen looks anew.
        Some(slot @ Slot::Free { span, .. }) if slot.has_passed(ctx.now) => {
            let at = format::moment(span.start, ctx.now, ctx.zone);
            (Meaning::Warn, format!("First contact: {at} was free, now past"))
        }
        Some(Slot::Free { span, .. }) => {
            (Meaning::Good, format!("First contact: free at {}", format::moment(span.start, ctx.now, ctx.zone)))
        }
        Some(Slot::None { ends, working_minutes, limit, .. }) => {
            let why = if *working_minutes == 0 { "not at work" } else { "not free" };
            let until = match limit {
                Limit::Sla => "before the SLA ends at",
                Limit::Horizon => "until",
            };
            (Meaning::Warn, format!("No first contact {until} {}: {why}", format::moment(*ends, ctx.now, ctx.zone)))
        }
        None => (Meaning::Muted, "First contact: unknown (no hours, no calendar)".to_owned()),
    };
    let room = standing.room.as_ref().filter(|room| room.left.is_some()).map(|room| format!("; {}", room.words()));
    Some(said(meaning, &format!("{slot}{}", room.unwrap_or_default()), ctx, width))
}

/// All of it, for a wide screen.
pub(super) fn long(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(path) = detail.path.as_ref().filter(|path| has_news(path)) else { return Vec::new() };
    let mut lines = vec![heading(ctx, &format!("The way there (rules {})", path.version().short()))];
    let mut tell = |meaning: Meaning, text: &str| {
        let rows = ctx.theme.wrap(text, width.saturating_sub(3), LONGEST);
        // What goes on hangs, so that the eye finds where the next begins.
        lines.extend(
            rows.into_iter()
                .enumerate()
                .map(|(nth, row)| ctx.span(meaning, format!("{}{row}", if nth == 0 { " " } else { "   " })).into()),
        );
    };
    for fired in &path.rules.fired {
        let applies = fired.standing == Standing::Applies;
        let meaning = if applies { Meaning::Text } else { Meaning::Muted };
        let note = if applies { "" } else { ", without effect" };
        tell(meaning, &format!("rule \"{}\", {}{note}: {}", fired.rule, fired.kind, fired.reason));
    }
    path.rungs.iter().for_each(|step| tell(weight(step), &step.to_string()));
    if path.heat.is_hot() {
        tell(Meaning::Warn, &path.heat.to_string());
    }
    if let Some(source) = &path.source {
        tell(Meaning::Muted, &format!("lead source: {source}, by a partner rule"));
    }
    path.duplicates.iter().for_each(|same| tell(Meaning::Muted, &same.to_string()));
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
            | Why::Disputed
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
    said(weight(step), &step.to_string(), ctx, width)
}

/// The rung that decided stands out.
const fn weight(step: &Step) -> Meaning {
    if step.taken { Meaning::Title } else { Meaning::Muted }
}

fn said(meaning: Meaning, text: &str, ctx: &Ctx, width: usize) -> Line<'static> {
    ctx.span(meaning, format!(" {}", ctx.theme.text(text, width.saturating_sub(1)))).into()
}
