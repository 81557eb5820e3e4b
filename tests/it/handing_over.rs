//! Handing over at the end of a shift: what is gathered, that it is kept as it was, and that it is taken over once.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Offset, TimeDelta, Utc};
use leadboard::app::handoff::{self, Facts, Handoff, NOTE};
use leadboard::app::ports::{EffectResult, NewDecision, NewHandoff, RiskTally, Stopped, Store};
use leadboard::app::sheet::{Line, Tone};
use leadboard::domain::decision::DecidedBy;
use leadboard::domain::effect::EffectState;
use leadboard::domain::lane::Lane;
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};

use serde_json::Value as Json;

use crate::routing::FixedClock;
use crate::store_fixtures::*;

on_every_store! {
    a_handoff_is_kept_as_it_was_and_taken_over_once
    whoever_wrote_it_is_not_asked
    it_holds_what_is_open_owed_and_unusual
    a_shift_begins_where_the_one_before_was_handed_over
    lists_are_bounded_and_say_how_many_more_there_are
    a_quiet_shift_says_so
    what_is_at_risk_or_asleep_is_told_in_order_and_only_while_it_is
    only_what_managers_turned_down_and_what_stands_is_told
    what_was_handed_over_long_ago_is_told_as_it_was
    what_cannot_be_read_is_shown_as_it_was_kept
}

const SLA: TimeDelta = TimeDelta::hours(4);

fn utc(_: DateTime<Utc>) -> FixedOffset {
    Utc.fix()
}

async fn write(store: &dyn Store, by: &str, note: &str, seconds: i64) -> Handoff {
    handoff::write(store, &FixedClock(at(seconds)), by, note, SLA).await.unwrap()
}

async fn facts(store: &dyn Store, seconds: i64) -> Facts {
    handoff::facts(store, at(seconds), "Ana", SLA).await.unwrap()
}

/// The sheet as text, a row with its company before it.
fn text(lines: &[Line]) -> String {
    let line = |line: &Line| {
        let company = line.about.as_ref().map(|about| format!("{} | ", about.company)).unwrap_or_default();
        format!("{company}{}\n", line.text)
    };
    lines.iter().map(line).collect()
}

async fn a_handoff_is_kept_as_it_was_and_taken_over_once(store: Arc<dyn Store>) {
    let store = store.as_ref();
    assert_eq!(handoff::newest(store).await.unwrap(), None);
    let nothing = handoff::accept(store, &FixedClock(at(1)), "Bob", None).await.unwrap_err().to_string();
    assert!(nothing.contains("nobody has handed over yet"), "{nothing}");

    in_lane(store, "A").await;
    let written = write(store, "Ana", "  Acme calls back at nine \n", 10).await;
    assert_eq!(written.note.as_deref(), Some("Acme calls back at nine"));
    // What happens later does not change it.
    in_lane(store, "B").await;
    let kept = handoff::newest(store).await.unwrap().unwrap();
    assert_eq!(kept, written);
    assert_eq!(kept.facts().unwrap().lanes.of(Lane::Disagree), 1);

    let accepted = handoff::accept(store, &FixedClock(at(20)), "Bob", Some(kept.id)).await.unwrap();
    assert_eq!(handoff::newest(store).await.unwrap(), Some(accepted.clone()));
    let before = accepted.accepted.unwrap();
    assert_eq!((before.by.as_str(), before.at), ("Bob", at(20)));
    for again in ["Bob", "Cy"] {
        let refused = handoff::accept(store, &FixedClock(at(30)), again, Some(kept.id)).await.unwrap_err().to_string();
        assert!(refused.contains("Bob has accepted it already"), "{refused}");
        assert!(!store.accept_handoff(kept.id, again, at(30)).await.unwrap(), "by the store's own guard");
    }
    assert_eq!(handoff::newest(store).await.unwrap().unwrap().accepted.unwrap(), before);

    let mut trail = store.audit(None, 9).await.unwrap();
    trail.retain(|event| event.what.starts_with("handoff."));
    trail.reverse();
    let told: Vec<_> =
        trail.iter().map(|e| (e.what.as_str(), e.actor.as_str(), e.details["handoff"].as_i64())).collect();
    let id = Some(kept.id);
    assert_eq!(told, [("handoff.written", "Ana", id), ("handoff.accepted", "Bob", id)]);
    assert_eq!(trail[0].details["note"], "Acme calls back at nine");

    let long = "x".repeat(NOTE + 1);
    let refused = handoff::write(store, &FixedClock(at(40)), "Ana", &long, SLA).await.unwrap_err().to_string();
    assert!(refused.contains("1001 characters"), "{refused}");
}

