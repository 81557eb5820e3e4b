//! `leadboard store copy`: a whole store there and back.

use std::path::Path;
use std::sync::Arc;

use leadboard::app::ports::{
    Cursor, DecisionStore, DriftDay, DriftMark, EffectResult, FirstChoice, HandOver, LeadCompany, Ledger, MadeFrom,
    ModelRow, NewDecision, NewHandoff, Presence, PresenceStore, QueryStore, RankedLead, SavedView, Selection,
    StopStore, Stopped, Store, StoredDesk, StoredRulebook,
};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::domain::deal::{Deal, LeadOutcome, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{ModelId, OrgId, RepId, RepKey};
use leadboard::domain::lane::Lane;
use leadboard::store::{PostgresStore, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use super::support::{Home, Ran};
use crate::store_cluster::database;
use crate::store_fixtures::{
    at, decision, id, in_lane, ranked, raw, receive, refresh, rep, roster, supersede, take_in,
};

/// Something in every table, some of it hostile.
async fn fill(store: &dyn Store) {
    store.bind_org(&OrgId::new("00D1")).await.unwrap();
    store.save_roster(&roster(), at(0)).await.unwrap();
    let book = StoredRulebook { version: "v1".into(), body: "format = 1".into(), since: at(4), place: "r.toml".into() };
    store.enforce(&book).await.unwrap();
    for n in 0..450 {
        in_lane(store, &format!("L{n:03}")).await;
    }
    let mut hostile = raw("H", 0, rep("legacy"));
    hostile.lead.company = "\u{1b}[31m'; DROP TABLE leads; --\u{202e} Ünïcode \u{1f600}".into();
    take_in(store, vec![receive(hostile), receive(raw("S", 0, rep("legacy")))], 1).await;
    take_in(store, vec![supersede(raw("S", 2, rep("person")), "taken by hand")], 2).await;
    take_in(store, vec![refresh(raw("L000", 3, rep("legacy")), true)], 3).await;
    let kept = |id: &str| Arc::new(StoredDesk { id: id.into(), body: "{}".into() });
    let made_from = MadeFrom { facts: "{}".into(), desk: kept("a hash"), situation: kept("another hash") };
    let made_from = Some(made_from);
    store.save_rankings(vec![RankedLead { made_from, ..ranked("L000", 3, Lane::Hot, 1.5, 4) }]).await.unwrap();
    for n in 1..8 {
        let name = format!("L{n:03}");
        let new = decision(&name, 0, 5, n != 7);
        let share = Ledger::decided(id(&name), &[], new.decision.owner.rep().unwrap(), at(5));
        store.decide(NewDecision { share: Some(share), contact_due: Some(at(60)), ..new }).await.unwrap();
    }
    store.undo(&id("L001"), "Ana", at(6)).await.unwrap();
    let results = [
        EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(21), at(22))), source: None },
        EffectResult::Superseded("a person was faster".into()),
        EffectResult::Dead("field is missing".into()),
        EffectResult::Retry { not_before: at(90), error: "busy".into(), counts: true },
    ];
    for effect in store.claim_effects("w", 5, at(60), at(30)).await.unwrap().into_iter().zip(results) {
        assert!(store.finish_effect(&effect.0, effect.1, at(31)).await.unwrap());
    }
    let mut returned = raw("L002", 40, rep("best"));
    returned.lead.form.returned = Some("too far \u{1f600}".into());
    take_in(store, vec![refresh(returned, false)], 40).await;
    let outcome = LeadOutcome {
        lead_id: id("L002"),
        rep_id: Some(RepId::new("best")),
        outcome: Some(Outcome::Won),
        closed_at: Some(at(900)),
        amount: Some(0.1 + 0.2),
    };
    let cursor = Cursor { low: Some(at(5)), since: None };
    store.save_outcomes(&[outcome], "outcomes", &cursor, at(901)).await.unwrap();
    let deals: Vec<Deal> = (0..420)
        .map(|n| Deal {
            lead_id: id(&format!("deal {n}")),
            rep: RepKey::new("Bea"),
            facts: LeadFacts { amount: Some(1.0 / f64::from(n + 1)), ..LeadFacts::empty(at(i64::from(n))) },
            closed_at: at(i64::from(n) + 100),
            closed_assumed: n % 2 == 0,
            outcome: if n % 3 == 0 { Outcome::Won } else { Outcome::Lost },
            closed_amount: (n % 5 > 0).then_some(f64::from(n) / 3.0),
        })
        .collect();
    store.save_deals(&deals, "history.csv", at(0)).await.unwrap();
    for n in 0..3 {
        let (model, card) = (ModelId::new(format!("m-{n}")), serde_json::json!({ "n": n }));
        let row = ModelRow { id: model, created_at: at(n), champion: n == 2, promoted_at: None, card };
        store.save_model(&row, &"artifact ".repeat(100_000)).await.unwrap();
    }
    let mark = DriftMark { day: at(0).date_naive(), gathered_at: at(1), model: Some(ModelId::new("m-2")) };
    store.save_drift_day(&DriftDay { mark, leads: "{}".into(), outcomes: "[]".into() }).await.unwrap();
    let begun = store.begin_backfill(&Selection::default(), &ModelId::new("m-2"), "Ana", at(5)).await.unwrap();
    assert!(begun.is_some());
    let lead = store.leads(&[id("L001")]).await.unwrap().pop().unwrap().lead;
    let keys = ["domain acme.com".to_owned(), "name acme".to_owned()].into();
    let company = LeadCompany { lead_id: lead.id, modstamp: lead.modstamp, keys, asked: None };
    store.note_companies(&[company], at(6)).await.unwrap();
    let filter = "src:web -score<5".parse().unwrap();
    let view = SavedView { manager: "Ana".into(), key: 3, name: "Web".into(), filter, lane: Some(Lane::Hot) };
    store.save_view(&view, at(7)).await.unwrap();
    let choice = FirstChoice {
        lead_id: id("L003"),
        decisions_made: 0,
        manager: "Ana".into(),
        owner: rep("legacy"),
        recommended: rep("best"),
        at: at(7),
    };
    assert!(store.choose_first(&choice).await.unwrap());
    let stop = Stopped { at: at(8), by: "Ana".into(), why: "the store moves".into() };
    assert!(store.stop_writes(&stop).await.unwrap());
    let hand = HandOver { from: "Ana".into(), to: "Ben".into(), note: Some("call".into()), at: at(9) };
    assert_eq!(store.hand_over(&[id("L020")], &hand).await.unwrap(), [id("L020")]);
    // Who is at work here, nobody has to know elsewhere.
    let here = Presence { manager: "Ana".into(), seen_at: at(9), claim: None };
    store.note_presence(&here).await.unwrap();
    let handoff = NewHandoff { at: at(9), by: "Ana".into(), note: Some("call Acme".into()), facts: "{}".into() };
    let handoff = store.write_handoff(&handoff).await.unwrap();
    assert!(store.accept_handoff(handoff, "Bob", at(10)).await.unwrap());
    store.save_drift_report(at(0).date_naive(), &ModelId::new("m-2"), "steady", "{}").await.unwrap();
}

