//! The handoff: what a manager hands over at the end of a shift to whoever comes next.
//!
//! It is a snapshot of what the store knows at that moment, with a note that the manager may add. It is kept as it was written;
//! that somebody took it over is noted beside it, once. Lists in it hold the first few, and say how many there are in all.

mod kept;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use words::sheet;

use super::AppError;
use super::ports::{
    Acceptance, Clock, ContactList, ContactRow, NewHandoff, OpenLead, Overruled, RiskTally, Stopped, Store,
    StoredHandoff,
};
use super::views::LaneCounts;
use crate::domain::effect::{EffectRow, EffectState};
use crate::domain::lead::Conservation;

/// Longest note, in characters.
pub const NOTE: usize = 1_000;
/// Rows of each list.
const FIRST: u32 = 8;
/// No shift is longer; what was overruled before is not told again.
const SHIFT: TimeDelta = TimeDelta::hours(24);
/// A lead is at risk when no more than this part of its time is left.
const LAST_PART: i32 = 4;

/// Open leads whose time is over or about to end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AtRisk {
    /// How many.
    #[serde(flatten)]
    pub tally: RiskTally,
    /// The first of them, the oldest first.
    #[serde(deserialize_with = "kept::rows")]
    pub first: Vec<OpenLead>,
}

/// First contacts that reps owe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwedContacts {
    /// How many.
    pub owed: u64,
    /// Of those, past due.
    pub overdue: u64,
    /// The first of them, the soonest due first.
    #[serde(deserialize_with = "kept::rows")]
    pub first: Vec<ContactRow>,
}

/// Writes that the CRM is owed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwedWrites {
    /// Given up, so that a person must look.
    pub failed: u64,
    /// Waiting, or on their way.
    pub waiting: u64,
    /// The first of them, the failed ones first.
    #[serde(deserialize_with = "kept::rows")]
    pub first: Vec<EffectRow>,
}

/// Recommendations that managers turned down in the shift.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnedDown {
    /// How many.
    pub all: u64,
    /// Those that gave up most.
    #[serde(deserialize_with = "kept::rows")]
    pub first: Vec<Overruled>,
}

/// How things stand at one moment.
///
/// It is kept as JSON for as long as the store lives, so what was written once must stay readable: a new field is an
/// `Option` (`None`: not gathered then), one that is dropped is ignored in what is kept, and one whose meaning changes gets
/// another name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The moment.
    pub at: DateTime<Utc>,
    /// Since when the shift lasts: since the handoff before, and no longer than a day.
    pub since: DateTime<Utc>,
    /// Seconds from creation in which a lead should be with its rep.
    pub sla_seconds: i64,
    /// That nothing is written to the CRM.
    pub stopped: Option<Stopped>,
    /// All leads ever, by where they stand.
    pub leads: Conservation,
    /// Open leads by lane.
    pub lanes: LaneCounts,
    /// Open leads whose time runs out.
    pub at_risk: AtRisk,
    /// The first of those that are snoozed, in the order in which they come back.
    #[serde(deserialize_with = "kept::rows")]
    pub snoozed: Vec<OpenLead>,
    /// First contacts that are owed.
    pub contacts: OwedContacts,
    /// Writes that are owed.
    pub writes: OwedWrites,
    /// What managers turned down.
    pub overruled: TurnedDown,
}

/// What a handoff says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// How things stood.
    Facts(Box<Facts>),
    /// What was kept, and cannot be read by this version of the program.
    Unread(Unread),
}

/// What was kept, and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Why not, in words.
    pub why: String,
    /// The text as it was written, raw.
    pub text: String,
}

/// A handoff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handoff {
    /// Names it for ever.
    pub id: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Who wrote it, raw.
    pub by: String,
    /// What they added, raw.
    pub note: Option<String>,
    /// How things stood then.
    #[serde(flatten)]
    pub told: Told,
    /// Who took it over; `None` while nobody has.
    pub accepted: Option<Acceptance>,
}

impl Handoff {
    /// Whether it waits for this manager: nobody took it over, and it is not their own.
    pub fn waits_for(&self, manager: &str) -> bool {
        self.accepted.is_none() && self.by != manager
    }

    /// How things stood then, if that can be read.
    pub fn facts(&self) -> Option<&Facts> {
        match &self.told {
            Told::Facts(facts) => Some(facts),
            Told::Unread(_) => None,
        }
    }
}

/// What was handed over last, and what a manager would hand over now.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// What was handed over last.
    pub last: Option<Handoff>,
    /// What would be handed over now.
    pub facts: Facts,
}

/// That a handoff waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Which.
    pub id: i64,
    /// Who wrote it, raw.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The handoff that waits for this manager, if one does. Cheap: for every look at the store.
pub async fn waiting_for(store: &dyn Store, manager: &str) -> Result<Option<Waiting>, AppError> {
    let Some(StoredHandoff { id, written, accepted: None }) = store.newest_handoff().await? else { return Ok(None) };
    Ok((written.by != manager).then_some(Waiting { id, by: written.by, at: written.at }))
}

