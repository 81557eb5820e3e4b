//! Opening: settings, checks, the pool, what runs beside it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::watch;

use super::clock::ServerClock;
use super::errors::database;
use super::news::News;
use super::{Own, PostgresStore, schema, url};
use crate::app::ports::StoreError;

/// Connections of one process: a worker's loops and a screen. A server has some hundred for all.
const CONNECTIONS: u32 = 8;
/// Connections for the one who listens. One at a time is used; one that fell silent is held until the system gives it up.
const LISTENING: u32 = 4;
/// The oldest server whose SQL is enough.
const OLDEST_SERVER: i32 = 130_000;

/// A statement, a wait for a lock, and a transaction in which nothing happens may take so long. A server that is stuck,
/// or a process that is, then holds nobody else up for longer. A commit is acknowledged when it is on disk.
const SETTINGS: &str = "SELECT set_config('statement_timeout', '60s', false), set_config('lock_timeout', '5s', false),
    set_config('idle_in_transaction_session_timeout', '60s', false),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
        ELSE current_setting('synchronous_commit') END, false)";

/// How long a server is waited for.
///
/// Nothing is heard of a server that lost its power, or that a firewall has forgotten, and the system waits a quarter of an
/// hour for it. Whatever is not answered within these times is an error, and its connection is replaced.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection. Within this time a server that is just starting is waited for.
    pub connection: Duration,
    /// For a sign of life of a connection, before it is used and after.
    pub sign_of_life: Duration,
    /// For a whole call. Longer than a server takes for a statement at most, so that one that lives says so itself.
    pub call: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connection: Duration::from_secs(10),
            sign_of_life: Duration::from_secs(5),
            call: Duration::from_secs(75),
        }
    }
}

pub(super) async fn open(url: &str, patience: Patience) -> Result<PostgresStore, StoreError> {
    let options = url::options(url)?;
    let connect = async {
        let mut first = options.connect().await.map_err(|e| unreachable(&options, e))?;
        check_server(&mut first).await?;
        Ok(first)
    };
    let mut first = within(patience.connection, connect)
        .await
        .unwrap_or_else(|e| Err(unreachable(&options, sqlx::Error::Io(e))))?;
    schema::migrate(&mut first).await?;
    first.close().await.map_err(database)?;

    let everybody = pool(CONNECTIONS, patience).connect_with(options.clone()).await.map_err(database)?;
    let clock = Arc::new(ServerClock::new(&everybody).await?);
    let commits = watch::Sender::new(0);
    // It does nothing for hours, and that is no reason to close it.
    let listening = pool(LISTENING, patience).max_lifetime(None).idle_timeout(None).connect_lazy_with(options);
    let news = News::start(everybody.clone(), listening, commits.clone(), clock.clone(), patience);
    Ok(PostgresStore { writer: everybody.clone(), readers: everybody, own: Own { news, clock, patience }, commits })
}

/// What is not done within a time.
pub(super) async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, std::io::Error> {
    tokio::time::timeout(time, work).await.map_err(|_| {
        std::io::Error::new(ErrorKind::TimedOut, format!("no answer within {} seconds", time.as_secs_f64()))
    })
}

/// A pool of connections that are set as they must be. One that is in a transaction was left there by a call that was
/// given up, and is replaced. So is one that gives no sign of life: the pool asks for one by itself, but without an end to
/// its patience, and would have one connection less with each that fell silent, until there is none. (It still asks once
/// more after us; what falls silent in that very moment is out of use until the system notices.)
fn pool(connections: u32, patience: Patience) -> PgPoolOptions {
    let sign_of_life = patience.sign_of_life;
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience.connection)
        .test_before_acquire(false)
        .before_acquire(move |conn, _| {
            Box::pin(async move { Ok(!conn.is_in_transaction() && lives(conn, sign_of_life).await?) })
        })
        .after_release(move |conn, _| Box::pin(lives(conn, sign_of_life)))
        .after_connect(|conn, _| Box::pin(async move { sqlx::query(SETTINGS).execute(conn).await.map(drop) }))
}

/// Whether a connection answers, which it does not at all where it answers too late.
async fn lives(conn: &mut PgConnection, patience: Duration) -> Result<bool, sqlx::Error> {
    within(patience, conn.ping()).await?.map(|()| true)
}

fn unreachable(options: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    match error {
        // The certificate of the server: the TLS library's words for it come as an error of the connection.
        sqlx::Error::Io(e) if e.kind() == ErrorKind::InvalidData => database(sqlx::Error::Tls(e.into())),
        sqlx::Error::Io(e) => StoreError::Database(format!(
            "no database at {}:{} ({e}); see whether the server of database_url runs, and whether it lets this machine in",
            options.get_host(),
            options.get_port()
        )),
        other => database(other),
    }
}

/// What a server says of itself, on which the promises rest; so it is read rather than believed.
#[derive(Clone)]
struct Server {
    version: i32,
    encoding: String,
    fsync: String,
    full_page_writes: String,
}

async fn check_server(conn: &mut PgConnection) -> Result<(), StoreError> {
    let (version, encoding, fsync, full_page_writes) = sqlx::query_as(
        "SELECT CAST(current_setting('server_version_num') AS INTEGER), current_setting('server_encoding'),
            current_setting('fsync'), current_setting('full_page_writes')",
    )
    .fetch_one(conn)
    .await
    .map_err(database)?;
    let server = Server { version, encoding, fsync, full_page_writes };
    server.fault().map_or(Ok(()), |why| Err(StoreError::Database(why)))
}

impl Server {
    /// Why a store cannot be there.
    fn fault(&self) -> Option<String> {
        let Self { version, encoding, fsync, full_page_writes } = self;
        if *version < OLDEST_SERVER {
            let (found, needed) = (version / 10_000, OLDEST_SERVER / 10_000);
            return Some(format!("the server is PostgreSQL {found}, and leadboard needs {needed} or newer"));
        }
        if encoding != "UTF8" {
            return Some(format!("the database has the encoding {encoding}; create one with ENCODING 'UTF8'"));
        }
        if fsync != "on" || full_page_writes != "on" {
            return Some(format!(
                "the server can lose what it acknowledged (fsync {fsync}, full_page_writes {full_page_writes}); set both \
                 to on"
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_keep_the_promises_is_refused() {
        let good =
            Server { version: 150_005, encoding: "UTF8".into(), fsync: "on".into(), full_page_writes: "on".into() };
        assert_eq!(good.fault(), None);
        for (bad, why) in [
            (Server { version: 120_019, ..good.clone() }, "PostgreSQL 12"),
            (Server { encoding: "SQL_ASCII".into(), ..good.clone() }, "encoding"),
            (Server { fsync: "off".into(), ..good.clone() }, "lose"),
            (Server { full_page_writes: "off".into(), ..good.clone() }, "lose"),
        ] {
            assert!(bad.fault().unwrap().contains(why));
        }
    }
}
