use proptest::prelude::*;

use super::*;
use crate::testing::{altered, mangled};

/// An error with this code, and with the words after a colon if there are some.
fn body(code: &str) -> String {
    let (code, message) = code.split_once(": ").unwrap_or((code, "in words"));
    format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#)
}

fn class(safety: Safety, status: u16, body: &str) -> Class {
    classify(safety, status, None, body.as_bytes()).class
}

/// The table of the reference: code, typical status, class for a read, class for a write.
#[test]
fn every_code_has_its_class() {
    use Class::*;
    let daily = Quota { wait_seconds: DAILY_WAIT_SECONDS };
    let concurrent = Quota { wait_seconds: CONCURRENT_WAIT_SECONDS };
    for (code, status, read, write) in [
        ("INVALID_SESSION_ID", 401, SessionExpired, SessionExpired),
        ("INVALID_AUTH_HEADER", 401, SessionExpired, SessionExpired),
        ("REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.", 403, daily, daily),
        (
            "REQUEST_LIMIT_EXCEEDED: ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            403,
            concurrent,
            concurrent,
        ),
        ("REQUEST_LIMIT_EXCEEDED: ConcurrentPerOrgLongTxn Limit exceeded.", 403, concurrent, concurrent),
        ("API_CURRENTLY_DISABLED", 503, Transient, OutcomeUnknown),
        ("SERVER_UNAVAILABLE", 503, Transient, OutcomeUnknown),
        ("FUNCTIONALITY_NOT_ENABLED", 500, Transient, OutcomeUnknown),
        ("FUNCTIONALITY_NOT_ENABLED", 400, Configuration, Configuration),
        ("UNABLE_TO_LOCK_ROW", 400, Locked, Locked),
        ("TOO_MANY_APEX_REQUESTS", 503, Transient, OutcomeUnknown),
        ("QUERY_TIMEOUT", 400, Transient, Transient),
        ("REQUEST_RUNNING_TOO_LONG", 400, Transient, Transient),
        ("INVALID_QUERY_LOCATOR", 400, LocatorExpired, LocatorExpired),
        ("QUERY_LOCATOR_EXPIRED", 400, LocatorExpired, LocatorExpired),
        ("QUERY_LOCATOR_NOT_FOUND", 404, LocatorExpired, LocatorExpired),
        ("TEMPORARY_QUERY_MORE_FAILURE", 400, Transient, Transient),
        ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", 400, Transient, Transient),
        ("UNKNOWN_EXCEPTION", 500, Transient, OutcomeUnknown),
        ("INTERNAL_ERROR", 500, Transient, OutcomeUnknown),
        ("MATCH_PRECONDITION_FAILED", 412, Conflict, Conflict),
        ("CANNOT_UPDATE_CONVERTED_LEAD", 400, Gone, Gone),
        ("ENTITY_IS_DELETED", 404, Gone, Gone),
        ("NOT_FOUND", 404, NotFound, NotFound),
        ("INVALID_CROSS_REFERENCE_KEY", 400, CrossReference, CrossReference),
        ("ENTITY_IS_LOCKED", 400, Locked, Locked),
        ("RECORD_IN_USE_BY_WORKFLOW", 400, Locked, Locked),
        ("INACTIVE_OWNER_OR_USER", 400, BadAssignee, BadAssignee),
        ("TRANSFER_REQUIRES_READ", 400, BadAssignee, BadAssignee),
        ("OP_WITH_INVALID_USER_TYPE_EXCEPTION", 400, BadAssignee, BadAssignee),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", 400, Permanent, Permanent),
        ("REQUIRED_FIELD_MISSING", 400, Permanent, Permanent),
        ("STRING_TOO_LONG", 400, Permanent, Permanent),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", 400, Permanent, Permanent),
        ("FIELD_INTEGRITY_EXCEPTION", 400, Permanent, Permanent),
        ("INVALID_FIELD", 400, Configuration, Configuration),
        ("INVALID_TYPE", 404, Configuration, Configuration),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", 400, Configuration, Configuration),
        ("INSUFFICIENT_ACCESS_OR_READONLY", 403, Configuration, Configuration),
        ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", 400, Configuration, Configuration),
        ("API_DISABLED_FOR_ORG", 403, Configuration, Configuration),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", 400, Permanent, Permanent),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", 400, Permanent, Permanent),
        ("DUPLICATES_DETECTED", 400, Permanent, Permanent),
        ("DUPLICATE_VALUE", 400, Duplicate, Duplicate),
        ("DUPLICATE_EXTERNAL_ID", 400, Configuration, Configuration),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", 400, RolledBack, RolledBack),
        ("PROCESSING_HALTED", 400, RolledBack, RolledBack),
        ("STORAGE_LIMIT_EXCEEDED", 403, Permanent, Permanent),
        ("EXCEEDED_QUOTA", 400, Permanent, Permanent),
        ("TXN_SECURITY_METERING_ERROR", 400, Transient, Transient),
        ("MALFORMED_QUERY", 400, Permanent, Permanent),
        ("A_CODE_OF_NEXT_YEAR", 400, Permanent, Permanent),
        ("A_CODE_OF_NEXT_YEAR", 500, Transient, OutcomeUnknown),
        ("A_CODE_OF_NEXT_YEAR", 412, Conflict, Conflict),
    ] {
        assert_eq!(class(Safety::Safe, status, &body(code)), read, "{code} {status} of a read");
        assert_eq!(class(Safety::Unsafe, status, &body(code)), write, "{code} {status} of a write");
    }
}