async fn whoever_wrote_it_is_not_asked(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let first = write(store, "Ana", "", 10).await;
    assert_eq!((first.note.clone(), first.waits_for("Ana"), first.waits_for("Bob")), (None, false, true));
    assert_eq!(handoff::waiting_for(store, "Ana").await.unwrap(), None);
    assert_eq!(
        handoff::waiting_for(store, "Bob").await.unwrap().map(|one| (one.id, one.by)),
        Some((first.id, "Ana".into()))
    );
    let own = handoff::accept(store, &FixedClock(at(20)), "Ana", None).await.unwrap_err().to_string();
    assert!(own.contains("you wrote this handoff yourself"), "{own}");
    assert!(!store.accept_handoff(first.id, "Ana", at(20)).await.unwrap(), "by the store's own guard");

    // Whoever read one does not accept another.
    let second = write(store, "Cy", "a later one", 30).await;
    let stale = handoff::accept(store, &FixedClock(at(40)), "Bob", Some(first.id)).await.unwrap_err().to_string();
    assert!(stale.contains("Cy has handed over since"), "{stale}");
    handoff::accept(store, &FixedClock(at(40)), "Bob", Some(second.id)).await.unwrap();
    assert_eq!(handoff::waiting_for(store, "Ana").await.unwrap(), None, "taken over");
    assert!(store.accept_handoff(first.id, "Bob", at(41)).await.unwrap(), "each is taken over by itself");
}

async fn what_is_at_risk_or_asleep_is_told_in_order_and_only_while_it_is(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for (lead, created) in [("young", 100), ("old", -100), ("ending", 0), ("anew", -50), ("gone", -60)] {
        let mut raw = raw(lead, 0, rep("legacy"));
        raw.lead.facts.created_at = at(created);
        take_in(store, vec![receive(raw)], 0).await;
        store.save_rankings(vec![ranked(lead, 0, Lane::Disagree, 1.0, 1)]).await.unwrap();
    }
    // One is to be ranked again, and one was taken by a person.
    let changed = |lead: &str, created| {
        let mut raw = raw(lead, 5, rep("legacy"));
        raw.lead.facts.created_at = at(created);
        raw
    };
    for (lead, until) in [("old", 90), ("ending", 80), ("gone", 85), ("anew", 85)] {
        assert!(store.snooze(&id(lead), at(until), "Ana", at(2)).await.unwrap());
    }
    take_in(store, vec![refresh(changed("anew", -50), true), supersede(changed("gone", -60), "converted")], 6).await;
    let (tally, first) = store.leads_at_risk(at(-50), at(50), 9).await.unwrap();
    assert_eq!(tally, RiskTally { over: 2, ending: 1 });
    let told: Vec<_> = first.iter().map(|lead| (lead.id.as_str(), lead.lane)).collect();
    assert_eq!(told, [("old", Some(Lane::Disagree)), ("anew", None), ("ending", Some(Lane::Disagree))]);
    let asleep = async |seconds| -> Vec<String> {
        store.snoozed_leads(at(seconds), 9).await.unwrap().iter().map(|lead| lead.id.to_string()).collect()
    };
    assert_eq!(asleep(79).await, ["ending", "old"], "the first to come back, and only those in a lane");
    assert_eq!(asleep(80).await, ["old"]);
    assert_eq!(asleep(90).await, [""; 0]);
}

