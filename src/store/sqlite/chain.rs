//! [`AuditStore`]: the audit trail sealed, and read back as it is stored.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::errors::database;
use super::{SqliteStore, audit, execute};
use crate::app::audit_trail;
use crate::app::ports::{AuditStore, AuditTotals, Seal, StoreError, StoredEvent, StoredRanking};
use crate::domain::audit::AuditEvent;
use crate::domain::ids::TraceId;
use crate::store::rows::{self, Columns};
use crate::store::sql;
use crate::store::values::count;

/// Records sealed at once.
pub(super) const BATCH: u32 = 512;

#[async_trait]
impl AuditStore for SqliteStore {
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        audit::append(&mut tx, event).await?;
        self.commit(tx).await
    }

    async fn seal(&self, limit: u32) -> Result<u64, StoreError> {
        let mut conn = self.reader().await?;
        let any: i64 = sqlx::query_scalar(sql::chain::ANY_WAITING).fetch_one(&mut *conn).await.map_err(database)?;
        drop(conn);
        if any == 0 {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let sealed = seal(&mut tx, limit).await?;
        tx.commit().await.map_err(database)?;
        Ok(sealed.into())
    }

    async fn audit_head(&self) -> Result<Option<Seal>, StoreError> {
        let mut conn = self.reader().await?;
        head(&mut conn).await
    }

    async fn seals_after(&self, seq: i64, limit: u32) -> Result<Vec<(Seal, Option<StoredEvent>)>, StoreError> {
        let mut conn = self.reader().await?;
        let query = sqlx::query(sql::chain::AFTER).bind(seq).bind(i64::from(limit));
        let found = query.fetch_all(&mut *conn).await.map_err(database)?;
        found.iter().map(rows::sealed_event).collect()
    }

    async fn unchained(&self, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let mut conn = self.reader().await?;
        let query = sqlx::query(sql::chain::UNCHAINED).bind(i64::from(limit));
        let found = query.fetch_all(&mut *conn).await.map_err(database)?;
        found.iter().map(rows::stored_event).collect()
    }

    async fn audit_totals(&self) -> Result<AuditTotals, StoreError> {
        let mut conn = self.reader().await?;
        let row = sqlx::query(sql::chain::TOTALS).fetch_one(&mut *conn).await.map_err(database)?;
        Ok(AuditTotals {
            records: count(row.int("records")?)?,
            seals: count(row.int("seals")?)?,
            waiting: count(row.int("waiting")?)?,
        })
    }

    async fn newest_event(&self, what: &str) -> Result<Option<AuditEvent>, StoreError> {
        let mut conn = self.reader().await?;
        let query = sqlx::query(sql::chain::NEWEST_NAMED).bind(what);
        let found = query.fetch_optional(&mut *conn).await.map_err(database)?;
        found.as_ref().map(rows::audit_event).transpose()
    }

    async fn ranking_of(&self, trace: TraceId) -> Result<Option<StoredRanking>, StoreError> {
        let mut conn = self.reader().await?;
        let query = sqlx::query(sql::rankings::OF_DECISION).bind(trace.to_string());
        let found = query.fetch_optional(&mut *conn).await.map_err(database)?;
        found.as_ref().map(rows::stored_ranking).transpose()
    }
}

/// Seals what waits, oldest first, at most so many; how many.
pub(super) async fn seal(conn: &mut SqliteConnection, limit: u32) -> Result<u32, StoreError> {
    let waiting =
        sqlx::query(sql::chain::WAITING).bind(i64::from(limit)).fetch_all(&mut *conn).await.map_err(database)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut last = head(conn).await?;
    let mut sealed = 0;
    for row in &waiting {
        let seal = audit_trail::seal(&rows::stored_event(row)?, last.as_ref());
        let insert =
            sqlx::query(sql::chain::SEAL).bind(seal.seq).bind(seal.audit_id).bind(&seal.content).bind(&seal.link);
        execute(conn, insert).await?;
        execute(conn, sqlx::query(sql::chain::NO_LONGER_WAITING).bind(seal.audit_id)).await?;
        last = Some(seal);
        sealed += 1;
    }
    Ok(sealed)
}

/// The end of the chain.
async fn head(conn: &mut SqliteConnection) -> Result<Option<Seal>, StoreError> {
    let found = sqlx::query(sql::chain::HEAD).fetch_optional(conn).await.map_err(database)?;
    found.as_ref().map(rows::seal).transpose()
}
