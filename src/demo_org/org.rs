//! The records of the org, in memory, with the indexes that keep a poller's queries cheap.

mod changes;
mod effect;
mod journal;
mod transaction;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use strum::IntoEnumIterator as _;

use super::id::Id;
use super::knobs::Knobs;
use super::schema::{Object, Schema};
use super::stamp::Stamp;
use super::value::Value;

pub(crate) use changes::{Change, ChangeKind, ChangeLog};
pub(crate) use effect::{Cause, Effect, EffectKind};
pub(crate) use journal::Journal;
pub use journal::JournalError;
use transaction::Line;
pub(crate) use transaction::Transaction;

/// One record: a value for each field of its object, in the order of the schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// Its id.
    pub(crate) id: Id,
    values: Box<[Value]>,
}

impl Record {
    /// An empty record with this many fields; the id is the first of them.
    pub(crate) fn new(id: Id, fields: usize) -> Self {
        let mut values = vec![Value::Null; fields];
        if let Some(first) = values.first_mut() {
            *first = id.into();
        }
        Self { id, values: values.into() }
    }

    /// The value of the field at this place of the schema.
    pub(crate) fn at(&self, place: usize) -> &Value {
        &self.values[place]
    }

    /// Sets it.
    pub(crate) fn set(&mut self, place: usize, value: Value) {
        self.values[place] = value;
    }
}

/// The records of one object.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Id, Record>,
    by_stamp: BTreeSet<(Stamp, Id)>,
    /// Values of unique fields: place and value to the record that has it.
    unique: HashMap<(usize, String), Id>,
    last_serial: u64,
}

impl Table {
    /// One record, deleted ones included.
    pub(crate) fn get(&self, id: Id) -> Option<&Record> {
        self.rows.get(&id)
    }

