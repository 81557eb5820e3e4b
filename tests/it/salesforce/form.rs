//! What routing may look at is read where the org shows it; polling never depends on it.

use leadboard::app::ports::{Crm, CrmError, Cursor};
use leadboard::crm::salesforce::Salesforce;
use serde_json::{Value, json};

use super::org::{Org, Reply, Seen};
use super::{at, salesforce_with};

fn polling(org: &Org) -> Salesforce {
    salesforce_with(org.url(), |c| c.since = Some(at("2026-11-22T11:00:00Z")))
}

fn lead(number: usize, text: &str) -> Value {
    let stamp = "2026-11-22T11:30:00.000+0000";
    json!({
        "Id": format!("00Q{number:012}EAA"), "Name": "Ada", "Company": "Acme", "OwnerId": "005000000000001AAA",
        "CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp, "IsConverted": false,
        "IsDeleted": false, "Email": "ada@acme.com", "Description": text,
    })
}

fn is_describe(seen: &Seen) -> bool {
    seen.path.ends_with("/sobjects/Lead/describe")
}

fn is_poll(seen: &Seen) -> bool {
    seen.path.ends_with("/queryAll")
}

/// An org that refuses a query with one of these fields, and describes Lead without them.
async fn org_without(hidden: &'static [&'static str]) -> Org {
    Org::start(move |seen| {
        if is_describe(seen) {
            let shown = ["Id", "Email", "Website", "Description", "AI_Return_Reason__c"];
            let shown = shown.into_iter().filter(|name| !hidden.contains(name));
            let fields: Vec<Value> = shown.map(|name| json!({"name": name, "type": "string"})).collect();
            return Some(Reply::Json(200, json!({"name": "Lead", "fields": fields})));
        }
        let refused = hidden.iter().any(|name| seen.soql().contains(name));
        is_poll(seen)
            .then(|| if refused { Reply::error(400, "INVALID_FIELD") } else { Reply::rows(&[lead(1, "Hallo")]) })
    })
    .await
}

#[tokio::test]
async fn a_hidden_field_is_done_without() {
    let org = org_without(&["Website", "Description"]).await;
    let crm = polling(&org);
    let changes = crm.changed_leads(&Cursor::default()).await.unwrap();
    assert_eq!(changes.leads[0].lead.form.email.as_deref(), Some("ada@acme.com"));
    assert_eq!((org.count(is_describe), org.count(is_poll)), (1, 2));
    crm.changed_leads(&changes.next).await.unwrap();
    let from = at("2026-11-22T11:00:00Z");
    crm.created_leads(from, at("2026-11-23T00:00:00Z"), None).await.unwrap();
    assert_eq!((org.count(is_describe), org.count(is_poll)), (1, 4), "it is not asked for again");
}

#[tokio::test]
async fn where_all_is_shown_no_call_is_made_for_it() {
    let org = org_without(&[]).await;
    let leads = polling(&org).changed_leads(&Cursor::default()).await.unwrap().leads;
    assert_eq!(leads[0].lead.form.text.as_deref(), Some("Hallo"));
    assert_eq!((org.count(is_describe), org.count(is_poll)), (0, 1));
}

#[tokio::test]
async fn another_field_that_is_missing_stays_an_error() {
    let org = org_without(&["LeadSource"]).await;
    let error = polling(&org).changed_leads(&Cursor::default()).await.unwrap_err();
    assert!(matches!(error, CrmError::Configuration(_)), "{error}");
    assert_eq!(org.count(is_poll), 1);
}

#[tokio::test]
async fn many_long_texts_come_in_small_pages() {
    // The whole is larger than what is read of one answer (1 MiB here), a small page is not.
    let pages: Vec<Vec<Value>> =
        (0..3).map(|page| (0..20).map(|n| lead(page * 20 + n, &"long ".repeat(5_000))).collect()).collect();
    let org = Org::start(move |seen| {
        let page = match seen.path.rsplit_once("/query/01g-") {
            Some((_, page)) => page.parse().unwrap(),
            None if !is_poll(seen) => return None,
            None if seen.header("sforce-query-options") == "batchSize=2000" => {
                return Some(Reply::rows(&pages.concat()));
            }
            None => 0,
        };
        let mut body = json!({"totalSize": 60, "done": page == 2, "records": pages[page]});
        body["nextRecordsUrl"] = json!(format!("/services/data/v66.0/query/01g-{}", page + 1));
        Some(Reply::Json(200, body))
    })
    .await;
    let crm = polling(&org);
    let changes = crm.changed_leads(&Cursor::default()).await.unwrap();
    assert_eq!(changes.leads.len(), 60);
    assert_eq!(changes.leads[0].lead.form.text.as_ref().unwrap().len(), 4_000, "enough to route by");
    crm.changed_leads(&changes.next).await.unwrap();
    let large = org.count(|seen| is_poll(seen) && seen.header("sforce-query-options") == "batchSize=2000");
    assert_eq!((large, org.count(is_poll)), (1, 3));
}
