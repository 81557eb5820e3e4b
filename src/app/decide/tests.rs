//! Verdicts on a real store: what is refused, and everything that a verdict that is taken leaves behind.

use std::sync::Mutex;

use chrono::Duration;
use serde_json::Value as Json;
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::app::batch::{self, Doing, Marked};
use crate::app::intake;
use crate::app::ports::{
    Cursor, DecisionStore, EffectResult, IntakeChange, LeadStore, QueryStore, RankedLead, RawLead, RoutingStore,
    StoredRulebook,
};
use crate::domain::effect::EffectState;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::{ModelId, QueueId, RepId, RepKey};
use crate::domain::lane::Lane;
use crate::domain::lead::{Form, Lead, LegacyAssignment};
use crate::domain::pool::Pool;
use crate::domain::ranking::{Factor, Interval, RankedRep, Ranking, Support};
use crate::domain::recommendation::{Route, RouteReason};
use crate::domain::rep::{Queue, Rep};
use crate::policy::rules::Rulebook;
use crate::store::SqliteStore;

/// A clock that moves when it is told to.
struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn rep(id: &str) -> Owner {
    Owner::Rep(RepId::new(id))
}

fn rejection(code: ReasonCode, note: Option<&str>) -> Rejection {
    Rejection { code: code.into(), note: note.map(str::to_owned) }
}

fn to_rep(id: &str) -> Verdict {
    Verdict::Override { rep: RepId::new(id) }
}

fn to_queue(id: &str) -> Verdict {
    Verdict::Reroute { queue: QueueId::new(id) }
}

/// One lead in a lane: Bea is recommended, Leo is the legacy owner, Ivo is inactive.
struct Office {
    _dir: TempDir,
    path: std::path::PathBuf,
    store: SqliteStore,
    clock: Hand,
    settings: Settings,
}

impl Office {
    async fn new() -> Self {
        Self::with(Route::AssignRep(RepId::new("bea"))).await
    }

