//! Polling misses nothing and repeats nothing, whatever stamps, pages and locators do.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::app::ports::{Crm, CrmError, Cursor};
use leadboard::crm::salesforce::Salesforce;

use super::org::Org;
use super::table::{Table, lead_id};
use super::{at, salesforce, salesforce_with};

const START: &str = "2026-11-22T11:00:00Z";

/// An org with this table.
async fn org_with(table: &Table) -> Org {
    let table = table.clone();
    Org::start(move |seen| table.answer(seen)).await
}

/// The adapter, taking leads created since [`START`].
fn polling(org: &Org) -> Salesforce {
    salesforce_with(org.url(), |c| c.since = Some(at(START)))
}

/// Polls until nothing more waits, keeping every cursor as a store would. Returns how often each lead came.
async fn drain(crm: &Salesforce, cursor: &mut Cursor, times: &mut HashMap<String, usize>) {
    loop {
        let changes = crm.changed_leads(cursor).await.unwrap();
        for lead in &changes.leads {
            *times.entry(lead.lead.id.to_string()).or_default() += 1;
        }
        *cursor = changes.next;
        if !changes.more {
            return;
        }
    }
}

fn seconds(n: i64) -> DateTime<Utc> {
    at(START) + TimeDelta::seconds(n)
}

#[tokio::test]
async fn the_first_poll_starts_at_the_orgs_own_time() {
    let table = Table::new(2_000);
    table.put(1, at("2026-11-22T11:59:59Z"), at("2026-11-22T12:00:05Z"));
    table.put(2, at("2026-11-22T12:00:00Z"), at("2026-11-22T12:00:05Z"));
    let org = org_with(&table).await;
    let crm = salesforce(org.url());
    let changes = crm.changed_leads(&Cursor::default()).await.unwrap();
    let ids: Vec<&str> = changes.leads.iter().map(|l| l.lead.id.as_str()).collect();
    assert_eq!(ids, [lead_id(2)], "a lead that was there before us is not taken");
    let soql = org.log().iter().find(|s| !s.soql().is_empty()).unwrap().soql().to_owned();
    assert!(soql.contains("SystemModstamp >= 2026-11-22T11:50:00Z"), "{soql}");
    assert!(soql.contains("CreatedDate >= 2026-11-22T12:00:00Z"), "{soql}");
}

#[tokio::test]
async fn a_poll_that_brings_nothing_costs_one_call_and_now_and_then_another() {
    let table = Table::new(2_000);
    table.cover(at("2026-11-22T11:59:00Z"));
    for n in 0..50 {
        table.put(n, seconds(0), seconds(1));
    }
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    let before = org.data_calls();
    for date in [None, None, Some("Sun, 22 Nov 2026 12:04:00 GMT"), Some("Sun, 22 Nov 2026 12:07:00 GMT"), None] {
        if let Some(date) = date {
            org.set_date(date);
        }
        let changes = crm.changed_leads(&cursor).await.unwrap();
        assert!(changes.leads.is_empty() && !changes.more);
        assert_eq!(changes.next, cursor);
    }
    // A query each, and the covered date at first and when it was more than five minutes old.
    assert_eq!(org.data_calls() - before, 5 + 2);
}

#[tokio::test]
async fn a_row_of_a_long_transaction_is_read_however_late_it_commits() {
    let table = Table::new(2_000);
    // A transaction is open since 11:01; much later rows commit before it.
    table.cover(at("2026-11-22T11:01:00Z"));
    table.put(1, seconds(0), at("2026-11-22T11:59:00Z"));
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    for _ in 0..3 {
        drain(&crm, &mut cursor, &mut times).await;
    }
    org.set_date("Sun, 22 Nov 2026 12:40:00 GMT");
    table.put(2, seconds(0), at("2026-11-22T12:39:00Z"));
    drain(&crm, &mut cursor, &mut times).await;
    // An hour and a half after its stamp, and nine overlaps later, it commits.
    table.put(3, seconds(0), at("2026-11-22T11:01:30Z"));
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times.get(&lead_id(3)), Some(&1), "{times:?}");
    assert!(times.values().all(|n| *n == 1), "what comes again and again was received before");
    // Over, and the cursor follows; a process that starts now need not read all that again.
    table.cover(at("2026-11-22T12:50:00Z"));
    org.set_date("Sun, 22 Nov 2026 12:50:30 GMT");
    table.put(4, seconds(0), at("2026-11-22T12:50:00Z"));
    drain(&crm, &mut cursor, &mut times).await;
    drain(&crm, &mut cursor, &mut times).await;
    assert!(cursor.low.unwrap() >= at("2026-11-22T12:50:00Z"), "{cursor:?}");
}

