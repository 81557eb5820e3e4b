//! What every store must do, whatever its database: each test takes a store and knows only the ports.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use leadboard::app::ports::{
    Cursor, DecideOutcome, EffectResult, IntakeReport, ModelRow, Store, StoreError, UndoOutcome,
};
use leadboard::app::views::{LeadFilter, QueueKey, Seek};
use leadboard::domain::deal::{Deal, LeadOutcome, Outcome};
use leadboard::domain::decision::{Decision, WriteState};
use leadboard::domain::effect::{DecisionWrite, EffectCounts, EffectState, LeasedEffect};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{ModelId, OrgId, QueueId, RepId, RepKey};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::{Conservation, Form, LeadState};
use leadboard::domain::recommendation::{Recommendation, Route, RouteReason};
use leadboard::domain::verdict::Verdict;

use crate::store_fixtures::*;

on_every_store! {
    a_lead_is_received_once
    a_reading_never_goes_back_in_time
    a_change_within_the_same_stamp_is_read
    changed_facts_send_a_lead_back_to_be_ranked
    what_the_form_said_is_kept_and_read_anew
    somebody_faster_takes_a_lead_out_of_its_lane_but_not_a_decision_back
    leads_and_cursor_are_stored_together_or_not_at_all
    a_ranking_of_an_older_reading_is_dropped
    a_failed_ranking_still_leads_to_a_lane
    latency_is_of_the_first_ranking
    a_decision_is_stored_with_its_effect
    a_lead_is_decided_once
    of_many_at_once_one_decides
    a_decision_not_heard_of_may_be_repeated
    taking_back_is_free_until_the_effect_is_handed_out
    what_was_taken_back_can_be_decided_again
    taking_back_comes_too_late_in_words
    what_was_sent_is_put_back_by_a_decision_of_its_own
    what_is_on_its_way_is_put_back_after_it
    what_was_never_written_needs_not_be_put_back
    whoever_takes_a_lead_that_is_being_put_back_keeps_it
    a_late_reading_of_the_second_in_which_a_lead_was_put_back_takes_it_from_nobody
    a_lead_is_open_with_the_owner_it_was_put_back_to
    a_lead_is_decided_anew_only_when_it_is_known_what_was_written
    a_lead_that_somebody_took_meanwhile_is_not_opened_again_by_taking_back
    a_lead_that_somebody_took_is_not_open_even_if_the_decision_was_taken_back_since_the_look
    without_a_write_taking_back_ends_with_the_grace_period
    a_quota_wait_gives_the_try_back_but_not_the_undo
    an_effect_is_handed_out_once_until_its_lease_ends
    a_sender_believed_dead_can_finish_nothing
    a_done_effect_brings_the_lead_up_to_date
    a_late_answer_does_not_overwrite_a_later_reading
    a_person_being_faster_supersedes_decision_and_lead
    a_dead_effect_waits_for_a_person_and_comes_back
    leases_are_released_at_a_start
    a_lease_is_kept_alive_by_the_one_who_has_it
    a_snoozed_lead_leaves_its_lane_for_a_while
    the_queue_is_walked_page_by_page
    one_lead_is_told_with_all_that_is_known
    the_roster_is_replaced_but_nobody_loses_their_name
    deals_are_kept_once_in_order
    one_model_is_champion
    outcomes_come_with_their_cursor
    the_shadow_report_walks_every_ranked_lead
    a_store_belongs_to_one_org
    the_audit_trail_tells_every_change_and_names_nobody
    hostile_text_comes_back_as_it_was
}

async fn conservation(store: &dyn Store) -> Conservation {
    let c = store.conservation().await.unwrap();
    assert_eq!(c.lost(), 0, "{c:?}");
    c
}

async fn write_of(store: &dyn Store, lead: &str) -> WriteState {
    store.decision_of(&id(lead)).await.unwrap().unwrap().write
}

fn not_open(outcome: DecideOutcome) -> String {
    match outcome {
        DecideOutcome::NotOpen(why) => why,
        DecideOutcome::Taken => panic!("taken"),
    }
}

fn too_late(outcome: UndoOutcome) -> String {
    match outcome {
        UndoOutcome::TooLate(why) => why,
        other => panic!("{other:?}"),
    }
}

async fn a_lead_is_received_once(store: Arc<dyn Store>) {
    let report = take_in(&*store, vec![receive(raw("A", 5, rep("legacy")))], 7).await;
    assert_eq!((report.received, report.refreshed, report.superseded), (1, 0, 0));
    let first = record(&*store, "A").await;
    assert_eq!(
        (first.state, first.lane, first.received_at, first.decisions_made),
        (LeadState::Pending, None, at(7), 0)
    );
    assert_eq!(first.lead, raw("A", 5, rep("legacy")).lead);

    // Polls overlap: the same again is nothing, and something newer is a reading. The legacy owner stays the first, and
    // another owner is a person's.
    assert_eq!(take_in(&*store, vec![receive(raw("A", 5, rep("legacy")))], 8).await, IntakeReport::default());
    let report = take_in(&*store, vec![receive(raw("A", 6, rep("other")))], 9).await;
    assert_eq!((report.received, report.refreshed), (0, 1));
    let again = record(&*store, "A").await;
    assert_eq!((again.lead.owner, again.legacy, again.received_at), (rep("other"), first.legacy, at(7)));
    assert_eq!(conservation(&*store).await, Conservation { received: 1, superseded: 1, ..Default::default() });
    assert_eq!(store.leads(&[id("A"), id("unknown")]).await.unwrap().len(), 1);
}

async fn a_reading_never_goes_back_in_time(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    take_in(&*store, vec![refresh(raw("A", 9, rep("legacy")), false)], 9).await;
    let older =
        vec![refresh(raw("A", 8, rep("eight")), true), supersede(raw("A", 8, rep("eight")), "too old to count")];
    assert_eq!(take_in(&*store, older, 10).await, IntakeReport::default());
    let lead = record(&*store, "A").await;
    assert_eq!((lead.lead.owner, lead.lead.modstamp, lead.state), (rep("legacy"), at(9), LeadState::InLane));
}

async fn a_change_within_the_same_stamp_is_read(store: Arc<dyn Store>) {
    take_in(&*store, vec![receive(raw("A", 5, rep("legacy")))], 5).await;
    let mut edited = raw("A", 5, rep("legacy"));
    edited.lead.facts.source = Some("Webinar".into());
    assert_eq!(take_in(&*store, vec![refresh(edited, false)], 6).await.refreshed, 1);
    assert_eq!(record(&*store, "A").await.lead.facts.source.as_deref(), Some("Webinar"));
    // Of an open lead's owner nobody can tell which of two readings came last but the CRM, which was asked here.
    assert_eq!(take_in(&*store, vec![supersede(raw("A", 5, rep("other")), "taken")], 7).await.superseded, 1);
    assert_eq!(record(&*store, "A").await.lead.owner, rep("other"));
}

async fn changed_facts_send_a_lead_back_to_be_ranked(store: Arc<dyn Store>) {
    for lead in ["A", "B", "C"] {
        in_lane(&*store, lead).await;
    }
    store.decide(decision("C", 0, 2, true)).await.unwrap();
    let changes = vec![
        refresh(raw("A", 3, rep("legacy")), true),
        refresh(raw("B", 3, rep("legacy")), false),
        refresh(raw("C", 3, rep("legacy")), true),
    ];
    assert_eq!(take_in(&*store, changes, 3).await.refreshed, 3);
    let states = [record(&*store, "A").await, record(&*store, "B").await, record(&*store, "C").await].map(|r| r.state);
    assert_eq!(states, [LeadState::Pending, LeadState::InLane, LeadState::Decided]);
    let pending: Vec<_> = store.pending(10).await.unwrap().into_iter().map(|r| r.lead.id).collect();
    assert_eq!(pending, [id("A")]);
    let why = not_open(store.decide(decision("A", 0, 4, true)).await.unwrap());
    assert!(why.contains("ranked again"), "{why}");
    conservation(&*store).await;
}

