//! What both databases must have alike: tables, columns, guards; and a whole store copied from one to the other.

use std::collections::BTreeMap;

use sqlx::{Executor, Row};
use tempfile::TempDir;

use super::cluster::{Database, database};
use super::copy::{Kind, TABLES};
use super::*;

/// A fresh SQLite store and its directory.
async fn sqlite() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
    (dir, store)
}

async fn postgres() -> Option<(Database, PostgresStore)> {
    let database = database().await?;
    let store = PostgresStore::open(&database.url).await.unwrap();
    Some((database, store))
}

/// Columns of each table: the type, and whether it may be null.
type Schema = BTreeMap<String, BTreeMap<String, (Kind, bool)>>;

fn kind(word: &str) -> Kind {
    match word {
        "TEXT" | "text" => Kind::Text,
        "INTEGER" | "bigint" => Kind::Int,
        "REAL" | "double precision" => Kind::Real,
        other => panic!("the schema uses three types, and {other} is none of them"),
    }
}

async fn schema_of_sqlite(store: &SqliteStore) -> Schema {
    let columns = "SELECT m.name AS tab, c.name AS col, c.type AS kind, c.\"notnull\" = 0 AND c.pk = 0 AS nullable
        FROM sqlite_schema m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> '_sqlx_migrations'";
    let mut schema = Schema::new();
    for row in sqlx::query(columns).fetch_all(&store.readers).await.unwrap() {
        let table = schema.entry(row.get("tab")).or_default();
        table.insert(row.get("col"), (kind(row.get("kind")), row.get("nullable")));
    }
    schema
}

async fn schema_of_postgres(store: &PostgresStore) -> Schema {
    let columns = "SELECT table_name::text AS tab, column_name::text AS col, data_type::text AS kind,
            is_nullable = 'YES' AS nullable, collation_name::text AS collation
        FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT IN ('_sqlx_migrations', 'singletons')";
    let mut schema = Schema::new();
    for row in sqlx::query(columns).fetch_all(&store.readers).await.unwrap() {
        let (table, column): (String, String) = (row.get("tab"), row.get("col"));
        let kind = kind(row.get("kind"));
        let collation: Option<String> = row.get("collation");
        assert_eq!(collation.as_deref(), (kind == Kind::Text).then_some("C"), "{table}.{column}");
        schema.entry(table).or_default().insert(column, (kind, row.get("nullable")));
    }
    schema
}

#[tokio::test]
async fn every_column_is_copied() {
    let (_dir, store) = sqlite().await;
    let types = |columns: BTreeMap<String, (Kind, bool)>| columns.into_iter().map(|(name, (kind, _))| (name, kind));
    let found: BTreeMap<_, BTreeMap<_, _>> =
        schema_of_sqlite(&store).await.into_iter().map(|(table, columns)| (table, types(columns).collect())).collect();
    // Who is at work here at this moment is no record.
    let found: BTreeMap<_, _> = found.into_iter().filter(|(table, _)| table != "presence").collect();
    let listed: BTreeMap<_, BTreeMap<_, _>> = TABLES
        .iter()
        .map(|table| (table.name.to_owned(), table.columns.iter().map(|(n, k)| ((*n).to_owned(), *k)).collect()))
        .collect();
    assert_eq!(found, listed);
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let Some((_, postgres)) = postgres().await else { return };
    let (_dir, sqlite) = sqlite().await;
    assert_eq!(schema_of_sqlite(&sqlite).await, schema_of_postgres(&postgres).await);
}

