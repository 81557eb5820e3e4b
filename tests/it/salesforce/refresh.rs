//! Logging in with a refresh token: each is used once by one process, and the next is safe before it is needed.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use leadboard::app::ports::{Crm, CrmError};
use leadboard::config::salesforce::Auth;
use leadboard::crm::salesforce::Salesforce;
use serde_json::json;
use tempfile::TempDir;

use super::org::{Org, Reply, Seen, token};
use super::{WrongClock, config, limits, salesforce_with};

/// A folder with a token in it.
fn place(token: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("refresh_token");
    put(&file, token);
    (dir, file)
}

fn put(file: &Path, token: &str) {
    std::fs::write(file, format!("{token}\n")).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn stored(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

fn auth(file: &Path) -> Auth {
    Auth::RefreshToken { client_id: "consumer".into(), client_secret: None, refresh_token_file: file.to_owned() }
}

fn adapter(org: &Org, file: &Path) -> Salesforce {
    salesforce_with(org.url(), |c| c.auth = auth(file))
}

/// An org that rotates: token `r-N` is good for exactly one login and hands out `r-(N+1)`. Its sessions never work, so
/// that each call wants a new one, if `expired`.
async fn rotating(expired: bool) -> Org {
    let good = AtomicUsize::new(0);
    let url = Arc::new(std::sync::OnceLock::<String>::new());
    let known = Arc::clone(&url);
    let org = Org::start(move |seen| {
        if seen.is_login() {
            assert!(seen.body.contains("grant_type=refresh_token") && seen.body.contains("client_id=consumer"));
            let n = good.load(Ordering::SeqCst);
            if !seen.body.contains(&format!("refresh_token=r-{n}&")) {
                let refusal = json!({"error": "invalid_grant", "error_description": "expired access/refresh token"});
                return Some(Reply::Json(400, refusal));
            }
            good.store(n + 1, Ordering::SeqCst);
            let mut answer = token(known.get().unwrap(), n + 1);
            answer["refresh_token"] = json!(format!("r-{}", n + 1));
            return Some(Reply::Json(200, answer));
        }
        (expired && seen.path.ends_with("/query")).then(|| Reply::error(401, "INVALID_SESSION_ID"))
    })
    .await;
    url.set(org.url().to_owned()).unwrap();
    org
}

#[tokio::test]
async fn a_new_token_replaces_the_old_one_before_it_is_needed() {
    let org = rotating(true).await;
    let (dir, file) = place("r-0");
    let crm = adapter(&org, &file);
    crm.org().await.unwrap();
    assert_eq!(stored(&file), "r-1\n");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The session ends, and the next login uses what the last one brought; a second refusal ends it.
    assert!(matches!(crm.roster().await.unwrap_err(), CrmError::Auth(_)));
    assert_eq!((stored(&file).as_str(), org.count(Seen::is_login)), ("r-2\n", 2));
    let others: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(others.iter().all(|name| name != "refresh_token.new"), "{others:?}");
}

#[tokio::test]
async fn processes_that_share_a_token_never_use_it_twice() {
    let org = rotating(false).await;
    let (_dir, file) = place("r-0");
    // Each adapter stands for a process: they share the file and nothing else.
    let adapters: Vec<Salesforce> = (0..8).map(|_| adapter(&org, &file)).collect();
    for result in join_all(adapters.iter().flat_map(|crm| [crm.org(), crm.org(), crm.org()])).await {
        result.unwrap();
    }
    assert_eq!((stored(&file).as_str(), org.count(Seen::is_login)), ("r-8\n", 8));
}

#[tokio::test]
async fn a_spent_token_is_said_plainly_and_not_tried_again_until_there_is_another() {
    let org = rotating(false).await;
    let (_dir, file) = place("r-9");
    let crm = adapter(&org, &file);
    for _ in 0..5 {
        match crm.org().await.unwrap_err() {
            CrmError::Auth(why) => {
                assert!(why.contains("authorise") && why.contains(file.to_str().unwrap()), "{why}");
                assert!(!why.contains("r-9"), "{why}");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(org.count(Seen::is_login), 1, "the token endpoint was flooded");
    put(&file, "r-0");
    crm.org().await.unwrap();
    assert_eq!(stored(&file), "r-1\n");
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_not_used_and_not_lost() {
    let org = rotating(false).await;
    let (dir, file) = place("r-0");
    let crm = adapter(&org, &file);
    // A folder of this name cannot be replaced by the draft of the new token.
    let blocker = dir.path().join("refresh_token.new");
    std::fs::create_dir_all(blocker.join("full")).unwrap();
    let error = crm.org().await.unwrap_err();
    assert!(matches!(&error, CrmError::Configuration(why) if why.contains("writable")), "{error}");
    assert_eq!(stored(&file), "r-0\n");
    // Nothing is sent while the newest token is in memory alone.
    crm.org().await.unwrap_err();
    assert_eq!(org.count(Seen::is_login), 1);
    std::fs::remove_dir_all(&blocker).unwrap();
    crm.org().await.unwrap();
    assert_eq!((stored(&file).as_str(), org.count(Seen::is_login)), ("r-2\n", 2));
}

#[test]
fn a_token_that_others_may_read_is_refused() {
    let (_dir, file) = place("r-0");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mut config = config("https://acme.my.salesforce.com");
    config.auth = auth(&file);
    let error = Salesforce::with_limits(&config, Arc::new(WrongClock), limits()).err().unwrap();
    assert!(matches!(&error, CrmError::Configuration(why) if why.contains("chmod 600")), "{error}");
}
