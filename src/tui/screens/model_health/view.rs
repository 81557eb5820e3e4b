//! What the model screen looks like: may it be trusted, and what does that rest on?

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::card::Card;
use super::document;
use crate::tui::action::Action;
use crate::tui::backend::ModelRow;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, put, put_all};

/// Draws the card of the model under the cursor and, when there is room, the other models.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let Some((row, card)) = model.health.selected() else { return nothing(frame, model, ctx, area) };
    let (main, side) = document::areas(area);
    if let Some(side) = side {
        let rule = Rect { width: 1, ..side };
        put_all(frame, rule, 0, (0..rule.height).map(|_| ctx.span(Meaning::Frame, ctx.theme.glyphs().rule).into()));
        registry(frame, model, ctx, Rect { x: side.x + 1, width: side.width - 1, ..side });
    }
    put(frame, main, 0, title(row, card, model, ctx, usize::from(main.width)));
    let place = document::place(model.size);
    let lines = document::lines(row, card, &model.drift, ctx, place);
    let shown = usize::from(place.height);
    let first = model.health.scroll.min(lines.len().saturating_sub(shown));
    let below = lines.len().saturating_sub(first + shown);
    put_all(frame, place, 0, lines.into_iter().skip(first).take(shown));
    if below > 0 && place.height > 0 {
        more(frame, model, ctx, Rect { y: place.bottom() - 1, height: 1, ..place }, below);
    }
}

/// Says on the last line how much lies below, and the key that shows it.
fn more(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, below: usize) {
    frame.render_widget(Clear, area);
    let key = model.keymap.key_for(model.place(), Action::PageDown).map_or_else(String::new, |key| format!(", {key}"));
    let arrow = ctx.theme.glyphs().more.1;
    put(frame, area, 0, ctx.span(Meaning::Muted, format!(" {arrow} {} more lines{key}", below + 1)).into());
}

fn nothing(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let room = usize::from(area.width).saturating_sub(2);
    let lines: Vec<(Meaning, String)> = match (&model.health.models.error, &model.health.models.data) {
        (Some(error), _) => {
            vec![(Meaning::Bad, "The models could not be read.".into()), (Meaning::Text, error.clone())]
        }
        (None, None) => vec![(Meaning::Muted, "reading ...".into())],
        (None, Some(_)) => vec![
            (Meaning::Warn, "There is no model yet.".into()),
            (Meaning::Muted, "Bring in at least 2,000 closed deals (leadboard history import), then train one".into()),
            (Meaning::Muted, "(leadboard model train). Until then no lead is ranked.".into()),
        ],
    };
    put_all(
        frame,
        area,
        1,
        lines.into_iter().map(|(m, t)| ctx.span(m, format!(" {}", ctx.theme.text(&t, room))).into()),
    );
}

fn title(row: &ModelRow, card: &Card, model: &Model, ctx: &Ctx, width: usize) -> Line<'static> {
    let (meaning, standing) = match (row.champion, card.clearance.as_deref()) {
        (true, Some("scores_leads")) => (Meaning::Warn, "champion: scores leads, does not yet route"),
        (true, _) => (Meaning::Good, "champion"),
        (false, Some("refused")) => (Meaning::Bad, "refused by its gates"),
        (false, _) => (Meaning::Muted, "not in use"),
    };
    let mut parts = vec![
        ctx.span(Meaning::Title, format!(" {}", ctx.theme.text(row.id.as_str(), 30))),
        ctx.span(meaning, format!("  {standing}")),
    ];
    let mut about = vec![format!("trained {}", format::date(row.created_at, ctx.zone))];
    about.extend(card.deals.map(|n| format!("{} deals", format::grouped(n))));
    about.extend(card.won.map(|n| format!("{} won", format::grouped(n))));
    about.extend(card.reps.map(|n| format!("{} reps", format::grouped(n))));
    let many = model.health.rows().len();
    if many > 1 {
        about.push(format!("model {} of {many}", model.health.selected + 1));
    }
    let used: usize = parts.iter().map(Span::width).sum();
    parts.push(
        ctx.span(Meaning::Muted, format!("  {}", ctx.theme.text(&about.join(", "), width.saturating_sub(used + 2)))),
    );
    Line::from(parts)
}

fn registry(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = vec![ctx.span(Meaning::Title, " Models").into()];
    for (index, (row, card)) in model.health.rows().iter().enumerate() {
        let cursor = if index == model.health.selected { ctx.theme.glyphs().cursor } else { " " };
        let auc = card.out_of_time.auc.or(card.stratified.auc);
        let auc = auc.map_or_else(|| "AUC -".into(), |(v, ..)| format!("AUC {v:.3}"));
        let text = format!("{cursor} {} {auc}", ctx.theme.left(row.id.as_str(), width.saturating_sub(14)));
        lines.push(Line::from(ctx.span(if row.champion { Meaning::Model } else { Meaning::Text }, text)));
        let standing = match (row.champion, row.promoted_at) {
            (true, Some(at)) => format!("champion since {}", format::moment(at, ctx.now, ctx.zone)),
            (true, None) => "champion".into(),
            _ => format!("trained {}", format::moment(row.created_at, ctx.now, ctx.zone)),
        };
        lines.push(ctx.span(Meaning::Muted, format!("  {standing}")).into());
    }
    if let Some((_, card)) = model.health.selected()
        && !card.importance.is_empty()
    {
        lines.push(Line::default());
        lines.push(ctx.span(Meaning::Title, " What it looks at").into());
        lines.extend(card.importance.iter().take(12).map(|(name, share)| {
            Line::from(vec![
                Span::raw(format!("  {} ", ctx.theme.left(name, width.saturating_sub(12)))),
                ctx.span(Meaning::Muted, format!("{:>6}", format::percent(*share))),
            ])
        }));
    }
    put_all(frame, area, 0, lines);
}