async fn what_the_form_said_is_kept_and_read_anew(store: Arc<dyn Store>) {
    let said = |text: &str| Form { text: Some(text.into()), email: Some("nul\0@x".into()), ..Form::default() };
    let mut lead = raw("A", 5, rep("legacy"));
    take_in(&*store, vec![receive(lead.clone()), receive(raw("B", 5, rep("legacy")))], 5).await;
    assert!(record(&*store, "A").await.lead.form.is_empty());
    lead.lead.form = said("Guten Tag");
    assert_eq!(take_in(&*store, vec![refresh(lead.clone(), false)], 6).await.refreshed, 1, "within the same stamp");
    assert_eq!(record(&*store, "A").await.lead, lead.lead);
    assert_eq!(take_in(&*store, vec![refresh(lead.clone(), false)], 7).await.refreshed, 0, "the same again");
    lead.lead.form = Form::default();
    take_in(&*store, vec![refresh(lead, false)], 8).await;
    assert!(store.lead_detail(&id("A")).await.unwrap().unwrap().record.lead.form.is_empty());
    let trail = serde_json::to_string(&store.audit(None, 10).await.unwrap()).unwrap();
    assert!(!trail.contains("Guten Tag"), "{trail}");
}

async fn somebody_faster_takes_a_lead_out_of_its_lane_but_not_a_decision_back(store: Arc<dyn Store>) {
    take_in(&*store, vec![receive(raw("P", 0, rep("legacy")))], 0).await;
    in_lane(&*store, "L").await;
    in_lane(&*store, "D").await;
    store.decide(decision("D", 0, 2, true)).await.unwrap();
    let changes = ["P", "L", "D"].map(|lead| supersede(raw(lead, 3, rep("person")), "taken by hand")).to_vec();
    let report = take_in(&*store, changes, 3).await;
    assert_eq!((report.superseded, report.refreshed), (2, 1));
    let c = conservation(&*store).await;
    assert_eq!((c.superseded, c.decided, c.in_lane, c.pending), (2, 1, 0, 0));
    assert_eq!(record(&*store, "D").await.lead.owner, rep("person"), "the reading is replaced all the same");
    let why = not_open(store.decide(decision("L", 0, 4, true)).await.unwrap());
    assert_eq!(why, "superseded: taken by hand");
    assert_eq!(store.save_rankings(vec![ranked("P", 3, Lane::Fast, 1.0, 5)]).await.unwrap(), 0);
}

async fn leads_and_cursor_are_stored_together_or_not_at_all(store: Arc<dyn Store>) {
    assert_eq!(store.cursor(LEADS).await.unwrap(), Cursor::default());
    let cursor = Cursor { low: Some(at(5)), since: Some(at(1)) };
    store.take_in(vec![receive(raw("A", 5, rep("legacy")))], LEADS, &cursor, at(6)).await.unwrap();
    assert_eq!(store.cursor(LEADS).await.unwrap(), cursor);
    assert_eq!(store.cursor("other").await.unwrap(), Cursor::default());

    let changes = vec![receive(raw("B", 7, rep("legacy"))), refresh(raw("never seen", 7, rep("legacy")), false)];
    let failed = store.take_in(changes, LEADS, &Cursor { low: Some(at(7)), since: Some(at(1)) }, at(8)).await;
    assert!(failed.unwrap_err().to_string().contains("never seen"));
    assert_eq!(store.cursor(LEADS).await.unwrap(), cursor);
    assert_eq!(conservation(&*store).await.received, 1);
    assert!(store.leads(&[id("B")]).await.unwrap().is_empty());
}

async fn a_ranking_of_an_older_reading_is_dropped(store: Arc<dyn Store>) {
    take_in(&*store, vec![receive(raw("A", 0, rep("legacy"))), receive(raw("B", 0, rep("legacy")))], 0).await;
    take_in(&*store, vec![refresh(raw("A", 2, rep("legacy")), false)], 2).await;
    let both = vec![ranked("A", 0, Lane::Fast, 1.0, 3), ranked("B", 0, Lane::Hot, 2.0, 3)];
    assert_eq!(store.save_rankings(both).await.unwrap(), 1);
    let (a, b) = (record(&*store, "A").await, record(&*store, "B").await);
    assert_eq!((a.state, a.lane, a.ranked_at), (LeadState::Pending, None, None));
    assert_eq!((b.state, b.lane, b.ranked_at), (LeadState::InLane, Some(Lane::Hot), Some(at(3))));
    assert_eq!(
        store.save_rankings(vec![ranked("B", 0, Lane::Fast, 1.0, 4)]).await.unwrap(),
        0,
        "it is in a lane already"
    );
    assert_eq!(record(&*store, "B").await.lane, Some(Lane::Hot));
}

async fn a_failed_ranking_still_leads_to_a_lane(store: Arc<dyn Store>) {
    take_in(&*store, vec![receive(raw("A", 0, queue("mq")))], 0).await;
    let failed = Recommendation {
        route: Route::DefaultQueue(QueueId::new("dq")),
        reason: RouteReason::TechnicalFailure,
        explanation: "no model".into(),
        gap: None,
    };
    let mut one = ranked("A", 0, Lane::Sync, f64::NAN, 1);
    (one.ranking, one.recommendation) = (None, failed.clone());
    assert_eq!(store.save_rankings(vec![one]).await.unwrap(), 1);
    let detail = store.lead_detail(&id("A")).await.unwrap().unwrap();
    assert_eq!((detail.ranking, detail.recommendation), (None, Some(failed)));
    let page = store.queue_page(&LeadFilter::default(), &Seek::Top, 5, at(2)).await.unwrap();
    assert_eq!((page.rows[0].lane, page.rows[0].p_win), (Some(Lane::Sync), None));
    assert_eq!((page.rows[0].legacy.as_deref(), page.rows[0].legacy_p_win), (Some("mq"), None));
    assert_eq!(page.rows[0].recommended.as_deref(), Some("dq"), "an unknown owner is shown by id");
}

async fn latency_is_of_the_first_ranking(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    take_in(&*store, vec![refresh(raw("A", 50, rep("legacy")), true)], 50).await;
    store.save_rankings(vec![ranked("A", 50, Lane::Fast, 1.0, 60)]).await.unwrap();
    take_in(&*store, vec![receive(raw("B", 0, rep("legacy")))], 0).await;
    assert_eq!(store.ranking_latencies_ms().await.unwrap(), [1_000.0]);
    assert_eq!(record(&*store, "A").await.ranked_at, Some(at(60)));
}

async fn a_decision_is_stored_with_its_effect(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    let mut mixed_up = decision("A", 0, 99, true);
    mixed_up.effect = decision("B", 0, 99, true).effect;
    assert!(matches!(store.decide(mixed_up).await, Err(StoreError::Corrupt(_))), "the write of another decision");
    assert_eq!(record(&*store, "A").await.state, LeadState::InLane);
    let new = decision("A", 0, 100, true);
    assert_eq!(store.decide(new.clone()).await.unwrap(), DecideOutcome::Taken);
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, lead.lane, lead.decisions_made), (LeadState::Decided, None, 1));
    assert_eq!(store.decision(new.decision.trace_id).await.unwrap(), Some(new.decision.clone()));
    assert_eq!(store.decision_of(&id("A")).await.unwrap(), Some(new.decision.clone()));
    assert_eq!(store.next_effect_at().await.unwrap(), Some(new.decision.grace_until));
    let effects = store.effects(&[EffectState::Ready], 10).await.unwrap();
    assert_eq!((effects.len(), effects[0].attempts, effects[0].company.as_str()), (1, 0, "Company A"));
    assert!(store.effects(&[], 10).await.unwrap().is_empty());

    in_lane(&*store, "B").await;
    store.decide(decision("B", 0, 101, false)).await.unwrap();
    assert_eq!(write_of(&*store, "B").await, WriteState::NotWanted);
    assert_eq!(store.effect_counts().await.unwrap(), EffectCounts { pending: 1, ..Default::default() });
    let all = store.decisions_after(None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all[0].decision.trace_id < all[1].decision.trace_id);
    let rest = store.decisions_after(Some(all[0].decision.trace_id), 10).await.unwrap();
    assert_eq!(rest, all[1..]);
    assert_eq!(rest[0].owner_now, rep("legacy"));
    assert_eq!(store.decision(trace(1)).await.unwrap(), None);
}

