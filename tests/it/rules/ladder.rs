//! When a decision cannot be written as it is, less of it is; a person wins on every rung, and each rung is in the trail.

use std::sync::Arc;

use leadboard::app::ports::{Clock, Crm, WriteOutcome};
use leadboard::domain::audit::AuditEvent;
use leadboard::domain::decision::{Decision, WriteState};
use leadboard::domain::effect::{EffectState, Rung};
use leadboard::domain::ids::LeadId;
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use serde_json::{Value as Json, json};

use super::office::{GOOD, Office};
use crate::demo_org::doctor::{Lie, honest, proxy};

/// An office whose composites pass through a lie.
async fn office(asked: Lie, answered: Lie) -> Office {
    let mut office = Office::open().await;
    let url = proxy(office.org.url(), asked, answered).await;
    office.connect(&url);
    office
}

/// Changes the requests of composites.
fn in_composites(change: impl Fn(&mut Json) + Send + Sync + 'static) -> Lie {
    Arc::new(move |path, mut json| {
        if path.ends_with("/composite") {
            json["compositeRequest"].as_array_mut().into_iter().flatten().for_each(&change);
        }
        json
    })
}

/// The org has lost a field of the decision object, or hides it from us.
fn a_field_is_missing() -> Lie {
    in_composites(|step| {
        if step["referenceId"] == "audit" {
            step["body"]["Gone__c"] = json!(1);
        }
    })
}

/// Whoever is a rep became inactive this very minute.
fn every_rep_is_inactive(inactive: String) -> Lie {
    in_composites(move |step| {
        for field in ["OwnerId", "Assigned_Rep__c"] {
            if step["body"][field].as_str().is_some_and(|id| id.starts_with("005")) {
                step["body"][field] = json!(inactive);
            }
        }
    })
}

/// A decision that gives the lead to another rep.
async fn decided(office: &Office) -> (LeadId, Decision, Owner) {
    let lead = office.one_lead(&GOOD).await;
    let to = office.other_rep(&lead).await;
    let verdict = Verdict::Override { rep: to.rep().unwrap().clone() };
    let decision =
        office.say(&lead, verdict, Some(Rejection { code: ReasonCode::S.into(), note: None })).await.unwrap();
    (lead, decision, to)
}

async fn trail(office: &Office, lead: &LeadId, what: &str) -> Vec<AuditEvent> {
    let all = office.store.audit(Some(lead), 100).await.unwrap();
    all.into_iter().rev().filter(|event| event.what == what).collect()
}

async fn write_state(office: &Office, lead: &LeadId) -> WriteState {
    office.store.decision_of(lead).await.unwrap().unwrap().write
}

#[tokio::test]
async fn a_rep_who_cannot_own_leads_any_more_is_replaced_by_the_queue() {
    let open = Office::open().await;
    let roster = open.crm.roster().await.unwrap();
    let inactive = roster.reps.iter().find(|rep| !rep.active).unwrap().id.to_string();
    drop(open);
    let office = office(every_rep_is_inactive(inactive), honest()).await;
    let (lead, decision, _) = decided(&office).await;
    office.send().await;
    office.send().await;

    let queue = Owner::Queue(office.queue("Leadboard_Default").await);
    let read = office.crm.read_back(std::slice::from_ref(&lead)).await.unwrap().remove(0);
    assert_eq!(read.owner, queue);
    assert_eq!(read.decisions, [(decision.key, queue.id().to_owned())], "one record, which names the queue");
    assert!(!office.effects().await.iter().any(|(kind, _)| kind == "task_created"), "a queue has nobody to do a task");
    assert_eq!(write_state(&office, &lead).await, WriteState::Written);
    let degraded = trail(&office, &lead, "effect.degraded").await;
    assert_eq!(degraded.len(), 1);
    assert_eq!(degraded[0].details["rung"], "fallback_queue");
    assert_eq!(degraded[0].details["code"], "INACTIVE_OWNER_OR_USER");
    assert_eq!(trail(&office, &lead, "effect.done").await[0].details["rung"], "fallback_queue");
    let sent = office.store.effects(&[EffectState::Done], 1).await.unwrap();
    assert_eq!(sent[0].attempts, 1, "coming down the ladder is no try");
}

