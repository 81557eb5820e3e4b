//! Disagreements added up, with a cursor, and the group that is open.

use std::collections::BTreeSet;

use crate::app::disagreements::{CauseSum, Matrix, Tally};
use crate::domain::disagreement::Cause;
use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;
use crate::tui::backend::{BackendError, Disagreement, Disagreements, Which};
use crate::tui::msg::{Effect, Generation, Remote};

/// Leads of a group that somebody must have opened before all of it is judged.
const EXAMPLES: usize = 3;

/// The state of the disagreements screen.
#[derive(Debug)]
pub struct Board {
    /// Which are shown.
    pub which: Which,
    /// What was found.
    pub found: Remote<Found>,
    /// Where the cursor is.
    pub part: Part,
    /// Legacy owner under the cursor.
    pub row: usize,
    /// Recommended owner under the cursor.
    pub column: usize,
    /// Cause under the cursor.
    pub cause: usize,
    /// The group that is open.
    pub group: Option<Group>,
    /// Leads that were opened in this session.
    opened: BTreeSet<LeadId>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            which: Which::Open,
            found: Remote::default(),
            part: Part::Owners,
            row: 0,
            column: 0,
            cause: 0,
            group: None,
            opened: BTreeSet::new(),
        }
    }
}

/// A part of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Legacy owners by recommended owners.
    Owners,
    /// Causes.
    Causes,
}

/// What was found, added up.
#[derive(Clone, Debug)]
pub struct Found {
    /// The disagreements.
    pub all: Disagreements,
    /// All of them.
    pub total: Tally,
    /// Leads of the blind sample, which are not listed: the list would show what is to be chosen for first.
    pub hidden: usize,
    /// By pair of owners.
    pub matrix: Matrix,
    /// By cause.
    pub causes: Vec<CauseSum>,
}

/// What the leads of a group have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Key {
    /// The cause.
    pub cause: Option<Cause>,
    /// The legacy owner.
    pub legacy: Option<Owner>,
    /// The recommended owner.
    pub model: Option<Owner>,
}

impl Key {
    /// Whether a lead belongs to it.
    pub fn holds(&self, one: &Disagreement) -> bool {
        self.cause.is_none_or(|cause| cause == one.cause)
            && self.legacy.as_ref().is_none_or(|legacy| *legacy == one.legacy)
            && self.model.as_ref().is_none_or(|model| *model == one.model)
    }

    /// Cause and owners of one lead.
    fn of(one: &Disagreement) -> Self {
        Self { cause: Some(one.cause), legacy: Some(one.legacy.clone()), model: Some(one.model.clone()) }
    }
}

/// A group that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What its leads have in common.
    pub key: Key,
    /// What it was before it was narrowed.
    pub wide: Option<Key>,
    /// Place of the cursor.
    pub selected: usize,
    /// The lead under it, which it stays on.
    pub lead: Option<LeadId>,
}

impl Board {
    /// Reads anew, one question at a time.
    pub fn refresh(&mut self) -> Option<Effect> {
        let generation = self.found.load.refresh()?;
        Some(Effect::LoadDisagreements(generation, self.which))
    }

    /// Shows others; what was found before is not theirs.
    pub fn show(&mut self, which: Which) -> Effect {
        if which != self.which {
            self.which = which;
            self.found = Remote { load: self.found.load, ..Remote::default() };
            (self.row, self.column, self.cause, self.group) = (0, 0, 0, None);
        }
        Effect::LoadDisagreements(self.found.load.start(), self.which)
    }

    /// Takes an answer; the cursor stays on its owners, its cause and its lead.
    pub fn receive(
        &mut self,
        generation: Generation,
        result: Result<(Disagreements, usize), BackendError>,
    ) -> Option<Effect> {
        let old = self.found.data.as_ref();
        let legacy = old.and_then(|found| Some(found.matrix.legacy.get(self.row)?.owner.clone()));
        let model = old.and_then(|found| Some(found.matrix.model.get(self.column)?.owner.clone()));
        let cause = old.and_then(|found| Some(found.causes.get(self.cause)?.cause));
        let result = result.map(|(all, hidden)| Found {
            total: all.total(),
            matrix: all.matrix(),
            causes: all.causes(),
            all,
            hidden,
        });
        if self.found.receive(generation, result)
            && let Some(found) = &self.found.data
        {
            let at = |axis: &[crate::app::disagreements::Axis], owner: Option<Owner>, before: usize| {
                let found = owner.and_then(|owner| axis.iter().position(|one| one.owner == owner));
                found.unwrap_or(before).min(axis.len().saturating_sub(1))
            };
            // At first it is where most leads are.
            let first = found.matrix.cells.first().filter(|_| legacy.is_none() && model.is_none());
            let (row, column) = first.map_or((self.row, self.column), |cell| (cell.row, cell.column));
            self.row = at(&found.matrix.legacy, legacy, row);
            self.column = at(&found.matrix.model, model, column);
            let place = cause.and_then(|cause| found.causes.iter().position(|sum| sum.cause == cause));
            self.cause = place.unwrap_or(self.cause).min(found.causes.len().saturating_sub(1));
            self.settle();
        }
        let again = self.found.load.repeat()?;
        Some(Effect::LoadDisagreements(again, self.which))
    }

