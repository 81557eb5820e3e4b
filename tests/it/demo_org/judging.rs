//! The planted truth, life, and replayed deals.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leadboard::demo_org::{DemoOrgConfig, Pace, Source};
use leadboard::domain::deal::{Deal, Outcome};
use leadboard::domain::facts::LeadFacts;
use leadboard::domain::ids::{LeadId, RepKey};
use reqwest::Method;
use serde_json::json;

use super::support::{Bench, small};

/// Asks again until something is so.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never happened: {what}");
}

#[tokio::test]
async fn the_truth_is_known_for_reps_and_the_best_of_the_pool_is_the_best() {
    let bench = Bench::start(small()).await;
    let leads = bench.arrivals(20).await;
    let queue = bench.rows("SELECT Id FROM Group WHERE DeveloperName = 'Leadboard_Manager'").await;
    let pools = bench.admin(Method::POST, "/pools", Some(&json!({ "lead_ids": leads }))).await.body["pools"].clone();
    for pool in pools.as_array().unwrap() {
        let lead = pool["lead"].as_str().unwrap();
        let mut pairs: Vec<_> = bench.team_of(lead).await.into_iter().map(|rep| json!([lead, rep])).collect();
        pairs.push(json!([lead, queue[0]["Id"]]));
        let truth = bench.admin(Method::POST, "/truth", Some(&json!({ "pairs": pairs }))).await.body;
        let mut known: Vec<Option<f64>> =
            truth["probabilities"].as_array().unwrap().iter().map(serde_json::Value::as_f64).collect();
        assert_eq!(known.pop(), Some(None), "a queue wins nothing");
        let best = known.into_iter().map(Option::unwrap).fold(0.0, f64::max);
        assert_eq!(pool["best_probability"], json!(best));
        assert!(best < 1.0 && best > pool["mean_probability"].as_f64().unwrap());
    }
}

#[tokio::test]
async fn history_has_the_planned_win_rate_and_is_complete() {
    let bench = Bench::start(DemoOrgConfig::default()).await;
    let count = async |filter: &str| {
        let soql = format!("SELECT COUNT() FROM Lead WHERE {filter}");
        bench.query(&soql).await.body["totalSize"].as_f64().unwrap()
    };
    let all = count("IsConverted = true AND ConvertedOpportunity.IsClosed = true").await;
    let won = count("ConvertedOpportunity.IsWon = true").await;
    assert!((all - 12_000.0).abs() < 0.5);
    assert!((won / all - 0.22).abs() < 0.02, "{won} of {all}");
    for (field, share) in [("LeadSource", 0.98), ("AnnualRevenue", 0.94), ("Industry", 0.96)] {
        assert!(count(&format!("{field} != null")).await / all > share, "{field}");
    }
    assert!(count("ConvertedOpportunity.CloseDate > 2026-11-22").await < 0.5, "all of history has ended");
    let active = bench.query("SELECT COUNT() FROM User WHERE IsActive = true AND UserType = 'Standard'").await;
    assert_eq!(active.body["totalSize"], 60);
}

#[tokio::test]
async fn leads_arrive_by_themselves_and_decided_deals_end() {
    let config = DemoOrgConfig { pace: Pace::LeadsPerSecond(5.0), outcome_speed: Some(1e9), ..small() };
    let bench = Bench::start(config).await;
    until("three leads arrive", async || {
        bench.clock.advance(1);
        bench.org.leads_arrived() >= 3
    })
    .await;
    bench.org.set_paused(true);
    let open = bench.rows("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id").await;
    let (decided, other) = (open[0]["Id"].clone(), open[1]["Id"].clone());
    bench.create("AI_Lead_Routing_Decision__c", &json!({ "Lead__c": decided })).await;
    bench.org.set_paused(false);
    until("the decided deal ends", async || {
        bench.clock.advance(1);
        bench.field("Lead", decided.as_str().unwrap(), "IsConverted").await == true
    })
    .await;
    assert_eq!(bench.field("Lead", other.as_str().unwrap(), "IsConverted").await, false, "nobody decided on it");
    let soql = format!("SELECT ConvertedOpportunity.IsClosed FROM Lead WHERE Id = '{}'", decided.as_str().unwrap());
    assert_eq!(bench.rows(&soql).await[0]["ConvertedOpportunity"]["IsClosed"], true);
}