/// What a screen would show.
async fn seen(store: &dyn Store) -> String {
    let page = store.queue_page(&LeadFilter::default(), &Seek::Top, 100, at(1_000)).await.unwrap();
    let detail = store.lead_detail(&id("L001")).await.unwrap();
    let rest = (store.audit(None, 2_000).await.unwrap(), store.deals().await.unwrap(), store.models().await.unwrap());
    let decisions = store.decisions_after(None, 100).await.unwrap();
    format!("{page:?} {detail:?} {decisions:?} {rest:?} {:?}", store.conservation().await.unwrap())
}

/// Tables that differ between two SQLite files, by a look past the program.
async fn differences(one: &Path, two: &Path) -> Vec<String> {
    let mut conn = SqliteConnectOptions::new().filename(one).connect().await.unwrap();
    let attach = AssertSqlSafe(format!("ATTACH '{}' AS two", two.display()));
    sqlx::query(attach).execute(&mut conn).await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('_sqlx_migrations', 'presence')";
    let mut differing = Vec::new();
    let mut filled = 0;
    for table in sqlx::query(tables).fetch_all(&mut conn).await.unwrap() {
        let table: String = table.get("name");
        let differ = format!(
            "SELECT (SELECT COUNT(*) FROM main.{table}) AS n,
                EXISTS (SELECT * FROM main.{table} EXCEPT SELECT * FROM two.{table})
                OR EXISTS (SELECT * FROM two.{table} EXCEPT SELECT * FROM main.{table}) AS differ"
        );
        let row = sqlx::query(AssertSqlSafe(differ)).fetch_one(&mut conn).await.unwrap();
        // What waits for its seal is sealed before a copy begins.
        let empty = row.get::<i64, _>("n") == 0;
        assert_eq!(empty, table == "audit_waiting", "the test forgot to put something into {table}");
        filled += 1;
        if row.get::<i64, _>("differ") != 0 {
            differing.push(table);
        }
    }
    assert!(filled >= 20, "{filled} tables");
    differing
}

