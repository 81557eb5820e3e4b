//! Several managers on one store: who is at work, and which lead each has open.

use std::sync::Arc;

use chrono::TimeDelta;
use leadboard::app::filter::Filter;
use leadboard::app::hand_over::{self, HandedOver};
use leadboard::app::ports::{Claim, HandOver, Presence, Store};
use leadboard::app::presence::{self, CLAIM, HERE, called};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::domain::decision::DecidedBy;
use leadboard::domain::ids::LeadId;

use crate::routing::FixedClock;
use crate::store_fixtures::*;

on_every_store! {
    a_manager_is_seen_by_others_until_they_leave_or_fall_silent
    a_claim_moves_with_its_manager_and_keeps_its_beginning
    what_comes_late_changes_nothing
    leaving_takes_back_only_what_this_terminal_said
    a_claim_is_no_event_and_a_renewed_one_is_news_to_nobody_else
    hostile_names_are_kept_apart_and_cut
    a_lead_is_handed_over_once_at_a_time_and_until_a_verdict
    leads_are_handed_only_to_those_who_work_here
    a_filter_finds_what_is_handed_to_whom
    lists_of_people_and_hand_overs_are_bounded
}

fn open(manager: &str, lead: Option<&str>, seconds: i64) -> Presence {
    let claim = lead.map(|lead| Claim { lead: id(lead), since: at(seconds), until: at(seconds) + CLAIM });
    Presence { manager: manager.into(), seen_at: at(seconds), claim }
}

async fn a_manager_is_seen_by_others_until_they_leave_or_fall_silent(store: Arc<dyn Store>) {
    let store = store.as_ref();
    assert_eq!(presence::others(store, "Ana", at(0)).await.unwrap(), []);
    presence::note(store, &FixedClock(at(10)), "Ben", Some(&id("A"))).await.unwrap();
    presence::note(store, &FixedClock(at(11)), "Cho", None).await.unwrap();
    let seen = [open("Cho", None, 11), open("Ben", Some("A"), 10)];
    assert_eq!(presence::others(store, "Ana", at(12)).await.unwrap(), seen);
    // Whoever it is about is not told of themselves, in another terminal either.
    assert_eq!(presence::others(store, "Ben", at(12)).await.unwrap(), [open("Cho", None, 11)]);
    // The claim ends before the presence, and both by time alone.
    let later = presence::others(store, "Ana", at(10) + CLAIM).await.unwrap();
    assert_eq!(later, [open("Cho", None, 11), open("Ben", None, 10)]);
    assert_eq!(presence::others(store, "Ana", at(10) + HERE).await.unwrap(), [open("Cho", None, 11)]);
    presence::note(store, &FixedClock(at(9)), "Dee", None).await.unwrap();
    presence::leave(store, "Cho", None).await.unwrap();
    let left = [open("Ben", Some("A"), 10), open("Dee", None, 9)];
    assert_eq!(presence::others(store, "Ana", at(12)).await.unwrap(), left);
    for n in 0..60 {
        presence::note(store, &FixedClock(at(13)), &format!("guest {n}"), None).await.unwrap();
    }
    assert_eq!(store.present(at(0)).await.unwrap().len(), 50, "bounded");
}

async fn a_claim_moves_with_its_manager_and_keeps_its_beginning(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let note = async |lead: Option<&str>, seconds| store.note_presence(&open("Ben", lead, seconds)).await.unwrap();
    let claim = async || store.present(at(0)).await.unwrap().pop().unwrap().claim;
    note(Some("A"), 10).await;
    note(Some("A"), 70).await;
    assert_eq!(claim().await, Some(Claim { lead: id("A"), since: at(10), until: at(70) + CLAIM }), "renewed");
    note(Some("B"), 80).await;
    assert_eq!(claim().await, open("Ben", Some("B"), 80).claim, "another lead");
    note(Some("B"), 900).await;
    assert_eq!(claim().await, open("Ben", Some("B"), 900).claim, "it had ended, so it begins anew");
    note(None, 901).await;
    assert_eq!(claim().await, None);
}

async fn what_comes_late_changes_nothing(store: Arc<dyn Store>) {
    store.note_presence(&open("Ben", Some("B"), 20)).await.unwrap();
    store.note_presence(&open("Ben", Some("A"), 10)).await.unwrap();
    assert_eq!(store.present(at(0)).await.unwrap(), [open("Ben", Some("B"), 20)]);
}

