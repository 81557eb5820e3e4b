//! Changes that happen as a whole or not at all, with savepoints inside.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::id::Id;
use super::super::knobs::Knob;
use super::super::schema::Object;
use super::super::stamp::Stamp;
use super::super::value::Value;
use super::{Effect, EffectKind, Org, Record};

/// An open transaction. Reads through it see its own changes. Dropped without [`Transaction::commit`], it leaves no
/// trace.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    org: &'a mut Org,
    at: Stamp,
    undo: Vec<Undo>,
    effects: Vec<(Id, EffectKind)>,
    client: Option<String>,
}

/// How to take one change back.
#[derive(Debug)]
enum Undo {
    Record(Object, Id, Option<Record>),
    Pointer(String, Option<u64>),
}

/// A place inside a transaction to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Savepoint {
    changes: usize,
    effects: usize,
}

/// One committed transaction, as the journal keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(super) at: Stamp,
    /// The program that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) puts: Vec<Put>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pointers: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    effects: Vec<Effect>,
}

/// The fields of one record that a transaction changed, as they are afterwards.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Put {
    pub(super) object: Object,
    pub(super) id: Id,
    pub(super) set: BTreeMap<String, Value>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(org: &'a mut Org, at: Stamp) -> Self {
        Self { org, at, undo: Vec::new(), effects: Vec::new(), client: None }
    }

    /// Names the program that asks for the changes.
    pub(crate) fn asked_by(&mut self, client: Option<String>) {
        self.client = client;
    }

    /// The org as this transaction sees it.
    pub(crate) fn org(&self) -> &Org {
        self.org
    }

    /// The moment all its changes bear.
    pub(crate) const fn at(&self) -> Stamp {
        self.at
    }

    /// Whether a fault happens here.
    pub(crate) fn strikes(&mut self, knob: Knob) -> bool {
        self.org.knobs.strikes(knob)
    }

    /// How many leads arrived live, those of this transaction included.
    pub(crate) fn arrived(&self) -> u64 {
        let pending = self.effects.iter().filter(|(_, kind)| matches!(kind, EffectKind::LeadArrived { .. }));
        self.org.arrived() + pending.count() as u64
    }

    /// An id for a new record.
    pub(crate) fn next_id(&mut self, object: Object) -> Id {
        self.org.next_id(object)
    }

    /// Creates or replaces a record.
    pub(crate) fn put(&mut self, object: Object, record: Record) {
        let id = record.id;
        let old = self.org.replace(object, id, Some(record));
        self.undo.push(Undo::Record(object, id, old));
    }

    /// Where a round robin stands, which then moves on by one.
    pub(crate) fn advance_pointer(&mut self, name: &str) -> u64 {
        let old = self.org.pointers.get(name).copied();
        let now = old.unwrap_or_default();
        self.org.pointers.insert(name.to_owned(), now + 1);
        self.undo.push(Undo::Pointer(name.to_owned(), old));
        now
    }

    /// Something that will have happened once this is committed.
    pub(crate) fn effect(&mut self, by: Id, kind: EffectKind) {
        self.effects.push((by, kind));
    }

    /// Remembers this point.
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint { changes: self.undo.len(), effects: self.effects.len() }
    }

    /// Takes back everything since that point.
    pub(crate) fn roll_back_to(&mut self, savepoint: Savepoint) {
        while self.undo.len() > savepoint.changes {
            match self.undo.pop() {
                Some(Undo::Record(object, id, old)) => {
                    self.org.replace(object, id, old);
                }
                Some(Undo::Pointer(name, Some(old))) => {
                    self.org.pointers.insert(name, old);
                }
                Some(Undo::Pointer(name, None)) => {
                    self.org.pointers.remove(&name);
                }
                None => break,
            }
        }
        self.effects.truncate(savepoint.effects);
    }

    /// Makes it certain: written to the journal first, then noted.
    ///
    /// # Errors
    /// The journal cannot be written; then nothing has happened.
    pub(crate) fn commit(mut self) -> std::io::Result<()> {
        if self.undo.is_empty() && self.effects.is_empty() {
            return Ok(());
        }
        let line = self.line();
        if let Some(journal) = &mut self.org.journal {
            journal.append(&line)?;
        }
        self.undo.clear();
        self.org.tell(&line);
        for effect in line.effects {
            self.org.note(effect);
        }
        Ok(())
    }

    fn line(&mut self) -> Line {
        let mut puts = Vec::new();
        let mut pointers = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for undo in &self.undo {
            match undo {
                Undo::Record(object, id, old) if seen.insert((*object, *id)) => {
                    puts.extend(self.org.difference(*object, *id, old.as_ref()));
                }
                Undo::Record(..) => {}
                Undo::Pointer(name, _) => {
                    pointers.insert(name.clone(), self.org.pointers.get(name).copied().unwrap_or_default());
                }
            }
        }
        let first = self.org.effects.len() as u64 + 1;
        let at = self.at;
        let decision = self.effects.iter().find_map(|(_, kind)| match kind {
            EffectKind::DecisionRecorded { key, .. } => key.clone(),
            _ => None,
        });
        let effects = (first..)
            .zip(self.effects.drain(..))
            .map(|(n, (by, kind))| Effect { n, at, by, decision: decision.clone(), kind })
            .collect();
        Line { at, client: self.client.take(), puts, pointers, effects }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.roll_back_to(Savepoint { changes: 0, effects: 0 });
    }
}

