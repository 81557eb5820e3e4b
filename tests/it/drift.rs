//! Watching for drift over the real store: days are gathered as they come, caught up with, and repeated without harm.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use leadboard::app::drift::{Limits, Verdict, gather, newest, report, watch};
use leadboard::app::learn::LoadedModel;
use leadboard::app::ports::{Cursor, DriftDay, DriftMark, IntakeChange, RankedLead, RawLead, Store};
use leadboard::domain::deal::{Deal, LeadOutcome, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, ModelId, RepId, RepKey};
use leadboard::domain::lane::Lane;
use leadboard::domain::ranking::{Interval, Support};
use leadboard::model::drift::{Baseline, Leads};
use leadboard::model::{Clearance, Explanation, RepScore, Scorer};

use crate::store_fixtures::{LEADS, at, id, ranked, raw, receive, rep, sqlite};

/// Every lead is as good as its amount.
struct ByAmount;

impl Scorer for ByAmount {
    fn score(&self, facts: &LeadFacts, reps: &[RepKey]) -> Vec<RepScore> {
        let p_win = facts.amount.unwrap_or_default() / 1_000.0;
        let score = RepScore { p_win, interval: Interval { low: p_win, high: p_win }, support: Support::default() };
        vec![score; reps.len()]
    }
    fn explain(&self, _: &LeadFacts, _: &RepKey) -> Explanation {
        Explanation { base: 0.0, factors: Vec::new() }
    }
    fn segment(&self, _: &LeadFacts) -> String {
        "all deals".into()
    }
}

/// The `n`th of leads whose industries and amounts come in turns.
fn facts(n: usize, industries: &[&str]) -> LeadFacts {
    LeadFacts {
        industry: Some(industries[n % industries.len()].into()),
        amount: Some((n * 37 % 100 + 100) as f64),
        ..LeadFacts::empty(at(-60))
    }
}

const USUAL: [&str; 4] = ["Technology", "Health", "Retail", "Energy"];
const LATER: [&str; 4] = ["Technology", "Technology", "Technology", "Health"];

fn model(name: &str) -> LoadedModel {
    let deal = |n: usize| Deal {
        lead_id: LeadId::new(format!("deal {n}")),
        rep: RepKey::new("best"),
        facts: facts(n, &USUAL),
        closed_at: at(0),
        closed_assumed: true,
        outcome: if n.is_multiple_of(3) { Outcome::Won } else { Outcome::Lost },
        closed_amount: None,
    };
    let deals: Vec<Deal> = (0..2_000).map(deal).collect();
    let baseline = Some(Arc::new(Baseline::of(&deals, &ByAmount)));
    LoadedModel { id: ModelId::new(name), scorer: Arc::new(ByAmount), clearance: Clearance::Routes, baseline }
}

/// The beginning of the day of `at(0)`, plus so many days.
fn morning(days: i64) -> DateTime<Utc> {
    at(0).date_naive().and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::days(days)
}

fn day(days: i64) -> NaiveDate {
    morning(days).date_naive()
}

/// Leads that are received and ranked in the morning of a day.
async fn come(store: &dyn Store, days: i64, leads: usize, industries: &[&str]) {
    let received = morning(days) + TimeDelta::hours(9);
    let lead = |n: usize| {
        let raw_lead = raw(&format!("lead {days} {n:04}"), 0, rep("legacy"));
        let mut lead = raw_lead.lead;
        lead.facts = facts(n, industries);
        RawLead { lead, raw: raw_lead.raw }
    };
    let news: Vec<IntakeChange> = (0..leads).map(|n| receive(lead(n))).collect();
    store.take_in(news, LEADS, &Cursor::default(), received).await.unwrap();
    let rankings: Vec<RankedLead> =
        (0..leads).map(|n| ranked(&format!("lead {days} {n:04}"), 0, Lane::Fast, 1.0, 1)).collect();
    store.save_rankings(rankings).await.unwrap();
}

/// The deal of a lead closes in the afternoon of a day, and we hear of it so many days later.
async fn close(store: &dyn Store, lead: &str, on: i64, late: i64, won: bool) {
    let outcome = LeadOutcome {
        lead_id: id(lead),
        rep_id: Some(RepId::new("best")),
        outcome: Some(if won { Outcome::Won } else { Outcome::Lost }),
        closed_at: Some(morning(on) + TimeDelta::hours(15)),
        amount: None,
    };
    let heard = morning(on + late) + TimeDelta::hours(16);
    store.save_outcomes(&[outcome], "outcomes", &Cursor::default(), heard).await.unwrap();
}

