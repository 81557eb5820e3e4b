//! What the org would tell of by itself: every change of a lead, as Change Data Capture groups it.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::watch;

use super::super::id::Id;
use super::super::schema::Object;
use super::super::stamp::Stamp;
use super::super::value::Value;
use super::Org;
use super::transaction::Line;

/// Changes that are kept; older ones are forgotten, as after three days in a real org.
const KEPT: usize = 50_000;

/// What was done to a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Create,
    Update,
    Delete,
}

/// A change of one lead, or the same change of several in one transaction.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Counts from 1 without gaps, and is the same again after a restart.
    pub(crate) n: u64,
    pub(crate) kind: ChangeKind,
    pub(crate) leads: Vec<Id>,
    /// The fields that changed, as they are afterwards.
    pub(crate) set: BTreeMap<String, Value>,
    pub(crate) at: Stamp,
    pub(crate) by: Id,
    /// What the program that asked for it calls itself.
    pub(crate) client: Option<String>,
    /// The change that its transaction began with.
    pub(crate) transaction: u64,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct ChangeLog {
    changes: VecDeque<Change>,
    newest: watch::Sender<u64>,
}

impl Default for ChangeLog {
    fn default() -> Self {
        Self { changes: VecDeque::new(), newest: watch::channel(0).0 }
    }
}

impl ChangeLog {
    /// The number of the newest change; 0 before the first.
    pub(crate) fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// The number of the last change that is not kept any more.
    pub(crate) fn forgotten(&self) -> u64 {
        self.changes.front().map_or_else(|| self.newest(), |first| first.n - 1)
    }

    /// Tells whenever there is a newer one.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The changes after this one, oldest first.
    pub(crate) fn after(&self, n: u64) -> impl Iterator<Item = &Change> {
        let skip = n.saturating_sub(self.forgotten());
        self.changes.iter().skip(skip as usize)
    }
}

impl Org {
    /// Takes note of what a certain transaction did to leads.
    pub(super) fn tell(&mut self, line: &Line) {
        let first = self.changes.newest() + 1;
        let mut told: Vec<Change> = Vec::new();
        for put in line.puts.iter().filter(|put| put.object == Object::Lead && !put.set.is_empty()) {
            let kind = if put.set.contains_key("CreatedDate") {
                ChangeKind::Create
            } else if put.set.get("IsDeleted").is_some_and(Value::is_true) {
                ChangeKind::Delete
            } else {
                ChangeKind::Update
            };
            if let Some(same) = told.iter_mut().find(|change| change.kind == kind && change.set == put.set) {
                same.leads.push(put.id);
                continue;
            }
            let lead = self.table(Object::Lead).get(put.id);
            let by = lead.and_then(|lead| self.read(Object::Lead, lead, "LastModifiedById").as_id());
            told.push(Change {
                n: first + told.len() as u64,
                kind,
                leads: vec![put.id],
                set: put.set.clone(),
                at: line.at,
                by: by.unwrap_or(self.landmarks.integration_user),
                client: line.client.clone(),
                transaction: first,
            });
        }
        let Some(newest) = told.last().map(|change| change.n) else { return };
        self.changes.changes.extend(told);
        let surplus = self.changes.changes.len().saturating_sub(KEPT);
        self.changes.changes.drain(..surplus);
        self.changes.newest.send_replace(newest);
    }
}
