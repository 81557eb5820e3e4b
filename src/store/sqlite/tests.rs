//! What is SQLite's own: statements, plans, settings, locks, a full disk. What every store must do is in
//! `tests/it/store_conformance.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use sqlx::{Executor, Row, SqlSafeStr};
use tempfile::TempDir;

use super::*;
use crate::app::ports::{Cursor, DecisionStore, IntakeReport, LeadStore, QueryStore};
use crate::domain::ids::OrgId;
use crate::domain::rep::{Queue, Roster};
use crate::store::sql::{self, Statement};

async fn fresh() -> (TempDir, PathBuf, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").join("leadboard.db");
    let store = SqliteStore::open(&path).await.unwrap();
    (dir, path, store)
}

/// A roster that differs for each `n`, as the shortest way to make a commit.
fn roster(n: usize) -> Roster {
    let name = format!("Queue {n}");
    Roster {
        reps: Vec::new(),
        queues: vec![Queue { id: crate::domain::ids::QueueId::new("00G1"), name, key: "Q".into() }],
    }
}

async fn change(store: &SqliteStore, n: usize) -> Result<(), StoreError> {
    store.save_roster(&roster(n), DateTime::UNIX_EPOCH).await
}

#[tokio::test]
async fn every_statement_prepares() {
    let (_dir, _, store) = fresh().await;
    let mut conn = store.writer.acquire().await.unwrap();
    let mut prepared = 0;
    for (name, text) in sql::all(Dialect::Sqlite) {
        conn.prepare(text.into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        prepared += 1;
    }
    assert!(prepared > 50, "the registry lost statements: {prepared}");
}

/// Text files of the store's own source, by name.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn statements_stand_in_one_place_and_use_no_dialect() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    for (path, text) in sources(Path::new(folder)) {
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        // Copying whole stores puts its statements together, from names in this program.
        let built = ["store/query.rs", "store/copy.rs"].iter().any(|file| path.ends_with(file));
        assert!(built || !text.contains("AssertSqlSafe"), "{}: SQL is put together at run time", path.display());
        if !built && !path.components().any(|part| part.as_os_str() == "sql") {
            for word in ["\"INSERT ", "\"UPDATE ", "\"DELETE "] {
                assert!(!text.contains(word), "{}: a statement outside sql/", path.display());
            }
        }
    }
    for (name, text) in sql::all(Dialect::Sqlite).chain(sql::all(Dialect::Postgres)) {
        let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_ascii_uppercase).collect();
        for banned in ["LIKE", "REPLACE", "DELETE", "IFNULL", "DATETIME", "STRFTIME", "TRUE", "FALSE"] {
            // Nothing is ever deleted but the note that a record waits for its seal, and what was found out about a company
            // from words that the lead does not say any more.
            let passing = ["NO_LONGER_WAITING", "FORGET", "FORGET_KEYS"];
            let allowed = banned == "DELETE" && passing.contains(&name);
            assert!(allowed || !words.iter().any(|word| word == banned), "{name} uses {banned}");
        }
        assert!(!text.contains('?'), "{name} uses ? instead of $n");
        // A gap in the numbers would let a value slip into another's place.
        let used: BTreeSet<usize> = text
            .split('$')
            .skip(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap())
            .collect();
        assert_eq!(used, (1..=used.len()).collect(), "{name} skips a parameter");
    }
}

/// Lines of the query plan.
async fn plan(store: &SqliteStore, statement: Statement) -> Vec<String> {
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.on(Dialect::Sqlite)));
    let rows = sqlx::query(explain).fetch_all(&mut *store.writer.acquire().await.unwrap()).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

