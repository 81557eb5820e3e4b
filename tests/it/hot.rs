//! Hot leads go first: in the queue, when they are ranked again, and when they are written, with a task that says so. And a
//! partner's lead gets its source.

use std::sync::Arc;

use leadboard::app::decide;
use leadboard::app::ports::{RawLead, Store};
use leadboard::app::views::{LeadFilter, Seek};
use leadboard::domain::effect::SourceWrite;
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::LeadState;

use crate::routing::{FixedClock, Office, office};
use crate::store_fixtures::{at, id, on_every_store, raw, receive, record, refresh, rep, take_in};

const RULES: &str = r#"
[[rule]]
name = "Demo requests"
kind = "hot"
when = 'lead.source == "Demo request"'
owner = "Bea Best"
reason = "They cannot wait"

[[rule]]
name = "Referrals"
kind = "partner"
when = 'lead.source == "Referral"'
rep = "Bea Best"
source = "Partner"
owner = "Bea Best"
reason = "Bea knows the partners"
"#;

fn lead(name: &str, stamp: i64, source: &str, score: f64) -> RawLead {
    let mut lead = raw(name, stamp, rep("legacy"));
    lead.lead.facts.source = Some(source.into());
    lead.lead.facts.numeric.insert("score".into(), score);
    lead
}

async fn lane(office: &Office<'_>, name: &str) -> Option<Lane> {
    record(office.store, name).await.lane
}

async fn in_force(store: &dyn Store) -> Office<'_> {
    let office = office(store).await;
    office.file.says(&format!("[company]\none_rep = false\n{RULES}"));
    office.publish(1).await.unwrap();
    office
}

async fn hot_leads_go_first(store: Arc<dyn Store>) {
    let office = in_force(store.as_ref()).await;
    let leads = [("A", "Web", 99.0), ("B", "Demo request", 80.0), ("C", "Demo request", 81.0), ("D", "Web", 10.0)];
    let leads = leads.map(|(name, source, score)| receive(lead(name, 2, source, score)));
    take_in(office.store, leads.into(), 2).await;
    office.rank(3).await;
    // Above 80 and of high intent: both, or it is not hot.
    for (name, hot) in [("A", false), ("B", false), ("C", true), ("D", false)] {
        assert_eq!(lane(&office, name).await == Some(Lane::Hot), hot, "{name}");
    }
    let page = office.store.queue_page(&LeadFilter::default(), &Seek::Top, 9, at(3)).await.unwrap();
    assert_eq!(page.rows[0].id, id("C"), "first of all lanes together");

    // Decided last, written first, and the task says why.
    for (name, seconds) in [("A", 4), ("B", 4), ("C", 5)] {
        office.approve(name, seconds).await.unwrap();
    }
    let due = office.store.claim_effects("w", 1, at(90), at(60)).await.unwrap();
    assert_eq!(due[0].write.lead_id, id("C"));
    assert!(due[0].write.urgent);
    let task = due[0].write.task.as_ref().unwrap();
    assert_eq!(task.subject, "Contact high-intent lead Company C within 4 hours");
    let others = office.store.claim_effects("w", 9, at(90), at(60)).await.unwrap();
    let subjects: Vec<_> = others.iter().map(|one| one.write.task.as_ref().unwrap().subject.as_str()).collect();
    assert_eq!(subjects, ["Contact Company A within 4 hours", "Contact Company B within 4 hours"]);
}

async fn what_a_lead_does_is_scored_again(store: Arc<dyn Store>) {
    let office = in_force(store.as_ref()).await;
    let leads = ["A", "B"].map(|name| receive(lead(name, 2, "Demo request", 50.0)));
    take_in(office.store, leads.into(), 2).await;
    office.rank(3).await;
    assert_ne!(lane(&office, "B").await, Some(Lane::Hot));
    // Hidden until tomorrow, and then it asks for a demo: it is seen at once.
    assert!(office.store.snooze(&id("B"), at(90_000), "Dana", at(4)).await.unwrap());
    take_in(office.store, vec![refresh(lead("B", 5, "Demo request", 95.0), true)], 5).await;
    assert_eq!(record(office.store, "B").await.state, LeadState::Pending);
    office.rank(6).await;
    let now = record(office.store, "B").await;
    assert_eq!((now.lane, now.snoozed_until), (Some(Lane::Hot), None));
    // What was hot is ranked again before what came earlier.
    let both = ["A", "B"].map(|name| refresh(lead(name, 7, "Demo request", 96.0), true));
    take_in(office.store, both.into(), 7).await;
    let order: Vec<_> = office.store.pending(1).await.unwrap().into_iter().map(|lead| lead.lead.id).collect();
    assert_eq!(order, [id("B")]);
    assert_eq!(office.store.pending(9).await.unwrap().len(), 2);
}

async fn a_partners_lead_gets_its_source(store: Arc<dyn Store>) {
    let office = in_force(store.as_ref()).await;
    take_in(office.store, vec![receive(lead("A", 2, "Referral", 10.0))], 2).await;
    office.rank(3).await;
    office.approve("A", 4).await.unwrap();
    let sent = office.store.claim_effects("w", 1, at(90), at(60)).await.unwrap().pop().unwrap();
    let set = SourceWrite { from: Some("Referral".into()), to: Some("Partner".into()) };
    assert_eq!(sent.write.source, Some(set));
    // The trail says what the CRM had after it, and taking it back takes the source back as well.
    let done = leadboard::app::ports::EffectResult::Done {
        owner_after: Some(sent.write.owner.clone()),
        stamps: Some((at(61), at(61))),
        source: Some("Partner".into()),
    };
    assert!(office.store.finish_effect(&sent, done, at(61)).await.unwrap());
    let trail = office.store.audit(Some(&id("A")), 9).await.unwrap();
    let event = trail.iter().find(|event| event.what == "effect.done").unwrap();
    let told = serde_json::json!({ "from": "Referral", "to": "Partner", "after": "Partner" });
    assert_eq!(event.details["source"], told, "{event:?}");
    decide::undo(office.store, &FixedClock(at(62)), &id("A"), "Dana").await.unwrap();
    let back = office.store.claim_effects("w", 1, at(190), at(90)).await.unwrap().pop().unwrap();
    let set = SourceWrite { from: Some("Partner".into()), to: Some("Referral".into()) };
    assert_eq!(back.write.source, Some(set));
}

on_every_store! {
    hot_leads_go_first
    what_a_lead_does_is_scored_again
    a_partners_lead_gets_its_source
}
