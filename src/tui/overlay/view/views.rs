//! The list of views.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::VariantArray;

use super::window;
use crate::domain::lane::Lane;
use crate::tui::action::Action;
use crate::tui::backend::{Filter, SavedView, VIEW_KEYS};
use crate::tui::keymap::Place;
use crate::tui::model::Model;
use crate::tui::overlay::views::Views;
use crate::tui::theme::Meaning;
use crate::tui::view::{Ctx, list_row, put, put_all};

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ctx: &Ctx, area: Rect, views: &Views) {
    let inner = window(frame, ctx, area, (74, 14), "Views");
    let width = usize::from(inner.width);
    for (line, key) in VIEW_KEYS.enumerate() {
        let (name, what) = match (model.view(key), Lane::VARIANTS.get(line)) {
            (Some(view), _) => (view.name.clone(), described(view)),
            (None, Some(lane)) => (String::new(), format!("free; shows {}", lane.title())),
            (None, None) => (String::new(), "free".to_owned()),
        };
        let muted = if name.is_empty() { Meaning::Muted } else { Meaning::Text };
        let row = Line::from(vec![
            ctx.span(Meaning::Key, format!(" F{key} ")),
            Span::raw(format!("{} ", ctx.theme.left(&name, 24))),
            ctx.span(muted, ctx.theme.text(&what, width.saturating_sub(30))),
        ]);
        put(frame, inner, line as u16, list_row(ctx, row, line == views.selected, width));
        ctx.hits.row(inner, line as u16, line, views.selected);
    }
    if inner.height < 12 {
        return;
    }
    let below = Rect { y: inner.y + 9, height: inner.height - 9, ..inner };
    let key = |action| model.keymap.key_for(Place::Views, action).unwrap_or_default();
    if let Some((field, view)) = &views.naming {
        let place = Rect { height: 1, ..below };
        field.draw(frame, ctx, place, (&format!(" F{} is called ", views.key()), "a name"), None);
        let before = model.view(views.key());
        let replaced = before.filter(|before| before.filter != view.filter || before.lane != view.lane);
        if let Some(before) = replaced {
            let text = format!(" In the place of {}.", before.name);
            put(frame, below, 1, ctx.span(Meaning::Warn, ctx.theme.text(&text, width)).into());
        }
        return;
    }
    let shown = queue_words(model.queue.filter(), Some(model.queue.lane));
    let hints = [
        (Action::SaveView, format!(" saves {shown} there")),
        (Action::RenameView, " renames".into()),
        (Action::RemoveView, " removes".into()),
    ];
    let mut lines = vec![Line::default(); 2];
    for (n, (action, words)) in hints.into_iter().enumerate() {
        let words = ctx.theme.text(&words, width.saturating_sub(6));
        lines[n.min(1)].extend([ctx.span(Meaning::Key, format!(" {}", key(action))), Span::raw(format!("{words} "))]);
    }
    put_all(frame, below, 0, lines);
}

/// What a view shows; raw.
pub(super) fn described(view: &SavedView) -> String {
    queue_words(&view.filter, view.lane)
}

/// Which leads, in which lane; raw.
pub(super) fn queue_words(filter: &Filter, lane: Option<Lane>) -> String {
    let lane = lane.map_or("any lane", Lane::title);
    if filter.is_empty() { lane.to_owned() } else { format!("{lane}: {filter}") }
}