    /// Puts the cursor of the group on its lead, or where that was.
    fn settle(&mut self) {
        let Some(group) = &self.group else { return };
        let place = group.lead.as_ref().and_then(|lead| self.leads().position(|one| one.lead == *lead));
        let last = self.leads().count().saturating_sub(1);
        let selected = place.unwrap_or(group.selected).min(last);
        self.select(selected);
    }

    fn select(&mut self, selected: usize) {
        let lead = self.leads().nth(selected).map(|one| one.lead.clone());
        if let Some(group) = &mut self.group {
            group.selected = selected;
            group.lead = lead.or(group.lead.take());
        }
    }

    /// Opens a group, with the cursor on a lead or on the first.
    pub fn open(&mut self, key: Key, lead: Option<LeadId>) {
        self.group = Some(Group { key, wide: None, selected: 0, lead });
        self.settle();
    }

    /// What is under the cursor as a group.
    pub fn under_cursor(&self) -> Option<Key> {
        let found = self.found.data.as_ref()?;
        match self.part {
            Part::Owners => {
                found.matrix.at(self.row, self.column)?;
                let (legacy, model) = (found.matrix.legacy.get(self.row)?, found.matrix.model.get(self.column)?);
                Some(Key { cause: None, legacy: Some(legacy.owner.clone()), model: Some(model.owner.clone()) })
            }
            Part::Causes => Some(Key { cause: Some(found.causes.get(self.cause)?.cause), ..Key::default() }),
        }
    }

    /// Moves the cursor: rows, columns.
    pub fn step(&mut self, rows: isize, columns: isize) {
        if self.group.is_some() {
            let last = self.leads().count().saturating_sub(1);
            let selected = self.group.as_ref().map_or(0, |group| group.selected);
            return self.select(selected.saturating_add_signed(rows).min(last));
        }
        let Some(found) = &self.found.data else { return };
        let to = |at: usize, by: isize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match self.part {
            Part::Owners => {
                self.row = to(self.row, rows, found.matrix.legacy.len());
                self.column = to(self.column, columns, found.matrix.model.len());
            }
            Part::Causes => self.cause = to(self.cause, rows, found.causes.len()),
        }
    }

    /// Only leads with cause and owners of the one under the cursor, or all of the group again.
    pub fn narrow(&mut self) {
        let one = self.lead().map(Key::of);
        if let Some(group) = &mut self.group {
            match (group.wide.take(), one) {
                (Some(wide), _) => group.key = wide,
                (None, Some(one)) => group.wide = Some(std::mem::replace(&mut group.key, one)),
                (None, None) => {}
            }
        }
        self.settle();
    }

    /// The leads of the open group.
    pub fn leads(&self) -> impl Iterator<Item = &Disagreement> {
        let (found, group) = (self.found.data.as_ref(), self.group.as_ref());
        let both = found.zip(group);
        both.into_iter().flat_map(|(found, group)| found.all.rows.iter().filter(|one| group.key.holds(one)))
    }

    /// The lead under the cursor of the open group.
    pub fn lead(&self) -> Option<&Disagreement> {
        self.leads().nth(self.group.as_ref()?.selected)
    }

    /// Notes that somebody looked at a lead.
    pub fn note_opened(&mut self, lead: Option<&LeadId>) {
        if let Some(lead) = lead.filter(|lead| !self.opened.contains(*lead)) {
            self.opened.insert(lead.clone());
        }
    }

    /// Whether somebody looked at a lead in this session.
    pub fn was_opened(&self, lead: &LeadId) -> bool {
        self.opened.contains(lead)
    }

    /// How many examples of the open group were opened, and how many must be.
    pub fn examples(&self) -> (usize, usize) {
        let all = self.leads().count();
        let opened = self.leads().filter(|one| self.was_opened(&one.lead)).count();
        (opened, all.min(EXAMPLES))
    }

    /// Whether one verdict may be given for all of the open group.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn may_be_judged(&self) -> Result<(), String> {
        if self.group.is_none() {
            return Err("Open a group first.".into());
        }
        if self.which != Which::Open {
            return Err("These are decided already.".into());
        }
        match self.examples() {
            (opened, wanted) if opened < wanted => {
                let leads = if wanted == 1 { "lead" } else { "leads" };
                Err(format!("First open {wanted} {leads} of the group ({opened} of {wanted} opened)."))
            }
            _ => Ok(()),
        }
    }

    /// What the leads of the open group have in common, in words; raw.
    pub fn group_words(&self) -> String {
        let (Some(group), Some(found)) = (&self.group, &self.found.data) else { return String::new() };
        let name = |axis: &[crate::app::disagreements::Axis], owner: &Owner| {
            let found = axis.iter().find(|one| one.owner == *owner);
            found.map_or_else(|| owner.id().to_owned(), |one| one.name.clone())
        };
        let legacy = group.key.legacy.as_ref().map(|owner| name(&found.matrix.legacy, owner));
        let model = group.key.model.as_ref().map(|owner| name(&found.matrix.model, owner));
        let pair = legacy.zip(model).map(|(legacy, model)| format!("{legacy} to {model}"));
        let cause = group.key.cause.map(|cause| cause.title().to_owned());
        cause.into_iter().chain(pair).collect::<Vec<_>>().join(", ")
    }
}
