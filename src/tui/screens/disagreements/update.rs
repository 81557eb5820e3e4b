//! What actions do to the disagreements screen. Verdicts on a group are those of `tui::verdict`.

use super::{Key, Part};
use crate::app::disagreements::DAYS;
use crate::tui::action::Action;
use crate::tui::backend::{Disagreement, Which};
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::screens::Screen;
use crate::tui::update;

/// Rows that one page moves.
const PAGE: isize = 10;
/// More rows than there ever are.
const ALL: isize = 1 << 30;

/// Moves the cursor, opens a group, or a lead of it.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let board = &mut model.board;
    match action {
        Action::Up => board.step(-1, 0),
        Action::Down => board.step(1, 0),
        Action::PageUp => board.step(-PAGE, 0),
        Action::PageDown => board.step(PAGE, 0),
        Action::Top => board.step(-ALL, 0),
        Action::Bottom => board.step(ALL, 0),
        Action::Left => board.step(0, -1),
        Action::Right => board.step(0, 1),
        Action::OtherPart => {
            board.part = if board.part == Part::Owners { Part::Causes } else { Part::Owners };
        }
        Action::Narrow => board.narrow(),
        Action::Decided => {
            let other = if board.which == Which::Open { Which::Decided { days: DAYS } } else { Which::Open };
            return vec![board.show(other)];
        }
        Action::Open if board.group.is_some() => {
            if let Some(lead) = board.lead().map(|one| one.lead.clone()) {
                update::open(model, lead);
            }
        }
        Action::Open | Action::Group => match board.under_cursor() {
            Some(key) => board.open(key, None),
            None => model.say(Tone::Info, "No lead goes from this owner to that one."),
        },
        _ => {}
    }
    Vec::new()
}

/// Shows the open disagreements that have the cause of the lead in focus.
pub fn group_of_lead(model: &mut Model) -> Vec<Effect> {
    let Some(detail) = model.focus.detail() else {
        model.say(Tone::Warn, "The lead is not read yet; try again in a moment.");
        return Vec::new();
    };
    let Some(one) = Disagreement::of_detail(detail) else {
        model.say(Tone::Info, "The legacy rules chose the same owner: there is no group of it.");
        return Vec::new();
    };
    let effect = model.board.show(Which::Open);
    model.board.open(Key { cause: Some(one.cause), ..Key::default() }, Some(one.lead));
    (model.screen, model.lead) = (Screen::Disagreements, None);
    vec![effect]
}
