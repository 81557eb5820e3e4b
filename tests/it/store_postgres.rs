//! Several processes on one PostgreSQL database, at the same time on the same leads. (What one does, whatever the database,
//! is in `store_conformance.rs`.)

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use leadboard::app::ports::{DecideOutcome, DecisionStore, EffectResult, LeadStore, QueryStore, UndoOutcome};
use leadboard::domain::ids::TraceId;
use leadboard::domain::lane::Lane;
use leadboard::store::PostgresStore;
use leadboard::store::copy::copy;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

use crate::store_cluster::{Database, database};
use crate::store_fixtures::*;

/// Two stores, as two processes would open them.
async fn two() -> Option<(Database, [Arc<PostgresStore>; 2])> {
    let database = database().await?;
    let mut stores = Vec::new();
    for _ in 0..2 {
        stores.push(Arc::new(PostgresStore::open(&database.url).await.unwrap()));
    }
    Some((database, stores.try_into().unwrap()))
}

/// One number, by a look past the store.
async fn number(database: &Database, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut database.past().await).await.unwrap()
}

#[tokio::test]
async fn of_two_who_ranked_the_same_leads_one_is_stored() {
    let Some((database, [one, two])) = two().await else { return };
    let leads: Vec<String> = (0..40).map(|n| format!("L{n:02}")).collect();
    take_in(&*one, leads.iter().map(|lead| receive(raw(lead, 0, rep("legacy")))).collect(), 0).await;
    let rankings = |lane| leads.iter().map(|lead| ranked(lead, 0, lane, 1.0, 1)).collect();
    let (a, b) = tokio::join!(one.save_rankings(rankings(Lane::Fast)), two.save_rankings(rankings(Lane::Hot)));
    assert_eq!(a.unwrap() + b.unwrap(), 40);
    assert_eq!(number(&database, "SELECT COUNT(*) FROM rankings").await, 40);
    assert_eq!(number(&database, "SELECT COUNT(*) FROM audit WHERE what = 'lead.ranked'").await, 40);
}

#[tokio::test]
async fn a_store_that_was_copied_here_goes_on_where_it_stood() {
    let Some(database) = database().await else { return };
    let (_dir, file) = sqlite_file().await;
    for lead in ["A", "B", "C"] {
        in_lane(&file, lead).await;
    }
    file.decide(decision("A", 0, 5, true)).await.unwrap();
    let store = PostgresStore::open(&database.url).await.unwrap();
    copy(&file, &store, &mut |_, _| {}).await.unwrap();
    // Whatever a database numbers by itself must not begin again with what is there.
    in_lane(&store, "D").await;
    store.decide(decision("D", 0, 6, true)).await.unwrap();
    store.decide(decision("B", 0, 7, true)).await.unwrap();
    let counts = store.conservation().await.unwrap();
    assert_eq!((counts.received, counts.decided, counts.in_lane, counts.lost()), (4, 3, 1, 0));
    assert_eq!(store.claim_effects("w", 9, at(100), at(50)).await.unwrap().len(), 3);
    assert_eq!(number(&database, "SELECT COUNT(DISTINCT seq) FROM intake").await, 4);
}

#[tokio::test]
async fn an_effect_goes_to_one_of_many_and_none_waits_for_another() {
    let Some((_, [one, two])) = two().await else { return };
    for n in 0..60 {
        let lead = format!("L{n:02}");
        in_lane(&*one, &lead).await;
        one.decide(decision(&lead, 0, 5, true)).await.unwrap();
    }
    let claim = async |store: &PostgresStore| {
        let mut claimed = Vec::new();
        loop {
            let some = store.claim_effects("w", 3, at(100), at(50)).await.unwrap();
            if some.is_empty() {
                return claimed;
            }
            claimed.extend(some.into_iter().map(|effect| effect.id));
        }
    };
    let all = tokio::join!(claim(&one), claim(&two), claim(&one), claim(&two));
    let claimed = [all.0, all.1, all.2, all.3].concat();
    assert_eq!(claimed.len(), 60);
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), 60);

    // One who is in the middle of taking some holds nobody up: the others take what is left.
    let (database, [one, two]) = self::two().await.unwrap();
    for lead in ["A", "B"] {
        in_lane(&*one, lead).await;
        one.decide(decision(lead, 0, 5, true)).await.unwrap();
    }
    let mut slow = database.past().await;
    for sql in ["BEGIN", "SELECT id FROM outbox WHERE lead_id = 'A' FOR UPDATE"] {
        sqlx::query(sql).execute(&mut slow).await.unwrap();
    }
    let left = two.claim_effects("w", 9, at(100), at(50)).await.unwrap();
    assert_eq!(left.iter().map(|effect| effect.write.lead_id.as_str()).collect::<Vec<_>>(), ["B"]);
}

