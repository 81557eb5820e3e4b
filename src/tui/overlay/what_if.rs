//! Supposes something else of a lead, and shows what would become of it.

use crossterm::event::KeyEvent;

use crate::domain::ids::LeadId;
use crate::domain::rep::Roster;
use crate::tui::backend::{LeadDetail, Suppose, WhatIf};
use crate::tui::widgets::field::Field;

/// Longest supposition, in characters.
const LIMIT: usize = 200;

/// What is supposed, and what came of it.
#[derive(Debug)]
pub struct Supposing {
    /// The lead.
    pub lead: LeadId,
    /// What is typed.
    pub field: Field,
    /// What is wrong with it, or why there is no answer; raw.
    pub problem: Option<String>,
    /// Whether an answer is on its way.
    pub asked: bool,
    /// The last answer.
    pub answer: Option<WhatIf>,
    /// Lines scrolled past.
    pub scroll: usize,
}

impl Supposing {
    /// Nothing supposed yet.
    pub fn new(detail: &LeadDetail) -> Self {
        Self {
            lead: detail.record.lead.id.clone(),
            field: Field::new("", LIMIT),
            problem: None,
            asked: false,
            answer: None,
            scroll: 0,
        }
    }

    /// Takes a key of the text.
    pub fn input(&mut self, event: KeyEvent) {
        if self.field.input(event) {
            self.problem = None;
        }
    }

    /// Finishes the name of a fact.
    pub fn complete(&mut self) {
        if let Some(rest) = Suppose::completion(&self.field.text()) {
            self.field.insert(&format!("{rest}="));
        }
    }

    /// What is typed, if it can be asked; else the problem says why not.
    pub fn read(&mut self, roster: &Roster) -> Option<Suppose> {
        match Suppose::parse(&self.field.text(), roster) {
            Ok(suppose) if suppose.is_empty() => {
                self.problem = Some("Type what is otherwise, for example source=Webinar.".to_owned());
                None
            }
            Ok(suppose) => {
                (self.problem, self.asked, self.scroll) = (None, true, 0);
                Some(suppose)
            }
            Err(problem) => {
                self.problem = Some(problem);
                None
            }
        }
    }

    /// Takes an answer.
    pub fn arrived(&mut self, result: Result<WhatIf, String>) {
        self.asked = false;
        match result {
            Ok(answer) => self.answer = Some(answer),
            Err(problem) => (self.answer, self.problem) = (None, Some(problem)),
        }
    }
}
