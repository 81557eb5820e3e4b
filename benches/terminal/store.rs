//! A store of many leads: a few hundred by the store's own calls, and the others as copies of those in SQL, under ids of
//! their own, because a million leads one by one take hours.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::decide::{VerdictRequest, decide};
use leadboard::app::ports::{
    Clock, Cursor, DecisionStore as _, EffectResult, IntakeChange, LeadStore as _, RankedLead, RawLead,
};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, ModelId, OrgId, QueueId, RepId, RepKey};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{Form, Lead, LegacyAssignment, Owner};
use leadboard::domain::pool::Pool;
use leadboard::domain::ranking::{Factor, Interval, RankedRep, Ranking, Support};
use leadboard::domain::recommendation::{Recommendation, Route, RouteReason};
use leadboard::domain::rep::{Queue, Rep, Roster};
use leadboard::domain::verdict::Verdict;
use leadboard::policy::Settings;
use leadboard::store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, SqliteConnection};

/// Of so many leads one waits in a lane; the others were decided and written.
pub(crate) const WAITS: usize = 20;
/// Reps in the ranking of a lead that waits, and of one that was decided.
pub(crate) const REPS: (usize, usize) = (60, 2);
/// Templates of each of the two kinds.
const TEMPLATES: usize = 100;

/// One moment for all of it: the newest lead is some minutes old.
pub(crate) struct Still(pub(crate) DateTime<Utc>);

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Makes a store of so many leads in a directory of data.
pub(crate) async fn make(data: &Path, leads: usize, now: DateTime<Utc>) {
    std::fs::create_dir_all(data).unwrap();
    let file = data.join("leadboard.db");
    let waiting = (leads / WAITS).min(TEMPLATES);
    let decided = (leads - leads / WAITS).min(TEMPLATES);
    templates(&file, waiting, decided, now).await;
    // What came of the templates themselves counts too.
    let mut conn = SqliteConnectOptions::new().filename(&file).foreign_keys(false).connect().await.unwrap();
    for set in ["PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000", "BEGIN"] {
        conn.execute(set).await.unwrap();
    }
    copies(&mut conn, "W", (leads / WAITS) / waiting - 1).await;
    copies(&mut conn, "D", (leads - leads / WAITS) / decided - 1).await;
    conn.execute("COMMIT").await.unwrap();
    drop(conn);
    // Else the disk is still busy with it when the dashboard wants to write that somebody opened it.
    std::fs::File::open(&file).unwrap().sync_all().unwrap();
}

async fn templates(file: &Path, waiting: usize, decided: usize, now: DateTime<Utc>) {
    let store = SqliteStore::open(file).await.unwrap();
    store.bind_org(&OrgId::new("00D1")).await.unwrap();
    store.save_roster(&roster(), now).await.unwrap();
    let id = |kind: &str, n: usize| LeadId::new(format!("{kind}{n:03}"));
    let waits = (0..waiting).map(|n| (id("W", n), REPS.0));
    let done = (0..decided).map(|n| (id("D", n), REPS.1));
    for (n, (lead, reps)) in waits.chain(done).enumerate() {
        let at = now - TimeDelta::minutes(10 + n as i64);
        let raw = RawLead { lead: read(&lead, n, at), raw: format!("{{\"Id\":\"{lead}\"}}") };
        let legacy = LegacyAssignment { owner: raw.lead.owner.clone(), captured_at: at };
        let change = IntakeChange::Receive { lead: Box::new(raw), legacy };
        store.take_in(vec![change], "leads", &Cursor::default(), at).await.unwrap();
        store.save_rankings(vec![ranked(&lead, n, reps, at)]).await.unwrap();
    }
    for n in 0..decided {
        let request = VerdictRequest {
            lead_id: id("D", n),
            verdict: Verdict::Approve,
            rejection: None,
            manager: "Ana".into(),
            seen_decisions: None,
        };
        decide(&store, &Still(now), &Settings::default(), request).await.unwrap();
    }
    let later = now + TimeDelta::hours(1);
    for effect in store.claim_effects("bench", 1_000, later + TimeDelta::hours(1), later).await.unwrap() {
        let owner_after = Some(effect.write.owner.clone());
        let done = EffectResult::Done { owner_after, stamps: None, source: None };
        assert!(store.finish_effect(&effect, done, later).await.unwrap());
    }
    store.close().await;
}

