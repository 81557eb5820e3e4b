//! Disagreements added up: by pair of owners, by cause, and by both.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Disagreement, Disagreements};
use crate::domain::disagreement::Cause;
use crate::domain::ids::LeadId;
use crate::domain::lead::Owner;

/// To hundredths, as people read it; what rounds to nothing has no sign.
pub fn hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0 + 0.0
}

/// How many, and what is at stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Leads.
    pub leads: u64,
    /// Expected wins that the recommendations gain, by the model's own estimate, added up where it can tell.
    pub stake: f64,
    /// Leads of which it can tell.
    pub told: u64,
    /// Decided for the recommendation.
    pub approved: u64,
    /// Decided for the legacy owner.
    pub kept: u64,
    /// Decided otherwise.
    pub other: u64,
}

impl Tally {
    /// One lead alone.
    pub fn of(row: &Disagreement) -> Self {
        let mut tally = Self::default();
        tally.add(row);
        tally
    }

    fn add(&mut self, row: &Disagreement) {
        self.leads += 1;
        if let Some(stake) = row.stake {
            self.stake += stake;
            self.told += 1;
        }
        match row.said.as_ref().map(|said| said.verdict) {
            Some("approve") => self.approved += 1,
            Some("keep_legacy") => self.kept += 1,
            Some(_) => self.other += 1,
            None => {}
        }
    }

    /// Two sums in one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            leads: self.leads + other.leads,
            stake: self.stake + other.stake,
            told: self.told + other.told,
            approved: self.approved + other.approved,
            kept: self.kept + other.kept,
            other: self.other + other.other,
        }
    }
}

/// One owner of a side of the matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// Who.
    pub owner: Owner,
    /// Their name, raw.
    pub name: String,
    /// All of theirs.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Leads that go from one owner to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Whom the CRM's rules chose, raw.
    pub legacy: String,
    /// Who is recommended, raw.
    pub model: String,
    /// Place of the legacy owner in the matrix.
    #[serde(skip)]
    pub row: usize,
    /// Place of the recommended owner.
    #[serde(skip)]
    pub column: usize,
    /// How many.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Legacy owners by recommended owners, those with most leads first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matrix {
    /// Legacy owners.
    pub legacy: Vec<Axis>,
    /// Recommended owners.
    pub model: Vec<Axis>,
    /// Where they meet, most leads first.
    pub cells: Vec<Cell>,
}

impl Matrix {
    /// What goes from one to the other.
    pub fn at(&self, row: usize, column: usize) -> Option<&Cell> {
        self.cells.iter().find(|cell| (cell.row, cell.column) == (row, column))
    }
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CauseSum {
    /// Which.
    pub cause: Cause,
    /// In words.
    pub title: &'static str,
    /// How many.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Leads that have cause and owners in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// Why.
    pub cause: Cause,
    /// Whom the CRM's rules chose, raw.
    pub legacy: String,
    /// Who is recommended, raw.
    pub model: String,
    /// How many.
    #[serde(flatten)]
    pub tally: Tally,
    /// The leads.
    pub leads_of: Vec<LeadId>,
}

/// An owner as something to sort by: two owners may have one name.
type Key<'a> = (bool, &'a str);

fn key(owner: &Owner) -> Key<'_> {
    (owner.rep().is_none(), owner.id())
}

/// Most leads first, then by what is at stake, then by name.
fn order(a: (&Tally, &str), b: (&Tally, &str)) -> std::cmp::Ordering {
    b.0.leads.cmp(&a.0.leads).then_with(|| b.0.stake.total_cmp(&a.0.stake)).then_with(|| a.1.cmp(b.1))
}

fn axis<'a>(rows: impl Iterator<Item = (&'a Owner, &'a str, &'a Disagreement)>) -> Vec<Axis> {
    let mut all: BTreeMap<(bool, &str), Axis> = BTreeMap::new();
    for (owner, name, row) in rows {
        let new = || Axis { owner: owner.clone(), name: name.to_owned(), tally: Tally::default() };
        all.entry(key(owner)).or_insert_with(new).tally.add(row);
    }
    let mut all: Vec<Axis> = all.into_values().collect();
    all.sort_by(|a, b| order((&a.tally, &a.name), (&b.tally, &b.name)));
    all
}

impl Disagreements {
    /// All of them in one.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.rows.iter().for_each(|row| total.add(row));
        total
    }

    /// Legacy owners by recommended owners.
    pub fn matrix(&self) -> Matrix {
        let legacy = axis(self.rows.iter().map(|row| (&row.legacy, row.legacy_name.as_str(), row)));
        let model = axis(self.rows.iter().map(|row| (&row.model, row.model_name.as_str(), row)));
        let places = |axis: &[Axis]| -> BTreeMap<(bool, String), usize> {
            axis.iter()
                .enumerate()
                .map(|(place, one)| ((one.owner.rep().is_none(), one.owner.id().to_owned()), place))
                .collect()
        };
        let (rows, columns) = (places(&legacy), places(&model));
        let place = |of: &BTreeMap<(bool, String), usize>, owner: &Owner| {
            of.get(&(owner.rep().is_none(), owner.id().to_owned())).copied().unwrap_or_default()
        };
        let mut cells: BTreeMap<(usize, usize), Cell> = BTreeMap::new();
        for one in &self.rows {
            let (row, column) = (place(&rows, &one.legacy), place(&columns, &one.model));
            let new = || Cell {
                legacy: one.legacy_name.clone(),
                model: one.model_name.clone(),
                row,
                column,
                tally: Tally::default(),
            };
            cells.entry((row, column)).or_insert_with(new).tally.add(one);
        }
        let mut cells: Vec<Cell> = cells.into_values().collect();
        cells.sort_by(|a, b| order((&a.tally, &a.legacy), (&b.tally, &b.legacy)));
        Matrix { legacy, model, cells }
    }

    /// The causes, most leads first.
    pub fn causes(&self) -> Vec<CauseSum> {
        let mut all: BTreeMap<Cause, Tally> = BTreeMap::new();
        self.rows.iter().for_each(|row| all.entry(row.cause).or_default().add(row));
        let mut all: Vec<CauseSum> =
            all.into_iter().map(|(cause, tally)| CauseSum { cause, title: cause.title(), tally }).collect();
        all.sort_by(|a, b| order((&a.tally, a.title), (&b.tally, b.title)));
        all
    }

    /// What has cause and owners in common, most leads first.
    pub fn clusters(&self) -> Vec<Cluster> {
        let mut all: BTreeMap<(Cause, Key<'_>, Key<'_>), Cluster> = BTreeMap::new();
        for row in &self.rows {
            let new = || Cluster {
                cause: row.cause,
                legacy: row.legacy_name.clone(),
                model: row.model_name.clone(),
                tally: Tally::default(),
                leads_of: Vec::new(),
            };
            let cluster = all.entry((row.cause, key(&row.legacy), key(&row.model))).or_insert_with(new);
            cluster.tally.add(row);
            cluster.leads_of.push(row.lead.clone());
        }
        let mut all: Vec<Cluster> = all.into_values().collect();
        all.sort_by(|a, b| order((&a.tally, &a.legacy), (&b.tally, &b.legacy)));
        all
    }
}
