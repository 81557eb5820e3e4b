//! What stands on screens that have no list of leads, from the command line: status, sync, and two decisions side by side.

use leadboard::app::ports::{
    Claim, Clock, DecisionStore, EffectResult, HandOver, HandOverStore, Presence, PresenceStore,
};
use leadboard::bootstrap::SystemClock;
use leadboard::store::SqliteStore;

use super::leads::{HOSTILE, fill};
use super::support::{Home, Ran};
use crate::store_fixtures::{at, decision, id};

/// Runs what needs a store in a data directory.
fn on_store(home: &Home, does: impl AsyncFnOnce(&SqliteStore)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
        does(&store).await;
        store.close().await;
    });
}

/// A line is one fact, in words: no table, no column, nothing that a terminal would obey.
fn is_plain(text: &str) -> bool {
    text.lines().all(|line| line.contains(": ") && !line.contains("   "))
        && !text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}'))
}

#[test]
fn the_numbers_of_every_screen_are_told() {
    let home = Home::new();
    fill(&home.data());
    let now = SystemClock.now();
    on_store(&home, async |store| {
        let claim = Claim { lead: id("lead-1"), since: now, until: now + chrono::TimeDelta::minutes(2) };
        store.note_presence(&Presence { manager: HOSTILE.into(), seen_at: now, claim: Some(claim) }).await.unwrap();
        let handed = HandOver { from: "Ben".into(), to: "tess".into(), note: Some(HOSTILE.into()), at: now };
        assert_eq!(store.hand_over(&[id("lead-2")], &handed).await.unwrap().len(), 1);
    });
    let told = home.json("status");
    assert_eq!((&told["conservation"]["received"], &told["lanes"]["disagree"]), (&2.into(), &2.into()));
    assert_eq!(told["others"][0]["claim"]["lead"], "lead-1");
    assert_eq!((&told["handed"][0]["lead"], &told["stopped"]), (&"lead-2".into(), &serde_json::Value::Null));
    let out = home.run("status").ended(0).out;
    for words in [
        "2 received = 0 decided + 2 in queue + 0 pending + 0 superseded; lost 0\n",
        "Lanes: Disagree 2; 0 snoozed.\n",
        "No worker runs on this data directory",
        "has lead lead-1 open",
        "Ben handed you lead-2",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let plain = home.run("status --plain").ended(0).out;
    assert!(is_plain(&plain) && plain.contains("conservation, in lane: 2\n"), "{plain}");
    // What is stopped is shouted here as on every screen.
    home.run("stop --reason because").ended(0);
    assert!(home.run("status").ended(0).out.contains("NOTHING IS WRITTEN: "));
}

#[test]
fn the_outbox_is_listed_and_a_failed_write_is_tried_again() {
    let home = Home::new();
    assert!(home.run("sync list").ended(0).out.contains("Nothing was to be written yet"));
    fill(&home.data());
    on_store(&home, async |store| {
        store.decide(decision("lead-2", 0, 10, true)).await.unwrap();
        let [effect] = store.claim_effects("w", 1, at(90), at(30)).await.unwrap().try_into().unwrap();
        store.finish_effect(&effect, EffectResult::Dead(HOSTILE.into()), at(31)).await.unwrap();
    });
    let told = home.json("sync list");
    assert_eq!((&told["effects"]["failed"], &told["outbox"][0]["state"]), (&1.into(), &"dead".into()));
    let out = home.run("sync list").ended(0).out;
    assert!(out.contains("1 failed for good") && out.contains("lead-2") && !out.contains('\u{1b}'), "{out}");
    let plain = home.run("sync list --plain").ended(0).out;
    assert!(is_plain(&plain) && plain.contains("outbox 1 of 1, attempts: 1\n"), "{plain}");

    let write = told["outbox"][0]["id"].to_string();
    assert_eq!(home.json(&format!("sync retry {write}"))["retried"], told["outbox"][0]["id"]);
    assert_eq!(home.json("sync list")["outbox"][0]["state"], "ready");
    assert!(home.run(&format!("sync retry {write}")).ended(1).err.contains("none to try again"));
}

#[test]
fn a_lead_is_found_told_in_sentences_and_its_decisions_are_compared() {
    let home = Home::new();
    fill(&home.data());
    let found =
        |line: &str| home.json(line).as_array().unwrap().iter().map(|lead| lead["id"].clone()).collect::<Vec<_>>();
    assert_eq!(found("audit find company"), ["lead-1"]);
    assert_eq!(found("audit find lead-2"), ["lead-2"]);
    assert!(home.run("audit find nobody").ended(0).out.contains("Nothing was found"));
    home.run("lead keep lead-1 --reason T2").ended(0);
    home.run("lead undo lead-1").ended(0);
    let approved = home.json("lead approve lead-1");
    let story = home.json("audit show lead-1");
    assert_eq!((&story["company"], &story["legacy_owner"]), (&"Company lead-1".into(), &"Leo Legacy".into()));
    assert_eq!(story["events"][0]["told"], "received from the CRM; legacy owner Leo Legacy");
    let (later, first) = (&story["decisions"][0]["trace_id"], &story["decisions"][1]["trace_id"]);
    assert_eq!(approved["decision"]["trace_id"], *later);
    let compared = home.json(&format!("audit compare {}", later.as_str().unwrap()));
    assert_eq!((&compared["before"], &compared["after"]), (first, later));
    let whats: Vec<_> = compared["differences"].as_array().unwrap().iter().map(|one| one["what"].clone()).collect();
    assert!(whats.contains(&"verdict".into()) && whats.contains(&"turned down".into()), "{whats:?}");
    let out = home.run(&format!("audit compare {}", later.as_str().unwrap())).ended(0).out;
    assert!(out.contains("verdict: approve; before: keep_legacy"), "{out}");
    let plain = Ran::of(home.command().args(["audit", "show", "lead-1", "--plain"]).output().unwrap()).ended(0).out;
    assert!(is_plain(&plain), "{plain}");
    let none = home.run(&format!("audit compare {}", first.as_str().unwrap())).ended(1);
    assert!(none.err.contains("the first decision on lead lead-1"), "{none:?}");
}