    async fn with(route: Route) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("leadboard.db");
        let store = SqliteStore::open(&path).await.unwrap();
        store.bind_org(&OrgId::new("00D1")).await.unwrap();
        let person = |id: &str, name: &str, active| Rep {
            id: RepId::new(id),
            key: RepKey::new(id),
            name: name.into(),
            active,
            territory: None,
            user_name: None,
            email: None,
        };
        let queue =
            |id: &str, name: &str, key: &str| Queue { id: QueueId::new(id), name: name.into(), key: key.into() };
        let roster = Roster {
            reps: vec![
                person("bea", "Bea Best", true),
                person("leo", "Leo Legacy", true),
                person("ivo", "Ivo Old", false),
            ],
            queues: vec![queue("q1", "Managers", "Leadboard_Manager"), queue("q2", "Default", "Leadboard_Default")],
        };
        store.save_roster(&roster, noon()).await.unwrap();
        let office = Self { _dir: dir, path, store, clock: Hand(Mutex::new(noon())), settings: Settings::default() };
        office.receive().await;
        office.rank(route).await;
        office
    }

    fn lead() -> Lead {
        let mut facts = LeadFacts::empty(noon() - Duration::hours(1));
        facts.source = Some("Webinar".into());
        Lead {
            id: LeadId::new("00Q1"),
            company: "Acme".into(),
            contact: None,
            facts,
            form: Form::default(),
            owner: rep("leo"),
            modified_at: noon(),
            modstamp: noon(),
            converted: false,
            deleted: false,
        }
    }

    async fn receive(&self) {
        let change = IntakeChange::Receive {
            lead: Box::new(RawLead { lead: Self::lead(), raw: "{}".into() }),
            legacy: LegacyAssignment { owner: rep("leo"), captured_at: noon() },
        };
        self.store.take_in(vec![change], intake::CURSOR, &Cursor::default(), noon()).await.unwrap();
    }

    async fn rank(&self, route: Route) {
        let entry = |rank, id: &str, p_win| RankedRep {
            rep_id: RepId::new(id),
            rank,
            p_win,
            interval: Interval { low: p_win - 0.1, high: p_win + 0.1 },
            support: Support { deals: 40, wins: 20, similar_deals: 9, similar_wins: 5 },
            in_pool: true,
            factors: vec![Factor { feature: "source".into(), label: "source Webinar".into(), weight: 0.4 }],
        };
        let ranked = RankedLead {
            lead_id: LeadId::new("00Q1"),
            modstamp: noon(),
            ranking: Some(Ranking {
                model_id: ModelId::new("m-1"),
                ranked_at: noon(),
                reps: vec![entry(1, "bea", 0.5), entry(2, "leo", 0.3)],
                pool: Pool { eligible: vec![RepId::new("bea"), RepId::new("leo")], ..Pool::default() },
                segment: "source Webinar".into(),
                expected: None,
                comparison: None,
                lead_score: None,
            }),
            recommendation: Recommendation {
                route,
                reason: RouteReason::ModelPick,
                explanation: "50.0 % against 30.0 % for the legacy owner: +20.0 points.".into(),
                gap: Some(0.2),
            },
            lane: Lane::Disagree,
            priority: 1.0,
            at: noon(),
            rules: String::new(),
            path: None,
            made_from: None,
        };
        assert_eq!(self.store.save_rankings(vec![ranked]).await.unwrap(), 1);
    }

    async fn say(&self, verdict: Verdict, rejection: Option<Rejection>) -> Result<VerdictOutcome, AppError> {
        self.say_as("Ana", None, verdict, rejection).await
    }

    async fn say_as(
        &self,
        manager: &str,
        seen_decisions: Option<u32>,
        verdict: Verdict,
        rejection: Option<Rejection>,
    ) -> Result<VerdictOutcome, AppError> {
        let request = VerdictRequest {
            lead_id: LeadId::new("00Q1"),
            verdict,
            rejection,
            manager: manager.into(),
            seen_decisions,
        };
        decide(&self.store, &self.clock, &self.settings, request).await
    }

    async fn taken(&self, verdict: Verdict, rejection: Option<Rejection>) -> Decision {
        match self.say(verdict, rejection).await.unwrap() {
            VerdictOutcome::Decided { decision, .. } => *decision,
            other @ VerdictOutcome::Snoozed { .. } => panic!("{other:?}"),
        }
    }

    /// The words of a refusal, after which nothing may have changed.
    async fn refused(&self, verdict: Verdict, rejection: Option<Rejection>) -> String {
        let before = self.state().await;
        let AppError::Refused(why) = self.say(verdict, rejection).await.unwrap_err() else { panic!() };
        assert_eq!(self.state().await, before, "{why}");
        why
    }

    /// State of the lead, decisions made, effects owed.
    async fn state(&self) -> (LeadState, u32, u64) {
        let record = self.store.leads(&[LeadId::new("00Q1")]).await.unwrap().remove(0);
        (record.state, record.decisions_made, self.store.effect_counts().await.unwrap().pending)
    }

    /// The write that is owed, as it would be sent once the grace period is over.
    async fn owed(&self) -> DecisionWrite {
        let late = noon() + Duration::hours(1);
        self.store.claim_effects("test", 9, late, late).await.unwrap().remove(0).write
    }

    async fn undo(&self) {
        undo(&self.store, &self.clock, &LeadId::new("00Q1"), "Ana").await.unwrap();
    }
}

#[tokio::test]
async fn turning_a_recommendation_down_needs_a_reason() {
    let office = Office::new().await;
    for verdict in [Verdict::KeepLegacy, to_rep("leo"), to_queue("q1")] {
        let name = verdict.name();
        assert_eq!(office.refused(verdict.clone(), None).await, format!("{name} needs a reason code"));
        office.taken(verdict, Some(rejection(ReasonCode::K, None))).await;
        office.undo().await;
    }
    office.taken(Verdict::Approve, None).await;
}

