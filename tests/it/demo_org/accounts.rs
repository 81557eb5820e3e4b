//! Accounts of the demo org, looked up for leads.

use std::collections::BTreeSet;

use leadboard::app::ports::{CompanySought, Crm, Cursor};
use leadboard::domain::lead::Lead;
use leadboard::policy::company::{CompanySettings, Found, How, Index, Record};
use leadboard::policy::subject::Subject;
use serde_json::json;

use super::client::{adapter, changed};
use super::support::{Bench, small};

fn subject(lead: &Lead) -> Subject {
    Subject {
        company: lead.company.clone(),
        email: lead.form.email.clone(),
        website: lead.form.website.clone(),
        ..Subject::plain(lead.id.clone(), lead.facts.clone())
    }
}

#[tokio::test]
async fn some_leads_belong_to_accounts_that_somebody_owns() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, &bench.org.leadboard_config());
    let cursor = crm.changed_leads(&Cursor::default()).await.unwrap().next;
    bench.arrivals(60).await;
    let leads = changed(&crm, &cursor).await;
    let settings = CompanySettings::default();
    let sought: Vec<CompanySought> = leads.iter().filter_map(|lead| CompanySought::of(lead, &settings)).collect();
    assert!(sought.iter().filter(|sought| !sought.domains.is_empty()).count() > 50, "the demo's domains count");
    let before = crm.usage().calls_made;
    let accounts = crm.accounts(&sought).await.unwrap().unwrap();
    assert!(crm.usage().calls_made - before <= 4, "{}", crm.usage().calls_made - before);
    let index = Index::new(accounts.iter().map(Record::from), settings);
    let found: Vec<Found> = leads.iter().map(|lead| index.find(&subject(lead))).collect();
    let owned = found.iter().filter(|found| found.rep().is_some()).count();
    assert!((3..=24).contains(&owned), "{owned} of 60");
    for account in &accounts {
        let open = format!("SELECT COUNT() FROM Opportunity WHERE AccountId = '{}' AND IsClosed = false", account.id);
        assert_eq!(bench.query(&open).await.body["totalSize"], account.open_deals, "{account:?}");
        let won = format!("SELECT COUNT() FROM Opportunity WHERE AccountId = '{}' AND IsWon = true", account.id);
        assert_eq!(bench.query(&won).await.body["totalSize"].as_u64() > Some(0), account.customer, "{account:?}");
    }
}

#[tokio::test]
async fn hostile_and_foreign_names_find_their_account_and_no_other() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, &bench.org.leadboard_config());
    let mut made = BTreeSet::new();
    for (name, site) in [
        ("O'Hara 100%_Sure", None),
        ("Robert'); DROP TABLE leads;-- \\ \"Ltd\"", None),
        ("Müller & Söhne GmbH", Some("https://www.müller.de/kontakt")),
        ("Shop", Some("shop.quite-different.co.uk")),
    ] {
        let reply = bench.create("Account", &json!({"Name": name, "Website": site})).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        made.insert(reply.body["id"].as_str().unwrap().to_owned());
    }
    let lead = |company: &str, email: &str| {
        let mut subject = Subject::plain(
            leadboard::domain::ids::LeadId::new("1"),
            leadboard::domain::facts::LeadFacts::empty("2026-11-22T09:00:00Z".parse().unwrap()),
        );
        subject.company = company.into();
        subject.email = Some(email.into());
        subject
    };
    for (company, email, how) in [
        ("O'Hara 100%_Sure, Inc.", "a@gmail.com", How::Name),
        ("Robert'); DROP TABLE leads;-- \\ \"Ltd\"", "a@gmail.com", How::Name),
        ("Müller & Söhne", "a@web.de", How::Name),
        ("Somebody else", "a@xn--mller-kva.de", How::Domain),
        ("Nobody", "a@mail.quite-different.co.uk", How::Domain),
    ] {
        let sought = CompanySought::new(Some(company), leadboard::policy::company::domain::of_email(email));
        let accounts = crm.accounts(&[sought]).await.unwrap().unwrap();
        let index = Index::new(accounts.iter().map(Record::from), CompanySettings::default());
        let Found::One { record } = index.find(&lead(company, email)) else { panic!("{company}: {accounts:?}") };
        assert!(record.how == how && made.contains(&record.id), "{company}: {record:?}");
    }
    let all = CompanySought::new(Some("100%_"), []);
    assert_eq!(
        crm.accounts(&[all]).await.unwrap().unwrap(),
        [],
        "what stands for anything in a pattern is itself in a name"
    );
}

#[tokio::test]
async fn many_companies_are_asked_for_in_addresses_that_are_not_too_long() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, &bench.org.leadboard_config());
    let sought: Vec<CompanySought> = (0..200)
        .map(|n| {
            let name = format!("Größere Gesellschaft für Erprobung {n} mbH");
            CompanySought::new(Some(&name), [format!("gesellschaft-{n}.example")])
        })
        .collect();
    let id =
        bench.create("Account", &json!({"Name": "Größere Gesellschaft für Erprobung 187"})).await.body["id"].clone();
    let before = crm.usage().calls_made;
    let accounts = crm.accounts(&sought).await.unwrap().unwrap();
    assert_eq!(accounts.iter().map(|account| json!(account.id)).collect::<Vec<_>>(), [id]);
    let calls = crm.usage().calls_made - before;
    assert!((4..=20).contains(&calls), "{calls}");
}

#[tokio::test]
async fn accounts_that_are_not_to_be_looked_up_cost_nothing() {
    let bench = Bench::start(small()).await;
    let crm = adapter(&bench, &bench.org.leadboard_config().replace("accounts = true", "accounts = false"));
    let before = crm.usage().calls_made;
    let sought = CompanySought::new(Some("Acme"), []);
    assert_eq!(crm.accounts(&[sought]).await.unwrap(), None);
    assert_eq!(crm.usage().calls_made, before);
}