async fn a_lead_is_decided_once(store: Arc<dyn Store>) {
    let why = not_open(store.decide(decision("A", 0, 1, true)).await.unwrap());
    assert!(why.contains("not known"), "{why}");
    take_in(&*store, vec![receive(raw("A", 0, rep("legacy")))], 0).await;
    let why = not_open(store.decide(decision("A", 0, 1, true)).await.unwrap());
    assert!(why.contains("not ranked yet"), "{why}");
    store.save_rankings(vec![ranked("A", 0, Lane::Fast, 1.0, 1)]).await.unwrap();
    store.decide(decision("A", 0, 100, true)).await.unwrap();

    let mut second = decision("A", 1, 130, true);
    let why = not_open(store.decide(second.clone()).await.unwrap());
    assert_eq!(why, format!("already decided by Ana at {} UTC", at(100).format("%H:%M")));
    second.decision.decided_at = at(100_000);
    let why = not_open(store.decide(second).await.unwrap());
    assert!(why.ends_with(&at(100).format("%Y-%m-%d %H:%M UTC").to_string()), "{why}");

    store.undo(&id("A"), "Ana", at(101)).await.unwrap();
    let mut stale = decision("A", 1, 102, true);
    stale.expected_decisions = 0;
    let why = not_open(store.decide(stale).await.unwrap());
    assert!(why.contains("took that back"), "{why}");
    assert_eq!(store.effect_counts().await.unwrap(), EffectCounts { cancelled: 1, ..Default::default() });
}

async fn of_many_at_once_one_decides(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    let tasks: Vec<_> = (0..8_u32)
        .map(|n| {
            let store = Arc::clone(&store);
            let mut new = decision("A", 0, 5, true);
            new.decision.trace_id = trace(u128::from(n) + 1);
            if let Some(write) = &mut new.effect {
                write.trace_id = new.decision.trace_id;
            }
            tokio::spawn(async move { store.decide(new).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += u32::from(task.await.unwrap() == DecideOutcome::Taken);
    }
    assert_eq!(taken, 1);
    assert_eq!(store.decisions_after(None, 10).await.unwrap().len(), 1);
}

async fn a_decision_not_heard_of_may_be_repeated(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    for _ in 0..2 {
        assert_eq!(store.decide(decision("A", 0, 5, true)).await.unwrap(), DecideOutcome::Taken);
    }
    assert_eq!(record(&*store, "A").await.decisions_made, 1);
    assert_eq!(store.effect_counts().await.unwrap().pending, 1);
}

async fn taking_back_is_free_until_the_effect_is_handed_out(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    // Long after the grace period: nobody was handed it yet, so nothing was sent.
    let UndoOutcome::Undone(undone) = store.undo(&id("A"), "Ana", at(1_000)).await.unwrap() else { panic!("too late") };
    assert_eq!((undone.undone_at, undone.write), (Some(at(1_000)), WriteState::Undone));
    assert_eq!(store.decision(undone.trace_id).await.unwrap(), Some(*undone));
    assert_eq!(store.decision_of(&id("A")).await.unwrap(), None);
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, lead.lane, lead.decisions_made), (LeadState::InLane, Some(Lane::Disagree), 1));
    assert_eq!(store.effect_counts().await.unwrap(), EffectCounts { cancelled: 1, ..Default::default() });
    assert!(
        store.claim_effects("w", 10, at(2_060), at(2_000)).await.unwrap().is_empty(),
        "what was taken back is not sent"
    );
    assert_eq!(store.next_effect_at().await.unwrap(), None);
    conservation(&*store).await;
}

async fn what_was_taken_back_can_be_decided_again(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    store.undo(&id("A"), "Ana", at(6)).await.unwrap();
    assert_eq!(store.decide(decision("A", 1, 7, true)).await.unwrap(), DecideOutcome::Taken);
    let claimed = store.claim_effects("w", 10, at(60), at(30)).await.unwrap();
    assert_eq!(claimed.iter().map(|e| e.write.key.as_str()).collect::<Vec<_>>(), ["A-1"]);
    let detail = store.lead_detail(&id("A")).await.unwrap().unwrap();
    assert_eq!(detail.decisions.len(), 2);
    assert!(detail.decisions[0].undone_at.is_none(), "newest first");
}

async fn a_lead_that_somebody_took_is_not_open_even_if_the_decision_was_taken_back_since_the_look(
    store: Arc<dyn Store>,
) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    // A poll finds a person's owner on a decided lead, which means a new reading and no more; before that is stored, a
    // manager takes the decision back.
    let found = refresh(raw("A", 6, rep("person")), false);
    store.undo(&id("A"), "Ana", at(7)).await.unwrap();
    take_in(&*store, vec![found], 8).await;
    assert_eq!(record(&*store, "A").await.state, LeadState::Superseded, "else the next decision would overrule");
    assert!(matches!(store.decide(decision("A", 1, 9, true)).await.unwrap(), DecideOutcome::NotOpen(_)));
    let what: Vec<String> = store.audit(Some(&id("A")), 1).await.unwrap().into_iter().map(|event| event.what).collect();
    assert_eq!(what, ["lead.superseded"]);
}

async fn a_lead_that_somebody_took_meanwhile_is_not_opened_again_by_taking_back(store: Arc<dyn Store>) {
    let converted = || {
        let mut raw = raw("B", 6, rep("legacy"));
        raw.lead.converted = true;
        raw
    };
    for (lead, meanwhile) in [("A", raw("A", 6, rep("person"))), ("B", converted())] {
        in_lane(&*store, lead).await;
        store.decide(decision(lead, 0, 5, true)).await.unwrap();
        take_in(&*store, vec![refresh(meanwhile, false)], 7).await;
        assert!(matches!(store.undo(&id(lead), "Ana", at(8)).await.unwrap(), UndoOutcome::Undone(_)));
        assert_eq!(record(&*store, lead).await.state, LeadState::Superseded, "else the next decision would overrule");
        let late = store.decide(decision(lead, 1, 9, true)).await.unwrap();
        assert!(matches!(late, DecideOutcome::NotOpen(_)), "{late:?}");
    }
    conservation(&*store).await;
}

async fn taking_back_comes_too_late_in_words(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    let undo = async |seconds| too_late(store.undo(&id("A"), "Ana", at(seconds)).await.unwrap());
    assert!(undo(1).await.contains("no decision"));
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let claimed = store.claim_effects("w", 1, at(40), at(20)).await.unwrap().pop().unwrap();
    store.finish_effect(&claimed, EffectResult::Dead("broken".into()), at(22)).await.unwrap();
    assert!(undo(23).await.contains("nobody knows how far it came"));
    assert_eq!(record(&*store, "A").await.state, LeadState::Decided);
}

/// What is or may be in the CRM of a lead's decision.
async fn sent(store: &dyn Store, lead: &str, seconds: i64) -> (Decision, DecisionWrite) {
    match store.undo(&id(lead), "Ana", at(seconds)).await.unwrap() {
        UndoOutcome::Sent(sent) => *sent,
        other => panic!("{other:?}"),
    }
}

