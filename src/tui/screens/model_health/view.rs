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
    let page = document::page(row, card, &model.drift, ctx, place);
    let shown = usize::from(place.height);
    let first = model.health.scroll.min(page.lines.len().saturating_sub(shown));
    let below = page.lines.len().saturating_sub(first + shown);
    // The last line in sight gives way to how much lies below, so a section that begins there is still below.
    let next = page.next((first + shown).saturating_sub(2)).map(|(_, title)| title);
    put_all(frame, place, 0, page.lines.into_iter().skip(first).take(shown));
    if below > 0 && place.height > 0 {
        more(frame, model, ctx, Rect { y: place.bottom() - 1, height: 1, ..place }, (below, next));
    }
}

/// Says on the last line how much lies below, which section is the next, and the keys that show it.
fn more(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, (below, next): (usize, Option<&str>)) {
    frame.render_widget(Clear, area);
    let key = |action| model.keymap.key_for(model.place(), action);
    let page = key(Action::PageDown).map_or_else(String::new, |key| format!(", {key}"));
    let arrow = ctx.theme.glyphs().more.1;
    let mut line = vec![ctx.span(Meaning::Muted, format!(" {arrow} {} more lines{page}", below + 1))];
    if let (Some(key), Some(title)) = (key(Action::NextSection), next) {
        line.push(ctx.span(Meaning::Muted, format!("; next: {title}, {key}")));
    }
    put(frame, area, 0, line.into());
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
            (
                Meaning::Muted,
                "Bring in at least 2,000 closed deals (leadboard history import), then train one (leadboard model \
                 train). Until then no lead is ranked."
                    .into(),
            ),
        ],
    };
    let told = lines.into_iter().flat_map(|(meaning, text)| {
        let rows = ctx.theme.wrap(&text, room, 3);
        rows.into_iter().map(move |row| Line::from(ctx.span(meaning, format!(" {row}"))))
    });
    put_all(frame, area, 1, told);
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
    let many = model.health.rows().len();
    let mut about = Vec::new();
    if many > 1 {
        about.push(format!("model {} of {many}", model.health.selected + 1));
    }
    about.push(format!("trained {}", format::date(row.created_at, ctx.zone)));
    about.extend(card.deals.map(|n| format!("{} deals", format::grouped(n))));
    about.extend(card.reps.map(|n| format!("{} reps", format::grouped(n))));
    about.extend(card.won.map(|n| format!("{} won", format::grouped(n))));
    // What there is no room for stands further down; nothing is cut.
    let used: usize = parts.iter().map(Span::width).sum();
    while used + 3 + about.join(", ").len() > width && about.pop().is_some() {}
    parts.push(ctx.span(Meaning::Muted, format!("  {}", about.join(", "))));
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
