use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::app::ports::Clock;
use crate::crm::salesforce::Limits;

/// Reads a literal back as a SOQL parser does; `None` if the text does not end with the literal.
fn unescape(literal: &str) -> Option<String> {
    let mut chars = literal.strip_prefix('\'')?.chars();
    let mut out = String::new();
    loop {
        match chars.next()? {
            '\'' => return chars.next().is_none().then_some(out),
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                c @ ('\\' | '\'' | '"') => c,
                _ => return None,
            }),
            c if c.is_control() => return None,
            c => out.push(c),
        }
    }
}

#[test]
fn a_select_reads_as_soql() {
    let at = "2026-11-22T08:00:00Z".parse().unwrap();
    let select = Select::new([Api::known("Id"), Api::known("Name"), Api::known("id")], "Lead")
        .filter(Condition::After { stamp: Api::known("SystemModstamp"), at, id: "00Q1".into() })
        .filter_some(Some(Condition::AtLeast(Api::known("CreatedDate"), Value::At(at))))
        .filter(Condition::Eq(Api::known("Company"), Value::Text("O'Hara".into())))
        .order([Api::known("SystemModstamp"), Api::known("Id")]);
    assert_eq!(
        select.to_string(),
        "SELECT Id, Name FROM Lead WHERE ((SystemModstamp = 2026-11-22T08:00:00Z AND Id > '00Q1') OR \
         SystemModstamp > 2026-11-22T08:00:00Z) AND CreatedDate >= 2026-11-22T08:00:00Z AND Company = 'O\\'Hara' \
         ORDER BY SystemModstamp, Id"
    );
}

#[test]
fn nothing_in_a_query_ends_its_place_in_an_address() {
    let text = Value::Text("A&B=C#%?+/é".into());
    let select = Select::new([Api::known("Id")], "Lead").filter(Condition::Eq(Api::known("Product_Interest__c"), text));
    assert_eq!(
        select.encoded(),
        "SELECT+Id+FROM+Lead+WHERE+Product_Interest__c+%3D+%27A%26B%3DC%23%25%3F%2B%2F%C3%A9%27"
    );
}

#[test]
fn only_api_names_are_names() {
    for good in ["Id", "Product_Interest__c", "ns__Field__c", "ConvertedOpportunity.IsWon"] {
        assert!(Api::parse(good).is_some(), "{good}");
    }
    for bad in ["", ".", "1a", "a b", "Id, (SELECT Id FROM Tasks)", "a.", "a'", "a.b.c.d.e.f.g", "é", "_a"] {
        assert!(Api::parse(bad).is_none(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_text_leaves_its_literal(text in crate::testing::text(32)) {
        let kept: String = text
            .chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{8}' | '\u{c}'))
            .collect();
        prop_assert_eq!(unescape(&literal(&text)), Some(kept));
    }

    #[test]
    fn no_name_breaks_out(name in prop_oneof![crate::testing::text(32), crate::testing::mangled("ConvertedOpportunity.Is_Won__c")]) {
        if let Some(api) = Api::parse(&name) {
            prop_assert!(api.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.'));
        }
    }
}

/// What an org says to a path, given how many calls came before.
type Answers = fn(&str, usize) -> (u16, serde_json::Value);

/// A client of an org that answers like this, and what the org is asked.
async fn client_of(answers: Answers) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let identity = format!("{address}/id/00Dx0000000BV7zEAG/005x00000012Q9PEAI");
    let token = json!({ "access_token": "t", "instance_url": address, "id": identity });
    let seen = Arc::clone(&asked);
    let org = axum::Router::new().fallback(async move |request: axum::extract::Request| {
        let path = request.uri().to_string();
        let (status, body) = if path == "/services/oauth2/token" {
            (200, token)
        } else {
            let mut seen = seen.lock().unwrap();
            seen.push(path.clone());
            answers(&path, seen.len() - 1)
        };
        (axum::http::StatusCode::from_u16(status).unwrap(), axum::Json(body))
    });
    tokio::spawn(async move { axum::serve(listener, org).await.unwrap() });
    let config = format!("[salesforce]\nlogin_url = \"{address}\"\nclient_id = \"c\"\nclient_secret = \"s\"\n");
    let config = crate::config::parse(&config, "test", &[]).unwrap().salesforce.unwrap();
    (Client::new(&config, Arc::new(Noon), Limits::default()).unwrap(), asked)
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }
}

#[tokio::test]
async fn rows_are_counted_by_the_org() {
    let (client, asked) = client_of(|path, _| {
        (200, json!({ "totalSize": if path.contains("Lead") { 7 } else { 123_456 }, "done": true, "records": [] }))
    })
    .await;
    assert_eq!(client.count(&Select::count("Lead"), Rows::All).await.unwrap(), 7);
    assert_eq!(client.count(&Select::count("Opportunity"), Rows::Living).await.unwrap(), 123_456);
    let asked = asked.lock().unwrap();
    let [all, living] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(all.contains("/queryAll?q=SELECT+COUNT") && all.ends_with("+FROM+Lead"), "{all}");
    assert!(living.contains("/query?q=SELECT+COUNT"), "{living}");
}

#[tokio::test]
async fn all_pages_are_read_and_from_the_first_again_when_the_org_forgot_where_we_were() {
    let (client, asked) = client_of(|path, before| {
        let next = "/services/data/v66.0/query/01g-2";
        match (path.contains("01g-2"), before) {
            (false, _) => (
                200,
                json!({ "totalSize": 3, "done": false, "nextRecordsUrl": next, "records": [{ "Id": "a" }, { "Id": "b" }] }),
            ),
            (true, 0..3) => (400, json!([{ "errorCode": "INVALID_QUERY_LOCATOR", "message": "expired" }])),
            (true, _) => (200, json!({ "totalSize": 3, "done": true, "records": [{ "Id": "c" }] })),
        }
    })
    .await;
    let rows = client.query_all_rows(&Select::new([Api::known("Id")], "User")).await.unwrap();
    let rows: Vec<&str> = rows.iter().map(|row| row.get()).collect();
    assert_eq!(rows, [r#"{"Id":"a"}"#, r#"{"Id":"b"}"#, r#"{"Id":"c"}"#]);
    assert_eq!(asked.lock().unwrap().len(), 4, "the first page twice");
}

#[tokio::test]
async fn a_place_that_is_forgotten_again_and_again_is_a_fault_and_no_endless_reading() {
    let (client, asked) = client_of(|path, _| {
        let next = "/services/data/v66.0/query/01g-2";
        if path.contains("01g-2") {
            (400, json!([{ "errorCode": "INVALID_QUERY_LOCATOR", "message": "expired" }]))
        } else {
            (200, json!({ "totalSize": 3, "done": false, "nextRecordsUrl": next, "records": [{ "Id": "a" }] }))
        }
    })
    .await;
    let fault = client.query_all_rows(&Select::new([Api::known("Id")], "User")).await.err().unwrap();
    assert_eq!(fault.class, Class::LocatorExpired);
    assert_eq!(asked.lock().unwrap().len(), 4);
}