/// Lead `A`, given to `best` and written.
async fn written(store: &dyn Store) {
    in_lane(store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let claimed = store.claim_effects("w", 1, at(40), at(20)).await.unwrap().pop().unwrap();
    let done = EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(21), at(21))), source: None };
    assert!(store.finish_effect(&claimed, done, at(21)).await.unwrap());
}

async fn what_was_sent_is_put_back_by_a_decision_of_its_own(store: Arc<dyn Store>) {
    written(&*store).await;
    let (old, write) = sent(&*store, "A", 30).await;
    assert_eq!((old.write, &write.owner, &write.expected_owner), (WriteState::Written, &rep("best"), &rep("legacy")));
    let new = putting_back(&old, &write, 1, 30);
    let own = new.decision.trace_id;
    // Said twice by somebody who did not hear the answer, it is done once.
    for _ in 0..2 {
        assert_eq!(store.decide(new.clone()).await.unwrap(), DecideOutcome::Taken);
    }
    assert!(too_late(store.undo(&id("A"), "Bob", at(31)).await.unwrap()).contains("Ana takes it back already"));
    let mut other = putting_back(&old, &write, 2, 31);
    other.decision.trace_id = trace(99);
    other.effect.as_mut().unwrap().trace_id = trace(99);
    assert!(not_open(store.decide(other).await.unwrap()).contains("already decided"));

    let standing = store.decision_of(&id("A")).await.unwrap().unwrap();
    assert_eq!((standing.trace_id, standing.replaces), (own, Some(old.trace_id)));
    let old = store.decision(old.trace_id).await.unwrap().unwrap();
    assert_eq!((old.write, old.closed_at, old.undone_at), (WriteState::Written, Some(at(30)), None));
    assert_eq!(record(&*store, "A").await.state, LeadState::Decided);
    let claimed = store.claim_effects("w", 9, at(60), at(40)).await.unwrap().pop().unwrap();
    assert_eq!((&claimed.write.owner, &claimed.write.expected_owner), (&rep("legacy"), &rep("best")));
    let done = EffectResult::Done { owner_after: Some(rep("legacy")), stamps: Some((at(41), at(41))), source: None };
    assert!(store.finish_effect(&claimed, done, at(41)).await.unwrap());

    // Open again, to be ranked anew, and nothing stands.
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, &lead.lead.owner, lead.decisions_made), (LeadState::Pending, &rep("legacy"), 2));
    assert_eq!(store.decision_of(&id("A")).await.unwrap(), None);
    assert!(too_late(store.undo(&id("A"), "Ana", at(42)).await.unwrap()).contains("no decision"));
    assert_eq!(store.save_rankings(vec![ranked("A", 41, Lane::Fast, 1.0, 43)]).await.unwrap(), 1);
    assert_eq!(store.decide(decision("A", 2, 44, true)).await.unwrap(), DecideOutcome::Taken);
    let what: Vec<String> = store.audit(Some(&id("A")), 50).await.unwrap().into_iter().map(|e| e.what).collect();
    for event in ["decision.put_back", "lead.reopened"] {
        assert_eq!(what.iter().filter(|what| *what == event).count(), 1, "{event} in {what:?}");
    }
    // The ranking of the old one, for replay.
    assert_eq!(store.ranking_of(own).await.unwrap(), store.ranking_of(old.trace_id).await.unwrap());
    conservation(&*store).await;
}

async fn what_is_on_its_way_is_put_back_after_it(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let first = store.claim_effects("w", 1, at(40), at(20)).await.unwrap().pop().unwrap();
    let (old, write) = sent(&*store, "A", 21).await;
    assert_eq!(store.decide(putting_back(&old, &write, 1, 21)).await.unwrap(), DecideOutcome::Taken);
    assert_eq!(store.effect_counts().await.unwrap().pending, 1, "one write of a lead at a time");
    // A try that failed: it goes on, because it may have reached the CRM.
    let retry = EffectResult::Retry { not_before: at(22), error: "busy".into(), counts: true };
    assert!(store.finish_effect(&first, retry, at(22)).await.unwrap());
    let first = store.claim_effects("w", 9, at(60), at(30)).await.unwrap();
    assert_eq!(first.iter().map(|e| e.write.key.as_str()).collect::<Vec<_>>(), ["A-0"]);
    let done = EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(31), at(31))), source: None };
    assert!(store.finish_effect(&first[0], done, at(31)).await.unwrap());
    let old = store.decision(old.trace_id).await.unwrap().unwrap();
    assert_eq!((old.write, old.closed_at), (WriteState::Written, Some(at(21))));

    assert!(store.claim_effects("w", 9, at(60), at(31)).await.unwrap().is_empty(), "its stamp must be another one");
    let second = store.claim_effects("w", 9, at(60), at(33)).await.unwrap().pop().unwrap();
    let DecisionWrite { expected_owner, expected_modified_at, owner, .. } = &second.write;
    assert_eq!((expected_owner, expected_modified_at, owner), (&rep("best"), &at(31), &rep("legacy")));
    let done = EffectResult::Done { owner_after: Some(rep("legacy")), stamps: Some((at(34), at(34))), source: None };
    assert!(store.finish_effect(&second, done, at(34)).await.unwrap());
    assert_eq!(record(&*store, "A").await.state, LeadState::Pending);
}

async fn what_was_never_written_needs_not_be_put_back(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let first = store.claim_effects("w", 1, at(40), at(20)).await.unwrap().pop().unwrap();
    let (old, write) = sent(&*store, "A", 21).await;
    assert_eq!(store.decide(putting_back(&old, &write, 1, 21)).await.unwrap(), DecideOutcome::Taken);
    assert!(store.finish_effect(&first, EffectResult::Superseded("taken".into()), at(22)).await.unwrap());
    assert_eq!(write_of(&*store, "A").await, WriteState::Superseded);
    assert_eq!(record(&*store, "A").await.state, LeadState::Superseded);
    assert_eq!(store.next_effect_at().await.unwrap(), None);
}

async fn whoever_takes_a_lead_that_is_being_put_back_keeps_it(store: Arc<dyn Store>) {
    written(&*store).await;
    let (old, write) = sent(&*store, "A", 30).await;
    store.decide(putting_back(&old, &write, 1, 30)).await.unwrap();
    let claimed = store.claim_effects("w", 9, at(60), at(40)).await.unwrap().pop().unwrap();
    // The write was faster than the person, and the poll that tells of the person was faster than the answer.
    take_in(&*store, vec![refresh(raw("A", 43, rep("person")), false)], 44).await;
    let done = EffectResult::Done { owner_after: Some(rep("legacy")), stamps: Some((at(41), at(41))), source: None };
    assert!(store.finish_effect(&claimed, done, at(45)).await.unwrap());
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, lead.lead.owner), (LeadState::Superseded, rep("person")));
    conservation(&*store).await;
}

async fn a_late_reading_of_the_second_in_which_a_lead_was_put_back_takes_it_from_nobody(store: Arc<dyn Store>) {
    written(&*store).await;
    let (old, write) = sent(&*store, "A", 30).await;
    store.decide(putting_back(&old, &write, 1, 30)).await.unwrap();
    let claimed = store.claim_effects("w", 9, at(60), at(40)).await.unwrap().pop().unwrap();
    // Somebody edits it, a poll reads that, and within the same second it is put back. The poll judged a decided lead.
    let before = refresh(raw("A", 41, rep("best")), false);
    let done = EffectResult::Done { owner_after: Some(rep("legacy")), stamps: Some((at(41), at(41))), source: None };
    assert!(store.finish_effect(&claimed, done, at(42)).await.unwrap());
    take_in(&*store, vec![before], 43).await;
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, lead.lead.owner), (LeadState::Pending, rep("legacy")));

    take_in(&*store, vec![refresh(raw("A", 42, rep("best")), false)], 44).await;
    assert_eq!(record(&*store, "A").await.state, LeadState::Superseded, "of a later second: somebody gave it to them");
    conservation(&*store).await;
}

