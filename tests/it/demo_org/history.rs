//! Pulling the history out of the demo org: by queries and by bulk jobs, interrupted, failed, and with the right rep.

use chrono::{SecondsFormat, TimeDelta};
use leadboard::app::budget::Budget;
use leadboard::app::ports::{Clock, Crm, Cursor, LearningStore};
use leadboard::app::pull::{PullReport, pull};
use leadboard::crm::salesforce::Salesforce;
use leadboard::demo_org::DemoOrgConfig;
use leadboard::domain::deal::Deal;
use leadboard::domain::ids::RepId;
use leadboard::domain::lead::Owner;
use leadboard::model::features::RESPONSE_FACT;
use leadboard::store::SqliteStore;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use super::client::{adapter, changed, write};
use super::support::{Bench, small};

/// An adapter that pulls more than so many deals by bulk jobs.
fn bulk_above(bench: &Bench, deals: u32) -> Salesforce {
    adapter(
        bench,
        &bench.org.leadboard_config().replace("[salesforce]", &format!("[salesforce]\nbulk_above = {deals}")),
    )
}

async fn store() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("leadboard.db")).await.unwrap();
    (dir, store)
}

async fn pull_all(bench: &Bench, crm: &Salesforce, store: &SqliteStore) -> PullReport {
    let mut told = Vec::new();
    let report =
        pull(crm, store, bench.clock.as_ref(), &Budget::default(), |n, total| told.push((n, total))).await.unwrap();
    assert!(told.is_sorted() && told.last().unwrap().0 == report.new + report.replaced, "{told:?}");
    report
}

async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("in vain: {what}");
}