async fn only_what_managers_turned_down_and_what_stands_is_told(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for lead in ["stands", "automatic", "undone", "back"] {
        in_lane(store, lead).await;
    }
    store.decide(decision("stands", 0, 10, true)).await.unwrap();
    let mut automatic = decision("automatic", 0, 10, true);
    automatic.decision.by = DecidedBy::Automatic;
    store.decide(automatic).await.unwrap();
    store.decide(decision("undone", 0, 10, true)).await.unwrap();
    store.undo(&id("undone"), "Ana", at(11)).await.unwrap();
    put_back(store, decision("back", 0, 10, true)).await;
    let (all, first) = store.overruled(at(0), 9).await.unwrap();
    assert_eq!((all, first.iter().map(|one| one.lead_id.as_str()).collect::<Vec<_>>()), (1, vec!["stands"]));
}

fn rejecting(lead: &str, verdict: Verdict, code: ReasonCode, chosen: (&str, Option<f64>), seconds: i64) -> NewDecision {
    let mut new = decision(lead, 0, seconds, false);
    new.decision.owner = if matches!(verdict, Verdict::Reroute { .. }) { queue(chosen.0) } else { rep(chosen.0) };
    new.decision.verdict = verdict;
    new.decision.rejection = Some(Rejection { code: code.into(), note: None });
    new.decision.p_win = chosen.1;
    new
}

