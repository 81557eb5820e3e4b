//! The daily count finds what polling missed, whatever the reason.

use chrono::TimeDelta;
use leadboard::app::ports::{Clock, Cursor, IntakeChange};
use leadboard::app::reconcile::reconcile;
use leadboard::app::{intake, reconcile as counting};
use leadboard::domain::lead::LeadState;

use super::office::{GOOD, Office};

/// What the count finds now, as (CRM, ours, recovered) of each day.
async fn count(office: &Office) -> Vec<(u64, u64, u64)> {
    let days = reconcile(office.crm.as_ref(), office.store.as_ref(), office.clock.as_ref()).await.unwrap();
    days.into_iter().map(|day| (day.crm, day.ours, day.recovered)).collect()
}

async fn gaps(office: &Office) -> usize {
    let trail = office.store.audit(None, 1_000).await.unwrap();
    trail.iter().filter(|event| event.what == "intake.gap").count()
}

/// Somebody moved the cursor: everything up to now counts as read. The next process has no memory that would save it.
async fn skip(office: &mut Office) {
    let address = office.org.url().to_owned();
    office.connect(&address);
    let cursor = office.store.cursor(intake::CURSOR).await.unwrap();
    let past = Cursor { low: Some(office.clock.now() + TimeDelta::hours(1)), ..cursor };
    office.store.take_in(Vec::<IntakeChange>::new(), intake::CURSOR, &past, office.clock.now()).await.unwrap();
}

#[tokio::test]
async fn a_lead_that_polling_missed_comes_in_the_day_after() {
    let mut office = Office::open().await;
    office.arrive(3).await;
    office.poll().await;
    office.arrive(2).await;
    skip(&mut office).await;
    office.poll().await;
    assert_eq!(office.counts().await.received, 3, "planted: two leads were stepped over");
    assert!(count(&office).await.is_empty(), "the day is not over");

    office.wait(86_400);
    assert_eq!(count(&office).await, [(5, 3, 2)]);
    assert_eq!((office.counts().await.received, office.counts().await.lost()), (5, 0));
    assert_eq!(gaps(&office).await, 1);
    office.rank(&GOOD).await;
    for lead in office.leads().await {
        assert_eq!(office.record(&lead).await.state, LeadState::InLane, "a recovered lead goes the way of all leads");
    }
    // Nothing more is asked until another day is over; then that day, and the one before it once more.
    let calls = office.calls();
    assert!(count(&office).await.is_empty());
    assert_eq!(office.calls(), calls, "a day is not counted over and over");
    office.wait(86_400);
    assert_eq!(count(&office).await, [(5, 5, 0), (0, 0, 0)]);
    assert_eq!(gaps(&office).await, 1);
}

#[tokio::test]
async fn days_of_an_absence_are_counted_and_finished_leads_are_no_loss() {
    let mut office = Office::open().await;
    office.wait(86_400);
    // It comes and is deleted while nobody looks.
    office.arrive(1).await;
    let lead = office.newest_lead().await;
    office.delete(&lead).await;
    office.wait(2 * 86_400);
    skip(&mut office).await;
    assert_eq!(count(&office).await, [(0, 0, 0), (1, 0, 0), (0, 0, 0)]);
    assert_eq!((gaps(&office).await, office.counts().await.received), (1, 0));
    let cursor = office.store.cursor(counting::CURSOR).await.unwrap();
    assert_eq!(cursor.low, Some("2026-11-25T00:00:00Z".parse().unwrap()));
}
