//! Queries over the wire.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use super::support::{Bench, send, small};

#[tokio::test]
async fn pages_cover_everything_once() {
    let bench = Bench::start(small()).await;
    let request = bench.request(Method::GET, "/query/").query(&[("q", "SELECT Id FROM Lead ORDER BY CreatedDate")]);
    let mut reply = send(request.header("Sforce-Query-Options", "batchSize=1")).await;
    let mut seen = BTreeSet::new();
    let mut sizes = Vec::new();
    loop {
        assert_eq!(reply.body["totalSize"], 300);
        let records = reply.body["records"].as_array().unwrap();
        sizes.push(records.len());
        seen.extend(records.iter().map(|record| record["Id"].as_str().unwrap().to_owned()));
        let Some(next) = reply.body["nextRecordsUrl"].as_str() else { break };
        assert!(next.starts_with("/services/data/v66.0/query/01g"), "{next}");
        reply = send(bench.http.get(bench.address(next)).bearer_auth(&bench.token)).await;
    }
    assert_eq!((sizes, seen.len()), (vec![200, 100], 300));
    assert_eq!(bench.get("/query/01g000000000001-2000").await.code(), "INVALID_QUERY_LOCATOR");
}

#[tokio::test]
async fn parents_come_nested() {
    let bench = Bench::start(small()).await;
    let soql = "SELECT Id, Owner.Name, Owner.Type, ConvertedOpportunity.IsWon, ConvertedOpportunity.Owner.Name FROM Lead \
                WHERE IsConverted = true AND ConvertedOpportunity.IsWon = true ORDER BY Id LIMIT 1";
    let row = bench.rows(soql).await.remove(0);
    assert_eq!(row["Owner"]["attributes"]["type"], "Name");
    assert_eq!(row["Owner"]["Type"], "User");
    assert_eq!(row["ConvertedOpportunity"]["IsWon"], true);
    assert_eq!(row["ConvertedOpportunity"]["Owner"]["Name"], row["Owner"]["Name"]);
    let open = bench.arrival().await;
    let row = bench.rows(&format!("SELECT ConvertedOpportunity.Amount FROM Lead WHERE Id = '{open}'")).await.remove(0);
    assert!(row["ConvertedOpportunity"].is_null());
}

#[tokio::test]
async fn columns_are_told_instead_of_rows() {
    let bench = Bench::start(small()).await;
    let soql = "SELECT Id, Owner.Name, AI_Assigned__c, Owner.Type FROM Lead";
    let request = bench.request(Method::GET, "/query").query(&[("q", soql), ("columns", "true")]);
    let told = send(request).await.body;
    assert_eq!((told["entityName"].as_str(), told["idSelected"].as_bool()), (Some("Lead"), Some(true)));
    let names = |columns: &serde_json::Value| -> Vec<String> {
        columns.as_array().unwrap().iter().map(|column| column["columnName"].as_str().unwrap().to_owned()).collect()
    };
    let columns = &told["columnMetadata"];
    assert_eq!(names(columns), ["Id", "Owner", "AI_Assigned__c"]);
    assert_eq!(names(&columns[1]["joinColumns"]), ["Name", "Type"]);
    assert!(told.get("records").is_none());
}

#[tokio::test]
async fn a_poller_sees_a_change_and_ties_are_kept_apart_by_id() {
    let bench = Bench::start(small()).await;
    bench.clock.advance(60);
    let leads = bench.arrivals(5).await;
    let modstamp = "2026-11-22T09:01:00Z";
    let all = bench
        .rows(&format!(
            "SELECT Id, SystemModstamp FROM Lead WHERE SystemModstamp >= {modstamp} ORDER BY SystemModstamp, Id"
        ))
        .await;
    let ids: Vec<&str> = all.iter().map(|row| row["Id"].as_str().unwrap()).collect();
    assert_eq!(ids, leads);
    assert_eq!(all[0]["SystemModstamp"], "2026-11-22T09:01:00.000+0000");
    let keyset = format!(
        "SELECT Id FROM Lead WHERE (SystemModstamp = {modstamp} AND Id > '{}') OR SystemModstamp > {modstamp} \
         ORDER BY SystemModstamp, Id LIMIT 2",
        leads[1]
    );
    let rest = bench.rows(&keyset).await;
    assert_eq!(rest.iter().map(|row| row["Id"].as_str().unwrap()).collect::<Vec<_>>(), &leads[2..4]);
}

