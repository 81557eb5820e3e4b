//! The eight rules that no feature may break (README), each where a user would meet its breaking: the CRM, the screen,
//! the command line.

mod contacts;
mod counting;
mod ladder;
pub(crate) mod office;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use leadboard::app::ports::{Crm, LeadStore, LearningStore, ModelRow, QueryStore, RankedLead, WriteOutcome};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::decision::WriteState;
use leadboard::domain::ids::{LeadId, ModelId, QueueId, RepId, RepKey};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::pool::Pool;
use leadboard::domain::ranking::{RankedRep, Ranking, Support};
use leadboard::domain::recommendation::{Recommendation, Route, RouteReason};
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use leadboard::model::features::{FeatureSpec, sweep};
use leadboard::model::{Model, Scorer};
use leadboard::policy::recommend::recommend;
use leadboard::policy::{Queues, Settings};
use leadboard::store::SqliteStore;
use ring::digest::{SHA256, digest};
use serde_json::Value as Json;

use crate::cli::company::{GOOD as GOOD_ROW, HEADER, MAP};
use crate::cli::leads::{HOSTILE, fill};
use crate::cli::support::{Home, csv_rows, trained};
use crate::store_fixtures::{ranked, raw, receive, rep, take_in};
use crate::terminal::Screen;
use office::{GOOD, Office, Stub};

#[tokio::test]
async fn rule_1_no_lead_is_ever_lost() {
    let mut office = Office::open().await;
    office.arrive(12).await;
    office.poll().await;
    // It dies between receiving and ranking; then the model breaks on every lead of one territory.
    office.restart().await;
    let first = office.leads().await.remove(0);
    let broken = office.record(&first).await.lead.facts.territory;
    assert!(broken.is_some());
    office.rank(&Stub { panics_at: broken.clone(), ..GOOD }).await;
    let sum = office.counts().await;
    assert_eq!((sum.received, sum.in_lane, sum.lost()), (12, 12, 0), "{sum:?}");

    let fallback = Owner::Queue(office.queue("Leadboard_Default").await);
    let mut failed = 0;
    for lead in office.leads().await {
        let record = office.record(&lead).await;
        let breaks = record.lead.facts.territory == broken;
        assert_eq!(record.lane == Some(Lane::Sync), breaks, "a lead that cannot be ranked is shown as a problem");
        if breaks {
            assert_eq!(office.approve(&lead).await.owner, fallback);
            failed += 1;
        }
    }
    assert!((1..12).contains(&failed));
    office.send().await;
    assert_eq!(office.owner(&first).await, fallback, "and can go where somebody looks after it");
    // The overlap of two polls brings every lead again.
    office.restart().await;
    office.poll().await;
    let sum = office.counts().await;
    assert_eq!(
        (sum.received, sum.decided, sum.in_lane, sum.lost()),
        (office.org.leads_arrived(), failed, 12 - failed, 0)
    );
}

#[tokio::test]
async fn rule_2_a_leads_effects_happen_once() {
    let mut office = Office::open().await;
    let lead = office.one_lead(&GOOD).await;
    let to = office.other_rep(&lead).await;
    let verdict = Verdict::Override { rep: to.rep().unwrap().clone() };
    let decision =
        office.say(&lead, verdict, Some(Rejection { code: ReasonCode::S.into(), note: None })).await.unwrap();
    office.wait(60);
    // Sent, and dead before the answer is booked: nobody remembers that it happened.
    let later = decision.grace_until + TimeDelta::hours(1);
    let held = office.store.claim_effects("dead worker", 9, later, decision.grace_until).await.unwrap().remove(0);
    assert!(matches!(office.crm.apply(&held.write).await.unwrap(), WriteOutcome::Applied { .. }));
    office.restart().await;
    let report = office.send().await;
    assert_eq!((report.tried, report.done, report.fault.is_none()), (1, 1, true));
    assert_eq!(office.send().await.tried, 0, "then it is over");

    let effects = office.effects().await;
    let count = |kind: &str| effects.iter().filter(|(k, _)| k == kind).count();
    let counts = ["decision_recorded", "owner_changed", "task_created"].map(count);
    assert_eq!(counts, [1, 1, 1], "{effects:?}");
    assert_eq!(office.owner(&lead).await, to);
    assert_eq!(office.store.decision_of(&lead).await.unwrap().unwrap().write, WriteState::Written);
}

