//! Running a [`Plan`].

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::super::id::Id;
use super::super::org::{Org, Record};
use super::super::stamp::Stamp;
use super::Op;
use super::plan::{Glob, Operand, Plan, SortKey, Test};

impl Plan {
    /// The records that match, in order. `all` shows deleted ones too (`queryAll`).
    pub(crate) fn run(&self, org: &Org, all: bool) -> Vec<Id> {
        let table = org.table(self.object);
        let filter = self.filter.as_ref();
        let matches = |record: &&Record| {
            let hidden = !all && self.deleted.is_some_and(|place| record.at(place).is_true());
            !hidden && filter.is_none_or(|test| test.holds(org, record))
        };
        // Most queries of a poller name ids or ask for what changed lately: neither reads the whole table.
        let mut found: Vec<&Record> = if let Some(ids) = filter.and_then(Test::ids) {
            ids.into_iter().filter_map(|id| table.get(id)).filter(matches).collect()
        } else if let Some(since) = filter.and_then(|test| test.changed_since(self.stamp)) {
            table.changed_since(since).filter(matches).collect()
        } else {
            table.iter().filter(matches).collect()
        };
        self.sort(org, &mut found);
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        found.into_iter().skip(self.offset as usize).take(limit).map(|record| record.id).collect()
    }

    fn sort(&self, org: &Org, found: &mut Vec<&Record>) {
        if self.order.is_empty() {
            found.sort_by_key(|record| record.id);
            return;
        }
        let keyed = found.drain(..).map(|record| {
            let key: Vec<Operand> =
                self.order.iter().map(|part| Operand::of(&part.column.read(org, record), false)).collect();
            (key, record)
        });
        let mut keyed: Vec<_> = keyed.collect();
        keyed.sort_by(|(a, _), (b, _)| {
            let parts = self.order.iter().zip(a.iter().zip(b));
            parts.map(|(part, (a, b))| part.compare(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        });
        found.extend(keyed.into_iter().map(|(_, record)| record));
    }
}

impl SortKey {
    fn compare(&self, a: &Operand, b: &Operand) -> Ordering {
        let nulls = if self.nulls_last { Ordering::Greater } else { Ordering::Less };
        match (a, b) {
            (Operand::Null, Operand::Null) => Ordering::Equal,
            (Operand::Null, _) => nulls,
            (_, Operand::Null) => nulls.reverse(),
            _ => {
                let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                if self.descending { order.reverse() } else { order }
            }
        }
    }
}

impl Test {
    fn holds(&self, org: &Org, record: &Record) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(org, record)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(org, record)),
            Self::Not(part) => !part.holds(org, record),
            Self::Compare { column, op, operand } => {
                compare(&Operand::of(&column.read(org, record), column.case_sensitive), *op, operand)
            }
            Self::Like { column, pattern } => {
                let text = column.read(org, record);
                text.as_text().is_some_and(|text| like(&text.to_lowercase().chars().collect::<Vec<_>>(), pattern))
            }
            Self::In { column, negated, list } => {
                let value = Operand::of(&column.read(org, record), column.case_sensitive);
                list.contains(&value) != *negated
            }
        }
    }

    /// The only records that can match, if the condition names their ids.
    fn ids(&self) -> Option<BTreeSet<Id>> {
        let only = |operand: &Operand| match operand {
            Operand::Id(id) => Some(*id),
            _ => None,
        };
        // Id is the first field of every object.
        match self {
            Self::And(parts) => parts.iter().find_map(Self::ids),
            Self::Compare { column, op: Op::Eq, operand } if column.is_own(Some(0)) => {
                only(operand).map(|id| [id].into())
            }
            Self::In { column, negated: false, list } if column.is_own(Some(0)) => list.iter().map(only).collect(),
            _ => None,
        }
    }

    /// A moment before which no record that matches was changed.
    fn changed_since(&self, stamp: Option<usize>) -> Option<Stamp> {
        match self {
            Self::And(parts) => parts.iter().filter_map(|part| part.changed_since(stamp)).max(),
            Self::Or(parts) => {
                let bounds: Option<Vec<Stamp>> = parts.iter().map(|part| part.changed_since(stamp)).collect();
                bounds?.into_iter().min()
            }
            Self::Compare { column, op: Op::Eq | Op::Gt | Op::Ge, operand: Operand::DateTime(at) }
                if column.is_own(stamp) =>
            {
                Some(*at)
            }
            _ => None,
        }
    }
}

/// Nothing equals nothing, differs from everything else, and is neither more nor less than anything.
fn compare(value: &Operand, op: Op, literal: &Operand) -> bool {
    match op {
        Op::Eq => value == literal,
        Op::Ne => value != literal,
        Op::Like => false,
        _ if *value == Operand::Null => false,
        Op::Lt => value < literal,
        Op::Le => value <= literal,
        Op::Gt => value > literal,
        Op::Ge => value >= literal,
    }
}

/// Whether the text matches the pattern; time is at most the product of their lengths.
fn like(text: &[char], pattern: &[Glob]) -> bool {
    let (mut t, mut p) = (0, 0);
    // Where to go on after the last `%` if what follows does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Glob::Any) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(Glob::One) => (t, p) = (t + 1, p + 1),
            Some(Glob::Char(c)) if *c == text[t] => (t, p) = (t + 1, p + 1),
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (t, p) = (from + 1, after);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|glob| *glob == Glob::Any)
}
