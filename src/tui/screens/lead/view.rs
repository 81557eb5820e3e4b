//! What a lead looks like: the why-panel, used beside the queue and as a screen of its own.

pub mod answer;
mod blind;
pub mod differ;
mod parts;
mod ranked;
pub mod talk;
mod way;
mod why;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use crate::tui::action::Action;
use crate::tui::backend::LeadDetail;
use crate::tui::model::Model;
use crate::tui::team;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, layout, put, put_all, two_ends};
use why::Reasons;

/// Fewest lines the list of reps is given before other parts give way; where there is room, as many as there are keys for.
const FEWEST_REPS: usize = 4;
const REPS_WITH_KEYS: usize = 9;
/// Most reasons that tell two reps apart.
const MOST_REASONS: usize = 8;

/// The lead screen.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    if area.width < layout::WIDE || model.hides_focus() {
        return panel(frame, model, ctx, area);
    }
    let [why, _, side] =
        Layout::horizontal([Constraint::Fill(5), Constraint::Length(2), Constraint::Fill(3)]).areas(area);
    panel(frame, model, ctx, why);
    let Some(detail) = model.focus.detail() else { return };
    let rule = Rect { x: side.x.saturating_sub(1), width: 1, ..side };
    put_all(frame, rule, 0, (0..rule.height).map(|_| ctx.span(Meaning::Frame, ctx.theme.glyphs().rule).into()));
    let inner = Rect { x: side.x + 1, width: side.width.saturating_sub(1), ..side };
    let width = usize::from(inner.width).saturating_sub(1);
    let mut lines = parts::facts_list(detail, ctx, width);
    let score = why::lead_score_list(detail, ctx, width);
    if !score.is_empty() {
        lines.push(Line::default());
        lines.extend(score);
    }
    let way = way::long(detail, ctx, width);
    if !way.is_empty() {
        lines.push(Line::default());
        lines.extend(way);
    }
    lines.push(Line::default());
    lines.extend(parts::pool_list(detail, ctx, width));
    let room = |lines: &Vec<_>| usize::from(inner.height).saturating_sub(lines.len() + 1);
    for more in [answer::of_legacy(detail, model, ctx, width), talk::of_chosen(detail, ctx, width)] {
        if !more.is_empty() && more.len() <= room(&lines) {
            lines.push(Line::default());
            lines.extend(more);
        }
    }
    lines.push(Line::default());
    lines.extend(parts::timeline(detail, ctx, width, usize::from(inner.height).saturating_sub(lines.len())));
    put_all(frame, inner, 0, lines);
}

