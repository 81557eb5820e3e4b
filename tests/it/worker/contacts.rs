//! The worker finds out who made no contact in time, and takes the lead from them where the rules say so.

use std::sync::Arc;

use chrono::TimeDelta;
use leadboard::app::health::LoopState;
use leadboard::app::ports::{Clock, CrmError};
use leadboard::app::replay::replay;
use leadboard::domain::contact::ContactOutcome;
use leadboard::domain::decision::WriteState;
use leadboard::domain::ids::RepId;
use leadboard::domain::lead::LeadState;
use leadboard::domain::pool::{Earlier, Exclusion};

use super::fakes::{Desk, Written, eventually, lead};
use super::{approve, conserved, no_grace};
use crate::store_fixtures::{id, rep};

const CONTACTS: &str = "first contacts";

async fn outcome(desk: &Desk, lead: &str) -> Option<ContactOutcome> {
    desk.store.lead_detail(&id(lead)).await.unwrap().unwrap().contacts[0].outcome
}

#[tokio::test]
async fn a_lead_is_taken_from_whoever_does_nothing_when_the_crm_says_so() {
    let mut desk = Desk::open(no_grace()).await;
    desk.rules = Arc::new(Written::saying("[sla]\nreassign = true"));
    let worker = desk.start();
    for name in ["called", "let lie"] {
        desk.crm.arrive(lead(name));
        desk.until_state(name, LeadState::InLane).await;
        desk.decide(approve(name)).await;
        desk.until_write(name, WriteState::Written).await;
        // As the CRM has it since.
        let mut given = lead(name);
        (given.owner, given.modstamp) = (rep("best"), given.modstamp + TimeDelta::seconds(5));
        given.modified_at = given.modstamp;
        desk.crm.arrive(given);
    }
    let first = desk.store.decision_of(&id("let lie")).await.unwrap().unwrap();
    desk.until_polls(2).await;

    // What the CRM does not say was not missed.
    let soon = desk.clock.now() + TimeDelta::minutes(5);
    desk.crm.hides_contacts(Some(CrmError::Transient("maintenance".into())));
    desk.clock.advance(TimeDelta::hours(5));
    desk.crm.is_now(desk.clock.now());
    desk.until_loop(&worker, CONTACTS, LoopState::Failing, "maintenance").await;
    desk.until_polls(2).await;
    assert_eq!((outcome(&desk, "called").await, outcome(&desk, "let lie").await), (None, None));
    desk.crm.hides_contacts(None);
    desk.crm.contact("called", "best", soon);
    eventually("both are settled", async || {
        outcome(&desk, "called").await.is_some() && outcome(&desk, "let lie").await.is_some()
    })
    .await;
    assert_eq!(outcome(&desk, "called").await, Some(ContactOutcome::InTime));
    assert_eq!(outcome(&desk, "let lie").await, Some(ContactOutcome::Missed));

    // It is ranked anew without them, and what was decided before can be made again.
    desk.until_state("let lie", LeadState::InLane).await;
    let detail = desk.store.lead_detail(&id("let lie")).await.unwrap().unwrap();
    let had = (RepId::new("best"), Exclusion::HadLead { how: Earlier::SlaBreached });
    assert!(detail.ranking.unwrap().pool.excluded.contains(&had));
    assert_ne!(detail.recommendation.unwrap().route.owner(), rep("best"));
    let again = replay(desk.store.as_ref(), first.trace_id).await.unwrap();
    assert!(again.equal, "{:?}", again.differences);
    assert_eq!(desk.write_state("called").await, WriteState::Written);
    conserved(&desk.store).await;
    worker.stop().await;
}
