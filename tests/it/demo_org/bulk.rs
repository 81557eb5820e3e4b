//! Bulk API 2.0 over the wire.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::support::{Bench, Reply, send, small};

/// A query job that must be accepted; its id.
async fn query(bench: &Bench, soql: &str) -> String {
    let reply = post(bench, "query", &json!({ "operation": "query", "query": soql })).await;
    assert_eq!((reply.status, &reply.body["state"]), (200, &json!("UploadComplete")), "{reply:?}");
    reply.body["id"].as_str().unwrap().to_owned()
}

async fn post(bench: &Bench, kind: &str, body: &Json) -> Reply {
    send(bench.request(Method::POST, &format!("/jobs/{kind}")).json(body)).await
}

/// Looks at a job until it has ended; the states on the way and the last answer.
async fn until_ended(bench: &Bench, kind: &str, id: &str) -> (Vec<String>, Json) {
    let mut states: Vec<String> = Vec::new();
    loop {
        let reply = bench.get(&format!("/jobs/{kind}/{id}")).await;
        states.push(reply.body["state"].as_str().unwrap().to_owned());
        if !["UploadComplete", "InProgress"].contains(&states.last().unwrap().as_str()) {
            return (states, reply.body);
        }
        assert!(states.len() < 10, "{states:?}");
    }
}

/// An answer that is CSV: its lines and its headers.
async fn csv(bench: &Bench, path: &str) -> (Vec<Vec<String>>, reqwest::header::HeaderMap) {
    let mut response = bench.request(Method::GET, path).send().await.unwrap();
    let headers = response.headers().clone();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    (reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect(), headers)
}

#[tokio::test]
async fn a_query_job_goes_through_its_states_and_gives_its_results_file_by_file() {
    let bench = Bench::start(small()).await;
    let id = query(&bench, "SELECT Id, Company, ConvertedOpportunity.IsWon FROM Lead WHERE IsConverted = true").await;
    assert!(id.starts_with("750"));
    let early = bench.get(&format!("/jobs/query/{id}/results")).await;
    assert_eq!((early.status, early.code()), (400, "INVALIDJOBSTATE"));
    let (states, job) = until_ended(&bench, "query", &id).await;
    assert_eq!(states, ["UploadComplete", "InProgress", "JobComplete"]);
    assert_eq!((&job["jobType"], &job["numberRecordsProcessed"]), (&json!("V2Query"), &json!(300)));
    assert_eq!((&job["isPkChunkingSupported"], &job["apiVersion"]), (&json!(true), &json!(66.0)));

    let (mut ids, mut sizes, mut locator) = (BTreeSet::new(), Vec::new(), String::new());
    loop {
        let path = format!("/jobs/query/{id}/results?maxRecords=130{locator}");
        let (rows, headers) = csv(&bench, &path).await;
        assert_eq!(rows[0], ["Id", "Company", "ConvertedOpportunity.IsWon"]);
        assert!(rows.iter().skip(1).all(|row| ["true", "false"].contains(&row[2].as_str())));
        sizes.push(rows.len() - 1);
        assert_eq!(headers["sforce-numberofrecords"].to_str().unwrap(), (rows.len() - 1).to_string());
        ids.extend(rows.into_iter().skip(1).map(|row| row[0].clone()));
        match headers["sforce-locator"].to_str().unwrap() {
            "null" => break,
            next => locator = format!("&locator={next}"),
        }
    }
    assert_eq!((sizes, ids.len()), (vec![130, 130, 40], 300));

    let address = bench.address(&format!("/services/data/v65.0/jobs/query/{id}/results"));
    let other = send(bench.http.get(address).bearer_auth(&bench.token)).await;
    assert_eq!(other.status, 409, "results of another version than the job's");
    let wrong = bench.get(&format!("/jobs/query/{id}/results?locator=bm8")).await;
    assert_eq!(wrong.code(), "INVALID_QUERY_LOCATOR");
    let pages = bench.get(&format!("/jobs/query/{id}/resultPages")).await;
    assert_eq!((pages.body["resultPages"].as_array().unwrap().len(), &pages.body["done"]), (1, &json!(true)));
    assert_eq!(send(bench.request(Method::DELETE, &format!("/jobs/query/{id}"))).await.status, 204);
    assert_eq!(bench.get(&format!("/jobs/query/{id}")).await.status, 404);
}

#[tokio::test]
async fn what_bulk_queries_cannot_do_is_refused() {
    let bench = Bench::start(small()).await;
    for soql in [
        "SELECT COUNT() FROM Lead",
        "SELECT LeadSource, COUNT(Id) FROM Lead GROUP BY LeadSource",
        "SELECT MAX(AnnualRevenue) FROM Lead",
        "SELECT Id FROM Lead LIMIT 5 OFFSET 5",
        "SELECT Id, (SELECT Id FROM Tasks) FROM Lead",
        "SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead",
        "SELECT Colour__c FROM Lead",
        "",
    ] {
        let reply = post(&bench, "query", &json!({ "operation": "query", "query": soql })).await;
        assert_eq!(reply.status, 400, "{soql}: {reply:?}");
    }
    let ask = json!({ "operation": "query", "query": "SELECT Id FROM Lead", "columnDelimeter": "TAB" });
    assert_eq!(post(&bench, "query", &ask).await.code(), "JSON_PARSER_ERROR");
    let sorted = query(&bench, "SELECT Id FROM Lead ORDER BY Id LIMIT 10").await;
    let (_, job) = until_ended(&bench, "query", &sorted).await;
    assert_eq!((&job["numberRecordsProcessed"], &job["isPkChunkingSupported"]), (&json!(10), &json!(false)));
}