#[tokio::test]
async fn rule_3_a_person_wins() {
    let office = Office::open().await;
    // Before the verdict.
    let lead = office.one_lead(&GOOD).await;
    let person = office.other_rep(&lead).await;
    office.person_moves(&lead, &person).await;
    office.poll().await;
    assert_eq!(office.record(&lead).await.state, LeadState::Superseded);
    let refused = office.say(&lead, Verdict::Approve, None).await.unwrap_err();
    assert!(refused.contains("taken by a person in the CRM"), "{refused}");
    assert_eq!(office.owner(&lead).await, person);

    // Between the verdict and the write; not even the fallback overwrites a person.
    for scorer in [GOOD, Stub { p_win: 0.01, panics_at: None }] {
        let before: BTreeSet<LeadId> = office.leads().await.into_iter().collect();
        office.one_lead(&scorer).await;
        let lead = office.leads().await.into_iter().find(|id| !before.contains(id)).unwrap();
        let person = office.other_rep(&lead).await;
        office.approve(&lead).await;
        office.person_moves(&lead, &person).await;
        office.send().await;
        assert_eq!(office.owner(&lead).await, person);
        let decision = office.store.decision_of(&lead).await.unwrap().unwrap();
        assert_eq!(decision.write, WriteState::Superseded);
        assert_eq!(office.record(&lead).await.state, LeadState::Superseded);
    }
    let effects = office.effects().await;
    assert_eq!(effects.len(), 3, "only what the persons did: {effects:?}");
    assert!(effects.iter().all(|(kind, cause)| kind == "owner_changed" && cause != "api"), "{effects:?}");
    assert_eq!(office.counts().await.lost(), 0);
}

#[tokio::test]
async fn rule_3_a_person_wins_also_in_the_very_second_of_the_leads_date() {
    let office = Office::open().await;
    let lead = office.one_lead(&GOOD).await;
    let legacy = office.owner(&lead).await;
    let person = office.other_rep(&lead).await;
    // Touched, and read and decided on; then taken while the org's clock shows the same second.
    office.person_moves(&lead, &legacy).await;
    office.poll().await;
    office.approve(&lead).await;
    office.wait(-5);
    office.person_moves(&lead, &person).await;
    office.send().await;
    assert_eq!(office.owner(&lead).await, person, "a date has whole seconds, so it alone would let the write pass");
    assert_eq!(office.store.decision_of(&lead).await.unwrap().unwrap().write, WriteState::Superseded);
}

#[tokio::test]
async fn rule_4_nothing_is_executed_that_the_phase_does_not_allow() {
    let mut office = Office::open().await;
    office.arrive(5).await;
    office.poll().await;
    office.rank(&GOOD).await;
    assert_eq!(office.send().await.tried, 0);
    assert_eq!(office.effects().await, [], "shadow writes nothing that nobody asked for");

    office.settings.write_verdicts = false;
    let lead = office.leads().await.remove(0);
    assert_eq!(office.approve(&lead).await.write, WriteState::NotWanted);
    assert_eq!(office.send().await.tried, 0);
    assert_eq!(office.effects().await, [], "a verdict that is only recorded is not written");

    office.settings.write_verdicts = true;
    let lead = office.leads().await.remove(1);
    office.approve(&lead).await;
    assert_eq!(office.send().await.done, 1);
    assert!(office.effects().await.iter().any(|(kind, _)| kind == "decision_recorded"));

    let error = leadboard::config::parse("[routing]\nphase = \"automatic\"\n", "c.toml", &[]).unwrap_err().to_string();
    assert!(error.starts_with("c.toml:2:") && error.contains("shadow"), "{error}");
}

