//! `leadboard doctor` against a demo org: a healthy org, settings that do not fit it, and orgs that break a promise. The
//! latter stand behind a proxy that changes what passes through it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use leadboard::app::doctor::{Doctor, Finding, Questions, State as Standing};
use leadboard::config::{self, salesforce::Salesforce as Config};
use leadboard::crm::salesforce::Salesforce;
use leadboard::demo_org::RunningOrg;
use serde_json::{Value as Json, json};

use super::support::{Bench, ManualClock, http, small};

/// A change of what passes at a path.
pub(crate) type Lie = Arc<dyn Fn(&str, Json) -> Json + Send + Sync>;

/// Changes what is asked (`"ask"`) or answered (`"answer"`) at a path.
struct Proxy {
    org: String,
    url: String,
    http: reqwest::Client,
    asked: Lie,
    answered: Lie,
}

/// A proxy that passes on what is asked and answered after these changes.
pub(crate) async fn proxy(org: &str, asked: Lie, answered: Lie) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let http = http();
    let proxy = Arc::new(Proxy { org: org.to_owned(), url: url.clone(), http, asked, answered });
    let router = Router::new().fallback(pass_on).with_state(proxy);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass_on(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let path = head.uri.path().to_owned();
    let mut headers = head.headers;
    for name in ["host", "content-length"] {
        headers.remove(name);
    }
    let call = proxy.http.request(head.method, format!("{}{}", proxy.org, head.uri)).headers(headers);
    let answer = call.body(change(&proxy.asked, &path, &body)).send().await.unwrap();
    let (status, date) = (answer.status().as_u16(), answer.headers().get("date").cloned());
    let text = read(answer).await.replace(&proxy.org, &proxy.url);
    let body = change(&proxy.answered, &path, text.as_bytes());
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    if let Some(date) = date {
        response.headers_mut().insert("date", date);
    }
    response
}

/// A body, as far as a test reads it.
async fn read(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
        assert!(bytes.len() < 1 << 26, "the answer does not end");
    }
    String::from_utf8(bytes).unwrap()
}

/// JSON is changed; anything else passes as it is.
fn change(lie: &Lie, path: &str, body: &[u8]) -> Bytes {
    match serde_json::from_slice::<Json>(body) {
        Ok(json) => lie(path, json).to_string().into(),
        Err(_) => Bytes::copy_from_slice(body),
    }
}

/// Nothing is changed.
pub(crate) fn honest() -> Lie {
    Arc::new(|_, json| json)
}

/// The settings for a demo org, after a change of their text.
fn settings(org: &RunningOrg, change: impl FnOnce(String) -> String) -> Config {
    config::parse(&change(org.leadboard_config()), "test.toml", &[]).unwrap().salesforce.unwrap()
}

async fn examine(bench: &Bench, config: &Config, probe_writes: bool) -> Vec<Finding> {
    let questions = Questions {
        manager_queue: config.manager_queue.clone(),
        default_queue: config.default_queue.clone(),
        probe_writes,
    };
    Salesforce::new(config, bench.clock.clone()).unwrap().examine(&questions).await
}

/// The state of each finding that is not `passed`.
fn troubles(findings: &[Finding]) -> Vec<(&'static str, Standing)> {
    findings.iter().filter(|f| f.state != Standing::Passed).map(|f| (f.id, f.state)).collect()
}

fn of<'a>(findings: &'a [Finding], id: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.id == id).unwrap_or_else(|| panic!("no {id} in {findings:#?}"))
}

/// A bench whose org has leads to try on.
async fn bench() -> Bench {
    let bench = Bench::start(small()).await;
    bench.arrivals(3).await;
    bench
}

#[tokio::test]
async fn a_healthy_org_passes_everything_and_is_left_as_it_was() {
    let bench = bench().await;
    let before = bench.query("SELECT Id, SystemModstamp FROM Lead ORDER BY Id").await;
    let findings = examine(&bench, &settings(&bench.org, |text| text), true).await;
    assert_eq!(troubles(&findings), [], "{findings:#?}");
    assert!(findings.len() >= 11, "{findings:#?}");
    assert_eq!(bench.query("SELECT Id, SystemModstamp FROM Lead ORDER BY Id").await.body, before.body);
    let records = bench.query("SELECT Id FROM AI_Lead_Routing_Decision__c").await;
    assert_eq!(records.body["totalSize"], 0, "{records:?}");
}