async fn it_holds_what_is_open_owed_and_unusual(store: Arc<dyn Store>) {
    let store = store.as_ref();
    store.save_roster(&roster(), at(0)).await.unwrap();
    // The fixtures' leads were created a minute before their time began.
    let end = SLA.num_seconds() - 60;
    for lead in ["kept", "sent", "owes", "fails", "approved", "sleeps", "open"] {
        in_lane(store, lead).await;
    }
    let mut fresh = raw("fresh", 0, rep("legacy"));
    fresh.lead.facts.created_at = at(end);
    take_in(store, vec![receive(fresh)], end).await;

    let keep = rejecting("kept", Verdict::KeepLegacy, ReasonCode::R, ("legacy", Some(0.25)), end - 300);
    store.decide(keep).await.unwrap();
    let sent = Verdict::Reroute { queue: leadboard::domain::ids::QueueId::new("mq") };
    store.decide(rejecting("sent", sent, ReasonCode::K, ("mq", None), end - 290)).await.unwrap();
    let mut approved = decision("approved", 0, end - 280, false);
    (approved.decision.verdict, approved.decision.rejection) = (Verdict::Approve, None);
    store.decide(approved).await.unwrap();
    let mut owes = decision("owes", 0, end - 270, false);
    (owes.decision.verdict, owes.decision.rejection) = (Verdict::Approve, None);
    owes.contact_due = Some(at(end - 10));
    store.decide(owes).await.unwrap();
    let mut fails = decision("fails", 0, end - 260, true);
    (fails.decision.verdict, fails.decision.rejection) = (Verdict::Approve, None);
    store.decide(fails).await.unwrap();
    let [effect] = store.claim_effects("w", 1, at(end), at(end - 200)).await.unwrap().try_into().unwrap();
    store.finish_effect(&effect, EffectResult::Dead("no such owner".into()), at(end - 199)).await.unwrap();
    store.snooze(&id("sleeps"), at(end + 900), "Ana", at(end - 100)).await.unwrap();
    let stop = Stopped { at: at(end - 50), by: "Ana".into(), why: "wrong rules".into() };
    assert!(store.stop_writes(&stop).await.unwrap());

    let told = facts(store, end).await;
    assert_eq!(told.stopped, Some(stop));
    assert_eq!((told.lanes.of(Lane::Disagree), told.lanes.snoozed, told.leads.pending), (1, 1, 1));
    // Snoozed or not, its time runs.
    assert_eq!(told.at_risk.tally, RiskTally { over: 2, ending: 0 });
    assert_eq!((told.writes.failed, told.writes.first[0].state), (1, EffectState::Dead));
    assert_eq!((told.contacts.owed, told.contacts.overdue), (1, 1));
    let overruled: Vec<_> =
        told.overruled.first.iter().map(|one| (one.lead_id.as_str(), one.verdict.as_str())).collect();
    assert_eq!(overruled, [("sent", "reroute"), ("kept", "keep_legacy")], "the most given up first, no approval");

    let sheet = handoff::sheet(None, &told, utc);
    let text = text(&sheet);
    for words in [
        "NOTHING IS WRITTEN to the CRM: stopped by Ana at 18:11: wrong rules\n",
        "Open leads: 1 in lanes, 1 snoozed, 1 not ranked yet\nDisagree 1\n",
        "At risk: 2 past the 4 hours in which they were due\n",
        "Company open | over since 18:12, Disagree, for Bea Best\n",
        "Company sleeps | over since 18:12, snoozed, Disagree, for Bea Best\n",
        "Snoozed: 1\nCompany sleeps | back 18:27, Disagree, for Bea Best\n",
        "First contacts: 1 owed by reps, 1 past due\nCompany owes | Bea Best, was due 18:12\n",
        "Writes to the CRM: 1 failed for good\nCompany fails | FAILED after 1 try: no such owner\n",
        "2 recommendations, most given up first\n",
        "Company sent | Bea Best 50.0%, now Managers; Key account (Ana)\n",
        "Company kept | Bea Best 50.0%, now Leo Legacy 25.0%; Relationship (Ana)\n",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    let bad = sheet.iter().filter(|line| line.tone == Tone::Bad).count();
    assert_eq!(bad, 5, "the switch, two leads, a contact and a write:\n{text}");

    // A quarter of the time before its end, a lead is at risk, and no sooner.
    let later = facts(store, end + SLA.num_seconds() * 3 / 4 - 1).await.at_risk.tally;
    assert_eq!(later, RiskTally { over: 2, ending: 0 });
    let later = facts(store, end + SLA.num_seconds() * 3 / 4).await.at_risk.tally;
    assert_eq!(later, RiskTally { over: 2, ending: 1 });
}

async fn a_shift_begins_where_the_one_before_was_handed_over(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for (lead, seconds) in [("A", 100), ("B", 200)] {
        in_lane(store, lead).await;
        let kept = rejecting(lead, Verdict::KeepLegacy, ReasonCode::R, ("legacy", Some(0.25)), seconds);
        store.decide(kept).await.unwrap();
    }
    let overruled = |facts: Facts| (facts.since, facts.overruled.all);
    let day = TimeDelta::hours(24);
    assert_eq!(overruled(facts(store, 300).await), (at(300) - day, 2));
    write(store, "Bob", "", 150).await;
    assert_eq!(overruled(facts(store, 300).await), (at(150), 1));
    // Who writes theirs anew hands over the same shift; once it is accepted, another one has begun.
    let own = write(store, "Ana", "forgot something", 300).await;
    assert_eq!(overruled(facts(store, 310).await), (at(150), 1));
    assert_eq!(overruled(handoff::facts(store, at(310), "Bob", SLA).await.unwrap()), (at(300), 0));
    handoff::accept(store, &FixedClock(at(320)), "Bob", Some(own.id)).await.unwrap();
    assert_eq!(overruled(facts(store, 330).await), (at(300), 0));
    // After a weekend, a day is told.
    let monday = 3 * 24 * 3_600;
    assert_eq!(overruled(facts(store, monday).await), (at(monday) - day, 0));
}

async fn lists_are_bounded_and_say_how_many_more_there_are(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for n in 0..20 {
        in_lane(store, &format!("L{n:02}")).await;
    }
    for n in 10..20 {
        store.snooze(&id(&format!("L{n:02}")), at(90_000 - n), "Ana", at(10)).await.unwrap();
    }
    let facts = facts(store, 80_000).await;
    assert_eq!((facts.at_risk.tally.over, facts.at_risk.first.len()), (20, 8));
    assert_eq!((facts.lanes.snoozed, facts.snoozed.len(), facts.snoozed[0].id.as_str()), (10, 8, "L19"));
    let text = text(&handoff::sheet(None, &facts, utc));
    assert!(text.contains("and 12 more\n") && text.contains("and 2 more\n"), "{text}");
}

async fn a_quiet_shift_says_so(store: Arc<dyn Store>) {
    let facts = facts(store.as_ref(), 0).await;
    let since = "Sep 20 14:13";
    let quiet = format!(
        "Open leads: none\nAt risk: none; each open lead has more than 1 hour left\nFirst contacts: nobody owes one\n\
         Writes to the CRM: none is owed\nOverruled since {since}: no recommendation\n"
    );
    assert_eq!(text(&handoff::sheet(None, &facts, utc)), quiet);
}

/// The facts of a handoff as they were written on 2026-11-23. Whatever becomes of the types, this stays readable.
const FROZEN: &str = include_str!("fixtures/handoff-2026-11.json");

/// Keeps facts as they are, and reads them back.
async fn kept(store: &dyn Store, facts: &str) -> Handoff {
    let new = NewHandoff { at: at(1), by: "Ana".into(), note: Some("mind Acme".into()), facts: facts.into() };
    let id = store.write_handoff(&new).await.unwrap();
    let newest = handoff::newest(store).await.unwrap().unwrap();
    assert_eq!((newest.id, newest.note.as_deref()), (id, Some("mind Acme")));
    newest
}

/// Puts a field into every object that no program knows, except among the numbers of lanes, which stand under the lanes' names.
fn strange(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            fields.values_mut().for_each(strange);
            if !fields.contains_key("disagree") {
                fields.insert("of_another_time".into(), Json::from(["x"].as_slice()));
            }
        }
        Json::Array(items) => items.iter_mut().for_each(strange),
        _ => {}
    }
}

