//! `report daily` on a store with a few leads.

use leadboard::app::ports::{ContactStore, DecisionStore, Settlement, StopStore, Stopped};
use leadboard::domain::contact::ContactOutcome;
use leadboard::store::SqliteStore;
use serde_json::{Value as Json, json};

use super::leads::fill;
use super::support::{Home, Ran};
use crate::store_fixtures::{at, decision, in_lane, raw, receive, rep, take_in};

/// The day on which the fixtures' time begins (14:13 UTC).
const DAY: &str = "2026-09-21";

/// The program by the clocks of Berlin, with these words.
fn in_berlin(home: &Home, line: &str) -> Ran {
    Ran::of(home.command().env("TZ", "Europe/Berlin").args(line.split_whitespace()).output().unwrap())
}

/// A day with four leads, a verdict and a missed first contact, and a fifth lead and a verdict on the next day.
fn a_day() -> Home {
    let home = Home::new();
    fill(&home.data());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        let mut given = decision("lead-1", 0, 2, false);
        given.contact_due = Some(at(60));
        let trace = given.decision.trace_id;
        store.decide(given).await.unwrap();
        let missed =
            Settlement { decision: trace, outcome: ContactOutcome::Missed, contacted_at: None, reassign: false };
        store.settle_contacts(&[missed], at(120)).await.unwrap();
        take_in(&store, vec![receive(raw("lead-3", 0, rep("best")))], 3).await;
        in_lane(&store, "lead-4").await;
        // Half past midnight in Berlin, half past ten in the evening in UTC.
        let night = 8 * 3_600 + 17 * 60;
        take_in(&store, vec![receive(raw("lead-5", night, rep("best")))], night).await;
        store.decide(decision("lead-4", 0, night, false)).await.unwrap();
        store.stop_writes(&Stopped { at: at(night), by: "Ana".into(), why: "stock-taking".into() }).await.unwrap();
        store.close().await;
    });
    home
}

#[test]
fn a_day_is_told_by_the_manager_s_clock() {
    let home = a_day();
    let told = in_berlin(&home, &format!("report daily --day {DAY} --json")).ended(0).json();
    assert_eq!(told["day"]["from"], format!("{DAY}T00:00:00+02:00"));
    assert_eq!(told["day"]["over"], true);
    assert_eq!(
        told["leads"],
        json!({"received": 4, "decided": 2, "in_lane": 1, "pending": 1, "superseded": 0}),
        "{told}"
    );
    assert_eq!((&told["ladder"], &told["unranked"]), (&json!({"model_pick": 3}), &json!(1)));
    assert_eq!(told["agreement"], json!({"compared": 3, "agree": 0}));
    let said = json!([{"verdict": "override", "given": 1, "taken_back": 0, "reasons": [["O", 1]]}]);
    assert_eq!(told["verdicts"], said, "the verdict of the night is of the next day");
    let missed = json!([{"rep": "best", "name": "Bea Best", "missed": 1, "settled": 1}]);
    assert_eq!(told["first_contacts"]["no_contact"], missed);
    assert_eq!(told["drift"], Json::Null);

    let next = in_berlin(&home, "report daily --day 2026-09-22 --json").ended(0).json();
    assert_eq!((&next["leads"]["received"], &next["verdicts"][0]["given"]), (&json!(1), &json!(1)));
    assert_eq!(next["first_contacts"]["missed"], 0, "it was looked at the day before");
    let utc = home.command().env("TZ", "UTC").args(["report", "daily", "--day", DAY, "--json"]).output().unwrap();
    assert_eq!(Ran::of(utc).ended(0).json()["leads"]["received"], 5);
}

#[test]
fn the_digest_can_be_pasted_and_says_what_is_not_known() {
    let home = a_day();
    let text = in_berlin(&home, &format!("report daily --day {DAY}")).ended(0).out;
    for words in [
        "Leadboard digest of Monday, 2026-09-21\n",
        "the whole day (UTC+2)\n",
        "Leads received: 4\n  now 2 decided, 1 in queue, 1 pending, 0 superseded\n",
        "  model pick 3\n  without a recommendation 1\n",
        "  override 1: Other (note needed) 1\n",
        "  no contact at all: Bea Best, 1 of 1\n",
        "Drift: no drift report yet, nothing was compared.\n",
        "Kill switch: ON, writing to the CRM is stopped by Ana since",
        "Every scope is in the phase shadow:",
        "Lift: no conclusion: no experiment runs",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
    let plain = in_berlin(&home, &format!("report daily --day {DAY} --plain")).ended(0).out;
    assert!(plain.lines().any(|line| line == "leads, received: 4"), "{plain}");
}

#[test]
fn an_empty_day_claims_nothing_and_the_future_is_refused() {
    let home = Home::new();
    let text = home.run("report daily").ended(0).out;
    assert!(text.contains("so far\n\nLeads: none was received.\n") && !text.contains('%'), "{text}");
    let ran = home.run("report daily --day 9999-01-01").ended(1);
    assert!(ran.err.contains("9999-01-01 has not begun; today is "), "{ran:?}");
    assert!(home.run("report daily --day yesterday").ended(2).err.contains("--day"));
}