async fn leaving_takes_back_only_what_this_terminal_said(store: Arc<dyn Store>) {
    let store = store.as_ref();
    store.note_presence(&open("Ben", Some("B"), 20)).await.unwrap();
    presence::leave(store, "Ben", Some(&id("A"))).await.unwrap();
    presence::leave(store, "Ben", None).await.unwrap();
    assert_eq!(store.present(at(0)).await.unwrap(), [open("Ben", Some("B"), 20)], "open in another terminal");
    presence::leave(store, "Ben", Some(&id("B"))).await.unwrap();
    assert_eq!(store.present(at(0)).await.unwrap(), []);
}

async fn a_claim_is_no_event_and_a_renewed_one_is_news_to_nobody_else(store: Arc<dyn Store>) {
    let store = store.as_ref();
    in_lane(store, "A").await;
    let before = (store.audit(None, 99).await.unwrap(), store.lead_detail(&id("A")).await.unwrap());
    let changes = store.changes();
    store.note_presence(&open("Ben", Some("A"), 20)).await.unwrap();
    assert!(changes.has_changed().unwrap(), "others hear of it");
    assert_eq!((store.audit(None, 99).await.unwrap(), store.lead_detail(&id("A")).await.unwrap()), before);
    // It keeps nobody from deciding.
    let taken = store.decide(decision("A", 0, 30, true)).await.unwrap();
    assert_eq!(taken, leadboard::app::ports::DecideOutcome::Taken);
    // What changed nothing wakes nobody.
    let changes = store.changes();
    store.note_presence(&open("Ben", None, 1)).await.unwrap();
    presence::leave(store, "nobody", None).await.unwrap();
    assert!(!changes.has_changed().unwrap());
}

async fn hostile_names_are_kept_apart_and_cut(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let names = [
        "\u{1b}]0;gone\u{7}\u{202e}".to_owned(),
        "'; UPDATE leads SET company = 'x'; --".to_owned(),
        "N\0UL".to_owned(),
        "x".repeat(10_000),
    ];
    for (name, n) in names.iter().zip(1..) {
        presence::note(store, &FixedClock(at(n)), name, Some(&id("A"))).await.unwrap();
    }
    let seen = presence::others(store, "Ana", at(9)).await.unwrap();
    let expected: Vec<String> = names.iter().rev().map(|name| called(name)).collect();
    assert_eq!(seen.iter().map(|one| one.manager.clone()).collect::<Vec<_>>(), expected);
    assert!(expected.iter().all(|name| name.chars().count() <= 200));
    for name in &names {
        assert_eq!(presence::others(store, name, at(9)).await.unwrap().len(), 3, "each knows itself");
    }
    for name in &names {
        presence::leave(store, name, Some(&id("A"))).await.unwrap();
    }
    assert_eq!(store.present(at(0)).await.unwrap(), []);
}

/// Hands leads over, as the command line and the dashboard do.
async fn hand(
    store: &dyn Store,
    parties: (&str, &str),
    note: Option<&str>,
    leads: &[&str],
) -> Result<HandedOver, String> {
    let leads: Vec<_> = leads.iter().map(|lead| id(lead)).collect();
    hand_over::hand_over(store, &FixedClock(at(50)), parties, note, &leads).await.map_err(|error| error.to_string())
}