#[tokio::test]
async fn the_reason_other_needs_a_note() {
    let office = Office::new().await;
    for note in [None, Some(""), Some(" \n")] {
        let why = office.refused(Verdict::KeepLegacy, Some(rejection(ReasonCode::O, note))).await;
        assert_eq!(why, "reason O (other) needs a note");
    }
    let decision =
        office.taken(Verdict::KeepLegacy, Some(rejection(ReasonCode::O, Some("they know each other")))).await;
    assert_eq!(decision.rejection.unwrap().note.as_deref(), Some("they know each other"));
}

#[tokio::test]
async fn only_an_active_rep_or_a_known_queue_can_get_a_lead() {
    let office = Office::new().await;
    let reason = || Some(rejection(ReasonCode::S, None));
    assert_eq!(office.refused(to_rep("ivo"), reason()).await, "Ivo Old is inactive in the CRM and cannot own leads");
    assert!(office.refused(to_rep("zoe"), reason()).await.starts_with("there is no rep zoe"));
    assert_eq!(
        office.refused(to_queue("q9"), reason()).await,
        "there is no queue q9 that takes leads; there are: Leadboard_Manager, Leadboard_Default"
    );
    let decision = office.taken(to_queue("q1"), reason()).await;
    assert_eq!(decision.owner, Owner::Queue(QueueId::new("q1")));
}

#[tokio::test]
async fn whoever_left_since_is_not_given_what_was_shown() {
    let office = Office::new().await;
    let mut roster = office.store.roster().await.unwrap();
    roster.reps.iter_mut().find(|rep| rep.id.as_str() == "bea").unwrap().active = false;
    office.store.save_roster(&roster, noon()).await.unwrap();
    let request = VerdictRequest {
        lead_id: LeadId::new("00Q1"),
        verdict: Verdict::Approve,
        rejection: None,
        manager: "Ana".into(),
        seen_decisions: None,
    };
    let refused = decide(&office.store, &office.clock, &office.settings, request).await.unwrap_err().to_string();
    assert!(refused.contains("Bea Best is inactive in the CRM by now; the lead is being ranked again"), "{refused}");
    assert_eq!(office.state().await, (LeadState::Pending, 0, 0));
    office.rank(Route::AssignRep(RepId::new("leo"))).await;
    assert_eq!(office.taken(Verdict::Approve, None).await.owner, rep("leo"));
}

#[tokio::test]
async fn a_lead_that_is_unknown_unranked_or_taken_cannot_be_judged() {
    let office = Office::new().await;
    let stranger = VerdictRequest {
        lead_id: LeadId::new("00Q9"),
        verdict: Verdict::Approve,
        rejection: None,
        manager: "Ana".into(),
        seen_decisions: None,
    };
    let answer = decide(&office.store, &office.clock, &office.settings, stranger).await;
    assert_eq!(answer.unwrap_err().to_string(), "there is no lead 00Q9");

    let change = |modstamp, rerank| {
        let mut lead = Office::lead();
        lead.modstamp = modstamp;
        let lead = Box::new(RawLead { lead, raw: "{}".into() });
        if rerank {
            IntakeChange::Refresh { lead, rerank }
        } else {
            IntakeChange::Supersede { lead, why: "somebody changed the owner in the CRM".into() }
        }
    };
    for (seconds, rerank, words) in [(1, true, "not ranked yet"), (2, false, "taken by a person in the CRM")] {
        let changes = vec![change(noon() + Duration::seconds(seconds), rerank)];
        office.store.take_in(changes, intake::CURSOR, &Cursor::default(), noon()).await.unwrap();
        let why = office.refused(Verdict::Approve, None).await;
        assert!(why.contains(words), "{why}");
    }
}

#[tokio::test]
async fn the_second_to_decide_is_told_who_was_first() {
    let office = Office::new().await;
    office.taken(Verdict::Approve, None).await;
    let again = office.say_as("Bob", None, Verdict::Approve, None).await.unwrap_err().to_string();
    assert_eq!(again, "the lead was already decided by Ana at 12:00 UTC");
    assert_eq!(office.state().await, (LeadState::Decided, 1, 1));
}

