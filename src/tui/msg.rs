//! What happens to the dashboard ([`Msg`]) and what it wants done ([`Effect`]). Both are plain data, so that a test
//! can play any story without a terminal, a database or a clock.

use crossterm::event::KeyEvent;

use super::backend::team::{HandedOver, HandingOver};
use super::backend::{
    BackendError, Disagreements, Doing, DriftReport, Exported, Filter, FirstChoice, Format, LaneCounts, LeadDetail,
    Marked, ModelRow, Overview, Plan, QueuePage, QueueQuery, SavedView, Suppose, UndoAnswer, VerdictAnswer,
    VerdictRequest, View, WhatIf, Which,
};
use super::boards::{Answer, Ask};
use super::input::Mouse;
use crate::domain::effect::EffectRow;
use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use crate::domain::lead::Owner;
use crate::domain::rep::Roster;

/// Names one question; answers to older questions of the same kind are dropped.
pub type Generation = u64;

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key {
        /// Which.
        event: KeyEvent,
        /// It came faster than a hand types, as pasted or replayed text does: never a verdict.
        hurried: bool,
    },
    /// The mouse was used.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resized(u16, u16),
    /// The store or the worker's health changed.
    Changed,
    /// A planned wake-up: something shown has a new meaning with time.
    Woke,
    /// The system asked us to leave.
    Terminate,
    /// Numbers of the header.
    Overview(Generation, Result<Box<Overview>, BackendError>),
    /// A window of a lane.
    Queue(Generation, Result<QueuePage, BackendError>),
    /// How many leads of each lane match the filter.
    Matches(Generation, Result<Option<LaneCounts>, BackendError>),
    /// A lead.
    Lead(Generation, LeadId, Result<Option<Box<LeadDetail>>, BackendError>),
    /// The outbox.
    Outbox(Generation, Result<Vec<EffectRow>, BackendError>),
    /// The registry.
    Models(Generation, Result<Vec<ModelRow>, BackendError>),
    /// What watching for drift found last.
    Drift(Generation, Result<Option<Box<DriftReport>>, BackendError>),
    /// Reps and queues.
    Roster(Generation, Result<Roster, BackendError>),
    /// The views that this manager keeps.
    Views(Generation, Result<Vec<SavedView>, BackendError>),
    /// A view was kept, or a key is free again: what to say of it.
    ViewKept(Result<String, BackendError>),
    /// What doing something to the marked leads would come to.
    Planned(Generation, Result<Box<Plan>, BackendError>),
    /// Where the recommended owner is not the legacy owner.
    Disagreements(Generation, Result<Box<Disagreements>, BackendError>),
    /// What would become of a lead.
    Supposed(Generation, Result<Box<WhatIf>, BackendError>),
    /// What came of a verdict.
    Decided(LeadId, Result<VerdictAnswer, BackendError>),
    /// What came of choosing for a lead of the blind sample.
    ChosenFirst(LeadId, Result<FirstChoice, BackendError>),
    /// What came of an undo.
    Undone(LeadId, Result<UndoAnswer, BackendError>),
    /// What came of writing a list to a file.
    Exported(Result<Exported, BackendError>),
    /// What came of a retry.
    Retried(Result<bool, BackendError>),
    /// An answer to one of the screens about the team, first contacts, stories of leads and the rollout.
    Board(Answer),
    /// Whether the other managers can know that this one is at work. If they cannot, the log has why.
    Present(Result<(), BackendError>),
    /// The managers whom leads can be handed to.
    Managers(Generation, Result<Vec<String>, BackendError>),
    /// What came of handing leads over.
    HandedOver(Result<HandedOver, BackendError>),
}

