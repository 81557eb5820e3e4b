//! Which leads a condition is about, as a set that can be reasoned with.
//!
//! A condition becomes a union of *cells*. A cell says for some dimensions (facts, "this text is in that list", "this
//! calculation comes out true") which states are allowed, and leaves all others open. Unions of cells can be intersected and
//! subtracted exactly, so that "is there any lead at all" and "does every such lead meet an earlier rule" have proofs.
//!
//! What is not understood (a pattern, arithmetic) is a dimension of its own that may be true, false or unknown whatever the
//! facts are. That allows more leads than there are. So *nothing is left* is always a proof, and *something is left* is one
//! only for cells without such dimensions; [`Cell::sample`] gives a lead then.

mod sets;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Window;
use super::condition::{Atom, Compare, Condition};
use super::facts::{AccountField, Field, Kind, LeadField, Value, Values, micros};
use sets::{Numbers, Texts};

/// Most cells that a condition may become, and most that may be left over while subtracting. Beyond, nothing is claimed.
const MOST_CELLS: usize = 512;

/// Something that a cell can say something about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dimension {
    /// The value of a fact.
    Fact(Field),
    /// Whether a list holds a text.
    Holds(Field, Box<str>),
    /// What a part of a condition comes to that is not understood. By its text.
    Opaque(String),
}

/// Some states of a dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct States {
    /// The fact may be missing; the calculation may be unknown.
    missing: bool,
    texts: Texts,
    numbers: Numbers,
    yes: bool,
    no: bool,
}

impl States {
    const NONE: Self = Self { missing: false, texts: Texts::none(), numbers: Numbers::none(), yes: false, no: false };

    /// All states that a dimension can have.
    fn universe(dimension: &Dimension) -> Self {
        let field = match dimension {
            Dimension::Fact(field) => field,
            Dimension::Holds(..) => return Self { yes: true, no: true, ..Self::NONE },
            Dimension::Opaque(_) => return Self { missing: true, yes: true, no: true, ..Self::NONE },
        };
        let known = match field.kind() {
            Kind::Text => match field.choices() {
                [] => Self { texts: Texts::all(), ..Self::NONE },
                choices => Self { texts: Texts::only(choices.iter().map(|c| Box::from(*c)).collect()), ..Self::NONE },
            },
            Kind::Whole | Kind::Decimal | Kind::Time => Self { numbers: bounds(field), ..Self::NONE },
            Kind::Flag => Self { yes: true, no: true, ..Self::NONE },
            Kind::Any => Self { texts: Texts::all(), numbers: Numbers::all(), ..Self::NONE },
            // Lists are always known; what they hold are dimensions of their own.
            Kind::Texts => Self { yes: true, ..Self::NONE },
        };
        Self { missing: !field.is_always_known(), ..known }
    }

    fn is_empty(&self) -> bool {
        !self.missing && !self.yes && !self.no && self.texts.is_empty() && self.numbers.is_empty()
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            missing: self.missing && other.missing,
            texts: self.texts.and(&other.texts),
            numbers: self.numbers.and(&other.numbers),
            yes: self.yes && other.yes,
            no: self.no && other.no,
        }
    }

    fn or(&self, other: &Self) -> Self {
        Self {
            missing: self.missing || other.missing,
            texts: self.texts.or(&other.texts),
            numbers: self.numbers.or(&other.numbers),
            yes: self.yes || other.yes,
            no: self.no || other.no,
        }
    }

    fn without(&self, other: &Self) -> Self {
        Self {
            missing: self.missing && !other.missing,
            texts: self.texts.and(&other.texts.complement()),
            numbers: self.numbers.and(&other.numbers.complement()),
            yes: self.yes && !other.yes,
            no: self.no && !other.no,
        }
    }
}

/// The numbers that a fact can be.
fn bounds(field: &Field) -> Numbers {
    let all = match field {
        Field::Lead(LeadField::Score) => Numbers::above(0.0, true).and(&Numbers::below(100.0, true)),
        Field::Account(AccountField::OpenDeals) => Numbers::above(0.0, true),
        _ => Numbers::all(),
    };
    if field.kind() == Kind::Whole { all.whole() } else { all }
}

/// What must be true of a lead at once. Dimensions that it does not name are open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell(BTreeMap<Dimension, States>);

/// A value of a made-up lead.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sampled {
    Text(String),
    Number(f64),
    Time(DateTime<Utc>),
    Flag(bool),
    Texts(Vec<String>),
}

