//! Why not this rep, and what would put them first.

use ratatui::text::Line;

use super::parts::heading;
use crate::app::explain::{self, Answer};
use crate::domain::ids::RepId;
use crate::tui::backend::LeadDetail;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::Ctx;

/// Lines of one sentence, at most.
const SENTENCE: usize = 4;

/// What would put the legacy owner first, on at most so many lines; nothing where they are, or are no rep.
pub(super) fn change(detail: &LeadDetail, ctx: &Ctx, width: usize, most: usize) -> Vec<Line<'static>> {
    let legacy = detail.record.legacy.owner.rep();
    let Some(answer) = legacy.and_then(|rep| explain::answer(detail, rep, None, ctx.now)) else { return Vec::new() };
    if answer.smallest_change.is_empty() {
        return Vec::new();
    }
    let words: Vec<&str> = answer.smallest_change.iter().map(|lift| lift.words.as_str()).collect();
    let told = ctx.theme.wrap(&words.join(" "), width.saturating_sub(1), most);
    told.into_iter().map(|line| ctx.span(Meaning::Legacy, format!(" {line}")).into()).collect()
}

/// All about the legacy owner, for a wide screen.
pub(super) fn of_legacy(detail: &LeadDetail, model: &Model, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(legacy) = detail.record.legacy.owner.rep() else { return Vec::new() };
    if detail.recommendation.as_ref().is_some_and(|given| given.route.rep() == Some(legacy)) {
        return Vec::new();
    }
    of_rep(detail, legacy, model, ctx, width)
}

/// All about one rep, under their name: why not, what would put them first, and what is otherwise today.
pub fn of_rep(detail: &LeadDetail, rep: &RepId, model: &Model, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(answer) = explain::answer(detail, rep, model.roster.data.as_ref(), ctx.now) else {
        let why = "No way to a recommendation is stored for this lead, so nobody can tell.";
        return sentence(Meaning::Muted, why, ctx, width);
    };
    let Answer { name, why_not, smallest_change, since, .. } = &answer;
    let mut lines = vec![heading(ctx, &format!("Why not {}", ctx.theme.text(name, 28)))];
    lines.extend(why_not.iter().flat_map(|why| sentence(Meaning::Text, &why.words, ctx, width)));
    if !smallest_change.is_empty() {
        lines.push(ctx.span(Meaning::Muted, " The smallest change that puts them first:").into());
        lines.extend(smallest_change.iter().flat_map(|lift| sentence(Meaning::Model, &lift.words, ctx, width)));
    }
    let today = since.iter().cloned().chain(explain::since(detail));
    lines.extend(today.flat_map(|since| sentence(Meaning::Warn, &format!("Today: {}", since.words), ctx, width)));
    if let (Some(path), Some(at)) = (&detail.path, detail.record.ranked_at) {
        let at = format::moment(at, ctx.now, ctx.zone);
        let rests_on = format!("As it was ranked {at}, by rules {}.", path.version().short());
        lines.extend(sentence(Meaning::Muted, &rests_on, ctx, width));
    }
    lines
}

/// A sentence broken between words, one column in.
pub(super) fn sentence(meaning: Meaning, text: &str, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let lines = ctx.theme.wrap(text, width.saturating_sub(2), SENTENCE);
    lines.into_iter().map(|line| ctx.span(meaning, format!(" {line}")).into()).collect()
}