#[tokio::test]
async fn hot_statements_walk_an_index_and_sort_nothing() {
    let (_dir, _, store) = fresh().await;
    for (statement, index) in [
        (sql::queries::LANE_ONWARD, "leads_by_lane (state=? AND lane=? AND (queue_order,id)>(?,?))"),
        (sql::queries::LANE_BACKWARD, "leads_by_lane (state=? AND lane=? AND (queue_order,id)<(?,?))"),
        (sql::queries::STATE_ONWARD, "leads_by_state (state=? AND (queue_order,id)>(?,?))"),
        (sql::queries::STATE_BACKWARD, "leads_by_state (state=? AND (queue_order,id)<(?,?))"),
        (sql::queries::ALL_ONWARD, "leads_in_order ((queue_order,id)>(?,?))"),
        (sql::queries::ALL_BACKWARD, "leads_in_order ((queue_order,id)<(?,?))"),
        (sql::queries::SHADOW, "sqlite_autoindex_leads_1 (id>?)"),
        (sql::leads::PENDING, "leads_pending"),
        (sql::audit::NEWEST_OF_LEAD, "audit_by_lead (lead_id=?)"),
        (sql::decisions::AFTER, "sqlite_autoindex_decisions_1 (trace_id>?)"),
        (sql::outbox::CLAIM, "outbox_due (due_at<?)"),
        (sql::outbox::CLAIM_URGENT, "outbox_urgent (due_at<?)"),
        (sql::outbox::NEXT_AT, "outbox_due"),
        (sql::outbox::IN_STATE, "outbox_by_state (state=?)"),
        (sql::queries::LANE_COUNTS, "leads_by_lane"),
    ] {
        let plan = plan(&store, statement).await;
        assert!(plan.iter().any(|line| line.contains(index)), "{index} is not used:\n{plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "sorts:\n{plan:#?}");
        let scans =
            |line: &&String| line.starts_with("SCAN ") && !line.contains("INDEX") && !line.contains("json_each");
        assert_eq!(plan.iter().find(scans), None, "walks a whole table:\n{plan:#?}");
    }
    for statement in [
        sql::queries::LANE_TALLY,
        sql::queries::STATE_TALLY,
        sql::queries::ALL_TALLY,
        sql::queries::LANE_COUNTS,
        sql::queries::CONSERVATION,
    ] {
        for line in plan(&store, statement).await {
            let walks = line != "SCAN CONSTANT ROW" && (line.starts_with("SCAN") || line.starts_with("SEARCH"));
            assert!(!walks || line.contains("COVERING INDEX"), "counts from the table: {line}");
        }
    }
}

#[tokio::test]
async fn every_connection_has_the_settings_that_the_promises_rest_on() {
    let (_dir, _, store) = fresh().await;
    for pool in [&store.writer, &store.readers] {
        let mut conn = pool.acquire().await.unwrap();
        for (pragma, wanted) in [
            ("PRAGMA journal_mode", "wal"),
            ("PRAGMA synchronous", "2"),
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA busy_timeout", "5000"),
            ("PRAGMA trusted_schema", "0"),
            ("PRAGMA temp_store", "2"),
        ] {
            let row = sqlx::query(pragma).fetch_one(&mut *conn).await.unwrap();
            let found = row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string());
            assert_eq!(found, wanted, "{pragma}");
        }
    }
    let mut reader = store.readers.acquire().await.unwrap();
    assert!(sqlx::query("INSERT INTO meta VALUES ('a', 'b')").execute(&mut *reader).await.is_err());
    let tables = sqlx::query("PRAGMA table_list").fetch_all(&mut *reader).await.unwrap();
    for table in tables {
        let name: String = table.get("name");
        if !name.starts_with("sqlite_") && name != "_sqlx_migrations" {
            assert_eq!(table.get::<i64, _>("strict"), 1, "{name} is not STRICT");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_dir, path, store) = fresh().await;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    store.close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    SqliteStore::open(&path).await.unwrap().close().await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_newer_schema_is_refused_untouched() {
    let (_dir, path, store) = fresh().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&store.writer)
    .await
    .unwrap();
    store.close().await;
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 9999, .. }), "{refused}");
}

#[tokio::test]
async fn a_strange_file_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.db");
    std::fs::write(&text, "dear diary, this is certainly no database at all".repeat(100)).unwrap();
    let refused = SqliteStore::open(&text).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Corrupt(why) if why.contains("no leadboard database")), "{refused}");

    let (_other_dir, path, store) = fresh().await;
    for statement in ["DROP TABLE _sqlx_migrations", "CREATE TABLE diary (day TEXT)"] {
        sqlx::query(statement).execute(&store.writer).await.unwrap();
    }
    store.close().await;
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Corrupt(why) if why.contains("some other program")), "{refused}");
}

