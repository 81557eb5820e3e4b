//! Who got in touch with a lead, as an org tells it over the wire.

use leadboard::app::ports::Clock;
use leadboard::app::sla::{self, Looked};
use leadboard::domain::contact::ContactOutcome;
use leadboard::domain::ids::LeadId;
use leadboard::domain::lead::{LeadState, Owner};
use leadboard::domain::pool::Earlier;
use leadboard::domain::verdict::{ReasonCode, Rejection, Verdict};

use super::office::{GOOD, Office};

const HOUR: i64 = 3_600;

async fn look(office: &Office, reassign: bool) -> Looked {
    office.poll().await;
    sla::look(office.crm.as_ref(), office.store.as_ref(), office.clock.as_ref(), reassign).await.unwrap()
}

/// What came of the first contacts of a lead, newest first.
async fn outcomes(office: &Office, lead: &LeadId) -> Vec<Option<ContactOutcome>> {
    let detail = office.store.lead_detail(lead).await.unwrap().unwrap();
    detail.contacts.iter().map(|owed| owed.outcome).collect()
}

/// As many leads, decided as recommended and written.
async fn given(office: &Office, count: u64) -> Vec<LeadId> {
    office.arrive(count).await;
    office.poll().await;
    office.rank(&GOOD).await;
    let leads = office.leads().await;
    for lead in &leads {
        office.approve(lead).await;
    }
    while office.send().await.tried > 0 {}
    leads
}

#[tokio::test]
async fn who_calls_keeps_a_lead_and_who_does_not_loses_it() {
    let office = Office::open().await;
    let leads = given(&office, 5).await;
    let [called, met, planned, nothing, converted] = leads.as_slice() else { panic!("{leads:?}") };
    let owner = office.owner(nothing).await;
    office.wait(HOUR);
    office.rep_calls(called).await;
    office.meeting(met, &office.owner(met).await, office.clock.now() + chrono::TimeDelta::hours(1)).await;
    // A meeting of tomorrow is no contact yet.
    office.meeting(planned, &office.owner(planned).await, office.clock.now() + chrono::TimeDelta::days(1)).await;
    office.rep_calls(converted).await;
    office.person(converted, "convert").await;
    assert_eq!(look(&office, true).await, Looked::default());

    office.wait(3 * HOUR);
    office.poll().await;
    let before = office.calls();
    let looked = sla::look(office.crm.as_ref(), office.store.as_ref(), office.clock.as_ref(), true).await.unwrap();
    assert_eq!(looked, Looked { in_time: 2, breached: 2, reassigned: 2, more: false });
    assert_eq!(office.calls() - before, 1, "one call for all of them");
    for (lead, expected) in [
        (called, ContactOutcome::InTime),
        (met, ContactOutcome::InTime),
        (planned, ContactOutcome::Missed),
        (nothing, ContactOutcome::Missed),
        (converted, ContactOutcome::Moot),
    ] {
        assert_eq!(outcomes(&office, lead).await, [Some(expected)]);
    }
    assert_eq!(office.counts().await.lost(), 0);

    // It comes to somebody else, and the CRM gets to know; who had it closes their old task in vain.
    office.rank(&GOOD).await;
    office.approve(nothing).await;
    office.send().await;
    let next = office.owner(nothing).await;
    assert_ne!(next, owner);
    office.log_call(nothing, &owner).await;
    office.wait(4 * HOUR);
    assert_eq!(look(&office, true).await.reassigned, 1);
    let had = office.record(nothing).await.earlier;
    let had: Vec<_> = had.iter().map(|had| (Owner::Rep(had.rep.clone()), had.how)).collect();
    assert_eq!(had, [(owner, Earlier::SlaBreached), (next, Earlier::SlaBreached)]);
    office.rank(&GOOD).await;
    let detail = office.store.lead_detail(nothing).await.unwrap().unwrap();
    let pool = detail.ranking.unwrap().pool;
    assert!(had.iter().all(|(owner, _)| owner.rep().is_some_and(|rep| !pool.eligible.contains(rep))));
}

#[tokio::test]
async fn without_the_rule_nothing_moves() {
    let office = Office::open().await;
    let leads = given(&office, 2).await;
    let owners = [office.owner(&leads[0]).await, office.owner(&leads[1]).await];
    office.wait(5 * HOUR);
    assert_eq!(look(&office, false).await, Looked { breached: 2, ..Looked::default() });
    for (lead, owner) in leads.iter().zip(owners) {
        assert_eq!((office.record(lead).await.state, office.owner(lead).await), (LeadState::Decided, owner));
    }
}

#[tokio::test]
async fn a_person_in_the_crm_is_not_overruled() {
    let office = Office::open().await;
    let lead = office.one_lead(&GOOD).await;
    let chosen = office.other_rep(&lead).await;
    let reason = Some(Rejection { code: ReasonCode::R.into(), note: None });
    office.say(&lead, Verdict::Override { rep: chosen.rep().unwrap().clone() }, reason).await.unwrap();
    office.send().await;
    office.wait(5 * HOUR);
    // Somebody takes it after the last poll.
    office.poll().await;
    let taker = office.taker(&lead, &chosen).await;
    office.person_moves(&lead, &taker).await;
    let looked = sla::look(office.crm.as_ref(), office.store.as_ref(), office.clock.as_ref(), true).await.unwrap();
    assert_eq!(looked, Looked::default(), "it changed since we read it");
    assert_eq!(look(&office, true).await, Looked::default());
    assert_eq!(outcomes(&office, &lead).await, [Some(ContactOutcome::Moot)]);
    assert_eq!((office.owner(&lead).await, office.record(&lead).await.state), (taker, LeadState::Decided));
}
