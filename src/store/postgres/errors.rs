//! PostgreSQL's error codes, as words that say what to do.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::app::ports::StoreError;

/// Codes after which the same transaction may well succeed, and of which it is certain that nothing was stored:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const PASSING: [&str; 8] = [
    "40001", // serialization_failure
    "40P01", // deadlock_detected
    "55P03", // lock_not_available
    "57P01", // admin_shutdown
    "57P02", // crash_shutdown
    "57P03", // cannot_connect_now
    "25006", // read_only_sql_transaction: a standby that is just being promoted
    "53300", // too_many_connections
];
/// Of these, the ones that mean the same as the answer to a COMMIT.
const PASSING_AT_COMMIT: [&str; 2] = ["40001", "40P01"];
/// Two who make a model the champion at the same moment: the one that comes second only has to look again.
const CHAMPION: &str = "models_champion";

/// What the driver said, and the cure where there is one.
#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err(database)`")]
pub(super) fn database(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::PoolTimedOut => StoreError::Database(
            "no connection to the database in time; see whether the server of database_url runs, and whether it \
             lets this machine in"
                .into(),
        ),
        sqlx::Error::PoolClosed => StoreError::Database("the store was closed; leadboard is shutting down".into()),
        // The driver's words for these hold no part of the URL.
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
            StoreError::Passing(format!("the connection to the database was lost ({error})"))
        }
        sqlx::Error::Tls(why) => StoreError::Database(format!(
            "the server of the database did not prove who it is ({why}); name the authority that vouches for it with \
             sslrootcert=FILE in database_url"
        )),
        sqlx::Error::Database(e) => match e.try_downcast_ref::<PgDatabaseError>() {
            Some(e) => told(e, &error),
            None => StoreError::Database(error.to_string()),
        },
        _ => StoreError::Database(error.to_string()),
    }
}

/// The same for the end of a transaction: when the connection breaks there, nobody knows whether it took place.
pub(super) fn at_commit(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.is_some_and(|code| PASSING_AT_COMMIT.contains(&&*code) || !PASSING.contains(&&*code)) {
        return database(error);
    }
    StoreError::Database(format!(
        "the connection broke at the very end, so it is not known whether this was stored; look before doing it again \
         ({error})"
    ))
}

fn told(told: &PgDatabaseError, error: &sqlx::Error) -> StoreError {
    let code = told.code();
    if PASSING.contains(&code) || (code == "23505" && told.constraint() == Some(CHAMPION)) {
        return StoreError::Passing(error.to_string());
    }
    let cure = match code {
        "28P01" | "28000" => "the server does not let this user in; check user and password in database_url",
        "3D000" => "there is no such database; create it (docs/STORES.md says how), or name another in database_url",
        "42501" => "this user may not do that; grant it what docs/STORES.md says",
        "53100" => {
            "the disk of the server is full; free some space: nothing stored is lost, and writing goes on by itself"
        }
        "57014" => "the server gave up, because this took too long; try again, and see whether the server is well",
        "42P01" | "42703" => "the schema is not as leadboard made it; restore what was dropped from a backup",
        "XX001" | "XX002" => {
            return StoreError::Corrupt(format!("the server found damage; restore a backup ({error})"));
        }
        _ => return StoreError::Database(error.to_string()),
    };
    StoreError::Database(format!("{cure} ({error})"))
}
