//! "What changed?": rows in order of their change stamp, none missed, none handed out over and over.
//!
//! A stamp is set inside a transaction but the row is seen only after its commit, so a cursor at the newest stamp would
//! step over rows that commit late. Each poll therefore reads an overlap again and leaves out what was handed out
//! already. Whole-second stamps tie, so rows are walked by the pair (stamp, id); and a row that changes twice in one
//! second keeps its stamp, so what was handed out is known by its content too.
//!
//! How long a transaction may hold rows back, the overlap can only guess. Salesforce knows: `getUpdated` names the latest
//! date that is covered, which stands still at the start of the oldest open transaction. It is asked every few minutes and
//! holds the cursor back, so that even a row that commits an hour late is read.
//!
//! What was handed out counts as received only when the caller comes back with the cursor that came with it; if its
//! transaction failed, it comes back with the old cursor and gets the rows again.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::client::Client;
use super::errors::{Class, Fault};
use super::map::Record;
use super::query::{Api, Condition, Rows, Select, Value};
use crate::app::ports::Cursor;

/// New rows after which a poll stops and says that there is more.
const MAX_ROWS: usize = 2_000;
/// Dead locators in one poll after which it fails; each costs one more call.
const MAX_RESTARTS: u32 = 8;
/// Rows remembered as handed out. Beyond it everything is forgotten, and so handed out once more.
const MAX_SEEN: usize = 200_000;
/// How old the latest covered date may be before it is asked for again. At five minutes that is 288 calls a day, a
/// twentieth of what polling itself costs.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(5);
/// `getUpdated` wants spans of at least a minute, seconds ignored, and looks back 30 days.
const SHORTEST_SPAN: TimeDelta = TimeDelta::minutes(2);
const LONGEST_SPAN: TimeDelta = TimeDelta::days(29);
/// The org's clock and its newest stamp may differ by this and still be called the same clock.
const SAME_CLOCK: TimeDelta = TimeDelta::hours(24);

/// A place in the order of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    at: DateTime<Utc>,
    id: String,
}

/// A walk that was left unfinished.
#[derive(Clone)]
struct Unfinished {
    /// The last row it took.
    last: Place,
    /// The org's clock when it began. Rows may have committed behind it ever since.
    began: Option<DateTime<Utc>>,
}

/// How far the caller is known to have come.
#[derive(Clone, Default)]
struct Position {
    /// The cursor the caller holds.
    cursor: Cursor,
    /// The walk to go on with.
    unfinished: Option<Unfinished>,
}

/// One version of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    at: DateTime<Utc>,
    /// Of the record as received. The stamp alone does not do: it has whole seconds.
    fingerprint: u64,
}

/// What the last poll handed out, not known to have been received.
struct Handed {
    next: Position,
    rows: Vec<(String, Version)>,
}

#[derive(Default)]
struct State {
    position: Position,
    handed: Option<Handed>,
    /// Received rows by id, in the version that was received.
    seen: HashMap<String, Version>,
    /// What Salesforce says it covers, and when (by the org's clock) it was asked.
    covered: Option<Covered>,
    /// Salesforce does not tell it for this object, or not to us.
    untold: bool,
    /// The org's clock at the last answer.
    clock: Option<DateTime<Utc>>,
    /// The org's clock when a complete walk began, kept when a walk took several pages (see [`Feed::poll`]).
    horizon: Option<DateTime<Utc>>,
}

/// Everything stamped before `until` has committed.
#[derive(Clone, Copy)]
struct Covered {
    until: DateTime<Utc>,
    asked: DateTime<Utc>,
}

impl State {
    /// Learns from the cursor the caller came with what it received.
    fn settle(&mut self, cursor: &Cursor) {
        if let Some(handed) = self.handed.take().filter(|h| h.next.cursor == *cursor) {
            self.seen.extend(handed.rows);
            self.position = handed.next;
        }
        if self.position.cursor != *cursor {
            let position = Position { cursor: cursor.clone(), unfinished: None };
            let (covered, untold, clock) = (self.covered, self.untold, self.clock);
            *self = Self { position, covered, untold, clock, ..Self::default() };
        }
        if self.seen.len() > MAX_SEEN {
            self.seen.clear();
        }
    }
}

