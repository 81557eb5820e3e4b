//! The promise that nothing is lost and nothing is doubled, against SIGKILL: the real program is killed at moments that
//! a seeded generator chooses, from the first second of its set-up on, and started again in the same directory.
//!
//! The demo org lives in the killed process. Its journal is written before an answer is sent, so a kill between the two
//! leaves what is hardest for a client: a write that happened and was never answered.

mod killing;

use std::collections::BTreeMap;

use killing::{BURST, Company, Target};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;

const SEED: u64 = 22;
/// Leads of the whole run.
const LEADS: u64 = 200;
/// Kills while leads come in, besides those of the set-up and of starts: so many, and more until enough of them struck where
/// it hurts, since the machine decides how far a program comes in a moment.
const LIVE_KILLS: u32 = 20;
const MOST_KILLS: u32 = 60;
/// Kills that have to leave writes waiting or under way, and that have to come between a write in the org and its booking.
const IN_FLIGHT: u32 = 4;
const UNBOOKED: u32 = 2;
/// Every so many live kills, one more strikes a program that is only starting.
const START_KILL_EVERY: u32 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_and_started_again_the_demo_loses_and_doubles_nothing() {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let company = Company::new(LEADS);

    // The first set-up: while the history is pulled, and while a model is trained.
    for share in [0.3, 1.0] {
        let deals = company.kill_after(Target::Deals { share, pause_ms: random.random_range(0..300) }).await;
        assert!(deals.running, "the program ended by itself during its set-up");
        assert_eq!(deals.models, 0, "set-up was over before the kill, so this proves nothing about it");
    }
    company.until_learned().await;

    // Then while leads come in.
    let (mut kills, mut hit, mut in_flight, mut unbooked, mut open) = (0, 0, 0, 0, 0);
    for round in 0..MOST_KILLS {
        if round >= LIVE_KILLS && in_flight >= IN_FLIGHT && unbooked >= UNBOOKED {
            break;
        }
        kills += 1;
        if round % START_KILL_EVERY == START_KILL_EVERY - 1 {
            company.kill_after(Target::Time { millis: random.random_range(0..400) }).await;
        }
        // A burst is so many lines of arrivals and then as many lines of writes, so this is anywhere in the first two
        // bursts. The first kills come before the first poll can be over.
        let lines = if round < 2 { 1 } else { random.random_range(1..=4 * BURST) };
        let after = company.kill_after(Target::News { lines, pause_ms: random.random_range(0..10) }).await;
        hit += u32::from(after.running);
        in_flight += u32::from(after.effects.pending > 0);
        unbooked += u32::from(after.recorded_in_org > after.effects.sent);
        open = LEADS - after.sum.decided;
        assert_eq!(after.sum.lost(), 0, "after kill {round}: {:?}", after.sum);
    }

    let result = company.finish().await;
    let number = |pointer: &str| result.pointer(pointer).and_then(Json::as_u64);
    let got = |pointer: &str, wanted: u64| assert_eq!(number(pointer), Some(wanted), "{pointer} of {result:#}");
    got("/received", LEADS);
    got("/decided", LEADS);
    for nothing in ["/in_lane", "/pending", "/lost", "/effects/pending", "/effects/failed", "/effects/duplicated"] {
        got(nothing, 0);
    }
    // Nobody works in this org but leadboard, so a lead taken by "a person" was taken by a forgotten write of our own.
    got("/superseded", 0);
    got("/effects/sent", LEADS);
    assert_eq!(result["reconciled"], true, "{result:#}");

    // And by the org's own book, without the program's judge.
    let (arrived, recorded) = (company.seen("lead_arrived"), company.seen("decision_recorded"));
    assert_eq!(arrived.len() as u64, LEADS);
    let wrong: BTreeMap<_, _> =
        arrived.keys().map(|lead| (lead, recorded.get(lead).copied().unwrap_or(0))).filter(|(_, n)| *n != 1).collect();
    assert!(wrong.is_empty(), "leads whose decision the org does not have exactly once: {wrong:?}");
    assert_eq!(recorded.len(), arrived.len(), "decisions about leads that never came");

    // What the kills struck: else all of the above proves little.
    assert_eq!(hit, kills, "kills that struck a running program");
    assert!(open > 0, "everything was decided before the last kill");
    assert!(in_flight >= IN_FLIGHT, "only {in_flight} kills left writes waiting or under way");
    assert!(unbooked >= UNBOOKED, "only {unbooked} kills came between a write in the org and its booking");
}