async fn a_lead_is_open_with_the_owner_it_was_put_back_to(store: Arc<dyn Store>) {
    written(&*store).await;
    let before = store.decision_of(&id("A")).await.unwrap().unwrap();
    let mut anew = decision("A", 1, 30, true);
    anew.decision.verdict = Verdict::Backfill { run: 7 };
    anew.decision.replaces = Some(before.trace_id);
    anew.decision.owner = rep("second");
    anew.ranking = Some(Box::new(ranked("A", 21, Lane::Fast, 3.0, 30)));
    let write = anew.effect.as_mut().unwrap();
    (write.owner, write.expected_owner) = (rep("second"), rep("best"));
    assert_eq!(store.decide(anew).await.unwrap(), DecideOutcome::Taken);
    let finish = async |owner: &str, second: i64| {
        let claimed = store.claim_effects("w", 1, at(second + 20), at(second)).await.unwrap().pop().unwrap();
        let done =
            EffectResult::Done { owner_after: Some(rep(owner)), stamps: Some((at(second), at(second))), source: None };
        assert!(store.finish_effect(&claimed, done, at(second)).await.unwrap());
    };
    finish("second", 50).await;
    let (old, write) = sent(&*store, "A", 60).await;
    assert_eq!(store.decide(putting_back(&old, &write, 2, 60)).await.unwrap(), DecideOutcome::Taken);
    finish("best", 80).await;
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, &lead.lead.owner, &lead.legacy.owner), (LeadState::Pending, &rep("best"), &rep("legacy")));

    take_in(&*store, vec![refresh(raw("A", 81, rep("best")), true)], 82).await;
    assert_eq!(record(&*store, "A").await.state, LeadState::Pending, "nobody took it");
    take_in(&*store, vec![refresh(raw("A", 83, rep("legacy")), false)], 84).await;
    assert_eq!(record(&*store, "A").await.state, LeadState::Superseded, "somebody gave it to its first owner");
    conservation(&*store).await;
}

async fn a_lead_is_decided_anew_only_when_it_is_known_what_was_written(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let standing = store.decision_of(&id("A")).await.unwrap().unwrap();
    let anew = |stamp| {
        let mut new = decision("A", 1, 30, true);
        new.decision.verdict = Verdict::Backfill { run: 7 };
        new.decision.replaces = Some(standing.trace_id);
        new.ranking = Some(Box::new(ranked("A", stamp, Lane::Fast, 3.0, 30)));
        new
    };
    assert!(not_open(store.decide(anew(0)).await.unwrap()).contains("not written yet"));
    let claimed = store.claim_effects("w", 1, at(40), at(20)).await.unwrap().pop().unwrap();
    let done = EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(21), at(21))), source: None };
    store.finish_effect(&claimed, done, at(21)).await.unwrap();
    assert!(not_open(store.decide(anew(0)).await.unwrap()).contains("changed in the CRM"), "it was ranked before that");
    assert_eq!(store.decision_of(&id("A")).await.unwrap().unwrap().trace_id, standing.trace_id);
    assert_eq!(store.decide(anew(21)).await.unwrap(), DecideOutcome::Taken);
    let now = store.decision_of(&id("A")).await.unwrap().unwrap();
    assert_eq!((now.replaces, &now.verdict), (Some(standing.trace_id), &Verdict::Backfill { run: 7 }));
    // Taken back in time, the one before stands again.
    assert!(matches!(store.undo(&id("A"), "Ana", at(31)).await.unwrap(), UndoOutcome::Undone(_)));
    let again = store.decision_of(&id("A")).await.unwrap().unwrap();
    assert_eq!((again.trace_id, again.closed_at), (standing.trace_id, None));
    let lead = record(&*store, "A").await;
    assert_eq!((lead.state, lead.decisions_made), (LeadState::Decided, 2));
    conservation(&*store).await;
}

async fn without_a_write_taking_back_ends_with_the_grace_period(store: Arc<dyn Store>) {
    for lead in ["A", "B"] {
        in_lane(&*store, lead).await;
        store.decide(decision(lead, 0, 5, false)).await.unwrap();
    }
    assert!(matches!(store.undo(&id("A"), "Ana", at(5 + GRACE)).await.unwrap(), UndoOutcome::Undone(_)));
    let why = too_late(store.undo(&id("B"), "Ana", at(6 + GRACE)).await.unwrap());
    assert!(why.contains(&at(5 + GRACE).format("%H:%M UTC").to_string()), "{why}");
    let c = conservation(&*store).await;
    assert_eq!((c.in_lane, c.decided), (1, 1));
}

async fn a_quota_wait_gives_the_try_back_but_not_the_undo(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let claimed = store.claim_effects("w", 1, at(40), at(20)).await.unwrap().pop().unwrap();
    assert_eq!(claimed.attempt, 1);
    let wait = EffectResult::Retry { not_before: at(100), error: "quota".into(), counts: false };
    assert!(store.finish_effect(&claimed, wait, at(21)).await.unwrap());
    let row = store.effects(&[EffectState::Ready], 1).await.unwrap().pop().unwrap();
    assert_eq!((row.attempts, row.not_before, row.last_error.as_deref()), (0, at(100), Some("quota")));
    assert!(store.claim_effects("w", 1, at(140), at(99)).await.unwrap().is_empty());
    assert!(matches!(store.undo(&id("A"), "Ana", at(22)).await.unwrap(), UndoOutcome::Sent(_)));
    assert_eq!(store.claim_effects("w", 1, at(140), at(100)).await.unwrap()[0].attempt, 1);
}

async fn an_effect_is_handed_out_once_until_its_lease_ends(store: Arc<dyn Store>) {
    for (n, lead) in ["A", "B", "C"].into_iter().enumerate() {
        in_lane(&*store, lead).await;
        store.decide(decision(lead, 0, n as i64, true)).await.unwrap();
    }
    assert!(store.claim_effects("w", 9, at(99), at(GRACE - 1)).await.unwrap().is_empty(), "the grace period");
    let keys = |claimed: &[LeasedEffect]| claimed.iter().map(|e| e.write.key.to_string()).collect::<Vec<_>>();
    let first = store.claim_effects("one", 2, at(50), at(30)).await.unwrap();
    assert_eq!(keys(&first), ["A-0", "B-0"]);
    assert_eq!(keys(&store.claim_effects("two", 9, at(60), at(30)).await.unwrap()), ["C-0"]);
    assert!(store.claim_effects("two", 9, at(60), at(49)).await.unwrap().is_empty());
    assert_eq!(store.next_effect_at().await.unwrap(), Some(at(50)));
    let again = store.claim_effects("two", 9, at(80), at(50)).await.unwrap();
    assert_eq!(keys(&again), ["A-0", "B-0"]);
    assert_eq!((again[0].attempt, again[0].write.clone()), (2, first[0].write.clone()));
    assert!(again[0].token > first[0].token);
    assert_eq!(store.effect_counts().await.unwrap().pending, 3);
}

