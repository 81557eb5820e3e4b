//! The schema, brought up to date. See `assets/migrations/README.md` for the rules.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};

use super::engine::Driver;
use super::sql::Dialect;
use crate::app::ports::StoreError;

/// File name (without `.sql`) and text of the files in a folder, in order. Every folder has the same names.
macro_rules! files {
    ($folder:literal) => {
        files!($folder: "0001_initial" "0002_drift" "0003_lead_score" "0004_audit_chain" "0005_put_back" "0006_routing" "0007_policy"
            "0008_companies" "0009_returned" "0010_contacts" "0011_saved_views" "0012_stop"
            "0013_handoffs" "0014_managers" "0015_first_choices")
    };
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../assets/migrations/", $folder, "/", $name, ".sql")))),*]
    };
}

const fn files(dialect: Dialect) -> &'static [(&'static str, &'static str)] {
    match dialect {
        Dialect::Sqlite => files!("sqlite"),
        Dialect::Postgres => files!("postgres"),
    }
}

/// Runs what has not run yet, inside a transaction that keeps everybody else from doing so. `found` is the newest that
/// ran. False if there was nothing to do; what ran is then compared all the same with the files we know.
pub(super) async fn run<D: Driver>(conn: &mut D::Connection, dialect: Dialect, found: i64) -> Result<bool, StoreError>
where
    D::Connection: Migrate,
{
    let migrator = migrator(files(dialect))?;
    let known = migrator.iter().map(|m| m.version).max().unwrap_or(0);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    migrator.run_direct(None, conn, false).await.map_err(migrate_error::<D>)?;
    Ok(found < known)
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
    let mut migrator = Migrator::with_migrations(migrations);
    // The caller's transaction is the lock.
    migrator.set_locking(false);
    Ok(migrator)
}

fn migrate_error<D: Driver>(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => D::error(e),
        MigrateError::VersionMismatch(version) => StoreError::Corrupt(format!(
            "migration {version} of this store is not the one this leadboard knows, so it was made by a version that was \
             never released; use another store, or that version"
        )),
        other => StoreError::Corrupt(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_compiled_in_for_every_database() {
        for (folder, dialect) in [("sqlite", Dialect::Sqlite), ("postgres", Dialect::Postgres)] {
            let folder = format!("{}/assets/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
            let mut found: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter_map(|name| name.strip_suffix(".sql").map(ToOwned::to_owned))
                .collect();
            found.sort();
            assert_eq!(found, files(dialect).iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
            let numbers: Vec<i64> = migrator(files(dialect)).unwrap().iter().map(|m| m.version).collect();
            assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>(), "numbered without a gap");
        }
    }

    #[test]
    fn a_badly_named_migration_is_refused() {
        assert!(migrator(&[("initial", "SELECT 1")]).is_err());
    }
}