fn deal(number: u32, day: i64, rep: &str, outcome: Outcome) -> Deal {
    let start: DateTime<Utc> = "2020-01-01T00:00:00Z".parse().unwrap();
    let created_at = start + TimeDelta::days(day);
    let mut facts = LeadFacts::empty(created_at);
    facts.country = Some("France".into());
    facts.amount = Some(1_000.5);
    facts.numeric = BTreeMap::from([("items".into(), 3.0)]);
    facts.categorical = BTreeMap::from([("delivery terms".into(), "prepaid".into())]);
    Deal {
        lead_id: LeadId::new(format!("d{number}")),
        rep: RepKey::new(rep),
        facts,
        closed_at: created_at + TimeDelta::days(30),
        closed_assumed: false,
        outcome,
        closed_amount: None,
    }
}

#[tokio::test]
async fn real_deals_come_again_with_their_real_reps_and_endings() {
    let deals = vec![
        deal(3, 900, "Ann", Outcome::Won),
        deal(1, 0, "Old \"Bob\"", Outcome::Lost),
        deal(2, 800, "Cy", Outcome::Lost),
    ];
    let config = DemoOrgConfig {
        source: Source::Replay { deals, live_days: 365 },
        outcome_speed: Some(1e9),
        ..DemoOrgConfig::default()
    };
    let bench = Bench::start(config).await;
    assert_eq!(bench.query("SELECT COUNT() FROM Lead").await.body["totalSize"], 0, "older deals are not in the org");
    assert_eq!(bench.org.leads_left(), Some(2));
    let leads = bench.arrivals(5).await;
    assert_eq!(leads.len(), 2);
    let soql =
        "SELECT Company, Owner.Name, Country, Expected_Amount__c, items__c, delivery_terms__c FROM Lead ORDER BY Id";
    let rows = bench.rows(soql).await;
    assert_eq!((&rows[0]["Company"], &rows[0]["Owner"]["Name"]), (&json!("Deal d2"), &json!("Cy")));
    assert_eq!((&rows[1]["items__c"], &rows[1]["delivery_terms__c"]), (&json!(3.0), &json!("prepaid")));
    let bob = bench.rows("SELECT IsActive FROM User WHERE Name = 'Old \"Bob\"'").await;
    assert_eq!(bob[0]["IsActive"], false);

    let config: leadboard::config::salesforce::Salesforce =
        toml::from_str::<BTreeMap<String, _>>(&bench.org.leadboard_config()).unwrap().remove("salesforce").unwrap();
    assert_eq!((config.rep_key.as_str(), config.login_url.as_str()), ("Name", bench.org.url()));
    assert_eq!(config.fields.categorical["delivery terms"], "delivery_terms__c");

    // Cy's deal goes to Ann, and what she would have made of it nobody knows; Ann keeps hers.
    let ann = bench.field("Lead", &leads[1], "OwnerId").await;
    bench.update("Lead", &leads[0], &json!({ "OwnerId": ann })).await;
    for lead in &leads {
        bench.create("AI_Lead_Routing_Decision__c", &json!({ "Lead__c": lead })).await;
    }
    until("the kept deal ends", async || {
        bench.clock.advance(1);
        bench.org.set_paused(false);
        bench.field("Lead", &leads[1], "IsConverted").await == true
    })
    .await;
    assert_eq!(bench.field("Lead", &leads[0], "IsConverted").await, false);
    assert_eq!(bench.effects("lead_converted").await[0]["won"], true);
}