async fn a_sender_believed_dead_can_finish_nothing(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    let slow = store.claim_effects("slow", 1, at(30), at(20)).await.unwrap().pop().unwrap();
    let quick = store.claim_effects("quick", 1, at(60), at(40)).await.unwrap().pop().unwrap();
    let audit_before = store.audit(None, 100).await.unwrap();
    for result in [
        EffectResult::Done { owner_after: Some(rep("wrong")), stamps: Some((at(41), at(41))), source: None },
        EffectResult::Superseded("late".into()),
        EffectResult::Dead("late".into()),
    ] {
        assert!(!store.finish_effect(&slow, result, at(41)).await.unwrap());
    }
    assert_eq!(store.audit(None, 100).await.unwrap(), audit_before, "nothing was stored");
    assert_eq!(record(&*store, "A").await.lead.owner, rep("legacy"));
    let done = EffectResult::Done { owner_after: None, stamps: None, source: None };
    assert!(store.finish_effect(&quick, done.clone(), at(42)).await.unwrap());
    assert!(!store.finish_effect(&quick, done, at(43)).await.unwrap(), "only once");
}

async fn a_done_effect_brings_the_lead_up_to_date(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    let effect = store.claim_effects("w", 1, at(60), at(20)).await.unwrap().pop().unwrap();
    let done = EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(21), at(22))), source: None };
    assert!(store.finish_effect(&effect, done, at(23)).await.unwrap());
    let lead = record(&*store, "A").await;
    assert_eq!((lead.lead.owner, lead.lead.modified_at, lead.lead.modstamp), (rep("best"), at(21), at(22)));
    assert_eq!(lead.legacy.owner, rep("legacy"));
    assert_eq!(write_of(&*store, "A").await, WriteState::Written);
    assert_eq!(store.effect_counts().await.unwrap(), EffectCounts { sent: 1, ..Default::default() });
    assert_eq!(store.decisions_after(None, 1).await.unwrap()[0].owner_now, rep("best"));
}

async fn a_late_answer_does_not_overwrite_a_later_reading(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    let effect = store.claim_effects("w", 1, at(60), at(20)).await.unwrap().pop().unwrap();
    take_in(&*store, vec![refresh(raw("A", 30, rep("person")), false)], 30).await;
    let done = EffectResult::Done { owner_after: Some(rep("best")), stamps: Some((at(21), at(22))), source: None };
    assert!(store.finish_effect(&effect, done, at(31)).await.unwrap());
    let lead = record(&*store, "A").await;
    assert_eq!((lead.lead.owner, lead.lead.modstamp), (rep("person"), at(30)));
    assert_eq!(write_of(&*store, "A").await, WriteState::Written);
}

async fn a_person_being_faster_supersedes_decision_and_lead(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    let effect = store.claim_effects("w", 1, at(60), at(20)).await.unwrap().pop().unwrap();
    store.finish_effect(&effect, EffectResult::Superseded("taken by hand".into()), at(21)).await.unwrap();
    assert_eq!(record(&*store, "A").await.state, LeadState::Superseded);
    assert_eq!(write_of(&*store, "A").await, WriteState::Superseded);
    let c = conservation(&*store).await;
    assert_eq!((c.decided, c.superseded), (0, 1));
    assert_eq!(store.effect_counts().await.unwrap(), EffectCounts { superseded: 1, ..Default::default() });
    assert_eq!(too_late(store.undo(&id("A"), "Ana", at(22)).await.unwrap()), "superseded: taken by hand");
}

async fn a_dead_effect_waits_for_a_person_and_comes_back(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    let effect = store.claim_effects("w", 1, at(60), at(20)).await.unwrap().pop().unwrap();
    assert!(!store.revive_effect(effect.id, "Ana", at(21)).await.unwrap(), "it is not dead");
    store.finish_effect(&effect, EffectResult::Dead("field is missing".into()), at(21)).await.unwrap();
    assert_eq!(write_of(&*store, "A").await, WriteState::Failed);
    assert_eq!(record(&*store, "A").await.state, LeadState::Decided);
    assert_eq!(store.effect_counts().await.unwrap(), EffectCounts { failed: 1, ..Default::default() });
    assert!(store.claim_effects("w", 1, at(999), at(900)).await.unwrap().is_empty());
    let dead = store.effects(&[EffectState::Dead, EffectState::Done], 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].last_error.as_deref()), (1, Some("field is missing")));
    assert!(matches!(store.undo(&id("A"), "Ana", at(22)).await.unwrap(), UndoOutcome::TooLate(_)));

    assert!(store.revive_effect(effect.id, "Ana", at(30)).await.unwrap());
    assert_eq!(write_of(&*store, "A").await, WriteState::Waiting);
    assert!(matches!(store.undo(&id("A"), "Ana", at(30)).await.unwrap(), UndoOutcome::Sent(_)), "it was handed out");
    let again = store.claim_effects("w", 1, at(60), at(30)).await.unwrap().pop().unwrap();
    assert_eq!((again.id, again.attempt, again.token), (effect.id, 1, effect.token + 1));
}

async fn leases_are_released_at_a_start(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    assert_eq!(store.release_leases().await.unwrap(), 0);
    let before = store.claim_effects("w", 1, at(1_000), at(20)).await.unwrap().pop().unwrap();
    assert_eq!(store.release_leases().await.unwrap(), 1);
    let after = store.claim_effects("w", 1, at(1_000), at(21)).await.unwrap().pop().unwrap();
    assert_eq!((after.id, after.attempt), (before.id, 2), "the lost try counts, or a crash would be repeated for ever");
    let done = EffectResult::Done { owner_after: None, stamps: None, source: None };
    assert!(!store.finish_effect(&before, done, at(22)).await.unwrap());
}

async fn a_lease_is_kept_alive_by_the_one_who_has_it(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    store.decide(decision("A", 0, 0, true)).await.unwrap();
    let first = store.claim_effects("one", 1, at(30), at(20)).await.unwrap().pop().unwrap();
    assert!(store.renew_lease(&first, at(45)).await.unwrap());
    assert!(store.claim_effects("two", 1, at(60), at(44)).await.unwrap().is_empty());
    let second = store.claim_effects("two", 1, at(60), at(45)).await.unwrap().pop().unwrap();
    assert!(!store.renew_lease(&first, at(99)).await.unwrap(), "it is another's now");
    assert!(store.claim_effects("one", 1, at(70), at(59)).await.unwrap().is_empty());
    let done = EffectResult::Done { owner_after: None, stamps: None, source: None };
    assert!(store.finish_effect(&second, done, at(59)).await.unwrap());
    assert!(!store.renew_lease(&second, at(99)).await.unwrap(), "and now it is nobody's");
    assert_eq!(store.next_effect_at().await.unwrap(), None);
}

async fn a_snoozed_lead_leaves_its_lane_for_a_while(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    in_lane(&*store, "B").await;
    assert!(!store.snooze(&id("unknown"), at(50), "Ana", at(2)).await.unwrap());
    assert!(store.snooze(&id("A"), at(50), "Ana", at(2)).await.unwrap());
    let counts = store.lane_counts(at(49)).await.unwrap();
    assert_eq!((counts.of(Lane::Disagree), counts.of(Lane::Fast), counts.snoozed), (1, 0, 1));
    let counts = store.lane_counts(at(50)).await.unwrap();
    assert_eq!((counts.of(Lane::Disagree), counts.snoozed), (2, 0));

    let lane = LeadFilter { lane: Some(Lane::Disagree), ..LeadFilter::default() };
    let seen = async |filter: &LeadFilter, seconds| {
        let page = store.queue_page(filter, &Seek::Top, 10, at(seconds)).await.unwrap();
        assert_eq!(page.rows.len() as u64, page.total);
        page.total
    };
    assert_eq!(seen(&lane, 49).await, 1);
    assert_eq!(seen(&lane, 50).await, 2);
    assert_eq!(seen(&LeadFilter { include_snoozed: true, ..lane }, 49).await, 2);
    assert_eq!(conservation(&*store).await.in_lane, 2, "a snoozed lead is still in its lane");

    store.decide(decision("A", 0, 3, true)).await.unwrap();
    assert!(!store.snooze(&id("A"), at(90), "Ana", at(4)).await.unwrap(), "it is decided");
    store.undo(&id("A"), "Ana", at(5)).await.unwrap();
    assert_eq!(store.lane_counts(at(6)).await.unwrap().of(Lane::Disagree), 2, "deciding ended the snooze");
}

