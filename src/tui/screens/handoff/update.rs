//! What actions and answers do to the handoff screen.

use super::model::Part;
use crate::domain::ids::LeadId;
use crate::tui::action::Action;
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Handoff, HandoffBoard};
use crate::tui::boards::Ask;
use crate::tui::format;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::{Effect, Generation};
use crate::tui::overlay::{Note, Overlay};
use crate::tui::view::Ctx;

/// What is to be done outside the screen.
#[derive(Debug, PartialEq)]
pub enum Came {
    /// These.
    Effects(Vec<Effect>),
    /// A lead is opened.
    Open(LeadId),
}

/// Whether the handoff that is shown waits for whoever sits here.
pub fn waits(model: &Model) -> bool {
    let screen = &model.boards.handoff;
    screen.part == Part::Last && screen.last().is_some_and(|last| last.waits_for(&model.options.manager))
}

/// Whether there is something to accept, or to hand over.
pub fn does_something(model: &Model) -> bool {
    let now = model.boards.handoff.part == Part::Now;
    !model.options.read_only && model.boards.handoff.board.data.is_some() && (now || waits(model))
}

/// Reads, goes to the other part, writes the note, hands over, accepts.
pub fn update(model: &mut Model, action: Action) -> Came {
    let nothing = Came::Effects(Vec::new());
    match action {
        Action::NextTab | Action::PreviousTab => {
            let part = if model.boards.handoff.part == Part::Now { Part::Last } else { Part::Now };
            model.boards.handoff.turn(part);
            settle(model);
            nothing
        }
        Action::Note if model.boards.handoff.part == Part::Now => {
            let note = Note::for_handoff(&model.boards.handoff.note);
            model.overlays.push(Overlay::Note(Box::new(note)));
            nothing
        }
        Action::GiveHandoff if model.boards.handoff.part == Part::Now => Came::Effects(hand_over(model)),
        Action::GiveHandoff if waits(model) => Came::Effects(accept(model)),
        Action::GiveHandoff | Action::Open => under_cursor(model).map_or(nothing, Came::Open),
        action => {
            let rows = rows(model);
            model.boards.handoff.reader.act(action, &rows);
            nothing
        }
    }
}

fn rows(model: &Model) -> Vec<crate::tui::widgets::sheet::Row> {
    model.boards.handoff.rows(&Ctx::of(model), usize::from(model.size.0))
}

fn under_cursor(model: &Model) -> Option<LeadId> {
    model.boards.handoff.reader.lead(&rows(model)).cloned()
}

fn settle(model: &mut Model) {
    let rows = rows(model);
    model.boards.handoff.reader.settle(&rows);
}

fn hand_over(model: &mut Model) -> Vec<Effect> {
    if model.options.read_only {
        model.say(Tone::Warn, "Read-only: nothing can be handed over from this session.");
        return Vec::new();
    }
    let screen = &mut model.boards.handoff;
    if screen.under_way || screen.board.data.is_none() {
        return Vec::new();
    }
    screen.under_way = true;
    vec![Effect::Board(Ask::HandOver(screen.note.clone()))]
}

fn accept(model: &mut Model) -> Vec<Effect> {
    if model.options.read_only {
        model.say(Tone::Warn, "Read-only: nothing can be accepted in this session.");
        return Vec::new();
    }
    let screen = &mut model.boards.handoff;
    let Some(id) = screen.last().map(|last| last.id).filter(|_| !screen.under_way) else { return Vec::new() };
    screen.under_way = true;
    vec![Effect::Board(Ask::AcceptHandoff(id))]
}

/// Takes both parts; the cursor stays on its lead.
pub fn receive(
    model: &mut Model,
    generation: Generation,
    result: Result<Box<HandoffBoard>, BackendError>,
) -> Option<Effect> {
    let lead = under_cursor(model);
    if model.boards.handoff.board.receive(generation, result) {
        let rows = rows(model);
        let reader = &mut model.boards.handoff.reader;
        if lead.is_some() && reader.lead(&rows) != lead.as_ref() {
            reader.selected = rows.iter().position(|row| row.lead == lead);
        }
        reader.settle(&rows);
    }
    let screen = &mut model.boards.handoff;
    screen.board.load.repeat().map(|generation| Effect::Board(Ask::Handoffs(generation)))
}

/// It is handed over, or not.
pub fn handed_over(model: &mut Model, result: Result<Box<Handoff>, BackendError>) {
    model.boards.handoff.under_way = false;
    match result {
        Ok(_) => {
            model.boards.handoff.note.clear();
            model.boards.handoff.turn(Part::Last);
            model.say(Tone::Good, "Handed over, as it stood now. Whoever comes next is greeted with it.");
        }
        Err(error) => model.say(Tone::Error, format!("Nothing was handed over: {error}")),
    }
}

/// It is accepted, or not.
pub fn accepted(model: &mut Model, result: Result<Box<Handoff>, BackendError>) {
    model.boards.handoff.under_way = false;
    match result {
        Ok(handoff) => {
            let when = format::moment(handoff.at, model.now, model.options.zone);
            model.say(Tone::Good, format!("Accepted what {} handed over {when}. It is yours now.", handoff.by));
        }
        Err(error) => model.say(Tone::Warn, error.to_string()),
    }
}