#[tokio::test]
async fn a_verdict_on_something_that_has_changed_since_it_was_seen_is_refused() {
    let office = Office::new().await;
    office.taken(Verdict::Approve, None).await;
    office.undo().await;
    // Bob's screen still shows the lead as it was before Ana decided and took that back.
    let stale = office.say_as("Bob", Some(0), Verdict::Approve, None).await.unwrap_err().to_string();
    assert!(stale.contains("took that back"), "{stale}");
    assert_eq!(office.state().await, (LeadState::InLane, 1, 0));
    office.say_as("Bob", Some(1), Verdict::Approve, None).await.unwrap();
}

#[tokio::test]
async fn the_key_of_a_decision_is_the_same_for_the_same_state_and_new_after_an_undo() {
    let (one, other) = (Office::new().await, Office::new().await);
    let first = one.taken(Verdict::Approve, None).await;
    // As after a restored backup: another verdict at another time, but on the very same state.
    *other.clock.0.lock().unwrap() += Duration::hours(3);
    let repeated = other.taken(Verdict::KeepLegacy, Some(rejection(ReasonCode::R, None))).await;
    assert_eq!(first.key, repeated.key);
    assert_ne!(first.trace_id, repeated.trace_id);
    one.undo().await;
    assert_ne!(one.taken(Verdict::Approve, None).await.key, first.key);
}

#[tokio::test]
async fn a_rep_who_gets_a_lead_gets_a_task_and_one_who_keeps_it_does_not() {
    let office = Office::new().await;
    office.taken(Verdict::KeepLegacy, Some(rejection(ReasonCode::R, None))).await;
    let kept = office.owed().await;
    assert_eq!((kept.owner, kept.task, kept.ai_assigned), (rep("leo"), None, false));

    let office = Office::new().await;
    let decision = office.taken(Verdict::Approve, None).await;
    let write = office.owed().await;
    let task = write.task.unwrap();
    assert_eq!(task.subject, "Contact Acme within 4 hours");
    assert_eq!(task.due_at, noon() + Duration::hours(4), "four hours from the decision");
    assert!(task.description.contains("+ source Webinar"), "{}", task.description);
    assert!(task.description.contains(&decision.trace_id.to_string()), "{}", task.description);
    assert!(write.reason.starts_with("Bea Best: 50.0 % to win, rank 1 of 2. Approved by Ana."), "{}", write.reason);
    assert_eq!((write.p_win, write.reason_code.as_str()), (Some(0.5), "model_pick"));

    let office = Office::new().await;
    office.taken(to_queue("q2"), Some(rejection(ReasonCode::D, None))).await;
    let write = office.owed().await;
    assert_eq!((write.task, write.p_win, write.reason_code.as_str()), (None, None, "D"));
}

#[tokio::test]
async fn a_lead_counts_as_assigned_by_ai_only_when_the_recommended_rep_owns_it() {
    let recommended = || Route::AssignRep(RepId::new("bea"));
    let to_managers = || Route::ManagerQueue(QueueId::new("q1"));
    let why = || Some(rejection(ReasonCode::K, None));
    for (route, verdict, reason, expected) in [
        (recommended(), Verdict::Approve, None, true),
        (recommended(), to_rep("bea"), why(), true),
        (recommended(), to_rep("leo"), why(), false),
        (recommended(), Verdict::KeepLegacy, why(), false),
        (recommended(), to_queue("q1"), why(), false),
        (to_managers(), Verdict::Approve, None, false),
        (to_managers(), to_rep("bea"), why(), false),
    ] {
        let office = Office::with(route.clone()).await;
        office.taken(verdict.clone(), reason).await;
        assert_eq!(office.owed().await.ai_assigned, expected, "{route:?} {verdict:?}");
    }
}