async fn the_queue_is_walked_page_by_page(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for n in 0..25 {
        let lead = format!("L{n:02}");
        // Ties, so that the id has to break them.
        let priority = f64::from(n % 4) / 3.0;
        take_in(&*store, vec![receive(raw(&lead, 0, rep("legacy")))], 0).await;
        let lane = if n == 24 { Lane::Hot } else { Lane::Fast };
        store.save_rankings(vec![ranked(&lead, 0, lane, priority, 1)]).await.unwrap();
        if lane == Lane::Fast {
            expected.push((priority, id(&lead)));
        }
    }
    expected.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));

    let fast = LeadFilter { lane: Some(Lane::Fast), ..LeadFilter::default() };
    let window = async |seek: Seek, limit: u32| {
        let page = store.queue_page(&fast, &seek, limit, at(2)).await.unwrap();
        assert_eq!(page.total, 24);
        let rows: Vec<_> = page.rows.iter().map(|row| (row.priority, row.id.clone())).collect();
        let start = page.start as usize;
        assert_eq!(rows, expected[start..start + rows.len()], "neighbours, in order, counted from the top");
        (start, rows.len())
    };
    assert_eq!(window(Seek::Top, 7).await, (0, 7));
    assert_eq!(window(Seek::Top, 100).await, (0, 24));
    assert_eq!(window(Seek::End, 7).await, (17, 7));
    for (n, (priority, lead)) in expected.iter().enumerate() {
        let (start, len) = window(Seek::Around(QueueKey { priority: *priority, id: lead.clone() }), 7).await;
        assert!(start <= n && n < start + len, "row {n} is in its own window");
        assert_eq!(start, n.saturating_sub(3));
    }
    // The place of a row that is not there any more is as good as any.
    assert_eq!(window(Seek::Around(QueueKey { priority: f64::INFINITY, id: id("gone") }), 7).await, (0, 7));

    let total = async |filter: LeadFilter| {
        let page = store.queue_page(&filter, &Seek::Top, 100, at(2)).await.unwrap();
        assert_eq!(page.rows.len() as u64, page.total);
        page.total
    };
    assert_eq!(total(LeadFilter::default()).await, 25);
    assert_eq!(total(LeadFilter { state: Some(LeadState::InLane), ..fast.clone() }).await, 24);
    assert_eq!(total(LeadFilter { state: Some(LeadState::Decided), ..fast.clone() }).await, 0);
    store.decide(decision("L00", 0, 3, true)).await.unwrap();
    assert_eq!(total(fast).await, 23);
    let decided = LeadFilter { state: Some(LeadState::Decided), ..LeadFilter::default() };
    let page = store.queue_page(&decided, &Seek::Top, 5, at(4)).await.unwrap();
    assert_eq!((page.rows[0].lane, page.rows[0].write), (None, Some(WriteState::Waiting)));
}

async fn one_lead_is_told_with_all_that_is_known(store: Arc<dyn Store>) {
    store.save_roster(&roster(), at(0)).await.unwrap();
    in_lane(&*store, "A").await;
    let ranked = ranked("A", 0, Lane::Disagree, 1.0, 1);
    store.decide(decision("A", 0, 5, true)).await.unwrap();
    let outcome = LeadOutcome {
        lead_id: id("A"),
        rep_id: Some(RepId::new("best")),
        outcome: Some(Outcome::Won),
        closed_at: Some(at(900)),
        amount: Some(12.5),
    };
    store.save_outcomes(std::slice::from_ref(&outcome), "outcomes", &Cursor::default(), at(901)).await.unwrap();

    let detail = store.lead_detail(&id("A")).await.unwrap().unwrap();
    assert_eq!(detail.record, record(&*store, "A").await);
    assert_eq!((detail.ranking, detail.recommendation), (ranked.ranking, Some(ranked.recommendation)));
    assert_eq!((detail.decisions, detail.outcome), (vec![decision("A", 0, 5, true).decision], Some(outcome)));
    let told: Vec<_> = detail.timeline.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(told, ["decision.taken", "lead.ranked", "lead.received"]);
    assert_eq!(detail.names["best"], "Bea Best");
    assert_eq!(detail.names["legacy"], "Leo Legacy");

    let page = store.queue_page(&LeadFilter::default(), &Seek::Top, 1, at(6)).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((row.p_win, row.legacy_p_win, row.reason), (Some(0.5), Some(0.25), Some(RouteReason::ModelPick)));
    let names = [&row.recommended, &row.legacy, &row.decided_owner].map(|name| name.as_deref().unwrap());
    assert_eq!(names, ["Bea Best", "Leo Legacy", "Bea Best"]);
    assert_eq!((row.source.as_deref(), row.territory.as_deref(), row.created_at), (Some("Web"), Some("West"), at(-60)));
    assert!(store.lead_detail(&id("unknown")).await.unwrap().is_none());
}

async fn the_roster_is_replaced_but_nobody_loses_their_name(store: Arc<dyn Store>) {
    store.save_roster(&roster(), at(0)).await.unwrap();
    assert_eq!(store.roster().await.unwrap(), roster());
    let mut shuffled = roster();
    shuffled.reps.reverse();
    store.save_roster(&shuffled, at(1)).await.unwrap();
    assert_eq!(store.audit(None, 10).await.unwrap().len(), 1, "the same in another order is no change");

    let mut smaller = roster();
    let gone = smaller.reps.remove(0);
    smaller.reps[0].active = false;
    store.save_roster(&smaller, at(2)).await.unwrap();
    assert_eq!(store.roster().await.unwrap(), smaller);
    in_lane(&*store, "A").await;
    let page = store.queue_page(&LeadFilter::default(), &Seek::Top, 1, at(6)).await.unwrap();
    assert_eq!(page.rows[0].recommended, Some(gone.name));
    store.save_roster(&roster(), at(7)).await.unwrap();
    assert_eq!(store.roster().await.unwrap(), roster(), "and they may come back");
}

fn deal(lead: &str, created: i64, outcome: Outcome) -> Deal {
    Deal {
        lead_id: id(lead),
        rep: RepKey::new("Bea"),
        facts: LeadFacts { amount: Some(0.1 + 0.2), ..LeadFacts::empty(at(created)) },
        closed_at: at(created + 100),
        closed_assumed: false,
        outcome,
        closed_amount: Some(7.5),
    }
}

async fn deals_are_kept_once_in_order(store: Arc<dyn Store>) {
    let first = [deal("B", 2, Outcome::Won), deal("C", 1, Outcome::Lost), deal("A", 2, Outcome::Lost)];
    assert_eq!(store.save_deals(&first, "history.csv", at(0)).await.unwrap(), (3, 0));
    let second = [deal("C", 1, Outcome::Won), deal("D", 3, Outcome::Won)];
    assert_eq!(store.save_deals(&second, "crm", at(1)).await.unwrap(), (1, 1));
    let [b, _, a] = first;
    let [c, d] = second;
    assert_eq!(store.deals().await.unwrap(), [c, a, b, d]);
    assert_eq!(store.deal_count().await.unwrap(), 4);
    assert_eq!(store.save_deals(&[], "crm", at(1)).await.unwrap(), (0, 0));
}

