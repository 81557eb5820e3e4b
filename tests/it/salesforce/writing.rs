//! One decision, one effect: whatever answers, breaks or stays silent.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use leadboard::app::ports::{Crm, CrmError, WriteOutcome};
use leadboard::crm::salesforce::Salesforce;
use leadboard::domain::effect::{DecisionWrite, Rung, TaskWrite};
use leadboard::domain::ids::{DecisionKey, LeadId, QueueId, RepId, TraceId};
use leadboard::domain::lead::Owner;
use serde_json::{Value, json};

use super::org::{Org, Reply, Seen};
use super::{WrongClock, at, config, limits, salesforce};

const LEAD: &str = "00Q000000000001EAA";
const OLD: &str = "005000000000001AAA";
const NEW: &str = "005000000000002AAA";
const OTHER: &str = "005000000000003AAA";
const MODIFIED: &str = "2026-11-22T11:00:00.000+0000";
const MODIFIED_HTTP: &str = "Sun, 22 Nov 2026 11:00:00 GMT";

fn rep(id: &str) -> Owner {
    Owner::Rep(RepId::new(id))
}

/// A decision that gives a lead to another rep.
pub(super) fn decision() -> DecisionWrite {
    DecisionWrite {
        key: DecisionKey::new("5f0c"),
        trace_id: "01934c1e-0000-7000-8000-000000000001".parse::<TraceId>().unwrap(),
        lead_id: LeadId::new(LEAD),
        expected_owner: rep(OLD),
        expected_modified_at: at("2026-11-22T11:00:00Z"),
        owner: rep(NEW),
        ai_assigned: true,
        reason: "Best chance".into(),
        reason_code: "model_pick".into(),
        verdict: "approve".into(),
        p_win: Some(0.412_34),
        legacy_owner: rep(OLD),
        model: "m-1".into(),
        decided_by: "ada".into(),
        decided_at: at("2026-11-22T11:30:00Z"),
        task: Some(TaskWrite { subject: "Call".into(), description: "Why".into(), due_at: at("2026-11-23T15:00:00Z") }),
        source: None,
        urgent: false,
        rung: Rung::Whole,
        return_reason: None,
    }
}

/// A lead as a GET shows it.
fn lead(owner: &str, modified: &str, converted: bool) -> Value {
    json!({"attributes": {"type": "Lead"}, "OwnerId": owner, "LastModifiedDate": modified,
        "SystemModstamp": modified, "IsConverted": converted})
}

/// The answer to a composite that took effect, for the subrequests it had.
pub(super) fn applied(seen: &Seen) -> Reply {
    let entries: Vec<Value> = seen.json()["compositeRequest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let (status, body) = match step["method"].as_str().unwrap() {
                "POST" => (201, json!({"id": "a00000000000001AAA", "success": true, "errors": []})),
                "PATCH" => (204, Value::Null),
                _ => (200, lead(NEW, "2026-11-22T12:00:00.000+0000", false)),
            };
            json!({"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": step["referenceId"]})
        })
        .collect();
    Reply::Json(200, json!({"compositeResponse": entries}))
}

/// The answer to a composite of which one step failed.
fn failed(seen: &Seen, step: &str, status: u16, body: &Value) -> Reply {
    let halted = json!([{"errorCode": "PROCESSING_HALTED", "message": "halted"}]);
    let entries: Vec<Value> = seen.json()["compositeRequest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            let (status, body) = if s["referenceId"] == step { (status, body) } else { (400, &halted) };
            json!({"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": s["referenceId"]})
        })
        .collect();
    Reply::Json(200, json!({"compositeResponse": entries}))
}

fn error(code: &str) -> Value {
    json!([{"errorCode": code, "message": "in words"}])
}

fn is_lookup(seen: &Seen) -> bool {
    seen.path == "/services/data/v66.0/sobjects/AI_Lead_Routing_Decision__c/Decision_Key__c/5f0c"
}

fn is_reread(seen: &Seen) -> bool {
    seen.method == Method::GET && seen.path == format!("/services/data/v66.0/sobjects/Lead/{LEAD}")
}

