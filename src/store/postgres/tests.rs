//! What is PostgreSQL's own: statements, settings, locks, lost connections, several who share. What every store must do is
//! in `tests/it/store_conformance.rs`.

use std::time::{Duration, Instant};

use chrono::DateTime;
use sqlx::{Executor, SqlSafeStr};

use super::errors::database as database_error;
use super::*;
use crate::app::ports::{Cursor, DutyStore, LeadStore, QueryStore};
use crate::domain::ids::{OrgId, QueueId};
use crate::domain::rep::{Queue, Roster};
use crate::store::cluster::{Database, database};
use crate::store::sql;

/// A roster that differs for each `n`, as the shortest way to make a commit.
fn roster(n: usize) -> Roster {
    let name = format!("Queue {n}");
    Roster { reps: Vec::new(), queues: vec![Queue { id: QueueId::new("00G1"), name, key: "Q".into() }] }
}

async fn change(store: &PostgresStore, n: usize) -> Result<(), StoreError> {
    store.save_roster(&roster(n), DateTime::UNIX_EPOCH).await
}

async fn fresh() -> Option<(Database, PostgresStore)> {
    let database = database().await?;
    let store = PostgresStore::open(&database.url).await.unwrap();
    Some((database, store))
}

/// Waits until something holds.
async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(30), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Ends every connection to the database but the asking one, as a server that restarts does.
async fn cut(database: &Database) {
    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.past().await.execute(all).await.unwrap();
}

#[tokio::test]
async fn every_statement_prepares() {
    let Some((_, store)) = fresh().await else { return };
    let mut conn = store.writer.acquire().await.unwrap();
    let mut prepared = 0;
    for (name, text) in sql::all(Dialect::Postgres) {
        conn.prepare(text.into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        prepared += 1;
    }
    assert!(prepared > 60, "the registry lost statements: {prepared}");
}

#[tokio::test]
async fn every_connection_has_the_settings_that_the_promises_rest_on() {
    let Some((_, store)) = fresh().await else { return };
    let mut conns = Vec::new();
    for _ in 0..3 {
        conns.push(store.writer.acquire().await.unwrap());
    }
    for conn in &mut conns {
        for (setting, wanted) in [
            ("statement_timeout", "1min"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("synchronous_commit", "on"),
            ("application_name", "leadboard"),
        ] {
            let found: String =
                sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut **conn).await.unwrap();
            assert_eq!(found, wanted, "{setting}");
        }
    }
    let mut reading = store.read().await.unwrap();
    assert!(sqlx::query("INSERT INTO meta VALUES ('a', 'b')").execute(&mut *reading).await.is_err());
}

#[tokio::test]
async fn a_commit_is_on_disk_even_where_the_server_would_not_wait() {
    let Some(database) = database().await else { return };
    let lax = format!("{}&options=-csynchronous_commit%3Doff", database.url);
    let store = PostgresStore::open(&lax).await.unwrap();
    let found: String =
        sqlx::query_scalar("SELECT current_setting('synchronous_commit')").fetch_one(&store.writer).await.unwrap();
    assert_eq!(found, "on");
}

#[tokio::test]
async fn a_newer_schema_is_refused_untouched() {
    let Some((database, store)) = fresh().await else { return };
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', true, '', 0)",
    )
    .execute(&store.writer)
    .await
    .unwrap();
    store.close().await;
    let refused = PostgresStore::open(&database.url).await.unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 9999, .. }), "{refused}");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_in_words_that_tell_no_secret() {
    let Some(database) = database().await else { return };
    database.past().await.execute("CREATE TABLE leads (diary TEXT)").await.unwrap();
    let refused = PostgresStore::open(&database.url).await.unwrap_err().to_string();
    assert!(refused.contains("some other program"), "{refused}");

    let secret = database.url.replace("leadboard@", "leadboard:hunter2@");
    let missing = secret.replace("/test_", "/nowhere_");
    let refused = PostgresStore::open(&missing).await.unwrap_err().to_string();
    assert!(refused.contains("there is no such database") && !refused.contains("hunter2"), "{refused}");
    let refused = PostgresStore::open(&secret.replace("host=", "host=/nowhere")).await.unwrap_err().to_string();
    assert!(refused.contains("no database at") && !refused.contains("hunter2"), "{refused}");
    let refused = PostgresStore::open("postgres://u:hunter2@127.0.0.1:1/d").await.unwrap_err().to_string();
    assert!(refused.contains("127.0.0.1:1") && !refused.contains("hunter2"), "{refused}");
}