/// The closed deals and the artifact of the model that the shared company trained.
fn learned() -> (Vec<Deal>, String) {
    let home = trained().copy();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        let id = store.champion().await.unwrap().unwrap().id;
        (store.deals().await.unwrap(), store.model_artifact(&id).await.unwrap().unwrap())
    })
}

/// The same model with another calibration.
fn recalibrated(artifact: &str, slope: f64, intercept: f64) -> Model {
    let mut envelope: Json = serde_json::from_str(artifact).unwrap();
    let mut model = envelope["model"].clone();
    model["calibration"] = serde_json::json!({ "method": "platt", "slope": slope, "intercept": intercept });
    let text = serde_json::to_string(&model).unwrap();
    let hash = leadboard::domain::text::hex(digest(&SHA256, text.as_bytes()).as_ref());
    envelope["sha256"] = hash.into();
    envelope["model"] = model;
    Model::from_artifact(&serde_json::to_string(&envelope).unwrap()).unwrap()
}

#[test]
fn rule_5_only_calibrated_probabilities_are_compared_with_thresholds() {
    let (deals, artifact) = learned();
    let queues = Queues { manager: QueueId::new("m"), default: QueueId::new("d") };
    let reps: Vec<RepKey> = (0..12).step_by(2).map(|i| RepKey::new(crate::cli::company::rep(i))).collect();
    let route = |model: &Model, deal: &Deal| {
        let scores = model.score(&deal.facts, &reps);
        let mut entries: Vec<RankedRep> = (reps.iter().zip(scores))
            .map(|(rep, score)| RankedRep {
                rep_id: RepId::new(rep.as_str()),
                rank: 1,
                p_win: score.p_win,
                interval: score.interval,
                support: score.support,
                in_pool: true,
                factors: Vec::new(),
            })
            .collect();
        entries.sort_by(|a, b| b.p_win.total_cmp(&a.p_win));
        let ranking = Ranking {
            model_id: ModelId::new("m"),
            ranked_at: deal.facts.created_at,
            reps: entries,
            pool: Pool::default(),
            segment: String::new(),
            expected: None,
            comparison: None,
            lead_score: None,
        };
        recommend(&ranking, &Owner::Queue(QueueId::new("q")), &queues, &Settings::default(), true).reason
    };
    // The margins are the same; calibration alone moves every lead across the gate.
    let (generous, strict) = (recalibrated(&artifact, 1.0, 4.0), recalibrated(&artifact, 1.0, -9.0));
    for deal in deals.iter().step_by(100) {
        assert_eq!(generous.margins(&deal.facts, &reps), strict.margins(&deal.facts, &reps));
        assert_eq!(route(&generous, deal), RouteReason::ModelPick);
        assert_eq!(route(&strict, deal), RouteReason::LowConfidence);
    }
    // And it is honest: over all deals the probabilities sum up to the wins.
    let model = Model::from_artifact(&artifact).unwrap();
    let expected: f64 = deals.iter().map(|d| model.score(&d.facts, std::slice::from_ref(&d.rep))[0].p_win).sum::<f64>();
    let won = deals.iter().filter(|d| d.outcome == Outcome::Won).count() as f64;
    assert!((expected - won).abs() < 0.04 * deals.len() as f64, "{expected} expected, {won} won");
}

#[test]
fn rule_5_features_use_only_what_was_known_when_the_lead_was_created() {
    let (deals, _) = learned();
    let spec = FeatureSpec::declare(&deals.iter().map(|d| &d.facts).collect::<Vec<_>>(), false);
    let rows = |deals: &[Deal]| -> Vec<Vec<u32>> {
        let (matrix, _) = sweep(&spec, &deals.iter().collect::<Vec<_>>(), &vec![true; deals.len()]);
        (0..deals.len()).map(|i| matrix.row(i).iter().map(|value| value.to_bits()).collect()).collect()
    };
    let cut = deals[deals.len() / 2].facts.created_at;
    let mut otherwise = deals.clone();
    for deal in otherwise.iter_mut().filter(|deal| deal.closed_at >= cut) {
        deal.outcome = if deal.outcome == Outcome::Won { Outcome::Lost } else { Outcome::Won };
    }
    let (before, after) = (rows(&deals), rows(&otherwise));
    let known = deals.iter().filter(|deal| deal.facts.created_at <= cut).count();
    assert!(known > 1_000);
    assert_eq!(before[..known], after[..known], "what became known later changes nothing");
    assert_ne!(before[known..], after[known..], "and changes everything after it");
}