#[test]
fn answers_that_are_not_salesforce_errors_are_told_by_status() {
    use Class::*;
    let html = "<html><head><title>Down</title></head><body>We are down for maintenance.</body></html>";
    for text in [html, "", "null", "{}", "[]", "[{}]", "\u{0}\u{1}"] {
        for (status, read, write) in [
            (300, Configuration, Configuration),
            (302, Configuration, Configuration),
            (400, Protocol, Protocol),
            (401, SessionExpired, SessionExpired),
            (403, Protocol, Protocol),
            (404, Protocol, Protocol),
            (406, Transient, Transient),
            (408, Transient, OutcomeUnknown),
            (410, Configuration, Configuration),
            (412, Conflict, Conflict),
            (414, Permanent, Permanent),
            (420, Transient, OutcomeUnknown),
            (429, Quota { wait_seconds: DAILY_WAIT_SECONDS }, Quota { wait_seconds: DAILY_WAIT_SECONDS }),
            (500, Transient, OutcomeUnknown),
            (502, Transient, OutcomeUnknown),
            (503, Transient, OutcomeUnknown),
            (504, Transient, OutcomeUnknown),
        ] {
            assert_eq!(class(Safety::Safe, status, text), read, "{status} {text:?} of a read");
            assert_eq!(class(Safety::Unsafe, status, text), write, "{status} {text:?} of a write");
        }
    }
    let said = classify(Safety::Safe, 503, None, html.as_bytes()).message;
    assert!(said.contains("503") && said.contains("maintenance"), "{said}");
}

#[test]
fn the_two_quotas_are_told_apart() {
    let wait = |message: &str, retry_after| {
        let body = format!(r#"[{{"message":"{message}","errorCode":"REQUEST_LIMIT_EXCEEDED"}}]"#);
        match classify(Safety::Unsafe, 403, retry_after, body.as_bytes()).class {
            Class::Quota { wait_seconds } => wait_seconds,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(wait("TotalRequests Limit exceeded.", None), DAILY_WAIT_SECONDS);
    assert_eq!(wait("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", None), CONCURRENT_WAIT_SECONDS);
    assert_eq!(wait("TotalRequests Limit exceeded.", Some(60)), 60);
    assert_eq!(wait("TotalRequests Limit exceeded.", Some(u64::MAX)), MAX_WAIT_SECONDS);
}

#[test]
fn a_lock_hides_in_the_words_of_automation() {
    let body = r#"[{"errorCode":"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY","fields":null,
        "message":"LeadTrigger: execution of AfterUpdate caused by: System.DmlException: UNABLE_TO_LOCK_ROW"}]"#;
    assert_eq!(class(Safety::Unsafe, 400, body), Class::Locked);
}

#[test]
fn a_401_that_no_token_cures_is_not_refreshed() {
    let body =
        r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#;
    assert_eq!(class(Safety::Safe, 401, body), Class::Credentials);
}

#[test]
fn collections_say_status_code_and_the_cause_is_not_what_was_rolled_back() {
    let body = r#"[
        {"success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"rolled back","fields":[]}]},
        {"id":"00Q000000000001EAA","success":true,"errors":[]},
        {"success":false,"errors":[{"statusCode":"INACTIVE_OWNER_OR_USER","message":"inactive","fields":["OwnerId"]}]}]"#;
    let fault = classify(Safety::Unsafe, 400, None, body.as_bytes());
    assert_eq!(fault.class, Class::BadAssignee);
    assert!(fault.blames("ownerid"));
}

#[test]
fn messages_are_bounded() {
    let body = format!(r#"[{{"message":"{}","errorCode":"MALFORMED_QUERY"}}]"#, "x".repeat(1_000_000));
    assert!(classify(Safety::Safe, 400, None, body.as_bytes()).message.chars().count() <= MAX_MESSAGE);
    assert!(classify(Safety::Safe, 503, None, "é ".repeat(1_000_000).as_bytes()).message.len() <= 2 * MAX_MESSAGE);
}

/// Bytes that are nothing, or an answer with a few things wrong with it.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let quota = r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    let fields =
        r#"[{"message":"no such column","errorCode":"INVALID_FIELD","fields":["A__c"]},{"errorCode":"OTHER"}]"#;
    let login = r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#;
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        mangled(quota).prop_map(String::into_bytes),
        mangled(fields).prop_map(String::into_bytes),
        altered(login.as_bytes().to_vec()),
    ]
}

proptest::proptest! {
    #[test]
    fn no_body_breaks_the_classification(status in 300u16..600, body in bodies()) {
        let fault = classify(Safety::Unsafe, status, None, &body);
        // Whatever a failing server says about a write, it is never taken for harmless.
        proptest::prop_assert!(status < 500 || !matches!(fault.class, Class::Transient | Class::Locked));
    }
}
