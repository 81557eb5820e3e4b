//! What actions do to the model screen.

use super::ModelHealth;
use crate::tui::action::Action;
use crate::tui::msg::Effect;

/// Moves in the list of models; `None` when the action is not the screen's business.
pub fn update(health: &mut ModelHealth, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::Up | Action::PageUp => health.step(-1),
        Action::Down | Action::PageDown => health.step(1),
        Action::Top => health.step(isize::MIN),
        Action::Bottom => health.step(isize::MAX),
        _ => return None,
    }
    Some(Vec::new())
}
