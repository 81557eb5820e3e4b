//! What differs between two conditions: for the leads they hold for, and part by part.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::policy::rules::condition::{Atom, Condition, quantity};
use crate::policy::rules::facts::Field;
use crate::policy::rules::region::Region;

/// What a changed condition means for the leads (or reps) that it holds for. Only what is proven is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reach {
    /// The same in other words.
    Same,
    /// Some fewer, no others.
    Fewer,
    /// Some more, and all that it held for.
    More,
    /// Some are new and some are gone.
    Other,
    /// Not known: a part of it is not understood.
    Unknown,
}

/// One part of a condition that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Detail {
    /// A fact may have other values.
    Values {
        /// Which fact.
        field: Field,
        /// Values that are new.
        added: Vec<String>,
        /// Values that are gone.
        removed: Vec<String>,
    },
    /// A limit is another.
    Limit {
        /// Which fact.
        field: Field,
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// Something else must hold as well.
    Added {
        /// The part, in CEL.
        part: String,
    },
    /// Something need not hold any more.
    Removed {
        /// The part, in CEL.
        part: String,
    },
}

/// How a condition differs from what it was; `None` if it does not.
pub(super) fn compare(was: &Condition, now: &Condition) -> Option<(Reach, Vec<Detail>)> {
    if was.to_string() == now.to_string() {
        return None;
    }
    Some((reach(was, now), details(was, now)))
}

fn reach(was: &Condition, now: &Condition) -> Reach {
    let (Ok(was), Ok(now)) = (Region::of(was), Region::of(now)) else { return Reach::Unknown };
    let (Ok(lost), Ok(gained)) = (was.without(&now), now.without(&was)) else { return Reach::Unknown };
    // What is left over is proven only by a lead.
    let proven = |rest: &Region| rest.cells().iter().any(|cell| cell.sample().is_some());
    match (lost.is_empty(), gained.is_empty()) {
        (true, true) => Reach::Same,
        (true, false) if proven(&gained) => Reach::More,
        (false, true) if proven(&lost) => Reach::Fewer,
        (false, false) if proven(&lost) && proven(&gained) => Reach::Other,
        _ => Reach::Unknown,
    }
}

/// The parts that all must hold.
fn parts(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::All(parts) => parts.iter().collect(),
        other => vec![other],
    }
}

fn details(was: &Condition, now: &Condition) -> Vec<Detail> {
    let texts = |parts: &[&Condition]| parts.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let (was, now) = (parts(was), parts(now));
    let (was_texts, now_texts) = (texts(&was), texts(&now));
    let mut gone: Vec<&Condition> = was.into_iter().filter(|part| !now_texts.contains(&part.to_string())).collect();
    let mut details = Vec::new();
    for part in now.into_iter().filter(|part| !was_texts.contains(&part.to_string())) {
        let paired = gone.iter().enumerate().find_map(|(index, was)| Some((index, changed(was, part)?)));
        if let Some((index, detail)) = paired {
            gone.remove(index);
            details.push(detail);
        } else {
            details.push(Detail::Added { part: part.to_string() });
        }
    }
    details.extend(gone.into_iter().map(|part| Detail::Removed { part: part.to_string() }));
    details
}

/// Two parts that ask the same of the same fact, with other values.
fn changed(was: &Condition, now: &Condition) -> Option<Detail> {
    match (was, now) {
        (Condition::Atom(Atom::OneOf(field, was), _), Condition::Atom(Atom::OneOf(other, now), _))
            if field == other =>
        {
            let texts =
                |values: &mut dyn Iterator<Item = &Box<str>>| values.map(ToString::to_string).collect::<Vec<_>>();
            let added = texts(&mut now.difference(was));
            let removed = texts(&mut was.difference(now));
            Some(Detail::Values { field: field.clone(), added, removed })
        }
        (Condition::Atom(Atom::Number(field, how, from), _), Condition::Atom(Atom::Number(other, how_now, to), _))
            if field == other && how == how_now =>
        {
            Some(Detail::Limit { field: field.clone(), from: quantity(field, *from), to: quantity(field, *to) })
        }
        _ => None,
    }
}
