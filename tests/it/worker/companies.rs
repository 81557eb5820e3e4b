//! One company, one rep: what the CRM says of accounts decides, is asked for many leads at once, and is waited for, but not
//! for ever.

use std::sync::Arc;

use chrono::TimeDelta;
use leadboard::app::decide::{VerdictOutcome, decide};
use leadboard::app::health::LoopState;
use leadboard::app::ports::CrmError;
use leadboard::app::replay::replay;
use leadboard::app::views::LeadDetail;
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::LeadState;
use leadboard::domain::recommendation::RouteReason;
use leadboard::policy::route::{Rung, Why};

use super::fakes::{Desk, Written, account, eventually, lead_from};
use super::{approve, conserved, no_grace};
use crate::store_fixtures::{id, rep};

/// The loop, as the health names it.
const COMPANIES: &str = "companies of leads";
const ONE_REP: &str = "[company]\none_rep = true";

async fn desk(rules: &'static str) -> Desk {
    let mut desk = Desk::open(no_grace()).await;
    desk.rules = Arc::new(Written::saying(rules));
    desk
}

async fn detail(desk: &Desk, lead: &str) -> LeadDetail {
    desk.store.lead_detail(&id(lead)).await.unwrap().unwrap()
}

async fn reason(desk: &Desk, lead: &str) -> RouteReason {
    detail(desk, lead).await.recommendation.unwrap().reason
}

#[tokio::test]
async fn the_lead_of_a_company_goes_to_whoever_owns_its_account_and_the_record_says_why() {
    let desk = desk(ONE_REP).await;
    desk.crm.set_accounts(Ok(vec![account("001A", "https://www.acme.com", "legacy")]));
    for n in 0..30 {
        desk.crm.arrive(lead_from(&format!("other{n}"), "elsewhere.de"));
    }
    desk.crm.arrive(lead_from("a", "mail.acme.com"));
    let worker = desk.start();
    for lead in ["a", "other0", "other29"] {
        desk.until_state(lead, LeadState::InLane).await;
    }
    let told = detail(&desk, "a").await;
    let given = told.recommendation.unwrap();
    assert_eq!((given.reason, given.route.owner()), (RouteReason::AccountOwner, rep("legacy")));
    assert!(given.explanation.contains("Account 001A (001A): same domain acme.com"), "{}", given.explanation);
    assert_eq!(reason(&desk, "other0").await, RouteReason::ModelPick);
    // The leads of a poll are asked about together.
    assert!(desk.crm.asked_accounts() <= 3, "{} calls", desk.crm.asked_accounts());

    // It is kept with the decision, so that it can be made again after the account changed hands.
    let outcome = decide(desk.store.as_ref(), desk.clock.as_ref(), &desk.settings, approve("a")).await.unwrap();
    let VerdictOutcome::Decided { decision, .. } = outcome else { panic!("{outcome:?}") };
    desk.crm.set_accounts(Ok(vec![account("001A", "https://www.acme.com", "best")]));
    let again = replay(desk.store.as_ref(), decision.trace_id).await.unwrap();
    assert!(again.equal, "{:?}", again.differences);
    worker.stop().await;
}

#[tokio::test]
async fn accounts_that_contradict_each_other_are_shown_and_a_person_decides() {
    let desk = desk(ONE_REP).await;
    desk.crm.set_accounts(Ok(vec![account("001A", "acme.com", "legacy"), account("001B", "acme.com", "best")]));
    desk.crm.arrive(lead_from("a", "acme.com"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;
    let told = detail(&desk, "a").await;
    let given = told.recommendation.unwrap();
    assert_eq!(given.reason, RouteReason::AccountConflict);
    assert!(given.explanation.contains("001A") && given.explanation.contains("001B"), "{}", given.explanation);
    assert_eq!(told.record.lane, Some(Lane::Exceptions));
    worker.stop().await;
}

#[tokio::test]
async fn rules_ask_about_the_account() {
    let desk = desk(
        "[company]\none_rep = false\n[[rule]]\nname = \"Customers\"\nkind = \"exception\"\n\
         when = 'account.customer && account.open_deals > 0'\nowner = \"Bea Best\"\nreason = \"They know us\"",
    )
    .await;
    desk.crm.set_accounts(Ok(vec![account("001A", "acme.com", "legacy")]));
    desk.crm.arrive(lead_from("a", "acme.com"));
    desk.crm.arrive(lead_from("b", "elsewhere.de"));
    let worker = desk.start();
    desk.until_state("a", LeadState::InLane).await;
    desk.until_state("b", LeadState::InLane).await;
    assert_eq!(reason(&desk, "a").await, RouteReason::ExceptionRule);
    assert_eq!(reason(&desk, "b").await, RouteReason::ModelPick);
    worker.stop().await;
}

#[tokio::test]
async fn a_crm_that_does_not_tell_of_accounts_delays_a_lead_for_a_minute_and_loses_none() {
    let desk = desk(ONE_REP).await;
    desk.crm.set_accounts(Err(CrmError::Transient("maintenance".into())));
    desk.crm.arrive(lead_from("a", "acme.com"));
    let worker = desk.start();
    desk.until_loop(&worker, COMPANIES, LoopState::Failing, "maintenance").await;
    desk.until_polls(3).await;
    desk.until_state("a", LeadState::Pending).await;
    conserved(&desk.store).await;

    // Then it is ranked without, and says so; and nobody waits again as long as the silence lasts.
    desk.clock.advance(TimeDelta::seconds(61));
    desk.until_state("a", LeadState::InLane).await;
    let path = detail(&desk, "a").await.path.unwrap();
    assert!(matches!(path.on(Rung::AccountOwner), Some(Why::Unanswered { .. })), "{path:?}");
    desk.crm.arrive(lead_from("b", "acme.com"));
    desk.until_state("b", LeadState::InLane).await;

    // Once the CRM answers, both are ranked again by what it says.
    desk.crm.set_accounts(Ok(vec![account("001A", "acme.com", "legacy")]));
    for lead in ["a", "b"] {
        eventually("ranked again", async || reason(&desk, lead).await == RouteReason::AccountOwner).await;
    }
    conserved(&desk.store).await;
    worker.stop().await;
}
