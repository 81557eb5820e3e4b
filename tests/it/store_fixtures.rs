//! Leads, rankings and decisions for the tests of the store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::ports::{
    Cursor, DecideOutcome, EffectResult, IntakeChange, IntakeReport, NewDecision, RankedLead, RawLead, Store,
    UndoOutcome,
};
use leadboard::domain::decision::{DecidedBy, Decision, WriteState};
use leadboard::domain::effect::DecisionWrite;
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{DecisionKey, LeadId, ModelId, QueueId, RepId, RepKey, TraceId};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{Form, Lead, LeadRecord, LegacyAssignment, Owner};
use leadboard::domain::pool::Pool;
use leadboard::domain::ranking::{Interval, RankedRep, Ranking, Support};
use leadboard::domain::recommendation::{Recommendation, Route, RouteReason};
use leadboard::domain::rep::{Queue, Rep, Roster};
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use leadboard::store::{PostgresStore, SqliteStore};
use tempfile::TempDir;
use uuid::Uuid;

/// The cursor of lead polling.
pub(crate) const LEADS: &str = "leads";
/// Grace period of the decisions made here, seconds.
pub(crate) const GRACE: i64 = 10;

/// A place for one database file; in memory where the system has such a place, because these tests commit a lot.
pub(crate) fn place() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A fresh SQLite store. Keep the directory as long as the store.
pub(crate) async fn sqlite() -> (TempDir, Arc<dyn Store>) {
    let (dir, store) = sqlite_file().await;
    (dir, Arc::new(store))
}

/// The same, where it must be known that it is one.
pub(crate) async fn sqlite_file() -> (TempDir, SqliteStore) {
    let dir = place();
    let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
    (dir, store)
}

/// A fresh PostgreSQL store, where there is a PostgreSQL.
pub(crate) async fn postgres() -> Option<Arc<dyn Store>> {
    let database = crate::store_cluster::database().await?;
    Some(Arc::new(PostgresStore::open(&database.url).await.unwrap()))
}

/// So many seconds after the beginning of the test's time.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn id(lead: &str) -> LeadId {
    LeadId::new(lead)
}

pub(crate) fn rep(rep: &str) -> Owner {
    Owner::Rep(RepId::new(rep))
}

pub(crate) fn queue(queue: &str) -> Owner {
    Owner::Queue(QueueId::new(queue))
}

