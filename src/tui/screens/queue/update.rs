//! What actions do to the queue. Verdicts are not here: they are the same on every screen that shows a lead.

use strum::VariantArray;

use super::Queue;
use crate::domain::lane::Lane;
use crate::tui::action::Action;
use crate::tui::msg::Effect;

/// Moves in the list and between lanes; `None` when the action is not the queue's business.
pub fn update(queue: &mut Queue, action: Action) -> Option<Vec<Effect>> {
    let page = queue.viewport.saturating_sub(1).max(1) as isize;
    let effect = match action {
        Action::Up => queue.step(-1),
        Action::Down => queue.step(1),
        Action::PageUp => queue.step(-page),
        Action::PageDown => queue.step(page),
        Action::Top => queue.to_top(),
        Action::Bottom => queue.to_bottom(),
        Action::Mark => queue.mark(),
        Action::Lane(lane) => Some(queue.show(lane)),
        Action::NextLane => Some(queue.show(neighbour(queue.lane, 1))),
        Action::PreviousLane => Some(queue.show(neighbour(queue.lane, -1))),
        _ => return None,
    };
    Some(effect.into_iter().collect())
}

fn neighbour(lane: Lane, step: isize) -> Lane {
    let lanes = Lane::VARIANTS;
    let here = lanes.iter().position(|l| *l == lane).unwrap_or(0) as isize;
    lanes[(here + step).rem_euclid(lanes.len() as isize) as usize]
}
