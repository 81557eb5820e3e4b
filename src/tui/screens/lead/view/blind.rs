//! A lead of the blind sample: all that is known of it and of the reps, and not what the model makes of it.

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use super::legacy_rep;
use crate::tui::action::Action;
use crate::tui::backend::LeadDetail;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::verdict::{name_of, rep_name};
use crate::tui::view::Ctx;

const EVIDENCE: usize = 12;

/// What is asked, and whom one may choose, by name, in no more than so many lines.
pub(super) fn lines(
    detail: &LeadDetail,
    model: &Model,
    ctx: &Ctx,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let key = model.keymap.key_for(Model::place_of(model.screen), Action::Approve).unwrap_or_default();
    let what = format!(
        "Judged blind: say first whom you would give it to ({key}), then see what leadboard recommends. A few leads are asked \
         about like this, to learn how far recommendations are followed just because they are there."
    );
    let mut lines: Vec<Line<'static>> = ctx
        .theme
        .wrap(&what, width.saturating_sub(2), 4)
        .into_iter()
        .map(|line| ctx.span(Meaning::Key, format!(" {line}")).into())
        .collect();
    lines.push(Line::default());
    let legacy = ctx.theme.text(name_of(detail, &detail.record.legacy.owner), 30);
    lines.push(ctx.span(Meaning::Legacy, format!(" The CRM's rules gave it to {legacy}.")).into());
    lines.push(Line::default());
    let Some(ranking) = &detail.ranking else { return lines };
    let name = width.saturating_sub(2 + 2 * (1 + EVIDENCE) + 8).min(30);
    let head = format!(" {} {:>EVIDENCE$} {:>EVIDENCE$}", ctx.theme.left("who may get it", name), "won", "similar");
    lines.push(ctx.span(Meaning::Muted, head).into());
    let mut reps: Vec<_> = ranking.reps.iter().filter(|rep| rep.in_pool).collect();
    reps.sort_by_cached_key(|rep| rep_name(detail, &rep.rep_id).to_lowercase());
    let room = height.saturating_sub(lines.len());
    let shown = if reps.len() <= room { reps.len() } else { room.saturating_sub(1) };
    let left = reps.len() - shown;
    lines.extend(reps.into_iter().take(shown).map(|rep| {
        let of = |wins: u32, deals: u32| if deals == 0 { "none".into() } else { format!("{wins} of {deals}") };
        let text = format!(
            " {} {:>EVIDENCE$} {:>EVIDENCE$}",
            ctx.theme.left(rep_name(detail, &rep.rep_id), name),
            of(rep.support.wins, rep.support.deals),
            of(rep.support.similar_wins, rep.support.similar_deals)
        );
        let legacy = legacy_rep(detail) == Some(&rep.rep_id);
        let (meaning, tag) = if legacy { (Meaning::Legacy, " legacy") } else { (Meaning::Text, "") };
        ctx.span(meaning, text + tag).into()
    }));
    if left > 0 {
        let more = format!(" {} {left} more; {key} lists everybody", ctx.theme.glyphs().skipped);
        lines.push(ctx.span(Meaning::Muted, more).into());
    }
    if !ranking.segment.is_empty() && lines.len() + 2 <= height {
        let similar = ctx.theme.text(&ranking.segment, width.saturating_sub(12));
        lines.push(Line::default());
        lines.push(ctx.span(Meaning::Muted, format!(" similar = {similar}")).into());
    }
    lines
}

/// Who chose whom before the recommendation was shown, while the lead waits for its verdict.
pub(super) fn chosen(detail: &LeadDetail, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let choice =
        detail.first_choice.as_ref().filter(|_| detail.record.state == crate::domain::lead::LeadState::InLane)?;
    let who = ctx.theme.text(&choice.manager, 24);
    let words = " before this was shown";
    let room = width.saturating_sub(who.width() + words.len() + 9);
    let rep = ctx.theme.text(name_of(detail, &choice.owner), room);
    Some(ctx.span(Meaning::Key, format!(" {who} chose {rep}{words}")).into())
}
