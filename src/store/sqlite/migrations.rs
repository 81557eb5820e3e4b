//! The schema, brought up to date. See `assets/migrations/README.md` for the rules.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr, SqliteConnection};

use super::errors::database;
use crate::app::ports::StoreError;

/// File name (without `.sql`) and text, in order.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_initial", include_str!("../../../assets/migrations/sqlite/0001_initial.sql")),
    ("0002_drift", include_str!("../../../assets/migrations/sqlite/0002_drift.sql")),
    ("0003_lead_score", include_str!("../../../assets/migrations/sqlite/0003_lead_score.sql")),
    ("0004_audit_chain", include_str!("../../../assets/migrations/sqlite/0004_audit_chain.sql")),
];

/// Runs what has not run yet, all of it in one transaction under the write lock, so that two processes that start at
/// once do not both run it.
pub(super) async fn run(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let migrator = migrator(MIGRATIONS)?;
    let known = migrator.iter().map(|m| m.version).max().unwrap_or(0);
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    let found = schema_version(&mut tx).await?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    if found == known {
        // Still checks that the files that ran are the ones we know, but writes nothing.
        migrator.run(&mut *tx).await.map_err(migrate_error)?;
        return tx.rollback().await.map_err(database);
    }
    migrator.run(&mut *tx).await.map_err(migrate_error)?;
    tx.commit().await.map_err(database)
}

/// The number of the newest migration that ran; 0 in an empty file.
async fn schema_version(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
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

fn migrator(files: &[(&str, &'static str)]) -> Result<Migrator, StoreError> {
    let migrations = files
        .iter()
        .map(|(name, sql)| {
            let (version, description) = name
                .split_once('_')
                .and_then(|(number, rest)| Some((number.parse::<i64>().ok()?, rest)))
                .ok_or_else(|| StoreError::Corrupt(format!("migration {name} is not named NNNN_name")))?;
            let description = description.replace('_', " ").into();
            Ok(Migration::new(version, description, MigrationType::Simple, sql.into_sql_str(), false))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Migrator::with_migrations(migrations))
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => database(e),
        MigrateError::VersionMismatch(version) => StoreError::Corrupt(format!(
            "migration {version} of this data directory is not the one this leadboard knows, so it was made by a \
             version that was never released; use another --data-dir, or that version"
        )),
        other => StoreError::Corrupt(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".sql").map(ToOwned::to_owned))
            .collect();
        files.sort();
        assert_eq!(files, MIGRATIONS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
        let numbers: Vec<i64> = migrator(MIGRATIONS).unwrap().iter().map(|m| m.version).collect();
        assert_eq!(numbers, (1..=MIGRATIONS.len() as i64).collect::<Vec<_>>(), "numbered without a gap");
    }

    #[test]
    fn a_badly_named_migration_is_refused() {
        assert!(migrator(&[("initial", "SELECT 1")]).is_err());
    }
}
