//! Rules are prepared when they change and not before, and a dry run gives nothing away.

use std::sync::Arc;

use leadboard::app::learn::LoadedModel;
use leadboard::app::routing::trial::{Judge, Side, Tally};
use leadboard::model::Clearance;

use super::*;

pub(super) async fn what_is_in_force_is_kept(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.publish(1).await.unwrap();
    assert_eq!(office.publish(1).await.unwrap(), Published::Same, "there is still no file");
    let first = routing::in_force(store, None).await.unwrap().unwrap();
    let same = routing::in_force(store, Some(&first)).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &same), "nothing changed, so nothing is prepared again");

    // Other reps.
    let mut reps = roster();
    reps.reps[0].name = "Married Name".into();
    store.save_roster(&reps, at(2)).await.unwrap();
    let renamed = routing::in_force(store, Some(&same)).await.unwrap().unwrap();
    assert!(renamed.roster.reps.iter().any(|rep| rep.name == "Married Name"), "{:?}", renamed.roster);

    // Other rules.
    office.file.says("[capacity]\nper_day = 1");
    let Published::New { version, .. } = office.publish(3).await.unwrap() else { panic!() };
    let newest = routing::in_force(store, Some(&renamed)).await.unwrap().unwrap();
    assert_eq!(newest.policy.version().as_str(), version);
}

pub(super) async fn a_dry_run_counts_what_it_would_give(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let office = office(store).await;
    office.publish(1).await.unwrap();
    let free = routing::in_force(store, None).await.unwrap().unwrap();
    let hot = |name: &str, when: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nkind = \"hot\"\nwhen = '{when}'\nowner = \"Bea Best\"\nreason = \"None\"\n"
        )
    };
    let rules = [hot("all", "has(lead.id)"), hot("none", "lead.country == \"Nowhere\"")].concat();
    office.file.says(&format!("[capacity]\nper_day = 1\n{rules}"));
    office.publish(2).await.unwrap();
    let capped = routing::in_force(store, None).await.unwrap().unwrap();
    let judge = Judge {
        model: Arc::new(LoadedModel {
            id: ModelId::new("m-1"),
            scorer: Arc::new(Prefers),
            clearance: Clearance::Routes,
            baseline: None,
        }),
        queues: Queues { manager: QueueId::new("mq"), default: QueueId::new("mq") },
        settings: Settings::default(),
    };
    let (mut before, mut after, mut tally) = (Side::new(free), Side::new(capped), Tally::default());
    let mut moved = Vec::new();
    // An hour later on the same day, and on the day after.
    for (name, hours) in [("L1", 0), ("L2", 1), ("L3", 25)] {
        take_in(store, vec![receive(raw(name, 3, rep("legacy")))], 3).await;
        let lead = record(store, name).await;
        let now = at(3 + hours * 3600);
        if tally.add(&judge, &before.route(&judge, &lead, now), &after.route(&judge, &lead, now)) {
            moved.push(name);
        }
    }
    assert_eq!(moved, ["L2"], "who has had the one lead of the day has no room for another");
    assert_eq!((tally.leads, tally.moves, tally.compared), (3, 1, 3));
    assert_eq!(tally.fires, [("all".to_owned(), 3)].into());
    assert_eq!(tally.pairs, [(("best".to_owned(), "legacy".to_owned()), 1)].into());
    assert!((tally.expected.0 - 1.5).abs() < 1e-9 && (tally.expected.1 - 1.3).abs() < 1e-9, "{:?}", tally.expected);
    assert!(store.ledger().await.unwrap().accounts().next().is_none(), "nothing was given away for real");
}