#[tokio::test]
async fn a_store_does_not_show_its_password() {
    let Some(database) = database().await else { return };
    let secret = database.url.replace("leadboard@", "leadboard:hunter2@");
    let store = PostgresStore::open(&secret).await.unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
}

#[tokio::test]
async fn many_may_create_the_same_schema_at_once() {
    let Some(database) = database().await else { return };
    let all = futures::future::join_all((0..6).map(|_| PostgresStore::open(&database.url))).await;
    for store in all {
        store.unwrap().bind_org(&OrgId::new("00D1")).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_replaced_and_the_work_is_done_all_the_same() {
    let Some((database, store)) = fresh().await else { return };
    for n in 0..5 {
        change(&store, n).await.unwrap();
        cut(&database).await;
        assert_eq!(store.roster().await.unwrap(), roster(n));
    }
    // In the middle of a transaction: the whole of it is done again.
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let broken_once = || async {
        let mut tx = store.begin().await?;
        sqlx::query("INSERT INTO meta VALUES ('k', 'v')").execute(&mut *tx).await.map_err(database_error)?;
        if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            cut(&database).await;
        }
        sqlx::query("INSERT INTO meta VALUES ('l', 'v')").execute(&mut *tx).await.map_err(database_error)?;
        store.commit(tx).await
    };
    store.again(broken_once).await.unwrap();
    assert_eq!(tries.into_inner(), 2);
}

#[tokio::test]
async fn two_who_wait_for_each_other_both_get_through() {
    let Some((_, store)) = fresh().await else { return };
    for key in ["a", "b"] {
        sqlx::query("INSERT INTO meta VALUES ($1, '0')").bind(key).execute(&store.writer).await.unwrap();
    }
    let meeting = tokio::sync::Barrier::new(2);
    let crosswise = async |first: &'static str, second: &'static str| {
        let met = std::sync::atomic::AtomicBool::new(false);
        let once = || async {
            let mut tx = store.begin().await?;
            let update = "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = $1";
            sqlx::query(update).bind(first).execute(&mut *tx).await.map_err(database_error)?;
            if !met.swap(true, std::sync::atomic::Ordering::SeqCst) {
                meeting.wait().await;
            }
            sqlx::query(update).bind(second).execute(&mut *tx).await.map_err(database_error)?;
            store.commit(tx).await
        };
        store.again(once).await.unwrap();
    };
    tokio::join!(crosswise("a", "b"), crosswise("b", "a"));
    let values: Vec<String> =
        sqlx::query_scalar("SELECT value FROM meta ORDER BY key").fetch_all(&store.writer).await.unwrap();
    assert_eq!(values, ["2", "2"]);
}

#[tokio::test]
async fn an_end_that_nobody_heard_of_is_not_repeated() {
    let Some((database, store)) = fresh().await else { return };
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let cut_at_the_end = || async {
        tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut tx = store.begin().await?;
        sqlx::query("INSERT INTO meta VALUES ('k', 'v')").execute(&mut *tx).await.map_err(database_error)?;
        cut(&database).await;
        store.commit(tx).await
    };
    let refused = store.again(cut_at_the_end).await.unwrap_err().to_string();
    assert!(refused.contains("it is not known whether this was stored"), "{refused}");
    assert_eq!(tries.into_inner(), 1);
}

#[tokio::test]
async fn changes_are_noticed_from_here_and_from_elsewhere_and_nothing_else_is() {
    let Some((database, here)) = fresh().await else { return };
    let there = PostgresStore::open(&database.url).await.unwrap();
    // Both listen when each has heard once that it does.
    let (mut news, mut news_there) = (here.changes(), there.changes());
    for news in [&mut news, &mut news_there] {
        news.wait_for(|n| *n > 0).await.unwrap();
        news.mark_unchanged();
    }
    let before = here.data_version().await.unwrap();
    assert_eq!(here.data_version().await.unwrap(), before, "nothing happened");

    change(&here, 1).await.unwrap();
    let own = here.data_version().await.unwrap();
    assert_ne!(own, before, "our own commit");
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    let seen_there = there.data_version().await.unwrap();
    assert_eq!(seen_there, own, "the number is the database's");
    tokio::time::timeout(Duration::from_secs(1), news_there.changed()).await.unwrap().unwrap();

    change(&there, 2).await.unwrap();
    assert_ne!(here.data_version().await.unwrap(), own, "another's commit");
    tokio::time::timeout(Duration::from_secs(1), news.changed()).await.unwrap().unwrap();
    news.mark_unchanged();

    // What changes nothing is not news: the same roster, an empty poll, a read, a lease.
    let quiet = (here.data_version().await.unwrap(), there.data_version().await.unwrap());
    change(&here, 2).await.unwrap();
    here.take_in(Vec::new(), "leads", &Cursor::default(), DateTime::UNIX_EPOCH).await.unwrap();
    here.save_rankings(Vec::new()).await.unwrap();
    here.conservation().await.unwrap();
    assert!(there.hold("worker", "there", Duration::from_secs(5)).await.unwrap());
    assert_eq!((here.data_version().await.unwrap(), there.data_version().await.unwrap()), quiet);
    assert!(!news.has_changed().unwrap());
}

#[tokio::test]
async fn a_listener_that_lost_its_connection_hears_again() {
    let Some((database, here)) = fresh().await else { return };
    let there = PostgresStore::open(&database.url).await.unwrap();
    let mut news = here.changes();
    news.wait_for(|n| *n > 0).await.unwrap();
    cut(&database).await;
    // Told while nobody listened: the listener says so itself as soon as it is back.
    news.mark_unchanged();
    tokio::time::timeout(Duration::from_secs(10), news.changed()).await.unwrap().unwrap();
    let heard = *news.borrow_and_update();
    change(&there, 1).await.unwrap();
    eventually("news after the break", async || *here.changes().borrow() > heard).await;
}

#[tokio::test]
async fn one_worker_at_a_time_has_the_duty_and_another_takes_it_over() {
    let Some((database, one)) = fresh().await else { return };
    let two = PostgresStore::open(&database.url).await.unwrap();
    let long = Duration::from_mins(1);
    assert!(one.hold("worker", "one", long).await.unwrap());
    assert!(one.hold("worker", "one", long).await.unwrap(), "and keeps it");
    assert!(!two.hold("worker", "two", long).await.unwrap());
    assert!(two.hold("another duty", "two", long).await.unwrap());
    assert_eq!(two.held().await.unwrap().len(), 2);

    two.let_go("worker", "two").await.unwrap();
    assert!(!two.hold("worker", "two", long).await.unwrap(), "only the one who has it can give it up");
    one.let_go("worker", "one").await.unwrap();
    assert!(two.hold("worker", "two", Duration::from_millis(300)).await.unwrap());
    assert!(!one.hold("worker", "one", long).await.unwrap());
    // It dies, and the lease runs out.
    eventually("the duty is free", async || one.hold("worker", "one", long).await.unwrap()).await;
    let token: i64 = sqlx::query_scalar("SELECT token FROM singletons WHERE name = 'worker'")
        .fetch_one(&mut database.past().await)
        .await
        .unwrap();
    assert_eq!(token, 3, "it rose with each change of hands");
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_gets_the_duty() {
    let Some((_, store)) = fresh().await else { return };
    let names: Vec<String> = (0..8).map(|n| format!("worker {n}")).collect();
    let asked = names.iter().map(|name| store.hold("worker", name, Duration::from_mins(1)));
    let got = futures::future::join_all(asked).await.into_iter().filter(|got| *got.as_ref().unwrap()).count();
    assert_eq!(got, 1);
}

#[tokio::test]
async fn the_clock_is_the_servers() {
    let Some((database, store)) = fresh().await else { return };
    let at: i64 = sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
        .fetch_one(&mut database.past().await)
        .await
        .unwrap();
    let off = store.clock().now().timestamp_micros() - at;
    assert!((0..5_000_000).contains(&off), "{off} microseconds after the server's answer");
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let Some((_, store)) = fresh().await else { return };
    change(&store, 1).await.unwrap();
    store.close().await;
    let closed = store.roster().await.unwrap_err().to_string();
    assert!(closed.contains("closed"), "{closed}");
}
