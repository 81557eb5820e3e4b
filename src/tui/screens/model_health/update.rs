//! What actions do to the model screen.

use super::document::{self, Page};
use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::view::Ctx;

/// Up and down choose a model; pages and sections move through its card. `None` when the action is not the screen's business.
pub fn update(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let (page, last, card) = extent(model);
    let health = &mut model.health;
    match action {
        Action::Up => health.step(-1),
        Action::Down => health.step(1),
        Action::PageUp => health.scroll = health.scroll.min(last).saturating_sub(page),
        Action::PageDown => health.scroll = (health.scroll + page).min(last),
        Action::Top => health.scroll = 0,
        Action::Bottom => health.scroll = last,
        Action::NextSection => health.scroll = card.next(health.scroll).map_or(last, |(at, _)| at.min(last)),
        Action::PreviousSection => health.scroll = card.previous(health.scroll.min(last)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Lines of a screenful less one for orientation, the furthest scroll, and what is read.
fn extent(model: &Model) -> (usize, usize, Page) {
    let ctx = Ctx::of(model);
    let place = document::place(model.size);
    let page = |(row, card): &(_, _)| document::page(row, card, &model.drift, &ctx, place);
    let page = model.health.selected().map_or_else(Page::default, page);
    let shown = usize::from(place.height);
    (shown.saturating_sub(1).max(1), page.lines.len().saturating_sub(shown), page)
}