#[tokio::test]
async fn a_job_can_be_aborted_or_fail_and_has_no_results_then() {
    let bench = Bench::start(small()).await;
    let id = query(&bench, "SELECT Id FROM Lead").await;
    let abort = bench.request(Method::PATCH, &format!("/jobs/query/{id}")).json(&json!({ "state": "Aborted" }));
    assert_eq!(send(abort).await.body["state"], "Aborted");
    assert_eq!(bench.get(&format!("/jobs/query/{id}/results")).await.code(), "INVALIDJOBSTATE");
    let again = bench.request(Method::PATCH, &format!("/jobs/query/{id}")).json(&json!({ "state": "Aborted" }));
    assert_eq!(send(again).await.code(), "INVALIDJOBSTATE");

    bench.admin(Method::POST, "/fail_jobs", Some(&json!({ "count": 1 }))).await;
    let id = query(&bench, "SELECT Id FROM Lead").await;
    let (states, job) = until_ended(&bench, "query", &id).await;
    assert_eq!(states, ["UploadComplete", "InProgress", "Failed"]);
    assert!(job["errorMessage"].is_string());
    let id = query(&bench, "SELECT Id FROM Lead").await;
    assert_eq!(until_ended(&bench, "query", &id).await.0.last().unwrap(), "JobComplete");
}

/// Uploads, runs and ends a job that writes.
async fn ingest(bench: &Bench, job: &Json, data: &str) -> (String, Json) {
    let made = post(bench, "ingest", job).await;
    assert_eq!((made.status, &made.body["state"]), (200, &json!("Open")), "{made:?}");
    let (id, place) = (made.body["id"].as_str().unwrap(), made.body["contentUrl"].as_str().unwrap());
    assert!(!place.starts_with('/'), "{place}");
    let upload = bench.http.put(bench.address(&format!("/{place}"))).bearer_auth(&bench.token);
    let upload = send(upload.header("content-type", "text/csv").body(data.to_owned())).await;
    assert_eq!((upload.status, upload.body), (201, Json::Null));
    let close = bench.request(Method::PATCH, &format!("/jobs/ingest/{id}")).json(&json!({ "state": "UploadComplete" }));
    assert_eq!(send(close).await.body["state"], "UploadComplete");
    let (_, job) = until_ended(bench, "ingest", id).await;
    (id.to_owned(), job)
}

#[tokio::test]
async fn rows_are_written_each_for_itself() {
    let bench = Bench::start(small()).await;
    let insert = json!({ "object": "Lead", "operation": "insert", "lineEnding": "LF" });
    let data = "LastName,Company,AnnualRevenue,Title\nOne,\"A, B \"\"C\"\"\",1.5,x\nTwo,,2,x\nThree,D,much,x\n";
    let (id, job) = ingest(&bench, &insert, data).await;
    assert_eq!((&job["numberRecordsProcessed"], &job["numberRecordsFailed"]), (&json!(3), &json!(2)));
    let (good, _) = csv(&bench, &format!("/jobs/ingest/{id}/successfulResults")).await;
    assert_eq!(good[0], ["sf__Id", "sf__Created", "LastName", "Company", "AnnualRevenue", "Title"]);
    assert_eq!((good.len(), &good[1][1..3]), (2, &["true".to_owned(), "One".to_owned()][..]));
    let lead = good[1][0].clone();
    assert_eq!(bench.field("Lead", &lead, "Company").await, "A, B \"C\"");
    let (bad, _) = csv(&bench, &format!("/jobs/ingest/{id}/failedResults/")).await;
    assert_eq!((bad.len(), bad[1][2].as_str()), (3, "Two"));
    assert!(bad[1][1].starts_with("REQUIRED_FIELD_MISSING:"), "{bad:?}");
    assert_eq!(bench.effects("owner_changed").await.len(), 0, "no rule was named, so none ran");

    // An empty cell is left alone, `#N/A` empties the field.
    let update = json!({ "object": "Lead", "operation": "update" });
    let (_, job) = ingest(&bench, &update, &format!("Id,Company,Title\n{lead},,#N/A\n00QLb0999999999AAA,x,y\n")).await;
    assert_eq!((&job["numberRecordsProcessed"], &job["numberRecordsFailed"]), (&json!(2), &json!(1)));
    assert_eq!(bench.field("Lead", &lead, "Company").await, "A, B \"C\"");
    assert_eq!(bench.field("Lead", &lead, "Title").await, Json::Null);

    let object = "AI_Lead_Routing_Decision__c";
    let upsert = json!({ "object": object, "operation": "upsert", "externalIdFieldName": "Decision_Key__c" });
    for (reason, made) in [("first", "true"), ("second", "false")] {
        let data = format!("Decision_Key__c,Lead__c,Reason__c\nk-1,{lead},{reason}\n");
        let (id, _) = ingest(&bench, &upsert, &data).await;
        let (rows, _) = csv(&bench, &format!("/jobs/ingest/{id}/successfulResults")).await;
        assert_eq!(rows[1][1], made);
    }
    let rows = bench.rows(&format!("SELECT Reason__c FROM {object} WHERE Decision_Key__c = 'k-1'")).await;
    assert_eq!((rows.len(), &rows[0]["Reason__c"]), (1, &json!("second")));
    for job in [
        json!({ "object": "Nothing", "operation": "insert" }),
        json!({ "object": "User", "operation": "insert" }),
        json!({ "object": "Lead", "operation": "hardDelete" }),
        json!({ "object": "Lead", "operation": "upsert" }),
        json!({ "object": "Lead", "operation": "upsert", "externalIdFieldName": "Company" }),
    ] {
        assert_eq!(post(&bench, "ingest", &job).await.status, 400, "{job}");
    }
}
