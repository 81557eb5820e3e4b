//! What every call has in common: headers, retries where they are safe, quota, bounded bodies.

use leadboard::app::ports::{Crm, CrmError};
use serde_json::json;

use super::org::{Org, Reply};
use super::salesforce;
use super::writing::decision;

#[tokio::test]
async fn every_data_call_says_who_we_are() {
    let org = Org::start(|seen| seen.path.ends_with("/query").then(|| Reply::rows(&[]))).await;
    let crm = salesforce(org.url());
    crm.roster().await.unwrap();
    for seen in org.log().iter().filter(|seen| seen.path.ends_with("/query")) {
        assert_eq!(seen.header("authorization"), "Bearer token-1");
        assert_eq!(seen.header("sforce-call-options"), "client=leadboard");
        assert!(seen.header("accept-encoding").contains("gzip"));
        assert!(seen.header("user-agent").starts_with("leadboard/"));
    }
    let usage = crm.usage();
    assert_eq!((usage.used, usage.limit, usage.calls_made), (18, 15_000, 3));
}

#[tokio::test]
async fn reads_are_repeated_on_passing_faults_and_only_so_often() {
    let mut answers = vec![Reply::html(503), Reply::Broken];
    let org = Org::start(move |seen| {
        seen.path.ends_with("/query").then(|| answers.pop().unwrap_or_else(|| Reply::rows(&[])))
    })
    .await;
    salesforce(org.url()).roster().await.unwrap();
    assert_eq!(org.data_calls(), 3 + 2);

    let org = Org::start(|seen| seen.path.ends_with("/query").then(|| Reply::html(503))).await;
    let error = salesforce(org.url()).roster().await.unwrap_err();
    assert!(matches!(&error, CrmError::Transient(why) if why.contains("maintenance")), "{error}");
    assert_eq!(org.data_calls(), 3);
}

#[tokio::test]
async fn a_used_up_quota_is_not_hammered() {
    for (message, least, most) in
        [("TotalRequests Limit exceeded.", 300, 3_600), ("ConcurrentRequests Limit exceeded.", 1, 60)]
    {
        let body = json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]);
        let org = Org::start(move |seen| seen.path.ends_with("/query").then(|| Reply::Json(403, body.clone()))).await;
        match salesforce(org.url()).roster().await.unwrap_err() {
            CrmError::Quota { wait_seconds, .. } => assert!((least..=most).contains(&wait_seconds), "{wait_seconds}"),
            other => panic!("{other}"),
        }
        assert_eq!((org.data_calls(), org.count(super::org::Seen::is_login)), (1, 1));
    }
}

#[tokio::test]
async fn after_the_allocation_is_used_up_nobody_calls_until_it_is_time() {
    let mut refusals = 1;
    let org = Org::start(move |seen| {
        if !seen.path.ends_with("/query") {
            return None;
        }
        refusals -= 1;
        let body = json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]);
        let headers = vec![("retry-after", "1".to_owned())];
        Some(if refusals >= 0 { Reply::Raw(403, headers, body.to_string().into_bytes()) } else { Reply::rows(&[]) })
    })
    .await;
    let crm = salesforce(org.url());
    crm.roster().await.unwrap_err();
    for _ in 0..3 {
        // Every kind of call, also a write: the org would refuse and count it.
        assert!(matches!(crm.roster().await, Err(CrmError::Quota { wait_seconds: 1, .. })));
        assert!(matches!(crm.probe().await, Err(CrmError::Quota { .. })));
        assert!(matches!(crm.apply(&decision()).await, Err(CrmError::Quota { .. })));
    }
    assert_eq!(org.data_calls(), 1);
    while crm.roster().await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(org.count(super::org::Seen::is_login), 1, "a quota is no matter of credentials");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let org = Org::start(|seen| seen.path.ends_with("/query").then_some(Reply::Endless)).await;
    let error = salesforce(org.url()).roster().await.unwrap_err();
    assert!(matches!(&error, CrmError::Protocol(why) if why.contains("larger than")), "{error}");
    assert_eq!(org.data_calls(), 1);
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_large_one_is_cut_off() {
    let bomb = include_bytes!("../fixtures/two-mebibytes.json.gz");
    assert!(bomb.len() < 8 * 1024);
    let org = Org::start(move |seen| {
        let headers = vec![("content-encoding", "gzip".into()), ("content-type", "application/json".into())];
        seen.path.ends_with("/query").then(|| Reply::Raw(200, headers, bomb.to_vec()))
    })
    .await;
    let error = salesforce(org.url()).roster().await.unwrap_err();
    assert!(matches!(&error, CrmError::Protocol(why) if why.contains("larger than")), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_ours_to_read_is_an_error_not_a_panic() {
    for body in ["<html>", "[]", "{\"records\":{}}", "{\"records\":[1]}", "\u{feff}"] {
        let org = Org::start(move |seen| {
            seen.path.ends_with("/query").then(|| Reply::Raw(200, Vec::new(), body.as_bytes().to_vec()))
        })
        .await;
        let error = salesforce(org.url()).roster().await.unwrap_err();
        assert!(matches!(error, CrmError::Protocol(_)), "{body}: {error}");
    }
}