/// One changed row.
pub(super) struct Row {
    /// The record.
    pub record: Record,
    /// The record as received.
    pub raw: Box<RawValue>,
    place: Place,
}

impl Row {
    fn version(&self) -> Version {
        let mut hasher = DefaultHasher::new();
        self.raw.get().hash(&mut hasher);
        Version { at: self.place.at, fingerprint: hasher.finish() }
    }
}

/// What a poll brought.
pub(super) struct Batch {
    /// Rows not received before, in order of change.
    pub rows: Vec<Row>,
    /// The cursor that tells us, next time, that they were received.
    pub next: Cursor,
    /// Whether the walk is unfinished.
    pub more: bool,
}

/// A stream of changed rows of one kind.
pub(super) struct Feed {
    stamp: Api,
    rows: Rows,
    overlap: TimeDelta,
    /// The object to ask `getUpdated` about, if the stamp is its own.
    object: Option<&'static str>,
    state: Mutex<State>,
}

impl Feed {
    /// A feed ordered by a change stamp, which must be among the selected fields.
    pub(super) fn new(stamp: &'static str, rows: Rows, overlap: TimeDelta) -> Self {
        Self { stamp: Api::known(stamp), rows, overlap, object: None, state: Mutex::default() }
    }

    /// Lets Salesforce say up to when the changes of this object are complete.
    pub(super) fn covering(self, object: &'static str) -> Self {
        Self { object: Some(object), ..self }
    }

    /// Rows changed since the cursor; `since`, when we first looked, stands in for a cursor that has no place yet and is
    /// kept in the next one. A poll that brings nothing
    /// costs one call, unless the overlap itself fills several pages.
    pub(super) async fn poll(
        &self,
        client: &Client,
        cursor: &Cursor,
        since: DateTime<Utc>,
        select: &Select,
    ) -> Result<Batch, Fault> {
        let mut state = self.state.lock().await;
        state.settle(cursor);
        let low = cursor.low.unwrap_or(since);
        // After a bulk change the overlap may hold many pages. While nothing else changes, the newest stamp stays
        // where it is, and only the org's clock can tell that those pages are older than the overlap by now.
        let from = low.max(state.horizon.unwrap_or(low));
        // Asked before the query: what is covered then is seen by the query.
        self.ask_covered(client, &mut state, low).await?;
        let covered = state.covered.map(|covered| covered.until);
        let from = covered.map_or(from, |covered| from.min(covered));
        let from = from.checked_sub_signed(self.overlap).unwrap_or(from);
        state.seen.retain(|_, version| version.at >= from);

        let (last, earlier) = state.position.unfinished.clone().map(|u| (u.last, u.began)).unzip();
        let mut walk = Walk { last, fresh: Vec::new(), newest: None };
        let mut page = client.query(&self.onward(select, walk.last.as_ref(), from), self.rows).await?;
        let began = earlier.unwrap_or(page.date);
        state.clock = page.date.or(state.clock);
        let (mut pages, mut restarts) = (1, 0);
        let complete = loop {
            walk.take(std::mem::take(&mut page.rows), &self.stamp, &state.seen)?;
            let Some(next) = page.next.take() else { break true };
            if walk.fresh.len() >= MAX_ROWS {
                break false;
            }
            page = match client.next_page(&next).await {
                Err(fault) if fault.class == Class::LocatorExpired && restarts < MAX_RESTARTS => {
                    restarts += 1;
                    client.query(&self.onward(select, walk.last.as_ref(), from), self.rows).await?
                }
                answer => answer?,
            };
            pages += 1;
        };
        if complete {
            let same_clock = |date: &DateTime<Utc>| walk.newest.is_some_and(|at| (*date - at).abs() < SAME_CLOCK);
            state.horizon = if pages > 1 { began.filter(same_clock) } else { state.horizon };
        }

        let bound = [began, covered].into_iter().flatten().min();
        let next = Cursor { low: Some(advance(low, cursor, &walk, bound)), since: Some(since) };
        let rows = walk.fresh.iter().map(|row| (row.place.id.clone(), row.version())).collect();
        let unfinished = walk.last.filter(|_| !complete).map(|last| Unfinished { last, began });
        state.handed = Some(Handed { next: Position { cursor: next.clone(), unfinished }, rows });
        Ok(Batch { rows: walk.fresh, next, more: !complete })
    }

