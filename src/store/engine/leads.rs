//! [`LeadStore`]: leads, lanes, intake, roster.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Driver, SqlStore, audit, intake, rankings};
use crate::app::ports::{Cursor, EventPlace, IntakeChange, IntakeReport, LeadStore, RankedLead, StoreError};
use crate::domain::ids::{LeadId, OrgId};
use crate::domain::lead::LeadRecord;
use crate::domain::rep::Roster;
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::{self, WORKER, count, micros, storable};

#[async_trait]
impl<D: Driver> LeadStore for SqlStore<D> {
    async fn bind_org(&self, org: &OrgId) -> Result<(), StoreError> {
        self.again(|| intake::bind_org(self, org)).await
    }

    async fn org(&self) -> Result<Option<OrgId>, StoreError> {
        intake::org(self).await
    }

    async fn leads(&self, ids: &[LeadId]) -> Result<Vec<LeadRecord>, StoreError> {
        let found = self.ask(query(sql::leads::BY_IDS).bind(values::json(&ids)?)).await?;
        found.iter().map(rows::lead_record).collect()
    }

    async fn take_in(
        &self,
        changes: Vec<IntakeChange>,
        cursor_name: &str,
        cursor: &Cursor,
        at: DateTime<Utc>,
    ) -> Result<IntakeReport, StoreError> {
        self.again(|| intake::take_in(self, &changes, cursor_name, cursor, at)).await
    }

    async fn cursor(&self, name: &str) -> Result<Cursor, StoreError> {
        intake::cursor(self, name).await
    }

    async fn event_place(&self) -> Result<Option<EventPlace>, StoreError> {
        let place = self.ask_optional(query(sql::intake::EVENT_PLACE)).await?;
        place.map(|row| row.text("value").map(EventPlace::new)).transpose()
    }

    async fn set_event_place(&self, place: Option<&EventPlace>) -> Result<(), StoreError> {
        self.again(|| intake::set_event_place(self, place)).await
    }

    async fn pending(&self, limit: u32) -> Result<Vec<LeadRecord>, StoreError> {
        let mut first: Vec<LeadRecord> = self.pending_in(sql::leads::PENDING_HOT, limit).await?;
        if first.len() < limit as usize {
            let mut others = self.pending_in(sql::leads::PENDING, limit).await?;
            others.retain(|lead| first.iter().all(|hot| hot.lead.id != lead.lead.id));
            others.truncate(limit as usize - first.len());
            first.extend(others);
        }
        Ok(first)
    }

    async fn save_rankings(&self, ranked: Vec<RankedLead>) -> Result<u64, StoreError> {
        if ranked.is_empty() {
            return Ok(0);
        }
        self.again(|| rankings::save(self, &ranked)).await
    }

    async fn created_between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<u64, StoreError> {
        let asked = query(sql::leads::CREATED_BETWEEN).bind(micros(from)).bind(micros(until));
        count(self.ask_one(asked).await?.int("n")?)
    }

    async fn snooze(&self, id: &LeadId, until: DateTime<Utc>, by: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.again(|| snooze(self, id, until, by, at)).await
    }

    async fn save_roster(&self, roster: &Roster, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut new = roster.clone();
        new.reps.sort_by(|a, b| a.id.cmp(&b.id));
        new.queues.sort_by(|a, b| a.id.cmp(&b.id));
        self.again(|| save_roster(self, &new, at)).await
    }

    async fn roster(&self) -> Result<Roster, StoreError> {
        self.again(|| async { stored_roster(&mut *self.read().await?).await }).await
    }
}

impl<D: Driver> SqlStore<D> {
    async fn pending_in(&self, statement: sql::Statement, limit: u32) -> Result<Vec<LeadRecord>, StoreError> {
        self.ask(query(statement).bind(i64::from(limit))).await?.iter().map(rows::lead_record).collect()
    }
}

/// Locks leads until the end of the transaction, before anything is read of them. Where one transaction writes at a
/// time, that is so already.
pub(super) async fn lock<'a, S: Session>(
    conn: &mut S,
    ids: impl IntoIterator<Item = &'a LeadId>,
) -> Result<(), StoreError> {
    if S::ONE_WRITER {
        return Ok(());
    }
    let ids: Vec<&LeadId> = ids.into_iter().collect();
    query(sql::duties::LOCK_LEADS).bind(values::json(&ids)?).all(conn).await.map(drop)
}

async fn snooze<D: Driver>(
    store: &SqlStore<D>,
    id: &LeadId,
    until: DateTime<Utc>,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    if query(sql::leads::SNOOZE).bind(id.as_str()).bind(micros(until)).execute(&mut *tx).await? == 0 {
        return Ok(false);
    }
    audit::append(&mut *tx, &audit::of_lead(at, by, "lead.snoozed", id, json!({ "until": until }))).await?;
    store.commit(tx).await?;
    Ok(true)
}

/// Replaces the roster by one that is sorted by id.
async fn save_roster<D: Driver>(store: &SqlStore<D>, new: &Roster, at: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    if stored_roster(&mut *tx).await? == *new {
        return store.rollback(tx).await;
    }
    query(sql::roster::REPS_UNLIST).execute(&mut *tx).await?;
    query(sql::roster::QUEUES_UNLIST).execute(&mut *tx).await?;
    for rep in &new.reps {
        let list = query(sql::roster::REP_LIST)
            .bind(rep.id.as_str())
            .bind(rep.key.as_str())
            .bind(storable(&rep.name))
            .bind(i64::from(rep.active))
            .bind(rep.territory.as_deref().map(storable))
            .bind(rep.user_name.as_deref().map(storable))
            .bind(rep.email.as_deref().map(storable));
        list.execute(&mut *tx).await?;
    }
    for queue in &new.queues {
        let list = query(sql::roster::QUEUE_LIST)
            .bind(queue.id.as_str())
            .bind(storable(&queue.name))
            .bind(storable(&queue.key));
        list.execute(&mut *tx).await?;
    }
    let details = json!({ "reps": new.reps.len(), "queues": new.queues.len() });
    audit::append(&mut *tx, &audit::event(at, WORKER, "roster.changed", details)).await?;
    store.commit(tx).await
}

/// The listed reps and queues, each by id.
async fn stored_roster(conn: &mut impl Session) -> Result<Roster, StoreError> {
    let reps = query(sql::roster::REPS).all(conn).await?;
    let queues = query(sql::roster::QUEUES).all(conn).await?;
    Ok(Roster {
        reps: reps.iter().map(rows::rep).collect::<Result<_, _>>()?,
        queues: queues.iter().map(rows::queue).collect::<Result<_, _>>()?,
    })
}
