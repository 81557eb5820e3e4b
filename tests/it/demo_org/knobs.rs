//! Faults on demand: each is where a real org has it, is answered as a real org answers, and is counted.

use std::time::{Duration, Instant};

use leadboard::demo_org::{DemoOrgConfig, FaultPlan};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::support::{Bench, send, small};

async fn turn(bench: &Bench, faults: &str) {
    bench.admin(Method::POST, "/faults", Some(&json!({ "faults": faults }))).await;
}

async fn injected(bench: &Bench, knob: &str) -> u64 {
    bench.admin(Method::GET, "/faults", None).await.body["knobs"][knob]["injected"].as_u64().unwrap()
}

/// A write as leadboard makes it: decision record, owner, task.
fn decision(lead: &str, owner: &str, key: &str) -> Json {
    let headers = json!({ "Sforce-Auto-Assign": "FALSE" });
    let base = "/services/data/v66.0/sobjects";
    json!({ "allOrNone": true, "compositeRequest": [
        { "method": "POST", "url": format!("{base}/AI_Lead_Routing_Decision__c"), "referenceId": "audit",
          "httpHeaders": headers, "body": { "Decision_Key__c": key, "Trace_Id__c": key, "Lead__c": lead,
              "Assigned_Owner_Id__c": owner } },
        { "method": "PATCH", "url": format!("{base}/Lead/{lead}"), "referenceId": "lead", "httpHeaders": headers,
          "body": { "OwnerId": owner } },
        { "method": "POST", "url": format!("{base}/Task"), "referenceId": "task", "httpHeaders": headers,
          "body": { "WhoId": lead, "OwnerId": owner, "Subject": "Call" } },
    ] })
}

/// Whether an exchange ended without a whole answer.
async fn breaks(request: reqwest::RequestBuilder) -> bool {
    match request.send().await {
        Err(_) => true,
        Ok(mut response) => loop {
            match response.chunk().await {
                Err(_) => return true,
                Ok(None) => return false,
                Ok(Some(_)) => {}
            }
        },
    }
}

#[tokio::test]
async fn edge_faults_are_answered_as_the_edge_does() {
    let config = DemoOrgConfig { retry_after: Some(7), ..small() };
    let mut bench = Bench::start(config).await;
    bench.clock.advance(5);
    turn(&bench, "daily_limit=1").await;
    let refused = bench.get("/limits").await;
    assert_eq!((refused.status, refused.code()), (403, "REQUEST_LIMIT_EXCEEDED"));
    assert!(refused.body[0]["message"].as_str().unwrap().contains("TotalRequests"));
    assert_eq!(refused.headers["retry-after"], "7");
    turn(&bench, "concurrent_limit=1").await;
    let refused = bench.get("/limits").await;
    assert!(refused.body[0]["message"].as_str().unwrap().contains("Concurrent"), "{refused:?}");
    turn(&bench, "expired_token=1").await;
    assert_eq!(bench.get("/limits").await.code(), "INVALID_SESSION_ID");
    assert_eq!(bench.get("/limits").await.status, 401, "the session is over, not only the call");
    bench.log_in().await;
    turn(&bench, "expired_token=1").await;
    assert_eq!(bench.get("/limits").await.status, 200, "a token does not expire in the moment it is issued");
    turn(&bench, "expired_token=0,unavailable=1").await;
    let page = bench.request(Method::GET, "/limits").send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()),
        (503, "text/html;charset=UTF-8")
    );
    for knob in ["daily_limit", "concurrent_limit", "expired_token", "unavailable"] {
        assert_eq!(injected(&bench, knob).await, 1, "{knob}");
    }
}