/// A made-up lead: its known facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sample(pub(super) BTreeMap<Field, Sampled>);

impl Values for Sample {
    fn value(&self, field: &Field) -> Option<Value<'_>> {
        Some(match self.0.get(field)? {
            Sampled::Text(text) => Value::Text(text),
            Sampled::Number(number) => Value::Number(*number),
            Sampled::Time(at) => Value::Time(*at),
            Sampled::Flag(flag) => Value::Flag(*flag),
            Sampled::Texts(texts) => Value::Texts(texts),
        })
    }
}

impl Cell {
    fn with(mut self, dimension: Dimension, states: &States) -> Option<Self> {
        let states = match self.0.get(&dimension) {
            Some(known) => known.and(states),
            None => States::universe(&dimension).and(states),
        };
        let empty = states.is_empty();
        self.0.insert(dimension, states);
        (!empty).then_some(self)
    }

    fn and(&self, other: &Self) -> Result<Self, Dimension> {
        let mut both = self.clone();
        for (dimension, states) in &other.0 {
            both = both.with(dimension.clone(), states).ok_or_else(|| dimension.clone())?;
        }
        Ok(both)
    }

    /// Whether there may be a lead in both.
    fn meets(&self, other: &Self) -> bool {
        self.0.iter().all(|(dimension, mine)| other.0.get(dimension).is_none_or(|theirs| !mine.and(theirs).is_empty()))
    }

    /// What of it is not in another, as cells that do not overlap.
    fn without(&self, other: &Self) -> Vec<Self> {
        if !self.meets(other) {
            return vec![self.clone()];
        }
        let mut rest = Vec::new();
        let mut inside = self.clone();
        for (dimension, states) in &other.0 {
            let open = inside.0.get(dimension).cloned().unwrap_or_else(|| States::universe(dimension));
            let outside = open.without(states);
            if !outside.is_empty() {
                let mut cell = inside.clone();
                cell.0.insert(dimension.clone(), outside);
                rest.push(cell);
            }
            inside.0.insert(dimension.clone(), open.and(states));
        }
        rest
    }

    /// Joins another into it, if the two differ in at most one dimension.
    fn absorb(&mut self, other: &Self) -> bool {
        if !self.0.keys().eq(other.0.keys()) {
            return false;
        }
        let differing: Vec<Dimension> =
            self.0.iter().filter(|(d, states)| other.0.get(d) != Some(states)).map(|(d, _)| d.clone()).collect();
        match differing.as_slice() {
            [] => true,
            [one] => {
                if let (Some(mine), Some(theirs)) = (self.0.get_mut(one), other.0.get(one)) {
                    *mine = mine.or(theirs);
                }
                true
            }
            _ => false,
        }
    }

    /// A lead in it. `None` where it speaks of something that is not understood.
    pub(super) fn sample(&self) -> Option<Sample> {
        let mut sample = Sample::default();
        for (dimension, states) in &self.0 {
            match dimension {
                Dimension::Opaque(_) => return None,
                Dimension::Holds(list, text) => {
                    let held = sample.0.entry(list.clone()).or_insert_with(|| Sampled::Texts(Vec::new()));
                    if let (Sampled::Texts(texts), false) = (held, states.no) {
                        texts.push(text.to_string());
                    }
                }
                Dimension::Fact(field) => {
                    if let Some(value) = states.sample(field.kind()) {
                        sample.0.insert(field.clone(), value);
                    } else if !states.missing {
                        return None;
                    }
                }
            }
        }
        Some(sample)
    }
}

impl States {
    /// A known value, if there is one.
    fn sample(&self, kind: Kind) -> Option<Sampled> {
        if let Some(text) = self.texts.sample() {
            return Some(Sampled::Text(text));
        }
        if let Some(number) = self.numbers.sample() {
            return Some(match DateTime::from_timestamp_micros(number as i64) {
                Some(at) if kind == Kind::Time => Sampled::Time(at),
                _ => Sampled::Number(number),
            });
        }
        match kind {
            Kind::Flag if self.yes || self.no => Some(Sampled::Flag(self.yes)),
            Kind::Texts => Some(Sampled::Texts(Vec::new())),
            _ => None,
        }
    }
}

/// That a condition is too branched to be reasoned about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// A union of cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Region {
    cells: Vec<Cell>,
    /// Dimensions in which a cell came to nothing: why the region is empty, if it is.
    conflicts: BTreeSet<Dimension>,
}

