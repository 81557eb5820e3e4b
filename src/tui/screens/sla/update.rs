//! What actions do to the SLA screen.

use strum::IntoEnumIterator;

use super::SlaScreen;
use crate::tui::action::Action;
use crate::tui::backend::boards::ContactList;
use crate::tui::msg::Effect;

/// Moves in the list, or goes to another; `None` when the action is not the screen's business.
pub fn update(screen: &mut SlaScreen, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::NextTab => return Some(vec![screen.turn(1)]),
        Action::PreviousTab => return Some(vec![screen.turn(ContactList::iter().count() - 1)]),
        _ => {}
    }
    let len = screen.rows().len();
    screen.cursor.act(action, len).then(Vec::new)
}
