//! Reps, queues, history and outcomes.

use std::sync::{Arc, Mutex};

use leadboard::app::ports::{Crm, Cursor};
use leadboard::domain::deal::Outcome;
use serde_json::{Value, json};

use super::org::{Org, Reply, Seen};
use super::{at, salesforce, salesforce_with};

fn users() -> [Value; 2] {
    [
        json!({"Id": "005000000000001AAA", "Name": "Ada", "IsActive": true, "Territory__c": "West", "Alias": "ada",
            "Username": "ada@acme.com", "Email": "ada@mail.acme.com"}),
        json!({"Id": "005000000000002AAA", "Name": "Ben", "IsActive": false, "Territory__c": null, "Alias": null}),
    ]
}

fn roster(seen: &Seen) -> Option<Reply> {
    let soql = seen.soql();
    if soql.contains("FROM User") {
        assert!(soql.contains("UserType = 'Standard'"));
        return Some(Reply::rows(&users()));
    }
    if soql.contains("FROM Group") {
        return Some(Reply::rows(&[
            json!({"Id": "00G000000000001EAA", "Name": "Managers", "DeveloperName": "Leadboard_Manager"}),
            json!({"Id": "00G000000000002EAA", "Name": "Cases only", "DeveloperName": "Support"}),
        ]));
    }
    soql.contains("FROM QueueSobject").then(|| Reply::rows(&[json!({"QueueId": "00G000000000001EAA"})]))
}

#[tokio::test]
async fn the_roster_has_inactive_reps_and_only_queues_that_take_leads() {
    let org = Org::start(roster).await;
    let roster = salesforce_with(org.url(), |c| c.rep_key = "Alias".into()).roster().await.unwrap();
    let reps: Vec<_> =
        roster.reps.iter().map(|r| (r.name.as_str(), r.key.as_str(), r.active, r.territory.as_deref())).collect();
    assert_eq!(reps, [("Ada", "ada", true, Some("West")), ("Ben", "005000000000002AAA", false, None)]);
    let names: Vec<_> = roster.reps.iter().map(|r| (r.user_name.as_deref(), r.email.as_deref())).collect();
    assert_eq!(names, [(Some("ada@acme.com"), Some("ada@mail.acme.com")), (None, None)]);
    assert_eq!(roster.queues.len(), 1);
    assert!(roster.queue_by_key("Leadboard_Manager").is_some());
}

#[tokio::test]
async fn an_org_that_hides_the_addresses_of_its_people_has_a_roster_all_the_same() {
    let org = Org::start(|seen| {
        if seen.path.ends_with("/sobjects/User/describe") {
            let fields = json!([{"name": "Id"}, {"name": "Username"}, {"name": "Territory__c"}]);
            return Some(Reply::Json(200, json!({"name": "User", "fields": fields})));
        }
        let hidden = seen.soql().contains("FROM User") && seen.soql().contains(", Email");
        if hidden { Some(Reply::error(400, "INVALID_FIELD")) } else { roster(seen) }
    })
    .await;
    let crm = salesforce(org.url());
    assert_eq!(crm.roster().await.unwrap().reps[0].user_name.as_deref(), Some("ada@acme.com"));
    crm.roster().await.unwrap();
    assert_eq!(org.count(|seen| seen.path.ends_with("/describe")), 1);
}

/// A converted lead with its deal.
fn converted(number: usize, changes: &[(&str, Value)]) -> Value {
    let mut record = json!({
        "Id": format!("00Q{number:012}EAA"), "CreatedDate": "2026-01-10T09:00:00.000+0000", "LeadSource": "Web",
        "AnnualRevenue": 5e6,
        "ConvertedOpportunity": {"attributes": {"type": "Opportunity"}, "IsWon": number.is_multiple_of(2), "IsClosed": true,
            "Amount": 1200.5, "CloseDate": "2026-03-31", "OwnerId": "005000000000001AAA",
            "SystemModstamp": "2026-11-22T11:00:00.000+0000"},
    });
    for (field, value) in changes {
        record["ConvertedOpportunity"][*field] = value.clone();
    }
    record
}