#[tokio::test]
async fn what_was_shown_is_kept_as_feedback() {
    let office = Office::new().await;
    let decision = office.taken(to_rep("leo"), Some(rejection(ReasonCode::R, Some("old friends")))).await;
    let mut file = SqliteConnection::connect(&format!("sqlite:{}", office.path.display())).await.unwrap();
    let rows = sqlx::query("SELECT trace_id, verdict, rejection_code, feedback, retracted_at FROM training_feedback")
        .fetch_all(&mut file)
        .await
        .unwrap();
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    let text = |name: &str| row.get::<String, _>(name);
    assert_eq!((text("trace_id"), text("verdict")), (decision.trace_id.to_string(), "override".to_owned()));
    assert_eq!((text("rejection_code"), row.get::<Option<i64>, _>("retracted_at")), ("R".to_owned(), None));
    let shown: Json = serde_json::from_str(&text("feedback")).unwrap();
    let detail = office.store.lead_detail(&LeadId::new("00Q1")).await.unwrap().unwrap();
    assert_eq!(shown["facts"], serde_json::to_value(&detail.record.lead.facts).unwrap());
    assert_eq!(shown["ranking"], serde_json::to_value(&detail.ranking).unwrap());
    assert_eq!((&shown["ranking"]["reps"][0]["p_win"], &shown["facts"]["source"]), (&0.5.into(), &"Webinar".into()));
    assert_eq!(shown["rejection"]["note"], "old friends");
}

