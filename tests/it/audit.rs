//! The audit trail as evidence: what somebody with the database file in hand can do, and that it is found and named.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use leadboard::app::audit_trail::{Fault, Head, Verification, verify};
use leadboard::app::ports::{AuditStore, Clock, Store};
use leadboard::store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::store_fixtures::{at, in_lane, place};

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        at(0)
    }
}

/// A store with some leads in it, and so with some audit records.
struct Trail {
    _dir: TempDir,
    path: PathBuf,
    store: Arc<dyn Store>,
}

impl Trail {
    async fn new() -> Self {
        let dir = place();
        let path = dir.path().join("leadboard.db");
        let store = SqliteStore::open(&path).await.unwrap();
        for lead in ["A", "B", "C"] {
            in_lane(&store, lead).await;
        }
        Self { _dir: dir, path, store: Arc::new(store) }
    }

    /// Does what somebody does who has the file and knows SQL: the triggers are no obstacle to them.
    async fn tamper(&self, sql: &'static str) {
        tamper(&self.path, sql).await;
    }

    async fn verify(&self, kept: &[Head]) -> Verification {
        verify(self.store.as_ref(), kept).await.unwrap()
    }

    async fn faults(&self) -> Vec<Fault> {
        let found = self.verify(&[]).await;
        assert_eq!(found.ok, found.faults.is_empty());
        assert_eq!(found.fault_count, found.faults.len() as u64);
        found.faults
    }
}

async fn tamper(path: &Path, sql: &'static str) {
    let mut conn = SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await.unwrap();
    for trigger in ["audit_no_update", "audit_no_delete", "audit_seals_no_update", "audit_seals_no_delete"] {
        let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER IF EXISTS {trigger}"));
        sqlx::raw_sql(drop).execute(&mut conn).await.unwrap();
    }
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn what_the_program_writes_is_sealed_at_once_and_whole() {
    let trail = Trail::new().await;
    let found = trail.verify(&[]).await;
    assert!(found.ok, "{found:?}");
    assert!(found.records >= 6, "{found:?}");
    assert_eq!((found.sealed, found.waiting), (found.records, 0));
    let head = found.head.unwrap();
    assert_eq!(head.seq, i64::try_from(found.records).unwrap());
    // A head stays good while the chain grows.
    in_lane(trail.store.as_ref(), "D").await;
    let later = trail.verify(std::slice::from_ref(&head)).await;
    assert!(later.ok && later.records > found.records, "{later:?}");
}

#[tokio::test]
async fn a_changed_record_is_named() {
    let trail = Trail::new().await;
    trail.tamper("UPDATE audit SET actor = 'nobody' WHERE id = 3").await;
    let faults = trail.faults().await;
    let [Fault::Changed { seq: 3, audit_id: 3, record }] = faults.as_slice() else { panic!("not the change") };
    assert!(record.contains("nobody"), "{record}");
}

#[tokio::test]
async fn a_missing_record_is_named_with_or_without_its_seal() {
    let trail = Trail::new().await;
    trail.tamper("DELETE FROM audit WHERE id = 2").await;
    assert_eq!(trail.faults().await, [Fault::Missing { seq: 2, audit_id: 2 }]);
    trail.tamper("DELETE FROM audit_seals WHERE seq = 2").await;
    assert_eq!(trail.faults().await, [Fault::Gap { from: 2, until: 2 }]);
}

#[tokio::test]
async fn closing_the_gap_does_not_hide_a_missing_record() {
    let trail = Trail::new().await;
    let sql = "DELETE FROM audit WHERE id = 2; DELETE FROM audit_seals WHERE seq = 2;
        UPDATE audit_seals SET seq = -seq WHERE seq > 2; UPDATE audit_seals SET seq = -seq - 1 WHERE seq < 0";
    trail.tamper(sql).await;
    let faults = trail.faults().await;
    assert!(faults.contains(&Fault::BrokenLink { seq: 2 }), "{faults:?}");
}

#[tokio::test]
async fn records_in_another_order_are_named() {
    let trail = Trail::new().await;
    let swap = "UPDATE audit SET id = -1 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = -1";
    trail.tamper(swap).await;
    let moved = |seq, sealed_at| Fault::Moved { seq, audit_id: seq, sealed_at };
    assert_eq!(trail.faults().await, [moved(2, 4), moved(4, 2)]);
}

#[tokio::test]
async fn a_record_written_behind_the_programs_back_is_named() {
    let trail = Trail::new().await;
    let forged = "INSERT INTO audit (at, actor, what, details) VALUES (1, 'dana', 'decision.taken', '{}')";
    trail.tamper(forged).await;
    let faults = trail.faults().await;
    let [Fault::Unsealed { record, .. }] = faults.as_slice() else { panic!("not the forgery") };
    assert!(record.contains("dana decision.taken"), "{record}");
}

#[tokio::test]
async fn a_head_that_was_kept_shows_a_cut_end_and_a_chain_made_anew() {
    let trail = Trail::new().await;
    let head = trail.verify(&[]).await.head.unwrap();
    let cut = "DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit);
        DELETE FROM audit_seals WHERE seq = (SELECT MAX(seq) FROM audit_seals)";
    trail.tamper(cut).await;
    assert_eq!(trail.faults().await, [], "a cut end cannot be seen in the chain itself");
    let found = trail.verify(std::slice::from_ref(&head)).await;
    assert_eq!(found.faults, [Fault::OtherHead { seq: head.seq, found: None }]);

    // Made anew: one record changed, all seals thrown away, and the program seals all that waits when it starts.
    trail
        .tamper(
            "UPDATE audit SET actor = 'nobody' WHERE id = 1; DELETE FROM audit_seals;
        INSERT INTO audit_waiting SELECT id FROM audit",
        )
        .await;
    trail.store.close().await;
    let again = SqliteStore::open(&trail.path).await.unwrap();
    in_lane(&again, "D").await;
    let found = verify(&again, &[]).await.unwrap();
    assert!(found.ok, "{found:?}");
    let found = verify(&again, std::slice::from_ref(&head)).await.unwrap();
    assert!(matches!(found.faults.as_slice(), [Fault::OtherHead { found: Some(_), .. }]), "{found:?}");
}

#[tokio::test]
async fn records_of_a_version_without_seals_are_sealed_when_the_store_opens() {
    let trail = Trail::new().await;
    trail.tamper("DELETE FROM audit_seals; INSERT INTO audit_waiting SELECT id FROM audit").await;
    assert_eq!(trail.verify(&[]).await.sealed, 0);
    trail.store.close().await;
    let again = SqliteStore::open(&trail.path).await.unwrap();
    let found = verify(&again, &[]).await.unwrap();
    assert!(found.ok && found.waiting == 0 && found.sealed == found.records, "{found:?}");
}

#[tokio::test]
async fn settings_are_noted_when_they_change_and_only_then() {
    use leadboard::app::events::config_in_force;
    let dir = place();
    let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
    let set = |gate: &str| [("routing.confidence_gate".to_owned(), gate.to_owned())].into();
    for gate in ["0.2", "0.2", "0.3"] {
        config_in_force(&store, &Stopped, "dana", &set(gate)).await.unwrap();
    }
    let found = store.audit_totals().await.unwrap();
    assert_eq!(found.records, 2);
    let newest = store.newest_event("config.changed").await.unwrap().unwrap();
    assert_eq!(newest.details["changed"], serde_json::json!(["routing.confidence_gate: 0.2 -> 0.3"]));
}