#[tokio::test]
async fn settings_that_do_not_fit_the_org_are_named_with_their_cure() {
    let bench = bench().await;
    let wrong = settings(&bench.org, |text| {
        text.replace("poll_seconds", "manager_queue = \"No_Such_Queue\"\nrep_territory = \"Region__c\"\npoll_seconds")
            + "[salesforce.fields]\nproduct = \"Product__c\"\n"
    });
    let findings = examine(&bench, &wrong, false).await;
    let failed: Vec<_> = findings.iter().filter(|f| f.state == Standing::Failed).map(|f| f.id).collect();
    assert_eq!(failed, ["lead_fields", "user_fields", "queues", "users"], "{findings:#?}");
    assert!(of(&findings, "lead_fields").seen.contains("Product__c"));
    assert!(of(&findings, "user_fields").seen.contains("Region__c"));
    assert!(of(&findings, "queues").seen.contains("No_Such_Queue"));
    assert!(findings.iter().all(|f| f.state != Standing::Failed || f.advice.is_some()), "{findings:#?}");
    assert_eq!(of(&findings, "conditional_write").state, Standing::Skipped);
}

#[tokio::test]
async fn without_a_login_there_is_one_thing_to_mend_and_the_rest_is_named_as_not_looked_at() {
    let bench = bench().await;
    let secret = bench.org.credentials().client_secret.clone();
    let wrong = settings(&bench.org, |text| text.replace(&secret, "not-the-secret"));
    let findings = examine(&bench, &wrong, true).await;
    assert_eq!(of(&findings, "login").state, Standing::Failed);
    assert!(of(&findings, "login").advice.is_some());
    assert!(!format!("{findings:?}").contains("not-the-secret"));
    assert!(findings.iter().skip(1).all(|f| f.state == Standing::Skipped), "{findings:#?}");

    let old = settings(&bench.org, |text| text.replace("poll_seconds", "api_version = \"v99.0\"\npoll_seconds"));
    let findings = examine(&bench, &old, true).await;
    assert_eq!(of(&findings, "api_version").state, Standing::Failed, "{findings:#?}");
}

#[tokio::test]
async fn a_wrong_clock_is_a_warning() {
    let bench = bench().await;
    let late = ManualClock::new();
    late.advance(400);
    let questions = Questions { manager_queue: "a".into(), default_queue: "b".into(), probe_writes: false };
    let crm = Salesforce::new(&settings(&bench.org, |text| text), late).unwrap();
    let findings = crm.examine(&questions).await;
    // The demo org's date header is the time of its own clock.
    assert_eq!(of(&findings, "clock").state, Standing::Warning, "{findings:#?}");
    assert!(of(&findings, "clock").seen.contains("400 s"), "{findings:#?}");
}

#[tokio::test]
async fn an_org_that_ignores_conditions_is_found_out_and_nothing_is_written() {
    let bench = bench().await;
    let deaf: Lie = Arc::new(|path, mut body| {
        if path.ends_with("/composite") {
            for step in body["compositeRequest"].as_array_mut().unwrap() {
                step["httpHeaders"].as_object_mut().unwrap().remove("If-Unmodified-Since");
            }
        }
        body
    });
    let before = bench.query("SELECT Id, SystemModstamp FROM Lead ORDER BY Id").await;
    let url = proxy(bench.org.url(), deaf, honest()).await;
    let findings = examine(&bench, &settings(&bench.org, |text| text.replace(bench.org.url(), &url)), true).await;
    assert_eq!(troubles(&findings), [("conditional_write", Standing::Failed)], "{findings:#?}");
    assert_eq!(bench.query("SELECT Id, SystemModstamp FROM Lead ORDER BY Id").await.body, before.body);
}

#[tokio::test]
async fn an_org_that_keeps_half_of_a_composite_is_found_out() {
    let bench = bench().await;
    let sloppy: Lie = Arc::new(|path, mut body| {
        if path.ends_with("/composite") {
            body["allOrNone"] = json!(false);
        }
        body
    });
    let url = proxy(bench.org.url(), sloppy, honest()).await;
    let findings = examine(&bench, &settings(&bench.org, |text| text.replace(bench.org.url(), &url)), true).await;
    assert_eq!(troubles(&findings), [("rolled_back_composite", Standing::Failed)], "{findings:#?}");
}

