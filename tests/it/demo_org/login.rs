//! Logging in, and what a session opens.

use leadboard::app::ports::Clock as _;
use reqwest::Method;
use serde_json::json;

use super::key;
use super::support::{Bench, send, small};

#[tokio::test]
async fn client_credentials_work_as_basic_and_in_the_body() {
    let bench = Bench::start(small()).await;
    let credentials = bench.org.credentials().clone();
    let token = bench.http.post(bench.address("/services/oauth2/token"));
    let reply = send(
        token
            .basic_auth(&credentials.client_id, Some(&credentials.client_secret))
            .form(&[("grant_type", "client_credentials")]),
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body["instance_url"], bench.org.url());
    assert!(reply.body["issued_at"].is_string() && reply.body["expires_in"].is_null());
    assert_eq!(bench.get("/sobjects").await.status, 200);
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_an_object() {
    let bench = Bench::start(small()).await;
    let credentials = bench.org.credentials().clone();
    let id = credentials.client_id.as_str();
    for (form, error) in [
        (vec![("grant_type", "client_credentials"), ("client_id", id), ("client_secret", "no")], "invalid_client"),
        (vec![("grant_type", "client_credentials"), ("client_id", "no"), ("client_secret", "no")], "invalid_client_id"),
        (vec![("grant_type", "client_credentials")], "invalid_client_id"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![], "invalid_request"),
    ] {
        let reply = send(bench.http.post(bench.address("/services/oauth2/token")).form(&form)).await;
        assert_eq!((reply.status, &reply.body["error"]), (400, &json!(error)), "{form:?}");
    }
}

#[tokio::test]
async fn assertions_are_checked_claim_by_claim() {
    let mut config = small();
    config.jwt_public_key = Some(key::public_pem());
    let bench = Bench::start(config).await;
    let now = bench.clock.now().timestamp();
    let claims = json!({
        "iss": bench.org.credentials().client_id,
        "sub": bench.org.username(),
        "aud": "https://login.salesforce.com",
        "exp": now + 180,
    });
    let with = |claim: &str, value: serde_json::Value| {
        let mut changed = claims.clone();
        changed[claim] = value;
        key::assertion("RS256", &changed)
    };
    let tampered = {
        let (right, other) = (with("exp", json!(now + 180)), with("exp", json!(now + 181)));
        let (_, signature) = right.rsplit_once('.').unwrap();
        format!("{}.{signature}", other.rsplit_once('.').unwrap().0)
    };
    let accepted = "";
    for (assertion, error) in [
        (with("aud", json!("https://test.salesforce.com")), accepted),
        (with("aud", json!(bench.org.url())), accepted),
        (with("exp", json!((now + 180).to_string())), accepted),
        (with("iss", json!("somebody")), "invalid_client_id"),
        (with("sub", json!("somebody")), "invalid_grant"),
        (with("aud", json!("https://example.com")), "invalid_grant"),
        (with("exp", json!(now)), "invalid_grant"),
        (with("exp", json!(now + 301)), "invalid_grant"),
        (key::assertion("none", &claims), "invalid_grant"),
        (tampered, "invalid_grant"),
        ("a.b.c".into(), "invalid_grant"),
        (String::new(), "invalid_grant"),
    ] {
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
        let reply = send(bench.http.post(bench.address("/services/oauth2/token")).form(&form)).await;
        assert_eq!(reply.body["error"].as_str().unwrap_or_default(), error, "{reply:?}");
        assert_eq!(reply.status, if error.is_empty() { 200 } else { 400 });
    }
}

#[tokio::test]
async fn a_session_ends_and_a_new_login_begins_another() {
    let mut bench = Bench::start(small()).await;
    let info = send(bench.http.get(bench.address("/services/oauth2/userinfo")).bearer_auth(&bench.token)).await;
    assert_eq!(info.body["organization_id"].as_str().unwrap().len(), 18);
    bench.clock.advance(2 * 3_600);
    let reply = bench.get("/limits").await;
    assert_eq!((reply.status, reply.code()), (401, "INVALID_SESSION_ID"));
    bench.log_in().await;
    assert_eq!(bench.get("/limits").await.status, 200);
    bench.admin(Method::POST, "/expire_tokens", None).await;
    assert_eq!(bench.get("/limits").await.code(), "INVALID_SESSION_ID");
}

#[tokio::test]
async fn versions_are_listed_for_everybody_and_others_refused() {
    let bench = Bench::start(small()).await;
    let reply = send(bench.http.get(bench.address("/services/data"))).await;
    let versions = reply.body.as_array().unwrap();
    let spring = versions.iter().find(|v| v["version"] == "66.0").unwrap();
    assert_eq!((&spring["label"], &spring["url"]), (&json!("Spring '26"), &json!("/services/data/v66.0")));
    assert!(reply.headers.get("sforce-limit-info").is_none(), "listing versions is free");
    for (version, status) in [("v20.0", 410), ("v99.0", 404), ("66.0", 404), ("latest", 404)] {
        let address = bench.address(&format!("/services/data/{version}/limits"));
        assert_eq!(send(bench.http.get(address).bearer_auth(&bench.token)).await.status, status, "{version}");
    }
}

#[tokio::test]
async fn every_call_counts_once_and_the_allocation_ends() {
    let mut config = small();
    config.daily_api_calls = 3;
    let bench = Bench::start(config).await;
    let limits = bench.get("/limits").await;
    assert_eq!(limits.headers["sforce-limit-info"], "api-usage=1/3");
    assert_eq!(limits.body["DailyApiRequests"], json!({ "Max": 3, "Remaining": 2 }));
    let composite = json!({ "compositeRequest": [
        { "method": "GET", "url": "/services/data/v66.0/limits", "referenceId": "a" },
        { "method": "GET", "url": "/services/data/v66.0/sobjects", "referenceId": "b" },
    ]});
    assert_eq!(bench.composite(&composite).await.headers["sforce-limit-info"], "api-usage=2/3");
    bench.get("/limits").await;
    let refused = bench.get("/limits").await;
    assert_eq!((refused.status, refused.code()), (403, "REQUEST_LIMIT_EXCEEDED"));
    let stats = bench.admin(Method::GET, "/stats", None).await;
    assert_eq!(stats.body["api_calls"]["since_start"]["by_kind"], json!({ "composite": 1, "limits": 2 }));
}

#[tokio::test]
async fn the_two_kinds_of_token_do_not_fit_each_others_doors() {
    let bench = Bench::start(small()).await;
    let stats = bench.address("/demo/stats");
    assert_eq!(send(bench.http.get(&stats).bearer_auth(&bench.token)).await.status, 403);
    assert_eq!(send(bench.http.get(&stats).header("X-Demo-Admin-Token", &bench.token)).await.status, 403);
    let admin = &bench.org.credentials().admin_token;
    let limits = bench.address("/services/data/v66.0/limits");
    assert_eq!(send(bench.http.get(limits).bearer_auth(admin)).await.status, 401);
}