/// One row of everything that must not change afterwards.
const ROWS: &[&str] = &[
    "INSERT INTO intake (lead_id, received_at, modstamp) VALUES ('L', 0, 0)",
    "INSERT INTO leads (id, company, search_text, facts, owner_kind, owner_id, created_at, modified_at, modstamp,
        converted, deleted, state, queue_order, decisions_made, received_at, raw, lane)
        VALUES ('L', 'c', 'c', '{}', 'rep', 'r', 0, 0, 0, 0, 0, 'decided', 0.0, 1, 0, '{}', 'fast')",
    "INSERT INTO legacy_assignments VALUES ('L', 'rep', 'r', 0)",
    "INSERT INTO decisions (trace_id, key, lead_id, decided_by_kind, verdict, owner_kind, owner_id, legacy_kind,
        legacy_id, recommendation, decided_at, grace_until, write_state)
        VALUES ('t', 'k', 'L', 'automatic', '{}', 'rep', 'r', 'rep', 'r', '{}', 0, 0, 'waiting')",
    "INSERT INTO outbox (idem_key, trace_id, lead_id, payload, state, attempts, not_before, due_at, lease_token,
        created_at) VALUES ('k', 't', 'L', '{}', 'ready', 0, 0, 0, 0, 0)",
    "INSERT INTO training_feedback (trace_id, lead_id, verdict, feedback, given_at)
        VALUES ('t', 'L', 'approve', '{}', 0)",
    "INSERT INTO rep_feedback VALUES ('t', 'L', 'r', 'no', '{}', 0)",
    "INSERT INTO audit (at, actor, what, details) VALUES (0, 'a', 'w', '{}')",
    "INSERT INTO audit_seals VALUES (1, 1, 'c', 'l')",
    "INSERT INTO desks VALUES ('d', '{}')",
    "INSERT INTO rulebooks VALUES ('v', '', 0, 'p')",
    "INSERT INTO backfill_runs (started_at, started_by, model_id, selection, state, tally)
        VALUES (0, 'a', 'm', '{}', 'running', '{}')",
];

/// What is refused, with a word of SQLite's refusal and one of PostgreSQL's.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("UPDATE intake SET received_at = 1", "append-only", "append-only"),
    ("DELETE FROM intake", "append-only", "append-only"),
    ("DELETE FROM leads", "never deleted", "never deleted"),
    ("UPDATE leads SET state = 'forgotten'", "CHECK", "check"),
    ("UPDATE leads SET lane = NULL", "CHECK", "check"),
    ("UPDATE legacy_assignments SET owner_id = 'x'", "captured once", "captured once"),
    ("DELETE FROM legacy_assignments", "captured once", "captured once"),
    ("UPDATE decisions SET owner_id = 'x'", "only the write state", "only the write state"),
    ("UPDATE decisions SET replaces = 't'", "only the write state", "only the write state"),
    ("DELETE FROM decisions", "never deleted", "never deleted"),
    ("UPDATE training_feedback SET verdict = 'override'", "retracted", "retracted"),
    ("DELETE FROM training_feedback", "retracted", "retracted"),
    ("UPDATE rep_feedback SET said = 'x'", "never changed", "never changed"),
    ("DELETE FROM rep_feedback", "never taken away", "taken away"),
    ("INSERT INTO rep_feedback VALUES ('t', 'L', 'r', 'no', '{}', 0)", "UNIQUE", "unique"),
    ("DELETE FROM outbox", "never deleted", "never deleted"),
    ("UPDATE audit SET actor = 'x'", "append-only", "append-only"),
    ("DELETE FROM audit", "append-only", "append-only"),
    ("UPDATE audit_seals SET content = 'x'", "never changed", "never changed"),
    ("DELETE FROM audit_seals", "never taken away", "taken away"),
    ("UPDATE desks SET body = 'x'", "never changed", "never changed"),
    ("DELETE FROM desks", "never taken away", "taken away"),
    ("UPDATE rulebooks SET body = 'x'", "never changed", "never changed"),
    ("DELETE FROM rulebooks", "never taken away", "taken away"),
    ("UPDATE decisions SET share = 'x'", "only the write state", "only the write state"),
    // A decision that is replaced twice, and a second back-fill at a time.
    (
        "INSERT INTO decisions (trace_id, key, lead_id, decided_by_kind, verdict, owner_kind, owner_id, legacy_kind,
            legacy_id, recommendation, decided_at, grace_until, write_state, closed_at, replaces)
            VALUES ('t3', 'k3', 'L', 'automatic', '{}', 'rep', 'r', 'rep', 'r', '{}', 0, 0, 'written', 1, 't'),
                ('t4', 'k4', 'L', 'automatic', '{}', 'rep', 'r', 'rep', 'r', '{}', 0, 0, 'written', 1, 't')",
        "UNIQUE constraint failed: decisions.replaces",
        "decisions_replaced",
    ),
    (
        "INSERT INTO backfill_runs (started_at, started_by, model_id, selection, state, tally)
            VALUES (0, 'a', 'm', '{}', 'running', '{}')",
        "UNIQUE constraint failed: backfill_runs.state",
        "backfill_running",
    ),
    // A second live effect for the same lead, a second standing decision, a lead that was never received.
    (
        "INSERT INTO outbox (idem_key, trace_id, lead_id, payload, state, attempts, not_before, due_at, lease_token,
            created_at) VALUES ('k2', 't', 'L', '{}', 'ready', 0, 0, 0, 0, 0)",
        "UNIQUE constraint failed: outbox.lead_id",
        "outbox_live_lead",
    ),
    (
        "INSERT INTO decisions SELECT 't2', 'k2', lead_id, ranking_id, decided_by_kind, decided_by_name, verdict,
            rejection_code, rejection_note, owner_kind, owner_id, legacy_kind, legacy_id, recommendation, p_win, model_id,
            decided_at, grace_until, undone_at, write_state, replaces, closed_at, share, booked FROM decisions",
        "UNIQUE constraint failed: decisions.lead_id",
        "decisions_standing",
    ),
    (
        "INSERT INTO leads SELECT 'X', company, contact, source, territory, search_text, facts, owner_kind, owner_id,
            created_at, modified_at, modstamp, converted, deleted, state, lane, queue_order, ranking_id, snoozed_until,
            decisions_made, superseded_why, received_at, first_ranked_at, ranked_at, raw, form, earlier,
            open_with, disqualified FROM leads",
        "FOREIGN KEY",
        "foreign key",
    ),
];

