//! The schema of the database, brought up to date.

use sqlx::{Connection, PgConnection, Postgres};

use super::errors::database;
use crate::app::ports::StoreError;
use crate::store::migrations;
use crate::store::sql::Dialect;

/// A lock of the whole database that only those take who bring a schema up to date.
const LOCK: i64 = 0x6c65_6164_626f_6172;

/// Runs what has not run yet, all of it in one transaction and one process at a time.
pub(super) async fn migrate(conn: &mut PgConnection) -> Result<(), StoreError> {
    let mut tx = conn.begin().await.map_err(database)?;
    // Others wait for as long as it takes, and afterwards find nothing to do.
    sqlx::query("SET LOCAL lock_timeout = 0").execute(&mut *tx).await.map_err(database)?;
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await.map_err(database)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await.map_err(database)?;
    let found = version(&mut tx).await?;
    if migrations::run::<Postgres>(&mut tx, Dialect::Postgres, found).await? {
        return tx.commit().await.map_err(database);
    }
    tx.rollback().await.map_err(database)
}

/// The number of the newest migration that ran; 0 in a database without our tables.
async fn version(conn: &mut PgConnection) -> Result<i64, StoreError> {
    let exists = async |conn: &mut PgConnection, table: &'static str| {
        let found: Option<String> = sqlx::query_scalar("SELECT CAST(to_regclass($1) AS TEXT)")
            .bind(table)
            .fetch_one(conn)
            .await
            .map_err(database)?;
        Ok::<_, StoreError>(found.is_some())
    };
    if exists(conn, "_sqlx_migrations").await? {
        return sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
            .fetch_one(conn)
            .await
            .map_err(database);
    }
    if exists(conn, "leads").await? || exists(conn, "audit").await? {
        return Err(StoreError::Corrupt(
            "the database holds tables of some other program; name another in database_url (nothing was changed)"
                .into(),
        ));
    }
    Ok(0)
}