async fn what_was_handed_over_long_ago_is_told_as_it_was(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let told = text(&kept(store, FROZEN).await.sheet(utc));
    assert_eq!(told, include_str!("fixtures/handoff-2026-11.txt"));
    // What today's program writes has what the frozen one has: a field that went would be missed by older programs.
    let mut facts: Json = serde_json::from_str(FROZEN).unwrap();
    let again: Facts = serde_json::from_value(facts.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), facts);

    // A field that is not known any more is passed over, wherever it stands.
    strange(&mut facts);
    assert_eq!(text(&kept(store, &facts.to_string()).await.sheet(utc)), told);

    // A row that cannot be read is counted with those that are not listed, and takes nothing else along.
    let mut facts: Json = serde_json::from_str(FROZEN).unwrap();
    facts["at_risk"]["first"][0]["lane"] = "a lane of another time".into();
    let left_out = text(&kept(store, &facts.to_string()).await.sheet(utc));
    let row = told.lines().find(|line| line.starts_with("Company open |")).unwrap();
    assert_eq!(left_out, told.replacen(&format!("{row}\n"), "", 1).replacen("\nSnoozed", "and 1 more\n\nSnoozed", 1));
}

async fn what_cannot_be_read_is_shown_as_it_was_kept(store: Arc<dyn Store>) {
    let store = store.as_ref();
    for (facts, words) in
        [(r#"{"at":"2031-01-01T00:00:00Z","promises":["call Acme"]}"#, "    \"call Acme\"\n"), ("{ torn", "{ torn\n")]
    {
        let newest = kept(store, facts).await;
        assert_eq!(newest.facts(), None);
        let told = text(&newest.sheet(utc));
        assert!(told.starts_with("mind Acme\n\nHow things stood cannot be read by this version"), "{told}");
        assert!(told.contains(words), "{told}");
        let json = serde_json::to_value(&newest).unwrap();
        assert_eq!((&json["unread"]["text"], json.get("facts")), (&facts.into(), None));
        assert!(handoff::waiting_for(store, "Bob").await.unwrap().is_some(), "it waits all the same");
        // The shift goes on: what is handed over next begins after it, and it can be accepted.
        let next = handoff::facts(store, at(9), "Ana", SLA).await.unwrap();
        assert_eq!(next.since, at(1));
        handoff::accept(store, &FixedClock(at(9)), "Bob", Some(newest.id)).await.unwrap();
    }
}