#[tokio::test]
async fn many_may_create_the_same_file_at_once() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("leadboard.db");
        let all = futures::future::join_all((0..6).map(|_| SqliteStore::open(&path))).await;
        for store in all {
            store.unwrap().bind_org(&OrgId::new("00D1")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_told_in_words_and_passes() {
    let (_dir, _, store) = fresh().await;
    change(&store, 0).await.unwrap();
    // To SQLite a page limit is a full disk: the same code, and the same rollback of its own accord.
    {
        let mut conn = store.writer.acquire().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await.unwrap();
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(limit).execute(&mut *conn).await.unwrap();
    }
    let mut n = 1;
    let refused = loop {
        match change(&store, n).await {
            Ok(()) => n += 1,
            Err(e) => break e.to_string(),
        }
        assert!(n < 10_000, "the disk never filled");
    };
    assert!(refused.contains("the disk is full"), "{refused}");
    let stored = store.roster().await.unwrap();
    assert_eq!(stored, roster(n - 1), "reads go on, and show what was acknowledged");
    // The limit belonged to the connection, which SQLite's own rollback has made useless: there is space again, if the
    // store takes a new one.
    change(&store, n).await.unwrap();
    assert_eq!(store.roster().await.unwrap(), roster(n));
}

#[tokio::test]
async fn a_held_lock_is_told_in_words() {
    let (_dir, path, store) = fresh().await;
    let other = SqliteStore::open(&path).await.unwrap();
    let holding = other.begin().await.unwrap();
    let nothing = store.take_in(Vec::new(), "leads", &Cursor::default(), DateTime::UNIX_EPOCH).await;
    assert_eq!(nothing.unwrap(), IntakeReport::default(), "a poll that brought nothing needs no lock");
    let refused = change(&store, 1).await.unwrap_err().to_string();
    assert!(refused.contains("another process has kept the database locked"), "{refused}");
    drop(holding);
    change(&store, 1).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_was_taken_away_takes_nothing_in_and_is_found_when_it_is_back() {
    let (_dir, path, store) = fresh().await;
    change(&store, 1).await.unwrap();
    let before = store.data_version().await.unwrap();
    let (here, away) = (path.parent().unwrap(), path.parent().unwrap().with_extension("away"));
    std::fs::rename(here, &away).unwrap();
    // SQLite would go on with a file that nobody finds any more.
    let asked = [change(&store, 2).await, store.roster().await.map(drop), store.data_version().await.map(drop)];
    for refused in asked {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("check that the data directory exists"), "{refused}");
    }
    std::fs::rename(&away, here).unwrap();
    assert_eq!(store.roster().await.unwrap(), roster(1));
    change(&store, 3).await.unwrap();
    assert_eq!(store.roster().await.unwrap(), roster(3));
    assert_ne!(store.data_version().await.unwrap(), before, "it may be another one by now");
}

#[tokio::test]
async fn transactions_that_read_first_do_not_fail_each_other() {
    let (_dir, path, one) = fresh().await;
    let two = SqliteStore::open(&path).await.unwrap();
    // A change of roster looks before it writes: begun without the write lock, it fails when the other one wrote.
    let changes = async |store: &SqliteStore, first: usize| {
        for n in 0..50 {
            change(store, first + n).await.unwrap();
        }
    };
    tokio::join!(changes(&one, 0), changes(&two, 1_000));
}

#[tokio::test]
async fn a_call_given_up_half_way_leaves_nothing_behind() {
    let (_dir, _, store) = fresh().await;
    {
        let mut tx = store.begin().await.unwrap();
        sqlx::query("INSERT INTO meta VALUES ('half', 'done')").execute(&mut *tx).await.unwrap();
    }
    change(&store, 1).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM meta").fetch_one(&store.readers).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn changes_are_noticed_from_here_and_from_elsewhere_and_nothing_else_is() {
    let (_dir, path, here) = fresh().await;
    let there = SqliteStore::open(&path).await.unwrap();
    let mut news = here.changes();

    let before = here.data_version().await.unwrap();
    assert_eq!(here.data_version().await.unwrap(), before, "nothing happened");

    change(&here, 1).await.unwrap();
    let own = here.data_version().await.unwrap();
    assert_ne!(own, before, "our own commit");
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    let seen_there = there.data_version().await.unwrap();

    change(&there, 2).await.unwrap();
    assert_ne!(here.data_version().await.unwrap(), own, "another's commit");
    assert_ne!(there.data_version().await.unwrap(), seen_there);
    assert!(!news.has_changed().unwrap(), "the channel tells of this process alone");

    // What changes nothing is not news: the same roster, an empty poll, a read.
    let quiet = (here.data_version().await.unwrap(), there.data_version().await.unwrap());
    change(&here, 2).await.unwrap();
    here.take_in(Vec::new(), "leads", &Cursor::default(), DateTime::UNIX_EPOCH).await.unwrap();
    here.save_rankings(Vec::new()).await.unwrap();
    here.claim_effects("w", 1, DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH).await.unwrap();
    here.release_leases().await.unwrap();
    here.conservation().await.unwrap();
    assert_eq!((here.data_version().await.unwrap(), there.data_version().await.unwrap()), quiet);
    assert!(!news.has_changed().unwrap());
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let (_dir, path, store) = fresh().await;
    change(&store, 1).await.unwrap();
    store.close().await;
    let files: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files, ["leadboard.db"], "the log was brought into the file");
    let closed = store.roster().await.unwrap_err().to_string();
    assert!(closed.contains("closed"), "{closed}");
    assert_eq!(SqliteStore::open(&path).await.unwrap().roster().await.unwrap(), roster(1));
}