async fn one_model_is_champion(store: Arc<dyn Store>) {
    let model = |n: i64, champion| ModelRow {
        id: ModelId::new(format!("m-{n}")),
        created_at: at(n),
        champion,
        promoted_at: champion.then(|| at(n)),
        card: serde_json::json!({ "auc": 0.8, "n": n }),
    };
    assert_eq!(store.champion().await.unwrap(), None);
    assert!(!store.promote(&ModelId::new("m-1"), "Ana", at(1)).await.unwrap());
    store.save_model(&model(1, false), "first artifact").await.unwrap();
    store.save_model(&model(2, true), "second artifact").await.unwrap();
    assert_eq!(store.champion().await.unwrap(), Some(model(2, true)));
    assert!(store.save_model(&model(2, false), "another").await.is_err(), "an id names one model for ever");

    assert!(store.promote(&ModelId::new("m-1"), "Ana", at(9)).await.unwrap());
    let models = store.models().await.unwrap();
    assert_eq!(models.iter().map(|m| (m.id.as_str(), m.champion)).collect::<Vec<_>>(), [("m-2", false), ("m-1", true)]);
    assert_eq!((models[0].promoted_at, models[1].promoted_at), (Some(at(2)), Some(at(9))));
    assert_eq!(store.model_artifact(&ModelId::new("m-2")).await.unwrap().as_deref(), Some("second artifact"));
    assert_eq!(store.model_artifact(&ModelId::new("m-3")).await.unwrap(), None);
    let told: Vec<_> = store.audit(None, 9).await.unwrap().into_iter().map(|e| (e.what, e.actor)).collect();
    assert_eq!(told[0], ("model.promoted".to_owned(), "Ana".to_owned()));
    assert_eq!(told[1].0, "model.saved");
}

async fn outcomes_come_with_their_cursor(store: Arc<dyn Store>) {
    in_lane(&*store, "A").await;
    let mut outcome = LeadOutcome { lead_id: id("A"), rep_id: None, outcome: None, closed_at: None, amount: None };
    let cursor = Cursor { low: Some(at(5)), since: Some(at(1)) };
    store.save_outcomes(std::slice::from_ref(&outcome), "outcomes", &cursor, at(6)).await.unwrap();
    assert_eq!(store.cursor("outcomes").await.unwrap(), cursor);
    assert_eq!(store.cursor(LEADS).await.unwrap(), Cursor::default());
    (outcome.outcome, outcome.closed_at) = (Some(Outcome::Lost), Some(at(8)));
    store.save_outcomes(std::slice::from_ref(&outcome), "outcomes", &cursor, at(9)).await.unwrap();
    assert_eq!(store.lead_detail(&id("A")).await.unwrap().unwrap().outcome, Some(outcome));
    assert_eq!(record(&*store, "A").await.state, LeadState::InLane);
}

async fn the_shadow_report_walks_every_ranked_lead(store: Arc<dyn Store>) {
    for lead in ["A", "B", "C"] {
        in_lane(&*store, lead).await;
    }
    take_in(&*store, vec![receive(raw("D", 0, rep("legacy")))], 0).await;
    for lead in ["B", "C"] {
        store.decide(decision(lead, 0, 5, true)).await.unwrap();
    }
    store.undo(&id("C"), "Ana", at(6)).await.unwrap();
    let first = store.shadow_rows(None, 2).await.unwrap();
    let rest = store.shadow_rows(Some(&first[1].id), 2).await.unwrap();
    let all: Vec<_> = first.iter().chain(&rest).map(|row| (row.id.as_str(), row.verdict.as_deref())).collect();
    assert_eq!(all, [("A", None), ("B", Some("override")), ("C", None)], "a verdict taken back does not stand");
    let row = &first[1];
    assert_eq!((&row.legacy, row.legacy_p_win, row.p_win), (&rep("legacy"), Some(0.25), Some(0.5)));
    assert_eq!((&row.route, row.reason), (&recommendation().route, RouteReason::ModelPick));
    assert_eq!(row.decided_owner, Some(rep("best")));
    assert_eq!(row.trace_id, Some(decision("B", 0, 5, true).decision.trace_id));
}

async fn a_store_belongs_to_one_org(store: Arc<dyn Store>) {
    for _ in 0..2 {
        store.bind_org(&OrgId::new("00D1")).await.unwrap();
    }
    let refused = store.bind_org(&OrgId::new("00D2")).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::OtherOrg { stored, found } if stored.as_str() == "00D1" && found.as_str() == "00D2")
    );
    store.bind_org(&OrgId::new("00D1")).await.unwrap();
}

async fn the_audit_trail_tells_every_change_and_names_nobody(store: Arc<dyn Store>) {
    store.save_roster(&roster(), at(0)).await.unwrap();
    for lead in ["A", "B", "C"] {
        in_lane(&*store, lead).await;
    }
    take_in(&*store, vec![refresh(raw("A", 1, rep("legacy")), false)], 1).await;
    take_in(&*store, vec![supersede(raw("C", 1, rep("x")), "Petra Person took it")], 1).await;
    store.snooze(&id("A"), at(9), "Ana", at(2)).await.unwrap();
    store.decide(decision("A", 0, 3, true)).await.unwrap();
    store.undo(&id("A"), "Bob", at(4)).await.unwrap();
    store.decide(decision("A", 1, 5, true)).await.unwrap();
    store.decide(decision("B", 0, 5, true)).await.unwrap();
    for (n, result) in [
        EffectResult::Retry { not_before: at(31), error: "Petra Person is busy".into(), counts: true },
        EffectResult::Dead("Petra Person is gone".into()),
        EffectResult::Done { owner_after: Some(rep("best")), stamps: None, source: None },
        EffectResult::Superseded("Petra Person took it".into()),
    ]
    .into_iter()
    .enumerate()
    {
        let now = 30 + n as i64;
        let effect = store.claim_effects("w", 1, at(now), at(now)).await.unwrap().pop().unwrap();
        let died = matches!(result, EffectResult::Dead(_));
        store.finish_effect(&effect, result, at(now)).await.unwrap();
        if died {
            store.revive_effect(effect.id, "Ana", at(now)).await.unwrap();
        }
    }
    let mut trail = store.audit(None, 100).await.unwrap();
    trail.reverse();
    let whats: Vec<_> = trail.iter().map(|e| e.what.as_str()).collect();
    let mut expected = vec!["roster.changed"];
    expected.extend(["lead.received", "lead.ranked"].repeat(3));
    expected.extend(["lead.refreshed", "lead.superseded", "lead.snoozed", "decision.taken", "decision.undone"]);
    expected.extend(["decision.taken", "decision.taken"]);
    expected.extend(["effect.retry", "effect.dead", "effect.revived", "effect.done", "effect.superseded"]);
    assert_eq!(whats, expected);
    let actors: Vec<_> = trail[9..12].iter().map(|e| e.actor.as_str()).collect();
    assert_eq!(actors, ["Ana", "Ana", "Bob"]);
    let text = serde_json::to_string(&trail).unwrap();
    assert!(!text.contains("Petra") && !text.contains("Company") && !text.contains("because"), "{text}");
    let of_a = store.audit(Some(&id("A")), 3).await.unwrap();
    assert!(of_a.len() == 3 && of_a.iter().all(|e| e.lead_id == Some(id("A"))));
}

async fn hostile_text_comes_back_as_it_was(store: Arc<dyn Store>) {
    let mut lead = raw("A", 0, rep("legacy"));
    lead.lead.company = "\u{1b}]52;c;aGk=\u{7}=cmd()'; DROP TABLE leads; --\u{202e}".into();
    lead.lead.facts.industry = Some("nul \0 in the facts".into());
    take_in(&*store, vec![receive(lead.clone())], 0).await;
    assert_eq!(record(&*store, "A").await.lead, lead.lead);
    // Except for U+0000, which not every database can hold as text.
    lead.lead.company = "nul\0".into();
    lead.lead.modstamp = at(1);
    take_in(&*store, vec![refresh(lead, false)], 1).await;
    assert_eq!(record(&*store, "A").await.lead.company, "nul\u{FFFD}");
}