fn copy(home: &Home, url: &str, way: &str) -> Ran {
    let mut command = home.command();
    command.env("LEADBOARD_DATABASE_URL", url).args(format!("store copy {way} --json").split(' '));
    Ran::of(command.output().unwrap())
}

#[tokio::test]
async fn a_store_moves_to_postgres_and_back_without_loss() {
    let Some(database) = database().await else { return };
    let (there, back) = ("--from sqlite --to postgres", "--from postgres --to sqlite");
    let (here, elsewhere) = (Home::new(), Home::new());
    let url = &database.url.replace("leadboard@", "leadboard:hunter2@");
    let refused = copy(&here, url, there).ended(1);
    assert!(refused.err.contains("there is no store in"), "{refused:?}");

    let file = here.data().join("leadboard.db");
    let store = SqliteStore::open(&file).await.unwrap();
    fill(&store).await;
    let shown = seen(&store).await;
    store.close().await;
    let moved = copy(&here, url, there).ended(0).json();
    assert!(moved["rows"].as_u64().unwrap() > 2_000, "{moved}");

    // Into a store that holds something, never.
    for way in [there, back] {
        let refused = copy(&here, url, way).ended(1);
        assert!(refused.err.contains("not empty") && !refused.err.contains("hunter2"), "{refused:?}");
    }
    let returned = copy(&elsewhere, url, back).ended(0).json();
    assert_eq!(moved["tables"], returned["tables"], "counts and checksums");
    assert_eq!(differences(&file, &elsewhere.data().join("leadboard.db")).await, [""; 0]);

    // It goes on there as it would have here: the same is seen, new rows get new numbers, a lease is still held.
    let store = PostgresStore::open(&database.url).await.unwrap();
    assert_eq!(seen(&store).await, shown);
    assert_eq!(store.present(at(0)).await.unwrap(), []);
    assert_eq!(store.stopped().await.unwrap().unwrap().why, "the store moves", "it is stopped there as well");
    assert!(store.resume_writes("Ana", "it has moved", at(58)).await.unwrap());
    assert!(store.claim_effects("w", 9, at(99), at(59)).await.unwrap().is_empty());
    assert_eq!(store.claim_effects("w", 9, at(99), at(90)).await.unwrap().len(), 2);
    in_lane(&store, "new").await;
    store.decide(decision("new", 0, 100, true)).await.unwrap();
    assert_eq!(store.conservation().await.unwrap().lost(), 0);
}

#[tokio::test]
async fn a_store_at_which_a_worker_is_at_work_is_not_copied() {
    use leadboard::app::ports::DutyStore;
    let Some(database) = database().await else { return };
    let home = Home::new();
    SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap().close().await;
    let store = PostgresStore::open(&database.url).await.unwrap();
    assert!(store.hold("worker", "elsewhere", std::time::Duration::from_mins(1)).await.unwrap());
    let refused = copy(&home, &database.url, "--from sqlite --to postgres").ended(1);
    assert!(refused.err.contains("a worker is at work"), "{refused:?}");
    store.let_go("worker", "elsewhere").await.unwrap();

    let lock = leadboard::worker::lock::WorkerLock::take(&home.data().join("worker.lock")).unwrap().unwrap();
    let refused = copy(&home, &database.url, "--from sqlite --to postgres").ended(1);
    assert!(refused.err.contains("a worker or a dashboard runs"), "{refused:?}");
    drop(lock);
    copy(&home, &database.url, "--from sqlite --to postgres").ended(0);
}

#[test]
fn a_copy_needs_two_stores() {
    let home = Home::new();
    let refused = home.run("store copy --from sqlite --to sqlite").ended(2);
    assert!(refused.err.contains("the same"), "{refused:?}");
    let refused = home.run("store copy --from sqlite --to postgres").ended(2);
    assert!(refused.err.contains("LEADBOARD_DATABASE_URL"), "{refused:?}");
    let refused = home.run("store copy --from sqlite --to postgres --database-url mysql://u:hunter2@h/d");
    assert!(!refused.err.contains("hunter2"), "{refused:?}");
}

#[tokio::test]
async fn every_command_uses_the_database_that_is_configured() {
    let Some(database) = database().await else { return };
    let store = PostgresStore::open(&database.url).await.unwrap();
    in_lane(&store, "L1").await;
    let home = Home::new();
    let mut command = home.command();
    command.env("LEADBOARD_DATABASE_URL", &database.url).args(["lead", "list", "--json"]);
    let listed = Ran::of(command.output().unwrap()).ended(0).json();
    assert!(listed.to_string().contains("Company L1"), "{listed}");
    assert!(!home.data().join("leadboard.db").exists(), "nothing is in the data directory");
}