#[tokio::test]
async fn history_comes_page_by_page_with_what_could_not_be_read() {
    let org = Org::start(|seen| {
        if seen.path.ends_with("/query/01g-1") {
            return Some(Reply::rows(&[
                converted(3, &[("CloseDate", json!("2025-12-31"))]),
                converted(4, &[("OwnerId", json!("005000000000009AAA"))]),
            ]));
        }
        if seen.soql().contains("FROM Lead ") {
            let page = json!({"totalSize": 4, "done": false, "nextRecordsUrl": "/services/data/v66.0/query/01g-1",
                "records": [converted(1, &[]), converted(2, &[])]});
            return Some(Reply::Json(200, page));
        }
        roster(seen)
    })
    .await;
    let crm = salesforce_with(org.url(), |c| c.rep_key = "Alias".into());
    let first = crm.closed_deals(None).await.unwrap();
    assert_eq!((first.total, first.deals.len()), (Some(4), 2));
    let deal = &first.deals[1];
    assert_eq!((deal.rep.as_str(), deal.outcome, deal.closed_amount), ("ada", Outcome::Won, Some(1200.5)));
    assert_eq!(deal.closed_at, at("2026-03-31T23:59:59Z"));
    assert_eq!(deal.facts.created_at, at("2026-01-10T09:00:00Z"));
    assert_eq!((deal.facts.source.as_deref(), deal.facts.annual_revenue), (Some("Web"), Some(5e6)));
    assert_eq!(first.deals[0].outcome, Outcome::Lost);

    let second = crm.closed_deals(first.next.as_deref()).await.unwrap();
    assert!(second.deals.is_empty() && second.next.is_none());
    let why: Vec<&str> = second.rejected.iter().map(|(_, why)| why.as_str()).collect();
    assert!(why[0].contains("before it was created") && why[1].contains("005000000000009AAA"), "{why:?}");
}

#[tokio::test]
async fn a_history_pull_goes_on_after_its_locator_died() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let org = Org::start(move |seen| {
        if seen.path.contains("/query/01g") {
            return Some(Reply::error(400, "INVALID_QUERY_LOCATOR"));
        }
        let soql = seen.soql();
        if !soql.contains("FROM Lead ") {
            return None;
        }
        log.lock().unwrap().push(soql.to_owned());
        if soql.contains("Id > '00Q000000000002EAA'") {
            return Some(Reply::rows(&[converted(3, &[])]));
        }
        let page = json!({"totalSize": 3, "done": false, "nextRecordsUrl": "/services/data/v66.0/query/01g-1",
            "records": [converted(1, &[]), converted(2, &[])]});
        Some(Reply::Json(200, page))
    })
    .await;
    let first = salesforce(org.url()).closed_deals(None).await.unwrap();
    // Taken up by another process, days later.
    let second = salesforce(org.url()).closed_deals(first.next.as_deref()).await.unwrap();
    assert_eq!((first.deals.len(), second.deals.len(), second.next), (2, 1, None));
    assert!(asked.lock().unwrap().iter().all(|soql| soql.ends_with(" ORDER BY Id")));
}

#[tokio::test]
async fn outcomes_follow_the_deal_and_are_not_repeated() {
    let org = Org::start(|seen| {
        seen.soql().contains("FROM Lead ").then(|| {
            Reply::rows(&[converted(1, &[("IsClosed", json!(false)), ("IsWon", json!(false))]), converted(2, &[])])
        })
    })
    .await;
    let crm = salesforce_with(org.url(), |c| c.since = Some(at("2026-01-01T00:00:00Z")));
    let (outcomes, cursor) = crm.outcomes(&Cursor::default()).await.unwrap();
    assert_eq!((outcomes[0].outcome, outcomes[0].closed_at, outcomes[0].amount), (None, None, None));
    assert_eq!((outcomes[1].outcome, outcomes[1].amount), (Some(Outcome::Won), Some(1200.5)));
    assert_eq!(outcomes[1].rep_id.as_ref().unwrap().as_str(), "005000000000001AAA");
    assert_eq!(cursor.low, Some(at("2026-11-22T11:00:00Z")));
    let (again, same) = crm.outcomes(&cursor).await.unwrap();
    assert!(again.is_empty() && same == cursor);
    let soql = org.log().last().unwrap().soql().to_owned();
    assert!(soql.contains("IsConverted = true AND CreatedDate >= 2026-01-01T00:00:00Z"), "{soql}");
    assert!(soql.ends_with("ORDER BY ConvertedOpportunity.SystemModstamp, Id"), "{soql}");
}
