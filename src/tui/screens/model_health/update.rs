//! What actions do to the model screen.

use super::document::{self, lines};
use crate::tui::action::Action;
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::view::Ctx;

/// Up and down choose a model; pages move through its card. `None` when the action is not the screen's business.
pub fn update(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let (page, last) = extent(model);
    let health = &mut model.health;
    match action {
        Action::Up => health.step(-1),
        Action::Down => health.step(1),
        Action::PageUp => health.scroll = health.scroll.min(last).saturating_sub(page),
        Action::PageDown => health.scroll = (health.scroll + page).min(last),
        Action::Top => health.scroll = 0,
        Action::Bottom => health.scroll = last,
        _ => return None,
    }
    Some(Vec::new())
}

/// Lines of a page less one for orientation, and the furthest scroll.
fn extent(model: &Model) -> (usize, usize) {
    let ctx = Ctx::of(model);
    let place = document::place(model.size);
    let all = model.health.selected().map_or(0, |(row, card)| lines(row, card, &model.drift, &ctx, place).len());
    let shown = usize::from(place.height);
    (shown.saturating_sub(1).max(1), all.saturating_sub(shown))
}
