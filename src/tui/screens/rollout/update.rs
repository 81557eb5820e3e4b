//! What actions do to the rollout screen.

use super::RolloutScreen;
use crate::tui::action::Action;

/// Moves in the scopes, or goes to the other kind.
pub fn update(screen: &mut RolloutScreen, action: Action) {
    if matches!(action, Action::NextTab | Action::PreviousTab) {
        return screen.turn();
    }
    let len = screen.rows().len();
    screen.cursor.act(action, len);
}
