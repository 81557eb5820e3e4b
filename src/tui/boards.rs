//! Questions of the screens about the team, first contacts, stories of leads and the rollout, and their answers: plain data,
//! like [`super::msg`].

use std::mem::Discriminant;

use chrono::NaiveDate;

use super::backend::boards::{
    Availability, Board, ContactList, Digest, Feedback, Found, Handoff, HandoffBoard, Replay, Reps, Rollout, Switch,
};
use super::backend::{Backend, BackendError};
use super::msg::{Effect, Generation};
use super::screens::Screen;
use super::screens::digest::DigestScreen;
use super::screens::feedback::FeedbackScreen;
use super::screens::handoff::HandoffScreen;
use super::screens::lead::desks::Desks;
use super::screens::reps::RepsScreen;
use super::screens::rollout::RolloutScreen;
use super::screens::sla::SlaScreen;
use super::screens::trace::Trace;
use crate::domain::ids::TraceId;

/// A question, or something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The team.
    Reps(Generation),
    /// Who can take leads.
    Availability(Generation),
    /// A list of first contacts.
    Contacts(Generation, ContactList),
    /// A story, by what was typed.
    Story(Generation, String),
    /// A ranking made again.
    Replay(Generation, TraceId),
    /// Where the rollout stands.
    Rollout(Generation),
    /// What managers said.
    Feedback(Generation),
    /// What was handed over last, and what would be handed over now.
    Handoffs(Generation),
    /// Hand over, with a note.
    HandOver(String),
    /// Take over what was handed over.
    AcceptHandoff(i64),
    /// A day; `None` for today.
    Digest(Generation, Option<NaiveDate>),
    /// Stop all writing, or let it go on, and why.
    Turn(bool, String),
}

/// What came of it.
#[derive(Debug)]
pub enum Answer {
    /// The team.
    Reps(Generation, Result<Box<Reps>, BackendError>),
    /// Who can take leads.
    Availability(Generation, Result<Box<Availability>, BackendError>),
    /// A list of first contacts.
    Contacts(Generation, Result<Box<Board>, BackendError>),
    /// A story.
    Story(Generation, Result<Box<Found>, BackendError>),
    /// A ranking made again.
    Replay(Generation, Result<Box<Replay>, BackendError>),
    /// Where the rollout stands.
    Rollout(Generation, Result<Box<Rollout>, BackendError>),
    /// What managers said.
    Feedback(Generation, Result<Box<Feedback>, BackendError>),
    /// What was handed over last, and what would be handed over now.
    Handoffs(Generation, Result<Box<HandoffBoard>, BackendError>),
    /// What was handed over.
    HandedOver(Result<Box<Handoff>, BackendError>),
    /// What was taken over.
    AcceptedHandoff(Result<Box<Handoff>, BackendError>),
    /// A day.
    Digest(Generation, Result<Box<Digest>, BackendError>),
    /// How the switch stands.
    Turned(Result<Switch, BackendError>),
}

impl Ask {
    /// Whether it is finished even when the program is leaving.
    pub const fn writes(&self) -> bool {
        matches!(self, Self::Turn(..) | Self::HandOver(_) | Self::AcceptHandoff(_))
    }

    /// Its kind: a newer question of a kind makes the older one void.
    pub fn kind(&self) -> Discriminant<Self> {
        std::mem::discriminant(self)
    }

