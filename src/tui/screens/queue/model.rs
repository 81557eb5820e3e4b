//! A lane, seen through a window: only some hundred rows around the cursor are in memory, however long the lane is.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::LeadId;
use crate::domain::lane::Lane;
use crate::tui::backend::{BackendError, Filter, LaneCounts, Marked, QueueKey, QueuePage, QueueQuery, QueueRow, Seek};
use crate::tui::msg::{Effect, Generation, Remote};

/// Rows held in memory.
pub const WINDOW: u32 = 400;
/// The window is read anew when the cursor comes so near to its edge.
pub const MARGIN: usize = 80;

/// Where the cursor goes when the next window arrives, if not to the row it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Jump {
    Top,
    Bottom,
    Lead(LeadId),
    /// To the row it is on if that is still there, else to the top.
    Stay,
}

/// The state of the queue screen.
#[derive(Debug)]
pub struct Queue {
    /// The lane that is shown.
    pub lane: Lane,
    /// The filter in force, in every lane.
    filter: Filter,
    /// How many leads of each lane match it; `None` inside where there are too many to count. Not asked without a filter.
    pub matches: Remote<Option<LaneCounts>>,
    /// The window, without the rows in `hidden`.
    pub window: Remote<QueuePage>,
    /// Rows that fit on the screen.
    pub viewport: usize,
    /// Index in the window of the row under the cursor; always valid unless the window is empty.
    selected: usize,
    /// Place of the row under the cursor; stays when the row goes, so that the next one can be found.
    cursor: Option<QueueKey>,
    /// Position in the lane of the first row on screen.
    top: u64,
    /// Leads that are marked, as they were shown.
    pub(super) marks: BTreeMap<LeadId, Marked>,
    /// Leads with a verdict whose storing is not confirmed yet.
    hidden: BTreeSet<LeadId>,
    /// Where the cursor was in the lanes not shown.
    remembered: BTreeMap<Lane, QueueKey>,
    jump: Option<Jump>,
}

impl Queue {
    /// Nothing read yet.
    pub fn new(lane: Lane) -> Self {
        Self {
            lane,
            filter: Filter::default(),
            matches: Remote::default(),
            window: Remote::default(),
            viewport: 0,
            selected: 0,
            cursor: None,
            top: 0,
            marks: BTreeMap::new(),
            hidden: BTreeSet::new(),
            remembered: BTreeMap::new(),
            jump: None,
        }
    }

    /// Rows in memory.
    pub fn rows(&self) -> &[QueueRow] {
        self.window.data.as_ref().map_or(&[], |w| &w.rows)
    }

    /// Rows of the lane in all.
    pub fn total(&self) -> u64 {
        self.window.data.as_ref().map_or(0, |w| w.total)
    }