/// Gathers until nothing is left; how many rounds that took.
async fn gather_all(store: &dyn Store, model: &LoadedModel, now: DateTime<Utc>) -> usize {
    let mut rounds = 1;
    while gather(store, Some(model), &Limits::default(), now, 4).await.unwrap() {
        rounds += 1;
    }
    rounds
}

async fn days(store: &dyn Store) -> Vec<Leads> {
    let texts = store.drift_leads(day(-100), day(100)).await.unwrap();
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test]
async fn after_an_absence_every_day_is_caught_up_with_a_few_at_a_time() {
    let (_dir, store) = sqlite().await;
    let model = model("m-1");
    for n in 0..10 {
        come(store.as_ref(), n, 3 + n as usize, &USUAL).await;
    }
    // Twelve days, two of them without leads, four at a time.
    assert_eq!(gather_all(store.as_ref(), &model, morning(11) + TimeDelta::hours(12)).await, 3);
    let found: Vec<u32> = days(store.as_ref()).await.iter().map(|day| day.leads).collect();
    assert_eq!(found, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0]);
    let marks = store.drift_marks(day(0)).await.unwrap();
    assert!(marks.iter().all(|mark| mark.model == Some(ModelId::new("m-1"))));
}

#[tokio::test]
async fn gathering_again_changes_nothing_and_writes_nothing() {
    let (_dir, store) = sqlite().await;
    let model = model("m-1");
    // More than are read at once, and more than a day keeps the numbers of.
    come(store.as_ref(), 0, 1_200, &USUAL).await;
    let now = morning(0) + TimeDelta::hours(12);
    gather_all(store.as_ref(), &model, now).await;
    let first = days(store.as_ref()).await;
    assert_eq!((first[0].leads, first[0].numeric["amount"].values.len()), (1_200, 400));
    assert_eq!(first[0].best, (1_200, 600.0));

    let news = store.changes();
    gather_all(store.as_ref(), &model, now + TimeDelta::minutes(14)).await;
    assert!(!news.has_changed().unwrap(), "what was gathered a moment ago is not gathered again");
    gather_all(store.as_ref(), &model, now + TimeDelta::minutes(15)).await;
    assert!(news.has_changed().unwrap());
    assert_eq!(days(store.as_ref()).await, first);
}

#[tokio::test]
async fn a_day_that_was_begun_and_left_is_finished_however_late() {
    let (_dir, store) = sqlite().await;
    let model = model("m-1");
    come(store.as_ref(), 0, 3, &USUAL).await;
    gather_all(store.as_ref(), &model, morning(0) + TimeDelta::hours(10)).await;
    // The worker stops; leads of that day are in the store all the same when it comes back a month later.
    let late = raw("lead late", 0, rep("legacy"));
    store.take_in(vec![receive(late)], LEADS, &Cursor::default(), morning(0) + TimeDelta::hours(20)).await.unwrap();
    gather_all(store.as_ref(), &model, morning(30) + TimeDelta::hours(8)).await;
    assert_eq!(days(store.as_ref()).await[0].leads, 4);
    // And now it is settled.
    let mark = store.drift_marks(day(0)).await.unwrap().remove(0);
    gather_all(store.as_ref(), &model, morning(31) + TimeDelta::hours(8)).await;
    assert_eq!(store.drift_marks(day(0)).await.unwrap()[0], mark);
}

#[tokio::test]
async fn an_outcome_that_is_heard_of_days_later_still_counts() {
    let (_dir, store) = sqlite().await;
    let model = model("m-1");
    come(store.as_ref(), 0, 60, &USUAL).await;
    for n in 0..60 {
        close(store.as_ref(), &format!("lead 0 {n:04}"), 1, 0, n % 2 == 0).await;
    }
    gather_all(store.as_ref(), &model, morning(1) + TimeDelta::hours(18)).await;
    let now = morning(4) + TimeDelta::hours(9);
    come(store.as_ref(), 3, 2, &USUAL).await;
    close(store.as_ref(), "lead 3 0000", 3, 1, true).await;
    // Whom the ranking does not know cannot be compared with it.
    let stranger = LeadOutcome {
        lead_id: id("lead 3 0001"),
        rep_id: Some(RepId::new("stranger")),
        outcome: Some(Outcome::Won),
        closed_at: Some(morning(3) + TimeDelta::hours(15)),
        amount: None,
    };
    store.save_outcomes(&[stranger], "outcomes", &Cursor::default(), now).await.unwrap();
    gather_all(store.as_ref(), &model, now).await;
    let found = report(store.as_ref(), &model, &Limits::default(), now).await.unwrap().concept;
    assert_eq!((found.outcomes, found.wins), (61, 31));
    assert!((found.expected_wins - 30.5).abs() < 1e-9, "each was shown a chance of a half: {found:?}");
    assert_eq!(found.verdict, Verdict::Steady);

    // They speak for the model that ranked them, and for no other.
    let other = self::model("m-2");
    gather_all(store.as_ref(), &other, now).await;
    assert_eq!(report(store.as_ref(), &other, &Limits::default(), now).await.unwrap().concept.outcomes, 0);
}