    /// Learns up to when changes are complete, if that is not known or not lately.
    async fn ask_covered(&self, client: &Client, state: &mut State, low: DateTime<Utc>) -> Result<(), Fault> {
        let (Some(object), Some(clock)) = (self.object.filter(|_| !state.untold), state.clock) else { return Ok(()) };
        let due = state.covered.is_none_or(|covered| clock - covered.asked >= ASK_AGAIN);
        if !due {
            return Ok(());
        }
        // From what was covered last: while a transaction is open the answer stands still at its start.
        let start = state.covered.map_or(low, |covered| covered.until);
        let start = start.min(clock - SHORTEST_SPAN).max(clock - LONGEST_SPAN);
        match client.covered(object, start, clock).await {
            Ok(until) => state.covered = Some(Covered { until: until.min(clock), asked: clock }),
            Err(fault) if matches!(fault.class, Class::Configuration | Class::NotFound | Class::Permanent) => {
                tracing::info!(object, error = %fault.message, "getUpdated is not to be had; the overlap alone decides");
                (state.untold, state.covered) = (true, None);
            }
            // It is asked again at the next poll; until then the last answer holds the cursor back.
            Err(fault) if fault.class == Class::Transient => {
                tracing::debug!(error = %fault.message, "getUpdated met a passing fault");
            }
            Err(fault) => return Err(fault),
        }
        Ok(())
    }

    /// The query that goes on after a row, or begins the walk.
    fn onward(&self, select: &Select, last: Option<&Place>, from: DateTime<Utc>) -> Select {
        let condition = match last {
            Some(place) => Condition::After { stamp: self.stamp.clone(), at: place.at, id: place.id.clone() },
            None => Condition::AtLeast(self.stamp.clone(), Value::At(from)),
        };
        select.clone().filter(condition).order([self.stamp.clone(), Api::known("Id")])
    }
}

/// A walk over pages.
struct Walk {
    last: Option<Place>,
    fresh: Vec<Row>,
    newest: Option<DateTime<Utc>>,
}

impl Walk {
    fn take(&mut self, rows: Vec<Box<RawValue>>, stamp: &Api, seen: &HashMap<String, Version>) -> Result<(), Fault> {
        for raw in rows {
            let record = Record::parse(&raw)?;
            let place =
                record.at(stamp.as_str()).zip(record.id("Id")).map(|(at, id)| Place { at, id }).ok_or_else(|| {
                    Fault::new(Class::Protocol, format!("a row came without Id or {}", stamp.as_str()))
                })?;
            self.newest = self.newest.max(Some(place.at));
            self.last = Some(place.clone());
            let row = Row { record, raw, place };
            if seen.get(&row.place.id) != Some(&row.version()) {
                self.fresh.push(row);
            }
        }
        Ok(())
    }
}

/// The next cursor: the newest stamp seen, but not ahead of the bound, which is the org's clock when the walk began and
/// the latest date that is covered. What commits during a long walk may lie behind it, and a stamp that was wrong for a
/// moment must not hide what comes after it. When rows are handed out it differs from the old one even if the newest stamp
/// is the same (late commits), because that difference is how we learn that they were received.
fn advance(low: DateTime<Utc>, cursor: &Cursor, walk: &Walk, bound: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let seen = walk.newest.map_or(low, |at| at.max(low));
    let next = bound.map_or(seen, |bound| seen.min(bound.max(low)));
    let same = !walk.fresh.is_empty() && cursor.low == Some(next);
    if same { next.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(next) } else { next }
}
