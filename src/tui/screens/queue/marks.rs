//! Leads that are marked, to be approved together. A mark remembers what was shown, so that nothing else is approved.

use std::collections::BTreeSet;

use super::Queue;
use crate::domain::ids::LeadId;
use crate::tui::backend::Marked;
use crate::tui::msg::Effect;

/// What marking everything did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum All {
    /// So many are marked now: all of the list.
    Marked(usize),
    /// So many are marked now: those in memory, around the cursor, of a longer list.
    Some(usize),
    /// All were marked; none is now.
    Unmarked,
    /// The list is empty.
    Nothing,
}

impl Queue {
    /// Whether a lead is marked.
    pub fn is_marked(&self, id: &LeadId) -> bool {
        self.marks.contains_key(id)
    }

    /// How many are marked.
    pub fn marks(&self) -> usize {
        self.marks.len()
    }

    /// Those that are marked, in the order of the list.
    pub fn marked(&self) -> Vec<Marked> {
        let listed = self.rows().iter().filter_map(|row| self.marks.get(&row.id));
        let others = self.marks.values().filter(|one| !self.rows().iter().any(|row| row.id == one.lead));
        listed.chain(others).cloned().collect()
    }

    /// Marks the lead under the cursor or takes its mark away, and goes on to the next.
    pub fn mark(&mut self) -> Option<Effect> {
        let marked = self.selected().map(Marked::of)?;
        if self.marks.remove(&marked.lead).is_none() {
            self.marks.insert(marked.lead.clone(), marked);
        }
        self.step(1)
    }

    /// Marks every lead of the list but some, as far as it is in memory; takes all marks away if that was done already.
    pub fn mark_all(&mut self, but: &BTreeSet<LeadId>) -> All {
        let listed: Vec<Marked> = self.rows().iter().filter(|row| !but.contains(&row.id)).map(Marked::of).collect();
        if listed.is_empty() {
            return All::Nothing;
        }
        if listed.iter().all(|one| self.is_marked(&one.lead)) {
            self.marks.clear();
            return All::Unmarked;
        }
        let (n, whole) = (listed.len(), (listed.len() + but.len()) as u64 == self.total());
        // Marks of rows that are in memory no more would make it more than a batch holds.
        self.marks = listed.into_iter().map(|one| (one.lead.clone(), one)).collect();
        if whole { All::Marked(n) } else { All::Some(n) }
    }

    /// Takes the mark of a lead away.
    pub fn unmark(&mut self, id: &LeadId) {
        self.marks.remove(id);
    }

    /// Takes all marks away; false if there were none.
    pub fn unmark_all(&mut self) -> bool {
        !std::mem::take(&mut self.marks).is_empty()
    }
}
