//! The org's own rule, and who may own a lead.

use reqwest::Method;
use serde_json::json;

use super::support::{Bench, send, small};

#[tokio::test]
async fn the_rule_goes_round_the_active_team_of_the_territory() {
    let bench = Bench::start(small()).await;
    let body = json!({ "LastName": "Doe", "Company": "Acme", "Territory__c": "DACH" });
    let mut owners = Vec::new();
    let mut lead = String::new();
    for _ in 0..11 {
        let reply = send(bench.request(Method::POST, "/sobjects/Lead").json(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        lead = reply.body["id"].as_str().unwrap().to_owned();
        owners.push(bench.field("Lead", &lead, "OwnerId").await.as_str().unwrap().to_owned());
    }
    let team = bench.team_of(&lead).await;
    assert_eq!(team.len(), 10);
    assert_eq!(owners[..10], team);
    assert_eq!(owners[10], team[0]);
}

#[tokio::test]
async fn without_the_header_an_update_wakes_the_rule_and_with_it_not() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let chosen = bench.other_rep(&lead).await;
    assert_eq!(bench.update("Lead", &lead, &json!({ "OwnerId": chosen })).await.status, 204);
    assert_eq!(bench.field("Lead", &lead, "OwnerId").await, chosen.as_str());

    let path = format!("/sobjects/Lead/{lead}");
    let mut owners = std::collections::BTreeSet::new();
    for _ in 0..2 {
        assert_eq!(send(bench.request(Method::PATCH, &path).json(&json!({ "OwnerId": chosen }))).await.status, 204);
        owners.insert(bench.field("Lead", &lead, "OwnerId").await.as_str().unwrap().to_owned());
    }
    assert_eq!(owners.len(), 2, "the rule gave the lead to the next rep each time");
    let causes: Vec<_> = bench.effects("owner_changed").await.iter().map(|e| e["cause"].clone()).collect();
    assert_eq!(causes[..2], [json!("api"), json!("rule")]);
}

#[tokio::test]
async fn in_a_composite_the_header_counts_only_on_the_call_itself() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let chosen = bench.other_rep(&lead).await;
    let url = format!("/services/data/v66.0/sobjects/Lead/{lead}");
    let patch = |headers: serde_json::Value| {
        json!({ "compositeRequest": [
            { "method": "PATCH", "url": url, "referenceId": "a", "httpHeaders": headers, "body": { "OwnerId": chosen } }
        ]})
    };
    let outside = bench.request(Method::POST, "/composite").header("Sforce-Auto-Assign", "FALSE");
    send(outside.json(&patch(json!({})))).await;
    assert_eq!(bench.effects("owner_changed").await[0]["cause"], "rule");
    bench.composite(&patch(json!({ "Sforce-Auto-Assign": "FALSE" }))).await;
    assert_eq!(bench.field("Lead", &lead, "OwnerId").await, chosen.as_str());
}

#[tokio::test]
async fn an_owner_change_shows_in_history_as_names_and_as_ids() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let before = bench.field("Lead", &lead, "OwnerId").await;
    let chosen = bench.other_rep(&lead).await;
    bench.update("Lead", &lead, &json!({ "OwnerId": chosen })).await;
    let soql = format!(
        "SELECT DataType, OldValue, NewValue FROM LeadHistory WHERE LeadId = '{lead}' AND Field = 'Owner' ORDER BY Id"
    );
    let rows = bench.rows(&soql).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["NewValue"], bench.field("User", &chosen, "Name").await);
    assert_eq!((&rows[1]["OldValue"], &rows[1]["NewValue"]), (&before, &json!(chosen)));
}

#[tokio::test]
async fn only_those_who_can_own_leads_get_them() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let one = |row: Vec<serde_json::Value>| row[0]["Id"].as_str().unwrap().to_owned();
    let inactive = one(bench.rows("SELECT Id FROM User WHERE IsActive = false LIMIT 1").await);
    let robot =
        one(bench.rows("SELECT Id FROM User WHERE UserType = 'CloudIntegrationUser' ORDER BY Id DESC LIMIT 1").await);
    let queue = one(bench.rows("SELECT Id FROM Group WHERE DeveloperName = 'Leadboard_Manager'").await);
    for (owner, code) in [
        (inactive.as_str(), "INACTIVE_OWNER_OR_USER"),
        (robot.as_str(), "OP_WITH_INVALID_USER_TYPE_EXCEPTION"),
        (lead.as_str(), "MALFORMED_ID"),
        ("005Lb0999999999", "INVALID_CROSS_REFERENCE_KEY"),
        ("somebody", "MALFORMED_ID"),
    ] {
        let reply = bench.update("Lead", &lead, &json!({ "OwnerId": owner })).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{owner}");
    }
    assert_eq!(bench.update("Lead", &lead, &json!({ "OwnerId": queue })).await.status, 204);
    let row = bench.rows(&format!("SELECT Owner.Name, Owner.Type FROM Lead WHERE Id = '{lead}'")).await.remove(0);
    assert_eq!((&row["Owner"]["Name"], &row["Owner"]["Type"]), (&json!("Leadboard Manager"), &json!("Queue")));
}
