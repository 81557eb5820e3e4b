//! How busy reps are, in few calls, and what happens where the org does not tell.

use chrono::NaiveDate;
use leadboard::app::ports::{AppointmentTime, Crm, CrmError, OutOfOffice, Shows, WorkloadPart};
use leadboard::domain::ids::RepId;
use leadboard::policy::span::Span;
use serde_json::{Value, json};

use super::org::{Org, Reply, Seen};
use super::{at, salesforce, salesforce_with};

const ADA: &str = "005000000000001AAA";
const BEN: &str = "005000000000002AAA";

fn window() -> Span {
    Span::new(at("2026-11-22T00:00:00Z"), at("2026-11-23T00:00:00Z"))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn event(owner: &str, start: &str, end: &str, more: &Value) -> Value {
    let mut event =
        json!({"OwnerId": owner, "StartDateTime": start, "EndDateTime": end, "IsAllDayEvent": false, "ShowAs": "Busy"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// An org that answers all three questions; `refuses` says which query it refuses.
async fn org(refuses: fn(&str) -> bool) -> Org {
    Org::start(move |seen| {
        let soql = seen.soql();
        if seen.path.ends_with("/describe") {
            return Some(Reply::Json(200, json!({"fields": [{"name": "Id"}, {"name": "TimeZoneSidKey"}]})));
        }
        if refuses(soql) {
            return Some(Reply::error(400, if soql.contains("FROM User") { "INVALID_FIELD" } else { "INVALID_TYPE" }));
        }
        if soql.contains("FROM User") {
            return Some(Reply::rows(&[
                json!({"Id": ADA, "TimeZoneSidKey": "Europe/Berlin", "Away__c": "2026-11-25"}),
                json!({"Id": BEN, "TimeZoneSidKey": "Asia/Tokyo", "Away__c": true}),
            ]));
        }
        if soql.contains("FROM Opportunity") {
            return Some(Reply::rows(&[
                json!({"OwnerId": ADA, "CloseDate": "2026-12-01"}),
                json!({"OwnerId": ADA, "CloseDate": null}),
                json!({"OwnerId": "005000000000009AAA", "CloseDate": "2026-12-01"}),
            ]));
        }
        let (first, last) = ("2026-11-22T00:00:00.000+0000", "2026-11-24T00:00:00.000+0000");
        soql.contains("FROM Event").then(|| {
            Reply::rows(&[
                event(BEN, "2026-11-22T09:00:00.000+0000", "2026-11-22T10:00:00.000+0000", &json!({})),
                event(ADA, first, last, &json!({"IsAllDayEvent": true, "ShowAs": "OutOfOffice"})),
                event("00G000000000001EAA", first, last, &json!({})),
                json!({"OwnerId": ADA, "StartDateTime": null, "EndDateTime": last}),
            ])
        })
    })
    .await
}

fn reps() -> [RepId; 2] {
    [RepId::new(ADA), RepId::new(BEN)]
}

#[tokio::test]
async fn three_calls_tell_how_busy_everybody_is() {
    let org = org(|_| false).await;
    let crm = salesforce_with(org.url(), |c| c.rep_out_of_office = "Away__c".into());
    let found = crm.workloads(&reps(), window()).await.unwrap();
    assert_eq!((org.data_calls(), found.reps.len(), found.unknown.len()), (3, 2, 0));
    let [ada, ben] = reps().map(|rep| found.reps[&rep].clone());
    assert_eq!(ada.open, [Some(day("2026-12-01")), None]);
    assert_eq!((ada.zone.as_deref(), ada.away), (Some("Europe/Berlin"), Some(OutOfOffice::Through(day("2026-11-25")))));
    assert_eq!((ben.zone.as_deref(), ben.away), (Some("Asia/Tokyo"), Some(OutOfOffice::Now)));
    let vacation = AppointmentTime::Days { first: day("2026-11-22"), last: day("2026-11-24") };
    assert_eq!(
        ada.calendar.iter().map(|entry| (entry.time, entry.shows)).collect::<Vec<_>>(),
        [(vacation, Shows::Away)]
    );
    assert_eq!(ben.activities(day("2026-11-22"), chrono_tz::Asia::Tokyo), 1);
    assert!(ben.open.is_empty());
    let soql = |object: &str| org.log().iter().find(|seen| seen.soql().contains(object)).unwrap().soql().to_owned();
    assert!(soql("FROM Opportunity").contains("IsClosed = false"), "{}", soql("FROM Opportunity"));
    assert!(soql("FROM Event").contains("StartDateTime < 2026-11-23T14:00:00Z"), "{}", soql("FROM Event"));
    assert!(soql("FROM Event").contains("EndDateTime >= 2026-11-20T10:00:00Z"), "whole days end at their midnight");
}

#[tokio::test]
async fn nobody_is_asked_about_nobody() {
    let org = org(|_| false).await;
    assert!(salesforce(org.url()).workloads(&[], window()).await.unwrap().reps.is_empty());
    assert_eq!(org.data_calls(), 0);
}

#[tokio::test]
async fn what_the_org_does_not_tell_is_named_and_the_rest_is_known() {
    let org = org(|soql| soql.contains("Away__c") || soql.contains("FROM Event")).await;
    let crm = salesforce_with(org.url(), |c| c.rep_out_of_office = "Away__c".into());
    let found = crm.workloads(&reps(), window()).await.unwrap();
    let unknown: Vec<WorkloadPart> = found.unknown.keys().copied().collect();
    assert_eq!(unknown, [WorkloadPart::Presence, WorkloadPart::Calendar]);
    assert!(found.unknown[&WorkloadPart::Presence].contains("Away__c"), "{:?}", found.unknown);
    let ada = &found.reps[&reps()[0]];
    assert_eq!((ada.zone.as_deref(), ada.away, ada.open.len()), (Some("Europe/Berlin"), None, 2));
}

#[tokio::test]
async fn a_passing_fault_is_no_answer() {
    let org = Org::start(|seen: &Seen| seen.path.ends_with("/query").then(|| Reply::html(503))).await;
    let error = salesforce(org.url()).workloads(&reps(), window()).await.unwrap_err();
    assert!(matches!(error, CrmError::Transient(_)), "{error}");
}