/// Why this rep, and why not the legacy owner: everything that fits into the area, the most important first.
pub fn panel(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let Some(detail) = model.focus.detail() else { return waiting(frame, model, ctx, area) };
    let width = usize::from(area.width);
    let (title, clock) = parts::title(detail, ctx, width);
    two_ends(frame, area, title, clock);

    if model.hides(detail) {
        let mut lines = why::lead_score(detail, ctx, width);
        lines.extend(parts::facts(detail, ctx, width, 2));
        lines.extend(team::lines(model, ctx, detail, width));
        lines.push(Line::default());
        let left = usize::from(area.height).saturating_sub(1 + lines.len());
        lines.extend(blind::lines(detail, model, ctx, (width, left)));
        return put_all(frame, area, 1, lines);
    }

    let height = usize::from(area.height);
    let roomy = height >= 26;
    let mut facts = team::lines(model, ctx, detail, width);
    facts.extend(why::lead_score(detail, ctx, width));
    facts.extend(parts::facts(detail, ctx, width, if roomy { 2 } else { 1 }));
    let mut verdict: Vec<_> = blind::chosen(detail, ctx, width).into_iter().collect();
    verdict.extend(parts::recommendation(detail, ctx, width));
    // A rule that decided comes before everything that the model has to say.
    verdict.extend(way::first_contact(detail, ctx, width));
    verdict.extend(way::short(detail, ctx, width, if roomy { 4 } else { 2 }));
    let decision = parts::decision(detail, model, ctx, width);
    let pool = parts::pool(detail, ctx, width, if roomy { 2 } else { 1 });
    let reps = detail.ranking.as_ref().map_or(0, |r| r.reps.len());

    let fixed = 1 + facts.len() + decision.len() + 1 + verdict.len();
    let spare = height.saturating_sub(fixed);
    let fewest = if roomy { reps.clamp(FEWEST_REPS, REPS_WITH_KEYS) } else { FEWEST_REPS };
    let room = spare.saturating_sub(fewest);
    // What tells the two apart, or, where nothing was compared, what speaks for and against each.
    let change = answer::change(detail, ctx, width, if roomy { 2 } else { 1 });
    let few = 3 - change.len();
    let (most, lines) = if roomy { (MOST_REASONS, 2) } else { (few, 1) };
    let reasons = Reasons { least: few, most, lines, room: room.saturating_sub(change.len()) };
    let mut factors = why::contrasts(detail, ctx, width, &reasons);
    let compared = !factors.is_empty();
    if !compared {
        factors = why::factors(detail, ctx, width, if roomy { 7 } else { few });
    }
    // What would have put the legacy owner first tells more than a third reason.
    factors.extend(change);
    if compared && roomy {
        let rests_on = "Weights allow for which leads the two had; few deals weigh little.";
        let rests_on = ctx.theme.wrap(rests_on, width.saturating_sub(1), 2).into_iter();
        let rests_on = rests_on.map(|line| ctx.span(Meaning::Muted, format!(" {line}")).into()).collect();
        let mut table = vec![Line::default()];
        table.extend(why::factors(detail, ctx, width, 5));
        // Whole, or not at all.
        for more in [rests_on, table] {
            if factors.len() + more.len() <= room {
                factors.extend(more);
            }
        }
    }
    // A title without a line under it says nothing.
    factors.truncate(room);
    if factors.len() < 2 {
        factors.clear();
    }
    let pool = if room >= factors.len() + pool.len() { pool } else { Vec::new() };
    let for_reps = spare.saturating_sub(factors.len() + pool.len()).min(reps.max(1));
    // What the reps do not need becomes air between the parts, first where it helps most.
    let mut air = spare.saturating_sub(factors.len() + pool.len() + for_reps);
    let mut gap = || {
        let take = air.min(1);
        air -= take;
        vec![Line::default(); take]
    };
    let (after_reps, before_table, before_factors, before_pool) = (gap(), gap(), gap(), gap());

    let scroll = model.lead.as_ref().map_or(0, |lead| lead.scroll);
    let mut lines = facts;
    lines.extend(decision);
    lines.extend(before_table);
    lines.extend(ranked::reps(detail, &model.boards.availability, ctx, width, (scroll, for_reps)));
    lines.extend(after_reps);
    lines.extend(verdict);
    lines.extend(before_factors);
    lines.extend(factors);
    lines.extend(before_pool);
    lines.extend(pool);
    let used = 1 + lines.len();
    if area.width < layout::WIDE * 5 / 8 || model.lead.is_none() {
        let left = height.saturating_sub(used + 1);
        if left >= 3 {
            lines.push(Line::default());
            lines.extend(parts::timeline(detail, ctx, width, left));
        }
    }
    put_all(frame, area, 1, lines);
}

fn waiting(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let room = usize::from(area.width).saturating_sub(2);
    let again = model.keymap.key_for(model.place(), Action::Refresh).unwrap_or_default();
    let lines = if model.focus.id().is_none() {
        vec![ctx.span(Meaning::Muted, " No lead is selected.").into()]
    } else if let Some(error) = model.focus.error() {
        vec![
            Line::from(ctx.span(Meaning::Bad, " This lead could not be read.")),
            ctx.span(Meaning::Text, format!(" {}", ctx.theme.text(error, room))).into(),
            ctx.span(Meaning::Muted, format!(" Nothing is lost. {again} tries again.")).into(),
        ]
    } else if model.focus.missing() {
        vec![ctx.span(Meaning::Warn, " This lead is not in the store.").into()]
    } else {
        vec![ctx.span(Meaning::Muted, " reading ...").into()]
    };
    for (line, row) in lines.into_iter().zip(1..) {
        put(frame, area, row, line);
    }
}

/// For callers that only have the detail.
pub(super) fn legacy_rep(detail: &LeadDetail) -> Option<&crate::domain::ids::RepId> {
    detail.record.legacy.owner.rep()
}
