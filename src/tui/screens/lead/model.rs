//! The lead under the cursor, wherever the cursor is: the panel beside the queue and the lead screen show the same.

use crate::domain::ids::{LeadId, RepId};
use crate::domain::ranking::{RankedRep, Ranking};
use crate::tui::backend::{BackendError, LeadDetail};
use crate::tui::msg::{Effect, Generation, Remote};
use crate::tui::screens::Screen;

/// The lead that verdicts are about, with what is known of it.
#[derive(Debug, Default)]
pub struct Focus {
    id: Option<LeadId>,
    remote: Remote<Option<Box<LeadDetail>>>,
}

impl Focus {
    /// Points at a lead (or none) and reads it if that is another one.
    pub fn follow(&mut self, id: Option<&LeadId>) -> Option<Effect> {
        if self.id.as_ref() == id {
            return None;
        }
        self.id = id.cloned();
        self.remote.data = None;
        self.remote.error = None;
        self.refresh()
    }

    /// Reads it anew, one question at a time however fast the cursor moves.
    pub fn refresh(&mut self) -> Option<Effect> {
        let id = self.id.clone()?;
        let generation = self.remote.load.refresh()?;
        Some(Effect::LoadLead(generation, id))
    }

    /// Takes an answer; that of a lead the cursor has left is dropped.
    pub fn receive(
        &mut self,
        generation: Generation,
        id: &LeadId,
        result: Result<Option<Box<LeadDetail>>, BackendError>,
    ) -> Option<Effect> {
        if self.id.as_ref() == Some(id) {
            self.remote.receive(generation, result);
        } else {
            self.remote.load.accept(generation);
        }
        let generation = self.remote.load.repeat()?;
        self.id.clone().map(|id| Effect::LoadLead(generation, id))
    }

    /// The lead pointed at.
    pub const fn id(&self) -> Option<&LeadId> {
        self.id.as_ref()
    }

    /// What is known of it; `None` while it is being read.
    pub fn detail(&self) -> Option<&LeadDetail> {
        self.remote.data.as_ref()?.as_deref()
    }

    /// It is not in the store.
    pub const fn missing(&self) -> bool {
        matches!(self.remote.data, Some(None))
    }

    /// Why it could not be read.
    pub fn error(&self) -> Option<&str> {
        self.remote.error.as_deref()
    }
}

/// The state of the lead screen beyond the focus.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The lead that is open.
    pub id: LeadId,
    /// Where Esc goes.
    pub from: Screen,
    /// Ranked reps scrolled past.
    pub scroll: usize,
}

/// One line of the list of ranked reps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RepLine<'a> {
    /// A rep.
    Rep(&'a RankedRep),
    /// So many reps are left out here.
    Skipped(usize),
}

/// The reps that fit into `height` lines from `scroll` on. Those to be kept in sight (the legacy owner, who gets the lead) are
/// always among them, at their true rank, and every gap says how many it leaves out, the last one too.
pub fn rep_lines<'a>(ranking: &'a Ranking, keep: &[&RepId], scroll: usize, height: usize) -> Vec<RepLine<'a>> {
    let reps = &ranking.reps;
    let kept: Vec<usize> = (0..reps.len()).filter(|at| keep.contains(&&reps[*at].rep_id)).collect();
    for room in (0..=height).rev() {
        let start = scroll.min(reps.len().saturating_sub(room));
        let shown = |at: &usize| (start..start + room).contains(at) || kept.contains(at);
        let mut lines: Vec<RepLine<'a>> = Vec::new();
        let mut next = 0;
        for at in (0..reps.len()).filter(shown).chain([reps.len()]) {
            match at - next {
                0 => {}
                // A line for one that is left out is a line for that one.
                1 => lines.push(RepLine::Rep(&reps[next])),
                gap => lines.push(RepLine::Skipped(gap)),
            }
            lines.extend(reps.get(at).map(RepLine::Rep));
            next = at + 1;
        }
        if lines.len() <= height {
            return lines;
        }
    }
    reps.iter().skip(scroll.min(reps.len().saturating_sub(height))).take(height).map(RepLine::Rep).collect()
}