#[tokio::test]
async fn an_org_that_does_not_tell_what_it_covers_is_asked_once() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), seconds(5));
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    for date in ["Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:30:00 GMT", "Sun, 22 Nov 2026 13:30:00 GMT"] {
        org.set_date(date);
        drain(&crm, &mut cursor, &mut times).await;
    }
    assert_eq!(org.count(|seen| seen.path.ends_with("/updated")), 1);
}

#[tokio::test]
async fn three_hundred_equal_stamps_over_short_pages_come_once_each() {
    let table = Table::new(7);
    let tied = at("2026-11-22T11:59:00Z");
    for n in 0..300 {
        table.put(n, seconds(0), tied);
    }
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    // A pass later, with one new lead under the same stamp.
    table.put(300, seconds(0), tied);
    drain(&crm, &mut cursor, &mut times).await;
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times.len(), 301);
    assert!(times.values().all(|n| *n == 1));
}

#[tokio::test]
async fn more_rows_than_one_poll_hands_out_are_walked_across_polls() {
    let table = Table::new(500);
    for n in 0..4_700 {
        table.put(n, seconds(0), seconds(if n < 4_000 { 10 } else { 20 }));
    }
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    let first = crm.changed_leads(&cursor).await.unwrap();
    assert!(first.more && first.leads.len() < 4_700);
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times.len(), 4_700);
    assert!(times.values().all(|n| *n == 1), "a first poll whose cursor was never used does not count");
}

#[tokio::test]
async fn what_the_caller_could_not_store_is_handed_out_again() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), seconds(5));
    let org = org_with(&table).await;
    let crm = polling(&org);
    let first = crm.changed_leads(&Cursor::default()).await.unwrap();
    assert_eq!(first.leads.len(), 1);
    // The transaction failed: the caller still holds the old cursor.
    let again = crm.changed_leads(&Cursor::default()).await.unwrap();
    assert_eq!(again.leads.len(), 1);
    assert!(crm.changed_leads(&again.next).await.unwrap().leads.is_empty());

    // The same where the newest stamp does not move, so that the cursor alone could not tell.
    table.put(2, seconds(0), seconds(4));
    let late = crm.changed_leads(&again.next).await.unwrap();
    assert_eq!(late.leads.len(), 1);
    assert_eq!(crm.changed_leads(&again.next).await.unwrap().leads.len(), 1);
    assert!(crm.changed_leads(&late.next).await.unwrap().leads.is_empty());
}

#[tokio::test]
async fn a_row_that_commits_late_is_not_stepped_over() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), seconds(900));
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    // Stamped ten minutes before the newest row, and visible only now.
    table.put(2, seconds(0), seconds(301));
    drain(&crm, &mut cursor, &mut times).await;
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times, HashMap::from([(lead_id(1), 1), (lead_id(2), 1)]));
}

#[tokio::test]
async fn a_row_that_commits_behind_a_long_walk_is_not_stepped_over() {
    let table = Table::new(500);
    for n in 0..4_000 {
        table.put(n, seconds(0), at(if n < 2_500 { "2026-11-22T11:56:00Z" } else { "2026-11-22T12:30:00Z" }));
    }
    let org = org_with(&table).await;
    let (crm, mut times) = (polling(&org), HashMap::new());
    let first = crm.changed_leads(&Cursor::default()).await.unwrap();
    assert!(first.more);
    // While the walk is half way, half an hour passes and a transaction of before commits behind it.
    table.put(4_000, seconds(0), at("2026-11-22T11:55:00Z"));
    org.set_date("Sun, 22 Nov 2026 12:30:05 GMT");
    let mut cursor = first.next;
    drain(&crm, &mut cursor, &mut times).await;
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times.get(&lead_id(4_000)), Some(&1));
    assert_eq!(times.len() + first.leads.len(), 4_001);
}

