//! Logging in: one login for all who need it, never a loop, secrets to nobody else.

use std::sync::Arc;

use futures::future::join_all;
use leadboard::app::ports::{Crm, CrmError};
use leadboard::config::salesforce::Auth;
use leadboard::crm::salesforce::Salesforce;
use serde_json::json;
use tokio::sync::Barrier;

use super::org::{Org, Reply, Seen, token};
use super::{WrongClock, config, salesforce, salesforce_with};

fn has_token(seen: &Seen, token: &str) -> bool {
    seen.header("authorization") == format!("Bearer {token}")
}

#[tokio::test]
async fn the_org_is_told_by_the_login() {
    let org = Org::start(|_| None).await;
    let info = salesforce(org.url()).org().await.unwrap();
    assert_eq!(info.id.as_str(), "00D000000000001EAA");
    assert_eq!(info.instance_url, org.url());
    assert_eq!(info.api_version, "v66.0");
    let log = org.log();
    assert!(log[0].is_login() && log[0].body.contains("grant_type=client_credentials"));
    assert!(log[0].body.contains("client_secret=hush-hush"));
    assert!(!log.iter().skip(1).any(|seen| format!("{seen:?}").contains("hush")));
}

#[tokio::test]
async fn ten_calls_whose_session_ended_log_in_once() {
    let together = Arc::new(Barrier::new(10));
    let org = Org::start(move |seen| {
        let expired = || Box::new(Reply::error(401, "INVALID_SESSION_ID"));
        if has_token(seen, "token-1") {
            return Some(Reply::Together(Arc::clone(&together), expired()));
        }
        (seen.path.ends_with("/query")).then(|| Reply::rows(&[]))
    })
    .await;
    let crm = salesforce(org.url());
    crm.org().await.unwrap();
    for result in join_all((0..10).map(|_| crm.roster())).await {
        result.unwrap();
    }
    assert_eq!(org.count(Seen::is_login), 2);
    assert_eq!(org.count(|seen| has_token(seen, "token-1") && !seen.is_login()), 10);
}

#[tokio::test]
async fn a_session_that_no_login_cures_is_given_up() {
    let org = Org::start(|seen| seen.path.ends_with("/query").then(|| Reply::error(401, "INVALID_SESSION_ID"))).await;
    let error = salesforce(org.url()).roster().await.unwrap_err();
    assert!(matches!(error, CrmError::Auth(_)), "{error}");
    assert_eq!((org.count(Seen::is_login), org.data_calls()), (2, 2));
}

#[tokio::test]
async fn a_refused_login_is_not_repeated_for_everybody_who_waits() {
    let refusal = json!({"error": "invalid_grant", "error_description": "no client credentials user enabled"});
    let org = Org::start(move |seen| seen.is_login().then(|| Reply::Json(400, refusal.clone()))).await;
    let crm = salesforce(org.url());
    for result in join_all((0..10).map(|_| crm.org())).await {
        match result.unwrap_err() {
            CrmError::Auth(why) => assert!(why.contains("Run As"), "{why}"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(org.count(Seen::is_login), 1);
}

#[tokio::test]
async fn an_org_that_changes_under_us_is_refused() {
    let org = Org::start(|seen| {
        if seen.is_login() && seen.body.contains("consumer") {
            return None;
        }
        (!seen.path.starts_with("/services/oauth2")).then(|| Reply::error(401, "INVALID_SESSION_ID"))
    })
    .await;
    let url = org.url().to_owned();
    let mut logins = 0;
    let other = Org::start(move |seen| {
        if seen.is_login() {
            logins += 1;
            let mut answer = token(&url, logins);
            answer["id"] =
                json!(format!("https://login.salesforce.com/id/00D00000000000{logins}EAA/005000000000001AAA"));
            return Some(Reply::Json(200, answer));
        }
        None
    })
    .await;
    let error = salesforce(other.url()).roster().await.unwrap_err();
    assert!(matches!(&error, CrmError::Auth(why) if why.contains("00D000000000002EAA")), "{error}");
}

#[tokio::test]
async fn a_token_never_follows_a_redirect_nor_plain_http_to_a_far_host() {
    let elsewhere = Org::start(|_| None).await;
    let location = format!("{}/services/data/v66.0/query", elsewhere.url());
    let org = Org::start(move |seen| {
        seen.path.ends_with("/query").then(|| Reply::Raw(302, vec![("location", location.clone())], Vec::new()))
    })
    .await;
    let error = salesforce(org.url()).roster().await.unwrap_err();
    assert!(matches!(error, CrmError::Configuration(_)), "{error}");
    assert_eq!(elsewhere.log().len(), 0);

    let org = Org::start(|seen| seen.is_login().then(|| Reply::Json(200, token("http://evil.example", 1)))).await;
    let error = salesforce(org.url()).org().await.unwrap_err();
    assert!(matches!(error, CrmError::Configuration(_)), "{error}");
}

#[tokio::test]
async fn a_version_that_the_org_does_not_have_is_named() {
    let org = Org::start(|_| None).await;
    let error = salesforce_with(org.url(), |c| c.api_version = "v99.0".into()).org().await.unwrap_err();
    assert!(matches!(&error, CrmError::Configuration(why) if why.contains("v66.0")), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_not_quoted() {
    let org = Org::start(|seen| {
        seen.is_login().then(|| Reply::Json(200, json!({"access_token": ["00Dsecret"], "instance_url": 1})))
    })
    .await;
    let error = salesforce(org.url()).org().await.unwrap_err();
    assert!(matches!(error, CrmError::Protocol(_)) && !error.to_string().contains("00Dsecret"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_jwt_login_sends_an_assertion_and_no_secret() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key.pem");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/test-only-rsa-key.pem"), &key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let org = Org::start(|_| None).await;
    let crm = salesforce_with(org.url(), |c| {
        c.auth = Auth::Jwt {
            client_id: "consumer".into(),
            username: "ada@acme.test".into(),
            private_key_file: key.clone(),
            audience: None,
        };
    });
    crm.org().await.unwrap();
    let login = &org.log()[0];
    assert!(login.body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ"));
    assert!(!login.body.contains("secret"));

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut config = config(org.url());
    config.auth = Auth::Jwt {
        client_id: "consumer".into(),
        username: "ada@acme.test".into(),
        private_key_file: key,
        audience: None,
    };
    let error = Salesforce::new(&config, Arc::new(WrongClock)).err().unwrap();
    assert!(matches!(&error, CrmError::Configuration(why) if why.contains("chmod 600")), "{error}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_anything_is_sent() {
    let refused = |change: fn(&mut leadboard::config::salesforce::Salesforce), word: &str| {
        let mut config = config("https://acme.my.salesforce.com");
        change(&mut config);
        match Salesforce::new(&config, Arc::new(WrongClock)).err() {
            Some(CrmError::Configuration(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{word}: {other:?}"),
        }
    };
    refused(|c| c.login_url = "http://acme.my.salesforce.com".into(), "https");
    refused(|c| c.login_url = "https://login.salesforce.com".into(), "My Domain");
    refused(|c| c.login_url = "https://acme.lightning.force.com".into(), "my.salesforce.com");
    refused(|c| c.api_version = "latest".into(), "v66.0");
    refused(|c| c.fields.industry = "Industry, Name".into(), "fields.industry");
    refused(|c| c.rep_key = String::new(), "rep_key");
    refused(
        |c| {
            c.auth = Auth::ClientCredentials { client_id: "x".into(), client_secret: None };
        },
        "client_secret_file",
    );
}