#[tokio::test]
async fn a_decision_is_one_call_that_says_everything() {
    let org = Org::start(|seen| seen.is_composite().then(|| applied(seen))).await;
    let crm = salesforce(org.url());
    let outcome = crm.apply(&decision()).await.unwrap();
    let stamp = at("2026-11-22T12:00:00Z");
    assert_eq!(
        outcome,
        WriteOutcome::Applied { owner_after: rep(NEW), modified_at: stamp, modstamp: stamp, source: None }
    );
    assert_eq!((org.data_calls(), crm.usage().calls_made), (1, 1));

    let seen = org.log().into_iter().find(Seen::is_composite).unwrap();
    assert_eq!((seen.method.as_str(), seen.header("sforce-auto-assign")), ("POST", "FALSE"));
    let body = seen.json();
    assert_eq!((&body["allOrNone"], &body["collateSubrequests"]), (&json!(true), &json!(false)));
    let steps = body["compositeRequest"].as_array().unwrap();
    let references: Vec<&str> = steps.iter().map(|s| s["referenceId"].as_str().unwrap()).collect();
    assert_eq!(references, ["audit", "guard", "lead", "task", "after"]);
    for step in steps {
        let headers = step["httpHeaders"].as_object().unwrap();
        assert_eq!(headers["Sforce-Auto-Assign"], "FALSE", "rules would wake without it: {step}");
        assert!(!headers.keys().any(|h| h.eq_ignore_ascii_case("authorization")));
    }
    assert_eq!(
        steps[0],
        json!({
            "method": "POST", "referenceId": "audit", "httpHeaders": {"Sforce-Auto-Assign": "FALSE"},
            "url": "/services/data/v66.0/sobjects/AI_Lead_Routing_Decision__c",
            "body": {
                "Decision_Key__c": "5f0c", "Trace_Id__c": "01934c1e-0000-7000-8000-000000000001", "Lead__c": LEAD,
                "Assigned_Owner_Id__c": NEW, "Assigned_Rep__c": NEW, "Legacy_Owner_Id__c": OLD,
                "Verdict__c": "approve", "Reason_Code__c": "model_pick", "Reason__c": "Best chance",
                "Win_Probability__c": 0.4123, "Model__c": "m-1", "Decided_By__c": "ada",
                "Decided_At__c": "2026-11-22T11:30:00Z",
            },
        })
    );
    let guard = format!(
        "/services/data/v66.0/query?q=SELECT+Id+FROM+Lead+WHERE+Id+%3D+%27{LEAD}%27+AND+OwnerId+%3D+%27{OLD}%27+AND+\
         IsConverted+%3D+false"
    );
    assert_eq!((&steps[1]["method"], &steps[1]["url"]), (&json!("GET"), &json!(guard)));
    assert_eq!(
        steps[2],
        json!({
            "method": "PATCH", "referenceId": "lead",
            "url": "/services/data/v66.0/sobjects/Lead/@{guard.records[0].Id}",
            "httpHeaders": {"Sforce-Auto-Assign": "FALSE", "If-Unmodified-Since": MODIFIED_HTTP},
            "body": {"OwnerId": NEW, "AI_Assigned__c": true, "AI_Routing_Reason__c": "Best chance",
                "AI_Win_Probability__c": 0.4123},
        })
    );
    assert_eq!(steps[3]["body"]["WhoId"], LEAD);
    assert_eq!(steps[3]["body"]["OwnerId"], NEW);
    assert_eq!(steps[3]["body"]["ActivityDate"], "2026-11-23");
    assert_eq!(steps[4]["method"], "GET");
}

#[tokio::test]
async fn a_kept_owner_is_recorded_but_not_written() {
    let org = Org::start(|seen| seen.is_composite().then(|| applied(seen))).await;
    let keep = DecisionWrite { owner: rep(OLD), ai_assigned: false, task: None, p_win: None, ..decision() };
    salesforce(org.url()).apply(&keep).await.unwrap();
    let body = org.log().into_iter().find(Seen::is_composite).unwrap().json();
    let steps = body["compositeRequest"].as_array().unwrap();
    assert_eq!(steps.len(), 4);
    assert_eq!(steps[0]["body"]["Assigned_Owner_Id__c"], OLD);
    let ai = json!({"AI_Assigned__c": false, "AI_Routing_Reason__c": "Best chance", "AI_Win_Probability__c": null});
    assert_eq!(steps[2]["body"], ai);
    assert_eq!(steps[2]["httpHeaders"]["If-Unmodified-Since"], MODIFIED_HTTP);
}

#[tokio::test]
async fn the_reason_of_who_gave_it_back_is_cleared_for_the_next() {
    let org = Org::start(|seen| seen.is_composite().then(|| applied(seen))).await;
    let next = DecisionWrite { return_reason: Some("no time".into()), ..decision() };
    salesforce(org.url()).apply(&next).await.unwrap();
    let body = org.log().into_iter().find(Seen::is_composite).unwrap().json();
    assert_eq!(body["compositeRequest"][2]["body"]["AI_Return_Reason__c"], Value::Null);
    assert!(body["compositeRequest"][2]["body"].as_object().unwrap().contains_key("AI_Return_Reason__c"));
}

