//! What actions do to the reps screen.

use super::RepsScreen;
use crate::tui::action::Action;
use crate::tui::backend::Filter;

/// Moves in the team, or puts it in another order; false when the action is not the screen's business.
pub fn update(screen: &mut RepsScreen, action: Action) -> bool {
    if action == Action::Sort {
        screen.next_order();
        return true;
    }
    let len = screen.rows().len();
    screen.cursor.act(action, len)
}

/// The filter that shows the leads recommended for the rep under the cursor.
pub fn leads_of(screen: &RepsScreen) -> Option<Filter> {
    let name: String = screen.selected()?.name.chars().filter(|c| *c != '"').collect();
    format!("rep:\"{name}\"").parse().ok()
}