/// Something is to be done. Done outside, in a task of its own; the answer comes back as a [`Msg`].
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask for the numbers of the header.
    LoadOverview(Generation),
    /// Ask for a window of a lane.
    LoadQueue(Generation, QueueQuery),
    /// Ask how many leads of each lane match a filter.
    LoadMatches(Generation, Filter),
    /// Ask for a lead.
    LoadLead(Generation, LeadId),
    /// Ask for the outbox.
    LoadOutbox(Generation),
    /// Ask for the registry.
    LoadModels(Generation),
    /// Ask for the newest drift report.
    LoadDrift(Generation),
    /// Ask for reps and queues.
    LoadRoster(Generation),
    /// Ask for the views that this manager keeps.
    LoadViews(Generation),
    /// Keep a view under a key, or nothing. Finished even when the program is leaving.
    KeepView(u8, Option<View>),
    /// Ask what doing this to these leads would come to.
    Plan(Generation, Vec<Marked>, Doing),
    /// Ask where the recommended owner is not the legacy owner.
    LoadDisagreements(Generation, Which),
    /// Ask what would become of a lead if something were otherwise.
    Suppose(Generation, LeadId, Suppose),
    /// Store a verdict. Finished even when the program is leaving.
    Decide(VerdictRequest),
    /// Store whom this manager would give a lead of the blind sample to. Finished even when the program is leaving.
    ChooseFirst {
        /// The lead.
        lead: LeadId,
        /// Whom.
        owner: Owner,
        /// Decisions it had when it was shown.
        expected_decisions: u32,
    },
    /// Take a decision back. Finished even when the program is leaving.
    Undo(LeadId),
    /// Put a dead effect back to ready. Finished even when the program is leaving.
    Retry(i64),
    /// Write a whole list to a file. Finished even when the program is leaving.
    Export(Lane, Filter, Format),
    /// Give the terminal something for its clipboard.
    Copy(String),
    /// Ask for what one of the screens about the team, first contacts, stories of leads and the rollout shows.
    Board(Ask),
    /// Let the other managers know that this one is at work, and which lead is open.
    Present(Option<LeadId>),
    /// Ask for the managers whom leads can be handed to.
    LoadManagers(Generation),
    /// Hand leads over. Finished even when the program is leaving.
    HandOver(HandingOver),
    /// Listen to the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Give the terminal back to the shell for a while.
    Suspend,
}

/// Where one kind of question stands: at most one is out, and only the newest answer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    generation: Generation,
    under_way: bool,
    again: bool,
}

impl Load {
    /// Asks now; an answer that is still on its way is void.
    pub fn start(&mut self) -> Generation {
        self.generation += 1;
        self.under_way = true;
        self.again = false;
        self.generation
    }

    /// Asks now, or, while an answer is on its way, once more after it. However fast the store changes, there is one
    /// question at a time.
    pub fn refresh(&mut self) -> Option<Generation> {
        if self.under_way {
            self.again = true;
            return None;
        }
        Some(self.start())
    }

    /// Whether this answer counts.
    pub fn accept(&mut self, generation: Generation) -> bool {
        if generation != self.generation || !self.under_way {
            return false;
        }
        self.under_way = false;
        true
    }

    /// After an accepted answer: asks once more if that was wanted meanwhile.
    pub fn repeat(&mut self) -> Option<Generation> {
        std::mem::take(&mut self.again).then(|| self.start())
    }

    /// Whether an answer is on its way.
    pub const fn under_way(self) -> bool {
        self.under_way
    }
}

/// Something that is read from outside: the last good answer, and what is wrong with the newest one.
#[derive(Clone, Debug)]
pub struct Remote<T> {
    /// The last good answer.
    pub data: Option<T>,
    /// Why the newest question failed; the data, if any, is old then.
    pub error: Option<String>,
    /// Questions.
    pub load: Load,
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self { data: None, error: None, load: Load::default() }
    }
}

impl<T> Remote<T> {
    /// Takes an answer if it is the newest. True if it was taken.
    pub fn receive(&mut self, generation: Generation, result: Result<T, BackendError>) -> bool {
        if !self.load.accept(generation) {
            return false;
        }
        match result {
            Ok(data) => {
                self.data = Some(data);
                self.error = None;
            }
            Err(error) => self.error = Some(error.to_string()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_older_questions_are_dropped() {
        let mut remote = Remote::<u8>::default();
        let old = remote.load.start();
        let new = remote.load.start();
        assert!(!remote.receive(old, Ok(1)));
        assert!(remote.receive(new, Ok(2)));
        assert!(!remote.receive(new, Ok(3)), "an answer counts once");
        assert_eq!(remote.data, Some(2));
    }

    #[test]
    fn a_flood_of_changes_asks_one_question_at_a_time() {
        let mut load = Load::default();
        let first = load.refresh().unwrap();
        assert_eq!((load.refresh(), load.refresh()), (None, None));
        assert!(load.accept(first));
        assert!(load.repeat().is_some());
        assert!(load.repeat().is_none());
    }

    #[test]
    fn a_failure_keeps_the_last_good_answer() {
        let mut remote = Remote { data: Some(7), ..Remote::default() };
        let generation = remote.load.start();
        remote.receive(generation, Err(BackendError("the database is locked".into())));
        assert_eq!((remote.data, remote.error.as_deref()), (Some(7), Some("the database is locked")));
    }
}