impl Org {
    /// What is different between an earlier form of a record and the present one.
    fn difference(&self, object: Object, id: Id, old: Option<&Record>) -> Option<Put> {
        let now = self.table(object).get(id)?;
        let fields = self.schema.of(object).iter().enumerate().skip(1);
        let set = fields
            .filter(|(place, _)| *now.at(*place) != *old.map_or(&Value::Null, |old| old.at(*place)))
            .map(|(place, field)| (field.name.clone(), now.at(place).clone()))
            .collect();
        Some(Put { object, id, set })
    }
}

impl Line {
    /// Brings the org to where this transaction left it.
    pub(super) fn apply(self, org: &mut Org) {
        for put in &self.puts {
            let fields = org.schema.of(put.object);
            let known = org.table(put.object).get(put.id).cloned();
            let mut record = known.unwrap_or_else(|| Record::new(put.id, fields.len()));
            for (name, value) in &put.set {
                if let Some(place) = fields.place(name) {
                    record.set(place, value.clone());
                }
            }
            org.replace(put.object, put.id, Some(record));
        }
        org.tell(&self);
        org.pointers.extend(self.pointers);
        for effect in self.effects {
            org.note(effect);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::schema::Schema;
    use super::*;

    fn decision(tx: &mut Transaction<'_>, key: &str) -> Id {
        let id = tx.next_id(Object::Decision);
        let org = tx.org();
        let mut record = Record::new(id, org.schema().of(Object::Decision).len());
        org.assign(Object::Decision, &mut record, "Decision_Key__c", key);
        org.assign(Object::Decision, &mut record, "SystemModstamp", tx.at());
        tx.put(Object::Decision, record);
        tx.advance_pointer("DACH");
        tx.effect(id, EffectKind::LeadArrived { lead: id, owner: id, arrival: 0 });
        id
    }

    fn holder(org: &Org, key: &str) -> Option<Id> {
        let place = org.schema().of(Object::Decision).place("Decision_Key__c")?;
        org.holder(Object::Decision, place, key)
    }

    #[test]
    fn a_transaction_that_is_dropped_leaves_no_trace() {
        let mut org = Org::new(Schema::new(Vec::new()));
        let mut tx = org.begin(Stamp::from_seconds(5));
        decision(&mut tx, "k");
        assert!(holder(tx.org(), "k").is_some() && tx.arrived() == 1, "it sees its own changes");
        drop(tx);
        assert_eq!((holder(&org, "k"), org.table(Object::Decision).len(), org.arrived()), (None, 0, 0));
        assert_eq!(org.table(Object::Decision).changed_since(Stamp::from_seconds(0)).count(), 0);
        assert!(org.pointers.is_empty() && org.effects().is_empty());
    }

    #[test]
    fn a_savepoint_keeps_what_came_before_it() {
        let mut org = Org::new(Schema::new(Vec::new()));
        let mut tx = org.begin(Stamp::from_seconds(5));
        let kept = decision(&mut tx, "kept");
        let savepoint = tx.savepoint();
        let mut changed = tx.org().table(Object::Decision).get(kept).unwrap().clone();
        tx.org().assign(Object::Decision, &mut changed, "Decision_Key__c", "changed");
        tx.put(Object::Decision, changed);
        decision(&mut tx, "lost");
        tx.roll_back_to(savepoint);
        tx.commit().unwrap();
        assert_eq!((holder(&org, "kept"), holder(&org, "changed"), holder(&org, "lost")), (Some(kept), None, None));
        assert_eq!((org.pointers["DACH"], org.effects().len()), (1, 1));
    }
}
