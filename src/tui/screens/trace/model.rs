//! The story of a lead: its decisions and what happened, as one list with a cursor; or the leads that a search found.

use crate::domain::audit::AuditEvent;
use crate::domain::decision::Decision;
use crate::domain::ids::{LeadId, TraceId};
use crate::tui::backend::BackendError;
use crate::tui::backend::boards::{Compared, Found, Replay, Story};
use crate::tui::boards::Ask;
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::widgets::list::Cursor;

/// Lines besides the rows: who the lead is, a heading, and what is known of the row under the cursor.
const FIXED: u16 = 2 + super::view::DETAIL;
/// Lines above and below the screen.
const AROUND: u16 = 4;

/// The state of the trace screen.
#[derive(Debug, Default)]
pub struct Trace {
    /// What was looked for.
    pub asked: String,
    /// What was found.
    pub found: Remote<Box<Found>>,
    /// The ranking of a decision made again, and which decision it is.
    pub replay: Remote<Box<Replay>>,
    /// The decision that the newest replay is about.
    pub replayed: Option<TraceId>,
    /// What two decisions differ in, while that is shown.
    pub compared: Option<Compared>,
    /// The cursor.
    pub cursor: Cursor,
}

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// A lead that was found.
    Lead(&'a LeadId),
    /// A decision of the lead.
    Decision(&'a Decision),
    /// Something that happened to it.
    Event(&'a AuditEvent),
}

impl Trace {
    /// The story that is told.
    pub fn story(&self) -> Option<&Story> {
        match self.found.data.as_deref() {
            Some(Found::Story(story)) => Some(story),
            _ => None,
        }
    }

    /// The rows: leads that were found, or the decisions of the lead (oldest first) and what happened to it.
    pub fn rows(&self) -> Vec<Row<'_>> {
        match self.found.data.as_deref() {
            Some(Found::Several { leads }) => leads.iter().map(|lead| Row::Lead(&lead.id)).collect(),
            Some(Found::Story(story)) => {
                let decisions = story.lead.decisions.iter().rev().map(Row::Decision);
                decisions.chain(story.events.iter().map(Row::Event)).collect()
            }
            Some(Found::Nothing) | None => Vec::new(),
        }
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<Row<'_>> {
        self.rows().get(self.cursor.selected).copied()
    }

    /// The decision that the row under the cursor is about.
    pub fn decision(&self) -> Option<&Decision> {
        match self.selected()? {
            Row::Decision(decision) => Some(decision),
            Row::Event(event) => {
                let trace = event.trace_id?;
                self.story()?.lead.decisions.iter().find(|decision| decision.trace_id == trace)
            }
            Row::Lead(_) => None,
        }
    }

    /// Looks for something.
    pub fn ask(&mut self, text: String) -> Effect {
        self.asked.clone_from(&text);
        self.found.data = None;
        self.compared = None;
        self.cursor = Cursor { viewport: self.cursor.viewport, ..Cursor::default() };
        Effect::Board(Ask::Story(self.found.load.start(), text))
    }

    /// Looks again, if anything was looked for.
    pub fn refresh(&mut self) -> Option<Effect> {
        if self.asked.is_empty() {
            return None;
        }
        let text = self.asked.clone();
        self.found.load.refresh().map(|generation| Effect::Board(Ask::Story(generation, text)))
    }

    /// Takes what was found; the cursor goes to the decision that was asked for.
    pub fn receive(&mut self, generation: Generation, result: Result<Box<Found>, BackendError>) -> Option<Effect> {
        let first = self.found.data.is_none();
        if self.found.receive(generation, result) {
            let asked = self.story().filter(|_| first).and_then(|story| story.asked);
            let is_asked = |row: &Row<'_>| matches!(row, Row::Decision(one) if Some(one.trace_id) == asked);
            let rows = self.rows();
            let (found, len) = (rows.iter().position(is_asked), rows.len());
            if let Some(found) = found {
                self.cursor.selected = found;
            }
            self.cursor.settle(len);
        }
        let text = self.asked.clone();
        self.found.load.repeat().map(|generation| Effect::Board(Ask::Story(generation, text)))
    }

    /// Makes the ranking again behind the decision under the cursor.
    pub fn replay(&mut self) -> Option<Effect> {
        let trace = self.decision()?.trace_id;
        self.replayed = Some(trace);
        self.replay.data = None;
        Some(Effect::Board(Ask::Replay(self.replay.load.start(), trace)))
    }

    /// Holds the decision under the cursor against the one before it; false if there is none before.
    pub fn compare(&mut self) -> bool {
        self.compared = self.decision().zip(self.story()).and_then(|(after, story)| story.compare(after.trace_id));
        self.compared.is_some()
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        let len = self.rows().len();
        self.cursor.resize(usize::from(size.1.saturating_sub(AROUND + FIXED)), len);
    }
}