const ALLOWED: &[&str] = &[
    "UPDATE decisions SET write_state = 'written'",
    "UPDATE outbox SET state = 'done', due_at = NULL",
    "UPDATE training_feedback SET retracted_at = 1",
];

const RISEN: (&str, &str) = ("UPDATE outbox SET state = 'ready', due_at = 0", "stays settled");

/// Runs the lists above on a pool.
macro_rules! guards_hold {
    ($pool:expr, $word:tt) => {
        for row in ROWS {
            $pool.execute(*row).await.unwrap();
        }
        for forbidden in FORBIDDEN {
            let refused = $pool.execute(forbidden.0).await.expect_err(forbidden.0).to_string();
            assert!(refused.contains(forbidden.$word), "{}: {refused}", forbidden.0);
        }
        for allowed in ALLOWED {
            $pool.execute(*allowed).await.unwrap();
        }
        assert!($pool.execute(RISEN.0).await.unwrap_err().to_string().contains(RISEN.1));
    };
}

#[tokio::test]
async fn what_must_not_change_cannot_in_sqlite() {
    let (_dir, store) = sqlite().await;
    guards_hold!(&store.writer, 1);
}

#[tokio::test]
async fn what_must_not_change_cannot_in_postgres() {
    let Some((_, store)) = postgres().await else { return };
    guards_hold!(&store.writer, 2);
    for table in
        ["intake", "leads", "legacy_assignments", "decisions", "training_feedback", "rep_feedback", "outbox", "audit"]
            .map(str::to_owned)
    {
        let truncate = sqlx::AssertSqlSafe(format!("TRUNCATE {table} CASCADE"));
        let refused = store.writer.execute(truncate).await.unwrap_err().to_string();
        assert!(
            refused.contains("never") || refused.contains("append-only") || refused.contains("retracted"),
            "{refused}"
        );
    }
}