#[tokio::test]
async fn updated_and_deleted_ignore_seconds_and_end_now() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    bench.clock.advance(3 * 60);
    let span = "start=2026-11-22T08:59:30Z&end=2026-11-22T10:00:00%2B00:00";
    let updated = bench.get(&format!("/sobjects/Lead/updated/?{span}")).await;
    assert_eq!(updated.body, json!({ "ids": [lead], "latestDateCovered": "2026-11-22T09:03:00.000+0000" }));
    assert_eq!(send(bench.request(Method::DELETE, &format!("/sobjects/Lead/{lead}"))).await.status, 204);
    bench.clock.advance(60);
    let deleted = bench.get(&format!("/sobjects/Lead/deleted?{span}")).await;
    assert_eq!(deleted.body["deletedRecords"], json!([{ "id": lead, "deletedDate": "2026-11-22T09:03:00.000+0000" }]));
    let too_old = bench.get("/sobjects/Lead/updated?start=2026-01-01T00:00:00Z&end=2026-11-22T10:00:00Z").await;
    assert_eq!(too_old.code(), "INVALID_REPLICATION_DATE");
    let count = format!("SELECT COUNT() FROM Lead WHERE Id = '{lead}'");
    assert_eq!(bench.query(&count).await.body["totalSize"], 0);
    let all = send(bench.request(Method::GET, "/queryAll").query(&[("q", count)])).await;
    assert_eq!(all.body["totalSize"], 1);
}

#[tokio::test]
async fn what_leadboard_needs_is_described() {
    let bench = Bench::start(small()).await;
    for (object, fields) in [
        (
            "Lead",
            vec![
                "Territory__c",
                "Product_Interest__c",
                "Expected_Amount__c",
                "AI_Assigned__c",
                "AI_Win_Probability__c",
            ],
        ),
        ("User", vec!["Territory__c", "IsActive"]),
        ("AI_Lead_Routing_Decision__c", vec!["Decision_Key__c", "Trace_Id__c", "Lead__c", "Assigned_Rep__c"]),
    ] {
        let reply = bench.get(&format!("/sobjects/{object}/describe")).await;
        let described = reply.body["fields"].as_array().unwrap();
        for field in fields {
            assert!(described.iter().any(|f| f["name"] == field), "{object}.{field}");
        }
    }
    let decision = bench.get("/sobjects/AI_Lead_Routing_Decision__c/describe").await;
    let key =
        decision.body["fields"].as_array().unwrap().iter().find(|f| f["name"] == "Decision_Key__c").unwrap().clone();
    let expected = (json!(64), json!(true), json!(true), json!(true));
    assert_eq!(
        (key["length"].clone(), key["unique"].clone(), key["externalId"].clone(), key["caseSensitive"].clone()),
        expected
    );
    let queues = bench.rows("SELECT Id, DeveloperName FROM Group WHERE Type = 'Queue' ORDER BY DeveloperName").await;
    let names: Vec<_> = queues.iter().map(|queue| queue["DeveloperName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Leadboard_Default", "Leadboard_Manager"]);
    let queue = queues[0]["Id"].as_str().unwrap();
    let enabled = format!("SELECT Id FROM QueueSobject WHERE QueueId = '{queue}' AND SobjectType = 'Lead'");
    assert_eq!(bench.rows(&enabled).await.len(), 1);
}
