//! leadboard logs in with a refresh token that the demo org rotates.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use leadboard::app::ports::{Crm, CrmError};
use reqwest::Method;

use super::client::adapter;
use super::support::{Bench, small};

#[tokio::test]
async fn the_adapter_refreshes_and_a_copied_token_ends_the_grant() {
    let bench = Bench::start(small()).await;
    let token = bench.admin(Method::POST, "/authorise", None).await.body["refresh_token"].as_str().unwrap().to_owned();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, &token).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = format!(
        "[salesforce]\nlogin_url = \"{}\"\nauth = \"refresh_token\"\nclient_id = \"{}\"\nrefresh_token_file = {:?}\n",
        bench.org.url(),
        bench.org.credentials().client_id,
        file.to_str().unwrap()
    );
    let crm = adapter(&bench, &config);
    assert!(!crm.roster().await.unwrap().reps.is_empty());
    let second = std::fs::read_to_string(&file).unwrap();
    assert_ne!(second.trim(), token);
    bench.admin(Method::POST, "/expire_tokens", None).await;
    crm.roster().await.unwrap();
    assert_ne!(std::fs::read_to_string(&file).unwrap(), second, "every login brought a new one");

    // Somebody made a copy of the first token and uses it: the org ends the grant for everybody.
    std::fs::write(&file, &token).unwrap();
    let thief = adapter(&bench, &config);
    assert!(matches!(thief.org().await.unwrap_err(), CrmError::Auth(_)));
    bench.admin(Method::POST, "/expire_tokens", None).await;
    assert!(matches!(crm.roster().await.unwrap_err(), CrmError::Auth(_)));
}
