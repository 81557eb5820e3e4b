//! What actions do to the feedback screen.

use strum::VariantArray;

use super::FeedbackScreen;
use super::model::List;
use crate::tui::action::Action;

/// Moves in a list, or goes to another.
pub fn update(screen: &mut FeedbackScreen, action: Action) {
    let at = List::VARIANTS.iter().position(|list| *list == screen.list).unwrap_or(0);
    let all = List::VARIANTS.len();
    match action {
        Action::NextTab => screen.turn(List::VARIANTS[(at + 1) % all]),
        Action::PreviousTab => screen.turn(List::VARIANTS[(at + all - 1) % all]),
        action => {
            let len = screen.len();
            screen.cursor.act(action, len);
        }
    }
}