#[tokio::test]
async fn cut_connections_differ_in_what_was_done() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    let (rep, mut recorded) = (bench.other_rep(&lead).await, 0);
    for (knob, done) in [("reset", 0), ("commit_then_drop", 1), ("truncated", 1)] {
        turn(&bench, &format!("none,{knob}=1")).await;
        let write = bench.request(Method::POST, "/composite").json(&decision(&lead, &rep, knob));
        assert!(breaks(write).await, "{knob} answers");
        recorded += done;
        assert_eq!(bench.effects("decision_recorded").await.len(), recorded, "{knob}");
    }
    turn(&bench, "none,late_write=1").await;
    assert!(breaks(bench.request(Method::POST, "/composite").json(&decision(&lead, &rep, "late"))).await);
    let deadline = Instant::now() + Duration::from_secs(30);
    while bench.effects("decision_recorded").await.len() == recorded {
        assert!(Instant::now() < deadline, "the late write never happens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bench.admin(Method::GET, "/faults", None).await.body["under_way"], 0);
}

#[tokio::test]
async fn people_are_faster_than_a_write_and_the_journal_tells_who_moved_what() {
    let bench = Bench::start(small()).await;
    let leads = bench.arrivals(6).await;
    for (lead, knob, effect) in [
        (&leads[0], "taken", "owner_changed"),
        (&leads[1], "converted", "lead_converted"),
        (&leads[2], "merged", "lead_merged"),
        (&leads[3], "deleted", "lead_deleted"),
    ] {
        let before = bench.effects(effect).await.len();
        bench.clock.advance(2);
        let stamp = "Sun, 22 Nov 2026 09:00:00 GMT";
        turn(&bench, &format!("none,{knob}=1")).await;
        let mut write = decision(lead, &bench.other_rep(lead).await, knob);
        write["compositeRequest"][1]["httpHeaders"]["If-Unmodified-Since"] = stamp.into();
        let answer = bench.composite(&write).await;
        let refused =
            answer.body["compositeResponse"].as_array().unwrap().iter().all(|step| step["httpStatusCode"] != 204);
        assert!(refused, "{knob}: {answer:?}");
        assert_eq!(bench.effects(effect).await.len(), before + 1, "{knob}");
        assert_eq!(injected(&bench, knob).await, 1);
    }
    turn(&bench, "none,owner_trigger=1").await;
    let rep = bench.other_rep(&leads[4]).await;
    bench.composite(&decision(&leads[4], &rep, "moved")).await;
    let moves = bench.effects("owner_changed").await;
    let causes: Vec<&Json> = moves.iter().map(|effect| &effect["cause"]).collect();
    assert_eq!(causes, ["person", "api", "trigger"]);
    assert_eq!((&moves[0]["decision"], &moves[1]["decision"]), (&Json::Null, &json!("moved")));
    assert_eq!(bench.effects("task_created").await[0]["decision"], "moved");
    assert_ne!(bench.field("Lead", &leads[4], "OwnerId").await, rep);
}

#[tokio::test]
async fn rows_are_locked_so_often_as_asked_and_pages_are_short_and_die() {
    let bench = Bench::start(small()).await;
    let lead = bench.arrival().await;
    turn(&bench, "locked_row=2").await;
    let edit = json!({ "Rating": "Hot" });
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(bench.update("Lead", &lead, &edit).await.status);
    }
    assert_eq!(seen, [400, 400, 204]);
    turn(&bench, "short_page=1,dead_locator=1").await;
    let page = bench.query("SELECT Id FROM Lead").await;
    assert!(page.body["records"].as_array().unwrap().len() <= 60 && page.body["done"] == false, "{page:?}");
    let next = page.body["nextRecordsUrl"].as_str().unwrap();
    let dead = send(bench.http.get(bench.address(next)).bearer_auth(&bench.token)).await;
    assert_eq!(dead.code(), "INVALID_QUERY_LOCATOR");
}

#[tokio::test]
async fn late_leads_bear_the_stamps_of_their_beginning_and_many_may_bear_one() {
    let bench = Bench::start(small()).await;
    turn(&bench, "late_commit=1").await;
    let answer = bench.admin(Method::POST, "/arrivals", Some(&json!({ "count": 3 }))).await.body;
    assert_eq!((answer["leads"].as_array().unwrap().len(), &answer["late"]), (2, &json!(1)));
    bench.clock.advance(60);
    turn(&bench, "none").await;
    let rows = bench.rows("SELECT Id, SystemModstamp FROM Lead WHERE CreatedDate >= 2026-11-22T09:00:00Z").await;
    assert_eq!(rows.len(), 3, "nothing is late any more");
    assert!(rows.iter().all(|row| row["SystemModstamp"] == "2026-11-22T09:00:00.000+0000"), "{rows:?}");
    turn(&bench, "ties=1").await;
    bench.arrivals(40).await;
    let soql = "SELECT COUNT() FROM Lead WHERE SystemModstamp = 2026-11-22T09:01:00Z";
    assert_eq!(bench.query(soql).await.body["totalSize"], 43);
    let moved = "SELECT COUNT() FROM Lead WHERE LastModifiedDate = 2026-11-22T09:01:00Z";
    assert_eq!(bench.query(moved).await.body["totalSize"], 40, "nobody edited them");
}

#[tokio::test]
async fn knobs_are_set_at_the_start_too_and_wrong_ones_are_refused() {
    let config =
        DemoOrgConfig { faults: "slow=0.5,locked_row=1".parse::<FaultPlan>().unwrap(), fault_seed: 5, ..small() };
    let bench = Bench::start(config).await;
    let report = bench.admin(Method::GET, "/faults", None).await.body;
    assert_eq!((&report["seed"], &report["knobs"]["slow"]["dial"]), (&json!(5), &json!("0.5")));
    let request = bench.http.post(bench.address("/demo/faults"));
    let token = bench.org.credentials().admin_token.clone();
    let reply = send(request.header("X-Demo-Admin-Token", token).json(&json!({ "faults": "lokked" }))).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body[0]["message"].as_str().unwrap().contains("locked_row"), "{reply:?}");
}
