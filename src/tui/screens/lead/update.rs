//! What actions do to the lead screen itself. Going to the next lead is the root's business, verdicts those of
//! `tui::verdict`.

use super::Lead;
use crate::tui::action::Action;

/// Reps that one page moves.
const PAGE: usize = 5;

/// Scrolls the list of reps, which has so many; false when the action is not the screen's business.
pub fn update(lead: &mut Lead, action: Action, reps: usize) -> bool {
    match action {
        Action::PageUp => lead.scroll = lead.scroll.saturating_sub(PAGE),
        Action::PageDown => lead.scroll = (lead.scroll + PAGE).min(reps.saturating_sub(1)),
        Action::Top => lead.scroll = 0,
        Action::Bottom => lead.scroll = reps.saturating_sub(1),
        _ => return false,
    }
    true
}
