//! First contacts as a list: those owed, with their clocks; those that were missed, and by whom; those that were made;
//! and those that are no longer asked for, with why: every first contact that a decision asked for is in one list.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::app::AppError;
use crate::app::ports::{ContactList, ContactRow, ContactTally, Store};
use crate::domain::ids::RepId;

/// Rows of a list that are read; the tallies count all.
pub const MOST: u32 = 400;
/// Days over which first contacts that are not owed any more are counted.
pub const DAYS: i64 = 30;

/// A list of first contacts, with the record of each rep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// When it was looked.
    pub at: DateTime<Utc>,
    /// Over how many days those that are not owed any more are counted.
    pub days: i64,
    /// Which list it is.
    pub list: ContactList,
    /// Its rows, bounded by [`MOST`].
    pub rows: Vec<ContactRow>,
    /// First contacts that decisions asked for: those of all four lists together.
    pub given: u64,
    /// Everybody together.
    pub all: ContactTally,
    /// The record of each rep: who missed most first.
    pub reps: Vec<RepRecord>,
}

/// The first contacts of a rep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepRecord {
    /// The rep.
    pub rep: RepId,
    /// Their name, raw.
    pub name: String,
    /// Their first contacts, counted.
    #[serde(flatten)]
    pub tally: ContactTally,
}

impl ContactTally {
    /// How many are in the list.
    pub const fn of(&self, list: ContactList) -> u64 {
        match list {
            ContactList::Due => self.owed,
            ContactList::Breached => self.late + self.missed,
            ContactList::Made => self.in_time,
            ContactList::Lapsed => self.lapsed,
        }
    }

    /// All that decisions asked for; each is in one list.
    pub const fn given(&self) -> u64 {
        self.owed + self.settled() + self.lapsed
    }

    /// Those of which it is known what came of them.
    pub const fn settled(&self) -> u64 {
        self.in_time + self.late + self.missed
    }

    fn add(&mut self, other: &Self) {
        self.owed += other.owed;
        self.overdue += other.overdue;
        self.in_time += other.in_time;
        self.late += other.late;
        self.missed += other.missed;
        self.reassigned += other.reassigned;
        self.lapsed += other.lapsed;
    }
}

/// A list of first contacts of one rep, or of all.
pub async fn board(
    store: &dyn Store,
    now: DateTime<Utc>,
    list: ContactList,
    rep: Option<&RepId>,
    days: i64,
) -> Result<Board, AppError> {
    let since = now - TimeDelta::days(days);
    let roster = store.roster().await?;
    let tallies = store.contact_tallies(since, now).await?;
    let of_rep = |id: &RepId| rep.is_none_or(|rep| rep == id);
    let mut reps: Vec<RepRecord> = tallies
        .into_iter()
        .filter(|(id, tally)| of_rep(id) && tally.given() > 0)
        .map(|(id, tally)| {
            let name = roster.name_of(id.as_str()).unwrap_or(id.as_str()).to_owned();
            RepRecord { rep: id, name, tally }
        })
        .collect();
    reps.sort_by(|a, b| {
        let breaches = |one: &RepRecord| (one.tally.missed, one.tally.late, one.tally.overdue);
        breaches(b).cmp(&breaches(a)).then_with(|| a.name.cmp(&b.name))
    });
    let mut all = ContactTally::default();
    for rep in &reps {
        all.add(&rep.tally);
    }
    let rows = store.contact_list(list, rep, since, MOST).await?;
    Ok(Board { at: now, days, list, rows, given: all.given(), all, reps })
}
