//! What actions do to the sync screen.

use super::Sync;
use crate::domain::effect::EffectState;
use crate::tui::action::Action;
use crate::tui::msg::Effect;

/// Moves in the outbox; `None` when the action is not the screen's business.
pub fn update(sync: &mut Sync, action: Action) -> Option<Vec<Effect>> {
    let page = sync.viewport.saturating_sub(1).max(1) as isize;
    match action {
        Action::Up => sync.step(-1),
        Action::Down => sync.step(1),
        Action::PageUp => sync.step(-page),
        Action::PageDown => sync.step(page),
        Action::Top => sync.step(isize::MIN),
        Action::Bottom => sync.step(isize::MAX),
        _ => return None,
    }
    Some(Vec::new())
}

/// The failed write under the cursor, or why there is nothing to try again.
pub fn retry(sync: &Sync) -> Result<Effect, &'static str> {
    match sync.selected() {
        Some(row) if row.state == EffectState::Dead => Ok(Effect::Retry(row.id)),
        Some(_) => Err("Only a failed write can be tried again; this one is not."),
        None => Err("There is no write to try again."),
    }
}
