//! What actions do to the trace screen.

use super::Trace;
use super::model::Row;
use crate::domain::ids::LeadId;
use crate::tui::action::Action;
use crate::tui::msg::Effect;

/// What came of an action.
pub enum Came {
    /// This is to be done.
    Effects(Vec<Effect>),
    /// This lead is to be opened.
    Open(LeadId),
    /// This is to be said.
    Say(&'static str),
}

/// Moves in the story, opens, makes again, compares.
pub fn update(trace: &mut Trace, action: Action) -> Came {
    match action {
        Action::Open => match trace.selected() {
            Some(Row::Lead(id)) => {
                let id = id.to_string();
                Came::Effects(vec![trace.ask(id)])
            }
            _ => match trace.story() {
                Some(story) => Came::Open(story.lead.record.lead.id.clone()),
                None => Came::Effects(Vec::new()),
            },
        },
        Action::Replay => match trace.replay() {
            Some(effect) => Came::Effects(vec![effect]),
            None => Came::Say("Put the cursor on a decision; its ranking is made again."),
        },
        Action::Compare if trace.compare() => Came::Effects(Vec::new()),
        Action::Compare => Came::Say("Put the cursor on a decision that has another before it; the two are compared."),
        action => {
            let len = trace.rows().len();
            trace.cursor.act(action, len);
            Came::Effects(Vec::new())
        }
    }
}
