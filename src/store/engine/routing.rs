//! [`RoutingStore`]: rulebooks, loads and the accounts of reps.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, RowOf, SqlStore, audit, leads};
use crate::app::ports::{
    Account, Arrived, Entry, Feed, Given, Ledger, OpenHold, RoutingStore, StoreError, StoredRulebook,
};
use crate::domain::ids::{LeadId, RepId};
use crate::domain::lead::LeadRecord;
use crate::domain::vocabulary::Vocabulary;
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql::routing as sql;
use crate::store::values::{self, WORKER, count, micros, storable};

/// Microseconds in the quarter of an hour that [`sql::GIVEN`] counts by.
const QUARTER: i64 = 900_000_000;

#[async_trait]
impl<D: Driver> RoutingStore for SqlStore<D> {
    async fn rulebook(&self) -> Result<Option<StoredRulebook>, StoreError> {
        self.ask_optional(query(sql::IN_FORCE)).await?.as_ref().map(book).transpose()
    }

    async fn rulebook_of(&self, version: &str) -> Result<Option<StoredRulebook>, StoreError> {
        self.ask_optional(query(sql::OF_VERSION).bind(version)).await?.as_ref().map(book).transpose()
    }

    async fn rulebooks(&self) -> Result<Vec<StoredRulebook>, StoreError> {
        self.ask(query(sql::ALL_BOOKS)).await?.iter().map(book).collect()
    }

    async fn enforce(&self, book: &StoredRulebook) -> Result<Option<u64>, StoreError> {
        self.again(|| enforce(self, book)).await
    }

    async fn rank_anew(&self, lead: &LeadId, why: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let anew = || async {
            let mut tx = self.begin().await?;
            leads::lock(&mut *tx, [lead]).await?;
            let moved = query(sql::RANK_ANEW).bind(lead.as_str()).execute(&mut *tx).await? > 0;
            if moved {
                let event = audit::of_lead(at, WORKER, "lead.rank_anew", lead, json!({ "why": why }));
                audit::append(&mut *tx, &event).await?;
                self.commit(tx).await?;
            } else {
                self.rollback(tx).await?;
            }
            Ok(moved)
        };
        self.again(anew).await
    }

    async fn given(&self, since: DateTime<Utc>) -> Result<Vec<Given>, StoreError> {
        let one = |row: &RowOf<D>| {
            Ok(Given {
                rep: RepId::new(row.text("rep")?),
                at: values::time(row.int("quarter")? * QUARTER)?,
                leads: u32::try_from(count(row.int("leads")?)?).unwrap_or(u32::MAX),
            })
        };
        self.ask(query(sql::GIVEN).bind(micros(since))).await?.iter().map(one).collect()
    }