/// A table that holds something of each lead, its column with the lead's id, and the columns that are others in a copy, each
/// with what it becomes. Whatever else a row has is copied.
type Copied = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TABLES: [Copied; 6] = [
    ("intake", "lead_id", &[("seq", "t.seq + n.i * 1000"), ("lead_id", ID)]),
    (
        "leads",
        "id",
        &[
            ("id", "printf('%08d', n.i) || t.id"),
            ("company", "t.company || ' ' || n.i"),
            ("search_text", "t.search_text || ' ' || n.i"),
            ("queue_order", "t.queue_order - (n.i % 9973) / 9973.0"),
            ("received_at", "t.received_at - n.i * 1000000"),
            ("ranking_id", "t.ranking_id + n.i * 1000"),
        ],
    ),
    ("legacy_assignments", "lead_id", &[("lead_id", ID)]),
    ("rankings", "lead_id", &[("id", "t.id + n.i * 1000"), ("lead_id", ID)]),
    (
        "decisions",
        "lead_id",
        &[("trace_id", TRACE), ("key", "t.key || n.i"), ("lead_id", ID), ("ranking_id", "t.ranking_id + n.i * 1000")],
    ),
    (
        "outbox",
        "lead_id",
        &[("id", "t.id + n.i * 1000"), ("idem_key", "t.idem_key || n.i"), ("trace_id", TRACE), ("lead_id", ID)],
    ),
];
const ID: &str = "printf('%08d', n.i) || t.lead_id";
/// A UUID of its own, whose first eight digits count.
const TRACE: &str = "printf('%08x', n.i) || substr(t.trace_id, 9)";

/// So many copies of each template of a kind.
async fn copies(conn: &mut SqliteConnection, kind: &str, count: usize) {
    if count == 0 {
        return;
    }
    for (table, lead, changed) in TABLES {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid")
            .bind(table)
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        let value = |column: &String| {
            let other = changed.iter().find(|(name, _)| name == column);
            other.map_or_else(|| format!("t.{column}"), |(_, value)| (*value).to_owned())
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let text = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}),
                t AS MATERIALIZED (SELECT * FROM {table} WHERE substr({lead}, 1, 1) = '{kind}' ORDER BY {lead})
            INSERT INTO {table} ({}) SELECT {} FROM n CROSS JOIN t",
            columns.join(", "),
            values.join(", ")
        );
        conn.execute(sqlx::query(AssertSqlSafe(text))).await.unwrap();
    }
}

fn rep(n: usize) -> RepId {
    RepId::new(format!("005{n:03}"))
}

fn roster() -> Roster {
    let one = |n: usize| Rep {
        id: rep(n),
        key: RepKey::new(format!("rep {n}")),
        name: format!("Representative Number {n}"),
        active: true,
        territory: None,
        user_name: None,
        email: None,
    };
    let queue = Queue { id: QueueId::new("mq"), name: "Managers".into(), key: "Leadboard_Manager".into() };
    Roster { reps: (0..REPS.0).map(one).collect(), queues: vec![queue] }
}

fn read(id: &LeadId, n: usize, at: DateTime<Utc>) -> Lead {
    let source = Some(["Web form", "Webinar", "Fair", "Partner"][n % 4].into());
    Lead {
        id: id.clone(),
        company: format!("Company {id}"),
        contact: Some("Petra Person".into()),
        facts: LeadFacts { source, industry: Some("Software".into()), ..LeadFacts::empty(at) },
        form: Form::default(),
        owner: Owner::Rep(rep(1)),
        modified_at: at,
        modstamp: at,
        converted: false,
        deleted: false,
    }
}

fn ranked(id: &LeadId, n: usize, reps: usize, at: DateTime<Utc>) -> RankedLead {
    let factor = |m: usize| Factor {
        feature: format!("feature_{m}"),
        label: format!("Something about this lead x this rep {m}"),
        weight: 0.1 * m as f64 - 0.15,
    };
    let one = |rank: usize| RankedRep {
        rep_id: rep(rank),
        rank: rank as u32 + 1,
        p_win: 0.6 / (rank + 1) as f64,
        interval: Interval { low: 0.3 / (rank + 1) as f64, high: 0.8 / (rank + 1) as f64 },
        support: Support { deals: 80, wins: 20, similar_deals: 12, similar_wins: 4 },
        in_pool: true,
        factors: (0..3).map(factor).collect(),
    };
    RankedLead {
        lead_id: id.clone(),
        modstamp: at,
        ranking: Some(Ranking {
            model_id: ModelId::new("m-1"),
            ranked_at: at,
            reps: (0..reps).map(one).collect(),
            pool: Pool { eligible: (0..reps).map(rep).collect(), ..Pool::default() },
            segment: "industry Software".into(),
            expected: None,
            comparison: None,
            lead_score: None,
        }),
        recommendation: Recommendation {
            route: Route::AssignRep(rep(0)),
            reason: RouteReason::ModelPick,
            explanation: "the model prefers another".into(),
            gap: Some(0.3),
        },
        lane: [Lane::Disagree, Lane::Fast, Lane::Disagree, Lane::LowConfidence][n % 4],
        priority: 1.0 - n as f64 / 1_000.0,
        at,
        rules: String::new(),
        path: None,
        made_from: None,
    }
}
