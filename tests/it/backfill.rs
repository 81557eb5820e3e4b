//! Back-fills: what would move is what moves, once, through kills; a dry run changes nothing; and whoever is faster keeps
//! the lead.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use leadboard::app::backfill::{self, Bench, Start};
use leadboard::app::learn::LoadedModel;
use leadboard::app::ports::{Clock, EffectResult, RunState, Selection, Store};
use leadboard::app::routing::InForce;
use leadboard::config::paths::DataDir;
use leadboard::demo::{Demo, Options, headless};
use leadboard::domain::decision::{Decision, WriteState};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{ModelId, QueueId, RepKey, TraceId};
use leadboard::domain::lead::LeadState;
use leadboard::domain::ranking::{Interval, Support};
use leadboard::domain::verdict::Verdict;
use leadboard::model::{Clearance, Explanation, RepScore, Scorer};
use leadboard::policy::{Queues, Settings};
use serde_json::Value as Json;

use crate::store_fixtures::{at, id, raw, record, refresh, rep, roster, sqlite, take_in};

/// A clock that stands still.
struct Still(Mutex<DateTime<Utc>>);

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Prefers one rep on every lead.
struct Prefers(&'static str);

impl Scorer for Prefers {
    fn score(&self, _: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let p_win = |rep: &RepKey| if rep.as_str() == self.0 { 0.5 } else { 0.3 };
        let one = |p_win| RepScore { p_win, interval: Interval { low: 0.1, high: 0.9 }, support: Support::default() };
        reps.iter().map(|rep| one(p_win(rep))).collect()
    }

    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }

    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

fn bench_of(settings: Settings, clearance: Clearance, favourite: &'static str) -> Bench {
    let id = ModelId::new(format!("m-{favourite}"));
    let model = LoadedModel { id, scorer: Arc::new(Prefers(favourite)), clearance, baseline: None };
    let queues = Queues { manager: QueueId::new("mq"), default: QueueId::new("mq") };
    Bench::new(Arc::new(model), Arc::new(InForce::plain(roster())), queues, settings)
}

fn bench() -> Bench {
    bench_of(Settings::default(), Clearance::Routes, "best")
}

const LEADS: usize = 23;

/// Leads in a lane that belong to `legacy`, of which the bench moves all.
async fn fill(store: &dyn Store) {
    store.bind_org(&leadboard::domain::ids::OrgId::new("00D1")).await.unwrap();
    store.save_roster(&roster(), at(0)).await.unwrap();
    for n in 0..LEADS {
        crate::store_fixtures::in_lane(store, &format!("L{n:02}")).await;
    }
}

async fn decisions(store: &dyn Store) -> Vec<Decision> {
    store.decisions_after(None, 1_000).await.unwrap().into_iter().map(|row| row.decision).collect()
}

/// Runs slices until there were so many, or to the end.
async fn slices(store: &dyn Store, run: Start, most: u32) -> backfill::Applied {
    let (Start::New(run) | Start::GoesOn(run)) = run;
    let clock = Still(Mutex::new(at(100)));
    let mut left = most;
    let go_on = |_| {
        let more = left > 0;
        left = left.saturating_sub(1);
        std::future::ready(Ok(more))
    };
    backfill::apply(store, &clock, &bench(), run, 5, "Ana", go_on).await.unwrap()
}

async fn on_both(test: impl AsyncFn(Arc<dyn Store>)) {
    let (_dir, store) = sqlite().await;
    test(store).await;
    if let Some(store) = crate::store_fixtures::postgres().await {
        test(store).await;
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_says_what_would_move() {
    on_both(async |store| {
        fill(&*store).await;
        let before = (store.conservation().await.unwrap(), store.audit(None, 1_000).await.unwrap());
        let clock = Still(Mutex::new(at(100)));
        let mut told = 0;
        let survey =
            backfill::survey(&*store, &clock, &bench(), &Selection::default(), &mut |n| told = n).await.unwrap();
        assert_eq!((survey.scored, survey.moves, survey.stay, told), (23, 23, 0, 23));
        assert_eq!((survey.pairs.len(), survey.pairs[0].from_name.as_str()), (1, "Leo Legacy"));
        assert_eq!((survey.pairs[0].to_name.as_str(), survey.pairs[0].leads), ("Bea Best", 23));
        assert_eq!(survey.expected.wins, None, "it was never measured");
        let lane = Selection { lane: Some(leadboard::domain::lane::Lane::Hot), ..Selection::default() };
        let none = backfill::survey(&*store, &clock, &bench(), &lane, &mut |_| {}).await.unwrap();
        assert_eq!((none.scored, none.leads_per_second), (0, None));
        let owner = Selection { owner: Some(rep("best")), since: Some(at(0)), ..Selection::default() };
        assert_eq!(backfill::survey(&*store, &clock, &bench(), &owner, &mut |_| {}).await.unwrap().scored, 0);
        assert_eq!((store.conservation().await.unwrap(), store.audit(None, 1_000).await.unwrap()), before);
        assert_eq!(decisions(&*store).await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_where_it_stopped_and_decides_each_lead_once() {
    on_both(async |store| {
        fill(&*store).await;
        let clock = Still(Mutex::new(at(100)));
        let selection = Selection::default();
        let started = backfill::start(&*store, &clock, &bench(), Some(&selection), "Ana").await.unwrap();
        assert!(matches!(started, Start::New(_)));
        let part = slices(&*store, started, 2).await;
        assert_eq!((part.state, part.tally.scored), (RunState::Running, 10));
        assert_eq!(part.decisions, BTreeMap::from([(WriteState::Waiting, 10)]));

        // Other leads, another model: said, and not begun.
        let other = Selection { decided: true, ..Selection::default() };
        let why = backfill::start(&*store, &clock, &bench(), Some(&other), "Bob").await.unwrap_err().to_string();
        assert!(why.contains("begun by Ana") && why.contains("--resume"), "{why}");
        let challenger = bench_of(Settings::default(), Clearance::Routes, "legacy");
        let why = backfill::start(&*store, &clock, &challenger, None, "Bob").await.unwrap_err().to_string();
        assert!(why.contains("m-best") && why.contains("m-legacy"), "{why}");

        // Killed after decisions and before the note of how far it had come: the slice is looked at once more.
        let goes_on = backfill::start(&*store, &clock, &bench(), Some(&selection), "Ana").await.unwrap();
        let Start::GoesOn(run) = &goes_on else { panic!("{goes_on:?}") };
        assert_eq!(run.done_until, Some(id("L09")));
        let again = leadboard::app::ports::BackfillRun { done_until: Some(id("L04")), ..run.clone() };
        let all = slices(&*store, Start::GoesOn(again), 100).await;
        assert_eq!(all.state, RunState::Done);
        assert_eq!(all.decisions, BTreeMap::from([(WriteState::Waiting, LEADS as u64)]));
        let made = decisions(&*store).await;
        let (traces, leads): (BTreeSet<TraceId>, BTreeSet<_>) =
            made.iter().map(|d| (d.trace_id, d.lead_id.clone())).unzip();
        assert_eq!((made.len(), traces.len(), leads.len()), (LEADS, LEADS, LEADS));
        assert!(made.iter().all(|d| matches!(d.verdict, Verdict::Backfill { .. }) && d.owner == rep("best")));
        assert_eq!(store.running_backfill().await.unwrap(), None);
        let why = backfill::start(&*store, &clock, &bench(), None, "Ana").await.unwrap_err().to_string();
        assert!(why.contains("no back-fill is under way"), "{why}");
        // Each rests on the ranking that was made for it, with all that it was made from.
        let stored = store.ranking_of(made[0].trace_id).await.unwrap().unwrap();
        assert!(stored.ranked_at == at(100) && stored.desk.is_some() && stored.facts.is_some());
        assert_eq!(store.conservation().await.unwrap().lost(), 0);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_faster_keeps_the_lead() {
    on_both(async |store| {
        fill(&*store).await;
        let clock = Still(Mutex::new(at(100)));
        // Read before, decided on by a manager, taken by a person, or changed while it was scored.
        let run = backfill::start(&*store, &clock, &bench(), Some(&Selection::default()), "Ana").await.unwrap();
        store.decide(crate::store_fixtures::decision("L00", 0, 50, true)).await.unwrap();
        take_in(&*store, vec![crate::store_fixtures::supersede(raw("L01", 60, rep("person")), "taken")], 60).await;
        store.snooze(&id("L02"), at(5_000), "Ana", at(60)).await.unwrap();
        let done = slices(&*store, run, 100).await;
        assert_eq!(done.decisions.values().sum::<u64>(), LEADS as u64 - 3);
        assert_eq!(record(&*store, "L01").await.state, LeadState::Superseded);
        assert_eq!(record(&*store, "L02").await.state, LeadState::InLane);
        // And what a person takes after that is found by the condition on the write.
        let mut claimed = store.claim_effects("w", 100, at(999), at(900)).await.unwrap();
        let one = claimed.pop().unwrap();
        assert_eq!((&one.write.expected_owner, one.write.reason_code.as_str()), (&rep("legacy"), "backfill"));
        assert!(store.finish_effect(&one, EffectResult::Superseded("taken".into()), at(901)).await.unwrap());
        assert_eq!(record(&*store, one.write.lead_id.as_str()).await.state, LeadState::Superseded);
    })
    .await;
}

#[tokio::test]
async fn what_was_decided_before_is_assigned_again_only_when_asked_for_and_still_ours() {
    on_both(async |store| {
        fill(&*store).await;
        let clock = Still(Mutex::new(at(100)));
        for lead in ["L00", "L01"] {
            let mut new = crate::store_fixtures::decision(lead, 0, 5, true);
            new.decision.owner = crate::store_fixtures::queue("mq");
            let write = new.effect.as_mut().unwrap();
            write.owner = new.decision.owner.clone();
            store.decide(new).await.unwrap();
        }
        for effect in store.claim_effects("w", 9, at(60), at(50)).await.unwrap() {
            let owner_after = Some(crate::store_fixtures::queue("mq"));
            let done = EffectResult::Done { owner_after, stamps: Some((at(51), at(51))), source: None };
            store.finish_effect(&effect, done, at(51)).await.unwrap();
        }
        // A person moved the second one on.
        take_in(&*store, vec![refresh(raw("L01", 60, rep("person")), false)], 60).await;
        let count = async |decided| {
            let selection = Selection { decided, ..Selection::default() };
            backfill::survey(&*store, &clock, &bench(), &selection, &mut |_| {}).await.unwrap().scored
        };
        assert_eq!((count(false).await, count(true).await), (LEADS as u64 - 2, LEADS as u64 - 1));
        let before = store.decision_of(&id("L00")).await.unwrap().unwrap();
        let selection = Selection { decided: true, ..Selection::default() };
        let run = backfill::start(&*store, &clock, &bench(), Some(&selection), "Ana").await.unwrap();
        slices(&*store, run, 100).await;
        let now = store.decision_of(&id("L00")).await.unwrap().unwrap();
        assert_eq!((now.replaces, &now.owner), (Some(before.trace_id), &rep("best")));
        assert_eq!(store.decision_of(&id("L01")).await.unwrap().unwrap().replaces, None);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_assigned_that_may_not_be() {
    let (_dir, store) = sqlite().await;
    fill(&*store).await;
    let clock = Still(Mutex::new(at(100)));
    let silent = Settings { write_verdicts: false, ..Settings::default() };
    for (bench, words) in [
        (bench_of(silent, Clearance::Routes, "best"), "write_verdicts = false"),
        (bench_of(Settings::default(), Clearance::ScoresLeads, "best"), "not cleared to compare reps"),
    ] {
        let refused = backfill::start(&*store, &clock, &bench, Some(&Selection::default()), "Ana").await.unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(store.running_backfill().await.unwrap(), None);
    let run = backfill::start(&*store, &clock, &bench(), Some(&Selection::default()), "Ana").await.unwrap();
    let ended = backfill::cancel(&*store, &clock, "Bob").await.unwrap();
    assert_eq!((ended.state, matches!(run, Start::New(run) if run.id == ended.id)), (RunState::Cancelled, true));
    assert!(backfill::cancel(&*store, &clock, "Bob").await.is_err());
}

/// The program on a data directory, cut off from the settings of whoever runs the tests.
struct Program {
    dir: tempfile::TempDir,
}

impl Program {
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadboard"));
        command.env_clear().env("HOME", self.dir.path()).env("USER", "tess").stdin(Stdio::null());
        command.arg("--config").arg(self.dir.path().join("config.toml"));
        command.arg("--data-dir").arg(self.dir.path().join("data")).args(line.split_whitespace());
        command
    }

    fn json(&self, line: &str) -> Json {
        let output = self.command(line).arg("--json").output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn begin(&self, line: &str) -> Child {
        self.command(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

/// Waits until something is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = tokio::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_mins(2), "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_back_fill_of_a_whole_company_is_finished_by_the_next() {
    const ARRIVALS: u64 = 60;
    leadboard::bootstrap::install_crypto();
    let program = Program { dir: tempfile::tempdir().unwrap() };
    let demo = Demo::start(Options {
        data: DataDir::new(program.dir.path().join("data")),
        seed: 7,
        every: None,
        outcome_speed: None,
        grace_seconds: 0,
        poll_seconds: 0.2,
    })
    .await
    .unwrap();
    demo.learn(|_| {}).await.unwrap();
    let worker = demo.context.worker(demo.store.clone()).await.unwrap().unwrap();
    headless::arrive(&demo.org, ARRIVALS).await.unwrap();
    until("ranking", async || demo.store.conservation().await.unwrap().in_lane == ARRIVALS).await;
    worker.stop().await;
    let config = format!("{}\n[routing]\ngrace_seconds = 0\n", demo.org.leadboard_config());
    let file = program.dir.path().join("config.toml");
    std::fs::write(&file, config).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();

    let survey = program.json("backfill");
    let moves = survey["survey"]["moves"].as_u64().unwrap();
    assert_eq!((&survey["applied"], survey["survey"]["scored"].as_u64()), (&false.into(), Some(ARRIVALS)));
    assert!(moves > 20 && survey["survey"]["expected"]["wins"].as_f64() > Some(0.0), "{survey:#}");
    assert_eq!(demo.store.conservation().await.unwrap().in_lane, ARRIVALS, "a dry run decided something");
    let said = program.command("backfill --apply").output().unwrap();
    assert_eq!(said.status.code(), Some(2), "nobody is there to ask: {said:?}");

    // Killed in three places, and once while another one is at work.
    for (share, second) in [(0.1, false), (0.3, true), (0.6, false)] {
        let mut child = program.begin("backfill --apply --yes --slice 4");
        let enough = (share * moves as f64) as u64;
        until("deciding", async || demo.store.conservation().await.unwrap().decided >= enough).await;
        if second {
            // Stopped, so that it is not at its end before the other one is there.
            assert!(Command::new("kill").args(["-STOP", &child.id().to_string()]).status().unwrap().success());
            let other = program.command("backfill --apply --yes").output().unwrap();
            let words = String::from_utf8_lossy(&other.stderr).into_owned();
            assert!(!other.status.success() && words.contains("another process"), "{words}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let under_way = program.json("backfill");
    assert_eq!(under_way["under_way"]["state"], "running", "{under_way:#}");
    let done = program.json("backfill --apply --resume --yes");
    assert_eq!(done["run"]["state"], "done", "{done:#}");
    assert_eq!(done["run"]["decisions"], serde_json::json!({ "written": moves }), "{done:#}");

    let sum = demo.store.conservation().await.unwrap();
    assert_eq!((sum.decided, sum.lost()), (moves, 0), "{sum:?}");
    let made = decisions(demo.store.as_ref()).await;
    let ids: Vec<_> = made.iter().map(|d| d.lead_id.clone()).collect();
    let found = demo.crm.read_back(&ids).await.unwrap();
    assert_eq!(found.len() as u64, moves);
    for decision in &made {
        let org = found.iter().find(|found| found.lead_id == decision.lead_id).unwrap();
        assert_eq!(org.owner, decision.owner);
        assert_eq!(org.decisions, [(decision.key.clone(), decision.owner.id().to_owned())], "written once");
    }
    assert_eq!(program.json(&format!("replay {}", made[0].trace_id))["equal"], true);
    assert_eq!(program.json("backfill")["survey"]["moves"], 0, "all that would move has moved");
    assert_eq!(program.json("audit verify")["ok"], true);
    demo.store.close().await;
}