impl Region {
    /// Everything.
    fn all() -> Self {
        Self { cells: vec![Cell::default()], conflicts: BTreeSet::new() }
    }

    /// The leads for which a condition holds.
    pub(super) fn of(condition: &Condition) -> Result<Self, TooMany> {
        Self::where_it_is(condition, true)
    }

    /// The moments in which a rule applies, from `now` on.
    pub(super) fn of_window(window: Window, now: DateTime<Utc>) -> Self {
        let from = Numbers::above(micros(window.from.map_or(now, |from| from.max(now))), true);
        let before = window.before.map_or_else(Numbers::all, |before| Numbers::below(micros(before), false));
        let states = States { numbers: from.and(&before), ..States::NONE };
        Self::fact(&Field::Now, states)
    }

    fn where_it_is(condition: &Condition, wanted: bool) -> Result<Self, TooMany> {
        match condition {
            Condition::Constant(constant) => Ok(if *constant == wanted { Self::all() } else { Self::default() }),
            Condition::Atom(atom, _) => Ok(Self::of_atom(atom, wanted)),
            Condition::Not(inner) => Self::where_it_is(inner, !wanted),
            Condition::All(parts) if wanted => Self::meet(parts, wanted),
            Condition::Any(parts) if !wanted => Self::meet(parts, wanted),
            Condition::All(parts) | Condition::Any(parts) => {
                let mut all = Self::default();
                for part in parts {
                    all.join(Self::where_it_is(part, wanted)?)?;
                }
                Ok(all)
            }
        }
    }

    fn meet(parts: &[Condition], wanted: bool) -> Result<Self, TooMany> {
        parts.iter().try_fold(Self::all(), |all, part| all.and(&Self::where_it_is(part, wanted)?))
    }

    fn join(&mut self, other: Self) -> Result<(), TooMany> {
        self.conflicts.extend(other.conflicts);
        for cell in other.cells {
            if !self.cells.iter_mut().any(|mine| mine.absorb(&cell)) {
                self.cells.push(cell);
            }
            if self.cells.len() > MOST_CELLS {
                return Err(TooMany);
            }
        }
        Ok(())
    }

    /// The leads of both.
    pub(super) fn and(&self, other: &Self) -> Result<Self, TooMany> {
        let mut both = Self { cells: Vec::new(), conflicts: self.conflicts.union(&other.conflicts).cloned().collect() };
        for mine in &self.cells {
            for theirs in &other.cells {
                let met = match mine.and(theirs) {
                    Ok(cell) => Self { cells: vec![cell], conflicts: BTreeSet::new() },
                    Err(conflict) => Self { cells: Vec::new(), conflicts: [conflict].into() },
                };
                both.join(met)?;
            }
        }
        Ok(both)
    }