#[tokio::test]
async fn what_only_routing_looks_at_is_no_failure_when_it_is_hidden() {
    let bench = bench().await;
    let lie: Lie = Arc::new(|path, mut body| {
        if path.ends_with("/sobjects/Lead/describe") {
            body["fields"].as_array_mut().unwrap().retain(|field| field["name"] != "Description");
        }
        body
    });
    let url = proxy(bench.org.url(), honest(), lie).await;
    let findings = examine(&bench, &settings(&bench.org, |text| text.replace(bench.org.url(), &url)), false).await;
    assert_eq!(of(&findings, "lead_fields").state, Standing::Warning, "{findings:#?}");
    assert!(of(&findings, "lead_fields").seen.contains("Description"), "{findings:#?}");
}

#[tokio::test]
async fn permissions_and_the_unique_key_are_read_from_describe() {
    let bench = bench().await;
    for (object, field, property, id) in [
        ("Lead", "OwnerId", "updateable", "lead_fields"),
        ("Lead", "AI_Return_Reason__c", "updateable", "lead_fields"),
        ("AI_Lead_Routing_Decision__c", "Decision_Key__c", "unique", "decision_object"),
        ("AI_Lead_Routing_Decision__c", "Reason__c", "createable", "decision_object"),
        ("Task", "WhoId", "createable", "task"),
    ] {
        let end = format!("/sobjects/{object}/describe");
        let lie: Lie = Arc::new(move |path, mut body| {
            if path.ends_with(&end) {
                let fields = body["fields"].as_array_mut().unwrap();
                fields.iter_mut().find(|f| f["name"] == field).unwrap()[property] = json!(false);
            }
            body
        });
        let url = proxy(bench.org.url(), honest(), lie).await;
        let config = settings(&bench.org, |text| text.replace(bench.org.url(), &url));
        let findings = examine(&bench, &config, false).await;
        assert_eq!(of(&findings, id).state, Standing::Failed, "{object}.{field}: {findings:#?}");
        assert!(of(&findings, id).seen.contains(field), "{findings:#?}");
    }
}

/// Settings with change events, after a change of their text.
fn with_events(bench: &Bench, change: impl FnOnce(String) -> String) -> Config {
    let mut config = settings(&bench.org, change);
    config.pubsub.enabled = true;
    config
}

#[tokio::test]
async fn change_events_are_looked_at_where_they_are_wanted_and_fail_nothing() {
    let bench = bench().await;
    let unwanted = examine(&bench, &settings(&bench.org, |text| text), false).await;
    assert!(unwanted.iter().all(|finding| !finding.id.starts_with("event_")), "{unwanted:#?}");

    let findings = examine(&bench, &with_events(&bench, |text| text), true).await;
    assert_eq!(troubles(&findings), [], "{findings:#?}");
    assert_eq!(of(&findings, "event_topic").seen, "/data/LeadChangeEvent may be listened to.");
    assert!(of(&findings, "event_schema").seen.contains("with all that are read"), "{findings:#?}");

    let mut elsewhere = with_events(&bench, |text| text);
    elsewhere.pubsub.endpoint = "http://127.0.0.1:1".into();
    let mut other = with_events(&bench, |text| text);
    other.pubsub.topic = "/data/CaseChangeEvent".into();
    for (config, seen, advice) in [
        (elsewhere, "no connection to http://127.0.0.1:1", "reach http://127.0.0.1:1"),
        (other, "the topic does not exist", "View All"),
    ] {
        let findings = examine(&bench, &config, true).await;
        let expected = [("event_topic", Standing::Warning), ("event_schema", Standing::Skipped)];
        assert_eq!(troubles(&findings), expected, "{findings:#?}");
        let topic = of(&findings, "event_topic");
        assert!(topic.seen.contains(seen), "{topic:?}");
        assert!(topic.advice.as_ref().unwrap().contains(advice), "{topic:?}");
        assert!(topic.advice.as_ref().unwrap().contains("by polling alone"), "{topic:?}");
    }

    let unread = with_events(&bench, |text| text + "[salesforce.fields]\ncountry = \"Formula__c\"\n");
    let findings = examine(&bench, &unread, false).await;
    assert!(of(&findings, "event_schema").seen.contains("Formula__c are seen by polling"), "{findings:#?}");

    let secret = bench.org.credentials().client_secret.clone();
    let refused = with_events(&bench, |text| text.replace(&secret, "not-the-secret"));
    let findings = examine(&bench, &refused, false).await;
    assert_eq!(of(&findings, "event_schema").state, Standing::Skipped);
}
