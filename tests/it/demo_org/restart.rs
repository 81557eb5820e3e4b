//! The journal: what was acknowledged is still there.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use leadboard::app::ports::Clock;
use leadboard::demo_org::{DemoOrg, DemoOrgConfig, DemoOrgError, Source};
use reqwest::Method;
use serde_json::json;

use super::support::{Bench, ManualClock, send, small};

fn kept(path: &Path) -> DemoOrgConfig {
    DemoOrgConfig { journal: Some(path.to_owned()), ..small() }
}

#[tokio::test]
async fn an_org_that_stops_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("org.jsonl");
    let bench = Bench::start(kept(&path)).await;
    let clock = Arc::clone(&bench.clock);
    let lead = bench.arrivals(3).await.remove(1);
    let owner = bench.other_rep(&lead).await;
    bench.update("Lead", &lead, &json!({ "OwnerId": owner })).await;
    bench.create("AI_Lead_Routing_Decision__c", &json!({ "Lead__c": lead, "Decision_Key__c": "k" })).await;
    let all =
        "SELECT Id, OwnerId, Company, Owner.Name, AnnualRevenue, CreatedDate, SystemModstamp FROM Lead ORDER BY Id";
    let credentials = bench.org.credentials().clone();
    let in_turn = json!({ "LastName": "Doe", "Company": "Acme", "Territory__c": "DACH" });
    let assigned = async |bench: &Bench| {
        let reply = send(bench.request(Method::POST, "/sobjects/Lead").json(&in_turn)).await;
        bench.field("Lead", reply.body["id"].as_str().unwrap(), "OwnerId").await.as_str().unwrap().to_owned()
    };
    let last_in_turn = assigned(&bench).await;
    let (before, effects) = (bench.rows(all).await, bench.admin(Method::GET, "/journal", None).await.body);
    bench.org.shutdown().await;

    clock.advance(86_400);
    let bench = Bench::start_at(kept(&path), clock).await;
    assert_eq!(bench.rows(all).await, before);
    assert_eq!(bench.admin(Method::GET, "/journal", None).await.body, effects);
    assert_eq!(*bench.org.credentials(), credentials);
    assert_eq!(bench.org.leads_arrived(), 3);
    let again = bench.create("AI_Lead_Routing_Decision__c", &json!({ "Lead__c": lead, "Decision_Key__c": "k" })).await;
    assert_eq!(again.code(), "DUPLICATE_VALUE");
    let team = bench.rows("SELECT Id FROM User WHERE IsActive = true AND Territory__c = 'DACH' ORDER BY Id").await;
    let place = |rep: &str| team.iter().position(|row| row["Id"] == rep).unwrap();
    let next_in_turn = assigned(&bench).await;
    assert_eq!(place(&next_in_turn), (place(&last_in_turn) + 1) % team.len(), "the round robin goes on");
    let next = bench.arrival().await;
    assert!(before.iter().all(|row| row["Id"] != next.as_str()), "ids are never given twice");
}

#[tokio::test]
async fn a_torn_line_is_dropped_and_everything_before_it_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("org.jsonl");
    let bench = Bench::start(kept(&path)).await;
    let leads = bench.arrivals(1).await;
    bench.org.shutdown().await;
    let whole = std::fs::read(&path).unwrap();
    for torn in [&b"{\"at\":17"[..], b"{", b"{\"at\":1,\"puts\":[]}"] {
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn).unwrap();
        let bench = Bench::start(kept(&path)).await;
        assert_eq!(bench.org.leads_arrived(), 1);
        bench.org.shutdown().await;
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
    let bench = Bench::start(kept(&path)).await;
    bench.update("Lead", &leads[0], &json!({ "Title": "after the tear" })).await;
    bench.org.shutdown().await;
    let bench = Bench::start(kept(&path)).await;
    assert_eq!(bench.field("Lead", &leads[0], "Title").await, "after the tear");
}

#[tokio::test]
async fn a_journal_is_private_and_fits_one_org_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("org.jsonl");
    let clock = ManualClock::new();
    let start = async |config| DemoOrg::start(config, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let org = start(kept(&path)).await.unwrap();
    let error = start(kept(&path)).await.unwrap_err();
    assert!(error.to_string().contains("in use"), "{error}");
    org.shutdown().await;
    let other = DemoOrgConfig { source: Source::Company { seed: 8, closed_deals: 300 }, ..kept(&path) };
    assert!(matches!(start(other).await, Err(DemoOrgError::OtherOrg(_))));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
        assert_eq!(mode & 0o077, 0, "it holds credentials");
    }
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"broken\n{\"at\":1}\n");
    std::fs::write(&path, text).unwrap();
    let error = start(kept(&path)).await.unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let config = DemoOrgConfig { bind: "0.0.0.0:0".parse().unwrap(), ..small() };
    let error = DemoOrg::start(config, ManualClock::new()).await.unwrap_err();
    assert!(matches!(error, DemoOrgError::NotLoopback(_)));
}
