use serde_json::json;

use super::*;

const LEAD_NOW: &str = r#"{"attributes":{"type":"Lead"},"OwnerId":"005000000000002AAA","IsConverted":false,
    "LastModifiedDate":"2026-11-22T08:00:05.000+0000","SystemModstamp":"2026-11-22T08:00:06.000+0000"}"#;

fn answer(entries: &[(&str, u16, serde_json::Value)]) -> CompositeAnswer {
    let entries = entries.iter().map(|(reference, status, body)| {
        json!({"referenceId": reference, "httpStatusCode": status, "body": body, "httpHeaders": {}})
    });
    serde_json::from_value(json!({"compositeResponse": entries.collect::<Vec<_>>()})).unwrap()
}

fn error(code: &str) -> serde_json::Value {
    json!([{"errorCode": code, "message": "in words"}])
}

/// A composite in which one step failed and the others were rolled back with it.
fn one_failed(step: &str, status: u16, body: &serde_json::Value) -> Ended {
    let entries: Vec<_> = [AUDIT, LEAD, TASK, AFTER]
        .into_iter()
        .map(|s| if s == step { (s, status, body.clone()) } else { (s, 400, error("PROCESSING_HALTED")) })
        .collect();
    read(&answer(&entries), None)
}

#[test]
fn all_done_is_applied_with_what_was_read_back() {
    let created = json!({"id": "a00000000000001AAA", "success": true, "errors": []});
    let after = serde_json::from_str(LEAD_NOW).unwrap();
    let ended =
        read(&answer(&[(AUDIT, 201, created), (LEAD, 204, json!(null)), (AFTER, 200, after)]), Some("LeadSource"));
    let Ended::Applied { owner_after, modified_at, modstamp, source } = ended else { panic!("{ended:?}") };
    assert_eq!(owner_after.id(), "005000000000002AAA");
    assert!(modified_at < modstamp);
    assert_eq!(source, None, "the answer names none");
}

#[test]
fn the_step_and_the_code_together_decide() {
    assert!(matches!(one_failed(AUDIT, 400, &error("DUPLICATE_VALUE")), Ended::Duplicate(_)));
    assert!(matches!(one_failed(LEAD, 412, &json!(null)), Ended::Conflict));
    assert!(matches!(one_failed(LEAD, 412, &error("ANYTHING")), Ended::Conflict));
    assert!(matches!(one_failed(LEAD, 400, &error("CANNOT_UPDATE_CONVERTED_LEAD")), Ended::Gone(_)));
    assert!(matches!(one_failed(LEAD, 404, &error("ENTITY_IS_DELETED")), Ended::Gone(_)));
    assert!(matches!(one_failed(LEAD, 400, &error("INACTIVE_OWNER_OR_USER")), Ended::BadAssignee(_)));
    assert!(matches!(one_failed(TASK, 400, &error("INACTIVE_OWNER_OR_USER")), Ended::BadAssignee(_)));
    assert!(matches!(one_failed(AUDIT, 400, &error("INVALID_CROSS_REFERENCE_KEY")), Ended::BadReference(_)));
    let owner = json!([{"errorCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid", "fields": ["OwnerId"]}]);
    assert!(matches!(one_failed(LEAD, 400, &owner), Ended::BadAssignee(_)));
    for (step, code) in [
        (AUDIT, "NOT_FOUND"),
        (AUDIT, "INVALID_FIELD"),
        (TASK, "INVALID_FIELD"),
        (LEAD, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    ] {
        assert!(matches!(one_failed(step, 400, &error(code)), Ended::Refused(_)), "{step} {code}");
    }
    for (step, code, class) in [
        (LEAD, "UNABLE_TO_LOCK_ROW", Class::Locked),
        // A duplicate that is not the decision record's says nothing about the decision.
        (TASK, "DUPLICATE_VALUE", Class::Duplicate),
        // The composite was answered, so even a server error in it is known to have been rolled back.
        (LEAD, "UNKNOWN_EXCEPTION", Class::Transient),
    ] {
        match one_failed(step, 400, &error(code)) {
            Ended::Failed(fault) => assert_eq!(fault.class, class, "{step} {code}"),
            other => panic!("{step} {code}: {other:?}"),
        }
    }
}

#[test]
fn an_answer_without_its_read_back_proves_nothing() {
    for entries in [vec![], vec![(AUDIT, 201, json!({})), (LEAD, 204, json!(null))], vec![(AFTER, 200, json!({}))]] {
        match read(&answer(&entries), None) {
            Ended::Failed(fault) => assert_eq!(fault.class, Class::OutcomeUnknown),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_guard_that_found_no_lead_is_a_conflict() {
    let unresolved = json!([{"errorCode": "PROCESSING_HALTED",
        "message": "Invalid reference specified. No value for guard.records[0].Id found in guard"}]);
    assert!(matches!(one_failed(LEAD, 400, &unresolved), Ended::Conflict));
    assert!(matches!(one_failed(LEAD, 400, &error("PROCESSING_HALTED")), Ended::Failed(_)), "only rolled back");
}

#[test]
fn rolled_back_without_a_cause_may_be_repeated() {
    match read(&answer(&[(AUDIT, 400, error("PROCESSING_HALTED"))]), None) {
        Ended::Failed(fault) => assert_eq!(fault.class, Class::Transient),
        other => panic!("{other:?}"),
    }
}
