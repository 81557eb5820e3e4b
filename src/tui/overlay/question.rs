//! One line that is asked for before something is done: what to look for, or why writing is to be stopped.

use crate::tui::widgets::field::Field;

/// Longest answer, in characters.
const LIMIT: usize = 200;

/// What the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Look for a lead.
    Find,
    /// Stop all writing to the CRM.
    Stop,
    /// Let it go on.
    Resume,
    /// Hand leads over, with a note.
    HandOver,
}

impl Purpose {
    /// What is asked.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Find => "Which lead?",
            Self::Stop => "STOP all writing to the CRM?",
            Self::Resume => "Let writing to the CRM go on?",
            Self::HandOver => "Hand over",
        }
    }

    /// What it means.
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Find => &["The trace id of a decision, a lead's id, or a part of its", "company's name."],
            Self::Stop => &[
                "Nothing at all is written from then on, by any worker, for",
                "everybody. Leads are still read and ranked; verdicts are",
                "taken and wait. Say why; it is kept in the audit trail.",
            ],
            Self::Resume => &[
                "What waits in the outbox is written, each once. Whatever you",
                "do not want written, take back first. Say why.",
            ],
            Self::HandOver => &[
                "They see a mark in the queue, and your note with the lead. A",
                "verdict ends it, whoever gives it. Without a note, just go on.",
            ],
        }
    }

    /// What stands in the empty line.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Find => "acme, 00Q5f000001..., 0199a...",
            Self::Stop | Self::Resume => "the reason",
            Self::HandOver => "what they should know",
        }
    }

    /// What the accepting key does.
    pub const fn does(self) -> &'static str {
        match self {
            Self::Find => "looks for it",
            Self::Stop => "stops it now",
            Self::Resume => "lets it go on",
            Self::HandOver => "hands over",
        }
    }
}

/// The question with what is typed.
#[derive(Debug)]
pub struct Question {
    /// What for.
    pub purpose: Purpose,
    /// What it is about, after the title; raw.
    pub about: String,
    /// The answer.
    pub field: Field,
}

impl Question {
    /// Asks, with this answer to begin with.
    pub fn new(purpose: Purpose, text: &str) -> Self {
        Self { purpose, about: String::new(), field: Field::new(text, LIMIT) }
    }

    /// The answer; `None` if there is none.
    pub fn answer(&self) -> Option<String> {
        let text = self.field.text().trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}