#[tokio::test]
async fn with_the_decision_object_broken_the_owner_alone_is_written() {
    let mut office = office(a_field_is_missing(), honest()).await;
    let (lead, decision, to) = decided(&office).await;
    office.send().await;
    assert_eq!(write_state(&office, &lead).await, WriteState::Waiting);
    let now = office.clock.now();
    // It dies after the owner was written and before that was booked; the field is mended meanwhile.
    let effect = office.store.claim_effects("dead", 1, now, now).await.unwrap().remove(0);
    assert_eq!((effect.write.rung, &effect.write.owner), (Rung::OwnerOnly, &to));
    let outcome = office.crm.apply(&effect.write).await.unwrap();
    assert!(matches!(&outcome, WriteOutcome::Applied { owner_after, .. } if *owner_after == to), "{outcome:?}");
    office.restart().await;
    let address = office.org.url().to_owned();
    office.connect(&address);
    office.send().await;

    assert_eq!(write_state(&office, &lead).await, WriteState::Written, "our own write was taken for a person's");
    let kinds: Vec<_> = office.effects().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["owner_changed"], "the owner once, and nothing else");
    let degraded = trail(&office, &lead, "effect.degraded").await;
    assert_eq!(degraded[0].details["rung"], "owner_only");
    assert_eq!(degraded[0].details["code"], "INVALID_FIELD");
    assert_eq!(degraded[0].trace_id, Some(decision.trace_id));
    assert_eq!(office.counts().await.lost(), 0);
}

#[tokio::test]
async fn a_person_wins_on_the_lower_rungs_too() {
    let office = office(a_field_is_missing(), honest()).await;
    let (lead, _, to) = decided(&office).await;
    let person = {
        let before = office.record(&lead).await.lead.owner;
        let roster = office.store.roster().await.unwrap();
        let free = |rep: &&leadboard::domain::rep::Rep| {
            rep.active && before.rep() != Some(&rep.id) && to.rep() != Some(&rep.id)
        };
        Owner::Rep(roster.reps.iter().find(free).unwrap().id.clone())
    };
    office.send().await;
    office.person_moves(&lead, &person).await;
    office.send().await;
    assert_eq!(office.owner(&lead).await, person);
    assert_eq!(office.record(&lead).await.state, LeadState::Superseded);
    assert_eq!(write_state(&office, &lead).await, WriteState::Superseded);
    assert_eq!(office.counts().await.lost(), 0);
}

#[tokio::test]
async fn what_nothing_helps_stays_in_the_outbox_and_is_shown() {
    // Even the owner alone is refused, because the address of the lead is not ours to change.
    let refuse: Lie = Arc::new(|path, mut json| {
        if path.contains("/sobjects/Lead/") && json.get("OwnerId").is_some() {
            json["Gone__c"] = json!(1);
        }
        json
    });
    let missing = a_field_is_missing();
    let both: Lie = Arc::new(move |path, json| missing(path, refuse(path, json)));
    let office = office(both, honest()).await;
    let (lead, _, _) = decided(&office).await;
    let before = office.owner(&lead).await;
    office.send().await;
    let fault = office.send().await.fault;
    assert!(fault.is_some_and(|f| f.to_string().contains("INVALID_FIELD")), "the loop shows it");
    let waiting = office.store.effects(&[EffectState::Ready], 1).await.unwrap();
    assert!(waiting[0].last_error.as_deref().unwrap().contains("INVALID_FIELD"), "{waiting:?}");
    assert_eq!(office.owner(&lead).await, before);
    assert_eq!(office.counts().await.lost(), 0);
}

#[tokio::test]
async fn automation_that_moves_a_lead_again_is_reported_and_not_fought() {
    // A trigger of the org gives the lead back inside our own transaction.
    let robot = "005000000000009AAA";
    let trigger: Lie = Arc::new(move |path, mut json| {
        if path.ends_with("/composite") {
            for entry in json["compositeResponse"].as_array_mut().into_iter().flatten() {
                if entry["referenceId"] == "after" && entry["httpStatusCode"] == 200 {
                    entry["body"]["OwnerId"] = json!(robot);
                }
            }
        }
        json
    });
    let office = office(honest(), trigger).await;
    let (lead, _, to) = decided(&office).await;
    office.send().await;
    let told = trail(&office, &lead, "effect.overridden").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].details["decided"], &told[0].details["owner"]["id"]), (&json!(to), &json!(robot)));
    let sent = office.store.effects(&[EffectState::Done], 1).await.unwrap();
    assert!(sent[0].last_error.as_deref().unwrap().contains(robot), "{sent:?}");
}

#[tokio::test]
async fn automation_that_moves_a_lead_later_is_reported_once() {
    let office = Office::open().await;
    let (lead, _, to) = decided(&office).await;
    office.send().await;
    office.poll().await;
    assert!(trail(&office, &lead, "lead.overridden").await.is_empty(), "our own write came back");
    let roster = office.store.roster().await.unwrap();
    let other = roster.reps.iter().rfind(|rep| rep.active && to.rep() != Some(&rep.id)).unwrap();
    let robot = Owner::Rep(other.id.clone());
    office.person_moves(&lead, &robot).await;
    office.poll().await;
    office.poll().await;
    let told = trail(&office, &lead, "lead.overridden").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].details["decided"], &told[0].details["owner"]), (&json!(to), &json!(robot)));
    let record = office.record(&lead).await;
    assert_eq!((record.state, &record.lead.owner), (LeadState::Decided, &robot));
    assert_eq!(office.store.effect_counts().await.unwrap().pending, 0);
}
