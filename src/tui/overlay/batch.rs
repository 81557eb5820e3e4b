//! What a verdict on many leads would do, before it is given; and what was refused.

use crate::domain::verdict::Rejection;
use crate::tui::backend::{Doing, LeftOut, Marked, Plan};
use crate::tui::widgets::field::Field;

/// From more leads than this on, their number must be typed.
pub const UNCOUNTED: usize = 25;

/// The preview of a batch.
#[derive(Debug)]
pub struct Preview {
    /// The leads as they were marked.
    pub marked: Vec<Marked>,
    /// Why they stay with their legacy owners; `None` where they are approved.
    pub keeps: Option<Rejection>,
    /// What they have in common, if they were not marked in the queue; raw.
    pub group: Option<String>,
    /// What would be done; `None` while that is found out.
    pub plan: Option<Result<Plan, String>>,
    /// The number that is typed.
    pub typed: Field,
    /// Lines scrolled past.
    pub scroll: usize,
}

impl Preview {
    /// Nothing known yet.
    pub fn new(marked: Vec<Marked>) -> Self {
        Self { marked, keeps: None, group: None, plan: None, typed: Field::new("", 4), scroll: 0 }
    }

    /// What is done to each.
    pub const fn doing(&self) -> Doing {
        if self.keeps.is_some() { Doing::Keep } else { Doing::Approve }
    }

    /// How many leads it would be done to.
    pub fn leads(&self) -> usize {
        self.plan.as_ref().and_then(|plan| plan.as_ref().ok()).map_or(0, |plan| plan.leads.len())
    }

    /// Whether their number must be typed.
    pub fn must_count(&self) -> bool {
        self.leads() > UNCOUNTED
    }

    /// Whether it was, where it must.
    pub fn counted(&self) -> bool {
        !self.must_count() || self.typed.text() == self.leads().to_string()
    }
}

/// Leads that were refused, to be read.
#[derive(Debug)]
pub struct Report {
    /// How many of how many.
    pub title: String,
    /// Which, and why.
    pub refused: Vec<LeftOut>,
    /// Lines scrolled past.
    pub scroll: usize,
}