#[tokio::test]
async fn a_restarted_process_reads_the_overlap_again() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), seconds(900));
    let org = org_with(&table).await;
    let (mut cursor, mut times) = (Cursor::default(), HashMap::new());
    drain(&polling(&org), &mut cursor, &mut times).await;
    table.put(2, seconds(0), seconds(880));
    drain(&polling(&org), &mut cursor, &mut times).await;
    assert_eq!(times, HashMap::from([(lead_id(1), 2), (lead_id(2), 1)]));
}

#[tokio::test]
async fn a_changed_lead_comes_again_with_its_new_stamp() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), seconds(5));
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    table.put(1, seconds(0), seconds(6));
    let changes = crm.changed_leads(&cursor).await.unwrap();
    assert_eq!(changes.leads[0].lead.modstamp, seconds(6));
    assert_eq!(changes.next.low, Some(seconds(6)));
}

#[tokio::test]
async fn a_second_change_within_the_same_second_is_not_missed() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), seconds(5));
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    table.give(1, "005000000000002AAA");
    let changes = crm.changed_leads(&cursor).await.unwrap();
    assert_eq!(changes.leads[0].lead.owner.id(), "005000000000002AAA");
    assert!(crm.changed_leads(&changes.next).await.unwrap().leads.is_empty());
}

#[tokio::test]
async fn a_stamp_from_the_future_hides_nothing() {
    let table = Table::new(2_000);
    table.put(1, seconds(0), at("2099-01-01T00:00:00Z"));
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    table.put(2, seconds(0), at("2026-11-22T12:00:01Z"));
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times, HashMap::from([(lead_id(1), 1), (lead_id(2), 1)]));
}

#[tokio::test]
async fn a_dead_locator_goes_on_from_the_last_row() {
    let table = Table::new(10);
    for n in 0..95 {
        table.put(n, seconds(0), seconds(i64::try_from(n / 40).unwrap()));
    }
    table.kill_locator(2);
    table.kill_locator(5);
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times.len(), 95);
    assert!(times.values().all(|n| *n == 1));
}

#[tokio::test]
async fn locators_that_always_die_end_in_an_error() {
    let table = Table::new(1);
    for n in 0..100 {
        table.put(n, seconds(0), seconds(1));
        table.kill_locator(n);
    }
    let org = org_with(&table).await;
    let error = polling(&org).changed_leads(&Cursor::default()).await.unwrap_err();
    assert!(matches!(error, CrmError::Transient(_)), "{error}");
    assert!(org.data_calls() < 40, "{}", org.data_calls());
}

#[tokio::test]
async fn a_locator_on_another_host_is_not_followed() {
    let elsewhere = Org::start(|_| None).await;
    let table = Table::new(1);
    table.put(1, seconds(0), seconds(1));
    table.put(2, seconds(0), seconds(1));
    table.point_to(&format!("{}/services/data/v66.0/query/01g-0", elsewhere.url()));
    let org = org_with(&table).await;
    let error = polling(&org).changed_leads(&Cursor::default()).await.unwrap_err();
    assert!(matches!(error, CrmError::Protocol(_)), "{error}");
    assert_eq!(elsewhere.log().len(), 0);
}

#[tokio::test]
async fn after_a_bulk_change_the_overlap_is_not_walked_for_ever() {
    let table = Table::new(50);
    for n in 0..500 {
        table.put(n, seconds(0), at("2026-11-22T11:20:00Z"));
    }
    let org = org_with(&table).await;
    let (crm, mut cursor, mut times) = (polling(&org), Cursor::default(), HashMap::new());
    drain(&crm, &mut cursor, &mut times).await;
    let queries = || org.count(|seen| seen.path.contains("/query"));
    let before = queries();
    // The org's clock (12:00) says that the bulk change is older than the overlap.
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(queries() - before, 1);
    table.put(500, seconds(0), at("2026-11-22T11:51:00Z"));
    drain(&crm, &mut cursor, &mut times).await;
    assert_eq!(times.len(), 501);
}
