//! What only the SQLite file itself can show: columns behind no port, several processes on one file, a sudden end.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use leadboard::app::ports::{DecideOutcome, DecisionStore, LeadStore, QueryStore};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::domain::lane::Lane;
use leadboard::store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use crate::store_fixtures::*;

/// A connection past the store.
async fn past(path: &std::path::Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn feedback_is_kept_for_each_verdict_and_retracted_when_it_is_taken_back() {
    let dir = place();
    let path = dir.path().join("leadboard.db");
    let store = SqliteStore::open(&path).await.unwrap();
    in_lane(&store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    store.undo(&id("A"), "Ana", at(6)).await.unwrap();
    store.decide(decision("A", 1, 7, false)).await.unwrap();

    let rows: Vec<(String, Option<String>, String, bool)> = sqlx::query_as(
        "SELECT verdict, rejection_code, feedback, retracted_at IS NOT NULL FROM training_feedback ORDER BY id",
    )
    .fetch_all(&mut past(&path).await)
    .await
    .unwrap();
    let row = |retracted| ("override".to_owned(), Some("O".to_owned()), r#"{"p_win":0.5}"#.to_owned(), retracted);
    assert_eq!(rows, [row(true), row(false)]);
}

#[tokio::test]
async fn a_poll_that_brought_nothing_new_is_no_news() {
    let dir = place();
    let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
    let poll = async || take_in(&store, vec![receive(raw("A", 0, rep("legacy")))], 0).await;
    assert_eq!(poll().await.received, 1);
    let (news, version) = (store.changes(), store.data_version().await.unwrap());
    assert_eq!(poll().await.refreshed, 0);
    assert!(!news.has_changed().unwrap());
    assert_eq!(store.data_version().await.unwrap(), version);
}

#[tokio::test]
async fn the_crms_record_and_every_ranking_are_kept() {
    let dir = place();
    let path = dir.path().join("leadboard.db");
    let store = SqliteStore::open(&path).await.unwrap();
    in_lane(&store, "A").await;
    let changed = raw("A", 2, rep("legacy"));
    take_in(&store, vec![refresh(changed.clone(), true)], 2).await;
    store.save_rankings(vec![ranked("A", 2, Lane::Fast, 1.0, 3)]).await.unwrap();
    let mut past = past(&path).await;
    let kept: String = sqlx::query_scalar("SELECT raw FROM leads").fetch_one(&mut past).await.unwrap();
    assert_eq!(kept, changed.raw);
    let lanes: Vec<String> =
        sqlx::query_scalar("SELECT lane FROM rankings ORDER BY id").fetch_all(&mut past).await.unwrap();
    assert_eq!(lanes, ["disagree", "fast"]);
}

#[tokio::test]
async fn two_processes_share_one_file() {
    let dir = place();
    let path = dir.path().join("leadboard.db");
    let (one, two) = (SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap());
    for n in 0..20 {
        in_lane(&one, &format!("L{n}")).await;
    }
    // Both decide every lead, at the same time; both send.
    let decide = async |store: &SqliteStore, who: u128| {
        let mut taken = 0;
        for n in 0..20_u128 {
            let mut new = decision(&format!("L{n}"), 0, 5, true);
            new.decision.trace_id = trace(n * 10 + who);
            if let Some(write) = &mut new.effect {
                write.trace_id = new.decision.trace_id;
            }
            taken += u32::from(store.decide(new).await.unwrap() == DecideOutcome::Taken);
        }
        taken
    };
    let (a, b) = tokio::join!(decide(&one, 1), decide(&two, 2));
    assert_eq!(a + b, 20);
    let claim = async |store: &SqliteStore| {
        let mut claimed = Vec::new();
        loop {
            let some = store.claim_effects("w", 3, at(100), at(50)).await.unwrap();
            if some.is_empty() {
                return claimed;
            }
            claimed.extend(some.into_iter().map(|effect| effect.id));
        }
    };
    let (mut claimed, other) = tokio::join!(claim(&one), claim(&two));
    claimed.extend(other);
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 20, "each effect went to one of them");
    assert_eq!(two.conservation().await.unwrap(), one.conservation().await.unwrap());
}

#[tokio::test]
async fn a_reader_sees_one_moment_while_the_writer_goes_on() {
    let dir = place();
    let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
    let write = async {
        for n in 0..60 {
            in_lane(&store, &format!("L{n}")).await;
        }
    };
    let read = async {
        for _ in 0..60 {
            assert_eq!(store.conservation().await.unwrap().lost(), 0);
            let filter = LeadFilter { lane: Some(Lane::Disagree), ..LeadFilter::default() };
            let page = store.queue_page(&filter, &Seek::Top, 1_000, at(1)).await.unwrap();
            assert_eq!(page.rows.len() as u64, page.total);
        }
    };
    tokio::join!(write, read);
}