    async fn received_between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<LeadRecord>, StoreError> {
        let found = query(sql::RECEIVED_BETWEEN)
            .bind(micros(from))
            .bind(micros(until))
            .bind(i64::try_from(skip).unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        self.ask(found).await?.iter().map(rows::lead_record).collect()
    }

    async fn ledger(&self) -> Result<Ledger, StoreError> {
        let one = |row: &RowOf<D>| {
            let last_at = row.int_opt("last_at")?.map(values::time).transpose()?;
            let account = Account { got: row.int("got")?, entitled: row.int("entitled")?, last_at };
            Ok((RepId::new(row.text("rep_id")?), account))
        };
        self.ask(query(sql::ACCOUNTS)).await?.iter().map(one).collect()
    }

    async fn arrivals(&self, since: DateTime<Utc>) -> Result<Vec<Arrived>, StoreError> {
        let one = |row: &RowOf<D>| {
            let leads = u32::try_from(count(row.int("leads")?)?).unwrap_or(u32::MAX);
            Ok(Arrived { at: values::time(row.int("quarter")? * QUARTER)?, leads })
        };
        self.ask(query(sql::ARRIVALS).bind(micros(since))).await?.iter().map(one).collect()
    }

    async fn open_hold(&self) -> Result<Option<OpenHold>, StoreError> {
        self.again(|| async { hold(&mut *self.reader().await?).await }).await
    }

    async fn keep_hold(&self, hold: Option<&OpenHold>, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.again(|| keep_hold(self, hold, at)).await
    }

    async fn vocabulary(&self) -> Result<Option<Vocabulary>, StoreError> {
        let row = self.ask_optional(query(sql::VOCABULARY)).await?;
        row.map(|row| values::from_json(&row.text("value")?, "vocabulary")).transpose()
    }

    async fn save_vocabulary(&self, vocabulary: &Vocabulary) -> Result<(), StoreError> {
        let text = values::json(vocabulary)?;
        self.again(|| async {
            let mut tx = self.begin().await?;
            query(sql::VOCABULARY_SET).bind(storable(&text)).execute(&mut *tx).await?;
            self.commit(tx).await
        })
        .await
    }

    async fn feeds(&self) -> Result<Vec<Feed>, StoreError> {
        let row = self.ask_optional(query(sql::FEEDS)).await?;
        row.map_or_else(|| Ok(Vec::new()), |row| values::from_json(&row.text("value")?, "absences"))
    }

    async fn save_feeds(&self, feeds: &[Feed], at: DateTime<Utc>) -> Result<(), StoreError> {
        self.again(|| save_feeds(self, feeds, at)).await
    }
}

fn book(row: &impl Columns) -> Result<StoredRulebook, StoreError> {
    Ok(StoredRulebook {
        version: row.text("version")?,
        body: row.text("body")?,
        since: row.time("since")?,
        place: row.text("place")?,
    })
}

async fn enforce<D: Driver>(store: &SqlStore<D>, book: &StoredRulebook) -> Result<Option<u64>, StoreError> {
    let StoredRulebook { version, body, since, place } = book;
    let mut tx = store.begin().await?;
    let keep = query(sql::KEEP).bind(version).bind(storable(body)).bind(micros(*since)).bind(storable(place));
    keep.execute(&mut *tx).await?;
    if query(sql::ENFORCE).bind(version).execute(&mut *tx).await? == 0 {
        store.rollback(tx).await?;
        return Ok(None);
    }
    let again = query(sql::RANK_AGAIN).bind(version).execute(&mut *tx).await?;
    let details = json!({ "version": version, "ranked_again": again });
    audit::append(&mut *tx, &audit::event(*since, WORKER, "rules.enforced", details)).await?;
    store.commit(tx).await?;
    Ok(Some(again))
}

/// The leads that wait for others.
pub(super) async fn hold(conn: &mut impl Session) -> Result<Option<OpenHold>, StoreError> {
    let row = query(sql::HOLD).optional(conn).await?;
    row.map(|row| values::from_json(&row.text("value")?, "leads that are held")).transpose()
}

async fn keep_hold<D: Driver>(
    store: &SqlStore<D>,
    new: Option<&OpenHold>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let before = hold(&mut *tx).await?.map(|open| open.leads).unwrap_or_default();
    let text = new.map(values::json).transpose()?.unwrap_or_default();
    if query(sql::HOLD_SET).bind(text).execute(&mut *tx).await? == 0 {
        return store.rollback(tx).await;
    }
    if let Some(OpenHold { hold, leads }) = new {
        for lead in leads.difference(&before) {
            let details =
                json!({ "until": hold.closes_at, "expected": hold.expected, "gain": hold.gain, "cost": hold.cost });
            audit::append(&mut *tx, &audit::of_lead(at, WORKER, "lead.held", lead, details)).await?;
        }
    }
    store.commit(tx).await
}

/// The trail tells of each source how much it said, not who is away why.
async fn save_feeds<D: Driver>(store: &SqlStore<D>, feeds: &[Feed], at: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    query(sql::FEEDS_SET).bind(storable(&values::json(&feeds)?)).execute(&mut *tx).await?;
    let one = |feed: &Feed| json!({ "source": feed.source.to_string(), "absences": feed.away.len(), "unreadable": feed.problem.is_some() });
    let details = json!({ "sources": feeds.iter().map(one).collect::<Vec<_>>() });
    audit::append(&mut *tx, &audit::event(at, WORKER, "absences.read", details)).await?;
    store.commit(tx).await
}

/// Counts a decision in the accounts. Nothing is counted twice.
pub(super) async fn book_share(conn: &mut impl Session, trace: &str) -> Result<(), StoreError> {
    let share = query(sql::BOOK).bind(trace).optional(conn).await?;
    account(conn, share.as_ref(), 1).await
}

/// Takes a decision that does not stand any more, or that a person was faster than, out of the accounts again, as if its
/// lead had never come.
pub(super) async fn unbook_share(conn: &mut impl Session, trace: &str) -> Result<(), StoreError> {
    let share = query(sql::UNBOOK).bind(trace).optional(conn).await?;
    account(conn, share.as_ref(), -1).await
}

async fn account<R: Columns>(conn: &mut impl Session, share: Option<&R>, sign: i64) -> Result<(), StoreError> {
    let Some(share) = share else { return Ok(()) };
    let entry: Entry = values::from_json(&share.text("share")?, "share of a decision")?;
    for line in &entry.lines {
        let got_now = (sign > 0 && line.got > 0).then(|| micros(entry.at));
        let booked =
            query(sql::ACCOUNT).bind(line.rep.as_str()).bind(sign * line.got).bind(sign * line.entitled).bind(got_now);
        booked.execute(conn).await?;
    }
    Ok(())
}
