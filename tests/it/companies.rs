//! Leads of one company: whoever has the first gets the others, however fast somebody approves.

use std::sync::Arc;

use leadboard::app::companies::{self, Look};
use leadboard::app::decide::{self, VerdictRequest};
use leadboard::app::ports::{Store, Unlooked};
use leadboard::domain::lead::LeadState;
use leadboard::domain::recommendation::RouteReason;
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};
use leadboard::policy::Settings;
use leadboard::policy::company::CompanySettings;
use leadboard::policy::route::{Rung, Why};

use crate::routing::{FixedClock, Office, office};
use crate::store_fixtures::{at, id, on_every_store, raw, receive, record, refresh, rep, supersede, take_in};
use crate::worker::fakes::Desk;

/// Receives leads of the company with this domain, and finds out about them.
async fn arrive(office: &Office<'_>, desk: &Desk, names: &[&str], domain: &str, seconds: i64) {
    let leads = names.iter().map(|name| {
        let mut lead = raw(name, seconds, rep("legacy"));
        lead.lead.form.email = Some(format!("{name}@{domain}"));
        lead.lead.contact = Some(format!("Person {name}"));
        receive(lead)
    });
    take_in(office.store, leads.collect(), seconds).await;
    look(office, desk, seconds).await;
}

async fn look(office: &Office<'_>, desk: &Desk, seconds: i64) {
    let (crm, clock) = (desk.crm.as_ref(), FixedClock(at(seconds)));
    for what in [Look::Waiting, Look::Settled] {
        companies::look(crm, office.store, &clock, &CompanySettings::default(), what).await.unwrap();
    }
}

async fn give_to(office: &Office<'_>, name: &str, to: &str, seconds: i64) {
    let leadboard::domain::lead::Owner::Rep(to) = rep(to) else { unreachable!() };
    let request = VerdictRequest {
        lead_id: id(name),
        verdict: Verdict::Override { rep: to },
        rejection: Some(Rejection { code: ReasonCode::O.into(), note: Some("asked for".into()) }),
        manager: "Dana".into(),
        seen_decisions: None,
    };
    decide::decide(office.store, &FixedClock(at(seconds)), &Settings::default(), request).await.unwrap();
}

async fn one_company_has_one_rep(store: Arc<dyn Store>) {
    let desk = Desk::on(store.clone(), Settings::default()).await;
    let office = office(store.as_ref()).await;
    office.file.says("[company]\none_rep = true");
    office.publish(1).await.unwrap();
    // Two at once: nobody has the company yet.
    arrive(&office, &desk, &["L1", "L2"], "acme.com", 2).await;
    office.rank(3).await;
    for name in ["L1", "L2"] {
        assert_eq!(office.reason(name).await, (RouteReason::ModelPick, rep("best")));
    }
    give_to(&office, "L1", "legacy", 4).await;
    let refused = office.approve("L2", 5).await.unwrap_err().to_string();
    assert!(refused.contains("Leo Legacy works with the company by now"), "{refused}");
    assert!(refused.contains("(L1): same domain acme.com"), "{refused}");
    assert_eq!(record(office.store, "L2").await.state, LeadState::Pending);
    office.rank(6).await;
    assert_eq!(office.reason("L2").await, (RouteReason::AccountOwner, rep("legacy")));

    // What is taken back speaks for nobody.
    decide::undo(office.store, &FixedClock(at(7)), &id("L1"), "Dana").await.unwrap();
    arrive(&office, &desk, &["L3"], "acme.com", 8).await;
    office.rank(9).await;
    assert_eq!(office.reason("L3").await, (RouteReason::ModelPick, rep("best")));

    // Where two have it, a person looks; and is not asked twice.
    give_to(&office, "L1", "legacy", 10).await;
    give_to(&office, "L2", "best", 10).await;
    let refused = office.approve("L3", 11).await.unwrap_err().to_string();
    assert!(refused.contains("several reps work with the company by now"), "{refused}");
    office.rank(12).await;
    assert_eq!(office.reason("L3").await.0, RouteReason::AccountConflict);
    office.approve("L3", 13).await.unwrap();
}

async fn who_took_a_lead_has_its_company(store: Arc<dyn Store>) {
    let desk = Desk::on(store.clone(), Settings::default()).await;
    let office = office(store.as_ref()).await;
    office.file.says("[company]\none_rep = true");
    office.publish(1).await.unwrap();
    arrive(&office, &desk, &["L1", "L2"], "gmail.com", 2).await;
    let taken = |name: &str, deleted| {
        let mut lead = raw(name, 3, rep("best"));
        lead.lead.form.email = Some("person@gmail.com".into());
        lead.lead.deleted = deleted;
        supersede(lead, "taken")
    };
    take_in(office.store, vec![taken("L1", false), taken("L2", true)], 3).await;
    look(&office, &desk, 4).await;
    // The same person again, under another name and company: the address says it.
    let mut again = raw("L3", 5, rep("legacy"));
    again.lead.form.email = Some("Person@gmail.com".into());
    again.lead.contact = Some("P. Person".into());
    take_in(office.store, vec![receive(again)], 5).await;
    look(&office, &desk, 6).await;
    office.rank(7).await;
    assert_eq!(office.reason("L3").await, (RouteReason::AccountOwner, rep("best")));
    let path = office.store.lead_detail(&id("L3")).await.unwrap().unwrap().path.unwrap();
    assert_eq!(path.duplicates.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(), ["L1"], "a deleted lead is none");
    assert!(matches!(path.on(Rung::AccountOwner), Some(Why::Claimed { .. })));
}

async fn a_lead_that_says_another_company_is_looked_up_again(store: Arc<dyn Store>) {
    let desk = Desk::on(store.clone(), Settings::default()).await;
    let office = office(store.as_ref()).await;
    office.file.says("[company]\none_rep = true");
    office.publish(1).await.unwrap();
    arrive(&office, &desk, &["L1"], "acme.com", 2).await;
    let waiting = async || office.store.unlooked(Unlooked::Waiting, 9).await.unwrap().len();
    assert_eq!(waiting().await, 0);
    let mut changed = raw("L1", 3, rep("legacy"));
    changed.lead.form.email = Some("l1@other.com".into());
    take_in(office.store, vec![refresh(changed, true)], 3).await;
    assert_eq!(waiting().await, 1);
    look(&office, &desk, 4).await;
    assert_eq!(waiting().await, 0);
    let named = async |key: &str| office.store.earlier_leads(&[key.to_owned()], at(0), 9).await.unwrap().len();
    office.rank(5).await;
    office.approve("L1", 6).await.unwrap();
    assert_eq!((named("domain acme.com").await, named("domain other.com").await), (0, 1));
}

on_every_store! {
    one_company_has_one_rep
    who_took_a_lead_has_its_company
    a_lead_that_says_another_company_is_looked_up_again
}