async fn a_lead_is_handed_over_once_at_a_time_and_until_a_verdict(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for lead in ["A", "B", "C"] {
        in_lane(store, lead).await;
    }
    for name in ["Ana", "Ben", "Cho"] {
        store.note_presence(&open(name, None, 1)).await.unwrap();
    }
    store.decide(decision("C", 0, 30, true)).await.unwrap();
    let note = "they \u{1b}[31mcall\0 at three";
    let handed = hand(store, ("Ana", "Ben"), Some(note), &["A", "B", "C", "unknown"]).await.unwrap();
    assert_eq!((handed.leads, handed.left_out), (vec![id("A"), id("B")], vec![id("C"), id("unknown")]));
    let expected =
        HandOver { from: "Ana".into(), to: "Ben".into(), note: Some(note.replace('\0', "\u{fffd}")), at: at(50) };
    let mine = async |who: &str| -> Vec<LeadId> {
        store.handed_to(who).await.unwrap().into_iter().map(|one| one.lead).collect()
    };
    assert_eq!(mine("Ben").await, [id("A"), id("B")]);
    assert_eq!(store.handed_to("Ben").await.unwrap()[0].hand_over, expected);
    let detail = async |lead: &str| store.lead_detail(&id(lead)).await.unwrap().unwrap();
    assert_eq!(detail("A").await.handed, Some(expected.clone()));
    let rows = store.queue_rows(&[id("A"), id("C")]).await.unwrap();
    let of = |lead: &str| rows.iter().find(|row| row.id == id(lead)).unwrap().handed.clone();
    assert_eq!((of("A"), of("C")), (Some(expected), None));
    // The trail knows who and whom, and not what was said.
    let event = store.audit(Some(&id("A")), 1).await.unwrap().pop().unwrap();
    assert_eq!((event.what.as_str(), event.actor.as_str()), ("lead.handed_over", "Ana"));
    assert_eq!(event.details, serde_json::json!({ "from": "Ana", "to": "Ben" }));

    // Handed on, it is no longer with the first, and nothing of the first hand-over is left.
    let on = HandOver { from: "Ben".into(), to: "Cho".into(), note: Some("not mine".into()), at: at(55) };
    assert_eq!(store.hand_over(&[id("B")], &on).await.unwrap(), [id("B")]);
    assert_eq!((mine("Ben").await, mine("Cho").await), (vec![id("A")], vec![id("B")]));
    assert_eq!(store.handed_to("Cho").await.unwrap()[0].hand_over, on);
    // A verdict ends it, whoever gives it, and taking that back does not bring it again.
    store.decide(decision("A", 0, 60, true)).await.unwrap();
    assert_eq!((mine("Ben").await, detail("A").await.handed), (vec![], None));
    store.undo(&id("A"), "Ana", at(61)).await.unwrap();
    assert_eq!((mine("Ben").await, detail("A").await.handed), (vec![], None));
    // It can be handed over again, and comes first as the newest.
    hand(store, ("Ana", "Cho"), None, &["A"]).await.unwrap();
    assert_eq!(mine("Cho").await, [id("B"), id("A")]);
    // A lead that somebody took in the CRM waits for nobody.
    take_in(store, vec![supersede(raw("A", 70, rep("legacy")), "converted")], 71).await;
    assert_eq!((mine("Cho").await, detail("A").await.handed), (vec![id("B")], None));
    let changes = store.changes();
    let nothing = hand(store, ("Ana", "Ben"), None, &["C"]).await.unwrap_err();
    assert!(nothing.contains("none of these leads waits for a verdict"), "{nothing}");
    assert!(!changes.has_changed().unwrap(), "nobody is woken for nothing");
}

async fn lists_of_people_and_hand_overs_are_bounded(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let leads: Vec<LeadId> = (0..101).map(|n| id(&format!("L{n:03}"))).collect();
    take_in(store, leads.iter().map(|lead| receive(raw(lead.as_str(), 0, rep("legacy")))).collect(), 0).await;
    let to_ben = HandOver { from: "Ana".into(), to: "Ben".into(), note: None, at: at(5) };
    assert_eq!(store.hand_over(&leads, &to_ben).await.unwrap().len(), 101);
    assert_eq!(store.handed_to("Ben").await.unwrap().len(), 100);
    for n in 0..210 {
        store.note_presence(&open(&format!("guest {n}"), None, 1)).await.unwrap();
    }
    assert_eq!(store.managers().await.unwrap().len(), 200);
}

async fn leads_are_handed_only_to_those_who_work_here(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for lead in ["A", "B"] {
        in_lane(store, lead).await;
    }
    let refused = hand(store, ("Ana", "Ben"), None, &["A"]).await.unwrap_err();
    assert!(refused.contains("no manager called Ben") && refused.contains("nobody else yet"), "{refused}");
    assert!(hand(store, ("Ana", "Ana"), None, &["A"]).await.unwrap_err().contains("yours already"));
    // Who decided lately is known, and who was here once, however long ago.
    let mut new = decision("B", 0, 30, true);
    new.decision.by = DecidedBy::Manager("Dee".into());
    store.decide(new).await.unwrap();
    store.note_presence(&open("Ben", None, 1)).await.unwrap();
    presence::leave(store, "Ben", None).await.unwrap();
    assert_eq!(hand_over::managers(store, "Ana").await.unwrap(), ["Ben", "Dee"]);
    let refused = hand(store, ("Ana", "ben"), None, &["A"]).await.unwrap_err();
    assert!(refused.contains("there is Ben, Dee"), "{refused}");
    assert!(hand(store, ("Ana", "Ben"), Some(&"n".repeat(1_001)), &["A"]).await.unwrap_err().contains("too long"));
    assert!(hand(store, ("Ana", "Ben"), None, &["A"; 401]).await.unwrap_err().contains("400 leads"));
    hand(store, ("Ana", "Dee"), Some("  "), &["A"]).await.unwrap();
    assert_eq!(store.handed_to("Dee").await.unwrap()[0].hand_over.note, None);
}

