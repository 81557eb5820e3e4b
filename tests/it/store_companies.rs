//! What a store keeps of the companies of leads.

use std::sync::Arc;

use leadboard::app::ports::{Asked, CompanyAccount, LeadCompany, Store};
use leadboard::domain::lane::Lane;
use leadboard::domain::lead::LeadState;

use crate::store_fixtures::*;

on_every_store! {
    only_news_of_a_company_rank_a_lead_again
    what_was_found_out_of_another_reading_says_nothing
}

fn account(id: &str, owner: &str) -> CompanyAccount {
    CompanyAccount {
        id: id.into(),
        name: "Acme".into(),
        website: None,
        owner: Some(rep(owner)),
        customer: true,
        open_deals: 1,
    }
}

/// What the CRM said of a lead's company at a time, about the lead as it was at another.
fn said(lead: &str, stamp: i64, accounts: Vec<CompanyAccount>, seconds: i64) -> LeadCompany {
    let keys = ["domain acme.com".to_owned()].into();
    let asked = Some(Asked { at: at(seconds), accounts: Some(accounts) });
    LeadCompany { lead_id: id(lead), modstamp: at(stamp), keys, asked }
}

async fn only_news_of_a_company_rank_a_lead_again(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let known = async || store.asked_companies(&[id("A")]).await.unwrap();
    in_lane(store, "A").await;
    assert_eq!(known().await, []);
    for (seconds, owner, news) in [(10, "best", 1), (20, "best", 0), (30, "legacy", 1), (40, "legacy", 0)] {
        let found = said("A", 0, vec![account("001", owner)], seconds);
        assert_eq!(store.note_companies(std::slice::from_ref(&found), at(seconds)).await.unwrap(), news, "{seconds}");
        let state = if news == 1 { LeadState::Pending } else { LeadState::InLane };
        assert_eq!(record(store, "A").await.state, state, "{seconds}");
        // When it was last asked is kept all the same, or it would be asked for ever.
        assert_eq!(known().await, [(id("A"), found.asked.unwrap())]);
        store.save_rankings(vec![ranked("A", 0, Lane::Disagree, 1.0, seconds)]).await.unwrap();
    }
    // No account any more is news too; not having been asked is none.
    assert_eq!(store.note_companies(&[said("A", 0, vec![], 50)], at(50)).await.unwrap(), 1);
    store.save_rankings(vec![ranked("A", 0, Lane::Disagree, 1.0, 51)]).await.unwrap();
    let unasked = LeadCompany { asked: None, ..said("A", 0, vec![], 60) };
    assert_eq!(store.note_companies(&[unasked], at(60)).await.unwrap(), 0);
    assert_eq!(known().await, [(id("A"), Asked { at: at(50), accounts: Some(vec![]) })]);
    assert_eq!(record(store, "A").await.state, LeadState::InLane);
}

async fn what_was_found_out_of_another_reading_says_nothing(store: Arc<dyn Store>) {
    let store = store.as_ref();
    in_lane(store, "A").await;
    in_lane(store, "B").await;
    let found = [said("A", 7, vec![account("001", "best")], 10), said("B", 0, vec![account("001", "best")], 10)];
    assert_eq!(store.note_companies(&found, at(10)).await.unwrap(), 1, "one of the two has changed since");
    let known = store.asked_companies(&[id("A"), id("B")]).await.unwrap();
    assert_eq!(known.iter().map(|(lead, _)| lead.as_str()).collect::<Vec<_>>(), ["B"]);
    assert_eq!(
        (record(store, "A").await.state, record(store, "B").await.state),
        (LeadState::InLane, LeadState::Pending)
    );
}
