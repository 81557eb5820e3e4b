//! What actions do to the digest screen.

use crate::tui::action::Action;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::view::Ctx;

/// Reads on, or goes to another day.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let today = model.now.with_timezone(&(model.options.zone)(model.now)).date_naive();
    let screen = &mut model.boards.digest;
    let day = screen.day.unwrap_or(today);
    match action {
        Action::PreviousDay => day.pred_opt().map(|before| screen.turn(Some(before))).into_iter().collect(),
        Action::NextDay if day >= today => {
            model.say(Tone::Info, "The next day has not begun.");
            Vec::new()
        }
        Action::NextDay => {
            let next = day.succ_opt().filter(|next| *next < today);
            vec![screen.turn(next)]
        }
        action => {
            let columns = model.boards.digest.columns(&Ctx::of(model), model.size.0);
            // Both columns go on together.
            if let Some(longest) = columns.iter().max_by_key(|rows| rows.len()) {
                model.boards.digest.reader.act(action, longest);
            }
            Vec::new()
        }
    }
}