    /// All records in order of id, deleted ones included.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.rows.values()
    }

    /// Records whose change stamp is this or later, oldest change first.
    pub(crate) fn changed_since(&self, since: Stamp) -> impl Iterator<Item = &Record> {
        self.by_stamp.range((since, Id::MIN)..).filter_map(|(_, id)| self.rows.get(id))
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Records that the rest of the demo org must find without searching.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landmarks {
    /// The organisation.
    pub(crate) org: Id,
    /// The user whom API clients act as.
    pub(crate) integration_user: Id,
    /// The user who creates arriving leads.
    pub(crate) intake_user: Id,
}

/// The whole org.
#[derive(Debug)]
pub(crate) struct Org {
    schema: Schema,
    tables: HashMap<Object, Table>,
    /// Where each territory's round robin stands.
    pointers: BTreeMap<String, u64>,
    effects: Vec<Effect>,
    /// Which arriving lead became which record.
    arrivals: HashMap<Id, u64>,
    landmarks: Landmarks,
    journal: Option<Journal>,
    /// What it tells of by itself.
    pub(crate) changes: ChangeLog,
    /// The faults it has, which are no part of what is kept.
    pub(crate) knobs: Knobs,
}

impl Org {
    /// An org without records, which nothing is written down for yet.
    pub(crate) fn new(schema: Schema) -> Self {
        let landmarks = Landmarks {
            org: Id::new(Object::Organization.prefix(), 1),
            integration_user: Id::new(Object::User.prefix(), 1),
            intake_user: Id::new(Object::User.prefix(), 2),
        };
        let tables = Object::iter().map(|object| (object, Table::default())).collect();
        Self {
            schema,
            tables,
            pointers: BTreeMap::new(),
            effects: Vec::new(),
            arrivals: HashMap::new(),
            landmarks,
            journal: None,
            changes: ChangeLog::default(),
            knobs: Knobs::default(),
        }
    }

    /// Objects and fields.
    pub(crate) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Well-known records.
    pub(crate) const fn landmarks(&self) -> Landmarks {
        self.landmarks
    }

    /// The records of an object.
    pub(crate) fn table(&self, object: Object) -> &Table {
        &self.tables[&object]
    }

    /// A record of any object, deleted ones included.
    pub(crate) fn find(&self, id: Id) -> Option<(Object, &Record)> {
        let object = Object::of_id(id)?;
        Some((object, self.table(object).get(id)?))
    }

    /// A field of a record by name; nothing if there is no such field.
    pub(crate) fn read<'a>(&self, object: Object, record: &'a Record, field: &str) -> &'a Value {
        const NOTHING: &Value = &Value::Null;
        self.schema.of(object).place(field).map_or(NOTHING, |place| record.at(place))
    }

    /// The record that holds this value in a unique field.
    pub(crate) fn holder(&self, object: Object, place: usize, value: &str) -> Option<Id> {
        let key = unique_key(self.schema.of(object).at(place).case_sensitive, value);
        self.table(object).unique.get(&(place, key)).copied()
    }

    /// Everything that happened, in order; effect `n` is at place `n - 1`.
    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// How many leads arrived live.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrivals.len() as u64
    }

    /// Which arrival this lead was; `None` for history and for leads that a client created.
    pub(crate) fn arrival_of(&self, lead: Id) -> Option<u64> {
        self.arrivals.get(&lead).copied()
    }

    /// An id that no record of this object has had.
    pub(crate) fn next_id(&mut self, object: Object) -> Id {
        let table = self.tables.entry(object).or_default();
        table.last_serial += 1;
        Id::new(object.prefix(), table.last_serial)
    }

    /// Puts a record of the generated company in place, outside any transaction.
    pub(crate) fn load(&mut self, object: Object, record: Record) {
        self.replace(object, record.id, Some(record));
    }

    /// Applies what a journal recorded, then goes on writing to it.
    pub(crate) fn resume(&mut self, journal: Journal, lines: Vec<Line>) {
        for line in lines {
            line.apply(self);
        }
        self.journal = Some(journal);
    }

    /// Begins a change that happens as a whole or not at all.
    pub(crate) fn begin(&mut self, at: Stamp) -> Transaction<'_> {
        Transaction::new(self, at)
    }

    /// Puts, replaces or (with `None`) removes a record, and keeps the indexes true. Returns what was there.
    fn replace(&mut self, object: Object, id: Id, record: Option<Record>) -> Option<Record> {
        let fields = self.schema.of(object);
        let table = self.tables.entry(object).or_default();
        let stamp = fields.place("SystemModstamp");
        let unique: Vec<(usize, bool)> = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.unique)
            .map(|(place, field)| (place, field.case_sensitive))
            .collect();
        let keys = |record: &Record| {
            let texts = unique
                .iter()
                .filter_map(|(place, case)| Some((*place, unique_key(*case, record.at(*place).as_text()?))));
            texts.collect::<Vec<_>>()
        };
        let old = table.rows.remove(&id);
        if let Some(old) = &old {
            if let Some(at) = stamp.and_then(|place| old.at(place).as_stamp()) {
                table.by_stamp.remove(&(at, id));
            }
            for key in keys(old) {
                table.unique.remove(&key);
            }
        }
        if let Some(record) = record {
            table.last_serial = table.last_serial.max(id.serial());
            if let Some(at) = stamp.and_then(|place| record.at(place).as_stamp()) {
                table.by_stamp.insert((at, id));
            }
            for key in keys(&record) {
                table.unique.insert(key, id);
            }
            table.rows.insert(id, record);
        }
        old
    }

    /// Takes note of something that is now certain.
    fn note(&mut self, effect: Effect) {
        if let EffectKind::LeadArrived { lead, arrival, .. } = effect.kind {
            self.arrivals.insert(lead, arrival);
        }
        self.effects.push(effect);
    }
}

fn unique_key(case_sensitive: bool, value: &str) -> String {
    if case_sensitive { value.to_owned() } else { value.to_lowercase() }
}