    fn start(&self) -> u64 {
        self.window.data.as_ref().map_or(0, |w| w.start)
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&QueueRow> {
        self.rows().get(self.selected)
    }

    /// Position of the cursor in the lane, from 0.
    pub fn position(&self) -> u64 {
        self.start() + self.selected as u64
    }

    /// Position of the first row on screen, and the rows on screen.
    pub fn visible(&self) -> (u64, &[QueueRow]) {
        let rows = self.rows();
        let from = (self.top.saturating_sub(self.start()) as usize).min(rows.len());
        let to = (from + self.viewport).min(rows.len());
        (self.start() + from as u64, &rows[from..to])
    }

    /// Whether the row is the one under the cursor.
    pub fn is_selected(&self, row: &QueueRow) -> bool {
        self.selected().is_some_and(|s| s.id == row.id)
    }

    /// The filter in force.
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what matches. The cursor stays on its lead if that matches.
    pub fn narrow(&mut self, filter: Filter) -> Vec<Effect> {
        if filter == self.filter {
            return Vec::new();
        }
        self.filter = filter;
        self.forget();
        self.jump = self.cursor.is_some().then_some(Jump::Stay);
        self.matches = Remote { load: self.matches.load, ..Remote::default() };
        let mut effects = vec![self.reload()];
        if !self.filter.is_empty() {
            effects.push(Effect::LoadMatches(self.matches.load.start(), self.filter.clone()));
        }
        effects
    }

    /// Shows a view: another lane, if it names one, and another filter.
    pub fn recall(&mut self, lane: Option<Lane>, filter: Filter) -> Vec<Effect> {
        let mut effects: Vec<Effect> = lane.map(|lane| self.show(lane)).into_iter().collect();
        let narrowed = self.narrow(filter);
        // A question about the list under the old filter would be void.
        if !narrowed.is_empty() {
            effects = narrowed;
        }
        effects
    }

    /// The rows, and what was marked among them, are of another list than the one that is asked for now.
    fn forget(&mut self) {
        self.marks.clear();
        self.window = Remote { load: self.window.load, ..Remote::default() };
        (self.selected, self.top, self.jump) = (0, 0, None);
    }

    /// Shows another lane, with the cursor where it was there.
    pub fn show(&mut self, lane: Lane) -> Effect {
        if lane != self.lane {
            if let Some(cursor) = self.cursor.take() {
                self.remembered.insert(self.lane, cursor);
            }
            self.lane = lane;
            self.forget();
            self.cursor = self.remembered.remove(&lane);
        }
        self.reload()
    }

    /// Shows a lane with the cursor on this lead, as soon as it is read.
    pub fn show_lead(&mut self, lane: Lane, key: QueueKey) -> Effect {
        let effect = self.show(lane);
        self.jump = Some(Jump::Lead(key.id.clone()));
        self.cursor = Some(key);
        match effect {
            Effect::LoadQueue(generation, query) => {
                Effect::LoadQueue(generation, QueueQuery { seek: self.seek(), ..query })
            }
            effect => effect,
        }
    }

    /// Reads the window anew; an answer that is on its way is void.
    pub fn reload(&mut self) -> Effect {
        let generation = self.window.load.start();
        Effect::LoadQueue(generation, self.query())
    }

    /// Reads the window anew because something changed, one question at a time.
    pub fn refresh(&mut self) -> Option<Effect> {
        let generation = self.window.load.refresh()?;
        Some(Effect::LoadQueue(generation, self.query()))
    }

    /// Counts anew what matches in each lane.
    pub fn recount(&mut self) -> Option<Effect> {
        if self.filter.is_empty() {
            return None;
        }
        let generation = self.matches.load.refresh()?;
        Some(Effect::LoadMatches(generation, self.filter.clone()))
    }

    /// Takes what was counted.
    pub fn counted(
        &mut self,
        generation: Generation,
        result: Result<Option<LaneCounts>, BackendError>,
    ) -> Option<Effect> {
        let taken = self.matches.receive(generation, result);
        let again = taken.then(|| self.matches.load.repeat()).flatten();
        again.map(|generation| Effect::LoadMatches(generation, self.filter.clone()))
    }

    fn query(&self) -> QueueQuery {
        QueueQuery { lane: self.lane, filter: self.filter.clone(), seek: self.seek(), limit: WINDOW }
    }

    fn seek(&self) -> Seek {
        let near_top = self.position() < u64::from(WINDOW / 2) && self.window.data.is_some();
        match (&self.jump, &self.cursor) {
            (Some(Jump::Top), _) | (_, None) => Seek::Top,
            (Some(Jump::Bottom), _) => Seek::End,
            (None, Some(_)) if near_top => Seek::Top,
            (Some(Jump::Lead(_) | Jump::Stay) | None, Some(cursor)) => Seek::Around(cursor.clone()),
        }
    }

    /// Takes a window. The cursor stays on its lead, on the same line of the screen, whatever arrived above it; when
    /// the lead is gone, the cursor is on the next one.
    pub fn receive(&mut self, generation: Generation, result: Result<QueuePage, BackendError>) -> Option<Effect> {
        let line = self.position().saturating_sub(self.top);
        let result = result.map(|mut window| {
            let before = window.rows.len();
            window.rows.retain(|row| !self.hidden.contains(&row.id));
            window.total = window.total.saturating_sub((before - window.rows.len()) as u64);
            window
        });
        if !self.window.receive(generation, result) {
            return None;
        }
        if self.window.error.is_none() {
            let jump = self.jump.take();
            if jump == Some(Jump::Stay)
                && !self.rows().iter().any(|row| self.cursor.as_ref().is_some_and(|c| c.id == row.id))
            {
                self.cursor = None;
                if self.start() > 0 {
                    self.jump = Some(Jump::Top);
                    return Some(self.reload());
                }
            }
            self.selected = self.find(jump.as_ref());
            self.top = self.position().saturating_sub(line);
            self.settle();
        }
        self.window.load.repeat().map(|generation| Effect::LoadQueue(generation, self.query()))
    }

    fn find(&self, jump: Option<&Jump>) -> usize {
        let rows = self.rows();
        let by_id = |id: &LeadId| rows.iter().position(|row| &row.id == id);
        match jump {
            Some(Jump::Top) => return 0,
            Some(Jump::Bottom) => return rows.len().saturating_sub(1),
            Some(Jump::Lead(id)) => {
                if let Some(found) = by_id(id) {
                    return found;
                }
            }
            Some(Jump::Stay) | None => {}
        }
        let Some(cursor) = &self.cursor else { return 0 };
        by_id(&cursor.id)
            .or_else(|| rows.iter().position(|row| cursor.before(&QueueKey::of(row))))
            .unwrap_or(rows.len().saturating_sub(1))
    }

    /// Makes everything fit together again after the cursor, the window or the screen changed.
    fn settle(&mut self) {
        self.selected = self.selected.min(self.rows().len().saturating_sub(1));
        if let Some(row) = self.selected() {
            self.cursor = Some(QueueKey::of(row));
        }
        let (position, viewport) = (self.position(), self.viewport.max(1) as u64);
        let last_top = self.total().saturating_sub(viewport);
        self.top = self.top.min(position).max((position + 1).saturating_sub(viewport)).min(last_top);
        if position < self.top {
            self.top = position;
        }
    }

    /// The screen shows so many rows now.
    pub fn resize(&mut self, viewport: usize) {
        self.viewport = viewport;
        self.settle();
    }

    /// Moves the cursor; asks for another window when it comes near the edge of this one.
    pub fn step(&mut self, rows: isize) -> Option<Effect> {
        let last = self.rows().len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(rows).min(last);
        self.settle();
        self.near_edge().then(|| self.refresh()).flatten()
    }

    fn near_edge(&self) -> bool {
        let (rows, start) = (self.rows().len(), self.start());
        let more_above = start > 0;
        let more_below = start + (rows as u64) < self.total();
        more_above && self.selected < MARGIN || more_below && self.selected + MARGIN >= rows
    }

    /// To the first row.
    pub fn to_top(&mut self) -> Option<Effect> {
        self.selected = 0;
        self.settle();
        (self.start() > 0).then(|| {
            self.jump = Some(Jump::Top);
            self.reload()
        })
    }

    /// To the last row.
    pub fn to_bottom(&mut self) -> Option<Effect> {
        self.selected = self.rows().len().saturating_sub(1);
        self.settle();
        (self.start() + (self.rows().len() as u64) < self.total()).then(|| {
            self.jump = Some(Jump::Bottom);
            self.reload()
        })
    }

    /// Takes a lead out of the list because a verdict was given; the cursor is on the next one at once.
    pub fn hide(&mut self, id: &LeadId) {
        self.hidden.insert(id.clone());
        let Some(window) = &mut self.window.data else { return };
        let Some(index) = window.rows.iter().position(|row| &row.id == id) else { return };
        window.rows.remove(index);
        window.total = window.total.saturating_sub(1);
        if index < self.selected {
            self.selected -= 1;
        }
        self.settle();
    }

    /// The verdict is settled one way or the other: what the store says counts again.
    pub fn unhide(&mut self, id: &LeadId) -> Effect {
        self.hidden.remove(id);
        self.reload()
    }

    /// [`Queue::unhide`] for several.
    pub fn unhide_all(&mut self, ids: &[LeadId]) -> Effect {
        for id in ids {
            self.hidden.remove(id);
        }
        self.reload()
    }

    /// For tests of every reachable state.
    #[cfg(test)]
    pub(crate) fn check(&self) {
        let rows = self.rows().len();
        assert!(rows == 0 || self.selected < rows, "cursor {} outside {rows} rows", self.selected);
        assert!(self.total() >= rows as u64, "total {} below the window's {rows} rows", self.total());
        assert!(self.rows().iter().all(|row| !self.hidden.contains(&row.id)), "a judged lead is shown");
        if rows > 0 && self.viewport > 0 {
            let (first, visible) = self.visible();
            let position = self.position();
            assert!(
                (first..first + visible.len() as u64).contains(&position),
                "cursor at {position} is off the screen {first}+{}",
                visible.len()
            );
        }
    }
}