#[tokio::test]
async fn taking_back_twice_at_once_does_not_reach_the_decision_after_it() {
    let Some((database, [one, two])) = two().await else { return };
    in_lane(&*one, "A").await;
    one.decide(decision("A", 0, 5, false)).await.unwrap();
    // The first one took it back and decided anew, and is just about to commit when the second one comes.
    let mut first = database.past().await;
    for sql in [
        "BEGIN",
        "SELECT id FROM leads WHERE id = 'A' FOR NO KEY UPDATE",
        "UPDATE decisions SET undone_at = 1, write_state = 'undone'",
        "INSERT INTO decisions SELECT '00000000-0000-0000-0000-0000000000ff', 'later', lead_id, ranking_id, decided_by_kind,
            decided_by_name, verdict, rejection_code, rejection_note, owner_kind, owner_id, legacy_kind, legacy_id,
            recommendation, p_win, model_id, decided_at, 0, NULL, 'not_wanted' FROM decisions",
        "UPDATE leads SET decisions_made = 2",
    ] {
        sqlx::query(sql).execute(&mut first).await.unwrap();
    }
    let second = tokio::spawn(async move { two.undo(&id("A"), "Bob", at(6)).await.unwrap() });
    while number(&database, "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").await == 0 {
        tokio::task::yield_now().await;
    }
    sqlx::query("COMMIT").execute(&mut first).await.unwrap();
    let outcome = second.await.unwrap();
    assert!(matches!(&outcome, UndoOutcome::TooLate(why) if why.contains("ended at")), "{outcome:?}");
    assert_eq!(number(&database, "SELECT COUNT(*) FROM leads WHERE state = 'decided'").await, 1);
}

