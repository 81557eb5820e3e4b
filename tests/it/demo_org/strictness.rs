//! What a real org refuses is refused.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::support::{Bench, send, small};

#[tokio::test]
async fn bodies_are_checked_field_by_field() {
    let bench = Bench::start(small()).await;
    let long = "x".repeat(256);
    let lead = |field: &str, value: Json| {
        let mut body = json!({ "LastName": "Doe", "Company": "Acme" });
        body[field] = value;
        body
    };
    for (body, code) in [
        (lead("Colour__c", json!("red")), "INVALID_FIELD"),
        (lead("Id", json!("00Q000000000001")), "INVALID_FIELD"),
        (lead("Company", json!(long)), "STRING_TOO_LONG"),
        (lead("AI_Routing_Reason__c", json!(long)), "STRING_TOO_LONG"),
        (lead("Company", Json::Null), "REQUIRED_FIELD_MISSING"),
        (lead("Company", json!("")), "REQUIRED_FIELD_MISSING"),
        (lead("Title", json!(5)), "JSON_PARSER_ERROR"),
        (lead("AnnualRevenue", json!("much")), "JSON_PARSER_ERROR"),
        (lead("AnnualRevenue", json!("5")), "JSON_PARSER_ERROR"),
        (lead("NumberOfEmployees", json!(1.5)), "JSON_PARSER_ERROR"),
        (lead("AI_Assigned__c", json!("true")), "JSON_PARSER_ERROR"),
        (lead("AI_Assigned__c", Json::Null), "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        (lead("AI_Win_Probability__c", json!(10.0)), "NUMBER_OUTSIDE_VALID_RANGE"),
        (lead("Email", json!("nobody")), "INVALID_EMAIL_ADDRESS"),
        (lead("IsConverted", json!(true)), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (lead("CreatedDate", json!("2026-11-22T09:00:00Z")), "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ] {
        let reply = bench.create("Lead", &body).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{body}: {reply:?}");
    }
    let decision = |field: &str, value: Json| json!({ field: value });
    for (body, code) in [
        (decision("Lead__c", json!("00QLb0999999999")), "INVALID_CROSS_REFERENCE_KEY"),
        (decision("Lead__c", json!("005Lb0000000003")), "MALFORMED_ID"),
        (decision("Decided_At__c", json!("yesterday")), "JSON_PARSER_ERROR"),
        (decision("Decision_Key__c", json!("x".repeat(65))), "STRING_TOO_LONG"),
    ] {
        let reply = bench.create("AI_Lead_Routing_Decision__c", &body).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{body}");
    }
    assert_eq!(bench.query("SELECT COUNT() FROM Lead WHERE IsConverted = false").await.body["totalSize"], 0);
}

#[tokio::test]
async fn leads_that_are_gone_or_converted_cannot_be_changed() {
    let bench = Bench::start(small()).await;
    let converted = bench.rows("SELECT Id FROM Lead WHERE IsConverted = true LIMIT 1").await.remove(0);
    let converted = converted["Id"].as_str().unwrap().to_owned();
    let reply = bench.update("Lead", &converted, &json!({ "Title": "CEO" })).await;
    assert_eq!((reply.status, reply.code()), (400, "CANNOT_UPDATE_CONVERTED_LEAD"));
    let task = bench.create("Task", &json!({ "WhoId": converted, "Subject": "Call" })).await;
    assert_eq!(task.code(), "CANNOT_UPDATE_CONVERTED_LEAD");

    let lead = bench.arrival().await;
    assert_eq!(send(bench.request(Method::DELETE, &format!("/sobjects/Lead/{lead}"))).await.status, 204);
    let reply = bench.update("Lead", &lead, &json!({ "Title": "CEO" })).await;
    assert_eq!((reply.status, reply.code()), (404, "ENTITY_IS_DELETED"));
    let audit = bench.create("AI_Lead_Routing_Decision__c", &json!({ "Lead__c": lead })).await;
    assert_eq!((audit.status, audit.code()), (400, "ENTITY_IS_DELETED"));
    for id in ["00QLb0999999999", "nonsense", "005Lb0000000003"] {
        assert_eq!(bench.update("Lead", id, &json!({ "Title": "CEO" })).await.code(), "NOT_FOUND", "{id}");
    }
}

#[tokio::test]
async fn queries_are_refused_with_the_code_of_what_is_wrong() {
    let bench = Bench::start(small()).await;
    for (soql, code) in [
        ("SELECT Colour__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Owner.Colour = 'red'", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Leads", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2026-11-22T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Company = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE OwnerId = 'nobody'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM LeadHistory WHERE NewValue = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Company = 'a' AND Title = 'b' OR Title = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Company = \"a\"", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Company = 'a", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead LIMIT -1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM Lead GROUP BY Id", "MALFORMED_QUERY"),
        ("SELECT FROM Lead", "MALFORMED_QUERY"),
        ("DELETE FROM Lead", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ] {
        let reply = bench.query(soql).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{soql}: {reply:?}");
    }
}

#[tokio::test]
async fn addresses_methods_and_media_types_are_checked() {
    let bench = Bench::start(small()).await;
    for (method, path, status) in [
        (Method::GET, "/sobjects/Leads/describe", 404),
        (Method::GET, "/nothing", 404),
        (Method::PUT, "/sobjects/Lead/00QLb0000000001", 405),
        (Method::POST, "/query?q=SELECT+Id+FROM+Lead", 405),
        (Method::GET, "/composite", 405),
        (Method::DELETE, "/limits", 405),
        (Method::GET, "/sobjects/Lead/Company/Acme", 404),
    ] {
        let reply = send(bench.request(method.clone(), path)).await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
    }
    let post = || bench.request(Method::POST, "/sobjects/Lead");
    assert_eq!(
        send(post().body("LastName=Doe").header("content-type", "application/x-www-form-urlencoded")).await.status,
        415
    );
    let json = |body: &'static str| post().header("content-type", "application/json").body(body);
    assert_eq!(send(json("{\"LastName\":")).await.code(), "JSON_PARSER_ERROR");
    assert_eq!(send(json("[1]")).await.code(), "JSON_PARSER_ERROR");
    assert_eq!(bench.query(&format!("SELECT Id FROM Lead WHERE Company = '{}'", "x".repeat(17_000))).await.status, 414);
    for object in ["User", "Group", "LeadHistory"] {
        assert_eq!(bench.create(object, &json!({})).await.code(), "INSUFFICIENT_ACCESS_OR_READONLY", "{object}");
    }
}

#[tokio::test]
async fn an_external_id_creates_once_and_then_changes() {
    let bench = Bench::start(small()).await;
    let path = "/sobjects/AI_Lead_Routing_Decision__c/Decision_Key__c/abc";
    let upsert =
        async |query: &str, body: Json| send(bench.request(Method::PATCH, &format!("{path}{query}")).json(&body)).await;
    assert_eq!(upsert("?updateOnly=true", json!({})).await.status, 404);
    let created = upsert("", json!({ "Verdict__c": "approve" })).await;
    assert_eq!((created.status, &created.body["created"]), (201, &json!(true)));
    let changed = upsert("", json!({ "Verdict__c": "override" })).await;
    assert_eq!(
        (changed.status, &changed.body["created"], &changed.body["id"]),
        (200, &json!(false), &created.body["id"])
    );
    assert_eq!(upsert("", json!({ "Decision_Key__c": "abc" })).await.code(), "INVALID_FIELD");
    for _ in 0..2 {
        bench.create("AI_Lead_Routing_Decision__c", &json!({ "Trace_Id__c": "twice" })).await;
    }
    let several = bench.get("/sobjects/AI_Lead_Routing_Decision__c/Trace_Id__c/twice").await;
    assert_eq!((several.status, several.body.as_array().unwrap().len()), (300, 2));
}
