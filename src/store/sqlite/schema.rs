//! The schema of the file, brought up to date.

use sqlx::{Connection, Sqlite, SqliteConnection};

use super::errors::database;
use crate::app::ports::StoreError;
use crate::store::migrations;
use crate::store::sql::Dialect;

/// Runs what has not run yet, all of it in one transaction under the write lock, so that two processes that start at
/// once do not both run it.
pub(super) async fn migrate(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    let found = version(&mut tx).await?;
    if migrations::run::<Sqlite>(&mut tx, Dialect::Sqlite, found).await? {
        return tx.commit().await.map_err(database);
    }
    tx.rollback().await.map_err(database)
}

/// The number of the newest migration that ran; 0 in an empty file.
async fn version(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *conn)
        .await
        .map_err(database)?;
    if tables.iter().any(|name| name == "_sqlx_migrations") {
        return sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
            .fetch_one(conn)
            .await
            .map_err(database);
    }
    if tables.is_empty() {
        return Ok(0);
    }
    Err(StoreError::Corrupt(
        "the file is a database of some other program; choose another --data-dir (nothing was changed)".into(),
    ))
}