/// A store with a lead whose ranking rests on deals, and one whose ranking failed.
fn evidence() -> Home {
    let home = Home::new();
    fill(&home.data());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        let mut lead = raw("lead-3", 0, rep("legacy"));
        lead.lead.company = "Unranked Ltd".into();
        take_in(&store, vec![receive(lead)], 0).await;
        let failed = RankedLead {
            ranking: None,
            recommendation: Recommendation {
                route: Route::DefaultQueue(QueueId::new("mq")),
                reason: RouteReason::TechnicalFailure,
                explanation: "Ranking failed: no answer.".into(),
                gap: None,
            },
            ..ranked("lead-3", 0, Lane::Sync, 0.0, 1)
        };
        let mut lead = raw("lead-4", 0, rep("legacy"));
        lead.lead.company = "Ranked Ltd".into();
        take_in(&store, vec![receive(lead)], 0).await;
        let mut told = ranked("lead-4", 0, Lane::Fast, 0.0, 1);
        told.ranking.as_mut().unwrap().reps[0].support =
            Support { deals: 46, wins: 18, similar_deals: 11, similar_wins: 5 };
        LeadStore::save_rankings(&store, vec![failed, told]).await.unwrap();
        QueryStore::close(&store).await;
    });
    home
}

#[test]
fn rule_6_every_number_says_what_it_rests_on() {
    let home = evidence();
    // On the command line, for people and for programs.
    let text = home.run("lead show lead-4").ended(0).out;
    for words in ["p_win", "95 %", "25..50", "18 of 46", "5 of 11", "won in industry Software", "m-1"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let ranking = &home.json("lead show lead-4")["ranking"];
    assert_eq!(ranking["model_id"], "m-1");
    for rep in ranking["reps"].as_array().unwrap() {
        let (low, p, high) = (&rep["interval"]["low"], &rep["p_win"], &rep["interval"]["high"]);
        assert!(low.as_f64() <= p.as_f64() && p.as_f64() <= high.as_f64(), "{rep}");
        for count in ["deals", "wins", "similar_deals", "similar_wins"] {
            assert!(rep["support"][count].is_u64(), "{rep}");
        }
    }
    // On the screen.
    let mut screen = Screen::open(&home, 160, 45);
    screen.begin("▸ Ranked Ltd", "\x1bOP");
    screen.press("\r");
    for words in ["50.0%", "25-50%", "18 of 46", "5 of 11", "similar = industry Software", "m-1"] {
        screen.until(words, |picture| picture.contains(words));
    }
}

#[test]
fn rule_6_where_there_is_no_answer_there_is_no_number() {
    let home = evidence();
    let text = home.run("lead show lead-3").ended(0).out;
    assert!(text.contains("Ranking failed: no answer.") && !text.contains('%'), "{text}");
    assert_eq!(home.json("lead show lead-3")["ranking"], Json::Null);
    let list = home.run("lead list --lane sync").ended(0).out;
    assert!(list.contains("Unranked Ltd") && !list.contains('%'), "{list}");
    assert_eq!(home.json("lead list --lane sync")["rows"][0]["p_win"], Json::Null);

    let mut screen = Screen::open(&home, 80, 24);
    screen.begin("Unranked Ltd", "\x1b[18~");
    screen.press("\r");
    let picture = screen.until("the lead", |p| p.contains("Unranked Ltd") && p.contains("Ranking failed"));
    assert!(!picture.contains('%') && !picture.contains("points"), "{picture}");
}

#[test]
fn rule_7_what_the_crm_sends_is_hostile_text() {
    let home = evidence();
    let lethal =
        |text: &str| text.contains("\u{1b}]0;owned") || text.contains("\u{1b}[2J\u{1b}]") || text.contains('\u{202e}');
    assert!(lethal(HOSTILE));
    // The command line.
    for line in ["lead list", "lead show lead-2"] {
        let ran = home.run(line).ended(0);
        assert!(ran.out.contains("=cmd()") && !ran.out.contains('\u{1b}') && !lethal(&ran.out), "{ran:?}");
    }
    // The screen.
    let mut screen = Screen::open(&home, 80, 24);
    screen.begin("▸ Company lead-1", "\x1bOQ");
    screen.press("\x1b[B");
    screen.until("the hostile lead in the list", |p| p.contains("▸ =cmd()"));
    screen.press("\r");
    screen.until("the hostile lead", |p| p.contains("=cmd()") && p.contains("95%"));
    let bytes = String::from_utf8_lossy(&screen.bytes).into_owned();
    assert!(!lethal(&bytes) && !bytes.contains("owned\u{7}"), "{bytes:?}");
    // The spreadsheet.
    let home = trained().copy();
    home.file("leads.csv", format!("{HEADER}=1+1,2025-02-01,,,,Web,Tech,1,1,North\n"));
    home.run("score leads.csv --map map.toml --out scores.csv").ended(0);
    assert!(csv_rows(&home.path("scores.csv")).iter().all(|row| row[0] == "'=1+1"));
}

#[test]
fn rule_8_a_bad_config_or_file_is_refused_with_the_place_and_the_cure() {
    let home = trained().copy();
    let stored = || {
        let (audit, models) = (home.json("history audit"), home.json("model list"));
        (audit["deals"].as_u64(), models)
    };
    let before = stored();
    assert_eq!(before.0, Some(3_000));

    home.file("bad.toml", "[routing]\nsla_hours = \"four\"\n");
    let ran = home.run("lead list --config bad.toml").ended(2);
    assert!(ran.err.contains("bad.toml:2:") && ran.err.contains("write a number"), "{ran:?}");

    home.file("deals.csv", format!("{HEADER}{GOOD_ROW}a-2,someday,,,,,,,,\n"));
    let ran = home.run("history import deals.csv --map map.toml").ended(1);
    assert!(ran.err.contains("deals.csv:3:") && ran.err.contains("--skip-bad"), "{ran:?}");
    home.file("bad-map.toml", MAP.replace("\"Stage\"", "\"Stag\""));
    let ran = home.run("history import deals.csv --map bad-map.toml").ended(2);
    assert!(ran.err.contains("bad-map.toml:7") && ran.err.contains("\"Stage\""), "{ran:?}");
    assert_eq!(stored(), before, "what is stored stays as it was");
}

#[test]
fn rule_8_a_bad_model_is_refused_and_the_good_one_goes_on() {
    let home = trained().copy();
    let good = home.json("model list")[0]["id"].as_str().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        let champion = store.champion().await.unwrap().unwrap();
        let artifact = store.model_artifact(&champion.id).await.unwrap().unwrap();
        // One digit of one tree.
        let damaged = artifact.replacen("\"default_left\":[0", "\"default_left\":[1", 1);
        assert!(damaged != artifact);
        let row = ModelRow { id: ModelId::new("m-damaged"), champion: false, promoted_at: None, ..champion };
        store.save_model(&row, &damaged).await.unwrap();
        QueryStore::close(&store).await;
    });
    home.file("leads.csv", format!("{HEADER}x-1,2025-02-01,,,,Web,Tech,1,1,North\n"));
    for line in ["model promote m-damaged", "score leads.csv --map map.toml --out scores.csv --model m-damaged"] {
        let ran = home.run(line).ended(1);
        assert!(ran.err.contains("m-damaged") && ran.err.contains("damaged") && ran.err.contains("train"), "{ran:?}");
    }
    assert_eq!(home.json("model show")["id"], good.as_str());
    home.run("score leads.csv --map map.toml --out scores.csv").ended(0);
    assert_eq!(csv_rows(&home.path("scores.csv")).len(), 6);
}