    /// What it is called in the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reps(_) => "reps",
            Self::Availability(_) => "who can take leads",
            Self::Contacts(..) => "first contacts",
            Self::Story(..) => "story",
            Self::Replay(..) => "replay",
            Self::Rollout(_) => "rollout",
            Self::Feedback(_) => "feedback",
            Self::Handoffs(_) => "handoff",
            Self::HandOver(_) => "handing over",
            Self::AcceptHandoff(_) => "accepting a handoff",
            Self::Digest(..) => "digest",
            Self::Turn(..) => "kill switch",
        }
    }

    /// Asks it. `report` notes what goes wrong.
    pub async fn perform(self, backend: &dyn Backend) -> Answer {
        use super::runtime::reported;
        let name = self.name();
        match self {
            Self::Reps(generation) => Answer::Reps(generation, reported(name, backend.reps()).await.map(Box::new)),
            Self::Availability(generation) => {
                Answer::Availability(generation, reported(name, backend.availability()).await.map(Box::new))
            }
            Self::Contacts(generation, list) => {
                Answer::Contacts(generation, reported(name, backend.contacts(list)).await.map(Box::new))
            }
            Self::Story(generation, text) => {
                Answer::Story(generation, reported(name, backend.find(&text)).await.map(Box::new))
            }
            Self::Replay(generation, trace) => {
                Answer::Replay(generation, reported(name, backend.replay(trace)).await.map(Box::new))
            }
            Self::Rollout(generation) => {
                Answer::Rollout(generation, reported(name, backend.rollout()).await.map(Box::new))
            }
            Self::Feedback(generation) => {
                Answer::Feedback(generation, reported(name, backend.feedback()).await.map(Box::new))
            }
            Self::Handoffs(generation) => {
                Answer::Handoffs(generation, reported(name, backend.handoffs()).await.map(Box::new))
            }
            Self::HandOver(note) => Answer::HandedOver(reported(name, backend.give_handoff(&note)).await.map(Box::new)),
            Self::AcceptHandoff(id) => {
                Answer::AcceptedHandoff(reported(name, backend.accept_handoff(id)).await.map(Box::new))
            }
            Self::Digest(generation, day) => {
                Answer::Digest(generation, reported(name, backend.digest(day)).await.map(Box::new))
            }
            Self::Turn(stop, why) => Answer::Turned(reported(name, backend.turn(stop, &why)).await),
        }
    }
}

/// The state of these screens.
#[derive(Debug, Default)]
pub struct Boards {
    /// The team.
    pub reps: RepsScreen,
    /// Who can take leads, for the reps ranked for one.
    pub availability: Desks,
    /// First contacts.
    pub sla: SlaScreen,
    /// Stories of leads.
    pub trace: Trace,
    /// The rollout.
    pub rollout: RolloutScreen,
    /// What managers said.
    pub feedback: FeedbackScreen,
    /// What is handed over.
    pub handoff: HandoffScreen,
    /// A day.
    pub digest: DigestScreen,
}

impl Boards {
    /// Reads what a screen shows anew, where it is one of these.
    pub fn refresh(&mut self, screen: Screen) -> Option<Effect> {
        match screen {
            Screen::Reps => self.reps.refresh(),
            Screen::Sla => self.sla.refresh(),
            Screen::Trace => self.trace.refresh(),
            Screen::Rollout => self.rollout.refresh(),
            Screen::Feedback => self.feedback.refresh(),
            Screen::Handoff => self.handoff.refresh(),
            Screen::Digest => self.digest.refresh(),
            _ => None,
        }
    }

    /// The terminal has this size.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.reps.resize(size);
        self.sla.resize(size);
        self.trace.resize(size);
        self.rollout.resize(size);
        self.feedback.resize(size);
        self.handoff.resize(size);
        self.digest.resize(size);
    }

    /// What could not be read while old data is shown.
    pub fn error(&self, screen: Screen) -> Option<&String> {
        match screen {
            Screen::Reps => self.reps.team.error.as_ref().filter(|_| self.reps.team.data.is_some()),
            Screen::Sla => self.sla.board.error.as_ref().filter(|_| self.sla.board.data.is_some()),
            Screen::Trace => self.trace.found.error.as_ref().filter(|_| self.trace.found.data.is_some()),
            Screen::Rollout => self.rollout.state.error.as_ref().filter(|_| self.rollout.state.data.is_some()),
            Screen::Feedback => self.feedback.said.error.as_ref().filter(|_| self.feedback.said.data.is_some()),
            Screen::Handoff => self.handoff.board.error.as_ref().filter(|_| self.handoff.board.data.is_some()),
            Screen::Digest => self.digest.digest.error.as_ref().filter(|_| self.digest.shown().is_some()),
            _ => None,
        }
    }
}