#[tokio::test]
async fn a_change_of_the_leads_is_reported_in_plain_words_and_kept() {
    let (_dir, store) = sqlite().await;
    let model = model("m-1");
    let limits = Limits::default();
    assert!(newest(store.as_ref()).await.unwrap().is_none());
    for n in 0..5 {
        come(store.as_ref(), n, 40, &USUAL).await;
    }
    let now = morning(4) + TimeDelta::hours(12);
    gather_all(store.as_ref(), &model, now).await;
    let (more, kept) = watch(store.as_ref(), Some(&model), &limits, now).await.unwrap();
    assert!(!more);
    let found = newest(store.as_ref()).await.unwrap().unwrap();
    assert_eq!(Some(&found), kept.as_ref());
    assert_eq!((found.leads, found.verdict), (200, Verdict::Steady));
    assert!(found.summary.starts_with("The leads of the last 28 days look like those the model learned from"));

    for n in 33..38 {
        come(store.as_ref(), n, 40, &LATER).await;
    }
    let now = morning(37) + TimeDelta::hours(12);
    gather_all(store.as_ref(), &model, now).await;
    watch(store.as_ref(), Some(&model), &limits, now).await.unwrap();
    let found = newest(store.as_ref()).await.unwrap().unwrap();
    assert_eq!((found.leads, found.verdict), (200, Verdict::Act));
    assert!(found.summary.starts_with("Industry has changed: Technology 25 % -> 75 %."), "{}", found.summary);
    assert_eq!(found.alerts(), ["drift: act on industry"]);
    assert_eq!(found.prediction.verdict, Verdict::Steady, "amounts did not change, and the model goes by amounts");
}

#[tokio::test]
async fn a_new_model_scores_the_days_of_the_window_again() {
    let (_dir, store) = sqlite().await;
    come(store.as_ref(), 0, 150, &USUAL).await;
    let now = morning(20);
    gather_all(store.as_ref(), &model("m-1"), now).await;
    let second = model("m-2");
    gather_all(store.as_ref(), &second, now).await;
    let found = report(store.as_ref(), &second, &Limits::default(), now).await.unwrap();
    assert_eq!((found.prediction.leads, found.prediction.verdict), (150, Verdict::Steady));
}

#[tokio::test]
async fn a_model_that_keeps_no_baseline_is_refused_with_the_cure() {
    let (_dir, store) = sqlite().await;
    let model = LoadedModel { baseline: None, ..model("m-old") };
    let error = report(store.as_ref(), &model, &Limits::default(), morning(0)).await.unwrap_err();
    assert!(error.to_string().contains("train it again"), "{error}");
    let (_, kept) = watch(store.as_ref(), Some(&model), &Limits::default(), morning(0)).await.unwrap();
    assert!(kept.is_none(), "and the worker leaves it alone");
}

#[tokio::test]
async fn the_store_keeps_one_of_each_day() {
    let (_dir, store) = sqlite().await;
    let of = |days: i64, text: &str| DriftDay {
        mark: DriftMark { day: day(days), gathered_at: at(days), model: (days > 0).then(|| ModelId::new("m-1")) },
        leads: format!("[\"{text}\"]"),
        outcomes: "{}".into(),
    };
    for kept in [of(0, "a"), of(2, "b"), of(0, "c")] {
        store.save_drift_day(&kept).await.unwrap();
    }
    assert_eq!(store.drift_marks(day(0)).await.unwrap(), [of(0, "c").mark, of(2, "b").mark]);
    assert_eq!(store.drift_marks(day(1)).await.unwrap(), [of(2, "b").mark]);
    assert_eq!(store.drift_leads(day(0), day(2)).await.unwrap(), [r#"["c"]"#, r#"["b"]"#]);
    assert_eq!(store.drift_outcomes(day(1), day(1)).await.unwrap(), [""; 0]);

    let model = ModelId::new("m-1");
    for (on, text) in [(day(2), "new"), (day(1), "old"), (day(2), "newest")] {
        store.save_drift_report(on, &model, "steady", text).await.unwrap();
    }
    assert_eq!(store.newest_drift_report().await.unwrap().as_deref(), Some("newest"));
    assert!(store.save_drift_report(day(3), &model, "perhaps", "{}").await.is_err(), "a verdict has four words");
}