/// What must hold of everything that is stored, at any moment. Each counts what breaks a rule.
const BROKEN: &[(&str, &str)] = &[
    (
        "a lead is decided if and only if a decision stands",
        "SELECT COUNT(*) FROM leads l WHERE (l.state = 'decided')
            <> EXISTS (SELECT 1 FROM decisions d WHERE d.lead_id = l.id AND d.undone_at IS NULL)
            AND l.state <> 'superseded'",
    ),
    (
        "decisions are counted",
        "SELECT COUNT(*) FROM leads l WHERE decisions_made <> (SELECT COUNT(*) FROM decisions d WHERE d.lead_id = l.id)",
    ),
    (
        "each decision has its events",
        "SELECT COUNT(*) FROM decisions d WHERE
            (SELECT COUNT(*) FROM audit a WHERE a.trace_id = d.trace_id AND a.what = 'decision.taken') <> 1
            OR (SELECT COUNT(*) FROM audit a WHERE a.trace_id = d.trace_id AND a.what = 'decision.undone')
                <> CASE WHEN d.undone_at IS NULL THEN 0 ELSE 1 END",
    ),
    (
        "a decision that was taken back is not sent, and one that waits is",
        "SELECT COUNT(*) FROM decisions d JOIN outbox o ON o.trace_id = d.trace_id WHERE
            (d.undone_at IS NOT NULL) <> (o.state = 'cancelled')
            OR (d.write_state = 'waiting') <> (o.state IN ('ready', 'leased'))",
    ),
    (
        "each ranking has its event, and the lead has the newest",
        "SELECT COUNT(*) FROM leads l WHERE l.ranking_id <> (SELECT MAX(id) FROM rankings r WHERE r.lead_id = l.id)
            OR (SELECT COUNT(*) FROM rankings r WHERE r.lead_id = l.id)
                <> (SELECT COUNT(*) FROM audit a WHERE a.lead_id = l.id AND a.what = 'lead.ranked')",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_many_do_to_the_same_leads_at_once_every_rule_holds() {
    const LEADS: usize = 12;
    let Some((database, stores)) = two().await else { return };
    // The newest reading that anybody offered of each lead.
    let newest = Arc::new(Mutex::new([0; LEADS]));
    for n in 0..LEADS {
        in_lane(&*stores[0], &format!("L{n}")).await;
    }
    let tasks: Vec<_> = (0..8_u64)
        .map(|seed| {
            let (store, newest) = (stores[seed as usize % 2].clone(), newest.clone());
            tokio::spawn(async move {
                let mut dice = ChaCha8Rng::seed_from_u64(seed);
                let mut done = [0_u32; 5];
                for step in 0..60 {
                    let lead_no = dice.random_range(0..LEADS);
                    let lead = format!("L{lead_no}");
                    let now = 100 + step;
                    match dice.random_range(0..5) {
                        0 => {
                            let made = record(&*store, &lead).await.decisions_made;
                            let mut new = decision(&lead, made, now, dice.random_bool(0.15));
                            let trace = TraceId::new(Uuid::from_u128(dice.random()));
                            new.decision.trace_id = trace;
                            if let Some(write) = &mut new.effect {
                                write.trace_id = trace;
                            }
                            done[0] += u32::from(store.decide(new).await.unwrap() == DecideOutcome::Taken);
                        }
                        1 => {
                            let undone = store.undo(&id(&lead), "Ana", at(now)).await.unwrap();
                            done[1] += u32::from(matches!(undone, UndoOutcome::Undone(_)));
                        }
                        2 => {
                            let stamp = dice.random_range(0..200);
                            let other_no = dice.random_range(0..LEADS);
                            let both = [lead, format!("L{other_no}")];
                            let both = both.map(|lead| refresh(raw(&lead, stamp, rep("legacy")), true));
                            take_in(&*store, both.to_vec(), now).await;
                            let mut newest = newest.lock().unwrap();
                            for no in [lead_no, other_no] {
                                newest[no] = newest[no].max(stamp);
                            }
                        }
                        3 => {
                            let pending = store.pending(9).await.unwrap();
                            let stamp = |at: chrono::DateTime<chrono::Utc>| (at - self::at(0)).num_seconds();
                            let all = pending
                                .iter()
                                .map(|r| ranked(r.lead.id.as_str(), stamp(r.lead.modstamp), Lane::Disagree, 1.0, now));
                            done[3] += store.save_rankings(all.collect()).await.unwrap() as u32;
                        }
                        _ => {
                            for effect in store.claim_effects("w", 2, at(now + 1), at(now)).await.unwrap() {
                                // It was handed out, so from now on nobody may take the decision back.
                                let retry = EffectResult::Retry { not_before: at(0), error: "x".into(), counts: false };
                                done[4] += u32::from(store.finish_effect(&effect, retry, at(now)).await.unwrap());
                            }
                        }
                    }
                }
                done
            })
        })
        .collect();
    let mut done = [0; 5];
    for task in tasks {
        for (sum, n) in done.iter_mut().zip(task.await.unwrap()) {
            *sum += n;
        }
    }
    for (rule, broken) in BROKEN {
        assert_eq!(number(&database, broken).await, 0, "{rule}; {done:?}");
    }
    let newest = *newest.lock().unwrap();
    for (no, stamp) in newest.into_iter().enumerate() {
        let reading = record(&*stores[0], &format!("L{no}")).await.lead.modstamp;
        assert_eq!(reading, at(stamp), "a reading never goes back in time");
    }
    assert_eq!(stores[0].conservation().await.unwrap().lost(), 0);
    // How often each succeeds is chance; only that it happens at all is needed.
    assert!(done[0] > 5 && done[1] > 1 && done[3] > 5, "it was worth it: {done:?}");
}
