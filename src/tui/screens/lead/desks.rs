//! What the ranked reps have on their desks now: room under the caps, the first free slot, and how far each is ahead of their
//! share. Asked for while a list of ranked reps can show it, and then at least once a minute.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ids::RepId;
use crate::domain::lead::LeadState;
use crate::tui::backend::LeadDetail;
use crate::tui::backend::boards::{Availability, Available};
use crate::tui::boards::Ask;
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Remote};
use crate::tui::screens::Screen;
use crate::tui::view::layout;

/// How old it may become without a change in the store: time alone moves slots.
const FRESH: TimeDelta = TimeDelta::minutes(1);

/// Who can take leads, as last read.
#[derive(Debug, Default)]
pub struct Desks {
    /// The answer.
    pub state: Remote<Box<Availability>>,
    asked_at: Option<DateTime<Utc>>,
}

impl Desks {
    /// Something changed: it is read anew when it is shown the next time.
    pub const fn is_old(&mut self) {
        self.asked_at = None;
    }

    /// What is known of a rep.
    pub fn of(&self, rep: &RepId) -> Option<&Available> {
        self.state.data.as_ref()?.reps.get(rep)
    }

    /// Whether there is anything to show of the reps ranked for a lead: it is still to be given, and rules say what counts.
    pub fn tell_of(&self, detail: &LeadDetail) -> bool {
        let open = matches!(detail.record.state, LeadState::InLane | LeadState::Pending);
        open && self.state.data.as_ref().is_some_and(|known| !known.reps.is_empty())
    }
}

/// Asks, where a list of ranked reps has its place on screen and what is known is old.
pub fn ask(model: &mut Model) -> Option<Effect> {
    let shown = match model.screen {
        Screen::Lead => true,
        Screen::Queue => model.size.0 >= layout::WIDE,
        _ => false,
    };
    let now = model.now;
    let desks = &mut model.boards.availability;
    let fresh = desks.asked_at.is_some_and(|at| now - at < FRESH);
    if !shown || fresh || desks.state.load.under_way() {
        return None;
    }
    desks.asked_at = Some(now);
    Some(Effect::Board(Ask::Availability(desks.state.load.start())))
}