/// A lead as read at change stamp `stamp` (seconds), owned by `owner`.
pub(crate) fn raw(lead: &str, stamp: i64, owner: Owner) -> RawLead {
    let facts = LeadFacts { source: Some("Web".into()), territory: Some("West".into()), ..LeadFacts::empty(at(-60)) };
    RawLead {
        lead: Lead {
            id: id(lead),
            company: format!("Company {lead}"),
            contact: Some("Petra Person".into()),
            facts,
            form: Form::default(),
            owner,
            modified_at: at(stamp),
            modstamp: at(stamp),
            converted: false,
            deleted: false,
        },
        raw: format!(r#"{{"Id":"{lead}","SystemModstamp":{stamp}}}"#),
    }
}

pub(crate) fn receive(lead: RawLead) -> IntakeChange {
    let legacy = LegacyAssignment { owner: lead.lead.owner.clone(), captured_at: at(0) };
    IntakeChange::Receive { lead: Box::new(lead), legacy }
}

pub(crate) fn refresh(lead: RawLead, rerank: bool) -> IntakeChange {
    IntakeChange::Refresh { lead: Box::new(lead), rerank }
}

pub(crate) fn supersede(lead: RawLead, why: &str) -> IntakeChange {
    IntakeChange::Supersede { lead: Box::new(lead), why: why.into() }
}

/// Takes changes in at a time, without moving the cursor.
pub(crate) async fn take_in(store: &dyn Store, changes: Vec<IntakeChange>, seconds: i64) -> IntakeReport {
    store.take_in(changes, LEADS, &Cursor::default(), at(seconds)).await.unwrap()
}

pub(crate) async fn record(store: &dyn Store, lead: &str) -> LeadRecord {
    store.leads(&[id(lead)]).await.unwrap().pop().unwrap()
}

/// A ranking with `best` before `second`, and what policy makes of it.
pub(crate) fn ranked(lead: &str, stamp: i64, lane: Lane, priority: f64, seconds: i64) -> RankedLead {
    let entry = |rank: u32, rep: &str, p_win| RankedRep {
        rep_id: RepId::new(rep),
        rank,
        p_win,
        interval: Interval { low: p_win / 2.0, high: p_win },
        support: Support::default(),
        in_pool: true,
        factors: Vec::new(),
    };
    RankedLead {
        lead_id: id(lead),
        modstamp: at(stamp),
        ranking: Some(Ranking {
            model_id: ModelId::new("m-1"),
            ranked_at: at(seconds),
            reps: vec![entry(1, "best", 0.5), entry(2, "legacy", 0.25)],
            pool: Pool { eligible: vec![RepId::new("best"), RepId::new("legacy")], ..Pool::default() },
            segment: "industry Software".into(),
            expected: None,
            comparison: None,
            lead_score: None,
        }),
        recommendation: recommendation(),
        lane,
        priority,
        at: at(seconds),
        rules: String::new(),
        path: None,
        made_from: None,
    }
}

pub(crate) fn recommendation() -> Recommendation {
    Recommendation {
        route: Route::AssignRep(RepId::new("best")),
        reason: RouteReason::ModelPick,
        explanation: "the model prefers best".into(),
        gap: Some(0.25),
    }
}

/// Received with the legacy owner, and ranked into a lane.
pub(crate) async fn in_lane(store: &dyn Store, lead: &str) {
    take_in(store, vec![receive(raw(lead, 0, rep("legacy")))], 0).await;
    let stored = store.save_rankings(vec![ranked(lead, 0, Lane::Disagree, 1.0, 1)]).await.unwrap();
    assert_eq!(stored, 1);
}

/// The `n`th trace of a test.
pub(crate) fn trace(n: u128) -> TraceId {
    TraceId::new(Uuid::from_u128(n))
}

/// A decision of Ana's for the model's pick; its trace is made of the lead and the count.
pub(crate) fn decision(lead: &str, made_before: u32, seconds: i64, effect: bool) -> NewDecision {
    let number = lead.bytes().fold(u128::from(made_before), |n, b| n * 1_000 + u128::from(b));
    let decision = Decision {
        trace_id: trace(number),
        key: DecisionKey::new(format!("{lead}-{made_before}")),
        lead_id: id(lead),
        by: DecidedBy::Manager("Ana".into()),
        verdict: Verdict::Override { rep: RepId::new("best") },
        rejection: Some(Rejection { code: ReasonCode::O.into(), note: Some("because".into()) }),
        owner: rep("best"),
        legacy_owner: rep("legacy"),
        recommendation: recommendation(),
        p_win: Some(0.5),
        model_id: Some(ModelId::new("m-1")),
        decided_at: at(seconds),
        grace_until: at(seconds + GRACE),
        undone_at: None,
        write: if effect { WriteState::Waiting } else { WriteState::NotWanted },
        replaces: None,
        closed_at: None,
    };
    let effect = effect.then(|| write_of(&decision));
    NewDecision {
        decision,
        expected_decisions: made_before,
        effect,
        feedback: Some(serde_json::json!({ "p_win": 0.5 })),
        share: None,
        contact_due: None,
        ranking: None,
    }
}

/// What puts back a decision that was sent.
pub(crate) fn putting_back(old: &Decision, sent: &DecisionWrite, made_before: u32, seconds: i64) -> NewDecision {
    let mut new = decision(old.lead_id.as_str(), made_before, seconds, true);
    new.decision.verdict = Verdict::Undo;
    new.decision.rejection = None;
    new.decision.owner = sent.expected_owner.clone();
    new.decision.grace_until = at(seconds);
    new.decision.replaces = Some(old.trace_id);
    new.feedback = None;
    let write = write_of(&new.decision);
    new.effect = Some(DecisionWrite { expected_owner: sent.owner.clone(), ..write });
    new
}

fn write_of(decision: &Decision) -> DecisionWrite {
    DecisionWrite {
        key: decision.key.clone(),
        trace_id: decision.trace_id,
        lead_id: decision.lead_id.clone(),
        expected_owner: rep("legacy"),
        expected_modified_at: at(0),
        owner: decision.owner.clone(),
        ai_assigned: true,
        reason: "the model prefers best".into(),
        reason_code: "model_pick".into(),
        verdict: decision.verdict.name().into(),
        p_win: decision.p_win,
        legacy_owner: decision.legacy_owner.clone(),
        model: "m-1".into(),
        decided_by: "Ana".into(),
        decided_at: decision.decided_at,
        task: None,
        source: None,
        urgent: false,
        rung: leadboard::domain::effect::Rung::Whole,
        return_reason: None,
    }
}

/// Decides, has it written and puts it back: the decision is closed, and one stands that replaces it.
pub(crate) async fn put_back(store: &dyn Store, new: NewDecision) {
    let (lead, made) = (new.decision.lead_id.clone(), new.expected_decisions);
    let seconds = (new.decision.decided_at - at(0)).num_seconds();
    assert_eq!(store.decide(new).await.unwrap(), DecideOutcome::Taken);
    let claimed = store.claim_effects("w", 99, at(seconds + 90), at(seconds + GRACE)).await.unwrap();
    let effect = claimed.iter().find(|effect| effect.write.lead_id == lead).unwrap();
    let stamps = Some((at(seconds + GRACE), at(seconds + GRACE)));
    let done = EffectResult::Done { owner_after: Some(effect.write.owner.clone()), stamps, source: None };
    assert!(store.finish_effect(effect, done, at(seconds + GRACE)).await.unwrap());
    let UndoOutcome::Sent(sent) = store.undo(&lead, "Ana", at(seconds + 20)).await.unwrap() else { panic!("not sent") };
    let back = putting_back(&sent.0, &sent.1, made + 1, seconds + 20);
    assert_eq!(store.decide(back).await.unwrap(), DecideOutcome::Taken);
}

pub(crate) fn roster() -> Roster {
    let rep = |id: &str, name: &str| Rep {
        id: RepId::new(id),
        key: RepKey::new(id),
        name: name.into(),
        active: true,
        territory: Some("West".into()),
        user_name: Some(format!("{id}@acme.example")),
        email: (id == "best").then(|| format!("{id}@mail.acme.example")),
    };
    Roster {
        reps: vec![rep("best", "Bea Best"), rep("legacy", "Leo Legacy")],
        queues: vec![Queue { id: QueueId::new("mq"), name: "Managers".into(), key: "Leadboard_Manager".into() }],
    }
}

/// Runs each test on every store there is.
macro_rules! on_every_store {
    ($($test:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    let (_dir, store) = crate::store_fixtures::sqlite().await;
                    super::$test(store).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    if let Some(store) = crate::store_fixtures::postgres().await {
                        super::$test(store).await;
                    }
                }
            )*
        }
    };
}
pub(crate) use on_every_store;