/// The handoff that was written last.
pub async fn newest(store: &dyn Store) -> Result<Option<Handoff>, AppError> {
    let Some(StoredHandoff { id, written, accepted }) = store.newest_handoff().await? else { return Ok(None) };
    let NewHandoff { at, by, note, facts } = written;
    Ok(Some(Handoff { id, at, by, note, told: kept::read(facts), accepted }))
}

/// What was handed over last, and what this manager would hand over now.
pub async fn board(store: &dyn Store, now: DateTime<Utc>, manager: &str, sla: TimeDelta) -> Result<Board, AppError> {
    Ok(Board { last: newest(store).await?, facts: facts(store, now, manager, sla).await? })
}

/// What this manager would hand over now.
pub async fn facts(store: &dyn Store, now: DateTime<Utc>, manager: &str, sla: TimeDelta) -> Result<Facts, AppError> {
    let since = match newest(store).await? {
        // Who writes theirs anew, because something was missing, hands over the same shift.
        Some(before) if before.accepted.is_none() && before.by == manager => {
            before.facts().map_or(before.at, |facts| facts.since)
        }
        Some(before) => before.at,
        None => now - SHIFT,
    };
    let since = since.max(now - SHIFT);
    let (tally, first) = store.leads_at_risk(now - sla, now - sla + sla / LAST_PART, FIRST).await?;
    let counts = store.effect_counts().await?;
    let mut writes = store.effects(&[EffectState::Dead], FIRST).await?;
    let left = FIRST.saturating_sub(writes.len() as u32);
    writes.extend(store.effects(&[EffectState::Ready, EffectState::Leased], left).await?);
    let mut contacts = OwedContacts::default();
    for (_, tally) in store.contact_tallies(now, now).await? {
        contacts.owed += tally.owed;
        contacts.overdue += tally.overdue;
    }
    contacts.first = store.contact_list(ContactList::Due, None, now, FIRST).await?;
    let (all, most) = store.overruled(since, FIRST).await?;
    Ok(Facts {
        at: now,
        since,
        sla_seconds: sla.num_seconds(),
        stopped: store.stopped().await?,
        leads: store.conservation().await?,
        lanes: store.lane_counts(now).await?,
        at_risk: AtRisk { tally, first },
        snoozed: store.snoozed_leads(now, FIRST).await?,
        contacts,
        writes: OwedWrites { failed: counts.failed, waiting: counts.pending, first: writes },
        overruled: TurnedDown { all, first: most },
    })
}

/// Hands over: how things stand now, and the note.
///
/// # Errors
/// Refused where the note is too long to be read by somebody who begins their day.
pub async fn write(
    store: &dyn Store,
    clock: &dyn Clock,
    by: &str,
    note: &str,
    sla: TimeDelta,
) -> Result<Handoff, AppError> {
    let note = note.trim();
    let long = note.chars().count();
    if long > NOTE {
        return Err(AppError::Refused(format!("the note has {long} characters; it can have {NOTE}")));
    }
    let note = (!note.is_empty()).then(|| note.to_owned());
    let facts = facts(store, clock.now(), by, sla).await?;
    let text = serde_json::to_string(&facts).map_err(AppError::refused)?;
    let new = NewHandoff { at: facts.at, by: by.to_owned(), note: note.clone(), facts: text };
    let id = store.write_handoff(&new).await?;
    Ok(Handoff { id, at: new.at, by: new.by, note, told: Told::Facts(Box::new(facts)), accepted: None })
}

/// Takes the newest handoff over; `shown` is the one that the manager has read, if it was shown to them.
///
/// # Errors
/// Refused where there is none, where it is one's own, where somebody was faster, and where it is not the one that was read.
pub async fn accept(store: &dyn Store, clock: &dyn Clock, by: &str, shown: Option<i64>) -> Result<Handoff, AppError> {
    let refused = |why: String| Err(AppError::Refused(why));
    let Some(newest) = newest(store).await? else {
        return refused("nobody has handed over yet, so there is nothing to accept".into());
    };
    if shown.is_some_and(|shown| shown != newest.id) {
        return refused(format!("{} has handed over since: read that first", newest.by));
    }
    if newest.by == by {
        return refused("you wrote this handoff yourself; whoever comes next accepts it".into());
    }
    let at = clock.now();
    if newest.accepted.is_none() && store.accept_handoff(newest.id, by, at).await? {
        return Ok(Handoff { accepted: Some(Acceptance { at, by: by.to_owned() }), ..newest });
    }
    // Somebody may have been faster in this very moment.
    match store.newest_handoff().await?.and_then(|stored| stored.accepted) {
        Some(before) => refused(format!("{} has accepted it already, {}", before.by, words::utc(before.at))),
        None => refused("it was not accepted: another one was written in this moment".into()),
    }
}
