//! Readings that come later than what they tell of, within the second that a change stamp has.

use std::sync::Arc;

use leadboard::app::decide::{TakenBack, undo};
use leadboard::app::ports::Store;
use leadboard::domain::lead::{Lead, LeadState};

use crate::returning::{Desktop, desktop};
use crate::routing::FixedClock;
use crate::store_fixtures::{at, id, on_every_store, rep};

/// A lead that was given to `best`, written, and put back to `legacy`. Gives the lead as it was between an edit and the
/// write that put it back, which happened within one second.
async fn put_back(desktop: &mut Desktop<'_>) -> Lead {
    desktop.approve().await;
    let taken_back = undo(desktop.office.store, &FixedClock(at(desktop.seconds)), &id("L1"), "Ana").await.unwrap();
    assert!(matches!(taken_back, TakenBack::PutBack { .. }), "{taken_back:?}");
    let before = desktop.lead.clone();
    let effect = desktop.written().await;
    desktop.noticed(&effect).await;
    assert_eq!((desktop.state().await, &desktop.lead.owner), (LeadState::Pending, &rep("legacy")));
    Lead { modified_at: desktop.lead.modified_at, modstamp: desktop.lead.modstamp, ..before }
}

async fn a_slow_answer_of_the_same_second_takes_a_lead_from_nobody(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    let before = put_back(&mut desktop).await;
    assert_eq!(before.owner, rep("best"));
    desktop.crm.lag(Some(before));
    desktop.poll().await;
    assert_eq!(desktop.state().await, LeadState::Pending, "it is still to be decided");
    desktop.crm.lag(None);
    desktop.poll().await;
    desktop.rank().await;
    assert_eq!(desktop.state().await, LeadState::InLane);
}

async fn who_takes_a_lead_in_the_second_in_which_it_was_put_back_keeps_it(store: Arc<dyn Store>) {
    let mut desktop = desktop(store.as_ref()).await;
    put_back(&mut desktop).await;
    desktop.lead.owner = rep("best");
    desktop.poll().await;
    assert_eq!(desktop.state().await, LeadState::Superseded);
}

on_every_store! {
    a_slow_answer_of_the_same_second_takes_a_lead_from_nobody
    who_takes_a_lead_in_the_second_in_which_it_was_put_back_keeps_it
}