#[tokio::test]
async fn a_queue_gets_no_task_and_long_texts_are_cut() {
    let org = Org::start(|seen| seen.is_composite().then(|| applied(seen))).await;
    let queue = Owner::Queue(QueueId::new("00G000000000001EAA"));
    let write = DecisionWrite { owner: queue, reason: "é🦀".repeat(500), ..decision() };
    salesforce(org.url()).apply(&write).await.unwrap();
    let body = org.log().into_iter().find(Seen::is_composite).unwrap().json();
    let steps = body["compositeRequest"].as_array().unwrap();
    let references: Vec<&str> = steps.iter().map(|s| s["referenceId"].as_str().unwrap()).collect();
    assert_eq!(references, ["audit", "guard", "lead", "after"]);
    assert!(steps[0]["body"].get("Assigned_Rep__c").is_none());
    for reason in [&steps[0]["body"]["Reason__c"], &steps[2]["body"]["AI_Routing_Reason__c"]] {
        let units = reason.as_str().unwrap().encode_utf16().count();
        assert!((253..=255).contains(&units), "{units}");
    }
}

#[tokio::test]
async fn a_change_that_left_the_owner_alone_is_written_over_its_new_date() {
    let org = Org::start(|seen| {
        if is_reread(seen) {
            return Some(Reply::Json(200, lead(OLD, "2026-11-22T11:45:00.000+0000", false)));
        }
        let stale = || seen.body.contains(MODIFIED_HTTP);
        seen.is_composite().then(|| if stale() { failed(seen, "lead", 412, &json!(null)) } else { applied(seen) })
    })
    .await;
    let outcome = salesforce(org.url()).apply(&decision()).await.unwrap();
    assert!(matches!(outcome, WriteOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(org.data_calls(), 3);
    assert!(org.log().last().unwrap().body.contains("Sun, 22 Nov 2026 11:45:00 GMT"));
}

#[tokio::test]
async fn a_person_who_was_faster_wins() {
    for (now, word) in [
        (Reply::Json(200, lead(OTHER, MODIFIED, false)), OTHER),
        (Reply::Json(200, lead(OLD, MODIFIED, true)), "converted"),
        (Reply::error(404, "NOT_FOUND"), "deleted"),
        (Reply::error(404, "ENTITY_IS_DELETED"), "deleted"),
        // Somebody gave it to the very rep we would have chosen: still theirs, and no record of ours exists.
        (Reply::Json(200, lead(NEW, MODIFIED, false)), NEW),
    ] {
        let mut now = Some(now);
        let org = Org::start(move |seen| {
            if is_reread(seen) {
                return now.take();
            }
            seen.is_composite().then(|| failed(seen, "lead", 412, &json!(null)))
        })
        .await;
        match salesforce(org.url()).apply(&decision()).await.unwrap() {
            WriteOutcome::Superseded { why } => assert!(why.contains(word), "{why}"),
            other => panic!("{word}: {other:?}"),
        }
        assert_eq!(org.count(Seen::is_composite), 1, "{word}");
    }
}

#[tokio::test]
async fn a_lead_that_never_holds_still_is_left_for_later() {
    let org = Org::start(|seen| {
        if is_reread(seen) {
            return Some(Reply::Json(200, lead(OLD, MODIFIED, false)));
        }
        seen.is_composite().then(|| failed(seen, "lead", 412, &json!(null)))
    })
    .await;
    let error = salesforce(org.url()).apply(&decision()).await.unwrap_err();
    assert!(matches!(error, CrmError::Locked(_)), "{error}");
    assert_eq!(org.count(Seen::is_composite), 4);
}

#[tokio::test]
async fn what_is_recorded_already_is_not_done_again() {
    let duplicate = json!([{"errorCode": "DUPLICATE_VALUE",
        "message": "duplicate value found: Decision_Key__c duplicates value on record with id: a00000000000001"}]);
    let org = Org::start(move |seen| seen.is_composite().then(|| failed(seen, "audit", 400, &duplicate))).await;
    let outcome = salesforce(org.url()).apply(&decision()).await.unwrap();
    assert_eq!((outcome, org.data_calls()), (WriteOutcome::AlreadyApplied, 1));

    // A unique field of somebody else's: the record is looked for, and is not there.
    let org =
        Org::start(|seen| seen.is_composite().then(|| failed(seen, "audit", 400, &error("DUPLICATE_VALUE")))).await;
    let error = salesforce(org.url()).apply(&decision()).await.unwrap_err();
    assert!(matches!(error, CrmError::Permanent(_)), "{error}");
    assert_eq!(org.count(is_lookup), 1);
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_looking() {
    type Answer = fn() -> Reply;
    let unknown: [Answer; 4] = [|| Reply::Silence, || Reply::Broken, || Reply::html(503), || Reply::html(200)];
    for answer in unknown {
        for found in [true, false] {
            let org = Org::start(move |seen| {
                if is_lookup(seen) && found {
                    return Some(Reply::Json(200, json!({"attributes": {}, "Id": "a00000000000001AAA"})));
                }
                seen.is_composite().then(answer)
            })
            .await;
            let mut limits = limits();
            limits.call_timeout = Duration::from_millis(700);
            let crm = Salesforce::with_limits(&config(org.url()), Arc::new(WrongClock), limits).unwrap();
            match crm.apply(&decision()).await {
                Ok(outcome) => assert!(found && outcome == WriteOutcome::AlreadyApplied),
                Err(error) => assert!(!found && matches!(error, CrmError::Transient(_)), "{error}"),
            }
            assert_eq!((org.count(Seen::is_composite), org.count(is_lookup)), (1, 1), "never repeated blindly");
        }
    }
}

#[tokio::test]
async fn when_looking_fails_too_nobody_claims_to_know() {
    let org = Org::start(|seen| (seen.is_composite() || is_lookup(seen)).then(|| Reply::html(503))).await;
    let error = salesforce(org.url()).apply(&decision()).await.unwrap_err();
    assert!(matches!(error, CrmError::OutcomeUnknown(_)), "{error}");
    assert_eq!(org.count(Seen::is_composite), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_had_no_effect() {
    let org = Org::start(|_| None).await;
    let crm = salesforce("http://127.0.0.1:1");
    let error = crm.apply(&decision()).await.unwrap_err();
    assert!(matches!(error, CrmError::Transient(_)), "{error}");
    assert_eq!(org.log().len(), 0);
}

#[tokio::test]
async fn a_session_that_ended_is_renewed_once_under_a_write() {
    let org = Org::start(|seen| {
        let expired = seen.header("authorization") == "Bearer token-1";
        seen.is_composite().then(|| if expired { Reply::error(401, "INVALID_SESSION_ID") } else { applied(seen) })
    })
    .await;
    let outcome = salesforce(org.url()).apply(&decision()).await.unwrap();
    assert!(matches!(outcome, WriteOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!((org.count(Seen::is_composite), org.count(Seen::is_login)), (2, 2));
}

#[tokio::test]
async fn refusals_of_a_step_are_told_apart() {
    let cross = json!([{"errorCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid id", "fields": ["OwnerId"]}]);
    let expect = |step: &'static str, body: Value| async move {
        let org = Org::start(move |seen| {
            if is_reread(seen) {
                return Some(Reply::Json(200, lead(OLD, MODIFIED, false)));
            }
            seen.is_composite().then(|| failed(seen, step, 400, &body))
        })
        .await;
        salesforce(org.url()).apply(&decision()).await
    };
    let gone = expect("lead", error("CANNOT_UPDATE_CONVERTED_LEAD")).await;
    assert!(matches!(gone, Ok(WriteOutcome::Superseded { why }) if why.contains("converted")));
    for (step, body) in [
        ("lead", error("INACTIVE_OWNER_OR_USER")),
        ("task", error("INACTIVE_OWNER_OR_USER")),
        ("lead", cross),
        ("audit", error("INVALID_CROSS_REFERENCE_KEY")),
    ] {
        let result = expect(step, body).await;
        assert!(matches!(result, Ok(WriteOutcome::BadAssignee { .. })), "{step}: {result:?}");
    }
    for (step, code) in [
        ("audit", "INVALID_FIELD"),
        ("audit", "INVALID_TYPE"),
        ("audit", "NOT_FOUND"),
        ("audit", "STORAGE_LIMIT_EXCEEDED"),
        ("lead", "INVALID_FIELD"),
        ("lead", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ("lead", "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("task", "REQUIRED_FIELD_MISSING"),
    ] {
        let result = expect(step, error(code)).await;
        assert!(matches!(&result, Ok(WriteOutcome::NotAsAWhole { why }) if why.contains(code)), "{step}: {result:?}");
    }
    let locked = expect("lead", error("UNABLE_TO_LOCK_ROW")).await;
    assert!(matches!(locked, Err(CrmError::Locked(_))), "{locked:?}");
}

/// The last rung: the owner alone.
fn owner_only() -> DecisionWrite {
    decision().owner_only().unwrap()
}

fn is_patch(seen: &Seen) -> bool {
    seen.method == Method::PATCH && seen.path == format!("/services/data/v66.0/sobjects/Lead/{LEAD}")
}

#[tokio::test]
async fn the_owner_alone_is_a_plain_conditional_update() {
    let org = Org::start(|seen| {
        if is_patch(seen) {
            return Some(Reply::Raw(204, Vec::new(), Vec::new()));
        }
        is_reread(seen).then(|| Reply::Json(200, lead(NEW, "2026-11-22T12:00:00.000+0000", false)))
    })
    .await;
    let outcome = salesforce(org.url()).apply(&owner_only()).await.unwrap();
    let stamp = at("2026-11-22T12:00:00Z");
    assert_eq!(
        outcome,
        WriteOutcome::Applied { owner_after: rep(NEW), modified_at: stamp, modstamp: stamp, source: None }
    );
    let patch = org.log().into_iter().find(is_patch).unwrap();
    assert_eq!(patch.json(), json!({"OwnerId": NEW}), "nothing that could be missing in the org");
    assert_eq!((patch.header("sforce-auto-assign"), patch.header("if-unmodified-since")), ("FALSE", MODIFIED_HTTP));
    assert_eq!(org.count(Seen::is_composite), 0);
}

#[tokio::test]
async fn the_owner_alone_overrules_nobody_either() {
    let outcome = async |owner: &'static str, converted: bool, answer: fn() -> Reply| {
        let org = Org::start(move |seen| {
            if is_patch(seen) {
                return Some(answer());
            }
            is_reread(seen).then(|| Reply::Json(200, lead(owner, "2026-11-22T11:30:00.000+0000", converted)))
        })
        .await;
        let mut limits = limits();
        limits.call_timeout = Duration::from_millis(700);
        let crm = Salesforce::with_limits(&config(org.url()), Arc::new(WrongClock), limits).unwrap();
        (crm.apply(&owner_only()).await, org.log().into_iter().filter(is_patch).collect::<Vec<_>>())
    };
    let changed: fn() -> Reply = || Reply::Raw(412, Vec::new(), Vec::new());
    for (owner, converted) in [(OTHER, false), (NEW, true)] {
        let (result, patches) = outcome(owner, converted, changed).await;
        assert!(matches!(result, Ok(WriteOutcome::Superseded { .. })), "{result:?}");
        assert_eq!(patches.len(), 1);
    }
    // Only the owner matters: a lead that changed without changing hands is written under its new date.
    let (result, patches) = outcome(OLD, false, changed).await;
    assert!(matches!(result, Err(CrmError::Locked(_))), "{result:?}");
    assert_eq!(patches[1].header("if-unmodified-since"), "Sun, 22 Nov 2026 11:30:00 GMT");
    // It is there: by an attempt whose answer was lost, or because a person wished the same.
    let unknown: [fn() -> Reply; 3] = [changed, || Reply::Silence, || Reply::html(503)];
    for answer in unknown {
        let (result, patches) = outcome(NEW, false, answer).await;
        assert_eq!((result.unwrap(), patches.len()), (WriteOutcome::AlreadyApplied, 1));
    }
    let (result, patches) = outcome(OLD, false, || Reply::html(503)).await;
    assert!(matches!(result, Err(CrmError::Transient(_))), "{result:?}");
    assert_eq!(patches.len(), 1, "never repeated blindly");
    for (code, bad) in [("INACTIVE_OWNER_OR_USER", true), ("FIELD_CUSTOM_VALIDATION_EXCEPTION", false)] {
        let org = Org::start(move |seen| is_patch(seen).then(|| Reply::error(400, code))).await;
        let result = salesforce(org.url()).apply(&owner_only()).await;
        match result {
            Ok(WriteOutcome::BadAssignee { .. }) => assert!(bad),
            Err(CrmError::Permanent(_)) => assert!(!bad),
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn ids_that_could_change_the_address_are_never_sent() {
    let org = Org::start(|_| None).await;
    let crm = salesforce(org.url());
    for write in [
        DecisionWrite { lead_id: LeadId::new("../User/005000000000001"), ..decision() },
        DecisionWrite { lead_id: LeadId::new(OLD), ..decision() },
        DecisionWrite { key: DecisionKey::new("a/b?c"), ..decision() },
        DecisionWrite { owner: rep("00G000000000001EAA"), ..decision() },
    ] {
        let error = crm.apply(&write).await.unwrap_err();
        assert!(matches!(error, CrmError::Permanent(_)), "{error}");
    }
    assert_eq!(org.log().len(), 0);
}
