//! [`AuditStore`]: the audit trail sealed, and read back as it is stored.

use async_trait::async_trait;

use super::{Driver, SqlStore, audit};
use crate::app::audit_trail;
use crate::app::ports::{AuditStore, AuditTotals, Seal, StoreError, StoredEvent, StoredRanking};
use crate::domain::audit::AuditEvent;
use crate::domain::ids::{LeadId, TraceId};
use crate::store::query::query;
use crate::store::rows::{self, Columns};
use crate::store::session::Session;
use crate::store::sql;
use crate::store::values::count;

/// Records sealed at once.
pub(in crate::store) const BATCH: u32 = 512;

#[async_trait]
impl<D: Driver> AuditStore for SqlStore<D> {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.again(|| record(self, event)).await
    }

    async fn seal(&self, limit: u32) -> Result<u64, StoreError> {
        if self.ask_one(query(sql::chain::ANY_WAITING)).await?.int("n")? == 0 {
            return Ok(0);
        }
        self.again(|| seal_waiting(self, limit)).await
    }

    async fn audit_head(&self) -> Result<Option<Seal>, StoreError> {
        self.ask_optional(query(sql::chain::HEAD)).await?.as_ref().map(rows::seal).transpose()
    }

    async fn seals_after(&self, seq: i64, limit: u32) -> Result<Vec<(Seal, Option<StoredEvent>)>, StoreError> {
        let found = self.ask(query(sql::chain::AFTER).bind(seq).bind(i64::from(limit))).await?;
        found.iter().map(rows::sealed_event).collect()
    }

    async fn unchained(&self, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let found = self.ask(query(sql::chain::UNCHAINED).bind(i64::from(limit))).await?;
        found.iter().map(rows::stored_event).collect()
    }

    async fn audit_totals(&self) -> Result<AuditTotals, StoreError> {
        let row = self.ask_one(query(sql::chain::TOTALS)).await?;
        Ok(AuditTotals {
            records: count(row.int("records")?)?,
            seals: count(row.int("seals")?)?,
            waiting: count(row.int("waiting")?)?,
        })
    }

    async fn newest_event(&self, what: &str) -> Result<Option<AuditEvent>, StoreError> {
        let found = self.ask_optional(query(sql::chain::NEWEST_NAMED).bind(what)).await?;
        found.as_ref().map(rows::audit_event).transpose()
    }

    async fn ranking_of(&self, trace: TraceId) -> Result<Option<StoredRanking>, StoreError> {
        let found = self.ask_optional(query(sql::rankings::OF_DECISION).bind(trace.to_string())).await?;
        found.as_ref().map(rows::stored_ranking).transpose()
    }

    async fn newest_ranking(&self, lead: &LeadId) -> Result<Option<StoredRanking>, StoreError> {
        let found = self.ask_optional(query(sql::rankings::MADE_FROM).bind(lead.as_str())).await?;
        found.as_ref().map(rows::stored_ranking).transpose()
    }
}

async fn record<D: Driver>(store: &SqlStore<D>, event: &AuditEvent) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    audit::append(&mut *tx, event).await?;
    store.commit(tx).await
}

/// Seals in a transaction of its own. It is not told as news: nothing is seen of it.
async fn seal_waiting<D: Driver>(store: &SqlStore<D>, limit: u32) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    if !D::Connection::ONE_WRITER {
        query(sql::chain::ONE_SEALER).execute(&mut *tx).await?;
    }
    let sealed = seal(&mut *tx, limit).await?;
    tx.commit().await.map_err(D::commit_error)?;
    Ok(sealed.into())
}

/// Seals what waits, oldest first, at most so many; how many.
pub(super) async fn seal(conn: &mut impl Session, limit: u32) -> Result<u32, StoreError> {
    let waiting = query(sql::chain::WAITING).bind(i64::from(limit)).all(conn).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let head = query(sql::chain::HEAD).optional(conn).await?;
    let mut last = head.as_ref().map(rows::seal).transpose()?;
    let mut sealed = 0;
    for row in &waiting {
        let seal = audit_trail::seal(&rows::stored_event(row)?, last.as_ref());
        let insert = query(sql::chain::SEAL).bind(seal.seq).bind(seal.audit_id).bind(&seal.content).bind(&seal.link);
        insert.execute(conn).await?;
        query(sql::chain::NO_LONGER_WAITING).bind(seal.audit_id).execute(conn).await?;
        last = Some(seal);
        sealed += 1;
    }
    Ok(sealed)
}
