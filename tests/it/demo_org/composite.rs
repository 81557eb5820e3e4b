//! Composite calls and conditional writes.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::support::{Bench, send, small};

/// The write that leadboard makes for one decision.
fn decision(lead: &str, owner: &str, key: &str, unmodified_since: &str) -> Json {
    let quiet = json!({ "Sforce-Auto-Assign": "FALSE" });
    let lead_url = format!("/services/data/v66.0/sobjects/Lead/{lead}");
    json!({ "allOrNone": true, "collateSubrequests": false, "compositeRequest": [
        { "method": "POST", "url": "/services/data/v66.0/sobjects/AI_Lead_Routing_Decision__c", "referenceId": "audit",
          "httpHeaders": quiet,
          "body": { "Decision_Key__c": key, "Trace_Id__c": "0193-trace", "Lead__c": lead, "Assigned_Owner_Id__c": owner,
                    "Assigned_Rep__c": owner, "Win_Probability__c": 0.41237, "Decided_At__c": "2026-11-22T09:00:00.000Z" } },
        { "method": "PATCH", "url": lead_url, "referenceId": "lead",
          "httpHeaders": { "Sforce-Auto-Assign": "FALSE", "If-Unmodified-Since": unmodified_since },
          "body": { "OwnerId": owner, "AI_Assigned__c": true, "AI_Routing_Reason__c": "@{audit.id}" } },
        { "method": "POST", "url": "/services/data/v66.0/sobjects/Task", "referenceId": "task", "httpHeaders": quiet,
          "body": { "WhoId": lead, "OwnerId": owner, "Subject": "Call", "ActivityDate": "2026-11-23" } },
        { "method": "GET", "url": format!("{lead_url}?fields=OwnerId,LastModifiedDate"), "referenceId": "after" },
    ]})
}

fn statuses(reply: &Json) -> Vec<u64> {
    reply["compositeResponse"].as_array().unwrap().iter().map(|r| r["httpStatusCode"].as_u64().unwrap()).collect()
}

const NOW: &str = "Sun, 22 Nov 2026 09:00:00 GMT";

#[tokio::test]
async fn a_decision_is_written_once_whole() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let owner = bench.other_rep(&lead).await;
    let reply = bench.composite(&decision(&lead, &owner, "k1", NOW)).await;
    assert_eq!((reply.status, statuses(&reply.body)), (200, vec![201, 204, 201, 200]), "{reply:?}");
    let parts = &reply.body["compositeResponse"];
    assert_eq!(parts[3]["body"]["OwnerId"], owner.as_str());
    assert_eq!(
        parts[0]["httpHeaders"]["Location"].as_str().unwrap().split('/').next_back().unwrap(),
        parts[0]["body"]["id"]
    );
    let record = bench.get("/sobjects/AI_Lead_Routing_Decision__c/Decision_Key__c/k1").await.body;
    assert_eq!((&record["Win_Probability__c"], &record["Lead__c"]), (&json!(0.4124), &json!(lead)));
    assert_eq!(bench.field("Lead", &lead, "AI_Routing_Reason__c").await, record["Id"]);

    let again = bench.composite(&decision(&lead, &owner, "k1", NOW)).await;
    assert_eq!(statuses(&again.body), [400; 4]);
    assert_eq!(again.body["compositeResponse"][0]["body"][0]["errorCode"], "DUPLICATE_VALUE");
    assert_eq!(again.body["compositeResponse"][2]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(bench.effects("task_created").await.len(), 1);
    assert_eq!(bench.effects("decision_recorded").await.len(), 1);
    assert_eq!(bench.get("/sobjects/AI_Lead_Routing_Decision__c/Decision_Key__c/K1").await.status, 404, "case matters");
}

#[tokio::test]
async fn somebody_faster_stops_everything_and_no_trace_is_left() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let (owner, journal) = (bench.other_rep(&lead).await, bench.effects("task_created").await.len());
    bench.clock.advance(1);
    let person = bench.team_of(&lead).await.pop().unwrap();
    bench.admin(Method::POST, "/owner", Some(&json!({ "lead": lead, "owner": person }))).await;
    let stats = bench.admin(Method::GET, "/stats", None).await.body["records"].clone();
    let reply = bench.composite(&decision(&lead, &owner, "k1", NOW)).await;
    assert_eq!(statuses(&reply.body), [400, 412, 400, 400]);
    assert_eq!(bench.field("Lead", &lead, "OwnerId").await, person.as_str());
    assert_eq!(bench.get("/sobjects/AI_Lead_Routing_Decision__c/Decision_Key__c/k1").await.status, 404);
    assert_eq!(bench.admin(Method::GET, "/stats", None).await.body["records"], stats);
    assert_eq!(bench.effects("task_created").await.len(), journal);
    // The key is free again, and nothing of the first attempt is in the way.
    let current = "Sun, 22 Nov 2026 09:00:01 GMT";
    assert_eq!(statuses(&bench.composite(&decision(&lead, &owner, "k1", current)).await.body), [201, 204, 201, 200]);
}

#[tokio::test]
async fn without_all_or_none_each_call_stands_for_itself() {
    let bench = Bench::start(small()).await;
    let post = |reference: &str, body: Json| json!({ "method": "POST", "url": "/services/data/v66.0/sobjects/Lead", "referenceId": reference, "body": body });
    let reply = bench
        .composite(&json!({ "compositeRequest": [
            post("good", json!({ "LastName": "A", "Company": "B" })),
            post("bad", json!({ "LastName": "A" })),
            { "method": "GET", "url": "/services/data/v66.0/sobjects/Lead/@{good.id}?fields=Name", "referenceId": "read" },
            { "method": "GET", "url": "/services/data/v66.0/sobjects/Lead/@{bad.id}", "referenceId": "lost" },
        ]}))
        .await;
    assert_eq!(statuses(&reply.body), [201, 400, 200, 400]);
    assert_eq!(reply.body["compositeResponse"][2]["body"]["Name"], "A");
    assert_eq!(reply.body["compositeResponse"][3]["body"][0]["errorCode"], "PROCESSING_HALTED");
}

#[tokio::test]
async fn malformed_composites_are_refused_as_a_whole() {
    let bench = Bench::start(small()).await;
    let get = |reference: &str, headers: Json| json!({ "method": "GET", "url": "/services/data/v66.0/limits", "referenceId": reference, "httpHeaders": headers });
    for requests in [
        json!([]),
        json!([get("a", json!({ "Authorization": "Bearer x" }))]),
        json!([get("a", json!({ "content-type": "application/json" }))]),
        json!([get("a-b", json!({}))]),
        json!([get("a", json!({})), get("a", json!({}))]),
        Json::Array((0..26).map(|n| get(&format!("r{n}"), json!({}))).collect()),
    ] {
        let reply = bench.composite(&json!({ "compositeRequest": requests })).await;
        assert_eq!(reply.status, 400, "{requests}");
    }
}

#[tokio::test]
async fn a_conditional_update_passes_until_the_record_changes() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let patch = async |condition: &str| {
        let request = bench.request(Method::PATCH, &format!("/sobjects/Lead/{lead}"));
        let request = request.header("Sforce-Auto-Assign", "FALSE").header("If-Unmodified-Since", condition);
        send(request.json(&json!({ "Title": "CEO" }))).await.status
    };
    assert_eq!(patch(NOW).await, 204);
    bench.clock.advance(1);
    assert_eq!(patch(NOW).await, 204, "still the second of the first change");
    assert_eq!(patch(NOW).await, 412);
    assert_eq!(patch("yesterday").await, 400);
    assert_eq!(patch("2026-11-22T09:00:01Z").await, 400);
}