async fn a_filter_finds_what_is_handed_to_whom(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for lead in ["A", "B", "C", "D"] {
        in_lane(store, lead).await;
    }
    for name in ["Ana", "Ana Lee", "Ünal"] {
        store.note_presence(&open(name, None, 1)).await.unwrap();
    }
    for (lead, to) in [("A", "Ana"), ("B", "Ana Lee"), ("C", "Ünal")] {
        hand(store, ("Cy", to), None, &[lead]).await.unwrap();
    }
    let found = async |text: &str, me: &str| -> Vec<String> {
        let filter: Filter = text.parse().unwrap();
        let conditions = filter.conditions_in(store, at(60), TimeDelta::hours(4), me).await.unwrap();
        let filter = LeadFilter { conditions, ..LeadFilter::default() };
        let page = store.queue_page(&filter, &Seek::Top, 9, at(60)).await.unwrap();
        let mut ids: Vec<_> = page.rows.iter().map(|row| row.id.to_string()).collect();
        ids.sort();
        ids
    };
    // A whole name, not the beginning of a longer one.
    assert_eq!(found("for:me", "Ana").await, ["A"]);
    assert_eq!(found("for:me", "Ana Lee").await, ["B"]);
    assert_eq!(found("for:me", "Ünal").await, ["C"]);
    assert_eq!(found("for:ana", "Cy").await, ["A", "B"]);
    assert_eq!(found("-for:me", "Ana").await, ["B", "C", "D"]);
    // Handed on, it is found under the other name alone.
    hand(store, ("Ana", "Ünal"), None, &["A"]).await.unwrap();
    assert_eq!((found("for:me", "Ünal").await, found("for:me", "Ana").await), (vec!["A".into(), "C".into()], vec![]));
    store.decide(decision("A", 0, 60, true)).await.unwrap();
    assert_eq!(found("for:me", "Ünal").await, ["C"]);
}

/// Two managers, each at a terminal of their own, on one store.
#[cfg(unix)]
mod two_terminals {
    use std::time::Duration;

    use leadboard::app::ports::Store;
    use leadboard::store::SqliteStore;

    use crate::queue::{office, states, steps};
    use crate::terminal::Screen;

    fn leave(screen: &mut Screen) {
        steps(screen, &[("q", "Quit leadboard?")]);
        std::thread::sleep(Duration::from_millis(120));
        screen.press("y");
        assert!(screen.end().success());
    }

    #[test]
    fn the_second_sees_who_has_a_lead_open_before_anything_is_decided() {
        let home = office();
        let mut ana = Screen::open_as(&home, "Ana", 80, 24);
        ana.begin("1 of 40", "\x1bOQ");
        steps(&mut ana, &[("\r", "SLA")]);
        let mut ben = Screen::open_as(&home, "Ben Kovač", 80, 24);
        // In the queue her initials stand at the lead, and beside it, who she is.
        ben.begin("also here: Ana", "\x1bOQ");
        ben.until("the sign", |picture| picture.contains("… [AN] Webinar"));
        steps(&mut ben, &[("\r", "Ana is looking at this lead (since")]);
        ana.until("the other one", |picture| picture.contains("Ben Kovač is looking at this lead (since"));
        // His first press decides nothing, and the second does.
        steps(&mut ben, &[("a", "Press again to decide anyway: Ana has this open since")]);
        assert_eq!(states(&home, "decided"), 0);
        steps(&mut ben, &[("a", "takes it back")]);
        // She sees it before she acts.
        ana.until("the decision", |picture| picture.contains("approved by Ben Kovač"));
        steps(&mut ana, &[("a", "already decided by Ben Kovač")]);
        assert_eq!(states(&home, "decided"), 1);
        // She hands another one over; he hears of it, and the command line knows it too.
        steps(
            &mut ana,
            &[("\x1b", "1 of 39"), ("h", "over to whom?"), ("b", "Hand over Company lead-01 to Ben Kovač?")],
        );
        steps(&mut ana, &[("call first", "call first"), ("\r", "handed over to Ben Kovač")]);
        ben.until("the hand-over", |picture| {
            picture.contains("Ana handed this to you") && picture.contains("call first")
        });
        let shown = home.json("lead show lead-01");
        assert_eq!((&shown["handed"]["to"], &shown["handed"]["note"]), (&"Ben Kovač".into(), &"call first".into()));
        // When she leaves, nobody is there any more, at once.
        leave(&mut ana);
        ben.until("that she left", |picture| !picture.contains("Ana is looking") && !picture.contains("also here"));
        leave(&mut ben);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::open(&home.data().join("leadboard.db")).await.unwrap();
            let store: &dyn Store = &store;
            assert_eq!(store.present(chrono::DateTime::UNIX_EPOCH).await.unwrap(), []);
        });
    }
}