    /// The leads of it that are not in another.
    pub(super) fn without(&self, other: &Self) -> Result<Self, TooMany> {
        let mut rest = self.cells.clone();
        for theirs in &other.cells {
            rest = rest.iter().flat_map(|cell| cell.without(theirs)).collect();
            if rest.len() > MOST_CELLS {
                return Err(TooMany);
            }
        }
        Ok(Self { cells: rest, conflicts: BTreeSet::new() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Where it meets another in a question that both ask. What only one of them asks about it says nothing of the other,
    /// so that the two meet almost always; that goes for the time and for whether there is an account as well.
    pub(super) fn common<'r>(&'r self, other: &'r Self) -> impl Iterator<Item = Cell> + 'r {
        let asks = |dimension: &&Dimension| {
            !matches!(dimension, Dimension::Fact(Field::Now | Field::Account(AccountField::Id)))
        };
        let pairs = self.cells.iter().flat_map(|mine| other.cells.iter().map(move |theirs| (mine, theirs)));
        pairs
            .filter(move |(mine, theirs)| mine.0.keys().filter(asks).any(|dimension| theirs.0.contains_key(dimension)))
            .filter_map(|(mine, theirs)| mine.and(theirs).ok())
    }

    /// The facts about which it asks for what cannot be; meaningful when it is empty.
    pub(super) fn conflicts(&self) -> Vec<Field> {
        let fields = self.conflicts.iter().filter_map(|dimension| match dimension {
            Dimension::Fact(field) | Dimension::Holds(field, _) => Some(field.clone()),
            Dimension::Opaque(_) => None,
        });
        fields.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn one(dimension: Dimension, states: &States) -> Self {
        match Cell::default().with(dimension.clone(), states) {
            Some(cell) => Self { cells: vec![cell], conflicts: BTreeSet::new() },
            None => Self { cells: Vec::new(), conflicts: [dimension].into() },
        }
    }

    /// The leads of which a fact is so. A fact of an account needs an account.
    fn fact(field: &Field, states: States) -> Self {
        let states =
            if field.kind() == Kind::Whole { States { numbers: states.numbers.whole(), ..states } } else { states };
        let one = Self::one(Dimension::Fact(field.clone()), &states);
        match field {
            Field::Account(inner) if *inner != AccountField::Id => one.known(&Field::Account(AccountField::Id)),
            _ => one,
        }
    }

    /// Those of its leads of which a fact is known.
    fn known(self, field: &Field) -> Self {
        let universe = States::universe(&Dimension::Fact(field.clone()));
        let known = Self::one(Dimension::Fact(field.clone()), &States { missing: false, ..universe });
        // Meeting one cell never makes more of them.
        self.and(&known).unwrap_or_default()
    }

    fn of_atom(atom: &Atom, wanted: bool) -> Self {
        // The known states of a fact that a set of values leaves, when they are wanted and when not.
        let values = |field: &Field, states: States| {
            let universe = States { missing: false, ..States::universe(&Dimension::Fact(field.clone())) };
            if wanted { states } else { universe.without(&states) }
        };
        match atom {
            Atom::Known(field) if wanted => Self::fact(field, known_states(field)),
            Atom::Known(field) => Self::one(Dimension::Fact(field.clone()), &States { missing: true, ..States::NONE }),
            Atom::OneOf(field, texts) => {
                Self::fact(field, values(field, States { texts: Texts::only(texts.clone()), ..States::NONE }))
            }
            Atom::Number(field, compare, number) => {
                let numbers = match compare {
                    Compare::Equal => Numbers::only(*number),
                    Compare::Less => Numbers::below(*number, false),
                    Compare::AtMost => Numbers::below(*number, true),
                    Compare::More => Numbers::above(*number, false),
                    Compare::AtLeast => Numbers::above(*number, true),
                };
                let mut states = values(field, States { numbers, ..States::NONE });
                if *compare != Compare::Equal {
                    // A text is neither more nor less than a number: that is unknown.
                    states.texts = Texts::none();
                }
                Self::fact(field, states)
            }
            Atom::Flag(field) => Self::fact(field, States { yes: wanted, no: !wanted, ..States::NONE }),
            Atom::Holds(list, text) => {
                let states = States { yes: wanted, no: !wanted, ..States::NONE };
                Self::one(Dimension::Holds(list.clone(), text.clone()), &states)
            }
            Atom::Part(..) | Atom::HoldsFact(..) | Atom::Same(..) | Atom::Formula(_) => {
                let states = States { yes: wanted, no: !wanted, ..States::NONE };
                let opaque = Self::one(Dimension::Opaque(atom.to_string()), &states);
                if matches!(atom, Atom::Formula(_)) {
                    // It may be true without one of its facts, as in "a || b".
                    return opaque;
                }
                let fields = atom.fields();
                fields.iter().filter(|field| field.kind() != Kind::Texts).fold(opaque, |region, field| match field {
                    Field::Account(_) => region.known(field).known(&Field::Account(AccountField::Id)),
                    _ => region.known(field),
                })
            }
        }
    }
}

fn known_states(field: &Field) -> States {
    States { missing: false, ..States::universe(&Dimension::Fact(field.clone())) }
}

#[cfg(test)]
impl Region {
    /// Whether a lead is in it, as far as it says something about facts.
    pub(super) fn contains(&self, facts: &dyn Values) -> bool {
        let in_cell = |cell: &Cell| {
            cell.0.iter().all(|(dimension, states)| match dimension {
                Dimension::Opaque(_) => true,
                Dimension::Holds(list, text) => match facts.value(list) {
                    Some(Value::Texts(texts)) if texts.iter().any(|held| **held == **text) => states.yes,
                    _ => states.no,
                },
                Dimension::Fact(field) => match facts.value(field) {
                    None => states.missing,
                    Some(Value::Text(text)) => states.texts.contains(text),
                    Some(Value::Number(number)) => states.numbers.contains(number),
                    Some(Value::Time(at)) => states.numbers.contains(micros(at)),
                    Some(Value::Flag(flag)) => {
                        if flag {
                            states.yes
                        } else {
                            states.no
                        }
                    }
                    Some(Value::Texts(_)) => states.yes,
                },
            })
        };
        self.cells.iter().any(in_cell)
    }
}