/// How many calls of a kind the org counted.
async fn calls(bench: &Bench, kind: &str) -> u64 {
    let stats = bench.admin(Method::GET, "/stats", None).await;
    stats.body["api_calls"]["since_start"]["by_kind"][kind].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn a_bulk_job_brings_the_same_deals_as_queries() {
    let bench = Bench::start(small()).await;
    let (_dir, by_query) = store().await;
    assert_eq!(pull_all(&bench, &bulk_above(&bench, 300), &by_query).await.new, 300);
    assert_eq!(calls(&bench, "bulk").await, 0);
    let (_dir, by_job) = store().await;
    let report = pull_all(&bench, &bulk_above(&bench, 299), &by_job).await;
    assert_eq!((report.new, report.rejected_count, report.resumed), (300, 0, false));
    assert!(calls(&bench, "bulk").await >= 4, "made, looked at, read");
    let sorted = |mut deals: Vec<Deal>| {
        deals.sort_by(|a, b| a.lead_id.cmp(&b.lead_id));
        deals
    };
    assert_eq!(sorted(by_query.deals().await.unwrap()), sorted(by_job.deals().await.unwrap()));
    assert_eq!(by_job.pull_place().await.unwrap(), None, "it came to its end");
}

#[tokio::test]
async fn an_interrupted_pull_goes_on_where_it_stopped() {
    let bench = Bench::start(small()).await;
    let (_dir, store) = store().await;
    // It dies after the job was made, and again while it runs: each time another process goes on with the same job.
    let place = bulk_above(&bench, 10).closed_deals(None).await.unwrap();
    assert!(place.deals.is_empty() && place.total == Some(300));
    store.set_pull_place(place.next.as_deref()).await.unwrap();
    let job = place.next.unwrap().split(' ').nth(1).unwrap().to_owned();
    let report = pull_all(&bench, &bulk_above(&bench, 10), &store).await;
    assert_eq!((report.new, report.resumed), (300, true));
    let jobs = bench.get("/jobs/query").await.body["records"].as_array().unwrap().clone();
    assert_eq!(jobs.iter().map(|j| j["id"].as_str().unwrap()).collect::<Vec<_>>(), [job], "one job for all of it");
}

#[tokio::test]
async fn a_job_that_fails_or_is_gone_is_started_again_and_said() {
    let bench = Bench::start(small()).await;
    bench.admin(Method::POST, "/fail_jobs", Some(&json!({ "count": 2 }))).await;
    let (_dir, first) = store().await;
    let report = pull_all(&bench, &bulk_above(&bench, 10), &first).await;
    assert_eq!((report.new, report.notes.len()), (300, 2), "{:?}", report.notes);
    assert!(report.notes[0].contains("Failed"), "{:?}", report.notes);

    // Jobs live for seven days; this pull was left for longer.
    let (_dir, second) = store().await;
    let gone = "job 750Lb0000000999 0".to_owned();
    let gone = gone.replace("750Lb0000000999", "750Lb0999999999");
    second.set_pull_place(Some(&gone)).await.unwrap();
    let report = pull_all(&bench, &bulk_above(&bench, 10), &second).await;
    assert_eq!((report.new, report.notes.len()), (300, 1), "{:?}", report.notes);

    bench.admin(Method::POST, "/fail_jobs", Some(&json!({ "count": 50 }))).await;
    let (_dir, third) = store().await;
    let crm = bulk_above(&bench, 10);
    let error = pull(&crm, &third, bench.clock.as_ref(), &Budget::default(), |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("in vain"), "{error}");
}

#[tokio::test]
async fn a_pull_leaves_the_rest_of_the_allocation_to_decisions() {
    let bench = Bench::start(DemoOrgConfig { daily_api_calls: 40, ..small() }).await;
    let (_dir, store) = store().await;
    let crm = bulk_above(&bench, 10);
    while crm.usage().used < 36 {
        crm.probe().await.unwrap();
    }
    let error = pull(&crm, &store, bench.clock.as_ref(), &Budget::default(), |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("writes_only_at"), "{error}");
    assert_eq!(crm.usage().used, 36);
}

#[tokio::test]
async fn a_deal_belongs_to_the_rep_who_worked_the_lead_and_shows_their_response() {
    let mut bench = Bench::start(DemoOrgConfig { outcome_speed: Some(1e9), ..small() }).await;
    bench.org.set_paused(true);
    let crm = bulk_above(&bench, 10_000);
    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    bench.clock.advance(60);
    let id = bench.arrival().await;
    let team = bench.team_of(&id).await;
    let (second, third) = (&team[3], &team[5]);
    // It changes hands twice; the last owner calls two hours after it came, and once more later. Our own tasks count for
    // nothing, and so does a call that is logged after the conversion.
    bench.clock.advance(600);
    assert_eq!(bench.update("Lead", &id, &json!({ "OwnerId": second })).await.status, 204);
    bench.clock.advance(600);
    let lead = changed(&crm, &cursor).await.remove(0);
    crm.apply(&write(&lead, Owner::Rep(RepId::new(third.as_str())), "cc01")).await.unwrap();
    let by_us = json!({ "WhoId": id, "Subject": "Called", "Status": "Completed", "OwnerId": third });
    assert_eq!(bench.create("Task", &by_us).await.status, 201);
    bench.clock.advance(2 * 3_600 - 1_200);
    bench.log_in().await;
    for _ in 0..2 {
        bench.admin(Method::POST, "/call", Some(&json!({ "lead": id, "owner": third }))).await;
        bench.clock.advance(1_200);
    }
    bench.org.set_paused(false);
    let converted = async || {
        for _ in 0..400 {
            if bench.field("Lead", &id, "IsConverted").await == true {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the deal never ended");
    };
    converted().await;
    let contact = bench.field("Lead", &id, "ConvertedContactId").await;
    // Weeks later somebody else takes the deal over and calls.
    bench.clock.advance(30 * 86_400);
    bench.log_in().await;
    let deal = bench.field("Lead", &id, "ConvertedOpportunityId").await;
    assert_eq!(bench.update("Opportunity", deal.as_str().unwrap(), &json!({ "OwnerId": second })).await.status, 204);
    bench.admin(Method::POST, "/call", Some(&json!({ "lead": contact, "owner": second }))).await;
    let tasks = bench.rows("SELECT WhoId FROM Task").await;
    assert!(!tasks.is_empty() && tasks.iter().all(|task| task["WhoId"] == contact), "activities go with the contact");
    let deals = {
        let (_dir, store) = store().await;
        pull_all(&bench, &crm, &store).await;
        store.deals().await.unwrap()
    };
    let deal = deals.iter().find(|deal| deal.lead_id.as_str() == id).unwrap();
    assert_eq!(deal.rep.as_str(), third);
    assert_eq!(deal.facts.numeric.get(RESPONSE_FACT), Some(&2.0));
}

#[tokio::test]
async fn a_meeting_is_a_contact_once_its_time_has_come() {
    let mut bench = Bench::start(DemoOrgConfig { outcome_speed: Some(1e9), ..small() }).await;
    bench.org.set_paused(true);
    let crm = bulk_above(&bench, 10_000);
    let hours_on =
        |hours: i64| (bench.clock.now() + TimeDelta::hours(hours)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    bench.clock.advance(60);
    bench.arrivals(2).await;
    let mut leads = Vec::new();
    for lead in changed(&crm, &cursor).await {
        let id = lead.id.to_string();
        let owner = bench.other_rep(&id).await;
        let decision = write(&lead, Owner::Rep(RepId::new(owner.as_str())), &format!("cc1{}", leads.len()));
        crm.apply(&decision).await.unwrap();
        leads.push((id, owner));
    }
    let (id, owner) = &leads[0];
    let (next, second, third) = (hours_on(1), hours_on(2), hours_on(3));
    // A day off in the calendar, and an event of our own, are no contact; the third is.
    let all_day = json!({ "lead": id, "owner": owner, "start": next, "end": second, "all_day": true });
    bench.admin(Method::POST, "/meeting", Some(&all_day)).await;
    let ours =
        json!({ "WhoId": id, "OwnerId": owner, "Subject": "Ours", "StartDateTime": next, "EndDateTime": second });
    assert_eq!(bench.create("Event", &ours).await.status, 201);
    let meeting = json!({ "lead": id, "owner": owner, "start": second, "end": third });
    bench.admin(Method::POST, "/meeting", Some(&meeting)).await;
    // The other lead will be met in the evening of the day on which it is converted.
    let (other, its_owner) = &leads[1];
    let evening = json!({ "lead": other, "owner": its_owner, "start": hours_on(10), "end": hours_on(11) });
    bench.admin(Method::POST, "/meeting", Some(&evening)).await;
    bench.clock.advance(4 * 3_600);
    bench.log_in().await;
    bench.org.set_paused(false);
    for (id, _) in &leads {
        eventually("it is converted", async || bench.field("Lead", id, "IsConverted").await == true).await;
    }
    let events = bench.rows("SELECT WhoId FROM Event WHERE WhoId != null").await;
    let of_leads = events.iter().filter(|event| event["WhoId"].as_str().unwrap().starts_with("00Q")).count();
    assert_eq!((events.len(), of_leads), (4, 0), "events go with the contact");
    let (_dir, store) = store().await;
    let report = pull_all(&bench, &crm, &store).await;
    assert_eq!(report.notes, Vec::<String>::new());
    let deals = store.deals().await.unwrap();
    let response = |id: &str| {
        let deal = deals.iter().find(|deal| deal.lead_id.as_str() == id).unwrap();
        deal.facts.numeric.get(RESPONSE_FACT).copied()
    };
    assert_eq!((response(id), response(other)), (Some(2.0), None));
}

#[tokio::test]
async fn a_response_of_somebody_else_says_nothing_about_the_rep() {
    let bench = Bench::start(DemoOrgConfig { outcome_speed: Some(1e9), ..small() }).await;
    bench.org.set_paused(true);
    let crm = bulk_above(&bench, 10);
    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    bench.clock.advance(60);
    let id = bench.arrival().await;
    let lead = changed(&crm, &cursor).await.remove(0);
    let other = bench.other_rep(&id).await;
    bench.clock.advance(600);
    bench.admin(Method::POST, "/call", Some(&json!({ "lead": id, "owner": lead.owner.id() }))).await;
    bench.clock.advance(600);
    crm.apply(&write(&lead, Owner::Rep(RepId::new(other.as_str())), "cc02")).await.unwrap();
    bench.clock.advance(600);
    bench.org.set_paused(false);
    for _ in 0..400 {
        if bench.field("Lead", &id, "IsConverted").await == true {
            let (_dir, store) = store().await;
            pull_all(&bench, &crm, &store).await;
            let deals = store.deals().await.unwrap();
            let deal = deals.iter().find(|deal| deal.lead_id.as_str() == id).unwrap();
            assert_eq!((deal.rep.as_str(), deal.facts.numeric.get(RESPONSE_FACT)), (other.as_str(), None));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the deal never ended");
}