#[tokio::test]
async fn what_shall_not_be_written_is_decided_without_an_effect() {
    let mut office = Office::new().await;
    office.settings.write_verdicts = false;
    let decision = office.taken(Verdict::Approve, None).await;
    assert_eq!(decision.write, WriteState::NotWanted);
    assert_eq!(office.state().await, (LeadState::Decided, 1, 0));
    assert!(office.store.effects(&[EffectState::Ready, EffectState::Leased], 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_before_the_grace_period_is_over() {
    let office = Office::new().await;
    let decision = office.taken(Verdict::Approve, None).await;
    assert_eq!(decision.grace_until, noon() + office.settings.grace);
    let claim = async |at| office.store.claim_effects("test", 9, at + Duration::minutes(5), at).await.unwrap().len();
    assert_eq!(claim(decision.grace_until - Duration::milliseconds(1)).await, 0);
    assert_eq!(claim(decision.grace_until).await, 1);
    let back = undo(&office.store, &office.clock, &LeadId::new("00Q1"), "Ana").await.unwrap();
    assert!(matches!(back, TakenBack::PutBack { .. }), "it may be in the CRM by now: {back:?}");
}

#[tokio::test]
async fn a_snooze_ends_in_the_future() {
    let office = Office::new().await;
    for until in [noon(), noon() - Duration::seconds(1)] {
        assert_eq!(office.refused(Verdict::Snooze { until }, None).await, "a snooze must end in the future");
    }
    let until = noon() + Duration::minutes(15);
    assert!(matches!(office.say(Verdict::Snooze { until }, None).await, Ok(VerdictOutcome::Snoozed { .. })));
    let record = office.store.leads(&[LeadId::new("00Q1")]).await.unwrap().remove(0);
    assert_eq!((record.state, record.snoozed_until), (LeadState::InLane, Some(until)));
    office.taken(Verdict::Approve, None).await;
    assert_eq!(
        office.refused(Verdict::Snooze { until }, None).await,
        "only a lead that waits in a lane can be snoozed"
    );
}

#[tokio::test]
async fn what_was_sent_is_given_back_to_whom_it_was_taken_from() {
    let office = Office::new().await;
    let decision = office.taken(Verdict::Approve, None).await;
    let (lead, late) = (LeadId::new("00Q1"), noon() + Duration::hours(1));
    let sent = office.store.claim_effects("test", 9, late, late).await.unwrap().remove(0);
    let stamp = noon() + Duration::minutes(30);
    let done = EffectResult::Done { owner_after: Some(rep("bea")), stamps: Some((stamp, stamp)), source: None };
    assert!(office.store.finish_effect(&sent, done, late).await.unwrap());

    let back = undo(&office.store, &office.clock, &lead, "Bob").await.unwrap();
    let TakenBack::PutBack { decision: new, owner_name } = back else { panic!("{back:?}") };
    assert_eq!((owner_name.as_str(), &new.owner, new.replaces), ("Leo Legacy", &rep("leo"), Some(decision.trace_id)));
    assert!(new.trace_id != decision.trace_id && new.key != decision.key);
    let write = office.owed().await;
    assert_eq!((&write.owner, &write.expected_owner, write.expected_modified_at), (&rep("leo"), &rep("bea"), stamp));
    assert!(write.puts_back() && write.task.is_none() && !write.ai_assigned);
    assert!(write.reason.contains(&decision.trace_id.to_string()), "{}", write.reason);
    // What was judged teaches nothing any more, and the putting back is no judgement.
    let mut file = SqliteConnection::connect(&format!("sqlite:{}", office.path.display())).await.unwrap();
    let rows = sqlx::query("SELECT trace_id, retracted_at FROM training_feedback").fetch_all(&mut file).await.unwrap();
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!(row.get::<String, _>("trace_id"), decision.trace_id.to_string());
    assert!(row.get::<Option<i64>, _>("retracted_at").is_some());
    let again = undo(&office.store, &office.clock, &lead, "Ana").await.unwrap_err().to_string();
    assert!(again.starts_with("Bob takes it back already"), "{again}");
}

#[tokio::test]
async fn what_somebody_took_or_finished_since_is_not_given_back() {
    for (change, words) in [
        (Lead { owner: rep("ivo"), ..Office::lead() }, "Ivo Old owns it by now"),
        (Lead { converted: true, owner: rep("bea"), ..Office::lead() }, "was converted"),
    ] {
        let office = Office::new().await;
        office.taken(Verdict::Approve, None).await;
        let late = noon() + Duration::hours(1);
        let sent = office.store.claim_effects("test", 9, late, late).await.unwrap().remove(0);
        let done = EffectResult::Done { owner_after: Some(rep("bea")), stamps: Some((noon(), noon())), source: None };
        office.store.finish_effect(&sent, done, late).await.unwrap();
        let raw = RawLead { lead: Lead { modstamp: late, ..change }, raw: "{}".into() };
        let change = IntakeChange::Refresh { lead: Box::new(raw), rerank: false };
        office.store.take_in(vec![change], intake::CURSOR, &Cursor::default(), late).await.unwrap();
        let refused = undo(&office.store, &office.clock, &LeadId::new("00Q1"), "Ana").await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
        assert_eq!(office.state().await, (LeadState::Decided, 1, 0));
    }
}

#[tokio::test]
async fn an_approval_gives_the_lead_to_whoever_was_shown_or_to_nobody() {
    let office = Office::new().await;
    let approve = |shown: Owner| {
        let request = VerdictRequest {
            lead_id: LeadId::new("00Q1"),
            verdict: Verdict::Approve,
            rejection: None,
            manager: "Ana".into(),
            seen_decisions: Some(0),
        };
        let office = &office;
        async move { decide_as_shown(&office.store, &office.clock, &office.settings, request, Some(&shown)).await }
    };
    let why = approve(rep("leo")).await.unwrap_err().to_string();
    assert_eq!(why, "the lead was ranked again meanwhile: Bea Best is recommended now");
    assert_eq!(office.state().await, (LeadState::InLane, 0, 0));
    approve(rep("bea")).await.unwrap();
}

#[tokio::test]
async fn the_plan_of_a_batch_leaves_out_what_is_not_as_it_was_marked() {
    let office = Office::new().await;
    let id = LeadId::new("00Q1");
    let as_listed = || async {
        let row = office.store.queue_rows(std::slice::from_ref(&id)).await.unwrap().remove(0);
        Marked::of(&row)
    };
    let plan = |one: Marked, at| {
        let office = &office;
        async move { batch::plan(&office.store, &[one], Doing::Approve, at).await.unwrap() }
    };
    let left_out = |one: Marked, at| async move {
        let plan = plan(one, at).await;
        assert!(plan.leads.is_empty() && plan.owners.is_empty(), "{plan:?}");
        plan.left_out[0].why.clone()
    };
    let marked = as_listed().await;
    let fine = plan(marked.clone(), noon()).await;
    assert_eq!((fine.leads.as_slice(), fine.left_out.len()), (std::slice::from_ref(&id), 0));
    assert_eq!((fine.owners[0].name.as_str(), fine.owners[0].leads), ("Bea Best", 1));

    // A batch that keeps goes by the legacy owner, where that is known.
    let keep = |one: Marked| {
        let office = &office;
        async move { batch::plan(&office.store, &[one], Doing::Keep, noon()).await.unwrap() }
    };
    assert_eq!(keep(marked.clone()).await.left_out[0].why, "its legacy owner is not known");
    let kept = keep(Marked { legacy: Some(rep("leo")), ..marked.clone() }).await;
    assert_eq!((&kept.owners[0].owner, kept.leads.len()), (&rep("leo"), 1));
    let moved = keep(Marked { legacy: Some(rep("leo")), owner: Some(rep("cy")), ..marked.clone() }).await;
    assert!(moved.left_out[0].why.starts_with("it was ranked again"), "{moved:?}");

    let other = Marked { owner: Some(rep("leo")), ..marked.clone() };
    assert_eq!(left_out(other, noon()).await, "it was ranked again: Bea Best is recommended now");
    let stranger = Marked { lead: LeadId::new("00Q9"), ..marked.clone() };
    assert!(left_out(stranger, noon()).await.starts_with("it is not there any more"));
    office.taken(Verdict::Approve, None).await;
    assert_eq!(left_out(marked.clone(), noon()).await, "it is already decided: Bea Best");
    office.undo().await;
    assert_eq!(left_out(marked, noon()).await, "it was decided and taken back meanwhile");
    let until = noon() + Duration::hours(1);
    let again = as_listed().await;
    office.say(Verdict::Snooze { until }, None).await.unwrap();
    assert_eq!(left_out(again.clone(), noon()).await, "it was snoozed meanwhile");
    assert_eq!(plan(again, until).await.leads.len(), 1, "it is awake again");
}

#[tokio::test]
async fn the_plan_of_a_batch_says_how_much_room_there_is() {
    let office = Office::new().await;
    let under = |caps: &'static str| {
        let office = &office;
        async move {
            let text = format!("format = 1\n[capacity]\n{caps}\n");
            let book = Rulebook::parse(&text, "routing.toml").unwrap();
            let stored = StoredRulebook {
                version: book.version().as_str().to_owned(),
                body: book.canonical().to_owned(),
                since: noon(),
                place: "routing.toml".into(),
            };
            office.store.enforce(&stored).await.unwrap();
            office.rank(Route::AssignRep(RepId::new("bea"))).await;
            let row = office.store.queue_rows(&[LeadId::new("00Q1")]).await.unwrap().remove(0);
            batch::plan(&office.store, &[Marked::of(&row)], Doing::Approve, noon()).await.unwrap().owners.remove(0)
        }
    };
    let open = under("open = 2").await;
    assert_eq!((open.load.as_ref(), open.over()), (None, 0), "nobody here knows their open deals");
    let busy = under("per_day = 2\nactivities_per_lead = 1").await;
    assert_eq!(busy.load, None, "nor their calendars");
    let mut share = under("per_day = 2").await;
    let load = share.load.clone().expect("there is a cap");
    assert_eq!((load.used, load.of, load.left, share.over()), (0, 2, 2, 0));
    share.leads = 5;
    assert_eq!(share.over(), 3);
}
