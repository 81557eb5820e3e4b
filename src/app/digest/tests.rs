use chrono::{DateTime, FixedOffset, NaiveDate, Offset, TimeDelta, Utc};

use super::*;
use crate::app::ports::Stopped;
use crate::domain::facts::LeadFacts;
use crate::domain::ids::QueueId;
use crate::domain::lead::{Form, Lead, LegacyAssignment, Owner};
use crate::domain::verdict::ReasonCode;

fn berlin(at: DateTime<Utc>) -> FixedOffset {
    at.with_timezone(&chrono_tz::Europe::Berlin).offset().fix()
}

fn beirut(at: DateTime<Utc>) -> FixedOffset {
    at.with_timezone(&chrono_tz::Asia::Beirut).offset().fix()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_day_is_as_long_as_the_manager_s_clock_makes_it() {
    let now = at("2026-12-01T09:00:00Z");
    for (day, from, hours) in [
        ("2026-03-29", "2026-03-29T00:00:00+01:00", 23),
        ("2026-10-25", "2026-10-25T00:00:00+02:00", 25),
        ("2026-11-30", "2026-11-30T00:00:00+01:00", 24),
    ] {
        let day = Day::of(date(day), now, berlin).unwrap();
        assert_eq!((day.from.to_rfc3339().as_str(), (day.until - day.from).num_hours(), day.over), (from, hours, true));
    }
    // Where clocks are set forward at midnight, the day begins at one.
    let day = Day::of(date("2026-03-29"), now, beirut).unwrap();
    assert_eq!((day.from.to_rfc3339().as_str(), (day.until - day.from).num_hours()), ("2026-03-29T01:00:00+03:00", 23));
    let before = Day::of(date("2026-03-28"), now, beirut).unwrap();
    assert_eq!(before.until, day.from, "no moment is of no day, and none of two");
}

#[test]
fn today_is_told_so_far_and_tomorrow_not_at_all() {
    // In Berlin the day has begun, in UTC it has not.
    let now = at("2026-11-22T23:30:00Z");
    let today = Day::today(now, berlin);
    assert_eq!((today.date, today.over), (date("2026-11-23"), false));
    assert_eq!((today.from.to_utc(), today.until.to_utc()), (at("2026-11-22T23:00:00Z"), now));
    assert_eq!(Day::of(date("2026-11-23"), now, berlin).unwrap(), today);
    let refused = Day::of(date("2026-11-24"), now, berlin).unwrap_err().to_string();
    assert_eq!(refused, "2026-11-24 has not begun; today is 2026-11-23");
    assert!(Day::of(NaiveDate::MAX, now, berlin).is_err());
    assert!(Day::of(NaiveDate::MIN, now, berlin).is_ok());
}

fn lead(id: &str, state: LeadState, legacy: Owner) -> LeadRecord {
    let now = at("2026-11-23T09:00:00Z");
    LeadRecord {
        lead: Lead {
            id: LeadId::new(id),
            company: "Acme".into(),
            contact: None,
            facts: LeadFacts::empty(now),
            form: Form::default(),
            owner: legacy.clone(),
            modified_at: now,
            modstamp: now,
            converted: false,
            deleted: false,
        },
        state,
        lane: None,
        legacy: LegacyAssignment { owner: legacy, captured_at: now },
        received_at: now,
        ranked_at: None,
        snoozed_until: None,
        decisions_made: 0,
        earlier: Vec::new(),
    }
}

fn rep(id: &str) -> Owner {
    Owner::Rep(RepId::new(id))
}

/// A digest of a day on which nothing happened.
fn nothing() -> Digest {
    let now = at("2026-11-23T11:00:00Z");
    let day = Day::today(now, berlin);
    Digest {
        at: day.until,
        day,
        leads: Conservation::default(),
        all: Conservation::default(),
        agreement: Agreement::default(),
        verdicts: Vec::new(),
        first_contacts: FirstContacts::default(),
        ladder: BTreeMap::new(),
        unranked: 0,
        drift: None,
        writes: EffectCounts::default(),
        switch: Switch::default(),
        phase: Configured { phase: "shadow".into(), writes_verdicts: true }.in_words(),
        lift: LIFT,
    }
}

#[test]
fn every_lead_is_counted_once_by_state_and_once_by_rung() {
    let mut sums = Leads::default();
    let best = Route::AssignRep(RepId::new("best"));
    let queue = Route::ManagerQueue(QueueId::new("managers"));
    sums.add(&lead("1", LeadState::Decided, rep("best")), Some((&best, RouteReason::ModelAgrees)));
    sums.add(&lead("2", LeadState::InLane, rep("other")), Some((&best, RouteReason::ModelPick)));
    sums.add(&lead("3", LeadState::InLane, rep("other")), Some((&queue, RouteReason::LowConfidence)));
    sums.add(
        &lead("4", LeadState::Superseded, Owner::Queue(QueueId::new("web"))),
        Some((&best, RouteReason::ModelPick)),
    );
    sums.add(&lead("5", LeadState::Pending, rep("best")), None);
    assert_eq!((sums.stand.received, sums.stand.lost()), (5, 0));
    assert_eq!(sums.ladder.values().sum::<u64>() + sums.unranked, 5);
    assert_eq!((sums.ladder["model_pick"], sums.unranked), (2, 1));
    assert_eq!(sums.agreement, Agreement { compared: 2, agree: 1 }, "only where both name a rep");

    let digest = Digest {
        leads: sums.stand,
        agreement: sums.agreement,
        ladder: sums.ladder,
        unranked: sums.unranked,
        ..nothing()
    };
    let text = digest.lines().join("\n");
    for words in [
        "Leads received: 5\n  now 1 decided, 2 in queue, 1 pending, 1 superseded",
        "Same rep as the legacy rules: 1 of 2 leads where both name one (50 %)",
        "  model pick 2\n  low confidence 1\n  model agrees 1\n  without a recommendation 1",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_lead_that_is_nowhere_is_shouted() {
    let all = Conservation { received: 7, decided: 3, in_lane: 2, pending: 1, superseded: 1 };
    let text = |all| Digest { all, ..nothing() }.lines().join(" ");
    let whole = text(all);
    assert!(whole.contains("received 7 = 3 decided + 2 in queue + 1 pending + 1 superseded; lost 0."), "{whole}");
    let broken = text(Conservation { in_lane: 1, ..all });
    assert!(broken.contains("LOST 1."), "{broken}");
}

#[test]
fn nothing_is_claimed_without_data() {
    let text = nothing().lines().join("\n");
    for words in [
        "Leadboard digest of Monday, 2026-11-23",
        "from 00:00 to 12:00 (UTC+1), so far",
        "Leads: none was received.",
        "Verdicts: none was given.",
        "First contacts: none was looked at.",
        "Drift: no drift report yet, nothing was compared.",
        "Kill switch: off",
        "Lift: no conclusion: no experiment runs",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('%') && !text.contains("steady"), "{text}");
}

#[test]
fn the_span_of_a_day_is_said_as_a_person_would() {
    let moment = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let span = |from, until, over| {
        let day = Day { from: moment(from), until: moment(until), over, ..nothing().day };
        Digest { day, ..nothing() }.span()
    };
    let begins = "2026-10-25T00:00:00+02:00";
    assert_eq!(span(begins, "2026-10-25T01:30:00+02:00", false), "from 00:00 to 01:30 (UTC+2), so far");
    assert_eq!(span(begins, "2026-10-26T00:00:00+01:00", true), "the whole day (UTC+2, then UTC+1)");
    let (begins, ends) = ("2026-11-22T00:00:00-03:30", "2026-11-23T00:00:00-03:30");
    assert_eq!(span(begins, ends, true), "the whole day (UTC-3:30)");
    assert_eq!(span("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", true), "the whole day (UTC)");
}

#[test]
fn what_was_said_later_is_not_of_the_day() {
    let tally = |verdict: &str, code, verdicts, taken_back| VerdictTally {
        verdict: verdict.into(),
        code,
        verdicts,
        taken_back,
        won: 0,
        lost: 0,
    };
    let all = vec![
        tally("override", Some(ReasonCode::T.into()), 5, 2),
        tally("override", Some(ReasonCode::K.into()), 4, 0),
        tally("approve", None, 3, 0),
        tally("reroute", Some(ReasonCode::D.into()), 1, 0),
    ];
    let later = [
        tally("override", Some(ReasonCode::T.into()), 4, 1),
        tally("approve", None, 1, 0),
        tally("reroute", Some(ReasonCode::D.into()), 1, 0),
    ];
    let sums = verdicts(&verdicts_without(all, &later));
    let of = |verdict: &str, given, taken_back, reasons: &[(Reason, u64)]| Verdicts {
        verdict: verdict.into(),
        given,
        taken_back,
        reasons: reasons.to_vec(),
    };
    assert_eq!(
        sums,
        [of("override", 5, 1, &[(ReasonCode::K.into(), 4), (ReasonCode::T.into(), 1)]), of("approve", 2, 0, &[])]
    );
    let text = Digest { verdicts: sums, ..nothing() }.lines().join("\n");
    assert!(
        text.contains("Verdicts given: 7, of which 1 taken back since\n  override 5: Key account 4, Territory 1"),
        "{text}"
    );
}

#[test]
fn who_made_no_contact_at_all_is_named_with_how_many_they_had() {
    let tally =
        |in_time, late, missed, overdue| ContactTally { overdue, in_time, late, missed, ..ContactTally::default() };
    let id = RepId::new;
    let all = vec![(id("a"), tally(9, 1, 2, 1)), (id("b"), tally(0, 0, 3, 0)), (id("c"), tally(4, 1, 0, 0))];
    let later = [(id("a"), tally(9, 0, 1, 0)), (id("b"), tally(0, 0, 1, 0))];
    let sums = first_contacts(contacts_without(all, &later), |rep| format!("{rep}\u{1b}[2J{}", "x".repeat(90)));
    assert_eq!((sums.in_time, sums.late, sums.missed, sums.overdue), (4, 2, 3, 1));
    let missed: Vec<(&str, u64, u64)> =
        sums.no_contact.iter().map(|one| (one.rep.as_str(), one.missed, one.settled)).collect();
    assert_eq!(missed, [("b", 2, 2), ("a", 1, 2)], "who was only late is not among them");
    assert_eq!(sums.no_contact.iter().map(|one| one.missed).sum::<u64>(), sums.missed);
    let lines = Digest { first_contacts: sums, ..nothing() }.lines();
    let text = lines.join("\n");
    assert!(text.contains("First contacts looked at: 9\n  4 in time, 2 too late, 3 with no contact at all"), "{text}");
    assert!(lines.iter().any(|line| line.contains("no contact at all: b") && line.ends_with(", 2 of 2")), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn no_line_is_longer_than_a_mail_leaves_it() {
    use unicode_width::UnicodeWidthStr;
    let stopped =
        Stopped { at: at("2026-11-23T09:00:00Z"), by: "tess".into(), why: format!("a\u{1b}b {}", "株".repeat(90)) };
    let facts = BTreeMap::from([("act".to_owned(), 1)]);
    let digest = Digest {
        switch: Switch { stopped: Some(stopped), ..Switch::default() },
        drift: Some(DriftLight {
            verdict: drift::Verdict::Act,
            as_of: at("2026-11-23T09:00:00Z") - TimeDelta::hours(1),
            leads: 812,
            facts,
            changed: vec!["industry ".repeat(30)],
        }),
        ..nothing()
    };
    let lines = digest.lines();
    assert!(lines.iter().all(|line| line.width() <= 72 && !line.contains('\u{1b}')), "{lines:#?}");
    let text = lines.join(" ");
    assert!(text.contains("Kill switch: ON, writing to the CRM is stopped by tess since"), "{text}");
    assert!(text.contains("Drift: act (report of 2026-11-23 08:00 UTC, 812 leads). Changed: industry"), "{text}");
}
